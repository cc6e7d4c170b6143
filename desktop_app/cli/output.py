"""What `headcount count` prints and writes: the table, the JSON and the CSV."""

from __future__ import annotations

import argparse
import csv
import errno
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop_app.cli.checks import STDOUT
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import AGE_BANDS, Counts
from desktop_app.errors import OutputError
from desktop_app.session.headless import RunSummary
from desktop_app.settings import write_atomically
from desktop_app.sources.base import SourceKind
from desktop_app.system.plain_text import printable

PERSON_FIELDS = (
    "id",
    "first_seen_s",
    "last_seen_s",
    "counted_at_s",
    "facing_s",
    "gender",
    "probability",
    "age",
    "age_spread",
    "age_band",
)


@dataclass(frozen=True, slots=True)
class SourceReport:
    """The result of one source.

    `source` has no password in it. `series` are the running totals with their times.
    """

    source: str
    summary: RunSummary
    series: tuple[tuple[float, Counts], ...] = ()
    detector: str = ""
    model: str = ""


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)


def person_record(person: PersonRecord) -> dict[str, Any]:
    """Return one counted person as plain values; times in seconds of the media clock."""
    return {
        "id": person.number,
        "first_seen_s": _rounded(person.first_seen_s),
        "last_seen_s": _rounded(person.last_seen_s),
        "counted_at_s": _rounded(person.counted_s),
        "facing_s": _rounded(person.facing_s),
        "gender": person.gender.value,
        "probability": _rounded(person.probability, 4),
        "age": _rounded(person.age_years, 1),
        "age_spread": _rounded(person.age_spread_years, 1),
        "age_band": person.age_band,
    }


def totals_record(counts: Counts) -> dict[str, int]:
    return {"people": counts.people, "female": counts.female, "male": counts.male, "undecided": counts.undecided}


def json_record(report: SourceReport) -> dict[str, Any]:
    """Return the result of one source, as the JSON output has it."""
    summary = report.summary
    counts = summary.counts
    record: dict[str, Any] = {
        "source": report.source,
        "duration_s": round(summary.duration_s, 3),
        "frames": summary.frames,
        "totals": totals_record(counts),
        "age_bands": {**dict(zip(AGE_BANDS, counts.age_bands, strict=True)), "unknown": counts.age_unknown},
        "people": [person_record(e) for e in summary.people],
        "complete": summary.complete,
        "not_seen": list(summary.omissions),
        "error": None if summary.error is None else str(summary.error),
        "dropped_frames": summary.dropped_frames,
        "detector": report.detector,
        "model": report.model,
    }
    places = _places(report)
    if any(places.values()):
        record["places"] = places
    if report.series:
        record["series"] = [{"time_s": round(t, 3), **totals_record(c), "in_view": c.in_view} for t, c in report.series]
    return record


def _places(report: SourceReport) -> dict[str, dict[str, Any]]:
    lines: dict[str, Any] = {}
    zones: dict[str, Any] = {}
    for (door, name), figures in report.summary.totals.places().items():
        if figures.kind == "line":
            lines[name] = {"in": figures.into, "out": figures.out}
        else:
            people = sum((door, name) in person.visits for person in report.summary.people)
            zones[name] = {
                "visits": figures.visits,
                "people": people,
                "mean_dwell_s": None if figures.mean_dwell_s is None else round(figures.mean_dwell_s, 3),
            }
    return {"lines": lines, "zones": zones}


_TERMINAL_SIGNS = re.compile("[\x7f-\x9f\u200e\u200f\u061c\u2028-\u202e\u2066-\u2069]")


def plain_json(value: object) -> str:
    """Return indented JSON; the control characters beyond ASCII that a terminal obeys are escaped, as JSON may."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return _TERMINAL_SIGNS.sub(lambda match: f"\\u{ord(match.group()):04x}", text) + "\n"


def json_text(reports: Sequence[SourceReport]) -> str:
    """Return one object for one source, a list for several."""
    records = [json_record(r) for r in reports]
    return plain_json(records[0] if len(records) == 1 else records)


def csv_text(reports: Sequence[SourceReport]) -> str:
    """Return one row a counted person, the source first."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("source", *PERSON_FIELDS))
    for report in reports:
        for person in report.summary.people:
            record = person_record(person)
            cells = ["" if record[name] is None else record[name] for name in PERSON_FIELDS]
            writer.writerow((_harmless(report.source), *cells))
    return out.getvalue()


def _harmless(text: str) -> str:
    # A spreadsheet takes a cell that begins so for a formula.
    text = printable(text)
    return "'" + text if text[:1] in ("=", "+", "-", "@") else text


