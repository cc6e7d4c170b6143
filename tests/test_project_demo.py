"""The demo clip and its truth: what a first start shows, and what the tests of the packages compare with."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from desktop_app.domain.types import Box, Frame
from desktop_app.factory import build_pipeline
from desktop_app.settings import Settings
from desktop_app.vision.faces.detectors import YuNetFaceDetector
from tests.domain.log import totals_of

ROOT = Path(__file__).resolve().parents[1]
CLIP = ROOT / "resources" / "demo" / "demo.mp4"
WEIGHTS = ROOT / "models" / "yunet" / "face_detection_yunet_2023mar.tflite"
TRUTH = json.loads((ROOT / "resources" / "demo" / "demo.truth.json").read_text(encoding="utf-8"))


def test_the_clip_is_what_its_truth_says() -> None:
    capture = cv2.VideoCapture(str(CLIP))
    assert capture.isOpened()
    assert capture.get(cv2.CAP_PROP_FRAME_WIDTH) == TRUTH["width"] == 1280
    assert capture.get(cv2.CAP_PROP_FRAME_HEIGHT) == TRUTH["height"] == 720
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(TRUTH["fps"])
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == TRUTH["fps"] * TRUTH["duration_s"]
    assert CLIP.stat().st_size < 6_000_000


def test_the_truth_adds_up() -> None:
    people = TRUTH["people"]
    assert TRUTH["appearances"] == len(people) >= 8
    assert TRUTH["appearances_female"] + TRUTH["appearances_male"] == len(people)
    persons = {person["person"]: person["gender"] for person in people}
    assert TRUTH["females"] == sum(gender == "female" for gender in persons.values())
    assert TRUTH["males"] == sum(gender == "male" for gender in persons.values())
    for person in people:
        seen = [row[0] for row in person["boxes"] if row[5]]
        assert person["first_seen_s"] == min(seen)
        assert person["last_seen_s"] == max(seen)
        # Everybody is in plain view for long enough that a person with a clicker counts them.
        assert sum(row[5] for row in person["boxes"]) * 0.2 > 2.0


def test_somebody_turns_away_and_comes_back() -> None:
    turning = next(person for person in TRUTH["people"] if person["person"] == "D")
    visible = "".join(str(row[5]) for row in turning["boxes"] if 8.0 <= row[0] <= 16.0)
    assert "0000000000" in visible.strip("0")


def test_the_detector_finds_the_faces_the_truth_shows() -> None:
    detector = YuNetFaceDetector(WEIGHTS)
    capture = cv2.VideoCapture(str(CLIP))
    found = shown = 0
    for time_s in (4.0, 6.0, 10.0, 16.0, 19.0, 23.0, 25.0, 27.0):
        capture.set(cv2.CAP_PROP_POS_FRAMES, round(time_s * TRUTH["fps"]))
        read, image = capture.read()
        assert read
        boxes = [detection.box for detection in detector.detect(image)]
        for person in TRUTH["people"]:
            for row in person["boxes"]:
                if row[0] == time_s and row[5]:
                    shown += 1
                    found += any(box.iou(Box(*row[1:5])) > 0.35 for box in boxes)
    assert shown >= 12
    assert found >= 0.9 * shown


@pytest.mark.slow
def test_everybody_in_it_is_counted_once() -> None:
    pipeline, events = build_pipeline(Settings()), []
    capture = cv2.VideoCapture(str(CLIP))
    for i in range(round(TRUTH["fps"] * TRUTH["duration_s"])):
        read, image = capture.read()
        assert read
        events += pipeline.process(Frame(np.asarray(image, np.uint8), i / TRUTH["fps"], i)).events
    events += pipeline.finish()
    assert totals_of(events).counts().people == TRUTH["appearances"]
