"""A report as a workbook: summary, intervals, agenda, people, corrections and where the figures come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.reports.csv_file import (
    CORRECTION_FIELDS,
    INTERVAL_FIELDS,
    PERSON_FIELDS,
    Value,
    correction_rows,
    interval_rows,
    person_rows,
)
from desktop_app.reports.report import Report
from desktop_app.reports.texts import plain
from desktop_app.reports.times import duration, span

_MOST_ROWS = 1_048_575
"""A sheet of this format has that many rows under its header."""

PRIVACY = "No picture and no face descriptor was stored. People are counted as they appear, in aggregate."


def write_xlsx(path: Path, report: Report, people: Iterable[PersonRecord]) -> None:
    """Write a workbook in constant memory. Times are real dates on the local clock. Raises OSError."""
    settings = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(str(path), settings)
    bold = book.add_format({"bold": True, "bottom": 1})
    when = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})

    def table(name: str, header: Sequence[str], rows: Iterable[Sequence[Value]], dates: Sequence[int] = ()) -> None:
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for column, title in enumerate(header):
            sheet.set_column(column, column, 20 if column in dates else 14)
            sheet.write_string(0, column, title, bold)
        for line, row in enumerate(rows, 1):
            if line > _MOST_ROWS:
                break
            for column, value in enumerate(row):
                if column in dates and isinstance(value, str):
                    # The workbook's format has no offsets: it gets the local time, the summary says which zone.
                    sheet.write_datetime(line, column, datetime.fromisoformat(value).replace(tzinfo=None), when)
                else:
                    _write(sheet, line, column, value)

    options = report.options
    summary = book.add_worksheet("Summary")
    summary.set_column(0, 0, 30)
    summary.set_column(1, 1, 60)
    for line, (title, value) in enumerate(summary_rows(report)):
        summary.write_string(line, 0, title, bold)
        _write(summary, line, 1, value)
    table("Intervals", INTERVAL_FIELDS, interval_rows(report.intervals, options), (0, 1))
    if report.agenda:
        table("Agenda", INTERVAL_FIELDS, interval_rows(report.agenda, options), (0, 1))
    table("People", PERSON_FIELDS, person_rows(people, options), (2,))
    table("Corrections", CORRECTION_FIELDS, correction_rows(report), (0,))
    try:
        book.close()
    except xlsxwriter.exceptions.FileCreateError as error:
        raise OSError(str(error)) from error


def summary_rows(report: Report) -> list[tuple[str, Value]]:
    """Return what the report says in short, as (title, value)."""
    counts, auto = report.counts, report.automatic
    rows: list[tuple[str, Value]] = [
        ("Occasion", plain(report.name)),
        ("Place", plain(report.place)),
        *([("Note", plain(report.note))] if report.note else []),
        ("When", span(report.start_utc, report.end_utc, report.options.zone)),
        ("Time zone", str(report.options.zone)),
        ("People", counts.people),
        ("Appear female", counts.female),
        ("Appear male", counts.male),
        ("Undecided", counts.undecided),
        ("Before corrections", f"{auto.people} people, {auto.female} female, {auto.male} male"),
        ("Corrections", len(report.corrections)),
        ("Watched", f"{duration(report.watched_s)} of {duration(report.planned_s)}"),
    ]
    for door in report.doors:
        rows.append(("Door", f"{plain(door.name)}: {door.counts.people} people, from {plain(door.source)}"))
        rows.append(("Detector and model", f"{door.detector}, {door.model}"))
        rows.append(("Clock", door.clock))
    rows += [("Program", report.program), ("Digest of the log", report.digest), ("Privacy", PRIVACY)]
    return rows


def _write(sheet: Worksheet, line: int, column: int, value: Value) -> None:
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(line, column, plain(value))
    else:
        sheet.write_number(line, column, value)
