"""The computer-vision baseline: histograms of oriented gradients and a linear classifier."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import layers, ops, regularizers

from desktop_app.training.config import TrainingConfig
from desktop_app.training.networks.heads import with_heads


@keras.saving.register_keras_serializable(package="headcount")  # type: ignore[untyped-decorator]
class HistogramOfGradients(layers.Layer):  # type: ignore[misc]
    """HOG (Dalal and Triggs 2005) of a grey picture, with nothing to learn: (n, h, w, 1) to (n, blocks, blocks, 4 * bins).

    Centred differences, unsigned orientation in `bins` bins with linear interpolation between the two nearest, votes by
    magnitude summed over cells of `cell` pixels, blocks of 2x2 cells with stride 1, L2-Hys normalisation (clipped
    at 0.2). Votes are not interpolated between cells. Plain operations only, so that it exports like any network.
    """

    def __init__(self, cell: int = 8, bins: int = 9, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cell, self.bins = cell, bins

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        kernel = np.zeros((3, 3, 1, 2), np.float32)
        kernel[1, 0, 0, 0], kernel[1, 2, 0, 0] = -1, 1
        kernel[0, 1, 0, 1], kernel[2, 1, 0, 1] = -1, 1
        self.kernel = ops.convert_to_tensor(kernel)
        self.centres = ops.convert_to_tensor((np.arange(self.bins, dtype=np.float32) + 0.5))

    def call(self, inputs: Any) -> Any:
        gradient = ops.conv(inputs, self.kernel, padding="same")
        dx, dy = gradient[..., :1], gradient[..., 1:]
        magnitude = ops.sqrt(dx * dx + dy * dy + 1e-12)
        # Unsigned orientation in units of bins; a gradient and its opposite fall together.
        angle = ops.arctan2(dy, dx + 1e-9) * (self.bins / math.pi)
        angle = angle + ops.cast(angle < 0, "float32") * float(self.bins)
        away = ops.abs(angle - self.centres)
        away = ops.minimum(away, self.bins - away)
        votes = magnitude * ops.relu(1.0 - away)
        cells = ops.average_pool(votes, self.cell, strides=self.cell, padding="valid") * float(self.cell**2)
        blocks = ops.concatenate(
            [cells[:, :-1, :-1], cells[:, :-1, 1:], cells[:, 1:, :-1], cells[:, 1:, 1:]], axis=-1
        )
        for _ in range(2):
            blocks = blocks / ops.sqrt(ops.sum(blocks * blocks, axis=-1, keepdims=True) + 1e-6)
            clipped = ops.minimum(blocks, 0.2)
            blocks = clipped
        return clipped / ops.sqrt(ops.sum(clipped * clipped, axis=-1, keepdims=True) + 1e-6)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cell": self.cell, "bins": self.bins}


def classical(config: TrainingConfig) -> Any:
    """HOG of cells of 8 pixels, then one linear layer: logistic regression, trained as any other network."""
    crops = keras.Input(config.input.shape, name="crops")
    x = HistogramOfGradients(name="hog")(crops)
    x = layers.Flatten()(x)
    if config.weight_decay:
        x = layers.ActivityRegularization(0.0)(x)
    return keras.Model(crops, with_heads(x, config), name="classical")


__all__ = ["HistogramOfGradients", "classical", "regularizers"]
