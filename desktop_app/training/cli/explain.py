"""`headcount-train explain`: why a network said so, for every face of a folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from desktop_app.training.cli.console import counting_bar, if_stopped, say, start_tensorflow
from desktop_app.training.cli.options import Subparsers, add_haar, command


def add_parser(commands: Subparsers) -> None:
    sub = command(commands, "explain", run, "Show why a network said so, for every face of a folder.")
    sub.add_argument("model", type=Path, help="run folder, checkpoint or model folder")
    sub.add_argument("pictures", type=Path, help="a picture, or a folder, zip or tar of them")
    sub.add_argument("--out", type=Path, required=True, help="folder for the explanations")
    add_haar(sub)


def run(options: argparse.Namespace) -> None:
    if not (options.model / "model.json").is_file():
        start_tensorflow(options.threads)
    from desktop_app.training.explaining import explain_folder
    from desktop_app.training.facestore import detectors_of

    bar, progress = counting_bar("explaining", "pictures")
    with bar, if_stopped(f"The pictures written so far are in {options.out}; the same command begins again."):
        finders = detectors_of(options.haar)
        count = explain_folder(options.model, options.pictures, options.out, finders, progress)
    say(f"{count} faces explained in {options.out}")
