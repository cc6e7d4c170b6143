"""Real clips through the real detector, network, tracker and counter: the same file, the same numbers."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from desktop_app import factory
from desktop_app.domain.events import Event
from desktop_app.domain.types import Frame
from desktop_app.settings import Settings
from desktop_app.sources.video_file import VideoFileSource
from desktop_app.vision.pipeline import FramePipeline
from tests.domain.log import totals_of

CLIPS = Path(__file__).resolve().parents[3] / "shared" / "clips"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CLIPS.is_dir(), reason="the clips with truth are not here"),
]


def frames(name: str) -> list[Frame]:
    source = VideoFileSource(CLIPS / name)
    source.open()
    read = []
    while (frame := source.read()) is not None:
        read.append(frame)
    source.close()
    return read


def build() -> FramePipeline:
    return factory.build_pipeline(Settings())


def run(pipeline: FramePipeline, given: list[Frame]) -> list[Event]:
    events = [event for frame in given for event in pipeline.process(frame).events]
    return [*events, *pipeline.finish()]


def people(events: list[Event]) -> int:
    return totals_of(events).counts().people


def test_the_same_file_gives_the_same_people_in_every_detail() -> None:
    given = frames("intel_walk_and_pause_1m2f.gif")
    pipeline = build()
    first = run(pipeline, given)
    assert people(first) == 3
    pipeline.reset()
    assert run(pipeline, given) == first
    assert run(build(), given) == first


@pytest.mark.parametrize("dropped", [0.5, 0.8])
@pytest.mark.parametrize(("name", "true"), [("intel_walk_and_pause_1m2f.gif", 3), ("intel_asl_hungry_1m0f.mkv", 1)])
def test_a_source_that_drops_frames_counts_the_same(name: str, true: int, dropped: float) -> None:
    rng = random.Random(name)
    kept = [frame for frame in frames(name) if rng.random() >= dropped]
    assert people(run(build(), kept)) == true


def test_nobody_is_counted_where_nobody_is() -> None:
    assert run(build(), frames("no_duration_0m0f.webm")) == []
