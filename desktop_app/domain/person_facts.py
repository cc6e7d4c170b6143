"""What the log says of one person, and what people merged into one add to the totals: internal to `domain.totals`.

Everything here is a function of the *set* of entries, ordered by their sequence number, never of the order in which
they happened to be read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from desktop_app.domain.events import (
    Added,
    Condensed,
    Corrected,
    Counted,
    Crossed,
    CrossedBack,
    Entry,
    Left,
    Revised,
    StaffSeen,
    ZoneEntered,
    ZoneLeft,
)
from desktop_app.domain.renamed_places import RenamedPlaces
from desktop_app.domain.types import AGE_BANDS, Gender, age_band_index

IsActive = Callable[[str], bool]
"""Whether the entry with this id has not been undone."""


@dataclass(slots=True)
class PersonFacts:
    """The entries about one reference, the newest of each kind. Mutable."""

    ref: str
    counted: Entry | None = None
    decided: Counted | Revised | None = None
    left: Left | None = None
    staff_seen: StaffSeen | None = None
    seqs: dict[str, int] = field(default_factory=dict)
    """The sequence numbers of the newest decision, leaving and staff entry."""
    corrections: list[Entry] = field(default_factory=list)
    added: list[Entry] = field(default_factory=list)
    crossings: list[Entry] = field(default_factory=list)
    entered: dict[tuple[str, float], Entry] = field(default_factory=dict)
    visited: dict[tuple[str, float], Entry] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """Take in an entry about this person."""
        match entry.event:
            case Counted() as event:
                # Seen in two joined sessions, a person was counted in the first.
                if self.counted is None or entry.seq < self.counted.seq:
                    self.counted = entry
                if self._is_newest("decided", entry):
                    self.decided = event
            case Revised() as event:
                if self._is_newest("decided", entry):
                    self.decided = event
            case Left() as event:
                if self._is_newest("left", entry):
                    self.left = event
            case StaffSeen() as event:
                if self._is_newest("staff_seen", entry):
                    self.staff_seen = event
            case Corrected():
                self.corrections.append(entry)
            case Added():
                self.added.append(entry)
            case Crossed() | CrossedBack():
                self.crossings.append(entry)
            case ZoneEntered(place=place, entered_s=entered_s):
                _keep_newest(self.entered, (place, entered_s), entry)
            case ZoneLeft(place=place, entered_s=entered_s):
                _keep_newest(self.visited, (place, entered_s), entry)

    def _is_newest(self, kind: str, entry: Entry) -> bool:
        if entry.seq < self.seqs.get(kind, -1):
            return False
        self.seqs[kind] = entry.seq
        return True

    def counted_by(self, is_active: IsActive) -> Entry | None:
        """Return the first entry by which this person counts, None if there is none."""
        if not self.added:
            return self.counted
        entries = [e for e in self.added if is_active(e.id)]
        if self.counted is not None:
            entries.append(self.counted)
        return min(entries, key=lambda e: e.seq, default=None)


def _keep_newest(entries: dict[tuple[str, float], Entry], key: tuple[str, float], entry: Entry) -> None:
    if key not in entries or entry.seq > entries[key].seq:
        entries[key] = entry


@dataclass(frozen=True, slots=True)
class Visits:
    """The visits of one person to one zone: how many, how many of them go on, and the time of those that ended.

    The time is in whole milliseconds, because sums of these are taken back: floats would drift.
    """

    visits: int = 0
    open: int = 0
    ended: int = 0
    dwell_ms: int = 0


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """One person as the totals count them: everything that a table of people has. Times in seconds, UTC since 1970.

    `gender` and `age_band` are those counted, the operator's where they decided; `auto_gender` and `auto_age_band` are
    the program's. `is_looking` means that the program may still name a gender. `counts` is False for staff and for
    whoever is not a person, and these have no crossings and no visits. `members` are the references merged into one.
    """

    ref: str
    members: tuple[str, ...]
    number: int
    session: str
    door: str
    counted_s: float
    counted_utc: float
    counts: bool
    gender: Gender
    auto_gender: Gender
    probability: float
    is_looking: bool
    age_years: float | None
    age_spread_years: float | None
    age_band: str | None
    auto_age_band: str | None
    is_staff: bool
    is_removed: bool
    is_added: bool
    first_seen_s: float
    last_seen_s: float
    dwell_s: float
    facing_s: float
    corrected: tuple[str, ...] = ()
    crossings: Mapping[tuple[str, str], tuple[int, float, float]] = field(default_factory=dict)
    """(door, line) -> (1 for in or -1 for out, media time in seconds, UTC)"""
    visits: Mapping[tuple[str, str], Visits] = field(default_factory=dict)
    """(door, zone) -> visits"""
    is_condensed: bool = False
    """Known as a number of an interval only: see `condensed_records`."""
    linked_labels: tuple[tuple[str, Gender], ...] | None = None
    """`labels` where they are not simply this person's: of people whom the operator merged or split."""
    auto_staff: bool = False
    """The program itself took them for staff, as in a staff zone, and left them out, whatever the operator said."""

    @property
    def is_automatic(self) -> bool:
        """Whether the program alone counts this person, before anything was corrected."""
        return not (self.is_added or self.auto_staff)

    @property
    def labels(self) -> tuple[tuple[str, Gender], ...]:
        """(door, gender) of each person whom the program alone counted here.

        Two for two whom the operator made one; none for somebody added by hand or taken for staff by the program, and
        for one of two whom the program had taken for one.
        """
        if self.linked_labels is not None:
            return self.linked_labels
        return ((self.door, self.auto_gender),) if self.is_automatic else ()

    @property
    def band_index(self) -> int | None:
        """The index of the age band in `AGE_BANDS`, None while unknown."""
        if self.age_band is None:
            return None
        return AGE_BANDS.index(self.age_band)


