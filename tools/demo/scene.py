"""The painted entrance hall of the demo clip and the people who walk through it.

The hall is seen by a camera 2.05 m above the floor that looks level down a corridor. Places are metres: x to the right
of the camera's axis, z away from the camera; the pictures are 1280x720 BGR uint8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from portraits import EYES_Y, FACE_BOX, SIDE, Head

WIDTH, HEIGHT = 1280, 720
FOCAL = 900.0
HORIZON = 265.0
CAMERA_M = 2.05
EYES_M = 1.615
HEAD_M = 0.44
"""The side of an aligned head picture in metres: a little larger than life, as the bodies are simpler."""

PILLAR_Z = 2.9
PILLAR_X = (0.98, 1.2)

Colour = tuple[float, float, float]
Picture = NDArray[np.uint8]


def _folds() -> NDArray[np.float32]:
    """Return the light on a clothed body, a factor for each place of its 1.72 m by 1 m."""
    rng = np.random.default_rng(3)
    wide = cv2.GaussianBlur(rng.normal(0, 1, (430, 250)).astype(np.float32), (0, 0), sigmaX=7, sigmaY=26) * 26
    fine = cv2.GaussianBlur(rng.normal(0, 1, (430, 250)).astype(np.float32), (0, 0), sigmaX=1.2, sigmaY=2.0) * 1.6
    across = np.linspace(-1, 1, 250, dtype=np.float32)[None]
    light = 1.06 - 0.55 * (across + 0.18) ** 2 - 0.1 * across
    return np.clip(light + 0.09 * wide + 0.035 * fine, 0.35, 1.3).astype(np.float32)


FOLDS = _folds()


def project(x: float, height: float, z: float) -> tuple[float, float]:
    """Return the pixel of the point `x` metres aside, `height` metres above the floor and `z` metres away."""
    return WIDTH / 2 + FOCAL * x / z, HORIZON + FOCAL * (CAMERA_M - height) / z


def _polygon(image: NDArray[np.uint8], points: list[tuple[float, float]], colour: Colour) -> None:
    cv2.fillPoly(image, [np.array(points, np.float64).__mul__(16).round().astype(np.int32)], colour, cv2.LINE_AA, 4)


def paint_hall(rng: np.random.Generator) -> Picture:
    """Return the empty hall: tiled floor, panelled walls, a bright glass door at its end, lamps and a plant."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    side, ceiling, near, far = 2.6, 3.1, 0.9, 11.0

    def wall(x1: float, z1: float, h1: float, x2: float, z2: float, h2: float, colour: Colour) -> None:
        corners = [project(x1, h1, z1), project(x2, h1, z2), project(x2, h2, z2), project(x1, h2, z1)]
        _polygon(image, corners, colour)

    def flat(x1: float, x2: float, z1: float, z2: float, height: float, colour: Colour) -> None:
        corners = [project(x1, height, z1), project(x2, height, z1), project(x2, height, z2), project(x1, height, z2)]
        _polygon(image, corners, colour)

    flat(-side, side, near, far, 0.0, (120, 128, 134))
    flat(-side, side, near, far, ceiling, (205, 212, 214))
    for row in range(18):
        for column in range(-5, 5):
            if (row + column) % 2:
                z = near + row * 0.56
                flat(column * 0.52, (column + 1) * 0.52, z, z + 0.56, 0.0, (134, 142, 148))
    for sign, shade in ((-1, 1.0), (1, 0.93)):
        x = sign * side
        wall(x, near, 0.0, x, far, ceiling, tuple(shade * c for c in (186, 198, 202)))  # type: ignore[arg-type]
        wall(x, near, 0.0, x, far, 0.12, (92, 98, 104))
        wall(x, near, 1.0, x, far, 1.06, (140, 152, 160))
        for z in np.arange(1.4, far, 1.6):
            wall(x, z, 0.3, x, z + 1.1, 0.85, tuple(shade * c for c in (172, 184, 190)))  # type: ignore[arg-type]
    _paint_end(image, side, ceiling, far)
    for z in np.arange(1.8, far, 1.8):
        flat(-0.5, 0.5, z, z + 0.5, ceiling - 0.01, (250, 252, 252))
    wall(-side + 0.02, 3.0, 1.35, -side + 0.02, 4.0, 2.2, (88, 120, 60))
    wall(-side + 0.02, 3.06, 1.41, -side + 0.02, 3.94, 2.14, (214, 226, 214))
    for step in range(4):
        wall(-side + 0.02, 3.2, 1.55 + step * 0.13, -side + 0.02, 3.75 - step * 0.1, 1.6 + step * 0.13, (120, 140, 120))
    _paint_plant(image, -1.95, 4.2, rng)
    _paint_plant(image, 2.0, 6.0, rng)
    return _light(image, rng)


