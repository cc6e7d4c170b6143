"""Fit the classical baseline, HOG and a linear classifier, and say how well it does.

    python -m tools.fit_hog DATA [--out models/hog]

DATA is the folder with `fairface.csv` and `fairface.zip`. Fits on the rows "train" (each face twice: as it is and
mirrored), chooses the weight decay on "val", reports "test" once, and writes `hog.npz` and `model.json`. Faces are
found by the app's own detector and cut out by its own crop. Multinomial logistic regression with L2 decay by full-batch
L-BFGS (Nocedal 1980, two-loop recursion), in numpy alone.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from desktop_app.domain.types import AGE_BANDS, Box, age_band_index
from desktop_app.resources import yunet_weights
from desktop_app.training.seen import known_list
from desktop_app.vision.attributes.hog import HogSpec, describe
from desktop_app.vision.attributes.preprocess import InputSpec, crop_face
from desktop_app.vision.faces.detectors import YuNetFaceDetector

ROOT = Path(__file__).resolve().parents[1]
SPEC = InputSpec(64, 64, "grey", box_scale=1.2)
GENDERS = ("female", "male")
ROLES = ("train", "val", "test")
DECAYS = (1e-4, 3e-4, 1e-3)


def gather(
    data: Path, limit: int | None
) -> dict[str, tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]]:
    """Return role -> (HOG vectors, gender, age band)."""
    with (data / "fairface.csv").open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["role"] in ROLES][:limit]
    detector = YuNetFaceDetector(yunet_weights(), 0.25, 320)
    descriptor = HogSpec(SPEC.width, SPEC.height).descriptor()
    found: dict[str, list[tuple[NDArray[np.float32], int, int]]] = {role: [] for role in ROLES}
    with zipfile.ZipFile(data / "fairface.zip") as archive:
        for row in tqdm(rows, unit="face", mininterval=5):
            image = np.asarray(
                cv2.imdecode(np.frombuffer(archive.read(row["file"]), np.uint8), cv2.IMREAD_COLOR), np.uint8
            )
            crop = crop_face(image, face_box(detector, image), SPEC)
            band = age_band_index(float(row["age_min"]))
            crops = [crop, crop[:, ::-1]] if row["role"] == "train" else [crop]
            for vector in describe(np.stack(crops), descriptor):
                found[row["role"]].append((vector, GENDERS.index(row["gender"]), band))
    return {
        role: (np.stack([v for v, _, _ in part]), np.array([g for _, g, _ in part]), np.array([b for _, _, b in part]))
        for role, part in found.items()
    }


def face_box(detector: YuNetFaceDetector, image: NDArray[np.uint8]) -> Box:
    """Return the box of the face nearest to the middle, or where the data set's pictures have it on average."""
    side = image.shape[0]
    middle = side / 2
    boxes = [d.box for d in detector.detect(image) if d.box.width > side * 0.25]
    average = Box(side / 6, side / 6, side * 5 / 6, side * 5 / 6)
    return min(boxes, key=lambda b: np.hypot(b.centre[0] - middle, b.centre[1] - middle), default=average)


def fit(
    x: NDArray[np.float32], y: NDArray[np.int64], classes: int, decay: float, steps: int = 80
) -> NDArray[np.float32]:
    """Fit weights (d + 1, classes), the last row the bias, to vectors (n, d) and their classes."""
    n, d = x.shape
    rows = np.arange(n)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(d + 1, classes)
        scores = x @ weights[:-1].astype(np.float32) + weights[-1].astype(np.float32)
        scores -= scores.max(axis=1, keepdims=True)
        powers = np.exp(scores)
        shares = powers / powers.sum(axis=1, keepdims=True)
        value = -float(np.log(np.maximum(shares[rows, y], 1e-12)).mean())
        shares[rows, y] -= 1
        gradient = np.concatenate([x.T @ shares, shares.sum(axis=0, keepdims=True)]).astype(np.float64) / n
        penalty = weights.copy()
        penalty[-1] = 0
        return value + decay / 2 * float((penalty**2).sum()), (gradient + decay * penalty).reshape(-1)

    return lbfgs(loss, np.zeros((d + 1) * classes), steps).reshape(d + 1, classes).astype(np.float32)


