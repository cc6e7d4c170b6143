"""One network trained over split ratios, batch sizes and output activations, as one table."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from desktop_app.errors import SettingsError
from desktop_app.training import evaluate, networks, splits, train
from desktop_app.training.config import TrainingConfig
from desktop_app.training.evaluate import Evaluation
from desktop_app.training.facestore import FaceStore
from desktop_app.training.labels import check_labels
from desktop_app.training.metrics import Proportion
from desktop_app.training.seen import held_out

SPLITS = (0.6, 0.7, 0.8, 0.9)
BATCHES = (64, 128, 256)
OUTPUTS = ("softmax", "sigmoid", "relu")


@dataclass(frozen=True, slots=True)
class Combination:
    """One cell of the sweep: its name, its configuration, and the faces as it divides them."""

    name: str
    config: TrainingConfig
    store: FaceStore


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One combination: the gender accuracy on the faces that it learned from, and all figures on its test faces."""

    config: TrainingConfig
    training: Proportion
    evaluation: Evaluation


def combinations(
    base: TrainingConfig,
    store: FaceStore,
    folder: Path,
    *,
    train_shares: Sequence[float] = SPLITS,
    batch_sizes: Sequence[int] = BATCHES,
    outputs: Sequence[str] = OUTPUTS,
    told: Callable[[str], None] | None = None,
) -> list[Combination]:
    """Every combination that the network can be trained in, checked before the first is: its settings, its labels, and
    what `folder` holds of it already. `told` hears which outputs the network does not have.

    Raises SettingsError for a value that none can be trained with, SourceError for labels, ModelError for other runs.
    """
    found = []
    possible = [output for output in outputs if _has_output(base, output, told)]
    if not possible:
        raise SettingsError(
            f"{base.network} has none of the outputs {', '.join(outputs)}.", "Choose others with --outputs."
        )
    for share in train_shares:
        config = dataclasses.replace(base, train_share=share)
        divided = dataclasses.replace(store, records=splits.with_roles(store.records, share, base.seed, base.val_share))
        check_labels(config, divided)
        held_out(divided, "test", [])
        for batch, output in itertools.product(batch_sizes, possible):
            name = f"split{round(share * 100)}-batch{batch}-{output}"
            chosen = dataclasses.replace(config, batch_size=batch, gender=output)
            check_labels(chosen, divided)
            train.check_run(chosen, divided, folder / name)
            found.append(Combination(name, chosen, divided))
    return found


def _has_output(base: TrainingConfig, output: str, told: Callable[[str], None] | None) -> bool:
    chosen = dataclasses.replace(base, gender=output)  # an unknown output ends the sweep
    try:
        networks.build(chosen)
    except SettingsError as error:
        if told is not None:
            told(f"left out: {error}")
        return False
    return True


def sweep(
    planned: Sequence[Combination],
    folder: Path,
    *,
    told: Callable[[str, int, int], None] | None = None,
    listener: train.Listener | None = None,
) -> list[SweepRow]:
    """Train and measure every combination. Each has a folder of its own, so a sweep that was stopped goes on.

    `told` hears the combination, its number and how many there are. Each is measured on its own test rows.
    """
    rows = []
    for number, one in enumerate(planned, start=1):
        if told is not None:
            told(one.name, number, len(planned))
        train.train(one.config, one.store, folder / one.name, listener=listener)
        network = evaluate.open_network(folder / one.name)
        faces = held_out(one.store, "test", [(network.name, network.seen)])
        learned = evaluate.evaluate(network, one.store, one.store.rows("train"), sizes=())
        evaluation = evaluate.evaluate(network, one.store, faces.rows, sizes=(), left_out=faces.words)
        rows.append(SweepRow(one.config, learned.gender, evaluation))
    return rows


def table(rows: Sequence[SweepRow]) -> str:
    """The sweep as a Markdown table."""
    lines = [
        "| train:test | batch | output | epochs | training accuracy | test faces | test accuracy (95%) | recall f / m "
        "| age |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        share = row.config.train_share or 0.0
        recall = " / ".join(r.short for r in row.evaluation.recall.values())
        lines.append(
            f"| {share * 100:.0f}:{100 - share * 100:.0f} | {row.config.batch_size} | {row.config.gender} "
            f"| {row.config.epochs} | {row.training.short} | {row.evaluation.gender.total:,} "
            f"| {row.evaluation.gender} | {recall} | {row.evaluation.age_words()} |"
        )
    return "\n".join(lines)
