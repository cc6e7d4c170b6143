"""Puts another kept count beside the chosen one: the page as it prints, and what can be done with it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop_app.errors import HeadcountError
from desktop_app.ui.results import dialogs
from desktop_app.ui.results.count_list import CountList
from desktop_app.ui.results.printing import print_pdf
from desktop_app.ui.results.report_view import ReportView
from desktop_app.ui.sessions.kept_counts import KeptCount, KeptCounts
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.file_saver import PDF_KIND, TABLE_KINDS, FileSaver
from desktop_app.ui.widgets.sizes import resize_to_fit
from desktop_app.ui.widgets.tasks import Tasks
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme

if TYPE_CHECKING:
    from desktop_app.reports.comparison import Comparison
    from desktop_app.ui.results.reading import ReadCount

Pictures = list[NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class ReadComparison:
    """Two counts beside each other, and the page about them as PDF."""

    comparison: Comparison
    pdf: bytes


def read_comparison(
    kept: KeptCounts,
    first: KeptCount,
    second: KeptCount,
    minutes: int = 0,
    hide_below: int = 0,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> ReadComparison | None:
    """Read two counts with intervals of the same length, 0 for one that suits both. None where it was cancelled.

    Takes minutes for long counts. Raises HeadcountError.
    """
    from desktop_app.reports.comparison import compare
    from desktop_app.reports.comparison_page import comparison_pdf
    from desktop_app.ui.results.reading import CancelledError, read_count, read_long_count

    def read(count: KeptCount, minutes: int) -> ReadCount:
        if kept.is_long(count):
            return read_long_count(kept, count, minutes, hide_below, is_cancelled)
        return read_count(kept, count.id, minutes, hide_below)

    try:
        reads = [read(count, minutes) for count in (first, second)]
        longest = max(r.report.options.minutes for r in reads)
        reports = [
            (r if r.report.options.minutes == longest else read(count, longest)).report
            for count, r in zip((first, second), reads, strict=True)
        ]
    except CancelledError:
        return None
    comparison = compare(*reports)
    return ReadComparison(comparison, comparison_pdf(comparison))


class ComparisonDialog(QDialog):
    """Shows the page of a comparison, and saves and prints it."""

    def __init__(self, read: ReadComparison, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Two counts beside each other"))
        resize_to_fit(self, 760, 720)
        self._read = read
        self.banner = Banner(theme)
        self.tasks = Tasks(self._failed, self)
        self.saver = FileSaver(self, self.tasks, self.banner)
        self.page = ReportView(theme)
        self.page.setAccessibleName(tr("Comparison"))
        self.save_pdf = QPushButton(tr("Save PDF…"))
        self.save_pdf.setProperty("primary", "true")
        self.save_pdf.setToolTip(tr("Save this page as PDF"))
        self.save_pdf.setDefault(True)
        self.table = QPushButton(tr("Save table…"))
        self.table.setToolTip(tr("Save both counts, interval by interval, for a spreadsheet"))
        self.print_ = QPushButton(tr("Print"))
        self.print_.setToolTip(tr("Print this page"))
        close = QPushButton(tr("Close"))
        row = QHBoxLayout()
        row.setSpacing(6)
        for button in (self.save_pdf, self.table, self.print_):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(8)
        column.addWidget(self.banner)
        column.addWidget(self.page, 1)
        column.addLayout(row)
        self.save_pdf.clicked.connect(self._save_pdf)
        self.table.clicked.connect(self._save_table)
        self.print_.clicked.connect(self._print)
        close.clicked.connect(self.reject)
        self.page.size_wanted.connect(self._draw)
        self.page.show_note(tr("Preparing the report…"))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw(self.page.pixels_a_point())

    @property
    def _name(self) -> str:
        from desktop_app.reports.export import file_stem

        return f"{file_stem(self._read.comparison.first)}-compared"

    @Slot(float)
    def _draw(self, pixels_a_point: float) -> None:
        from desktop_app.reports.pdf_image import page_images

        def show(pictures: Pictures) -> None:
            from desktop_app.reports.comparison import in_words

            self.page.show_pages(pictures, pixels_a_point, " ".join(in_words(self._read.comparison)))

        self.tasks.begin("draw", lambda: page_images(self._read.pdf, pixels_a_point), show)

    @Slot()
    def _save_pdf(self) -> None:
        from desktop_app.reports.export import write_whole

        def write(path: Path) -> None:
            write_whole(path, lambda target: target.write_bytes(self._read.pdf))

        self.saver.save_as(tr("Save PDF"), f"{self._name}.pdf", (PDF_KIND,), write)

    @Slot()
    def _save_table(self) -> None:
        from desktop_app.reports.csv_file import COMPARISON_FIELDS, comparison_rows
        from desktop_app.reports.export import save_table

        def write(path: Path) -> None:
            save_table(path, tr("Comparison"), COMPARISON_FIELDS, comparison_rows(self._read.comparison))

        self.saver.save_as(tr("Save table"), f"{self._name}.xlsx", TABLE_KINDS, write)

    @Slot()
    def _print(self) -> None:
        print_pdf(self._read.pdf, self, self.tasks, self.banner)

    def _failed(self, error: HeadcountError) -> None:
        self.banner.show_message("warning", error.message, error.remedy)


class Comparing(QObject):
    """Asks for the other count, reads both on a thread, and shows them."""

    def __init__(
        self,
        window: QWidget,
        kept: Callable[[], KeptCounts],
        counts: CountList,
        choices: Callable[[], tuple[int, int]],
        banner: Banner,
        theme: Callable[[], Theme],
    ) -> None:
        """`choices` gives the length of an interval in minutes, and below how many people figures are hidden."""
        super().__init__(window)
        self._window = window
        self._kept = kept
        self._list = counts
        self._choices = choices
        self._banner = banner
        self._theme = theme
        self._tasks = Tasks(self._failed, self)
        self._cancelled = threading.Event()
        self.dialog: ComparisonDialog | None = None
        """What is shown, None for nothing."""

    @property
    def busy(self) -> bool:
        return self._tasks.busy

    def choose(self) -> None:
        """Ask for another count and put it beside the chosen one."""
        count = self._list.chosen
        if count is None:
            return
        others = [c for c in self._list.counts.counts if c.id != count.id]
        if not others:
            words = tr("There is no other count to compare with.")
            self._banner.show_message("info", words, seconds=6)
            return
        other = dialogs.ask_other(dialogs.compare_dialog(count, others, self._theme(), self._window))
        if other is not None:
            self.compare_with(other)

    def compare_with(self, other: KeptCount) -> None:
        """Put another count beside the chosen one."""
        count, kept = self._list.chosen, self._kept()
        if count is None:
            return
        minutes, hide_below = self._choices()
        self._cancelled = cancelled = threading.Event()

        def work() -> ReadComparison | None:
            return read_comparison(kept, count, other, minutes, hide_below, cancelled.is_set)

        words = tr("Putting both counts beside each other…")
        self._banner.show_message("info", words, "", ((tr("Cancel"), self.cancel),))
        self._tasks.begin("compare", work, self._show)

    def cancel(self) -> None:
        """Read no further."""
        self._cancelled.set()
        self._banner.dismiss()

    def _show(self, read: ReadComparison | None) -> None:
        if read is None or self._cancelled.is_set():
            return
        self._banner.dismiss()
        self.dialog = ComparisonDialog(read, self._theme(), self._window)
        self.dialog.finished.connect(self._closed)
        self.dialog.open()

    @Slot()
    def _closed(self) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.tasks.shut_down(2.0)
            dialog.deleteLater()

    def _failed(self, error: HeadcountError) -> None:
        self._banner.show_message("warning", error.message, error.remedy)

    def shut_down(self, seconds: float) -> bool:
        """Close what is shown and wait for what is read; return False where it would not end in time."""
        self._cancelled.set()
        if self.dialog is not None:
            self.dialog.close()
        return self._tasks.shut_down(seconds)
