"""The pair of Levi and Hassner 2015 ("Age and Gender Classification using Convolutional Neural Networks")."""

from __future__ import annotations

from typing import Any

import keras
from keras import initializers, layers, ops, regularizers

from desktop_app.training.config import TrainingConfig
from desktop_app.training.networks.heads import age_output, gender_output


@keras.saving.register_keras_serializable(package="headcount")
class LocalResponseNormalization(layers.Layer):  # type: ignore[misc]
    """x / (1 + alpha / n * sum of x^2 over n neighbouring channels) ^ beta, as in Caffe and AlexNet.

    Written with a banded 1x1 convolution, so that it and its gradient use plain operations everywhere.
    """

    def __init__(self, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size, self.alpha, self.beta = size, alpha, beta

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        channels = int(input_shape[-1] or 0)
        half = self.size // 2
        band = [[float(abs(i - j) <= half) for j in range(channels)] for i in range(channels)]
        self.band = ops.convert_to_tensor([[band]], "float32")

    def call(self, inputs: Any) -> Any:
        return inputs / self.base(inputs) ** self.beta

    def base(self, inputs: Any) -> Any:
        """1 + alpha / n * the windowed sum of squares: the denominator before its power."""
        return 1.0 + self.alpha / self.size * ops.conv(inputs * inputs, ops.cast(self.band, inputs.dtype))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "alpha": self.alpha, "beta": self.beta}


def levi_hassner(config: TrainingConfig) -> Any:
    """227x227 colour, two towers that share nothing: gender (2) and age (8 classes), 11 M parameters each.

    A tower: 96 filters 7x7 stride 4, 256 of 5x5, 384 of 3x3, each with ReLU and 3x3 max pooling of stride 2, the first
    two with local response normalisation; two dense layers of 512 with dropout 0.5. Weights are drawn with standard
    deviation 0.01 (0.005 in the dense layers), as theirs. The two are trained side by side, which is the same as
    training each alone.
    """
    crops = keras.Input(config.input.shape, name="crops")
    outputs = {"gender": gender_output(_tower(crops, config, "gender"), config)}
    if config.age != "none":
        outputs["age"] = age_output(_tower(crops, config, "age"), config)
    return keras.Model(crops, outputs, name="levi_hassner")


def _tower(crops: Any, config: TrainingConfig, name: str) -> Any:
    decay = regularizers.L2(config.weight_decay) if config.weight_decay else None
    normal = initializers.RandomNormal(stddev=0.01)
    x = crops
    for i, (filters, kernel, stride, padding) in enumerate(
        ((96, 7, 4, "valid"), (256, 5, 1, "same"), (384, 3, 1, "same")), 1
    ):
        x = layers.Conv2D(
            filters, kernel, strides=stride, padding=padding, kernel_initializer=normal, kernel_regularizer=decay,
            name=f"{name}_conv{i}",
        )(x)  # fmt: skip
        x = layers.ReLU(name=f"{name}_relu{i}")(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool{i}")(x)
        if i < 3:
            x = LocalResponseNormalization(name=f"{name}_norm{i}")(x)
    x = layers.Flatten(name=f"{name}_flatten")(x)
    for i in (6, 7):
        x = layers.Dense(
            512, kernel_initializer=initializers.RandomNormal(stddev=0.005), kernel_regularizer=decay,
            bias_initializer=initializers.Constant(1.0), name=f"{name}_fc{i}",
        )(x)  # fmt: skip
        x = layers.ReLU(name=f"{name}_fc{i}_relu")(x)
        x = layers.Dropout(0.5, name=f"{name}_drop{i}")(x)
    return x
