"""Shows on the picture how large the smallest face is that is counted."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Slot

from desktop_app.ui.picture.size_frame import smallest_face
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.current_settings import CurrentSettings
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.window.parts import Parts


class SmallestFaceCommands(QObject):
    """The frame is on the live picture and on that of the start page, as long as the operator wants to see it."""

    def __init__(self, controller: Controller, settings: CurrentSettings, parts: Parts, parent: QObject) -> None:
        super().__init__(parent)
        self._controller = controller
        self._settings = settings
        self._parts = parts
        settings.changed.connect(self._apply)
        controller.door_changed.connect(self._apply)
        controller.door_shown.connect(self._apply)
        parts.setup.advanced.see_size.clicked.connect(self.see)
        self._apply()

    def show(self, shown: bool) -> None:
        """Show or hide the frame, and remember that."""
        value = self._settings.value
        self._settings.change(replace(value, ui=replace(value.ui, show_smallest_face=shown)))

    @Slot()
    def see(self) -> None:
        """Come to the picture with the frame of the size that was entered."""
        self._parts.setup.leave()
        self.show(True)
        self._parts.show_tab("count")
        view = self._parts.start_page.sight.view if self._parts.count.shows_start else self._parts.view
        if view.frame is None:
            self._parts.banner.show_message(
                "info", tr("There is no picture yet. The frame is in its corner once there is one."), seconds=8
            )

    @Slot()
    def _apply(self) -> None:
        settings, door = self._settings.value, self._controller.door
        in_use = door.run.door.settings if door is not None and door.active else None
        self._parts.view.show_size_frame(smallest_face(settings, in_use))
        self._parts.start_page.sight.view.show_size_frame(smallest_face(settings))
        self._parts.actions["smallest_face"].setChecked(settings.ui.show_smallest_face)
