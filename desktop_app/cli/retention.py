"""The command `headcount retention`: how long the rows of single people are kept."""

from __future__ import annotations

import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount retention` to the command line."""
    retention = commands.add_parser(
        "retention",
        help="how long the rows of single people are kept",
        description="Say, or set, after how many days the rows of single people become numbers of quarters of an hour. "
        "Totals, charts and reports stay; when exactly somebody came, how long they stayed and corrections go. The "
        "default is to keep them.",
    )
    retention.add_argument("days", nargs="?", metavar="DAYS", help="a number of days, or “keep”")
    retention.add_argument("--yes", action="store_true", help="do not ask")
    retention.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print or set it, and put together what is old enough already. Returns 1 where the user does not want it."""
    import time
    from dataclasses import replace

    from desktop_app.cli.asking import agreed
    from desktop_app.cli.checks import UsageError
    from desktop_app.cli.kept import writing_store
    from desktop_app.reports import texts
    from desktop_app.settings import KeepSettings, load_settings, save_settings

    settings = load_settings().settings
    if args.days is None:
        print(texts.kept_for(settings.keep.people_days))
        return 0
    days = "0" if args.days == "keep" else args.days
    if not days.isdecimal() or (days == "0") != (args.days == "keep"):
        raise UsageError(f"“{args.days}” is no number of days.", "Give 1 or more, or “keep”.")
    question = f"Put the rows of people older than {days} days together now? That cannot be undone."
    if int(days) and not args.yes and not agreed(question):
        return 1
    save_settings(replace(settings, keep=KeepSettings(int(days))))
    print(texts.kept_for(int(days)))
    if int(days):
        with writing_store() as store:
            people = store.condense(time.time() - 86_400.0 * int(days))
        print(f"{people} people became numbers now. The daily copies still have them until seven newer ones exist.")
    return 0
