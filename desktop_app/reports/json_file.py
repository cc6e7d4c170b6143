"""A report as JSON, after the schema in `resources/schemas/report.schema.json`."""

from __future__ import annotations

from typing import Any

from desktop_app.domain.types import Counts
from desktop_app.reports.csv_file import CORRECTION_FIELDS, INTERVAL_FIELDS, correction_rows, hidden, interval_rows
from desktop_app.reports.report import Report
from desktop_app.reports.texts import plain
from desktop_app.reports.times import iso

SCHEMA_VERSION = 1


def report_values(report: Report) -> dict[str, Any]:
    """Return a report as values that JSON has."""
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
        "totals": _counts(report.counts),
        "automatic": _counts(report.automatic),
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
                "totals": _counts(d.counts),
            }
            for d in report.doors
        ],
        "places": [
            {
                "door": plain(door),
                "name": plain(name),
                "kind": f.kind,
                "in": f.into,
                "out": f.out,
                "visits": f.visits,
                "mean_stay_s": round(f.mean_dwell_s, 1),
            }
            for door, name, f in report.places
        ],
        "intervals": [dict(zip(INTERVAL_FIELDS, row, strict=True)) for row in interval_rows(report.intervals, options)],
        "agenda": [dict(zip(INTERVAL_FIELDS, row, strict=True)) for row in interval_rows(report.agenda, options)],
        "peak": None if report.peak is None else iso(report.peak.start_utc, zone),
        "ages": {
            band: {
                name: hidden(number, options.suppress_below)
                for name, number in zip(("female", "male", "undecided"), numbers, strict=True)
            }
            for band, *numbers in report.pyramid
        },
        "corrections": [dict(zip(CORRECTION_FIELDS, row, strict=True)) for row in correction_rows(report)],
        "digest": report.digest,
    }


def _counts(counts: Counts) -> dict[str, int]:
    return {"people": counts.people, "female": counts.female, "male": counts.male, "undecided": counts.undecided}
