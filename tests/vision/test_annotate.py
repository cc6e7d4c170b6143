from __future__ import annotations

import itertools

import numpy as np
import pytest

from desktop_app.domain.places import Line, Zone
from desktop_app.domain.types import Box, Decision, Frame, FrameResult, Gender, Track
from desktop_app.vision.annotate import PALETTE, Annotator, annotate, bgr, label_text, place_label, plain_ascii


def track(box: Box, gender: Gender = Gender.FEMALE, track_id: int = 1, **changes) -> Track:
    options = {"confirmed": True, "seen": True, "first_seen_s": 0.0, "last_seen_s": 1.0} | changes
    decision = Decision(gender, 0.934, 33.0, 4.0, 5)
    return Track(track_id, box, **{"decision": decision} | options)


def result(width: int, height: int, *tracks: Track) -> FrameResult:
    return FrameResult(Frame(np.full((height, width, 3), 100, np.uint8), 0.0, 0), tracks)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "female 30-39 #1"),
        ({"gender": Gender.MALE, "track_id": 12}, "male 30-39 #12"),
        ({"gender": Gender.UNDECIDED}, "undecided 30-39 #1"),
        ({"decision": Decision(Gender.MALE, 0.95, 6.0)}, "male child 3-9 #1"),
        ({"decision": Decision(Gender.UNDECIDED, 0.7, 1.0)}, "child 0-2 #1"),
        ({"is_staff": True}, "staff #1"),
        ({"confirmed": False}, ""),
    ],
)
def test_the_label_says_gender_age_and_id_and_no_confidence(changes, text) -> None:
    assert label_text(track(Box(0, 0, 9, 9), **changes)) == text


@pytest.mark.parametrize(
    ("width", "height"), [(854, 480), (1920, 1080), (3840, 2160), (480, 270), (90, 60), (1081, 1919)]
)
def test_it_draws_on_a_copy_of_every_size(width, height) -> None:
    boxes = [
        Box(0.3 * width, 0.3 * height, 0.4 * width, 0.5 * height),
        Box(-5, -5, 20, 20),
        Box(width - 9, height - 9, width, height),
    ]
    given = result(width, height, *(track(b, track_id=i + 1) for i, b in enumerate(boxes)))
    before = given.frame.image_bgr.copy()
    drawn = annotate(given, [Line("Entrée", 0.1, 0.8, 0.9, 0.8)], [Zone("录", ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9)))])
    assert np.array_equal(given.frame.image_bgr, before)
    assert drawn.shape == before.shape
    assert drawn.dtype == np.uint8
    assert not np.shares_memory(drawn, before)
    assert (drawn != before).any()


def test_a_frame_that_may_not_be_written_is_no_obstacle() -> None:
    given = result(320, 240, track(Box(100, 100, 140, 150)))
    given.frame.image_bgr.setflags(write=False)
    assert (annotate(given) != given.frame.image_bgr).any()


def test_without_people_and_counts_the_picture_stays_as_it_is() -> None:
    given = result(320, 240)
    assert np.array_equal(annotate(given), given.frame.image_bgr)


@pytest.mark.parametrize("gender", list(Gender))
def test_each_gender_has_its_colour_in_the_picture(gender) -> None:
    drawn = annotate(result(640, 480, track(Box(200, 200, 300, 320), gender)))
    assert (drawn == np.array(bgr(PALETTE[gender]))).all(axis=2).sum() > 100


def test_a_predicted_box_is_drawn_otherwise_than_a_seen_one() -> None:
    box = Box(200, 200, 300, 320)
    seen, predicted = (annotate(result(640, 480, track(box, seen=s))) for s in (True, False))
    assert (seen[200, 250] != 100).any()
    assert (predicted[200, 250] == 100).all()
    assert (predicted[200, 210] != 100).any()


def test_plates_stay_in_the_picture_and_off_each_other() -> None:
    taken: list[tuple[int, int, int, int]] = []
    for x, y in [(10, 40), (20, 45), (600, 2), (615, 470), (300, 200), (305, 205)]:
        rect = place_label((x, y, x + 30, y + 30), (120, 16), (640, 480), taken)
        assert 0 <= rect[0] < rect[2] <= 640
        assert 0 <= rect[1] < rect[3] <= 480
        taken.append(rect)
    for a, b in itertools.combinations(taken, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_a_plate_keeps_off_another_persons_face_where_it_can() -> None:
    person, above, everywhere = (100, 120, 160, 180), (110, 80, 160, 115), (0, 0, 640, 480)
    free = place_label(person, (120, 20), (640, 480), [])
    assert free[3] < person[1]
    assert place_label(person, (120, 20), (640, 480), [], [above])[1] > person[3]
    assert place_label(person, (120, 20), (640, 480), [], [everywhere]) == free


def test_a_plate_higher_than_the_picture_is_not_lost() -> None:
    assert place_label((0, 0, 5, 5), (50, 40), (60, 30), [])[:2] == (0, 0)


@pytest.mark.parametrize(("text", "plain"), [("Eingang", "Eingang"), ("Entrée №1", "Entree No1"), ("入口", "??")])
def test_names_are_brought_to_the_letters_of_the_font(text, plain) -> None:
    assert plain_ascii(text) == plain


def test_an_annotator_is_a_function_of_the_result_alone() -> None:
    annotator = Annotator([Line("a", 0, 0.5, 1, 0.5)])
    given = result(640, 480, track(Box(200, 200, 300, 320)))
    assert np.array_equal(annotator(given), annotator(given))
