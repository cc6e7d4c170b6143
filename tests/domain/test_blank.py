"""Which pictures show nobody, whoever was there."""

from __future__ import annotations

import numpy as np
import pytest

from desktop_app.domain.blank import Blank, blank_of, is_too_small, tone_of

SHAPE = (18, 32, 3)


def flat(*bgr: int) -> np.ndarray:
    return np.broadcast_to(np.array(bgr, np.int16), SHAPE).copy()


def large(*bgr: int) -> np.ndarray:
    return np.broadcast_to(np.array(bgr, np.uint8), (144, 256, 3)).copy()


def seen_in(picture: np.ndarray) -> Blank | None:
    """Return what `blank_of` says of a picture of 256 x 144 pixels."""
    thumbnail = picture.reshape(18, 8, 32, 8, 3).mean((1, 3)).round().astype(np.int16)
    return blank_of(picture, picture[::2, ::2], thumbnail)


def stripes(*colours: str, level: int = 190) -> np.ndarray:
    """Return a picture of upright stripes, each named by the letters of its colours."""
    wide = -(-256 // len(colours))
    row = np.concatenate([np.full((wide, 3), [level * (c in colour) for c in "bgr"], np.uint8) for colour in colours])
    return np.broadcast_to(row[:256], (144, 256, 3)).copy()


@pytest.mark.parametrize(
    ("bgr", "blank"),
    [
        ((0, 0, 0), Blank.BLACK),
        ((16, 16, 16), Blank.BLACK),
        ((255, 255, 255), Blank.ONE_COLOUR),
        ((255, 0, 0), Blank.ONE_COLOUR),
    ],
)
def test_a_picture_of_one_colour_is_blank(bgr: tuple[int, int, int], blank: Blank) -> None:
    assert tone_of(flat(*bgr)) == pytest.approx(sum(bgr) / 3)
    assert seen_in(large(*bgr)) is blank


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


BARS = ("bgr", "gr", "bg", "g", "br", "r", "b")


@pytest.mark.parametrize(("level", "more"), [(190, ()), (255, ("",))])
def test_colour_bars_are_a_test_picture(level: int, more: tuple[str, ...]) -> None:
    picture = stripes(*BARS, *more, level=level)
    assert seen_in(picture) is Blank.BARS
    picture[100:] = np.random.default_rng(1).integers(0, 255, (44, 256, 3), np.uint8)
    assert seen_in(picture) is Blank.BARS


def test_stripes_in_another_order_are_a_scene() -> None:
    assert seen_in(stripes(*BARS[::-1])) is None
    assert seen_in(stripes("bgr", "gr", "bg", "g", "br", "r")) is None
    leaning = stripes(*BARS)
    for row in range(144):
        leaning[row] = np.roll(leaning[row], row // 2, axis=0)
    assert seen_in(leaning) is None


def test_an_evenly_lit_wall_with_a_door_is_a_scene() -> None:
    wall = large(214, 214, 214) + np.linspace(0, 6, 256).astype(np.uint8)[None, :, None]
    wall[40:, 120:144] = (90, 80, 70)
    assert seen_in(wall) is None


@pytest.mark.parametrize(("bgr", "blank"), [((190, 0, 0), Blank.CARD), ((128, 128, 128), Blank.CARD)])
def test_words_on_a_drawn_surface_are_no_scene(bgr: tuple[int, int, int], blank: Blank) -> None:
    card = large(*bgr)
    card[60:84, 60:196:9] = 240
    card[60:84, 64:196:9] = 200
    assert seen_in(card) is blank


@pytest.mark.parametrize("level", [0, 255])
def test_a_lamp_in_the_night_and_somebody_before_a_bright_window_are_scenes(level: int) -> None:
    scene = large(level, level, level)
    scene[60:84, 120:136] = np.linspace(40, 220, 24, dtype=np.uint8)[:, None, None]
    assert seen_in(scene) is None


def test_a_wall_that_is_lit_from_one_side_is_a_scene() -> None:
    wall = large(0, 0, 0) + np.linspace(110, 150, 256).astype(np.uint8)[None, :, None]
    assert seen_in(wall) is None


def test_two_colours_are_no_scene_and_three_are() -> None:
    dots = np.random.default_rng(1).integers(0, 2, (36, 64, 1), np.uint8) * np.full(3, 255, np.uint8)
    print_out = dots.repeat(4, 0).repeat(4, 1)
    assert seen_in(print_out) is Blank.TWO_COLOURS
    print_out[70:80, 100:140] = 90
    assert seen_in(print_out) is None


def test_noise_is_no_scene_and_gravel_is() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (72, 128, 3), np.uint8)
    fine = np.random.default_rng(2).integers(0, 255, (144, 256, 3), np.uint8)
    assert seen_in(fine) is Blank.NOISE
    assert seen_in(noise.repeat(2, 0).repeat(2, 1)) is None


def test_a_picture_is_too_small_by_its_shorter_side() -> None:
    assert is_too_small(400, 40)
    assert not is_too_small(48, 44)
    assert is_too_small(100, 80, 90.0)
