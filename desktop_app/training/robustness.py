"""How much a network loses where a camera shows less: small, turned, dark, blurred, compressed and covered faces.

The faces are easy ones, so that what is lost is lost to the distortion: adults of 20 to 59 years who face the camera,
the sharper half of them. The choice asks no network but the face detector.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Box, Detection
from desktop_app.errors import SettingsError
from desktop_app.resources import yunet_weights
from desktop_app.training import covers, metrics, predict
from desktop_app.training.evaluate import Network
from desktop_app.training.facestore import FaceStore
from desktop_app.training.metrics import Proportion
from desktop_app.training.readers.storage import decode_picture
from desktop_app.vision.attributes.quality import frontality
from desktop_app.vision.faces.detectors import YuNetFaceDetector

FACES = 500
LEAST_FRONTALITY = 0.75
MOST_CHOSEN = 4 * FACES
NOISE = 3.0

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class EasyFace:
    """A stored face with the detector's points: `picture` uint8 BGR, `landmarks` float32 (5, 2) in its pixels."""

    row: int
    picture: Picture
    box: Box
    landmarks: NDArray[np.float32]


Distortion = Callable[[EasyFace], tuple[Picture, Box]]


def easy_faces(store: FaceStore, rows: NDArray[np.int64], count: int = FACES) -> list[EasyFace]:
    """Up to `count` easy faces among `rows`, spread evenly. Raises SettingsError if there is none."""
    records = [store.records[int(i)] for i in rows]
    adults = [
        int(i) for i, r in zip(rows, records, strict=True) if r.gender and 20 <= (r.age_years or 0) < 60
    ]  # fmt: skip
    adults = adults[:: max(1, len(adults) // MOST_CHOSEN)]
    detector = YuNetFaceDetector(yunet_weights(), score_threshold=0.25, max_side=640)
    found = []
    for row in adults:
        picture, box = store.picture(row), store.box(row)
        seen = max(detector.detect(picture), key=lambda d: d.box.iou(box), default=None)
        if seen is None or seen.landmarks is None or seen.box.iou(box) < 0.5:
            continue
        if frontality(Detection(box, seen.score, seen.landmarks)) >= LEAST_FRONTALITY:
            found.append(EasyFace(row, picture, box, seen.landmarks))
    if not found:
        raise SettingsError("There is no easy face among these.", "Give data with labelled adults facing the camera.")
    sharpness = np.array([float(cv2.Laplacian(face.picture, cv2.CV_64F).var()) for face in found])
    sharp = [face for face, value in zip(found, sharpness, strict=True) if value >= np.median(sharpness)]
    places = np.unique(np.linspace(0, len(sharp) - 1, min(count, len(sharp))).astype(int))
    return [sharp[int(k)] for k in places]


def unchanged(face: EasyFace) -> tuple[Picture, Box]:
    return face.picture, face.box


def smaller(pixels: int) -> Distortion:
    """The longer side of the face box shrunk to so many pixels by area averaging, then JPEG of quality 90."""

    def change(face: EasyFace) -> tuple[Picture, Box]:
        height, width = face.picture.shape[:2]
        factor = min(1.0, pixels / max(face.box.width, face.box.height))
        size = (max(4, round(width * factor)), max(4, round(height * factor)))
        small = cv2.resize(face.picture, size, interpolation=cv2.INTER_AREA)
        x, y = size[0] / width, size[1] / height
        box = Box(face.box.x1 * x, face.box.y1 * y, face.box.x2 * x, face.box.y2 * y)
        return _as_jpeg(np.asarray(small, np.uint8), 90), box

    return change


def turned(degrees: float) -> Distortion:
    """The head laid to the side round the middle of its box."""

    def change(face: EasyFace) -> tuple[Picture, Box]:
        turn = cv2.getRotationMatrix2D(face.box.centre, degrees, 1.0)
        size = (face.picture.shape[1], face.picture.shape[0])
        return np.asarray(cv2.warpAffine(face.picture, turn, size, borderMode=cv2.BORDER_REPLICATE), np.uint8), face.box

    return change


def dark(face: EasyFace) -> tuple[Picture, Box]:
    """A fifth of the light, with the noise of a sensor."""
    noise = np.random.default_rng(face.row).normal(0, NOISE, face.picture.shape)
    return np.clip(face.picture * 0.2 + noise, 0, 255).astype(np.uint8), face.box


def compressed(face: EasyFace) -> tuple[Picture, Box]:
    """JPEG of quality 20."""
    return _as_jpeg(face.picture, 20), face.box


def moved(face: EasyFace) -> tuple[Picture, Box]:
    """Blurred sideways by a tenth of the face."""
    length = max(3, round(face.box.width * 0.1))
    return np.asarray(cv2.blur(face.picture, (length, 1)), np.uint8), face.box


def barred(face: EasyFace) -> tuple[Picture, Box]:
    """A black bar over the eyes."""
    picture = face.picture.copy()
    right, left = face.landmarks[0], face.landmarks[1]
    reach = (left - right) * 0.45
    ends = [tuple(round(float(v)) for v in point) for point in (right - reach, left + reach)]
    cv2.line(picture, ends[0], ends[1], (0, 0, 0), max(3, round(face.box.height * 0.18)))
    return picture, face.box


def masked(face: EasyFace) -> tuple[Picture, Box]:
    """A light blue mask from the bridge of the nose to below the chin."""
    picture = face.picture.copy()
    covers.fill(picture, face.landmarks, covers.mask_outline(), (215, 195, 165))
    return picture, face.box


def _as_jpeg(picture: Picture, quality: int) -> Picture:
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return decode_picture(data.tobytes(), "face")


DISTORTIONS: dict[str, Distortion] = {
    "unchanged": unchanged,
    "24 px": smaller(24),
    "16 px": smaller(16),
    "turned 20°": turned(20),
    "turned 40°": turned(40),
    "turned 60°": turned(60),
    "dark": dark,
    "JPEG 20": compressed,
    "motion blur": moved,
    "black bar": barred,
    "surgical mask": masked,
}


def robustness(network: Network, store: FaceStore, faces: list[EasyFace]) -> dict[str, Proportion]:
    """Gender accuracy on the faces under each of `DISTORTIONS`, with the app's own crop."""
    records = [store.records[face.row] for face in faces]
    truth = predict.truth_of(records, "none").gender
    found = {}
    for name, change in DISTORTIONS.items():
        changed = [change(face) for face in faces]
        side = max(max(picture.shape[:2]) for picture, _ in changed)
        pictures = np.zeros((len(faces), side, side, 3), np.uint8)
        sizes = np.array([picture.shape[:2] for picture, _ in changed], np.uint16)
        for k, (picture, _) in enumerate(changed):
            pictures[k, : sizes[k, 0], : sizes[k, 1]] = picture
        boxes = np.array([[b.x1, b.y1, b.x2, b.y2] for _, b in changed], np.float32)
        stored = FaceStore(store.name, pictures, boxes, np.ones(len(faces), np.bool_), records, [], sizes=sizes)
        answers = network.predict(stored, np.arange(len(faces)))
        said = np.where(answers.female >= 0.5, 0, 1)
        found[name] = metrics.proportion(np.asarray(said == truth, np.bool_))
    return found


def table(found: dict[str, Proportion], count: int) -> str:
    """The figures as a Markdown table."""
    lines = [f"| {count} easy faces | gender right |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {share} |" for name, share in found.items())])
