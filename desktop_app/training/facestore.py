"""Labelled faces, decoded once and kept on disk as one array, each with the face box that the app's detector finds.

Training crops come from the box of a detector and not from the geometry of a data set, because that is what the app
will see.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Box
from desktop_app.errors import HeadcountError, ModelError, OutputError, SourceError
from desktop_app.resources import yunet_weights
from desktop_app.settings import DetectorSettings
from desktop_app.system.file_lock import FileLock
from desktop_app.system.native_log import quiet_native_start
from desktop_app.training.damaged import DAMAGED
from desktop_app.training.partial_store import PartialStore, read_records
from desktop_app.training.readers import FaceDataset, FaceRecord, RowProblem
from desktop_app.training.readers.folders import is_picture
from desktop_app.training.readers.storage import open_storage
from desktop_app.vision.faces.detectors import FaceDetector, HaarFaceDetector, YuNetFaceDetector

SIDE = 144
"""Pixels on a side of a stored picture where the data set has pictures of different sizes."""

CONTEXT = 1.6
"""How much of a large picture is kept round a face, as a multiple of the longer side of its box."""

LEAST_HAAR_FACE = 0.3
"""The smallest face that Haar looks for in a labelled picture, as a share of its shorter side: one face fills most."""

Progress = Callable[[int, int], None]
"""Is told how many of how many faces are done."""


def detectors_of(haar: str | None) -> list[FaceDetector]:
    """What finds the faces: the app's own detectors, or Haar alone as `haar` sets it (`DetectorSettings.with_haar`)."""
    if haar is None:
        return default_detectors()
    chosen = DetectorSettings().with_haar(haar)
    return [HaarFaceDetector(chosen.cascade, chosen.scale_factor, chosen.min_neighbors, LEAST_HAAR_FACE)]


def default_detectors() -> list[FaceDetector]:
    """The app's detectors, best first: YuNet where its file is there, then Haar."""
    found: list[FaceDetector] = []
    try:
        with quiet_native_start():
            found.append(YuNetFaceDetector(yunet_weights(), score_threshold=0.25, max_side=640))
    except ModelError:
        pass  # the program was installed without it; Haar is always there
    found.append(HaarFaceDetector(scale_factor=1.05, min_neighbors=3, min_face_share=LEAST_HAAR_FACE))
    return found


@dataclass(slots=True)
class FaceStore:
    """Faces in memory-mapped arrays, all of the same length.

    `pictures` is uint8 (n, side, side, 3) BGR; one that is not square fills the upper left part of its entry, `sizes`
    (n, 2) as height, width of it, and `picture` gives that part alone; without sizes all are square. `boxes` is float32
    (n, 4) as x1, y1, x2, y2 in pixels of the stored
    picture; `found` bool (n,): whether a detector found the face, or the box is the one a data set's pictures have on
    average. `problems` lists the pictures that could not be read. `hashes` are those of the pictures as the
    data set has them (`picture_hash`); without any they are made of the stored ones. `absent` says why no face has a
    label (`FaceDataset.absent`), `finder` what found the faces if not the app's own detectors, `division` in words how
    the roles came about, once they were given. `folder` is where the store lies; `landmarks`, float32 (n, 5, 2) in
    pixels of the stored picture and NaN where there are none, is there once it was asked for
    (`landmarks.with_landmarks`); `made_of` is the mark of the pictures that it was made of, empty in a store of before.
    """

    name: str
    pictures: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    found: NDArray[np.bool_]
    records: list[FaceRecord]
    problems: list[RowProblem]
    hashes: list[str] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    finder: str = ""
    division: str = ""
    folder: Path | None = None
    landmarks: NDArray[np.float32] | None = None
    made_of: str = ""
    sizes: NDArray[np.uint16] | None = None

    def __len__(self) -> int:
        return len(self.records)

    def rows(self, role: str) -> NDArray[np.int64]:
        """The indices of the records of one role ("all": every one that is not excluded)."""
        if role == "all":
            return np.flatnonzero([record.role != "excluded" for record in self.records])
        return np.flatnonzero([record.role == role for record in self.records])

    def picture(self, index: int) -> NDArray[np.uint8]:
        """One stored picture, uint8 (height, width, 3) BGR, without what fills its entry up."""
        height, width = self.pictures.shape[1:3] if self.sizes is None else self.sizes[index]
        return np.asarray(self.pictures[index][: int(height), : int(width)])

    def box(self, index: int) -> Box:
        return Box(*(float(value) for value in self.boxes[index]))

    def hash_of(self, index: int) -> str:
        return self.hashes[index] if self.hashes else picture_hash(np.asarray(self.pictures[index]))

    def account(self) -> str:
        """One line: how many faces each role has, and how many of all a detector found."""
        roles = Counter(record.role or "none" for record in self.records)
        parts = ", ".join(f"{role} {count:,}" for role, count in sorted(roles.items()))
        found = float(np.mean(self.found))
        return f"{self.name}: {len(self):,} faces ({parts}); face box found by a detector in {found:.1%}"


