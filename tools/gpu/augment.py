"""Distortions of training faces in batches on the card: `training/augment.py` and more, in the order they happen.

All functions take and give float (n, 3, side, side) RGB within 0 to 255. The crop is that of `vision/preprocess.py`:
a square of `Crop.scale` times the longer side of the face box; `Crop.border` says what lies over the rim.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from tools.gpu import covers
from tools.gpu.schedule import Crop

APP = Crop()
"""The crops of the app."""

GREY = 127.0

NEGATIVE_RIM = 0.03
"""How far the box of a picture of no face lies within it, as a share of its side."""

_PADDING = {"replicate": "border", "reflect": "reflection", "grey": "zeros"}


@dataclass(frozen=True)
class Strength:
    """How much the faces are varied: probabilities, and the spread of a detector's box (shares of its side)."""

    shift: float = 0.04
    zoom: float = 0.07
    turn_degrees: float = 9.0
    tilt: float = 0.18
    most_tilt_degrees: float = 65.0
    light: float = 0.7
    dark: float = 0.06
    grey: float = 0.1
    shadow: float = 0.1
    blur: float = 0.2
    motion: float = 0.12
    small: float = 0.3
    noise: float = 0.15
    jpeg: float = 0.25
    cover: float = 0.3


def _draw(n: int, low: float, high: float, like: Tensor) -> Tensor:
    return torch.empty(n, device=like.device).uniform_(low, high)


def _normal(n: int, spread: float, like: Tensor) -> Tensor:
    return torch.randn(n, device=like.device) * spread


def _some(n: int, probability: float, like: Tensor) -> Tensor:
    """The indices of a share of n faces at random: always as many, so that nothing waits for the card."""
    return torch.randperm(n, device=like.device)[: round(probability * n)]


def _hit(n: int, probability: float, like: Tensor) -> Tensor:
    return torch.rand(n, device=like.device) < probability


def sampling_grid(
    boxes: Tensor, side: int, strength: Strength, shift: Tensor | None = None, zoom: Tensor | None = None,
    scale: float = APP.scale,
) -> Tensor:  # fmt: skip
    """Where each pixel of the crops comes from, in pixels of the picture: (n, side, side, 2) as x, y.

    Mirrored at random. `shift` (n, 2) and `zoom` (n,) move and scale the box further, in shares of its side.
    """
    n = len(boxes)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    long = (boxes[:, 2:] - boxes[:, :2]).amax(1)
    wild = 1 + _hit(n, 0.1, boxes).float()
    moved = torch.stack([_normal(n, strength.shift, boxes), _normal(n, strength.shift, boxes)], 1) * wild[:, None]
    centre = centre + (moved if shift is None else shift) * long[:, None]
    long = long * torch.exp(_normal(n, strength.zoom, boxes) * wild - 0.25 * strength.zoom)
    if zoom is not None:
        long = long * zoom
    angle = _normal(n, math.radians(strength.turn_degrees), boxes) * _hit(n, 0.6, boxes)
    most = math.radians(strength.most_tilt_degrees)
    angle = torch.where(_hit(n, strength.tilt, boxes), _draw(n, -most, most, boxes), angle)
    across = torch.where(_hit(n, 0.5, boxes), -1.0, 1.0)
    stretch = torch.exp(_normal(n, 0.03, boxes))
    steps = (torch.arange(side, device=boxes.device) + 0.5) / side - 0.5
    x = steps[None, None, :] * (across * stretch)[:, None, None]
    y = steps[None, :, None] / stretch[:, None, None]
    # A little perspective, as of a head that is turned or nods.
    depth = 1 + x * _normal(n, 0.12, boxes)[:, None, None] + y * _normal(n, 0.08, boxes)[:, None, None]
    x, y = (x / depth).expand(-1, side, -1), (y / depth).expand(-1, -1, side)
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    size = (long * scale)[:, None, None]
    return torch.stack([(x * cos - y * sin) * size, (x * sin + y * cos) * size], -1) + centre[:, None, None]


def sample(pictures: Tensor, grid: Tensor, border: str = "replicate") -> Tensor:
    """Read the pictures at `grid`; the rim is repeated as in the app, or what `border` says (`schedule.BORDERS`)."""
    side = pictures.shape[-1]
    return _read(pictures, grid * (2 / side) - 1, border)


