"""How the benchmark of naming reads what became of people, and that a replay is the same count."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from benchmarks.clips import Clip
from benchmarks.naming import HEADER, Outcome, Recording, RecordingCounter, line, replay, setting
from desktop_app.domain.counting import CountingSettings, PeopleCounter
from desktop_app.domain.events import Counted, Event, Revised
from desktop_app.domain.tracking import Tracker
from desktop_app.domain.types import Attributes, Box, Detection, Gender
from desktop_app.domain.voting import VoteSettings
from tests.domain.acting import FRAME_SIZE, bands

FEMALE, MALE, UNDECIDED = Gender.FEMALE, Gender.MALE, Gender.UNDECIDED


def clip(males: int, females: int) -> Clip:
    people = males + females
    return Clip(Path("a.mp4"), males, females, people, people, people)


def outcome(*events: Event, males: int = 0, females: int = 1) -> Outcome:
    result = Outcome(clip(males, females))
    result.add(events)
    return result


def counted(gender: Gender, age: float | None = None, time_s: float = 1.0) -> Counted:
    return Counted(time_s, "1", 1, 0.0, gender, 0.9, age)


def revised(gender: Gender, age: float | None = None, time_s: float = 2.0, final: bool = False) -> Revised:
    return Revised(time_s, "1", gender, 0.9, age, final=final)


def test_who_is_named_later_has_waited_and_has_not_changed() -> None:
    got = outcome(counted(UNDECIDED), revised(FEMALE, time_s=2.5))
    assert got.waits_s == [1.5]
    assert (got.log.renamed, got.judged, got.revised) == (set(), (0, 1), 1)


def test_who_is_named_otherwise_or_no_more_has_changed() -> None:
    assert outcome(counted(FEMALE), revised(MALE)).log.renamed == {"1"}
    assert outcome(counted(FEMALE), revised(UNDECIDED, final=True)).log.renamed == {"1"}
    assert outcome(counted(FEMALE), revised(FEMALE, final=True)).log.renamed == set()


def test_a_name_is_judged_where_everybody_has_the_same_gender() -> None:
    assert outcome(counted(MALE)).judged == (1, 1)
    assert outcome(counted(MALE), males=1, females=0).judged == (0, 1)
    assert outcome(counted(MALE), males=1, females=1).judged == (0, 0)
    assert outcome(counted(UNDECIDED)).judged == (0, 0)


def test_changes_of_the_age_band_are_told_from_changes_within_it() -> None:
    assert outcome(counted(FEMALE, 28), revised(FEMALE, 29), revised(FEMALE, 31)).band_changes == 1


def test_a_replay_with_the_same_thresholds_is_the_same_count_and_with_others_another() -> None:
    tracker, counter = Tracker(), RecordingCounter(CountingSettings())
    told: list[Event] = []
    for i in range(30):
        t = i / 10
        faces = tracker.update([Detection(Box(300, 300, 360, 360), 0.9)], t)
        counter.observe(faces[0], Attributes(0.75, bands(3)), 1.0)
        told += counter.update(faces, tracker.take_ended(), t, FRAME_SIZE)[1]
    told += counter.finish()
    recording = Recording(clip(0, 1), PeopleCounter(), tuple(counter.calls))
    direct, again = outcome(*told), replay(recording)
    assert again.log.totals.counts() == direct.log.totals.counts()
    assert (again.waits_s, again.revised) == (direct.waits_s, direct.revised)
    strict = replay(recording, VoteSettings(name_at=0.9))
    assert (again.log.totals.counts().female, strict.log.totals.counts().undecided) == (1, 1)
    table = dict(zip(HEADER.split(), line("x", [again]).split(), strict=False))
    assert (table["settings"], table["people"], table["changed"]) == ("x", "1", "0.0%")


def test_a_threshold_is_read_and_nonsense_refused() -> None:
    assert setting("name_at=0.7") == ("name_at", 0.7)
    for text in ("name=0.7", "name_at=high", "name_at"):
        with pytest.raises(argparse.ArgumentTypeError):
            setting(text)
