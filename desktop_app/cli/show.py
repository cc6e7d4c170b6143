"""The command `headcount show`: prints one kept count."""

from __future__ import annotations

import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount show` to the command line."""
    show = commands.add_parser("show", help="print a kept count", description="Print a kept count.")
    show.add_argument("session", metavar="ID", help="beginning of its id as “headcount sessions” lists it, or “last”")
    show.add_argument("--people", action="store_true", help="list the people, too")
    show.add_argument("--minutes", type=int, default=60, metavar="N", help="length of the intervals (default: 60)")
    show.add_argument("--time-zone", metavar="NAME", help="like Europe/Berlin (default: this computer's)")
    show.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print totals, intervals and, if asked for, people."""
    from desktop_app.cli.checks import UsageError
    from desktop_app.cli.kept import entries_of, find_session, reading_store, zone_from
    from desktop_app.cli.output import columns
    from desktop_app.domain.totals import Totals
    from desktop_app.reports.csv_file import PERSON_FIELDS, person_rows
    from desktop_app.reports.report import ReportOptions, build_report
    from desktop_app.reports.times import interval, local
    from desktop_app.reports.xlsx_file import summary_rows

    if args.minutes < 1:
        raise UsageError(f"--minutes cannot be {args.minutes}.", "Give 1 or more.")
    zone = zone_from(args.time_zone)
    with reading_store() as store:
        session = find_session(store, args.session)
        entries = entries_of(store, session)
    try:
        report = build_report(session.id, entries, ReportOptions(args.minutes, zone))
    except ValueError as error:
        raise UsageError(f"This count cannot be shown so: {error}.", "Choose longer intervals.") from error
    for title, value in summary_rows(report):
        print(f"{title + ':':<22}{value}")
    rows = []
    several_days = local(report.start_utc, zone).date() != local(report.end_utc, zone).date()
    for i in report.intervals:
        values = (
            ["–"] * 6 if i.is_missing else [str(v) for v in (i.people, i.female, i.male, i.undecided, i.into, i.out)]
        )
        rows.append((interval(i.start_utc, i.end_utc, zone, with_date=several_days), *values))
    print()
    print("\n".join(columns(("", "People", "Female", "Male", "Undecided", "In", "Out"), rows)))
    if args.people:
        lines = [
            tuple("" if value is None else str(value) for value in row)
            for row in person_rows(Totals(entries).people(), report.options)
        ]
        print()
        print("\n".join(columns(PERSON_FIELDS, lines)))
    return 0