def build(
    dataset: FaceDataset,
    folder: Path,
    detectors: Sequence[FaceDetector] | None = None,
    progress: Progress | None = None,
    finder: str = "",
) -> FaceStore:
    """Decode the data set, find each face, and write the store into `folder`, which becomes complete in one step.

    Where it is stopped, the faces found so far stay beside `folder`, and the next call goes on after them. A picture
    that cannot be read is listed in `problems` and left out. `finder` says in words what `detectors` are, for a store
    that the app's own did not make. Raises OutputError if the folder cannot be written or another process is making
    it, SourceError if not a single picture can be read.
    """
    finders = list(detectors) if detectors is not None else default_detectors()
    total = len(dataset.records)
    if total == 0:
        raise SourceError(f"{dataset.name} has no labelled face.", "Correct its labels as listed above.")
    lock = FileLock(folder.with_name(f"{folder.name}.lock"), make=True)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if not lock.acquire():
            raise OutputError(
                f"The faces of {dataset.name} are being found by another command.",
                "Wait until that one has found them.",
            )
        made_of = mark_of(dataset)
        part = PartialStore(folder.with_name(f"{folder.name}.part"), total, _common_side(dataset), made_of)
        try:
            for i in range(part.done, total):
                if progress is not None and (i % 50 == 0 or i == part.done):
                    progress(i, total)
                record = dataset.records[i]
                try:
                    picture = dataset.storage.read_picture(record.file)
                except HeadcountError as error:
                    part.leave_out(i, error.message)
                    continue
                mark = picture_hash(picture)
                picture, box, seen = face_in(picture, record.box, finders)
                part.put(i, found=seen, hashes=mark.encode(), **_fit(picture, box, part.side))
        finally:
            part.flush()
        if progress is not None:
            progress(total, total)
        if len(part.problems) == total:
            part.remove()
            raise SourceError(
                f"No picture of {dataset.name} can be read.", "Check that the pictures lie beside the labels."
            )
        part.complete(dataset, folder, finder)
    except OSError as error:
        raise OutputError(
            f"The faces cannot be stored in {folder}: {error.strerror}.", "Choose another folder."
        ) from error
    finally:
        lock.release()
    return load(folder)


def load(folder: Path) -> FaceStore:
    """Open a store that `build` wrote. Raises SourceError if it is missing or damaged."""
    try:
        notes = json.loads((folder / "store.json").read_text(encoding="utf-8"))
        store = FaceStore(
            name=str(notes["name"]),
            pictures=np.load(folder / "pictures.npy", mmap_mode="r"),
            boxes=np.load(folder / "boxes.npy"),
            found=np.load(folder / "found.npy"),
            records=read_records(folder / "records.csv"),
            problems=[RowProblem(*problem) for problem in notes["problems"]],
            hashes=[bytes(mark).decode("ascii") for mark in np.load(folder / "hashes.npy")],
            absent=dict(notes["absent"]),
            finder=str(notes["finder"]),
            folder=folder,
            made_of=str(notes.get("made_of", "")),
            sizes=np.load(folder / "sizes.npy") if (folder / "sizes.npy").exists() else None,
        )
    except DAMAGED as error:
        raise SourceError(
            f"The face store {folder} is missing or damaged: {error}.", "Delete it; it is made anew."
        ) from error
    parts = (store.pictures, store.boxes, store.found, store.records, store.hashes, store.sizes)
    lengths = {len(part) for part in parts if part is not None}
    if len(lengths) != 1:
        raise SourceError(f"The face store {folder} is not complete.", "Delete it; it is made anew.")
    return store


