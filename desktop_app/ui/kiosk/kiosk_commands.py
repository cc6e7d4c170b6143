"""Opens and closes the large totals."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot

from desktop_app.settings import Settings
from desktop_app.ui.kiosk.view import KioskState, KioskView
from desktop_app.ui.sessions.current_settings import CurrentSettings
from desktop_app.ui.widgets.icons import app_icon
from desktop_app.ui.widgets.theme import Theme, ThemeManager


class KioskCommands(QObject):
    """`refresh()` brings the figures up to date. The view is made when it is first asked for."""

    def __init__(
        self, settings: CurrentSettings, themes: ThemeManager, refresh: Callable[[], object], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._themes = themes
        self._refresh = refresh
        self.view: KioskView | None = None
        settings.changed.connect(self._apply_settings)
        themes.changed.connect(self._apply_theme)

    def toggle(self) -> None:
        """Show the totals alone, as large as the screen, or close that."""
        if self.view is None:
            self.view = KioskView(self._themes.theme, self._settings.value.kiosk)
            self.view.setWindowIcon(app_icon())
        if self.view.isVisible():
            self.view.close()
            return
        self._refresh()
        self.view.show_on_screen()

    def show_state(self, shown: KioskState) -> None:
        """Show other figures or another state, if anybody looks."""
        if self.view is not None:
            self.view.show_state(shown)

    def close(self) -> None:
        """Close the large totals."""
        if self.view is not None:
            self.view.close()

    @Slot(object)
    def _apply_settings(self, settings: Settings) -> None:
        if self.view is not None:
            self.view.apply_settings(settings.kiosk)

    @Slot(object)
    def _apply_theme(self, theme: Theme) -> None:
        if self.view is not None:
            self.view.apply_theme(theme)
