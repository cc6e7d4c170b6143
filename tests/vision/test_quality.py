"""How good a glimpse is, and which ones the network is asked about."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.tracking import TrackedFace
from desktop_app.domain.types import Attributes, Box, Detection
from desktop_app.domain.voting import Vote
from desktop_app.vision.attributes.quality import Glimpse, GlimpseScheduler, SchedulerSettings, assess, frontality

STRAIGHT = np.array([[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]], np.float32)


def face(side: int = 96) -> NDArray[np.uint8]:
    """A drawn face: not one that a detector would find, but with the light and detail of one."""
    image = np.full((200, 200, 3), 90, np.uint8)
    cv2.ellipse(image, (100, 100), (48, 60), 0, 0, 360, (150, 170, 200), -1)
    for x in (82, 118):
        cv2.circle(image, (x, 88), 7, (40, 40, 40), -1)
    cv2.line(image, (85, 128), (115, 128), (60, 60, 140), 4)
    noise = np.random.default_rng(0).integers(-12, 13, image.shape)
    image = np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)
    scale = side / 96
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def found(side: int = 96, landmarks: NDArray[np.float32] | None = None) -> Detection:
    k = side / 96
    return Detection(Box(52 * k, 40 * k, 148 * k, 160 * k), 0.9, landmarks)


def test_a_sharp_frontal_well_lit_face_is_worth_most() -> None:
    glimpse = assess(face(), found(landmarks=STRAIGHT + 50))
    assert glimpse.worth
    assert glimpse.facing
    assert glimpse.weight > 0.5


WORSE = {
    "blurred": lambda image: cv2.GaussianBlur(image, (0, 0), 5),
    "dark": lambda image: (image * 0.12).astype(np.uint8),
    "burnt out": lambda image: np.clip(image.astype(int) + 170, 0, 255).astype(np.uint8),
    "without contrast": lambda image: (image * 0.03 + 120).astype(np.uint8),
}


@pytest.mark.parametrize("change", WORSE.values(), ids=WORSE.keys())
def test_a_worse_picture_weighs_less(change: object) -> None:
    image = face()
    worse = assess(np.asarray(change(image), np.uint8), found())  # type: ignore[operator]
    assert worse.weight < 0.6 * assess(image, found()).weight


def test_a_small_face_weighs_less_and_a_tiny_one_is_not_worth_asking_about() -> None:
    weights = [assess(face(side), found(side)).size for side in (96, 40, 24, 12)]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] == 1.0
    assert not assess(face(6), found(6)).worth


def test_a_box_outside_the_picture_is_worth_nothing() -> None:
    assert not assess(face(), Detection(Box(500, 500, 560, 560), 0.9)).worth
    assert not assess(face(), Detection(Box(-60, -60, 2, 2), 0.9)).worth


@pytest.mark.parametrize(
    ("nose", "low", "high"),
    [((50, 60), 0.95, 1.0), ((58, 60), 0.5, 0.8), ((66, 60), 0.1, 0.4), ((75, 60), 0.0, 0.0), ((50, 82), 0.0, 0.6)],
    ids=["straight", "a little turned", "half turned", "profile", "head down"],
)
def test_frontality_from_the_place_of_the_nose(nose: tuple[int, int], low: float, high: float) -> None:
    points = STRAIGHT.copy()
    points[2] = nose
    assert low <= frontality(Detection(Box(20, 20, 80, 100), 0.9, points)) <= high


def test_a_head_on_one_side_is_as_frontal_as_an_upright_one() -> None:
    angle = np.deg2rad(30)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = ((STRAIGHT - 50) @ turn.T + 50).astype(np.float32)
    assert frontality(Detection(Box(10, 10, 90, 100), 0.9, points)) == pytest.approx(
        frontality(Detection(Box(10, 10, 90, 100), 0.9, STRAIGHT)), abs=1e-4
    )


def test_landmarks_in_one_point_are_no_face() -> None:
    assert frontality(Detection(Box(0, 0, 9, 9), 0.9, np.zeros((5, 2), np.float32))) == 0.0


def test_a_detector_without_landmarks_is_taken_to_find_frontal_faces() -> None:
    assert assess(face(), found()).facing


# ---------------------------------------------------------------------------------------- scheduler


def tracked(key: int, hits: int = 5) -> TrackedFace:
    return TrackedFace(key, Box(0, 0, 50, 50), True, 0.0, 0.0, hits, 0.9 * hits, Detection(Box(0, 0, 50, 50), 0.9), 0)


GOOD, FAIR, BAD = Glimpse(1, 1, 1, 1), Glimpse(0.6, 0.8, 1, 1), Glimpse(0.0, 1, 1, 1)


class Votes:
    """Counts what was asked."""

    def __init__(self) -> None:
        self.votes: dict[int, Vote] = {}

    def of(self, key: int) -> Vote | None:
        return self.votes.get(key)

    def add(self, key: int) -> None:
        self.votes.setdefault(key, Vote()).add(Attributes(0.9), 1.0)


def ask_for(seconds: float, glimpse: Glimpse, later: Glimpse | None = None, **settings: float) -> list[float]:
    """The times at which one face is classified that shows `glimpse`, and `later` in the second half."""
    scheduler, votes, times = GlimpseScheduler(SchedulerSettings(**settings)), Votes(), []  # type: ignore[arg-type]
    for i in range(round(seconds * 10)):
        t = i / 10
        shown = later if later is not None and t >= seconds / 2 else glimpse
        if scheduler.choose([tracked(1)], [shown], votes.of, t):
            votes.add(1)
            times.append(t)
    return times


def test_few_glimpses_a_person_however_long_they_stay() -> None:
    times = ask_for(60, GOOD)
    assert len(times) == SchedulerSettings().budget
    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.1


def test_beyond_the_budget_only_a_better_glimpse() -> None:
    budget = SchedulerSettings().budget
    assert len(ask_for(20, FAIR, later=GOOD)) == budget + 1
    assert len(ask_for(20, GOOD, later=FAIR)) == budget


def test_whoever_may_not_be_a_face_is_asked_about_now_and_then_until_they_are() -> None:
    """In a crowd people come out of the blur when their glimpses are long spent."""
    settings = SchedulerSettings()
    scheduler, vote, times = GlimpseScheduler(settings), Vote(), []
    for i in range(200):
        if scheduler.choose([tracked(1)], [FAIR], {1: vote}.get, i / 10):
            times.append(i / 10)
            vote.add(Attributes(0.9, face=0.05 if i < 100 else 0.95), 1.0)
    late = [t for t in times if t > 10]
    assert 3 <= len(late) <= 5
    beyond = times[settings.budget :]
    assert min(b - a for a, b in itertools.pairwise(beyond)) >= settings.doubt_pause_s - 1e-9


def test_glimpses_not_worth_it_are_never_asked_about() -> None:
    assert ask_for(5, BAD) == []


def test_a_flicker_is_not_asked_about() -> None:
    assert GlimpseScheduler().choose([tracked(1, hits=1)], [GOOD], Votes().of, 0.0) == []


def test_a_face_not_found_on_this_frame_is_not_asked_about() -> None:
    assert GlimpseScheduler().choose([tracked(1)], [None], Votes().of, 0.0) == []


def test_a_crowd_is_spread_over_frames_newcomers_first() -> None:
    scheduler, votes = GlimpseScheduler(SchedulerSettings(batch=3)), Votes()
    votes.add(1)
    crowd = [tracked(k) for k in range(1, 8)]
    chosen = scheduler.choose(crowd, [GOOD] * 7, votes.of, 0.0)
    assert len(chosen) == 3
    assert 0 not in chosen
    for i in chosen:
        votes.add(crowd[i].key)
    second = scheduler.choose(crowd, [GOOD] * 7, votes.of, 0.01)
    assert not set(chosen) & set(second)


def test_what_ended_is_forgotten() -> None:
    scheduler, votes = GlimpseScheduler(), Votes()
    assert scheduler.choose([tracked(1)], [GOOD], votes.of, 0.0) == [0]
    assert scheduler.choose([tracked(1)], [GOOD], votes.of, 0.05) == []
    scheduler.forget([1])
    assert scheduler.choose([tracked(1)], [GOOD], votes.of, 0.06) == [0]


@pytest.mark.parametrize("changes", [{"budget": 0}, {"batch": 0}, {"budget": 20, "hard_limit": 10}])
def test_absurd_settings_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        SchedulerSettings(**changes)
