"""The report of an evaluation: what stands at its top, every epoch, averages, heat maps, small groups, ages."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from desktop_app.training import checkpoint, config, evaluate, splits
from desktop_app.training.checkpoint import Notes
from desktop_app.training.evaluate import Evaluation, Network
from desktop_app.training.facestore import FaceStore

pytestmark = [pytest.mark.train, pytest.mark.allow_threads]


class Mocked:
    """Answers as a Keras model does: female where the sides are dark, and 40 years for everybody."""

    def __init__(self, age: str = "years") -> None:
        self.age = age

    def __call__(self, crops: np.ndarray, training: bool = False) -> dict[str, np.ndarray]:
        dark = crops[:, :, 0].mean(axis=(1, 2)) < -0.6
        found = {"gender": np.where(dark, 0.9, 0.2).astype(np.float32)[:, None]}
        if self.age != "none":
            found["age"] = np.full((len(crops), 1), 0.4, np.float32)
        return found


def measured(store: FaceStore, age: str = "years", history: dict[str, Any] | None = None, done: int = 1) -> Evaluation:
    chosen = dataclasses.replace(config.load("joint64"), age=age, epochs=4)
    notes = Notes(chosen, done, dict(history or {}), {"name": store.name, "train": 80, "val": 20})
    network = Network(
        "mocked", chosen.input, age, keras=Mocked(age), notes=notes, history=history or {}, trained_on="drawn, 1 epoch",
        parameters=6_536_834,
    )  # fmt: skip
    return evaluate.evaluate(network, store, store.rows("all"), sizes=(), left_out=("3 that it learned from",))


def test_the_top_says_what_when_how_and_with_what(store: FaceStore) -> None:
    from desktop_app.training import report

    made = report.Made("headcount-train evaluate run --data 'my faces.csv'", datetime(2026, 11, 3, 14, 5, tzinfo=UTC))
    words = splits.division_words(store.records, 0.75, 7)
    page = report.render(measured(dataclasses.replace(store, division=words)), made=made)
    top = page[: page.index("Classification report")]
    for words in (
        "3 November 2026, 14:05 UTC",
        "headcount-train evaluate run --data &#x27;my faces.csv&#x27;",
        "drawn, 120 faces: train 80, val 20, test 20",
        "120 faces (test, train, val)",
        "<td>Left out</td><td>3 that it learned from</td>",
        "<td>Split</td><td>75% train and val, 25% test, with 10% of the training faces to choose by (seed 7)</td>",
        "<td>Seed</td><td>1</td>",
        "<td>Batch size</td><td>128</td>",
        "<td>Age loss</td><td>mse</td>",
        "<td>Varied faces</td><td>no</td>",
    ):
        assert words in top, words
    assert "{&#x27;" not in page  # no dict of Python
    assert "{'" not in page.replace("{'", "", 0) or "{'" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    assert not re.search(r"""(src|href)=["'](?!data:)""", page)  # nothing from outside


def test_averages_and_heat_maps(store: FaceStore) -> None:
    from desktop_app.training import report

    found = measured(store)
    page = report.render(found)
    assert "{'" not in page.partition("</style>")[2]  # no dict of Python
    for words in ("accuracy", "macro average", "weighted average"):
        assert f"<td>{words}</td>" in page
    assert page.count('class="heat') == 2  # gender, and the bands of the answered years
    counts = [f"{count:,}" for count in found.confusion.ravel() if count]
    assert all(f">{count}<small>" in page for count in counts)


def test_no_column_of_dashes(store: FaceStore) -> None:
    from desktop_app.training import report

    assert "age MAE, years" in report.render(measured(store))
    without = report.render(measured(store, age="none"))
    assert "age MAE, years" not in without
    assert "<td>-</td>" not in without


def test_small_groups_are_put_together(store: FaceStore) -> None:
    lines = measured(store).groups["age band, gender and race"]
    assert [line.group.partition(" ")[2] for line in lines] == ["groups of fewer than 30 faces each"]
    assert lines[0].gender.total == 120
    two = measured(store).groups["race and gender"]
    assert sum(line.gender.total for line in two) == 120
    assert all(line.gender.total >= 30 for line in two[:-1])


