"""Hands a report on: saved as a file, copied, or printed."""

from __future__ import annotations

import html
from dataclasses import dataclass
from itertools import count as count_up
from pathlib import Path

from PySide6.QtCore import QMimeData

from desktop_app.reports.csv_file import INTERVAL_FIELDS, interval_rows
from desktop_app.reports.report import Report
from desktop_app.reports.texts import cell, plain
from desktop_app.reports.times import interval
from desktop_app.ui.figures.totals import totals_words
from desktop_app.ui.results.reading import ReadCount
from desktop_app.ui.widgets.texts import tr

WITH_RECEIPT = "pdf with receipt"
"""The PDF with a further page, on what was stored of the count and where it connected to."""
_FIRST_ENDING = {
    "csv": ".intervals.csv",
    "svg": ".arrivals.svg",
    "png": ".arrivals.png",
    WITH_RECEIPT: ".pdf",
}
"""Of a format that writes several files, the one by which it is seen whether they are there."""


@dataclass(frozen=True, slots=True)
class Exists:
    """The file is there already, and nothing was written."""

    path: Path


def save(
    read: ReadCount, stem: Path, what: str, *, for_excel: bool = False, overwrite: bool = False, beside: bool = False
) -> list[Path] | Exists:
    """Write the report in the format `what` as `stem` plus ending; return the files, or `Exists`.

    With `overwrite` a file that is there is replaced, with `beside` another name is taken. May wait for the disk.
    Raises OutputError with a plain sentence where the disk refuses; nothing half written is left.
    """
    from desktop_app.reports.export import Extras, export
    from desktop_app.reports.receipt import build_receipt
    from desktop_app.settings import load_settings
    from desktop_app.store.files import DATABASE_NAME

    extras = Extras()
    if what == WITH_RECEIPT:
        keep_days = load_settings().settings.keep.people_days
        extras = Extras(receipt=build_receipt(read.report, DATABASE_NAME, keep_days))
    ending = _FIRST_ENDING.get(what, f".{what}")
    first = stem.with_name(stem.name + ending)
    if first.exists() and not overwrite:
        if not beside:
            return Exists(first)
        numbered = (stem.with_name(f"{stem.name} ({number})") for number in count_up(2))
        stem = next(s for s in numbered if not s.with_name(s.name + ending).exists())
    form = "pdf" if what == WITH_RECEIPT else what
    return export(read.report, read.people, stem, [form], for_excel=for_excel, overwrite=overwrite, extras=extras)


def stem_of(read: ReadCount) -> str:
    """Return the name of the files of a report, without ending."""
    from desktop_app.reports.export import file_stem

    return file_stem(read.report)


def clipboard_data(read: ReadCount) -> QMimeData:
    """Return the totals and the table of intervals, as text with tabs and as a table for a text program."""
    report = read.report
    zone = report.options.zone
    head = [tr("Time"), tr("People"), tr("Female"), tr("Male"), tr("Undecided"), tr("In"), tr("Out")]
    fields = [INTERVAL_FIELDS.index(name) for name in ("people", "female", "male", "undecided", "in", "out")]
    rows = []
    for row, i in zip(interval_rows(report.intervals, report.options), report.intervals, strict=True):
        time = interval(i.start_utc, i.end_utc, zone, with_date=True)
        rows.append([time, *("–" if row[field] is None else str(row[field]) for field in fields)])
    about = ", ".join(part for part in (plain(report.name), plain(report.place)) if part)
    totals = report_words(report)
    sentence = cell(f"{about}: {totals}" if about else totals)
    data = QMimeData()
    data.setText("\n".join([sentence, "", "\t".join(head), *("\t".join(row) for row in rows)]))
    cells = "".join(_table_row(row, "td") for row in rows)
    data.setHtml(f"<p>{html.escape(sentence)}</p><table>{_table_row(head, 'th')}{cells}</table>")
    return data


def report_words(report: Report) -> str:
    """Return the totals of a report as one plain sentence, with what must not be shown hidden."""
    if not report.options.hides_people:
        return totals_words(report.counts)
    figures = {name: report.totals.shown(name) or 0 for name in ("people", "female", "male", "undecided")}
    return tr(
        "{people} people: {female} appear female, {male} appear male, {undecided} undecided",
        **{name: f"{value:,}" if isinstance(value, int) else value for name, value in figures.items()},
    )


def _table_row(cells: list[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
