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


def with_roles(records: Sequence[FaceRecord], train_share: float | None, seed: int) -> list[FaceRecord]:
    """Keep the data set's own roles unless `train_share` asks for another division; divide 80:20 if it has none.

    A data set with train and test but no val rows gives up a tenth of its train rows for val.
    """
    if train_share is not None or not has_roles(records):
        return divide(records, train_share if train_share is not None else 0.8, seed=seed)
    if any(record.role == "val" for record in records):
        return list(records)
    train = [i for i, record in enumerate(records) if record.role == "train"]
    divided = divide([dataclasses.replace(records[i], role="") for i in train], 0.9, val_share=0.0, seed=seed)
    result = list(records)
    for i, record in zip(train, divided, strict=True):
        result[i] = dataclasses.replace(record, role="val" if record.role == "test" else "train")
    return result
