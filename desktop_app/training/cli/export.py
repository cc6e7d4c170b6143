"""`headcount-train export`: from a run to a model folder that the app loads."""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.errors import SettingsError
from desktop_app.training import config as configs
from desktop_app.training.cli.console import say, start_tensorflow
from desktop_app.training.cli.faces import stored_faces
from desktop_app.training.cli.options import Subparsers, add_haar, command
from desktop_app.training.seen import SeenFaces, held_out

if TYPE_CHECKING:
    from desktop_app.training.export import Partner


def add_parser(commands: Subparsers) -> None:
    sub = command(commands, "export", run, "Export a run for the app: a LiteRT file and its model.json.")
    sub.add_argument("model", type=Path, help="run folder or checkpoint")
    sub.add_argument("--out", type=Path, required=True, help="model folder to write")
    sub.add_argument("--name", help="the model's name in the app's chooser")
    sub.add_argument("--keras", action="store_true", help="write model.keras and a SavedModel as well")
    sub.add_argument("--calibrate", type=Path, metavar="DATA", help="fit the temperature on these data's val faces")
    sub.add_argument("--kind", default="auto", help="what kind of data set --calibrate is (default: look)")
    add_haar(sub)
    sub.add_argument("--size", type=int, help="side of the crops in pixels, for a network that takes any")
    sub.add_argument(
        "--mirrored", action="store_true", help="answer with the mean over a face and its mirror image (twice the time)"
    )
    sub.add_argument(
        "--weights", choices=configs.WEIGHTS, default="float16",
        help="how weights are stored: float16 rounds them harmlessly, int8 is the fastest (default: %(default)s)",
    )  # fmt: skip
    sub.add_argument(
        "--with", dest="partners", action="append", type=lambda text: (Path(text), False), metavar="RUN",
        help="another run that answers together with this one, as their mean; may be given more than once",
    )  # fmt: skip
    sub.add_argument(
        "--with-mirrored", dest="partners", action="append", type=lambda text: (Path(text), True), metavar="RUN",
        help="the same, the other run being asked about the mirror image as well",
    )  # fmt: skip


def run(options: argparse.Namespace) -> None:
    start_tensorflow(options.threads)
    from desktop_app.training import cards, evaluate
    from desktop_app.training.export import calibrate, export

    network = evaluate.open_network(options.model)
    if network.keras is None or network.notes is None:
        raise SettingsError(f"{options.model} is already exported.", "Give the folder of a run or a checkpoint.")
    spec = network.spec
    if options.size is not None:
        if network.keras.inputs[0].shape[1] is not None or not 32 <= options.size <= 512:
            raise SettingsError(f"{network.name} cannot take crops of {options.size} pixels.", "Leave --size out.")
        spec = replace(spec, width=options.size, height=options.size)
    partners, seen = [], network.seen
    for path, mirrored in options.partners or ():
        partner, seen_by_it = _partner(path, mirrored)
        partners.append(partner)
        seen |= seen_by_it
    write = partial(
        export, network.keras, spec, card=cards.card_of(network.notes, options.name), age=network.age,
        weights=options.weights, partners=partners, seen=seen,
        # The product's networks tell people apart by their features, too.
        embedding="features" if any(layer.name == "features" for layer in network.keras.layers) else None,
        mirrored=options.mirrored, keras_too=options.keras,
    )  # fmt: skip
    if options.calibrate is not None:
        store = stored_faces(options, options.calibrate)
        faces = held_out(store, "val", [(network.name, seen)], needed=False)
        for line in faces.words:
            say(line)
        # What is fitted is what will answer: with its stored weights and its mirror image.
        with tempfile.TemporaryDirectory(prefix="headcount-calibrate-", ignore_cleanup_errors=True) as trial:
            write(folder=Path(trial), explain=False, keras_too=False)
            trained = evaluate.open_network(Path(trial))
            if network.age == "bands":
                temperatures = evaluate.age_temperatures(trained, store, faces.rows)
                write = partial(write, temperatures=temperatures)
                words = ", ".join(f"{t:.3f}" for t in dict.fromkeys(temperatures))
            else:
                temperature = evaluate.temperature(trained, store, faces.rows)
                calibrate(network.keras, "gender", temperature)
                words = f"{temperature:.3f}"
        write = partial(write, seen=seen.with_chosen(store, faces.rows))
        say(f"gender answers calibrated with a temperature of {words}")
    path = write(folder=options.out)
    say(f"{path}: {path.stat().st_size / 1000:,.0f} kB. Put {options.out} into the app's model folder to use it.")


def _partner(path: Path, mirrored: bool) -> tuple[Partner, SeenFaces]:
    from desktop_app.training import evaluate
    from desktop_app.training.export import Partner

    network = evaluate.open_network(path)
    if network.keras is None or network.age != "bands":
        raise SettingsError(f"{path} cannot join another network.", "Give the folder of a run with gender and ages.")
    return Partner(network.keras, network.spec, mirrored), network.seen
