"""Labels in a CSV file: our own table, FairFace's, and UTKFace's with a column of pixels."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Box
from desktop_app.errors import SourceError
from desktop_app.training.readers.base import (
    FaceDataset,
    FaceRecord,
    MemoryStorage,
    PictureStorage,
    RowProblem,
    open_storage,
    parse_age_range,
    parse_gender,
)

UTKFACE_GENDERS = ("male", "female")
UTKFACE_RACES = ("White", "Black", "Asian", "Indian", "Others")


def columns_of(path: Path) -> list[str]:
    """The column names in the first line of a CSV file. Raises SourceError if it cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [name.strip().lower() for name in next(csv.reader(file), [])]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path} cannot be read as a table of labels: {error}.") from error


def read_table(path: Path) -> FaceDataset:
    """Read a CSV of labels whose pictures lie in a zip or folder of the same name beside it, or in its own folder."""
    beside = [path.with_suffix(".zip"), path.with_suffix("")]
    place = next((candidate for candidate in beside if candidate.exists()), path.parent)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read as a table of labels: {error}.") from error
    return _from_rows(path.stem, open_storage(place), csv.DictReader(io.StringIO(text)))


def read_table_in(storage: PictureStorage, table: str, name: str) -> FaceDataset:
    """Read the CSV called `table` that lies among the pictures of `storage`."""
    text = storage.read_bytes(table).decode("utf-8-sig")
    return _from_rows(name, storage, csv.DictReader(io.StringIO(text)))


def _from_rows(name: str, storage: PictureStorage, rows: Iterable[Mapping[str, str | None]]) -> FaceDataset:
    dataset = FaceDataset(name, storage)
    for number, raw in enumerate(rows, start=2):
        row = {key.strip().lower(): (value or "").strip() for key, value in raw.items() if isinstance(key, str)}
        try:
            dataset.records.append(_record(row))
        except (KeyError, ValueError) as error:
            reason = f"the column {error} is missing" if isinstance(error, KeyError) else str(error)
            dataset.problems.append(RowProblem(f"line {number}", reason))
    return dataset


def _record(row: Mapping[str, str]) -> FaceRecord:
    """Turn one row into a record.

    FairFace's own files have `age` as a band ("3-9", "more than 70"); ours have `age` in years beside `age_min`,
    `age_max`.
    """
    file = row["file"]
    if not file:
        raise ValueError("no file name")
    age: float | None = None
    bounds = parse_age_range(row.get("age", ""))
    if row.get("age_min"):
        bounds = float(row["age_min"]), float(row["age_max"]) if row.get("age_max") else None
        if bounds[1] is not None and bounds[1] > 110:
            bounds = bounds[0], None
    if bounds is not None and bounds[0] == bounds[1]:
        age = bounds[0]
    corners = [row.get(key, "") for key in ("x1", "y1", "x2", "y2")]
    return FaceRecord(
        file=file,
        gender=parse_gender(row.get("gender", "")),
        age=age,
        age_min=None if bounds is None else bounds[0],
        age_max=None if bounds is None else bounds[1],
        race=row.get("race", ""),
        role=row.get("role", ""),
        group=row.get("duplicate_group", row.get("group", "")),
        box=Box(*(float(corner) for corner in corners)) if all(corners) else None,
    )


def read_pixels_csv(path: Path) -> FaceDataset:
    """Read the UTKFace CSV with columns age, ethnicity, gender (0 male, 1 female), img_name and pixels.

    `pixels` holds the grey values of a square picture, 48x48 in the published file, separated by spaces.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    makers: dict[str, partial[NDArray[np.uint8]]] = {}
    dataset = FaceDataset(path.stem, MemoryStorage({}))
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                try:
                    pixels = np.asarray([int(value) for value in (row.get("pixels") or "").split()], np.int32)
                    picture = _square_grey(pixels)
                    name = f"line {number}"
                    race = int(row["ethnicity"]) if row.get("ethnicity") else -1
                    age = float(row["age"])
                    dataset.records.append(
                        FaceRecord(
                            file=name,
                            gender=UTKFACE_GENDERS[_index(row["gender"], 2)],
                            age=age,
                            age_min=age,
                            age_max=age,
                            race=UTKFACE_RACES[race] if 0 <= race < len(UTKFACE_RACES) else "",
                        )
                    )
                    makers[name] = partial(_grey_to_bgr, picture)
                except (KeyError, TypeError, ValueError) as error:
                    dataset.problems.append(RowProblem(f"line {number}", str(error)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path} cannot be read as a table of labels: {error}.") from error
    dataset.storage = MemoryStorage(makers)
    return dataset


def _index(text: str | None, count: int) -> int:
    value = int(text or "")
    if not 0 <= value < count:
        raise ValueError(f"{text!r} is not a class number below {count}")
    return value


def _square_grey(pixels: NDArray[np.int32]) -> NDArray[np.uint8]:
    side = round(float(np.sqrt(pixels.size)))
    if side < 8 or side * side != pixels.size:
        raise ValueError(f"{pixels.size} pixel values do not make a square picture")
    if pixels.min() < 0 or pixels.max() > 255:
        raise ValueError("a pixel value lies outside 0 to 255")
    return pixels.reshape(side, side).astype(np.uint8)


def _grey_to_bgr(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(picture[..., None], 3, axis=2)
