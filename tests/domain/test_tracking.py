"""Following faces: which box continues which track."""

from __future__ import annotations

import math
import random
from itertools import permutations

import pytest

from desktop_app.domain.assignment import FORBIDDEN, assign
from desktop_app.domain.boxes import one_box_a_face
from desktop_app.domain.motion import Motion, box_size
from desktop_app.domain.tracking import TrackedFace, Tracker, TrackerSettings
from desktop_app.domain.types import Box, Detection
from tests.domain.acting import BLUE, RED, box_at


def face(x: float, y: float = 300.0, size: float = 60.0, score: float = 0.9) -> Detection:
    return Detection(box_at(x, y, size), score)


def keys(faces: tuple[TrackedFace, ...]) -> dict[int, int]:
    """Which track each detection went to."""
    return {f.detection_index: f.key for f in faces if f.detection_index is not None}


# ---------------------------------------------------------------------------------------- assignment


def _cheapest(costs: list[list[float]], unmatched: float) -> float:
    """The least sum of what the pairs cost and what those left alone cost, by trying everything."""
    rows, columns = len(costs), len(costs[0])
    # Beside each column, a row may stay alone; a column not taken is alone as well.
    best = math.inf
    for order in permutations([*range(columns), *[None] * rows], rows):
        pairs = [(r, c) for r, c in enumerate(order) if c is not None]
        alone = rows + columns - 2 * len(pairs)
        best = min(best, sum(costs[r][c] for r, c in pairs) + alone * unmatched / 2)
    return best


@pytest.mark.parametrize("seed", range(60))
def test_assignment_agrees_with_trying_everything(seed: int) -> None:
    rng = random.Random(seed)
    rows, columns, unmatched = rng.randint(1, 4), rng.randint(1, 4), rng.uniform(0.5, 6)
    costs = [[rng.choice([FORBIDDEN, rng.uniform(0, 5)]) for _ in range(columns)] for _ in range(rows)]
    pairs = assign(costs, unmatched)
    assert len({r for r, _ in pairs}) == len({c for _, c in pairs}) == len(pairs)
    alone = rows + columns - 2 * len(pairs)
    total = sum(costs[r][c] for r, c in pairs) + alone * unmatched / 2
    assert total == pytest.approx(_cheapest(costs, unmatched))


def test_assignment_of_nothing() -> None:
    assert assign([], 1.0) == []
    assert assign([[], []], 1.0) == []


def test_one_who_is_hidden_and_one_who_appears_do_not_shift_all_the_others() -> None:
    """Five stand side by side. The first is hidden, a sixth appears at the other end: four stay who they are."""
    costs = [[abs(row - column) * 1.1 for column in range(1, 6)] for row in range(5)]
    assert assign(costs, 2.0) == [(1, 0), (2, 1), (3, 2), (4, 3)]


# ---------------------------------------------------------------------------------------- motion


def test_motion_learns_a_speed_and_carries_it_on() -> None:
    motion = Motion(box_at(100, 300), 0.0)
    for i in range(1, 11):
        motion.predict(i * 0.1, hidden=False)
        motion.correct(box_at(100 + 20 * i, 300))
    assert motion.speed[0] == pytest.approx(200, rel=0.1)
    assert motion.speed[1] == pytest.approx(0, abs=5)
    motion.predict(1.1, hidden=True)
    assert motion.box().centre[0] == pytest.approx(320, abs=6)


def test_a_hidden_face_slows_down_and_does_not_run_away() -> None:
    motion = Motion(box_at(100, 300), 0.0)
    for i in range(1, 11):
        motion.predict(i * 0.1, hidden=False)
        motion.correct(box_at(100 + 20 * i, 300))
    motion.predict(20.0, hidden=True)
    assert motion.box().centre[0] < 300 + 200 * 0.6 * 1.5


def _carried(steps: int, hidden: bool) -> Motion:
    motion = Motion(box_at(100, 300), 0.0)
    motion.predict(0.1, hidden=False)
    motion.correct(box_at(120, 300))
    for i in range(1, steps + 1):
        motion.predict(0.1 + i * 0.6 / steps, hidden=hidden)
    return motion


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("steps", [2, 7, 30])
def test_prediction_does_not_depend_on_the_number_of_steps(steps: int, hidden: bool) -> None:
    once, often = _carried(1, hidden), _carried(steps, hidden)
    assert often.box().centre == pytest.approx(once.box().centre, abs=0.1)
    assert often.surprise(box_at(300, 300)) == pytest.approx(once.surprise(box_at(300, 300)), rel=0.35)


