"""Finds the files that ship with the program: `resources/` and `models/`.

The same code runs from the source tree, from an installed wheel and from the frozen program, and the three keep these
folders in different places: beside the package, inside it, and in PyInstaller's bundle.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

from desktop_app.errors import HeadcountError, ModelError

OWN_MODEL = "headcount"
FAST_MODEL = "headcount_fast"
"""What stands in for `OWN_MODEL` on a computer that cannot keep up with a live source."""
REINSTALL = "Install Headcount again: a file that belongs to it is missing."


class ResourceError(HeadcountError):
    """A file that ships with the program is missing."""

    exit_code = 4


def _roots() -> list[Path]:
    """Return the folders that may hold `resources/` and `models/`, most specific first."""
    package = Path(__file__).resolve().parent
    roots = []
    if override := os.environ.get("HEADCOUNT_HOME"):
        roots.append(Path(override))
    if bundle := getattr(sys, "_MEIPASS", None):
        roots.append(Path(bundle))
    # The source tree has the folders beside the package, an installed wheel inside it.
    roots += [package.parent, package / "_bundled"]
    return roots


@cache
def _folder(name: str) -> Path | None:
    for root in _roots():
        if (root / name).is_dir():
            return root / name
    return None


def resource_path(*parts: str) -> Path:
    """Return the path of a file or folder under `resources/`. Raises ResourceError if it is not there."""
    folder = _folder("resources")
    path = folder.joinpath(*parts) if folder else None
    if path is None or not path.exists():
        raise ResourceError(f"The file resources/{'/'.join(parts)} of the program is missing.", REINSTALL)
    return path


def models_dir() -> Path:
    """Return the folder with one folder a model. Raises ModelError if it is not there."""
    folder = _folder("models")
    if folder is None:
        raise ModelError("The program's folder of models is missing.", REINSTALL)
    return folder


def model_path(name: str, user_models: Path | None = None) -> Path:
    """Return the folder of the model called `name`, a user's own before the program's.

    Raises ModelError naming the models there are, or saying that the name is not a plain folder name.
    """
    if not name or name in (".", "..") or Path(name).name != name:
        raise ModelError(f"“{name}” is not the name of a model.", f"Choose one of: {_listed(user_models)}.")
    for folder in (user_models, models_dir()):
        if folder is not None and (folder / name).is_dir():
            return folder / name
    raise ModelError(f"There is no model called “{name}”.", f"Choose one of: {_listed(user_models)}.")


def model_names(user_models: Path | None = None) -> tuple[str, ...]:
    """Return the names of the models that have a `model.json`: the program's own network, what came with it to
    compare, then the user's models, each sorted by name.
    """
    names: list[str] = []
    for folder in (models_dir(), user_models):
        if folder is not None and folder.is_dir():
            names += sorted(p.parent.name for p in folder.glob("*/model.json") if p.parent.name not in names)
    return tuple(sorted(names, key=lambda name: name != OWN_MODEL))  # a stable sort


def _listed(user_models: Path | None) -> str:
    return ", ".join(model_names(user_models)) or "(none is installed)"


def yunet_weights() -> Path:
    """Return the path of the YuNet face detector's weights; the detector says itself where the file is missing.

    Raises ModelError if its folder is not there.
    """
    return model_path("yunet") / "face_detection_yunet_2023mar.tflite"


def demo_clip() -> Path:
    """Return the path of the demo clip. Raises ResourceError if it is not there."""
    return resource_path("demo", "demo.mp4")
