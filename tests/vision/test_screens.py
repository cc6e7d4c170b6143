"""Faces on a screen are told from faces by the cuts of what the screen shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.tracking import TrackedFace
from desktop_app.domain.types import Box, Detection
from desktop_app.vision.attributes.screens import ScreenDetector
from desktop_app.vision.likeness.appearance import ShotCutDetector

Image = NDArray[np.uint8]

SIZE = (640, 360)
SCREEN = Box(220, 100, 420, 220)
ON_IT = Box(290, 130, 330, 180)
STEP_S = 0.1
FPS = 10
NOISE = np.random.default_rng(1).normal(0, 1.5, (360, 640, 3)).astype(np.float32)
HALL = cv2.resize(
    np.random.default_rng(7).integers(60, 190, (6, 10, 3), dtype=np.uint8), SIZE, interpolation=cv2.INTER_CUBIC
)


def shot(seed: int) -> Image:
    """A picture as a screen shows it: large patches of colours."""
    patches = np.random.default_rng(seed).integers(10, 245, (4, 6, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(patches, (200, 120), interpolation=cv2.INTER_NEAREST), np.uint8)


def hall(shown: Image, tick: int, *, drawn: bool = False) -> Image:
    """A hall with a screen, or whatever it is, at `SCREEN`, and the noise of a camera."""
    image = np.full((360, 640, 3), 60, np.uint8) if drawn else np.asarray(HALL, np.uint8).copy()
    image[100:220, 220:420] = shown
    return image if drawn else noisy(image, tick)


def noisy(image: Image, tick: int) -> Image:
    return np.clip(image + np.roll(NOISE, 37 * tick, axis=1), 0, 255).astype(np.uint8)


def shots(*seeds: int, each: int = FPS) -> list[Image]:
    return [hall(shot(seed), i * each + k) for i, seed in enumerate(seeds) for k in range(each)]


def face(box: Box = ON_IT, key: int = 1) -> TrackedFace:
    return TrackedFace(key, box, True, 0.0, 1.0, 5, 4.5, Detection(box, 0.9), 0)


class Camera:
    """Shows pictures to the test for screens as the pipeline does, with a look at the faces on every frame."""

    def __init__(self) -> None:
        self.screens, self._cuts, self._time_s = ScreenDetector(), ShotCutDetector(), 0.0

    def see(self, images: Sequence[Image], faces: Sequence[TrackedFace] = (), step_s: float = STEP_S) -> set[int]:
        """Return the keys of the faces that are on a screen at the end."""
        found = set[int]()
        for image in images:
            self._cuts.is_cut(image, self._time_s)
            assert self._cuts.samples is not None
            assert self._cuts.thumbnail is not None
            self.screens.see(self._cuts.samples, self._cuts.thumbnail, self._time_s)
            found = self.screens.look(SIZE, faces)
            self._time_s += step_s
        return found


def test_a_face_is_on_a_screen_once_two_cuts_have_shown_three_pictures() -> None:
    camera = Camera()
    assert camera.see(shots(1, 2), [face()]) == set()
    camera.screens.forget([1])
    assert camera.see(shots(3), [face(key=2)]) == {2}
    assert camera.see(shots(4), [face(key=3)]) == {3}


def test_a_screen_seen_from_the_side_is_one_too() -> None:
    corners = np.array([[220, 100], [420, 125], [420, 195], [220, 220]], np.float32)
    flat = np.array([[0, 0], [200, 0], [200, 120], [0, 120]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, corners)

    inside = np.zeros((360, 640), np.uint8)
    cv2.fillConvexPoly(inside, corners.astype(np.int32), 1)

    def slanting(seed: int, tick: int) -> Image:
        image = np.asarray(HALL, np.uint8).copy()
        there = cv2.warpPerspective(shot(seed), matrix, SIZE)
        image[inside > 0] = there[inside > 0]
        return noisy(image, tick)

    camera = Camera()
    images = [slanting(seed, FPS * seed + k) for seed in (1, 2, 3) for k in range(FPS)]
    assert camera.see(images, [face()]) == {1}


def test_slides_that_stand_still_without_any_noise_are_on_a_screen() -> None:
    slides = [hall(shot(seed), 0) for seed in (1, 2, 3) for _ in range(FPS)]
    assert Camera().see(slides, [face()]) == set()
    before = noisy(slides[0], 5)
    assert Camera().see([before, *slides], [face()]) == {1}


def opening(before: Image, after: Image, steps: int) -> list[Image]:
    """A door of which each step uncovers more."""
    found = []
    for i in range(1, steps + 1):
        picture = before.copy()
        picture[:, : i * 200 // steps] = after[:, : i * 200 // steps]
        found.append(picture)
    return found


def doors() -> list[Image]:
    shown, last = [shot(1)] * FPS, 1
    for seed in (2, 1, 3, 1, 4):
        shown += opening(shot(last), shot(seed), 4) + [shot(seed)] * FPS
        last = seed
    return [hall(picture, i) for i, picture in enumerate(shown)]


def lamps() -> list[Image]:
    light = [1.0, 0.15] * 4
    shown = [np.clip(shot(1) * share, 0, 255).astype(np.uint8) for share in light for _ in range(FPS)]
    return [hall(picture, i) for i, picture in enumerate(shown)]


def lamps_while_people_move() -> list[Image]:
    """What is behind a pane is another picture each time it is lit."""
    seeds, light = (1, 1, 2, 2, 3, 3, 4), (1.0, 0.06) * 4
    shown = [np.clip(shot(s) * share + 4, 0, 255).astype(np.uint8) for s, share in zip(seeds, light, strict=False)]
    return [hall(picture, FPS * i + k) for i, picture in enumerate(shown) for k in range(FPS)]


def drawn_around() -> list[Image]:
    return [hall(shot(seed), 0, drawn=True) for seed in (1, 2, 3, 4) for _ in range(FPS)]


def train() -> list[Image]:
    """What is behind a window goes on changing after it has changed at once."""
    still = [hall(shot(1), i) for i in range(FPS)]
    return [*still, *(hall(shot(i), i) for i in range(2, 9)), *still, *(hall(shot(i), i) for i in range(12, 19))]


@pytest.mark.parametrize(
    "film",
    [
        pytest.param(doors, id="a door"),
        pytest.param(lambda: shots(1, 2, 1, 2, 1, 2), id="two pictures in turn"),
        pytest.param(lamps, id="a lamp"),
        pytest.param(lamps_while_people_move, id="a lamp, and people who move"),
        pytest.param(drawn_around, id="a film within a drawn frame"),
        pytest.param(train, id="a train before a window"),
    ],
)
def test_what_is_no_screen_holds_nobody_back(film: Callable[[], list[Image]]) -> None:
    camera = Camera()
    camera.see(film())
    assert camera.see([film()[-1]], [face()]) == set()


def test_between_frames_far_apart_a_door_may_have_been_opened() -> None:
    camera = Camera()
    camera.see(shots(1, 2, 3, 4, each=4), step_s=0.5)
    assert camera.see(shots(4), [face()]) == set()


def test_whoever_was_beside_the_screen_stands_before_it() -> None:
    camera = Camera()
    camera.see(shots(1, 2, 3))
    beside = Box(180, 130, 240, 200)
    assert camera.see(shots(3)[:1], [face(beside)]) == set()
    assert camera.see(shots(3)[:1], [face()]) == set()
    camera.screens.forget([1])
    assert camera.see(shots(3)[:1], [face()]) == {1}


def with_visitor(images: Sequence[Image], *, down_to: int) -> list[Image]:
    """Somebody whose head is before the screen, and whose body reaches down to this row."""
    found = []
    for image in images:
        picture = image.copy()
        picture[125:185, 280:340] = (120, 150, 200)
        picture[185:down_to, 250:370] = (10, 10, 10)
        found.append(picture)
    return found


def test_whoever_hides_the_edge_of_the_screen_stands_before_it() -> None:
    camera = Camera()
    camera.see(shots(1, 2, 3))
    assert camera.see(with_visitor(shots(3), down_to=360), [face()]) == set()
    assert camera.see(with_visitor(shots(3), down_to=200), [face()]) == {1}


def test_a_face_that_outlives_a_cut_is_before_the_screen() -> None:
    camera = Camera()
    camera.see(shots(1, 2, 3))
    assert camera.see(with_visitor(shots(3), down_to=200), [face()]) == {1}
    assert camera.see(with_visitor(shots(4, 5), down_to=200), [face()]) == set()


def test_where_no_cut_has_changed_anything_is_no_screen() -> None:
    camera = Camera()
    camera.see(with_visitor(shots(1, 2, 3, 4), down_to=200))
    assert camera.see(with_visitor(shots(4)[:1], down_to=200), [face()]) == set()


def test_another_scene_or_another_size_has_other_screens() -> None:
    camera = Camera()
    assert camera.see(shots(1, 2, 3), [face()]) == {1}
    smaller = [np.ascontiguousarray(image[:300, :600]) for image in shots(3)[:2]]
    assert camera.see(smaller, [face()]) == set()
    camera = Camera()
    camera.see(shots(1, 2, 3))
    camera.screens.reset()
    assert camera.see(shots(3), [face()]) == set()


def test_no_more_screens_are_remembered_than_need_be() -> None:
    camera = Camera()
    for i in range(6):
        moved = [np.roll(image, 20 * i, axis=1) for image in shots(1, 2, 3)]
        camera.see([np.ascontiguousarray(image) for image in moved])
    last = Box(ON_IT.x1 + 100, ON_IT.y1, ON_IT.x2 + 100, ON_IT.y2)
    assert camera.see([np.ascontiguousarray(np.roll(shots(3)[0], 100, axis=1))], [face(last)]) == {1}
