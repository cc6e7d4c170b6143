"""The loop the tutorials write, as the baseline to compare with.

Full-resolution Haar (scale factor 1.3, 5 neighbours) on every frame; every face through the network, one at a time; a
person is counted each time a box appears that overlaps no box of the frame before, with the gender the network gives
to that box.
"""

from __future__ import annotations

import cv2
import cv2.data
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Box, Gender
from desktop_app.vision.attributes.classifier import AttributeClassifier
from desktop_app.vision.attributes.preprocess import crop_faces


class TextbookLoop:
    """Counts as the tutorials do."""

    def __init__(self, classifier: AttributeClassifier) -> None:
        self._cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
        self._classifier = classifier
        self._before: list[Box] = []
        self.genders = dict.fromkeys(Gender, 0)

    @property
    def people(self) -> int:
        return sum(self.genders.values())

    def process(self, image_bgr: NDArray[np.uint8]) -> None:
        grey = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
        boxes = [
            Box(float(x), float(y), float(x + w), float(y + h))
            for x, y, w, h in self._cascade.detectMultiScale(grey, 1.3, 5)
        ]
        for box in boxes:
            (attributes,) = self._classifier.predict(crop_faces(image_bgr, [box], self._classifier.spec))
            if all(box.intersection(b) == 0 for b in self._before):
                self.genders[Gender.FEMALE if attributes.female >= 0.5 else Gender.MALE] += 1
        self._before = boxes
