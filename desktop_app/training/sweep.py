"""One network trained over split ratios, batch sizes and output activations, as one table."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from desktop_app.errors import SettingsError
from desktop_app.training import checkpoint, evaluate, splits, train
from desktop_app.training.config import TrainingConfig
from desktop_app.training.evaluate import Evaluation
from desktop_app.training.facestore import FaceStore

SPLITS = (0.6, 0.7, 0.8, 0.9)
BATCHES = (64, 128, 256)
OUTPUTS = ("softmax", "sigmoid")


@dataclass(frozen=True, slots=True)
class SweepRow:
    config: TrainingConfig
    evaluation: Evaluation


def sweep(
    base: TrainingConfig,
    store: FaceStore,
    folder: Path,
    *,
    train_shares: Sequence[float] = SPLITS,
    batch_sizes: Sequence[int] = BATCHES,
    outputs: Sequence[str] = OUTPUTS,
    told: Callable[[str, int, int], None] | None = None,
    listener: train.Listener | None = None,
) -> list[SweepRow]:
    """Train and measure every combination. Each has a folder of its own, so a sweep that was stopped goes on.

    `told` hears the combination, its number and how many there are. Each is measured on its own test rows.
    """
    combinations = list(itertools.product(train_shares, batch_sizes, outputs))
    rows = []
    for number, (share, batch, output) in enumerate(combinations, start=1):
        name = f"split{round(share * 100)}-batch{batch}-{output}"
        if told is not None:
            told(name, number, len(combinations))
        config = dataclasses.replace(base, train_share=share, batch_size=batch, gender=output)
        divided = dataclasses.replace(store, records=splits.divide(store.records, share, seed=base.seed))
        try:
            train.train(config, divided, folder / name, listener=listener)
        except SettingsError:
            continue  # a network that has only one kind of output
        network = evaluate.open_network(folder / name)
        rows.append(SweepRow(config, evaluate.evaluate(network, divided, divided.rows("test"), sizes=())))
    return rows


def table(rows: Sequence[SweepRow]) -> str:
    """The sweep as a Markdown table."""
    lines = [
        "| train:test | batch | output | epochs | test faces | gender accuracy (95%) | recall f / m | age |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        share = row.config.train_share or 0.0
        recall = " / ".join(f"{r.value:.3f}" for r in row.evaluation.recall.values())
        lines.append(
            f"| {share * 100:.0f}:{100 - share * 100:.0f} | {row.config.batch_size} | {row.config.gender} "
            f"| {row.config.epochs} | {row.evaluation.gender.total:,} | {row.evaluation.gender} | {recall} "
            f"| {row.evaluation.age_words()} |"
        )
    return "\n".join(lines)


def finished(folder: Path) -> bool:
    """Whether a run folder holds a run that has done all its epochs."""
    last = folder / train.LAST
    if not last.exists():
        return False
    notes = checkpoint.read_notes(last)
    return notes.epochs_done >= notes.config.epochs
