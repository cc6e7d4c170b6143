"""Fit the space in which faces are compared to the shipped network, and say how well it tells people apart.

    python -m tools.fit_likeness DATA [--model models/headcount] [--people 4000]

DATA is the folder with `fairface.csv` and `fairface.zip`; only rows of the role "train" are used, a third of them to
measure. Writes `likeness.npz` beside the network.
"""

from __future__ import annotations

import argparse
import csv
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from desktop_app.domain.types import Box
from desktop_app.resources import yunet_weights
from desktop_app.vision.attributes.classifier import LiteRtClassifier
from desktop_app.vision.attributes.preprocess import crop_faces
from desktop_app.vision.faces.detectors import YuNetFaceDetector
from desktop_app.vision.likeness.face_space import LikenessSpace, fit

ROOT = Path(__file__).resolve().parents[1]


def glimpse(image: NDArray[np.uint8], box: Box, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Box]:
    """Change a face as another moment would: other light, pose, sharpness, compression, and another box round it."""
    height, width = image.shape[:2]
    (cx, cy), w, h = box.centre, box.width, box.height
    f = 255 * np.clip(image.astype(np.float32) / 255, 0, 1) ** np.exp(rng.normal(0, 0.25))
    f = (f - f.mean()) * np.exp(rng.normal(0, 0.15)) + f.mean() + rng.normal(0, 15)
    seen = np.clip(f * np.exp(rng.normal(0, 0.06, 3)), 0, 255).astype(np.uint8)
    turn = np.vstack([cv2.getRotationMatrix2D((cx, cy), rng.normal(0, 7), 1), [0, 0, 1]])
    tilt = np.eye(3)
    tilt[2, 0], tilt[2, 1] = rng.normal(0, 0.0012), rng.normal(0, 0.0007)
    centre = np.array([[1, 0, -cx], [0, 1, -cy], [0, 0, 1.0]])
    warp = np.linalg.inv(centre) @ tilt @ centre @ turn
    seen = cv2.warpPerspective(seen, warp, (width, height), borderMode=cv2.BORDER_REPLICATE)
    if rng.random() < 0.5:
        seen, cx = seen[:, ::-1], width - cx
    scale = np.exp(rng.uniform(np.log(18), np.log(90))) / max(w, h)
    if scale < 1:
        small = cv2.resize(seen, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))])[1]
        decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
        assert decoded is not None  # what was encoded one line above
        seen = cv2.resize(decoded, (width, height)).astype(np.uint8)
    if rng.random() < 0.3:
        seen = cv2.blur(seen, (int(rng.integers(1, 6)), 1))
    k = np.exp(rng.normal(0, 0.08))
    cx, cy = cx + rng.normal(0, 0.05) * w, cy + rng.normal(0, 0.05) * h
    moved = Box(cx - w * k / 2, cy - h * k / 2, cx + w * k / 2, cy + h * k / 2)
    return np.ascontiguousarray(seen), moved


def gather(
    data: Path, classifier: LiteRtClassifier, detector: YuNetFaceDetector, people: int, glimpses: int
) -> NDArray[np.float64]:
    """Return embeddings of shape (people, glimpses, d) of random training faces."""
    rng = np.random.default_rng(0)
    with (data / "fairface.csv").open(newline="", encoding="utf-8") as file:
        names = [r["file"] for r in csv.DictReader(file) if r["role"] == "train"]
    vectors: list[list[NDArray[np.float32]]] = []
    with zipfile.ZipFile(data / "fairface.zip") as pictures, tqdm(total=people, unit="person") as progress:
        for i in rng.permutation(len(names)):
            if len(vectors) == people:
                break
            decoded = cv2.imdecode(np.frombuffer(pictures.read(names[i]), np.uint8), cv2.IMREAD_COLOR)
            if decoded is None:
                continue
            image = decoded.astype(np.uint8, copy=False)
            found = detector.detect(image)
            if not found:
                continue
            crops = []
            for _ in range(glimpses):
                seen, box = glimpse(image, found[0].box, rng)
                crops.append(crop_faces(seen, [box], classifier.spec)[0])
            embeddings = [a.embedding for a in classifier.predict(np.stack(crops))]
            vectors.append([e for e in embeddings if e is not None])
            progress.update()
    return np.asarray(vectors, dtype=np.float64)


def equal_error(space: LikenessSpace, embeddings: NDArray[np.float64]) -> tuple[float, float]:
    """Return the rate at which as many strangers pass as acquaintances fail, and the likeness at which it happens."""
    z = (embeddings - space.mean) @ space.projection
    z /= np.linalg.norm(z, axis=-1, keepdims=True)
    same = np.sort(np.einsum("pk,pk->p", z[:, 0], z[:, 1]))
    other = np.sort(np.einsum("pk,pk->p", z[:, 0], np.roll(z[:, 1], 1, axis=0)))
    at = np.linspace(-1, 1, 2001)
    missed = np.searchsorted(same, at) / len(same)
    passed = 1 - np.searchsorted(other, at) / len(other)
    best = int(np.argmin(np.abs(missed - passed)))
    return float(missed[best] + passed[best]) / 2, float(at[best])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "headcount")
    parser.add_argument("--people", type=int, default=4000)
    parser.add_argument("--glimpses", type=int, default=5)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    classifier = LiteRtClassifier(options.model)
    detector = YuNetFaceDetector(yunet_weights(), 0.5)
    embeddings = gather(options.data, classifier, detector, options.people, options.glimpses)
    held_back = len(embeddings) // 3
    rate, at = equal_error(fit(embeddings[held_back:]), embeddings[:held_back])
    print(f"two single glimpses of {held_back} people held back: equal error rate {rate:.1%} at likeness {at:.2f}")
    fit(embeddings).save(options.model / str(classifier.card["file"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
