"""`headcount-train convert`: bring weights that `tools/gpu_train.py` wrote into a run folder like one of `train`."""

from __future__ import annotations

import argparse
from pathlib import Path

from desktop_app.training import config as configs
from desktop_app.training.cli.console import say, start_tensorflow
from desktop_app.training.cli.options import Subparsers, command
from desktop_app.training.seen import SeenFaces


def add_parser(commands: Subparsers) -> None:
    sub = command(commands, "convert", run, "Make a run of weights that tools/gpu_train.py wrote on a GPU.")
    sub.add_argument("weights", type=Path, help="a .npz file of PyTorch weights")
    sub.add_argument("--network", required=True, help="efficientnet_lite0 or efficientnet_lite2, or a TOML file")
    sub.add_argument("--out", type=Path, required=True, help="folder of the run to write")
    sub.add_argument("--size", type=int, help="side of the crops that it was trained on")
    sub.add_argument("--epochs", type=float, default=0, help="how long it was trained, for the card")
    sub.add_argument("--data-name", default="fairface", help="what it was trained on, for the card (%(default)s)")


def run(options: argparse.Namespace) -> None:
    start_tensorflow(options.threads)
    from desktop_app.training import checkpoint, networks, starts

    chosen = configs.load(options.network)
    if options.size is not None:
        chosen = chosen.at_size(options.size)
    model = networks.build(chosen)
    arrays = starts.read_arrays(options.weights)
    starts.put_into(model, arrays, heads=True)
    seen = SeenFaces.from_arrays(arrays) if "trained" in arrays else SeenFaces()  # of older runs it is not known
    data = {"name": options.data_name, "epochs": options.epochs}
    notes = checkpoint.Notes(chosen, round(options.epochs), data=data, seen=seen)
    checkpoint.save(model, notes, options.out / checkpoint.BEST)
    say(f"run: {options.out}")
