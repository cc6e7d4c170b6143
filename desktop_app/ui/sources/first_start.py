"""The page shown while there is no picture: a camera with its preview, other sources, and what is kept."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop_app.errors import HeadcountError
from desktop_app.session.services import Services
from desktop_app.settings import Settings
from desktop_app.ui.picture.video_view import VideoView
from desktop_app.ui.sessions.bridge import RunBridge
from desktop_app.ui.sources.names import DEMO
from desktop_app.ui.sources.preview import Preview
from desktop_app.ui.sources.source_bar import CameraChoice
from desktop_app.ui.widgets.icons import action_icon, app_icon
from desktop_app.ui.widgets.theme import Theme
from desktop_app.ui.window.actions import Actions

PRIVACY = (
    "<b>What is kept:</b> numbers. Pictures are looked at on this computer and forgotten at once; none is saved or "
    "sent unless you ask for a snapshot or a recording. Gender and age are estimates of how someone appears, "
    "in sum, never a statement about a person."
)

NARROW_PX = 540

_WORDS = {
    "open_file": "Open a video or picture…",
    "open_folder": "Open a folder of pictures…",
    "open_url": "Open an address…",
}


class StartPage(QWidget):
    """Signal `chosen(source)` with the text of what to count from."""

    chosen = Signal(str)

    def __init__(
        self, actions: Actions, theme: Theme, services: Services, settings: Settings, bridge: RunBridge
    ) -> None:
        super().__init__()
        self._theme = theme
        self._actions = actions
        self._cameras: tuple[CameraChoice, ...] = ()
        self._looked = False
        self._preview = Preview(services, settings, bridge, self)
        self._preview.frame_ready.connect(self._show_preview)
        self._preview.failed.connect(self._preview_failed)

        icon = QLabel()
        icon.setPixmap(app_icon().pixmap(QSize(56, 56)))
        heading = QLabel("Count the people who pass by")
        heading.setProperty("role", "heading")
        heading.setWordWrap(True)
        intro = QLabel("Choose what to count from, or drop a video, a folder of pictures or an address on this window.")
        intro.setProperty("role", "muted")
        intro.setWordWrap(True)
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addWidget(heading)
        words.addWidget(intro)
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(icon)
        top.addLayout(words, 1)

        self._list = QListWidget()
        self._list.setAccessibleName("Cameras")
        self._list.setToolTip("Choose a camera to see its picture")
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setIconSize(QSize(18, 18))
        self._list.currentItemChanged.connect(lambda item, _old: self._picked(item))
        self._list.itemActivated.connect(lambda _item: self._count_camera())
        self._none = QLabel("Looking for cameras…")
        self._none.setWordWrap(True)
        self._none.setProperty("role", "muted")
        self._view = VideoView()
        self._view.setMinimumWidth(240)
        self._view.setFixedHeight(210)
        self._view.setAccessibleName("Preview of the camera")
        self._view.box_changed.connect(self._preview.set_box)
        self._view.setVisible(False)
        self._use = QPushButton("Count from this camera")
        self._use.setProperty("primary", "true")
        self._use.clicked.connect(self._count_camera)
        cameras, camera_rows = _card("Camera")
        for widget in (self._none, self._list, self._view, self._use):
            camera_rows.addWidget(widget)
        camera_rows.setStretchFactor(self._view, 1)
        camera_rows.addStretch(0)
        self._none.setAlignment(Qt.AlignmentFlag.AlignTop)
        camera_rows.setStretchFactor(self._none, 1)

        others, other_rows = _card("Something else")
        self._demo = QPushButton("Play the demo clip")
        self._demo.setToolTip(actions["open_demo"].toolTip())
        self._demo.clicked.connect(lambda: self.chosen.emit(DEMO))
        other_rows.addWidget(self._demo)
        self._buttons = {"open_demo": self._demo}
        for key in ("open_file", "open_folder", "open_url"):
            button = QPushButton(_WORDS[key])
            button.setToolTip(actions[key].toolTip())
            button.clicked.connect(actions[key].trigger)
            other_rows.addWidget(button)
            self._buttons[key] = button
        for button in self._buttons.values():
            button.setStyleSheet("text-align: left; padding: 8px 12px;")
            button.setIconSize(QSize(20, 20))
        other_rows.addStretch(1)

        privacy = QLabel(PRIVACY)
        privacy.setWordWrap(True)
        privacy.setTextFormat(Qt.TextFormat.RichText)
        kept, kept_rows = _card("")
        kept_rows.addWidget(privacy)

        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        self._cards = (cameras, others, kept)
        self._is_narrow: bool | None = None
        self._arrange(is_narrow=False)
        body = QWidget()
        body.setMaximumWidth(860)
        column = QVBoxLayout(body)
        column.setContentsMargins(20, 18, 20, 18)
        column.setSpacing(16)
        column.addLayout(top)
        column.addLayout(self._grid)
        centre = QWidget()
        row = QHBoxLayout(centre)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(body, 100)
        row.addStretch(1)
        middle = QWidget()
        rows = QVBoxLayout(middle)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addStretch(1)
        rows.addWidget(centre)
        rows.addStretch(2)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(middle)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        self.apply_theme(theme)
        self._show_cameras()

    def _arrange(self, is_narrow: bool) -> None:
        """Set the cards side by side, or below each other in a narrow window."""
        if is_narrow == self._is_narrow:
            return
        self._is_narrow = is_narrow
        cameras, others, kept = self._cards
        for card in self._cards:
            self._grid.removeWidget(card)
        self._grid.addWidget(cameras, 0, 0)
        self._grid.addWidget(others, *((1, 0) if is_narrow else (0, 1)))
        self._grid.addWidget(kept, *((2, 0, 1, 1) if is_narrow else (1, 0, 1, 2)))
        self._grid.setColumnStretch(0, 3)
        self._grid.setColumnStretch(1, 0 if is_narrow else 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(is_narrow=event.size().width() < NARROW_PX)

    # --- cameras -------------------------------------------------------------------------------------------------

    def set_cameras(self, cameras: Sequence[CameraChoice]) -> None:
        """Show the cameras there are now; without one the demo clip is what is offered first."""
        if self._looked and tuple(cameras) == self._cameras:
            return
        self._looked = True
        self._cameras = tuple(cameras)
        self._show_cameras()

    def _show_cameras(self) -> None:
        chosen = self._chosen_source()
        self._list.blockSignals(True)
        self._list.clear()
        for camera in self._cameras:
            item = QListWidgetItem(action_icon("webcam", self._theme), camera.name)
            item.setData(Qt.ItemDataRole.UserRole, camera.source)
            self._list.addItem(item)
            if camera.source == chosen:
                self._list.setCurrentItem(item)
        self._list.setFixedHeight(min(4, max(1, len(self._cameras))) * 30 + 14)
        self._list.blockSignals(False)
        there = bool(self._cameras)
        self._list.setVisible(there)
        self._use.setVisible(there)
        self._use.setEnabled(self._list.currentItem() is not None)
        self._none.setVisible(not there)
        if self._looked:
            self._none.setText(
                "No camera was found. Plug one in and it appears here by itself. "
                "Until then the demo clip shows how it works."
            )
        self._demo.setProperty("primary", "true" if self._looked and not there else "false")
        self._demo.style().unpolish(self._demo)
        self._demo.style().polish(self._demo)
        self.apply_theme(self._theme)
        if self._list.currentItem() is None:
            self.stop_preview()

    def _chosen_source(self) -> str:
        item = self._list.currentItem()
        return str(item.data(Qt.ItemDataRole.UserRole)) if item is not None else ""

    def _picked(self, item: QListWidgetItem | None) -> None:
        self._use.setEnabled(item is not None)
        if item is not None:
            self._view.clear()
            self._view.setVisible(True)
            self._view.set_note("Opening the camera…", busy=True)
            self._preview.start(str(item.data(Qt.ItemDataRole.UserRole)))

    def _count_camera(self) -> None:
        source = self._chosen_source()
        if source:
            self.stop_preview()
            self.chosen.emit(source)

    def _show_preview(self, frame: object) -> None:
        self._view.set_note("")
        self._view.show_frame(frame)  # type: ignore[arg-type]

    def _preview_failed(self, error: Exception) -> None:
        text = error.message if isinstance(error, HeadcountError) else "The camera could not be shown."
        self._view.set_note(text)

    def apply_settings(self, settings: Settings) -> None:
        """Ask cameras for the picture size of these settings from the next preview on."""
        self._preview.settings = settings

    def stop_preview(self) -> None:
        """Stop the preview and release the camera."""
        self._preview.stop()
        self._view.clear()
        self._view.set_note("")
        self._view.setVisible(False)

    def shut_down(self, seconds: float) -> bool:
        """End the preview for good; return False where it does not end in time."""
        return self._preview.shut_down(seconds)

    def hideEvent(self, event: QHideEvent) -> None:
        # After the event: hiding the view from within its parent's hiding confuses the layout.
        QTimer.singleShot(0, self._leave)
        super().hideEvent(event)

    def _leave(self) -> None:
        if not self.isVisible():
            self._list.setCurrentRow(-1)
            self.stop_preview()

    def apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        for key, icon in {
            "open_demo": "demo",
            "open_file": "film",
            "open_folder": "folder",
            "open_url": "link",
        }.items():
            button = self._buttons[key]
            colour = theme.on_accent if button.property("primary") == "true" else None
            button.setIcon(action_icon(icon, theme, colour))
        for row in range(self._list.count()):
            self._list.item(row).setIcon(action_icon("webcam", theme))


def _card(title: str) -> tuple[QFrame, QVBoxLayout]:
    """Return a framed card and the column its contents go into, headed by `title` where that is not empty."""
    card = QFrame()
    card.setObjectName("card")
    layout = QVBoxLayout(card)
    layout.setContentsMargins(16, 12, 16, 14)
    layout.setSpacing(8)
    if title:
        label = QLabel(title)
        label.setProperty("role", "title")
        layout.addWidget(label)
    return card, layout
