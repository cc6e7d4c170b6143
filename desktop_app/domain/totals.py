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
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.events import OPERATOR_EVENTS, Entry, Merged, PersonEvent, PlacesSet, Split, Undone
from desktop_app.domain.person_facts import PersonFacts, PersonRecord, record_of
from desktop_app.domain.types import AGE_BANDS, Counts, Gender


@dataclass(frozen=True, slots=True)
class PlaceFigures:
    """What was counted at one line (`into`, `out`) or zone (`inside` now, `visits`, mean stay in seconds)."""

    kind: str
    into: int = 0
    out: int = 0
    inside: int = 0
    visits: int = 0
    mean_dwell_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Curve:
    """The running totals by the time of counting, with the split as it is known now: parallel arrays of shape (n,).

    `time_s` is float64, oldest first, on the clock asked for; the rest is int64.
    """

    time_s: NDArray[np.float64]
    female: NDArray[np.int64]
    male: NDArray[np.int64]
    undecided: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.time_s)


_GENDERS = tuple(Gender)


class _Sum:
    """Running sums over person records; `add` with -1 takes a record out again."""

    def __init__(self) -> None:
        self.genders = dict.fromkeys(Gender, 0)
        self.bands = [0] * len(AGE_BANDS)
        self.age_unknown = self.looking = 0

    def add(self, record: PersonRecord, times: int) -> None:
        self.genders[record.gender] += times
        self.looking += times * record.is_looking
        band = record.band_index
        if band is None:
            self.age_unknown += times
        else:
            self.bands[band] += times

    def counts(self, in_view: int) -> Counts:
        return Counts(
            female=self.genders[Gender.FEMALE],
            male=self.genders[Gender.MALE],
            undecided=self.genders[Gender.UNDECIDED],
            age_bands=tuple(self.bands),
            age_unknown=self.age_unknown,
            in_view=in_view,
            looking=self.looking,
        )


@dataclass(slots=True)
class _PlaceSum:
    into: int = 0
    out: int = 0
    inside: int = 0
    visits: int = 0
    ended: int = 0
    dwell_ms: int = 0


