"""A recorded count counts the same again, and rules can be changed in it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from benchmarks import replay
from benchmarks.clips import frames
from benchmarks.log import RunLog
from benchmarks.pipelines import build
from benchmarks.replay import Change
from benchmarks.tapes import Look, record
from desktop_app.domain import recognition
from desktop_app.domain.types import Box, Frame
from desktop_app.resources import demo_clip
from desktop_app.vision.attributes.quality import Glimpse


def beginning() -> Iterator[Frame]:
    """Every second frame of the first seconds of the demo clip, in which people come into view."""
    return islice(frames(demo_clip()), 0, 120, 2)


@pytest.fixture(scope="module")
def looks() -> list[Look]:
    return record(beginning())


@pytest.mark.slow
def test_a_replay_counts_as_the_program_does(looks: list[Look]) -> None:
    pipeline, log = build(), RunLog()
    for frame in beginning():
        log.add(pipeline.process(frame).events)
    log.add(pipeline.finish())
    again = replay.replay(pickle.loads(pickle.dumps(looks)))
    assert log.totals.counts().people > 0
    assert [(p.gender, p.first_seen_s) for p in again.totals.people()] == [
        (p.gender, p.first_seen_s) for p in log.totals.people()
    ]


@pytest.mark.slow
def test_other_rules_count_otherwise_and_constants_are_put_back(looks: list[Look]) -> None:
    before = recognition.AT_EDGE
    changes = [
        Change.parse(text) for text in ("counting.min_size=2000", "recognition.AT_EDGE=3", "tracker.unmatched=1")
    ]
    assert replay.replay(looks, changes).totals.counts().people == 0
    assert before == recognition.AT_EDGE


@pytest.mark.parametrize(
    "text", ["counting.no_such=1", "counting.same_at", "vote.prior=x", "os.name=1", "counting.vote=1"]
)
def test_what_is_no_setting_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(SystemExit, match=r"counting\.same_at"):
        Change.parse(text)


def test_a_part_of_the_glimpses_is_left_out_the_same_with_each_seed() -> None:
    boxes = [Box(i, 0.0, i + 10.0, 10.0) for i in range(200)]
    look = Look(0, 0.0, 100, 100, glimpses={box: Glimpse(1.0, 1.0, 1.0, 1.0) for box in boxes})
    first, again, other = (replay.thinned([look], 0.4, seed) for seed in (1, 1, 2))
    worth = [glimpse.worth for glimpse in first[0].glimpses.values()]
    assert 90 < sum(worth) < 150
    assert first == again
    assert first != other
    assert all(glimpse.worth for glimpse in look.glimpses.values()), "the tape itself stays as it is"


def test_each_value_that_is_tried_is_a_run_beside_the_shipped_one() -> None:
    runs = replay.trials(["vote.prior=1"], ["tracker.unmatched=1,2"])
    assert [", ".join(map(str, run)) for run in runs] == [
        "vote.prior=1",
        "vote.prior=1, tracker.unmatched=1",
        "vote.prior=1, tracker.unmatched=2",
    ]


def test_without_a_record_the_remedy_is_named(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text("file,males,females,appearances,notes\na.mp4,1,0,1,\n")
    with pytest.raises(SystemExit, match="record"):
        replay.main(["count", str(tmp_path), str(tmp_path / "tapes")])
