"""Face detectors behind one protocol.

Whatever the method, a `Detection.box` runs from forehead to chin and from ear to ear, so that nothing downstream
depends on which detector found the face.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

import cv2
import cv2.data
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.boxes import one_box_a_face
from desktop_app.domain.types import Box, Detection
from desktop_app.errors import ModelError, SettingsError
from desktop_app.vision.faces.yunet import YuNetNetwork

HAAR_CASCADES = {
    "frontal": "haarcascade_frontalface_default.xml",
    "alt2": "haarcascade_frontalface_alt2.xml",
    "profile": "haarcascade_profileface.xml",
}

# What each choice runs: a cascade, and whether on the mirror image. The profile cascade knows only faces turned to the
# left of the picture, and few that look at the camera.
_LOOKS = {
    "frontal": (("frontal", False),),
    "alt2": (("alt2", False),),
    "profile": (("frontal", False), ("profile", False), ("profile", True)),
}

# Where a Haar square lies relative to the forehead-to-chin box, as shares of the side of the square: shift of the
# centre in x and y, width and height. Medians over FairFace training faces that both Haar and YuNet found: 1,500 of all
# kinds, for "profile" 485 whose nose is an eighth of the face's width or more off the middle between the eyes.
_HAAR_TO_FACE = {
    "frontal": (0.0, 0.066, 0.864, 0.972),
    "alt2": (0.0, 0.073, 0.872, 0.983),
    "profile": (-0.007, 0.103, 0.682, 0.880),
}

_ONE_FACE_IOU = 0.25
"""Boxes of two looks that overlap by more are one face: so did 97 in 100 of those faces that both looks found."""


HAAR_SMALLEST = 20.0
YUNET_SMALLEST = 11.0
"""The smallest faces that the detectors find, in pixels: the window of a cascade, and what is enough for YuNet."""


@runtime_checkable
class FaceDetector(Protocol):
    """Finds faces. Not thread-safe: one detector belongs to one thread."""

    @property
    def name(self) -> str: ...

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces of a uint8 (height, width, 3) BGR picture, best score first."""
        ...


def _clip(x1: float, y1: float, x2: float, y2: float, width: int, height: int) -> Box:
    """Return the box without the part that lies outside the picture."""
    x1, x2 = min(max(x1, 0.0), float(width)), min(max(x2, 0.0), float(width))
    y1, y2 = min(max(y1, 0.0), float(height)), min(max(y2, 0.0), float(height))
    return Box(x1, y1, x2, y2)


