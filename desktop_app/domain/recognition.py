"""Who is out of view, and whether a new face is one of them.

Somebody who vanishes is *expected* back for a few seconds; after that they have gone. They are *remembered* a little
longer, in case they were only hidden, and with `returns_s` for that long, so that who comes back is not counted twice.
Work on a frame depends on how many are expected, never on how many are remembered.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from desktop_app.domain.counting_settings import CountingSettings
from desktop_app.domain.likeness import Looks
from desktop_app.domain.people import Person

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

    def recognise(self, person: Person) -> Person | None:
        """Return whom of the absent `person` is most likely to be, None if none of them."""
        best, best_likeness = None, 0.0
        for known in self:
            likeness = self._same(known, person)
            if likeness is not None and likeness >= best_likeness:
                best, best_likeness = known, likeness
        return best

    def _same(self, known: Person, person: Person) -> float | None:
        """Return how sure it is that `person` is `known` come back, or None if it is not."""
        s = self._settings
        gap = person.first_seen_s - known.last_seen_s
        if gap < 0:
            return None
        likeness = known.looks.likeness(person.looks)
        apart = known.apart(person.box)
        if known.cut_s is not None:
            soon = person.first_seen_s - known.cut_s <= s.cut_memory_s
            if soon and (apart <= s.same_place if likeness is None else likeness >= s.cut_alike):
                return likeness or 0.5
        elif gap <= s.linger_s and (
            apart <= s.same_place if likeness is None else apart <= s.linger_reach and likeness >= s.linger_alike
        ):
            return likeness or 0.5
        # Whoever vanishes in the middle of the picture has not left it: somebody or something hides them.
        elif (
            likeness is not None
            and likeness >= s.hidden_alike
            and gap <= (s.linger_s if known.at_edge else max(s.linger_s, s.hidden_s))
        ):
            return likeness
        return likeness if likeness is not None and gap <= s.returns_s and likeness >= s.returns_alike else None


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
