"""`headcount-train train`: train a network, or go on with a run that was stopped."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from desktop_app.errors import SettingsError
from desktop_app.training import checkpoint
from desktop_app.training.balance import KNOWN
from desktop_app.training.cli.console import RunBar, check_output, if_stopped, say, start_tensorflow
from desktop_app.training.cli.faces import divided, find_faces, pointed, read_labels_to_learn
from desktop_app.training.cli.options import (
    KNOWN_NETWORKS,
    Subparsers,
    add_data,
    add_settings,
    command,
    configuration,
    group_weight,
    without_face,
)
from desktop_app.training.config import TrainingConfig
from desktop_app.training.no_faces import read_no_faces
from desktop_app.training.starts import STARTS, start_file


def add_parser(commands: Subparsers) -> None:
    sub = command(commands, "train", run, "Train a network, or go on with a run that was stopped.")
    sub.add_argument("network", help=f"one of {KNOWN_NETWORKS}, or a TOML file of your own")
    add_data(sub)
    add_settings(sub)
    sub.add_argument("--out", type=Path, help="folder of the run (default: runs/NETWORK under --work)")
    sub.add_argument("--start", choices=STARTS, help="begin from weights trained on ImageNet")
    sub.add_argument(
        "--weight", type=group_weight, action="append", metavar="GROUP=FACTOR",
        help=f"what a group of faces counts, like black=1.3; may be given more than once ({', '.join(KNOWN)})",
    )  # fmt: skip
    sub.add_argument("--negatives", type=Path, help="pictures of no face: folder, zip, tar or .npy array")


def run(options: argparse.Namespace) -> None:
    chosen = configuration(options)
    folder: Path = options.out or options.work / "runs" / chosen.network
    check_output(folder / checkpoint.LAST)
    if chosen.start and not (folder / checkpoint.LAST).exists():
        start_file(chosen.start)  # said before the minutes that finding the faces takes
    negatives = None if options.negatives is None else _no_faces(chosen, options.negatives)
    if negatives is None:
        chosen = without_face(chosen, "Give --negatives for it.")
    dataset = read_labels_to_learn(options, [chosen])
    start_tensorflow(options.threads)
    from desktop_app.training.train import train

    store = pointed(divided(find_faces(options, options.data, dataset), chosen), chosen)
    bar = RunBar()
    try:
        with if_stopped(lambda: _what_is_kept(folder / checkpoint.LAST)):
            notes = train(chosen, store, folder, listener=bar, told=say, negatives=negatives)
    finally:
        bar.close()
    for key, values in notes.history.items():
        say(f"{key.replace('_', ' ')}: {values[-1]:.4f} (last epoch)")
    say(_in_use(folder / checkpoint.BEST))
    say(f"run: {folder}; look at it with: tensorboard --logdir {folder / 'tensorboard'}")


def _no_faces(chosen: TrainingConfig, path: Path) -> NDArray[np.uint8]:
    if not chosen.face:
        raise SettingsError(
            f"{chosen.network} does not learn what is no face.",
            "Leave --negatives out, or write face = true under [network] of a configuration that can.",
        )
    return read_no_faces(path)


def _in_use(best: Path) -> str:
    """Which epoch's weights the other commands will use."""
    notes = checkpoint.read_notes(best)
    if notes.config.ema:
        return f"in use: the averaged weights after epoch {notes.epochs_done}"
    why = "the best in val gender" if "val_gender" in notes.history else "the last: no val faces choose"
    return f"in use: epoch {notes.epochs_done}, {why}"


def _what_is_kept(last: Path) -> str:
    if not last.exists():
        return "No epoch was whole yet; the same command trains from the beginning."
    return f"The same command resumes from epoch {checkpoint.read_notes(last).epochs_done + 1}."
