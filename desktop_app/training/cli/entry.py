"""The command line of the training tool: which commands there are, and how each ends."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence

from desktop_app.errors import HeadcountError
from desktop_app.training.cli import (
    compare,
    convert,
    evaluate,
    explain,
    export,
    prepare,
    robustness,
    sweep,
    train,
)
from desktop_app.training.cli.console import Stopped

COMMANDS = (prepare, train, evaluate, robustness, export, convert, compare, sweep, explain)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0, a `HeadcountError`'s own, 2 for wrong usage, 130 if stopped."""
    options = parser().parse_args(arguments)
    options.typed = shlex.join(["headcount-train", *(sys.argv[1:] if arguments is None else arguments)])
    try:
        run: Callable[[argparse.Namespace], None] = options.run
        run(options)
    except HeadcountError as error:
        print(f"headcount-train: {error}", file=sys.stderr)
        return error.exit_code
    except Stopped as stopped:
        print(f"\nStopped. {stopped}", file=sys.stderr)
        return 130
    except KeyboardInterrupt:
        print("\nStopped. The same command begins again.", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="headcount-train", description="Trains and measures the networks of Headcount.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    return top
