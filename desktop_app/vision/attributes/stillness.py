"""Which faces do not move at all: pictures on a wall, posters, boards that are carried past, mannequins.

    detector = StillnessDetector()
    still = detector.look(image_bgr, faces)     # on each frame with detections: which faces are still, and since when
    detector.forget(keys)                       # of tracks that ended

A face is compared with how it looked when it was first seen, in two ways. Where the surroundings can be followed, what
counts is how far it has moved against them (`rigidity`), so neither a camera that pans nor a poster that is carried
makes a painting come alive. Elsewhere the grey values at the place where it was first seen are compared with what is
there now, and so is what lies round it. A living face turns, speaks and sways, also that of somebody who sits before a
webcam; a painting changes no more than the wall beside it. Once a face has moved it is not looked at again. A still
face whose track ends is remembered by its place: behind a passer-by it is the same picture that comes into view again.
"""

from __future__ import annotations

import math
import weakref
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.motion import box_size
from desktop_app.domain.tracking import TrackedFace
from desktop_app.domain.types import Box
from desktop_app.vision.attributes.rigidity import View

CHANGES = ((0.09, 2.2), (0.3, 0.0))
"""Something has moved from one of these mean changes of the grey values on, as a share of the face's contrast, if that
is so many times the change of what lies round the face. On clips people who sat still changed by 0.1 and more, at a
ratio of 2.3 and more; a painting mostly by less than 0.09, and where the camera trembled at a ratio of 1 to 2."""

MOVED = 0.3
"""The distance in face sizes from the first place at which a face has moved, whatever its grey values say."""

RECENT_LOOKS = 10
FEWEST_CHANGES = 2
CHANGED_SHARE = 0.5
"""A face lives if it had changed in this share of the recent looks at it, `FEWEST_CHANGES` at the least: somebody who
passes before a poster changes it for a moment."""

CARRIED = 5
"""From so many looks on at which a face had moved against the rest of the picture, but not against what is near, it is
on something that moves."""

LONG_STILL, SELDOM = 30, 5
"""After so many looks without a change only each fifth one is compared, until something changes: a picture hangs there
all day."""

FROZEN = 0.002
"""Below this change the source repeats one picture, as a file of a single one does: that says nothing of the face."""

ADAPTING = 0.1
"""The share by which what is compared with follows an unchanged look: light changes slowly, people do not."""

TREMOR = tuple(sorted(((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)), key=lambda shift: shift != (0, 0)))
"""Shifts in pixels, down and right, at which nothing is taken to have moved: cameras tremble. No shift is the first."""

SAME_PLACE = 0.5
"""A face that overlaps so much (intersection over union) with where a still one was is compared with that one."""

MOST_REMEMBERED = 32
"""So many still faces that are out of view are remembered, the newest."""

_SIDE = 48
"""Side in pixels of the patch compared: three faces wide and high, with the face in the middle."""

_NOISE = 6.0
"""Grey levels added to the contrast, so that noise on a flat patch is no change."""

_LEAST_BACKGROUND = 0.015

LARGE_FACE = 128.0
"""Pictures are halved for a face for as long as it stays this large: more pixels tell no more, and an 8K picture would
take a second a look."""

_FACE = np.zeros((_SIDE, _SIDE), np.bool_)
_FACE[16:32, 16:32] = True
_AROUND = np.ones((_SIDE, _SIDE), np.bool_)
_AROUND[10:, 10:38] = False  # hair and shoulders move with the face
_AROUND[34:] = False

Patch = NDArray[np.float32]


