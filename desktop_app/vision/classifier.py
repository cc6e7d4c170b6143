"""The gender and age network, run through LiteRT (TensorFlow Lite's runtime) without TensorFlow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import AGE_BANDS, Attributes
from desktop_app.errors import ModelError
from desktop_app.vision.preprocess import InputSpec, normalise

CARD_NAME = "model.json"
REMEDY = "Choose another model in the settings, or install Headcount again."


@runtime_checkable
class AttributeClassifier(Protocol):
    """Says gender and age of face crops. Not thread-safe: one classifier belongs to one thread."""

    @property
    def name(self) -> str: ...

    @property
    def spec(self) -> InputSpec: ...

    def predict(self, crops: NDArray[np.uint8]) -> list[Attributes]:
        """Classify uint8 crops of shape (n, *spec.shape), as `preprocess.crop_faces` makes them, in one batch."""
        ...


def read_card(model_dir: Path) -> dict[str, Any]:
    """Return the contents of a model folder's `model.json`. Raises ModelError saying what is wrong with it."""
    path = model_dir / CARD_NAME
    try:
        card = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"The model folder {model_dir.name} has no {CARD_NAME}.", REMEDY) from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"{path.name} of the model {model_dir.name} cannot be read: {error}.", REMEDY) from error
    if not isinstance(card, dict):
        raise ModelError(f"{path.name} of the model {model_dir.name} is not a JSON object.", REMEDY)
    return card


class LiteRtClassifier:
    """A `.tflite` network with the `model.json` beside it.

    `model.json` holds `name`, `file`, `sha256`, `input` (see `InputSpec`), `labels` and `outputs`: a mapping of
    the roles "gender", "age", "face" and "embedding" (all but the first optional) to the output names of the
    signature "predict" (or "serving_default"). The gender output is (n, 2) softmax in the order of `labels.gender`, or
    (n, 1) sigmoid of its second label; the age output is (n, 9) softmax over `AGE_BANDS`; the face output is
    (n, 1) sigmoid; the embedding is a (n, d) unit vector.

    Raises ModelError where the files are missing, damaged or do not fit each other.
    """

    def __init__(self, model_dir: Path, threads: int = 1) -> None:
        # LiteRT takes half a second to import: it is paid by the thread that counts, not by the window's start.
        from ai_edge_litert.interpreter import Interpreter

        card = read_card(model_dir)
        for key in ("name", "file", "input", "outputs", "labels"):
            if key not in card:
                raise ModelError(f"{CARD_NAME} of the model {model_dir.name} lacks {key!r}.", REMEDY)
        self.card: Mapping[str, Any] = card
        self._spec = InputSpec.from_json(card["input"])
        self._outputs: dict[str, str] = dict(card["outputs"])
        labels = list(card["labels"].get("gender", ()))
        if sorted(labels) != ["female", "male"]:
            raise ModelError(f"The model {model_dir.name} must label gender 'female' and 'male', not {labels}.", REMEDY)
        self._female_index = labels.index("female")
        if "gender" not in self._outputs:
            raise ModelError(f"The model {model_dir.name} names no gender output.", REMEDY)
        if "age" in self._outputs and tuple(card["labels"].get("age", ())) != AGE_BANDS:
            raise ModelError(f"The model {model_dir.name} must label its ages {', '.join(AGE_BANDS)}.", REMEDY)
        content = self._read_weights(model_dir / str(card["file"]), card.get("sha256"))
        try:
            self._interpreter = Interpreter(model_content=content, num_threads=threads)
            signatures = self._interpreter.get_signature_list()
            key = "predict" if "predict" in signatures else "serving_default"
            self._run = self._interpreter.get_signature_runner(key)
            self._input_name = next(iter(self._run.get_input_details()))
            shape = [int(n) for n in self._run.get_input_details()[self._input_name]["shape_signature"]]
        except (ValueError, RuntimeError, StopIteration) as error:
            raise ModelError(
                f"{card['file']} of the model {model_dir.name} is not a usable LiteRT model: {error}.", REMEDY
            ) from error
        if shape[1:] != list(self._spec.shape):
            raise ModelError(
                f"The model {model_dir.name} wants input {shape[1:]}, its {CARD_NAME} says {list(self._spec.shape)}.",
                REMEDY,
            )
        missing = set(self._outputs.values()) - set(self._run.get_output_details())
        if missing:
            raise ModelError(f"The model {model_dir.name} has no output {', '.join(sorted(missing))}.", REMEDY)
        # The first run allocates; the first face must not wait for that.
        self.predict(np.zeros((1, *self._spec.shape), np.uint8))

    @staticmethod
    def _read_weights(path: Path, sha256: str | None) -> bytes:
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise ModelError(f"The model file {path.name} is missing.", REMEDY) from error
        except OSError as error:
            raise ModelError(f"The model file {path.name} cannot be read: {error.strerror}.", REMEDY) from error
        if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
            raise ModelError(f"The model file {path.name} is damaged or does not belong to its {CARD_NAME}.", REMEDY)
        return content

    @property
    def name(self) -> str:
        return str(self.card["name"])

    @property
    def spec(self) -> InputSpec:
        return self._spec

    def predict(self, crops: NDArray[np.uint8]) -> list[Attributes]:
        if len(crops) == 0:
            return []
        if crops.shape[1:] != self._spec.shape:
            raise ValueError(f"crops have shape {crops.shape[1:]}, the model {self.name} wants {self._spec.shape}")
        out = self._run(**{self._input_name: normalise(crops, self._spec)})
        gender = np.asarray(out[self._outputs["gender"]], np.float64).reshape(len(crops), -1)
        if gender.shape[1] == 1:
            gender = np.concatenate([1 - gender, gender], axis=1)
        female = gender[:, self._female_index] / gender.sum(axis=1)
        ages = out[self._outputs["age"]] if "age" in self._outputs else None
        face = out[self._outputs["face"]].reshape(-1) if "face" in self._outputs else np.ones(len(crops))
        vectors = out[self._outputs["embedding"]] if "embedding" in self._outputs else None
        return [
            Attributes(
                female=float(female[i]),
                age_bands=() if ages is None else tuple(float(p) for p in ages[i]),
                face=float(face[i]),
                embedding=None if vectors is None else np.asarray(vectors[i], np.float32),
            )
            for i in range(len(crops))
        ]
