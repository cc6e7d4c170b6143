"""Finds out what a kept count was counted from, and opens the dialog that counts it again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop_app.errors import HeadcountError
from desktop_app.session.session import Session
from desktop_app.settings import Settings
from desktop_app.ui.sessions.kept_counts import CountStore
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.tasks import Tasks
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import ThemeManager

if TYPE_CHECKING:
    from desktop_app.ui.recount.recount_dialog import RecountDialog
    from desktop_app.ui.recount.recount_work import Recountable


class RecountCommands(QObject):
    """One at a time. `kept(session_id)` tells that a new count was kept."""

    kept = Signal(str)

    def __init__(
        self,
        window: QWidget,
        settings: Callable[[], Settings],
        store: CountStore | None,
        banner: Banner,
        themes: ThemeManager,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._settings = settings
        self._store = store
        self._banner = banner
        self._themes = themes
        self._tasks = Tasks(self._failed, self)
        self.ask_file: Callable[[QWidget, str], str] = ask_moved_file
        self.dialog: RecountDialog | None = None
        """What is open, None without one."""

    @property
    def busy(self) -> bool:
        return self._tasks.busy

    @Slot(object)
    def start_for(self, session: Session) -> None:
        """Count the file of a kept count again."""

        def look() -> Recountable:
            from desktop_app.ui.recount.recount_work import recountable

            return recountable(session)

        self._tasks.begin("look", look, self._found)

    def _found(self, what: Recountable) -> None:
        from desktop_app.ui.recount.recount_dialog import RecountDialog

        if not what.is_there:
            path = self.ask_file(self._window, what.source)
            if not path:
                words = tr("The file {name} is not where it was.", name=Path(what.source).name)
                self._banner.show_message("info", words, what.source, seconds=10)
                return
            what = what.moved_to(path)
        if self.dialog is not None:
            self.dialog.close()
        keep = None if self._store is None else self._store.append
        self.dialog = RecountDialog(what, self._settings(), keep, self._themes.theme, self._window)
        self.dialog.kept.connect(self.kept)
        self.dialog.finished.connect(self._closed)
        self._themes.changed.connect(self.dialog.apply_theme)
        self.dialog.open()

    @Slot()
    def _closed(self) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            self._themes.changed.disconnect(dialog.apply_theme)
            dialog.tasks.shut_down(4.0)
            dialog.deleteLater()

    def _failed(self, error: HeadcountError) -> None:
        self._banner.show_message("warning", error.message, error.remedy)

    def shut_down(self) -> bool:
        """Close what is open; return False where a thread would not end in time."""
        if self.dialog is not None:
            self.dialog.close()
        return self._tasks.shut_down(2.0)


def ask_moved_file(window: QWidget, source: str) -> str:
    """Ask where a file is now; "" if the operator thinks better of it."""
    name = Path(source).name
    path, _ = QFileDialog.getOpenFileName(window, tr("Where is {name} now?", name=name), "", f"{name};;* (*)")
    return path
