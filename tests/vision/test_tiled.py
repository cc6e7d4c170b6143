"""Small faces by tiles in turn, and the schedule of looks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.tracking import Tracker
from desktop_app.domain.types import Box, Detection
from desktop_app.errors import SettingsError
from desktop_app.vision.faces.schedule import LookSchedule
from desktop_app.vision.faces.tiled import TiledFaceDetector


class Spots:
    """Finds bright squares as faces, if they are at least `least` pixels wide after shrinking to `side`."""

    name = "spots"

    def __init__(self, side: int = 640, least: float = 14.0) -> None:
        self.side, self.least = side, least
        self.shapes: list[tuple[int, int]] = []

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        height, width = image_bgr.shape[:2]
        self.shapes.append((width, height))
        scale = min(1.0, self.side / max(width, height))
        bright = image_bgr[:, :, 0] > 128
        found = []
        while bright.any():
            y, x = (int(v) for v in np.argwhere(bright)[0])
            x2 = x + int(np.argmin(np.append(bright[y, x:], False)))
            y2 = y + int(np.argmin(np.append(bright[y:, x], False)))
            bright[y:y2, x:x2] = False
            if min(x2 - x, y2 - y) * scale >= self.least:
                landmarks = np.full((5, 2), (x, y), np.float32)
                found.append(Detection(Box(x, y, x2, y2), 0.9, landmarks))
        return found


def picture(width: int, height: int, *squares: tuple[int, int, int]) -> NDArray[np.uint8]:
    image = np.zeros((height, width, 3), np.uint8)
    for x, y, side in squares:
        image[y : y + side, x : x + side] = 255
    return image


def corners(detections: list[Detection]) -> set[tuple[float, float]]:
    """The upper left corners, to 5 pixels: a search at another scale is off by parts of a pixel."""
    return {(5.0 * round(d.box.x1 / 5), 5.0 * round(d.box.y1 / 5)) for d in detections}


def scanner(coarse: Spots | None = None, fine: Spots | None = None) -> TiledFaceDetector:
    return TiledFaceDetector(coarse or Spots(), fine or Spots(), min_face_share=0.022)


def test_a_small_picture_is_searched_once_and_whole() -> None:
    fine = Spots()
    assert corners(scanner(fine=fine).detect(picture(640, 360, (100, 100, 30)))) == {(100, 100)}
    assert fine.shapes == []


SMALL_FACES = [(x, y, 24) for x in (5, 300, 620, 940, 1260, 1580, 1890) for y in (5, 250, 540, 800, 1050)]


@pytest.mark.parametrize("face", SMALL_FACES, ids=str)
def test_a_small_face_anywhere_is_found_within_one_round(face: tuple[int, int, int]) -> None:
    image, detector = picture(1920, 1080, face), scanner()
    looks = [corners(detector.detect(image)) for _ in range(18)]
    assert (float(face[0]), float(face[1])) in set().union(*looks)
    assert all(len(found) <= 1 for found in looks), "the overlap of two tiles must not make two faces"


def test_a_small_face_once_found_is_looked_at_every_other_time() -> None:
    image, detector = picture(1920, 1080, (1000, 700, 24)), scanner()
    hits = [bool(detector.detect(image)) for _ in range(40)]
    first = hits.index(True)
    assert sum(hits[first : first + 20]) >= 9


@pytest.mark.slow
def test_while_one_small_face_is_followed_the_rest_is_still_searched() -> None:
    detector = scanner()
    alone = picture(1920, 1080, (200, 200, 24))
    for _ in range(20):
        detector.detect(alone)
    both = picture(1920, 1080, (200, 200, 24), (1700, 900, 24))
    seen = set().union(*(corners(detector.detect(both)) for _ in range(40)))
    assert seen == {(200.0, 200.0), (1700.0, 900.0)}


def test_a_large_face_is_found_on_every_look_and_once() -> None:
    image, detector = picture(1920, 1080, (700, 300, 300)), scanner()
    for _ in range(12):
        assert len(detector.detect(image)) == 1


def test_landmarks_move_with_their_box() -> None:
    image, detector = picture(1920, 1080, (1500, 900, 24)), scanner()
    found = [d for _ in range(16) for d in detector.detect(image)]
    assert found
    for detection in found:
        assert detection.landmarks is not None
        assert detection.landmarks[0].tolist() == pytest.approx([1500, 900], abs=1.5)


def moving(width: int, height: int, looks: int) -> list[NDArray[np.uint8]]:
    """Pictures in which everything changes from one to the next, and nothing is bright enough to be a face."""
    coarse = np.random.default_rng(3).integers(0, 120, (looks, 9, 16, 3), dtype=np.uint8)
    return [np.asarray(cv2.resize(c, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8) for c in coarse]


def pixels(shapes: list[tuple[int, int]]) -> int:
    return sum(width * height for width, height in shapes)


def test_the_cost_of_a_look_does_not_grow_with_the_picture() -> None:
    for width, height in ((1280, 720), (1920, 1080), (3840, 2160)):
        coarse, fine = Spots(), Spots()
        detector = scanner(coarse, fine)
        for image in moving(width, height, 5):
            detector.detect(image)
        assert coarse.shapes == [(640, 360)] * 5
        assert 3 <= len(fine.shapes) <= 5
        assert all(max(size) <= 640 for size in fine.shapes)


def test_what_stands_still_is_not_searched_again_but_now_and_then() -> None:
    still, coarse, fine = picture(1920, 1080, (700, 300, 300)), Spots(), Spots()
    detector = scanner(coarse, fine)
    found = [corners(detector.detect(still)) for _ in range(60)]
    assert found == [{(700.0, 300.0)}] * 60
    assert 2 <= len(coarse.shapes) <= 4, "the first look and each twentieth after it"
    assert 9 <= len(fine.shapes) <= 18, "each of the nine tiles once, or twice where its turn came again"


def test_somebody_who_comes_into_a_still_picture_is_found_at_once_for_less_than_a_whole_search() -> None:
    detector = scanner(coarse := Spots())
    for _ in range(3):
        detector.detect(picture(1280, 720, (200, 100, 60)))
    before = len(coarse.shapes)
    assert corners(detector.detect(picture(1280, 720, (200, 100, 60), (600, 500, 60)))) == {(200, 100), (600, 500)}
    assert pixels(coarse.shapes[before:]) < 0.7 * 640 * 360


def test_somebody_who_leaves_a_still_picture_is_not_found_any_more() -> None:
    detector = scanner()
    for _ in range(3):
        detector.detect(picture(1280, 720, (200, 100, 60), (900, 500, 60)))
    assert corners(detector.detect(picture(1280, 720, (200, 100, 60)))) == {(200, 100)}
    assert detector.detect(picture(1280, 720)) == []


@pytest.mark.parametrize("x", [300, 620, 700, 780, 940])
def test_a_face_of_which_a_part_changes_stays_one_face(x: int) -> None:
    face, detector = picture(1280, 720, (x, 200, 200)), scanner()
    detector.detect(face)
    for shift in range(1, 8):
        face[390:400, x + 150 : x + 200] = 200 - 8 * shift
        assert corners(detector.detect(face)) == {(5.0 * round(x / 5), 200.0)}


def walkers(look: int) -> NDArray[np.uint8]:
    """Two people with bright faces walk through a grey hall: their bodies move, too."""
    image = np.full((360, 640, 3), 90, np.uint8)
    for x, y in ((60 + 6 * look, 80), (560 - 6 * look, 120)):
        image[y + 40 : 360, x - 20 : x + 50] = 40 + look % 3 * 8
        image[y : y + 30, x : x + 30] = 255
    return image


def test_known_faces_that_move_cost_less_than_whole_searches_and_are_found_at_every_look() -> None:
    detector = scanner(coarse := Spots())
    for look in range(30):
        found = corners(detector.detect(walkers(look)))
        assert found == corners(Spots().detect(walkers(look))), f"look {look}"
    assert pixels(coarse.shapes) < 0.7 * 30 * 640 * 384


@pytest.mark.parametrize("first", range(20, 24))
def test_somebody_new_beside_known_people_is_found_within_two_looks(first: int) -> None:
    detector, found = scanner(), set[tuple[float, float]]()
    for look in range(first + 2):
        image = walkers(look)
        if look >= first:
            image[30:60, 300:330] = 255
        found = corners(detector.detect(image))
        assert look >= first or (300.0, 30.0) not in found
    assert (300.0, 30.0) in found


@pytest.mark.parametrize("first", range(20, 24))
def test_a_face_that_jumps_is_missed_once_at_most(first: int) -> None:
    detector = scanner()
    found = []
    for look in range(first + 3):
        x = 100 + 2 * look + (70 if look >= first else 0)
        found.append(corners(detector.detect(picture(640, 360, (x, 100, 40)))))
    assert all(found[:first])
    assert all(found[first + 1 :])


@pytest.mark.parametrize("first", range(20, 24))
def test_a_child_before_somebody_known_is_found_within_four_looks(first: int) -> None:
    detector, found = scanner(), set[tuple[float, float]]()
    for look in range(first + 4):
        image = walkers(look)
        if look >= first:
            x = 60 + 6 * look
            image[200:225, x : x + 25] = 255
        found = corners(detector.detect(image))
    assert (5.0 * round((60 + 6 * (first + 3)) / 5), 200.0) in found


def test_a_face_at_the_edge_of_the_picture_does_not_reach_over_it_and_goes_when_it_leaves() -> None:
    class Wide(Spots):
        """Draws its boxes too wide, as a network does."""

        def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
            boxes = [(d.box, d.score) for d in super().detect(image_bgr)]
            return [Detection(Box(b.x1 - 3, b.y1 - 3, b.x2 + 3, b.y2 + 3), score) for b, score in boxes]

    detector = TiledFaceDetector(Wide(), Wide(), min_face_share=0.022)
    still = picture(640, 360, (100, 100, 40))
    for look in range(8):
        leaving = still.copy()
        leaving[150:190, 590 + 4 * look : 640] = 255
        boxes = [d.box for d in detector.detect(leaving)]
        assert all(b.x2 <= 640 for b in boxes)
    for _ in range(4):
        boxes = [d.box for d in detector.detect(still)]
    assert [round(b.x1) for b in boxes] == [97]


def test_the_same_pictures_after_a_reset_give_the_same_faces() -> None:
    images = [picture(1920, 1080, (100 + 15 * i, 500, 24), (1500, 100 + 10 * i, 30)) for i in range(20)]
    detector = scanner()
    first = [corners(detector.detect(i)) for i in images]
    detector.reset()
    assert [corners(detector.detect(i)) for i in images] == first


def test_another_size_starts_again() -> None:
    detector = scanner()
    detector.detect(picture(1920, 1080))
    assert corners(detector.detect(picture(640, 360, (10, 10, 40)))) == {(10, 10)}
    assert detector.detect(picture(1080, 1920)) == []


@pytest.mark.parametrize("options", [{"coarse_side": 10}, {"min_face_share": 0.0}, {"min_face_share": 2.0}])
def test_absurd_sizes_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="out of range"):
        TiledFaceDetector(Spots(), Spots(), **options)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------- schedule


def looks_per_second(speed: float, fps: float = 30.0, interval_s: float = 0.1, size: float = 60.0) -> float:
    """How often a face that runs to and fro at `speed` sizes a second is looked at."""
    schedule, tracker, looks = LookSchedule(interval_s), Tracker(), 0
    for i in range(round(10 * fps)):
        t = i / fps
        if schedule.is_due(t):
            x = 100 + speed * size * t
            schedule.note(tracker.update([Detection(Box(x, 100, x + size, 100 + size), 0.9)], t))
            looks += 1
        else:
            tracker.predict(t)
    return looks / 10


@pytest.mark.parametrize(("speed", "rate"), [(0.0, 5.4), (2.0, 10.0), (8.0, 20.0)])
def test_a_fast_face_is_looked_at_more_often(speed: float, rate: float) -> None:
    assert looks_per_second(speed) == pytest.approx(rate, rel=0.15)


def test_an_empty_scene_is_looked_at_less_often() -> None:
    schedule, looks = LookSchedule(0.1), 0
    for i in range(300):
        if schedule.is_due(i / 30):
            schedule.note([])
            looks += 1
    assert looks == pytest.approx(50, abs=2)


def test_every_frame_if_asked() -> None:
    schedule = LookSchedule(0.0)
    assert all(schedule.is_due(i / 30) for i in range(10))


@pytest.mark.parametrize("interval_s", [-1.0, 11.0, float("nan")])
def test_absurd_intervals_are_refused(interval_s: float) -> None:
    with pytest.raises(SettingsError):
        LookSchedule(interval_s)
