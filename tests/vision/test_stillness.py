"""Pictures of faces are told from faces by what never moves."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.tracking import TrackedFace
from desktop_app.domain.types import Box, Detection
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
    assert looks([hall(i) for i in range(4)], boxes) == [True, True, False, False]


def test_a_source_that_repeats_one_picture_says_nothing() -> None:
    assert looks([hall(0, 0.0)] * 4) == [True, False, False, False]


@pytest.mark.parametrize("box", [Box(-50, -50, -10, -10), Box(10, 10, 12, 12)])
def test_what_cannot_be_seen_is_not_held_back(box: Box) -> None:
    assert StillnessDetector().look(hall(), [face(box)]) == set()


def test_a_track_that_ended_is_forgotten() -> None:
    detector = StillnessDetector()
    detector.look(hall(0), [face()])
    detector.forget([1])
    assert detector.look(hall(1), []) == set()
    detector.reset()
    assert 1 in detector.look(hall(2), [face()])
