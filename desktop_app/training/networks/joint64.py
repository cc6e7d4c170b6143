"""Gender and age from one trunk, 64x64 grey: the network as its article has it, and a smaller one of our own."""

from __future__ import annotations

from typing import Any

import keras
from keras import initializers, layers

from desktop_app.errors import SettingsError
from desktop_app.training.config import TrainingConfig
from desktop_app.training.networks.heads import age_output, gender_output

FIRST_AGE = 0.3
"""What the age output begins at, in units of 100 years.

A ReLU that begins below zero for every face has no gradient and would answer 0 for ever; which side of zero it begins
on would otherwise be the toss of a coin.
"""


def joint64(config: TrainingConfig) -> Any:
    """The joint network of the shared-trunk tutorials on UTKFace; 6,536,834 parameters with one sigmoid for gender.

    Convolutions of 32, 64 and 128 filters, 3x3, without padding, each with ReLU; 2x2 max pooling after the second and
    the third, dropout 0.25. The age head is dense 128-64-32-1, all ReLU, the gender head dense 128-64-32-16-8-1 with
    the configured activation at its end; dropout 0.5 follows each hidden layer of both. Age is in units of 100 years.
    """
    if config.age != "years":
        raise SettingsError("joint64 learns the age in years.", 'Leave age = "years", or use joint64_small.')
    crops = keras.Input(config.input.shape, name="crops")
    x = layers.Conv2D(32, 3, activation="relu")(crops)
    x = layers.Conv2D(64, 3, activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(128, 3, activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Dropout(0.25)(x)
    x = layers.Flatten()(x)
    age = _hidden(x, (128, 64, 32), "age")
    begin = initializers.Constant(FIRST_AGE)
    age = layers.Dense(1, activation="relu", bias_initializer=begin, dtype="float32", name="age")(age)
    gender = gender_output(_hidden(x, (128, 64, 32, 16, 8), "gender"), config)
    return keras.Model(crops, {"age": age, "gender": gender}, name="joint64")


def _hidden(x: Any, units: tuple[int, ...], head: str) -> Any:
    for i, count in enumerate(units, start=1):
        x = layers.Dense(count, activation="relu", name=f"{head}_dense{i}")(x)
        x = layers.Dropout(0.5, name=f"{head}_dropout{i}")(x)
    return x


def joint64_small(config: TrainingConfig) -> Any:
    """A fifth of its size: the same filters, each followed by pooling, and one dense layer of 128 for each answer."""
    crops = keras.Input(config.input.shape, name="crops")
    x = crops
    for filters in (32, 64, 128):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    outputs = {}
    for head, make in (("age", age_output), ("gender", gender_output)):
        y = layers.Dense(128, activation="relu", name=f"{head}_dense")(x)
        y = layers.Dropout(0.5, name=f"{head}_dropout")(y)
        outputs[head] = make(y, config)
    return keras.Model(crops, outputs, name="joint64_small")
