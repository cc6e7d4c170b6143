"""The buttons that hand a report on: Save PDF, Table, Copy and Print."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from desktop_app.ui.results import dialogs
from desktop_app.ui.results.chosen import ChosenCount
from desktop_app.ui.results.header import Header
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.file_saver import PDF_KIND, FileSaver
from desktop_app.ui.widgets.tasks import Tasks
from desktop_app.ui.widgets.texts import tr

if TYPE_CHECKING:
    from desktop_app.ui.results.reading import ReadCount


class HandOn(QObject):
    """Writes on a thread, and says in the banner what was done."""

    def __init__(
        self,
        window: QWidget,
        chosen: ChosenCount,
        tasks: Tasks,
        header: Header,
        banner: Banner,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._chosen = chosen
        self._tasks = tasks
        self._banner = banner
        self.saver = FileSaver(window, tasks, banner)
        self.ask_existing: Callable[[str, QWidget | None], str] = dialogs.ask_about_existing
        header.save_pdf.clicked.connect(partial(self._save_clicked, "pdf", False))
        header.copy.clicked.connect(self.copy)
        header.print_.clicked.connect(self.print_report)
        menu = header.table.menu()
        for words, what, for_excel in (
            (tr("Spreadsheet (XLSX)"), "xlsx", False),
            (tr("CSV for Excel"), "csv", True),
            (tr("CSV for other programs"), "csv", False),
            (tr("JSON for programs"), "json", False),
            (tr("Charts as pictures (PNG)"), "png", False),
            (tr("Charts as drawings (SVG)"), "svg", False),
        ):
            menu.addAction(words).triggered.connect(partial(self._save_clicked, what, for_excel))

    def _save_clicked(self, what: str, for_excel: bool, _on: bool = False) -> None:
        self.save(what, for_excel=for_excel)

    def save(self, what: str, *, for_excel: bool = False) -> None:
        """Save the report in the user's documents, in one of `export.FORMATS` or as `exporting.WITH_RECEIPT`."""
        self._save_to(self.saver.target, "", what, for_excel)

    def save_pdf(self) -> None:
        """Save the report as PDF in the user's documents."""
        self.save("pdf")

    def save_with_receipt(self) -> None:
        """Save the report as PDF with the privacy receipt as a further page."""
        from desktop_app.ui.results.exporting import WITH_RECEIPT

        self.save(WITH_RECEIPT)

    def save_elsewhere(self) -> None:
        """Save the PDF where the operator says, and everything from then on."""
        from desktop_app.ui.results.exporting import stem_of

        if self._chosen.read is None:
            return
        path = self.saver.ask(tr("Save PDF"), f"{stem_of(self._chosen.read)}.pdf", (PDF_KIND,))
        if path is not None:
            self._save_to(path.parent, path.name.removesuffix(path.suffix), "pdf", False, "replace")

    def _save_to(self, folder: Path, stem: str, what: str, for_excel: bool, how: str = "") -> None:
        if self._chosen.read is None:
            self._banner.show_message("info", tr("The report has to be prepared first."), seconds=6)
            return
        self._chosen.with_newest(partial(self._write, folder, stem, what, for_excel, how))

    def _write(self, folder: Path, stem: str, what: str, for_excel: bool, how: str, read: ReadCount) -> None:
        def work() -> object:
            from desktop_app.ui.results.exporting import save, stem_of

            target = folder / (stem or stem_of(read))
            return save(read, target, what, for_excel=for_excel, overwrite=how == "replace", beside=how == "beside")

        self._tasks.begin("save", work, partial(self._saved, folder, stem, what, for_excel))

    def _saved(self, folder: Path, stem: str, what: str, for_excel: bool, result: object) -> None:
        if isinstance(result, list):
            self.saver.say_saved(result[0])
            return
        how = self.ask_existing(str(getattr(result, "path", "")), self._window)
        if how:
            self._save_to(folder, stem, what, for_excel, how)

    def copy(self) -> None:
        """Copy totals and intervals."""
        self._chosen.with_newest(self._copy)

    def _copy(self, read: ReadCount) -> None:
        from desktop_app.ui.results.exporting import clipboard_data

        QGuiApplication.clipboard().setMimeData(clipboard_data(read))
        self._banner.show_message("good", tr("The totals and the table are copied."), seconds=4)

    def print_report(self) -> None:
        """Print the report, after the printer was chosen."""
        self._chosen.with_newest(self._print)

    def _print(self, read: ReadCount) -> None:
        from desktop_app.ui.results.printing import print_pdf

        print_pdf(read.pdf, self._window, self._tasks, self._banner)
