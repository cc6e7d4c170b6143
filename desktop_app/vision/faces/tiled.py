"""Finding faces in pictures without paying for every pixel on every look.

A look searches coarsely and, on every second look, one tile of the picture finely. The tiles take turns. Where small
faces were found lately, the other looks search their tile, so that a face once found is followed and the rest of the
picture is still searched.

What has not changed since it was last searched is not searched again: the same pixels hold the same faces. Of what has
changed, the coarse look searches in turn only the surroundings of the faces known, these and whatever is no body of
somebody known, and everything. So known faces are followed at every look, somebody new is found within two, somebody
before a body within four, and people who walk do not have the legs of theirs searched for faces all the time.

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
from desktop_app.vision.faces.changes import (
    ChangeMap,
    cell_means,
    cells_of,
    cells_of_box,
    change_of_light,
    grown_to_boxes,
    has_changed,
    parts_to_search,
)
from desktop_app.vision.faces.detectors import FaceDetector, shrink, shrunk_size
from desktop_app.vision.faces.pieces import Part, joined, lay_out, on_grid

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

EVERYWHERE_AFTER = 20
"""So many looks after the last time, a picture is searched although nothing seems to have changed in it."""

FEW_TILES = 4
"""While more tiles than this are due, one is searched on every look. With the usual smallest face there are four."""

_REMEMBERED_LOOKS = 12

BODY = (2.0, 1.0, 7.0)
"""How far the body reaches to each side of the middle of a face, above it and below it, in sizes of the face."""

LOOKS = 4
"""In so many looks all that changed is searched once, and what is no body of somebody known once more; on the others
only the surroundings of known faces are. Where one was lost, everything is searched at the next look."""

AROUND = 0.8
"""How far round a known face it is searched for, in sizes of the face: faster ones are looked at twice as often."""

LEAST_AROUND = 24
"""The same in pixels of the search, at least."""


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
        self._lately: list[Box] = []
        self._lost = False
        self._cells: NDArray[np.uint8] | None = None
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
        self._follow_light(cells)
        if self._look % LOOKS and self._coarse_faces and not self._lost:
            found = self._search_for_known(small, cells)
            self._lost = len(found) < len(self._coarse_faces)
        else:
            found = self._search_coarsely(small, cells)
            self._lately.clear()
            self._lost = False
        self._coarse_faces = found
        self._lately += [d.box for d in found]
        if not self._tiles or (chosen := self._choose(cells)) is None:
            return found
        fine = self._search_finely(image_bgr, *chosen)
        for detection in fine:
            if all(detection.box.iou(other.box) < SAME_FACE for other in found):
                self._remember(detection.box)
        both = [*found, *fine]
        return [both[i] for i in one_box_a_face(both)]

    def detect_whole(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces of a picture that stands by itself: all of it is searched, coarsely and every tile.

        Nothing is remembered of it, nor of what was seen before.
        """
        self._size = (image_bgr.shape[1], image_bgr.shape[0])
        self._lay_tiles()
        self.reset()
        small = shrink(image_bgr, self._coarse_side / max(self._size))
        found = self._search_coarsely(small, cell_means(small))
        for tile in self._tiles:
            found = [*found, *self._search_finely(image_bgr, tile, [tile])]
        self.reset()
        return [found[i] for i in one_box_a_face(found)]

    def _follow_light(self, cells: NDArray[np.uint8]) -> None:
        if self._cells is not None:
            light = change_of_light(self._cells, cells)
            self._coarse_changes.follow(light)
            self._fine_changes.follow(light)
        self._cells = cells

    def _search_coarsely(self, small: NDArray[np.uint8], cells: NDArray[np.uint8]) -> list[Detection]:
        """Search the parts of the picture that changed; faces elsewhere are where they were. Best score first."""
        size = (small.shape[1], small.shape[0])
        parts: Sequence[Part] = [(0, 0, *size)]
        if self._look - self._looked_everywhere < EVERYWHERE_AFTER:
            changed = self._coarse_changes.changed(cells)
            # A face of which a part changed is searched for as a whole.
            changed = grown_to_boxes(changed, [d.box for d in self._coarse_faces], self._size)
            parts = on_grid(parts_to_search(changed, parts[0], size, MARGIN))
        if not parts:
            return self._coarse_faces
        parts, found = _search(self._coarse, small, 1.0, (0, 0, *size), parts, self._size)
        if list(parts) == [(0, 0, *size)]:
            self._looked_everywhere = self._look
        for part in parts:
            self._coarse_changes.searched(cells, part, size)
        return self._with_those_elsewhere(found, parts, size)

    def _search_for_known(self, small: NDArray[np.uint8], cells: NDArray[np.uint8]) -> list[Detection]:
        """Search for the known faces near to where they were, at every second look for new ones beside them, too.

        New ones are searched for where something changed that is not the body of anybody known. Best score first.
        """
        size = (small.shape[1], small.shape[0])
        scale = size[0] / self._size[0], size[1] / self._size[1]
        changed = self._coarse_changes.changed(cells)
        near = joined(
            [_around(d.box, scale, size) for d in self._coarse_faces if has_changed(changed, d.box, self._size)]
        )
        new: list[Part] = []
        if self._look % 2 == 0:
            self._leave_out(self._lately, changed)
            new = parts_to_search(changed, (0, 0, *size), size, MARGIN)
        if not near and not new:
            return self._coarse_faces
        parts, found = _search(self._coarse, small, 1.0, (0, 0, *size), on_grid([*near, *new]), self._size)
        for part in new:
            self._coarse_changes.searched(cells, part, size)
        for part in near:
            # Somebody half in it was not found, and whoever was may be elsewhere at the next look.
            self._coarse_changes.doubt(part, size)
        return self._with_those_elsewhere(found, parts, size)

    def _with_those_elsewhere(
        self, found: list[Detection], parts: Sequence[Part], size: tuple[int, int]
    ) -> list[Detection]:
        edges = [_scaled(part, (self._size[0] / size[0], self._size[1] / size[1])) for part in parts]
        found = [*found, *(d for d in self._coarse_faces if not any(_lies_in(d.box, e) for e in edges))]
        return [found[i] for i in one_box_a_face(found, cover=1.0)]

    def _choose(self, cells: NDArray[np.uint8]) -> tuple[Part, list[Part]] | None:
        """Return a tile and its parts to search finely: on every second look the tile next in turn, else a wanted one.

        Of a tile in turn those parts are searched that changed, all of it if that was long ago. One that is wanted is
        searched as a whole.
        Where no tile is wanted and so many are due that a round would take long, it is the next in turn each time.
        """
        changed = self._fine_changes.changed(cells)
        turns = sorted(range(len(self._tiles)), key=lambda t: (self._visited.get(t, 0), t))
        due = [
            t for t in turns if self._is_overdue(t) or changed[cells_of(self._tiles[t], self._size, cells.shape)].any()
        ]
        wanted = [t for t in turns if self._look - self._wanted.get(t, -math.inf) <= _REMEMBERED_LOOKS]
        is_wanted = self._look % 2 == 0 and (bool(wanted) or len(due) <= FEW_TILES)
        chosen = next(iter(wanted if is_wanted else due), None)
        if chosen is None:
            return None
        tile = self._tiles[chosen]
        is_whole = is_wanted or self._is_overdue(chosen)
        parts = [tile] if is_whole else parts_to_search(changed, tile, self._size, self._fine_margin)
        self._visited[chosen] = self._look
        for part in parts:
            self._fine_changes.searched(cells, part, self._size)
        return tile, parts

    def _leave_out(self, faces: Sequence[Box], changed: NDArray[np.bool_]) -> None:
        """Let the cells of the bodies below these faces count as unchanged: people move all the time."""
        aside, above, below = BODY
        width, height = float(self._size[0]), float(self._size[1])
        for face in faces:
            x, size = face.centre[0], max(face.width, face.height)
            left, right = max(0.0, x - aside * size), min(width, x + aside * size)
            top, bottom = max(0.0, face.y1 - above * size), min(height, face.y2 + below * size)
            changed[cells_of_box(Box(left, top, right, bottom), self._size, changed.shape)] = False

    def _is_overdue(self, tile: int) -> bool:
        """Whether a tile was never searched, or so long ago that all of it is to be, whatever changed."""
        return self._look - self._visited.get(tile, -math.inf) > EVERYWHERE_AFTER * len(self._tiles)

    def _search_finely(self, image_bgr: NDArray[np.uint8], tile: Part, parts: Sequence[Part]) -> list[Detection]:
        return _search(self._fine, image_bgr, self._fine_scale, tile, parts, self._size)[1]

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
            self._fine_margin = MARGIN / self._fine_scale


