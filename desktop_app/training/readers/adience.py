"""The fold files of the Adience benchmark (Eidinger, Enbar and Hassner 2014)."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path, PurePosixPath

from desktop_app.training.readers.base import (
    FaceDataset,
    FaceRecord,
    RowProblem,
    parse_age_range,
    parse_gender,
)
from desktop_app.training.readers.storage import PictureStorage, name_of

_FOLD = re.compile(r"fold_(?:frontal_)?(\d+)_data\.txt$")


def is_fold_file(name: str) -> bool:
    return _FOLD.search(PurePosixPath(name).name) is not None


def read_adience(path: Path, storage: PictureStorage) -> FaceDataset:
    """Read all `fold_*_data.txt` files of a folder or zip.

    Columns, separated by tabs: user_id, original_image, face_id, age ("(25, 32)", "35" or "None"), gender (m, f,
    u), x, y, dx, dy, and angles. The picture of a row is `aligned/<user>/landmark_aligned_face.<face>.<image>` or
    `faces/<user>/coarse_tilt_aligned_face.<face>.<image>`, whichever is there. All rows of one user form a group.
    The highest fold becomes `test` and the one before it `val`, so that no person is in two roles.
    """
    dataset = FaceDataset(name_of(path), storage)
    names = storage.names()
    known = set(names)
    prefix_of = {PurePosixPath(name).parts[-2:]: name for name in names if name.lower().endswith(".jpg")}
    folds = sorted((name for name in names if is_fold_file(name)), key=_fold_number)
    highest = _fold_number(folds[-1]) if folds else 0
    for fold in folds:
        number = _fold_number(fold)
        role = "train" if len(folds) < 3 or number < highest - 1 else "val" if number < highest else "test"
        text = storage.read_bytes(fold).decode("utf-8-sig", errors="replace")
        rows = csv.DictReader(io.StringIO(text), delimiter="\t")
        for row in rows:
            where = f"{PurePosixPath(fold).name} line {rows.line_num}"
            try:
                user, image, face = (_cell(row, key) for key in ("user_id", "original_image", "face_id"))
                aligned = (user, f"landmark_aligned_face.{face}.{image}")
                coarse = (user, f"coarse_tilt_aligned_face.{face}.{image}")
                file = prefix_of.get(aligned) or prefix_of.get(coarse)
                gender = parse_gender(row.get("gender") or "")
                bounds = parse_age_range(row.get("age") or "")
                if file is None or file not in known:
                    dataset.dropped["the picture is not there"] += 1
                    continue
                if not gender and bounds is None:
                    dataset.dropped["neither gender nor age is labelled"] += 1
                    continue
                exact = bounds is not None and bounds[0] == bounds[1]
                dataset.records.append(
                    FaceRecord(
                        file=file,
                        gender=gender,
                        age=bounds[0] if bounds is not None and exact else None,
                        age_min=None if bounds is None else bounds[0],
                        age_max=None if bounds is None else bounds[1],
                        role=role,
                        group=user,
                    )
                )
            except ValueError as error:
                dataset.problems.append(RowProblem(where, str(error)))
    return dataset


def _fold_number(name: str) -> int:
    match = _FOLD.search(PurePosixPath(name).name)
    return int(match.group(1)) if match else -1


def _cell(row: dict[str, str], key: str) -> str:
    value = (row.get(key) or "").strip()
    if not value:
        raise ValueError(f"no {key}")
    return value
