"""Options that several commands share, and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from desktop_app.errors import SettingsError
from desktop_app.settings import DetectorSettings
from desktop_app.training import config as configs
from desktop_app.training.balance import KNOWN
from desktop_app.training.cli.console import say
from desktop_app.training.config import MOST_WEIGHT, TrainingConfig
from desktop_app.training.facestore import CONTEXT

WORK = Path("out") / "training"
KNOWN_NETWORKS = ", ".join(configs.names())

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What `ArgumentParser.add_subparsers` returns."""


def command(
    commands: Subparsers, name: str, run: Callable[[argparse.Namespace], None], words: str
) -> argparse.ArgumentParser:
    """Add a command with the options that every command has."""
    sub: argparse.ArgumentParser = commands.add_parser(name, help=words, description=words)
    sub.set_defaults(run=run)
    sub.add_argument("--work", type=Path, default=WORK, help="folder for stored faces and runs (%(default)s)")
    sub.add_argument("--threads", type=whole, default=0, help="processor threads to use (default: all)")
    return sub


def whole(text: str) -> int:
    """A whole number from 1 on, for argparse."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 on")
    return value


class _Once(argparse.Action):
    """Refuses an option that is given again, where argparse would quietly take the last."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: object, option: str | None = None
    ) -> None:
        if getattr(namespace, self.dest) is not None:
            parser.error(f"{option} may be given once only; a folder or table can hold all the faces")
        setattr(namespace, self.dest, values)


def add_data(sub: argparse.ArgumentParser, *, several: bool = False) -> None:
    sub.add_argument(
        "--data", type=Path, required=True, action="append" if several else _Once,
        help="labelled faces: a CSV, .mat, folder, zip or tar" + ("; may be given more than once" if several else ""),
    )  # fmt: skip
    sub.add_argument("--kind", default="auto", help="what kind of data set it is (default: look)")
    sub.add_argument("--limit", type=whole, help="use only about this many faces, spread evenly")
    add_haar(sub)


def add_haar(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--haar", type=_haar, metavar="FACTOR,NEIGHBOURS,CASCADE",
        help="find faces by OpenCV's Haar cascade alone, like 1.3,5,frontal (cascades: frontal, alt2, profile)",
    )  # fmt: skip


def _haar(text: str) -> str:
    try:
        DetectorSettings().with_haar(text)
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def add_role(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--role", default="test", choices=("train", "val", "test", "all"), help="faces to measure on (%(default)s)"
    )


def add_settings(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--epochs", type=whole)
    sub.add_argument("--batch-size", type=whole)
    sub.add_argument("--learning-rate", type=float)
    sub.add_argument("--seed", type=int)
    sub.add_argument("--split", help="divide the faces anew, such as 80:20 (default: the data set's own division)")
    add_val_share(sub)
    sub.add_argument("--output", choices=configs.GENDER_OUTPUTS, help="gender output")


def add_val_share(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--val-share", metavar="SHARE",
        help="share of the training faces to choose by, such as 20%% (default: 10%%), if the data name none themselves",
    )  # fmt: skip


def group_weight(text: str) -> tuple[str, float]:
    """GROUP=FACTOR, for argparse."""
    group, _, factor = text.partition("=")
    try:
        value = float(factor)
    except ValueError:
        value = -1.0
    if group not in KNOWN or not 0 <= value <= MOST_WEIGHT:
        known = ", ".join(KNOWN)
        raise argparse.ArgumentTypeError(f"{text} is no GROUP=FACTOR like black=1.3 (groups: {known}; 0 to 10)")
    return group, value


def without_face(chosen: TrainingConfig, remedy: str = "") -> TrainingConfig:
    """The configuration without the answer "face", where it has one and there are no pictures to learn it from."""
    if not chosen.face:
        return chosen
    say(f"Without pictures of no face {chosen.network} is trained without the answer “face or not”. {remedy}".rstrip())
    return chosen.with_options(face=False)


def configuration(options: argparse.Namespace) -> TrainingConfig:
    """The configuration that the options name, with what they override."""
    chosen = configs.load(options.network)
    split = getattr(options, "split", None)
    if chosen.input.box_scale > CONTEXT:
        say(
            f"Of large pictures {CONTEXT:g} times the face box is kept; the crops of {chosen.network} show "
            f"{chosen.input.box_scale:g} times, and so its border where the app will see the surroundings."
        )
    weights = getattr(options, "weight", None)
    epochs = options.epochs
    if epochs is not None and chosen.sizes:
        chosen = chosen.with_options(sizes=(), epochs=epochs)
    return chosen.with_options(
        epochs=epochs,
        batch_size=getattr(options, "batch_size", None),
        learning_rate=getattr(options, "learning_rate", None),
        seed=options.seed,
        start=getattr(options, "start", None),
        group_weights={**chosen.group_weights, **dict(weights)} if weights else None,
        train_share=configs.parse_split(split) if split else None,
        val_share=configs.parse_share(options.val_share) if options.val_share else None,
        gender=getattr(options, "output", None),
    )
