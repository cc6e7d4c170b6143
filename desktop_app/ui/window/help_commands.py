"""The Help menu, and the messages after a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QDialog

from desktop_app.settings import Settings
from desktop_app.ui.sessions.recovery import Recovered, forget_recovery, read_recovery, report_path

if TYPE_CHECKING:
    from desktop_app.ui.window.main_window import MainWindow


class HelpCommands:
    """The Help menu, and the messages after a crash. Acts on the parts of the window."""

    def __init__(self, window: MainWindow) -> None:
        self._w = window

    def show_shortcuts(self) -> None:
        """List every shortcut."""
        from desktop_app.ui.window.about import ShortcutsDialog

        ShortcutsDialog(self._w.actions_, self._w).exec()

    def show_about(self) -> None:
        """Show version, licences and thanks."""
        from desktop_app.ui.window.about import AboutDialog

        AboutDialog(self._w).exec()

    def copy_diagnostics(self) -> None:
        """Copy what a helper needs to know."""
        from desktop_app.ui.window.diagnostics import diagnostics_text

        QGuiApplication.clipboard().setText(diagnostics_text(self._w.settings, self._w.controller))
        self._w.banner.show_message("good", "The diagnostics are copied. Paste them into your message.", seconds=5)

    def show_log(self) -> None:
        """Open the folder of the log."""
        from desktop_app.ui.window.diagnostics import log_dir

        QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_dir())))

    def delete_data(self) -> None:
        """Delete what the program keeps, if the operator is sure."""
        from desktop_app.ui.window.about import DeleteDataDialog

        if DeleteDataDialog(self._w).exec() == QDialog.DialogCode.Accepted:
            from desktop_app.ui.window.diagnostics import delete_all_data

            left = delete_all_data()
            self._w.save = lambda _settings: None
            self._w.settings = Settings()
            if left:
                self._w.banner.show_message("warning", "Some files could not be deleted.", ", ".join(map(str, left)))
            else:
                self._w.banner.show_message(
                    "good", "All data of this program is deleted.", "The next start is like the first one."
                )

    def offer_recovered(self) -> None:
        """Offer the count that a crash or a power cut ended."""
        found = read_recovery()
        if found is None:
            return
        people = found.counts.people
        word = "person" if people == 1 else "people"
        self._w.keeper.offered()
        self._w.banner.show_message(
            "info",
            f"The last count ended unexpectedly: {people:,} {word} in {found.source or 'the last source'}.",
            "It was kept up to moments before. Take it back, and the next count goes on from it.",
            (("Take it back", lambda: self._take_back(found)), ("Forget it", self._forget_recovered)),
            waits=True,
        )

    def _take_back(self, found: Recovered) -> None:
        # The files stay until the next count is written over them or the program ends as it should.
        self._w.keeper.answered()
        self._w.controller.take_back(found.counts, found.events)
        self._w.presenter.show_figures()
        self._w.banner.dismiss()
        self._w.count.enable_undo()

    def _forget_recovered(self) -> None:
        self._w.keeper.answered()
        # A count under way may already have been kept in the place of the one offered; that one stays.
        if not self._w.controller.active:
            forget_recovery()
        self._w.banner.dismiss()

    def show_crash(self, sentence: str, detail: str) -> None:
        """Report an uncaught exception."""
        self._w.banner.show_message("error", sentence, detail, (("Show the report", self._show_report),))

    def _show_report(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(report_path())))
