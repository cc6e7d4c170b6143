"""Sources that are not given on the command line, where every user of the computer reads them in the process list."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from desktop_app.cli.checks import UsageError
from desktop_app.errors import SourceError
from desktop_app.system.plain_text import printable
from desktop_app.system.safe_file import read_text

VARIABLE = "HEADCOUNT_SOURCE"
_MOST_BYTES = 2**20


def add_option(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add `--source-file` to a command."""
    parser.add_argument(
        "--source-file",
        metavar="FILE",
        help=f"read sources from FILE, one a line: for addresses with a password, which others could read in the list "
        f"of processes; the environment variable {VARIABLE} holds one as well",
    )


def sources_of(args: argparse.Namespace) -> list[str]:
    """Return the sources of a command: its arguments, those of `--source-file`, else the environment's.

    Empty lines and those that begin with # are left out. Raises UsageError where there is none, SourceError where the
    file cannot be read.
    """
    sources = list(args.sources)
    if args.source_file:
        try:
            text = read_text(Path(args.source_file), _MOST_BYTES)
        except (OSError, ValueError) as error:
            raise SourceError(
                f"The file of sources {printable(args.source_file)} cannot be read "
                f"({getattr(error, 'strerror', None) or error}).",
                "It must be a text file (UTF-8) with one source a line.",
            ) from error
        lines = (line.strip() for line in text.splitlines())
        sources += [line for line in lines if line and not line.startswith("#")]
    if not sources and os.environ.get(VARIABLE):
        sources = [os.environ[VARIABLE]]
    if not sources:
        raise UsageError("No source was given.", "Name a video, picture, folder, camera or address.")
    return sources