def _read(pictures: Tensor, grid: Tensor, border: str = "replicate") -> Tensor:
    if border == "grey":  # the card pads with 0
        return _padded(pictures - GREY, grid, border) + GREY
    return _padded(pictures, grid, border)


def _padded(pictures: Tensor, grid: Tensor, border: str) -> Tensor:
    return F.grid_sample(pictures, grid, mode="bilinear", padding_mode=_PADDING[border], align_corners=False)


def light(x: Tensor, strength: Strength) -> Tensor:
    """Brightness, contrast, gamma, tint, lost colour, shade from one side, and darkness with its noise."""
    n = len(x)
    on = _hit(n, strength.light, x).float()
    dark = _hit(n, strength.dark, x)
    gain = torch.exp(_normal(n, 0.2, x) * on)
    gamma = torch.exp(_normal(n, 0.28, x) * on)
    bias = _normal(n, 0.07, x) * on
    tint = torch.exp(torch.randn(n, 3, device=x.device) * 0.07 * (on * _hit(n, 0.5, x))[:, None])
    y = (x / 255).clamp(1e-3, 1) ** gamma[:, None, None, None]
    y = (y - 0.45) * gain[:, None, None, None] + 0.45 + bias[:, None, None, None]
    y = y * tint[:, :, None, None]
    shade = _hit(n, strength.shadow, x).float() * _draw(n, 0.2, 0.75, x)
    angle = _draw(n, 0, 2 * math.pi, x)
    steps = torch.linspace(-1, 1, x.shape[-1], device=x.device)
    slope = steps[None, None, :] * angle.cos()[:, None, None] + steps[None, :, None] * angle.sin()[:, None, None]
    edge = torch.sigmoid(slope * _draw(n, 2, 8, x)[:, None, None])
    y = y * (1 - shade[:, None, None] * edge)[:, None]
    level = torch.where(dark, _draw(n, 0.12, 0.45, x), torch.ones(n, device=x.device))
    y = y.clamp(0, 1) * level[:, None, None, None]
    y = y + torch.randn_like(y) * (dark.float() * _draw(n, 0.004, 0.03, x))[:, None, None, None]
    grey = 0.299 * y[:, :1] + 0.587 * y[:, 1:2] + 0.114 * y[:, 2:]
    return torch.where(_hit(n, strength.grey, x)[:, None, None, None], grey, y).clamp(0, 1) * 255


def blur(x: Tensor, strength: Strength) -> Tensor:
    """Out of focus or moved: one kernel a face, a Gaussian that is drawn out in one direction for motion."""
    chosen = _some(len(x), strength.blur, x)
    if len(chosen) == 0:
        return x
    n, side = len(chosen), x.shape[-1]
    radius = max(3, round(side * 9 / 128))
    unit = side / 128
    moving = _hit(n, 0.25, x)
    focus = torch.exp(_draw(n, math.log(0.6), math.log(3.6), x)) * unit
    long = torch.where(moving, _draw(n, 1.0, 5.0, x) * unit, focus)
    short = torch.where(moving, torch.full((n,), 0.6 * unit, device=x.device), focus)
    angle = _draw(n, 0, math.pi, x)[:, None, None]
    steps = torch.arange(-radius, radius + 1, device=x.device, dtype=torch.float32)
    u = steps[None, None, :] * angle.cos() + steps[None, :, None] * angle.sin()
    v = -steps[None, None, :] * angle.sin() + steps[None, :, None] * angle.cos()
    kernel = torch.exp(-0.5 * ((u / long[:, None, None]) ** 2 + (v / short[:, None, None]) ** 2))
    kernel = kernel / kernel.sum((1, 2), keepdim=True)
    # One kernel a face is fastest as a product of Fourier transforms; the size is one that they like.
    padded = F.pad(x[chosen], [radius] * 4, mode="replicate")
    size = 1 << (side + 2 * radius - 1).bit_length() if side > 100 else -(-(side + 2 * radius) // 32) * 32
    product = torch.fft.rfft2(padded, s=(size, size)) * torch.fft.rfft2(kernel, s=(size, size))[:, None]
    seen = torch.fft.irfft2(product, s=(size, size))[
        :, :, 2 * radius : 2 * radius + side, 2 * radius : 2 * radius + side
    ]
    return x.index_copy(0, chosen, seen)


def motion(x: Tensor, strength: Strength, halvings: int = 4) -> Tensor:
    """Moved while the picture was taken: some faces as the mean along a line of 4 to 36 pixels of 128.

    The mean of two pictures that lie half a line apart, again and again at half the distance, is that along the line.
    """
    chosen = _some(len(x), strength.motion, x)
    if len(chosen) == 0:
        return x
    n, side = len(chosen), x.shape[-1]
    length = torch.exp(_draw(n, math.log(4), math.log(36), x)) / 128 * 2  # where a picture goes from -1 to 1
    # People walk across more often than they jump.
    angle = torch.where(_hit(n, 0.5, x), _draw(n, -0.25, 0.25, x), _draw(n, 0, math.pi, x))
    steps = (torch.arange(side, device=x.device) + 0.5) / side * 2 - 1
    here = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), -1)[None]
    way = torch.stack([angle.cos(), angle.sin()], 1)[:, None, None] * length[:, None, None, None]
    moved = x[chosen]
    for k in range(halvings):
        apart = way / 2 ** (k + 2)
        moved = (_read(moved, here + apart) + _read(moved, here - apart)) / 2
    return x.index_copy(0, chosen, moved)


