"""How well people are counted at a line and in a zone: walkers over a drawn floor, whose crossings are known.

    python -m benchmarks.crossings [--shared FOLDER] [--casts 4] [--only "two abreast"]

Each scene is played with several casts of portraits (FairFace `test` faces where the data lies beside the checkout,
else those of the demo clip), through the program's pipeline with a line across the middle and a zone on the right. The
error is the sum of |counted - true| over in, out and visits, over the sum of what is true.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.footage import portraits
from benchmarks.log import RunLog
from desktop_app import factory
from desktop_app.domain.types import Frame
from desktop_app.settings import PlaceSettings, Settings

WIDTH, HEIGHT, FPS = 960, 540, 15.0
LINE = PlaceSettings("door", "line", ((0.5, 1.0), (0.5, 0.0)))
"""Seen along it from its first point upwards, "in" is from the left to the right."""

ZONE = PlaceSettings("hall", "zone", ((0.62, 0.0), (0.98, 0.0), (0.98, 1.0), (0.62, 1.0)))

Image = NDArray[np.uint8]
Path2 = Callable[[float], tuple[float, float] | None]
"""Where the centre of a face is at a time in seconds, in pixels, None while it is out of the picture."""


@dataclass(frozen=True)
class Walker:
    path: Path2
    size: int = 80


@dataclass(frozen=True)
class SceneOfWalkers:
    """`pillar` is the width in pixels of a pillar that stands at the line, 0 for none."""

    name: str
    walkers: tuple[Walker, ...]
    seconds: float
    into: int = 0
    out: int = 0
    visits: int = 0
    pillar: int = 0


def straight(x0: float, x1: float, y: float, begin_s: float, end_s: float) -> Path2:
    return along(((begin_s, x0, y), (end_s, x1, y)))


def along(points: Sequence[tuple[float, float, float]], sway: float = 3.0) -> Path2:
    """The path through points (time, x, y), with a step's sway, in view from the first time to the last."""
    times, xs, ys = (np.array(values) for values in zip(*points, strict=True))

    def where(time_s: float) -> tuple[float, float] | None:
        if not times[0] <= time_s <= times[-1]:
            return None
        return float(np.interp(time_s, times, xs)), float(np.interp(time_s, times, ys) + sway * math.sin(11 * time_s))

    return where


def loitering(turns_s: float, then_x: float) -> Path2:
    """From the left to the line, to and fro across it by half a face for so long, then away to `then_x`."""
    points = [(0.0, 100.0, 240.0), (2.5, 470.0, 240.0)]
    points += [(2.5 + 0.7 * i, 480.0 + (30 if i % 2 else -30), 240.0) for i in range(1, round(turns_s / 0.7))]
    return along([*points, (points[-1][0] + 3.0, then_x, 240.0)])


def scenes() -> list[SceneOfWalkers]:
    """Every scene with what should be counted in it."""
    left, right = -60.0, 1020.0
    crossing = Walker(straight(left, right, 220, 0, 6))
    back = Walker(straight(right, left, 300, 0, 6))
    u_turn = along(((0, 100, 230), (3.5, 680, 230), (4.2, 680, 230), (7.5, 100, 230)))
    short_turn = along(((0, 100, 230), (3, 400, 230), (6, 100, 230)))
    same_side = along(((0, 380, 480), (2, 400, 240), (4, 400, 200), (6, 380, 480)))
    again = along(
        ((0, 400, 250), (2, 720, 250), (4, 720, 250), (5.5, 400, 250), (9, 400, 250), (11, 720, 250), (13, 720, 250))
    )
    return [
        SceneOfWalkers("one goes in", (crossing,), 7, into=1, visits=1),
        SceneOfWalkers("one goes out", (back,), 7, out=1, visits=1),
        SceneOfWalkers(
            "two abreast",
            (Walker(straight(left, right, 170, 0, 6)), Walker(straight(left, right, 300, 0, 6), 84)),
            7,
            into=2,
            visits=2,
        ),
        SceneOfWalkers(
            "past each other at the line",
            (Walker(straight(left, right, 210, 0, 6)), Walker(straight(right, left, 270, 0, 6), 100)),
            7,
            into=1,
            out=1,
            visits=2,
        ),
        SceneOfWalkers(
            "four in a row",
            tuple(Walker(straight(left, right, 200 + 15 * i, 1.1 * i, 1.1 * i + 5.5), 74) for i in range(4)),
            10,
            into=4,
            visits=4,
        ),
        SceneOfWalkers("turns round beyond the line", (Walker(u_turn),), 8, visits=1),
        SceneOfWalkers("turns round before the line", (Walker(short_turn),), 7),
        SceneOfWalkers("loiters on the line, goes in", (Walker(loitering(5, 900)),), 12, into=1, visits=1),
        SceneOfWalkers("loiters on the line, goes back", (Walker(loitering(5, 80)),), 12),
        SceneOfWalkers("stays on one side", (Walker(same_side),), 7),
        SceneOfWalkers(
            "a child in a pram",
            (Walker(straight(left, right, 170, 0, 7), 84), Walker(straight(left + 90, right + 90, 360, 0, 7), 48)),
            8,
            into=2,
            visits=2,
        ),
        SceneOfWalkers("hidden at the line", (crossing,), 7, into=1, visits=1, pillar=150),
        SceneOfWalkers("both hidden at the line", (crossing, back), 7, into=1, out=1, visits=2, pillar=150),
        SceneOfWalkers("two visits", (Walker(again),), 14, into=1, visits=2),
    ]


