"""The computer-vision baseline: histograms of oriented gradients and a linear classifier."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from desktop_app.training.config import TrainingConfig
from desktop_app.training.networks.heads import with_heads

TINY = 2.0**-16
"""Keeps roots and quotients away from zero."""


@keras.saving.register_keras_serializable(package="headcount")
class HistogramOfGradients(layers.Layer):  # type: ignore[misc]
    """HOG (Dalal and Triggs 2005) of a grey picture, with nothing to learn: (n, h, w, 1) to (n, blocks, blocks, 4 *
    bins).

    Centred differences, unsigned orientation in `bins` bins with linear interpolation between the two nearest,
    votes by magnitude summed over cells of `cell` pixels, blocks of 2x2 cells with stride 1, L2-Hys normalisation
    (clipped at 0.2). Votes are not interpolated between cells. Plain operations only, so that it and its gradient
    export like any network. Height and width must be multiples of `cell`.
    """

    def __init__(self, cell: int = 8, bins: int = 9, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cell, self.bins = cell, bins

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        across = np.zeros((3, 3, 1, 1), np.float32)
        across[1, 0], across[1, 2] = -1, 1
        self.across = ops.convert_to_tensor(across)
        self.down = ops.convert_to_tensor(across.transpose(1, 0, 2, 3))
        # A 2x2 convolution that lays the histograms of four cells side by side; slices have no gradient in LiteRT.
        block = np.zeros((2, 2, self.bins, 4 * self.bins), np.float32)
        for corner in range(4):
            block[corner // 2, corner % 2, :, corner * self.bins : (corner + 1) * self.bins] = np.eye(self.bins)
        self.block = ops.convert_to_tensor(block)
        self.centres = ops.convert_to_tensor(np.arange(self.bins, dtype=np.float32) + 0.5)

    def call(self, inputs: Any) -> Any:
        dx, dy = ops.conv(inputs, self.across, padding="same"), ops.conv(inputs, self.down, padding="same")
        magnitude = ops.sqrt(dx * dx + dy * dy + TINY)
        # Unsigned orientation in units of bins; a gradient and its opposite fall together.
        angle = ops.arctan2(dy, dx + TINY) * (self.bins / math.pi)
        angle = angle + ops.cast(angle < 0, "float32") * float(self.bins)
        away = ops.abs(angle - self.centres)
        away = ops.minimum(away, self.bins - away)
        cells = self._sum_cells(magnitude * ops.maximum(1.0 - away, 0.0))
        blocks = ops.conv(cells, self.block, padding="valid")
        return _unit(ops.minimum(_unit(blocks), 0.2))

    def _sum_cells(self, votes: Any) -> Any:
        """Sum over cells with reshapes, whose gradient LiteRT has; that of a pooling it has not."""
        _, height, width, bins = votes.shape
        rows, columns = height // self.cell, width // self.cell
        summed = ops.sum(ops.reshape(votes, (-1, rows, self.cell, width * bins)), axis=2)
        summed = ops.sum(ops.reshape(summed, (-1, rows * columns, self.cell, bins)), axis=2)
        return ops.reshape(summed, (-1, rows, columns, bins))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cell": self.cell, "bins": self.bins}


def _unit(blocks: Any) -> Any:
    return blocks / ops.sqrt(ops.sum(blocks * blocks, axis=-1, keepdims=True) + TINY)


def classical(config: TrainingConfig) -> Any:
    """HOG of cells of 8 pixels, then one linear layer: logistic regression, trained as any other network."""
    crops = keras.Input(config.input.shape, name="crops")
    x = HistogramOfGradients(name="hog", dtype="float32")(crops)
    x = layers.Flatten()(x)
    return keras.Model(crops, with_heads(x, config), name="classical")