def _paint_end(image: Picture, side: float, ceiling: float, far: float) -> None:
    left, top = project(-side, ceiling, far)
    right, bottom = project(side, 0.0, far)
    _polygon(image, [(left, top), (right, top), (right, bottom), (left, bottom)], (178, 190, 194))
    for x1, x2 in ((-1.3, -0.04), (0.04, 1.3)):
        a, b = project(x1, 2.5, far), project(x2, 0.02, far)
        _polygon(image, [a, (b[0], a[1]), b, (a[0], b[1])], (238, 236, 226))
        middle = (a[1] * 0.35 + b[1] * 0.65, b[1])
        _polygon(image, [(a[0], middle[0]), (b[0], middle[0]), b, (a[0], b[1])], (196, 214, 200))
    a = project(-0.5, 2.95, far)
    b = project(0.5, 2.65, far)
    _polygon(image, [a, (b[0], a[1]), b, (a[0], b[1])], (96, 132, 62))


def _paint_plant(image: Picture, x: float, z: float, rng: np.random.Generator) -> None:
    base, top = project(x, 0.0, z), project(x, 0.45, z)
    half = FOCAL * 0.2 / z
    corners = [
        (top[0] - half, top[1]),
        (top[0] + half, top[1]),
        (base[0] + half * 0.7, base[1]),
        (base[0] - half * 0.7, base[1]),
    ]
    _polygon(image, corners, (70, 84, 118))
    for _ in range(46):
        angle, length = rng.uniform(-1.25, 1.25), FOCAL * rng.uniform(0.35, 0.8) / z
        tip = (top[0] + length * math.sin(angle), top[1] - length * math.cos(angle))
        middle = (top[0] + 0.45 * (tip[0] - top[0]), top[1] + 0.62 * (tip[1] - top[1]))
        width = FOCAL * 0.025 / z
        leaf = [top, (middle[0] - width, middle[1]), tip, (middle[0] + width, middle[1])]
        green = rng.uniform(0.7, 1.2)
        _polygon(image, leaf, (44 * green, 98 * green, 52 * green))


def _light(image: Picture, rng: np.random.Generator) -> Picture:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    glow = 1.12 - 0.33 * np.hypot((x - WIDTH / 2) / WIDTH, (y - HORIZON) / HEIGHT)
    grain = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 1.5) * 3
    lit = cv2.GaussianBlur(image, (0, 0), 1.1) * glow[..., None] + grain[..., None]
    return np.clip(lit, 0, 255).astype(np.uint8)


def paint_pillar(image: Picture) -> None:
    """Paint the pillar that stands between the camera and whoever is further away than it."""
    left, right = project(PILLAR_X[0], 0, PILLAR_Z)[0], project(PILLAR_X[1], 0, PILLAR_Z)[0]
    bottom = int(project(0, 0, PILLAR_Z)[1])
    columns = np.arange(int(left), int(right))
    roundness = np.sin(np.pi * (columns + 0.5 - left) / (right - left)) ** 0.5
    shade = np.array((168, 178, 184), np.float32) * (0.6 + 0.4 * roundness[:, None])
    image[: min(bottom, HEIGHT), columns] = shade[None].astype(np.uint8)


@dataclass(frozen=True)
class Clothes:
    """Colours (BGR) and cut of what someone wears."""

    top: Colour
    legs: Colour
    collar: Colour | None = None
    stripe: Colour | None = None
    skirt: bool = False


@dataclass(frozen=True)
class Pose:
    """Where somebody is at one moment. `yaw` is in degrees: 0 faces the camera, 180 shows the back of the head."""

    x: float
    z: float
    yaw: float
    walked_m: float
    roll: float = 0.0


