"""The words and figures of a model's card: what it is, what it learned from, how good it was found."""

from __future__ import annotations

from typing import Any

from desktop_app.training.checkpoint import Notes


def card_of(notes: Notes, name: str | None = None) -> dict[str, Any]:
    """The card of an exported run, to be completed by `export.export`.

    The figures are those of the run's own validation; a report on held-out faces says more.
    """
    config, data = notes.config, notes.data
    command = f"headcount-train train {config.network} --data {data.get('name', 'DATA')}"
    figures: dict[str, float] = {}
    if "val_gender" in notes.history:
        figures["gender"] = round(max(notes.history["val_gender"]), 4)
    if "val_age_exact" in notes.history:
        figures["age_exact"] = round(notes.history["val_age_exact"][-1], 4)
    if "val_age_mae" in notes.history:
        figures["age_mae_years"] = round(notes.history["val_age_mae"][-1], 2)
    return {
        "name": name or config.about.get("title", config.network),
        "description": config.about.get("title", config.network),
        "source": config.about.get("source", ""),
        "data": f"{data.get('name', 'unknown')}: {data.get('train', 0):,} faces to learn from, "
        f"{data.get('val', 0):,} to choose by",
        "trained_on": trained_on(notes),
        "licence": licence_of(str(data.get("name", ""))),
        "figures": {"faces": "the run's own validation faces", **figures, "command": command},
        "limits": "It reads apparent gender and age from a face alone, and errs more on small, turned, "
        "covered or very young faces.",
        "training": config.to_json(),
    }


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
