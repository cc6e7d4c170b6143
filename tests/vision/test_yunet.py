"""YuNet in LiteRT finds what OpenCV finds with the published file, and its picture is made smaller without aliasing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.errors import ModelError
from desktop_app.resources import demo_clip, yunet_weights
from desktop_app.vision.faces.detectors import shrink
from desktop_app.vision.faces.yunet import CHANNELS, NMS_IOU, STRIDES, YuNetNetwork, decode

ONNX = Path(__file__).resolve().parents[2] / "tools" / "yunet" / "face_detection_yunet_2023mar.onnx"
SCORE = 0.3


@pytest.fixture(scope="module")
def network() -> YuNetNetwork:
    return YuNetNetwork(yunet_weights(), threads=1)


@pytest.fixture(scope="module")
def opencv() -> cv2.FaceDetectorYN:
    return cv2.FaceDetectorYN.create(str(ONNX), "", (64, 64), SCORE, NMS_IOU, 1000)


def demo_frames() -> list[NDArray[np.uint8]]:
    capture, found = cv2.VideoCapture(str(demo_clip())), []
    for second in (4, 10, 16, 19, 23, 25):
        capture.set(cv2.CAP_PROP_POS_FRAMES, 30 * second)
        found.append(np.asarray(capture.read()[1], np.uint8))
    capture.release()
    return found


def crowd(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Forty copies of a picture at different sizes and angles: many faces, many of them at the edge of being found."""
    rng, rows = np.random.default_rng(1), []
    for _ in range(4):
        row = []
        for _ in range(10):
            size = int(rng.integers(40, 128))
            turn = cv2.getRotationMatrix2D((size / 2, size / 2), float(rng.uniform(-40, 40)), 1.0)
            face = cv2.warpAffine(cv2.resize(image, (size, size)), turn, (128, 128))
            row.append(face)
        rows.append(np.concatenate(row, axis=1))
    return np.asarray(np.concatenate(rows), np.uint8)


def theirs(opencv: cv2.FaceDetectorYN, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    opencv.setInputSize((image.shape[1], image.shape[0]))
    found: NDArray[np.float32] | None = opencv.detect(image)[1]  # type: ignore[assignment]
    return np.zeros((0, 15), np.float32) if found is None else found


def pictures() -> list[NDArray[np.uint8]]:
    frames = demo_frames()
    sizes = ((1280, 720), (640, 360), (641, 359), (333, 500), (97, 61))
    made = [
        np.asarray(cv2.resize(frames[i], size, interpolation=cv2.INTER_AREA), np.uint8) for i, size in enumerate(sizes)
    ]
    noise = np.random.default_rng(2).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    heads = frames[1][140:420, 400:900]
    return [*frames, *made, noise, crowd(np.asarray(heads, np.uint8)), np.zeros((64, 96, 3), np.uint8)]


def test_the_faces_of_opencv_are_found_and_no_others(network: YuNetNetwork, opencv: cv2.FaceDetectorYN) -> None:
    seen = 0
    for image in pictures():
        ours, wanted = network.faces(image, SCORE), theirs(opencv, image)
        assert ours.shape == wanted.shape
        # Both are sorted by score; equal to six digits, two may have changed places.
        ours, wanted = (rows[np.lexsort(rows[:, :2].round().T)] for rows in (ours, wanted))
        np.testing.assert_allclose(ours[:, :14], wanted[:, :14], atol=0.01)
        np.testing.assert_allclose(ours[:, 14], wanted[:, 14], atol=1e-4)
        seen += len(ours)
    assert seen > 20


def test_many_sizes_one_after_another_give_the_same_faces_again(network: YuNetNetwork) -> None:
    image = demo_frames()[2]
    first = network.faces(image, SCORE)
    for side in range(64, 640, 64):
        network.faces(image[:side, :side], SCORE)
    np.testing.assert_array_equal(network.faces(image, SCORE), first)


def test_what_was_in_the_picture_before_leaves_no_trace(network: YuNetNetwork) -> None:
    bright = np.full((384, 640, 3), 255, np.uint8)
    image = np.ascontiguousarray(demo_frames()[2][:350, :630])
    before = network.faces(image, SCORE)
    network.faces(bright, SCORE)
    np.testing.assert_array_equal(network.faces(image, SCORE), before)


def test_a_cell_is_decoded_as_the_paper_has_it() -> None:
    outputs = [np.full((64 // stride, 96 // stride, CHANNELS), -9, np.float32) for stride in STRIDES]
    cell = outputs[1][2, 3]
    cell[:2], cell[2:6], cell[6:] = (np.log(4), np.log(4)), (0.5, 0.25, 0.0, np.log(2)), 1.0
    (row,) = decode(outputs, 0.3)
    assert row[14] == pytest.approx(0.8)
    assert row[:4].tolist() == pytest.approx([16 * 3.5 - 8, 16 * 2.25 - 16, 16, 32])
    assert row[4:14].tolist() == pytest.approx([64, 48] * 5)


def test_scores_far_below_zero_raise_no_warning() -> None:
    outputs = [np.full((2, 2, CHANNELS), -2e3, np.float32) for _ in STRIDES]
    assert decode(outputs, 0.05).shape == (0, 15)


def test_another_network_is_refused(tmp_path: Path) -> None:
    other = yunet_weights().parents[1] / "mini_xception" / "model.tflite"
    copy = tmp_path / "face.tflite"
    copy.write_bytes(other.read_bytes())
    with pytest.raises(ModelError, match="cannot be read"):
        YuNetNetwork(copy)


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (1001, 701), (3840, 2160), (640, 360), (200, 4000)])
@pytest.mark.parametrize("side", [640, 100])
def test_shrinking_keeps_means_and_blurs_what_is_too_fine(size: tuple[int, int], side: int) -> None:
    width, height = size
    scale = min(1.0, side / max(size))
    ramp = np.tile(np.linspace(0, 255, width)[None, :, None], (height, 1, 3)).astype(np.uint8)
    small = shrink(ramp, scale)
    assert small.shape == (max(1, round(height * scale)), max(1, round(width * scale)), 3)
    wanted = cv2.resize(ramp, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - wanted.astype(int)).max() <= 4
    if scale <= 0.5:
        checks = np.indices((height, width)).sum(axis=0) % 2 * 255
        board = shrink(np.repeat(checks[..., None], 3, axis=2).astype(np.uint8), scale)
        assert np.abs(board.astype(int) - 127).max() <= 8


def test_a_picture_that_is_small_enough_is_not_copied() -> None:
    image = np.zeros((20, 30, 3), np.uint8)
    assert shrink(image, 1.0) is image
    assert shrink(image, 3.0) is image
