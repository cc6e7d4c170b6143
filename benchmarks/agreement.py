"""How far our YuNet in LiteRT is from OpenCV's `cv2.FaceDetectorYN` with the published ONNX file.

    python -m benchmarks.agreement [--clips ../shared/clips] [--faces ../shared/data/fairface.csv] [--pictures 500]

Half of the pictures are evenly spread frames of the clips, shrunk to 640 pixels as the program does; half are faces
of the data set, role `test`. Both run on the very same pixels, from a score of 0.3 on. A face of one is a face of the
other from an overlap of 0.9 on; printed are how many are, and the largest differences among those.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import frames, read_clips
from desktop_app.domain.types import Box
from desktop_app.resources import yunet_weights
from desktop_app.training.readers import open_dataset
from desktop_app.vision.faces.yunet import NMS_IOU, YuNetNetwork

ROOT = Path(__file__).resolve().parents[1]
ONNX = ROOT / "tools" / "yunet" / "face_detection_yunet_2023mar.onnx"
SCORE = 0.3
SIDE = 640

Rows = NDArray[np.float32]


def of_clips(folder: Path, number: int) -> Iterator[NDArray[np.uint8]]:
    """Give about `number` frames, the same number of each clip, evenly spread, at most `SIDE` pixels long."""
    clips = read_clips(folder)
    for clip in clips:
        total = sum(1 for _ in frames(clip.path))
        chosen = set(np.linspace(0, total - 1, min(total, round(number / len(clips)))).astype(int).tolist())
        for frame in frames(clip.path):
            if frame.index in chosen:
                yield shrunk(frame.image_bgr)


def of_faces(table: Path, number: int) -> Iterator[NDArray[np.uint8]]:
    """Give `number` pictures of the role `test`, evenly spread."""
    dataset = open_dataset(table)
    records = [record for record in dataset.records if record.role == "test"]
    for index in np.linspace(0, len(records) - 1, min(number, len(records))).astype(int):
        yield shrunk(dataset.storage.read_picture(records[index].file))


def shrunk(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = min(1.0, SIDE / max(image.shape[:2]))
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def opencv_faces(detector: cv2.FaceDetectorYN, image: NDArray[np.uint8]) -> Rows:
    """Return what OpenCV finds, float32 (n, 15)."""
    detector.setInputSize((image.shape[1], image.shape[0]))
    found = detector.detect(image)[1]
    return np.zeros((0, 15), np.float32) if found is None else np.asarray(found, np.float32)


def pairs(ours: Rows, theirs: Rows) -> list[tuple[int, int]]:
    """Return (row of ours, row of theirs) of the boxes that overlap by 0.9 or more, each once."""
    left, found = list(range(len(theirs))), []
    for i, row in enumerate(ours):
        best = max(left, key=lambda k: _box(row).iou(_box(theirs[k])), default=None)
        if best is not None and _box(row).iou(_box(theirs[best])) >= 0.9:
            left.remove(best)
            found.append((i, best))
    return found


def _box(row: Rows) -> Box:
    x, y, w, h = (float(v) for v in row[:4])
    return Box(x, y, x + w, y + h)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, default=ROOT.parent / "shared" / "clips")
    parser.add_argument("--faces", type=Path, default=ROOT.parent / "shared" / "data" / "fairface.csv")
    parser.add_argument("--pictures", type=int, default=500)
    options = parser.parse_args(arguments)
    network = YuNetNetwork(yunet_weights(), threads=1)
    detector = cv2.FaceDetectorYN.create(str(ONNX), "", (64, 64), SCORE, NMS_IOU, 1000)
    print(f"{'pictures':>20s} {'':>5s} {'faces':>6s} {'both':>6s} {'only one':>9s} {'box px':>8s} {'points px':>10s}")
    half = options.pictures // 2
    sources = (("frames of clips", of_clips(options.clips, half)), ("FairFace", of_faces(options.faces, half)))
    for name, images in sources:
        number = faces = alone = 0
        matched: list[Rows] = []
        for image in images:
            number += 1
            ours, theirs = network.faces(image, SCORE), opencv_faces(detector, image)
            both = pairs(ours, theirs)
            faces += len(theirs)
            alone += len(ours) + len(theirs) - 2 * len(both)
            matched += [np.abs(ours[i] - theirs[k]) for i, k in both]
        worst = np.max(matched, axis=0)
        print(
            f"{name:>20s} {number:5d} {faces:6d} {len(matched):6d} {alone:9d} {worst[:4].max():8.4f} "
            f"{worst[4:14].max():10.4f} score {worst[14]:.6f}",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
