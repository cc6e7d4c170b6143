"""The command `headcount batch`: counts many files over the cores, and goes on where it was cut off."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.batch.batch import BatchFile


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount batch` to the command line."""
    from desktop_app.cli.count import add_how

    batch = commands.add_parser(
        "batch",
        help="count many files over the cores",
        description="Count every video in a folder, as many at a time as the computer has cores. What is done is noted "
        "at once: the same command goes on where it was cut off, and counts no file twice with the same settings. A "
        "file that fails is listed at the end with its reason.",
    )
    batch.add_argument("paths", nargs="+", metavar="FOLDER", help="folder (with those inside) or file")
    batch.add_argument("--csv", metavar="OUT", help="write one row a file ('-' for standard output)")
    batch.add_argument("--overwrite", action="store_true", help="replace the table if it is there")
    batch.add_argument("--place", metavar="NAME", default="", help="where it was")
    batch.add_argument("--workers", type=int, default=0, metavar="N", help="how many at a time (default: one a core)")
    batch.add_argument("--again", action="store_true", help="count files again that were counted before")
    batch.add_argument("--forget", action="store_true", help="do not keep these counts in the program's own database")
    batch.add_argument("--quiet", action="store_true", help="no progress bars and no table")
    add_how(batch)
    batch.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Count the files, print the table and write the CSV. Returns the exit code of the first failure, else 0."""
    import sqlite3
    from pathlib import Path

    from desktop_app.batch.batch import Batch, BatchOptions, find_files, missing, still_kept
    from desktop_app.batch.job_table import JobTable, default_path
    from desktop_app.cli.batch_bars import Bars
    from desktop_app.cli.checks import STDOUT, UsageError, check_outputs, check_seconds
    from desktop_app.cli.count import settings_from
    from desktop_app.cli.counting import open_store
    from desktop_app.cli.interrupt import Interrupt
    from desktop_app.cli.kept import NOT_WRITTEN
    from desktop_app.cli.observers import say
    from desktop_app.errors import OutputError, StoreError

    check_seconds("--limit", args.limit)
    if args.workers < 0:
        raise UsageError(f"--workers cannot be {args.workers}.", "Give 1 or more.")
    if args.csv and args.csv != STDOUT and Path(args.csv).exists() and not args.overwrite:
        raise OutputError(f"{args.csv} is there already.", "Choose another name, or allow replacing it (--overwrite).")
    check_outputs(args.paths, (args.csv,))
    options = BatchOptions(settings_from(args), args.place, args.limit, args.workers, args.again)
    paths = find_files([Path(path) for path in args.paths])
    gone = missing(paths)
    if gone and len(gone) == len(paths) and gone[0].error is not None:
        raise gone[0].error
    interrupt = Interrupt()
    store = None if args.forget else open_store()
    try:
        with JobTable(default_path()) as table, interrupt.listening(), Bars(len(paths), args.quiet) as bars:
            batch = Batch(table, options, None if store is None else store.append, still_kept(store))
            try:
                files = batch.run(paths, bars, interrupt)
            finally:
                is_kept = store is None or store.close(30.0)
            if store is not None and is_kept:
                table.mark_kept()
    except sqlite3.Error as error:
        raise StoreError(f"The table of jobs cannot be written ({error}).", "Check the disk.") from error
    finally:
        if store is not None:
            store.close(1.0)
    if not is_kept:
        say(f"headcount: {NOT_WRITTEN}")
    _put_out(args, files)
    if interrupt.exit_code:
        left = sum(not file.is_done for file in files)
        say(f"headcount: {left} file{'s are' if left != 1 else ' is'} left. The same command goes on from here.")
    failed = next((file.error for file in files if file.error is not None), None)
    return interrupt.exit_code or (failed.exit_code if failed is not None else 0)


def _put_out(args: argparse.Namespace, files: Sequence[BatchFile]) -> None:
    """Write the CSV and print the table; where the CSV goes to standard output, the table goes to standard error."""
    import io
    import sys

    from desktop_app.batch.table import FIELDS, rows
    from desktop_app.cli.checks import STDOUT
    from desktop_app.cli.output import write_output
    from desktop_app.reports.csv_file import write_csv

    if args.csv:
        out = io.StringIO(newline="")
        write_csv(out, FIELDS, rows(files))
        write_output(args.csv, out.getvalue())
    if not args.quiet:
        print("\n".join(_table(files)), file=sys.stderr if args.csv == STDOUT else sys.stdout)


def _table(files: Sequence[BatchFile]) -> list[str]:
    """Return a row a file, the sums, and the reasons of those that failed or are incomplete."""
    from desktop_app.batch.table import reason_of, state_of
    from desktop_app.cli.output import columns, duration_text
    from desktop_app.system.plain_text import printable
    from desktop_app.system.redaction import redact_prose

    rows = []
    for file in files:
        result, name = file.result, printable(file.path.name)
        name = name if len(name) <= 44 else f"{name[:20]}…{name[-23:]}"
        if result is None:
            rows.append((name, *["–"] * 5, state_of(file)))
        else:
            figures = (result.people, result.female, result.male, result.undecided)
            rows.append((name, *map(str, figures), duration_text(result.seconds), state_of(file)))
    done = [file.result for file in files if file.result is not None]
    sums = [sum(getattr(r, name) for r in done) for name in ("people", "female", "male", "undecided")]
    rows.append(
        (f"{len(done)} of {len(files)} files", *map(str, sums), duration_text(sum(r.seconds for r in done)), "")
    )
    lines = columns(("", "People", "Female", "Male", "Undecided", "Length", ""), rows)
    for file in files:
        if reason := reason_of(file):
            lines.append(f"{printable(file.path.name)}: {printable(redact_prose(reason))}")
    return lines
