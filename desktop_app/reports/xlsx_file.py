"""A report as a workbook: summary, intervals, agenda, people, corrections and where the figures come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.reports import texts
from desktop_app.reports.comparison import Comparison, in_words
from desktop_app.reports.csv_file import Value, tables
from desktop_app.reports.door_checks import sentences
from desktop_app.reports.report import Report
from desktop_app.reports.texts import plain
from desktop_app.reports.times import duration, span

_MOST_ROWS = 1_048_575
"""A sheet of this format has that many rows under its header."""
_LETTERS_A_LINE = 90
_TIMES = ("start", "end", "counted", "time")
"""Columns of moments, which become real dates."""


def write_xlsx(
    path: Path, report: Report, people: Iterable[PersonRecord], comparison: Comparison | None = None
) -> None:
    """Write a workbook in constant memory. Times are real dates on the local clock. Raises OSError."""
    book = _Book(path)
    summary = book.sheet(texts.SUMMARY)
    summary.set_column(0, 0, 30, book.format({"bold": True, "valign": "top"}))
    summary.set_column(1, 1, 90, book.format({"text_wrap": True, "align": "left", "valign": "top"}))
    for line, (title, value) in enumerate(summary_rows(report, comparison)):
        if isinstance(value, str) and len(value) > _LETTERS_A_LINE:
            summary.set_row(line, 15.0 * -(-len(value) // _LETTERS_A_LINE))
        summary.write_string(line, 0, title)
        _write(summary, line, 1, value)
    for name, (header, rows) in tables(report, people, comparison).items():
        book.table(name.capitalize(), header, rows)
    book.close()


def write_sheet(path: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Write a workbook of one table. Raises OSError."""
    book = _Book(path)
    book.table(name, header, rows)
    book.close()


class _Book:
    """A workbook in constant memory, in which no text becomes a formula, a link or a number."""

    def __init__(self, path: Path) -> None:
        settings = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book = xlsxwriter.Workbook(str(path), settings)
        self.format = self._book.add_format
        self._bold = self.format({"bold": True, "bottom": 1})
        self._when = self.format({"num_format": "yyyy-mm-dd hh:mm:ss"})

    def sheet(self, name: str) -> Worksheet:
        """Add a sheet that is printed as wide as its page, however many pages that takes."""
        sheet = self._book.add_worksheet(name)
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        return sheet

    def table(self, name: str, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
        """Add a sheet with a row of titles and the rows below it. Columns of moments become dates."""
        sheet = self.sheet(name)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        for column, title in enumerate(header):
            sheet.set_column(column, column, 20 if title in _TIMES else 14)
            sheet.write_string(0, column, title, self._bold)
        dates = [column for column, title in enumerate(header) if title in _TIMES]
        for line, row in enumerate(rows, 1):
            if line > _MOST_ROWS:
                break
            for column, value in enumerate(row):
                if column in dates and isinstance(value, str):
                    # The workbook's format has no offsets: it gets the local time, the summary says which zone.
                    moment = datetime.fromisoformat(value).replace(tzinfo=None)
                    sheet.write_datetime(line, column, moment, self._when)
                else:
                    _write(sheet, line, column, value)

    def close(self) -> None:
        """Write the file. Raises OSError."""
        try:
            self._book.close()
        except xlsxwriter.exceptions.FileCreateError as error:
            raise OSError(str(error)) from error


def summary_rows(report: Report, comparison: Comparison | None = None) -> list[tuple[str, Value]]:
    """Return what the report says in short, as (title, value)."""
    auto, options, t = report.automatic, report.options, texts
    rows: list[tuple[str, Value]] = [
        (t.OCCASION, plain(report.name)),
        (t.PLACE, plain(report.place)),
        *([(t.NOTE, plain(report.note))] if report.note else []),
        (t.WHEN, span(report.start_utc, report.end_utc, options.zone)),
        (t.TIME_ZONE, str(options.zone)),
    ]
    figures = ((t.PEOPLE, "people"), (t.APPEAR_FEMALE, "female"), (t.APPEAR_MALE, "male"), (t.UNDECIDED, "undecided"))
    rows += [(title.capitalize(), report.totals.shown(figure) or 0) for title, figure in figures]
    if not options.hides_people:
        rows.append((t.BEFORE_CORRECTIONS, t.counts(auto.people, auto.female, auto.male)))
        rows.append((t.CORRECTIONS, len(report.corrections)))
    rows.append((t.WATCHED.capitalize(), t.part_of(duration(report.watched_s), duration(report.planned_s))))
    for door, total in zip(report.doors, report.door_totals, strict=True):
        people = total.shown("people") or 0
        rows.append((t.DOOR, t.door_people_from(plain(door.name), people, plain(door.source))))
        rows.append((t.DETECTOR_AND_MODEL, f"{door.detector}, {door.model}"))
        rows.append((t.CLOCK, t.clock_words(door.clock)))
    if not options.hides_people:
        rows += [(t.CHECK, plain(text)) for text in sentences(report.checks)]
    if comparison is not None:
        rows.append((t.compared_with(plain(comparison.second.name)), " ".join(in_words(comparison))))
    if options.hides_people:
        rows.append((t.HIDDEN_FIGURES, t.suppressed(options.suppress_below)))
    if report.is_condensed:
        rows.append((t.CONDENSED_ROWS, t.CONDENSED))
    rows += [(t.PROGRAM, report.program), (t.DIGEST, report.digest)]
    return [*rows, (t.PRIVACY_TITLE, t.privacy(report.holds_pictures))]


def _write(sheet: Worksheet, line: int, column: int, value: Value) -> None:
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(line, column, plain(value))
    else:
        sheet.write_number(line, column, value)
