"""The faces of a data set as a command needs them: read, found once, kept, and divided into roles."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path

from desktop_app.training import facestore, splits
from desktop_app.training.cli.console import counting_bar, if_stopped, say
from desktop_app.training.config import TrainingConfig
from desktop_app.training.evaluate import Network
from desktop_app.training.facestore import FaceStore
from desktop_app.training.labels import check_labels
from desktop_app.training.landmarks import with_landmarks
from desktop_app.training.readers import FaceDataset, open_dataset
from desktop_app.training.readers.base import problem_lines


def read_labels(options: argparse.Namespace, path: Path) -> FaceDataset:
    """Read the labels of a data set and say what is in it; with --limit only some of the faces, spread evenly."""
    dataset = open_dataset(path, options.kind)
    say(dataset.account())
    limit: int | None = getattr(options, "limit", None)
    if limit is not None and limit < len(dataset.records):
        step = len(dataset.records) / limit
        dataset.records = [dataset.records[int(k * step)] for k in range(limit)]
    return dataset


def find_faces(options: argparse.Namespace, path: Path, dataset: FaceDataset) -> FaceStore:
    """The faces of a data set, found once and kept under --work, with the data set's own roles."""
    stamp = "\n".join([str(path.resolve()), options.haar or "", *map(repr, dataset.records)])
    key = hashlib.sha256(stamp.encode("utf-8", "surrogateescape")).hexdigest()[:10]
    folder: Path = options.work / "faces" / f"{dataset.name}-{key}"
    store = facestore.load(folder) if (folder / "store.json").is_file() else None
    if store is not None and store.made_of and store.made_of != facestore.mark_of(dataset):
        say(f"Pictures of {store.name} have changed; its faces are found anew.")
        store = None
    if store is None:
        kept = "The faces found so far are kept; the same command goes on after them."
        bar, progress = counting_bar(f"finding the faces of {dataset.name}")
        with bar, if_stopped(kept):
            finders = facestore.detectors_of(options.haar)
            store = facestore.build(dataset, folder, finders, progress, options.haar or "")
    dataset.storage.close()
    for line in problem_lines(store.problems, f"pictures of {store.name} that cannot be read"):
        say(line)
    return store


def divided(store: FaceStore, config: TrainingConfig | None = None) -> FaceStore:
    """The store with roles: the data set's own or as a configuration divides it, by default 80:20."""
    share, seed, val_share = (None, 1, 0.1) if config is None else (config.train_share, config.seed, config.val_share)
    wanted = (store.records, share, seed, val_share)
    store = dataclasses.replace(store, records=splits.with_roles(*wanted), division=splits.division_words(*wanted))
    say(store.account())
    return store


def pointed(store: FaceStore, config: TrainingConfig) -> FaceStore:
    """The store with the landmarks of its faces, where `config` wants them; found once and kept."""
    if not config.wants_landmarks:
        return store
    bar, progress = counting_bar(f"finding the landmarks of {store.name}")
    with bar, if_stopped("The landmarks found so far are kept; the same command goes on after them."):
        return with_landmarks(store, store.rows("all"), progress)


def stored_faces(options: argparse.Namespace, path: Path, config: TrainingConfig | None = None) -> FaceStore:
    """`read_labels`, `find_faces` and `divided` in one."""
    return divided(find_faces(options, path, read_labels(options, path)), config)


def read_labels_to_learn(options: argparse.Namespace, configs: Sequence[TrainingConfig]) -> FaceDataset:
    """`read_labels` of --data, refused at once where the labels cannot teach one of `configs`: finding the faces of a
    large data set takes minutes, and needs none of them to say so. Raises SourceError.
    """
    dataset = read_labels(options, options.data)
    for config in configs:
        roles = splits.with_roles(dataset.records, config.train_share, config.seed, config.val_share)
        check_labels(config, dataclasses.replace(dataset, records=roles))
    return dataset


def faces_to_measure(options: argparse.Namespace, network: Network) -> FaceStore:
    """The faces to measure on, divided as the run of the network divided them."""
    return stored_faces(options, options.data, network.config)
