"""The models there are, and the user's own: taken in after they were tried, removed with a way back.

    entries = list_models(own_models)
    key = take_in([path, ...], own_models)        # copies, tries, and only then shows it
    remove(key, own_models); bring_back(key, own_models)

A model is taken in under a hidden name and moved to its place in one step once it has answered, so that a broken one
never appears among the models.
"""

from __future__ import annotations

import errno
import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop_app.errors import ModelError, OutputError
from desktop_app.resources import model_names, models_dir
from desktop_app.system.child import ChildCrashError, run_in_child
from desktop_app.system.safe_file import FileTooLargeError, NotRegularFileError, open_regular, read_text, size_text
from desktop_app.system.safe_json import parse_json
from desktop_app.vision.attributes.caffe import LEVI_HASSNER_INPUT, LEVI_HASSNER_LABELS, answer_sizes
from desktop_app.vision.attributes.model_card import (
    CARD_NAME,
    KINDS,
    MOST_CARD_BYTES,
    NO_SAVED_MODEL,
    REMEDY,
    ModelCard,
    read_card,
)
from desktop_app.vision.attributes.trial import note_tried, try_in_child

MAX_BYTES = 2_000_000_000
REMOVED = ".removed"
WEIGHT_ENDINGS = tuple(ending for ending in KINDS if ending != ".caffemodel")
HOW = (
    "Choose a model folder with its model.json, a .tflite, .keras, .h5 or .npz file with a model.json beside it, or "
    "the .prototxt and .caffemodel files of a Caffe network."
)


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model: its folder, whether it is the user's own, and its card, or the sentence that says why it has none."""

    key: str
    folder: Path
    own: bool
    card: ModelCard | None
    problem: str = ""

    @property
    def name(self) -> str:
        return self.card.name if self.card else self.key


def list_models(own_models: Path) -> tuple[ModelEntry, ...]:
    """Return the models that have a `model.json`, the program's first. Never raises for what a folder holds."""
    entries = []
    for key in model_names(own_models):
        own = (own_models / key).is_dir()
        folder = (own_models if own else models_dir()) / key
        try:
            entries.append(ModelEntry(key, folder, own, ModelCard.read(folder)))
        except ModelError as error:
            entries.append(ModelEntry(key, folder, own, None, error.message))
        except Exception as error:  # noqa: BLE001 - a card may hold anything, and one must not hide the others
            entries.append(ModelEntry(key, folder, own, None, f"Its {CARD_NAME} cannot be used: {error}."))
    return tuple(sorted(entries, key=lambda e: e.own))