def test_size_stays_within_reason_whatever_comes() -> None:
    motion = Motion(Box(0, 0, 0, 0), 0.0)
    for i in range(1, 50):
        motion.predict(float(i), hidden=True)
        motion.correct(box_at(0, 0, 3000 if i % 2 else 1))
    assert math.isfinite(motion.size)
    assert motion.size > 0


# ---------------------------------------------------------------------------------------- boxes on one face

ONE_FACE = {
    "the same box twice": ([box_at(100, 100), box_at(104, 102)], 1),
    "a nose inside a face": ([box_at(100, 100, 60), box_at(105, 108, 35)], 1),
    "two faces cheek to cheek": ([box_at(100, 100), box_at(150, 100)], 2),
    "far apart": ([box_at(100, 100), box_at(500, 100)], 2),
    "a tiny face before a large one": ([box_at(100, 100, 200), box_at(120, 120, 30)], 2),
    "three boxes, two faces": ([box_at(100, 100), box_at(106, 100), box_at(300, 100)], 2),
}


@pytest.mark.parametrize(("boxes", "faces"), ONE_FACE.values(), ids=ONE_FACE.keys())
def test_boxes_on_one_face(boxes: list[Box], faces: int) -> None:
    detections = [Detection(b, 0.9 - 0.05 * i) for i, b in enumerate(boxes)]
    kept = one_box_a_face(detections)
    assert len(kept) == faces
    assert kept[0] == 0
    assert len(Tracker().update(detections, 0.0)) == faces


@pytest.mark.parametrize(
    ("x", "y", "size", "score", "tracks"),
    [
        (300, 230, 30, 0.65, 1),
        (310, 420, 40, 0.7, 1),
        (310, 420, 40, 0.9, 2),
        (300, 600, 40, 0.7, 2),
        (450, 300, 60, 0.7, 2),
    ],
    ids=["a knot of hair", "a print on the chest", "a child before an adult", "further down", "beside"],
)
def test_a_doubtful_box_on_somebody_begins_no_track(x: float, y: float, size: float, score: float, tracks: int) -> None:
    faces = Tracker().update([face(300), face(x, y, size, score)], 0.0)
    assert len(faces) == tracks


# ---------------------------------------------------------------------------------------- association


def test_a_weak_box_continues_a_track_but_begins_none() -> None:
    tracker = Tracker()
    assert tracker.update([face(100, score=0.4)], 0.0) == ()
    (first,) = tracker.update([face(100)], 0.1)
    (again,) = tracker.update([face(105, score=0.4)], 0.2)
    assert again.key == first.key
    assert again.seen
    assert tracker.update([face(110, score=0.2)], 0.3)[0].seen is False


def test_predict_carries_the_box_on_without_calling_it_missed() -> None:
    tracker = Tracker()
    for i in range(6):
        tracker.update([face(100 + 20 * i)], i * 0.1)
    (carried,) = tracker.predict(0.55)
    assert carried.seen
    assert carried.detection is None
    assert carried.box.centre[0] == pytest.approx(210, abs=8)
    assert carried.last_seen_s == 0.5
    (missed,) = tracker.update([], 0.6)
    assert not missed.seen
    assert not tracker.predict(0.65)[0].seen


@pytest.mark.parametrize(("gap_s", "same"), [(0.3, True), (1.0, True), (1.4, True), (2.5, False)])
def test_short_disappearances(gap_s: float, same: bool) -> None:
    tracker = Tracker()
    for i in range(5):
        (before,) = tracker.update([face(100)], i * 0.1)
    for i in range(round(gap_s / 0.1)):
        tracker.update([], 0.5 + i * 0.1)
    (after,) = tracker.update([face(104)], 0.5 + gap_s)
    assert (after.key == before.key) is same
    assert (before.key in tracker.take_ended()) is not same
    assert tracker.take_ended() == ()


@pytest.mark.parametrize("step_s", [0.7, 1.0, 2.0, 5.0])
def test_a_face_that_every_look_finds_is_one_track_however_slow_they_come(step_s: float) -> None:
    tracker = Tracker()
    found = [keys(tracker.update([face(300)], step_s * n)) for n in range(5)]
    assert found == [{0: 1}] * 5
    assert tracker.take_ended() == ()
    assert keys(tracker.update([], step_s * 5)) == {}
    assert keys(tracker.update([face(300)], step_s * 6)) == ({0: 1} if 2 * step_s <= 1.5 else {0: 2})


