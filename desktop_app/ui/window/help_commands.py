"""The Help menu, and what is told after an uncaught exception."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QWidget

from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.crash_guard import report_path
from desktop_app.ui.sessions.current_settings import CurrentSettings
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.desktop import open_path
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.window.actions import Actions


class HelpCommands(QObject):
    """Opens the small dialogs of the Help menu. `deleted()` when the operator had all data deleted."""

    deleted = Signal()

    def __init__(
        self,
        window: QWidget,
        controller: Controller,
        settings: CurrentSettings,
        banner: Banner,
        actions: Actions,
        close_store: Callable[[], object],
    ) -> None:
        """`close_store()` lets go of the files of the counts, before they are deleted."""
        super().__init__(window)
        self._window = window
        self._controller = controller
        self._settings = settings
        self._banner = banner
        self._actions = actions
        self._close_store = close_store

    def show_shortcuts(self) -> None:
        """List every shortcut."""
        from desktop_app.ui.window.about import ShortcutsDialog

        _run(ShortcutsDialog(self._actions, self._window))

    def show_about(self) -> None:
        """Show version, licences and thanks."""
        from desktop_app.ui.window.about import AboutDialog

        _run(AboutDialog(self._window))

    def copy_diagnostics(self) -> None:
        """Copy what a helper needs to know."""
        from desktop_app.ui.window.diagnostics import diagnostics_text

        QGuiApplication.clipboard().setText(diagnostics_text(self._settings.value, self._controller))
        self._banner.show_message("good", tr("The diagnostics are copied. Paste them into your message."), seconds=5)

    def show_log(self) -> None:
        """Open the folder of the log."""
        from desktop_app.ui.window.diagnostics import log_dir

        self._open(log_dir())

    def delete_data(self) -> None:
        """Delete what the program keeps, if the operator is sure."""
        from desktop_app.ui.window.about import DeleteDataDialog

        if _run(DeleteDataDialog(self._window)) == QDialog.DialogCode.Accepted:
            from desktop_app.ui.window.diagnostics import delete_all_data

            self._controller.forget()
            self._close_store()
            left = delete_all_data()
            self._settings.forget()
            self.deleted.emit()
            self._banner.clear()
            if left:
                self._banner.show_message("warning", tr("Some files could not be deleted."), ", ".join(map(str, left)))
            # It waits: who counts on all day must not learn at the end that nothing was kept.
            self._banner.show_message(
                "warning",
                tr("Close Headcount before you count again.")
                if left
                else tr("All data of this program is deleted. Close Headcount before you count again."),
                tr("What is counted until then is kept nowhere. The next start of Headcount is like the first one."),
                ((tr("Close Headcount"), self._window.close),),
                waits=True,
            )

    @Slot(str, str)
    def show_crash(self, sentence: str, detail: str) -> None:
        """Tell of an uncaught exception."""
        self._banner.show_message("error", sentence, detail, ((tr("Show the report"), self._show_report),))

    def _show_report(self) -> None:
        self._open(report_path())

    def _open(self, path: Path) -> None:
        open_path(self, path, lambda title, detail: self._banner.show_message("warning", title, detail))


def _run(dialog: QDialog) -> int:
    """Show a modal dialog and let go of it afterwards: its window would keep every one that was ever opened."""
    result = dialog.exec()
    dialog.deleteLater()
    return result
