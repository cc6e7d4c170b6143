"""Moving scenes with a known number of faces, for measuring speed and recall on exactly the same frames."""

from __future__ import annotations

import csv
import json
import math
import zipfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Box
from desktop_app.resources import demo_clip, resource_path

FACE_SHARE = 0.94
"""FairFace pictures are close crops: the box from forehead to chin fills about this share of their height."""


def portraits(shared: Path | None, count: int) -> list[NDArray[np.uint8]]:
    """Return `count` face pictures (BGR): FairFace `test` faces where the data is at hand, else the demo clip's own."""
    if shared is not None and (shared / "data" / "fairface.zip").is_file():
        return _fairface(shared / "data", count)
    return _from_demo(count)


def _fairface(folder: Path, count: int) -> list[NDArray[np.uint8]]:
    with (folder / "fairface.csv").open(encoding="utf-8") as file:
        names = [row["file"] for row in csv.DictReader(file) if row["role"] == "test" and row["age_min"] != "0"]
    step = len(names) // count
    with zipfile.ZipFile(folder / "fairface.zip") as archive:
        return [_decode(archive.read(name)) for name in names[::step][:count]]


def _decode(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def _from_demo(count: int) -> list[NDArray[np.uint8]]:
    truth = json.loads(resource_path("demo", "demo.truth.json").read_text("utf-8"))
    found: list[NDArray[np.uint8]] = []
    capture = cv2.VideoCapture(str(demo_clip()))
    for person in truth["people"]:
        time_s, x1, y1, x2, y2, _ = max(person["boxes"], key=lambda r: (r[5], r[4] - r[2]))
        capture.set(cv2.CAP_PROP_POS_FRAMES, round(time_s * truth["fps"]))
        ok, image = capture.read()
        if ok:
            found.append(np.asarray(image[max(0, y1 - 5) : y2 + 5, max(0, x1 - 5) : x2 + 5], np.uint8))
    capture.release()
    return [found[i % len(found)] for i in range(count)]


class Scene:
    """`faces` people wander on smooth paths over a plain, noisy 1280x720 hall, each in a lane of their own.

    `frame(i)` gives the picture (uint8 BGR) and the true boxes at 30 frames per second, the same for the same `i`.
    """

    fps = 30.0

    def __init__(self, pictures: list[NDArray[np.uint8]], width: int = 1280, height: int = 720) -> None:
        self.width, self.height = width, height
        self._pictures = pictures
        rng = np.random.default_rng(5)
        coarse = rng.integers(70, 170, (9, 16, 3), dtype=np.uint8)
        self._hall = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
        self._noise = rng.integers(0, 12, (height, width, 3), dtype=np.uint8)
        self._columns = math.ceil(math.sqrt(len(pictures) * width / height))
        self._rows = math.ceil(len(pictures) / self._columns)
        self._phase = rng.uniform(0, 2 * math.pi, (len(pictures), 3))

    def frame(self, index: int) -> tuple[NDArray[np.uint8], list[Box]]:
        image = cv2.add(self._hall, np.roll(self._noise, index * 37, axis=1))
        boxes = []
        cell_w, cell_h = self.width / self._columns, self.height / self._rows
        for k, picture in enumerate(self._pictures):
            t = index / self.fps
            a, b, c = self._phase[k]
            largest = min(0.72 * cell_h, 150.0)
            size = round(largest * (0.75 + 0.25 * math.sin(0.9 * t + c)))
            free_x, free_y = (cell_w - size) / 2, (cell_h - size) / 2
            left = round(cell_w * (k % self._columns) + free_x * (1 + 0.9 * math.sin(0.7 * t + a)))
            top = round(cell_h * (k // self._columns) + free_y * (1 + 0.9 * math.sin(0.5 * t + b)))
            face = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
            image[top : top + size, left : left + size] = face
            edge = size * (1 - FACE_SHARE) / 2
            boxes.append(Box(left + 1.5 * edge, top + edge, left + size - 1.5 * edge, top + size - edge))
        return np.asarray(image, np.uint8), boxes
