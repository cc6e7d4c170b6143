"""The command `headcount show`: prints one kept count, beside another one if asked for."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.reports.comparison import Comparison
    from desktop_app.reports.report import Report


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount show` to the command line."""
    show = commands.add_parser("show", help="print a kept count", description="Print a kept count.")
    show.add_argument("session", metavar="ID", help="beginning of its id as “headcount sessions” lists it, or “last”")
    show.add_argument("--people", action="store_true", help="list the people, too")
    show.add_argument("--against", metavar="ID", help="put another kept count beside it")
    show.add_argument("--minutes", type=int, default=60, metavar="N", help="length of the intervals (default: 60)")
    show.add_argument("--time-zone", metavar="NAME", help="like Europe/Berlin (default: this computer's)")
    show.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print totals, intervals and, if asked for, the comparison and the people."""
    from contextlib import ExitStack

    from desktop_app.cli.kept import check_minutes, find_session, reading_report, reading_store, zone_from
    from desktop_app.cli.output import columns
    from desktop_app.reports.comparison import compare
    from desktop_app.reports.csv_file import PERSON_FIELDS, person_rows
    from desktop_app.reports.report import ReportOptions
    from desktop_app.reports.xlsx_file import summary_rows

    check_minutes(args.minutes)
    options = ReportOptions(args.minutes, zone_from(args.time_zone))
    with reading_store() as store, ExitStack() as stack:
        session = find_session(store, args.session)
        other = find_session(store, args.against) if args.against else None
        report, people = stack.enter_context(reading_report(store, session, options))
        for title, value in summary_rows(report):
            print(f"{title + ':':<22}{value}")
        print()
        print("\n".join(_intervals(report)))
        if other is not None:
            comparison = compare(report, stack.enter_context(reading_report(store, other, options))[0])
            print()
            print("\n".join(_beside(comparison)))
        if args.people:
            lines = [tuple("" if v is None else str(v) for v in row) for row in person_rows(people, report)]
            print()
            print("\n".join(columns(PERSON_FIELDS, lines)))
    return 0


def _text(value: int | str | float | None) -> str:
    from desktop_app.reports import texts

    return texts.MISSING if value is None else str(value)


def _intervals(report: Report) -> list[str]:
    """Return the table of agenda items and intervals, and one of each door where there are several."""
    from desktop_app.cli.output import columns
    from desktop_app.reports.intervals import FIGURES
    from desktop_app.reports.texts import plain
    from desktop_app.reports.times import interval, local

    zone = report.options.zone
    several_days = local(report.start_utc, zone).date() != local(report.end_utc, zone).date()
    lines: list[str] = []
    doors = ((report.door_name(door), intervals) for door, intervals in report.door_intervals)
    for title, intervals in (("", (*report.agenda, *report.intervals)), *doors):
        rows = [
            (
                plain(i.name) or interval(i.start_utc, i.end_utc, zone, with_date=several_days),
                *(_text(i.shown(figure)) for figure in FIGURES),
            )
            for i in intervals
        ]
        lines += ["", *columns((plain(title), "People", "Female", "Male", "Undecided", "In", "Out"), rows)]
    return lines[1:]


def _beside(comparison: Comparison) -> list[str]:
    from desktop_app.cli.output import columns
    from desktop_app.reports import texts
    from desktop_app.reports.comparison import in_words
    from desktop_app.reports.csv_file import comparison_rows

    rows = [(str(name), *(_text(v) for v in values)) for name, *values in comparison_rows(comparison)]
    names = ("People", "Female", "Male", "Undecided")
    head = ("", *names, *(f"{name} there" for name in names), "Difference")
    title = texts.compared_with(texts.plain(comparison.second.name) or texts.NO_NAME)
    return [title, *in_words(comparison), "", *columns(head, rows)]