def take_in(paths: Sequence[Path], own_models: Path) -> str:
    """Copy a model into the user's folder of models, after it was tried; return the name it got.

    `paths` is what the user chose or dropped: a folder, one weight file, or the files of a Caffe network (or a pair of
    them). Raises ModelError saying what is wrong with the model, OutputError where it cannot be copied; then nothing is
    left behind.
    """
    files, card = _plan(list(paths))
    key = _free_key(str(card.get("name") or "model"), own_models)
    try:
        own_models.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".incoming-", dir=own_models))
    except OSError as error:
        raise _cannot_copy(own_models, error) from error
    try:
        folder = staging / key
        folder.mkdir()
        left = MAX_BYTES
        for name, path in files.items():
            left -= _copy(path, folder / name, left)
        (folder / CARD_NAME).write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        try_in_child(folder)
        note_tried(folder)
        folder.rename(own_models / key)
    except OSError as error:
        raise _cannot_copy(own_models, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return key


def _copy(path: Path, target: Path, most_bytes: int) -> int:
    """Copy one regular file and return its size. Raises ModelError for a link, a folder, a device, and one too large.

    What is measured is what is copied: a file may be exchanged between the looking and the copying.
    """
    try:
        done = 0
        with open_regular(path, most_bytes, follow_links=False) as source, target.open("xb") as copy:
            while chunk := source.read(2**20):
                done += len(chunk)
                if done > most_bytes:
                    raise FileTooLargeError(path, MAX_BYTES)
                copy.write(chunk)
        return done
    except FileTooLargeError as error:
        raise ModelError(
            f"The model is too large: {path.name}.", f"At most {size_text(MAX_BYTES)} are taken in."
        ) from error
    except OSError as error:
        if isinstance(error, NotRegularFileError) or error.errno == errno.ELOOP or path.is_symlink():
            raise ModelError(
                f"{path.name} is a link, a folder or a device and is not followed.", "Choose the model's file itself."
            ) from error
        raise


def remove(key: str, own_models: Path) -> None:
    """Put one of the user's own models aside; `bring_back` undoes it until `forget_removed`. Raises OutputError."""
    aside = own_models / REMOVED / key
    try:
        aside.parent.mkdir(exist_ok=True)
        if aside.exists():
            shutil.rmtree(aside)
        (own_models / key).rename(aside)
    except OSError as error:
        raise OutputError(
            f"The model {key} cannot be removed: {error.strerror or error}.", "Close what uses its files and try again."
        ) from error


def bring_back(key: str, own_models: Path) -> None:
    """Undo `remove`. Raises OutputError."""
    try:
        (own_models / REMOVED / key).rename(own_models / key)
    except OSError as error:
        raise OutputError(
            f"The model {key} cannot be brought back: {error.strerror or error}.", "Add it again from its files."
        ) from error


def forget_removed(own_models: Path) -> None:
    """Delete for good what was removed, and what an import that was cut off an hour ago or earlier left behind."""
    shutil.rmtree(own_models / REMOVED, ignore_errors=True)
    for leftover in own_models.glob(".incoming-*"):
        try:
            old = time.time() - leftover.stat().st_mtime > 3600
        except OSError:
            continue  # another import has just ended and taken it away
        if old:
            shutil.rmtree(leftover, ignore_errors=True)


# --- what the user chose -----------------------------------------------------------------------------------------


def _plan(paths: list[Path]) -> tuple[dict[str, Path], dict[str, Any]]:
    """Return (name in the new folder -> file to copy, card) for what was chosen. Raises ModelError."""
    if not paths:
        raise ModelError("No file was chosen.", HOW)
    for path in paths:
        if not path.exists():
            raise ModelError(f"{path.name} is not there.", HOW)
    if len(paths) == 1 and paths[0].is_dir():
        return _plan_folder(paths[0])
    endings = {path.suffix.lower() for path in paths}
    if endings & {".prototxt", ".caffemodel"}:
        return _plan_caffe(paths)
    weights = [p for p in paths if p.suffix.lower() in WEIGHT_ENDINGS]
    if not weights and len(paths) == 1 and paths[0].suffix.lower() == ".json":
        return _plan_json(paths[0])
    if len(weights) != 1:
        what = "more than one model" if weights else f"no model ({', '.join(p.name for p in paths)})"
        raise ModelError(f"What was chosen holds {what}.", HOW)
    return _plan_file(weights[0], [p for p in paths if p.suffix.lower() == ".json"])


def _plan_folder(folder: Path) -> tuple[dict[str, Path], dict[str, Any]]:
    if (folder / "saved_model.pb").is_file():
        raise ModelError(*NO_SAVED_MODEL)
    if (folder / CARD_NAME).is_file():
        return _plan_json(folder / CARD_NAME)
    caffe = [p for p in sorted(folder.iterdir()) if p.suffix.lower() in (".prototxt", ".caffemodel")]
    if caffe:
        return _plan_caffe(caffe)
    raise ModelError(f"The folder {folder.name} has no {CARD_NAME}.", HOW)


def _plan_json(path: Path) -> tuple[dict[str, Path], dict[str, Any]]:
    """A model folder as `headcount-train export` writes it: only the files that its card names are taken."""
    card = _card_of(path)
    names = [str(card["file"])] if card.get("file") else []
    nets = card.get("nets")
    if isinstance(nets, dict):
        names = [
            str(net[k]) for net in nets.values() if isinstance(net, dict) for k in ("prototxt", "weights") if k in net
        ]
    if not names:
        raise ModelError(f"{path.name} does not name the model's file.", f"Write it under “file” in {path.name}.")
    return _beside(path, [*names, *_explanation_of(card)]), card


def _explanation_of(card: dict[str, Any]) -> list[str]:
    """The file that holds the explanations, where they do not lie in the model's own."""
    explain = card.get("explain")
    return [str(explain["file"])] if isinstance(explain, dict) and explain.get("file") else []


def _beside(card_path: Path, names: Iterable[str]) -> dict[str, Path]:
    """Return (name -> file) for what a card names. Raises ModelError for a path or for a file that is not there."""
    for name in names:
        if Path(name).name != name:
            raise ModelError(f"{card_path.name} names the file {name!r}, which is not a plain file name.", HOW)
        if (card_path.parent / name).is_dir():
            raise ModelError(*NO_SAVED_MODEL)
        if not (card_path.parent / name).exists():
            raise ModelError(f"The model file {name} is missing beside {card_path.name}.", HOW)
    return {name: card_path.parent / name for name in names}


def _plan_file(weights: Path, cards: list[Path]) -> tuple[dict[str, Path], dict[str, Any]]:
    for path in (*cards, weights.parent / f"{weights.stem}.json", weights.parent / CARD_NAME):
        if path.is_file():
            card = _card_of(path)
            named = str(card.get("file") or weights.name)
            if named != weights.name:
                raise ModelError(
                    f"{path.name} beside {weights.name} describes another file, {named}.",
                    f"Choose {named}, or write a {weights.stem}.json for this one.",
                )
            files = {weights.name: weights} | _beside(path, _explanation_of(card))
            return files, card | {"file": weights.name, "name": card.get("name") or weights.stem}
    raise ModelError(
        f"{weights.name} has no {CARD_NAME} beside it, so nothing says what its answers mean.",
        f"headcount-train writes one; for another model, write a {CARD_NAME} with its input, outputs and labels.",
    )


def _card_of(path: Path) -> dict[str, Any]:
    if path.name == CARD_NAME:
        return read_card(path.parent)
    try:
        card = parse_json(read_text(path, MOST_CARD_BYTES))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path.name} cannot be read: {error}.", HOW) from error
    if not isinstance(card, dict):
        raise ModelError(f"{path.name} is not a JSON object.", HOW)
    return card


