"""Counting each person once.

    counter = PeopleCounter(settings, lines=..., zones=..., staff_zones=...)
    counter.observe(face, attributes, weight)                  # for each classified glimpse, before `update`
    tracks, events = counter.update(faces, tracker.take_ended(), time_s, (width, height), facing)   # on every frame
    counter.cut(time_s)                                        # when the scene was cut, beside tracker.cut()
    events = counter.finish()                                  # at the end of the source
    counter.counts, counter.people(), counter.presence, counter.mark_staff(track_id)

A face becomes a person (is *confirmed*, numbered and counted) once it was seen often enough, long enough and surely
enough, never on one flicker. While a person is in view the decision on them may still change, and the running totals
follow. When they have left and are no longer expected back, exactly one `CountEvent` of kind "person" tells of
them, and one each for every line they crossed on balance and every zone they visited.

Somebody who vanishes is expected back for `linger_s` near the same place, after a cut of the scene for `cut_memory_s`
anywhere, and with `returns_s` for that long anywhere: a new face that looks like them is then the same person.
Without looks to compare, only the same place will do.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from desktop_app.domain.attention import PresenceLog
from desktop_app.domain.likeness import Looks
from desktop_app.domain.people import Person
from desktop_app.domain.place_board import PlaceBoard
from desktop_app.domain.places import Line, Zone
from desktop_app.domain.tally import Tally
from desktop_app.domain.tracking import DOUBTFUL, TrackedFace
from desktop_app.domain.types import Attributes, CountEvent, Counts, Track
from desktop_app.domain.voting import Vote, VoteSettings


@dataclass(frozen=True, slots=True)
class CountingSettings:
    """When a face counts as a person, and for how long somebody gone is expected back. Times in seconds.

    A face is confirmed by `min_hits` detections over at least `min_span_s` with a mean score of `sure_score`, if
    the network takes its glimpses for a face with `min_face`; with a mean score of only `min_score` it takes twice as
    much. A face that never gave a glimpse worth classifying needs
    `blind_hits` over `blind_span_s` with a mean score of `blind_score`, and stays Undecided.
    `linger_reach` and `same_place` are in face sizes; the latter is asked where there are no looks to compare. The
    three `alike` thresholds are likenesses, 0..1. `max_records` bounds the list of the people gone; the totals go on.
    For `doubt_s` after somebody was counted, further glimpses may still show that they had been counted before; they
    then go by their former id, and the total is one less.
    """

    min_hits: int = 3
    min_span_s: float = 0.25
    min_score: float = 0.6
    sure_score: float = 0.75
    min_face: float = 0.5
    blind_hits: int = 5
    blind_span_s: float = 0.6
    blind_score: float = 0.7
    linger_s: float = 4.0
    linger_reach: float = 2.5
    same_place: float = 0.4
    linger_alike: float = 0.55
    cut_memory_s: float = 2.0
    cut_alike: float = 0.85
    returns_s: float = 0.0
    returns_alike: float = 0.8
    doubt_s: float = 2.0
    max_records: int = 100_000
    vote: VoteSettings = field(default_factory=VoteSettings)

    def __post_init__(self) -> None:
        if self.min_hits < 1 or self.blind_hits < 1:
            raise ValueError("min_hits and blind_hits must be at least 1")
        if min(self.min_span_s, self.blind_span_s, self.linger_s, self.cut_memory_s, self.returns_s) < 0:
            raise ValueError("no time in the counting settings may be negative")
        if self.max_records < 1:
            raise ValueError(f"max_records must be at least 1, not {self.max_records}")


class PeopleCounter:
    """Counts the people of one session. Not thread-safe."""

    def __init__(
        self,
        settings: CountingSettings | None = None,
        *,
        lines: Sequence[Line] = (),
        zones: Sequence[Zone] = (),
        staff_zones: Sequence[Zone] = (),
    ) -> None:
        self.settings = settings or CountingSettings()
        self._places = PlaceBoard(lines, zones)
        self.lines, self.zones = self._places.lines, self._places.zones
        self.staff_zones = tuple(staff_zones)
        self.reset()

    def set_places(
        self, lines: Sequence[Line] = (), zones: Sequence[Zone] = (), staff_zones: Sequence[Zone] = ()
    ) -> None:
        """Count at these places from the next frame on; one drawn as before keeps its figures, a new one starts at 0.

        Raises ValueError for names that are empty or used twice; the places in use then stay.
        """
        board = PlaceBoard(lines, zones)
        board.take_over(self._places)
        self._places = board
        self.lines, self.zones = board.lines, board.zones
        self.staff_zones = tuple(staff_zones)

    def reset(self) -> None:
        """Begin a new session: forget everybody and start the ids again from 1."""
        self._by_key: dict[int, Person] = {}
        self._away: list[Person] = []
        self._staff_looks: list[tuple[int, Looks]] = []
        self._records: deque[CountEvent] = deque(maxlen=self.settings.max_records)
        self._closed = Tally()
        self._counts = Counts()
        self._next_ref = self._next_number = 1
        self._time_s = 0.0
        self.presence = PresenceLog()
        self._places.reset()

    def afresh(self) -> Self:
        """Return a counter with the same settings and places that has counted nobody; this one is left as it is."""
        other = copy.copy(self)
        other._places = PlaceBoard([c.line for c in self.lines], [c.zone for c in self.zones])
        other.lines, other.zones = other._places.lines, other._places.zones
        other.reset()
        return other

    @property
    def counts(self) -> Counts:
        """The running totals, people still in view included."""
        return self._counts

    def people(self) -> tuple[CountEvent, ...]:
        """Return one record a counted person, by id, those still in view included."""
        open_records = [p.event() for p in self._open_people() if not p.is_staff]
        return tuple(sorted((*self._records, *open_records), key=lambda e: e.track_id))

    @property
    def remembered(self) -> int:
        """How many persons and candidates are held in memory now, those expected back included."""
        return len(self._by_key) + len(self._away)

    def vote_of(self, key: int) -> Vote | None:
        """Return what has been gathered of the track with this key, None before its first glimpse."""
        person = self._by_key.get(key)
        return person.vote if person else None

    def observe(self, face: TrackedFace, attributes: Attributes, weight: float) -> None:
        """Take in what the network says of one glimpse of a face; `weight` > 0 is the glimpse's quality."""
        person = self._person(face)
        person.vote.add(attributes, weight)
        person.decision = person.vote.decision()

    def update(
        self,
        faces: Sequence[TrackedFace],
        ended: Iterable[int],
        time_s: float,
        frame_size: tuple[int, int],
        facing: Collection[int] = (),
    ) -> tuple[tuple[Track, ...], tuple[CountEvent, ...]]:
        """Take in the tracks of one frame of (width, height); return them as `Track`s and the events completed.

        `ended` are keys the tracker gave up, `facing` the keys of faces that look at the camera on this frame.
        """
        self._time_s = max(self._time_s, time_s)
        for key in ended:
            self._end(key)
        for face in faces:
            if face.detection is not None:
                self._see(face, face.key in facing, frame_size)
        events = self._close_old(time_s)
        tracks = tuple(self._track(face) for face in faces)
        self._tally_up(sum(1 for t in tracks if t.confirmed and not t.is_staff))
        self.presence.add(time_s, self._counts.in_view)
        return tracks, tuple(events)

    def cut(self, time_s: float) -> None:
        """Note that the scene was cut at `time_s`: whoever was in view may be anywhere now."""
        for person in _distinct(self._by_key.values()):
            person.cut_s = time_s

    def finish(self) -> tuple[CountEvent, ...]:
        """Close everybody at the end of a source; return their events. The totals stay."""
        for key in list(self._by_key):
            self._end(key)
        events = [event for person in self._away for event in self._close(person)]
        self._away = []
        self._tally_up(0)
        return tuple(events)

    def mark_staff(self, track_id: int) -> bool:
        """Take a person out of the count for the rest of the session, also if they come back.

        Returns False if nobody has this id.
        """
        for person in self._open_people():
            if person.number == track_id:
                person.marked_staff = True
                self._staff_looks.append((person.number, person.looks))
                self._places.forget(person.ref)
                self._tally_up(self._counts.in_view)
                return True
        for record in self._records:
            if record.track_id == track_id:
                self._records.remove(record)
                self._closed.add(record, -1)
                self._tally_up(self._counts.in_view)
                return True
        return False

    def _person(self, face: TrackedFace) -> Person:
        person = self._by_key.get(face.key)
        if person is None:
            person = Person(
                ref=self._next_ref,
                vote=Vote(self.settings.vote),
                box=face.box,
                first_seen_s=face.first_seen_s,
                last_seen_s=face.first_seen_s,
                keys={face.key},
            )
            self._next_ref += 1
            self._by_key[face.key] = person
        return person

    def _see(self, face: TrackedFace, facing: bool, frame_size: tuple[int, int]) -> None:
        person = self._person(face)
        x, y = face.box.centre
        in_staff_zone = any(z.contains(x / frame_size[0], y / frame_size[1]) for z in self.staff_zones)
        person.see(face, facing, in_staff_zone)
        if not person.confirmed and self._is_evident(person):
            person = self._confirm(person)
        elif person.confirmed and self._is_worth_another_look(person):
            person = self._reconsider(person)
        self._places.see(person.ref, face.box, face.last_seen_s, frame_size)
        if person.confirmed:
            if person.is_staff:
                self._places.forget(person.ref)
            else:
                self._places.confirm(person.ref)

    def _is_evident(self, person: Person) -> bool:
        s, span = self.settings, person.last_seen_s - person.first_seen_s
        # A print on a shirt scores like a face now and then, but not on the whole.
        if 2 * person.on_somebody > person.hits and (person.hits < 3 * s.min_hits or person.mean_score < DOUBTFUL):
            return False
        if person.vote.glimpses == 0:
            return person.hits >= s.blind_hits and span >= s.blind_span_s and person.mean_score >= s.blind_score
        if person.mean_score < s.min_score or person.vote.face < s.min_face:
            return False
        # What the detector doubts must show itself for longer, and convince the network twice.
        longer = 1 if person.mean_score >= s.sure_score else 2
        enough = person.hits >= longer * s.min_hits and span >= longer * s.min_span_s
        return enough and person.vote.glimpses >= longer

    def _confirm(self, person: Person) -> Person:
        """Number a new person, or hand them over to the one they turn out to be."""
        known = self._reconsider(person)
        if known is not person:
            return known
        person.number, person.confirmed_s = self._next_number, person.last_seen_s
        self._next_number += 1
        person.marked_staff = self._is_known_staff(person)
        return person

    def _is_worth_another_look(self, person: Person) -> bool:
        """Whether new glimpses of somebody just counted might show that they were counted before."""
        return (
            not person.came_back
            and person.vote.glimpses > person.asked_at
            and person.last_seen_s - person.confirmed_s <= self.settings.doubt_s
        )

    def _reconsider(self, person: Person) -> Person:
        """Return the person that `person` turns out to be, handing over everything, or `person` if nobody known."""
        person.asked_at = person.vote.glimpses
        known = self._recognise(person)
        if known is None:
            return person
        self._away.remove(known)
        known.absorb(person)
        for key in person.keys:
            self._by_key[key] = known
        self._places.forget(person.ref)
        return known

    def _recognise(self, person: Person) -> Person | None:
        best, best_likeness = None, 0.0
        for known in self._away:
            likeness = self._same(known, person)
            if likeness is not None and likeness >= best_likeness:
                best, best_likeness = known, likeness
        return best

    def _same(self, known: Person, person: Person) -> float | None:
        """Return how sure it is that `person` is `known` come back, or None if it is not."""
        s = self.settings
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
        return likeness if likeness is not None and gap <= s.returns_s and likeness >= s.returns_alike else None

    def _is_known_staff(self, person: Person) -> bool:
        likenesses = (looks.likeness(person.looks) for _, looks in self._staff_looks)
        return any(x is not None and x >= self.settings.returns_alike for x in likenesses)

    def _end(self, key: int) -> None:
        person = self._by_key.pop(key, None)
        if person is None:
            return
        person.keys.discard(key)
        person.facing = False
        if person.keys:
            return
        if person.confirmed:
            self._away.append(person)
            return
        self._places.forget(person.ref)

    def _close_old(self, time_s: float) -> list[CountEvent]:
        memory = max(self.settings.linger_s, self.settings.cut_memory_s, self.settings.returns_s)
        # Evidence for a comeback takes a while to gather, so somebody is remembered that much longer.
        memory += self.settings.blind_span_s
        gone = [p for p in self._away if time_s - p.last_seen_s > memory]
        if not gone:
            return []
        self._away = [p for p in self._away if time_s - p.last_seen_s <= memory]
        return [event for person in gone for event in self._close(person)]

    def _close(self, person: Person) -> list[CountEvent]:
        if person.is_staff:
            self._places.forget(person.ref)
            return []
        record = person.event()
        self._records.append(record)
        self._closed.add(record)
        return [record, *self._places.close(person.ref, record)]

    def _track(self, face: TrackedFace) -> Track:
        person = self._by_key.get(face.key)
        if person is None:
            return Track(0, face.box, Vote().decision(), False, face.seen, face.first_seen_s, face.last_seen_s)
        return Track(
            track_id=person.number,
            box=face.box,
            decision=person.decision,
            confirmed=person.confirmed,
            seen=face.seen,
            first_seen_s=person.first_seen_s,
            last_seen_s=person.last_seen_s,
            facing_s=person.facing_s,
            is_staff=person.confirmed and person.is_staff,
        )

    def _open_people(self) -> list[Person]:
        everybody = (*_distinct(self._by_key.values()), *self._away)
        return [p for p in everybody if p.confirmed]

    def _tally_up(self, in_view: int) -> None:
        total = self._closed.copy()
        for person in self._open_people():
            if not person.is_staff:
                total.add(person.event())
        self._counts = total.counts(in_view)


def _distinct(people: Iterable[Person]) -> list[Person]:
    return list({p.ref: p for p in people}.values())
