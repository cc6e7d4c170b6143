"""What PyTorch computes, in float64 numpy, channels first: to check the Keras networks that take PyTorch's weights."""

from __future__ import annotations

import numpy as np

Weights = dict[str, np.ndarray]
"""Float32 arrays by PyTorch's names."""


def convolved(x: np.ndarray, kernel: np.ndarray, stride: int = 1) -> np.ndarray:
    """A convolution of (n, c, h, w) with TensorFlow's SAME padding; each channel by itself where the kernel has one."""
    kernel = kernel.astype(np.float64)
    size = kernel.shape[2]
    pads = []
    for side in x.shape[2:]:
        total = max(0, (-(-side // stride) - 1) * stride + size - side)
        pads.append((total // 2, total - total // 2))
    padded = np.pad(x, [(0, 0), (0, 0), *pads])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), (2, 3))[:, :, ::stride, ::stride]
    each = kernel.shape[1] == 1 and kernel.shape[0] == x.shape[1]
    if each:
        return np.einsum("nchwij,cij->nchw", windows, kernel[:, 0], optimize=True)
    return np.einsum("nchwij,ocij->nohw", windows, kernel, optimize=True)


def normalised(x: np.ndarray, weights: Weights, name: str, epsilon: float) -> np.ndarray:
    """BatchNorm in use: with the averages of its training."""
    gain, shift, mean, variance = (
        weights[f"{name}.{part}"].astype(np.float64)[:, None, None]
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / np.sqrt(variance + epsilon) * gain + shift


def scores_of(features: np.ndarray, weights: Weights) -> Weights:
    """The three heads before softmax and sigmoid."""
    return {
        head: features @ weights[f"{head}.weight"].T + weights[f"{head}.bias"] for head in ("gender", "age", "face")
    }


def random_heads(rng: np.random.Generator, inputs: int) -> Weights:
    found: Weights = {}
    for head, units in (("gender", 2), ("age", 9), ("face", 1)):
        found[f"{head}.weight"] = rng.normal(0, 0.05, (units, inputs))
        found[f"{head}.bias"] = rng.normal(0, 0.1, units)
    return found
