"""The command `headcount sign`: a sign for the door, which says that people are counted, by whom and what for."""

from __future__ import annotations

import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount sign` to the command line."""
    sign = commands.add_parser(
        "sign",
        help="a sign for the door (PDF, A4)",
        description="Write a sign for the door, to be printed: that people are counted here, what is measured, what is "
        "not kept, by whom, and whom to ask; with a code that phones read.",
    )
    sign.add_argument("--by", required=True, metavar="NAME", help="who counts: your organisation")
    sign.add_argument("--contact", required=True, metavar="TEXT", help="whom to ask: an address, a telephone number")
    sign.add_argument("--purpose", metavar="TEXT", default="", help="what for, like “to plan the next fair”")
    sign.add_argument("--url", metavar="ADDRESS", default="", help="page with more; the code leads there")
    sign.add_argument("--days", type=int, metavar="N", help="after how many days single rows go (default: as set)")
    sign.add_argument("--out", metavar="OUT.pdf", default="door-sign.pdf", help="default: door-sign.pdf")
    sign.add_argument("--overwrite", action="store_true", help="replace the file if it is there")
    sign.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the sign and print the file's name."""
    from pathlib import Path

    from desktop_app.cli.checks import UsageError
    from desktop_app.errors import OutputError
    from desktop_app.reports.door_sign import DoorSign, write_sign
    from desktop_app.reports.export import write_whole
    from desktop_app.settings import load_settings

    days = load_settings().settings.keep.people_days if args.days is None else args.days
    try:
        sign = DoorSign(args.by, args.contact, args.purpose, args.url, days)
    except ValueError as error:
        raise UsageError(
            f"The sign cannot be made: {error}.", "Give --by and --contact, each in a few words."
        ) from error
    path = Path(args.out)
    if path.exists() and not args.overwrite:
        raise OutputError(f"{path} is there already.", "Choose another name, or allow replacing it (--overwrite).")
    write_whole(path, lambda target: write_sign(target, sign))
    print(path)
    return 0
