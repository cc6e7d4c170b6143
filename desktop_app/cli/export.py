"""The command `headcount export`: writes a kept count as files that can be handed on."""

from __future__ import annotations

import argparse

from desktop_app.settings import HIDE_BELOW

FORMATS = ("pdf", "xlsx", "csv", "json", "svg", "png")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount export` to the command line."""
    export = commands.add_parser(
        "export",
        help="write a kept count as PDF, XLSX, CSV, JSON, SVG or PNG",
        description="Write a kept count as files.",
    )
    export.add_argument("session", metavar="ID", help="beginning of its id as “headcount sessions” lists it, or “last”")
    export.add_argument(
        "--format", default="pdf", metavar="A[,B]", help=f"{', '.join(FORMATS)}, several with commas (default: pdf)"
    )
    export.add_argument("--out", default=".", metavar="FOLDER", help="where to (default: here)")
    export.add_argument("--name", metavar="NAME", help="name of the files without ending (default: the occasion's)")
    export.add_argument("--minutes", type=int, default=15, metavar="N", help="length of the intervals (default: 15)")
    export.add_argument("--against", metavar="ID", help="put another kept count beside it")
    export.add_argument(
        "--suppress",
        type=int,
        default=0,
        choices=HIDE_BELOW,
        metavar="K",
        help="hide figures of fewer than K people (3, 5 or 10) and all rows of single people",
    )
    export.add_argument("--receipt", action="store_true", help="add the privacy receipt as a page of the PDF")
    export.add_argument("--excel", action="store_true", help="CSV as the spreadsheet of this locale opens it")
    export.add_argument("--time-zone", metavar="NAME", help="like Europe/Berlin (default: this computer's)")
    export.add_argument("--overwrite", action="store_true", help="replace files that are there")
    export.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the files and print their names."""
    from contextlib import ExitStack
    from pathlib import Path

    from desktop_app.cli.checks import UsageError
    from desktop_app.cli.kept import check_minutes, find_session, reading_report, reading_store, zone_from
    from desktop_app.reports.comparison import compare
    from desktop_app.reports.export import Extras, export, file_stem
    from desktop_app.reports.receipt import build_receipt
    from desktop_app.reports.report import ReportOptions
    from desktop_app.settings import load_settings
    from desktop_app.store.files import DATABASE_NAME
    from desktop_app.system.plain_text import printable

    formats = [f.strip().lower() for f in args.format.split(",") if f.strip()]
    unknown = [f for f in formats if f not in FORMATS]
    if unknown or not formats:
        raise UsageError(f"“{args.format}” is no format.", f"Give one or more of {', '.join(FORMATS)}.")
    check_minutes(args.minutes)
    if args.name and args.name.split("/")[-1].strip() in ("", ".", ".."):
        raise UsageError(f"“{printable(args.name)}” is no name for a file.", "Give one like fair-2026.")
    options = ReportOptions(args.minutes, zone_from(args.time_zone), suppress_below=args.suppress)
    with reading_store() as store, ExitStack() as stack:
        session = find_session(store, args.session)
        other = find_session(store, args.against) if args.against else None
        report, people = stack.enter_context(reading_report(store, session, options))
        comparison = None
        if other is not None:
            comparison = compare(report, stack.enter_context(reading_report(store, other, options))[0])
        keep_days = load_settings().settings.keep.people_days
        receipt = build_receipt(report, DATABASE_NAME, keep_days) if args.receipt else None
        stem = Path(args.out) / (args.name or file_stem(report))
        extras = Extras(receipt=receipt, comparison=comparison)
        for path in export(
            report, people, stem, formats, for_excel=args.excel, overwrite=args.overwrite, extras=extras
        ):
            print(path)
    return 0
