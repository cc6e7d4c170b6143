"""People, intervals and corrections as CSV: RFC 4180 for machines, or as the local spreadsheet opens it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from desktop_app.domain.events import Added, Corrected, Merged, PersonEvent, Split
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.reports.intervals import Interval
from desktop_app.reports.report import Report, ReportOptions
from desktop_app.reports.texts import cell
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
    *("number", "door", "counted", "gender", "automatic_gender", "age_band", "automatic_age_band"),
    *("probability", "age", "dwell_s", "facing_s", "corrected", "added_by_hand"),
)

CORRECTION_FIELDS = ("time", "what", "person", "old", "new", "operator", "note")


def interval_rows(intervals: Iterable[Interval], options: ReportOptions) -> Iterator[tuple[Value, ...]]:
    """Return one row an interval, as `INTERVAL_FIELDS`. Where nobody was watching, figures are None, not 0."""
    for i in intervals:
        times = (iso(i.start_utc, options.zone), iso(i.end_utc, options.zone), i.name)
        numbers: tuple[Value, ...] = (i.people, i.female, i.male, i.undecided, i.into, i.out)
        if i.is_missing:
            numbers = (None,) * 6
        elif options.suppress_below:
            numbers = tuple(hidden(n, options.suppress_below) for n in numbers if isinstance(n, int))
        yield (*times, *numbers, i.inside, round(i.watched_s))


def hidden(number: int, below: int) -> Value:
    """Return a figure, or "<5" for one of fewer people than `below`, which might tell of somebody."""
    return f"<{below}" if 0 < number < below else number


def person_rows(people: Iterable[PersonRecord], options: ReportOptions) -> Iterator[tuple[Value, ...]]:
    """Return one row a person who counts, as `PERSON_FIELDS`."""
    for p in people:
        if p.counts:
            yield (
                p.number or None,
                p.door,
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
    which they count.
    """
    for entry in report.corrections:
        event, time = entry.event, iso(entry.utc, report.options.zone)
        person = report.numbers.get(event.person) if isinstance(event, PersonEvent) else None
        if isinstance(event, Corrected):
            yield (time, event.what, person, event.old, event.new, event.operator, event.note)
        elif isinstance(event, Added):
            yield (time, "added", person, "", event.gender.value, event.operator, event.note)
        elif isinstance(event, Merged):
            yield (time, "same person", person, "", report.numbers.get(event.into), "", "")
        elif isinstance(event, Split):
            yield (time, "split", person, "", "", event.operator, "")


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
    return cell(value) if isinstance(value, str) else str(value)


def write_report(
    file: IO[str],
    report: Report,
    people: Iterable[PersonRecord],
    what: str = "intervals",
    flavour: CsvFlavour = FOR_MACHINES,
) -> None:
    """Write one table of a report: "intervals", "agenda", "people" or "corrections". Raises ValueError for another."""
    options = report.options
    tables = {
        "intervals": (INTERVAL_FIELDS, interval_rows(report.intervals, options)),
        "agenda": (INTERVAL_FIELDS, interval_rows(report.agenda, options)),
        "people": (PERSON_FIELDS, person_rows(people, options)),
        "corrections": (CORRECTION_FIELDS, correction_rows(report)),
    }
    if what not in tables:
        raise ValueError(f"{what!r} is no table of a report; one of {', '.join(tables)} is")
    write_csv(file, *tables[what], flavour)