def test_a_table_of_one_row_is_named_and_not_drawn(store: FaceStore) -> None:
    from desktop_app.training import report

    page = report.render(measured(store))
    assert "<h2>By age band, gender and race</h2>" not in page
    assert "<h2>By race and gender</h2>" in page
    left_out = page[page.index("Groups left out") :]
    assert "age band, gender and race: fewer than two groups of 30 faces or more" in left_out


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The figures of matplotlib that a report draws."""
    from desktop_app.training.report import charts

    figures: list[Any] = []
    embed = charts._embed

    def kept(figure: Any, words: str, kind: str = "svg") -> str:
        figures.append(figure)
        return embed(figure, words, kind)

    monkeypatch.setattr(charts, "_embed", kept)
    return figures


def curves(figures: list[Any]) -> dict[str, dict[str, Any]]:
    """The lines of each chart by title and label."""
    return {figure.axes[0].get_title(): {x.get_label(): x for x in figure.axes[0].lines} for figure in figures}


def test_curves_hold_every_epoch_and_mark_the_one_in_use(store: FaceStore, drawn: list[Any]) -> None:
    from desktop_app.training import report

    history = {
        "loss": [0.9, 0.7, 0.6, 0.5], "val_loss": [0.8, 0.9, 1.0, 1.1],
        "gender": [0.6, 0.7, 0.8, 0.9], "val_gender": [0.7, 0.6, 0.6, 0.6],
    }  # fmt: skip
    page = report.render(measured(store, history=history, done=1))
    assert "4 of 4 epochs" in page
    found = curves(drawn)
    for title, training, validation in (("Loss", "loss", "val_loss"), ("Gender accuracy", "gender", "val_gender")):
        assert list(found[title]["training"].get_ydata()) == history[training]
        assert list(found[title]["validation"].get_ydata()) == history[validation]
        assert list(found[title]["validation"].get_xdata()) == [1, 2, 3, 4]
        assert list(found[title]["epoch 1, in use"].get_xdata()) == [1, 1]


def test_the_age_scatter_has_a_dot_for_every_face(store: FaceStore, drawn: list[Any]) -> None:
    from desktop_app.training import report

    found = measured(store)
    report.render(found)
    scatter = next(f.axes[0] for f in drawn if f.axes[0].get_ylabel() == "predicted age, years")
    dots = np.concatenate([np.asarray(c.get_offsets()) for c in scatter.collections])
    assert sorted(dots[:, 0]) == sorted(found.truth.years)
    assert dots[:, 1] == pytest.approx(np.full(120, 40.0), abs=1e-3)


def test_a_run_keeps_its_curves_across_a_break(store: FaceStore, tmp_path: Path) -> None:
    """The best epoch may be the first; what came after it is shown all the same, also when it was done later."""
    from desktop_app.training import train

    chosen = dataclasses.replace(config.load("classical"), epochs=3, batch_size=16)
    train.train(chosen, store, tmp_path, stop_after=1)
    (tmp_path / "first.keras").write_bytes((tmp_path / checkpoint.BEST).read_bytes())
    train.train(chosen, store, tmp_path)
    (tmp_path / "first.keras").replace(tmp_path / checkpoint.BEST)
    network = evaluate.open_network(tmp_path)
    assert network.notes is not None
    assert network.notes.epochs_done == 1
    assert set(network.history) == {"loss", "gender", "val_loss", "val_gender"}
    assert {len(values) for values in network.history.values()} == {3}


def test_a_checkpoint_taken_out_of_its_run_shows_what_it_knows(store: FaceStore, tmp_path: Path) -> None:
    from desktop_app.training import train

    chosen = dataclasses.replace(config.load("classical"), epochs=2, batch_size=16)
    train.train(chosen, store, tmp_path / "run")
    alone = tmp_path / "mine.keras"
    alone.write_bytes((tmp_path / "run" / checkpoint.BEST).read_bytes())
    known = checkpoint.read_notes(alone).epochs_done
    assert len(evaluate.open_network(alone).history["loss"]) == known
    other = dataclasses.replace(chosen, seed=9)
    train.train(other, store, tmp_path / "other")
    (tmp_path / checkpoint.LAST).write_bytes((tmp_path / "other" / checkpoint.LAST).read_bytes())
    assert len(evaluate.open_network(alone).history["loss"]) == known  # another run's curves are not its own
