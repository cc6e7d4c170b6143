"""The entries of sessions that were counted before, with those of the sessions joined to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from desktop_app.domain.about import about
from desktop_app.domain.events import Entry
from desktop_app.session.log import EntrySink


class EntryStore(EntrySink, Protocol):
    """What a manager needs of `store.Store`."""

    def last_seq(self) -> int: ...

    def entries(self, session_id: str) -> Iterable[Entry]: ...


class StoredEntries:
    """Reads a store; without one there is nothing to read."""

    def __init__(self, store: EntryStore | None) -> None:
        self._store = store

    def entries(self, session_id: str) -> tuple[Entry, ...]:
        """Return the entries of a session, oldest first; none for an unknown one."""
        return tuple(self._store.entries(session_id)) if self._store is not None else ()

    def with_joined(self, session_id: str) -> tuple[Entry, ...]:
        """Return the stored entries of a session, of those joined to it, of those joined to these, and so on."""
        ids, found = [session_id], list[Entry]()
        for current in ids:  # grows on the way
            entries = self.entries(current)
            found += entries
            ids += [other for other in joined_to(entries) if other not in ids]
        return tuple(found)


def joined_to(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return the sessions that the entries of one session join to it, those parted again left out."""
    return about(entries).joined
