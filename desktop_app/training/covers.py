"""What covers a face, placed by its landmarks: masks, dark glasses, caps, hoods, missing hair, hands, bars and blocks.

A face has coordinates of its own: the origin between the eyes, `down` along the line to the middle of the mouth, which
lies at 1, and `across` at a right angle to it, towards the left of an upright picture where it is negative. So a cover
follows the head however it is turned. An outline is a polygon in these coordinates, float (k, 2) as (across, down).

`tools/gpu/covers.py` draws the same kinds in batches on a graphics card.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Points = NDArray[np.float32]
Shape = list[NDArray[np.float64]]

KINDS = ("mask", "mask", "glasses", "cap", "hood", "no hair", "no hair", "hand", "bar", "block")
"""What covers a face, each as often as it stands here."""

_COLOURS = np.array([
    [220, 200, 165], [240, 238, 235], [28, 25, 25], [170, 190, 150], [160, 110, 90], [70, 60, 200], [80, 100, 120],
], np.float32)  # fmt: skip
"""BGR of masks and cloth."""

LEAST_LENGTH = 4.0
"""Pixels from the eyes to the mouth that a cover is at least drawn for: in a profile they lie close together."""

_FAR = 20.0
_ROUND = np.linspace(0, 2 * np.pi, 32, endpoint=False)
_FRACTION_BITS = 4


def face_axes(landmarks: Points) -> tuple[Points, Points, Points]:
    """(origin, across, down) in pixels, float32 (2,) each, of a face's points: eyes, nose, mouth's corners."""
    eyes, mouth = landmarks[:2].mean(0), landmarks[3:5].mean(0)
    down = mouth - eyes
    length = float(np.hypot(*down))
    if length < LEAST_LENGTH:
        down = down * (LEAST_LENGTH / length) if length else np.array([0, LEAST_LENGTH], np.float32)
    return eyes, np.array([down[1], -down[0]], np.float32), down


def mask_outline(top: float = 0.35, bow: float = 0.15, bottom: float = 1.8, wide: float = 0.95) -> NDArray[np.float64]:
    """The outline of a surgical mask from `top` on the nose, `bow` lower at its sides, to `bottom` below the chin."""
    side = top + bow
    low = max(side, bottom - 0.45)
    return np.array([
        (-wide, side), (0, top), (wide, side), (wide - 0.1, low), (0.45, bottom), (-0.45, bottom), (0.1 - wide, low),
    ])  # fmt: skip


def fill(picture: Picture, landmarks: Points, outline: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
    """Fill an outline in face coordinates with one BGR colour, in place, with a smooth edge."""
    origin, across, down = face_axes(landmarks)
    points = origin + outline[:, :1] * across + outline[:, 1:] * down
    cv2.fillPoly(picture, [np.round(points).astype(np.int32)], colour, cv2.LINE_AA)


def covered(picture: Picture, landmarks: Points, rng: np.random.Generator, kind: str | None = None) -> Picture:
    """A copy of a uint8 BGR picture with the face at `landmarks`, float32 (5, 2) in pixels, partly covered.

    `kind` is one of `KINDS`, a random one by default.
    """
    origin, across, down = face_axes(landmarks)
    length = float(np.hypot(*down))
    sides = (landmarks[:2] - origin) @ across / length**2
    chosen = KINDS[int(rng.integers(len(KINDS)))] if kind is None else kind
    shape = _shape(chosen, (float(sides[0]), float(sides[1])), rng)
    alpha = np.zeros(picture.shape[:2], np.uint8)
    placed = [origin + outline[:, :1] * across + outline[:, 1:] * down for outline in shape]
    fixed = [np.round(points * 2**_FRACTION_BITS).astype(np.int32) for points in placed]
    # Together, two outlines leave a hole where they overlap: the opening of a hood.
    for outlines in [fixed] if chosen == "hood" else [[outline] for outline in fixed]:
        cv2.fillPoly(alpha, outlines, 255, cv2.LINE_AA, _FRACTION_BITS)
    x, y, width, height = cv2.boundingRect(alpha)
    if width == 0:
        return picture
    part = (slice(y, y + height), slice(x, x + width))
    colour = _COLOURS[int(rng.integers(len(_COLOURS)))] if rng.random() < 0.6 else rng.uniform(0, 255, 3)
    if chosen == "hand":
        colour = picture.mean((0, 1)) * rng.uniform(0.8, 1.25)
    elif chosen in ("glasses", "bar"):
        colour = colour * 0.15
    rough = float(rng.random()) ** 3 * 40
    waves = (rng.uniform(4, 24), rng.uniform(-6, 6))
    columns = np.arange(x, x + width, dtype=np.float32)[None] - origin[0]
    rows = np.arange(y, y + height, dtype=np.float32)[:, None] - origin[1]
    u = (columns * across[0] + rows * across[1]) / length**2
    v = (columns * down[0] + rows * down[1]) / length**2
    folds = 1 + 0.08 * np.sin(v * np.float32(waves[0]) + u * np.float32(waves[1]))
    paint = folds[..., None] * np.asarray(colour, np.float32)
    paint += rng.standard_normal(paint.shape, np.float32) * np.float32(rough)
    opaque = rng.uniform(0.75, 1.0) if chosen == "glasses" else 1.0
    weight = alpha[part][..., None] * np.float32(opaque / 255)
    result = picture.copy()
    result[part] = np.clip(picture[part] + (paint - picture[part]) * weight + 0.5, 0, 255).astype(np.uint8)
    return result


def _shape(kind: str, eyes: tuple[float, float], rng: np.random.Generator) -> Shape:
    """The outlines of one cover; `eyes` is how far each eye lies across. Raises KeyError for an unknown kind."""
    draw = rng.uniform
    if kind == "mask":
        return [mask_outline(draw(0.25, 0.6), draw(0.0, 0.25), draw(1.5, 2.0), draw(0.9, 1.15))]
    if kind == "glasses":
        wide, high = draw(0.28, 0.48), draw(0.2, 0.38)
        return [*(_ellipse(eye, 0.03, wide, high) for eye in eyes), _rectangle(-1.0, -0.06, 1.0, 0.06)]
    if kind == "cap":
        edge, slope = draw(-0.75, -0.2), draw(-0.15, 0.15)
        rim = [(-_FAR, edge + slope * _FAR), (_FAR, edge - slope * _FAR)]
        return [np.array([*rim, (_FAR, -_FAR), (-_FAR, -_FAR)])]
    if kind == "hood":
        opening = _ellipse(0, 0.45, draw(0.85, 1.15), draw(1.15, 1.5))
        return [_rectangle(-_FAR, -_FAR, _FAR, _FAR), opening]
    if kind == "no hair":
        side, top = draw(0.95, 1.25), draw(-0.9, 0.3)
        return [_rectangle(-_FAR, top, -side, _FAR), _rectangle(side, top, _FAR, _FAR)]
    if kind == "hand":
        return [_ellipse(draw(-0.9, 0.9), draw(0.1, 1.7), draw(0.35, 0.7), draw(0.25, 0.7))]
    if kind == "bar":
        level, half = draw(-0.4, 1.4), draw(0.08, 0.28)
        return [_rectangle(-_FAR, level - half, _FAR, level + half)]
    if kind == "block":
        left, top = draw(-1.3, 0.6), draw(-1.3, 1.2)
        return [_rectangle(left, top, left + draw(0.4, 1.4), top + draw(0.4, 1.4))]
    raise KeyError(kind)


def _ellipse(x: float, y: float, wide: float, high: float) -> NDArray[np.float64]:
    return np.stack([x + wide * np.cos(_ROUND), y + high * np.sin(_ROUND)], 1)


def _rectangle(left: float, top: float, right: float, bottom: float) -> NDArray[np.float64]:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