def record_of(members: Iterable[PersonFacts], is_active: IsActive, place_names: RenamedPlaces) -> PersonRecord | None:
    """Return one record for people merged into one, the first of them the one they are merged into.

    Places have their present names. None as long as none of them was counted.
    """
    people = list(members)
    head = people[0]
    counted = own = head.counted_by(is_active)
    if len(people) > 1:
        counted = min(filter(None, (p.counted_by(is_active) for p in people)), key=lambda e: e.seq, default=None)
    if counted is None:
        return None
    own = own or counted
    corrections = _corrections(people, is_active)
    decided = next((p.decided for p in people if p.decided is not None), None)
    added = own.event if isinstance(own.event, Added) else None
    auto_gender = decided.gender if decided else added.gender if added else Gender.UNDECIDED
    auto_band = _band(decided, added)
    newest = _newest("staff_seen", people).staff_seen
    auto_staff = newest is not None and newest.is_staff
    is_staff = corrections["staff"] == "yes" if "staff" in corrections else auto_staff
    is_removed = corrections.get("removed") == "yes"
    counts = not (is_staff or is_removed)
    left = _newest("left", people).left
    first = counted.event
    return PersonRecord(
        ref=head.ref,
        members=tuple(p.ref for p in people),
        number=own.event.number if isinstance(own.event, Counted) else 0,
        session=counted.session,
        door=counted.door,
        counted_s=counted.event.time_s,
        counted_utc=counted.utc,
        counts=counts,
        gender=Gender(corrections["gender"]) if "gender" in corrections else auto_gender,
        auto_gender=auto_gender,
        probability=decided.probability if decided else 1.0,
        is_looking=_is_looking(decided) and "gender" not in corrections,
        age_years=decided.age_years if decided else None,
        age_spread_years=decided.age_spread_years if decided else None,
        age_band=corrections.get("age_band", auto_band),
        auto_age_band=auto_band,
        is_staff=is_staff,
        is_removed=is_removed,
        is_added=added is not None,
        first_seen_s=first.first_seen_s if isinstance(first, Counted) else first.time_s,
        last_seen_s=left.last_seen_s if left else first.time_s,
        dwell_s=left.dwell_s if left else 0.0,
        facing_s=left.facing_s if left else 0.0,
        corrected=tuple(sorted(corrections)),
        crossings=_crossings(people, place_names) if counts and any(p.crossings for p in people) else {},
        visits=_visits(people, place_names) if counts and any(p.entered or p.visited for p in people) else {},
        auto_staff=auto_staff,
    )


def _newest(kind: str, people: Sequence[PersonFacts]) -> PersonFacts:
    """Return the person with the newest entry of a kind, as `PersonFacts.seqs` names it."""
    return people[0] if len(people) == 1 else max(people, key=lambda p: p.seqs.get(kind, -1))


