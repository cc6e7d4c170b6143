"""Detections and answers recorded once, counted again in seconds by other rules.

    python -m benchmarks.replay record CLIPS OUT [--half tune] [--paces asis,mirror,half]
    python -m benchmarks.replay count CLIPS OUT [--set counting.same_at=0.5] [--try tracker.unmatched=1.5,2,3]
        [--leave-out 0.4 --seeds 5]

`record` runs the program's pipeline over each clip as it is, mirrored, and with half of its frames dropped, and keeps
what it read from the pixels: cuts, detections, clothes, glimpses, the network's answers, who had moved. `count` sends
that through another pipeline of `factory`, so that all rules of tracking and counting run as shipped, and prints the
table of `benchmarks.scores`; with `--try` one for each value. A name is a field of the settings of `counting`, `vote`
or `tracker`, or a constant of `recognition`, `people`, `motion` or `boxes` (as `recognition.AT_EDGE=2`). With
`--leave-out` the network is asked about a random part of the faces only, so that people are judged by other glimpses.

Whatever reads pixels (the detector, the network, crops, the tests for cuts and for pictures) can only be recorded anew,
and so can the schedule, which depends on how fast the recorded faces moved. Records are read with pickle: read only
what you have written.
"""

from __future__ import annotations

import argparse
import importlib
import pickle
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks import scores
from benchmarks.clips import HALVES, Clip, frames, read_clips
from benchmarks.log import RunLog
from benchmarks.pipelines import build
from benchmarks.scores import Row
from benchmarks.tapes import Look, Tape, put_on, record
from desktop_app.domain.counting import CountingSettings
from desktop_app.domain.tracking import TrackerSettings
from desktop_app.domain.types import Frame
from desktop_app.domain.voting import VoteSettings
from desktop_app.vision.attributes.quality import Glimpse
from desktop_app.vision.pipeline import FramePipeline

PACES = ("asis", "mirror", "half")
SETTINGS = {"counting": CountingSettings, "vote": VoteSettings, "tracker": TrackerSettings}
CONSTANTS = ("recognition", "people", "motion", "boxes")


def paced(path: Path, pace: str) -> Iterator[Frame]:
    """Give the frames of a clip at one of `PACES`."""
    rng = random.Random(1)
    for frame in frames(path):
        if pace == "half" and rng.random() < 0.5:
            continue
        image = np.ascontiguousarray(frame.image_bgr[:, ::-1]) if pace == "mirror" else frame.image_bgr
        yield replace(frame, image_bgr=image)


def replay(looks: Iterable[Look], changes: Sequence[Change] = ()) -> RunLog:
    """Count what was recorded with the shipped rules but for these changes."""
    pipeline, tape, log = build(), Tape(), RunLog()
    changed = [change.apply(pipeline) for change in changes]
    pipeline.reset()
    put_on(pipeline, tape)
    try:
        for look in looks:
            tape.look = look
            log.add(pipeline.process(tape.frame()).events)
        log.add(pipeline.finish())
    finally:
        for undo in reversed(changed):
            undo()
    return log


def thinned(looks: Iterable[Look], share: float, seed: int) -> list[Look]:
    """Make a share of the glimpses, drawn at random, not worth asking the network about."""
    rng = random.Random(seed)

    def thin(glimpse: Glimpse) -> Glimpse:
        return replace(glimpse, size=0.0) if rng.random() < share else glimpse

    return [replace(look, glimpses={box: thin(glimpse) for box, glimpse in look.glimpses.items()}) for look in looks]


@dataclass(frozen=True)
class Change:
    """A setting or a constant with another value than shipped: `owner.name=value`."""

    owner: str
    name: str
    value: float

    @classmethod
    def parse(cls, text: str) -> Change:
        """Read `counting.same_at=0.5`. Raises SystemExit with a sentence."""
        name, _, value = text.partition("=")
        owner, _, field_name = name.partition(".")
        try:
            change = cls(owner, field_name, float(value))
            change.shipped()
        except (ValueError, AttributeError):
            raise SystemExit(f"{text!r} is not like counting.same_at=0.5; see --help for the names.") from None
        return change

    def __str__(self) -> str:
        return f"{self.owner}.{self.name}={self.value:g}"

    def shipped(self) -> float:
        """Return the shipped value. Raises ValueError or AttributeError where there is no such name."""
        if self.owner in CONSTANTS:
            value = getattr(importlib.import_module(f"desktop_app.domain.{self.owner}"), self.name)
        elif self.owner in SETTINGS:
            value = getattr(SETTINGS[self.owner](), self.name)
        else:
            raise ValueError(self.owner)
        if not isinstance(value, int | float):
            raise ValueError(self.name)
        return value

    def apply(self, pipeline: FramePipeline) -> Callable[[], None]:
        """Change a pipeline before its `reset`; return what takes the change back."""
        value: Any = int(self.value) if isinstance(self.shipped(), int) else self.value
        if self.owner in CONSTANTS:
            module, before = importlib.import_module(f"desktop_app.domain.{self.owner}"), self.shipped()
            setattr(module, self.name, value)
            return lambda: setattr(module, self.name, before)
        if self.owner == "tracker":
            pipeline.tracker.settings = replace(pipeline.tracker.settings, **{self.name: value})
        elif self.owner == "vote":
            vote = replace(pipeline.counter.settings.vote, **{self.name: value})
            pipeline.counter.settings = replace(pipeline.counter.settings, vote=vote)
        else:
            pipeline.counter.settings = replace(pipeline.counter.settings, **{self.name: value})
        return lambda: None


