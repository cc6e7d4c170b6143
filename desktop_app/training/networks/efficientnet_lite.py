"""EfficientNet-Lite with the program's three answers: gender, age band, and face or not.

The network is EfficientNet (Tan and Le 2019, arXiv:1905.11946) without squeeze-and-excitation and with ReLU6, as its
authors published it for small computers. Padding is TensorFlow's SAME and BatchNorm divides by sqrt(variance + 1e-3),
so that weights trained on ImageNet can be the start (`training/starts.py`). Crops are normalised as
(pixel - 127) / 128.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from desktop_app.training.config import TrainingConfig
from desktop_app.training.efficientnet import BN_EPSILON, HEAD_FILTERS, STEM_FILTERS, Block, blocks
from desktop_app.training.networks.heads import three_answers

DROPOUT = 0.25


def builder(name: str) -> Callable[[TrainingConfig], Any]:
    """What builds the network `name` from a configuration."""

    def build(config: TrainingConfig) -> Any:
        return _efficientnet_lite(name, config)

    return build


def _efficientnet_lite(name: str, config: TrainingConfig) -> Any:
    inputs = keras.Input((None, None, config.input.channels), name="face_rgb")
    x = _conv(inputs, STEM_FILTERS, 3, 2, "stem")
    for number, block in enumerate(blocks(name)):
        x = _bottleneck(x, block, f"block{number}")
    x = _conv(x, HEAD_FILTERS, 1, 1, "head")
    features = layers.GlobalAveragePooling2D(name="features")(x)
    dropped = layers.Dropout(DROPOUT, name="dropout")(features)
    return keras.Model(inputs, three_answers(dropped, config), name=name)


def _conv(x: Any, filters: int, size: int, stride: int, name: str, *, activation: bool = True) -> Any:
    x = layers.Conv2D(
        filters, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv"
    )(x)
    x = layers.BatchNormalization(epsilon=BN_EPSILON, momentum=0.98, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x) if activation else x


def _bottleneck(x: Any, block: Block, name: str) -> Any:
    y = x
    if block.expansion > 1:
        y = _conv(y, block.filters_in * block.expansion, 1, 1, f"{name}_expand")
    y = layers.DepthwiseConv2D(
        block.kernel, block.stride, padding="same", use_bias=False, depthwise_initializer="he_normal",
        name=f"{name}_depthwise_conv",
    )(y)  # fmt: skip
    y = layers.BatchNormalization(epsilon=BN_EPSILON, momentum=0.98, name=f"{name}_depthwise_bn")(y)
    y = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(y)
    y = _conv(y, block.filters_out, 1, 1, f"{name}_project", activation=False)
    return layers.Add(name=f"{name}_add")([x, y]) if block.shortcut else y
