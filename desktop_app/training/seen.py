"""Which faces a network has learned from, so that no figure is ever taken on them unsaid.

A run keeps the hashes of its pictures, and an export carries them in a file of its own, or names a list that came with
this package (`known_list`). `held_out` chooses the faces of every measurement and of every fit to a finished network:
it leaves out what the network has seen, whatever the seed, the limit or the division was.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop_app.errors import SettingsError
from desktop_app.system.safe_write import write_atomically
from desktop_app.training.damaged import DAMAGED
from desktop_app.training.facestore import FaceStore

SEEN_FILE = "training_faces.json"
"""Lies beside the `model.json` that names it under "training_faces"."""

LISTS = Path(__file__).parent / "lists"
"""The faces of data sets from which whole models were trained, as `tools.list_training_faces` writes them."""

_ARRAYS = ("trained", "trained_groups", "chosen", "chosen_groups")


@dataclass(frozen=True, slots=True)
class SeenFaces:
    """The marks (`marks_of`) of the faces that weights were `trained` on, and of those that they were `chosen` or
    calibrated by. Not `known` for runs and exports that keep no list, or only a part of it.
    """

    trained: frozenset[str] = frozenset()
    chosen: frozenset[str] = frozenset()
    known: bool = False

    @classmethod
    def of_run(cls, store: FaceStore) -> SeenFaces:
        """What a run over `store` sees: its roles "train" and "val"."""
        return cls(_marks(store, store.rows("train")), _marks(store, store.rows("val")), True)

    def __or__(self, other: SeenFaces) -> SeenFaces:
        return SeenFaces(self.trained | other.trained, self.chosen | other.chosen, self.known and other.known)

    def with_chosen(self, store: FaceStore, rows: NDArray[np.int64]) -> SeenFaces:
        """The same after something was fitted on `rows` of a store, such as a temperature."""
        return SeenFaces(self.trained, self.chosen | _marks(store, rows), self.known)

    def to_json(self) -> dict[str, Any]:
        return {"trained": sorted(self.trained), "chosen": sorted(self.chosen), "known": self.known}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SeenFaces:
        """Rebuild what `to_json` gave. Raises KeyError or TypeError."""
        return cls(frozenset(data["trained"]), frozenset(data["chosen"]), bool(data["known"]))

    def to_arrays(self) -> dict[str, NDArray[np.uint64]]:
        """The marks as numbers, pictures and groups apart: a third of the room that `to_json` takes."""
        parts = (*_apart(self.trained), *_apart(self.chosen))
        return {
            name: np.array(sorted(int(mark, 16) for mark in part), np.uint64)
            for name, part in zip(_ARRAYS, parts, strict=True)
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> SeenFaces:
        """Rebuild what `to_arrays` gave. Raises KeyError."""
        pictures, groups, others, other_groups = (arrays[name].tolist() for name in _ARRAYS)
        return cls(
            frozenset([*(f"{mark:016x}" for mark in pictures), *(f"g{mark:016x}" for mark in groups)]),
            frozenset([*(f"{mark:016x}" for mark in others), *(f"g{mark:016x}" for mark in other_groups)]),
            True,
        )

    def has_pictures_of(self, other: SeenFaces) -> bool:
        """Whether both have seen the very same pictures, whatever groups they know."""
        mine, its = (tuple(_apart(part)[0] for part in (seen.trained, seen.chosen)) for seen in (self, other))
        return self.known and other.known and mine == its

    def write(self, folder: Path) -> dict[str, Any]:
        """Write the list into a model folder, unless it is one of this package's; return what the card says of it.

        Raises OSError.
        """
        for path in sorted(LISTS.glob("*.npz")):
            if self.has_pictures_of(known := known_list(path.stem)):
                pictures = {"trained": _apart(known.trained)[0], "chosen": _apart(known.chosen)[0]}
                return {"list": path.stem, **{name: len(part) for name, part in pictures.items()}}
        write_atomically(folder / SEEN_FILE, json.dumps(self.to_json()).encode("utf-8"))
        return {"file": SEEN_FILE, "trained": len(self.trained), "chosen": len(self.chosen)}

    @classmethod
    def read(cls, folder: Path, card: Mapping[str, Any]) -> SeenFaces:
        """The list of a model folder; not known where its card names none, or where it is missing or damaged."""
        part = card.get("training_faces")
        if isinstance(part, dict) and "list" in part:
            return known_list(str(part["list"]))
        try:
            named = Path(str(part["file"])).name if isinstance(part, dict) else ""
            return cls.from_json(json.loads((folder / named).read_text(encoding="utf-8"))) if named else cls()
        except DAMAGED:
            return cls()


def known_list(name: str) -> SeenFaces:
    """The list called `name` of this package; not known where it has none."""
    path = LISTS / f"{Path(name).name}.npz"
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return SeenFaces.from_arrays(file)
    except DAMAGED:
        return SeenFaces()


def _apart(marks: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The marks of pictures, and those of groups without their letter."""
    marks = frozenset(marks)
    groups = frozenset(mark for mark in marks if mark.startswith("g"))
    return marks - groups, frozenset(mark[1:] for mark in groups)