def lbfgs(
    loss: Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]],
    start: NDArray[np.float64],
    steps: int,
    memory: int = 12,
) -> NDArray[np.float64]:
    """Minimise a smooth function from `start`; backtracking line search with Armijo's rule."""
    at, (value, gradient) = start, loss(start)
    past: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for _ in range(steps):
        direction, factors = -gradient, []
        for s, y in reversed(past):
            a = (s @ direction) / (s @ y)
            direction = direction - a * y
            factors.append(a)
        if past:
            s, y = past[-1]
            direction = direction * ((s @ y) / (y @ y))
        for (s, y), a in zip(past, reversed(factors), strict=True):
            direction = direction + s * (a - (y @ direction) / (s @ y))
        step = 1.0 if past else 1.0 / max(float(np.abs(gradient).sum()), 1e-9)
        slope = float(gradient @ direction)
        while step > 1e-10:
            there = at + step * direction
            new_value, new_gradient = loss(there)
            if new_value <= value + 1e-4 * step * slope:
                break
            step /= 2
        else:
            return at
        if (there - at) @ (new_gradient - gradient) > 1e-12:
            past = [*past, (there - at, new_gradient - gradient)][-memory:]
        if value - new_value < 1e-7:
            return there
        at, value, gradient = there, new_value, new_gradient
    return at


def scores(x: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(x @ weights[:-1] + weights[-1])


def best(parts: dict[str, Any], column: int, classes: int) -> NDArray[np.float32]:
    """Fit with each decay and keep what does best on "val"."""
    tried = []
    for decay in DECAYS:
        weights = fit(parts["train"][0], parts["train"][column], classes, decay)
        right = float((scores(parts["val"][0], weights).argmax(axis=1) == parts["val"][column]).mean())
        print(f"decay {decay:g}: val {right:.4f}", flush=True)
        tried.append((right, weights))
    return max(tried, key=lambda t: t[0])[1]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Fit the HOG baseline.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "hog")
    parser.add_argument("--limit", type=int)
    args = parser.parse_args(argv)
    cv2.setNumThreads(1)
    parts = gather(args.data, args.limit)
    # Rounded as they are stored, so that the measured weights are the stored ones.
    gender = best(parts, 1, len(GENDERS)).astype(np.float16).astype(np.float32)
    age = best(parts, 2, len(AGE_BANDS)).astype(np.float16).astype(np.float32)
    x, genders, bands = parts["test"]
    answered, aged = scores(x, gender).argmax(axis=1), scores(x, age).argmax(axis=1)
    right = answered == genders
    figures = {
        "gender accuracy": right.mean(),
        "recall of women": right[genders == 0].mean(),
        "recall of men": right[genders == 1].mean(),
        "age band exact": (aged == bands).mean(),
        "age band within one": (np.abs(aged - bands) <= 1).mean(),
    }
    for what, value in figures.items():
        print(f"{what}: {value:.4f}")
    args.out.mkdir(parents=True, exist_ok=True)
    arrays = {"gender_weights": gender[:-1], "gender_bias": gender[-1], "age_weights": age[:-1], "age_bias": age[-1]}
    np.savez_compressed(args.out / "hog.npz", **{k: v.astype(np.float16) for k, v in arrays.items()})
    write_card(args.out, {what: float(value) for what, value in figures.items()}, len(x), whole=args.limit is None)
    return 0


def write_card(folder: Path, figures: dict[str, float], faces: int, *, whole: bool) -> None:
    """Write the card of weights that were fitted to all faces, if `whole`, or to some of them."""
    weights = folder / "hog.npz"
    with np.load(weights) as arrays:
        parameters = sum(int(arrays[name].size) for name in arrays.files)
    card = {
        "name": "HOG baseline",
        "summary": "Histograms of oriented gradients and a linear classifier: computer vision before networks.",
        "file": weights.name,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "input": SPEC.to_json(),
        "hog": {"block": 16, "stride": 8, "cell": 8, "bins": 9},
        "outputs": {"gender": "gender", "age": "age"},
        "labels": {"gender": list(GENDERS), "age": list(AGE_BANDS)},
        "trained_on": "fairface",
        **({"training_faces": known_list("fairface").write(folder)} if whole else {}),
        "parameters": parameters,
        "data": ["FairFace, 37,895 training faces (Kärkkäinen and Joo 2021), CC BY 4.0."],
        "licence": "Apache-2.0; made from FairFace, CC BY 4.0",
        "figures": [
            {
                "what": what,
                "value": f"{value:.3f}",
                "command": "python -m tools.fit_hog DATA",
                "data": f"FairFace test, {faces:,} faces",
            }
            for what, value in figures.items()
        ],
        "limits": [
            "A baseline to compare with, far less accurate than Headcount's own network.",
            "It sees outlines in grey, no colour; turned heads and small or blurred faces give little to it.",
            "It cannot tell a face from a thing that looks like one, and it cannot show why it decided.",
        ],
        "fails_for": [
            f"Women: it names {figures['recall of women']:.0%} of them right, of men {figures['recall of men']:.0%}.",
        ],
        "size_bytes": weights.stat().st_size,
    }
    (folder / "model.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
