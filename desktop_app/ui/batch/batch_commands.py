"""Opens the dialog that counts many files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop_app.settings import Settings
from desktop_app.ui.sessions.kept_counts import CountStore
from desktop_app.ui.widgets.theme import ThemeManager

if TYPE_CHECKING:
    from desktop_app.ui.batch.batch_dialog import BatchDialog


class BatchCommands(QObject):
    """`counted()` tells that further counts are kept, `show_asked(session_id)` that one is to be shown in Results."""

    counted = Signal()
    show_asked = Signal(str)

    def __init__(
        self, window: QWidget, settings: Callable[[], Settings], store: CountStore | None, themes: ThemeManager
    ) -> None:
        super().__init__(window)
        self._window = window
        self._settings = settings
        self._store = store
        self._themes = themes
        self.dialog: BatchDialog | None = None
        """Made when it is first asked for: counting files needs more than the window does at its start."""

    def show(self, paths: Sequence[Path] = ()) -> None:
        """Show the dialog, with these files and folders in its list."""
        if self.dialog is None:
            from desktop_app.ui.batch.batch_dialog import BatchDialog

            self.dialog = BatchDialog(self._settings, self._store, self._themes.theme, self._window)
            self.dialog.counted.connect(self.counted)
            self.dialog.show_asked.connect(self.show_asked)
            self._themes.changed.connect(self.dialog.apply_theme)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()
        self.dialog.add(paths)

    def may_end(self) -> bool:
        """Ask, where files are being counted, whether to stop."""
        return self.dialog is None or self.dialog.may_end()

    def shut_down(self) -> bool:
        """Stop counting; return False where a thread would not end in time."""
        return self.dialog is None or self.dialog.shut_down(4.0)
