"""How fast the whole pipeline is, as a ratio to the loop that the tutorials write, on the same frames in one run.

    python -m benchmarks.speed [--seconds 10] [--shared FOLDER] [--detector yunet|haar]

For 1, 5 and 20 faces in 1280x720: frames per second of our pipeline on all cores, its milliseconds of processor time a
frame (which other programs on the machine disturb less), frames per second of the textbook loop
(full-resolution Haar 1.3/5 on each frame, then Keras `model.predict` for each face), their ratio, and our
recall (share of true faces covered by a reported box) as scheduled and with the detector on every frame. Without
TensorFlow the baseline's network runs through LiteRT instead, which flatters it; the table says which.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.footage import Scene, portraits
from benchmarks.textbook import TextbookLoop
from desktop_app.domain.types import Attributes, Box, Frame
from desktop_app.factory import build_pipeline
from desktop_app.settings import Settings
from desktop_app.vision.attributes.classifier import AttributeClassifier
from desktop_app.vision.attributes.preprocess import InputSpec, normalise
from desktop_app.vision.pipeline import FramePipeline

Input = TypeVar("Input")
REPOSITORY = Path(__file__).resolve().parents[1]


class KerasPredict:
    """mini-Xception on 64x64 grey as the tutorials call it: one `model.predict` a face."""

    name = "Keras predict"
    spec = InputSpec(64, 64, "grey")

    def __init__(self) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        from desktop_app.training.config import load
        from desktop_app.training.networks import build

        # Untrained: its answers do not matter here, and its speed does not depend on its weights.
        self._model = build(load("mini_xception"))

    def predict(self, crops: NDArray[np.uint8]) -> list[Attributes]:
        for crop in crops:
            self._model.predict(normalise(crop[None], self.spec), verbose=0)
        return [Attributes(0.5) for _ in crops]


def speed_of(process: Callable[[Input], object], inputs: Sequence[Input]) -> tuple[float, float]:
    """Return how many of `inputs` are processed a second by the clock, and the milliseconds of processor time for one.

    The first is left out: it pays for what is set up once.
    """
    process(inputs[0])
    number = len(inputs) - 1
    started, began = time.perf_counter(), time.process_time()
    for one in inputs[1:]:
        process(one)
    return number / (time.perf_counter() - started), 1e3 * (time.process_time() - began) / number


def recall(pipeline: FramePipeline, frames: Sequence[tuple[NDArray[np.uint8], list[Box]]]) -> float:
    """Return the share of true boxes, after the first second, that a reported track overlaps with IoU >= 0.4."""
    hits = total = 0
    for i, (image, truth) in enumerate(frames):
        tracks = pipeline.process(Frame(image, i / Scene.fps, i)).tracks
        if i < Scene.fps:
            continue
        total += len(truth)
        hits += sum(any(t.box.iou(b) >= 0.4 for t in tracks) for b in truth)
    return hits / total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of our measurement, at 30 frames a second")
    parser.add_argument("--baseline-frames", type=int, default=8)
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--detector", choices=("yunet", "haar"), default=Settings().detector.kind)
    options = parser.parse_args()

    settings = Settings()
    settings = replace(settings, detector=replace(settings.detector, kind=options.detector))
    always = replace(settings, detector=replace(settings.detector, interval_s=0.0))
    try:
        baseline: AttributeClassifier = KerasPredict()
    except ImportError:
        baseline = build_pipeline(settings).classifier
        print("TensorFlow is not installed: the baseline's network runs through LiteRT")
    print(f"{os.cpu_count()} cores, 1280x720, detector {options.detector}, baseline network: {baseline.name}")
    print(
        f"{'faces':>5} {'ours fps':>9} {'ours ms':>8} {'textbook fps':>13} {'ratio':>7} {'recall':>7} "
        f"{'every frame':>12}"
    )
    for faces in (1, 5, 20):
        scene = Scene(portraits(options.shared, faces))
        frames = [scene.frame(i) for i in range(round(options.seconds * Scene.fps) + 1)]
        pipeline = build_pipeline(settings)
        ours, ours_ms = speed_of(pipeline.process, [Frame(f[0], i / Scene.fps, i) for i, f in enumerate(frames)])
        pictures = [image for image, _ in frames[: options.baseline_frames + 1]]
        theirs, _ = speed_of(TextbookLoop(baseline).process, pictures)
        scheduled, everywhere = (recall(build_pipeline(s), frames) for s in (settings, always))
        print(
            f"{faces:>5} {ours:>9.1f} {ours_ms:>8.1f} {theirs:>13.2f} {ours / theirs:>6.0f}x {scheduled:>7.1%} "
            f"{everywhere:>12.1%}"
        )


if __name__ == "__main__":
    cv2.setUseOptimized(True)
    main()
