"""A user's own Keras model, where TensorFlow is installed.

The one place of the program that imports TensorFlow, and only when such a model is loaded.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop_app.errors import ModelError
from desktop_app.vision.attributes.keras_check import check_keras_file
from desktop_app.vision.attributes.model_card import CARD_NAME, REMEDY, read_weights, weight_file
from desktop_app.vision.attributes.preprocess import InputSpec, normalise

INSTALL = (
    "Export the model to LiteRT with “headcount-train export”, which needs no TensorFlow here, or install Headcount "
    "from Python with its extra “train”."
)


class KerasNetwork:
    """The network of a `.keras` or `.h5` file.

    Outputs are named as the model names them; a list of outputs also by number ("0", "1"). Layers that hold code of
    their own, or that may read files, are refused (`keras_check`). Raises ModelError, with a sentence of its own where
    TensorFlow is not installed.
    """

    def __init__(self, model_dir: Path, card: Mapping[str, Any], spec: InputSpec, _threads: int) -> None:
        path = weight_file(model_dir, card.get("file"))
        content = read_weights(path, card.get("sha256"))
        ending, start = path.suffix.lower(), content[:8]
        if (ending == ".keras" and start[:2] != b"PK") or (ending == ".h5" and start != b"\x89HDF\r\n\x1a\n"):
            raise ModelError(f"{path.name} of the model {model_dir.name} is not a Keras model file.", REMEDY)
        self._spec = spec
        self._name = model_dir.name
        self._call = _keras_model(path, content, self._name, spec)

    def run(self, crops: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        try:
            found = self._call(normalise(crops, self._spec))
        except (ValueError, TypeError, RuntimeError) as error:
            raise self._cannot_run(error) from error
        except Exception as error:  # TensorFlow's own errors have no base that can be named before it is imported
            if type(error).__module__.split(".")[0] not in ("tensorflow", "keras"):
                raise
            raise self._cannot_run(error) from error
        if isinstance(found, dict):
            return {str(name): np.asarray(value) for name, value in found.items()}
        values = list(found) if isinstance(found, list | tuple) else [found]
        return {str(i): np.asarray(value) for i, value in enumerate(values)}

    def _cannot_run(self, error: Exception) -> ModelError:
        return ModelError(f"The model {self._name} cannot be run: {_first_line(error)}.", REMEDY)


def _keras_model(path: Path, content: bytes, name: str, spec: InputSpec) -> Any:
    try:
        import keras
        import tensorflow as tf
    except ImportError as error:
        raise _not_installed(name) from error
    check_keras_file(path, content)
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError, RuntimeError, ImportError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{path.name} of the model {name} cannot be loaded: {_first_line(error)}.",
            "A model with layers of its own has to be exported to LiteRT first (headcount-train export).",
        ) from error
    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4:
        raise ModelError(f"The model {name} does not take one picture: its input is {shape}.", REMEDY)
    if any(have is not None and have != want for have, want in zip(shape[1:], spec.shape, strict=True)):
        raise ModelError(
            f"The model {name} wants input {list(shape[1:])}, its {CARD_NAME} says {list(spec.shape)}.", REMEDY
        )
    names = list(getattr(model, "output_names", ()))
    # One traced function for every size of batch: `predict`, as the tutorials call it, costs 100 ms a call.
    call = tf.function(
        lambda crops: model(crops, training=False),
        input_signature=[tf.TensorSpec([None, *spec.shape], tf.float32)],
        autograph=False,
    )

    def run(crops: NDArray[np.float32]) -> Any:
        found = call(tf.constant(crops))
        if isinstance(found, dict):
            return found
        values = list(found) if isinstance(found, list | tuple) else [found]
        by_number = {str(i): value for i, value in enumerate(values)}
        return by_number | (dict(zip(names, values, strict=True)) if len(names) == len(values) else {})

    return run


def _not_installed(name: str) -> ModelError:
    return ModelError(f"The model {name} needs TensorFlow, which is not installed.", INSTALL)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
