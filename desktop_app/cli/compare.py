"""The command `headcount compare`: two or more models on the same tracks of one video."""

from __future__ import annotations

import argparse

from desktop_app.cli.checks import check_outputs, check_seconds
from desktop_app.cli.count import SOURCES_HELP, add_haar
from desktop_app.cli.interrupt import Interrupt
from desktop_app.errors import HeadcountError
from desktop_app.settings import Settings


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount compare` to the command line."""
    compare = commands.add_parser(
        "compare",
        help="run two or more models on the same people of a video",
        description="Run two or more models on the same tracks: one detector, one tracker, the same glimpses for every "
        "model. Print what each decides, how long a face takes it, and on whom they disagree. The first model counts: "
        "it decides who is a face.",
    )
    compare.add_argument("source", metavar="SOURCE", help=SOURCES_HELP)
    compare.add_argument(
        "--models", required=True, metavar="A,B[,C]", help="names of two or more models, see “headcount models”"
    )
    compare.add_argument("--json", metavar="OUT", help="write everything as JSON ('-' for standard output)")
    compare.add_argument("--csv", metavar="OUT", help="write one row a person ('-' for standard output)")
    compare.add_argument("--detector", choices=("yunet", "haar"), default=Settings().detector.kind)
    add_haar(compare)
    compare.add_argument("--limit", type=float, metavar="S", help="stop after S seconds of video")
    compare.add_argument("--quiet", action="store_true", help="no progress bar and no table")
    compare.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run several models on the same tracks; print and write how they differ. Returns the exit code."""
    from desktop_app.cli.comparing import csv_text, json_text, run_compare, table_text
    from desktop_app.cli.observers import say
    from desktop_app.cli.output import put_out

    check_seconds("--limit", args.limit)
    check_outputs([args.source], (args.json, args.csv))
    interrupt = Interrupt()
    with interrupt.listening():
        report = run_compare(args, interrupt)
    if report.summary.info is not None:
        put_out(args, json_text(report), csv_text(report), table_text(report))
    error = report.summary.error
    if isinstance(error, HeadcountError):
        say(f"headcount: {report.source}: {error}")
        return interrupt.exit_code or error.exit_code
    return interrupt.exit_code
