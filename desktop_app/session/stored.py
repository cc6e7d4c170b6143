"""The sessions of one store: new ones that are written into it, and those that were counted before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from desktop_app.domain.about import about
from desktop_app.domain.events import Closed, Entry
from desktop_app.session.log import EntrySink, SequenceNumbers, SessionLog
from desktop_app.session.session import Session
from desktop_app.session.undo import UndoStack


class EntryStore(EntrySink, Protocol):
    """What sessions need of `store.Store`."""

    def last_seq(self) -> int: ...

    def entries(self, session_id: str) -> Iterable[Entry]: ...


class StoredSessions:
    """Makes sessions and reads them back. Without a store they live as long as the program, and none is read."""

    def __init__(self, store: EntryStore | None, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._sinks: list[EntrySink] = [store] if store is not None else []
        self._numbers = SequenceNumbers(store.last_seq() if store is not None else 0, clock)

    @property
    def are_kept(self) -> bool:
        """Whether new sessions are written anywhere."""
        return bool(self._sinks)

    def new(self, undo: UndoStack, name: str = "", place: str = "", note: str = "") -> Session:
        """Return a new session, whose first entry is written."""
        return Session(
            self._numbers,
            undo,
            self._sinks,
            name=name,
            place=place,
            note=note,
            clock=self._clock,
            read_entries=self._with_joined,
        )

    def new_unwritten(self, undo: UndoStack, name: str) -> Session:
        """Return a new session that is written nowhere."""
        return Session(self._numbers, undo, name=name, clock=self._clock)

    def load(self, session_id: str) -> Session:
        """Return a stored session to look at and to correct. Raises KeyError for an unknown one.

        Its decisions are in an undo list of its own, whenever and by whichever program they were taken.
        """
        entries = self._entries(session_id)
        if not entries:
            raise KeyError(session_id)
        session = Session(
            self._numbers,
            UndoStack(),
            self._sinks,
            session_id=session_id,
            entries=entries,
            clock=self._clock,
            read_entries=self._with_joined,
        )
        for other in _joined_to(entries):
            session.log.join(other, self._with_joined(other))
        session.restore_steps()
        return session

    def close(self, session_id: str) -> None:
        """Note that a session which was cut off is over, as of its last entry."""
        entries = self._entries(session_id)
        if entries:
            log = SessionLog(session_id, self._numbers, self._sinks, self._clock, entries)
            log.append([Closed(0.0)], utc_of=lambda _: entries[-1].utc)

    def forget(self, sessions: Iterable[Session]) -> None:
        """Write nothing from now on, nor what still happens in these sessions, and read nothing."""
        for session in sessions:
            for sink in self._sinks:
                session.log.remove_sink(sink)
        self._sinks, self._store = [], None

    def _entries(self, session_id: str) -> tuple[Entry, ...]:
        """Return the entries of a session, oldest first; none for an unknown one."""
        return tuple(self._store.entries(session_id)) if self._store is not None else ()

    def _with_joined(self, session_id: str) -> tuple[Entry, ...]:
        """Return the stored entries of a session, of those joined to it, of those joined to these, and so on."""
        ids, found = [session_id], list[Entry]()
        for current in ids:  # grows on the way
            entries = self._entries(current)
            found += entries
            ids += [other for other in _joined_to(entries) if other not in ids]
        return tuple(found)


def _joined_to(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return the sessions that the entries of one session join to it, those parted again left out."""
    return about(entries).joined
