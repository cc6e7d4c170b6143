"""Losses that Keras does not bring."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="headcount")
class OrdinalCrossentropy(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy over ordered classes, and `ordinal` times the squared distance of the cumulated probabilities.

    That second part (Hou et al. 2016, arXiv:1611.05916) makes an answer three age bands away cost more than one that
    is one away.
    """

    def __init__(self, ordinal: float = 1.0, name: str = "ordinal_crossentropy", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.ordinal = ordinal

    def call(self, y_true: Any, y_pred: Any) -> Any:
        apart = ops.cumsum(y_pred, axis=-1) - ops.cumsum(ops.cast(y_true, y_pred.dtype), axis=-1)
        return ops.categorical_crossentropy(y_true, y_pred) + self.ordinal * ops.sum(ops.square(apart), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "ordinal": self.ordinal}
