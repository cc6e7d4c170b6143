"""What an age output can be taught: years, bands, or the classes of the textbook networks, and how they are scored."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import AGE_BAND_STARTS, AGE_BANDS, age_band_index
from desktop_app.training.readers.base import FaceRecord

YEARS = 100.0
"""The unit, in years, of an age that is learned as a number."""

ADIENCE_CLASSES: tuple[tuple[float, float], ...] = (
    (0, 2), (4, 6), (8, 13), (15, 20), (25, 32), (38, 43), (48, 53), (60, 100),
)  # fmt: skip
"""The eight age classes of Levi and Hassner, both ends included."""

GROUP4_STARTS: tuple[float, ...] = (0.0, 18.0, 30.0, 80.0)
GROUP4_NAMES: tuple[str, ...] = ("<18", "18-29", "30-79", "80+")
GROUP4_CENTRES: tuple[float, ...] = (9.0, 24.0, 55.0, 85.0)
"""The age groups of joint64_small, and the age in years that stands for each."""


def adience_class(age_years: float) -> int | None:
    """The nearest of `ADIENCE_CLASSES`; None for an age exactly between two."""
    distances = [max(low - age_years, age_years - high, 0.0) for low, high in ADIENCE_CLASSES]
    best = min(distances)
    return distances.index(best) if distances.count(best) == 1 else None


def group4(age_years: float) -> int:
    """The index of the age group of joint64_small: <18, <30, <80, 80+."""
    return max(i for i, start in enumerate(GROUP4_STARTS) if age_years >= start)


def age_class(record: FaceRecord, kind: str) -> int | None:
    """The class of a record under an age target of classes, None where the label is missing or does not decide it.

    A labelled range must lie within one class; for "adience8" it is the class nearest to its middle.
    """
    middle = record.age_years
    if middle is None:
        return None
    low = record.age if record.age is not None else record.age_min
    high = record.age if record.age is not None else record.age_max
    if kind == "adience8":
        return adience_class(middle)
    if kind not in ("bands", "group4") or low is None:
        raise ValueError(f"{kind!r} is no age target of classes")
    index = age_band_index if kind == "bands" else group4
    top = len(AGE_BANDS) - 1 if kind == "bands" else len(GROUP4_STARTS) - 1
    first, last = index(low), top if high is None else index(high)
    return first if first == last else None


def band_matrix(kind: str) -> NDArray[np.float32]:
    """Share each class out over the bands that it overlaps: float32 (classes, 9), rows summing to 1."""
    if kind != "adience8":
        raise ValueError(f"no band matrix for {kind!r}")
    ends = [*AGE_BAND_STARTS[1:], 101.0]
    matrix = np.zeros((len(ADIENCE_CLASSES), len(AGE_BANDS)), np.float32)
    for i, (low, high) in enumerate(ADIENCE_CLASSES):
        for j, (start, end) in enumerate(zip(AGE_BAND_STARTS, ends, strict=True)):
            matrix[i, j] = max(0.0, min(high + 1, end) - max(low, start))
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True), np.float32)