def table_text(reports: Sequence[SourceReport]) -> str:
    """Return the table for the eye."""
    head = ("", "People", "Appears female", "Appears male", "Undecided")
    rows = [(_short(r.source), *map(str, totals_record(r.summary.counts).values())) for r in reports]
    if len(reports) > 1:
        sums = Counter[str]()
        for report in reports:
            sums.update(totals_record(report.summary.counts))
        rows.append(("All sources", *(str(sums[k]) for k in ("people", "female", "male", "undecided"))))
    lines = columns(head, rows)
    ages = [sum(r.summary.counts.age_bands[i] for r in reports) for i in range(len(AGE_BANDS))]
    unknown = sum(r.summary.counts.age_unknown for r in reports)
    age_head = ("Age band", *AGE_BANDS, *(("unknown",) if unknown else ()))
    age_row = ("People", *map(str, ages), *((str(unknown),) if unknown else ()))
    lines += ["", *columns(age_head, [age_row])]
    for report in reports:
        lines += _place_lines(report)
    for report in reports:
        lines += ["", _how_it_went(report)]
    return "\n".join(lines) + "\n"


def _place_lines(report: SourceReport) -> list[str]:
    places = _places(report)
    crossings = [(name, str(c["in"]), str(c["out"])) for name, c in places["lines"].items()]
    visits = [
        (name, str(z["visits"]), str(z["people"]), "–" if z["mean_dwell_s"] is None else f"{z['mean_dwell_s']:.1f} s")
        for name, z in places["zones"].items()
    ]
    lines = ["", *columns(("Line", "In", "Out"), crossings)] if crossings else []
    return lines + (["", *columns(("Zone", "Visits", "People", "Mean stay"), visits)] if visits else [])


def columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table as lines: the first column to the left, the others to the right."""
    widths = [max(len(line[i]) for line in (head, *rows)) for i in range(len(head))]
    return [
        "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]).rstrip()
        for line in (head, *rows)
    ]


def _short(source: str) -> str:
    name = printable(source if "://" in source else Path(source).name or source)
    return name if len(name) <= 44 else name[:20] + "…" + name[-23:]


def _how_it_went(report: SourceReport) -> str:
    summary = report.summary
    text = f"{_short(report.source)}: {summary.frames} frames, {duration_text(summary.duration_s)}"
    info = summary.info
    if info is not None and info.kind is SourceKind.FILE and info.duration_s is None and summary.error is None:
        text += " (the file does not say how long it is)"  # so nobody can say whether it was cut
    if summary.dropped_frames:
        text += f", {summary.dropped_frames} frames dropped"
    if summary.error is not None:
        text += f". Not complete: {summary.error}"
    elif summary.interrupted:
        text += ". Stopped early: the figures are those up to there."
    elif summary.omissions:
        text += ". Not complete: " + " ".join(summary.omissions)
    else:
        text += "."
    return text


def duration_text(seconds: float) -> str:
    """Return a duration for the eye: "12.4 s", "3 min 05 s", "2 h 03 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def write_output(target: str, text: str) -> None:
    """Write a result in one step to a file, or to standard output for "-". Raises OutputError.

    Names that are not UTF-8 are written as escapes, which JSON reads back as the same name.
    """
    data = text.encode("utf-8", "backslashreplace")
    try:
        if target != STDOUT:
            write_atomically(Path(target), data)
        elif sys.stdout is None:
            raise OSError(errno.EBADF, "it is closed")
        else:
            sys.stdout.write(data.decode("utf-8"))
            sys.stdout.flush()
    except BrokenPipeError:
        raise  # the reader has what it wanted
    except (OSError, ValueError) as error:
        where = "Standard output" if target == STDOUT else printable(target)
        raise OutputError(
            f"{where} could not be written ({getattr(error, 'strerror', None) or error}).",
            "Check the disk and the folder's rights.",
        ) from error


def put_out(args: argparse.Namespace, as_json: str, as_csv: str, table: str) -> None:
    """Write what `--json` and `--csv` ask for and, unless `--quiet`, print the table.

    Every one of them is tried, whatever became of the others, so that no count is lost; what failed is raised together
    as one OutputError. Where a result goes to standard output, the table goes to standard error. If a result cannot be
    written, the table is printed although `--quiet` was given: it is all that is left.
    """
    problems: list[OutputError] = []
    for target, text in ((args.json, as_json), (args.csv, as_csv)):
        if target:
            try:
                write_output(target, text)
            except OutputError as error:
                problems.append(error)
    if not args.quiet or problems:
        try:
            stream = sys.stderr if STDOUT in (args.json, args.csv) else sys.stdout
            print(table, end="", file=stream, flush=True)
        except BrokenPipeError:
            raise
        except (OSError, ValueError) as error:
            problems.append(
                OutputError(f"The table could not be printed ({getattr(error, 'strerror', None) or error}).")
            )
    if problems:
        remedies = dict.fromkeys(p.remedy for p in problems if p.remedy)
        raise OutputError(" ".join(p.message for p in problems), " ".join(remedies))
