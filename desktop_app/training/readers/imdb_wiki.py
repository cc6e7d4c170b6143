"""The metadata files of IMDB-WIKI (Rothe, Timofte and Van Gool 2015): `imdb.mat` and `wiki.mat`."""

from __future__ import annotations

import datetime as dt
import io
import math
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np

from desktop_app.domain.types import Box
from desktop_app.errors import SourceError
from desktop_app.training.readers.base import FaceDataset, FaceRecord, RowProblem
from desktop_app.training.readers.storage import PictureStorage, open_storage

_FIELDS = ("dob", "photo_taken", "full_path", "gender", "face_location", "face_score", "second_face_score")
LOWEST_AGE, HIGHEST_AGE = 0.0, 100.0


def age_of(dob_serial: float, photo_taken_year: float) -> float:
    """Return the age in years in the middle of the year of the photograph.

    `dob_serial` is a Matlab serial date: days since the year 0, where day 1 is the first of January of year 0, so
    that it runs 366 days ahead of Python's ordinal. As in the data set's own formula the picture is taken to be of
    the first of July. Raises ValueError for a date that no calendar has.
    """
    if not (math.isfinite(dob_serial) and math.isfinite(photo_taken_year)):
        raise ValueError("the date of birth or of the photograph is no number")
    day = int(dob_serial) - 366
    if not 1 <= day <= dt.date.max.toordinal() or not 1 <= photo_taken_year <= 9999:
        raise ValueError(f"no date of birth {dob_serial:.0f} or year {photo_taken_year:.0f} in a calendar")
    born = dt.date.fromordinal(day)
    taken = dt.date(int(photo_taken_year), 7, 1)
    return (taken - born).days / 365.2425


def is_metadata(name: str) -> bool:
    """Whether a file is called as the data set's metadata are."""
    return PurePosixPath(name).name.lower() in ("imdb.mat", "wiki.mat")


def read_imdb_wiki(path: Path) -> FaceDataset:
    """Read `imdb.mat` or `wiki.mat`; the pictures lie beside it, as the published archives unpack.

    The struct nests arrays of shape (1, n): dob (Matlab serial), photo_taken (year), full_path, gender (0 female, 1
    male, NaN unknown), name, face_location ([x1 y1 x2 y2] from 1), face_score (-inf: no face), second_face_score
    (NaN: none), and for imdb celeb_names and celeb_id. Rows without a face, with a second face, or with an age
    outside 0 to 100 are dropped and counted; a row of unknown gender stays, for its age. The celebrity makes the
    group. Raises SourceError for a file without that struct.
    """
    return _read(path.stem, path, str(path), open_storage(path.parent), "")


def read_imdb_wiki_in(storage: PictureStorage, file: str, name: str) -> FaceDataset:
    """Read the metadata called `file` among the pictures of `storage`, such as a published archive as it is."""
    folder = PurePosixPath(file).parent.as_posix()
    return _read(name, io.BytesIO(storage.read_bytes(file)), file, storage, "" if folder == "." else f"{folder}/")


def _read(name: str, source: Path | IO[bytes], said: str, storage: PictureStorage, folder: str) -> FaceDataset:
    try:
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError
    except ImportError as error:
        raise SourceError("Reading a .mat file needs SciPy.", "Install the program's [train] extra.") from error
    try:
        content: dict[str, Any] = loadmat(source)
    except (OSError, ValueError, NotImplementedError, MatReadError, TypeError) as error:
        raise SourceError(f"{said} is not a readable Matlab file: {error}.") from error
    key = next((k for k in ("imdb", "wiki") if k in content), None)
    if key is None or content[key].dtype.names is None:
        raise SourceError(
            f"{said} holds no struct called imdb or wiki.", "Choose the imdb.mat or wiki.mat of the data set."
        )
    meta = content[key][0, 0]
    missing = [name for name in _FIELDS if name not in meta.dtype.names]
    if missing:
        raise SourceError(
            f"{said} lacks the fields {', '.join(missing)}.", "Choose the published imdb.mat or wiki.mat."
        )
    columns = {name: np.asarray(meta[name]).reshape(-1) for name in meta.dtype.names if name != "celeb_names"}
    names = np.asarray(meta["celeb_names"]).reshape(-1) if "celeb_names" in meta.dtype.names else np.empty(0, object)
    dataset = FaceDataset(name, storage)
    for i in range(len(columns["full_path"])):
        try:
            _add(dataset, columns, names, i, folder)
        except (ValueError, IndexError, TypeError) as error:
            dataset.problems.append(RowProblem(f"row {i + 1}", str(error)))
    return dataset


def _text(cell: Any) -> str:
    """The string inside a Matlab cell, which SciPy gives as a nested array."""
    while isinstance(cell, np.ndarray):
        if cell.size == 0:
            return ""
        cell = cell.reshape(-1)[0]
    return str(cell)


def _add(dataset: FaceDataset, columns: dict[str, Any], names: Any, i: int, folder: str) -> None:
    file = _text(columns["full_path"][i])
    if not file:
        raise ValueError("no picture name")
    if not math.isfinite(float(columns["face_score"][i])):
        dataset.dropped["no face was found in the picture"] += 1
        return
    if not math.isnan(float(columns["second_face_score"][i])):
        dataset.dropped["a second face is in the picture"] += 1
        return
    age = age_of(float(columns["dob"][i]), float(columns["photo_taken"][i]))
    if not LOWEST_AGE <= age <= HIGHEST_AGE:
        dataset.dropped["the age is impossible"] += 1
        return
    label = float(columns["gender"][i])
    gender = "" if math.isnan(label) else ("female", "male")[int(label)]
    corners = np.asarray(columns["face_location"][i], np.float64).reshape(-1)
    if corners.size != 4:
        raise ValueError(f"face_location has {corners.size} numbers and not 4")
    whole = float(math.floor(age))
    celeb = _group(columns, names, i)
    dataset.records.append(
        FaceRecord(
            file=folder + file, gender=gender, age=whole, age_min=whole, age_max=whole, group=celeb,
            box=Box(*(float(c) - 1 for c in corners)),
        )
    )  # fmt: skip


def _group(columns: dict[str, Any], names: Any, i: int) -> str:
    """The person in the picture: the celebrity's name where the file has the table of them, else the row's own name."""
    if "celeb_id" in columns:
        number = int(columns["celeb_id"][i])
        if 1 <= number <= len(names):
            return _text(names[number - 1])
        return f"celebrity {number}"
    return _text(columns["name"][i]) if "name" in columns else ""
