"""Cuts of only a part of the picture, as a screen shows them that the camera sees.

    cuts = PartialCutDetector()
    cut = cuts.see(sampled_bgr, thumbnail, time_s)       # on every frame, in order; a `PartialCut` or None

Within a quadrangle everything becomes another picture from one frame to the next, and what lies round it stays as it
was, also in the frames before and after. A door that opens uncovers one strip after the other, a train before a window
goes on changing, and light leaves the structure as it is. A cut is told one frame late, when it has been seen that the
change was over at once.
"""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.vision.likeness.appearance import restructured

Image = NDArray[np.uint8]
Thumbnail = NDArray[np.int16]
Mask = NDArray[np.bool_]
Quad = NDArray[np.float32]
"""Four corners, float32 (4, 2), in samples."""

RESTRUCTURED = 0.3
"""From this loss of structure and colours on (`appearance.restructured`) two pictures show something else."""

LONGEST_STEP_S = 0.15
"""After a longer gap between two frames a door may have been opened meanwhile."""

CELL_CHANGED = 14
"""A cell of the thumbnail has changed if one of its colours moved by more grey levels."""

FEWEST_CELLS = 5
"""Faces on a smaller screen than this, a hundredth of the picture, are too small to be counted."""

CELLS_FILL = 0.5
"""So much of the rectangle round the largest patch of changed cells must have changed."""

BESIDE, BESIDE_CHANGED = 2, 0.1
"""Of the cells this near to the changed ones at most so many may change in the frame before or after: as a door opens,
each step changes the strip beside that of the step before."""

SUDDEN, OVER = 3.0, 0.5
"""The change must be so many times as large as in the frames before, and in the next frame at most this share of it."""

CHANGED = 18
"""A sample has changed if one of its colours, in the mean over it and its neighbours, moved by more grey levels."""

FILLS = 0.45
"""So much of the quadrangle must have changed: a face and what is behind it may be as bright as what was there."""

FOUR_SIDED = 0.85
"""The area of the changed part, its bays filled, must agree with a quadrangle's to this share."""

AROUND_CHANGED, AROUND_FLAT = 0.08, 0.7
"""At most so much of the surroundings may have changed, and at most so much may be of one tone: that would be drawn,
as what lies round a film in a smaller format or round the people of a recorded video call."""

FAINT, BRIGHTER = 10.0, 3.0
"""What has less contrast than this, in grey levels, or is so many times as bright as before, may have been lit or left
dark by a lamp: in the dark too little of the structure is seen to tell."""

RECENT = 6
"""The change is compared with that of so many frames before."""


@dataclass(frozen=True, slots=True, eq=False)
class PartialCut:
    """A cut within `quad`, with what was seen there `before` and `after` it, as int16 (18, 32, 3).

    `changed` tells of each sample whether it changed, `around` where the surroundings are; `grey` is the picture in
    grey values, uint8 (height, width).
    """

    quad: Quad
    changed: Mask
    around: Mask
    grey: Image
    before: Thumbnail
    after: Thumbnail


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """A sudden change: in which cells, how large on average, when, and the samples before and after it."""

    cells: tuple[slice, slice]
    size: float
    time_s: float
    before: Image
    after: Image

    def is_over(self, change: NDArray[np.int16]) -> bool:
        """Return whether the next change shows that this one was over at once, and that nothing goes on beside it."""
        goes_on = float(change[self.cells].mean()) >= OVER * self.size
        return not goes_on and not _changes_beside(change, self.cells)


class PartialCutDetector:
    """Tells when a part of the picture jumps to something else. Not thread-safe."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew: the camera sees something else."""
        self._samples: Image | None = None
        self._thumbnail: Thumbnail | None = None
        self._time_s = 0.0
        self._changes: deque[NDArray[np.int16]] = deque(maxlen=RECENT)
        self._changed_cells = 0
        self._step: _Step | None = None

    def see(self, samples_bgr: Image, thumbnail: Thumbnail, time_s: float) -> PartialCut | None:
        """Take in the next frame, as `ShotCutDetector` has sampled and shrunk it; return the cut one frame before.

        Samples are uint8 (height, width, 3), the thumbnail is int16 (rows, columns, 3).
        """
        before, samples_before, step_s = self._thumbnail, self._samples, time_s - self._time_s
        if before is None or samples_before is None or samples_before.shape != samples_bgr.shape:
            self.reset()
            self._samples, self._thumbnail, self._time_s = samples_bgr, thumbnail, time_s
            return None
        change = np.asarray(_largest(cv2.absdiff(thumbnail, before)), np.int16)
        self._time_s = time_s
        step = self._step
        if cv2.countNonZero(change) == 0:  # the same picture again: a repeated frame, or a slide that stands still
            if step is None or time_s - step.time_s < LONGEST_STEP_S:
                return None
            self._step, self._changed_cells = None, 0
            self._changes.append(change)
            return _cut_in(step.before, step.after)
        self._samples, self._thumbnail, self._step = samples_bgr, thumbnail, None
        is_over = step is not None and step.is_over(change)
        cells = self._sudden(change)
        if cells is not None and step_s <= LONGEST_STEP_S:
            self._step = _Step(cells, float(change[cells].mean()), time_s, samples_before, samples_bgr)
        self._changes.append(change)
        return _cut_in(step.before, step.after) if step is not None and is_over else None

    def _sudden(self, change: NDArray[np.int16]) -> tuple[slice, slice] | None:
        """Return the rows and columns of the cells that have changed out of the blue, None for none."""
        changed = cv2.inRange(change, np.array(CELL_CHANGED + 1), np.array(255))
        changed_before, self._changed_cells = self._changed_cells, cv2.countNonZero(changed)
        # Most frames are told by these two numbers: where people walk, about as much changes in each step.
        if self._changed_cells < changed_before + FEWEST_CELLS or not self._changes:
            return None
        parts = cv2.connectedComponentsWithStats(changed, connectivity=8)[2][1:].tolist()
        x, y, width, height, area = max(parts, key=lambda part: part[4])
        if area < max(FEWEST_CELLS, CELLS_FILL * width * height) or width < 3 or height < 2:
            return None
        cells = slice(y, y + height), slice(x, x + width)
        usual = [float(earlier[cells].mean()) for earlier in self._changes]
        is_sudden = float(change[cells].mean()) >= SUDDEN * max(statistics.median(usual), usual[-1], 1.0)
        return cells if is_sudden and not _changes_beside(self._changes[-1], cells) else None


