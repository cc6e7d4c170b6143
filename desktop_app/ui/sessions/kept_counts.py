"""The counts that are kept, read from the store, or without one from this program's memory.

All of it may wait for the disk and belongs on a thread of its own.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from desktop_app.session.manager import EntryStore, SessionManager
from desktop_app.session.session import Session

FLUSH_S = 1.0
"""How long a reader waits for the newest entries to be on the disk."""


class KeptInfo(Protocol):
    """What a list needs to know of a session, as `store.SessionInfo` has it. Times in seconds since 1970."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def opened_utc(self) -> float: ...
    @property
    def last_utc(self) -> float: ...
    @property
    def people(self) -> int: ...
    @property
    def female(self) -> int: ...
    @property
    def male(self) -> int: ...
    @property
    def undecided(self) -> int: ...
    @property
    def joined(self) -> tuple[str, ...]: ...


class CountStore(EntryStore, Protocol):
    """What the window needs of `store.Store` beside writing."""

    @property
    def problem(self) -> str: ...

    def flush(self, timeout_s: float = ...) -> bool: ...

    def close(self, timeout_s: float = ...) -> bool: ...

    def sessions(self) -> Sequence[KeptInfo]: ...

    def unclosed(self) -> Sequence[KeptInfo]: ...

    @property
    def needs_copy(self) -> bool: ...

    def restore_newest_copy(self) -> int: ...


@dataclass(frozen=True, slots=True)
class KeptCount:
    """One line of the list of counts."""

    id: str
    name: str
    opened_utc: float
    people: int
    female: int
    male: int
    undecided: int


class KeptCounts:
    """Reads kept counts. Everything here may wait for the disk; call it on a thread of its own."""

    def __init__(self, manager: SessionManager, store: CountStore | None) -> None:
        self._manager = manager
        self._store = store

    def all(self) -> list[KeptCount]:
        """Return every count with somebody in it, the newest first. Raises StoreError."""
        if self._store is None:
            mine = (self._manager.current, self._manager.previous)
            return [kept for s in mine if s is not None and (kept := _from_memory(s)).people]
        self._store.flush(FLUSH_S)
        sessions = self._store.sessions()
        parts = {part for info in sessions for part in info.joined}  # of a count in the list already
        return [_from_info(info) for info in sessions if info.people and info.id not in parts]

    def cut_off(self) -> list[KeptCount]:
        """Return the counts that a crash or a power cut ended, the newest first; empty ones are closed here."""
        if self._store is None:
            return []
        known = {s.id for s in (self._manager.current, self._manager.previous) if s is not None}
        found = [info for info in self._store.unclosed() if info.id not in known]
        for info in found:
            if not info.people:
                self._manager.close_stored(info.id)
        return [_from_info(info) for info in found if info.people]

    def load(self, session_id: str) -> Session:
        """Return a count to look at or to go on with. Raises KeyError for one that is not there, or StoreError."""
        for session in (self._manager.current, self._manager.previous):
            if session is not None and session.id == session_id:
                return session
        return self._manager.load(session_id)

    @property
    def needs_copy(self) -> bool:
        """Whether the file of counts was damaged and a copy can bring the earlier ones back."""
        return self._store is not None and self._store.needs_copy

    def restore_newest_copy(self) -> int:
        """Bring the earlier counts back; return how many entries came. Raises StoreError."""
        return self._store.restore_newest_copy() if self._store is not None else 0

    def keep_as_it_is(self, session_id: str) -> None:
        """Note that a count which was cut off is over."""
        self._manager.close_stored(session_id)


def _from_info(info: KeptInfo) -> KeptCount:
    return KeptCount(info.id, info.name, info.opened_utc, info.people, info.female, info.male, info.undecided)


def _from_memory(session: Session) -> KeptCount:
    counts = session.counts()
    entries = session.log.entries()
    return KeptCount(
        session.id,
        session.name,
        entries[0].utc if entries else time.time(),
        counts.people,
        counts.female,
        counts.male,
        counts.undecided,
    )


def local_time(utc: float, *, now: float | None = None) -> str:
    """Return a moment in local time: "14:02", with the date where it is not today's."""
    moment = datetime.fromtimestamp(utc)
    today = datetime.fromtimestamp(time.time() if now is None else now).date()
    return moment.strftime("%H:%M") if moment.date() == today else moment.strftime("%Y-%m-%d %H:%M")