def condensed_records(entry: Entry, place_names: RenamedPlaces) -> Iterator[PersonRecord]:
    """Return records that add up to what a `Condensed` entry says; nothing for any other entry.

    Everybody who was counted in the interval has one, at its beginning. Crossings and visits, which are no longer
    anybody's, have records of their own that do not count.
    """
    event = entry.event
    if not isinstance(event, Condensed):
        return

    def record(
        name: str,
        gender: str = "",
        automatic: str = "",
        band: str = "",
        crossings: Mapping[tuple[str, str], tuple[int, float, float]] | None = None,
        visits: Mapping[tuple[str, str], Visits] | None = None,
    ) -> PersonRecord:
        ref, auto = f"{entry.id}.{name}", Gender(automatic or gender or Gender.UNDECIDED)
        return PersonRecord(
            ref, (ref,), 0, entry.session, entry.door, event.time_s, event.start_utc,
            counts=bool(gender), gender=Gender(gender or auto), auto_gender=auto, probability=1.0, is_looking=False,
            age_years=None, age_spread_years=None, age_band=band or None, auto_age_band=band or None,
            is_staff=False, is_removed=not gender, is_added=not automatic,
            first_seen_s=event.time_s, last_seen_s=event.time_s, dwell_s=0.0, facing_s=0.0,
            crossings=crossings or {}, visits=visits or {}, is_condensed=True,
        )  # fmt: skip

    for key, number in event.people.items():
        gender, automatic, band = key.split("/")
        for i in range(number):
            yield record(f"{key}.{i}", gender, automatic, band)
    for sign, numbers in ((1, event.into), (-1, event.out)):
        for place, number in numbers.items():
            name = place_names.name(entry.door, place, entry.seq)
            crossing = {(entry.door, name): (sign, event.time_s, event.start_utc)}
            for i in range(number):
                yield record(f"{place}.{sign}.{i}", crossings=crossing)
    for place, number in event.visits.items():
        stay_ms = event.stay_ms.get(place, 0)
        visits = Visits(number, 0, number if stay_ms else 0, stay_ms)  # without a time no end was seen
        name = place_names.name(entry.door, place, entry.seq)
        yield record(f"{place}.visits", visits={(entry.door, name): visits})


def _corrections(people: Sequence[PersonFacts], is_active: IsActive) -> dict[str, str]:
    """Return the newest decision of the operator on each thing that can be corrected."""
    found: dict[str, str] = {}
    if not any(p.corrections for p in people):
        return found
    for entry in sorted((e for p in people for e in p.corrections if is_active(e.id)), key=lambda e: e.seq):
        if isinstance(entry.event, Corrected):
            found[entry.event.what] = entry.event.new
    return found


def _is_looking(decided: Counted | Revised | None) -> bool:
    if decided is None or decided.gender is not Gender.UNDECIDED:
        return False
    return not (isinstance(decided, Revised) and decided.final)


def _band(decided: Counted | Revised | None, added: Added | None) -> str | None:
    if decided is not None:
        return None if decided.age_years is None else AGE_BANDS[age_band_index(decided.age_years)]
    return (added.age_band or None) if added is not None else None


def _crossings(
    people: Iterable[PersonFacts], place_names: RenamedPlaces
) -> dict[tuple[str, str], tuple[int, float, float]]:
    """Return one crossing at most for each line: the balance of all, so that a U-turn is none."""
    balance: dict[tuple[str, str], int] = defaultdict(int)
    entries: dict[tuple[str, str], list[tuple[int, Entry]]] = defaultdict(list)
    for entry in (e for p in people for e in p.crossings):
        event = entry.event
        if not isinstance(event, Crossed | CrossedBack):
            continue
        sign = 1 if event.direction == "in" else -1
        place = entry.door, place_names.name(entry.door, event.place, entry.seq)
        if isinstance(event, CrossedBack):
            balance[place] -= sign
        else:
            balance[place] += sign
            entries[place].append((sign, entry))
    found = {}
    for place, net in balance.items():
        sign = (net > 0) - (net < 0)
        last = max((e for s, e in entries[place] if s == sign), key=lambda e: e.seq, default=None)
        if sign and last is not None:
            found[place] = (sign, last.event.time_s, last.utc)
    return found


def _visits(people: Iterable[PersonFacts], place_names: RenamedPlaces) -> dict[tuple[str, str], Visits]:
    """Return the visits by (door, zone). What began at one moment is one visit, whoever it was told of."""
    entered: dict[tuple[str, str, float], int] = {}
    left: dict[tuple[str, str, float], tuple[int, float]] = {}
    for person in people:
        for (place, entered_s), entry in person.entered.items():
            stay = (entry.door, place_names.name(entry.door, place, entry.seq), entered_s)
            entered[stay] = max(entered.get(stay, -1), entry.seq)
        for (place, entered_s), entry in person.visited.items():
            stay = (entry.door, place_names.name(entry.door, place, entry.seq), entered_s)
            if isinstance(entry.event, ZoneLeft):
                left[stay] = max(left.get(stay, (-1, 0.0)), (entry.seq, entry.event.dwell_s))
    found: dict[tuple[str, str], Visits] = {}
    for stay in sorted(entered.keys() | left.keys()):
        seq, dwell_s = left.get(stay, (-1, 0.0))
        is_over = seq > entered.get(stay, -1)  # a new count may have told of the same visit again
        before = found.get(stay[:2], Visits())
        found[stay[:2]] = Visits(
            before.visits + 1,
            before.open + (not is_over),
            before.ended + is_over,
            before.dwell_ms + (round(1000 * dwell_s) if is_over else 0),
        )
    return found
