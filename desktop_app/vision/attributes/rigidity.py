"""How far a face has moved against what lies round it, whatever the camera does.

    first = View.of(image_bgr, box)                 # where the face was first seen
    moved = first.has_moved(image_bgr, other_box)   # against what is near, against what is further away

Corners of the surroundings are followed from one picture into the other (Lucas and Kanade 1981, with pyramids after
Bouguet 2000) and give one movement: a shift, a turn and a scale, as of a camera that pans or of a board that is
carried. A painting or a poster goes along with it to a hundredth of its size; the head of somebody who sits still sways
by several hundredths within a second or two. What is nearest is asked first, because a board ends soon; where that is
a bare wall, more of the picture is.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.motion import box_size
from desktop_app.domain.types import Box

Image = NDArray[np.uint8]
Points = NDArray[np.float32]

_FACES = 8
"""A view shows so many faces by as many, with the face in the middle."""

_FACE_PIXELS = 32
_SIDE = _FACES * _FACE_PIXELS

_ACROSS, _DOWN = ((np.mgrid[0:_SIDE, 0:_SIDE][::-1]) - (_SIDE - 1) / 2) / _FACE_PIXELS
"""Where each pixel of a view lies, in face sizes from its middle."""


def _mask(where: NDArray[np.bool_]) -> Image:
    return np.where(where, 255, 0).astype(np.uint8)


# Hair and shoulders move with the face and belong to neither.
_BESIDE = ((np.abs(_ACROSS) > 0.95) | (_DOWN < -1.0)) & (_DOWN < 0.7)
_NEAR = (np.abs(_ACROSS) < 2) & (np.abs(_DOWN) < 2)
_ON_FACE = _mask((np.abs(_ACROSS) < 0.42) & (np.abs(_DOWN) < 0.52))
_NEAR_BY = _mask(_BESIDE & _NEAR)
_FURTHER = _mask((_BESIDE | (np.abs(_ACROSS) > 2.2)) & ~_NEAR)

_EDGE = 6
"""Corners are not looked for so close to the edge of the picture, in pixels of a view."""

_CORNERS_ON_FACE, _CORNERS_NEAR, _CORNERS_FURTHER = 16, 40, 40
_FEWEST_AROUND, _FEWEST_ON_FACE = 8, 3

_OF_ONE_PIECE = 0.6
"""So large a share of the corners round the face must agree on one movement; where people pass, they do not."""

_FURTHEST_ASIDE = 3.0
"""Corners that lie together on one side say little of a turn or a scale: the face may be so many times as far from
their middle as they are on the whole."""

_LOST = 0.3
"""If fewer of the corners on the face can be found again although the surroundings are, the face has changed."""

SHIFTED = 0.04
"""From this shift against its surroundings on, in face sizes, a face has moved. Paintings were off by 0.01, also below
30 pixels, and a banner before a camera that was carried by up to 0.035; people who sat still reached 0.03 within 1.3 s
and lay at 0.07 and more most of the time."""

NOISE = 3.0
"""The shift must be so many times as large as the surroundings differ among themselves: what lies nearer than a poster
moves otherwise before a camera that is carried."""


class Moved(NamedTuple):
    """Whether a face has moved: against what is `near`, and, where it has not, against what is `further` away.

    None where too little of that can be found again, or where it does not move as one. What has moved against the rest
    of the picture together with all that is near is printed on something that is carried or driven past.
    """

    near: bool | None
    further: bool | None


@dataclass(frozen=True, slots=True)
class View:
    """A face with its surroundings: grey values, uint8 (256, 256), and the corners in them, float32 (n, 1, 2)."""

    grey: Image
    on_face: Points
    near: Points
    further: Points

    @classmethod
    def of(cls, image_bgr: Image, box: Box) -> View:
        """Look at a box in a picture (uint8, BGR)."""
        grey, (left, top, right, bottom) = _grey(image_bgr, box)
        # The edge of the picture stands still whatever the camera does.
        seen = np.zeros_like(grey)
        seen[top + _EDGE : max(0, bottom - _EDGE), left + _EDGE : max(0, right - _EDGE)] = 255
        where = ((_ON_FACE, _CORNERS_ON_FACE), (_NEAR_BY, _CORNERS_NEAR), (_FURTHER, _CORNERS_FURTHER))
        return cls(grey, *(_corners(grey, mask & seen, most) for mask, most in where))

    def has_moved(self, image_bgr: Image, box: Box) -> Moved:
        """Return whether the face has moved since, against what is nearest and against the rest of the picture."""
        if len(self.on_face) < _FEWEST_ON_FACE:
            return Moved(None, None)
        now, _ = _grey(image_bgr, box)
        face = _follow(self.grey, now, self.on_face)
        near = self._has_moved(now, self.near, face)
        if near is None:
            return Moved(self._has_moved(now, np.concatenate([self.near, self.further]), face), None)
        # Whoever has moved against what is nearest is no picture, whatever the rest says.
        return Moved(near, None if near else self._has_moved(now, self.further, face))

    def _has_moved(self, now: Image, corners: Points, face: tuple[Points, Points]) -> bool | None:
        """Return whether the face, whose corners were and are at `face`, has moved against these corners."""
        movement = self._movement(now, corners)
        if movement is None:
            return None
        matrix, noise = movement
        before, after = face
        if len(before) < max(_FEWEST_ON_FACE, _LOST * len(self.on_face)):
            return True
        shift: float = statistics.median(_errors(matrix, before, after).tolist())
        return shift >= max(SHIFTED * _FACE_PIXELS, NOISE * noise)

    def _movement(self, now: Image, corners: Points) -> tuple[NDArray[np.float64], float] | None:
        """Return the movement of these corners as one, float64 (2, 3), and by how much they differ from it.

        None where they have none in common.
        """
        if len(corners) < _FEWEST_AROUND:
            return None
        before, after = _follow(self.grey, now, corners)
        if len(before) < _FEWEST_AROUND:
            return None
        cv2.setRNGSeed(0)
        movement, agree = cv2.estimateAffinePartial2D(before, after, method=cv2.RANSAC, ransacReprojThreshold=1.0)
        if movement is None or int(agree.sum()) < max(_FEWEST_AROUND, _OF_ONE_PIECE * len(before)):
            return None
        agreeing = before[agree.ravel() == 1]
        middle = agreeing.mean(0)
        spread = float(np.sqrt(((agreeing - middle) ** 2).sum(1).mean()))
        aside = float(np.hypot(*(middle - (_SIDE - 1) / 2)))
        if aside > _FURTHEST_ASIDE * spread:
            return None
        matrix = np.asarray(movement, np.float64)
        errors = _errors(matrix, agreeing, after[agree.ravel() == 1])
        return matrix, float(np.sqrt((errors**2).mean()))


def _grey(image_bgr: Image, box: Box) -> tuple[Image, tuple[int, int, int, int]]:
    """Return the view of a box, and what part of it lies in the picture: left, top, right, bottom.

    The grey values are brought to the same mean and contrast: light changes and cameras adapt.
    """
    height, width = image_bgr.shape[:2]
    (x, y), half = box.centre, _FACES / 2 * max(box_size(box), 1.0)
    left, top, right, bottom = round(x - half), round(y - half), round(x + half), round(y + half)
    inside = image_bgr[max(0, top) : max(0, min(bottom, height)), max(0, left) : max(0, min(right, width))]
    if not inside.size:
        return np.full((_SIDE, _SIDE), 128, np.uint8), (0, 0, 0, 0)
    scale = _SIDE / (2 * half)
    size = (max(1, round(inside.shape[1] * scale)), max(1, round(inside.shape[0] * scale)))
    small = cv2.resize(inside, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    (mean,), (contrast,) = (values.ravel() for values in cv2.meanStdDev(grey))
    gain = 45 / (contrast + 1)
    even = cv2.LUT(grey, np.clip((np.arange(256) - mean) * gain + 128, 0, 255).astype(np.uint8))
    view = np.full((_SIDE, _SIDE), 128, np.uint8)
    x1, y1 = round(max(0, -left) * scale), round(max(0, -top) * scale)
    part = view[y1 : y1 + size[1], x1 : x1 + size[0]]
    part[:] = even[: part.shape[0], : part.shape[1]]
    return view, (x1, y1, x1 + part.shape[1], y1 + part.shape[0])


def _errors(movement: NDArray[np.float64], before: Points, after: Points) -> NDArray[np.float64]:
    """Return how far each point is from where the movement takes it, in pixels of a view."""
    return np.asarray(np.hypot(*(before @ movement[:, :2].T + movement[:, 2] - after).T), np.float64)


def _corners(grey: Image, where: Image, most: int) -> Points:
    found = cv2.goodFeaturesToTrack(grey, most, 0.02, 4, mask=where, blockSize=5)
    return np.zeros((0, 1, 2), np.float32) if found is None else np.asarray(found, np.float32)


def _follow(before: Image, after: Image, points: Points) -> tuple[Points, Points]:
    """Return where those points were and are, (n, 2) each, that are found again and lead back to where they were."""
    there, found, _ = cv2.calcOpticalFlowPyrLK(before, after, points, points.copy(), winSize=(11, 11), maxLevel=2)
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(after, before, there, there.copy(), winSize=(11, 11), maxLevel=2)
    off = np.hypot(*(back - points).reshape(-1, 2).T)
    kept = (found.ravel() == 1) & (found_back.ravel() == 1) & (off < 1.0)
    return points.reshape(-1, 2)[kept], there.reshape(-1, 2)[kept]
