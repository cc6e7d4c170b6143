"""Which faces do not move at all: pictures on a wall, posters, mannequins.

    meter = StillnessMeter()
    still = meter.look(image_bgr, faces)        # on each frame with detections: keys of the faces that have not moved
    meter.forget(keys)                          # of tracks that ended

The grey values at the place where a face was first seen are compared with what is there later. A living face turns,
speaks, blinks and sways: measured on clips, the change has a median of 0.18 or more within a second or two, also of
people who sit before a webcam, while a painting stays below 0.1. A face that moves is never looked at again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.motion import box_size
from desktop_app.domain.tracking import TrackedFace
from desktop_app.domain.types import Box

CHANGED = 0.13
"""The mean change of the grey values, as a share of their contrast, from which on something has moved."""

MOVED = 0.3
"""The distance in face sizes from the first place at which a face has moved, whatever its grey values say."""

FEWEST_CHANGES = 2
CHANGED_SHARE = 0.2
"""A face lives if it had changed in this share of the looks at it, `FEWEST_CHANGES` at the least: somebody who passes
before a poster changes it for a moment."""

FROZEN = 0.002
"""Below this change the source repeats one picture, as a file of a single one does: that says nothing of the face."""

_SIDE = 24
_NOISE = 6.0
"""Grey levels added to the contrast, so that noise on a flat patch is no change."""


@dataclass(slots=True)
class _First:
    """How a face looked when it was first seen, and what became of it."""

    box: Box
    patch: NDArray[np.float32]
    looks: int = 0
    changes: int = 0
    frozen: int = 0

    @property
    def lives(self) -> bool:
        return self.changes >= max(FEWEST_CHANGES, CHANGED_SHARE * self.looks)

    @property
    def is_still(self) -> bool:
        return not self.lives and 2 * self.frozen <= self.looks


class StillnessMeter:
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
        patch = _patch(image_bgr, first.box)
        if patch is None:
            return
        change = float(np.abs(patch - first.patch).mean()) / (float(first.patch.std()) + _NOISE)
        (x, y), (first_x, first_y) = box.centre, first.box.centre
        distance = math.hypot(x - first_x, y - first_y) / box_size(first.box)
        first.looks += 1
        first.changes += change >= CHANGED or distance >= MOVED
        first.frozen += change < FROZEN
        if first.lives:
            self._living.add(key)
            del self._first[key]


def _patch(image_bgr: NDArray[np.uint8], box: Box) -> NDArray[np.float32] | None:
    """Return the grey values at a box, less their mean, as float32 of shape (24, 24); None outside the picture."""
    height, width = image_bgr.shape[:2]
    left, top = max(0, round(box.x1)), max(0, round(box.y1))
    right, bottom = min(width, round(box.x2)), min(height, round(box.y2))
    if right - left < 4 or bottom - top < 4:
        return None
    grey = cv2.cvtColor(image_bgr[top:bottom, left:right], cv2.COLOR_BGR2GRAY)
    patch = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(patch - patch.mean(), dtype=np.float32)
