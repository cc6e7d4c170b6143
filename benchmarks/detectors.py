"""What each detector finds in single pictures: labelled faces, turned heads, and clips in which nobody is.

    python -m benchmarks.detectors CLIPS [--detectors frontal,alt2,profile,yunet640] [--pictures 40]
    python -m benchmarks.detectors fairface.csv [--detectors frontal,alt2,profile] [--pictures 200]

Of a folder of clips it looks at the labelled frames of `benchmarks/tracks` and at `--pictures` frames, evenly spread,
of each clip that has nobody in it. Of a data set of faces it looks at `--pictures` pictures of the role `test` for each
turn of the head; there the face is where YuNet at full size says, and how far it is turned its landmarks tell. A box is
on a face from an overlap of 0.4 on, each face is found once at most, and every other box is a false alarm. "ms" is the
processor time for one picture on one thread.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import frames, read_clips
from benchmarks.identities import MATCH_IOU, TRACKS, read_labels
from benchmarks.pipelines import make_detector
from desktop_app.domain.types import Box, Detection
from desktop_app.resources import yunet_weights
from desktop_app.training.readers import open_dataset
from desktop_app.vision.faces.detectors import YuNetFaceDetector

TURNS = {"to the camera": 0.05, "half turned": 0.12, "turned": 0.2, "profile": float("inf")}
"""Names for how far a head is turned, and below which shift of the nose (see `turn_of`) they hold."""

Picture = tuple[NDArray[np.uint8], Sequence[Box]]


@dataclass
class DetectionCounts:
    """The sums over the pictures of one clip."""

    pictures: int = 0
    faces: int = 0
    found: int = 0
    false: int = 0
    seconds: float = 0.0

    def add(self, other: DetectionCounts) -> None:
        self.pictures += other.pictures
        self.faces += other.faces
        self.found += other.found
        self.false += other.false
        self.seconds += other.seconds

    def line(self, name: str) -> str:
        ms = 1000 * self.seconds / max(1, self.pictures)
        return f"{name:44s} {self.pictures:8d} {self.faces:6d} {self.found:6d} {self.false:6d} {ms:8.1f}"


HEADER = f"{'detector, clip or turn':44s} {'pictures':>8s} {'faces':>6s} {'found':>6s} {'false':>6s} {'ms':>8s}"


def matched(detections: Sequence[Detection], faces: Sequence[Box]) -> int:
    """Return how many of the faces are found: the best score takes the face it overlaps most among those left."""
    left = list(faces)
    for detection in sorted(detections, key=lambda d: -d.score):
        best = max(left, key=detection.box.iou, default=None)
        if best is not None and detection.box.iou(best) >= MATCH_IOU:
            left.remove(best)
    return len(faces) - len(left)


def pictures(clips: Path, number: int) -> Iterator[tuple[str, list[Picture]]]:
    """Give for each clip that is used its name and its pictures with the faces in them."""
    for clip in read_clips(clips):
        track = TRACKS / f"{clip.name}.csv"
        if track.is_file():
            labels = read_labels(track)
            yield (
                clip.name,
                [(f.image_bgr, list(labels[f.index].values())) for f in frames(clip.path) if f.index in labels],
            )
        elif clip.people == 0:
            total = sum(1 for _ in frames(clip.path))
            chosen = set(np.linspace(0, total - 1, min(number, total)).astype(int).tolist())
            yield clip.name, [(f.image_bgr, []) for f in frames(clip.path) if f.index in chosen]


def turned(path: Path, number: int) -> Iterator[tuple[str, list[Picture]]]:
    """Give for each turn of the head its name and pictures of faces turned so, each with room round the face."""
    yunet = YuNetFaceDetector(yunet_weights(), 0.6, 1280)
    dataset = open_dataset(path)
    given: dict[str, list[Picture]] = {turn: [] for turn in TURNS}
    for record in dataset.records:
        if record.role != "test" or all(len(chosen) == number for chosen in given.values()):
            continue
        image = dataset.storage.read_picture(record.file)
        room = image.shape[0] // 2
        image = np.asarray(cv2.copyMakeBorder(image, room, room, room, room, cv2.BORDER_REPLICATE), np.uint8)
        faces = yunet.detect(image)
        # A picture with two faces does not say whose turn of the head is meant.
        if len(faces) == 1 and len(chosen := given[turn_of(faces[0])]) < number:
            chosen.append((image, [faces[0].box]))
    yield from given.items()


def turn_of(face: Detection) -> str:
    """Return the name of a face's turn: how far the tip of the nose is off the middle of the eyes, in face widths."""
    assert face.landmarks is not None
    off = abs(face.landmarks[2, 0] - face.landmarks[:2, 0].mean()) / face.box.width
    return next(name for name, most in TURNS.items() if off < most)


def measure(name: str, given: Sequence[Picture]) -> DetectionCounts:
    counts, detector = DetectionCounts(len(given)), make_detector(name)
    for image, faces in given:
        started = time.process_time()
        detections = detector.detect(image)
        counts.seconds += time.process_time() - started
        hits = matched(detections, faces)
        counts.faces += len(faces)
        counts.found += hits
        counts.false += len(detections) - hits
    return counts


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, help="a folder of clips, or the labels of a data set of faces")
    parser.add_argument("--detectors", default="frontal,alt2,profile,yunet640")
    parser.add_argument("--pictures", type=int, default=40, help="of each clip without people, or each turn")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    sums = {name: DetectionCounts() for name in options.detectors.split(",")}
    print(HEADER)
    source = pictures if options.clips.is_dir() else turned
    for clip, given in source(options.clips, options.pictures):
        for name, total in sums.items():
            counts = measure(name, given)
            total.add(counts)
            print(counts.line(f"{name} {clip}"), flush=True)
    for name, total in sums.items():
        print(total.line(f"{name}, all"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
