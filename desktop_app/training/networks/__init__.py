"""The networks that can be trained: one builder each, looked up by the name its configuration gives.

Every builder takes a `TrainingConfig` and returns an uncompiled functional Keras model. Its input is called "crops",
float32 of `config.input.shape` as `preprocess.normalise` gives it. Its outputs are a dict: "gender", either 2 softmax
probabilities (female, male) or 1 unit for female (sigmoid or ReLU), and, unless `config.age` is "none", "age".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from desktop_app.domain.types import AGE_BANDS
from desktop_app.errors import SettingsError
from desktop_app.training.config import TrainingConfig
from desktop_app.training.networks import (
    classical,
    convolutional,
    efficientnet_lite,
    headcount,
    joint64,
    levi_hassner,
    mini_xception,
)

BUILDERS: Mapping[str, Callable[[TrainingConfig], Any]] = {
    "cnn32": convolutional.cnn32,
    "fully_conv9": convolutional.fully_conv9,
    "mini_xception": mini_xception.mini_xception,
    "joint64": joint64.joint64,
    "joint64_small": joint64.joint64_small,
    "small_vgg96": convolutional.small_vgg96,
    "levi_hassner": levi_hassner.levi_hassner,
    "classical": classical.classical,
    "headcount": headcount.headcount,
    "efficientnet_lite0": efficientnet_lite.builder("efficientnet_lite0"),
    "efficientnet_lite1": efficientnet_lite.builder("efficientnet_lite1"),
    "efficientnet_lite2": efficientnet_lite.builder("efficientnet_lite2"),
}


AGE_UNITS = {"none": 0, "bands": len(AGE_BANDS), "years": 1, "group4": 1, "adience8": 8}
"""How many numbers the answer of each kind of age has (`config.AGE_KINDS`)."""


def build(config: TrainingConfig) -> Any:
    """Build the Keras model of a configuration, with fresh weights drawn from its seed.

    Raises SettingsError for a network that does not exist, or that has not the answers or takes not the sizes of crops
    that the configuration wants.
    """
    if config.network not in BUILDERS:
        raise SettingsError(f"There is no network called {config.network!r}.", f"Known are: {', '.join(BUILDERS)}.")
    import keras

    keras.utils.set_random_seed(config.seed)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if config.precision == "bfloat16" else "float32")
    try:
        model = BUILDERS[config.network](config)
    finally:
        keras.config.set_dtype_policy(before)
    units = {name: int(output.shape[-1]) for name, output in model.output.items()}
    if units["gender"] != (2 if config.gender == "softmax" else 1):
        raise SettingsError(
            f"{config.network} does not answer gender by {config.gender}.", "Choose another --output, or leave it out."
        )
    if units.get("age", 0) != AGE_UNITS[config.age]:
        raise SettingsError(f"{config.network} does not answer the ages {config.age!r}.", "Leave its age as it is.")
    if config.face and "face" not in units:
        raise SettingsError(f"{config.network} has no answer “face or not”.", "Leave face = true out.")
    fixed = model.inputs[0].shape[1]
    if fixed is not None and any(side != fixed for side, _ in config.sizes):
        raise SettingsError(
            f"{config.network} takes crops of one size, {fixed} pixels.", "Leave the sizes of [training] out."
        )
    return model
