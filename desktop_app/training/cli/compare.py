"""`headcount-train compare`: several networks on the same faces, as one table."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from desktop_app.training import splits
from desktop_app.training.cli.console import check_output, put_out, say, start_tensorflow
from desktop_app.training.cli.faces import divided, find_faces, read_labels
from desktop_app.training.cli.options import Subparsers, add_data, add_role, command
from desktop_app.training.config import TrainingConfig
from desktop_app.training.readers.base import FaceRecord


def add_parser(commands: Subparsers) -> None:
    sub = command(commands, "compare", run, "Measure several networks on the same faces, as one table.")
    sub.add_argument("models", type=Path, nargs="+", help="run folders, checkpoints or model folders")
    add_data(sub, several=True)
    add_role(sub)
    sub.add_argument("--out", type=Path, help="also write the table to this Markdown file")


def division_for(records: Sequence[FaceRecord], config: TrainingConfig | None) -> TrainingConfig | None:
    """Return by which configuration a data set is divided: by that of the first network, `config`.

    Roles that the data set came with stay: they are the same for all networks, whichever comes first.
    """
    if config is not None and splits.has_roles(records):
        return dataclasses.replace(config, train_share=None)
    return config


def run(options: argparse.Namespace) -> None:
    check_output(options.out)
    start_tensorflow(options.threads)
    from desktop_app.training import compare

    networks = compare.open_all(options.models)
    # What another one saw is left out.
    config = next((network.config for network in networks if network.config is not None), None)
    datasets = [read_labels(options, path) for path in options.data]
    same = len({dataset.name for dataset in datasets}) < len(datasets)
    stores = [
        (
            f"{path if same else dataset.name} {options.role}",
            divided(find_faces(options, path, dataset), division_for(dataset.records, config)),
            options.role,
        )
        for path, dataset in zip(options.data, datasets, strict=True)
    ]
    put_out(compare.table(compare.compare(networks, stores, told=say)), options.out)
