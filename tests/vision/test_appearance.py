"""Clothes, cuts, and the space in which faces are compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.likeness import CLOTHES_ALONE, Looks
from desktop_app.domain.types import Box
from desktop_app.vision.likeness.appearance import CLOTHES_SIZE, ShotCutDetector, clothes_histogram
from desktop_app.vision.likeness.face_space import FILE_NAME, LikenessSpace, fit

FACE = Box(90, 40, 130, 90)


def dressed(bgr: tuple[int, int, int], light: float = 1.0) -> NDArray[np.uint8]:
    """Somebody in one colour before a grey wall, with a little noise."""
    image = np.full((240, 220, 3), 128, np.uint8)
    image[95:, 60:160] = np.clip(np.array(bgr) * light, 0, 255)
    noise = np.random.default_rng(int(sum(bgr))).integers(-10, 11, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def alike(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    first, second = clothes_histogram(a, FACE), clothes_histogram(b, FACE)
    assert first is not None
    assert second is not None
    return float(first @ second)


def test_the_clothes_are_a_unit_vector() -> None:
    vector = clothes_histogram(dressed((30, 30, 200)), FACE)
    assert vector is not None
    assert vector.shape == (CLOTHES_SIZE,)
    assert vector.dtype == np.float32
    assert float(vector @ vector) == pytest.approx(1.0, abs=1e-5)


def test_the_same_clothes_in_other_light_are_more_alike_than_other_clothes() -> None:
    red, blue, black, white = (40, 40, 200), (200, 60, 40), (25, 25, 25), (230, 230, 230)
    for mine, others in ((red, (blue, black, white)), (black, (red, blue, white)), (white, (red, black))):
        same = alike(dressed(mine), dressed(mine, 0.9))
        assert same > 0.7
        assert all(alike(dressed(mine), dressed(other)) < same - 0.2 for other in others)


@pytest.mark.parametrize("face", [Box(90, 170, 130, 220), Box(-30, 40, 4, 90), Box(500, 500, 540, 550)])
def test_no_clothes_where_they_are_not_in_the_picture(face: Box) -> None:
    assert clothes_histogram(dressed((30, 30, 200)), face) is None


# ---------------------------------------------------------------------------------------- cuts


def scene(seed: int, shift: int = 0) -> NDArray[np.uint8]:
    """A smooth random picture, moved sideways by `shift` pixels."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 10, 3)).astype(np.uint8)
    image = np.kron(coarse, np.ones((60, 64, 1), np.uint8))
    return np.ascontiguousarray(np.roll(image, shift, axis=1))


def cuts_in(pictures: list[NDArray[np.uint8]], fps: float = 25.0) -> list[int]:
    shots = ShotCutDetector()
    return [i for i, picture in enumerate(pictures) if shots.is_cut(picture, i / fps)]


def test_a_cut_is_found_on_the_first_frame_of_the_new_scene() -> None:
    assert cuts_in([scene(1)] * 10 + [scene(2)] * 10 + [scene(3)] * 10) == [10, 20]


def test_a_pan_is_no_cut() -> None:
    assert cuts_in([scene(1, 12 * i) for i in range(30)]) == []


