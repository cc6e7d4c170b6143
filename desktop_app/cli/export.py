"""The command `headcount export`: writes a kept count as files that can be handed on."""

from __future__ import annotations

import argparse

FORMATS = ("pdf", "xlsx", "csv", "json", "svg")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount export` to the command line."""
    export = commands.add_parser(
        "export", help="write a kept count as PDF, XLSX, CSV, JSON or SVG", description="Write a kept count as files."
    )
    export.add_argument("session", metavar="ID", help="beginning of its id as “headcount sessions” lists it, or “last”")
    export.add_argument(
        "--format", default="pdf", metavar="A[,B]", help=f"{', '.join(FORMATS)}, several with commas (default: pdf)"
    )
    export.add_argument("--out", default=".", metavar="FOLDER", help="where to (default: here)")
    export.add_argument("--name", metavar="NAME", help="name of the files without ending (default: the occasion's)")
    export.add_argument("--minutes", type=int, default=15, metavar="N", help="length of the intervals (default: 15)")
    export.add_argument("--suppress", type=int, default=0, metavar="K", help="hide cells of fewer than K people")
    export.add_argument("--excel", action="store_true", help="CSV as the spreadsheet of this locale opens it")
    export.add_argument("--time-zone", metavar="NAME", help="like Europe/Berlin (default: this computer's)")
    export.add_argument("--overwrite", action="store_true", help="replace files that are there")
    export.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the files and print their names."""
    from pathlib import Path

    from desktop_app.cli.checks import UsageError
    from desktop_app.cli.kept import entries_of, find_session, reading_store, zone_from
    from desktop_app.domain.totals import Totals
    from desktop_app.reports.export import export, file_stem
    from desktop_app.reports.report import ReportOptions, build_report

    formats = [f.strip().lower() for f in args.format.split(",") if f.strip()]
    unknown = [f for f in formats if f not in FORMATS]
    if unknown or not formats:
        raise UsageError(f"“{args.format}” is no format.", f"Give one or more of {', '.join(FORMATS)}.")
    if args.minutes < 1 or args.suppress < 0:
        raise UsageError("--minutes must be at least 1 and --suppress not negative.")
    zone = zone_from(args.time_zone)
    with reading_store() as store:
        session = find_session(store, args.session)
        entries = entries_of(store, session)
    try:
        report = build_report(session.id, entries, ReportOptions(args.minutes, zone, suppress_below=args.suppress))
    except ValueError as error:
        raise UsageError(f"This count cannot be exported so: {error}.", "Choose longer intervals.") from error
    stem = Path(args.out) / (args.name or file_stem(report))
    people = Totals(entries).people()
    for path in export(report, people, stem, formats, for_excel=args.excel, overwrite=args.overwrite):
        print(path)
    return 0
