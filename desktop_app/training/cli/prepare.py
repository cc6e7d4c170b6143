"""`headcount-train prepare`: cut the faces out of pictures, list them, and chart them."""

from __future__ import annotations

import argparse
from pathlib import Path

from desktop_app.training.cli.console import counting_bar, if_stopped, need, say
from desktop_app.training.cli.options import Subparsers, add_haar, command


def add_parser(commands: Subparsers) -> None:
    sub = command(
        commands, "prepare", run, "Cut the faces out of pictures, list them, and chart them by gender and age."
    )
    sub.add_argument("source", help="folder, zip, tar, labelled data set, or address of a picture")
    sub.add_argument("--out", type=Path, required=True, help="folder for the faces")
    add_haar(sub)


def run(options: argparse.Namespace) -> None:
    need("matplotlib")
    from desktop_app.errors import ModelError
    from desktop_app.resources import models_dir
    from desktop_app.system.native_log import quiet_native_start
    from desktop_app.training.facestore import detectors_of
    from desktop_app.training.prepare import prepare
    from desktop_app.vision.attributes.classifier import LiteRtClassifier

    try:
        with quiet_native_start():
            suggest: LiteRtClassifier | None = LiteRtClassifier(models_dir() / "headcount")
    except ModelError:
        suggest = None  # installed without models: the faces are cut out all the same
    bar, progress = counting_bar("finding faces", "pictures")
    with bar, if_stopped(f"{options.out} holds faces but no table of them yet; the same command begins again."):
        finders = detectors_of(options.haar)
        result = prepare(options.source, options.out, finders, suggest=suggest, progress=progress)
    say(result.account())
    say(f"labels: {options.out / 'faces.csv'}; chart: {options.out / 'distribution.png'}")
