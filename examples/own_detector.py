"""Counts with a face detector of one's own: another of OpenCV's cascades.

python examples/own_detector.py [VIDEO]

A detector is any object with `name` and `detect`; see `desktop_app.vision.faces.detectors.FaceDetector`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import cv2.data
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Box, Detection
from desktop_app.factory import build_pipeline, open_source
from desktop_app.session.headless import run_headless


class TreeCascadeDetector:
    """OpenCV's `frontalface_alt_tree`: it misses many faces and almost never reports something that is none."""

    name = "Haar alt tree"

    def __init__(self) -> None:
        self._cascade = cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / "haarcascade_frontalface_alt_tree.xml"))

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces of a uint8 (height, width, 3) BGR picture, boxes in its pixels."""
        grey = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
        squares = self._cascade.detectMultiScale(grey, 1.1, 2, minSize=(40, 40))
        # The cascade gives no score. 0.8 is above the score from which a detection may begin a track.
        return [Detection(Box(float(x), float(y), float(x + w), float(y + h)), 0.8) for x, y, w, h in squares]


def main(source: str = "demo") -> None:
    pipeline = build_pipeline()
    pipeline.detector = TreeCascadeDetector()
    result = run_headless(open_source(source), pipeline)
    print(f"{pipeline.detector.name}: {result.counts.people} people")


if __name__ == "__main__":
    main(*sys.argv[1:2])
