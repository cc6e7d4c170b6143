"""The faces that `tools.gpu.pack` wrote, decoded, with their labels: numpy and OpenCV alone."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.errors import SourceError
from desktop_app.training.balance import face_weights, turned_heads

COLUMNS = ("rows", "boxes", "landmarks", "female", "band", "years", "race", "marks", "fold")

PACK_AGAIN = "Pack the faces again (python -m tools.gpu.pack)."


@dataclass(frozen=True, slots=True)
class Packed:
    """n faces and m pictures of none.

    `pictures` (n, 3, side, side) and `negatives` (m, 3, side, side) are uint8 RGB; `boxes` float32 (n, 4) and
    `landmarks` float32 (n, 5, 2), NaN where the detector found none, are in their pixels. `female` is bool (n,), `band`
    int64 (n,) the index of the labelled age band, -1 for none, `years` float64 (n,) the labelled age, NaN for none.
    `race` int64 (n,) is an index into `races`, `fold` int64 (n,) is -1 for validation faces, and `rows` are the
    faces' places in the store that was packed. `marks` uint64 (n, 2) are the hashes of each picture and of its group, 0
    for none. `soft_female` (n,) and `soft_age` (n, 9) are what a model said of the faces, float32, NaN for those that
    it was not asked about.
    """

    pictures: NDArray[np.uint8]
    negatives: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    female: NDArray[np.bool_]
    band: NDArray[np.int64]
    years: NDArray[np.float64]
    race: NDArray[np.int64]
    races: tuple[str, ...]
    fold: NDArray[np.int64]
    rows: NDArray[np.int64]
    marks: NDArray[np.uint64]
    soft_female: NDArray[np.float32]
    soft_age: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.rows)

    def weights(self, config: Mapping[str, float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What each face counts for gender and for age (`training/balance.py`): float64 (n,) each."""
        black = self.race == (self.races.index("Black") if "Black" in self.races else -1)
        return face_weights(self.band, self.female, black, config, self.fold >= 0, turned_heads(self.landmarks))

    def seen(self) -> dict[str, NDArray[np.uint64]]:
        """What a network trained on these faces has seen, as `training.seen.SeenFaces.to_arrays` writes it."""
        found = {}
        for name, marks in (("trained", self.marks[self.fold >= 0]), ("chosen", self.marks[self.fold < 0])):
            found[name] = np.unique(marks[:, 0])
            found[f"{name}_groups"] = np.unique(marks[marks[:, 1] > 0, 1])
        return found


def read(folders: Sequence[Path]) -> Packed:
    """All `faces-*.npz` of the folders, their `negatives.npz`, and what a model said of them (`soft.npz`).

    Raises SourceError where there is no face to learn from or to choose by, or a file is damaged.
    """
    tables: dict[str, list[NDArray[Any]]] = {name: [] for name in COLUMNS}
    pictures: list[NDArray[np.uint8]] = []
    nothing: list[NDArray[np.uint8]] = []
    names: list[NDArray[np.str_]] = []
    soft: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    paths = [path for folder in folders for path in sorted(folder.glob("faces-*.npz"))]
    if not paths:
        raise SourceError(f"There are no packed faces in {', '.join(map(str, folders))}.", PACK_AGAIN)
    for path in paths:
        part = _arrays(path, ("pictures", "offsets", "races", *COLUMNS))
        pictures.append(decoded(part["pictures"], part["offsets"], path.name))
        names.append(np.asarray(part["races"], np.str_)[part["race"]])
        soft.append(soft_answers(path.parent / "soft.npz", part["rows"]))
        for name in COLUMNS:
            tables[name].append(part[name])
    side = pictures[0].shape[-1]
    if any(part.shape[-1] != side for part in pictures):
        raise SourceError("The packed faces have pictures of different sizes.", PACK_AGAIN)
    for path in (folder / "negatives.npz" for folder in folders):
        if path.is_file():
            part = _arrays(path, ("pictures", "offsets"))
            nothing.append(decoded(part["pictures"], part["offsets"], path.name, side))
    table = {name: np.concatenate(parts) for name, parts in tables.items()}
    races, race = np.unique(np.concatenate(names), return_inverse=True)
    fold = table["fold"].astype(np.int64)
    if not (fold >= 0).any() or not (fold < 0).any():
        raise SourceError("The packed faces need some to learn from and some to choose by.", PACK_AGAIN)
    return Packed(
        pictures=np.concatenate(pictures),
        negatives=np.concatenate(nothing) if nothing else np.zeros((0, 3, side, side), np.uint8),
        boxes=table["boxes"].astype(np.float32),
        landmarks=table["landmarks"].astype(np.float32),
        female=table["female"].astype(np.bool_),
        band=table["band"].astype(np.int64),
        years=table["years"].astype(np.float64),
        race=race.astype(np.int64),
        races=tuple(str(name) for name in races),
        fold=fold,
        rows=table["rows"].astype(np.int64),
        marks=table["marks"].astype(np.uint64),
        soft_female=np.concatenate([female for female, _ in soft]),
        soft_age=np.concatenate([age for _, age in soft]),
    )


def soft_answers(path: Path, rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What `tools.gpu.soft` wrote about the faces `rows` of a store: (n,) and (n, 9), NaN where it says nothing.

    Raises SourceError for a damaged file.
    """
    female, age = np.full(len(rows), np.nan, np.float32), np.full((len(rows), 9), np.nan, np.float32)
    if path.is_file():
        said = _arrays(path, ("rows", "female", "age"))
        place = {int(row): k for k, row in enumerate(said["rows"])}
        known = np.array([place.get(int(row), -1) for row in rows])
        female[known >= 0] = said["female"][known[known >= 0]]
        age[known >= 0] = said["age"][known[known >= 0]]
    return female, age


def _arrays(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return {name: file[name] for name in names}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise SourceError(f"{path} is damaged or of another version: {error}.", PACK_AGAIN) from error


def decoded(
    content: NDArray[np.uint8], offsets: NDArray[np.int64], name: str, side: int | None = None
) -> NDArray[np.uint8]:
    """The pictures that lie behind each other in `content`: uint8 (n, 3, side, side) RGB.

    Raises SourceError, with the file's `name`, for a damaged one.
    """

    def one(k: int) -> NDArray[np.uint8]:
        picture = cv2.imdecode(content[offsets[k] : offsets[k + 1]], cv2.IMREAD_COLOR)
        if picture is None:
            raise SourceError(f"Picture {k} of {name} is damaged.", PACK_AGAIN)
        if side is not None and picture.shape[0] != side:
            picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(np.asarray(picture, np.uint8)[..., ::-1].transpose(2, 0, 1))

    with ThreadPoolExecutor(16) as pool:
        return np.stack(list(pool.map(one, range(len(offsets) - 1))))
