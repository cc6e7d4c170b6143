"""The command `headcount`: opens the window, or counts without one.

Exit codes: 0 all counted; 1 no display for the window; 2 the command line was not understood; 3 to 6 as `errors` has
them (source, model, setting, output); 70 an unexpected exception; 129, 130 and 143 interrupted by a closed terminal, by
Ctrl-C and by a request to end (the result so far is printed, written and kept).
"""

from __future__ import annotations

import argparse
import errno
import logging
import os
import sys
import traceback
from collections.abc import Sequence

from desktop_app import __version__
from desktop_app.cli import (
    agenda,
    batch,
    cameras,
    compare,
    correct,
    count,
    delete,
    export,
    models,
    recount,
    restore,
    retention,
    serve,
    sessions,
    show,
    sign,
    verify,
    window,
)
from desktop_app.errors import HeadcountError, OutputError
from desktop_app.system.plain_text import printable
from desktop_app.system.redaction import redact_prose

_LOG = logging.getLogger(__name__)

EXIT_BUG = 70
_STREAM_ERRORS = (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EBADF, errno.EDQUOT)
"""With no file named, these come from the standard output: a full disk behind it, or a terminal that has gone."""

_MODULES = (
    *(window, count, batch, sessions, show, correct, recount, agenda, export, verify, delete, restore, retention, sign),
    *(compare, serve, cameras, models),
)
"""One module a command, in the order in which the help lists them."""

COMMANDS = tuple(module.__name__.rpartition(".")[2] for module in _MODULES)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line: one module a command."""
    main_parser = argparse.ArgumentParser(
        prog="headcount",
        description="Counts people by apparent gender and age. Without a command it opens the window.",
    )
    main_parser.add_argument("--version", action="version", version=f"headcount {__version__}")
    commands = main_parser.add_subparsers(dest="command", metavar="COMMAND")
    for command in _MODULES:
        command.add_parser(commands)
    return main_parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; `argv` without the program's name. Returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # `headcount FILE`, as a file manager calls it, opens the window with the file.
    if not arguments or (arguments[0] not in COMMANDS and not arguments[0].startswith("-")):
        arguments = ["window", "--", *arguments]
    try:
        args = parser().parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    try:
        return int(args.run(args))
    except HeadcountError as error:
        print(f"headcount: {printable(redact_prose(str(error)))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nothing is left to be told. Keep the exit quiet, too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except Exception as error:  # noqa: BLE001 - the last line of defence: whatever it is, it is named as our fault
        if isinstance(error, OSError) and error.filename is None and error.errno in _STREAM_ERRORS:
            print(f"headcount: The result could not be written to standard output ({error}).", file=sys.stderr)
            return OutputError.exit_code
        traceback.print_exc()
        if logging.getLogger().handlers:  # the window's log: who starts it from a menu sees no terminal
            _LOG.critical("uncaught exception", exc_info=error)
        print("headcount: The program made a mistake of its own; the lines above say where.", file=sys.stderr)
        return EXIT_BUG


if __name__ == "__main__":
    sys.exit(main())
