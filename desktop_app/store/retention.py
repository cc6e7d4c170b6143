"""Takes the rows of single people out of the log when they are old enough, and leaves the numbers of each interval.

The totals, the charts and every report over quarters of an hour stay as they were. What goes is what could tell of one
person: when exactly they came, how old and how sure, how long they stayed, and what the operator said of them.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from desktop_app.domain.event_codec import kind_of
from desktop_app.domain.events import Condensed, DoorStarted, Entry, is_decision
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import Gender
from desktop_app.store.database import transaction
from desktop_app.store.people import PersonGroups
from desktop_app.store.rows import EntryTable, OnBadRow, StoredEntry, read_sorted

INTERVAL_S = 900.0
"""The quarters of an hour are whole ones in every time zone."""
_PEOPLE_AT_ONCE = 1000


@dataclass(slots=True)
class Part:
    """Rows of old people, and the entries that take their place; their sequence numbers are given when written."""

    people: int = 0
    rows: list[StoredEntry] = field(default_factory=list)
    instead: list[Entry] = field(default_factory=list)


def old_parts(
    connection: sqlite3.Connection,
    sessions: Sequence[str],
    before_utc: float,
    on_bad: OnBadRow,
    under_way: frozenset[str] = frozenset(),
) -> Iterator[Part]:
    """Return the people of joined sessions about whom nothing is newer than `before_utc`, a thousand at a time.

    `under_way` are sessions that are being counted: of these nothing may have been written since then either. An old
    film shows people of long ago who are still in the picture. Keeps one query open until the end. Raises
    sqlite3.Error.
    """
    groups = PersonGroups(connection, sessions, on_bad)
    began: dict[str, float] = {}
    for stored in read_sorted(connection, sessions, (kind_of(DoorStarted(0.0, "", 0.0)),), "seq", on_bad):
        began[stored.entry.session] = min(stored.entry.utc, began.get(stored.entry.session, stored.entry.utc))
    part = Part()
    for group in groups.read():
        if max(stored.entry.utc for stored in group) >= before_utc:
            continue
        # A sequence number is the time of writing in microseconds.
        if any(entry.session in under_way and entry.seq >= 1e6 * before_utc for _, entry in group):
            continue
        part.rows += group
        part.people += 1
        if part.people >= _PEOPLE_AT_ONCE:
            yield _finished(part, groups, began)
            part = Part()
    if part.rows:
        yield _finished(part, groups, began)


def write_part(connection: sqlite3.Connection, part: Part) -> None:
    """Put the entries in the place of the rows, all or nothing. Raises sqlite3.Error."""
    with transaction(connection):
        table = EntryTable(connection)
        connection.executemany("DELETE FROM entry WHERE row = ?", [(stored.row,) for stored in part.rows])
        by_session: dict[str, list[Entry]] = defaultdict(list)
        for stored in part.rows:
            by_session[stored.entry.session].append(stored.entry)
        for session, entries in by_session.items():
            connection.execute(
                "UPDATE session SET entries = entries - ?, condensed_seq = max(condensed_seq, ?) WHERE id = ?",
                (len(entries), max(e.seq for e in entries), session),
            )
        instead: dict[str, list[Entry]] = defaultdict(list)
        for entry in part.instead:
            instead[entry.session].append(entry)
        for session, entries in instead.items():
            last, last_utc = connection.execute(
                "SELECT last_seq, last_utc FROM session WHERE id = ?", (session,)
            ).fetchone()
            table.insert(replace(entry, seq=last + i) for i, entry in enumerate(entries, 1))
            connection.execute("UPDATE session SET last_utc = ? WHERE id = ?", (last_utc, session))


def _finished(part: Part, groups: PersonGroups, began: Mapping[str, float]) -> Part:
    """Work out what takes the place of the rows. `began` is when the first run began, by session."""
    entries = [stored.entry for stored in part.rows]
    newest: dict[tuple[str, str], float] = {}
    for entry in entries:
        if not is_decision(entry.event):  # the last sign of watching, where a run was cut off
            key = (entry.session, entry.door)
            newest[key] = max(newest.get(key, entry.utc), entry.utc)
    tallies: dict[tuple[str, str, float], Condensed] = {}

    def tally(session: str, door: str, utc: float, time_s: float) -> Condensed:
        session, door = groups.doors.own(session, door)
        quarter = utc // INTERVAL_S * INTERVAL_S
        start = min(utc, max(quarter, began.get(session, quarter)))
        numbers = Condensed(time_s - (utc - start), start, quarter + INTERVAL_S - start)
        return tallies.setdefault((session, door, quarter), numbers)

    for person in groups.fold(entries):
        here = tally(person.session, person.door, person.counted_utc, person.counted_s)
        own, *others = person.labels or ((person.door, None),)
        left = _key(person, own[1])
        here.people[left] = here.people.get(left, 0) + 1
        for door, gender in others:  # whom the operator made one with this person counted by themselves before
            there = tally(person.session, door, person.counted_utc, person.counted_s)
            left = f"/{gender}/"
            there.people[left] = there.people.get(left, 0) + 1
        for (door, place), (sign, time_s, utc) in person.crossings.items():
            there = tally(person.session, door, utc, time_s)
            numbers = there.into if sign > 0 else there.out
            numbers[place] = numbers.get(place, 0) + 1
        for (door, place), visits in person.visits.items():
            there = tally(person.session, door, person.counted_utc, person.counted_s)
            there.visits[place] = there.visits.get(place, 0) + visits.visits
            there.stay_ms[place] = there.stay_ms.get(place, 0) + visits.dwell_ms
    part.instead = [
        Entry(uuid.uuid4().hex, session, door, 0, newest.get((session, door), quarter), event)
        for (session, door, quarter), event in sorted(tallies.items(), key=lambda item: item[0])
    ]
    return part


def _key(person: PersonRecord, label: Gender | None) -> str:
    """Return what is left of a person whom the program alone gave this label, as `events.Condensed` has it."""
    gender = person.gender.value if person.counts else ""
    return f"{gender}/{label or ''}/{person.age_band or ''}"
