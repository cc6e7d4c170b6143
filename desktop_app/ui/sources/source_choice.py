"""The list of everything that can be counted from, and the picture size asked of a camera."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QWidget

from desktop_app.system.plain_text import printable
from desktop_app.system.redaction import redact
from desktop_app.ui.sources.names import DEMO, short_name
from desktop_app.ui.widgets.icons import action_icon
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme

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


class SourceChoice(QWidget):
    """Signals: `source_chosen(text)` when the operator picks one in the list; `camera_mode_chosen(w, h, fps)`;
    `cameras_changed()` when others are plugged in, and so sources may be called otherwise."""

    source_chosen = Signal(str)
    cameras_changed = Signal()
    camera_mode_chosen = Signal(int, int, float)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, with_modes: bool = True) -> None:
        """`with_modes` offers the picture sizes of a camera."""
        super().__init__(parent)
        self._theme = theme
        self._with_modes = with_modes
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
        self.sources.setPlaceholderText(tr("Choose a camera, file or address"))
        self.sources.setAccessibleName(tr("Source"))
        self.sources.setToolTip(tr("What to count from: cameras, the demo clip and what was opened before"))
        self.sources.activated.connect(self._activated)
        self.modes = QComboBox()
        for text, mode in CAMERA_MODES:
            self.modes.addItem(text, mode)
        self.modes.setMinimumWidth(120)
        self.modes.setAccessibleName(tr("Picture size of the camera"))
        self.modes.setToolTip(tr("Picture size and rate asked of the camera; it may give what is nearest"))
        self.modes.activated.connect(lambda i: self.camera_mode_chosen.emit(*self.modes.itemData(i)))
        self.modes.setVisible(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.sources, 3)
        row.addWidget(self.modes)
        if with_modes:
            row.addStretch(1)
        self._rebuild()

    @property
    def current(self) -> str:
        """The text of the chosen source, "" for none."""
        return self._current

    def same_offers(self) -> SourceChoice:
        """Return another list of the same cameras and of what was opened before, without the sizes of pictures."""
        other = SourceChoice(self._theme, with_modes=False)
        other.set_cameras(self._cameras)
        other.set_recent(self._recent)
        return other

    def set_cameras(self, cameras: Sequence[CameraChoice]) -> None:
        """Show the cameras there are now."""
        if tuple(cameras) != self._cameras:
            self._cameras = tuple(cameras)
            self._rebuild()
            self.cameras_changed.emit()

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

    def name_of(self, source: str) -> str:
        """Return how a source is called: a camera by the name that the system gives it."""
        return next((c.name for c in self._cameras if c.source == source), short_name(source))

    def _rebuild(self) -> None:
        if self.sources.view().isVisible():
            self.sources.hidePopup()
        model = QStandardItemModel(self.sources)
        self._heading(model, tr("Cameras") if self._cameras else tr("No camera found"))
        for camera in self._cameras:
            self._entry(model, camera.name, camera.source, "webcam")
        self._entry(model, short_name(DEMO), DEMO, "demo")
        listed = {c.source for c in self._cameras} | {DEMO}
        recent = [r for r in self._recent if r not in listed and not r.startswith("camera:")]
        if recent:
            self._heading(model, tr("Opened before"))
            for source in recent:
                self._entry(model, short_name(source), source, "link" if "://" in source else "film")
                listed.add(source)
        if self._current and self._current not in listed:
            icon = "webcam" if self.is_camera(self._current) else "link" if "://" in self._current else "film"
            self._entry(model, short_name(self._current), self._current, icon)
        self.sources.setModel(model)  # which deletes the list before
        index = self.sources.findData(self._current) if self._current else -1
        self.sources.setCurrentIndex(index)
        self.modes.setVisible(self._with_modes and self.is_camera(self._current))

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
        item.setToolTip(f"<p>{shown}</p>" if source != DEMO else tr("A short clip that comes with the program"))
        model.appendRow(item)

    def _activated(self, index: int) -> None:
        source = self.sources.itemData(index)
        if source:
            self._current = str(source)
            self.modes.setVisible(self._with_modes and self.is_camera(self._current))
            self.source_chosen.emit(self._current)

    def apply_theme(self, theme: Theme) -> None:
        if theme is not self._theme:
            self._theme = theme
            self._rebuild()
