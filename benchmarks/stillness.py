"""Who sits still and who is a picture: real clips, and frames of them as pictures on a wall, filmed in the same ways.

    python -m benchmarks.stillness CLIPS [--half tune] [--seconds 8] [--only webcam] [--ways pan,skip]

Of each clip whose people are in view from the start (`benchmarks.variants.STEADY`) there are two films: "live", and
"picture", in which one of its frames hangs on the wall of a room. Both are given the same noise, then a trembling or
panning camera, half the light, the skipped blocks of a video call and so on. Of the live ones everybody should be
counted, of the pictures nobody. "slow" has only a live film, at a quarter of its speed; "carried" and
"passed" have only pictures: a photograph on a poster that is carried past, and one before which somebody passes.

"missed" is how many people of the live films were not counted, "counted" how many people were counted in the pictures.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import HALVES, Clip, read_clips
from benchmarks.log import RunLog
from benchmarks.pipelines import build
from benchmarks.variants import STEADY, Image, bounded, passed_by, resampled
from desktop_app.domain.types import Frame

FPS, WIDTH = 10.0, 640
NOISE = 2.0
"""Standard deviation of the noise of the camera, in grey levels."""

FROZEN_AT = 10
"""The frame that is the picture."""

Filming = Callable[[Image, int], Image]
"""Films a picture, given the number of the frame."""


def noisy(image: Image, tick: int, sigma: float = NOISE) -> Image:
    rolled = np.roll(_field(image.shape[0], image.shape[1], sigma), 7919 * tick)
    return np.clip(image + rolled, 0, 255).astype(np.uint8)


@cache
def _field(height: int, width: int, sigma: float) -> NDArray[np.int16]:
    noise = np.random.default_rng(1).normal(0, sigma, (height, width, 3))
    return np.asarray(np.rint(noise), np.int16)


def seen_from(image: Image, tick: int, dx: float, dy: float, zoom: float = 1.0) -> Image:
    """The middle 70% of a picture moved by (dx, dy), shares of its width, as a camera sees it that turns."""
    height, width = image.shape[:2]
    w, h = 0.7 * width / zoom, 0.7 * height / zoom
    x, y = (width - w) / 2 + dx * width, (height - h) / 2 + dy * width
    to_output = np.array([[WIDTH / w, 0, -x * WIDTH / w], [0, WIDTH / w, -y * WIDTH / w]])
    size = (WIDTH, round(WIDTH * height / width) // 2 * 2)
    filmed = cv2.warpAffine(image, to_output, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return noisy(np.asarray(filmed, np.uint8), tick)


def trembling(image: Image, tick: int) -> Image:
    t = tick / FPS
    return seen_from(image, tick, 0.006 * math.sin(7 * t) + 0.004 * math.sin(17 * t), 0.006 * math.sin(9 * t + 1))


def panning(image: Image, tick: int) -> Image:
    return seen_from(image, tick, 0.13 * math.sin(0.8 * tick / FPS), 0.02 * math.sin(0.5 * tick / FPS))


def zooming(image: Image, tick: int) -> Image:
    return seen_from(image, tick, 0.0, 0.0, 1.15 + 0.15 * math.sin(0.9 * tick / FPS))


def darkening(image: Image, tick: int) -> Image:
    share = 0.55 + 0.35 * math.cos(0.9 * tick / FPS)
    return noisy(np.asarray(cv2.convertScaleAbs(image, alpha=share), np.uint8), tick, 4.0)


class Skipping:
    """Shows only those blocks anew that changed much, as a video call over a slow line does."""

    def __init__(self, threshold: float = 5.0, block: int = 16) -> None:
        self._threshold, self._block = threshold, block
        self._shown: Image | None = None

    def __call__(self, image: Image, tick: int) -> Image:
        image = noisy(image, tick)
        shown, b = self._shown, self._block
        if shown is None or shown.shape != image.shape:
            self._shown = image.copy()
            return image
        rows, columns = image.shape[0] // b, image.shape[1] // b
        change = cv2.resize(cv2.absdiff(image, shown).mean(2), (columns, rows), interpolation=cv2.INTER_AREA)
        renew = np.kron(change >= self._threshold, np.ones((b, b), np.bool_))
        whole = np.zeros(image.shape[:2], np.bool_)
        whole[: rows * b, : columns * b] = renew
        shown = np.where(whole[..., None], image, shown)
        coded = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, 40])[1]
        self._shown = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
        return self._shown


@cache
def room() -> Image:
    """A wall with shelves: rectangles of all sizes."""
    rng = np.random.default_rng(3)
    wall = np.full((540, 960, 3), 150, np.uint8)
    for x, y, w, h in rng.integers((0, 0, 20, 15), (940, 520, 130, 90), (110, 4)):
        cv2.rectangle(wall, (x, y), (x + w, y + h), rng.integers(40, 220, 3).tolist(), -1)
    return np.asarray(cv2.GaussianBlur(wall, (0, 0), 1.2), np.uint8)


def on_the_wall(image: Image, left: float = 320.0, top: float = 150.0, width: int = 340) -> Image:
    """The picture in a frame on the wall of a room."""
    scale = width / image.shape[1]
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    framed = cv2.copyMakeBorder(small, 9, 9, 9, 9, cv2.BORDER_CONSTANT, value=(40, 60, 70))
    move, size = np.array([[1, 0, left], [0, 1, top]], np.float64), (960, 540)
    board = cv2.warpAffine(framed, move, size, flags=cv2.INTER_LINEAR)
    covered = cv2.warpAffine(np.full(framed.shape[:2], 255, np.uint8), move, size, flags=cv2.INTER_NEAREST) > 0
    return np.where(covered[..., None], board, room()).astype(np.uint8)


def poster(image: Image) -> Image:
    """The picture on a poster, with lines of print round it."""
    height, width = image.shape[:2]
    rng, edge = np.random.default_rng(5), width // 3
    sheet = np.full((height + 2 * edge, width + 2 * edge, 3), 225, np.uint8)
    step = max(8, width // 24)
    for y in range(step // 2, sheet.shape[0] - step, step):
        for x in range(step // 2, sheet.shape[1] - step, step):
            w, h = rng.integers(step // 3, step, 2)
            cv2.rectangle(sheet, (x, y), (x + int(w), y + int(h)), rng.integers(20, 160, 3).tolist(), -1)
    sheet[edge : edge + height, edge : edge + width] = image
    return sheet


def carried(image: Image, tick: int) -> Image:
    """A poster that is carried past from the left to the right, with a step's sway."""
    t = tick / FPS
    return noisy(on_the_wall(poster(image), -420 + 130 * t, 10 + 5 * math.sin(11 * t), 620), tick)