def mark_of(dataset: FaceDataset) -> str:
    """A hash that changes where a picture of the data set was replaced, added or taken away."""
    digest = hashlib.blake2b(digest_size=8)
    for record in dataset.records:
        digest.update(f"{dataset.storage.mark(record.file)}\n".encode())
    return digest.hexdigest()


def picture_hash(picture: NDArray[np.uint8]) -> str:
    """16 hexadecimal digits (BLAKE2b) of the pixels of a picture, whatever file they came in."""
    shape = np.array(picture.shape, np.int64).tobytes()
    return hashlib.blake2b(shape + np.ascontiguousarray(picture).tobytes(), digest_size=8).hexdigest()


def face_in(
    picture: NDArray[np.uint8], expected: Box | None, detectors: Sequence[FaceDetector]
) -> tuple[NDArray[np.uint8], Box, bool]:
    """Find the labelled face: (picture, its box, whether a detector found it).

    The labelled face is the one that overlaps `expected`, or without it the large one near the middle. Where no
    detector finds it, it is `expected`, or the middle of the picture as FairFace's pictures have it.
    """
    height, width = picture.shape[:2]
    for detector in detectors:
        candidates = detector.detect(picture)
        if expected is not None:
            candidates = [d for d in candidates if d.box.iou(expected) > 0.2]
        if candidates:
            best = max(candidates, key=lambda d: d.score * _closeness(d.box, expected, width, height))
            return picture, best.box, True
    if expected is not None:
        return picture, expected, False
    return picture, Box(0.09 * width, 0.02 * height, 0.91 * width, 0.98 * height), False


def _closeness(box: Box, expected: Box | None, width: int, height: int) -> float:
    if expected is not None:
        return box.iou(expected)
    side = float(np.hypot(width, height))
    away = float(np.hypot(box.centre[0] - width / 2, box.centre[1] - height / 2)) / side
    return float(np.sqrt(box.area) / side * np.exp(-6 * away))


def _common_side(dataset: FaceDataset) -> int:
    """The side of the pictures if the first ones are square faces of one size, else `SIDE`."""
    sides = set()
    for record in dataset.records[:: max(1, len(dataset.records) // 20)]:
        try:
            shape = dataset.storage.read_picture(record.file).shape
        except HeadcountError:
            continue  # listed when its turn comes
        sides.add(shape[0] if shape[0] == shape[1] and shape[0] <= 192 else 0)
    return sides.pop() if len(sides) == 1 and 0 not in sides else SIDE


def _fit(picture: NDArray[np.uint8], box: Box, side: int) -> dict[str, Any]:
    """A picture's entries "pictures", "boxes" and "sizes" in a store of side x side: the surroundings of the face are
    cut out if it is larger than that."""
    height, width = picture.shape[:2]
    left, top = 0.0, 0.0
    if (height, width) != (side, side) and max(box.width, box.height) * CONTEXT < min(height, width):
        half = max(box.width, box.height) * CONTEXT / 2
        cx, cy = box.centre
        x1, y1 = round(max(cx - half, 0)), round(max(cy - half, 0))
        x2, y2 = round(min(cx + half, width)), round(min(cy + half, height))
        picture = picture[y1:y2, x1:x2]
        left, top = float(x1), float(y1)
        height, width = picture.shape[:2]
    scale = side / max(height, width)
    if scale != 1:
        shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=shrink), np.uint8)
        height, width = picture.shape[:2]
    filled = cv2.copyMakeBorder(picture, 0, side - height, 0, side - width, cv2.BORDER_REPLICATE)
    corners = ((box.x1, left), (box.y1, top), (box.x2, left), (box.y2, top))
    return {
        "pictures": filled,
        "boxes": [(value - offset) * scale for value, offset in corners],
        "sizes": (height, width),
    }


def squares(path: Path, side: int) -> NDArray[np.uint8]:
    """Every readable picture of a folder or zip, stretched to a square: uint8 (n, side, side, 3) BGR.

    Raises SourceError if there is none.
    """
    storage = open_storage(path)
    found = []
    for name in storage.names():
        if is_picture(name):
            try:
                found.append(cv2.resize(storage.read_picture(name), (side, side), interpolation=cv2.INTER_AREA))
            except HeadcountError:
                continue  # one damaged picture of nothing is no loss
    storage.close()
    if not found:
        raise SourceError(f"There is no readable picture in {path}.", "Choose a folder of pictures.")
    return np.asarray(np.stack(found), np.uint8)
