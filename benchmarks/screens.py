"""Who is counted on a screen that the camera sees, and whether anybody real is lost for it.

    python -m benchmarks.screens CLIPS [--half tune] [--seconds 30] [--fps 10] [--only talk]

The films and their kinds are those of `benchmarks.screen_films`. Each film is counted without and with the test for
screens. "on a screen" is how many people on a screen were counted, who are nobody; "real" how many in the room, through
the opening or before the screen. With `--half` only one half of the films is made.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import HALVES, half_of
from benchmarks.pipelines import build
from benchmarks.screen_films import SIZE, Film, Opening, films, shoot
from benchmarks.variants import Image
from desktop_app.domain.types import Detection, Frame
from desktop_app.vision.attributes.screens import ScreenDetector
from desktop_app.vision.faces.detectors import FaceDetector
from desktop_app.vision.pipeline import FramePipeline

FACE_NEAR = 0.12
"""A face is that of who stands before the screen if it is no further from there, in heights of the picture."""


@dataclass
class Tally:
    """Counts a film with one pipeline, and notes where the people were that it counts.

    `there` is how often somebody counted was where somebody stands before the screen, of `looks` at them.
    """

    pipeline: FramePipeline
    opening: Opening
    there: int = 0
    looks: int = 0

    def __post_init__(self) -> None:
        self._inside: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()
        self._before: Counter[str] = Counter()

    def see(self, frame: Frame, face: tuple[float, float] | None) -> None:
        """Take in a frame; `face` is where the face of somebody before the screen is, None if nobody is there."""
        result = self.pipeline.process(frame)
        found = False
        for track in result.tracks:
            if not (track.person and track.seen):
                continue
            (x, y), ref = track.box.centre, track.person
            self._seen[ref] += 1
            self._inside[ref] += self.opening.holds(x, y)
            if face is not None and math.hypot(x - face[0], y - face[1]) < FACE_NEAR * SIZE[1]:
                self._before[ref] += 1
                found = True
        if face is not None and result.detected:
            self.looks += 1
            self.there += found

    def inside(self) -> int:
        """Return how many people were counted that are on the screen, or seen through the opening."""
        refs = [ref for ref, number in self._seen.items() if 2 * self._inside[ref] > number]
        return sum(2 * self._before[ref] <= self._seen[ref] for ref in refs)

    def outside(self) -> int:
        """Return how many people were counted in the room."""
        return sum(2 * self._inside[ref] <= number for ref, number in self._seen.items())


class NoScreens(ScreenDetector):
    """Takes no face for one on a screen."""

    def see(self, samples_bgr: Image, thumbnail: NDArray[np.int16], time_s: float) -> None:
        pass


class SameDetector:
    """Finds faces once for several pipelines that are shown the same pictures at the same times."""

    def __init__(self, inner: FaceDetector) -> None:
        self.name, self._inner = inner.name, inner
        self._latest: Image | None = None
        self._found: list[Detection] = []

    def detect(self, image_bgr: Image) -> list[Detection]:
        if self._latest is not image_bgr:
            self._latest, self._found = image_bgr, self._inner.detect(image_bgr)
        return self._found


Counted = dict[str, tuple[int, int]]
"""With and without the test: how many people on a screen were counted, and how many real ones."""


def count_film(film: Film, clips: Path, seconds: float, fps: float) -> Counted:
    """Count a film in both ways at the same time."""
    tallies = {"without": Tally(build(), Opening(film)), "with": Tally(build(), Opening(film))}
    tallies["without"].pipeline.screens = NoScreens()
    detector = SameDetector(tallies["with"].pipeline.detector)
    for tally in tallies.values():
        tally.pipeline.detector = detector
    cv2.setNumThreads(1)
    for tick, (image, face) in enumerate(shoot(film, clips, seconds, fps)):
        frame = Frame(image, tick / fps, tick)
        for tally in tallies.values():
            tally.see(frame, face)
    found = {}
    for name, tally in tallies.items():
        stands = 2 * tally.there > tally.looks
        nobody, real = (tally.inside(), 0) if film.is_screen else (0, tally.inside())
        found[name] = nobody, real + tally.outside() + stands
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--only", default="", help="only films with this in their name")
    parser.add_argument("--half", default="", choices=("", *HALVES))
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--fps", type=float, default=10.0)
    options = parser.parse_args(arguments)
    chosen = [f for f in films() if options.only in f.name and options.half in ("", half_of(f.name))]
    sums: dict[str, Counter[str]] = {}
    print(f"{'film':44s} on a screen: without, with   real: without, with")
    for film in chosen:
        counted = count_film(film, options.clips, options.seconds, options.fps)
        row = {f"{what} {way}": counted[way][i] for i, what in enumerate(("screen", "real")) for way in counted}
        sums.setdefault(film.kind, Counter()).update({**row, "films": 1})
        print(f"{film.name[:44]:44s} " + "  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    for kind, total in sums.items():
        print(f"{kind:10s} " + ", ".join(f"{key} {value}" for key, value in total.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
