"""Small faces by tiles in turn, and the schedule of looks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.tracking import Tracker
from desktop_app.domain.types import Box, Detection
from desktop_app.errors import SettingsError
from desktop_app.vision.faces.schedule import LookSchedule
from desktop_app.vision.faces.tiled import ScanningFaceDetector


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
    return {(d.box.x1, d.box.y1) for d in detections}


def scanner(coarse: Spots | None = None, fine: Spots | None = None) -> ScanningFaceDetector:
    return ScanningFaceDetector(coarse or Spots(), fine or Spots(), min_face_share=0.022)


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
        assert detection.landmarks[0].tolist() == [1500, 900]


def test_the_cost_of_a_look_does_not_grow_with_the_picture() -> None:
    for width, height in ((1280, 720), (1920, 1080), (3840, 2160)):
        fine = Spots()
        detector = scanner(fine=fine)
        for _ in range(5):
            detector.detect(picture(width, height))
        assert len(fine.shapes) == 5
        shortest = 0.022 * height
        assert all(max(w, h) * 20 / shortest <= 720 for w, h in fine.shapes)


def test_the_same_pictures_after_a_reset_give_the_same_faces() -> None:
    images = [picture(1920, 1080, (100 + 15 * i, 500, 24), (1500, 100 + 10 * i, 30)) for i in range(20)]
    detector = scanner()
    first = [corners(detector.detect(i)) for i in images]
    detector.reset()
    assert [corners(detector.detect(i)) for i in images] == first


def test_another_size_begins_anew() -> None:
    detector = scanner()
    detector.detect(picture(1920, 1080))
    assert corners(detector.detect(picture(640, 360, (10, 10, 40)))) == {(10, 10)}
    assert detector.detect(picture(1080, 1920)) == []


@pytest.mark.parametrize("options", [{"coarse_side": 10}, {"min_face_share": 0.0}, {"min_face_share": 2.0}])
def test_absurd_sizes_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="out of range"):
        ScanningFaceDetector(Spots(), Spots(), **options)  # type: ignore[arg-type]


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
