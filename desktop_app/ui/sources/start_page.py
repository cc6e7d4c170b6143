"""The page shown while there is no picture: what to count from, whether it sees well, and the start."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QResizeEvent
from PySide6.QtWidgets import (
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
from desktop_app.settings import DoorSettings, Settings
from desktop_app.ui.doors.door_list import DoorList
from desktop_app.ui.sessions.bridge import RunBridge
from desktop_app.ui.sources.last_count import LastCount
from desktop_app.ui.sources.names import DEMO, short_name
from desktop_app.ui.sources.preview import Preview
from desktop_app.ui.sources.sight_panel import SightPanel
from desktop_app.ui.sources.source_choice import CameraChoice
from desktop_app.ui.sources.start_form import StartForm
from desktop_app.ui.sources.step_card import step_card
from desktop_app.ui.widgets.icons import action_icon
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme
from desktop_app.ui.window.actions import Actions

WIDE_PX = 940
"""From this width on the three steps stand beside each other."""

WIDEST_PX = 1320


def privacy_text() -> str:
    """Return what is kept, as rich text."""
    return tr(
        "<b>What is kept:</b> numbers. Pictures are looked at on this computer and forgotten at once; none is saved or "
        "sent unless you ask for a snapshot or a recording. Gender and age are estimates of how someone appears, "
        "in sum, never a statement about a person."
    )


LINK_ICONS = {"open_file": "film", "open_folder": "folder", "open_url": "link", "batch": "films", "open_demo": "demo"}


def _link_words() -> dict[str, str]:
    return {
        "open_file": tr("A video or picture…"),
        "open_folder": tr("A folder of pictures…"),
        "open_url": tr("An address…"),
        "batch": tr("Many files at once…"),
        "open_demo": tr("Play the demo clip"),
    }


class StartPage(QWidget):
    """Signals: `chosen(source)` to count from it now, `start_asked()` to count at the doors that are ticked,
    `again(LastCount)` for the same as before.

    `doors` are those that are kept; while there are any, they stand in place of the cameras. `form` has the answers of
    the third step.
    """

    chosen = Signal(str)
    start_asked = Signal()
    again = Signal(object)

    def __init__(
        self, actions: Actions, theme: Theme, services: Services, settings: Settings, bridge: RunBridge
    ) -> None:
        super().__init__()
        self._theme = theme
        self._cameras: tuple[CameraChoice, ...] = ()
        self._looked = False
        self._last: LastCount | None = None
        self._kept: tuple[DoorSettings, ...] = ()
        self.full_source: Callable[[str], str] = str
        """Returns a source that is kept with the password that was entered with it."""
        self._preview = Preview(services, settings, bridge, self)
        self._preview.frame_ready.connect(self._show_preview)
        self._preview.failed.connect(self._preview_failed)
        self._preview.findings.connect(self._show_findings)
        self.sight = SightPanel(theme)
        self._view = self.sight.view
        self._view.box_changed.connect(self._preview.set_box)
        self.form = StartForm(theme)
        self.form.start_asked.connect(self._count_camera)

        heading = QLabel(tr("Count the people who pass by"))
        heading.setProperty("role", "heading")
        heading.setWordWrap(True)
        privacy = QLabel(privacy_text())
        privacy.setWordWrap(True)
        privacy.setTextFormat(Qt.TextFormat.RichText)
        privacy.setProperty("role", "muted")
        self._steps = (
            step_card(1, tr("What?"), self._what(actions)),
            step_card(2, tr("Does it see well?"), self.sight),
            step_card(3, tr("Start"), self.form),
        )
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        self._is_wide: bool | None = None
        body = QWidget()
        body.setMaximumWidth(WIDEST_PX)
        column = QVBoxLayout(body)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(12)
        column.addWidget(heading)
        column.addLayout(self._grid, 1)
        column.addWidget(privacy)
        column.addStretch(0)
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(body, 100)
        row.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(middle)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        self._arrange(is_wide=True)
        self.apply_theme(theme)
        self._show_cameras()

    def _what(self, actions: Actions) -> QWidget:
        self._list = QListWidget()
        self._list.setObjectName("camera_cards")
        self._list.setAccessibleName(tr("Cameras"))
        self._list.setToolTip(tr("Choose a camera to see its picture"))
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setIconSize(QSize(22, 22))
        self._list.setSpacing(2)
        self._list.currentItemChanged.connect(lambda item, _old: self._picked(item))
        self._list.itemActivated.connect(lambda _item: self._count_camera())
        self._none = QLabel(tr("Looking for cameras…"))
        self._none.setWordWrap(True)
        self._none.setProperty("role", "muted")
        self._again = QPushButton()
        self._again.setAccessibleName(tr("Count the same as last time"))
        self._again.setVisible(False)
        self._again.clicked.connect(self._count_again)
        self._buttons: dict[str, QPushButton] = {}
        what = QWidget()
        rows = QVBoxLayout(what)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(6)
        self.doors = DoorList(self._theme)
        self.doors.chosen.connect(self._look_at)
        for widget in (self._again, self._none, self._list, self.doors):
            rows.addWidget(widget)
        rows.addSpacing(6)
        instead = QLabel(tr("Or count from"))
        instead.setProperty("role", "muted")
        rows.addWidget(instead)
        for key, words in _link_words().items():
            button = QPushButton(words)
            button.setProperty("link", "true")
            button.setToolTip(actions[key].toolTip())
            button.setAccessibleName(words)
            button.setIconSize(QSize(18, 18))
            if key == "open_demo":
                button.clicked.connect(lambda: self.chosen.emit(DEMO))
            else:
                button.clicked.connect(actions[key].trigger)
            rows.addWidget(button)
            self._buttons[key] = button
        rows.addStretch(1)
        self._demo = self._buttons["open_demo"]
        return what

    def begin_here(self) -> None:
        """Put the keyboard on what to count from."""
        if self._kept:  # all is chosen, and a list would open the first door's camera as soon as it has the keyboard
            self.form.begin_here()
            return
        (self._list if self._cameras else self._demo).setFocus(Qt.FocusReason.OtherFocusReason)

    def _arrange(self, is_wide: bool) -> None:
        """Set the steps side by side, or below each other in a narrow window."""
        if is_wide == self._is_wide:
            return
        self._is_wide = is_wide
        for step in self._steps:
            self._grid.removeWidget(step)
        for number, step in enumerate(self._steps):
            self._grid.addWidget(step, 0 if is_wide else number, number if is_wide else 0)
        for column, share in enumerate((4, 6, 5)):
            self._grid.setColumnStretch(column, share if is_wide or column == 0 else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(is_wide=event.size().width() >= WIDE_PX)

    # --- what to count from --------------------------------------------------------------------------------------

    def show_last(self, last: LastCount | None) -> None:
        """Offer to count the same again."""
        self._last = last
        self._again.setVisible(last is not None)
        if last is not None:
            self.say_last()
            self._again.setToolTip(tr("Start at once with the same doors, occasion and place"))

    @Slot()
    def say_last(self) -> None:
        """Say again when that was: "today" is "yesterday" after midnight."""
        if self._last is not None:
            self._again.setText(self._last.words)

    def _count_again(self) -> None:
        if self._last is not None:
            self.stop_preview()
            self.again.emit(self._last)

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
            item.setSizeHint(QSize(100, 42))
            self._list.addItem(item)
            if camera.source == chosen:
                self._list.setCurrentItem(item)
        self._list.setFixedHeight(min(4, max(1, len(self._cameras))) * 46 + 4)
        self._list.blockSignals(False)
        there, several = bool(self._cameras), bool(self._kept)
        self._list.setVisible(there and not several)
        self._none.setVisible(not there and not several)
        if self._looked:
            self._none.setText(
                tr(
                    "No camera was found. Plug one in and it appears here by itself. "
                    "Until then the demo clip shows how it works."
                )
            )
        first = self._looked and not there and not several
        self._demo.setProperty("primary", "true" if first else "false")
        self._demo.setProperty("link", "false" if first else "true")
        self._demo.style().unpolish(self._demo)
        self._demo.style().polish(self._demo)
        self.apply_theme(self._theme)
        self.doors.show_doors(self._kept, self._name_of)
        self._allow_start()
        if not several and self._list.currentItem() is None:
            self.stop_preview()

    def show_doors(self, doors: Sequence[DoorSettings]) -> None:
        """Show the doors that are kept in place of the cameras; without any the cameras are back."""
        if tuple(doors) == self._kept:
            return
        before, self._kept = self._kept, tuple(doors)
        self.doors.show_doors(doors, self._name_of)
        if bool(before) != bool(doors):
            self._list.setCurrentRow(-1)
        if self.doors.current not in [d.source for d in doors]:
            self.stop_preview()
        self._show_cameras()

    def _name_of(self, source: str) -> str:
        return next((c.name for c in self._cameras if c.source == source), short_name(source))

    def _allow_start(self) -> None:
        if self._kept:
            self.form.allow_start(any(d.counts for d in self._kept), tr("Tick a door to count at first."))
        else:
            first = tr("Choose a camera first.") if self._cameras else tr("Choose in step 1 what to count from.")
            self.form.allow_start(self._list.currentItem() is not None, first)

    @property
    def chosen_source(self) -> str:
        """The camera or door that is looked at, "" for none."""
        return self.doors.current if self._kept else self._chosen_source()

    def choose(self, source: str) -> None:
        """Choose a camera or a door of the list and show its picture; nothing happens for one that is not there."""
        if any(d.source == source for d in self._kept):
            self.doors.choose(source)
            return
        for row in range(self._list.count()):
            if self._list.item(row).data(Qt.ItemDataRole.UserRole) == source:
                self._list.setCurrentRow(row)
                self._list.setFocus()

    def _chosen_source(self) -> str:
        item = self._list.currentItem()
        return str(item.data(Qt.ItemDataRole.UserRole)) if item is not None else ""

    def _picked(self, item: QListWidgetItem | None) -> None:
        self._allow_start()
        if item is not None:
            self._look_at(str(item.data(Qt.ItemDataRole.UserRole)))

    def _look_at(self, source: str) -> None:
        """Show the picture of a source and what is to be said of it; "" ends that."""
        if not source:
            self.stop_preview()
            return
        self._view.clear()
        self.sight.begin()
        self._view.set_note(tr("Opening {name}…", name=self._name_of(source)), busy=True)
        self._preview.start(self.full_source(source))

    def _count_camera(self) -> None:
        if self._kept:
            self.stop_preview()
            self.start_asked.emit()
            return
        source = self._chosen_source()
        if source:
            self.stop_preview()
            self.chosen.emit(source)

    # --- the preview ---------------------------------------------------------------------------------------------

    def _show_preview(self, frame: object) -> None:
        self._view.set_note("")
        self._view.show_frame(frame)  # type: ignore[arg-type]

    def _show_findings(self, findings: object) -> None:
        self.sight.show_findings(findings)  # type: ignore[arg-type]

    def _preview_failed(self, error: Exception) -> None:
        text = error.message if isinstance(error, HeadcountError) else tr("The picture could not be shown.")
        self._view.set_note(text)

    def apply_settings(self, settings: Settings) -> None:
        """Ask cameras for the picture size of these settings from the next preview on."""
        self._preview.settings = settings
        self.show_doors(settings.doors)
        self.form.show_main_number(settings.ui.main_number)

    def stop_preview(self) -> None:
        """Stop the preview and release the camera."""
        self._preview.stop()
        self._view.clear()
        self.sight.end()

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
            self.doors.choose("")
            self.stop_preview()

    def apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        for key, icon in LINK_ICONS.items():
            button = self._buttons[key]
            colour = theme.on_accent if button.property("primary") == "true" else None
            button.setIcon(action_icon(icon, theme, colour))
        self._again.setIcon(action_icon("reset", theme))
        for row in range(self._list.count()):
            self._list.item(row).setIcon(action_icon("webcam", theme))
        self.doors.apply_theme(theme)
        self.sight.apply_theme(theme)
        self.form.apply_theme(theme)
