"""When a person is named a gender, how often that changes, and how often it is wrong.

    python -m benchmarks.naming CLIPS [VARIANTS/held ...] [--half confirm] [--seconds 8] [--sweep] [--set name_at=0.7]

Each clip is counted once by the program's own pipeline with the shipped settings. What the pipeline told its counter is
kept in memory, so that `--sweep` can count again in a moment with each threshold of `VoteSettings` moved by itself.
(Somebody still undecided after the usual number of glimpses is looked at again now and then: of these few later
glimpses a sweep knows only those that the first run asked for.)

"changed" is the share of those named a gender who were later shown another one or none, "wrong" the share of the people
named another gender at the end than everybody in their clip has (clips with men or women only), "undecided" the share
without a gender at the end, "to a name" the median and the 90% quantile of the time from being counted to being named,
of those named. "men" and "women" are the errors of the totals, as in `benchmarks.scores`. "age" is how many changes of
the shown age band there are for each person, "revised" how many events say that something shown has changed.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.clips import HALVES, Clip, frames, read_clips
from benchmarks.log import RunLog
from benchmarks.pipelines import build
from benchmarks.scores import Figure, Row, men_off, women_off
from desktop_app.domain.counting import CountingSettings, PeopleCounter
from desktop_app.domain.events import Counted, Event, Revised
from desktop_app.domain.tracking import TrackedFace
from desktop_app.domain.types import Attributes, Gender, Track, age_band_index
from desktop_app.domain.voting import VoteSettings

Call = Callable[[PeopleCounter], Iterable[Event]]

SWEEP: dict[str, tuple[float, ...]] = {
    "name_at": (0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85),
    "change_at": (0.65, 0.7, 0.75, 0.8, 0.85, 0.9),
    "keep_at": (0.5, 0.55, 0.6, 0.65),
    "prior": (0.0, 0.25, 0.5, 1.0, 1.5),
    "prior_in_view": (0.25, 1.0, 1.5, 2.0, 3.0),
    "min_evidence": (0.1, 0.25, 0.5, 0.75, 1.0, 1.5),
    "age_margin": (0.0, 0.5, 1.0, 1.5, 2.0, 3.0),
    "child_at": (0.5, 0.8, 0.85, 0.9, 0.95),
}


class RecordingCounter(PeopleCounter):
    """Counts as ever, and keeps what it was told so that another counter can be told the same."""

    def __init__(self, settings: CountingSettings) -> None:
        self.calls: list[Call] = []
        super().__init__(settings)

    def observe(self, face: TrackedFace, attributes: Attributes, weight: float) -> None:
        self.calls.append(Observed(face, attributes, weight))
        super().observe(face, attributes, weight)

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
        ended = tuple(ended)
        seen = (frozenset(facing), dict(still or {}), frozenset(on_screen))
        self.calls.append(Updated(tuple(faces), ended, time_s, frame_size, *seen))
        return super().update(faces, ended, time_s, frame_size, facing, still, on_screen)

    def cut(self, time_s: float, *, same_room: bool = False, began_s: float = math.inf) -> None:
        self.calls.append(Cut(time_s, same_room, began_s))
        super().cut(time_s, same_room=same_room, began_s=began_s)


@dataclass(frozen=True)
class Observed:
    """A call of `PeopleCounter.observe`."""

    face: TrackedFace
    attributes: Attributes
    weight: float

    def __call__(self, counter: PeopleCounter) -> Iterable[Event]:
        counter.observe(self.face, self.attributes, self.weight)
        return ()


@dataclass(frozen=True)
class Updated:
    """A call of `PeopleCounter.update`."""

    faces: tuple[TrackedFace, ...]
    ended: tuple[int, ...]
    time_s: float
    frame_size: tuple[int, int]
    facing: frozenset[int]
    still: Mapping[int, float]
    on_screen: frozenset[int]

    def __call__(self, counter: PeopleCounter) -> Iterable[Event]:
        seen = self.facing, self.still, self.on_screen
        return counter.update(self.faces, self.ended, self.time_s, self.frame_size, *seen)[1]


@dataclass(frozen=True)
class Cut:
    """A call of `PeopleCounter.cut`."""

    time_s: float
    same_room: bool
    began_s: float

    def __call__(self, counter: PeopleCounter) -> Iterable[Event]:
        counter.cut(self.time_s, same_room=self.same_room, began_s=self.began_s)
        return ()


@dataclass(frozen=True)
class Recording:
    """A clip, a counter as the factory makes it, and what it is to be told."""

    clip: Clip
    counter: PeopleCounter
    calls: tuple[Call, ...]


def record(clip: Clip, seconds: float = math.inf) -> Recording:
    """Count the first `seconds` of a clip once with the shipped settings and keep what the counter was told."""
    cv2.setNumThreads(1)
    pipeline = build()
    counter = pipeline.counter
    recording = RecordingCounter(counter.settings)
    pipeline.counter = recording
    for frame in frames(clip.path):
        if frame.time_s >= seconds:
            break
        pipeline.process(frame)
    return Recording(clip, counter, tuple(recording.calls))


def replay(recording: Recording, vote: VoteSettings | None = None) -> Outcome:
    """Tell the counter what it is to be told, with other thresholds if they are given."""
    counter, outcome = recording.counter, Outcome(recording.clip)
    shipped = counter.settings
    counter.settings = shipped if vote is None else replace(shipped, vote=vote)
    counter.reset()
    for call in recording.calls:
        outcome.add(call(counter))
    outcome.add(counter.finish())
    counter.settings = shipped
    return outcome


@dataclass
class Outcome:
    """What became of the people of one clip, read from the events."""

    clip: Clip
    log: RunLog = field(default_factory=RunLog)
    counted_s: dict[str, float] = field(default_factory=dict)
    named_s: dict[str, float] = field(default_factory=dict)
    revised: int = 0
    band_changes: int = 0
    _bands: dict[str, int] = field(default_factory=dict)

    def add(self, events: Iterable[Event]) -> None:
        events = tuple(events)
        self.log.add(events)
        for event in events:
            if isinstance(event, Counted):
                self.counted_s.setdefault(event.person, event.time_s)
            if isinstance(event, Counted | Revised):
                self.revised += isinstance(event, Revised)
                self._note(event)

    def _note(self, event: Counted | Revised) -> None:
        if event.gender is not Gender.UNDECIDED:
            self.named_s.setdefault(event.person, event.time_s)
        if event.age_years is not None:
            band = age_band_index(event.age_years)
            self.band_changes += self._bands.get(event.person, band) != band
            self._bands[event.person] = band

    @property
    def waits_s(self) -> list[float]:
        """How long each person named waited for it from being counted on, in seconds."""
        return [named - self.counted_s[ref] for ref, named in self.named_s.items() if ref in self.counted_s]

    @property
    def judged(self) -> tuple[int, int]:
        """(wrong, all) of the people named a gender at the end, where the whole clip has one; else (0, 0)."""
        clip = self.clip
        if (clip.males > 0) == (clip.females > 0):
            return 0, 0
        counts = self.log.totals.counts()
        wrong = counts.female if clip.males else counts.male
        return wrong, counts.female + counts.male


HEADER = (
    f"{'settings':24s} {'people':>6s} {'changed':>20s} {'wrong':>20s} {'undecided':>20s} {'to a name':>12s}"
    f" {'men':>6s} {'women':>6s} {'age':>5s} {'revised':>8s}"
)


def line(name: str, outcomes: Sequence[Outcome]) -> str:
    """Return a line of the table."""
    counts = [o.log.totals.counts() for o in outcomes]
    people = sum(c.people for c in counts)
    changed = Figure.of([(len(o.log.renamed), len(o.log.named)) for o in outcomes])
    wrong = Figure.of([o.judged for o in outcomes])
    undecided = Figure.of([(c.undecided, c.people) for c in counts])
    waits = [wait for o in outcomes for wait in o.waits_s]
    wait = "{:.2f}, {:.1f} s".format(*np.quantile(waits, [0.5, 0.9])) if waits else "-"
    rows = [Row("", o.clip, False, c) for o, c in zip(outcomes, counts, strict=True)]
    errors = [Figure.of([pair(row) for row in rows]) for pair in (men_off, women_off)]
    men, women = (f"{e.value:.1%}" if e else "-" for e in errors)
    each = max(1, people)
    return (
        f"{name:24s} {people:6d} {changed or '-'!s:>20s} {wrong or '-'!s:>20s} {undecided or '-'!s:>20s} {wait:>12s}"
        f" {men:>6s} {women:>6s} {sum(o.band_changes for o in outcomes) / each:5.2f}"
        f" {sum(o.revised for o in outcomes) / each:8.2f}"
    )


def setting(text: str) -> tuple[str, float]:
    """Read "name=number". Raises argparse.ArgumentTypeError for anything that `VoteSettings` has not."""
    name, _, value = text.partition("=")
    if name not in {f.name for f in fields(VoteSettings)}:
        raise argparse.ArgumentTypeError(f"there is no threshold {name!r}")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is no number") from None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--only", default="", help="only clips with this in their name")
    parser.add_argument("--half", default="", choices=("", *HALVES), help="only this half of the clips")
    parser.add_argument("--seconds", type=float, default=math.inf, help="only so much of the beginning of each clip")
    parser.add_argument("--sweep", action="store_true", help="move each threshold by itself as well")
    parser.add_argument("--set", type=setting, action="append", default=[], help="a threshold, as name_at=0.7")
    parser.add_argument("--jobs", type=int, default=1, help="clips counted at the same time")
    options = parser.parse_args(arguments)
    clips = [clip for folder in options.clips for clip in read_clips(folder, options.only, options.half)]
    # Started anew rather than forked: a process that has run OpenCV's threads cannot be forked safely.
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:
        recordings = list(pool.map(record, clips, [options.seconds] * len(clips)))
    print(HEADER)
    print(line("as shipped", [replay(r) for r in recordings]))
    base = replace(recordings[0].counter.settings.vote, **dict(options.set))
    if options.set:
        print(line("as set", [replay(r, base) for r in recordings]))
    for name, values in SWEEP.items() if options.sweep else ():
        for value in values:
            changed = replace(base, **{name: value})
            print(line(f"{name} {value:g}", [replay(r, changed) for r in recordings]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
