"""Faces made up for the tests of the training tool: whoever has long dark sides is female, in this world."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.training.facestore import FaceStore
from desktop_app.training.readers import FaceRecord

HAS_TENSORFLOW = importlib.util.find_spec("tensorflow") is not None


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    if HAS_TENSORFLOW or os.environ.get("HEADCOUNT_REQUIRE_TRAIN") == "1":
        return
    skip = pytest.mark.skip(reason="the training extra (TensorFlow, SciPy, matplotlib) is not installed")
    for item in items:
        if item.get_closest_marker("train") is not None:
            item.add_marker(skip)


def face(female: bool, age: float, rng: np.random.Generator, side: int = 64) -> NDArray[np.uint8]:
    """A drawn head, uint8 BGR: dark bands at the sides for a female one, the brighter the older."""
    picture = np.full((side, side, 3), 40 + age, np.uint8)
    if female:
        picture[:, : side // 5] = picture[:, -side // 5 :] = 20
    cv2.ellipse(picture, (side // 2, side // 2), (side // 4, side // 3), 0, 0, 360, (150, 170, 210), -1)
    noise = rng.normal(0, 6, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def store() -> FaceStore:
    """120 drawn faces of 64x64: 80 train, 20 val, 20 test, female and male, 5 to 84 years."""
    rng = np.random.default_rng(5)
    pictures, records = [], []
    for i in range(120):
        female, age = bool(rng.random() < 0.5), float(rng.integers(5, 85))
        pictures.append(face(female, age, rng))
        role = "train" if i < 80 else "val" if i < 100 else "test"
        gender = "female" if female else "male"
        race = ("White", "Black")[i % 2]
        records.append(FaceRecord(f"{i}.png", gender, age, age, age, race, role))
    boxes = np.tile(np.array([[8, 6, 56, 58]], np.float32), (120, 1))
    return FaceStore("drawn", np.stack(pictures), boxes, np.ones(120, np.bool_), records, [])
