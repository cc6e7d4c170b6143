"""What covers a face, placed by its landmarks: masks, dark glasses, caps, hoods, hands, bars; and backs of heads.

A face has coordinates of its own: the origin between the eyes, `down` along the line to the middle of the mouth, which
lies at 1, and `across` at a right angle to it. So a cover follows the head however it is turned.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

_COLOURS = torch.tensor([
    [165, 200, 220], [235, 238, 240], [25, 25, 28], [150, 190, 170], [90, 110, 160], [200, 60, 70], [120, 100, 80],
], dtype=torch.float32)  # fmt: skip


KINDS = ("mask", "mask", "glasses", "cap", "hood", "no hair", "no hair", "hand", "bar", "block")
"""What covers a face, each as often as it stands here."""

_GLASSES, _HAND, _BAR = (KINDS.index(name) for name in ("glasses", "hand", "bar"))


@lru_cache
def _colours(device: torch.device) -> Tensor:
    return _COLOURS.to(device)


def face_coordinates(grid: Tensor, landmarks: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(across, down, eyes): (n, side, side) each, and how far each eye lies `across`, (n, 2)."""
    eyes, mouth = landmarks[:, :2], landmarks[:, 3:5].mean(1)
    origin = eyes.mean(1)
    axis = mouth - origin
    length = axis.norm(dim=1, keepdim=True).clamp_min(4.0)
    axis = axis / length
    side = torch.stack([axis[:, 1], -axis[:, 0]], 1)
    away = grid - origin[:, None, None]
    down = (away * axis[:, None, None]).sum(-1) / length[:, None]
    across = (away * side[:, None, None]).sum(-1) / length[:, None]
    return across, down, ((eyes - origin[:, None]) * side[:, None]).sum(-1) / length


def covered(x: Tensor, grid: Tensor, landmarks: Tensor, probability: float, kind: int | None = None) -> Tensor:
    """Cover some of the faces in crops `x` (n, 3, side, side); `grid` is where their pixels come from.

    `kind` is an index into `KINDS`, a random one for each face by default. Faces without landmarks stay as they are.
    """
    chosen = torch.randperm(len(x), device=x.device)[: round(probability * len(x))]
    if len(chosen) == 0:
        return x
    faces = x[chosen]
    n, device = len(chosen), x.device
    u, v, eyes = face_coordinates(grid[chosen], landmarks[chosen])

    def draw(low: float, high: float) -> Tensor:
        return torch.empty(n, 1, 1, device=device).uniform_(low, high)

    kinds = (
        torch.randint(len(KINDS), (n, 1, 1), device=device)
        if kind is None
        else torch.full((n, 1, 1), kind, device=device)
    )
    colour = _colours(device)[torch.randint(0, len(_COLOURS), (n,), device=device)]
    colour = torch.where(torch.rand(n, 1, device=device) < 0.4, torch.rand(n, 3, device=device) * 255, colour)
    skin = faces.mean((2, 3)) * torch.empty(n, 1, device=device).uniform_(0.8, 1.25)
    bow = draw(0.0, 0.25)
    mask = (v > draw(0.25, 0.6) + bow * u.abs()) & (v < draw(1.5, 2.0)) & (u.abs() < 1.15 - 0.3 * (v - 1).clamp(0, 1))
    wide, high = draw(0.28, 0.48), draw(0.2, 0.38)
    glass = (((u - eyes[:, :1, None]) / wide) ** 2 + ((v - 0.03) / high) ** 2 < 1) | (
        ((u - eyes[:, 1:, None]) / wide) ** 2 + ((v - 0.03) / high) ** 2 < 1
    )
    glasses = glass | ((v.abs() < 0.06) & (u.abs() < 1.0))
    cap = v < draw(-0.75, -0.2) - draw(-0.15, 0.15) * u
    hood = (u / draw(0.85, 1.15)) ** 2 + ((v - 0.45) / draw(1.15, 1.5)) ** 2 > 1
    no_hair = (u.abs() > draw(0.95, 1.25)) & (v > draw(-0.9, 0.3))
    hx, hy = draw(-0.9, 0.9), draw(0.1, 1.7)
    hand = ((u - hx) / draw(0.35, 0.7)) ** 2 + ((v - hy) / draw(0.25, 0.7)) ** 2 < 1
    level = draw(-0.4, 1.4)
    bar = (v - level).abs() < draw(0.08, 0.28)
    left, top = draw(-1.3, 0.6), draw(-1.3, 1.2)
    block = (u > left) & (u < left + draw(0.4, 1.4)) & (v > top) & (v < top + draw(0.4, 1.4))
    shapes = torch.stack([mask, mask, glasses, cap, hood, no_hair, no_hair, hand, bar, block])
    shapes &= torch.isfinite(landmarks[chosen, :1, :1])[None]
    shape = shapes.gather(0, kinds.expand(-1, *u.shape[1:])[None])[0]
    paint = torch.where((kinds[:, 0] == _HAND), skin, colour)
    paint = torch.where((kinds[:, 0] == _GLASSES) | (kinds[:, 0] == _BAR), colour * 0.15, paint)
    folds = 1 + 0.08 * torch.sin(v * draw(4, 24) + u * draw(-6, 6))
    rough = torch.randn_like(faces) * draw(0, 1)[:, None] ** 3 * 40
    fill = paint[:, :, None, None] * folds[:, None] + rough
    opaque = torch.where(kinds == _GLASSES, draw(0.75, 1.0), torch.ones_like(draw(0, 1)))[:, None]
    result = torch.where(shape[:, None], fill * opaque + faces * (1 - opaque), faces).clamp(0, 255)
    return x.index_copy(0, chosen, result)


def turned_away(grid: Tensor, landmarks: Tensor) -> Tensor:
    """Bend a grid so that hair is read where the face was: the back of a head. Faces without landmarks stay pictures
    of their upper rim."""
    points = torch.where(torch.isfinite(landmarks), landmarks, torch.full_like(landmarks, 0.0))
    u, v, _ = face_coordinates(grid, points)
    inside = ((u / 1.2) ** 2 + ((v - 0.4) / 1.6) ** 2 < 1) | ~torch.isfinite(landmarks[:, :1, :1])
    eyes, mouth = points[:, :2].mean(1), points[:, 3:5].mean(1)
    axis = mouth - eyes
    length = axis.norm(dim=1, keepdim=True).clamp_min(4.0)
    axis = axis / length
    side = torch.stack([axis[:, 1], -axis[:, 0]], 1)
    # Up and down over the strip of hair again and again, a little narrower each time.
    strip = -1.05 + 0.22 * torch.sin(v * 4.0 + u)
    narrow = u * 0.75
    bent = (
        eyes[:, None, None]
        + (strip * length[:, None])[..., None] * axis[:, None, None]
        + (narrow * length[:, None])[..., None] * side[:, None, None]
    )
    return torch.where(inside[..., None], bent, grid)
