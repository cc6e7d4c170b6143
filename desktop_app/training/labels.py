"""Whether faces have the labels that a network is to learn, asked before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from desktop_app.errors import SettingsError, SourceError
from desktop_app.training.ages import age_class
from desktop_app.training.config import TrainingConfig
from desktop_app.training.readers.base import GENDERS, FaceRecord

FEWEST = 20
"""Fewer training faces than this with a label teach nothing that holds for others."""

FEWEST_OF_A_GENDER = 5
ALWAYS_FITS = 1024
"""A batch of up to so many faces is trained with fewer, each being in it more than once; a larger one fills the memory
with the same faces again and again.
"""


class Labelled(Protocol):
    """Faces with labels and roles, found already (`FaceStore`) or only read (`FaceDataset`)."""

    @property
    def name(self) -> str: ...

    @property
    def records(self) -> Sequence[FaceRecord]: ...

    @property
    def absent(self) -> Mapping[str, str]: ...


def check_labels(config: TrainingConfig, store: Labelled) -> None:
    """Raise SourceError, naming what is missing, where the role "train" cannot teach the network its answers: too few
    faces, no gender, one gender only, no ages, or ages that are all of one class; SettingsError for a batch that is far
    larger than what there is.
    """
    records = _train(store)
    known = [record.gender for record in records if record.gender]
    if not records:
        raise SourceError(f"{store.name} has no face to train on.", "Check its labels and the split.")
    if not known:
        raise SourceError(
            f"No training face of {store.name} has a gender{_because(store, 'gender')}.",
            "Label them female or male in a column “gender”, or in folders of these names.",
        )
    if len(known) < FEWEST:
        raise SourceError(
            f"{store.name} has only {len(known)} training faces with a gender; {FEWEST} are the least.",
            "Give more faces; a few thousand are usual.",
        )
    if config.batch_size > max(len(records), ALWAYS_FITS):
        raise SettingsError(
            f"A batch of {config.batch_size:,} is more than the {len(records):,} training faces of {store.name}.",
            "Give a smaller --batch-size, such as 128.",
        )
    counts = {gender: known.count(gender) for gender in GENDERS}
    if min(counts.values()) < FEWEST_OF_A_GENDER:
        had = " and ".join(f"{count:,} {gender}" for gender, count in counts.items())
        raise SourceError(
            f"The training faces of {store.name} are {had}.",
            f"Give at least {FEWEST_OF_A_GENDER} faces of each gender.",
        )
    if config.age != "none":
        _check_ages(config, store)


def _check_ages(config: TrainingConfig, store: Labelled) -> None:
    records = _train(store)
    values = [r.age_years if config.age == "years" else age_class(r, config.age) for r in records]
    usable = [value for value in values if value is not None]
    if len(usable) < FEWEST:
        labelled = sum(record.age_years is not None for record in records)
        why = _because(store, "age")
        if labelled >= FEWEST:
            why = f": {labelled:,} have a range of ages, which does not lie within one of its classes"
        raise SourceError(
            f"{config.network} learns ages, which {len(usable) or 'none'} of the {len(records):,} training faces of "
            f"{store.name} can teach it{why}.",
            "Label ages in a column “age” (or “age_min” and “age_max”), or train a network of gender alone.",
        )
    if len(np.unique(usable)) == 1:
        raise SourceError(
            f"All training faces of {store.name} are of one age, from which {config.network} learns nothing.",
            "Give faces of several ages, or train a network of gender alone.",
        )


def _train(store: Labelled) -> list[FaceRecord]:
    return [record for record in store.records if record.role == "train"]


def _because(store: Labelled, label: str) -> str:
    return f": {store.absent[label]}" if label in store.absent else ""
