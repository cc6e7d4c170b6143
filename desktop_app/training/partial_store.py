"""A face store while its faces are being found: what is done survives Ctrl-C and a kill, and is gone on from."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop_app.training.damaged import DAMAGED
from desktop_app.training.readers import FaceDataset, FaceRecord

FLUSH_EVERY = 200
"""A kill loses at most this many faces; Ctrl-C loses none."""

_COLUMNS = ("file", "gender", "age", "age_min", "age_max", "race", "role", "group")
_STATE = "state.json"
# File name -> kind and shape of one face's entry; `side` stands for the side of a stored picture.
_ARRAYS: dict[str, tuple[Any, tuple[str | int, ...]]] = {
    "pictures": (np.uint8, ("side", "side", 3)),
    "boxes": (np.float32, (4,)),
    "found": (np.bool_, ()),
    "hashes": ("S16", ()),
    "sizes": (np.uint16, (2,)),
}


class PartialStore:
    """The folder of a store that is not complete: arrays for all `total` records, of which the first `done` are dealt
    with. `problems` maps the records that are left out to the reason; the arrays hold the others without gaps.

    What the folder holds of a data set of another size, or of pictures with another mark than `made_of`
    (`facestore.mark_of`), is thrown away. Raises OSError.
    """

    def __init__(self, folder: Path, total: int, side: int, made_of: str = "") -> None:
        self._folder, self._total, self.side, self._made_of = folder, total, side, made_of
        self.done = 0
        self.problems: dict[int, str] = {}
        try:
            self._arrays = self._go_on()
        except DAMAGED:  # nothing there, or nothing of use
            self.done, self.problems = 0, {}
            self._arrays = self._begin()
        else:
            self._reserve()

    def _go_on(self) -> dict[str, NDArray[Any]]:
        state = json.loads((self._folder / _STATE).read_text(encoding="utf-8"))
        arrays = {name: np.load(self._folder / f"all-{name}.npy", mmap_mode="r+") for name in _ARRAYS}
        if any(array.shape != self._shape(name) for name, array in arrays.items()):
            raise ValueError("the arrays are of another data set")
        if state.get("made_of", self._made_of) != self._made_of:
            raise ValueError("the pictures have changed since")
        self.done = int(state["done"])
        self.problems = {int(i): str(reason) for i, reason in state["problems"].items() if int(i) < self.done}
        return arrays

    def _begin(self) -> dict[str, NDArray[Any]]:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        arrays: dict[str, NDArray[Any]] = {
            name: np.lib.format.open_memmap(
                self._folder / f"all-{name}.npy", mode="w+", dtype=kind, shape=self._shape(name)
            )
            for name, (kind, _) in _ARRAYS.items()
        }
        try:
            if shutil.disk_usage(self._folder).free < sum(array.nbytes for array in arrays.values()):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._reserve()
        except OSError:
            arrays.clear()
            shutil.rmtree(self._folder, ignore_errors=True)  # it would fill the disk with nothing
            raise
        return arrays

    def _reserve(self) -> None:
        """Take the room that the arrays need, where the system can. Raises OSError where there is not enough: a mapped
        file that finds the disk full while it is written ends the process without a word."""
        if not hasattr(os, "posix_fallocate"):
            return
        for name in _ARRAYS:
            path = self._folder / f"all-{name}.npy"
            with path.open("r+b") as file:
                try:
                    os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
                except OSError as error:
                    if error.errno in (errno.ENOSPC, errno.EDQUOT):
                        raise

    def _shape(self, name: str) -> tuple[int, ...]:
        return (self._total, *(self.side if part == "side" else int(part) for part in _ARRAYS[name][1]))

    def put(self, i: int, **entries: Any) -> None:
        """Store the face of record `i`, which must be the next one: its entry of each array, by the array's name."""
        k = i - len(self.problems)
        for name, array in self._arrays.items():
            array[k] = entries[name]
        self._step(i)

    def leave_out(self, i: int, reason: str) -> None:
        """Leave out record `i`, which must be the next one."""
        self.problems[i] = reason
        self._step(i)

    def _step(self, i: int) -> None:
        self.done = i + 1
        if self.done % FLUSH_EVERY == 0:
            self.flush()

    def flush(self) -> None:
        """Write everything to the disk, the faces before the note that they are done."""
        if not self._arrays:
            return
        for array in self._arrays.values():
            if isinstance(array, np.memmap):
                array.flush()
        state = {"done": self.done, "problems": self.problems, "made_of": self._made_of}
        part = self._folder / f"{_STATE}.part"
        part.write_text(json.dumps(state), encoding="utf-8")
        part.replace(self._folder / _STATE)

    def complete(self, dataset: FaceDataset, folder: Path, finder: str) -> None:
        """Turn the part into the whole store `folder`."""
        count = self.done - len(self.problems)
        for name in list(self._arrays):
            array = self._arrays.pop(name)
            if count == self._total:
                del array  # Windows renames no file that is open
                (self._folder / f"all-{name}.npy").replace(self._folder / f"{name}.npy")
            else:
                np.save(self._folder / f"{name}.npy", array[:count])
                del array
                (self._folder / f"all-{name}.npy").unlink()
        write_records(
            self._folder / "records.csv", (r for i, r in enumerate(dataset.records) if i not in self.problems)
        )
        unread = [[dataset.records[i].file, reason] for i, reason in sorted(self.problems.items())]
        notes = {
            "name": dataset.name, "problems": unread, "absent": dataset.absent, "finder": finder,
            "made_of": self._made_of,
        }  # fmt: skip
        (self._folder / "store.json").write_text(json.dumps(notes), encoding="utf-8")
        (self._folder / _STATE).unlink()
        shutil.rmtree(folder, ignore_errors=True)
        self._folder.rename(folder)

    def remove(self) -> None:
        self._arrays.clear()
        shutil.rmtree(self._folder, ignore_errors=True)


def write_records(path: Path, records: Iterable[FaceRecord]) -> None:
    # A name that is not UTF-8 goes through as the bytes that it is.
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for record in records:
            writer.writerow(["" if (value := getattr(record, name)) is None else value for name in _COLUMNS])


def read_records(path: Path) -> list[FaceRecord]:
    """Read what `write_records` wrote. Raises OSError, ValueError or KeyError."""
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return [_record(row) for row in csv.DictReader(file)]


def _record(row: dict[str, str]) -> FaceRecord:
    age, low, high = (float(row[key]) if row[key] else None for key in ("age", "age_min", "age_max"))
    return FaceRecord(
        file=row["file"], gender=row["gender"], age=age, age_min=low, age_max=high, race=row["race"], role=row["role"],
        group=row["group"],
    )  # fmt: skip
