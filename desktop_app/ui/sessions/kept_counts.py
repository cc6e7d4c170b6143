"""The counts that are kept, read from the store, or without one from this program's memory.

All of it may wait for the disk and belongs on a thread of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from desktop_app.domain.curve import Curve
from desktop_app.domain.log_digest import LogEntry
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import Counts
from desktop_app.errors import HeadcountError
from desktop_app.session.manager import SessionManager
from desktop_app.session.session import Session
from desktop_app.session.stored import EntryStore
from desktop_app.store.summaries import SessionSummary

NOBODY_AFTER_S = 60.0
"""Seconds at a camera after which it is a result that nobody came. Shorter ones are attempts."""
LONG_COUNT = 20_000
"""People. A count of so many is read into memory, and its report made, only when the operator asks for it."""
RECORDED_BEFORE_S = 3600.0
"""A film that began so long before it was counted is told by when it was recorded, too. Seconds."""
FLUSH_S = 1.0
"""How long a reader waits for the newest entries to be on the disk."""


class KeptInfo(Protocol):
    """What a list needs to know of a session, as `store.SessionInfo` has it. Times in seconds since 1970."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def opened_utc(self) -> float: ...
    @property
    def began_utc(self) -> float: ...
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
    @property
    def is_current(self) -> bool: ...


class CountStore(EntryStore, Protocol):
    """What the window needs of `store.Store` beside writing."""

    @property
    def problem(self) -> str: ...

    def flush(self, timeout_s: float = ...) -> bool: ...

    def close(self, timeout_s: float = ...) -> bool: ...

    def sessions(self) -> Sequence[KeptInfo]: ...

    def unclosed(self) -> Sequence[KeptInfo]: ...

    def totals(self, session_id: str, *, may_be_behind: bool = ...) -> SessionSummary: ...

    def log_of(self, session_ids: Iterable[str]) -> Iterable[LogEntry]: ...

    def people_of(self, session_ids: Iterable[str]) -> Iterable[PersonRecord]: ...

    def delete(self, session_id: str) -> bool: ...

    def restore(self, session_id: str) -> bool: ...

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
    place: str = ""
    note: str = ""
    last_utc: float = 0.0
    joined: tuple[str, ...] = ()
    began_utc: float = 0.0

    @property
    def recorded_utc(self) -> float | None:
        """When what was counted was recorded, None where it was counted at that time."""
        return self.began_utc if self.began_utc and self.opened_utc - self.began_utc > RECORDED_BEFORE_S else None

    def matches(self, text: str) -> bool:
        """Whether every word of a search is in the name, the place, the note or the date."""
        day = datetime.fromtimestamp(self.opened_utc)
        days = [day, *([datetime.fromtimestamp(self.recorded_utc)] if self.recorded_utc is not None else [])]
        dates = " ".join(f"{d:%Y-%m-%d} {d.day} {d:%B}" for d in days)
        searched = f"{self.name} {self.place} {self.note} {dates}".casefold()
        return all(word in searched for word in text.casefold().split())


