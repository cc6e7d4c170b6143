"""The five points of stored faces, found by YuNet when a network first wants them and kept in the store."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from desktop_app.resources import yunet_weights
from desktop_app.system.native_log import quiet_native_start
from desktop_app.system.safe_write import replacing
from desktop_app.training.damaged import DAMAGED
from desktop_app.training.facestore import FaceStore, Progress
from desktop_app.vision.faces.detectors import FaceDetector, YuNetFaceDetector

FILE = "landmarks.npy"
LEAST_OVERLAP = 0.3
"""Intersection over union that a detection has at least with the stored box whose face it is."""

_NOT_LOOKED_AT = np.float32(np.inf)


def with_landmarks(
    store: FaceStore,
    rows: NDArray[np.int64],
    progress: Progress | None = None,
    detector: FaceDetector | None = None,
) -> FaceStore:
    """The store with the `landmarks` of the faces `rows`: NaN where YuNet finds none, and for faces never looked at.

    What was found before is read from the store's folder; what is found now is written there, also where this is
    stopped. A folder that cannot be written costs the search every time and is no error. Raises ModelError where
    YuNet's file is missing.
    """
    path = None if store.folder is None else store.folder / FILE
    points = _kept(path, len(store))
    left = [int(row) for row in rows if np.isposinf(points[row]).any()]
    if left:
        with quiet_native_start():
            finder = detector or YuNetFaceDetector(yunet_weights(), score_threshold=0.25, max_side=640)
        try:
            for k, row in enumerate(left):
                if progress is not None and k % 50 == 0:
                    progress(k, len(left))
                points[row] = _of_face(store, row, finder)
        finally:
            _keep(path, points)
        if progress is not None:
            progress(len(left), len(left))
    return dataclasses.replace(store, landmarks=np.where(np.isinf(points), np.float32(np.nan), points))


def _of_face(store: FaceStore, row: int, detector: FaceDetector) -> NDArray[np.float32]:
    box = store.box(row)
    best, found = LEAST_OVERLAP, np.full((5, 2), np.nan, np.float32)
    for face in detector.detect(store.picture(row)):
        overlap = face.box.iou(box)
        if overlap > best and face.landmarks is not None:
            best, found = overlap, np.asarray(face.landmarks, np.float32)
    return found


def _kept(path: Path | None, count: int) -> NDArray[np.float32]:
    if path is not None:
        try:
            points = np.load(path)
            if points.shape == (count, 5, 2) and points.dtype == np.float32:
                return np.asarray(points, np.float32)
        except DAMAGED:
            pass  # not there yet, or damaged: it is made anew
    return np.full((count, 5, 2), _NOT_LOOKED_AT, np.float32)


def _keep(path: Path | None, points: NDArray[np.float32]) -> None:
    if path is None:
        return
    try:
        with replacing(path) as part, part.open("wb") as file:
            np.save(file, points)
    except OSError:
        pass  # they are found again the next time
