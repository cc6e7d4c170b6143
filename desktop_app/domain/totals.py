"""The fold of a log: every count, curve and table is read from here, and nothing else holds one.

    totals = Totals()
    for entry in entries:
        totals.apply(entry)
    totals.counts(), totals.places(), totals.curve(), totals.people()

Applying an entry costs the same however many people there are. What comes out is a function of the set of entries, so
an entry that comes late, or twice, changes nothing but what it says: no order makes a total negative.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from desktop_app.domain.curve import Curve, curve_of
from desktop_app.domain.events import (
    OPERATOR_EVENTS,
    Added,
    Condensed,
    Counted,
    Entry,
    Merged,
    PersonEvent,
    PlaceRenamed,
    PlacesSet,
    Split,
    Undone,
)
from desktop_app.domain.joined_doors import JoinedDoors
from desktop_app.domain.person_facts import PersonFacts, PersonRecord, condensed_records, record_of
from desktop_app.domain.record_sums import PlaceFigures, RecordSums
from desktop_app.domain.renamed_places import RenamedPlaces
from desktop_app.domain.types import Counts, Gender


class Totals:
    """The totals of one session, or of several joined ones. Not thread-safe."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.version = 0
        """Rises with every entry applied, so that a reader knows whether anything is new."""
        self.arrivals = 0
        """How often somebody was counted or added by hand, whatever was corrected afterwards."""
        self.doors = JoinedDoors(self.is_active)
        """What the ids and names of the doors are here, where several sessions are joined. To be read only."""
        self._entries: dict[str, Entry] = {}
        self._undone_by: dict[str, list[Entry]] = defaultdict(list)
        self._begin()
        self.apply_all(entries)

    def _begin(self) -> None:
        """Forget what follows from the entries, but for which are undone and what the doors are."""
        self._facts: dict[str, PersonFacts] = {}
        self._links: dict[str, list[Entry]] = defaultdict(list)  # merges and splits by each reference they touch
        self._record_of: dict[str, PersonRecord] = {}  # by every member's reference
        self._sums = RecordSums()
        self._place_kinds: dict[tuple[str, str], tuple[int, str]] = {}
        self._place_names = RenamedPlaces()
        self._condensed: list[Entry] = []

    # ---- reading

    def counts(self, door: str | None = None, *, in_view: int = 0) -> Counts:
        """Return the totals, of one door or of all; `in_view` is not in the log and is passed through."""
        return self._sums.counts(door, in_view=in_view)

    def person(self, ref: str) -> PersonRecord | None:
        """Return the record of the person with this reference, whoever they were merged into; None before counted."""
        return self._record_of.get(ref)

    def number(self, ref: str) -> int:
        """Return the number on the screen under which somebody was counted first, 0 for one added by hand."""
        facts = self._facts.get(ref)
        event = facts.counted.event if facts is not None and facts.counted is not None else None
        return event.number if isinstance(event, Counted) else 0

    def door(self, ref: str) -> str:
        """Return the id of the door at which somebody was counted first, "" for nobody who was."""
        facts = self._facts.get(ref)
        return facts.counted.door if facts is not None and facts.counted is not None else ""

    def records(self) -> tuple[PersonRecord, ...]:
        """Return the records in no order, a merged person's once a reference. Quick: `curve_of` does the rest."""
        return tuple(self._record_of.values())

    def people(self) -> list[PersonRecord]:
        """Return one record a person, staff and removed ones included, in the order in which they were counted."""
        distinct = {id(r): r for r in self._record_of.values()}
        return sorted(distinct.values(), key=lambda r: (r.counted_utc, r.number, r.ref))

    def places(self) -> dict[tuple[str, str], PlaceFigures]:
        """Return the figures of every line and zone by (door, name)."""
        return self._sums.places(self.place_kinds())

    def place_kinds(self) -> dict[tuple[str, str], str]:
        """Return "line" or "zone" for every place that the log tells of, by (door, name)."""
        named = ((door, self._place_names.name(door, place, seq), seq, kind)
                 for (door, place), (seq, kind) in self._place_kinds.items())  # fmt: skip
        kinds: dict[tuple[str, str], tuple[int, str]] = {}
        for door, name, seq, kind in named:
            kinds[door, name] = max(kinds.get((door, name), (-1, "")), (seq, kind))
        return {key: kind for key, (_, kind) in kinds.items()}

    def curve(self, *, utc: bool = False, max_points: int = 2048) -> Curve:
        """Return the running totals over media time, or over UTC; thinned out to `max_points`."""
        return curve_of(self.people(), utc=utc, max_points=max_points)

    def entries(self) -> Iterator[Entry]:
        """Return every entry applied, in the order of their sequence numbers."""
        return iter(sorted(self._entries.values(), key=lambda e: e.seq))

    def corrections(self) -> list[Entry]:
        """Return the operator's decisions that hold, oldest first."""
        mine = (e for e in self._entries.values() if is_by_operator(e))
        return sorted((e for e in mine if self.is_active(e.id)), key=lambda e: e.seq)

    def is_active(self, entry_id: str) -> bool:
        """Whether an entry has not been undone. Only a later entry can undo one."""
        stack = [entry_id]
        known: dict[str, bool] = {}
        while stack:
            current = stack[-1]
            target = self._entries.get(current)
            undoers = [u for u in self._undone_by.get(current, ()) if target is not None and u.seq > target.seq]
            unknown = [u.id for u in undoers if u.id not in known]
            if unknown:
                stack += unknown
                continue
            known[current] = not any(known[u.id] for u in undoers)
            stack.pop()
        return known[entry_id]

    # ---- writing

    def apply(self, entry: Entry) -> None:
        """Take in one entry. One that was taken in before changes nothing."""
        self._refresh(self._take(entry))

    def apply_all(self, entries: Iterable[Entry]) -> None:
        """Take in many entries. The result is that of `apply` on each, but every person is worked out once only."""
        touched: dict[str, None] = {}  # in the order of the entries, so that every run gives the same order of places
        for entry in entries:
            touched.update(dict.fromkeys(self._take(entry)))
        self._refresh(touched)

    def _take(self, entry: Entry) -> Iterable[str]:
        """Note an entry and return the references of those whose records it may change."""
        if entry.id in self._entries:
            return ()
        self._entries[entry.id] = entry
        self.version += 1
        self.arrivals += isinstance(entry.event, Counted | Added)
        if isinstance(entry.event, Undone):
            self._undone_by[entry.event.entry].append(entry)
        if self.doors.take(entry):  # seldom: another count was joined, or its door or place is called otherwise
            self._begin()
            return [ref for known in self._entries.values() for ref in self._put(self.doors.here(known))]
        return self._put(self.doors.here(entry))

    def _put(self, entry: Entry) -> set[str]:
        """Put an entry, which has the id of its door here, to what it is about."""
        event = entry.event
        touched: set[str] = set()
        if isinstance(event, Undone):
            touched |= self._touched_by_undo(event.entry)
        elif isinstance(event, PersonEvent):
            self._facts_of(event.person).take(entry)
            touched.add(event.person)
            if isinstance(event, Merged):
                touched.add(event.into)
            if isinstance(event, Merged | Split):
                for ref in touched:
                    self._links[ref].append(entry)
        elif isinstance(event, PlacesSet):
            for kind, names in (("line", event.lines), ("zone", event.zones)):
                for name in names:
                    known = self._place_kinds.get((entry.door, name), (-1, ""))
                    self._place_kinds[entry.door, name] = max(known, (entry.seq, kind))
        elif isinstance(event, PlaceRenamed):
            touched |= self._rename(entry)
        elif isinstance(event, Condensed):
            self._condensed.append(entry)
            self._add_condensed(entry)
        if entry.id in self._undone_by:  # its undoing was read before it
            touched |= self._touched_by_undo(entry.id)
        return touched

    def _add_condensed(self, entry: Entry) -> None:
        for record in condensed_records(entry, self._place_names):
            self._record_of[record.ref] = record
            self._sums.add(record)

    def _rename(self, entry: Entry) -> set[str]:
        """Take in the new name of a place; return the references of those who were there."""
        again = [e for e in self._condensed if e.door == entry.door]
        for condensed in again:
            for record in condensed_records(condensed, self._place_names):
                self._forget(record.ref)
        self._place_names.take(entry)
        for condensed in again:
            self._add_condensed(condensed)
        return {
            ref
            for ref, record in self._record_of.items()
            if not record.is_condensed and any(d == entry.door for d, _ in (*record.crossings, *record.visits))
        }

    def _facts_of(self, ref: str) -> PersonFacts:
        facts = self._facts.get(ref)
        if facts is None:
            facts = self._facts[ref] = PersonFacts(ref)
        return facts

    def _touched_by_undo(self, entry_id: str) -> set[str]:
        """Return the references that an entry is about, or that whatever it undoes is about."""
        seen: set[str] = set()
        while entry_id not in seen:
            seen.add(entry_id)
            entry = self._entries.get(entry_id)
            if entry is not None and isinstance(entry.event, Undone):
                entry_id = entry.event.entry
            elif entry is not None and isinstance(entry.event, PersonEvent):
                return {entry.event.person, *((entry.event.into,) if isinstance(entry.event, Merged) else ())}
        return set()

    def _refresh(self, refs: Iterable[str]) -> None:
        """Work the records of these people out again, and of whoever they were or are merged with."""
        refs = tuple(refs)
        if self._links:
            merged = (m for r in refs if r in self._record_of for m in self._record_of[r].members)
            refs = tuple(dict.fromkeys((*refs, *merged)))
            alone = [r for ref in refs if ref in self._links for r in self._group(ref, by_operator=False)]
            refs = tuple(dict.fromkeys((*refs, *alone)))
        done: set[str] = set()
        for ref in refs:
            if ref in done:
                continue
            group = self._group(ref)
            done.update(group)
            for member in group:
                self._forget(member)
            record = record_of([self._facts_of(r) for r in group], self.is_active, self._place_names)
            if record is not None:
                if self._links and any(member in self._links for member in group):
                    record = replace(record, linked_labels=self._labels(group))
                for member in group:
                    self._record_of[member] = record
                self._sums.add(record)

    def _forget(self, ref: str) -> None:
        record = self._record_of.get(ref)
        if record is None:
            return
        for member in record.members:
            self._record_of.pop(member, None)
        self._sums.add(record, -1)

    def _labels(self, group: Iterable[str]) -> tuple[tuple[str, Gender], ...]:
        """Return (door, gender) of each person of the program's own making whom `group` stands for.

        Such a person belongs to the group that holds the first counted of their references, and so to one group only.
        """
        found = []
        for ref in group:
            alone = self._group(ref, by_operator=False)
            if next((r for r in alone if self._facts_of(r).counted_by(self.is_active)), None) != ref:
                continue
            record = record_of([self._facts_of(r) for r in alone], self.is_active, self._place_names)
            if record is not None and record.is_automatic:
                found.append((record.door, record.auto_gender))
        return tuple(found)

    def _group(self, ref: str, *, by_operator: bool = True) -> list[str]:
        """Return everybody merged with `ref`, the one they are merged into first.

        Without `by_operator` as the program alone has it: what the operator merged or split is left out.
        """
        if ref not in self._links:
            return [ref]
        members, into, stack = {ref}, set[str](), [ref]
        while stack:
            for merge in self._merges(stack.pop(), by_operator):
                into.add(merge.person)
                new = {merge.person, merge.into} - members
                members |= new
                stack += new
        heads = (members - into) or members
        return sorted(members, key=lambda r: (r not in heads, *self._rank(r)))

    def _rank(self, ref: str) -> tuple[bool, int, str]:
        counted = self._facts_of(ref).counted_by(self.is_active)
        return (counted is None, counted.seq if counted else 0, ref)

    def _merges(self, ref: str, by_operator: bool) -> list[Merged]:
        """Return the merges of this reference that hold, or that the program made."""
        links = self._links.get(ref, ())
        found = []
        for entry in links:
            event = entry.event
            if not isinstance(event, Merged) or event.person == event.into:
                continue
            if not by_operator:
                if not event.by_operator:
                    found.append(event)
            elif self.is_active(entry.id):
                splits = (*self._links.get(event.person, ()), *self._links.get(event.into, ()))
                if not any(isinstance(s.event, Split) and s.seq > entry.seq and self.is_active(s.id) for s in splits):
                    found.append(event)
        return found


def record_alone(ref: str, entries: Iterable[Entry], place_names: RenamedPlaces) -> PersonRecord | None:
    """Return the record of somebody who was never merged or split and of whom no entry was undone; None before counted.

    It is what `Totals` has of them, in a fraction of the time. `entries` are all that there are on this person.
    """
    facts = PersonFacts(ref)
    for entry in entries:
        facts.take(entry)
    return record_of((facts,), lambda _: True, place_names)


def is_by_operator(entry: Entry) -> bool:
    """Whether an entry is a decision of the operator that can be undone."""
    event = entry.event
    if isinstance(event, Merged):
        return event.by_operator
    return isinstance(event, OPERATOR_EVENTS)
