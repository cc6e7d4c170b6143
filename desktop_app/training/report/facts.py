"""What a report says of itself in words: what was measured, on what, with which command and configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from desktop_app import __version__
from desktop_app.training.config import AugmentConfig, TrainingConfig
from desktop_app.training.evaluate import Evaluation

ROLES = ("train", "val", "test", "excluded", "")
_ELSEWHERE = {"network", "input", "augment", "about", "group_weights", "sizes", "train_share", "seed"}
_WORDS = {
    "ema": "averaging of weights", "start": "starting weights", "gender": "gender output", "age": "age target",
    "clip_norm": "longest gradient", "face": "face or not",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """How a report came about: the command as it was typed, "" if it was none, and when (with its time zone)."""

    command: str
    when: datetime

    @classmethod
    def now(cls, command: str = "") -> Made:
        return cls(command, datetime.now().astimezone())


def measurement(evaluation: Evaluation, made: Made) -> list[tuple[str, str]]:
    """Date, command, network, faces, split and seed, as (name, words)."""
    network, store, config = evaluation.network, evaluation.store, evaluation.network.config
    spec = network.spec
    rows = [("Date", f"{made.when:%d %B %Y, %H:%M %Z}".lstrip("0"))]
    if made.command:
        rows.append(("Command", f"$ {made.command}"))
    rows.append(
        ("Network", f"{network.name}, {network.parameters:,} parameters, {spec.width}x{spec.height} {spec.colour}")
    )
    if network.trained_on != "-":
        rows.append(("Trained on", network.trained_on + _chosen(evaluation)))
    roles = Counter(record.role for record in store.records)
    named = ", ".join(f"{role or 'without a role'} {roles[role]:,}" for role in ROLES if roles[role])
    rows.append(("Data", f"{store.name}, {len(store):,} faces: {named}"))
    if store.problems:
        rows.append(("Unreadable", f"{len(store.problems):,} rows or pictures, left out"))
    used = sorted({store.records[int(i)].role or "without a role" for i in evaluation.rows})
    found = float(np.mean(store.found[evaluation.rows])) if len(evaluation.rows) else 0.0
    rows.append(
        ("Measured on", f"{len(evaluation.rows):,} faces ({', '.join(used)}); a detector found {found:.1%} of them")
    )
    rows += [("Left out", words) for words in evaluation.left_out]
    if store.division:
        rows.append(("Split", store.division))
    if config is not None:
        rows.append(("Seed", str(config.seed)))
    rows.append(("Program", f"Headcount {__version__}"))
    return rows


def _chosen(evaluation: Evaluation) -> str:
    """Why it is this epoch that is measured."""
    notes = evaluation.network.notes
    if notes is None:
        return ""
    if notes.config.ema:
        return "; in use are its averaged weights"
    if "val_gender" in evaluation.network.history:
        return "; in use is the epoch that was best in gender on val"
    return ""


def configuration(config: TrainingConfig) -> list[tuple[str, str]]:
    """The settings of a run that say something, as (name, words): those at their neutral value are left out."""
    data = config.to_json()
    rows = [("network", config.network)]
    rows.append(("input", _pairs(data["input"])))
    for key, value in data.items():
        if (
            key not in _ELSEWHERE
            and value not in (0, 0.0, "", None, False)
            and not (config.age == "none" and "age_" in key)
        ):
            rows.append((_WORDS.get(key, key.replace("_", " ")), _plain(value)))
    if not config.face:
        rows = [row for row in rows if row[0] != "face weight"]
    if config.sizes:
        rows.append(("sizes", ", ".join(f"{epochs} epochs at {side} px" for side, epochs in config.sizes)))
    if config.group_weights:
        rows.append(("weights of groups", _pairs(config.group_weights)))
    off = config.augment == AugmentConfig.off()
    rows.append(("varied faces", "no" if off else _pairs({k: v for k, v in data["augment"].items() if v})))
    for name, key in (("source", "source"), ("authors' figure", "authors_figure")):
        if config.about.get(key):
            rows.append((name, config.about[key]))
    return [(name[:1].upper() + name[1:], words) for name, words in rows]


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(
        key.replace("_", " ") if value is True else f"{key.replace('_', ' ')} {_plain(value)}"
        for key, value in values.items()
    )


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(_plain(part) for part in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
