"""Finding small faces in large pictures without paying for every pixel on every look.

Each look searches the whole picture coarsely and one tile of it finely. The tiles take turns; every second turn goes
to the tile where small faces were found of late, so that a face once found is followed and the rest of the picture
is still searched. A look thus costs twice a coarse one, however large the picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.boxes import one_box_a_face
from desktop_app.domain.types import Box, Detection
from desktop_app.vision.faces.detectors import FaceDetector

TILE = (640, 400)
"""Largest tile, in pixels of the fine scale."""

FINE_FACE = 20.0
"""The smallest face wanted is this wide at the fine scale: YuNet finds 10 pixels sometimes and 20 mostly."""

OVERLAP = 56
"""Tiles overlap by this many fine pixels: any face too small for the coarse search lies whole in one of them."""

SAME_FACE = 0.3
"""Boxes that overlap by this are one face. One found finely but not coarsely gets its tile looked at again soon."""

WORTH = 1.3
"""Where the fine scale is less than this many times the coarse one, tiles gain nothing."""

_REMEMBERED_LOOKS = 12


class ScanningFaceDetector:
    """A coarse and a fine detector of the same kind, taking turns over the picture as the module tells.

    `coarse` and `fine` shrink what they are given to `coarse_side` pixels on the longer side. `min_face_share` is the
    smallest face wanted as a share of the shorter side of the picture. The turns make this detector stateful: the same
    pictures in the same order, after `reset`, give the same faces.
    """

    def __init__(
        self, coarse: FaceDetector, fine: FaceDetector, *, coarse_side: int = 640, min_face_share: float = 0.033
    ) -> None:
        if coarse_side < 64 or not 0 < min_face_share <= 1:
            raise ValueError(f"coarse_side {coarse_side} or min_face_share {min_face_share} is out of range")
        self._coarse, self._fine = coarse, fine
        self._coarse_side, self._min_face_share = coarse_side, min_face_share
        self._shape = (0, 0)
        self._tiles: list[tuple[int, int, int, int]] = []
        self.reset()

    @property
    def name(self) -> str:
        return self._coarse.name

    def reset(self) -> None:
        """Begin the turns anew."""
        self._look = self._turn = 0
        self._visited: dict[int, int] = {}
        self._wanted: dict[int, int] = {}

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces of a uint8 (height, width, 3) BGR picture that this look found, best score first."""
        height, width = image_bgr.shape[:2]
        if (height, width) != self._shape:
            self._shape = (height, width)
            self._tiles = self._lay_tiles(width, height)
            self.reset()
        found = self._coarse.detect(image_bgr)
        if not self._tiles:
            return found
        self._look += 1
        tile = self._choose()
        fine = self._search(image_bgr, tile)
        for detection in fine:
            if all(detection.box.iou(other.box) < SAME_FACE for other in found):
                self._remember(detection.box)
        both = [*found, *fine]
        return [both[i] for i in one_box_a_face(both)]

    def _lay_tiles(self, width: int, height: int) -> list[tuple[int, int, int, int]]:
        coarse = min(1.0, self._coarse_side / max(width, height))
        fine = min(1.0, FINE_FACE / (self._min_face_share * min(width, height)))
        if fine < WORTH * coarse:
            return []
        xs, ys = _cuts(width, TILE[0] / fine, OVERLAP / fine), _cuts(height, TILE[1] / fine, OVERLAP / fine)
        return [(x1, y1, x2, y2) for y1, y2 in ys for x1, x2 in xs]

    def _choose(self) -> int:
        """Return the tile of this look: on every second look one that is wanted, else the next in turn."""
        wanted = [t for t, look in self._wanted.items() if self._look - look <= _REMEMBERED_LOOKS]
        if wanted and self._look % 2 == 0:
            tile = min(wanted, key=lambda t: (self._visited.get(t, 0), t))
        else:
            tile = self._turn % len(self._tiles)
            self._turn += 1
        self._visited[tile] = self._look
        return tile

    def _search(self, image_bgr: NDArray[np.uint8], tile: int) -> list[Detection]:
        x1, y1, x2, y2 = self._tiles[tile]
        found = []
        for detection in self._fine.detect(image_bgr[y1:y2, x1:x2]):
            box = detection.box
            moved = Box(box.x1 + x1, box.y1 + y1, box.x2 + x1, box.y2 + y1)
            if self._is_cut_off(moved, tile):
                continue
            points = detection.landmarks
            if points is not None:
                points = np.asarray(points + np.array([x1, y1], np.float32), np.float32)
            found.append(replace(detection, box=moved, landmarks=points))
        return found

    def _is_cut_off(self, box: Box, tile: int) -> bool:
        """Whether a box ends at an edge of its tile but not of the picture: half a face, whole in a neighbour."""
        x1, y1, x2, y2 = self._tiles[tile]
        height, width = self._shape
        return (
            (x1 > 0 and box.x1 < x1 + 2)
            or (y1 > 0 and box.y1 < y1 + 2)
            or (x2 < width and box.x2 > x2 - 2)
            or (y2 < height and box.y2 > y2 - 2)
        )

    def _remember(self, box: Box) -> None:
        """Note the tile in whose middle a face lies most, to be looked at again."""
        x, y = box.centre
        self._wanted[min(range(len(self._tiles)), key=lambda t: _off_centre(self._tiles[t], x, y))] = self._look


def _cuts(length: int, longest: float, overlap: float) -> Sequence[tuple[int, int]]:
    """Cut a length into equal overlapping parts of at most `longest`."""
    parts = 1 if length <= longest else math.ceil((length - overlap) / (longest - overlap))
    part = math.ceil((length + (parts - 1) * overlap) / parts)
    starts = [round(i * (length - part) / (parts - 1)) if parts > 1 else 0 for i in range(parts)]
    return [(start, min(length, start + part)) for start in starts]


def _off_centre(tile: tuple[int, int, int, int], x: float, y: float) -> float:
    x1, y1, x2, y2 = tile
    return max(abs(x - (x1 + x2) / 2) / (x2 - x1), abs(y - (y1 + y2) / 2) / (y2 - y1))
