"""`headcount-train`: prepare, train, evaluate, export, compare, sweep, explain."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from desktop_app.errors import HeadcountError, SettingsError
from desktop_app.training import config as configs
from desktop_app.training.config import TrainingConfig
from desktop_app.training.starts import STARTS

if TYPE_CHECKING:
    from desktop_app.training.evaluate import Network
    from desktop_app.training.export import Partner
    from desktop_app.training.facestore import FaceStore

WORK = Path("out") / "training"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0, a `HeadcountError`'s own, 2 for wrong usage, 130 if stopped."""
    options = parser().parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], None] = options.run
        run(options)
    except HeadcountError as error:
        print(f"headcount-train: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from the last whole epoch.", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="headcount-train", description="Trains and measures the networks of Headcount.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], None], words: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=words, description=words)
        sub.set_defaults(run=run)
        sub.add_argument("--work", type=Path, default=WORK, help="folder for stored faces and runs (%(default)s)")
        sub.add_argument("--threads", type=int, default=0, help="processor threads to use (default: all)")
        return sub

    known = ", ".join(configs.names())
    sub = command("prepare", _prepare, "Cut the faces out of pictures, list them, and chart them by gender and age.")
    sub.add_argument("source", help="folder, zip, labelled data set, or address of a picture")
    sub.add_argument("--out", type=Path, required=True, help="folder for the faces")

    sub = command("train", _train, "Train a network, or go on with a run that was stopped.")
    sub.add_argument("network", help=f"one of {known}, or a TOML file of your own")
    _data(sub)
    _settings(sub)
    sub.add_argument("--out", type=Path, help="folder of the run (default: runs/NETWORK under --work)")
    sub.add_argument("--start", choices=STARTS, help="begin from weights trained on ImageNet")
    sub.add_argument("--negatives", type=Path, help="pictures of no face: folder, zip or .npy array")

    sub = command("evaluate", _evaluate, "Measure a network and write a report that one file holds.")
    sub.add_argument("model", type=Path, help="run folder, checkpoint or model folder")
    _data(sub)
    sub.add_argument("--role", default="test", choices=("train", "val", "test", "all"), help="faces to measure on")
    sub.add_argument("--out", type=Path, default=Path("report.html"), help="the report (default: %(default)s)")

    sub = command(
        "robustness", _robustness, "Measure how much a network loses on small, turned, dark or covered faces."
    )
    sub.add_argument("model", type=Path, help="run folder, checkpoint or model folder")
    _data(sub)
    sub.add_argument("--role", default="test", choices=("train", "val", "test", "all"), help="faces to measure on")
    sub.add_argument("--out", type=Path, help="also write the table to this Markdown file")

    sub = command("export", _export, "Export a run for the app: a LiteRT file and its model.json.")
    sub.add_argument("model", type=Path, help="run folder or checkpoint")
    sub.add_argument("--out", type=Path, required=True, help="model folder to write")
    sub.add_argument("--name", help="the model's name in the app's chooser")
    sub.add_argument("--keras", action="store_true", help="write model.keras and a SavedModel as well")
    sub.add_argument("--calibrate", type=Path, metavar="DATA", help="fit the temperature on these data's val faces")
    sub.add_argument("--kind", default="auto", help="what kind of data set --calibrate is (default: look)")
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

    sub = command("convert", _convert, "Make a run of weights that tools/gpu_train.py wrote on a GPU.")
    sub.add_argument("weights", type=Path, help="a .npz file of PyTorch weights")
    sub.add_argument("--network", required=True, help="efficientnet_lite0 or efficientnet_lite2, or a TOML file")
    sub.add_argument("--out", type=Path, required=True, help="folder of the run to write")
    sub.add_argument("--size", type=int, help="side of the crops that it was trained on")
    sub.add_argument("--epochs", type=float, default=0, help="how long it was trained, for the card")
    sub.add_argument("--data-name", default="fairface", help="what it was trained on, for the card (%(default)s)")

    sub = command("compare", _compare, "Measure several networks on the same faces, as one table.")
    sub.add_argument("models", type=Path, nargs="+", help="run folders, checkpoints or model folders")
    _data(sub, several=True)
    sub.add_argument("--role", default="test", choices=("train", "val", "test", "all"))
    sub.add_argument("--out", type=Path, help="also write the table to this Markdown file")

    sub = command("sweep", _sweep, "Train one network over splits, batch sizes and outputs, as one table.")
    sub.add_argument("network", help=f"one of {known}, or a TOML file of your own")
    _data(sub)
    sub.add_argument("--epochs", type=int)
    sub.add_argument("--seed", type=int)
    sub.add_argument("--splits", default="60:40,70:30,80:20,90:10")
    sub.add_argument("--batches", default="64,128,256")
    sub.add_argument("--outputs", default="softmax,sigmoid")
    sub.add_argument("--out", type=Path, help="also write the table to this Markdown file")

    sub = command("explain", _explain, "Show why a network said so, for every face of a folder.")
    sub.add_argument("model", type=Path, help="run folder, checkpoint or model folder")
    sub.add_argument("pictures", type=Path, help="folder or zip of pictures")
    sub.add_argument("--out", type=Path, required=True, help="folder for the explanations")
    return top


def _data(sub: argparse.ArgumentParser, *, several: bool = False) -> None:
    many = "append" if several else "store"
    sub.add_argument(
        "--data", type=Path, required=True, action=many,
        help="labelled faces: a CSV, .mat, folder or zip" + ("; may be given more than once" if several else ""),
    )  # fmt: skip
    sub.add_argument("--kind", default="auto", help="what kind of data set it is (default: look)")
    sub.add_argument("--limit", type=int, help="use only about this many faces, spread evenly")


def _settings(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--epochs", type=int)
    sub.add_argument("--batch-size", type=int)
    sub.add_argument("--learning-rate", type=float)
    sub.add_argument("--seed", type=int)
    sub.add_argument("--split", help="divide the faces anew, such as 80:20 (default: the data set's own division)")
    sub.add_argument("--output", choices=configs.GENDER_OUTPUTS, help="gender output")


def _need(*modules: str) -> None:
    """Raise SettingsError naming the extra if a part of the training stack is missing."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"This command needs {' and '.join(missing)}, not installed here.",
            "Install the training extra: pip install 'headcount[train]'.",
        )


def _start(options: argparse.Namespace, *, tensorflow: bool = True) -> None:
    import cv2

    if not tensorflow:
        return
    _need("tensorflow", "matplotlib")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    cv2.setNumThreads(1)  # TensorFlow has the processors
    if options.threads > 0:
        tf.config.threading.set_intra_op_parallelism_threads(options.threads)


def _bar(words: str) -> tuple[tqdm, Callable[[int, int], None]]:
    bar = tqdm(desc=words, unit="", dynamic_ncols=True)

    def progress(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return bar, progress


def _store(path: Path, kind: str, limit: int | None, work: Path, split: str | None = None, seed: int = 1) -> FaceStore:
    """The stored faces of a data set, made once; with roles."""
    import dataclasses
    import hashlib

    from desktop_app.training import facestore, splits, train
    from desktop_app.training.readers import open_dataset

    dataset = open_dataset(path, kind)
    print(dataset.account())
    if limit is not None and limit < len(dataset.records):
        step = len(dataset.records) / limit
        dataset.records = [dataset.records[int(k * step)] for k in range(limit)]
    stamp = "\n".join(f"{r.file},{r.gender},{r.age_min},{r.role}" for r in dataset.records)
    key = hashlib.sha256(f"{path.resolve()}\n{stamp}".encode()).hexdigest()[:10]
    folder = work / "faces" / f"{dataset.name}-{key}"
    if (folder / "store.json").is_file():
        store = facestore.load(folder)
    else:
        bar, progress = _bar(f"finding the faces of {dataset.name}")
        with bar:
            store = facestore.build(dataset, folder, progress=progress)
    dataset.storage.close()
    share = configs.parse_split(split) if split else None
    store = dataclasses.replace(store, records=splits.with_roles(store.records, share, seed))
    print(train.account(store))
    return store


def _prepare(options: argparse.Namespace) -> None:
    _need("matplotlib")
    from desktop_app.errors import ModelError
    from desktop_app.resources import models_dir
    from desktop_app.training.prepare import prepare
    from desktop_app.vision.attributes.classifier import LiteRtClassifier

    try:
        suggest: LiteRtClassifier | None = LiteRtClassifier(models_dir() / "headcount")
    except ModelError:
        suggest = None  # installed without models: the faces are cut out all the same
    bar, progress = _bar("finding faces")
    with bar:
        result = prepare(options.source, options.out, suggest=suggest, progress=progress)
    print(result.account())
    print(f"labels: {options.out / 'faces.csv'}; chart: {options.out / 'distribution.png'}")


def _configuration(options: argparse.Namespace) -> TrainingConfig:
    chosen = configs.load(options.network)
    split = getattr(options, "split", None)
    epochs = options.epochs
    if epochs is not None and chosen.sizes:
        chosen = chosen.with_options(sizes=(), epochs=epochs)
    return chosen.with_options(
        epochs=epochs,
        batch_size=getattr(options, "batch_size", None),
        learning_rate=getattr(options, "learning_rate", None),
        seed=options.seed,
        start=getattr(options, "start", None),
        train_share=configs.parse_split(split) if split else None,
        gender=getattr(options, "output", None),
    )


class _RunBar:
    """Progress of a training run with the time that is left for all of it."""

    def __init__(self) -> None:
        self._bar = tqdm(dynamic_ncols=True, bar_format="{desc} {percentage:3.0f}%|{bar}| {postfix}")

    def __call__(self, report: object) -> None:
        from desktop_app.training.train import Report

        assert isinstance(report, Report)
        total = report.epochs * report.steps
        if self._bar.total != total:
            self._bar.reset(total)
        figures = report.validation.items()
        said = "".join(f", {key.removeprefix('val_').replace('_', ' ')} {value:.3f}" for key, value in figures)
        self._bar.set_description(f"epoch {report.epoch + 1}/{report.epochs}", refresh=False)
        self._bar.set_postfix_str(f"{_clock(report.seconds_left)} left, loss {report.loss:.4f}{said}", refresh=False)
        self._bar.update(report.epoch * report.steps + report.step - self._bar.n)

    def close(self) -> None:
        self._bar.close()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _train(options: argparse.Namespace) -> None:
    chosen = _configuration(options)
    _start(options)
    from desktop_app.training.train import train

    store = _store(options.data, options.kind, options.limit, options.work, options.split, chosen.seed)
    folder = options.out or options.work / "runs" / chosen.network
    negatives = _negatives(options.negatives)
    if chosen.face and negatives is None:
        print("Without --negatives the network does not learn what is no face; it is trained without that answer.")
        chosen = chosen.with_options(face=False)
    bar = _RunBar()
    try:
        notes = train(chosen, store, folder, listener=bar, negatives=negatives)
    finally:
        bar.close()
    for key, values in notes.history.items():
        print(f"{key.replace('_', ' ')}: {values[-1]:.4f} (last epoch)")
    print(f"run: {folder}; look at it with: tensorboard --logdir {folder / 'tensorboard'}")


def _negatives(path: Path | None) -> NDArray[np.uint8] | None:
    """Pictures of no face as one uint8 array (n, side, side, 3), BGR."""
    if path is None:
        return None
    from desktop_app.training.facestore import SIDE, squares

    try:
        return np.load(path, mmap_mode="r") if path.suffix == ".npy" else squares(path, SIDE)
    except (OSError, ValueError) as error:
        raise SettingsError(f"The pictures of no face in {path} cannot be read: {error}.") from error


def _evaluate(options: argparse.Namespace) -> None:
    _start(options)
    from desktop_app.training import evaluate, report

    network = evaluate.open_network(options.model)
    store = _evaluation_store(options, network, options.data)
    validation = store.rows("val") if options.role == "test" else None
    found = evaluate.evaluate(network, store, store.rows(options.role), validation=validation)
    report.write_report(found, options.out)
    print(f"gender accuracy {found.gender}; ECE {found.ece:.4f}; age {found.age_words()}")
    print(f"  decided so that 98% are right: {found.decided}")
    for size, share in found.by_size:
        print(f"  face of {size} px: {share}")
    print(f"report: {options.out}")


def _robustness(options: argparse.Namespace) -> None:
    _start(options)
    from desktop_app.training import evaluate, robustness

    network = evaluate.open_network(options.model)
    store = _evaluation_store(options, network, options.data)
    faces = robustness.easy_faces(store, store.rows(options.role))
    _say(robustness.table(robustness.robustness(network, store, faces), len(faces)), options.out)


def _evaluation_store(options: argparse.Namespace, network: Network, data: Path) -> FaceStore:
    """The faces to measure on, divided as the run of the network divided them."""
    share = network.notes.config.train_share if network.notes is not None else None
    seed = network.notes.config.seed if network.notes is not None else 1
    return _store(data, options.kind, options.limit, options.work, None if share is None else str(share), seed)


def _export(options: argparse.Namespace) -> None:
    _start(options)
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
    partners = [_partner(path, mirrored) for path, mirrored in options.partners or ()]
    write = partial(
        export, network.keras, spec, card=cards.card_of(network.notes, options.name), age=network.age,
        weights=options.weights, partners=partners,
        # The product's networks tell people apart by their features, too.
        embedding="features" if any(layer.name == "features" for layer in network.keras.layers) else None,
        mirrored=options.mirrored, keras_too=options.keras,
    )  # fmt: skip
    if options.calibrate is not None:
        store = _store(options.calibrate, options.kind, None, options.work)
        # What is fitted is what will answer: with its stored weights and its mirror image.
        with tempfile.TemporaryDirectory(prefix="headcount-calibrate-", ignore_cleanup_errors=True) as trial:
            write(folder=Path(trial), explain=False, keras_too=False)
            trained = evaluate.open_network(Path(trial))
            if network.age == "bands":
                temperatures = evaluate.age_temperatures(trained, store, store.rows("val"))
                write = partial(write, temperatures=temperatures)
                words = ", ".join(f"{t:.3f}" for t in dict.fromkeys(temperatures))
            else:
                temperature = evaluate.temperature(trained, store, store.rows("val"))
                calibrate(network.keras, "gender", temperature)
                words = f"{temperature:.3f}"
        print(f"gender answers calibrated with a temperature of {words}")
    path = write(folder=options.out)
    print(f"{path}: {path.stat().st_size / 1000:,.0f} kB. Put {options.out} into the app's model folder to use it.")


def _partner(path: Path, mirrored: bool) -> Partner:
    from desktop_app.training import evaluate
    from desktop_app.training.export import Partner

    network = evaluate.open_network(path)
    if network.keras is None or network.age != "bands":
        raise SettingsError(f"{path} cannot join another network.", "Give the folder of a run with gender and ages.")
    return Partner(network.keras, network.spec, mirrored)


def _convert(options: argparse.Namespace) -> None:
    """Bring weights that `tools/gpu_train.py` wrote into a run folder like one of `train`."""
    _start(options)
    from desktop_app.training import checkpoint, networks, starts
    from desktop_app.training.train import BEST

    chosen = configs.load(options.network)
    if options.size is not None:
        chosen = chosen.at_size(options.size)
    model = networks.build(chosen)
    starts.put_into(model, starts.read_arrays(options.weights), heads=True)
    data = {"name": options.data_name, "epochs": options.epochs}
    checkpoint.save(model, checkpoint.Notes(chosen, round(options.epochs), data=data), options.out / BEST)
    print(f"run: {options.out}")


def _compare(options: argparse.Namespace) -> None:
    _start(options)
    from desktop_app.training import compare

    stores = [
        (f"{path.stem} {options.role}", _store(path, options.kind, options.limit, options.work), options.role)
        for path in options.data
    ]
    _say(compare.table(compare.compare(options.models, stores, told=print)), options.out)


def _sweep(options: argparse.Namespace) -> None:
    chosen = _configuration(options)
    _start(options)
    from desktop_app.training import sweep

    store = _store(options.data, options.kind, options.limit, options.work)
    bar = _RunBar()
    try:
        rows = sweep.sweep(
            chosen, store, options.work / "sweeps" / chosen.network,
            train_shares=[configs.parse_split(text) for text in options.splits.split(",")],
            batch_sizes=[_whole(text) for text in options.batches.split(",")],
            outputs=options.outputs.split(","),
            told=lambda name, number, total: print(f"{number}/{total}: {name}"), listener=bar,
        )  # fmt: skip
    finally:
        bar.close()
    _say(sweep.table(rows), options.out)


def _whole(text: str) -> int:
    if not text.strip().isdigit() or int(text) < 1:
        raise SettingsError(f"{text!r} is no batch size.", "Write whole numbers such as 64,128,256.")
    return int(text)


def _explain(options: argparse.Namespace) -> None:
    _start(options, tensorflow=not (options.model / "model.json").is_file())
    from desktop_app.training.explaining import explain_folder

    bar, progress = _bar("explaining")
    with bar:
        count = explain_folder(options.model, options.pictures, options.out, progress=progress)
    print(f"{count} faces explained in {options.out}")


def _say(text: str, out: Path | None) -> None:
    print(text)
    if out is not None:
        from desktop_app.errors import OutputError

        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise OutputError(
                f"The table cannot be written to {out}: {error.strerror}.", "Choose another place."
            ) from error


if __name__ == "__main__":
    sys.exit(main())
