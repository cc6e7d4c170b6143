"""What boxes say of each other and of the picture: two on one face, a print on a shirt, a face at the edge."""

from __future__ import annotations

from collections.abc import Sequence

from desktop_app.domain.motion import box_size
from desktop_app.domain.types import Box, Detection

EDGE_TOUCH, EDGE_AHEAD_S, EDGE_MOST = 0.05, 0.15, 0.5
"""How near to the edge of the picture a face is at it, in face sizes: so near at rest, as far as it moves in so many
seconds more, and no further than the last. 0.15 s is the usual time between two looks and half of it."""


def one_box_a_face(detections: Sequence[Detection], iou: float = 0.4, cover: float = 0.7) -> list[int]:
    """Return the indices of the detections to keep, best score first, dropping those on a face already taken.

    Two boxes are one face if they overlap by more than `iou`, or if one covers more than `cover` of
    the other and is not more than three times as wide: the face on a shirt is not its wearer's, a nose is part of one.
    """
    order = sorted(range(len(detections)), key=lambda i: (-detections[i].score, i))
    kept: list[int] = []
    for i in order:
        if not any(_same_face(detections[i].box, detections[k].box, iou, cover) for k in kept):
            kept.append(i)
    return kept


def _same_face(a: Box, b: Box, iou: float, cover: float) -> bool:
    common = a.intersection(b)
    if common <= 0:
        return False
    if common / (a.area + b.area - common) > iou:
        return True
    smaller, larger = sorted((box_size(a), box_size(b)))
    return common / (smaller * smaller) > cover and larger / smaller < 3.0


def on_somebody(candidate: Detection, detections: Sequence[Detection]) -> bool:
    """Whether a box lies in the hair or on the chest of a surer face: a knot of hair, a face printed on a shirt.

    A real face may lie there too, of a child before an adult: the caller asks more of such a box, not the impossible.
    """
    x, y = candidate.box.centre
    size = box_size(candidate.box)
    for other in detections:
        wearer = box_size(other.box)
        if other.score < candidate.score + 0.05 or size > 2.6 * wearer:
            continue
        across, down = (x - other.box.centre[0]) / wearer, (y - other.box.centre[1]) / wearer
        if abs(across) < 1.0 and -1.5 < down < 2.5 + size / wearer / 2:
            return True
    return False


def is_at_edge(box: Box, frame_size: tuple[int, int], speed: float) -> bool:
    """Whether somebody whose face was last seen here has probably left the picture of (width, height) since.

    The face touches the edge, or would have reached it before the next look at its `speed`, in face sizes a second.
    A large face before a webcam is near the edge all the time and goes nowhere.
    """
    margin = max(box.width, box.height) * min(EDGE_TOUCH + EDGE_AHEAD_S * speed, EDGE_MOST)
    width, height = frame_size
    return min(box.x1, box.y1, width - box.x2, height - box.y2) < margin
