"""Layers that the networks in PyTorch share."""

from __future__ import annotations

import contextlib
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEADS = {"gender": 2, "age": 9, "face": 1}


class Network(nn.Module):  # type: ignore[misc]
    """Takes float (n, 3, h, w) RGB normalised as (pixel - `mean`) * `scale`; gives scores before softmax and sigmoid
    by the names of `HEADS`, and "features", each (n, units)."""

    mean: float
    scale: float

    def normalised(self, crops: Tensor) -> Tensor:
        """Crops of 0 to 255 as the network takes them."""
        return ((crops - self.mean) * self.scale).contiguous(memory_format=torch.channels_last)


class SameConv(nn.Conv2d):  # type: ignore[misc]
    """A convolution with TensorFlow's SAME padding: what is odd goes below and to the right."""

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        if stride == 1:
            return F.conv2d(x, self.weight, None, 1, kernel // 2, 1, self.groups)
        pads = []
        for side in (x.shape[3], x.shape[2]):
            total = max(0, (-(-side // stride) - 1) * stride + kernel - side)
            pads += [total // 2, total - total // 2]
        return F.conv2d(F.pad(x, pads), self.weight, None, stride, 0, 1, self.groups)


def mixed(device: torch.device, **options: Any) -> Any:
    """A context in which a network computes in bfloat16, on a card and on a processor with instructions for it."""
    if device.type == "cuda" or torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return torch.autocast(device.type, torch.bfloat16, **options)
    return contextlib.nullcontext()


def add_heads(network: nn.Module, features: int) -> None:
    """Give a network the three answers as layers on its features, by the names of `HEADS`."""
    for head, units in HEADS.items():
        layer = nn.Linear(features, units)
        nn.init.normal_(layer.weight, std=0.01)
        nn.init.zeros_(layer.bias)
        network.add_module(head, layer)
