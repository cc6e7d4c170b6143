"""Are these two the same person? A second opinion from looks, where position has nothing to say.

Descriptors live in memory only, as long as the person is remembered, and are never written anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]

CLOTHES_SHARE = 0.3
"""How much the clothes count beside the face where both are known."""

CLOTHES_FLOOR = 0.7
"""Two strangers' clothes have a Bhattacharyya coefficient of up to about this: it is where their likeness starts."""

CLOTHES_ALONE = 0.85
"""The most that clothes say without a face: many people wear black."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What is remembered of someone's looks: unit vectors of float32, None where unknown.

    `face` comes from `vision.likeness`, `clothes` from `vision.appearance`.
    """

    face: Vector | None = None
    clothes: Vector | None = None

    def likeness(self, other: Looks) -> float | None:
        """Return 0..1, 1 for the same looks, or None if there is nothing to compare."""
        face = _product(self.face, other.face)
        clothes = _product(self.clothes, other.clothes)
        if clothes is not None:
            clothes = max(0.0, (clothes - CLOTHES_FLOOR) / (1 - CLOTHES_FLOOR))
        if face is None:
            return None if clothes is None else CLOTHES_ALONE * clothes
        return face if clothes is None else (1 - CLOTHES_SHARE) * face + CLOTHES_SHARE * clothes


def _product(a: Vector | None, b: Vector | None) -> float | None:
    if a is None or b is None or a.shape != b.shape:
        return None
    return min(1.0, max(0.0, float(np.dot(a, b))))
