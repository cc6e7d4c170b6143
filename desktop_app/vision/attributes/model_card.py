"""What a model says of itself: the `model.json` in its folder.

For the program: `name`, `file` (or `nets` for Caffe pairs), `sha256`, `input`, `outputs`, `labels`, and where they are
needed `age` and `logits`; see `vision.attributes.outputs` and `vision.attributes.preprocess.InputSpec`.
For people, all optional: `summary` (one line), `data` and `licence` (texts), `figures` (a list of objects with `what`,
`value`, `command` and `data`: the figure, and the command and the data that reproduce it), `limits` and `fails_for` (a
text or a list of texts each).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop_app.errors import ModelError
from desktop_app.system.safe_file import read_regular, read_text
from desktop_app.system.safe_json import parse_json

CARD_NAME = "model.json"
REMEDY = "Choose another model in the settings, or install Headcount again."

MOST_CARD_BYTES = 16 * 2**20
MOST_WEIGHT_BYTES = 2 * 10**9

KINDS: Mapping[str, str] = {
    ".tflite": "LiteRT",
    ".keras": "Keras",
    ".h5": "Keras (HDF5)",
    ".caffemodel": "Caffe",
    ".npz": "HOG and a linear classifier",
}
"""The kinds of model, by the ending of their file."""

NO_SAVED_MODEL = (
    "A SavedModel is not loaded: it can read and write files of this computer while it computes.",
    "Export it to LiteRT with “headcount-train export”, or save it as a .keras file.",
)
"""What is wrong, and what to do."""


def read_card(model_dir: Path) -> dict[str, Any]:
    """Return the contents of a model folder's `model.json`. Raises ModelError saying what is wrong with it."""
    path = model_dir / CARD_NAME
    try:
        card = parse_json(read_text(path, MOST_CARD_BYTES))
    except FileNotFoundError as error:
        raise ModelError(f"The model folder {model_dir.name} has no {CARD_NAME}.", REMEDY) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{path.name} of the model {model_dir.name} cannot be read: {error}.", REMEDY) from error
    if not isinstance(card, dict):
        raise ModelError(f"{path.name} of the model {model_dir.name} is not a JSON object.", REMEDY)
    return card


def card_object(card: Mapping[str, Any], key: str, model: str) -> Mapping[str, Any]:
    """Return a part of the card that must be an object. Raises ModelError where it is missing or something else."""
    part = card.get(key)
    if part is None:
        raise ModelError(f"{CARD_NAME} of the model {model} lacks {key!r}.", REMEDY)
    if not isinstance(part, dict):
        raise ModelError(f"{key!r} in {CARD_NAME} of the model {model} must be a JSON object.", REMEDY)
    return part


def weight_file(model_dir: Path, name: object) -> Path:
    """Return the path of a file that the card names. Raises ModelError for a name that leads out of the folder."""
    text = str(name)
    if not text or Path(text).name != text or text in (".", ".."):
        raise ModelError(f"The model {model_dir.name} names the file {text!r}, which is not a plain file name.", REMEDY)
    return model_dir / text


def read_weights(path: Path, sha256: str | None) -> bytes:
    """Return the contents of a weight file. Raises ModelError: missing, unreadable, empty or not the right one."""
    try:
        content = read_regular(path, MOST_WEIGHT_BYTES)
    except FileNotFoundError as error:
        raise ModelError(f"The model file {path.name} is missing.", REMEDY) from error
    except OSError as error:
        raise ModelError(f"The model file {path.name} cannot be read: {error.strerror or error}.", REMEDY) from error
    if not content:
        raise ModelError(f"The model file {path.name} is empty.", REMEDY)
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(f"The model file {path.name} is damaged or does not belong to its {CARD_NAME}.", REMEDY)
    return content


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure: what was measured, its value, and the command and data that give it again."""

    what: str
    value: str
    command: str = ""
    data: str = ""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The part of a `model.json` that is for people. `key` is the name of the folder, by which settings choose it."""

    key: str
    name: str
    kind: str
    summary: str = ""
    data: tuple[str, ...] = ()
    licence: str = ""
    figures: tuple[Figure, ...] = ()
    limits: tuple[str, ...] = ()
    fails_for: tuple[str, ...] = ()
    parameters: int | None = None
    size_bytes: int | None = None
    input_size: str = ""
    predicts: tuple[str, ...] = ()
    explains: bool = False

    @classmethod
    def read(cls, model_dir: Path) -> ModelCard:
        """Read the card of a model folder. Raises ModelError where there is none; a part that is odd is left out."""
        card = read_card(model_dir)
        outputs = card.get("outputs") or card.get("nets") or {}
        explain = card.get("explain")
        shape = card.get("input") if isinstance(card.get("input"), dict) else {}
        size = f"{shape.get('width', '?')}×{shape.get('height', '?')} {shape.get('colour', 'rgb')}" if shape else ""
        return cls(
            key=model_dir.name,
            name=str(card.get("name") or model_dir.name),
            kind=KINDS.get(Path(str(_main_file(card))).suffix.lower(), "unknown kind"),
            summary=str(card.get("summary") or card.get("description") or ""),
            data=_texts(card.get("data")),
            licence="; ".join(_texts(card.get("licence") or card.get("license"))),
            figures=_figures(card.get("figures")),
            limits=_texts(card.get("limits")),
            fails_for=_texts(card.get("fails_for")),
            parameters=_whole(card.get("parameters")),
            size_bytes=_whole(card.get("size_bytes")) or _size_of(model_dir),
            input_size=size,
            predicts=tuple(str(role) for role in outputs if role in ("gender", "age", "face")),
            explains=isinstance(explain, dict) and bool(explain.get("targets")),
        )


def _main_file(card: Mapping[str, Any]) -> object:
    return "nets.caffemodel" if isinstance(card.get("nets"), dict) else card.get("file", "")


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value.strip() else ()
    if isinstance(value, list | tuple):
        return tuple(str(v) for v in value if isinstance(v, str | int | float) and str(v).strip())
    if isinstance(value, dict):
        return tuple(f"{k}: {v}" for k, v in value.items())
    return ()


def _figures(value: object) -> tuple[Figure, ...]:
    if isinstance(value, dict):  # as the training tool writes them: one command and one set of faces for all
        command, data = str(value.get("command") or ""), str(value.get("faces") or "")
        rows = [(str(k), str(v)) for k, v in value.items() if k not in ("command", "faces")]
        return tuple(Figure(k.replace("_", " "), v, command, data) for k, v in rows)
    if not isinstance(value, list):
        return ()
    return tuple(
        Figure(str(f["what"]), str(f["value"]), str(f.get("command") or ""), str(f.get("data") or ""))
        for f in value
        if isinstance(f, dict) and "what" in f and "value" in f
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _size_of(model_dir: Path) -> int | None:
    try:
        return sum(p.stat().st_size for p in model_dir.rglob("*") if p.is_file() and p.suffix in KINDS) or None
    except OSError:
        return None
