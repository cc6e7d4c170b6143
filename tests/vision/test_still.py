"""Faces of single pictures: all of it is searched, each face is asked about once, and nothing is remembered."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from desktop_app import factory
from desktop_app.domain.types import Attributes, Box, Detection, Gender
from desktop_app.domain.voting import VoteSettings
from desktop_app.resources import demo_clip
from desktop_app.settings import Settings
from desktop_app.vision.attributes.preprocess import InputSpec
from desktop_app.vision.still import StillReader


class _Detector:
    name = "fixed"

    def __init__(self, *found: Detection) -> None:
        self._found = list(found)

    def detect(self, image_bgr: np.ndarray) -> list[Detection]:
        return list(self._found)


class _Model:
    """Says of every face what it was given, in turn."""

    def __init__(self, name: str, *answers: Attributes) -> None:
        self.name = name
        self.spec = InputSpec(32, 32)
        self._answers = answers

    def predict(self, crops: np.ndarray) -> list[Attributes]:
        assert len(crops) == len(self._answers)
        return list(self._answers)


def noise(width: int = 400, height: int = 300) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)


def face(x: float, side: float = 80, score: float = 0.9) -> Detection:
    return Detection(Box(x, 100, x + side, 100 + side), score)


def test_faces_come_from_left_to_right_with_an_answer_of_each_model() -> None:
    first = _Model("first", Attributes(0.95), Attributes(0.03))
    second = _Model("second", Attributes(0.5), Attributes(0.5))
    found = StillReader(_Detector(face(200), face(50)), [first, second], VoteSettings()).read(noise())
    assert [f.detection.box.x1 for f in found] == [50, 200]
    assert [[d.gender for d in f.decisions] for f in found] == [
        [Gender.MALE, Gender.UNDECIDED],
        [Gender.FEMALE, Gender.UNDECIDED],
    ]
    assert found[0].attributes[0].female == 0.03


def test_what_is_no_face_or_weak_is_left_out_and_what_is_tiny_is_undecided() -> None:
    model = _Model("m", Attributes(0.99, face=0.1), Attributes(0.99), Attributes(0.99))
    detector = _Detector(face(10), face(120), face(300, side=6), face(350, score=0.2))
    found = StillReader(detector, [model], VoteSettings(), min_face=0.5, min_score=0.5).read(noise())
    assert [f.detection.box.x1 for f in found] == [120, 300]
    assert [f.decisions[0].gender for f in found] == [Gender.FEMALE, Gender.UNDECIDED]


def test_a_picture_without_faces_asks_nobody() -> None:
    assert StillReader(_Detector(), [_Model("m")], VoteSettings()).read(noise()) == []


def test_without_a_model_there_is_no_reader() -> None:
    with pytest.raises(ValueError, match="at least one model"):
        StillReader(_Detector(), [], VoteSettings())


@pytest.mark.slow
def test_a_small_face_in_a_large_picture_is_found_wherever_it_is_and_every_time() -> None:
    clip = cv2.VideoCapture(str(demo_clip()))
    try:
        clip.set(cv2.CAP_PROP_POS_FRAMES, 180)
        frame = clip.read()[1]
    finally:
        clip.release()
    reader = factory.build_still_reader(Settings())
    faces = reader.read(frame)
    width, height = frame.shape[1], frame.shape[0]
    wide = [f.detection.box for f in faces if f.detection.box.width >= 0.033 * 2 * height]
    assert wide
    # The same picture in a corner of one twice as wide and high: the faces are a smaller share of it.
    large = np.full((2 * height, 2 * width, 3), 80, np.uint8)
    large[-height:, -width:] = frame
    first, again = reader.read(large), reader.read(large)
    for box in wide:
        moved = Box(box.x1 + width, box.y1 + height, box.x2 + width, box.y2 + height)
        assert any(moved.iou(f.detection.box) > 0.5 for f in first)
    assert [f.detection.box for f in first] == [f.detection.box for f in again]
    assert [f.decisions for f in reader.read(frame)] == [f.decisions for f in faces]
