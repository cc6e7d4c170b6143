"""What a model answers for stored faces, and what is true, in one form for every network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import AGE_BAND_CENTRES
from desktop_app.training.ages import age_class
from desktop_app.training.config import TrainingConfig
from desktop_app.training.facestore import FaceStore
from desktop_app.training.feed import plain_crops
from desktop_app.training.readers.base import GENDERS, FaceRecord
from desktop_app.vision.attributes.preprocess import InputSpec, crop_face, normalise

BATCH = 256


@dataclass(frozen=True, slots=True)
class Predictions:
    """The answers for n faces.

    `female` float64 (n,) is the probability of appearing female. `age_class` int (n,) is the answered class of a
    network with age classes ("bands", "adience8", "group4"), else None. `years` float64 (n,) is the answered age
    in years, None where the network gives classes that mean no years or no age at all. `face` is the probability
    of being a face, or None.
    """

    female: NDArray[np.float64]
    age_class: NDArray[np.int64] | None = None
    years: NDArray[np.float64] | None = None
    face: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """The labels of n faces: `gender` (index into `GENDERS`, -1 unknown), `age_class` (-1 unknown), `years` (NaN
    unknown).
    """

    gender: NDArray[np.int64]
    age_class: NDArray[np.int64]
    years: NDArray[np.float64]


def truth_of(records: list[FaceRecord], age: str) -> Truth:
    """The labels of records in the terms of an age target; `age` "none" or "years" uses the bands as classes."""
    kind = age if age in ("adience8", "group4") else "bands"
    classes = [age_class(record, kind) for record in records]
    years = [record.age_years for record in records]
    return Truth(
        gender=np.array([GENDERS.index(r.gender) if r.gender else -1 for r in records], np.int64),
        age_class=np.array([-1 if c is None else c for c in classes], np.int64),
        years=np.array([np.nan if y is None else y for y in years], np.float64),
    )


def predictions_of(outputs: dict[str, NDArray[np.float32]], age: str) -> Predictions:
    """Bring a Keras model's raw outputs into the common form. `age` is what its age output was trained on."""
    gender = np.asarray(outputs["gender"], np.float64)
    female = gender[:, 0]
    face = np.asarray(outputs["face"], np.float64)[:, 0] if "face" in outputs else None
    if "age" not in outputs:
        return Predictions(female, face=face)
    raw = np.asarray(outputs["age"], np.float64)
    if age == "years":
        return Predictions(female, years=np.clip(raw[:, 0] * 100, 0, 116), face=face)
    if age == "group4":
        return Predictions(female, age_class=np.clip(np.round(raw[:, 0] * 4), 0, 3).astype(np.int64), face=face)
    classes = raw.argmax(axis=1)
    years = raw @ np.array(AGE_BAND_CENTRES) if age == "bands" else None
    return Predictions(female, age_class=classes, years=years, face=face)


def with_keras(model: Any, store: FaceStore, rows: NDArray[np.int64], config: TrainingConfig) -> Predictions:
    """Run a Keras model over stored faces, on plain crops."""
    parts: list[dict[str, Any]] = []
    for start in range(0, len(rows), BATCH):
        crops = plain_crops(store, rows[start : start + BATCH], config)
        found = model(normalise(crops, config.input), training=False)
        parts.append({name: np.asarray(value, np.float32) for name, value in found.items()})
    return predictions_of({name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, config.age)


class LiteRtModel:
    """A LiteRT file as `export` writes it, run in large batches; the signature "predict" with its raw outputs."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_path=str(path), num_threads=threads)
        signatures = interpreter.get_signature_list()
        self._run = interpreter.get_signature_runner("predict" if "predict" in signatures else "serving_default")
        self._input = next(iter(self._run.get_input_details()))

    def __call__(self, crops: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        return {name: np.asarray(value) for name, value in self._run(**{self._input: crops}).items()}

    def predict(self, store: FaceStore, rows: NDArray[np.int64], spec: InputSpec, batch: int = 64) -> Predictions:
        """Answer for stored faces on plain crops. Whatever the network was taught, its age is one over `AGE_BANDS`."""
        parts = []
        for start in range(0, len(rows), batch):
            chosen = rows[start : start + batch]
            crops = np.stack([crop_face(store.pictures[int(i)], store.box(int(i)), spec) for i in chosen])
            parts.append(self(normalise(crops, spec)))
        return predictions_of({name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, "bands")
