"""Which faces do not move at all: pictures on a wall, posters, mannequins.

    detector = StillnessDetector()
    still = detector.look(image_bgr, faces)     # on each frame with detections: keys of the faces that have not moved
    detector.forget(keys)                       # of tracks that ended

The grey values at the place where a face was first seen are compared with what is there later, and so is what lies
round it. A living face turns, speaks, blinks and sways, also that of somebody who sits before a webcam; a painting
changes no more than the wall beside it. Once a face has moved it is not looked at again.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.motion import box_size
from desktop_app.domain.tracking import TrackedFace
from desktop_app.domain.types import Box

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

FROZEN = 0.002
"""Below this change the source repeats one picture, as a file of a single one does: that says nothing of the face."""

ADAPTING = 0.1
"""The share by which what is compared with follows an unchanged look: light changes slowly, people do not."""

TREMOR = tuple((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1))
"""Shifts in pixels, down and right, at which nothing is taken to have moved: a camera trembles."""

_SIDE = 48
"""Side in pixels of the patch compared: three faces wide and high, with the face in the middle."""

_NOISE = 6.0
"""Grey levels added to the contrast, so that noise on a flat patch is no change."""

_LEAST_BACKGROUND = 0.015

_FACE = np.zeros((_SIDE, _SIDE), np.bool_)
_FACE[16:32, 16:32] = True
_AROUND = np.ones((_SIDE, _SIDE), np.bool_)
_AROUND[10:, 10:38] = False  # hair and shoulders move with the face
_AROUND[34:] = False

Patch = NDArray[np.float32]


@dataclass(slots=True)
class _First:
    """How a face looked when it was first seen, and how much it had changed at the looks since."""

    box: Box
    patch: Patch
    changed: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT_LOOKS))
    frozen: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT_LOOKS))

    @property
    def lives(self) -> bool:
        return sum(self.changed) >= max(FEWEST_CHANGES, CHANGED_SHARE * len(self.changed))

    @property
    def is_still(self) -> bool:
        return not self.lives and 2 * sum(self.frozen) <= len(self.frozen)


class StillnessDetector:
    """Tells which of the tracked faces have not moved since they were first seen. Not thread-safe."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._first: dict[int, _First] = {}
        self._living: set[int] = set()

    def forget(self, keys: Iterable[int]) -> None:
        """Drop what is remembered of tracks that ended."""
        for key in keys:
            self._first.pop(key, None)
            self._living.discard(key)

    def look(self, image_bgr: NDArray[np.uint8], faces: Sequence[TrackedFace]) -> set[int]:
        """Take in the faces found on a frame (uint8, BGR); return the keys of those that have not moved so far.

        A face just found is among them: it takes `FEWEST_CHANGES` more looks to tell.
        """
        for face in faces:
            if face.detection is not None and face.key not in self._living:
                self._compare(image_bgr, face.key, face.detection.box)
        return {face.key for face in faces if face.key in self._first and self._first[face.key].is_still}

    def _compare(self, image_bgr: NDArray[np.uint8], key: int, box: Box) -> None:
        first = self._first.get(key)
        if first is None:
            patch = _patch(image_bgr, box)
            if patch is not None:
                self._first[key] = _First(box, patch)
            return
        b = first.box
        shifted = (Box(b.x1 + x, b.y1 + y, b.x2 + x, b.y2 + y) for y, x in TREMOR)
        patches = [patch for s in shifted if (patch := _patch(image_bgr, s)) is not None]
        if not patches:
            return
        change, patch = min(((_change(p, first.patch, _FACE), p) for p in patches), key=lambda pair: pair[0])
        around = max(_change(patch, first.patch, _AROUND), _LEAST_BACKGROUND)
        (x, y), (first_x, first_y) = box.centre, first.box.centre
        has_moved = math.hypot(x - first_x, y - first_y) / box_size(first.box) >= MOVED
        has_changed = any(change >= least and change >= ratio * around for least, ratio in CHANGES)
        first.changed.append(has_moved or has_changed)
        first.frozen.append(change < FROZEN)
        if not has_changed:
            first.patch = np.where(np.isnan(patch), first.patch, first.patch + ADAPTING * (patch - first.patch))
        if first.lives:
            self._living.add(key)
            del self._first[key]


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