def play(scene: SceneOfWalkers, faces: Sequence[Image], seed: int, fps: float = FPS) -> Iterator[Frame]:
    """Give the frames of a scene with these faces."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(90, 150, (6, 10, 3), dtype=np.uint8)
    floor = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    noise = rng.integers(0, 10, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    clothes = rng.integers(20, 230, (len(scene.walkers), 3))
    for index in range(round(scene.seconds * fps)):
        image = cv2.add(floor, np.roll(noise, 37 * index, axis=1))
        nearer_last = sorted(range(len(scene.walkers)), key=lambda k: scene.walkers[k].size)
        for k in nearer_last:
            if (place := scene.walkers[k].path(index / fps)) is not None:
                _draw(np.asarray(image), faces[k], place, scene.walkers[k].size, clothes[k].tolist())
        if scene.pillar:
            x = WIDTH // 2 - scene.pillar // 2
            image[:, x : x + scene.pillar] = 70
        yield Frame(np.asarray(image, np.uint8), index / fps, index)


def _draw(image: NDArray[np.uint8], face: Image, place: tuple[float, float], size: int, colour: list[int]) -> None:
    x, y = round(place[0]), round(place[1])
    body = (x - size, y + size // 2), (x + size, y + 4 * size)
    cv2.rectangle(image, *body, colour, -1)
    picture = cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA)
    x1, y1 = x - size // 2, y - size // 2
    left, top, right, bottom = max(0, x1), max(0, y1), min(WIDTH, x1 + size), min(HEIGHT, y1 + size)
    if left < right and top < bottom:
        image[top:bottom, left:right] = picture[top - y1 : bottom - y1, left - x1 : right - x1]


def count(scene: SceneOfWalkers, faces: Sequence[Image], seed: int, fps: float = FPS) -> tuple[int, int, int]:
    """Return how many the program counts in, out and in the zone."""
    pipeline, log = factory.build_pipeline(replace(Settings(), places=(LINE, ZONE))), RunLog()
    for frame in play(scene, faces, seed, fps):
        log.add(pipeline.process(frame).events)
    log.add(pipeline.finish())
    figures = {name: place for (_, name), place in log.totals.places().items()}
    door, hall = figures.get(LINE.name), figures.get(ZONE.name)
    return (door.into if door else 0, door.out if door else 0, hall.visits if hall else 0)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    parser.add_argument("--casts", type=int, default=4, help="with how many casts each scene is played")
    parser.add_argument("--fps", type=float, default=FPS, help="frames a second")
    parser.add_argument("--size", type=float, default=1.0, help="size of the faces, as a share of about 80 pixels")
    parser.add_argument("--only", default="", help="only scenes with this in their name")
    options = parser.parse_args(arguments)
    most = max(len(scene.walkers) for scene in scenes())
    faces = portraits(options.shared, most * options.casts)
    errors = truths = 0
    print(f"{'scene':34s} {'true in, out, visits':>22s}   counted, cast by cast")
    for scene in scenes():
        if options.only not in scene.name:
            continue
        smaller = tuple(replace(w, size=round(options.size * w.size)) for w in scene.walkers)
        played = replace(scene, walkers=smaller)
        true, counted = (scene.into, scene.out, scene.visits), []
        for cast in range(options.casts):
            counted.append(count(played, faces[cast * most : (cast + 1) * most], cast, options.fps))
        errors += sum(abs(c - t) for found in counted for c, t in zip(found, true, strict=True))
        truths += options.casts * sum(true)
        told = "  ".join(f"{a} {b} {c}" + ("" if (a, b, c) == true else " !") for a, b, c in counted)
        print(f"{scene.name:34s} {true!s:>22s}   {told}", flush=True)
    print(f"error {errors} of {truths}: {errors / max(1, truths):.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
