"""What EfficientNet-Lite is made of, without any framework: read by its Keras and its PyTorch version alike."""

from __future__ import annotations

import math
from dataclasses import dataclass

BN_EPSILON = 1e-3
STEM_FILTERS = 32
HEAD_FILTERS = 1280

_STAGES = (
    # blocks, kernel, stride, expansion, filters
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""The seven stages of the smallest one; the others have more filters and more blocks."""

SCALES = {"efficientnet_lite0": (1.0, 1.0), "efficientnet_lite1": (1.0, 1.1), "efficientnet_lite2": (1.1, 1.2)}
"""For each network the factors on the filters and on the number of blocks of a stage."""


@dataclass(frozen=True, slots=True)
class Block:
    """One inverted bottleneck: `expansion` 1 has no widening convolution; `shortcut` adds the input to the output."""

    kernel: int
    stride: int
    expansion: int
    filters_in: int
    filters_out: int

    @property
    def shortcut(self) -> bool:
        return self.stride == 1 and self.filters_in == self.filters_out


def blocks(name: str) -> list[Block]:
    """The blocks of "efficientnet_lite0", "..1" or "..2" in their order."""
    width, depth = SCALES[name]
    found: list[Block] = []
    filters_in = STEM_FILTERS
    for stage, (count, kernel, stride, expansion, filters) in enumerate(_STAGES):
        wide = _to_eight(filters * width)
        # The first and the last stage keep their one block, as the stem and the head keep their filters.
        repeats = count if stage in (0, len(_STAGES) - 1) else math.ceil(count * depth)
        for k in range(repeats):
            found.append(Block(kernel, stride if k == 0 else 1, expansion, filters_in, wide))
            filters_in = wide
    return found


def _to_eight(filters: float) -> int:
    """The nearest multiple of 8, but never less than nine tenths of what was asked for."""
    rounded = max(8, int(filters + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * filters else rounded
