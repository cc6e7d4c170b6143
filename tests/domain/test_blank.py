"""Which pictures are of one tone, and so show nobody."""

from __future__ import annotations

import numpy as np
import pytest

from desktop_app.domain.blank import tone_of, tone_word

SHAPE = (18, 32, 3)


def flat(*bgr: int) -> np.ndarray:
    return np.broadcast_to(np.array(bgr, np.int16), SHAPE).copy()


@pytest.mark.parametrize(
    ("bgr", "word"),
    [((0, 0, 0), "black"), ((16, 16, 16), "black"), ((255, 255, 255), "of one colour"), ((255, 0, 0), "of one colour")],
)
def test_a_picture_of_one_colour_is_blank(bgr: tuple[int, int, int], word: str) -> None:
    tone = tone_of(flat(*bgr))
    assert tone == pytest.approx(sum(bgr) / 3)
    assert tone_word(tone) == word


def test_noise_that_is_left_in_the_dark_is_no_content() -> None:
    noisy = flat(6, 6, 6) + np.random.default_rng(1).normal(0, 1.5, SHAPE).round().astype(np.int16)
    assert tone_of(noisy) is not None


@pytest.mark.parametrize("row", [1, 16])
def test_the_time_that_a_camera_writes_at_the_edge_is_no_content(row: int) -> None:
    black = flat(0, 0, 0)
    black[row, 2:14] = 160
    assert tone_of(black) is not None


@pytest.mark.parametrize("place", [(slice(8, 10), slice(15, 17)), (slice(13, 15), slice(0, 1))])
def test_a_face_in_the_dark_is_content(place: tuple[slice, slice]) -> None:
    stage = flat(0, 0, 0)
    stage[place] = 120
    assert tone_of(stage) is None


def test_a_dim_room_and_a_wall_with_a_shadow_are_content() -> None:
    shadow = np.linspace(0, 9, 32).astype(np.int16)[None, :, None]
    assert tone_of(flat(4, 4, 4) + shadow) is None
    assert tone_of(flat(230, 230, 230) + shadow) is None


def test_colours_of_the_same_brightness_are_content() -> None:
    halves = flat(0, 90, 0)
    halves[:, 16:] = (90, 0, 0)
    assert tone_of(halves) is None


def test_a_picture_on_end_is_looked_at_as_well() -> None:
    assert tone_of(np.zeros((32, 18, 3), np.uint8)) == 0.0