def small(x: Tensor, strength: Strength, groups: int = 10) -> Tensor:
    """Some faces as small ones of 12 to 72 pixels, with their noise and JPEG, brought back to size."""
    side = x.shape[-1]
    chosen = _some(len(x), strength.small, x)
    # The sizes are stratified so that every batch holds small and large ones, also where a CUDA graph repeats them.
    for part, rows in enumerate(chosen.chunk(groups) if len(chosen) else ()):
        share = (part + float(torch.rand(()))) / groups
        wanted = round(math.exp(math.log(12) + share * (math.log(72) - math.log(12))) * APP.scale)
        wanted = max(8, min(side, wanted))
        tiny = F.interpolate(x[rows], (wanted, wanted), mode="area")
        tiny = noise(tiny, 0.3)
        tiny = jpeg(tiny, 0.6, 50, 97)
        x = x.index_copy(0, rows, F.interpolate(tiny, (side, side), mode="bilinear", align_corners=False))
    return x


def noise(x: Tensor, probability: float) -> Tensor:
    amount = _hit(len(x), probability, x).float() * _draw(len(x), 2, 14, x)
    return (x + torch.randn_like(x) * amount[:, None, None, None]).clamp(0, 255)


_LUMA = torch.tensor([
    [16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55], [14, 13, 16, 24, 40, 57, 69, 56],
    [14, 17, 22, 29, 51, 87, 80, 62], [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99],
], dtype=torch.float32)  # fmt: skip
_CHROMA = torch.full((8, 8), 99.0)
_CHROMA[:4, :4] = torch.tensor([[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]).float()
_TO_YCC = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


@lru_cache
def _constants(device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """On the card once: both quantisation tables and the cosine transform of a tile as rows of 64, and RGB to YCbCr
    and back."""
    k = torch.arange(8, dtype=torch.float64)
    line = torch.cos((2 * k[None] + 1) * k[:, None] * math.pi / 16) * 0.5
    line[0] *= math.sqrt(0.5)
    tile = torch.kron(line, line).float()
    found = (_LUMA.reshape(-1), _CHROMA.reshape(-1), tile, _TO_YCC, torch.linalg.inv(_TO_YCC))
    return tuple(t.to(device) for t in found)


def jpeg(x: Tensor, probability: float, low: float, high: float) -> Tensor:
    """What JPEG (ITU-T T.81, the tables of its annex K, halved colour) leaves of some of the pictures."""
    chosen = _some(len(x), probability, x)
    if len(chosen) == 0:
        return x
    height, width = x.shape[2:]
    y = F.pad(x[chosen], [0, -width % 16, 0, -height % 16], mode="replicate")
    quality = _draw(len(chosen), low, high, x)
    factor = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
    luma, chroma, tile, to_ycc, to_rgb = _constants(x.device)
    ycc = torch.einsum("nchw,dc->ndhw", y - 128, to_ycc)
    colour = F.avg_pool2d(ycc[:, 1:], 2)
    bright = _quantised(ycc[:, :1], luma, factor, tile)
    colour = F.interpolate(_quantised(colour, chroma, factor, tile), scale_factor=2.0, mode="nearest")
    back = torch.einsum("nchw,dc->ndhw", torch.cat([bright, colour], 1), to_rgb) + 128
    return x.index_copy(0, chosen, back[:, :, :height, :width].clamp(0, 255))


def _quantised(planes: Tensor, table: Tensor, factor: Tensor, tile: Tensor) -> Tensor:
    n, c, height, width = planes.shape
    steps = (table[None] * factor[:, None]).clamp(1, 255)[:, None]
    tiles = planes.reshape(n, c, height // 8, 8, width // 8, 8).permute(0, 1, 2, 4, 3, 5).reshape(n, -1, 64)
    rounded = torch.round((tiles @ tile.T) / steps) * steps
    back = (rounded @ tile).reshape(n, c, height // 8, width // 8, 8, 8)
    return back.permute(0, 1, 2, 4, 3, 5).reshape(n, c, height, width)


def varied(pictures: Tensor, boxes: Tensor, landmarks: Tensor, side: int, strength: Strength) -> Tensor:
    """Faces as a camera might have seen them: float (n, 3, side, side)."""
    return seen(posed(pictures, boxes, landmarks, side, strength), strength)


def posed(
    pictures: Tensor, boxes: Tensor, landmarks: Tensor, side: int, strength: Strength, crop: Crop = APP
) -> Tensor:
    """Faces turned, shifted and covered: float (n, 3, side, side)."""
    fine = side if side >= 112 else 2 * side  # a small crop is read finer and averaged, as the app shrinks by area
    grid = sampling_grid(boxes, fine, strength, scale=crop.scale)
    x = covers.covered(sample(pictures, grid, crop.border), grid, landmarks, strength.cover)
    return x if fine == side else F.avg_pool2d(x, 2)


def not_faces(
    pictures: Tensor, boxes: Tensor, landmarks: Tensor, side: int, strength: Strength, crop: Crop = APP
) -> Tensor:
    """Faces made into none: the back of a head for the first half, a piece beside the face for the second."""
    half = len(pictures) // 2
    behind = covers.turned_away(sampling_grid(boxes[:half], side, strength, scale=crop.scale), landmarks[:half])
    rest = len(pictures) - half
    angle = _draw(rest, 0, 2 * math.pi, boxes)
    away = torch.stack([angle.cos(), angle.sin()], 1) * _draw(rest, 0.38, 0.5, boxes)[:, None]
    zoom = _draw(rest, 0.2, 0.4, boxes)
    beside = sampling_grid(boxes[half:], side, strength, away, zoom, scale=crop.scale)
    return sample(pictures, torch.cat([behind, beside]), crop.border)


def seen(x: Tensor, strength: Strength) -> Tensor:
    """Crops as a camera might have seen them: light, what a lens and a moment do, what a sensor and JPEG add."""
    x = motion(blur(light(x, strength), strength), strength)
    x = small(x, strength)
    return jpeg(noise(x, strength.noise), strength.jpeg, 18, 95)


def plain(pictures: Tensor, boxes: Tensor, side: int, crop: Crop = APP) -> Tensor:
    """The crops as the app makes them (but for whole pixels), without any variation."""
    fine = side if side >= 112 else 2 * side
    centre, long = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).amax(1) * crop.scale
    steps = (torch.arange(fine, device=boxes.device) + 0.5) / fine - 0.5
    grid = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), -1)[None] * long[:, None, None, None]
    x = sample(pictures, grid + centre[:, None, None], crop.border)
    return x if fine == side else F.avg_pool2d(x, 2)


def whole_boxes(pictures: Tensor) -> Tensor:
    """The boxes (n, 4) of pictures of no face: nearly all of them, as if a detector had reported them."""
    near, far = NEGATIVE_RIM * pictures.shape[-1], (1 - NEGATIVE_RIM) * pictures.shape[-1]
    return torch.tensor([near, near, far, far], device=pictures.device).expand(len(pictures), 4)