class KeptCounts:
    """Reads kept counts. Everything here may wait for the disk; call it on a thread of its own."""

    def __init__(self, manager: SessionManager, store: CountStore | None) -> None:
        self._manager = manager
        self._store = store

    def all(self) -> list[KeptCount]:
        """Return every count with somebody in it, or that went on for a while; the newest first. Raises StoreError."""
        if self._store is None:
            mine = (self._manager.current, self._manager.previous)
            return [kept for s in mine if s is not None and (kept := _from_memory(s)).people]
        is_written = self._store.flush(FLUSH_S)
        sessions = self._store.sessions()
        parts = {part for info in sessions for part in info.joined}  # of a count in the list already
        listed = (info for info in sessions if info.id not in parts)
        counts = ((info, self._with_figures(_from_info(info), info.is_current)) for info in listed)
        found = [count for info, count in counts if count.people or _is_worth_listing(info)]
        return found if is_written else self._with_waiting(found)

    def _with_waiting(self, found: Sequence[KeptCount]) -> list[KeptCount]:
        """Return the list with what this program counted and the disk does not take: it can be seen and handed on."""
        mine = [s for s in (self._manager.current, self._manager.previous) if s is not None and s.is_kept]
        known = {count.id for count in found}
        waiting = [count for s in mine if s.id not in known and (count := _from_memory(s)).people]
        newer = {s.id: s.counts() for s in mine if s.id in known}
        return [*waiting, *(with_counts(c, newer[c.id]) if c.id in newer else c for c in found)]

    def cut_off(self) -> list[KeptCount]:
        """Return the counts that a crash or a power cut ended, the newest first; empty ones are closed here."""
        if self._store is None:
            return []
        known = {s.id for s in (self._manager.current, self._manager.previous) if s is not None}
        unclosed = [_from_info(info) for info in self._store.unclosed() if info.id not in known]
        found = [self._with_figures(count, is_current=False) for count in unclosed]
        for count in found:
            if not count.people:
                self._manager.close_stored(count.id)
        return [count for count in found if count.people]

    def _with_figures(self, count: KeptCount, is_current: bool) -> KeptCount:
        """Return a count with its figures where the list has none: those of a long one that a crash or another version
        left are not worked out with the list, and 0 would be wrong."""
        if count.people or is_current or self._store is None:
            return count
        return with_counts(count, self._store.totals(count.id).counts)

    def load(self, session_id: str) -> Session:
        """Return a count to look at or to go on with. Raises KeyError for one that is not there, or StoreError."""
        for session in (self._manager.current, self._manager.previous):
            if session is not None and session.id == session_id:
                return session
        if self._store is not None:
            self._store.flush(FLUSH_S)
        return self._manager.load(session_id)

    def is_long(self, count: KeptCount) -> bool:
        """Whether reading a count into memory takes longer than anybody waits unasked, and it is not there already."""
        known = (self._manager.current, self._manager.previous)
        is_here = any(session is not None and session.id == count.id for session in known)
        return self._store is not None and not is_here and count.people >= LONG_COUNT

    def stream(self, count: KeptCount) -> tuple[Iterable[LogEntry], Callable[[], Iterable[PersonRecord]]]:
        """Return the entries of a count from the disk, and what reads its people: memory does not grow with either."""
        store, ids = self._store, (count.id, *count.joined)
        if store is None:
            raise RuntimeError("there is no store to read from")
        store.flush(FLUSH_S)
        return store.log_of(ids), lambda: store.people_of(ids)

    def curve(self, session_id: str) -> Curve:
        """Return the running totals over UTC; those of up to a minute ago for a long count. Raises StoreError."""
        if self._store is not None:
            return self._store.totals(session_id, may_be_behind=True).curve_utc
        session = self.load(session_id)
        return session.log.read(lambda totals: totals.curve(utc=True, max_points=256))

    def is_under_way(self, session_id: str) -> bool:
        """Whether this count is being counted now."""
        current = self._manager.current
        return current is not None and current.id == session_id and bool(current.active_runs)

    @property
    def under_way(self) -> str:
        """The id of the count that is being counted now, "" for none or while nobody was counted in it."""
        current = self._manager.current
        return current.id if current is not None and current.active_runs and current.counts().people else ""

    @property
    def can_delete(self) -> bool:
        return self._store is not None

    def delete(self, session_id: str) -> bool:
        """Delete a count; return False where there is none. Raises StoreError, or HeadcountError for a running one."""
        if self.is_under_way(session_id):
            raise HeadcountError("This count is under way.", "Stop it first.")
        return self._store is not None and self._store.delete(session_id)

    def restore(self, session_id: str) -> bool:
        """Bring a deleted count back; return False where that cannot be done any more. Raises StoreError."""
        return self._store is not None and self._store.restore(session_id)

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


def with_counts(count: KeptCount, c: Counts) -> KeptCount:
    """Return the line of a count with other figures."""
    return replace(count, people=c.people, female=c.female, male=c.male, undecided=c.undecided)


def _is_worth_listing(info: KeptInfo) -> bool:
    """Whether anybody came, or was watched for long enough that nobody's coming is a result, as it is of any film."""
    is_film = 0.0 < info.began_utc < info.opened_utc - 1.0  # what it shows was before it was opened
    return info.people > 0 or is_film or info.last_utc - info.opened_utc >= NOBODY_AFTER_S


def _from_info(info: KeptInfo) -> KeptCount:
    return KeptCount(
        *(info.id, info.name, info.opened_utc, info.people, info.female, info.male, info.undecided),
        *(info.place, info.note, info.last_utc, info.joined, info.began_utc),
    )


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
        session.place,
        session.note,
        entries[-1].utc if entries else time.time(),
    )


def local_time(utc: float, *, now: float | None = None) -> str:
    """Return a moment in local time: "14:02", with the date where it is not today's."""
    moment = datetime.fromtimestamp(utc)
    today = datetime.fromtimestamp(time.time() if now is None else now).date()
    return moment.strftime("%H:%M") if moment.date() == today else moment.strftime("%Y-%m-%d %H:%M")
