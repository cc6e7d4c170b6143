"""The product's own network: a small residual network with three answers (gender, age band, face or not)."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from desktop_app.training.config import TrainingConfig
from desktop_app.training.networks.heads import three_answers
from desktop_app.training.residual import BN_EPSILON, DEPTHS, DROPOUT, WIDTHS


def headcount(config: TrainingConfig) -> Any:
    """3x3 residual blocks (He et al. 2015, arXiv:1512.03385) of 32 to 288 filters, global average pooling, three heads.

    3.3 M parameters. It takes colour crops of any size from 32 up, so that most of the training can be done on small
    ones. A shortcut that halves the size averages 2x2 first, which loses nothing (He et al. 2018, arXiv:1812.01187).
    """
    inputs = keras.Input((None, None, config.input.channels), name="face_rgb")
    x = _conv_bn(inputs, WIDTHS[0], 3, 2, name="stem")
    for stage, (filters, depth) in enumerate(zip(WIDTHS, DEPTHS, strict=True), start=1):
        for k in range(1, depth + 1):
            x = _residual(x, filters, 2 if k == 1 and stage > 1 else 1, f"stage{stage}_{k}")
    features = layers.GlobalAveragePooling2D(name="features")(x)
    dropped = layers.Dropout(DROPOUT, name="dropout")(features)
    return keras.Model(inputs, three_answers(dropped, config), name="headcount")


def _conv_bn(x: Any, filters: int, size: int, stride: int, *, activation: bool = True, name: str) -> Any:
    x = layers.Conv2D(
        filters, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv"
    )(x)
    x = layers.BatchNormalization(momentum=0.98, epsilon=BN_EPSILON, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if activation else x


def _residual(x: Any, filters: int, stride: int, name: str) -> Any:
    y = _conv_bn(x, filters, 3, stride, name=f"{name}_a")
    y = _conv_bn(y, filters, 3, 1, activation=False, name=f"{name}_b")
    if stride > 1:
        x = layers.AveragePooling2D(2, padding="same", name=f"{name}_pool")(x)
    if x.shape[-1] != filters:
        x = _conv_bn(x, filters, 1, 1, activation=False, name=f"{name}_skip")
    return layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_add")([x, y]))
