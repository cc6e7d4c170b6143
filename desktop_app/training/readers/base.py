"""What every reader gives: records of labelled faces, where their pictures lie, and what was wrong."""

from __future__ import annotations

import math
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Box
from desktop_app.errors import SourceError

GENDERS: tuple[str, str] = ("female", "male")
"""The order of the two gender classes in every target and output of the training tool."""

ROLES: tuple[str, ...] = ("train", "val", "test", "excluded")
MAX_AGE = 120.0

_GENDER_WORDS = {
    **dict.fromkeys(("female", "f", "woman", "women", "girl", "girls", "females"), "female"),
    **dict.fromkeys(("male", "m", "man", "men", "boy", "boys", "males"), "male"),
}


@dataclass(frozen=True, slots=True)
class FaceRecord:
    """One labelled face.

    `file` names the picture inside the storage of its data set. `gender` is "female", "male" or "" (not labelled).
    `age` is in years where it is known exactly; `age_min` and `age_max` are the label's range in whole years, both
    ends included (`age_max` None: open end); all None where the age is not labelled. `role` is "train", "val",
    "test", "excluded" or "" (not divided yet). Records with the same non-empty `group` show the same person or
    picture and must never be divided between roles. `box` is the face in pixels of its picture where the data set
    gives it.
    """

    file: str
    gender: str = ""
    age: float | None = None
    age_min: float | None = None
    age_max: float | None = None
    race: str = ""
    role: str = ""
    group: str = ""
    box: Box | None = None

    def __post_init__(self) -> None:
        if self.gender not in ("", *GENDERS):
            raise ValueError(f"gender must be female, male or empty, not {self.gender!r}")
        if self.role not in ("", *ROLES):
            raise ValueError(f"role must be one of {', '.join(ROLES)} or empty, not {self.role!r}")
        for value in (self.age, self.age_min, self.age_max):
            if value is not None and not (math.isfinite(value) and 0 <= value <= MAX_AGE):
                raise ValueError(f"age must lie within 0 and {MAX_AGE:.0f} years, not {value!r}")
        if self.age_min is not None and self.age_max is not None and self.age_max < self.age_min:
            raise ValueError(f"age range {self.age_min}-{self.age_max} runs backwards")

    @property
    def age_years(self) -> float | None:
        """The exact age, or the middle of the labelled range (76 for an open end from 70), or None."""
        if self.age is not None:
            return self.age
        if self.age_min is None:
            return None
        return self.age_min + 6.0 if self.age_max is None else (self.age_min + self.age_max) / 2


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that could not be used: where it stands and why, in plain words."""

    row: str
    reason: str


class PictureStorage(Protocol):
    """Where the pictures of a data set lie: a folder, a zip, or a column of a table."""

    def names(self) -> list[str]: ...

    def read_bytes(self, name: str) -> bytes: ...

    def read_picture(self, name: str) -> NDArray[np.uint8]:
        """Return uint8 BGR of shape (height, width, 3). Raises SourceError for a missing or damaged picture."""
        ...

    def close(self) -> None: ...


@dataclass(slots=True)
class FaceDataset:
    """The usable records of a data set, and an account of the rest.

    `problems` lists malformed rows; `dropped` counts well-formed rows left out by rule, by reason.
    """

    name: str
    storage: PictureStorage
    records: list[FaceRecord] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)

    def account(self) -> str:
        """One paragraph: how many faces are usable, and what happened to the others."""
        lines = [f"{self.name}: {len(self.records):,} labelled faces"]
        lines += [f"  left out, {reason}: {count:,}" for reason, count in sorted(self.dropped.items())]
        if self.problems:
            lines.append(f"  malformed rows: {len(self.problems):,}; the first ones:")
            lines += [f"    {problem.row}: {problem.reason}" for problem in self.problems[:5]]
        return "\n".join(lines)


def decode_picture(data: bytes, name: str) -> NDArray[np.uint8]:
    """Decode an encoded picture to uint8 BGR. Raises SourceError naming the picture if it is damaged."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if picture is None:
        raise SourceError(f"The picture {name} is empty or damaged.", "Replace the file or remove its row.")
    return np.asarray(picture, np.uint8)


