"""Going on with a run that was stopped, or that is to take more epochs than it was planned for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from desktop_app.errors import ModelError
from desktop_app.training import checkpoint
from desktop_app.training.checkpoint import Notes

NO_FACES = "pictures of no face"
"""What the notes call the mark of these pictures (`no_faces.mark_of`)."""


def notes_to_go_on_from(last: Path, new: Notes) -> Notes:
    """The notes of the checkpoint `last`, for the run that `new` describes. Raises ModelError where it is of another.

    The number of epochs may differ, unless the run grows its crops by a plan of epochs.
    """
    notes = checkpoint.read_notes(last)
    other = []
    if differing := new.config.differing(notes.config):
        other.append(f"other settings ({', '.join(differing)})")
    theirs = dict(notes.data)
    if theirs.setdefault(NO_FACES, new.data.get(NO_FACES)) != new.data.get(NO_FACES):
        other.append("other pictures of no face")
    if _without(theirs) != _without(new.data) or (notes.seen.known and notes.seen != new.seen):
        other.append("other faces")
    if other:
        raise ModelError(
            f"{last.parent} holds a run with {' and '.join(other)}.",
            "Give another folder with --out, or delete this one.",
        )
    return notes


def _without(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a run's notes say of its faces alone. Runs of before say nothing of the pictures of no face."""
    return {key: value for key, value in data.items() if key != NO_FACES}


def words(done: int, epochs: int) -> str:
    """Where a run goes on, in one sentence."""
    if done >= epochs:
        plural = "epoch is" if done == 1 else "epochs are"
        return f"already finished: {done} {plural} done; --epochs {done + max(2, done // 2)} goes on"
    return f"resuming from epoch {done + 1} of {epochs}"


def compile_anew(model: Any, compile_model: Callable[[], None]) -> None:
    """Compile a loaded model for another number of epochs, whose learning rates differ, and keep what its optimizer
    has learned of the weights."""
    kept = {_name_of(variable): variable.numpy() for variable in model.optimizer.variables}
    compile_model()
    model.optimizer.build(model.trainable_variables)
    for variable in model.optimizer.variables:
        name = _name_of(variable)
        if name in kept and name != "learning_rate":
            variable.assign(kept[name])


def _name_of(variable: Any) -> str:
    """The name of an optimizer's variable without that of the optimizer, which Keras numbers."""
    return str(variable.path).partition("/")[2]
