"""Who a new face is: by looks, by place, and where a track has gone over to somebody else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.boxes import is_at_edge
from desktop_app.domain.counting import CountingSettings, PeopleCounter
from desktop_app.domain.events import Event
from desktop_app.domain.recognition import MOST_BY_PLACE, place_evidence
from desktop_app.domain.tracking import Tracker
from desktop_app.domain.types import Attributes, Detection, Track
from tests.domain.acting import FRAME_SIZE, Actor, Stage, box_at, gone, unit, walk
from tests.domain.log import totals_of

WOMAN, MAN = unit(1, 0, 0), unit(0, 1, 0)
RATHER_LIKE_THE_WOMAN = unit(0.6, 0, 0.8)
A_LITTLE_LIKE_THE_WOMAN = unit(0.33, 0, 0.95)
VERY_LIKE_THE_WOMAN = unit(0.85, 0, 0.53)


def test_a_place_says_less_with_distance_and_with_time_and_never_all() -> None:
    by_distance = [place_evidence(d, 2.0) for d in (0.0, 0.5, 1.0, 2.0, 5.0, 50.0)]
    assert by_distance == sorted(by_distance, reverse=True)
    by_time = [place_evidence(0.0, gap) for gap in (0.5, 2.0, 5.0, 15.0)]
    assert by_time == sorted(by_time, reverse=True)
    assert place_evidence(0.0, 0.0) == MOST_BY_PLACE


@pytest.mark.parametrize(("x", "people"), [(520, 1), (1000, 2)])
def test_a_face_that_is_rather_like_that_of_somebody_hidden_is_theirs_near_by_only(x: float, people: int) -> None:
    hidden = Actor(walk(500, 300, end=3.0), embedding=WOMAN)
    back = Actor(walk(x, 300, begin=6.0), embedding=RATHER_LIKE_THE_WOMAN)
    assert Stage([hidden, back]).play(9).finish().people == people


def test_without_looks_only_the_same_place_will_do() -> None:
    """A place alone, even a likely one, must not make one person of everybody who passes it."""
    for x, people in ((510, 1), (550, 2)):
        stage = Stage([Actor(walk(500, 300, end=3.0)), Actor(walk(x, 300, begin=5.0))])
        assert stage.play(8).finish().people == people


def test_two_faces_that_are_not_alike_are_two_people_in_whatever_place() -> None:
    stage = Stage([Actor(walk(500, 300, end=3.0), embedding=WOMAN), Actor(walk(500, 300, begin=4.0), embedding=MAN)])
    assert stage.play(7).finish().people == 2


def test_somebody_who_turns_away_at_the_edge_for_four_seconds_counts_once() -> None:
    path = gone(walk(1250, 300), (3.0, 7.5))
    assert Stage([Actor(path, embedding=WOMAN)]).play(11).finish().people == 1


@pytest.mark.parametrize(("x", "people"), [(640, 1), (1260, 2)])
def test_a_stranger_who_looks_a_little_alike_is_not_taken_for_somebody_who_left_at_the_edge(
    x: float, people: int
) -> None:
    """In the middle of the picture the same looks and place are enough: there somebody is only hidden."""
    left = Actor(walk(x, 300, end=3.0), embedding=WOMAN)
    comes = Actor(walk(x, 300, begin=5.0), embedding=A_LITTLE_LIKE_THE_WOMAN)
    assert Stage([left, comes]).play(7).finish().people == people


@pytest.mark.parametrize("away_s", [6.0, 9.0, 13.0])
def test_somebody_who_sits_near_the_edge_and_turns_away_for_long_counts_once(away_s: float) -> None:
    """A face before a webcam fills the picture to near its edge, and nobody leaves by turning their head."""
    path = gone(walk(640, 44), (3.0, 3.0 + away_s))  # fourteen pixels, a quarter of a face, below the upper edge
    assert Stage([Actor(path, embedding=WOMAN)]).play(17).finish().people == 1


@pytest.mark.parametrize(
    ("x", "speed", "left"),
    [(1250, 0.0, True), (1230, 0.0, False), (1230, 2.5, True), (1215, 2.5, False), (1215, 9.0, False), (40, 2.5, True)],
)
def test_whoever_touches_the_edge_or_would_reach_it_before_the_next_look_has_probably_left(
    x: float, speed: float, left: bool
) -> None:
    assert is_at_edge(box_at(x, 300), FRAME_SIZE, speed) is left


class Theft:
    """A woman stands; a man passes before her, and her track goes with him. Then she is seen again."""

    def __init__(self, passer: NDArray[np.float32]) -> None:
        self.tracker, self.counter = Tracker(), PeopleCounter()
        self.passer = passer
        self.events: list[Event] = []
        self.tracks: tuple[Track, ...] = ()

    def play(self, *, comes_back: bool) -> None:
        for i in range(60):
            t = i * 0.1
            passing = t >= 2.0
            x = 500 + max(0.0, t - 2.2) * 150
            found = [Detection(box_at(x, 300), 0.45 if 2.0 <= t < 2.2 else 0.85)]
            if comes_back and t >= 3.0:
                found.append(Detection(box_at(500, 300), 0.9))
            faces = self.tracker.update(found, t)
            for face in faces:
                if face.detection_index is not None and i % 5 == 0:
                    is_passer = passing and face.detection_index == 0
                    look = self.passer if is_passer else WOMAN
                    self.counter.observe(face, Attributes(0.1 if is_passer else 0.9, embedding=look), 1.0)
            self.tracks, events = self.counter.update(faces, self.tracker.take_ended(), t, FRAME_SIZE)
            self.events += events

    def number_at(self, x: float) -> int:
        return min(self.tracks, key=lambda track: abs(track.box.centre[0] - x)).track_id


def test_a_track_that_went_with_a_passer_by_is_theirs_once_its_owner_is_seen_again() -> None:
    theft = Theft(MAN)
    theft.play(comes_back=True)
    assert theft.number_at(500) == 1, "the woman keeps her number"
    assert theft.number_at(1055) == 2
    totals = totals_of(theft.events + list(theft.counter.finish()))
    assert (totals.counts().female, totals.counts().male) == (1, 1)


@pytest.mark.parametrize(("look", "people"), [(unit(0.19, 1, 0), 1), (unit(-0.5, 1, 0), 2)])
def test_a_track_that_nobody_claims_is_somebody_elses_only_if_the_looks_are_far_apart(
    look: NDArray[np.float32], people: int
) -> None:
    """With a mask or in another light somebody looks different, but not like the opposite of themselves."""
    theft = Theft(look)
    theft.play(comes_back=False)
    assert totals_of(theft.events + list(theft.counter.finish())).counts().people == people


@pytest.mark.parametrize(("score", "people"), [(0.7, 0), (0.8, 1)])
def test_nobody_counts_of_whose_face_the_detector_was_never_sure(score: float, people: int) -> None:
    assert Stage([Actor(walk(400, 300), score=score)]).play(3).finish().people == people


@pytest.mark.parametrize(("same_room", "people"), [(False, 2), (True, 1)])
def test_after_what_was_hardly_a_cut_a_likely_face_is_the_same_person(same_room: bool, people: int) -> None:
    before, after = Actor(walk(400, 300, end=3.0), embedding=WOMAN), Actor(walk(800, 400, begin=3.1))
    after.embedding = VERY_LIKE_THE_WOMAN
    stage = Stage([before, after], counter=PeopleCounter(CountingSettings(hidden_s=0.0))).play(3.0)
    stage.tracker.cut()
    stage.counter.cut(3.0, same_room=same_room)
    assert stage.play(3).finish().people == people


@pytest.mark.parametrize(("began_s", "people"), [(1.5, 2), (2.3, 3)])
def test_who_came_into_view_while_the_scene_faded_stays(began_s: float, people: int) -> None:
    """The ghost of a face in a fade looks otherwise than the face, and may not be known again."""
    before, after = Actor(walk(300, 300, end=2.0), embedding=WOMAN), Actor(walk(800, 400, begin=1.6), embedding=MAN)
    stage = Stage([before, after]).play(2.3)
    stage.tracker.cut(began_s)
    stage.counter.cut(2.3, began_s=began_s)
    after.embedding = unit(0, 0.3, 0.95)
    assert stage.play(2).finish().people == people
