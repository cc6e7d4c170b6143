"""The command `headcount recount`: counts the file of a kept count again with other settings; what differs is said."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.reports.recount import Recount


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount recount` to the command line."""
    from desktop_app.cli.count import add_how

    recount = commands.add_parser(
        "recount",
        help="count a kept count's file again with other settings",
        description="Count the file of a kept count again, with the options below, and print the difference person by "
        "person. The kept count stays as it is.",
    )
    recount.add_argument(
        "session", metavar="ID", help="beginning of its id as “headcount sessions” lists it, or “last”"
    )
    recount.add_argument("--file", metavar="PATH", help="where the file is now, if it was moved")
    recount.add_argument("--csv", metavar="OUT", help="write one row a person ('-' for standard output)")
    recount.add_argument("--all", action="store_true", help="list those of whom nothing changed, too")
    recount.add_argument("--keep", action="store_true", help="keep the new count beside the old one")
    recount.add_argument("--quiet", action="store_true", help="no progress bar and no table")
    add_how(recount)
    recount.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Count again and print what differs."""
    from desktop_app.cli.checks import check_outputs, check_seconds
    from desktop_app.cli.count import settings_from
    from desktop_app.cli.counting import SourceCounter
    from desktop_app.cli.interrupt import Interrupt
    from desktop_app.cli.kept import entries_of, find_session, reading_store
    from desktop_app.reports.recount import check_source, compare_counts, what_was_counted

    check_seconds("--limit", args.limit)
    settings = settings_from(args)
    with reading_store() as store:
        session = find_session(store, args.session)
        started, before = what_was_counted(entries_of(store, session))
    source = args.file or started.source
    check_source(source, started, "Say where it is now with --file.")
    check_outputs([source], (args.csv,))
    # What `SourceCounter` reads of the options of `headcount count`.
    counting = argparse.Namespace(
        limit=args.limit, quiet=args.quiet, forget=not args.keep, session=session.name, place=session.place,
        csv=None, json=None, annotated=None, every=None, agenda=[],
    )  # fmt: skip
    interrupt = Interrupt()
    began_utc = started.began_utc if started.clock != "opened" else None
    with interrupt.listening(), SourceCounter(counting, settings, began_utc) as counter:
        (report,), problem = counter.count_all([source], interrupt)
    if report.summary.info is not None:
        recount = compare_counts(before, report.summary.totals.people())
        _put_out(args, recount, f"{started.detector}, {started.model}", f"{report.detector}, {report.model}")
    return interrupt.exit_code or problem


def _put_out(args: argparse.Namespace, recount: Recount, before: str, now: str) -> None:
    """Write the CSV and print the table; where the CSV goes to standard output, the table goes to standard error."""
    import io
    import sys

    from desktop_app.cli.checks import STDOUT
    from desktop_app.cli.output import columns, write_output
    from desktop_app.reports.csv_file import write_csv
    from desktop_app.reports.recount import FIELDS, recount_rows

    rows = list(recount_rows(recount))
    if args.csv:
        out = io.StringIO(newline="")
        write_csv(out, FIELDS, rows)
        write_output(args.csv, out.getvalue())
    if args.quiet:
        return
    changes = {change: recount.number(change) for change in ("", "gender", "age", "only before", "only now")}
    lines = [
        f"Before: {sum(p.before is not None for p in recount.pairs)} people ({before})",
        f"Now:    {sum(p.now is not None for p in recount.pairs)} people ({now})",
        f"The same: {changes['']}. Another gender: {changes['gender']}. Another age: {changes['age']}. "
        f"Only before: {changes['only before']}. Only now: {changes['only now']}.",
    ]
    shown = [tuple("" if v is None else str(v) for v in row) for row in rows if args.all or row[1]]
    if shown:
        head = ("Second", "Change", "No.", "Before", "Age", "Corrected to", "No. now", "Now", "Age now")
        lines += ["", *columns(head, shown)]
    print("\n".join(lines), file=sys.stderr if args.csv == STDOUT else sys.stdout)