def passing(image: Image, tick: int) -> Image:
    return noisy(passed_by(image, tick / FPS), tick)


@dataclass(frozen=True)
class Way:
    """A way of filming. `live` and `picture` say which films there are; each live frame is shown `slow` times."""

    film: Callable[[], Filming]
    live: bool = True
    picture: bool = True
    slow: int = 1
    every: int = 1


WAYS: dict[str, Way] = {
    "plain": Way(lambda: noisy),
    "trembling": Way(lambda: trembling),
    "panning": Way(lambda: panning),
    "zooming": Way(lambda: zooming),
    "darkening": Way(lambda: darkening),
    "skip": Way(Skipping),
    "2 a second": Way(lambda: noisy, every=5),
    "slow": Way(lambda: noisy, picture=False, slow=4),
    "carried": Way(lambda: carried, live=False),
    "passed": Way(lambda: passing, live=False),
}


def film(clip: Clip, way: Way, seconds: float, *, live: bool) -> Iterator[Frame]:
    """Give the frames of one film."""
    number = round(seconds * FPS)
    images = (bounded(image, 960) for image in resampled(clip, seconds / way.slow, FPS))
    filming = way.film()
    if live:
        shown = (image for image in images for _ in range(way.slow))
    else:
        first = list(islice(images, FROZEN_AT + 1))
        shown = (first[-1] for _ in range(number))
    hung = not live and filming is not carried
    for tick, image in enumerate(islice(shown, number)):
        if tick % way.every == 0:
            filmed = filming(on_the_wall(image) if hung else image, tick)
            yield Frame(bounded(filmed, 960), tick / FPS, tick)


def count(clip: Clip, way: Way, seconds: float, *, live: bool) -> int:
    """Return how many people the program counts in one film."""
    pipeline, log = build(), RunLog()
    cv2.setNumThreads(1)
    for frame in film(clip, way, seconds, live=live):
        log.add(pipeline.process(frame).events)
    log.add(pipeline.finish())
    return log.totals.counts().people


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--only", default="", help="only clips with this in their name")
    parser.add_argument("--half", default="", choices=("", *HALVES))
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--ways", default=",".join(WAYS), help=f"of {', '.join(WAYS)}")
    options = parser.parse_args(arguments)
    clips = [c for c in read_clips(options.clips, options.only, options.half) if STEADY.get(c.name)]
    print(f"{'way':12s} {'people':>6s} {'missed':>6s} {'too many':>8s} {'pictures':>8s} {'counted':>7s}")
    for name in options.ways.split(","):
        way = WAYS[name]
        people = missed = more = pictures = counted = 0
        wrong = []
        for clip in clips:
            if way.live:
                found = count(clip, way, options.seconds, live=True)
                people += clip.people
                missed += max(0, clip.people - found)
                more += max(0, found - clip.people)
                wrong += [f"{clip.name[:16]} {found}/{clip.people}"] * (found != clip.people)
            if way.picture:
                pictures += clip.people
                found = count(clip, way, options.seconds, live=False)
                counted += found
                wrong += [f"{clip.name[:16]} picture {found}"] * (found > 0)
        print(
            f"{name:12s} {people:6d} {missed:6d} {more:8d} {pictures:8d} {counted:7d}  {', '.join(wrong)}", flush=True
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
