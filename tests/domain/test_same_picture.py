"""When a source gives no new picture any more."""

from __future__ import annotations

import numpy as np

from desktop_app.domain.same_picture import Fingerprint, SamePictures, fingerprint_of

RNG = np.random.default_rng(1)
SCENE = RNG.integers(30, 220, (72, 128, 3), np.uint8)


def fingerprint(picture: np.ndarray) -> Fingerprint:
    return fingerprint_of(picture, picture.reshape(18, 4, 32, 4, 3).mean((1, 3)).astype(np.int16))


def said_of(*pictures: np.ndarray) -> list[bool]:
    same = SamePictures()
    return [same.is_same(fingerprint(picture)) for picture in pictures]


def changed(by: int, where: tuple[slice, slice] = (slice(36, 37), slice(60, 61))) -> np.ndarray:
    picture = SCENE.copy()
    picture[where] += np.uint8(by)
    return picture


def test_a_picture_that_comes_again_is_no_new_one() -> None:
    assert said_of(SCENE, SCENE, SCENE) == [False, True, True]


def test_one_level_of_one_pixel_is_a_new_picture() -> None:
    assert said_of(SCENE, changed(1), changed(2), changed(3)) == [False] * 4


def test_what_a_coder_makes_of_a_picture_that_stands_still_comes_again() -> None:
    group = [changed(n) for n in range(5)]
    assert said_of(*group, *group, *group) == [False] * 5 + [True] * 10


def test_a_film_that_is_shown_again_and_again_moves() -> None:
    walk = [changed(30, (slice(30, 50), slice(8 * n, 8 * n + 8))) for n in range(10)]
    assert not any(said_of(*walk * 5))


def test_the_time_written_at_an_edge_makes_no_new_picture() -> None:
    clock = [changed(n, (slice(2, 9), slice(10, 60))) for n in range(4)]
    assert said_of(*clock) == [False, True, True, True]


def test_another_size_is_another_picture_and_nothing_is_remembered_after_a_reset() -> None:
    same = SamePictures()
    tall = np.ascontiguousarray(SCENE.transpose(1, 0, 2))
    upright = fingerprint_of(tall, tall.reshape(32, 4, 18, 4, 3).mean((1, 3)).astype(np.int16))
    assert [same.is_same(f) for f in (fingerprint(SCENE), upright, upright)] == [False, False, True]
    same.reset()
    assert not same.is_same(upright)


def test_what_is_remembered_of_a_still_scene_is_bounded() -> None:
    same = SamePictures()
    thumbnail = np.zeros((18, 32, 3), np.int16)
    assert not any(same.is_same(Fingerprint(n, thumbnail)) for n in range(10_000))
    assert len(same._known) <= 4096