def fade(before: list[NDArray[np.uint8]], after: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    shares = np.linspace(0, 1, len(before) + 2)[1:-1]
    return [np.uint8(b * (1 - s) + a * s) for b, a, s in zip(before, after, shares, strict=True)]


@pytest.mark.parametrize(("frames", "fps"), [(6, 15.0), (12, 25.0), (25, 25.0)])
def test_a_cross_fade_between_two_scenes_that_move_is_one_cut_when_it_ends(frames: int, fps: float) -> None:
    before, after = ([scene(seed, i // 4) for i in range(40 + frames)] for seed in (1, 2))
    found = cuts_in([*before[:40], *fade(before[40:], after[:frames]), *after[frames:]], fps)
    assert len(found) == 1
    assert 40 < found[0] <= 40 + frames + 3


def test_after_a_fade_it_is_told_when_the_new_scene_began_to_show() -> None:
    shots, pictures = ShotCutDetector(), [scene(1)] * 30
    pictures += [*fade([scene(1)] * 12, [scene(2)] * 12), *[scene(2)] * 30, *[scene(3)] * 3]
    cuts = [(i, shots.began_s) for i, p in enumerate(pictures) if shots.is_cut(p, i / 25)]
    assert len(cuts) == 2
    assert 28 / 25 <= cuts[0][1] < 42 / 25
    assert cuts[1] == (72, 72 / 25)


@pytest.mark.parametrize("step", [2, 5])
def test_somebody_who_walks_past_slowly_is_no_cross_fade(step: int) -> None:
    assert cuts_in([walker(i, step) for i in range(60)]) == []


def test_light_that_changes_slowly_is_no_cross_fade() -> None:
    assert cuts_in([np.uint8(scene(1) * (1 - 0.02 * i)) for i in range(40)]) == []


def test_a_change_of_light_by_a_little_is_no_cut() -> None:
    assert cuts_in([np.clip(scene(1).astype(int) + 2 * i, 0, 255).astype(np.uint8) for i in range(30)]) == []


def walker(i: int, step: int) -> NDArray[np.uint8]:
    """Somebody large and dark who walks to and fro, `step` pixels a frame."""
    image = scene(1).copy()
    left = abs((step * i) % 900 - 450)
    image[60:, left : left + 180] = 20
    return image


def test_a_camera_that_adapts_its_exposure_at_once_is_no_cut() -> None:
    light = [np.clip(scene(1) * (0.9 if i < 10 else 0.6), 0, 255).astype(np.uint8) for i in range(20)]
    assert cuts_in(light) == []


@pytest.mark.parametrize("fps", [4.0, 8.0])
def test_somebody_near_who_walks_at_few_frames_a_second_is_no_cut(fps: float) -> None:
    assert cuts_in([walker(i, round(200 / fps)) for i in range(40)], fps) == []


def test_frames_given_twice_make_no_cuts_of_ordinary_motion_and_hide_no_cut() -> None:
    assert cuts_in([walker(i // 2, 30) for i in range(60)]) == []
    assert cuts_in([scene(1 if i < 20 else 2, 3 * (i // 2)) for i in range(40)]) == [20]


def test_after_a_gap_more_change_is_expected() -> None:
    shots = ShotCutDetector()
    seen = [i for i in [*range(10), *range(16, 26)] if shots.is_cut(walker(i, 25), i / 10)]
    assert seen == []


def test_somebody_who_fills_a_third_of_the_picture_leaves_the_room_as_it_was_and_a_new_scene_does_not() -> None:
    """At few frames a second such a passer-by looks like a cut; the walls say that it is none."""
    shots = ShotCutDetector()
    near = scene(1).copy()
    near[:, 200:430] = (40, 60, 200)
    assert [shots.is_cut(p, i / 5) for i, p in enumerate([scene(1)] * 6 + [near])][-1]
    assert shots.is_same_room
    shots.reset()
    assert [shots.is_cut(p, i / 5) for i, p in enumerate([scene(1)] * 6 + [scene(2)])][-1]
    assert not shots.is_same_room


def test_the_first_frame_is_no_cut_and_another_picture_size_is_one() -> None:
    assert cuts_in([scene(1)]) == []
    portrait = np.ascontiguousarray(scene(1).transpose(1, 0, 2))
    assert cuts_in([scene(1)] * 5 + [portrait] * 5) == [5]


def test_a_picture_that_is_turned_while_it_moves_is_one_cut() -> None:
    turned = [np.ascontiguousarray(scene(1, 12 * i).transpose(1, 0, 2)) for i in range(20)]
    assert cuts_in([*(scene(1, 12 * i) for i in range(20)), *turned]) == [20]


def test_a_flash_is_reported_once() -> None:
    assert len(cuts_in([scene(1)] * 10 + [np.full_like(scene(1), 255)] + [scene(1)] * 10)) == 1


def test_reset_forgets_the_last_picture() -> None:
    shots = ShotCutDetector()
    shots.is_cut(scene(1), 0.0)
    shots.reset()
    assert not shots.is_cut(scene(2), 0.1)


@pytest.mark.parametrize("options", [{"least": 0.0}, {"ratio": 0.5}, {"window": 0}])
def test_absurd_options_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        ShotCutDetector(**options)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------- likeness


def crowd(people: int = 200, glimpses: int = 4, seed: int = 0) -> NDArray[np.float64]:
    """Embeddings as a network gives them: a large common part, a strong nuisance, and little that is personal."""
    rng = np.random.default_rng(seed)
    axes = np.random.default_rng(99).normal(size=(12, 40))
    common = 10 * axes[0]
    nuisance = rng.normal(size=(people, glimpses, 4)) @ (3 * axes[1:5])
    personal = rng.normal(size=(people, 1, 7)) @ (0.8 * axes[5:12])
    vectors = common + nuisance + personal + rng.normal(scale=0.1, size=(people, glimpses, 40))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def separation(space: LikenessSpace | None, vectors: NDArray[np.float64]) -> float:
    """The share of pairs in which two glimpses of one person are more alike than two of different people."""

    def product(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        if space is None:
            return float(a @ b)
        first, second = space.project(a.astype(np.float32)), space.project(b.astype(np.float32))
        assert first is not None
        assert second is not None
        return float(first @ second)

    n = len(vectors)
    same = [product(v[0], v[1]) for v in vectors]
    other = [product(vectors[i][0], vectors[(i + 1) % n][1]) for i in range(n)]
    return float(np.mean([s > o for s, o in zip(same, other, strict=True)]))


def test_the_fitted_space_tells_people_apart_that_the_raw_features_do_not() -> None:
    space, strangers = fit(crowd(), dimensions=7), crowd(seed=1)
    assert separation(None, strangers) < 0.75
    assert separation(space, strangers) > 0.97


def test_a_vector_of_another_network_is_not_compared() -> None:
    space = fit(crowd())
    assert space.project(None) is None
    assert space.project(np.ones(7, np.float32)) is None
    assert space.project(space.mean) is None


def test_a_space_is_read_back_only_beside_its_own_network(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(b"weights")
    assert LikenessSpace.load(model) is None
    space = fit(crowd())
    space.save(model)
    again = LikenessSpace.load(model)
    assert again is not None
    assert np.array_equal(again.projection, space.projection)
    model.write_bytes(b"other weights")
    assert LikenessSpace.load(model) is None
    assert "another network" in caplog.text
    (tmp_path / FILE_NAME).write_bytes(b"no archive")
    assert LikenessSpace.load(model) is None
    assert "cannot be read" in caplog.text


def test_too_little_to_fit_to_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 people"):
        fit(crowd(people=1))
    with pytest.raises(ValueError, match="at least 2 people"):
        fit(crowd(glimpses=1))
    with pytest.raises(ValueError, match="do not fit"):
        LikenessSpace(np.zeros(3, np.float32), np.zeros((4, 2), np.float32))


A, B = np.array([1, 0], np.float32), np.array([0.6, 0.8], np.float32)
LOOKS = {
    "nothing known": (Looks(), Looks(), None),
    "only one of them known": (Looks(A, A), Looks(), None),
    "faces": (Looks(A), Looks(B), 0.6),
    "clothes alone never say all": (Looks(None, A), Looks(None, A), CLOTHES_ALONE),
    "strangers' clothes say nothing": (Looks(None, A), Looks(None, B), 0.0),
    "both the same": (Looks(A, A), Looks(A, A), 1.0),
    "other clothes": (Looks(A, A), Looks(A, B), 0.7),
    "other length": (Looks(A), Looks(np.ones(3, np.float32)), None),
}


@pytest.mark.parametrize(("first", "second", "expected"), LOOKS.values(), ids=LOOKS.keys())
def test_likeness(first: Looks, second: Looks, expected: float | None) -> None:
    for a, b in ((first, second), (second, first)):
        if expected is None:
            assert a.likeness(b) is None
        else:
            assert a.likeness(b) == pytest.approx(expected)
