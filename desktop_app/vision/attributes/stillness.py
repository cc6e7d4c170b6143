"""Which faces do not move at all: pictures on a wall, posters, mannequins.

    detector = StillnessDetector()
    still = detector.look(image_bgr, faces)     # on each frame with detections: keys of the faces that have not moved
    detector.forget(keys)                       # of tracks that ended

The grey values at the place where a face was first seen are compared with what is there later. A living face turns,
speaks, blinks and sways, also that of somebody who sits before a webcam. Once it has, it is not looked at again.
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

CHANGED = 0.13
"""The mean change of the grey values, as a share of their contrast, from which on something has moved.

On clips it was mostly below 0.10 for a painting, under a camera that trembled, and rose above 0.15 within a few seconds
for people who sat before a webcam."""

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
"""Shifts in pixels, down and right, at which nothing is taken to have moved."""

_SIDE = 24
_NOISE = 6.0
"""Grey levels added to the contrast, so that noise on a flat patch is no change."""


@dataclass(slots=True)
class _First:
    """How a face looked when it was first seen, and what became of it."""

    box: Box
    patch: NDArray[np.float32]
    changes: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT_LOOKS))

    @property
    def lives(self) -> bool:
        return sum(c >= CHANGED for c in self.changes) >= max(FEWEST_CHANGES, CHANGED_SHARE * len(self.changes))

    @property
    def is_still(self) -> bool:
        return not self.lives and 2 * sum(c < FROZEN for c in self.changes) <= len(self.changes)


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
        # A camera that trembles moves everything by a pixel.
        shifted = [Box(b.x1 + x, b.y1 + y, b.x2 + x, b.y2 + y) for b in [first.box] for y, x in TREMOR]
        patches = [p for b in shifted if (p := _patch(image_bgr, b)) is not None]
        if not patches:
            return
        changes = [float(np.abs(p - first.patch).mean()) for p in patches]
        change = min(changes)
        patch = patches[changes.index(change)]
        (x, y), (first_x, first_y) = box.centre, first.box.centre
        distance = math.hypot(x - first_x, y - first_y) / box_size(first.box)
        first.changes.append(math.inf if distance >= MOVED else change)
        if change < CHANGED:
            first.patch += ADAPTING * (patch - first.patch)
        if first.lives:
            self._living.add(key)
            del self._first[key]


def _patch(image_bgr: NDArray[np.uint8], box: Box) -> NDArray[np.float32] | None:
    """Return the grey values at a box in standard deviations from their mean, float32 of shape (24, 24).

    None where the box lies outside the picture.
    """
    height, width = image_bgr.shape[:2]
    left, top = max(0, round(box.x1)), max(0, round(box.y1))
    right, bottom = min(width, round(box.x2)), min(height, round(box.y2))
    if right - left < 4 or bottom - top < 4:
        return None
    grey = cv2.cvtColor(image_bgr[top:bottom, left:right], cv2.COLOR_BGR2GRAY)
    patch = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray((patch - patch.mean()) / (patch.std() + _NOISE), dtype=np.float32)
