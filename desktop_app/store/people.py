"""The people of long sessions one after the other, in memory that does not grow with their number.

The fold of a whole log holds everybody at once. Here SQLite sorts the entries by person, on the disk where they are
many, and a few hundred people at a time go through the same fold.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from desktop_app.domain.event_codec import EVENT_KINDS
from desktop_app.domain.events import Condensed, Entry, Merged, PersonEvent, PlaceRenamed, Split, Undone
from desktop_app.domain.joined_doors import DOOR_EVENTS
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.renamed_places import RenamedPlaces
from desktop_app.domain.totals import Totals, record_alone
from desktop_app.store.rows import OnBadRow, StoredEntry, read_sorted

PERSONAL_KINDS = tuple(name for name, cls in EVENT_KINDS.items() if issubclass(cls, PersonEvent))
_LINKS = tuple(name for name, cls in EVENT_KINDS.items() if cls in (Merged, Undone))
_RENAMES = tuple(name for name, cls in EVENT_KINDS.items() if cls is PlaceRenamed)
_DOORS = tuple(name for name, cls in EVENT_KINDS.items() if cls in DOOR_EVENTS)
_CONDENSED = tuple(name for name, cls in EVENT_KINDS.items() if cls is Condensed)
_ENTRIES_AT_ONCE = 4000


def read_people(connection: sqlite3.Connection, ids: Iterable[str], on_bad: OnBadRow) -> Iterator[PersonRecord]:
    """Return one record a person of these sessions, in no particular order. Raises sqlite3.Error.

    What comes out is what `Totals(entries).people()` has. Memory grows with the people who were merged and with what
    the operator took back, which are few, and with the intervals of a session that was condensed.
    """
    sessions = tuple(dict.fromkeys(ids))
    groups = PersonGroups(connection, sessions, on_bad)
    part: list[Entry] = []
    for group in groups.read():
        alone = groups.alone(group)
        if alone is not None:
            yield alone
            continue
        part += (stored.entry for stored in group)
        if len(part) >= _ENTRIES_AT_ONCE:
            yield from groups.fold(part)
            part = []
    yield from groups.fold(part)
    for stored in read_sorted(connection, sessions, _CONDENSED, "seq", on_bad):
        yield from groups.fold((stored.entry,))


class PersonGroups:
    """The entries on people, by person: whoever was ever merged with another comes together with them."""

    def __init__(self, connection: sqlite3.Connection, sessions: Sequence[str], on_bad: OnBadRow) -> None:
        """Reads what links people, which is held. Raises sqlite3.Error."""
        self._connection, self._sessions, self._on_bad = connection, sessions, on_bad
        self._undone: dict[str, list[Entry]] = defaultdict(list)
        self._merged: dict[str, str] = {}
        self._about_doors = [s.entry for s in read_sorted(connection, sessions, _RENAMES, "seq", on_bad)]
        if len(sessions) > 1:
            self._about_doors += [s.entry for s in read_sorted(connection, sessions, _DOORS, "seq", on_bad)]
        self.doors = Totals(self._about_doors).doors
        self._place_names = RenamedPlaces()
        for rename in self._about_doors:
            self._place_names.take(self.doors.here(rename))
        for stored in read_sorted(connection, sessions, _LINKS, "seq", on_bad):
            event = stored.entry.event
            if isinstance(event, Undone):
                self._undone[event.entry].append(stored.entry)
            elif isinstance(event, Merged):
                first, second = self._head(event.person), self._head(event.into)
                if first != second:
                    self._merged[first] = second

    def read(self) -> Iterator[list[StoredEntry]]:
        """Return the entries of one person after the other. Keeps one query open. Raises sqlite3.Error."""
        person = "CASE WHEN json_valid(event) THEN json_extract(event, '$.person') END"
        if self._merged:
            self._connection.create_function("group_of", 1, self._head, deterministic=True)
            person = f"group_of({person})"
        order = f"{person}, seq, id"
        group: list[StoredEntry] = []
        head = ""
        for stored in read_sorted(self._connection, self._sessions, PERSONAL_KINDS, order, self._on_bad):
            assert isinstance(stored.entry.event, PersonEvent)
            current = self._head(stored.entry.event.person)
            if group and current != head:
                yield group
                group = []
            head = current
            group.append(stored)
        if group:
            yield group

    def alone(self, group: Sequence[StoredEntry]) -> PersonRecord | None:
        """Return the record of an ordinary person, None for anybody else: these are worked out together by `fold`."""
        ref = group[0].entry.event.person  # type: ignore[attr-defined]
        for _, entry in group:
            event = entry.event
            is_linked = isinstance(event, Merged | Split) or getattr(event, "person", "") != ref
            if is_linked or entry.id in self._undone:
                return None
        return record_alone(ref, [self.doors.here(entry) for _, entry in group], self._place_names)

    def fold(self, entries: Sequence[Entry]) -> list[PersonRecord]:
        """Return the records of people of whom all entries are given."""
        taken_back: list[Entry] = []
        waiting = [entry.id for entry in entries] if self._undone else []
        while waiting:
            found = self._undone.get(waiting.pop(), ())
            taken_back += found
            waiting += [entry.id for entry in found]
        return Totals((*self._about_doors, *entries, *taken_back)).people()

    def _head(self, ref: str | None) -> str:
        """Return the reference that stands for all whom merges join with this one, whether or not these hold."""
        current = ref or ""
        while current in self._merged:
            current = self._merged[current]
        return current
