"""How the benchmark of faces turned away hides them, and whom it takes for counted again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.clips import Clip
from benchmarks.turned_away import SEEN_S, Count, OnePicture, TurnedAway, is_of_one_piece, table
from desktop_app.domain.types import Box, Detection

PICTURE = np.zeros((8, 8, 3), np.uint8)


class OneFace:
    name = "one"
    searched = 0

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        self.searched += 1
        return [Detection(Box(1, 1, 5, 5), 0.9)]


def clip(name: str = "room.mp4", *, people: int = 2, high: int = 3, kind: str = "unedited") -> Clip:
    return Clip(Path(name), people, 0, people, people, high, kind)


@pytest.mark.parametrize(("time_s", "found"), [(0.0, 1), (2.4, 1), (2.5, 0), (7.4, 0), (7.5, 1), (10.1, 0)])
def test_faces_are_seen_for_a_while_and_then_away(time_s: float, found: int) -> None:
    turned = TurnedAway(OneFace(), away_s=5.0)
    turned.time_s = time_s
    assert SEEN_S == 2.5
    assert len(turned.detect(PICTURE)) == found
    assert turned.name == "one"


def test_as_it_is_nobody_is_hidden_and_a_picture_is_searched_once() -> None:
    inner = OneFace()
    shared = OnePicture(inner)
    both = [TurnedAway(shared, away_s) for away_s in (0.0, 5.0)]
    for time_s in (0.0, 3.0, 60.0):
        shared.begin()
        for turned in both:
            turned.time_s = time_s
        assert [len(turned.detect(PICTURE)) for turned in both] == [1, int(time_s != 3.0)]
    assert inner.searched == 3


@pytest.mark.parametrize(
    ("plain", "counted", "again"), [(2, 2, 0), (2, 3, 0), (2, 4, 1), (5, 5, 0), (5, 6, 1), (2, 1, 0)]
)
def test_only_who_exceeds_the_truth_and_the_count_as_it_is_was_counted_again(
    plain: int, counted: int, again: int
) -> None:
    assert Count(clip(), 5.0, plain, counted).again == again


def test_clips_with_cuts_and_without_people_are_left_out() -> None:
    assert is_of_one_piece(clip())
    assert not is_of_one_piece(clip("comp_visitors.mp4", kind="old"))
    assert not is_of_one_piece(clip(kind="cuts"))
    assert not is_of_one_piece(clip(people=0, high=0, kind="trap"))


def test_the_table_adds_up_each_half() -> None:
    counts = [Count(clip(f"{i}.mp4"), away_s, 2, 4) for i in range(6) for away_s in (3.0, 8.0)]
    lines = [line.split() for line in table(counts).splitlines()[1:]]
    assert {(line[1], line[2]) for line in lines} == {("3", "s"), ("8", "s")}
    assert sum(int(line[3]) for line in lines) == 12
    assert all(int(line[5]) == int(line[3]) for line in lines)
