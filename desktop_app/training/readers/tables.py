"""Labels in a CSV file: our own table, FairFace's, and UTKFace's with a column of pixels."""

from __future__ import annotations

import codecs
import csv
import io
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Box
from desktop_app.errors import SourceError
from desktop_app.system.plain_text import printable
from desktop_app.training.readers.base import (
    FaceDataset,
    FaceRecord,
    RowProblem,
    absent_columns,
    parse_age_range,
    parse_gender,
    parse_role,
)
from desktop_app.training.readers.storage import ARCHIVE_SUFFIXES, MemoryStorage, PictureStorage, open_storage

_LONGEST_HEADER = 65_536
_DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]+")
UTKFACE_GENDERS = ("male", "female")
UTKFACE_RACES = ("White", "Black", "Asian", "Indian", "Others")


def columns_of(path: Path) -> list[str]:
    """The column names in the first line of a CSV file. Raises SourceError if it cannot be read."""
    try:
        with path.open("rb") as file:
            first = _decoded(file.read(_LONGEST_HEADER), whole=False).splitlines()[:1]
        return _plain(next(csv.reader(first, delimiter=_delimiter(first)), []))
    except (OSError, UnicodeError, csv.Error) as error:
        raise _unreadable(path.name, error) from error


def read_table(path: Path) -> FaceDataset:
    """Read a CSV of labels whose pictures lie in a zip, tar or folder of the same name beside it, or in its own folder.

    Raises SourceError for a file that is no table or has no column `file`.
    """
    beside = [path.with_suffix(suffix) for suffix in (*ARCHIVE_SUFFIXES, "")]
    place = next((candidate for candidate in beside if candidate.exists()), path.parent)
    try:
        text = _decoded(path.read_bytes())
    except (OSError, UnicodeError) as error:
        raise _unreadable(path.name, error) from error
    return _from_text(path.stem, text, path.name, open_storage(place), "")


def read_table_in(storage: PictureStorage, table: str, name: str) -> FaceDataset:
    """Read the CSV called `table` among the pictures of `storage`, which it names from its own folder on.

    Raises SourceError as `read_table`.
    """
    try:
        text = _decoded(storage.read_bytes(table))
    except UnicodeError as error:
        raise _unreadable(table, error) from error
    return _from_text(name, text, table, storage, table[: table.rfind("/") + 1])


def _unreadable(table: str, error: Exception) -> SourceError:
    return SourceError(f"{printable(table)} cannot be read as a table of labels: {error}.", "Save it as CSV in UTF-8.")


def _decoded(data: bytes, *, whole: bool = True) -> str:
    """The text of a table in UTF-8, or in the UTF-16 that spreadsheets call Unicode text. Raises UnicodeError.

    What is not `whole` may end within a character.
    """
    return codecs.getincrementaldecoder(_encoding(data))().decode(data, final=whole)


def _encoding(data: bytes) -> str:
    return "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


def _delimiter(lines: Sequence[str]) -> str:
    """What separates the columns of the first line. Spreadsheets write semicolons where the comma is for decimals."""
    return max(",;\t", key=lines[0].count) if lines else ","


def _plain(columns: Iterable[str]) -> list[str]:
    return [column.strip().lower() for column in columns]


def _from_text(name: str, text: str, table: str, storage: PictureStorage, folder: str) -> FaceDataset:
    delimiter = _delimiter(text.splitlines()[:1])
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    dataset = FaceDataset(name, storage)
    try:
        columns = _plain(rows.fieldnames or ())
        if "file" not in columns:
            raise SourceError(
                f"{printable(table)} has no column “file”; its columns are {', '.join(columns) or 'none'}.",
                "Name the column with the pictures' names “file”, and separate columns by commas, semicolons or tabs.",
            )
        dataset.absent = absent_columns(columns)
        for raw in rows:
            row = {key.strip().lower(): (value or "").strip() for key, value in raw.items() if isinstance(key, str)}
            if delimiter != "," and _DECIMAL_COMMA.fullmatch(row.get("age", "")):
                row["age"] = row["age"].replace(",", ".")
            try:
                dataset.records.append(_record(row, folder))
            except ValueError as error:
                dataset.problems.append(RowProblem(f"line {rows.line_num}", str(error)))
    except csv.Error as error:
        raise _unreadable(table, error) from error
    return dataset


