"""Counting each person once.

    counter = PeopleCounter(settings, lines=..., zones=..., staff_zones=...)
    counter.reset(prefix)                                      # before each run: references begin with the prefix
    counter.observe(face, attributes, weight)                  # for each classified glimpse, before `update`
    tracks, events = counter.update(faces, tracker.take_ended(), time_s, (width, height), facing)   # on every frame
    counter.cut(time_s)                                        # when the scene was cut, beside tracker.cut()
    closing, opening = counter.new_count(time_s)               # the people in view count again, from 1
    events = counter.finish()                                  # at the end of the source

A face becomes a person (is *confirmed*, numbered and counted) once it was seen often enough, long enough and surely
enough, never on one flicker. Everything that happens to people is told by the events of `domain.events` at the moment
when it happens; the counter holds no totals: `domain.totals` reads them from the events.

Somebody who vanishes is expected back for `linger_s`, or longer if they are hidden: a new face is theirs if looks and
place together speak for it (`domain.recognition`). After a cut of the scene, and with `returns_s`, only looks count.
Without looks to compare, only the same place will do.

The track of somebody hidden may go on with whoever hides them. It is in doubt once it has lost the face or jumped;
then a new face may claim to be its owner, and what does not look like the owner becomes a person of its own.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from desktop_app.domain.boxes import is_at_edge
from desktop_app.domain.counting_settings import CountingSettings
from desktop_app.domain.events import Event, Merged
from desktop_app.domain.known_people import KnownPeople
from desktop_app.domain.people import Person
from desktop_app.domain.place_board import PlaceBoard
from desktop_app.domain.places import Line, Zone
from desktop_app.domain.recognition import Absent, StaffLooks
from desktop_app.domain.tracking import DOUBTFUL, TrackedFace
from desktop_app.domain.types import Attributes, Track
from desktop_app.domain.voting import Vote

__all__ = ["CountingSettings", "PeopleCounter"]


class PeopleCounter:
    """Finds out who counts at one source. Not thread-safe. The same input gives the same events."""

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
        self.staff_zones = tuple(staff_zones)
        self.reset()

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines counted at."""
        return tuple(counter.line for counter in self._places.lines)

    @property
    def zones(self) -> tuple[Zone, ...]:
        """The zones counted at."""
        return tuple(counter.zone for counter in self._places.zones)

    def set_places(
        self, lines: Sequence[Line] = (), zones: Sequence[Zone] = (), staff_zones: Sequence[Zone] = ()
    ) -> None:
        """Count at these places from the next frame on; one drawn as before goes on, a new one starts at nothing.

        Visits to zones that are gone end: the next events tell of it. Raises ValueError for names that are empty or
        used twice; the places in use then stay.
        """
        board = PlaceBoard(lines, zones)
        self._pending += board.replace(self._places, self._time_s)
        self._places = board
        self.staff_zones = tuple(staff_zones)

    def reset(self, prefix: str = "") -> None:
        """Begin a run: forget everybody. References are `prefix` and a number from 1, ids begin again from 1."""
        self._prefix = prefix
        self._known = KnownPeople(self.settings.vote)
        self._absent = Absent(self.settings)
        self._staff = StaffLooks(self.settings.returns_alike)
        self._here: list[Person] = []
        self._pending: list[Event] = []
        self._next_ref = self._next_number = 1
        self._time_s = 0.0
        self._places.reset()

    @property
    def remembered(self) -> int:
        """How many persons and candidates are held in memory now, those expected back included."""
        return len(self._known) + len(self._absent)

    def vote_of(self, key: int) -> Vote | None:
        """Return what has been gathered of the track with this key, None before its first glimpse."""
        person = self._known.on_track(key)
        return person.vote if person else None

    def numbers(self) -> dict[int, int]:
        """Return the number on the screen of each track key in use, of people who count only."""
        return self._known.numbers()

    def observe(self, face: TrackedFace, attributes: Attributes, weight: float) -> None:
        """Take in what the network says of one glimpse of a face; `weight` > 0 is the glimpse's quality."""
        self._known.of_face(face).glimpse(face, attributes, weight)

    def update(
        self,
        faces: Sequence[TrackedFace],
        ended: Iterable[int],
        time_s: float,
        frame_size: tuple[int, int],
        facing: Collection[int] = (),
        still: Mapping[int, float] | None = None,
        on_screen: Collection[int] = (),
    ) -> tuple[tuple[Track, ...], tuple[Event, ...]]:
        """Take in the tracks of one frame of (width, height); return them as `Track`s, and what has happened.

        `ended` are keys the tracker gave up, `facing` the keys of faces that look at the camera on this frame, `still`
        since when faces that have not moved have been in view, by key: pictures, which are not counted until they move.
        `on_screen` are the keys of faces on a screen, which are not counted either while they are on it.
        """
        self._time_s = max(self._time_s, time_s)
        events = self._take_pending()
        events += self._places.end_old(self._time_s)
        for key in ended:
            events += self._end(key)
        for face in faces:
            if face.detection is not None:
                person = self._known.of_face(face)
                person.still_since_s = None if still is None else still.get(face.key)
                person.is_on_screen = face.key in on_screen
                events += self._see(face, face.key in facing, frame_size)
        for person in self._absent.take_gone(time_s):
            events += self._close(person)
        for person in self._absent.take_forgotten(time_s):
            self._places.forget(person.key)
            self._known.forget(person)
        self._here = [p for f in faces if (p := self._known.on_track(f.key)) is not None and p.number]
        return tuple(self._track(face) for face in faces), tuple(events)

    def cut(self, time_s: float, *, same_room: bool = False, began_s: float = math.inf) -> None:
        """Note that the scene was cut at `time_s`: whoever was in view may be anywhere now.

        `same_room` tells that it was hardly a cut: much of the picture has stayed, and so have the people. Whoever was
        first seen from `began_s` on is of the new scene.
        """
        for person in self._known.in_view():
            if person.first_seen_s < began_s:
                person.cut_s, person.same_room = time_s, same_room

    def scale(self, factor: float) -> None:
        """Go on in pictures that show the same and are `factor` times as large; call it before `update`."""
        for person in self._known.everybody(self._absent):
            person.scale(factor)
        self._places.scale(factor)

    def finish(self) -> tuple[Event, ...]:
        """Close everybody at the end of a source; return the events of this. Whoever has gone can still be marked."""
        events = self._take_pending()
        for key in self._known.tracks():
            events += self._end(key)
        for person in self._open_people():
            events += self._close(person)
        self._known.clear()
        self._absent.clear()
        self._here = []
        self._places.reset()
        return tuple(events)

    def new_count(self, time_s: float) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
        """Close the count and begin another; return the last events of the one and the first of the other.

        Those in view right now count in the new one at once, with the same reference and a number from 1 on. Whoever
        is away and comes back counts when they do, also with the same reference.
        """
        self._time_s = max(self._time_s, time_s)
        closing, opening = self._take_pending(), list[Event]()
        here = sorted(self._here, key=lambda p: p.number)
        open_people = self._open_people()
        everybody = list({p.key: p for p in (*open_people, *self._known.confirmed())}.values())
        for person in everybody:
            closing += self._places.begin_count(person.key, self._time_s)
        for person in open_people:
            shown = person.decision
            closing += self._final_events(person)
            person.decision = shown
        for person in everybody:
            person.begin_count()
        self._next_number = 1
        for person in here:
            opening += self._count(person)
            opening += self._news(person)
        return tuple(closing), tuple(opening)

    def forget_faces(self) -> None:
        """Forget how every face looks: from now on another network describes them, in a space of its own."""
        for person in self._known.everybody(self._absent):
            person.vote.forget_face()
        self._staff.forget_faces()

    def renumber(self, numbers: Mapping[str, int], next_number: int, refs: Mapping[str, str] | None = None) -> None:
        """Give the people in memory these numbers, by reference, and go on with `next_number`.

        For a count that is taken up again: whoever has a number in it has been counted there. `refs` gives people
        another reference before that, the one that they have in that count.
        """
        self._known.rename(refs or {})
        self._known.renumber(numbers)
        self._next_number = max(1, next_number)

    def mark_staff(self, ref: str, is_staff: bool | None = True) -> bool:
        """Take the person with this reference for staff, or not, whether in view, away or gone lately.

        Whoever comes back and looks like somebody marked is staff, too. None takes back what was marked before. The
        log entry about the person themselves is the caller's. Returns False if nobody is known by this reference.
        """
        person = self._known.called(ref)
        ref = person.ref if person else ref
        found = self._staff.mark(ref, bool(is_staff), person.looks if person else None)
        if person is not None:
            person.staff_mark, person.marked_now = is_staff, is_staff is not None
        if not is_staff:
            for other in [p for p in self._known.confirmed() if p.looks_like_staff == ref]:
                other.looks_like_staff = ""
                self._pending += self._staff_news(other)
        return found

    def count_anyway(self, key: int) -> bool:
        """Count a face that is held back, by its track's key, from its next sighting on; False if nobody has it."""
        person = self._known.on_track(key)
        if person is not None:
            person.count_anyway = True
        return person is not None

    # ---- people in view

    def _see(self, face: TrackedFace, facing: bool, frame_size: tuple[int, int]) -> list[Event]:
        person, events = self._known.of_face(face), list[Event]()
        x, y = face.box.centre
        in_staff_zone = any(z.contains(x / frame_size[0], y / frame_size[1]) for z in self.staff_zones)
        person.see(face, facing, in_staff_zone)
        if (changed := self._absent.has_changed(person)) is not None:
            person = self._hand_over_tracks(person) if changed else person
            person.take_back()
        person.at_edge = is_at_edge(face.box, frame_size, face.speed)
        if not person.confirmed and self._is_evident(person) and not person.held_back:
            person, events = self._confirm(person)
        elif person.confirmed and person.number == 0:
            events = self._count(person)
        elif person.confirmed and self._is_worth_another_look(person):
            person, events = self._reconsider(person)
        self._places.see(person.key, face.box, face.last_seen_s, frame_size)
        return events + self._news(person)

    def _is_evident(self, person: Person) -> bool:
        s, span = self.settings, person.last_seen_s - person.first_seen_s
        if person.largest < s.min_size or person.best_score < s.best_score:
            return False
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

    def _confirm(self, person: Person) -> tuple[Person, list[Event]]:
        """Count a new person, or hand them over to the one they turn out to be."""
        known, events = self._reconsider(person)
        if known is not person:
            return known, events
        self._known.confirm(person, f"{self._prefix}{self._next_ref}")
        self._next_ref += 1
        person.confirmed_s = person.last_seen_s
        person.looks_like_staff = self._staff.who(person.looks)
        return person, self._count(person)

    def _count(self, person: Person) -> list[Event]:
        person.number = self._next_number
        self._next_number += 1
        return [person.counted(self._time_s)]

    def _is_worth_another_look(self, person: Person) -> bool:
        """Whether new glimpses of somebody just counted might show that they were counted before."""
        return (
            not person.came_back
            and person.vote.glimpses > person.asked_at
            and person.last_seen_s - person.confirmed_s <= self.settings.doubt_s
        )

    def _reconsider(self, person: Person) -> tuple[Person, list[Event]]:
        """Return the person that `person` turns out to be, handing over everything, or `person` if nobody known."""
        person.asked_at = person.vote.glimpses
        doubted = [p for p in self._known.in_view() if p.in_doubt and p.confirmed and p is not person]
        known = self._absent.recognise(person, doubted)
        if known is None:
            return person, []
        if known.keys:
            self._hand_over_tracks(known)
        self._absent.remove(known)
        events: list[Event] = []
        if person.number:
            events.append(Merged(self._time_s, person.ref, known.ref))
        self._known.absorb(known, person)
        events += self._places.absorb(known.key, person.key, self._time_s)
        if known.number == 0:
            events += self._count(known)
        return known, events

    def _hand_over_tracks(self, person: Person) -> Person:
        """Let whoever the tracks of `person` have gone over to have them, and expect `person` back; return those."""
        other = self._known.hand_over_tracks(person)
        self._absent.add(person)
        return other

    def _news(self, person: Person) -> list[Event]:
        """Return what is new about somebody who counts: the decision, staff or not, lines and zones."""
        if person.number == 0:
            return []
        revised = person.revised(self._time_s)
        events: list[Event] = [] if revised is None else [revised]
        return events + self._staff_news(person) + self._places.news(person.key, person.ref, self._time_s)

    def _staff_news(self, person: Person) -> list[Event]:
        event = person.staff_seen(self._time_s) if person.number else None
        return [] if event is None else [event]

    def _track(self, face: TrackedFace) -> Track:
        person = self._known.on_track(face.key)
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
            person=person.ref,
            is_looking=person.is_looking,
            key=face.key,
            held_back=person.held_back if self._is_evident(person) else "",
        )

    # ---- people who vanish

    def _end(self, key: int) -> list[Event]:
        person, events = self._known.end_track(key), list[Event]()
        if person is None:
            return events
        still_since_s = person.still_since_s
        brief = still_since_s is None or person.last_seen_s - still_since_s < self.settings.still_s
        is_brief = person.held_back == "still" and brief
        if not person.confirmed and is_brief and self._is_evident(person):
            person, events = self._confirm(person)
        if person.confirmed:
            self._absent.add(person)
        else:
            self._places.forget(person.key)
        return events

    def _close(self, person: Person) -> list[Event]:
        """Return the last events about somebody who has gone, as far as is known now."""
        self._staff.note_gone(person)
        if person.number == 0:
            return []
        return self._places.leave(person.key, self._time_s) + self._final_events(person)

    def _final_events(self, person: Person) -> list[Event]:
        revised, left = person.revised_at_last(self._time_s), person.left(self._time_s)
        return [left] if revised is None else [revised, left]

    def _open_people(self) -> list[Person]:
        """Return everybody who counts and has not gone, by number."""
        people = (*self._known.in_view(), *self._absent.expected)
        return sorted((p for p in people if p.number), key=lambda p: p.number)

    def _take_pending(self) -> list[Event]:
        pending, self._pending = self._pending, []
        return pending
