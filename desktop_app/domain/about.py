"""What the entries on a session itself say: its name, its agenda, whether it is over, what was joined to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from desktop_app.domain.events import AgendaSet, Closed, Entry, Joined, Opened, Reopened, Undone
from desktop_app.domain.totals import Totals

SESSION_EVENTS = (Opened, Closed, Reopened, Joined, AgendaSet, Undone)
"""The events that `about` reads."""


@dataclass(frozen=True, slots=True)
class About:
    """One session. `closed_utc` is in seconds since 1970, None while it is open; `agenda` is as `AgendaSet` has it."""

    name: str = ""
    place: str = ""
    note: str = ""
    agenda: tuple[str, ...] = ()
    closed_utc: float | None = None
    joined: tuple[str, ...] = ()


def about(entries: Iterable[Entry]) -> About:
    """Return what a session's own entries say of it; what was undone does not hold, and the newest of the rest does."""
    kept = sorted((e for e in entries if isinstance(e.event, SESSION_EVENTS)), key=lambda e: e.seq)
    totals = Totals(kept)
    opened, agenda, joined = Opened(0.0), AgendaSet(0.0), dict[str, None]()
    closed_utc: float | None = None
    for entry in kept:
        if not totals.is_active(entry.id):
            continue
        match entry.event:
            case Opened() as opened:
                pass
            case AgendaSet() as agenda:
                pass
            case Closed():
                closed_utc = entry.utc
            case Reopened():
                closed_utc = None
            case Joined(session=session):
                joined.setdefault(session)
    return About(opened.name, opened.place, opened.note, agenda.items, closed_utc, tuple(joined))