def draw_person(image: Picture, head: Head, clothes: Clothes, pose: Pose) -> tuple[float, float, float, float]:
    """Draw somebody into `image` and return the box of the face (x1, y1, x2, y2) in pixels, seen or not."""
    scale = FOCAL / pose.z
    phase = pose.walked_m / 0.72 * math.pi
    bob = 0.018 * abs(math.sin(phase))
    sway = 0.014 * math.sin(phase)
    feet_x, feet_y = project(pose.x, 0.0, pose.z)
    _shadow(image, feet_x, feet_y, scale)
    left, top = int(feet_x - 0.5 * scale), int(feet_y - 1.66 * scale)
    size = (int(1.72 * scale) + 2, int(1.0 * scale) + 2)
    body = np.zeros((*size, 3), np.uint8)
    cover = np.zeros(size, np.uint8)

    def shape(points: list[tuple[float, float]], colour: Colour) -> None:
        pixels = [(feet_x + (x + sway) * scale - left, feet_y - (h + bob) * scale - top) for x, h in points]
        _polygon(body, pixels, colour)
        _polygon(cover, pixels, (255, 255, 255))

    _draw_clothes(shape, head, clothes, math.sin(phase))
    soft = max(0.6, 0.0028 * scale)
    alpha = cv2.GaussianBlur(cover, (0, 0), soft).astype(np.float32) / np.float32(255)
    # The colours are blurred with their cover, so that no dark rim shows where cloth ends.
    cloth = cv2.GaussianBlur(body, (0, 0), soft).astype(np.float32) / np.maximum(alpha, 0.05)[..., None]
    cloth *= cv2.resize(FOLDS, (size[1], size[0]), interpolation=cv2.INTER_AREA)[..., None]
    _paste(image, np.clip(cloth, 0, 255).astype(np.uint8), alpha, left, top)
    eyes = project(pose.x + sway, EYES_M + bob, pose.z)
    return _draw_head(image, head, pose, eyes, HEAD_M * scale)


def _draw_clothes(shape, head: Head, clothes: Clothes, swing: float) -> None:  # type: ignore[no-untyped-def]
    lift = 0.07
    for sign in (-1, 1):
        foot = lift * max(0.0, sign * swing)
        hip, knee, ankle = 0.09 * sign, 0.1 * sign, 0.1 * sign
        leg = [(hip - 0.09, 0.9), (hip + 0.09, 0.9), (knee + 0.075, 0.5), (ankle + 0.06, 0.06 + foot)]
        leg += [(ankle - 0.06, 0.06 + foot), (knee - 0.075, 0.5)]
        shape(leg, head.skin_bgr if clothes.skirt else clothes.legs)
        shoe = [(ankle - 0.07, 0.1 + foot), (ankle + 0.07, 0.1 + foot), (ankle + 0.075, foot), (ankle - 0.075, foot)]
        shape(shoe, (38, 38, 42))
    if clothes.skirt:
        shape([(-0.17, 0.95), (0.17, 0.95), (0.24, 0.48), (-0.24, 0.48)], clothes.legs)
    darker = tuple(0.82 * c for c in clothes.top)
    for sign in (-1, 1):
        hand = 0.05 * sign * swing
        arm = [(0.19 * sign, 1.37), (0.27 * sign, 1.28), (0.315 * sign, 0.95 + hand), (0.31 * sign, 0.78 + hand)]
        arm += [(0.235 * sign, 0.78 + hand), (0.225 * sign, 0.95 + hand), (0.17 * sign, 1.2)]
        fist = [
            (0.235 * sign, 0.79 + hand),
            (0.31 * sign, 0.79 + hand),
            (0.3 * sign, 0.68 + hand),
            (0.245 * sign, 0.68 + hand),
        ]
        shape(fist, head.skin_bgr)
        shape(arm, darker)
    neck = tuple(0.78 * c for c in head.skin_bgr)
    shape([(-0.058, 1.56), (0.058, 1.56), (0.068, 1.4), (0, 1.34), (-0.068, 1.4)], neck)
    half = [
        (0.0, 1.36),
        (0.04, 1.395),
        (0.072, 1.425),
        (0.12, 1.405),
        (0.19, 1.375),
        (0.225, 1.33),
        (0.235, 1.25),
        (0.19, 1.08),
        (0.2, 0.86),
    ]
    trunk = half + [(-x, h) for x, h in reversed(half)]
    shape(trunk, clothes.top)
    if clothes.stripe is not None:
        for height in (1.28, 1.14, 1.0):
            shape([(-0.21, height), (0.21, height), (0.205, height - 0.05), (-0.205, height - 0.05)], clothes.stripe)
    if clothes.collar is not None:
        shape([(-0.075, 1.425), (-0.04, 1.4), (0.0, 1.37), (0.04, 1.4), (0.075, 1.425), (0.0, 1.1)], clothes.collar)
        tie = tuple(0.45 * c for c in clothes.top)
        shape([(-0.02, 1.375), (0.02, 1.375), (0.024, 1.14), (0.0, 1.09), (-0.024, 1.14)], tie)