@dataclass(slots=True, eq=False)
class _First:
    """How a face looked when it was first seen, and at which looks since it had changed. `box` is where it is now."""

    since_s: float
    view: View
    first_box: Box
    patch: Patch
    box: Box
    changed: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT_LOOKS))
    frozen: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT_LOOKS))
    carried: int = 0
    unchanged: int = 0

    def repeated(self, box: Box) -> None:
        """Note that the picture is the one of the look before, in which the face lies at `box`."""
        self.box = box
        self.unchanged += 1
        self.changed.append(False)
        self.frozen.append(True)

    @property
    def lives(self) -> bool:
        return sum(self.changed) >= max(FEWEST_CHANGES, CHANGED_SHARE * len(self.changed))

    @property
    def is_still(self) -> bool:
        return not self.lives and 2 * sum(self.frozen) <= len(self.frozen)


class _Halved:
    """A picture (uint8, BGR) and its halves, a quarter of the pixels each, made when they are wanted."""

    def __init__(self, image_bgr: NDArray[np.uint8]) -> None:
        self._levels = [image_bgr]

    def for_face(self, box: Box) -> tuple[NDArray[np.uint8], Box]:
        """Return the picture in which to look at a box, and the box in it."""
        level = max(0, math.floor(math.log2(max(box_size(box), 1.0) / LARGE_FACE)))
        while len(self._levels) <= level:
            last = self._levels[-1]
            half = max(1, last.shape[1] // 2), max(1, last.shape[0] // 2)
            self._levels.append(np.asarray(cv2.resize(last, half, interpolation=cv2.INTER_AREA), np.uint8))
        if not level:
            return self._levels[0], box
        whole, chosen = self._levels[0], self._levels[level]
        x, y = chosen.shape[1] / whole.shape[1], chosen.shape[0] / whole.shape[0]
        return chosen, Box(box.x1 * x, box.y1 * y, box.x2 * x, box.y2 * y)


class StillnessDetector:
    """Tells which of the tracked faces have not moved since they were first seen. Not thread-safe."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._first: dict[int, _First] = {}
        self._living: set[int] = set()
        self._away: deque[_First] = deque(maxlen=MOST_REMEMBERED)
        self._latest: weakref.ref[NDArray[np.uint8]] | None = None

    def forget(self, keys: Iterable[int]) -> None:
        """Note that these tracks have ended; of still faces the place is remembered."""
        for key in keys:
            first = self._first.pop(key, None)
            if first is not None and first.is_still:
                self._away.append(first)
            self._living.discard(key)

    def look(self, image_bgr: NDArray[np.uint8], faces: Sequence[TrackedFace]) -> dict[int, float]:
        """Take in the faces found on a frame (uint8, BGR).

        Return since when those have been in view, in seconds of the media clock and by key, that have not moved so far.
        A face just found is among them: it takes `FEWEST_CHANGES` more looks to tell. Of a picture that is carried past
        it is minus infinity: it is in view for a moment only, but surely a picture.
        """
        # A source that shows a still picture gives the same array again: there is nothing to compare.
        is_same = self._latest is not None and self._latest() is image_bgr
        is_repeated = is_same and not image_bgr.flags.writeable  # else it may have been written to
        self._latest = weakref.ref(image_bgr)
        picture = _Halved(image_bgr)
        for face in faces:
            if face.detection is None or face.key in self._living:
                continue
            if is_repeated and (first := self._first.get(face.key)) is not None:
                first.repeated(face.detection.box)
            else:
                self._compare(picture, face, face.detection.box)
        firsts = ((face.key, self._first.get(face.key)) for face in faces)
        return {
            key: -math.inf if first.carried >= CARRIED else first.since_s
            for key, first in firsts
            if first is not None and first.is_still
        }

    def _compare(self, picture: _Halved, face: TrackedFace, box: Box) -> None:
        first = self._first.get(face.key) or self._take_remembered(face.key, box)
        if first is None:
            patch = _patch(*picture.for_face(box))
            if patch is not None:
                self._first[face.key] = _First(face.first_seen_s, View.of(*picture.for_face(box)), box, patch, box)
            return
        first.box = box
        first.unchanged += 1
        if first.unchanged > LONG_STILL and first.unchanged % SELDOM:
            return
        against, in_place = first.view.has_moved(*picture.for_face(box)), self._has_moved(picture, first, box)
        moved = in_place if against.near is None else against.near
        if moved is not None:
            first.changed.append(moved)
            first.unchanged = 0 if moved else first.unchanged
        first.carried += against.near is False and against.further is True
        if first.lives:
            self._living.add(face.key)
            del self._first[face.key]

    def _take_remembered(self, key: int, box: Box) -> _First | None:
        """Return the still face that was last seen at this place, from now on that of this track."""
        first = max(self._away, key=lambda f: f.box.iou(box), default=None)
        if first is None or first.box.iou(box) < SAME_PLACE:
            return None
        self._away.remove(first)
        self._first[key] = first
        return first

    def _has_moved(self, picture: _Halved, first: _First, box: Box) -> bool | None:
        """Return whether the grey values say that a face has moved, None where its first place is out of view."""
        image_bgr, b = picture.for_face(first.first_box)
        change, patch = math.inf, None
        for down, right in TREMOR:
            shifted = _patch(image_bgr, Box(b.x1 + right, b.y1 + down, b.x2 + right, b.y2 + down))
            if shifted is not None and (difference := _change(shifted, first.patch, _FACE)) < change:
                change, patch = difference, shifted
            if change == 0.0:  # nothing can be more alike
                break
        if patch is None:
            return None
        b = first.first_box
        around = max(_change(patch, first.patch, _AROUND), _LEAST_BACKGROUND)
        (x, y), (first_x, first_y) = box.centre, b.centre
        has_moved = math.hypot(x - first_x, y - first_y) / box_size(b) >= MOVED
        has_changed = any(change >= least and change >= ratio * around for least, ratio in CHANGES)
        first.frozen.append(change < FROZEN)
        if not has_changed:
            first.patch = np.where(np.isnan(patch), first.patch, first.patch + ADAPTING * (patch - first.patch))
        return has_moved or has_changed


def _change(patch: Patch, before: Patch, where: NDArray[np.bool_]) -> float:
    """Return the mean change of the values of a mask less their means, 0.0 where none of them can be seen in both."""
    now, then = patch[where], before[where]
    seen = ~(np.isnan(now) | np.isnan(then))
    if not seen.any():
        return 0.0
    now, then = now[seen], then[seen]
    return float(np.abs((now - now.mean()) - (then - then.mean())).mean())


def _patch(image_bgr: NDArray[np.uint8], box: Box) -> Patch | None:
    """Return the grey values round a box in standard deviations of the face's, float32 of shape (48, 48).

    The box takes up the middle third; what lies outside the picture is not a number. None where the box lies outside.
    """
    height, width = image_bgr.shape[:2]
    w, h = max(2, round(box.width)), max(2, round(box.height))
    left, top = round(box.x1) - w, round(box.y1) - h
    inside = (max(0, left), max(0, top), min(width, left + 3 * w), min(height, top + 3 * h))
    x1, y1, x2, y2 = inside
    middle_x, middle_y = box.centre
    if x2 - x1 < 4 or y2 - y1 < 4 or not (0 <= middle_x < width and 0 <= middle_y < height) or min(w, h) < 4:
        return None
    grey = np.asarray(cv2.cvtColor(image_bgr[y1:y2, x1:x2], cv2.COLOR_BGR2GRAY), np.float32)
    if (x2 - x1, y2 - y1) == (3 * w, 3 * h):
        patch = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    else:
        whole = np.full((3 * h, 3 * w), np.nan, np.float32)
        whole[y1 - top : y2 - top, x1 - left : x2 - left] = grey
        patch = cv2.resize(whole, (_SIDE, _SIDE), interpolation=cv2.INTER_NEAREST)
    face = patch[_FACE]
    contrast = float(np.nanstd(face)) if not np.isnan(face).all() else 0.0
    return np.asarray(patch / (contrast + _NOISE), dtype=np.float32)