class Totals:
    """The totals of one session, or of several joined ones. Not thread-safe."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.version = 0
        """Rises with every entry applied, so that a reader knows whether anything is new."""
        self._entries: dict[str, Entry] = {}
        self._undone_by: dict[str, list[Entry]] = defaultdict(list)
        self._facts: dict[str, PersonFacts] = {}
        self._links: dict[str, list[Entry]] = defaultdict(list)  # merges and splits by each reference they touch
        self._record_of: dict[str, PersonRecord] = {}  # by every member's reference
        self._all, self._by_door = _Sum(), defaultdict[str, _Sum](_Sum)
        self._places: dict[tuple[str, str], _PlaceSum] = defaultdict(_PlaceSum)
        self._place_kinds: dict[tuple[str, str], tuple[int, str]] = {}
        self.apply_all(entries)

    # ---- reading

    def counts(self, door: str | None = None, *, in_view: int = 0) -> Counts:
        """Return the totals, of one door or of all; `in_view` is not in the log and is passed through."""
        total = self._all if door is None else self._by_door.get(door, _Sum())
        return total.counts(in_view)

    def person(self, ref: str) -> PersonRecord | None:
        """Return the record of the person with this reference, whoever they were merged into; None before counted."""
        return self._record_of.get(ref)

    def records(self) -> tuple[PersonRecord, ...]:
        """Return the records in no order, a merged person's once a reference. Quick: `curve_of` does the rest."""
        return tuple(self._record_of.values())

    def people(self) -> list[PersonRecord]:
        """Return one record a person, staff and removed ones included, in the order in which they were counted."""
        distinct = {id(r): r for r in self._record_of.values()}
        return sorted(distinct.values(), key=lambda r: (r.counted_utc, r.number, r.ref))

    def places(self) -> dict[tuple[str, str], PlaceFigures]:
        """Return the figures of every line and zone by (door, name)."""
        found = {}
        crossed = (k for k, s in self._places.items() if k not in self._place_kinds and s != _PlaceSum())
        for key in (*self._place_kinds, *crossed):
            s = self._places.get(key, _PlaceSum())
            kind = self._place_kinds[key][1] if key in self._place_kinds else ("zone" if s.visits else "line")
            found[key] = PlaceFigures(
                kind, s.into, s.out, s.inside, s.visits, s.dwell_ms / s.ended / 1000 if s.ended else 0.0
            )
        return found

    def curve(self, *, utc: bool = False, max_points: int = 2048) -> Curve:
        """Return the running totals over media time, or over UTC; thinned out to `max_points`."""
        return curve_of(self.people(), utc=utc, max_points=max_points)

    def entries(self) -> Iterator[Entry]:
        """Return every entry applied, in the order of their sequence numbers."""
        return iter(sorted(self._entries.values(), key=lambda e: e.seq))

    def corrections(self) -> list[Entry]:
        """Return the operator's decisions that hold, oldest first."""
        mine = (e for e in self._entries.values() if _is_by_operator(e))
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

    def _take(self, entry: Entry) -> set[str]:
        """Note an entry and return the references of those whose records it may change."""
        if entry.id in self._entries:
            return set()
        self._entries[entry.id] = entry
        self.version += 1
        event = entry.event
        touched: set[str] = set()
        if isinstance(event, Undone):
            self._undone_by[event.entry].append(entry)
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
        if entry.id in self._undone_by:  # its undoing was read before it
            touched |= self._touched_by_undo(entry.id)
        return touched

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
        merged = (m for r in refs if r in self._record_of for m in self._record_of[r].members)
        refs = dict.fromkeys((*refs, *merged))
        done: set[str] = set()
        for ref in refs:
            if ref in done:
                continue
            group = self._group(ref)
            done.update(group)
            for member in group:
                self._forget(member)
            record = record_of([self._facts_of(r) for r in group], self.is_active)
            if record is not None:
                for member in group:
                    self._record_of[member] = record
                self._add(record, 1)

    def _forget(self, ref: str) -> None:
        record = self._record_of.get(ref)
        if record is None:
            return
        for member in record.members:
            self._record_of.pop(member, None)
        self._add(record, -1)

    def _group(self, ref: str) -> list[str]:
        """Return everybody merged with `ref`, the one they are merged into first."""
        if ref not in self._links:
            return [ref]
        members, into, stack = {ref}, set[str](), [ref]
        while stack:
            for merge in self._merges(stack.pop()):
                into.add(merge.person)
                new = {merge.person, merge.into} - members
                members |= new
                stack += new
        heads = (members - into) or members
        return sorted(members, key=lambda r: (r not in heads, *self._rank(r)))

    def _rank(self, ref: str) -> tuple[bool, int, str]:
        counted = self._facts_of(ref).counted_by(self.is_active)
        return (counted is None, counted.seq if counted else 0, ref)

    def _merges(self, ref: str) -> list[Merged]:
        """Return the merges of this reference that hold."""
        links = self._links.get(ref, ())
        found = []
        for entry in links:
            event = entry.event
            if isinstance(event, Merged) and event.person != event.into and self.is_active(entry.id):
                splits = (*self._links.get(event.person, ()), *self._links.get(event.into, ()))
                if not any(isinstance(s.event, Split) and s.seq > entry.seq and self.is_active(s.id) for s in splits):
                    found.append(event)
        return found

    def _add(self, record: PersonRecord, times: int) -> None:
        if record.counts:
            self._all.add(record, times)
            self._by_door[record.door].add(record, times)
        for key, (sign, _, _) in record.crossings.items():
            if sign > 0:
                self._places[key].into += times
            else:
                self._places[key].out += times
        for key, visits in record.visits.items():
            place = self._places[key]
            place.inside += times * visits.open
            place.visits += times * visits.visits
            place.ended += times * visits.ended
            place.dwell_ms += times * visits.dwell_ms


def _is_by_operator(entry: Entry) -> bool:
    event = entry.event
    if isinstance(event, Merged):
        return event.by_operator
    return isinstance(event, OPERATOR_EVENTS)


def curve_of(people: Iterable[PersonRecord], *, utc: bool = False, max_points: int = 2048) -> Curve:
    """Return the running totals of these people; see `Totals.curve`. A record that comes twice counts once."""
    records = list({r.ref: r for r in people if r.counts}.values())
    times = np.array([r.counted_utc if utc else r.counted_s for r in records], np.float64)
    order = np.argsort(times, kind="stable")
    genders = np.array([_GENDERS.index(r.gender) for r in records], np.int64)[order]
    steps = [np.cumsum(genders == i, dtype=np.int64) for i in range(len(_GENDERS))]
    keep = np.arange(len(records))
    if len(keep) > max_points:
        keep = np.unique(np.linspace(0, len(records) - 1, max_points).astype(np.int64))
    female, male, undecided = (steps[_GENDERS.index(g)][keep] for g in (Gender.FEMALE, Gender.MALE, Gender.UNDECIDED))
    return Curve(times[order][keep], female, male, undecided)
