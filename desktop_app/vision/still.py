"""The faces of one picture by itself: found, and asked about once, without tracking and without a count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Attributes, Decision, Detection
from desktop_app.domain.voting import Vote, VoteSettings
from desktop_app.vision.attributes.classifier import AttributeClassifier
from desktop_app.vision.attributes.preprocess import crop_faces
from desktop_app.vision.attributes.quality import assess
from desktop_app.vision.faces.detectors import FaceDetector
from desktop_app.vision.faces.tiled import TiledFaceDetector

LEAST_WEIGHT = 0.3
"""A look counts for at least this: there will be no second one, and a blurred face says little by its probability."""


@dataclass(frozen=True, slots=True)
class StillFace:
    """A face with what each model says of it: the raw answer, and the decision that is made of it."""

    detection: Detection
    attributes: tuple[Attributes, ...]
    decisions: tuple[Decision, ...]


class StillReader:
    """Finds and judges the faces of single pictures. Not thread-safe.

    The first of `classifiers` says what is a face: one whose probability is below `min_face` is left out, and so is
    whatever the detector scores below `min_score`.
    """

    def __init__(
        self,
        detector: FaceDetector,
        classifiers: Sequence[AttributeClassifier],
        vote: VoteSettings,
        *,
        min_face: float = 0.0,
        min_score: float = 0.0,
    ) -> None:
        if not classifiers:
            raise ValueError("at least one model is needed")
        self._detector, self._classifiers, self._vote = detector, tuple(classifiers), vote
        self._min_face, self._min_score = min_face, min_score

    def read(self, image_bgr: NDArray[np.uint8]) -> list[StillFace]:
        """Return the faces of a uint8 (height, width, 3) BGR picture, from left to right."""
        detector = self._detector
        whole = detector.detect_whole if isinstance(detector, TiledFaceDetector) else detector.detect
        found = [d for d in whole(image_bgr) if d.score >= self._min_score]
        boxes = [d.box for d in found]
        answers = [c.predict(crop_faces(image_bgr, boxes, c.spec)) for c in self._classifiers]
        faces = [
            StillFace(d, attributes, tuple(self._decision(image_bgr, d, a) for a in attributes))
            for d, *each in zip(found, *answers, strict=True)
            if (attributes := tuple(each))[0].face >= self._min_face
        ]
        return sorted(faces, key=lambda face: face.detection.box.x1)

    def _decision(self, image_bgr: NDArray[np.uint8], detection: Detection, attributes: Attributes) -> Decision:
        glimpse = assess(image_bgr, detection)
        if not glimpse.worth:  # turned away, dark or tiny: a count would not ask about it either
            return Decision()
        vote = Vote(self._vote)
        vote.add(attributes, max(LEAST_WEIGHT, glimpse.weight))
        return vote.decision(final=True)  # there is no other picture to wait for
