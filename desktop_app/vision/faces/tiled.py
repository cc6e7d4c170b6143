"""Finding small faces in large pictures without paying for every pixel on every look.

A look searches the whole picture coarsely and, on every second look, one tile of it finely. The tiles take turns. Where
small faces were found lately, the other looks search their tile, so that a face once found is followed and the rest of
the picture is still searched. What has not changed since it was last searched is not searched again: the same pixels
hold the same faces.

A look at any picture thus costs at most two coarse ones, and next to nothing while nothing moves.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.boxes import one_box_a_face
from desktop_app.domain.types import Box, Detection
from desktop_app.vision.faces.changes import ChangeMap, Part, cell_means, grown_to_boxes, part_to_search
from desktop_app.vision.faces.detectors import FaceDetector, shrink

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

MARGIN = 40
"""What changed is searched with this much around it, in pixels of the search."""

EVERYWHERE_AFTER = 10
"""So many looks after the last time, a picture is searched although nothing seems to have changed in it."""

FEW_TILES = 4
"""While more tiles than this are due, one is searched on every look. With the usual smallest face there are four."""

_REMEMBERED_LOOKS = 12


class TiledFaceDetector:
    """A coarse and a fine detector of the same kind, taking turns over the picture as the module tells.

    Both shrink what they are given to `coarse_side` pixels on the longer side. `min_face_share` is the
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
        self._size = (0, 0)
        self._tiles: list[Part] = []
        self._fine_scale = self._fine_margin = 1.0
        self._coarse_changes, self._fine_changes = ChangeMap(), ChangeMap()
        self.reset()

    @property
    def name(self) -> str:
        return self._coarse.name

    def reset(self) -> None:
        """Forget what was seen and begin the turns anew."""
        self._look = 0
        self._looked_everywhere = 0
        self._visited: dict[int, int] = {}
        self._wanted: dict[int, int] = {}
        self._coarse_faces: list[Detection] = []
        self._coarse_changes.reset()
        self._fine_changes.reset()

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces of a uint8 (height, width, 3) BGR picture that this look found, best score first."""
        size = (image_bgr.shape[1], image_bgr.shape[0])
        if size != self._size:
            self._size = size
            self._lay_tiles()
            self.reset()
        self._look += 1
        small = shrink(image_bgr, self._coarse_side / max(size))
        cells = cell_means(small)
        found = self._coarse_faces = self._search_coarsely(small, cells)
        if not self._tiles or (part := self._choose(cells)) is None:
            return found
        fine = self._search_finely(image_bgr, part)
        for detection in fine:
            if all(detection.box.iou(other.box) < SAME_FACE for other in found):
                self._remember(detection.box)
        both = [*found, *fine]
        return [both[i] for i in one_box_a_face(both)]

    def _search_coarsely(self, small: NDArray[np.uint8], cells: NDArray[np.uint8]) -> list[Detection]:
        """Search the part of the picture that changed; faces elsewhere are where they were. Best score first."""
        size = (small.shape[1], small.shape[0])
        scale = (self._size[0] / size[0], self._size[1] / size[1])
        part: Part | None = (0, 0, *size)
        if self._look - self._looked_everywhere < EVERYWHERE_AFTER:
            changed = self._coarse_changes.changed(cells)
            # A face of which a part changed is searched for as a whole.
            changed = grown_to_boxes(changed, [d.box for d in self._coarse_faces], self._size)
            part = part_to_search(changed, (0, 0, *size), size, MARGIN)
        if part is None:
            return self._coarse_faces
        if part == (0, 0, *size):
            self._looked_everywhere = self._look
        self._coarse_changes.searched(cells, part, size)
        x1, y1, x2, y2 = part
        edges = (x1 * scale[0], y1 * scale[1], x2 * scale[0], y2 * scale[1])
        found = _placed(self._coarse.detect(small[y1:y2, x1:x2]), scale, edges[:2])
        found = [d for d in found if not is_cut_off(d.box, edges, self._size)]
        found += [d for d in self._coarse_faces if not _lies_in(d.box, edges)]
        return [found[i] for i in one_box_a_face(found, cover=1.0)]

    def _choose(self, cells: NDArray[np.uint8]) -> Part | None:
        """Return what to search finely: on every second look of the tile next in turn, on the others a wanted tile.

        Where no tile is wanted and so many are due that a round would take long, it is the next in turn each time.
        """
        changed = self._fine_changes.changed(cells)
        turns = sorted(range(len(self._tiles)), key=lambda t: (self._visited.get(t, 0), t))
        due = {t: part for t in turns if (part := self._due_part(t, changed)) is not None}
        wanted = {t: self._tiles[t] for t in turns if self._look - self._wanted.get(t, -math.inf) <= _REMEMBERED_LOOKS}
        if self._look % 2 == 0 and (wanted or len(due) <= FEW_TILES):
            due = wanted
        for tile, part in due.items():
            self._visited[tile] = self._look
            self._fine_changes.searched(cells, part, self._size)
            return part
        return None

    def _due_part(self, tile: int, changed: NDArray[np.bool_]) -> Part | None:
        """Return the part of a tile that changed, all of it if it was searched long ago, None if nothing is due."""
        if tile not in self._visited or self._look - self._visited[tile] > EVERYWHERE_AFTER * len(self._tiles):
            return self._tiles[tile]
        return part_to_search(changed, self._tiles[tile], self._size, self._fine_margin)

    def _search_finely(self, image_bgr: NDArray[np.uint8], part: Part) -> list[Detection]:
        x1, y1, x2, y2 = part
        picture = shrink(image_bgr[y1:y2, x1:x2], self._fine_scale)
        scale = ((x2 - x1) / picture.shape[1], (y2 - y1) / picture.shape[0])
        found = _placed(self._fine.detect(picture), scale, (x1, y1))
        return [d for d in found if not is_cut_off(d.box, part, self._size)]

    def _remember(self, box: Box) -> None:
        """Note the tile in whose middle a face lies most, to be looked at again."""
        x, y = box.centre
        self._wanted[min(range(len(self._tiles)), key=lambda t: _off_centre(self._tiles[t], x, y))] = self._look

    def _lay_tiles(self) -> None:
        width, height = self._size
        coarse = min(1.0, self._coarse_side / max(width, height))
        fine = min(1.0, FINE_FACE / (self._min_face_share * min(width, height)))
        self._tiles = []
        if fine >= WORTH * coarse:
            xs, ys = _cuts(width, TILE[0] / fine, OVERLAP / fine), _cuts(height, TILE[1] / fine, OVERLAP / fine)
            self._tiles = [(x1, y1, x2, y2) for y1, y2 in ys for x1, x2 in xs]
            # Equal tiles are smaller than the largest: the detector's size is made use of.
            self._fine_scale = min(1.0, self._coarse_side / max(xs[0][1] - xs[0][0], ys[0][1] - ys[0][0]))
            self._fine_margin = OVERLAP / self._fine_scale


def is_cut_off(box: Box, part: tuple[float, float, float, float], size: tuple[int, int], near: float = 2.0) -> bool:
    """Whether a box ends at an edge of a part (x1, y1, x2, y2) that is no edge of the picture (width, height).

    Such a box is half a face. An edge is reached from `near` pixels on.
    """
    x1, y1, x2, y2 = part
    width, height = size
    return (
        (x1 > 0 and box.x1 < x1 + near)
        or (y1 > 0 and box.y1 < y1 + near)
        or (x2 < width and box.x2 > x2 - near)
        or (y2 < height and box.y2 > y2 - near)
    )


def _lies_in(box: Box, part: tuple[float, float, float, float]) -> bool:
    return part[0] <= box.x1 and part[1] <= box.y1 and box.x2 <= part[2] and box.y2 <= part[3]


def _placed(
    detections: Iterable[Detection], scale: tuple[float, float], corner: tuple[float, float]
) -> list[Detection]:
    """Return detections made in a part of a picture as such of the picture: coordinate * scale + corner, x and y."""
    (sx, sy), (dx, dy) = scale, corner
    found = []
    for detection in detections:
        box, points = detection.box, detection.landmarks
        if points is not None:
            points = np.asarray(points * np.array(scale, np.float32) + np.array(corner, np.float32), np.float32)
        moved = Box(box.x1 * sx + dx, box.y1 * sy + dy, box.x2 * sx + dx, box.y2 * sy + dy)
        found.append(replace(detection, box=moved, landmarks=points))
    return found


def _cuts(length: int, longest: float, overlap: float) -> Sequence[tuple[int, int]]:
    """Cut a length into equal overlapping parts of at most `longest`."""
    parts = 1 if length <= longest else math.ceil((length - overlap) / (longest - overlap))
    part = math.ceil((length + (parts - 1) * overlap) / parts)
    starts = [round(i * (length - part) / (parts - 1)) if parts > 1 else 0 for i in range(parts)]
    return [(start, min(length, start + part)) for start in starts]


def _off_centre(tile: Part, x: float, y: float) -> float:
    x1, y1, x2, y2 = tile
    return max(abs(x - (x1 + x2) / 2) / (x2 - x1), abs(y - (y1 + y2) / 2) / (y2 - y1))
