"""The plain convolutional networks of the textbooks."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, regularizers

from desktop_app.errors import SettingsError
from desktop_app.training.config import TrainingConfig
from desktop_app.training.networks.heads import with_heads


def cnn32(config: TrainingConfig) -> Any:
    """32x32 grey: three pairs of 3x3 convolutions with max pooling and dropout, two dense layers of 1024; 3.4 M
    parameters.

    The Sequential network of the beginners' courses, as in Keras's own CIFAR-10 example with a third pair.
    """
    crops = keras.Input(config.input.shape, name="crops")
    x = crops
    for filters in (32, 64, 128):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
        x = layers.Dropout(0.25)(x)
    x = layers.Flatten()(x)
    for _ in range(2):
        x = layers.Dense(1024, activation="relu")(x)
        x = layers.Dropout(0.5)(x)
    return keras.Model(crops, with_heads(x, config), name="cnn32")


def fully_conv9(config: TrainingConfig) -> Any:
    """Nine convolutions with BatchNorm and ReLU, then class maps and global average pooling; about 0.6 M parameters.

    The first network of Arriaga, Valdenegro and Plöger 2017 (arXiv:1710.07557): 7x7x16 twice, 5x5x32 twice, 3x3x64
    twice, 3x3x128 twice, 3x3x256. It has no dense layer at all, so each gender is a map that is averaged.
    """
    if config.gender != "softmax" or config.age != "none":
        raise SettingsError(
            "fully_conv9 answers gender only, by softmax.", 'Leave gender = "softmax" and age = "none".'
        )
    crops = keras.Input(config.input.shape, name="crops")
    x = crops
    for filters, kernel in ((16, 7), (32, 5), (64, 3), (128, 3)):
        for half in range(2):
            x = layers.Conv2D(filters, kernel, padding="same", use_bias=False)(x)
            x = layers.BatchNormalization()(x)
            if half or filters > 16:
                x = layers.ReLU()(x)
        x = layers.AveragePooling2D(2, padding="same")(x)
        x = layers.Dropout(0.5)(x)
    x = layers.Conv2D(256, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.Conv2D(2, 3, padding="same", name="class_maps")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(crops, {"gender": layers.Softmax(name="gender", dtype="float32")(x)}, name="fully_conv9")


def small_vgg96(config: TrainingConfig) -> Any:
    """96x96 colour: 32 / 64-64 / 128-128 filters with BatchNorm, pooling 3, 2 and 2, dense 1024: the "smaller VGGNet".

    ReLU comes before BatchNorm, as in the code this network is known from.
    """
    crops = keras.Input(config.input.shape, name="crops")
    x = crops
    for filters, repeats, pool in ((32, 1, 3), (64, 2, 2), (128, 2, 2)):
        for _ in range(repeats):
            x = layers.Conv2D(filters, 3, padding="same")(x)
            x = layers.ReLU()(x)
            x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(pool)(x)
        x = layers.Dropout(0.25)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(1024, kernel_regularizer=regularizers.L2(config.weight_decay) if config.weight_decay else None)(x)
    x = layers.ReLU()(x)
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(0.5)(x)
    return keras.Model(crops, with_heads(x, config), name="small_vgg96")
