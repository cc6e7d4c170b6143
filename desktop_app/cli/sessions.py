"""The command `headcount sessions`: lists the counts that were kept."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.store.session_list import SessionInfo
    from desktop_app.store.store import Store


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `headcount sessions` to the command line."""
    sessions = commands.add_parser(
        "sessions", help="list the counts that were kept", description="List the counts that were kept, newest first."
    )
    sessions.add_argument("--by-day", action="store_true", help="add the counts up by business day")
    sessions.add_argument(
        "--day-starts", type=int, default=4, metavar="HOUR", help="hour at which a business day begins (default: 4)"
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
        found = [_with_figures(store, s) for s in store.sessions()]
    if args.by_day:
        return _print_days(args)
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
            f"{local(s.began_utc, zone):%Y-%m-%d %H:%M}",
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
    head = ("Id", "Counted at", "Began", "Name", "Place", "People", "Female", "Male", "Undecided", "")
    print("\n".join(columns(head, rows)))
    return 0


def _with_figures(store: Store, session: SessionInfo) -> SessionInfo:
    """Return a session with its figures: those of a long one that has changed since are not worked out in a list.

    A count under way has figures of up to a minute ago, which are told.
    """
    from dataclasses import replace

    if session.is_current or (session.people and session.is_open):
        return session
    c = store.totals(session.id).counts
    return replace(session, people=c.people, female=c.female, male=c.male, undecided=c.undecided)


def _print_days(args: argparse.Namespace) -> int:
    """Print how many people came on each business day, by when each of them was counted."""
    from collections import defaultdict
    from datetime import timedelta

    from desktop_app.cli.checks import UsageError
    from desktop_app.cli.kept import reading_store, zone_from
    from desktop_app.cli.output import columns
    from desktop_app.domain.business_days import BusinessDays
    from desktop_app.reports.arrivals import arrivals_in
    from desktop_app.reports.intervals import Edges

    try:
        days = BusinessDays(zone_from(args.time_zone), args.day_starts)
    except ValueError as error:
        raise UsageError(f"--day-starts cannot be {args.day_starts}.", "Give an hour from 0 to 23.") from error
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    with reading_store() as store:
        found = store.sessions()
        # What was joined to another count is counted with that one.
        joined = {session_id for s in found for session_id in s.joined}
        for session in (s for s in found if s.id not in joined):
            summary = store.totals(session.id)
            minutes = {float(m) for arrivals in summary.arrivals.values() for m in arrivals.minute_utc[[0, -1]]}
            if not minutes:
                continue
            first, last = days.day_of(min(minutes)), days.day_of(max(minutes))
            dates = [first + timedelta(days=i) for i in range((last - first).days + 1)]
            numbers = arrivals_in([Edges(*days.bounds(day)) for day in dates], summary)
            for day, genders in zip(dates, numbers.tolist(), strict=True):
                if any(genders):
                    sums[day.isoformat()] = [a + b for a, b in zip(sums[day.isoformat()], genders, strict=True)]
    rows = [(day, str(sum(n)), *map(str, n)) for day, n in sorted(sums.items(), reverse=True)]
    print("\n".join(columns(("Business day", "People", "Female", "Male", "Undecided"), rows)))
    return 0
