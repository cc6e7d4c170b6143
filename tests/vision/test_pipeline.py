"""The pipeline: its schedule, its sums, and the demo clip counted from end to end."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.counting import PeopleCounter
from desktop_app.domain.events import Counted, Event, Left, PersonEvent, Revised
from desktop_app.domain.tracking import Tracker
from desktop_app.domain.types import Attributes, Box, Detection, Frame, Gender
from desktop_app.errors import SettingsError
from desktop_app.resources import demo_clip
from desktop_app.settings import Settings
from desktop_app.vision.attributes.preprocess import InputSpec
from desktop_app.vision.pipeline import FramePipeline, PipelineSettings
from tests.domain.log import totals_of


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


@pytest.mark.parametrize(
    ("fps", "interval_s", "looked_at"),
    [(30, 0.1, 20), (60, 0.1, 20), (20, 0.1, 20), (12, 0.1, 12), (30, 1.0, 20), (60, 0.06, 33), (30, 0.0, 30)],
)
def test_only_the_first_picture_of_a_slot_is_looked_at(fps: int, interval_s: float, looked_at: int) -> None:
    built, _, _ = pipeline(interval_s)
    is_wanted = built.picture_filter()
    assert sum(is_wanted(i / fps) for i in range(fps)) == looked_at


def test_pictures_that_nobody_looks_at_need_not_be_there() -> None:
    built, _, _ = pipeline()
    whole = [(r.tracks, r.events) for r in map(built.process, frames(3.0, 30))]
    built.reset()
    is_wanted = built.picture_filter()
    black = np.zeros((360, 480, 3), np.uint8)
    parts = []
    for frame in frames(3.0, 30):
        seen = frame if is_wanted(frame.time_s) else Frame(black, frame.time_s, frame.index, is_repeat=True)
        parts.append(built.process(seen))
    assert [(r.tracks, r.events) for r in parts] == whole
    assert sum(r.frame.is_repeat for r in parts) == 30


def test_a_repeated_picture_is_not_looked_at_whatever_its_time() -> None:
    built, detector, _ = pipeline()
    for frame in frames(1.0, 10):
        built.process(Frame(frame.image_bgr, frame.time_s, frame.index, is_repeat=True))
    assert detector.calls == 0


def test_one_steady_face_is_one_person_with_few_glimpses() -> None:
    built, _, classifier = pipeline()
    results = [built.process(frame) for frame in frames(6.0, 30)]
    assert results[0].events == (), "one look is not enough to count anybody"
    counted = [e for r in results for e in r.events]
    assert [type(e) for e in counted] == [Counted]
    assert (results[-1].in_view, results[-1].tracks[0].person, results[-1].tracks[0].is_looking) == (1, "1", False)
    assert 2 <= sum(classifier.batches) <= 16
    last = built.finish()
    assert [type(e) for e in last] == [Revised, Left]
    (record,) = totals_of([*counted, *last]).people()
    assert (record.gender, record.age_band, record.is_looking) == (Gender.FEMALE, "20-29", False)


def test_frame_and_result_travel_together() -> None:
    built, _, _ = pipeline()
    for frame in frames(0.5, 30):
        result = built.process(frame)
        assert result.frame is frame
        assert set(result.timings_s) == {"detect", "track", "classify", "count", "total"}


def test_reset_begins_a_new_session_with_the_same_numbers() -> None:
    built, detector, _ = pipeline()
    first = [(r.tracks, r.events) for r in map(built.process, frames(2.0, 30))]
    built.reset()
    assert [(r.tracks, r.events) for r in map(built.process, frames(2.0, 30))] == first
    assert detector.calls == 26
    built.reset("b.")
    assert {t.person for f in frames(2.0, 30) for t in built.process(f).tracks} == {"", "b.1"}


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
        capture, events = cv2.VideoCapture(str(demo_clip())), []
        for i in range(240):
            ok, image = capture.read()
            assert ok
            events += built.process(Frame(np.asarray(image, np.uint8), i / 30, i)).events
        capture.release()
        runs.append([*events, *built.finish()])
    assert runs[0] == runs[1]
    assert totals_of(runs[0]).counts().people >= 2


def test_a_new_count_goes_on_with_the_same_person() -> None:
    split, plain = pipeline()[0], pipeline()[0]
    events: list[Event] = []
    for frame in frames(4.0, 25.0):
        if frame.index == 60:
            closing, opening = split.new_count(frame.time_s)
            assert [type(e) for e in closing] == [Revised, Left]
            assert [(type(e), e.person) for e in opening if isinstance(e, PersonEvent)] == [(Counted, "1")]
            events += [*closing, *opening]
        result = split.process(frame)
        events += result.events
        assert result.tracks == plain.process(frame).tracks
    events += split.finish()
    assert totals_of(events).counts().people == 1


def test_the_hook_is_told_every_glimpse_and_who_counts() -> None:
    built, _, classifier = pipeline()
    told: list[tuple[int, dict[int, int]]] = []
    built.on_glimpses = lambda frame, glimpses, numbers: told.append((len(glimpses), dict(numbers)))
    given = list(frames(2.0, 30))
    for frame in given:
        built.process(frame)
    assert len(told) == len(given)
    assert sum(n for n, _ in told) == sum(classifier.batches)
    assert (told[0][1], told[-1][1]) == ({}, {1: 1})


def test_staff_marked_in_the_pipeline_is_not_in_view() -> None:
    built = pipeline()[0]
    given = list(frames(2.0, 30))
    for frame in given[:-1]:
        built.process(frame)
    assert built.mark_staff("1")
    result = built.process(given[-1])
    assert (result.in_view, result.tracks[0].is_staff) == (0, True)
    assert not built.mark_staff("9")
