"""What a model says of faces, for a student to learn from beside their labels: `soft.npz` among the packed faces."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from desktop_app.errors import SourceError
from desktop_app.training.facestore import FaceStore
from desktop_app.vision.attributes.classifier import load_classifier
from desktop_app.vision.attributes.preprocess import crop_face

BATCH = 16


def answers(model: Path, store: FaceStore, rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The answer of a model folder for each of the faces `rows` of a store, as the app asks it.

    Returns the probability of appearing female (n,), calibrated as the app has it, and of the age bands (n, 9), both
    float32. Raises SourceError for a model that names no age, ModelError for one that cannot be loaded.
    """
    asked = load_classifier(model)
    if "age" not in asked.card.get("outputs", {}):
        raise SourceError(f"{model} says nothing about age.", "Let a model with ages teach.")
    female = np.zeros(len(rows), np.float32)
    age = np.zeros((len(rows), 9), np.float32)
    for start in tqdm(range(0, len(rows), BATCH), desc="soft answers", unit="batch"):
        chosen = rows[start : start + BATCH]
        crops = np.stack([crop_face(store.picture(int(i)), store.box(int(i)), asked.spec) for i in chosen])
        found = asked.predict(crops)
        female[start : start + BATCH] = [answer.female for answer in found]
        age[start : start + BATCH] = [answer.age_bands for answer in found]
    return female, age


def write(path: Path, model: Path, store: FaceStore, rows: NDArray[np.int64]) -> str:
    """Write what the model says of the faces `rows`, and the sha256 of its file, which is returned as well."""
    female, age = answers(model, store, rows)
    mark = hashlib.sha256((model / "model.tflite").read_bytes()).hexdigest()
    np.savez(path, rows=rows, female=female.astype(np.float16), age=age.astype(np.float16), teacher=np.array(mark))
    return mark
