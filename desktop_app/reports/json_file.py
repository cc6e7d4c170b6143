"""A report as JSON, after the schema in `resources/schemas/report.schema.json`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from desktop_app.reports import intervals
from desktop_app.reports.check import Interval, count_ratio, is_within, women_share
from desktop_app.reports.comparison import Comparison
from desktop_app.reports.csv_file import (
    AGE_FIELDS,
    COMPARISON_FIELDS,
    CORRECTION_FIELDS,
    DOOR_FIELDS,
    INTERVAL_FIELDS,
    PLACE_FIELDS,
    Value,
    age_rows,
    comparison_rows,
    correction_rows,
    door_rows,
    interval_rows,
    place_rows,
)
from desktop_app.reports.door_checks import DoorCheck, sentence
from desktop_app.reports.report import Report
from desktop_app.reports.suppression import HIDDEN
from desktop_app.reports.texts import plain
from desktop_app.reports.times import iso

SCHEMA_VERSION = 2


def report_values(report: Report, comparison: Comparison | None = None) -> dict[str, Any]:
    """Return a report, and what it is compared with, as values that JSON has."""
    options = report.options
    zone = options.zone
    return {
        "schema": SCHEMA_VERSION,
        "program": report.program,
        "session": report.session_id,
        "name": plain(report.name),
        "place": plain(report.place),
        "note": plain(report.note),
        "start": iso(report.start_utc, zone),
        "end": iso(report.end_utc, zone),
        "time_zone": str(zone),
        "totals": _shown(report.totals),
        "automatic": _automatic(report),
        "watched_s": round(report.watched_s),
        "planned_s": round(report.planned_s),
        "interval_minutes": options.minutes,
        "suppress_below": options.suppress_below,
        "doors": [
            {
                "id": d.id,
                "name": plain(d.name),
                "source": plain(d.source),
                "clock": d.clock,
                "detector": d.detector,
                "model": d.model,
                "totals": _shown(total),
            }
            for d, total in zip(report.doors, report.door_totals, strict=True)
        ],
        "places": _objects(PLACE_FIELDS, place_rows(report)),
        "intervals": _objects(INTERVAL_FIELDS, interval_rows(report.intervals, options)),
        "door_intervals": _objects(DOOR_FIELDS, door_rows(report)),
        "agenda": _objects(INTERVAL_FIELDS, interval_rows(report.agenda, options)),
        "peak": None if report.peak is None else iso(report.peak.start_utc, zone),
        "ages": {band: dict(zip(AGE_FIELDS[1:], numbers, strict=True)) for band, *numbers in age_rows(report)},
        "corrections": _objects(CORRECTION_FIELDS, correction_rows(report)),
        "checks": [] if options.hides_people else [_check(check) for check in report.checks],
        "files": [{"what": file.what, "path": plain(file.path)} for file in report.files],
        "condensed": report.is_condensed,
        "comparison": None if comparison is None else _comparison(comparison),
        "digest": report.digest,
    }


def _objects(fields: Sequence[str], rows: Iterable[Sequence[Value]]) -> list[dict[str, Value]]:
    return [dict(zip(fields, row, strict=True)) for row in rows]


def _check(check: DoorCheck) -> dict[str, Any]:
    found = check.check
    share, ratio = women_share(found, check.card), count_ratio(found)
    return {
        "door": plain(check.name),
        "door_id": check.door,
        "counted": found.counted,
        "checked": found.checked,
        "passed": found.passed,
        "missed": found.missed,
        "labels": {
            gender.value: {
                "counted": s.counted,
                "female": s.female,
                "male": s.male,
                "unclear": s.unclear,
                "nobody": s.false,
            }
            for gender, s in found.strata.items()
        },
        "women_share": _interval(share),
        "true_by_counted": _interval(ratio),
        "within_5_percent": is_within(found),
        "sentence": sentence(found, check.card),
    }


def _interval(interval: Interval | None) -> dict[str, float] | None:
    if interval is None:
        return None
    return {name: round(getattr(interval, name), 4) for name in ("estimate", "low", "high")}


def _shown(totals: intervals.Interval) -> dict[str, int | str]:
    return {name: totals.shown(name) or 0 for name in ("people", "female", "male", "undecided")}


def _automatic(report: Report) -> dict[str, int | str]:
    """Return the totals before corrections; beside those after them they would tell of the few who were corrected."""
    auto = report.automatic
    numbers = {"people": auto.people, "female": auto.female, "male": auto.male, "undecided": auto.undecided}
    return {name: HIDDEN if report.options.hides_people else number for name, number in numbers.items()}


def _comparison(comparison: Comparison) -> dict[str, Any]:
    other, share = comparison.second, comparison.share
    return {
        "session": other.session_id,
        "name": plain(other.name),
        "start": iso(other.start_utc, other.options.zone),
        "by_clock": comparison.by_clock,
        "women_share": None
        if share is None or comparison.first.options.hides_people
        else {"here": share.first, "there": share.second, "difference_95": [share.low, share.high]},
        "rows": _objects(COMPARISON_FIELDS, comparison_rows(comparison)),
    }
