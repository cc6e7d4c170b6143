"""The same view in another size: nobody in it is somebody new, and no line is crossed by that."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.counting import PeopleCounter
from desktop_app.domain.events import Counted, Crossed, Event
from desktop_app.domain.places import Line
from desktop_app.domain.tracking import Tracker
from desktop_app.domain.types import Box, Detection, Frame
from desktop_app.vision.frame_size import FrameSize
from desktop_app.vision.pipeline import FramePipeline, PipelineSettings
from tests.vision.test_pipeline import AlwaysFemale

WIDTH, HEIGHT = 480, 360
PLANS: dict[str, Callable[[float], float]] = {
    "larger": lambda time_s: 1.0 if time_s < 3 else 2.0,
    "smaller": lambda time_s: 1.0 if time_s < 3 else 0.5,
    "to and fro": lambda time_s: (1.0, 0.75, 1.5)[int(time_s) % 3],
    "while hidden": lambda time_s: 1.0 if time_s < 2.6 else 2.0,
}


class Passing:
    """A detector that sees one face, at a place that is told in shares of the picture."""

    name = "passing"

    def __init__(self) -> None:
        self.place: tuple[float, float] | None = (0.8, 0.7)

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        if self.place is None:
            return []
        height, width = image_bgr.shape[:2]
        x, y, w, h = self.place[0] * width, self.place[1] * height, 0.06 * width, 0.1 * height
        return [Detection(Box(x - w, y - h, x + w, y + h), 0.9)]


def run(plan: Callable[[float], float], place: Callable[[float], tuple[float, float] | None]) -> list[Event]:
    """Return the events of six seconds in which `plan` says how large the pictures are."""
    detector = Passing()
    counter = PeopleCounter(lines=(Line("door", 0.5, 0.0, 0.5, 1.0),))
    built = FramePipeline(
        detector, AlwaysFemale(), Tracker(), counter, settings=PipelineSettings(detect_interval_s=0.1)
    )
    picture = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    events: list[Event] = []
    for i in range(150):
        time_s = i / 25
        detector.place = place(time_s)
        image = cv2.resize(picture, None, fx=plan(time_s), fy=plan(time_s))
        events += built.process(Frame(np.asarray(image, np.uint8), time_s, i)).events
    return [*events, *built.finish()]


def counted(events: list[Event]) -> int:
    return sum(isinstance(event, Counted) for event in events)


@pytest.mark.parametrize("plan", list(PLANS))
def test_somebody_in_view_stays_the_same_person(plan: str) -> None:
    events = run(PLANS[plan], lambda time_s: None if plan == "while hidden" and 2 <= time_s < 4.5 else (0.8, 0.7))
    assert counted(events) == 1
    assert not [event for event in events if isinstance(event, Crossed)]


@pytest.mark.parametrize("plan", list(PLANS))
def test_somebody_who_walks_is_one_person_and_crosses_once(plan: str) -> None:
    events = run(PLANS[plan], lambda time_s: (0.1 + 0.8 * time_s / 6, 0.5))
    assert counted(events) == 1
    assert sum(isinstance(event, Crossed) for event in events) == 1


def test_another_shape_shows_something_else() -> None:
    size = FrameSize()
    assert [size.change(*of) for of in ((640, 360), (640, 360), (1280, 720), (427, 240), (240, 427), (480, 854))] == [
        1.0,
        1.0,
        2.0,
        pytest.approx(427 / 1280),
        1.0,
        2.0,
    ]
    size.reset()
    assert size.change(1280, 720) == 1.0
