"""Faces that cannot teach a network are refused before it is trained, and what is missing is named."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop_app.errors import SettingsError, SourceError
from desktop_app.training import config, facestore
from desktop_app.training.facestore import FaceStore
from desktop_app.training.labels import check_labels
from desktop_app.training.readers import FaceRecord, open_dataset

Change = Callable[[FaceRecord], FaceRecord]


def changed(store: FaceStore, change: Change) -> FaceStore:
    return dataclasses.replace(store, records=[change(record) for record in store.records])


def no_age(record: FaceRecord) -> FaceRecord:
    return dataclasses.replace(record, age=None, age_min=None, age_max=None)


@pytest.mark.parametrize("network", config.names())
def test_faces_with_all_labels_are_taken(store: FaceStore, network: str) -> None:
    check_labels(config.load(network), store)


@pytest.mark.parametrize(
    ("network", "change", "said"),
    [
        ("cnn32", lambda r: dataclasses.replace(r, gender=""), "No training face of drawn has a gender"),
        ("cnn32", lambda r: dataclasses.replace(r, gender="male"), "are 0 female and 80 male"),
        ("headcount", no_age, "headcount learns ages, which none of the 80"),
        ("levi_hassner", no_age, "levi_hassner learns ages"),
        ("headcount", lambda r: dataclasses.replace(r, age=25, age_min=25, age_max=25), "of one age"),
        ("headcount", lambda r: dataclasses.replace(r, age=None, age_min=5, age_max=75), "80 have a range of ages"),
        ("cnn32", lambda r: dataclasses.replace(r, role="test"), "no face to train on"),
    ],
)
def test_what_is_missing_is_named(store: FaceStore, network: str, change: Change, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        check_labels(config.load(network), changed(store, change))


def test_six_faces_are_refused(store: FaceStore) -> None:
    few = dataclasses.replace(store, records=store.records[:6])
    with pytest.raises(SourceError, match="only 6 training faces"):
        check_labels(config.load("cnn32"), few)


def test_a_table_with_sex_instead_of_gender_is_refused_by_its_column(store: FaceStore, tmp_path: Path) -> None:
    import cv2

    for i in range(4):
        cv2.imwrite(str(tmp_path / f"{i}.png"), store.pictures[i])
    rows = "".join(f"{i}.png,male,30,train\n" for i in range(4))
    (tmp_path / "labels.csv").write_text("file,sex,age,role\n" + rows)
    kept = facestore.build(open_dataset(tmp_path / "labels.csv"), tmp_path / "store", detectors=[])
    with pytest.raises(SourceError, match="no column “gender”; the columns are file, sex, age, role"):
        check_labels(config.load("cnn32"), kept)


def test_a_batch_that_would_fill_the_memory_with_the_same_faces_is_refused(store: FaceStore) -> None:
    check_labels(dataclasses.replace(config.load("cnn32"), batch_size=1024), store)
    with pytest.raises(SettingsError, match="A batch of 100,000 is more than the 80 training faces of drawn"):
        check_labels(dataclasses.replace(config.load("cnn32"), batch_size=100_000), store)
