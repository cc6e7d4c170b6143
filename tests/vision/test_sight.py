"""What is said of a camera before a count."""

from __future__ import annotations

import numpy as np
import pytest

from desktop_app.domain.blank import Blank
from desktop_app.domain.sight import FAIR, GOOD, POOR, UNKNOWN
from desktop_app.domain.types import Box, Decision, Frame, FrameResult, Track
from desktop_app.vision.faces.sight import REMEMBERED_S, Sight


def face(side: int, brightness: float = 1.0, detail: float = 40.0) -> np.ndarray:
    """Return something with the light and shade of a face; the more `detail`, the finer its features."""
    y, x = np.mgrid[0:side, 0:side] / side
    grey = 130 + 60 * np.sin(x * detail) * np.cos(y * detail * 0.9) + 30 * (x - 0.5)
    return np.repeat((grey * brightness).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def look(picture: np.ndarray, time_s: float = 1.0, seen: bool = True) -> FrameResult:
    side = len(picture)
    image = np.full((240, 320, 3), 110, np.uint8)
    image[40 : 40 + side, 60 : 60 + side] = picture
    track = Track(1, Box(60, 40, 60 + side, 40 + side), Decision(), True, seen, 0.0, time_s)
    return FrameResult(Frame(image, time_s, 0), (track,))


def levels(sight: Sight, now_s: float = 1.0) -> dict[str, str]:
    return {f.about: f.level for f in sight.findings(now_s)}


def test_a_large_light_sharp_face_is_good() -> None:
    sight = Sight()
    sight.take(look(face(60)))
    assert levels(sight) == {"size": GOOD, "light": GOOD, "sharpness": GOOD}


@pytest.mark.parametrize(("side", "level"), [(60, GOOD), (30, FAIR), (14, POOR)])
def test_size(side: int, level: str) -> None:
    sight = Sight()
    sight.take(look(face(side)))
    (size, *_) = sight.findings(1.0)
    assert size.level == level
    assert f"{side} pixels" in size.text


@pytest.mark.parametrize(("brightness", "level"), [(1.0, GOOD), (0.25, FAIR), (0.08, POOR), (3.0, POOR)])
def test_light(brightness: float, level: str) -> None:
    sight = Sight()
    sight.take(look(face(60, brightness)))
    assert levels(sight)["light"] == level


def test_a_blurred_face_is_said_to_be() -> None:
    sight = Sight()
    sight.take(look(face(150, detail=4.0)))
    assert levels(sight)["sharpness"] == POOR


def test_nobody_is_not_the_same_as_bad() -> None:
    sight = Sight()
    assert set(levels(sight).values()) == {UNKNOWN}
    sight.take(look(face(60), seen=False))
    assert set(levels(sight).values()) == {UNKNOWN}


def test_a_covered_lens_is_said_without_a_face() -> None:
    sight = Sight()
    sight.take(FrameResult(Frame(np.zeros((100, 100, 3), np.uint8), 1.0, 0), ()))
    assert levels(sight)["light"] == POOR


def test_what_was_seen_long_ago_is_forgotten() -> None:
    sight = Sight()
    sight.take(look(face(60)))
    assert levels(sight, 1.0 + REMEMBERED_S + 0.1)["size"] == UNKNOWN


def test_a_picture_that_is_too_small_or_a_test_picture_is_said_to_be() -> None:
    sight = Sight()
    sight.take(FrameResult(Frame(np.full((30, 40, 3), 110, np.uint8), 1.0, 0), (), blank=Blank.TOO_SMALL))
    size, *_ = sight.findings(1.0)
    assert size.level == POOR
    assert "40x30 pixels" in size.text
    sight.take(FrameResult(Frame(np.full((240, 320, 3), 110, np.uint8), 1.0, 0), (), blank=Blank.BARS))
    _, light, _ = sight.findings(1.0)
    assert (light.level, "test picture of colour bars" in light.text) == (POOR, True)
