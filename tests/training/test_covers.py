"""What covers a training face lies where its name says, on stores of today and of before; and how a face moves."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.types import Box, Detection
from desktop_app.errors import SettingsError
from desktop_app.training import config, covers, facestore
from desktop_app.training.augment import augmented
from desktop_app.training.config import AugmentConfig
from desktop_app.training.facestore import FaceStore
from desktop_app.training.feed import Feed
from desktop_app.training.landmarks import FILE, with_landmarks
from desktop_app.vision.attributes.preprocess import InputSpec

SIDE = 96
POINTS = np.array([[36, 42], [60, 42], [48, 53], [39, 66], [57, 66]], np.float32)
COVERED = {
    # kind: (what is always covered, what never is), in face coordinates
    "mask": ([(0, 1), (0.2, 1.3)], [(0, 0), (0.45, 0), (0, -0.5)]),
    "glasses": ([(0.5, 0), (-0.5, 0), (0, 0)], [(0, 1), (0, -0.7), (0, 0.6)]),
    "cap": ([(0, -1.2), (0.6, -1.2)], [(0, 0), (0.44, 0), (0, 1)]),
    "hood": ([(1.5, 0.4), (-1.5, 0.4)], [(0, 0), (0, 1), (0.44, 0)]),
    "no hair": ([(1.5, 0.6), (-1.5, 1.2)], [(0, 0), (0, 1), (0.6, 0.5)]),
}


def turned(points: NDArray[np.float32], degrees: float) -> NDArray[np.float32]:
    """Landmarks turned round the middle of the picture."""
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return ((points - SIDE / 2) @ turn + SIDE / 2).astype(np.float32)


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    return np.random.default_rng(4).integers(90, 110, (SIDE, SIDE, 3), np.uint8)


@pytest.mark.parametrize("degrees", [0, 40, 90, 180])
@pytest.mark.parametrize("name", list(COVERED))
def test_a_cover_lies_where_its_name_says_however_the_head_is_turned(
    picture: NDArray[np.uint8], name: str, degrees: float
) -> None:
    rng = np.random.default_rng(7)
    points = turned(POINTS, degrees)
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    down = mouth - eyes
    across = np.array([down[1], -down[0]])
    before = picture.copy()
    for _ in range(24):
        found = covers.covered(picture, points, rng, name)
        assert (found.shape, found.dtype) == (picture.shape, np.uint8)
        assert np.array_equal(picture, before)
        changed = (found != picture).any(2)
        assert 0 < changed.mean() < 1
        for places, wanted in zip(COVERED[name], (True, False), strict=True):
            for u, v in places:
                column, row = np.floor(eyes + u * across + v * down).astype(int)
                if 1 <= column < SIDE - 1 and 1 <= row < SIDE - 1:
                    near = changed[row - 1 : row + 2, column - 1 : column + 2]
                    assert near.all() if wanted else not near.any(), (name, u, v)


def test_a_bar_goes_right_across_and_a_hand_and_a_block_cover_a_part(picture: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(3)
    for _ in range(12):
        bar = (covers.covered(picture, POINTS, rng, "bar") != picture).any(2)
        assert bar.any()
        assert np.array_equal(bar.all(1), bar.any(1))
    for name in ("hand", "block"):
        shares = [(covers.covered(picture, POINTS, rng, name) != picture).any(2).mean() for _ in range(12)]
        assert 0 < min(shares) < max(shares) < 0.5, name


def test_every_kind_comes_by_itself_and_a_profile_is_no_error(picture: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(0)
    one_point = np.tile(np.array([[48, 42]], np.float32), (5, 1))
    beyond = POINTS + 300
    for points in (POINTS, one_point, beyond):
        for _ in range(30):
            assert covers.covered(picture, points, rng).shape == picture.shape


def test_the_share_of_faces_that_is_asked_for_is_covered_and_none_without_landmarks() -> None:
    picture = np.full((SIDE, SIDE, 3), 100, np.uint8)
    spec = InputSpec(48, 48, "bgr")
    some = dataclasses.replace(AugmentConfig.off(), cover=0.3)
    rng = np.random.default_rng(1)
    box = Box(24, 20, 72, 76)
    covered = [augmented(picture, box, spec, rng, some, POINTS).std() > 0 for _ in range(300)]
    assert np.mean(covered) == pytest.approx(0.3, abs=0.1)
    every = dataclasses.replace(AugmentConfig.off(), cover=1)
    for points in (None, np.full((5, 2), np.nan, np.float32)):
        assert augmented(picture, box, spec, rng, every, points).std() == 0


def test_a_moved_face_is_blurred_along_one_line_and_stays_where_it_is() -> None:
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    cv2.circle(picture, (48, 48), 10, (200, 200, 200), -1)
    spec = InputSpec(SIDE, SIDE, "bgr", box_scale=1.0)
    always = dataclasses.replace(AugmentConfig.off(), motion=1)
    rng = np.random.default_rng(2)
    longest = 0.0
    for _ in range(30):
        found = augmented(picture, Box(0, 0, SIDE, SIDE), spec, rng, always)[..., 0].astype(float)
        y, x = np.mgrid[:SIDE, :SIDE]
        total = found.sum()
        assert total == pytest.approx(picture[..., 0].sum(), rel=0.03)
        cx, cy = (x * found).sum() / total, (y * found).sum() / total
        assert (cx, cy) == pytest.approx((48, 48), abs=0.5)
        spread = np.cov(np.stack([x.ravel(), y.ravel()]), aweights=found.ravel())
        narrow, wide = np.sqrt(np.linalg.eigvalsh(spread))
        assert narrow == pytest.approx(5.1, abs=0.4)  # of the disc itself
        longest = max(longest, float(wide))
    assert longest > 7


class Eyes:
    """A detector that finds every face with the same points, and counts how often it is asked."""

    name = "eyes"

    def __init__(self, stops_at: int = -1) -> None:
        self.asked, self._stops_at = 0, stops_at

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        if self.asked == self._stops_at:
            raise KeyboardInterrupt
        self.asked += 1
        far = Detection(Box(0, 0, 9, 9), 0.9, POINTS)
        return [far, Detection(Box(8, 6, 56, 58), 0.6, np.asarray(POINTS * 0.6, np.float32))]


@pytest.fixture
def kept(tmp_path: Path, store: FaceStore) -> FaceStore:
    """The drawn faces in a folder without landmarks, as every store was before there were any."""
    from desktop_app.training.readers.base import FaceDataset
    from desktop_app.training.readers.storage import MemoryStorage

    makers = {record.file: (lambda k=i: store.pictures[k]) for i, record in enumerate(store.records)}
    made = facestore.build(FaceDataset("drawn", MemoryStorage(makers), store.records), tmp_path / "faces", [])
    assert made.landmarks is None
    made.boxes[:] = store.boxes
    return made


def test_landmarks_are_found_once_and_where_it_was_stopped(kept: FaceStore) -> None:
    assert kept.folder is not None
    rows = np.arange(20)
    first = Eyes(stops_at=8)
    with pytest.raises(KeyboardInterrupt):
        with_landmarks(kept, rows, detector=first)
    again = Eyes()
    found = with_landmarks(kept, rows, detector=again)
    assert again.asked == 12
    assert found.landmarks is not None
    assert found.landmarks[:20] == pytest.approx(np.tile(POINTS * 0.6, (20, 1, 1)))  # of the box's face, no other
    assert np.isnan(found.landmarks[20:]).all()
    last = Eyes()
    reopened = with_landmarks(facestore.load(kept.folder), rows, detector=last)
    assert last.asked == 0
    assert np.array_equal(reopened.landmarks, found.landmarks, equal_nan=True)  # type: ignore[arg-type]
    (kept.folder / FILE).write_bytes(b"half a file")
    assert with_landmarks(kept, rows, detector=last).landmarks is not None
    assert last.asked == 20


def test_a_store_that_cannot_be_written_is_no_error(kept: FaceStore) -> None:
    assert kept.folder is not None
    for place in (None, kept.folder / "gone"):
        eyes = Eyes()
        found = with_landmarks(dataclasses.replace(kept, folder=place), np.arange(5), detector=eyes)
        assert eyes.asked == 5
        assert found.landmarks is not None


def test_a_run_covers_faces_and_its_batches_follow_from_seed_and_number(kept: FaceStore) -> None:
    chosen = dataclasses.replace(config.load("headcount"), batch_size=40, face=False)
    assert chosen.augment.cover > 0
    assert chosen.augment.motion > 0
    alone = dataclasses.replace(chosen, augment=dataclasses.replace(AugmentConfig.off(), cover=1.0))
    pointed = with_landmarks(kept, kept.rows("train"), detector=Eyes())
    covered, bare = (
        Feed(pointed, pointed.rows("train"), one).batch(3, 48)[0]
        for one in (alone, dataclasses.replace(alone, augment=AugmentConfig.off()))
    )
    assert (covered != bare).any((1, 2, 3)).mean() > 0.9
    assert kept.folder is not None
    reopened = facestore.load(kept.folder)  # whoever gives a store without landmarks gets those that were kept
    reopened.boxes[:] = kept.boxes
    assert np.array_equal(Feed(reopened, reopened.rows("train"), alone).batch(3, 48)[0], covered)
    first, again = (Feed(pointed, pointed.rows("train"), chosen) for _ in range(2))
    again.batch(0, 48)
    assert np.array_equal(first.batch(5, 48)[0], again.batch(5, 48)[0])


@pytest.mark.parametrize(
    ("name", "value"),
    [("cover", 1.5), ("motion", -0.1), ("zoom", math.nan), ("jpeg", "0.3"), ("tilt", True), ("flip", 1)],
)
def test_a_variation_that_is_no_share_is_refused(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"'{name}' cannot be"):
        AugmentConfig(**{name: value})