def _search(
    detector: FaceDetector,
    picture: NDArray[np.uint8],
    scale: float,
    whole: Part,
    parts: Sequence[Part],
    size: tuple[int, int],
) -> tuple[Sequence[Part], list[Detection]]:
    """Search parts of a picture at a scale, or all of `whole`, in which they lie, where that is as cheap.

    Returns the parts that were searched and the faces in coordinates of a picture of `size` (width, height).
    """
    pixels = (whole[2] - whole[0]) * (whole[3] - whole[1]) * scale * scale
    # Where they lie is asked first: a tile that is searched as a whole is not to be shrunk twice.
    sizes = [shrunk_size((x2 - x1, y2 - y1), scale) for x1, y1, x2, y2 in parts]
    layout = None if list(parts) == [whole] else lay_out(sizes, round(pixels))
    if layout is None:
        parts = [whole]
        canvas = shrink(picture[whole[1] : whole[3], whole[0] : whole[2]], scale)
        places: Sequence[Part] = [(0, 0, canvas.shape[1], canvas.shape[0])]
    else:
        canvas = layout.canvas([shrink(picture[y1:y2, x1:x2], scale) for x1, y1, x2, y2 in parts])
        places = layout.places
    found = []
    enlarged = size[0] / picture.shape[1], size[1] / picture.shape[0]
    detections = detector.detect(canvas)
    for part, place in zip(parts, places, strict=True):
        edges = _scaled(part, enlarged)
        to_size = (edges[2] - edges[0]) / (place[2] - place[0]), (edges[3] - edges[1]) / (place[3] - place[1])
        corner = edges[0] - place[0] * to_size[0], edges[1] - place[1] * to_size[1]
        inside = [d for d in detections if _lies_at(d.box.centre, place)]
        found += [_in_picture(d, size) for d in _placed(inside, to_size, corner) if not is_cut_off(d.box, edges, size)]
    return parts, found


