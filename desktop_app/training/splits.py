"""Dividing labelled faces into train, val and test so that no person or picture is in two of them."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from desktop_app.training.readers.base import FaceRecord


def has_roles(records: Sequence[FaceRecord]) -> bool:
    """Whether the data set came divided: it has train and test rows."""
    roles = {record.role for record in records}
    return {"train", "test"} <= roles


def divide(
    records: Sequence[FaceRecord], train_share: float, val_share: float = 0.1, seed: int = 1
) -> list[FaceRecord]:
    """Give every record a role: `train_share` of them train or val (`val_share` of those val), the rest test.

    Records of one non-empty group stay together; genders are spread evenly. Excluded records stay excluded. The
    same records, shares and seed always give the same division.
    """
    rng = np.random.default_rng(seed)
    groups: dict[str, list[int]] = defaultdict(list)
    for i, record in enumerate(records):
        if record.role != "excluded":
            groups[record.group or f"\0{i}"].append(i)
    by_gender: dict[str, list[list[int]]] = defaultdict(list)
    for members in groups.values():
        by_gender[records[members[0]].gender].append(members)
    roles = [record.role if record.role == "excluded" else "" for record in records]
    for gender in sorted(by_gender):
        pool = by_gender[gender]
        total = sum(len(members) for members in pool)
        train_end, val_end = total * train_share * (1 - val_share), total * train_share
        done = 0
        for k in rng.permutation(len(pool)):
            role = "train" if done < train_end else "val" if done < val_end else "test"
            for i in pool[k]:
                roles[i] = role
            done += len(pool[k])
    return [dataclasses.replace(record, role=role) for record, role in zip(records, roles, strict=True)]


def division_words(records: Sequence[FaceRecord], train_share: float | None, seed: int, val_share: float = 0.1) -> str:
    """What `with_roles` does with these records, in words for a report."""
    by = f"{val_share:.0%} of the training faces to choose by (seed {seed})"
    if train_share is None and has_roles(records):
        own = "the data set's own roles"
        return own if any(record.role == "val" for record in records) else f"{own}, with {by}"
    share = 0.8 if train_share is None else train_share
    return f"{share:.0%} train and val, {1 - share:.0%} test, with {by}"


def with_roles(
    records: Sequence[FaceRecord], train_share: float | None, seed: int, val_share: float = 0.1
) -> list[FaceRecord]:
    """Keep the data set's own roles unless `train_share` asks for another division; divide 80:20 if it has none.

    A data set with train and test but no val rows gives up `val_share` of its train rows for val.
    """
    if train_share is not None or not has_roles(records):
        return divide(records, train_share if train_share is not None else 0.8, val_share, seed)
    if any(record.role == "val" for record in records):
        return list(records)
    train = [i for i, record in enumerate(records) if record.role == "train"]
    divided = divide([dataclasses.replace(records[i], role="") for i in train], 1 - val_share, 0.0, seed)
    result = list(records)
    for i, record in zip(train, divided, strict=True):
        result[i] = dataclasses.replace(record, role="val" if record.role == "test" else "train")
    return result
