"""EfficientNet-Lite in PyTorch, layer for layer what `training/networks/efficientnet_lite.py` is in Keras.

Module names are those of the published ImageNet weights, so that their state dict loads as it is. The forward pass
gives scores before softmax and sigmoid, and the features, as a dict of (n, units).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from desktop_app.training.efficientnet import BN_EPSILON, HEAD_FILTERS, STEM_FILTERS, Block, blocks
from tools.gpu.layers import HEADS, Network, SameConv, add_heads
from tools.gpu.residual import fresh


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=BN_EPSILON, momentum=0.03)


class Bottleneck(nn.Module):  # type: ignore[misc]
    """Widen, filter each channel, narrow; `drop` is the chance that a face skips the block in training."""

    def __init__(self, block: Block, drop: float) -> None:
        super().__init__()
        wide = block.filters_in * block.expansion
        self.block, self.drop = block, drop
        if block.expansion > 1:
            self._expand_conv = SameConv(block.filters_in, wide, 1, bias=False)
            self._bn0 = _norm(wide)
        self._depthwise_conv = SameConv(wide, wide, block.kernel, block.stride, groups=wide, bias=False)
        self._bn1 = _norm(wide)
        self._project_conv = SameConv(wide, block.filters_out, 1, bias=False)
        self._bn2 = _norm(block.filters_out)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        if self.block.expansion > 1:
            y = F.relu6(self._bn0(self._expand_conv(y)))
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        if not self.block.shortcut:
            return y
        if self.training and self.drop:
            kept = (torch.rand(len(y), 1, 1, 1, device=y.device) >= self.drop).to(y.dtype) / (1 - self.drop)
            y = y * kept
        return x + y


class EfficientNetLite(Network):
    """`name` is "efficientnet_lite0", "..1" or "..2"."""

    mean, scale = 127.0, 1 / 128

    def __init__(self, name: str, *, drop_path: float = 0.0, dropout: float = 0.25) -> None:
        super().__init__()
        plan = blocks(name)
        self._conv_stem = SameConv(3, STEM_FILTERS, 3, 2, bias=False)
        self._bn0 = _norm(STEM_FILTERS)
        self._blocks = nn.ModuleList(Bottleneck(b, drop_path * i / len(plan)) for i, b in enumerate(plan))
        self._conv_head = SameConv(plan[-1].filters_out, HEAD_FILTERS, 1, bias=False)
        self._bn1 = _norm(HEAD_FILTERS)
        self.dropout = dropout
        add_heads(self, HEAD_FILTERS)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        x = F.relu6(self._bn1(self._conv_head(x)))
        features = x.float().mean((2, 3))
        dropped = F.dropout(features, self.dropout, self.training)
        scores = {head: self.get_submodule(head)(dropped) for head in HEADS}
        return scores | {"features": features}


def build(name: str, *, drop_path: float = 0.0, dropout: float = 0.25) -> Network:
    """The network `name`, an EfficientNet-Lite or the residual network "headcount", with fresh weights."""
    if name == "headcount":
        return fresh(dropout=dropout)
    return EfficientNetLite(name, drop_path=drop_path, dropout=dropout)


def load_start(model: Network, weights: dict[str, np.ndarray[Any, Any]]) -> None:
    """Put ImageNet weights into all but the heads. Raises RuntimeError if a layer is left out."""
    state = {k: torch.from_numpy(np.asarray(v, np.float32)) for k, v in weights.items() if not k.startswith("_fc")}
    missing, unexpected = model.load_state_dict(state, strict=False)
    left_out = [k for k in missing if k.split(".")[0] not in HEADS and not k.endswith("num_batches_tracked")]
    if left_out or unexpected:
        raise RuntimeError(f"The starting weights do not fit: {left_out[:3]} missing, {unexpected[:3]} unexpected.")
