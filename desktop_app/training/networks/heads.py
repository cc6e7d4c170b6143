"""The outputs that the networks share. They are float32 in a network of any precision."""

from __future__ import annotations

from typing import Any

from keras import layers

from desktop_app.training.config import TrainingConfig

AGE_UNITS = {"bands": 9, "years": 1, "group4": 1, "adience8": 8}


def gender_output(features: Any, config: TrainingConfig) -> Any:
    """A dense gender output on a feature vector: 2 softmax units (female, male), or 1 unit (female) of the configured
    activation."""
    units = 2 if config.gender == "softmax" else 1
    return layers.Dense(units, activation=config.gender, dtype="float32", name="gender")(features)


def age_output(features: Any, config: TrainingConfig) -> Any:
    """A dense age output on a feature vector: softmax over classes, or one number.

    "years" is learned in units of 100 years and "group4" as the index of the group / 4, both within 0 to 1.
    """
    classes = config.age in ("bands", "adience8")
    activation = "softmax" if classes else "linear"
    return layers.Dense(AGE_UNITS[config.age], activation=activation, dtype="float32", name="age")(features)


def with_heads(features: Any, config: TrainingConfig) -> dict[str, Any]:
    """Both outputs on one feature vector; the age output only where the configuration has one."""
    outputs = {"gender": gender_output(features, config)}
    if config.age != "none":
        outputs["age"] = age_output(features, config)
    return outputs


def three_answers(features: Any, config: TrainingConfig) -> dict[str, Any]:
    """The program's own outputs on one feature vector: gender; age band and face or not where they are asked for."""
    outputs = {"gender": layers.Dense(2, activation="softmax", dtype="float32", name="gender")(features)}
    if config.age == "bands":
        outputs["age"] = layers.Dense(9, activation="softmax", dtype="float32", name="age")(features)
    if config.face:
        outputs["face"] = layers.Dense(1, activation="sigmoid", dtype="float32", name="face")(features)
    return outputs
