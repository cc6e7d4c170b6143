"""Checkpoints that carry everything: a `.keras` file with the run's whole configuration and history inside."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from desktop_app.errors import HeadcountError, ModelError, OutputError
from desktop_app.training.config import TrainingConfig
from desktop_app.training.damaged import DAMAGED
from desktop_app.training.seen import SeenFaces

LAST, BEST = "last.keras", "best.keras"
"""The newest checkpoint of a run, to go on from, and that of its best epoch, to use."""

NOTES = "headcount_training.json"
"""The name of our entry inside the `.keras` archive, which Keras itself passes over; `SEEN` is a second one."""
SEEN = "headcount_training_faces.json"


@dataclass(frozen=True, slots=True)
class Notes:
    """What a checkpoint knows of its run.

    `epochs_done` counts whole epochs. `history` maps a measure to its value after each epoch. `data` describes the
    faces (name, counts by role, where they came from), so that a run is not continued on others. `seen` are the faces
    themselves.
    """

    config: TrainingConfig
    epochs_done: int = 0
    history: dict[str, list[float]] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    seen: SeenFaces = field(default_factory=SeenFaces)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": 1,
            "config": self.config.to_json(),
            "epochs_done": self.epochs_done,
            "history": self.history,
            "data": self.data,
        }


def save(model: Any, notes: Notes, path: Path) -> None:
    """Write a checkpoint in one step: a kill at any moment leaves the old one or the new one, never half of one."""
    part = path.with_name(f"{path.stem}.part.keras")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save(part)
        with zipfile.ZipFile(part, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(NOTES, json.dumps(notes.to_json(), indent=1))
            archive.writestr(SEEN, json.dumps(notes.seen.to_json()))
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)  # half a checkpoint on a full disk
        raise OutputError(
            f"The checkpoint {path} cannot be written: {error.strerror}.", "Choose another folder."
        ) from error


def read_notes(path: Path) -> Notes:
    """Read what a checkpoint knows of its run, without its weights. Raises ModelError if it is none of ours."""
    try:
        with zipfile.ZipFile(path) as archive:
            data = json.loads(archive.read(NOTES))
            has_list = SEEN in archive.namelist()
            seen = SeenFaces.from_json(json.loads(archive.read(SEEN))) if has_list else SeenFaces()
        return Notes(
            config=TrainingConfig.from_json(data["config"]),
            epochs_done=int(data["epochs_done"]),
            history={key: [float(v) for v in values] for key, values in data["history"].items()},
            data=dict(data["data"]),
            seen=seen,
        )
    except FileNotFoundError as error:
        raise ModelError(f"There is no checkpoint {path}.", "Train the network first.") from error
    except DAMAGED as error:
        raise ModelError(
            f"{path} is damaged or was not written by headcount-train.", "Train the network again."
        ) from error


def load(path: Path, *, compiled: bool = False) -> tuple[Any, Notes]:
    """Load a checkpoint: the Keras model (with its optimizer's state if `compiled`) and its notes."""
    notes = read_notes(path)
    import keras

    from desktop_app.training import graph, losses, networks  # noqa: F401  (their classes must be known to Keras)

    try:
        model = keras.saving.load_model(path, compile=compiled)
    except HeadcountError:
        raise
    except DAMAGED as error:
        raise ModelError(f"The weights in {path} are damaged: {error}.", "Train the network again.") from error
    if not compiled:  # to answer and not to learn on: in the precision that an exported file answers with
        for layer in model.layers:
            layer.dtype_policy = "float32"
    return model, notes