def _changes_beside(change: NDArray[np.int16], cells: tuple[slice, slice]) -> bool:
    """Return whether what lies next to these cells changes in this step."""
    rows, columns = (slice(max(0, part.start - BESIDE), part.stop + BESIDE) for part in cells)
    changed = change > CELL_CHANGED
    number = np.count_nonzero(changed[rows, columns]) - np.count_nonzero(changed[cells])
    return bool(number > BESIDE_CHANGED * (changed[rows, columns].size - changed[cells].size))


def _cut_in(before: Image, after: Image) -> PartialCut | None:
    """Return the cut of a part of the picture between two frames, None where it is not one."""
    changed = (cv2.blur(_largest(cv2.absdiff(before, after)), (3, 3)) > CHANGED).astype(np.uint8)
    quad = _quad_of(changed)
    height, width = changed.shape
    if quad is None or quad.min() < 2 or quad[:, 0].max() > width - 3 or quad[:, 1].max() > height - 3:
        return None
    inside, around = _filled(quad, changed.shape), surroundings(quad, changed.shape)
    if changed[inside].mean() < FILLS or not around.any() or changed[around].mean() > AROUND_CHANGED:
        return None
    grey = np.asarray(cv2.cvtColor(after, cv2.COLOR_BGR2GRAY), np.uint8)
    if np.bincount(grey[around] // 3).max() > AROUND_FLAT * np.count_nonzero(around):
        return None
    seen_before, seen_after = _seen_in(before, quad), _seen_in(after, quad)
    if _may_be_light(seen_before, seen_after) or restructured(seen_before, seen_after) < RESTRUCTURED:
        return None
    return PartialCut(quad, (changed > 0) & inside, around, grey, seen_before, seen_after)


def _may_be_light(before: Thumbnail, after: Thumbnail) -> bool:
    """Return whether a lamp may have made one of these pictures out of the other."""
    greys = before.mean(2), after.mean(2)
    darker, brighter = sorted(float(grey.mean()) for grey in greys)
    return min(float(grey.std()) for grey in greys) < FAINT or brighter > BRIGHTER * max(darker, 1.0)


def _quad_of(changed: Image) -> Quad | None:
    """Return the corners of the largest part that changed, its gaps and bays filled; None if it has not four sides."""
    block = np.ones((5, 5), np.uint8)
    closed = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, block)
    contours, _ = cv2.findContours(
        cv2.morphologyEx(closed, cv2.MORPH_OPEN, block), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    if not contours:
        return None
    hull = cv2.convexHull(max(contours, key=cv2.contourArea))
    length, area = cv2.arcLength(hull, True), max(cv2.contourArea(hull), 1.0)
    for share in (0.02, 0.03, 0.04, 0.06, 0.08, 0.1):
        corners = cv2.approxPolyDP(hull, share * length, True)
        if len(corners) == 4 and FOUR_SIDED <= cv2.contourArea(corners) / area <= 1 / FOUR_SIDED:
            return np.asarray(corners.reshape(4, 2), np.float32)
    return None


def _filled(quad: Quad, shape: tuple[int, ...]) -> Mask:
    inside = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, np.rint(quad).astype(np.int32), 1)
    return inside > 0


def surroundings(quad: Quad, shape: tuple[int, ...]) -> Mask:
    """Return where a band of three samples lies round a quadrangle, with as much between them."""
    inside = _filled(quad, shape).astype(np.uint8)
    near, far = (cv2.dilate(inside, np.ones((side, side), np.uint8)) for side in (7, 13))
    return np.asarray((far > 0) & (near == 0))


def _seen_in(samples_bgr: Image, quad: Quad) -> Thumbnail:
    x, y, width, height = cv2.boundingRect(np.rint(quad).astype(np.int32))
    part = samples_bgr[y : y + height, x : x + width]
    return np.asarray(cv2.resize(part, (32, 18), interpolation=cv2.INTER_AREA), np.int16)


def _largest(colours: cv2.typing.MatLike) -> cv2.typing.MatLike:
    """Return the largest of the three values of each pixel; numpy's `max` takes ten times as long."""
    first, second, third = cv2.split(colours)
    return cv2.max(cv2.max(first, second), third)
