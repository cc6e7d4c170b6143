"""Where a picture changed since it was last searched, so that what stands still is not searched again and again."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Box
from desktop_app.vision.faces.detectors import shrink
from desktop_app.vision.faces.pieces import Part, joined

CELL = 8
"""Side of a cell in pixels of the picture that is given."""

LEAST = 3
"""A cell changed if, in the mean over it and its eight neighbours, a colour moved by more grey levels.

Single cells flicker in compressed video, and where a whole picture is stored anew also some of their neighbours: so
cells count only where two by two of them changed. A person, even a small one, is larger than a cell."""

_SAME = 8
"""Cells that differ by at most so many grey levels from one look to the next may show the same thing in other light."""

_BLOCK = np.ones((2, 2), np.uint8)


def cell_means(small_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the mean colours of the cells of a uint8 (height, width, 3) picture, rounded: (rows, columns, 3)."""
    return shrink(small_bgr, 1 / CELL)


def change_of_light(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return by which factor each colour became brighter where the picture is the same: float32 (3,), 1 as a rule.

    So a lamp that fades, a cloud, or a camera that adapts its exposure does not make the whole picture a changed one.
    """
    same = (_largest(cv2.absdiff(before, now)) <= _SAME).astype(np.uint8)
    if 2 * np.count_nonzero(same) < same.size:
        return np.ones(3, np.float32)
    then = np.asarray(cv2.mean(before, same)[:3], np.float32)
    return (np.asarray(cv2.mean(now, same)[:3], np.float32) + 1) / (then + 1)


class ChangeMap:
    """Remembers for each cell what it looked like when it was last searched."""

    def __init__(self) -> None:
        self._searched: NDArray[np.float32] | None = None
        self._unsure: NDArray[np.bool_] | None = None

    def reset(self) -> None:
        self._searched = self._unsure = None

    def follow(self, light: NDArray[np.float32]) -> None:
        """Expect all cells to be brighter by these factors, as `change_of_light` gives them."""
        if self._searched is not None:
            self._searched *= light

    def changed(self, cells: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return which cells of `cell_means` changed, (rows, columns); all of them before the first search."""
        if self._searched is None or self._unsure is None or self._searched.shape != cells.shape:
            return np.ones(cells.shape[:2], np.bool_)
        moved = _largest(cv2.absdiff(cells.astype(np.float32), self._searched))
        changed = (cv2.blur(moved, (3, 3)) > LEAST).astype(np.uint8)
        return np.asarray((cv2.morphologyEx(changed, cv2.MORPH_OPEN, _BLOCK) > 0) | self._unsure)

    def searched(self, cells: NDArray[np.uint8], part: Part, size: tuple[int, int]) -> None:
        """Note that a part of a picture of `size` (width, height) was searched. Cells partly in it count as in it."""
        if self._searched is None or self._unsure is None or self._searched.shape != cells.shape:
            self._searched = cells.astype(np.float32)
            self._unsure = np.zeros(cells.shape[:2], np.bool_)
            return
        inside = cells_of(part, size, cells.shape)
        self._searched[inside] = cells[inside]
        self._unsure[inside] = False

    def doubt(self, part: Part, size: tuple[int, int]) -> None:
        """Let the cells of a part of a picture of `size` count as changed until they are searched."""
        if self._unsure is not None:
            self._unsure[cells_of(part, size, self._unsure.shape)] = True


def _largest(values: cv2.typing.MatLike) -> cv2.typing.MatLike:
    """Return the largest of the three values of each cell; `max(axis=2)` takes ten times as long."""
    first, second, third = cv2.split(values)
    return cv2.max(cv2.max(first, second), third)


def cells_of(part: Part, size: tuple[int, int], shape: Sequence[int]) -> tuple[slice, slice]:
    """Return the rows and columns of the cells, `shape` (rows, columns) in all, that lie at least partly in a part."""
    rows, columns = shape[:2]
    left, right = part[0] * columns // size[0], -(-part[2] * columns // size[0])
    top, bottom = part[1] * rows // size[1], -(-part[3] * rows // size[1])
    return slice(top, bottom), slice(left, right)


def grown_to_boxes(changed: NDArray[np.bool_], boxes: Sequence[Box], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return `changed` with all cells of each box set in which any changed. Boxes are in a picture of `size`."""
    grown = changed.copy()
    for box in boxes:
        if has_changed(changed, box, size):
            grown[cells_of_box(box, size, changed.shape)] = True
    return grown


def has_changed(changed: NDArray[np.bool_], box: Box, size: tuple[int, int]) -> bool:
    """Whether any cell changed that a box in a picture of `size` (width, height) touches."""
    return bool(changed[cells_of_box(box, size, changed.shape)].any())


def cells_of_box(box: Box, size: tuple[int, int], shape: Sequence[int]) -> tuple[slice, slice]:
    """Return the rows and columns of the cells, `shape` in all, that a box in a picture of `size` touches."""
    part = math.floor(box.x1), math.floor(box.y1), math.ceil(box.x2), math.ceil(box.y2)
    return cells_of(part, size, shape)


def parts_to_search(changed: NDArray[np.bool_], part: Part, size: tuple[int, int], margin: float) -> list[Part]:
    """Return what is to be searched of `part`: rectangles that do not overlap, with a margin round all changed cells.

    Part and margin are in pixels of a picture of `size` (width, height); no rectangle reaches out of the part.
    """
    rows, columns = changed.shape
    inside = cells_of(part, size, changed.shape)
    if not changed[inside].any():
        return []
    across, down = size[0] / columns, size[1] / rows
    reach = (2 * math.ceil(margin / across) + 1, 2 * math.ceil(margin / down) + 1)
    near = cv2.dilate(changed[inside].astype(np.uint8), np.ones(reach[::-1], np.uint8))
    top, left = inside[0].start, inside[1].start
    found = []
    for x, y, w, h, _ in cv2.connectedComponentsWithStats(near)[2][1:].tolist():
        x1, y1 = max(part[0], math.floor((left + x) * across)), max(part[1], math.floor((top + y) * down))
        x2, y2 = math.ceil((left + x + w) * across), math.ceil((top + y + h) * down)
        found.append((x1, y1, min(part[2], x2), min(part[3], y2)))
    return joined(found)
