"""What becomes of settings that the operator enters on the Set up tab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from desktop_app.settings import ReportSettings, Settings
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.current_settings import CurrentSettings
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme

if TYPE_CHECKING:
    from desktop_app.ui.setup.sign_dialog import SignDialog


class SettingsCommands(QObject):
    """`use_model(name)` tries another model before it is used, `start()` begins a count, `enable_undo()` follows."""

    def __init__(
        self,
        controller: Controller,
        settings: CurrentSettings,
        banner: Banner,
        use_model: Callable[[str], object],
        start: Callable[[], object],
        enable_undo: Callable[[], object],
        theme: Callable[[], Theme],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._theme = theme
        self._ended = True
        self.sign: SignDialog | None = None
        """What makes the sign for the door, None while it is closed."""
        self._controller = controller
        self._settings = settings
        self._banner = banner
        self._use_model = use_model
        self._start = start
        self._enable_undo = enable_undo

    @Slot(int)
    def hide_below(self, below: int) -> None:
        """Remember that reports hide figures of fewer people than that."""
        value = self._settings.value
        self._settings.change(replace(value, reports=replace(value.reports, hide_below=below)))

    @Slot()
    def make_sign(self) -> None:
        """Show what makes the sign for the door."""
        from desktop_app.ui.setup.sign_dialog import SignDialog

        if self.sign is None:
            value = self._settings.value
            self.sign = SignDialog(value.reports, value.keep.people_days, self._theme(), self._window)
            self.sign.entered.connect(self._sign_filled)
            self.sign.finished.connect(self._sign_closed)
        self.sign.open()

    @Slot(object)
    def _sign_filled(self, filled: ReportSettings) -> None:
        value = self._settings.value
        if filled != value.reports:
            self._settings.change(replace(value, reports=filled))

    @Slot()
    def _sign_closed(self) -> None:
        sign, self.sign = self.sign, None
        if sign is not None:
            self._ended = sign.tasks.shut_down(2.0)
            sign.deleteLater()

    def shut_down(self) -> bool:
        """Close what is open; return False where a thread would not end in time."""
        self._ended = True
        if self.sign is not None:
            self.sign.close()
        return self._ended

    @Slot(object)
    def enter(self, new: Settings) -> None:
        """Take over what was chosen as one step of undo; a running count has some of it from its next start."""
        old = self._settings.value
        model = new.count.model
        # Another model is tried first; until then the present one stays in use.
        new = replace(new, count=replace(new.count, model=old.count.model))
        self._settings.enter(new, self._controller.undo_stack, tr("settings"))
        if model != old.count.model:
            self._use_model(model)
        self._enable_undo()
        if self._controller.active and (new.detector, new.count) != (old.detector, old.count):
            self._banner.show_message(
                "info",
                tr("The new settings apply from the next start."),
                "",
                ((tr("Start again now"), self._start),),
                12,
            )
