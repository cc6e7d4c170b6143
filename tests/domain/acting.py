"""A stage for the tests of the domain: people who move by the clock, seen through tracker and counter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.counting import CountingSettings, PeopleCounter
from desktop_app.domain.events import Corrected, Event
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.record_sums import PlaceFigures
from desktop_app.domain.totals import Totals
from desktop_app.domain.tracking import Tracker, TrackerSettings
from desktop_app.domain.types import AGE_BANDS, Attributes, Box, Counts, Detection
from tests.domain.log import totals_of

E = TypeVar("E", bound=Event)

FRAME_SIZE = (1280, 720)

Path = Callable[[float], tuple[float, float] | None]


def box_at(x: float, y: float, size: float = 60.0) -> Box:
    return Box(x - size / 2, y - size / 2, x + size / 2, y + size / 2)


def unit(*values: float) -> NDArray[np.float32]:
    vector = np.asarray(values, dtype=np.float32)
    return vector / np.float32(np.linalg.norm(vector))


RED, BLUE, GREEN = unit(1, 0, 0), unit(0, 1, 0), unit(0, 0, 1)


def bands(index: int) -> tuple[float, ...]:
    return tuple(1.0 if i == index else 0.0 for i in range(len(AGE_BANDS)))


@dataclass
class Actor:
    """Somebody with a path: `where(t)` is the centre of the face in pixels, or None while it cannot be seen."""

    where: Path
    size: float = 60.0
    female: float = 0.9
    age: int = 3
    face: float = 1.0
    score: float = 0.9
    clothes: NDArray[np.float32] | None = None
    embedding: NDArray[np.float32] | None = None
    classified: bool = True

    def attributes(self) -> Attributes:
        return Attributes(self.female, bands(self.age), self.face, self.embedding)


def walk(
    x0: float,
    y0: float,
    vx: float = 0.0,
    vy: float = 0.0,
    *,
    begin: float = 0.0,
    end: float = 1e9,
    hidden: Path | None = None,
) -> Path:
    """Straight on from (x0, y0) at (vx, vy) pixels a second, in view from `begin` to `end`."""

    def where(t: float) -> tuple[float, float] | None:
        if not begin <= t < end:
            return None
        return (x0 + vx * (t - begin), y0 + vy * (t - begin))

    return where


def gone(path: Path, *spans: tuple[float, float]) -> Path:
    """The same path, out of sight during the spans of time."""

    def where(t: float) -> tuple[float, float] | None:
        return None if any(a <= t < b for a, b in spans) else path(t)

    return where


@dataclass
class Stage:
    """Plays actors through a tracker and a counter, with a look every `step_s` seconds."""

    actors: Sequence[Actor]
    counter: PeopleCounter = field(default_factory=PeopleCounter)
    tracker: Tracker = field(default_factory=lambda: Tracker(TrackerSettings()))
    step_s: float = 0.1
    cuts: Sequence[float] = ()
    events: list[Event] = field(default_factory=list)
    numbers: dict[int, set[int]] = field(default_factory=dict)
    time_s: float = 0.0
    looked_s: float = 0.0
    in_view: int = 0

    def play(self, seconds: float) -> Stage:
        for _ in range(round(seconds / self.step_s)):
            self.look()
        return self

    def look(self) -> None:
        t = self.looked_s = self.time_s
        if any(abs(t - cut) < self.step_s / 2 for cut in self.cuts):
            self.tracker.cut()
            self.counter.cut(t)
        shown = [(i, a, a.where(t)) for i, a in enumerate(self.actors)]
        there = [(i, a, p) for i, a, p in shown if p is not None]
        detections = [Detection(box_at(*p, a.size), a.score) for _, a, p in there]
        faces = self.tracker.update(detections, t, [a.clothes for _, a, _ in there])
        for face in faces:
            if face.detection_index is not None and there[face.detection_index][1].classified:
                self.counter.observe(face, there[face.detection_index][1].attributes(), 1.0)
        tracks, events = self.counter.update(
            faces, self.tracker.take_ended(), t, FRAME_SIZE, {f.key for f in faces if f.detection is not None}
        )
        self.events += events
        self.in_view = sum(t.confirmed and not t.is_staff for t in tracks)
        for face, track in zip(faces, tracks, strict=True):
            if face.detection_index is not None and track.confirmed:
                self.numbers.setdefault(there[face.detection_index][0], set()).add(track.track_id)
        self.time_s = round(t + self.step_s, 6)

    def finish(self) -> Stage:
        self.events += self.counter.finish()
        return self

    def mark_staff(self, ref: str, is_staff: bool = True) -> None:
        """Mark a person as a session does: remembered by the counter, decided by an entry of the log.

        Its time is that of the last look, as whoever decides sees it.
        """
        assert self.counter.mark_staff(ref, is_staff)
        self.events.append(Corrected(self.looked_s, ref, "staff", "yes" if is_staff else "no"))

    @property
    def totals(self) -> Totals:
        return totals_of(self.events)

    @property
    def counts(self) -> Counts:
        return self.totals.counts()

    @property
    def people(self) -> int:
        return self.counts.people

    @property
    def records(self) -> list[PersonRecord]:
        """Everybody who counts, in the order in which they were counted."""
        return [r for r in self.totals.people() if r.counts]

    def place(self, name: str) -> PlaceFigures:
        return self.totals.places().get(("d", name), PlaceFigures("line"))

    def told(self, kind: type[E]) -> list[E]:
        return [e for e in self.events if isinstance(e, kind)]


def settings(**changes: object) -> CountingSettings:
    return CountingSettings(**changes)  # type: ignore[arg-type]