def _shadow(image: Picture, x: float, y: float, scale: float) -> None:
    half = (int(0.42 * scale), max(2, int(0.09 * scale)))
    x1, y1, x2, y2 = int(x) - 2 * half[0], int(y) - 2 * half[1], int(x) + 2 * half[0], int(y) + 2 * half[1]
    sharp = np.zeros((y2 - y1, x2 - x1), np.float32)
    cv2.ellipse(sharp, (2 * half[0], 2 * half[1]), half, 0, 0, 360, 0.4, -1)
    soft = cv2.GaussianBlur(sharp, (0, 0), max(1.0, half[1] * 0.45)).astype(np.float32)
    _paste(image, np.zeros((*soft.shape, 3), np.uint8), soft, x1, y1)


def _draw_head(
    image: Picture, head: Head, pose: Pose, eyes: tuple[float, float], side: float
) -> tuple[float, float, float, float]:
    yaw = abs((pose.yaw + 180) % 360 - 180)
    turned = math.sin(math.radians(min(yaw, 90))) * math.copysign(1, pose.yaw)
    narrow = 1 - 0.28 * (1 - abs(math.cos(math.radians(yaw))))
    picture, alpha = head.bgr, head.alpha
    if yaw > 12:
        picture = _turned(head, turned, yaw)
    matrix = np.array([[narrow * side / SIDE, 0, 0], [0, side / SIDE, 0]], np.float32)
    roll = math.radians(pose.roll)
    spin = np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]], np.float32)
    matrix[:, :2] = spin @ matrix[:, :2]
    anchor = np.array([SIDE / 2, EYES_Y * SIDE], np.float32)
    half = int(side * 0.62)
    left, top = int(eyes[0]) - half, int(eyes[1]) - half
    matrix[:, 2] = np.array([eyes[0] - left, eyes[1] - top]) - matrix[:, :2] @ anchor
    # Area averaging by a blur first: warpAffine alone would make a small head shimmer.
    blur = 0.42 * SIDE / side
    if blur > 0.6:
        picture = cv2.GaussianBlur(picture, (0, 0), blur).astype(np.uint8)
        alpha = cv2.GaussianBlur(alpha, (0, 0), blur).astype(np.float32)
    size = (2 * half, 2 * half)
    small = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    opacity = cv2.warpAffine(alpha, matrix, size, flags=cv2.INTER_LINEAR)
    _paste(image, small.astype(np.uint8), opacity.astype(np.float32), left, top)
    corners = np.array([[FACE_BOX[0], FACE_BOX[1]], [FACE_BOX[2], FACE_BOX[3]]], np.float32) * SIDE
    corners = corners @ matrix[:, :2].T + matrix[:, 2] + (left, top)
    return float(corners[0, 0]), float(corners[0, 1]), float(corners[1, 0]), float(corners[1, 1])


def _turned(head: Head, turned: float, yaw: float) -> Picture:
    """Return the picture of a head turned by `yaw` degrees: the face slides round it and hair comes after."""
    columns = (np.arange(SIDE, dtype=np.float32) - SIDE / 2) / (0.28 * SIDE)
    angle = np.arcsin(np.clip(columns, -1, 1)) - math.asin(max(-1.0, min(1.0, turned))) * (2 if yaw > 90 else 1)
    source = np.sin(np.clip(angle, -1.45, 1.45)) * 0.28 * SIDE + SIDE / 2
    map_x = np.repeat(source[None].astype(np.float32), SIDE, 0)
    map_y = np.repeat(np.arange(SIDE, dtype=np.float32)[:, None], SIDE, 1)
    slid = cv2.remap(head.bgr, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    rows = np.arange(SIDE, dtype=np.float32)[:, None]
    texture = cv2.GaussianBlur(head.bgr[:, ::-1], (0, 0), 3).astype(np.float32)
    streaks = 0.85 + 0.25 * (texture.mean(2, keepdims=True) / 255)
    hair = np.array(head.hair_bgr, np.float32) * streaks * np.where(rows < 0.66 * SIDE, 1.0, 0.85)[..., None]
    hidden = np.clip((np.abs(angle) - 0.95) / 0.4, 0, 1)[None, :, None] if yaw <= 100 else np.float32(1)
    if yaw > 70:
        hidden = np.maximum(hidden, min(1.0, (yaw - 70) / 30))
    return np.clip(slid * (1 - hidden) + hair * hidden, 0, 255).astype(np.uint8)


def _paste(image: Picture, patch: Picture, alpha: NDArray[np.float32], left: int, top: int) -> None:
    x1, y1 = max(0, left), max(0, top)
    x2, y2 = min(WIDTH, left + patch.shape[1]), min(HEIGHT, top + patch.shape[0])
    if x1 >= x2 or y1 >= y2:
        return
    part = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
    weight = alpha[part][..., None]
    under = image[y1:y2, x1:x2]
    image[y1:y2, x1:x2] = (under * (1 - weight) + patch[part] * weight).astype(np.uint8)
