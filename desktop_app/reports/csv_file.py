"""The tables of a report, and CSV: RFC 4180 for machines, or as the local spreadsheet opens it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from desktop_app.domain.events import Added, Corrected, Merged, PersonEvent, Split
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.reports.comparison import Comparison
from desktop_app.reports.intervals import FIGURES, Interval
from desktop_app.reports.report import Report, ReportOptions
from desktop_app.reports.texts import cell, plain
from desktop_app.reports.times import iso

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class CsvFlavour:
    """How numbers and cells are written. `bom` lets Excel see that the file is UTF-8."""

    separator: str = ","
    decimal: str = "."
    bom: bool = False


FOR_MACHINES = CsvFlavour()


def for_excel(decimal: str) -> CsvFlavour:
    """Return what the spreadsheet of a locale with this decimal sign opens with a double click."""
    return CsvFlavour(";" if decimal == "," else ",", decimal, bom=True)


INTERVAL_FIELDS = (
    *("start", "end", "name", "people", "female", "male", "undecided"),
    *("in", "out", "inside", "watched_s"),
)

PERSON_FIELDS = (
    *("number", "door", "door_id", "counted", "gender", "automatic_gender", "age_band", "automatic_age_band"),
    *("probability", "age", "dwell_s", "facing_s", "corrected", "added_by_hand"),
)

CORRECTION_FIELDS = ("time", "what", "door", "door_id", "person", "old", "new", "operator", "note")


def interval_rows(intervals: Iterable[Interval], options: ReportOptions) -> Iterator[tuple[Value, ...]]:
    """Return one row an interval, as `INTERVAL_FIELDS`. Where nobody was watching, figures are None, not 0."""
    for i in intervals:
        times = (iso(i.start_utc, options.zone), iso(i.end_utc, options.zone), i.name)
        yield (*times, *(i.shown(figure) for figure in (*FIGURES, "inside")), round(i.watched_s))


DOOR_FIELDS = ("door", "door_id", *INTERVAL_FIELDS)


def door_rows(report: Report) -> Iterator[tuple[Value, ...]]:
    """Return one row an interval of each door, as `DOOR_FIELDS`; none where there is only one door."""
    for door, intervals in report.door_intervals:
        for row in interval_rows(intervals, report.options):
            yield (*_door(report, door), *row)


PLACE_FIELDS = ("door", "door_id", "name", "kind", "in", "out", "visits", "mean_stay_s")


def place_rows(report: Report) -> Iterator[tuple[Value, ...]]:
    """Return one row a line and zone, as `PLACE_FIELDS`."""
    for row in report.places:
        figures = (row.shown("into"), row.shown("out"), row.shown("visits"))
        stay_s = None if row.mean_stay_s is None else round(row.mean_stay_s, 1)
        yield (*_door(report, row.door), plain(row.name), row.figures.kind, *figures, stay_s)


AGE_FIELDS = ("age_band", "female", "male", "undecided")


def age_rows(report: Report) -> Iterator[tuple[Value, ...]]:
    """Return one row an age band, as `AGE_FIELDS`."""
    for row in report.pyramid:
        yield (row.band, *(row.shown(figure) for figure in AGE_FIELDS[1:]))


_COMPARED = ("people", "female", "male", "undecided")
COMPARISON_FIELDS = ("name", *(f"{side}_{figure}" for side in ("here", "there") for figure in _COMPARED), "difference")


def comparison_rows(comparison: Comparison) -> Iterator[tuple[Value, ...]]:
    """Return one row an agenda item and interval of two counts, as `COMPARISON_FIELDS`."""
    for row in (*comparison.agenda, *comparison.rows):
        pair = (row.first, row.second)
        figures = (None if i is None else i.shown(figure) for i in pair for figure in _COMPARED)
        yield (row.name, *figures, row.difference("people"))


def person_rows(people: Iterable[PersonRecord], report: Report) -> Iterator[tuple[Value, ...]]:
    """Return one row a person who counts, as `PERSON_FIELDS`: none where nothing may be said of single people."""
    options = report.options
    doors = {door.id: _door(report, door.id) for door in report.doors}
    for p in people if not options.hides_people else ():
        if p.counts and not p.is_condensed:
            yield (
                p.number or None,
                *(doors.get(p.door) or _door(report, p.door)),
                iso(p.counted_utc, options.zone),
                p.gender.value,
                p.auto_gender.value,
                p.age_band,
                p.auto_age_band,
                round(p.probability, 3),
                None if p.age_years is None else round(p.age_years, 1),
                round(p.dwell_s, 1),
                round(p.facing_s, 1),
                " ".join(p.corrected),
                int(p.is_added),
            )


def correction_rows(report: Report) -> Iterator[tuple[Value, ...]]:
    """Return one row a decision of the operator that holds, as `CORRECTION_FIELDS`.

    People have their numbers as in `person_rows`; whoever was added by hand has none. Somebody added has the time at
    which they count. There are none where nothing may be said of single people.
    """
    for entry in report.corrections if not report.options.hides_people else ():
        event, time = entry.event, iso(entry.utc, report.options.zone)
        if not isinstance(event, PersonEvent):
            continue
        whom = (*_door(report, report.corrected_at.get(event.person, "")), report.numbers.get(event.person))
        if isinstance(event, Corrected):
            yield (time, event.what, *whom, event.old, event.new, event.operator, event.note)
        elif isinstance(event, Added):
            yield (time, "added", *whom, "", event.gender.value, event.operator, event.note)
        elif isinstance(event, Merged):
            yield (time, "same person", *whom, "", report.numbers.get(event.into), event.operator, "")
        elif isinstance(event, Split):
            yield (time, "split", *whom, "", "", event.operator, "")


def _door(report: Report, door: str) -> tuple[str, str]:
    """Return what every table calls a door: its name, which no other door of the report has, and its id."""
    return plain(report.door_name(door)), plain(door)


def write_csv(
    file: IO[str], header: Sequence[str], rows: Iterable[Sequence[Value]], flavour: CsvFlavour = FOR_MACHINES
) -> None:
    """Write rows as they come, so that memory does not grow with them. `file` is opened with `newline=""`."""
    if flavour.bom:
        file.write("\ufeff")
    writer = csv.writer(file, delimiter=flavour.separator, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_text(value, flavour) for value in row])


def _text(value: Value, flavour: CsvFlavour) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return str(value).replace(".", flavour.decimal)
    if not isinstance(value, str):
        return str(value)
    # Read with the other separator, as by a spreadsheet of another country, a part of a text is a cell of its own.
    other = "," if flavour.separator == ";" else ";"
    return re.sub(rf"({other}[\s\"']*)(?=[=+\-@])", r"\1'", cell(value))


def tables(
    report: Report, people: Iterable[PersonRecord], comparison: Comparison | None = None
) -> dict[str, tuple[Sequence[str], Iterable[Sequence[Value]]]]:
    """Return every table that this report has, as name -> (header, rows). The rows are read as they are asked for."""
    options = report.options
    found: dict[str, tuple[Sequence[str], Iterable[Sequence[Value]]]] = {
        "intervals": (INTERVAL_FIELDS, interval_rows(report.intervals, options))
    }
    if report.agenda:
        found["agenda"] = (INTERVAL_FIELDS, interval_rows(report.agenda, options))
    if report.door_intervals:
        found["doors"] = (DOOR_FIELDS, door_rows(report))
    if report.places:
        found["places"] = (PLACE_FIELDS, place_rows(report))
    found["ages"] = (AGE_FIELDS, age_rows(report))
    if comparison is not None:
        found["comparison"] = (COMPARISON_FIELDS, comparison_rows(comparison))
    if not options.hides_people:
        found["people"] = (PERSON_FIELDS, person_rows(people, report))
        found["corrections"] = (CORRECTION_FIELDS, correction_rows(report))
    return found