def tape_of(folder: Path, clip: Clip, pace: str) -> Path:
    return folder / f"{clip.name}.{pace}.pickle"


def record_all(clips: Sequence[Clip], paces: Sequence[str], folder: Path) -> None:
    """Record what is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    for clip in clips:
        for pace in paces:
            path = tape_of(folder, clip, pace)
            if not path.exists():
                began = time.process_time()
                path.write_bytes(pickle.dumps(record(paced(clip.path, pace))))
                print(f"{path.name}: {time.process_time() - began:.1f} s", flush=True)


def count_all(
    clips: Sequence[Clip],
    paces: Sequence[str],
    folder: Path,
    changes: Sequence[Change],
    leave_out: float = 0.0,
    seeds: int = 1,
) -> list[Row]:
    """Replay every tape that there is of these clips, with `leave_out` once for each seed."""
    rows, way = [], ", ".join(map(str, changes)) or "shipped"
    for clip in clips:
        for pace in paces:
            path = tape_of(folder, clip, pace)
            if path.exists():
                looks: list[Look] = pickle.loads(path.read_bytes())
                for seed in range(seeds):
                    log = replay(thinned(looks, leave_out, seed) if leave_out else looks, changes)
                    rows.append(_row(way, clip, looks, log))
    return rows


def _row(way: str, clip: Clip, looks: Sequence[Look], log: RunLog) -> Row:
    people = tuple(
        f"{p.number}:{p.gender.value[0]}@{p.first_seen_s:.1f}-{p.last_seen_s:.1f}" for p in log.totals.people()
    )
    counts, ends_s = log.totals.counts(), looks[-1].time_s
    return Row(way, clip, False, counts, len(looks), ends_s, 0.0, len(log.named), len(log.renamed), people)


def trials(fixed: Sequence[str], tried: Sequence[str]) -> list[list[Change]]:
    """Return the changes of each run: the fixed ones, and with each value of each `--try` in turn."""
    always = [Change.parse(text) for text in fixed]
    runs = [always]
    for text in tried:
        name, _, values = text.partition("=")
        runs += [[*always, Change.parse(f"{name}={value}")] for value in values.split(",")]
    return runs


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=("record", "count"))
    parser.add_argument("clips", type=Path)
    parser.add_argument("tapes", type=Path, metavar="OUT")
    parser.add_argument("--only", default="", help="only clips with this in their name")
    parser.add_argument("--half", default="", choices=("", *HALVES), help="only this half of the clips")
    parser.add_argument("--paces", default="asis", help=f"of {', '.join(PACES)}")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="another value than shipped")
    parser.add_argument("--try", action="append", default=[], metavar="NAME=VALUES", dest="tried", help="one run each")
    parser.add_argument("--leave-out", type=float, default=0.0, metavar="SHARE", help="of the glimpses, at random")
    parser.add_argument("--seeds", type=int, default=1, help="how often to leave out")
    parser.add_argument("--each", action="store_true", help="print each clip, too")
    options = parser.parse_args(arguments)
    clips, paces = read_clips(options.clips, options.only, options.half), options.paces.split(",")
    if options.verb == "record":
        record_all(clips, paces, options.tapes)
        return 0
    rows = []
    for changes in trials(options.set, options.tried):
        found = count_all(clips, paces, options.tapes, changes, options.leave_out, options.seeds)
        if not found:
            raise SystemExit(f"{options.tapes} has no records of these clips; run `record` first.")
        rows += found
        if options.each:
            print("\n".join(scores.show(row) for row in found), flush=True)
    print(scores.table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
