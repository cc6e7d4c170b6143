"""The product's residual network in PyTorch, layer for layer what `training/networks/headcount.py` is in Keras.

Module names are those of the Keras layers, by which `training/starts.py` brings the weights over.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from desktop_app.training.residual import BN_EPSILON, DEPTHS, DROPOUT, WIDTHS
from tools.gpu.layers import HEADS, Network, SameConv, add_heads

MOMENTUM = 0.02


class Residual(Network):
    """Takes crops of any size from 32 up."""

    mean, scale = 127.5, 1 / 127.5

    def __init__(self, *, dropout: float = DROPOUT) -> None:
        super().__init__()
        self.dropout = dropout
        self._conv_bn("stem", 3, WIDTHS[0], 3, 2)
        filters_in = WIDTHS[0]
        for stage, (filters, depth) in enumerate(zip(WIDTHS, DEPTHS, strict=True), start=1):
            for k in range(1, depth + 1):
                name = f"stage{stage}_{k}"
                self._conv_bn(f"{name}_a", filters_in, filters, 3, 2 if k == 1 and stage > 1 else 1)
                self._conv_bn(f"{name}_b", filters, filters, 3, 1)
                if filters_in != filters:
                    self._conv_bn(f"{name}_skip", filters_in, filters, 1, 1)
                filters_in = filters
        add_heads(self, filters_in)

    def _conv_bn(self, name: str, filters_in: int, filters: int, size: int, stride: int) -> None:
        conv = SameConv(filters_in, filters, size, stride, bias=False)
        nn.init.kaiming_normal_(conv.weight, mode="fan_in", nonlinearity="relu")
        self.add_module(f"{name}_conv", conv)
        self.add_module(f"{name}_bn", nn.BatchNorm2d(filters, eps=BN_EPSILON, momentum=MOMENTUM))

    def _normed(self, name: str, x: Tensor) -> Tensor:
        found: Tensor = self.get_submodule(f"{name}_bn")(self.get_submodule(f"{name}_conv")(x))
        return found

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        x = F.relu(self._normed("stem", x))
        for stage, depth in enumerate(DEPTHS, start=1):
            for k in range(1, depth + 1):
                name = f"stage{stage}_{k}"
                y = self._normed(f"{name}_b", F.relu(self._normed(f"{name}_a", x)))
                if k == 1 and stage > 1:
                    # What hangs over an odd rim is averaged over the pixels that are there, as Keras has it.
                    x = F.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False)
                if x.shape[1] != y.shape[1]:
                    x = self._normed(f"{name}_skip", x)
                x = F.relu(x + y)
        features = x.float().mean((2, 3))
        dropped = F.dropout(features, self.dropout, self.training)
        return {head: self.get_submodule(head)(dropped) for head in HEADS} | {"features": features}


def fresh(*, dropout: float = DROPOUT) -> Residual:
    """Random weights; each block begins as its shortcut alone (Goyal et al. 2017, arXiv:1706.02677)."""
    made = Residual(dropout=dropout)
    for name, module in made.named_modules():
        if name.endswith("_b_bn"):
            nn.init.zeros_(module.weight)
    return made
