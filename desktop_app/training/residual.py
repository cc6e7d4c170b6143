"""What the residual network `headcount` is made of, without any framework: read by its Keras and PyTorch versions."""

from __future__ import annotations

WIDTHS = (32, 64, 128, 288)
"""The filters of each stage; the stem has those of the first."""

DEPTHS = (1, 2, 2, 2)
"""The blocks of each stage. The first block of every stage but the first halves the size."""

DROPOUT = 0.2
BN_EPSILON = 1e-3
