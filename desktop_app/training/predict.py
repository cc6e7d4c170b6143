"""What a model answers for stored faces, and what is true, in one form for every network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import AGE_BAND_CENTRES, age_band_index
from desktop_app.training.ages import GROUP4_CENTRES, YEARS, age_class
from desktop_app.training.config import TrainingConfig
from desktop_app.training.facestore import FaceStore
from desktop_app.training.feed import plain_crops
from desktop_app.training.readers.base import GENDERS, FaceRecord
from desktop_app.vision.attributes.classifier import AttributeClassifier
from desktop_app.vision.attributes.preprocess import crop_face, normalise

BATCH = 256


@dataclass(frozen=True, slots=True)
class Predictions:
    """The answers for n faces.

    `female` float64 (n,) is the probability of appearing female. `age_class` int (n,) is the answered class: of the
    network's own ("bands", "adience8", "group4"), or the band of its answer in years; None without an age. `years`
    float64 (n,) is the answered age in years, None where the network gives classes that mean no years, or no age.
    `face` is the probability of being a face, or None.
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
    female = np.clip(gender[:, 0], 0, 1)  # a ReLU unit may say more than 1
    face = np.asarray(outputs["face"], np.float64)[:, 0] if "face" in outputs else None
    if "age" not in outputs:
        return Predictions(female, face=face)
    raw = np.asarray(outputs["age"], np.float64)
    if age == "years":
        years = np.clip(raw[:, 0] * YEARS, 0, 116)
        bands = np.array([age_band_index(value) for value in years], np.int64)
        return Predictions(female, age_class=bands, years=years, face=face)
    if age == "group4":
        years = np.interp(raw[:, 0] * 4, np.arange(len(GROUP4_CENTRES)), GROUP4_CENTRES)
        classes = np.clip(np.round(raw[:, 0] * 4), 0, 3).astype(np.int64)
        return Predictions(female, age_class=classes, years=years, face=face)
    expected = raw @ np.array(AGE_BAND_CENTRES) if age == "bands" else None
    return Predictions(female, age_class=raw.argmax(axis=1), years=expected, face=face)


def with_keras(model: Any, store: FaceStore, rows: NDArray[np.int64], config: TrainingConfig) -> Predictions:
    """Run a Keras model over stored faces, on plain crops."""
    return predictions_of(outputs_of(model, store, rows, config), config.age)


def outputs_of(
    model: Any, store: FaceStore, rows: NDArray[np.int64], config: TrainingConfig
) -> dict[str, NDArray[np.float32]]:
    """A Keras model's raw outputs by name, (n, units) each, for stored faces on plain crops."""
    parts: list[dict[str, Any]] = []
    for start in range(0, len(rows), BATCH):
        crops = plain_crops(store, rows[start : start + BATCH], config)
        found = model(normalise(crops, config.input), training=False)
        parts.append({name: np.asarray(value, np.float32) for name, value in found.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def with_classifier(classifier: AttributeClassifier, store: FaceStore, rows: NDArray[np.int64]) -> Predictions:
    """Ask a model as the app loads it, of whatever kind, about stored faces. Its age is one over `AGE_BANDS`."""
    answers = []
    for start in range(0, len(rows), BATCH):
        chosen = rows[start : start + BATCH]
        crops = [crop_face(store.picture(int(i)), store.box(int(i)), classifier.spec) for i in chosen]
        answers += classifier.predict(np.stack(crops))
    female = np.array([answer.female for answer in answers])
    face = np.array([answer.face for answer in answers])
    if not answers or not answers[0].age_bands:
        return Predictions(female, face=face)
    bands = np.array([answer.age_bands for answer in answers])
    return Predictions(female, bands.argmax(axis=1), bands @ np.array(AGE_BAND_CENTRES), face)