def _in_picture(detection: Detection, size: tuple[int, int]) -> Detection:
    """Return a detection without what of its box lies outside of the picture: a canvas goes on beside a piece."""
    box, (width, height) = detection.box, size
    inside = Box(max(box.x1, 0.0), max(box.y1, 0.0), min(box.x2, float(width)), min(box.y2, float(height)))
    return detection if inside == box else replace(detection, box=inside)


def _scaled(part: tuple[float, float, float, float], scale: tuple[float, float]) -> tuple[float, float, float, float]:
    return part[0] * scale[0], part[1] * scale[1], part[2] * scale[0], part[3] * scale[1]


def _lies_at(point: tuple[float, float], place: Part) -> bool:
    return place[0] <= point[0] < place[2] and place[1] <= point[1] < place[3]


def _around(box: Box, scale: tuple[float, float], size: tuple[int, int]) -> Part:
    """Return the part of a picture of `size` in which to look for a face last seen in `box`, whose scale is given."""
    x1, y1, x2, y2 = _scaled((box.x1, box.y1, box.x2, box.y2), scale)
    reach = max(AROUND * max(x2 - x1, y2 - y1), LEAST_AROUND)
    left, top = max(0, math.floor(x1 - reach)), max(0, math.floor(y1 - reach))
    return left, top, min(size[0], math.ceil(x2 + reach)), min(size[1], math.ceil(y2 + reach))


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
