"""The words and figures of a model's card: what it is, what it learned from, how good it was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desktop_app.domain.types import AGE_BANDS
from desktop_app.training import config as configs
from desktop_app.training.ages import ADIENCE_CLASSES, YEARS
from desktop_app.training.checkpoint import Notes
from desktop_app.training.readers.base import GENDERS
from desktop_app.training.resume import NO_FACES
from desktop_app.vision.attributes.preprocess import InputSpec


def card_of(notes: Notes, name: str | None = None) -> dict[str, Any]:
    """The card of an exported run, to be completed by `export.export`.

    The figures are those of the run's own validation; a report on held-out faces says more.
    """
    config, data = notes.config, notes.data
    figures: dict[str, float] = {}
    if "val_gender" in notes.history:
        figures["gender"] = round(notes.history["val_gender"][-1], 4)  # of these weights, not of the best
    if "val_age_exact" in notes.history:
        figures["age_exact"] = round(notes.history["val_age_exact"][-1], 4)
    if "val_age_mae" in notes.history:
        figures["age_mae_years"] = round(notes.history["val_age_mae"][-1], 2)
    read = "apparent gender, and says nothing of age," if config.age == "none" else "apparent gender and age"
    return {
        "name": name or config.about.get("title", config.network),
        "description": config.about.get("title", config.network),
        "source": config.about.get("source", ""),
        "data": f"{data.get('name', 'unknown')}: {data.get('train', 0):,} faces to learn from, "
        f"{data.get('val', 0):,} to choose by",
        "trained_on": trained_on(notes),
        "licence": licence_of(str(data.get("name", ""))),
        "figures": {"faces": "the run's own validation faces", **figures, "command": command_of(notes)},
        "limits": f"It reads {read} from a face alone, and errs more on small, turned, covered or very young faces.",
        "training": config.to_json(),
    }


def command_of(notes: Notes) -> str:
    """The command that trains such a run, with the options by which it differs from its network's configuration."""
    config = notes.config
    words = ["headcount-train train", config.network, "--data", str(notes.data.get("name", "DATA"))]
    if config.network in configs.names():
        usual = configs.load(config.network)
        if config.train_share is not None and config.train_share != usual.train_share:
            words += ["--split", f"{config.train_share * 100:g}:{100 - config.train_share * 100:g}"]
        for option, value, its in (
            ("--val-share", f"{config.val_share * 100:g}%", f"{usual.val_share * 100:g}%"),
            ("--epochs", config.epochs, usual.epochs),
            ("--batch-size", config.batch_size, usual.batch_size),
            ("--learning-rate", config.learning_rate, usual.learning_rate),
            ("--seed", config.seed, usual.seed),
            ("--output", config.gender, usual.gender),
            ("--start", config.start, usual.start),
        ):
            if value != its:
                words += [option, str(value)]
        for group, factor in config.group_weights.items():
            if factor != usual.group_weights.get(group):
                words += ["--weight", f"{group}={factor:g}"]
    if NO_FACES in notes.data:
        words.append("--negatives PICTURES")
    return " ".join(words)


def keras_card(card: Mapping[str, Any], model: Any, spec: InputSpec, age: str) -> dict[str, Any]:
    """The card of the same network as Keras has it, whose answers are raw: one unit or two for gender, and an age in
    the terms of its target (`TrainingConfig.age`), in the words of `vision.attributes.outputs`.
    """
    units = {name: int(output.shape[-1]) for name, output in model.output.items()}
    labels: dict[str, list[str]] = {"gender": ["female"] if units["gender"] == 1 else list(GENDERS)}
    raw: dict[str, Any] = {
        key: card[key] for key in ("name", "description", "source", "data", "trained_on", "licence") if key in card
    }
    raw |= {"input": spec.to_json(), "outputs": {name: name for name in units}, "labels": labels}
    if age == "bands":
        labels["age"] = list(AGE_BANDS)
    elif age == "adience8":
        labels["age"] = [f"{low:.0f}-{high:.0f}" for low, high in ADIENCE_CLASSES]
    elif age == "years":
        raw["age"] = {"kind": "years", "scale": YEARS}
    elif age == "group4":
        raw["age"] = {"kind": "group4"}
    return raw


def trained_on(notes: Notes) -> str:
    """What a checkpoint learned from and how long, in a few words."""
    done, planned = notes.epochs_done, notes.config.epochs
    long = f"epoch {done} of {planned}" if done < planned else f"{done} epoch{'' if done == 1 else 's'}"
    return f"{notes.data.get('name', 'unknown')}, {long}"


def licence_of(dataset: str) -> str:
    """What may be done with weights learned from a known data set, in one sentence."""
    known = {
        "fairface": "Trained on FairFace (CC BY 4.0): the weights may be shipped with that attribution.",
        "utkface": "Trained on UTKFace (non-commercial research): the weights must not be shipped.",
    }
    return known.get(dataset.lower(), "As the licence of the faces it was trained on allows.")
