"""One contract for every face detector, on frames of the demo clip whose faces are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.types import Box
from desktop_app.errors import ModelError, SettingsError
from desktop_app.resources import yunet_weights
from desktop_app.settings import DetectorSettings
from desktop_app.sources.video_file import VideoFileSource
from desktop_app.vision.faces.detectors import HAAR_CASCADES, FaceDetector, HaarFaceDetector, YuNetFaceDetector

YUNET = yunet_weights().name
TURNED = Path(__file__).resolve().parents[3] / "shared" / "clips" / "intel_headpose_1m1f.gif"


def yunet(**options: float) -> YuNetFaceDetector:
    return YuNetFaceDetector(yunet_weights(), **options)  # type: ignore[arg-type]


DETECTORS: list[Callable[[], FaceDetector]] = [
    HaarFaceDetector,
    lambda: HaarFaceDetector("alt2"),
    lambda: HaarFaceDetector("profile"),
    lambda: yunet(max_side=1280),
]
IDS = ["haar frontal", "haar alt2", "haar profile", "yunet"]


@pytest.fixture(params=DETECTORS, ids=IDS)
def detector(request: pytest.FixtureRequest) -> FaceDetector:
    built: FaceDetector = request.param()
    return built


def test_finds_the_large_face_where_it_is(detector: FaceDetector, demo_face: tuple[NDArray[np.uint8], Box]) -> None:
    image, truth = demo_face
    found = [d for d in detector.detect(image) if d.box.iou(truth) > 0.5]
    assert len(found) == 1
    assert 0.5 <= found[0].score <= 1.0


def test_boxes_lie_in_the_picture_best_first(detector: FaceDetector, demo_face: tuple[NDArray[np.uint8], Box]) -> None:
    image, _ = demo_face
    found = detector.detect(image)
    assert [d.score for d in found] == sorted((d.score for d in found), reverse=True)
    for d in found:
        assert 0 <= d.box.x1 < d.box.x2 <= image.shape[1]
        assert 0 <= d.box.y1 < d.box.y2 <= image.shape[0]


def test_nothing_in_an_empty_picture(detector: FaceDetector) -> None:
    assert detector.detect(np.full((360, 640, 3), 90, np.uint8)) == []


@pytest.mark.slow
def test_size_may_change_from_frame_to_frame(detector: FaceDetector, demo_face: tuple[NDArray[np.uint8], Box]) -> None:
    image, truth = demo_face
    before = detector.detect(image)
    half = np.asarray(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    small = Box(truth.x1 / 2, truth.y1 / 2, truth.x2 / 2, truth.y2 / 2)
    assert any(d.box.iou(small) > 0.4 for d in detector.detect(half))
    assert [d.box for d in detector.detect(image)] == [d.box for d in before]


@pytest.mark.parametrize("shape", [(1, 1, 3), (8, 2000, 3), (33, 17, 3)])
def test_odd_shapes_do_no_harm(detector: FaceDetector, shape: tuple[int, int, int]) -> None:
    assert isinstance(detector.detect(np.zeros(shape, np.uint8)), list)


def test_yunet_gives_landmarks_inside_the_face(demo_face: tuple[NDArray[np.uint8], Box]) -> None:
    image, truth = demo_face
    best = max(yunet(max_side=1280).detect(image), key=lambda d: d.box.iou(truth))
    assert best.landmarks is not None
    assert best.landmarks.shape == (5, 2)
    assert (best.landmarks[:, 0] > best.box.x1).all()
    assert (best.landmarks[:, 0] < best.box.x2).all()
    assert best.landmarks[:2, 1].mean() < best.landmarks[3:, 1].mean()


@pytest.mark.slow
@pytest.mark.skipif(not TURNED.is_file(), reason="the clip with turned heads is not here")
@pytest.mark.parametrize("mirrored", [False, True])
def test_profile_finds_a_turned_face_that_frontal_misses(mirrored: bool) -> None:
    source = VideoFileSource(TURNED)
    source.open()
    frames = [source.read() for _ in range(3)]
    source.close()
    assert frames[2] is not None
    image = frames[2].image_bgr
    if mirrored:
        image = np.ascontiguousarray(image[:, ::-1])
    faces = [d.box for d in yunet(max_side=1280).detect(image)]
    assert len(faces) == 2
    frontal = HaarFaceDetector().detect(image)
    (turned,) = (face for face in faces if all(d.box.iou(face) < 0.1 for d in frontal))
    found = HaarFaceDetector("profile").detect(image)
    assert len(found) == 2
    assert max(d.box.iou(turned) for d in found) > 0.5


class FixedCascade:
    """Stands for a cascade that finds the same squares, each with its number of hits, in every picture."""

    def __init__(self, *found: tuple[tuple[int, int, int], int]) -> None:
        self._found = found

    def detectMultiScale2(self, *_: object, **__: object) -> tuple[list[tuple[int, ...]], list[int]]:
        return [(x, y, s, s) for (x, y, s), _ in self._found], [n for _, n in self._found]


def profile_detector(frontal: FixedCascade, profile: FixedCascade) -> HaarFaceDetector:
    detector = HaarFaceDetector("profile")
    detector._classifiers = {"frontal": frontal, "profile": profile}  # type: ignore[dict-item]
    return detector


def test_a_find_in_the_mirror_image_lies_where_the_face_is() -> None:
    picture = np.zeros((240, 320, 3), np.uint8)
    left, right = profile_detector(FixedCascade(), FixedCascade(((20, 60, 80), 15))).detect(picture)
    assert 20 < left.box.centre[0] < 100 < 220 < right.box.centre[0] < 300
    assert (320 - right.box.x2, right.box.y1) == pytest.approx((left.box.x1, left.box.y1))
    assert (320 - right.box.x1, right.box.y2) == pytest.approx((left.box.x2, left.box.y2))


def test_a_face_found_by_several_looks_is_given_once_with_the_best_score() -> None:
    picture = np.zeros((240, 320, 3), np.uint8)
    frontal, profile = FixedCascade(((120, 70, 80), 20)), FixedCascade(((125, 60, 90), 15))
    (found,) = profile_detector(frontal, profile).detect(picture)
    assert found.score == pytest.approx(0.8)
    assert found == profile_detector(frontal, FixedCascade()).detect(picture)[0]


def test_the_settings_know_the_cascades_of_the_detector() -> None:
    assert [DetectorSettings(cascade=name).cascade for name in HAAR_CASCADES] == ["frontal", "alt2", "profile"]


@pytest.mark.parametrize(
    "options",
    [{"cascade": "cat"}, {"scale_factor": 1.0}, {"min_neighbors": -1}, {"min_face_share": 0.0}],
)
def test_absurd_haar_settings_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        HaarFaceDetector(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"score_threshold": 0.0}, {"score_threshold": 2}, {"max_side": 3}])
def test_absurd_yunet_settings_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        yunet(**options)


def test_missing_and_damaged_weights_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="missing"):
        YuNetFaceDetector(tmp_path / YUNET)
    (tmp_path / YUNET).write_bytes(b"not a network")
    with pytest.raises(ModelError, match="cannot be read"):
        YuNetFaceDetector(tmp_path / YUNET)
