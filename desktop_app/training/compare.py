"""One table of networks: how large, how good with which certainty, how fast."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from desktop_app.training import evaluate, predict
from desktop_app.training.config import TrainingConfig
from desktop_app.training.evaluate import Evaluation, Network
from desktop_app.training.facestore import FaceStore


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds a face, the median of several runs; None where that way cannot be taken.

    LiteRT works on one thread and is measured in processor time, so that other work on the machine hardly matters;
    `predict` works on several and is measured by the clock.
    """

    litert_1: float | None
    litert_8: float | None
    keras_predict: float | None


@dataclass(frozen=True, slots=True)
class Row:
    network: Network
    size_bytes: int
    speed: Speed
    evaluations: dict[str, Evaluation]


def compare(
    paths: Sequence[Path], stores: Sequence[tuple[str, FaceStore, str]], told: Callable[[str], None] | None = None
) -> list[Row]:
    """Measure each network of `paths` on each (name, store, role) of `stores`. `told` hears what is being done."""
    rows = []
    for path in paths:
        network = evaluate.open_network(path)
        if told is not None:
            told(f"{network.name}: measuring")
        file, folder = litert_file(network)
        try:
            evaluations = {
                name: evaluate.evaluate(network, store, store.rows(role), sizes=()) for name, store, role in stores
            }
            rows.append(Row(network, file.stat().st_size, speed(network, file), evaluations))
        finally:
            if folder is not None:
                folder.cleanup()
    return rows


def litert_file(network: Network) -> tuple[Path, tempfile.TemporaryDirectory[str] | None]:
    """The LiteRT file of a network; one that has none yet is exported into a temporary folder, returned with it."""
    if network.litert is not None:
        from desktop_app.vision.attributes.classifier import read_card

        return network.path / str(read_card(network.path).get("file", "model.tflite")), None
    from desktop_app.training import export

    folder = tempfile.TemporaryDirectory(prefix="headcount-compare-")
    path = export.export(
        network.keras, network.spec, Path(folder.name), {"name": network.name}, age=network.age, explain=False,
    )  # fmt: skip
    return path, folder


def speed(network: Network, file: Path, repeats: int = 15) -> Speed:
    """Time LiteRT with batches of 1 and 8 and, for a checkpoint, Keras's `predict` of one face as the tutorials call
    it.
    """
    model = predict.LiteRtModel(file)
    timings = []
    for batch in (1, 8):
        crops = np.zeros((batch, *network.spec.shape), np.float32)
        model(crops)
        taken = _median_ms(lambda crops=crops: model(crops), repeats, time.thread_time)  # type: ignore[misc]
        timings.append(taken / batch)
    keras_ms = None
    if network.keras is not None:
        one = np.zeros((1, *network.spec.shape), np.float32)
        network.keras.predict(one, verbose=0)
        keras_ms = _median_ms(lambda: network.keras.predict(one, verbose=0), min(repeats, 7))
    return Speed(timings[0], timings[1], keras_ms)


def _median_ms(call: Callable[[], object], repeats: int, clock: Callable[[], float] = time.perf_counter) -> float:
    taken = []
    for _ in range(repeats):
        start = clock()
        call()
        taken.append((clock() - start) * 1000)
    return statistics.median(taken)


def table(rows: Sequence[Row]) -> str:
    """The comparison as a Markdown table."""
    names = list(rows[0].evaluations) if rows else []
    head = ["network", "trained on", "input", "parameters", "kB"]
    for name in names:
        head += [f"{name}: gender (95%)", "recall f / m", "age"]
    head += ["ms LiteRT 1", "ms LiteRT 8", "ms Keras predict", "authors' figure"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        spec = row.network.spec
        cells = [
            row.network.name, row.network.trained_on, f"{spec.width}x{spec.height} {spec.colour}",
            f"{row.network.parameters:,}", f"{row.size_bytes / 1000:,.0f}",
        ]  # fmt: skip
        for evaluation in row.evaluations.values():
            recalls = " / ".join(f"{share.value:.3f}" for share in evaluation.recall.values())
            cells += [str(evaluation.gender), recalls, evaluation.age_words()]
        for value in (row.speed.litert_1, row.speed.litert_8, row.speed.keras_predict):
            cells.append("-" if value is None else f"{value:.2f}")
        config: TrainingConfig | None = row.network.notes.config if row.network.notes is not None else None
        cells.append(config.about.get("authors_figure", "-") if config is not None else "-")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
