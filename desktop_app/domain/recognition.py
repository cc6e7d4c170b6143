"""Who is out of view, and whether a new face is one of them.

Somebody who vanishes is *expected* back for a few seconds; after that they have gone. They are *remembered* a little
longer, in case they were only hidden, and with `returns_s` for that long, so that who comes back is not counted twice.
Work on a frame depends on how many are expected, never on how many are remembered.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence

from desktop_app.domain.counting_settings import CountingSettings
from desktop_app.domain.likeness import Looks
from desktop_app.domain.people import Person, apart

LOOKS_WEIGHT, LOOKS_NEUTRAL = 8.7, 0.51
"""How much a likeness speaks for one person, as the logarithm of the odds: the weight times what it exceeds the neutral
one by. Fitted by logistic regression to unbroken tracks of the tuning half of the clips: glimpses of one person at
least 2 s apart against those of people in view at the same time."""

START_SPREAD, SPREAD_SPEED = 0.3, 0.5
"""How far somebody may be from where they vanished, in face sizes: at once, and more with every second."""

ROOM = 60.0
"""So many places of the size of a face does a picture have where a stranger may appear as well."""

ELSEWHERE = 0.2
"""The share of those who come back that do so anywhere in the picture."""

PLACE_WEIGHT, MOST_BY_PLACE = 1.5, 3.0
"""Labelled people who were hidden for a while came back nearer than the spread says, hence the weight. The most is what
two faces that do not look alike at all can outweigh."""

AT_EDGE = 2.0
"""So much more must speak for somebody who vanished at the edge of the picture: they have probably left it."""

OTHER_GLIMPSES = 4
"""After so many glimpses that do not look like the person it is decided whose the track is."""

MAX_GONE = 200
"""The looks of this many people who have gone are kept, so that they can still be marked as staff."""


class Absent:
    """The confirmed people who are out of view and may come back. Not thread-safe."""

    def __init__(self, settings: CountingSettings) -> None:
        self._settings = settings
        # Evidence for a comeback takes a while to gather, so somebody is remembered that much longer.
        self._expect_s = max(settings.linger_s, settings.cut_memory_s) + settings.blind_span_s
        self._remember_s = max(settings.returns_s, settings.hidden_s) + settings.blind_span_s
        self._expected: dict[int, Person] = {}
        self._remembered: OrderedDict[int, Person] = OrderedDict()  # in the order in which they went

    def __len__(self) -> int:
        return len(self._expected) + len(self._remembered)

    def __iter__(self) -> Iterator[Person]:
        yield from self._remembered.values()
        yield from self._expected.values()

    @property
    def expected(self) -> list[Person]:
        """Those who have only just vanished."""
        return list(self._expected.values())

    def clear(self) -> None:
        self._expected.clear()
        self._remembered.clear()

    def add(self, person: Person) -> None:
        """Expect back somebody who has vanished."""
        self._expected[person.key] = person

    def remove(self, person: Person) -> None:
        """Somebody is back."""
        self._expected.pop(person.key, None)
        self._remembered.pop(person.key, None)

    def take_gone(self, time_s: float) -> list[Person]:
        """Return those who are not expected any more since the last call; `take_forgotten` may hold them, too."""
        gone = [p for p in self._expected.values() if time_s - p.last_seen_s > self._expect_s]
        for person in gone:
            del self._expected[person.key]
            self._remembered[person.key] = person
        return gone

    def take_forgotten(self, time_s: float) -> list[Person]:
        """Return those whose time to come back is over, oldest first; nothing is known of them from here on."""
        forgotten = []
        while self._remembered:
            person = next(iter(self._remembered.values()))
            if time_s - person.last_seen_s <= self._remember_s:
                break
            forgotten.append(person)
            del self._remembered[person.key]
        return forgotten

    def recognise(self, person: Person, doubted: Sequence[Person] = ()) -> Person | None:
        """Return whom of the absent `person` is most likely to be, None if none of them.

        `doubted` are people whose track may have gone over to somebody else, so that they are as good as absent.
        """
        best, most = None, -math.inf
        for known in (*self, *doubted):
            evidence = self._evidence(known, person)
            if evidence is not None and evidence >= most:
                best, most = known, evidence
        return best

    def has_changed(self, person: Person) -> bool | None:
        """Return whether the track of `person` has gone over to `person.other`, None while that cannot be told yet.

        The evidence is that for a comeback: from when and where it surely was the person to what was seen then.
        """
        other = person.other
        if other is None or other.vote.glimpses < OTHER_GLIMPSES:
            return None
        distance = apart(person.sure_box or person.box, other.first_box or other.box)
        by_place = place_evidence(distance, other.first_seen_s - person.sure_s)
        return _by_looks(person.looks.likeness(other.looks)) + by_place < self._settings.same_at

    def _evidence(self, known: Person, person: Person) -> float | None:
        """Return the evidence for `person` being `known` come back, or None if it is not enough."""
        s = self._settings
        last_s, last_box = (known.sure_s, known.sure_box or known.box) if known.keys else (known.last_seen_s, known.box)
        gap = person.first_seen_s - last_s
        if gap < 0:
            return None
        likeness = known.looks.likeness(person.looks)
        distance = apart(last_box, person.first_box or person.box)
        by_looks = _by_looks(likeness)
        if known.cut_s is not None:
            soon = person.first_seen_s - known.cut_s <= s.cut_memory_s
            alike = s.room_alike if known.same_room else s.cut_alike
            if soon and (distance <= s.same_place if likeness is None else likeness >= alike):
                return by_looks
        elif likeness is None:
            if gap <= s.linger_s and distance <= s.same_place:
                return by_looks
        # Whoever vanishes without reaching the edge of the picture has not left it: they are hidden or turned away.
        elif gap <= (s.linger_s if known.at_edge else max(s.linger_s, s.hidden_s)):
            evidence = by_looks + place_evidence(distance, gap)
            if evidence >= (s.taken_at if known.keys else s.same_at + AT_EDGE * known.at_edge):
                return evidence
        return by_looks if likeness is not None and gap <= s.returns_s and likeness >= s.returns_alike else None


def _by_looks(likeness: float | None) -> float:
    return 0.0 if likeness is None else LOOKS_WEIGHT * (likeness - LOOKS_NEUTRAL)


def place_evidence(distance: float, gap_s: float) -> float:
    """Return how much a place speaks for one person, as the logarithm of the odds.

    `distance` in face sizes (`people.apart`) lies between where somebody vanished and where a face appeared `gap_s`
    seconds later. Whoever comes back is near by with a density that falls exponentially, or anywhere; a stranger is
    anywhere.
    """
    spread = START_SPREAD + SPREAD_SPEED * gap_s
    here = ROOM / (2 * math.pi * spread**2) * math.exp(-distance / spread)
    return min(PLACE_WEIGHT * math.log((1 - ELSEWHERE) * here + ELSEWHERE), MOST_BY_PLACE)


class StaffLooks:
    """The looks of those marked as staff, and of those gone lately who may yet be marked. In memory only."""

    def __init__(self, alike: float) -> None:
        self._alike = alike
        self._staff: dict[str, Looks] = {}
        self._gone: OrderedDict[str, Looks] = OrderedDict()

    def note_gone(self, person: Person) -> None:
        """Keep the looks of somebody who has gone, the newest `MAX_GONE` of them."""
        if person.ref in self._staff:
            self._staff[person.ref] = person.looks
        self._gone.pop(person.ref, None)
        self._gone[person.ref] = person.looks
        while len(self._gone) > MAX_GONE:
            self._gone.popitem(last=False)

    def mark(self, ref: str, is_staff: bool, looks: Looks | None) -> bool:
        """Take somebody for staff or no longer; `looks` are theirs now, None for somebody gone.

        Returns False if nothing is known of them.
        """
        looks = looks or self._gone.get(ref) or self._staff.get(ref)
        if looks is None:
            return False
        if is_staff:
            self._staff[ref] = looks
        else:
            self._staff.pop(ref, None)
        return True

    def forget_faces(self) -> None:
        """Keep the clothes only: another network describes faces from now on."""
        for known in (self._staff, self._gone):
            for ref, looks in known.items():
                known[ref] = Looks(None, looks.clothes)

    def who(self, looks: Looks) -> str:
        """Return the reference of the first one marked who looks like this, "" if none does."""
        for ref, known in self._staff.items():
            likeness = known.likeness(looks)
            if likeness is not None and likeness >= self._alike:
                return ref
        return ""
