"""The command `headcount sessions`: lists the counts that were kept."""

from __future__ import annotations

import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount sessions` to the command line."""
    sessions = commands.add_parser(
        "sessions", help="list the counts that were kept", description="List the counts that were kept, newest first."
    )
    sessions.add_argument("--json", action="store_true", help="as JSON")
    sessions.add_argument("--time-zone", metavar="NAME", help="like Europe/Berlin (default: this computer's)")
    sessions.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one line a session."""
    import dataclasses
    import json

    from desktop_app.cli.kept import reading_store, zone_from
    from desktop_app.cli.output import columns
    from desktop_app.reports.texts import plain
    from desktop_app.reports.times import local

    zone = zone_from(args.time_zone)
    with reading_store() as store:
        found = store.sessions()
    if args.json:
        print(json.dumps([dataclasses.asdict(s) for s in found], indent=2, ensure_ascii=False))
        return 0
    if not found:
        print("No count was kept yet. “headcount count SOURCE” keeps one, and so does the window.")
        return 0
    rows = [
        (
            s.id[:8],
            f"{local(s.opened_utc, zone):%Y-%m-%d %H:%M}",
            plain(s.name)[:32],
            plain(s.place)[:24],
            str(s.people),
            str(s.female),
            str(s.male),
            str(s.undecided),
            "open" if s.is_open else "",
        )
        for s in found
    ]
    head = ("Id", "Began", "Name", "Place", "People", "Female", "Male", "Undecided", "")
    print("\n".join(columns(head, rows)))
    return 0