def _record(row: Mapping[str, str], folder: str) -> FaceRecord:
    """Turn one row into a record.

    FairFace's own files have `age` as a band ("3-9", "more than 70"); ours have `age` in years beside `age_min`,
    `age_max`.
    """
    if not row["file"]:
        raise ValueError("no file name")
    age: float | None = None
    bounds = parse_age_range(row.get("age", ""))
    if row.get("age_min"):
        bounds = _years(row["age_min"]), _years(row["age_max"]) if row.get("age_max") else None
        if bounds[1] is not None and bounds[1] > 110:
            bounds = bounds[0], None
    if bounds is not None and bounds[0] == bounds[1]:
        age = bounds[0]
    corners = [row.get(key, "") for key in ("x1", "y1", "x2", "y2")]
    return FaceRecord(
        file=folder + row["file"].replace("\\", "/").removeprefix("./"),  # tables written on Windows have backslashes
        gender=parse_gender(row.get("gender", "")),
        age=age,
        age_min=None if bounds is None else bounds[0],
        age_max=None if bounds is None else bounds[1],
        race=row.get("race", ""),
        role=parse_role(row.get("role", "")),
        group=row.get("duplicate_group", row.get("group", "")),
        box=Box(*map(_corner, corners)) if all(corners) else None,
    )


def read_pixels_csv(path: Path) -> FaceDataset:
    """Read the UTKFace CSV with columns age, ethnicity, gender (0 male, 1 female), img_name and pixels.

    `pixels` holds the grey values of a square picture, 48x48 in the published file, separated by spaces. Of age and
    gender one may be missing. Raises SourceError where both are, or where the file is no table.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    makers: dict[str, partial[NDArray[np.uint8]]] = {}
    dataset = FaceDataset(path.stem, MemoryStorage({}))
    try:
        with path.open("rb") as raw_file:
            encoding = _encoding(raw_file.read(2))
        with path.open(encoding=encoding, newline="") as file:
            first = [file.readline(_LONGEST_HEADER)]
            file.seek(0)
            rows = csv.DictReader(file, delimiter=_delimiter(first))
            dataset.absent = absent_columns(_plain(rows.fieldnames or ()))
            if len(dataset.absent) == 2:
                raise SourceError(
                    f"{path.name} has neither a column “gender” nor a column “age”; its columns are "
                    f"{', '.join(_plain(rows.fieldnames or ()))}.",
                    "Name the columns as UTKFace's table does: age, ethnicity, gender, pixels.",
                )
            for raw in rows:
                row = {key.strip().lower(): value or "" for key, value in raw.items() if isinstance(key, str)}
                # Counted by the file's own lines, so that a blank one shifts nothing.
                name = f"line {rows.line_num}"
                try:
                    makers[name] = partial(_grey_to_bgr, _square_grey(row["pixels"]))
                    dataset.records.append(_pixels_record(name, row))
                except ValueError as error:
                    dataset.problems.append(RowProblem(name, str(error)))
    except (OSError, UnicodeError, csv.Error) as error:
        raise _unreadable(path.name, error) from error
    dataset.storage = MemoryStorage(makers)
    return dataset


def _pixels_record(name: str, row: Mapping[str, str]) -> FaceRecord:
    """The labels of one row; a label without a column is empty, one without a value is an error."""
    race = int(row["ethnicity"]) if row.get("ethnicity") else -1
    age = _years(row["age"]) if "age" in row else None
    return FaceRecord(
        file=name,
        gender=UTKFACE_GENDERS[_index(row["gender"], "gender", 2)] if "gender" in row else "",
        age=age,
        age_min=age,
        age_max=age,
        race=UTKFACE_RACES[race] if 0 <= race < len(UTKFACE_RACES) else "",
    )


def _years(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no age" if text else "no age") from None


def _corner(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no corner of a face box") from None


def _index(text: str, what: str, count: int) -> int:
    if not text.strip().isdigit() or int(text) >= count:
        raise ValueError(f"{text!r} is no {what}: it is a number below {count}" if text else f"no {what}")
    return int(text)


def _square_grey(text: str) -> NDArray[np.uint8]:
    try:
        pixels = np.asarray([int(value) for value in text.split()], np.int32)
    except (ValueError, OverflowError):
        raise ValueError("a pixel value is no whole number") from None
    side = round(float(np.sqrt(pixels.size)))
    if side < 8 or side * side != pixels.size:
        raise ValueError(f"{pixels.size} pixel values do not make a square picture")
    if pixels.min() < 0 or pixels.max() > 255:
        raise ValueError("a pixel value lies outside 0 to 255")
    return pixels.reshape(side, side).astype(np.uint8)


def _grey_to_bgr(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(picture[..., None], 3, axis=2)