class FolderStorage:
    """Pictures under a folder; names are relative to it, with forward slashes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        return sorted(p.relative_to(self._folder).as_posix() for p in self._folder.rglob("*") if p.is_file())

    def read_bytes(self, name: str) -> bytes:
        path = self._folder / PurePosixPath(name)
        if not path.resolve().is_relative_to(self._folder.resolve()):
            raise SourceError(f"The picture name {name!r} leads outside the data set.", "Correct the table of labels.")
        try:
            return path.read_bytes()
        except OSError as error:
            raise SourceError(f"The picture {name} cannot be read: {error.strerror}.") from error

    def read_picture(self, name: str) -> NDArray[np.uint8]:
        return decode_picture(self.read_bytes(name), name)

    def close(self) -> None:
        return


class ZipStorage:
    """Pictures inside a zip file, read in place without unpacking."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise SourceError(f"{path} is not a readable zip file.", "Download or pack it again.") from error

    def names(self) -> list[str]:
        return sorted(info.filename for info in self._zip.infolist() if not info.is_dir())

    def read_bytes(self, name: str) -> bytes:
        try:
            return self._zip.read(name)
        except (KeyError, OSError, zipfile.BadZipFile, RuntimeError) as error:
            raise SourceError(f"The picture {name} is not in the zip file or is damaged there.") from error

    def read_picture(self, name: str) -> NDArray[np.uint8]:
        return decode_picture(self.read_bytes(name), name)

    def close(self) -> None:
        self._zip.close()


class MemoryStorage:
    """Pictures that are made on demand, such as those of a `pixels` column."""

    def __init__(self, makers: Mapping[str, Callable[[], NDArray[np.uint8]]]) -> None:
        self._makers = dict(makers)

    def names(self) -> list[str]:
        return list(self._makers)

    def read_bytes(self, name: str) -> bytes:
        ok, data = cv2.imencode(".png", self.read_picture(name))
        if not ok:
            raise SourceError(f"The picture {name} cannot be encoded.")
        return data.tobytes()

    def read_picture(self, name: str) -> NDArray[np.uint8]:
        maker = self._makers.get(name)
        if maker is None:
            raise SourceError(f"There is no picture {name} in this table.")
        return maker()

    def close(self) -> None:
        self._makers.clear()


def open_storage(path: Path) -> FolderStorage | ZipStorage:
    """Open a folder or a zip file of pictures. Raises SourceError where `path` is neither."""
    if path.is_dir():
        return FolderStorage(path)
    return ZipStorage(path)


def parse_gender(text: str) -> str:
    """Return "female", "male" or "" (empty or unknown) for a word of a label. Raises ValueError for anything else."""
    word = text.strip().lower()
    if word in ("", "u", "unknown", "none", "nan", "undecided"):
        return ""
    if word not in _GENDER_WORDS:
        raise ValueError(f"{text!r} is not a gender")
    return _GENDER_WORDS[word]


def parse_age_range(text: str) -> tuple[float, float | None] | None:
    """Read "20-29", "(25, 32)", "more than 70", "70+", "35" as (lowest, highest) in whole years; None for no label.

    The highest is None for an open end. Raises ValueError for anything else.
    """
    cleaned = text.strip().strip("()").replace(",", "-").replace(" ", "").replace("_", "-").lower()
    if cleaned in ("", "none", "nan", "unknown"):
        return None
    cleaned = cleaned.replace("morethan", "").replace("over", "") + (
        "+" if "more" in cleaned or "over" in cleaned else ""
    )
    if cleaned.endswith(("+", "-")):
        low, high = float(cleaned[:-1]), None
    elif "-" in cleaned:
        first, _, last = cleaned.partition("-")
        low, high = float(first), float(last)
    else:
        low = float(cleaned)
        high = low
    if not (math.isfinite(low) and 0 <= low <= MAX_AGE and (high is None or low <= high)):
        raise ValueError(f"{text!r} is not an age")
    return low, None if high is None or high > MAX_AGE else high
