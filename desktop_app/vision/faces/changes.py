"""Where a picture changed since it was last searched, so that what stands still is not searched again and again."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Box
from desktop_app.vision.faces.detectors import shrink

CELL = 8
"""Side of a cell in pixels of the picture that is given."""

LEAST = 3
"""A cell changed if, in the mean over it and its eight neighbours, a colour moved by more grey levels.

Single cells flicker in compressed video; a person, even a small one, is larger than a cell."""

SHORT = 0.6
"""The share of a picture's or a tile's longer side that is searched where that is enough."""

Part = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels, right and bottom not included."""


def cell_means(small_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the mean colours of the cells of a uint8 (height, width, 3) picture, rounded: (rows, columns, 3)."""
    return shrink(small_bgr, 1 / CELL)


class ChangeMap:
    """Remembers for each cell what it looked like when it was last searched."""

    def __init__(self) -> None:
        self._searched: NDArray[np.uint8] | None = None

    def reset(self) -> None:
        self._searched = None

    def changed(self, cells: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return which cells of `cell_means` changed, (rows, columns); all of them before the first search."""
        if self._searched is None or self._searched.shape != cells.shape:
            return np.ones(cells.shape[:2], np.bool_)
        moved = cv2.absdiff(cells, self._searched).max(axis=2)
        return np.asarray(cv2.blur(moved, (3, 3)) > LEAST)

    def searched(self, cells: NDArray[np.uint8], part: Part, size: tuple[int, int]) -> None:
        """Note that a part of a picture of `size` (width, height) was searched. Cells partly in it count as in it."""
        if self._searched is None or self._searched.shape != cells.shape:
            self._searched = cells.copy()
            return
        rows, columns = cells.shape[:2]
        left, right = part[0] * columns // size[0], -(-part[2] * columns // size[0])
        top, bottom = part[1] * rows // size[1], -(-part[3] * rows // size[1])
        self._searched[top:bottom, left:right] = cells[top:bottom, left:right]


def grown_to_boxes(changed: NDArray[np.bool_], boxes: Sequence[Box], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return `changed` with all cells of each box set in which any changed. Boxes are in a picture of `size`."""
    rows, columns = changed.shape
    grown = changed.copy()
    for box in boxes:
        left, right = math.floor(box.x1 * columns / size[0]), math.ceil(box.x2 * columns / size[0])
        top, bottom = math.floor(box.y1 * rows / size[1]), math.ceil(box.y2 * rows / size[1])
        if changed[top:bottom, left:right].any():
            grown[top:bottom, left:right] = True
    return grown


def part_to_search(changed: NDArray[np.bool_], part: Part, size: tuple[int, int], margin: float) -> Part | None:
    """Return what is to be searched of `part`: all of it, `SHORT` of its longer side, or None where nothing changed.

    The shorter one is chosen where it holds all changed cells and a margin. Part and margin are in pixels of a picture
    of `size` (width, height). There is only one shorter size: a detector keeps memory ready for each size it meets.
    """
    rows, columns = changed.shape
    left, right = part[0] * columns // size[0], -(-part[2] * columns // size[0])
    top, bottom = part[1] * rows // size[1], -(-part[3] * rows // size[1])
    inside = changed[top:bottom, left:right]
    if not inside.any():
        return None
    x1, y1, x2, y2 = part
    if x2 - x1 >= y2 - y1:
        at = (np.flatnonzero(inside.any(axis=0)) + left) * size[0] / columns
        x1, x2 = _shorter(at[0] - margin, at[-1] + size[0] / columns + margin, x1, x2)
    else:
        at = (np.flatnonzero(inside.any(axis=1)) + top) * size[1] / rows
        y1, y2 = _shorter(at[0] - margin, at[-1] + size[1] / rows + margin, y1, y2)
    return x1, y1, x2, y2


def _shorter(first: float, last: float, start: int, end: int) -> tuple[int, int]:
    """Return `SHORT` of start..end around first..last, or start..end where that is too short."""
    first, last = max(first, start), min(last, end)
    length = math.ceil(SHORT * (end - start))
    if last - first > length:
        return start, end
    begin = min(max(round((first + last - length) / 2), start), end - length)
    return begin, begin + length
