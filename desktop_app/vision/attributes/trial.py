"""Tries a model that is not the program's own in a child process before the program loads it.

A damaged or hostile file can end the process that loads it (a Caffe network by a division by zero). One that answered
in a child is noted beside its files, with their sizes and times, and not tried again.
"""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

from desktop_app.errors import ModelError
from desktop_app.settings import data_dir, write_atomically
from desktop_app.system.child import ChildCrashError, run_in_child
from desktop_app.system.safe_file import read_text
from desktop_app.system.safe_json import parse_json

NOTE_NAME = ".tried.json"
_MOST_NOTE_BYTES = 10**6


def try_in_child(model_dir: Path) -> None:
    """Load the model in a child process. Raises ModelError: what is wrong with it, or that it ends whoever loads it."""
    from desktop_app.vision.attributes.classifier import load_here

    try:
        run_in_child(_load, load_here, str(model_dir))
    except ChildCrashError as error:
        raise ModelError(
            f"The model {model_dir.name} cannot be used: it was tried in a process of its own, and {error}.",
            "It is damaged or not made for this program. Choose another model.",
        ) from error


def _load(load: object, model_dir: str) -> None:
    load(Path(model_dir))  # type: ignore[operator]


def ensure_tried(model_dir: Path) -> None:
    """Try a model of the user's own folder unless it was tried as it is now. Raises ModelError as `try_in_child`."""
    if model_dir.absolute().parent != (data_dir() / "models").absolute():
        return  # the program's own, or one that a developer names
    if multiprocessing.current_process().daemon:
        return  # a child itself, which may crash and can have no child
    if _noted(model_dir) == _files(model_dir):
        return
    try_in_child(model_dir)
    note_tried(model_dir)


def note_tried(model_dir: Path) -> None:
    """Note that the files in this folder were tried. Where the note cannot be written, they are tried again."""
    try:
        write_atomically(model_dir / NOTE_NAME, json.dumps(_files(model_dir)).encode(), private=True)
    except OSError:
        return


def _noted(model_dir: Path) -> object:
    try:
        return parse_json(read_text(model_dir / NOTE_NAME, _MOST_NOTE_BYTES))
    except (OSError, ValueError):
        return None


def _files(model_dir: Path) -> dict[str, list[int]]:
    try:
        found = {p.name: p.stat() for p in sorted(model_dir.iterdir()) if p.name != NOTE_NAME and p.is_file()}
    except OSError:
        return {}
    return {name: [status.st_size, status.st_mtime_ns] for name, status in found.items()}
