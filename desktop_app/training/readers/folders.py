"""Labels in names: UTKFace's file names, and a folder per class."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from desktop_app.errors import SourceError
from desktop_app.training.readers.base import (
    ROLE_WORDS,
    FaceDataset,
    FaceRecord,
    RowProblem,
    parse_age_range,
    parse_gender,
)
from desktop_app.training.readers.storage import PictureStorage, name_of
from desktop_app.training.readers.tables import UTKFACE_GENDERS, UTKFACE_RACES

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


def is_picture(name: str) -> bool:
    return name.lower().endswith(PICTURE_SUFFIXES) and not PurePosixPath(name).name.startswith(".")


def is_utkface_name(name: str) -> bool:
    """Whether a file name starts like `age_gender_`, as UTKFace's do, well formed or not."""
    parts = PurePosixPath(name).name.split("_")
    return len(parts) >= 3 and parts[0].isdigit() and parts[1] in ("0", "1", "")


def read_utkface(path: Path, storage: PictureStorage) -> FaceDataset:
    """Read a folder or zip of `[age]_[gender]_[race]_[date&time].jpg` (gender 0 male, 1 female; race 0 to 4).

    Format: the UTKFace data set's own page. A few published names lack a field; they are listed as problems.
    """
    dataset = FaceDataset(name_of(path), storage)
    for name in storage.names():
        if not is_picture(name):
            continue
        try:
            dataset.records.append(_utkface_record(name))
        except ValueError as error:
            dataset.problems.append(RowProblem(name, str(error)))
    return dataset


def _utkface_record(name: str) -> FaceRecord:
    parts = PurePosixPath(name).name.split("_")
    if len(parts) != 4:
        raise ValueError(f"the name has {len(parts)} fields and not age_gender_race_date")
    age, gender, race = parts[:3]
    if not age.isdigit() or gender not in ("0", "1") or race not in ("0", "1", "2", "3", "4"):
        raise ValueError("the name does not say an age, a gender of 0 or 1 and a race of 0 to 4")
    years = float(age)
    return FaceRecord(
        file=name,
        gender=UTKFACE_GENDERS[int(gender)],
        age=years,
        age_min=years,
        age_max=years,
        race=UTKFACE_RACES[int(race)],
    )


def read_class_folders(path: Path, storage: PictureStorage) -> FaceDataset:
    """Read a folder per class: `female/`, `male/`, an age or range such as `20-29/`, or both, in any nesting.

    A level called train, val or test divides the faces. Any other folder name is taken as no label. Raises
    SourceError if no folder name is a label at all.
    """
    dataset = FaceDataset(name_of(path), storage)
    for name in storage.names():
        if not is_picture(name):
            continue
        try:
            record = _class_record(name)
        except ValueError as error:
            dataset.problems.append(RowProblem(name, str(error)))
            continue
        if record.gender or record.age_min is not None:
            dataset.records.append(record)
        else:
            dataset.dropped["no folder on the way names a gender or an age"] += 1
    if not dataset.records:
        raise SourceError(
            f"No folder in {path} names a class.",
            "Put the faces into folders called female and male, or after ages such as 20-29, or both.",
        )
    return dataset


def _class_record(name: str) -> FaceRecord:
    gender, role = "", ""
    bounds: tuple[float, float | None] | None = None
    for part in PurePosixPath(name).parts[:-1]:
        role = ROLE_WORDS.get(part.lower(), role)
        try:
            gender = parse_gender(part) or gender
            continue
        except ValueError:
            pass  # not a gender: it may still be an age
        try:
            bounds = parse_age_range(part) or bounds
        except ValueError:
            continue  # neither: a folder name that is no label
    exact = bounds is not None and bounds[0] == bounds[1]
    return FaceRecord(
        file=name,
        gender=gender,
        role=role,
        age=bounds[0] if bounds is not None and exact else None,
        age_min=None if bounds is None else bounds[0],
        age_max=None if bounds is None else bounds[1],
    )