def test_an_interruption_is_no_slow_pace() -> None:
    tracker = Tracker()
    for n in range(5):
        tracker.update([face(300)], 0.1 * n)
    assert keys(tracker.update([face(300)], 3.0)) == {0: 2}


def test_a_hidden_face_is_reported_only_for_a_moment() -> None:
    tracker = Tracker()
    for i in range(5):
        tracker.update([face(100)], i * 0.1)
    assert len(tracker.update([], 0.8)) == 1
    assert tracker.update([], 1.2) == ()
    assert len(tracker) == 1


def test_crossing_faces_keep_their_keys() -> None:
    tracker = Tracker()
    for i in range(40):
        left, right = face(100 + 20 * i, 300), face(900 - 20 * i, 330)
        detections = [left, right] if abs(left.box.centre[0] - right.box.centre[0]) > 40 else [left]
        found = keys(tracker.update(detections, i * 0.1))
        if i == 5:
            begin = found
    assert found == begin


def test_clothes_tell_apart_where_motion_cannot() -> None:
    """Two stand side by side, are hidden together, and have changed places when they are seen again."""
    tracker = Tracker()
    for i in range(6):
        before = keys(tracker.update([face(300), face(380)], i * 0.1, [RED, BLUE]))
    for i in range(6, 12):
        tracker.update([], i * 0.1)
    after = keys(tracker.update([face(300), face(380)], 1.2, [BLUE, RED]))
    assert after == {0: before[1], 1: before[0]}


def test_a_jump_is_followed_if_the_clothes_agree() -> None:
    for look, same in ((RED, True), (BLUE, False)):
        tracker = Tracker()
        for i in range(6):
            (before,) = tracker.update([face(300)], i * 0.1, [RED])
        after = keys(tracker.update([face(300, 395)], 0.6, [look]))
        assert (after[0] == before.key) is same


def test_another_size_is_another_face() -> None:
    tracker = Tracker()
    for i in range(6):
        (before,) = tracker.update([face(300, size=60)], i * 0.1)
    after = keys(tracker.update([face(300, 330, size=200)], 0.6))
    assert after[0] != before.key


def test_a_cut_ends_every_track() -> None:
    tracker = Tracker()
    (before,) = tracker.update([face(300)], 0.0)
    tracker.cut()
    assert tracker.take_ended() == (before.key,)
    assert keys(tracker.update([face(300)], 0.1))[0] != before.key


@pytest.mark.parametrize("step_s", [1 / 60, 1 / 30, 0.1, 0.25])
def test_a_passer_by_is_one_track_at_any_rate(step_s: float) -> None:
    tracker, seen = Tracker(), set()
    for i in range(round(4 / step_s)):
        for found in tracker.update([face(50 + 250 * i * step_s)], i * step_s):
            seen.add(found.key)
    assert len(seen) == 1


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dropped", [0.5, 0.8])
def test_dropped_frames_change_nothing_for_people_apart(seed: int, dropped: float) -> None:
    """Unless no frame comes for longer than the tracker waits for somebody whom it has just met."""
    rng, tracker, seen = random.Random(seed), Tracker(), set()
    last_s = 0.0
    for i in range(300):
        t = i / 30
        if rng.random() < dropped and t - last_s < TrackerSettings().young_gap_s - 1 / 30:
            continue
        last_s = t
        looks = [RED, BLUE]
        for found in tracker.update([face(100 + 60 * t, 200), face(900 - 50 * t, 500)], t, looks):
            seen.add(found.key)
    assert len(seen) == 2


def test_the_number_of_tracks_is_bounded() -> None:
    tracker = Tracker(TrackerSettings(max_tracks=10))
    crowd = [face(70 * i, 70 * j) for i in range(20) for j in range(10)]
    assert len(tracker.update(crowd, 0.0)) == 10


def test_mistakes_of_the_caller_are_named() -> None:
    tracker = Tracker()
    tracker.update([face(100)], 1.0)
    with pytest.raises(ValueError, match="time runs backwards"):
        tracker.update([face(100)], 0.5)
    with pytest.raises(ValueError, match="1 detections came with 2 appearances"):
        tracker.update([face(100)], 2.0, [None, None])
    with pytest.raises(ValueError, match="weak_score"):
        TrackerSettings(weak_score=0.9, sure_score=0.5)
    with pytest.raises(ValueError, match="seconds"):
        TrackerSettings(max_gap_s=0)
    tracker.reset()
    assert tracker.update([face(100)], 0.0)[0].key == 1


def test_size_of_a_box() -> None:
    assert box_size(Box(0, 0, 40, 90)) == 60
    assert box_size(Box(5, 5, 5, 5)) == 1
