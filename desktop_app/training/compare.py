"""One table of networks: how large, how good with which certainty, how fast."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from desktop_app.errors import HeadcountError, ModelError
from desktop_app.system.native_log import quiet_native_start
from desktop_app.training import evaluate
from desktop_app.training.evaluate import Evaluation, Network
from desktop_app.training.facestore import FaceStore
from desktop_app.training.seen import held_out
from desktop_app.vision.attributes.classifier import CardClassifier, load_classifier


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds a face, the median of several runs; None where that way cannot be taken.

    `app_1` and `app_8` are the app's own way with one face and with eight (LiteRT on one thread for our networks,
    OpenCV for HOG) in processor time, so that other work on the machine hardly matters; Keras's `predict` works on
    several threads and is measured by the clock.
    """

    app_1: float | None
    app_8: float | None
    keras_predict: float | None


@dataclass(frozen=True, slots=True)
class Row:
    network: Network
    size_bytes: int
    speed: Speed
    evaluations: dict[str, Evaluation]


Told = Callable[[str], None]


def open_all(paths: Sequence[Path]) -> list[Network]:
    """Open every network. Raises one ModelError that names all that cannot be opened."""
    networks, wrong = [], []
    for path in paths:
        try:
            networks.append(evaluate.open_network(path))
        except HeadcountError as error:
            wrong.append(f"{path}: {error}")
    if wrong:
        raise ModelError("\n".join(["These cannot be compared:", *wrong]), "\nNothing was measured yet.")
    return networks


def compare(
    networks: Sequence[Network], stores: Sequence[tuple[str, FaceStore, str]], told: Told | None = None
) -> list[Row]:
    """Measure each network on the same faces of each (name, store, role) of `stores`: those that none of them has seen.

    Whatever can be wrong is found before the first is measured. `told` hears what is being done. Raises SettingsError
    where no face is left.
    """
    say: Told = told if told is not None else lambda _: None
    seen = list(zip(names_of(networks), (network.seen for network in networks), strict=True))
    chosen = {name: (store, held_out(store, role, seen)) for name, store, role in stores}
    for network in networks:
        for store, faces in chosen.values():
            evaluate.check_labelled(network, store, faces.rows)
    with ExitStack() as made:
        apps = [_app_of(network, made, say) for network in networks]
        rows = []
        for network, (app, size_bytes) in zip(networks, apps, strict=True):
            say(f"{network.name}: measuring")
            evaluations = {
                name: evaluate.evaluate(network, store, faces.rows, sizes=(), left_out=faces.words)
                for name, (store, faces) in chosen.items()
            }
            rows.append(Row(network, size_bytes, speed(network, app), evaluations))
    return rows


def names_of(networks: Sequence[Network]) -> list[str]:
    """What each network is called in a sentence: its name, with its path where several have the same."""
    counts = Counter(network.name for network in networks)
    return [n.name if counts[n.name] == 1 else f"{n.name} ({n.path})" for n in networks]


def _app_of(network: Network, made: ExitStack, told: Told) -> tuple[CardClassifier | None, int]:
    """A network as the app runs it, and the bytes of its weights; a run is exported into a temporary folder first."""
    if network.app is not None:
        return network.app, network.size_bytes
    from desktop_app.training import export

    folder = Path(made.enter_context(tempfile.TemporaryDirectory(prefix="headcount-compare-")))
    card = {"name": network.name}
    try:
        with quiet_native_start():
            path = export.export(network.keras, network.spec, folder, card, age=network.age, explain=False)
            return load_classifier(folder), path.stat().st_size
    except ModelError as error:
        told(f"{network.name} is measured, but not timed as the app would run it: {error}")
        return None, 0


def speed(network: Network, app: CardClassifier | None, repeats: int = 15) -> Speed:
    """Time the app's way with one face and eight, and Keras's `predict` of one face as the tutorials call it."""
    one_face, eight = (None if app is None else _app_ms(app, batch, repeats) for batch in (1, 8))
    model, keras_ms = keras_of(network), None
    if model is not None:
        crop = np.zeros((1, *network.spec.shape), np.float32)
        model.predict(crop, verbose=0)
        keras_ms = _median_ms(lambda: model.predict(crop, verbose=0), min(repeats, 7))
    return Speed(one_face, eight, keras_ms)


def _app_ms(app: CardClassifier, batch: int, repeats: int) -> float:
    crops = np.zeros((batch, *app.spec.shape), np.uint8)
    app.predict(crops)
    return _median_ms(lambda: app.predict(crops), repeats, time.thread_time) / batch


def keras_of(network: Network) -> Any:
    """The Keras model of a network, to be timed: its own, that of the `model.keras` beside an export, or one built from
    the card's configuration, whose weights are other ones, which costs the same time. None where there is none.
    """
    if network.keras is not None:
        return network.keras
    beside, config = network.path / "model.keras", network.config
    if not beside.is_file() and config is None:
        return None
    try:
        import keras

        from desktop_app.training import graph, losses, networks  # noqa: F401  (their classes must be known to Keras)

        if beside.is_file():
            model = keras.saving.load_model(beside, compile=False)
        else:
            assert config is not None
            model = networks.build(config)
        # An export of several networks that answer as one has the Keras model of the first alone.
        return model if model.count_params() == network.parameters else None
    except (ImportError, HeadcountError, OSError, ValueError, TypeError, KeyError):
        return None  # a row without this time is better than no row


def _median_ms(call: Callable[[], object], repeats: int, clock: Callable[[], float] = time.perf_counter) -> float:
    taken = []
    for _ in range(repeats):
        start = clock()
        call()
        taken.append((clock() - start) * 1000)
    return statistics.median(taken)


def authors_figure(network: Network) -> str:
    """The figure that the network's authors give, as its configuration has it; "-" without one."""
    return "-" if network.config is None else network.config.about.get("authors_figure", "-")


def table(rows: Sequence[Row]) -> str:
    """The comparison as a Markdown table, and below it what was left out of the faces."""
    names = list(rows[0].evaluations) if rows else []
    head = ["network", "trained on", "input", "parameters", "kB"]
    for name in names:
        head += [f"{name}: gender (95%)", "recall f / m", "age"]
    head += ["ms, 1 face", "ms a face of 8", "ms Keras predict", "authors' figure"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, row in zip(names_of([row.network for row in rows]), rows, strict=True):
        spec = row.network.spec
        cells = [
            name, row.network.trained_on, f"{spec.width}x{spec.height} {spec.colour}",
            *(f"{value:,.0f}" if value else "-" for value in (row.network.parameters, row.size_bytes / 1000)),
        ]  # fmt: skip
        for evaluation in row.evaluations.values():
            recalls = " / ".join(share.short for share in evaluation.recall.values())
            cells += [str(evaluation.gender), recalls, evaluation.age_words()]
        for value in (row.speed.app_1, row.speed.app_8, row.speed.keras_predict):
            cells.append("-" if value is None else f"{value:.2f}")
        cells.append(authors_figure(row.network))
        lines.append("| " + " | ".join(cells) + " |")
    notes = [f"- {data}: {words}" for data in names for words in rows[0].evaluations[data].left_out]
    return "\n".join([*lines, *([""] if notes else []), *notes])
