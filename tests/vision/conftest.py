"""Frames of the demo clip, whose faces are known."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.types import Box
from desktop_app.resources import demo_clip, resource_path


@pytest.fixture(scope="session")
def demo_face() -> tuple[NDArray[np.uint8], Box]:
    """A frame of the demo clip (BGR) and the box of its largest face that is in full view."""
    truth = json.loads(resource_path("demo", "demo.truth.json").read_text("utf-8"))
    inside = truth["width"] - 60
    rows = [r for person in truth["people"] for r in person["boxes"] if r[5] == 1 and r[1] > 60 and r[3] < inside]
    time_s, x1, y1, x2, y2, _ = max(rows, key=lambda r: (r[3] - r[1]) * (r[4] - r[2]))
    capture = cv2.VideoCapture(str(demo_clip()))
    try:
        capture.set(cv2.CAP_PROP_POS_FRAMES, round(time_s * truth["fps"]))
        ok, image = capture.read()
    finally:
        capture.release()
    assert ok
    return np.asarray(image, np.uint8), Box(x1, y1, x2, y2)
