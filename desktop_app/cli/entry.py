"""Where the process of `headcount` begins and ends: its standard streams, its log, and its exit code."""

from __future__ import annotations

import io
import logging
import os
import sys
from typing import NoReturn, TextIO

from desktop_app.system.leaving import leave
from desktop_app.system.redaction import RedactingFilter

EXIT_OUTPUT = 6


def prepare_streams() -> None:
    """Make the standard streams safe to write to.

    A stream that the caller closed gets the null device, or the next file that is opened takes its number and receives
    what native libraries print. Letters that the terminal's encoding lacks are written as escapes.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def finish_streams(code: int) -> int:
    """Write out what is still held back; return `code`, or 6 if it cannot be written and all else went well."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            _discard(stream)  # the reader has gone (`| head`): nothing is left to be told
        except (OSError, ValueError) as error:
            _discard(stream)
            if code == 0:
                code = EXIT_OUTPUT
                print(f"headcount: The result could not be written to standard output ({error}).", file=sys.stderr)
    return code


def _discard(stream: TextIO | None) -> None:
    # What cannot be written would be tried again when Python ends, and said with a traceback.
    try:
        descriptor = stream.fileno() if stream is not None else -1
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
    except (OSError, ValueError):
        return


def run() -> NoReturn:
    """Run the program and end the process with its exit code, whatever still hangs in a driver or in the network."""
    prepare_streams()
    console = logging.StreamHandler()
    console.setLevel(logging.WARNING)
    console.addFilter(RedactingFilter())
    console.setFormatter(logging.Formatter("headcount: %(message)s"))
    logging.getLogger().addHandler(console)
    from desktop_app.cli.main import main

    leave(finish_streams(main()))


if __name__ == "__main__":
    run()
