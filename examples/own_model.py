"""Counts with a model of one's own: mini-Xception, asked about each face and about its mirror image.

python examples/own_model.py [VIDEO]

A model is any object with `name`, `spec` and `predict`; see `desktop_app.vision.attributes.classifier`.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Attributes
from desktop_app.factory import build_classifier, build_pipeline, open_source
from desktop_app.session.headless import run_headless
from desktop_app.settings import Settings


class MirrorAverage:
    """The mean of what mini-Xception says of a face and of its mirror image; it has no age and no face likeness."""

    name = "mini-Xception, mirror average"

    def __init__(self) -> None:
        settings = Settings()
        self._model = build_classifier(replace(settings, count=replace(settings.count, model="mini_xception")))
        self.spec = self._model.spec

    def predict(self, crops: NDArray[np.uint8]) -> list[Attributes]:
        """Return one answer for each of the uint8 crops of shape (n, *spec.shape)."""
        mirrored = np.ascontiguousarray(crops[:, :, ::-1])
        both = zip(self._model.predict(crops), self._model.predict(mirrored), strict=True)
        return [Attributes(female=(one.female + other.female) / 2) for one, other in both]


def main(source: str = "demo") -> None:
    pipeline = build_pipeline()
    pipeline.classifier = MirrorAverage()
    pipeline.likeness = None  # it belongs to the embeddings of the model that was replaced
    counts = run_headless(open_source(source), pipeline).counts
    genders = f"{counts.female} appear female, {counts.male} appear male, {counts.undecided} undecided"
    print(f"{pipeline.classifier.name}: {genders}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