def _plan_caffe(paths: list[Path]) -> tuple[dict[str, Path], dict[str, Any]]:
    """Pair layouts and weights by trying, and tell gender from age by the number of answers."""
    layouts = [p for p in paths if p.suffix.lower() == ".prototxt"]
    weights = [p for p in paths if p.suffix.lower() == ".caffemodel"]
    if not layouts or not weights:
        missing = ".prototxt" if not layouts else ".caffemodel"
        raise ModelError(
            f"A Caffe network has two files; its {missing} file was not chosen.", "Choose both together (Ctrl+click)."
        )
    side = int(LEVI_HASSNER_INPUT["width"])
    nets: dict[str, Mapping[str, str]] = {}
    files: dict[str, Path] = {}
    problem: ModelError | None = None
    try:
        fitting = run_in_child(answer_sizes, layouts, weights, side)
    except ChildCrashError as error:
        raise ModelError(
            f"The Caffe network cannot be used: it was tried in a process of its own, and {error}.",
            "It is damaged, or needs layers that this program does not have.",
        ) from error
    for pair in fitting:
        if isinstance(pair, str):
            problem = problem or ModelError(pair, REMEDY)
            continue
        layout, weight, size = pair
        role = {2: "gender", 8: "age"}.get(size)
        if role is None:
            raise ModelError(
                f"{layout.name} gives {size} answers; a gender network gives 2 and an age network 8.",
                f"For other Caffe networks write a {CARD_NAME} with “nets”, input and labels.",
            )
        nets.setdefault(role, {"prototxt": layout.name, "weights": weight.name})
        files |= {layout.name: layout, weight.name: weight}
    if "gender" not in nets:
        raise problem or ModelError(
            "The Caffe network gives no gender, only age.", "Choose its gender network as well."
        )
    card = {
        "name": "Levi-Hassner (Caffe)",
        "summary": "Gender and age after Levi and Hassner 2015, from Caffe files of your own.",
        "nets": nets,
        "input": dict(LEVI_HASSNER_INPUT),
        "outputs": {role: role for role in nets},
        "labels": {role: LEVI_HASSNER_LABELS[role] for role in nets},
        "licence": "that of the files you chose",
        "limits": ["Not measured with this program: your own files."],
    }
    used = {name for net in nets.values() for name in net.values()}
    return {name: path for name, path in files.items() if name in used}, card


def _free_key(name: str, own_models: Path) -> str:
    """Return a folder name for a model's name that no model has yet."""
    base = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40] or "model"
    taken = set(_folders((own_models, models_dir())))
    number, key = 1, base
    while key in taken:
        number += 1
        key = f"{base}_{number}"
    return key


def _folders(parents: Iterable[Path]) -> list[str]:
    return [p.name.lower() for parent in parents if parent.is_dir() for p in parent.iterdir()]


def _cannot_copy(own_models: Path, error: OSError) -> OutputError:
    return OutputError(
        f"The model cannot be copied to {own_models}: {error.strerror or error}.",
        "Check the disk and the folder's rights.",
    )