def shrunk_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Return the width and height that a picture of `size` has after `shrink`."""
    if scale >= 1.0:
        return size
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def shrink(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Return the picture at `scale` of its size (the picture itself from 1 on), without aliasing.

    It is halved as often as that goes, and what is left is interpolated linearly, as with a mipmap (Williams 1983):
    OpenCV averages areas ten times faster where the factor is exactly two.
    """
    if scale >= 1.0:
        return image
    width, height = shrunk_size((image.shape[1], image.shape[0]), scale)
    while image.shape[1] >= 2 * width and image.shape[0] >= 2 * height and not (image.shape[0] | image.shape[1]) & 1:
        half = (image.shape[1] // 2, image.shape[0] // 2)
        image = np.asarray(cv2.resize(image, half, interpolation=cv2.INTER_AREA), np.uint8)
    if image.shape[:2] == (height, width):
        return image
    # Odd sides cannot be halved: there a large factor is left over, which only area averaging does well.
    is_small_step = image.shape[1] <= 2 * width and image.shape[0] <= 2 * height
    how = cv2.INTER_LINEAR if is_small_step else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


class HaarFaceDetector:
    """The Viola-Jones cascade of OpenCV (Viola & Jones 2001; Lienhart & Maydt 2002) on equalised grey.

    `cascade` is "frontal" (OpenCV's default), "alt2", or "profile": the default one and, for faces turned to a side,
    the profile one on the picture and on its mirror image. `scale_factor` is the step between window sizes (1.01 to 2),
    `min_neighbors` how many overlapping hits make a face. `min_face_share` is the smallest face looked for, as a share
    of the shorter side of the picture. The picture is first shrunk so that this face is 24 pixels wide (the size of the
    cascade's own window), but never below 320 or above `max_side` pixels on its longer side: finer pixels cost time and
    find nothing more.
    """

    def __init__(
        self,
        cascade: str = "frontal",
        scale_factor: float = 1.1,
        min_neighbors: int = 5,
        min_face_share: float = 0.05,
        max_side: int = 960,
    ) -> None:
        if cascade not in HAAR_CASCADES:
            raise SettingsError(f"There is no Haar cascade {cascade!r}.", f"Choose one of {', '.join(HAAR_CASCADES)}.")
        if not 1.01 <= scale_factor <= 2.0:
            raise SettingsError(f"The Haar scale factor is {scale_factor}.", "Choose a value from 1.01 to 2.")
        if not 0 <= min_neighbors <= 50:
            raise SettingsError(f"The Haar minimum of neighbours is {min_neighbors}.", "Choose a value from 0 to 50.")
        if not 0.005 <= min_face_share <= 1.0:
            raise SettingsError(f"The smallest face is {min_face_share} of the picture.", "Choose 0.005 to 1.")
        self._classifiers = {name: _load_cascade(HAAR_CASCADES[name]) for name, _ in _LOOKS[cascade]}
        self._cascade = cascade
        self._scale_factor = scale_factor
        self._min_neighbors = min_neighbors
        self._min_face_share = min_face_share
        self._max_side = max_side

    @property
    def name(self) -> str:
        return f"Haar {self._cascade}"

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        height, width = image_bgr.shape[:2]
        min_face = self._min_face_share * min(width, height)
        longest = max(width, height)
        scale = min(1.0, self._max_side / longest, max(24.0 / min_face, 320.0 / longest))
        grey = cv2.equalizeHist(cv2.cvtColor(shrink(image_bgr, scale), cv2.COLOR_BGR2GRAY))
        side = max(20, round(min_face * scale))
        looks = _LOOKS[self._cascade]
        found = [d for look in looks for d in self._look(np.asarray(grey, np.uint8), side, (width, height), *look)]
        if len(looks) > 1:
            found = [found[i] for i in one_box_a_face(found, _ONE_FACE_IOU)]
        return sorted(found, key=lambda d: -d.score)

    def _look(
        self, grey: NDArray[np.uint8], side: int, size: tuple[int, int], name: str, mirrored: bool
    ) -> list[Detection]:
        """Run one cascade over the grey picture, or its mirror image; return the faces in a picture of `size`."""
        dx, dy, kw, kh = _HAAR_TO_FACE[name]
        # The profile cascade draws a larger square round the same face; smaller ones would be faces not asked for.
        least = max(side, round(side * _HAAR_TO_FACE["frontal"][2] / kw))
        seen = np.ascontiguousarray(grey[:, ::-1]) if mirrored else grey
        squares, hits = self._classifiers[name].detectMultiScale2(
            seen, self._scale_factor, self._min_neighbors, minSize=(least, least)
        )
        sx, sy = size[0] / grey.shape[1], size[1] / grey.shape[0]
        found = []
        for (x, y, s, _), n in zip(squares, hits, strict=True):
            cx, cy = x + s * (0.5 + dx), y + s * (0.5 + dy)
            if mirrored:
                cx = grey.shape[1] - cx
            box = _clip(
                (cx - s * kw / 2) * sx,
                (cy - s * kh / 2) * sy,
                (cx + s * kw / 2) * sx,
                (cy + s * kh / 2) * sy,
                *size,
            )
            # A count of hits brought to 0..1: exactly the required number gives 0.5. One formula serves all cascades,
            # for the same count means as much: with 6 to 10 hits 52 of 66 profile finds were faces, 25 of 37 frontal.
            found.append(Detection(box, float(n) / (float(n) + max(self._min_neighbors, 1))))
        return found


def _load_cascade(file: str) -> cv2.CascadeClassifier:
    path = Path(cv2.data.haarcascades) / file
    if not path.is_file():
        raise ModelError(f"The face cascade {path.name} is missing.", "Install Headcount again.")
    classifier = cv2.CascadeClassifier(str(path))
    if classifier.empty():
        raise ModelError(f"The face cascade {path.name} cannot be read.", "Install Headcount again.")
    return classifier


_YUNET_SMALLEST_SIDE = 16
"""Below this side, in pixels, no face can be told."""


class YuNetFaceDetector:
    """YuNet (Wu et al. 2023, "YuNet: A Tiny Millisecond-level Face Detector"), run by LiteRT.

    `score_threshold` is the least confidence reported (0 to 1). `max_side` bounds the longer side of the picture the
    network sees, in pixels: it costs time with its square, and a face needs about 10 pixels there to be found.
    `threads` is how many the network may use. Raises ModelError or SettingsError.
    """

    def __init__(self, weights: Path, score_threshold: float = 0.6, max_side: int = 640, threads: int = 1) -> None:
        if not 0.05 <= score_threshold <= 1.0:
            raise SettingsError(f"The face score threshold is {score_threshold}.", "Choose a value from 0.05 to 1.")
        if not 64 <= max_side <= 8192:
            raise SettingsError(f"The detector's working size is {max_side} pixels.", "Choose 64 to 8192.")
        self._network = YuNetNetwork(weights, threads)
        self._score_threshold = score_threshold
        self._max_side = max_side

    @property
    def name(self) -> str:
        return "YuNet"

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        height, width = image_bgr.shape[:2]
        small = shrink(image_bgr, min(1.0, self._max_side / max(width, height)))
        size = (small.shape[1], small.shape[0])
        if min(size) < _YUNET_SMALLEST_SIDE:
            return []
        scale = np.array([width / size[0], height / size[1]], np.float32)
        found = []
        for row in self._network.faces(small, self._score_threshold):
            x1, y1 = row[:2] * scale
            x2, y2 = (row[:2] + row[2:4]) * scale
            box = _clip(float(x1), float(y1), float(max(x1, x2)), float(max(y1, y2)), width, height)
            if box.area > 0:
                found.append(Detection(box, float(row[14]), (row[4:14].reshape(5, 2) * scale).astype(np.float32)))
        return sorted(found, key=lambda d: -d.score)
