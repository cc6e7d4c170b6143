"""mini-Xception: the well-known tiny gender network."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, regularizers

from desktop_app.errors import SettingsError
from desktop_app.training.config import TrainingConfig


def mini_xception(config: TrainingConfig) -> Any:
    """Four residual depthwise-separable blocks of 16, 32, 64 and 128 filters, then global average pooling; 53 k
    parameters.

    Arriaga, Valdenegro and Plöger 2017 (arXiv:1710.07557), section III.
    """
    if config.gender != "softmax" or config.age != "none":
        raise SettingsError(
            "mini_xception answers gender only, by softmax.", 'Leave gender = "softmax" and age = "none".'
        )
    decay = regularizers.L2(config.weight_decay) if config.weight_decay else None
    crops = keras.Input(config.input.shape, name="crops")
    x = crops
    for _ in range(2):
        x = layers.Conv2D(8, 3, use_bias=False, kernel_regularizer=decay)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
    for filters in (16, 32, 64, 128):
        # The same as a 1x1 convolution of stride 2; TensorFlow 2.21's oneDNN kernel for the gradient of that one
        # corrupts
        # the heap at 60x60x8 and ends the process.
        shortcut = layers.MaxPooling2D(1, strides=2, padding="same")(x)
        shortcut = layers.Conv2D(filters, 1, use_bias=False)(shortcut)
        shortcut = layers.BatchNormalization()(shortcut)
        for half in range(2):
            x = layers.SeparableConv2D(
                filters, 3, padding="same", use_bias=False, depthwise_regularizer=decay, pointwise_regularizer=decay
            )(x)
            x = layers.BatchNormalization()(x)
            if half == 0:
                x = layers.ReLU()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        x = layers.Add()([x, shortcut])
    x = layers.Conv2D(2, 3, padding="same", name="class_maps")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(crops, {"gender": layers.Softmax(name="gender", dtype="float32")(x)}, name="mini_xception")
