"""The bar above the picture: which source, and the buttons of the count."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QElapsedTimer, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QComboBox, QHBoxLayout, QPushButton, QSizePolicy, QToolButton, QWidget

from desktop_app.system.plain_text import printable
from desktop_app.system.redaction import redact
from desktop_app.ui.sources.names import DEMO, short_name
from desktop_app.ui.widgets.icons import action_icon
from desktop_app.ui.widgets.theme import Theme
from desktop_app.ui.window.actions import Actions

CAMERA_MODES: tuple[tuple[str, tuple[int, int, float]], ...] = (
    ("Camera's choice", (0, 0, 0.0)),
    ("640 × 480, 30 fps", (640, 480, 30.0)),
    ("1280 × 720, 30 fps", (1280, 720, 30.0)),
    ("1280 × 720, 60 fps", (1280, 720, 60.0)),
    ("1920 × 1080, 30 fps", (1920, 1080, 30.0)),
    ("1920 × 1080, 60 fps", (1920, 1080, 60.0)),
    ("3840 × 2160, 30 fps", (3840, 2160, 30.0)),
)


@dataclass(frozen=True, slots=True)
class CameraChoice:
    """A camera as it is offered: `name` for people, `source` the text that opens it."""

    name: str
    source: str


class SourceBar(QWidget):
    """Signals: `source_chosen(text)` when the operator picks one in the list; `camera_mode_chosen(w, h, fps)`."""

    source_chosen = Signal(str)
    camera_mode_chosen = Signal(int, int, float)

    def __init__(self, actions: Actions, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        self._actions = actions
        self._cameras: tuple[CameraChoice, ...] = ()
        self._recent: tuple[str, ...] = ()
        self._current = ""
        self.sources = QComboBox()
        self.sources.setMinimumWidth(150)
        self.sources.setMaximumWidth(420)
        self.sources.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.sources.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.sources.setMaxVisibleItems(24)
        self.sources.setIconSize(QSize(18, 18))
        self.sources.setPlaceholderText("Choose a camera, file or address")
        self.sources.setAccessibleName("Source")
        self.sources.setToolTip("What to count from: cameras, the demo clip and what was opened before")
        self.sources.activated.connect(self._activated)
        self.modes = QComboBox()
        for text, mode in CAMERA_MODES:
            self.modes.addItem(text, mode)
        self.modes.setMinimumWidth(120)
        self.modes.setAccessibleName("Picture size of the camera")
        self.modes.setToolTip("Picture size and rate asked of the camera; it may give what is nearest")
        self.modes.activated.connect(lambda i: self.camera_mode_chosen.emit(*self.modes.itemData(i)))
        self.modes.setVisible(False)

        self.start = QPushButton()
        self.start.setProperty("primary", "true")
        self.start.setMinimumWidth(88)
        self.start.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.start.clicked.connect(self._start_or_stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 8, 10, 8)
        row.setSpacing(4)
        row.addWidget(self.sources, 3)
        row.addWidget(self.modes)
        self._groups: list[list[QToolButton]] = []
        self._add_group(row, ("open_file", "open_folder", "open_url"))
        row.addStretch(1)
        row.addWidget(self.start)
        for key in ("pause", "reset"):
            row.addWidget(actions.button(key))
        for group in (("snapshot", "record"), ("add_line", "add_zone"), ("kiosk", "full_screen", "settings")):
            row.addSpacing(6)
            self._add_group(row, group)
        self._changed = QElapsedTimer()
        self._running = False
        self.show_running(False)
        self._rebuild()

    def _add_group(self, row: QHBoxLayout, keys: Sequence[str]) -> None:
        buttons = [self._actions.button(key) for key in keys]
        for button in buttons:
            row.addWidget(button)
        self._groups.append(buttons)

    def minimumSizeHint(self) -> QSize:
        # Groups that do not fit are left out, so that the bar never makes the window wider than a small screen.
        return QSize(420, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave out whole groups of buttons in a narrow window, the last first; all of them are in the menus."""
        room = self.width() - self._width_without_groups()
        for buttons in self._groups:
            room -= sum(b.sizeHint().width() + 4 for b in buttons) + 10
            for button in buttons:
                button.setVisible(room >= 0)

    def _width_without_groups(self) -> int:
        modes = 0 if self.modes.isHidden() else self.modes.minimumSizeHint().width()
        fixed = self.start.minimumSizeHint().width() + 2 * 40 + 30
        return self.sources.minimumWidth() + modes + fixed

    # --- the list ------------------------------------------------------------------------------------------------

    @property
    def current(self) -> str:
        """The text of the chosen source, "" for none."""
        return self._current

    def set_cameras(self, cameras: Sequence[CameraChoice]) -> None:
        """Show the cameras there are now."""
        if tuple(cameras) != self._cameras:
            self._cameras = tuple(cameras)
            self._rebuild()

    def set_recent(self, recent: Sequence[str]) -> None:
        """Show what was opened before, newest first."""
        if tuple(recent) != self._recent:
            self._recent = tuple(recent)
            self._rebuild()

    def set_current(self, source: str) -> None:
        """Show which source is chosen, without a signal."""
        if source != self._current:
            self._current = source
            self._rebuild()

    def set_camera_mode(self, width: int, height: int, fps: float) -> None:
        """Show the mode asked of cameras; one that is not in the list is added."""
        for index in range(self.modes.count()):
            if tuple(self.modes.itemData(index)) == (width, height, fps):
                self.modes.setCurrentIndex(index)
                return
        self.modes.addItem(f"{width} × {height}, {fps:g} fps", (width, height, fps))
        self.modes.setCurrentIndex(self.modes.count() - 1)

    def is_camera(self, source: str) -> bool:
        return source.startswith("camera:") or any(c.source == source for c in self._cameras)

    def _rebuild(self) -> None:
        if self.sources.view().isVisible():
            self.sources.hidePopup()
        model = QStandardItemModel(self.sources)
        self._heading(model, "Cameras" if self._cameras else "No camera found")
        for camera in self._cameras:
            self._entry(model, camera.name, camera.source, "webcam")
        self._entry(model, "Demo clip", DEMO, "demo")
        listed = {c.source for c in self._cameras} | {DEMO}
        recent = [r for r in self._recent if r not in listed and not r.startswith("camera:")]
        if recent:
            self._heading(model, "Opened before")
            for source in recent:
                self._entry(model, short_name(source), source, "link" if "://" in source else "film")
                listed.add(source)
        if self._current and self._current not in listed:
            icon = "webcam" if self.is_camera(self._current) else "link" if "://" in self._current else "film"
            self._entry(model, short_name(self._current), self._current, icon)
        self.sources.setModel(model)  # which deletes the list before
        index = self.sources.findData(self._current) if self._current else -1
        self.sources.setCurrentIndex(index)
        self.modes.setVisible(self.is_camera(self._current))
        self._fit()

    def _heading(self, model: QStandardItemModel, text: str) -> None:
        item = QStandardItem(text)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        font = item.font()
        font.setPixelSize(11)
        item.setFont(font)
        model.appendRow(item)

    def _entry(self, model: QStandardItemModel, text: str, source: str, icon: str) -> None:
        item = QStandardItem(action_icon(icon, self._theme), text)
        item.setData(source, Qt.ItemDataRole.UserRole)
        # As rich text that is escaped: Qt takes a tip for rich text where a file's name looks like it.
        shown = html.escape(printable(redact(source)))
        item.setToolTip(f"<p>{shown}</p>" if source != DEMO else "A short clip that comes with the program")
        model.appendRow(item)

    def _activated(self, index: int) -> None:
        source = self.sources.itemData(index)
        if source:
            self._current = str(source)
            self.modes.setVisible(self.is_camera(self._current))
            self._fit()
            self.source_chosen.emit(self._current)

    # --- the state -----------------------------------------------------------------------------------------------

    def show_running(self, running: bool) -> None:
        """Turn the large button into Stop while a count runs."""
        if running != self._running:
            self._changed.start()
        self._running = running
        action = self._actions["stop" if running else "start"]
        self.start.setText("Stop" if running else "Start")
        self.start.setToolTip(action.toolTip())
        self.start.setAccessibleName("Stop counting" if running else "Start counting")
        self.apply_theme(self._theme)

    def _start_or_stop(self) -> None:
        # The second click of a double click is meant for what the button was at the first one: it must not start what
        # was just stopped.
        if self._changed.isValid() and self._changed.elapsed() < QApplication.doubleClickInterval():
            return
        self._actions["stop" if self._running else "start"].trigger()

    def apply_theme(self, theme: Theme) -> None:
        changed = theme is not self._theme
        self._theme = theme
        self.start.setIcon(action_icon("stop" if self._running else "play", theme, theme.on_accent))
        if changed:
            self._rebuild()
