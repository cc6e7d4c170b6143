"""`headcount-train sweep`: one network over splits, batch sizes and outputs, as one table."""

from __future__ import annotations

import argparse
from pathlib import Path

from desktop_app.errors import SettingsError
from desktop_app.training import config as configs
from desktop_app.training.cli.console import RunBar, check_output, if_stopped, put_out, say, start_tensorflow
from desktop_app.training.cli.faces import divided, find_faces, pointed, read_labels_to_learn
from desktop_app.training.cli.options import (
    KNOWN_NETWORKS,
    Subparsers,
    add_data,
    add_val_share,
    command,
    configuration,
    whole,
    without_face,
)


def add_parser(commands: Subparsers) -> None:
    sub = command(commands, "sweep", run, "Train one network over splits, batch sizes and outputs, as one table.")
    sub.add_argument("network", help=f"one of {KNOWN_NETWORKS}, or a TOML file of your own")
    add_data(sub)
    sub.add_argument("--epochs", type=whole)
    sub.add_argument("--seed", type=int)
    add_val_share(sub)
    sub.add_argument("--splits", default="60:40,70:30,80:20,90:10")
    sub.add_argument("--batches", default="64,128,256")
    sub.add_argument("--outputs", default="softmax,sigmoid,relu", help="gender outputs (default: %(default)s)")
    sub.add_argument("--out", type=Path, help="also write the table to this Markdown file")


def run(options: argparse.Namespace) -> None:
    check_output(options.out)
    chosen = without_face(configuration(options))
    shares = [configs.parse_split(text) for text in options.splits.split(",")]
    batches = [_batch(text) for text in options.batches.split(",")]
    dataset = read_labels_to_learn(options, [chosen.with_options(train_share=share) for share in shares])
    start_tensorflow(options.threads)
    from desktop_app.training import sweep

    store = pointed(divided(find_faces(options, options.data, dataset)), chosen)
    folder = options.work / "sweeps" / chosen.network
    planned = sweep.combinations(
        chosen, store, folder, train_shares=shares, batch_sizes=batches, outputs=options.outputs.split(","), told=say
    )
    bar = RunBar()
    try:
        with if_stopped("The same command goes on after the last whole epoch of the combination it was at."):
            rows = sweep.sweep(
                planned, folder,
                told=lambda name, number, total: say(f"{number}/{total}: {name}"), listener=bar,
            )  # fmt: skip
    finally:
        bar.close()
    put_out(sweep.table(rows), options.out)


def _batch(text: str) -> int:
    if not text.strip().isdigit() or int(text) < 1:
        raise SettingsError(f"{text!r} is no batch size.", "Write whole numbers such as 64,128,256.")
    return int(text)
