"""Is somebody who turns away for a while counted again? The clips with every face hidden now and then.

    python -m benchmarks.turned_away CLIPS [--away 3,5,8] [--half tune] [--only street]

Each clip is counted by the program's own pipeline, once as it is and once for each time away: faces are seen for 2.5 s,
then the detector finds nobody for that long, as if all had turned their heads or held something before their faces, and
so on. Nobody leaves the picture because of it, so nobody may be counted more than without it. "again" are the people
counted beyond both the most that the truth accepts and the count of the clip as it is. Somebody who really leaves
meanwhile, and whoever comes in, cannot be seen, so fewer people are no error here. Clips with a cut are left out, and
so are those that end before the faces are seen again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import HALVES, Clip, frames, read_clips
from benchmarks.log import RunLog
from benchmarks.pipelines import build
from desktop_app.domain.types import Detection
from desktop_app.vision.faces.detectors import FaceDetector

SEEN_S = 2.5
"""For so long faces are seen between two times away: long enough to be counted and described."""

CUT_KINDS = ("cuts",)
CUT_NAMES = ("comp_", "loop", "news_split")
"""Clips put together of several, or with a cut in them: who is seen after a cut need not be who was seen before."""


class OnePicture:
    """A face detector that searches each picture once, however many ask. `begin` says that the next picture is due."""

    def __init__(self, inner: FaceDetector) -> None:
        self._inner = inner
        self._found: list[Detection] | None = None

    @property
    def name(self) -> str:
        return self._inner.name

    def begin(self) -> None:
        self._found = None

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        if self._found is None:
            self._found = self._inner.detect(image_bgr)
        return self._found


class TurnedAway:
    """A face detector that finds nobody for `away_s` seconds at a time; with 0 seconds it is the inner one.

    `time_s` is to be set to the time of a frame before it looks at it.
    """

    def __init__(self, inner: FaceDetector, away_s: float) -> None:
        self._inner = inner
        self._away_s = away_s
        self.time_s = 0.0

    @property
    def name(self) -> str:
        return self._inner.name

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        away = self.time_s % (SEEN_S + self._away_s) >= SEEN_S if self._away_s else False
        return [] if away else self._inner.detect(image_bgr)


@dataclass(frozen=True)
class Count:
    """How many people a clip gave as it is, and with faces turned away for `away_s` seconds at a time."""

    clip: Clip
    away_s: float
    plain: int
    turned: int

    @property
    def again(self) -> int:
        return max(0, self.turned - max(self.plain, self.clip.accepted(returns=False)[1]))


def count(clip: Clip, away: Sequence[float]) -> list[Count]:
    """Count a clip as it is and with each of these times away, decoding it and finding its faces once."""
    times = (0.0, *away)
    pipelines, logs = [build() for _ in times], [RunLog() for _ in times]
    cv2.setNumThreads(1)
    shared, time_s = OnePicture(pipelines[0].detector), 0.0
    detectors = [TurnedAway(shared, away_s) for away_s in times]
    for pipeline, detector in zip(pipelines, detectors, strict=True):
        pipeline.detector = detector
    for frame in frames(clip.path):
        shared.begin()
        time_s = frame.time_s
        for pipeline, detector, log in zip(pipelines, detectors, logs, strict=True):
            detector.time_s = time_s
            log.add(pipeline.process(frame).events)
    for pipeline, log in zip(pipelines, logs, strict=True):
        log.add(pipeline.finish())
    plain, *turned = (log.totals.counts().people for log in logs)
    ends_in_time = [(a, n) for a, n in zip(away, turned, strict=True) if time_s > SEEN_S + a + 1]
    return [Count(clip, away_s, plain, people) for away_s, people in ends_in_time]


def is_of_one_piece(clip: Clip) -> bool:
    """Whether a clip shows one scene, with people whose faces can be expected to be found."""
    return clip.kind not in CUT_KINDS and not any(name in clip.name for name in CUT_NAMES) and clip.high > 0


def table(counts: Sequence[Count]) -> str:
    """Return a line for each half and time away."""
    lines = [f"{'half':8s} {'away':>6s} {'clips':>6s} {'people':>7s} {'again':>6s}"]
    for half in HALVES:
        for away_s in sorted({c.away_s for c in counts}):
            these = [c for c in counts if c.clip.half == half and c.away_s == away_s]
            people, again = sum(c.plain for c in these), sum(c.again for c in these)
            lines.append(f"{half:8s} {away_s:4g} s {len(these):6d} {people:7d} {again:6d}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--away", default="3,5,8", help="seconds for which faces are turned away")
    parser.add_argument("--only", default="", help="only clips with this in their name")
    parser.add_argument("--half", default="", choices=("", *HALVES), help="only this half of the clips")
    options = parser.parse_args(arguments)
    away, counts = [float(text) for text in options.away.split(",")], list[Count]()
    for clip in filter(is_of_one_piece, read_clips(options.clips, options.only, options.half)):
        for found in count(clip, away):
            counts.append(found)
            told = f"{found.plain} as it is, {found.turned} turned away, {found.again} again"
            print(f"{clip.name:44s} {found.away_s:4g} s: {told}", flush=True)
    print(table(counts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