def marks_of(store: FaceStore, index: int) -> list[str]:
    """What a face is known again by: the hash of its picture, and a hash of its person or group where it has one."""
    group = store.records[index].group
    if not group:
        return [store.hash_of(index)]
    name = f"{store.name}\n{group}".encode("utf-8", "surrogateescape")
    return [store.hash_of(index), "g" + hashlib.blake2b(name, digest_size=8).hexdigest()]


def _marks(store: FaceStore, rows: Iterable[int]) -> frozenset[str]:
    return frozenset(mark for i in rows for mark in marks_of(store, int(i)))


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The rows of a store to measure on, and in words what was left out of them and why."""

    rows: NDArray[np.int64]
    words: tuple[str, ...] = ()


def held_out(store: FaceStore, role: str, networks: Sequence[tuple[str, SeenFaces]], *, needed: bool = True) -> HeldOut:
    """The faces of a role ("all": every one) that none of `networks`, by name, has seen.

    Faces of the role "val" may have chosen a network, but not taught it. The role "train" is measured as it is, and
    the words say so. Whoever is in another picture that was seen counts as seen. Raises SettingsError if no face is
    left, unless it is not `needed`.
    """
    rows = store.rows(role)
    if len(rows) == 0 and needed:
        counts = Counter(record.role or "none" for record in store.records)
        there = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
        raise SettingsError(
            f"{store.name} has no face of the role “{role}”; it has {there}.", "Choose another one with --role."
        )
    words = [
        f"It is not known which faces {name} learned from: its file does not say. Make sure that these are others."
        for name, seen in networks
        if not seen.known
    ]
    has_lists = any(seen.trained or seen.chosen for _, seen in networks)
    marks = [frozenset(marks_of(store, i)) for i in range(len(store))] if has_lists else []
    left = np.ones(len(rows), np.bool_)
    for name, seen in networks if has_lists else ():
        trained = _touched(store, marks, seen.trained)[rows]
        if role == "train":
            words.append(f"{name} learned from {np.count_nonzero(trained):,} of these {len(rows):,} faces.")
            continue
        chosen = np.zeros_like(trained) if role == "val" else _touched(store, marks, seen.chosen)[rows] & ~trained
        counted = ((np.count_nonzero(trained), "learned from"), (np.count_nonzero(chosen), "was chosen by"))
        parts = [f"{count:,} that {name} {what}" for count, what in counted if count]
        if parts:
            words.append(f"Left out of {len(rows):,} faces: {' and '.join(parts)}.")
        left &= ~(trained | chosen)
    if needed and not left.any():
        raise SettingsError(
            f"No face of the role “{role}” of {store.name} is left to measure on. {' '.join(words)}",
            "Give faces that it has not seen: other data, or the division that it was trained with.",
        )
    return HeldOut(rows[left], tuple(words))


def _touched(store: FaceStore, marks: Sequence[frozenset[str]], seen: frozenset[str]) -> NDArray[np.bool_]:
    """Which faces of the store are among `seen`, or of a group of which one face is."""
    direct = [bool(mark & seen) for mark in marks]
    groups = {record.group for record, hit in zip(store.records, direct, strict=True) if hit and record.group}
    return np.array([hit or r.group in groups for r, hit in zip(store.records, direct, strict=True)], np.bool_)
