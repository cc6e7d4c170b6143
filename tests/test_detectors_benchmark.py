"""How the benchmark of detectors tells a face found from a false alarm, and how far a head is turned."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.detectors import matched, turn_of
from desktop_app.domain.types import Box, Detection

LEFT, RIGHT = Box(0, 0, 20, 30), Box(100, 0, 120, 30)


@pytest.mark.parametrize(
    ("boxes", "found"),
    [
        ([], 0),
        ([LEFT, RIGHT], 2),
        ([LEFT, Box(2, 0, 22, 30)], 1),
        ([Box(0, 0, 20, 11)], 0),
        ([Box(50, 0, 70, 30), Box(104, 0, 124, 30)], 1),
    ],
    ids=["nothing", "both", "twice the same", "too small a part", "one beside"],
)
def test_each_face_is_found_once_at_most(boxes: list[Box], found: int) -> None:
    assert matched([Detection(box, 0.9) for box in boxes], [LEFT, RIGHT]) == found


@pytest.mark.parametrize(
    ("nose_x", "turn"), [(50, "to the camera"), (42, "half turned"), (65, "turned"), (27, "profile")]
)
def test_the_nose_tells_the_turn_of_the_head(nose_x: float, turn: str) -> None:
    landmarks = np.array([[35, 40], [65, 40], [nose_x, 60], [40, 80], [60, 80]], np.float32)
    assert turn_of(Detection(Box(0, 0, 100, 120), 0.9, landmarks)) == turn
