"""Pictures of faces are told from faces by what never moves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.tracking import TrackedFace
from desktop_app.domain.types import Box, Detection
from desktop_app.vision.attributes import stillness
from desktop_app.vision.attributes.stillness import StillnessDetector

BOX = Box(100, 60, 160, 130)


def hall(seed: int = 0, noise: float = 2.0) -> NDArray[np.uint8]:
    """A hall with a face-like pattern at `BOX`, and the noise of a camera."""
    rng = np.random.default_rng(7)
    image = np.kron(rng.integers(40, 200, (12, 16, 3)), np.ones((20, 20, 1)))
    image[60:130, 100:160] = np.kron(rng.integers(30, 220, (7, 6, 3)), np.ones((10, 10, 1)))
    image = image + np.random.default_rng(seed).normal(0, noise, image.shape) if noise else image
    return np.clip(image, 0, 255).astype(np.uint8)


def face(box: Box = BOX, key: int = 1) -> TrackedFace:
    return TrackedFace(key, box, True, 0.0, 1.0, 5, 4.5, Detection(box, 0.9), 0)


def looks(pictures: list[NDArray[np.uint8]], boxes: list[Box] | None = None) -> list[bool]:
    detector = StillnessDetector()
    boxes = boxes or [BOX] * len(pictures)
    return [1 in detector.look(picture, [face(box)]) for picture, box in zip(pictures, boxes, strict=True)]


def moved(image: NDArray[np.uint8], x: int, y: int = 0, *, with_board: bool = False) -> NDArray[np.uint8]:
    """The hall with the face further right and down; `with_board` it takes along what is printed round it."""
    around = 70 if with_board else 0
    x1, y1, x2, y2 = (round(v) for v in (BOX.x1 - around, BOX.y1 - around, BOX.x2 + around, BOX.y2 + around))
    y1 = max(0, y1)
    board, result = image[y1:y2, x1:x2].copy(), hall(99)
    result[y1 + y : y2 + y, x1 + x : x2 + x] = board
    return result


def test_a_picture_on_the_wall_stays_still_in_the_noise_of_the_camera() -> None:
    assert all(looks([hall(i, 4.0) for i in range(30)]))


def test_a_picture_stays_still_under_a_camera_that_trembles() -> None:
    shaken = [np.roll(hall(i), (i % 2, (i // 2) % 2), (0, 1)) for i in range(30)]
    assert all(looks([np.ascontiguousarray(picture) for picture in shaken]))


def test_a_picture_stays_still_while_the_light_changes_and_while_somebody_passes_before_it() -> None:
    dimmed = [np.clip(hall(i) * (1 - 0.01 * i), 0, 255).astype(np.uint8) for i in range(40)]
    for i in (20, 21, 22):
        dimmed[i][60:130, 100:130] = 10
    assert all(looks(dimmed))


def test_a_face_that_changes_lives_from_the_second_change_on() -> None:
    changing = [hall(i) for i in range(2)]
    for i in range(2, 6):
        picture = hall(i)
        picture[60:130, 100:160] = np.roll(picture[60:130, 100:160], 4 * i, axis=1)
        changing.append(picture)
    assert looks(changing) == [True, True, True, False, False, False]


def test_a_face_that_walks_lives_at_once() -> None:
    boxes = [Box(BOX.x1 + 30 * i, BOX.y1, BOX.x2 + 30 * i, BOX.y2) for i in range(4)]
    assert looks([moved(hall(i), 30 * i) for i in range(4)], boxes) == [True, True, False, False]


def test_a_picture_on_a_board_that_is_carried_past_stays_still() -> None:
    boxes = [Box(BOX.x1 + 5 * i, BOX.y1, BOX.x2 + 5 * i, BOX.y2) for i in range(18)]
    detector = StillnessDetector()
    pictures = [moved(hall(i), 5 * i, with_board=True) for i in range(18)]
    since = [detector.look(picture, [face(box)]).get(1) for picture, box in zip(pictures, boxes, strict=True)]
    assert None not in since
    assert (since[0], since[-1]) == (0.0, -math.inf)


def test_a_picture_stays_still_before_a_camera_that_pans_and_a_face_that_sways_does_not() -> None:
    def panned(picture: NDArray[np.uint8], i: int) -> NDArray[np.uint8]:
        return np.ascontiguousarray(picture[:, 5 * i : 5 * i + 240])

    boxes = [Box(BOX.x1 - 5 * i, BOX.y1, BOX.x2 - 5 * i, BOX.y2) for i in range(15)]
    assert all(looks([panned(hall(i), i) for i in range(15)], boxes))
    swaying = looks([panned(moved(hall(i), 4 * (i > 4)), i) for i in range(15)], boxes)
    assert swaying[:5] == [True] * 5
    assert not any(swaying[10:])


def test_behind_a_passer_by_it_is_the_same_picture_that_comes_into_view_again() -> None:
    detector = StillnessDetector()
    for i in range(5):
        detector.look(hall(i), [face()])
    detector.forget([1])
    again = TrackedFace(2, BOX, True, 9.0, 9.0, 1, 0.9, Detection(BOX, 0.9), 0)
    elsewhere = TrackedFace(3, Box(10, 60, 70, 130), True, 9.0, 9.0, 1, 0.9, Detection(Box(10, 60, 70, 130), 0.9), 0)
    assert detector.look(hall(9), [again, elsewhere]) == {2: 0.0, 3: 9.0}


def test_of_several_pictures_that_were_hidden_each_comes_back_as_itself() -> None:
    detector = StillnessDetector()
    other = Box(10, 60, 70, 130)
    for i in range(5):
        detector.look(hall(i), [face(), face(other, 2)])
    detector.forget([1, 2])
    again = [TrackedFace(k, b, True, 9.0, 9.0, 1, 0.9, Detection(b, 0.9), 0) for k, b in ((3, other), (4, BOX))]
    assert detector.look(hall(9), again) == {3: 0.0, 4: 0.0}


def test_who_sat_still_for_long_lives_soon_after_the_first_movement() -> None:
    found = looks([hall(i) if i < 80 else moved(hall(i), 8) for i in range(95)])
    assert all(found[:80])
    assert not any(found[90:])


def test_a_source_that_repeats_one_picture_says_nothing() -> None:
    assert looks([hall(0, 0.0)] * 4) == [True, False, False, False]


@pytest.mark.parametrize("box", [Box(-50, -50, -10, -10), Box(10, 10, 12, 12)])
def test_what_cannot_be_seen_is_not_held_back(box: Box) -> None:
    assert StillnessDetector().look(hall(), [face(box)]) == {}


def test_a_track_that_ended_is_forgotten() -> None:
    detector = StillnessDetector()
    detector.look(hall(0), [face()])
    detector.forget([1])
    assert detector.look(hall(1), []) == {}
    detector.reset()
    assert 1 in detector.look(hall(2), [face()])


def test_a_still_picture_shown_again_is_told_as_copies_of_it_are() -> None:
    picture = hall()
    picture.setflags(write=False)
    assert looks([picture] * 6) == looks([picture.copy() for _ in range(6)]) == [True, *[False] * 5]


def test_an_array_that_is_written_to_again_is_another_picture() -> None:
    reused, detector = hall(), StillnessDetector()
    told = []
    for i in range(8):
        reused[:] = moved(hall(i), 6 * (i % 2))
        told.append(1 in detector.look(reused, [face()]))
    assert told == looks([moved(hall(i), 6 * (i % 2)) for i in range(8)])
    assert not told[-1]


def test_large_faces_are_told_as_small_ones_are() -> None:
    def larger(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.kron(image, np.ones((8, 8, 1), np.uint8))

    box = Box(*(8 * value for value in (BOX.x1, BOX.y1, BOX.x2, BOX.y2)))
    still = [larger(hall(i)) for i in range(6)]
    assert all(looks(still, [box] * 6))
    swaying = [larger(moved(hall(i), 6 * (i % 2))) for i in range(8)]
    assert not looks(swaying, [box] * 8)[-1]


def test_more_pixels_than_a_face_needs_are_not_looked_at() -> None:
    picture = np.zeros((4320, 7680, 3), np.uint8)
    for side in (100.0, 255.0, 256.0, 700.0, 4000.0):
        shown, box = stillness._Halved(picture).for_face(Box(0, 0, side, side))
        assert (shown is picture) == (side < 256)
        assert box.width / shown.shape[1] == pytest.approx(side / 7680)
        assert side < 128 or 128 <= box.width < 256
