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

from desktop_app.domain.types import Box, Detection
from desktop_app.errors import ModelError, SettingsError

HAAR_CASCADES = {
    "frontal": "haarcascade_frontalface_default.xml",
    "alt2": "haarcascade_frontalface_alt2.xml",
}

# Where a Haar square lies relative to the forehead-to-chin box, as shares of the side of the square: shift of the
# centre in x and y, width and height. Medians over 1,500 FairFace training faces that both Haar and YuNet found.
_HAAR_TO_FACE = {"frontal": (0.0, 0.066, 0.864, 0.972), "alt2": (0.0, 0.073, 0.872, 0.983)}


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


def _shrink(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    if scale >= 1.0:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


class HaarFaceDetector:
    """The Viola-Jones cascade of OpenCV (Viola & Jones 2001; Lienhart & Maydt 2002) on equalised grey.

    `scale_factor` is the step between window sizes (1.01 to 2), `min_neighbors` how many overlapping hits make a face.
    `min_face_share` is the smallest face looked for, as a share of the shorter side of the picture. The
    picture is first shrunk so that this face is 24 pixels wide (the size of the cascade's own window), but never below
    320 or above `max_side` pixels on its longer side: finer pixels cost time and find nothing more.
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
        path = Path(cv2.data.haarcascades) / HAAR_CASCADES[cascade]
        if not path.is_file():
            raise ModelError(f"The face cascade {path.name} is missing.", "Install Headcount again.")
        self._classifier = cv2.CascadeClassifier(str(path))
        if self._classifier.empty():
            raise ModelError(f"The face cascade {path.name} cannot be read.", "Install Headcount again.")
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
        grey = cv2.equalizeHist(cv2.cvtColor(_shrink(image_bgr, scale), cv2.COLOR_BGR2GRAY))
        side = max(20, round(min_face * scale))
        squares, hits = self._classifier.detectMultiScale2(
            grey, self._scale_factor, self._min_neighbors, minSize=(side, side)
        )
        dx, dy, kw, kh = _HAAR_TO_FACE[self._cascade]
        sx, sy = width / grey.shape[1], height / grey.shape[0]
        found = []
        for (x, y, s, _), n in zip(squares, hits, strict=True):
            cx, cy = x + s * (0.5 + dx), y + s * (0.5 + dy)
            box = _clip(
                (cx - s * kw / 2) * sx,
                (cy - s * kh / 2) * sy,
                (cx + s * kw / 2) * sx,
                (cy + s * kh / 2) * sy,
                width,
                height,
            )
            # A count of hits brought to 0..1: exactly the required number gives 0.5.
            found.append(Detection(box, float(n) / (float(n) + max(self._min_neighbors, 1))))
        return sorted(found, key=lambda d: -d.score)


_YUNET_SMALLEST_SIDE = 16
"""Below this side, in pixels, no face can be told, and OpenCV's decoder has been seen to return garbage."""


class YuNetFaceDetector:
    """YuNet (Wu et al. 2023, "YuNet: A Tiny Millisecond-level Face Detector") through `cv2.FaceDetectorYN`.

    `score_threshold` is the least confidence reported (0 to 1). `max_side` bounds the longer side of the picture the
    network sees, in pixels: it costs time with its square, and a face needs about 10 pixels there to be found.
    """

    def __init__(self, weights: Path, score_threshold: float = 0.6, max_side: int = 640) -> None:
        if not 0.05 <= score_threshold <= 1.0:
            raise SettingsError(f"The face score threshold is {score_threshold}.", "Choose a value from 0.05 to 1.")
        if not 64 <= max_side <= 8192:
            raise SettingsError(f"The detector's working size is {max_side} pixels.", "Choose 64 to 8192.")
        if not weights.is_file():
            raise ModelError(f"The face detector's file {weights.name} is missing.", "Install Headcount again.")
        try:
            self._network = cv2.FaceDetectorYN.create(str(weights), "", (64, 64), score_threshold, 0.3, 1000)
        except cv2.error as error:
            raise ModelError(
                f"The face detector's file {weights.name} cannot be read.", "Install Headcount again."
            ) from error
        self._max_side = max_side
        self._size = (64, 64)

    @property
    def name(self) -> str:
        return "YuNet"

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        height, width = image_bgr.shape[:2]
        small = _shrink(image_bgr, min(1.0, self._max_side / max(width, height)))
        size = (small.shape[1], small.shape[0])
        if min(size) < _YUNET_SMALLEST_SIDE:
            return []
        if size != self._size:
            self._network.setInputSize(size)
            self._size = size
        # OpenCV gives None where there is no face, which its type stubs do not know.
        faces: NDArray[np.float32] | None = self._network.detect(small)[1]  # type: ignore[assignment]
        if faces is None:
            return []
        scale = np.array([width / size[0], height / size[1]], np.float32)
        found = []
        for row in faces:
            x1, y1 = row[:2] * scale
            x2, y2 = (row[:2] + row[2:4]) * scale
            box = _clip(float(x1), float(y1), float(max(x1, x2)), float(max(y1, y2)), width, height)
            if box.area > 0:
                found.append(Detection(box, float(row[14]), (row[4:14].reshape(5, 2) * scale).astype(np.float32)))
        return sorted(found, key=lambda d: -d.score)
