"""The pipeline: its schedule, its sums, and the demo clip counted from end to end."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.counting import PeopleCounter
from desktop_app.domain.tracking import Tracker
from desktop_app.domain.types import Attributes, Box, Detection, Frame
from desktop_app.errors import SettingsError
from desktop_app.resources import demo_clip
from desktop_app.settings import Settings
from desktop_app.vision.attributes.preprocess import InputSpec
from desktop_app.vision.pipeline import FramePipeline, PipelineSettings


class OneFace:
    """A detector that always sees one face, and counts how often it is asked."""

    name = "one face"

    def __init__(self) -> None:
        self.calls = 0

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        self.calls += 1
        return [Detection(Box(100, 60, 160, 140), 0.9)]


class AlwaysFemale:
    """A classifier that is sure of itself, and notes the sizes of its batches."""

    name = "always female"
    spec = InputSpec(32, 32)

    def __init__(self) -> None:
        self.batches: list[int] = []

    def predict(self, crops: NDArray[np.uint8]) -> list[Attributes]:
        self.batches.append(len(crops))
        return [Attributes(0.97, (0, 0, 0, 1, 0, 0, 0, 0, 0)) for _ in crops]


def frames(seconds: float, fps: float) -> Iterator[Frame]:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (360, 480, 3), dtype=np.uint8)
    for i in range(round(seconds * fps)):
        yield Frame(image, i / fps, i)


def pipeline(interval_s: float = 0.1) -> tuple[FramePipeline, OneFace, AlwaysFemale]:
    detector, classifier = OneFace(), AlwaysFemale()
    built = FramePipeline(
        detector, classifier, Tracker(), PeopleCounter(), settings=PipelineSettings(detect_interval_s=interval_s)
    )
    return built, detector, classifier


@pytest.mark.parametrize(
    ("fps", "interval_s", "calls"),
    # A face well known and slow is looked at half as often: six looks 0.1 s apart, then every 0.2 s.
    [(30, 0.1, 13), (10, 0.1, 13), (30, 0.0, 60), (5, 0.1, 10)],
)
def test_the_detector_runs_on_a_grid_of_media_time(fps: float, interval_s: float, calls: int) -> None:
    built, detector, _ = pipeline(interval_s)
    results = [built.process(frame) for frame in frames(2.0, fps)]
    assert detector.calls == calls
    assert sum(r.detected for r in results) == calls


def test_one_steady_face_is_one_person_with_few_glimpses() -> None:
    built, _, classifier = pipeline()
    results = [built.process(frame) for frame in frames(6.0, 30)]
    assert results[0].counts.people == 0, "one look is not enough to count anybody"
    assert built.counts.people == built.counts.female == 1
    assert built.counts.in_view == 1
    assert 2 <= sum(classifier.batches) <= 16
    events = built.finish()
    assert [e.track_id for e in events] == [1]
    assert events[0].age_band == "20-29"
    assert built.counts.in_view == 0
    assert built.counts.people == 1


def test_frame_and_result_travel_together() -> None:
    built, _, _ = pipeline()
    for frame in frames(0.5, 30):
        result = built.process(frame)
        assert result.frame is frame
        assert set(result.timings_s) == {"detect", "track", "classify", "count", "total"}


def test_reset_begins_a_new_session_with_the_same_numbers() -> None:
    built, detector, _ = pipeline()
    first = [built.process(f).tracks for f in frames(2.0, 30)]
    built.reset()
    assert built.counts.people == 0
    assert built.people() == ()
    assert [built.process(f).tracks for f in frames(2.0, 30)] == first
    assert detector.calls == 26


@pytest.mark.parametrize("interval_s", [-0.1, 11.0, float("nan")])
def test_an_absurd_interval_is_refused(interval_s: float) -> None:
    with pytest.raises(SettingsError):
        PipelineSettings(detect_interval_s=interval_s)


@pytest.mark.slow
def test_the_demo_clip_gives_the_same_count_on_every_run() -> None:
    from desktop_app.factory import build_pipeline

    runs = []
    for _ in range(2):
        built = build_pipeline(Settings())
        capture = cv2.VideoCapture(str(demo_clip()))
        for i in range(240):
            ok, image = capture.read()
            assert ok
            built.process(Frame(np.asarray(image, np.uint8), i / 30, i))
        capture.release()
        built.finish()
        runs.append(built.people())
    assert runs[0] == runs[1]
    assert len(runs[0]) >= 2


def test_a_count_put_aside_and_brought_back_counts_nobody_twice() -> None:
    undone, _, _ = pipeline()
    plain, _, _ = pipeline()
    for frame in frames(4.0, 25.0):
        if frame.index == 30:
            undone.set_aside()
            assert undone.counts.people == 0
        if frame.index == 60:
            assert undone.counts.people == 1  # the one in view counts in the new count too
            undone.bring_back()
        undone.process(frame)
        plain.process(frame)
    assert undone.counts == plain.counts
    assert len(undone.finish()) == len(plain.finish()) == 1
