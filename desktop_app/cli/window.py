"""The command `headcount window`: opens the window, as `headcount` alone does."""

from __future__ import annotations

import argparse
import sys

from desktop_app.cli.count import SOURCES_HELP

EXIT_NO_DISPLAY = 1


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount window` to the command line."""
    window = commands.add_parser("window", help="open the window (the default)", description="Open the window.")
    window.add_argument("sources", nargs="*", metavar="SOURCE", help=SOURCES_HELP)
    window.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Open the window, with the sources if any were given."""
    from desktop_app.system.screen import missing_screen

    if problem := missing_screen(" ".join(args.sources) or "SOURCE"):
        # Qt would end the process with words about reinstalling.
        print(f"headcount: {problem}", file=sys.stderr)
        return EXIT_NO_DISPLAY
    from desktop_app import app

    return int(app.main(list(args.sources)))
