"""Whom the counter knows: by the tracks that follow them now, and by the references they have in events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from desktop_app.domain.people import Person
from desktop_app.domain.tracking import TrackedFace
from desktop_app.domain.voting import Vote, VoteSettings


class KnownPeople:
    """The people in view, and everybody confirmed who is not forgotten yet. Not thread-safe.

    Several tracks may follow one person, and several references may mean one.
    """

    def __init__(self, vote: VoteSettings) -> None:
        self._vote = vote
        self._by_track: dict[int, Person] = {}
        self._by_ref: dict[str, Person] = {}
        self._next_key = 1

    def __len__(self) -> int:
        """How many tracks follow somebody."""
        return len(self._by_track)

    def on_track(self, key: int) -> Person | None:
        return self._by_track.get(key)

    def called(self, ref: str) -> Person | None:
        return self._by_ref.get(ref)

    def of_face(self, face: TrackedFace) -> Person:
        """Return the person that the track of a face follows, somebody new for a new track."""
        person = self._by_track.get(face.key)
        if person is None:
            person = Person(
                key=self._next_key,
                vote=Vote(self._vote),
                box=face.box,
                first_seen_s=face.first_seen_s,
                last_seen_s=face.first_seen_s,
                keys={face.key},
            )
            self._next_key += 1
            self._by_track[face.key] = person
        return person

    def tracks(self) -> list[int]:
        return list(self._by_track)

    def numbers(self) -> dict[int, int]:
        """Return the number on the screen of each track that follows somebody who counts."""
        return {key: person.number for key, person in self._by_track.items() if person.number}

    def in_view(self) -> Iterator[Person]:
        return _each_once(self._by_track.values())

    def confirmed(self) -> Iterator[Person]:
        return _each_once(self._by_ref.values())

    def everybody(self, away: Iterable[Person] = ()) -> Iterator[Person]:
        """Return everybody, with those of `away`, each once."""
        return iter({id(p): p for p in (*self._by_track.values(), *self._by_ref.values(), *away)}.values())

    def confirm(self, person: Person, ref: str) -> None:
        person.ref, self._by_ref[ref] = ref, person

    def rename(self, refs: Mapping[str, str]) -> None:
        """Give people another reference; they are known by the old one as well."""
        for old, ref in refs.items():
            person = self._by_ref.get(old)
            if person is not None:
                person.former_refs.append(old)
                person.ref, self._by_ref[ref] = ref, person

    def renumber(self, numbers: Mapping[str, int]) -> None:
        """Give people their numbers on the screen, by reference."""
        for ref, person in self._by_ref.items():
            if ref in numbers:
                person.number = numbers[ref]

    def absorb(self, known: Person, person: Person) -> None:
        """Let `known` be whoever was taken for `person`."""
        known.absorb(person)
        for key in person.keys:
            self._by_track[key] = known
        if person.ref:
            self._by_ref[person.ref] = known
            known.former_refs.append(person.ref)

    def hand_over_tracks(self, person: Person) -> Person:
        """Let whoever the tracks of `person` have gone over to have them, and return them."""
        other = person.other or Person(0, Vote(self._vote), person.box, person.last_seen_s, person.last_seen_s)
        other.key, self._next_key = self._next_key, self._next_key + 1
        other.keys, person.keys = person.keys, set()
        for key in other.keys:
            self._by_track[key] = other
        person.leave_track()
        return other

    def end_track(self, key: int) -> Person | None:
        """Note that a track is over; return whom nobody follows any more for it, None where there is nobody."""
        person = self._by_track.pop(key, None)
        if person is None:
            return None
        person.keys.discard(key)
        person.facing = False
        return None if person.keys else person

    def forget(self, person: Person) -> None:
        """Forget the references of somebody who is out of view."""
        for ref in (person.ref, *person.former_refs):
            self._by_ref.pop(ref, None)

    def clear(self) -> None:
        self._by_track.clear()
        self._by_ref.clear()


def _each_once(people: Collection[Person]) -> Iterator[Person]:
    return iter({person.key: person for person in people}.values())
