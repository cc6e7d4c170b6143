"""The joint network: built as its source has it, and what its answers and its run become."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from desktop_app.errors import SettingsError
from desktop_app.training import config
from desktop_app.training.facestore import FaceStore

pytestmark = [
    pytest.mark.train,
    pytest.mark.allow_threads,  # TensorFlow keeps a pool of threads for as long as the process lives
]


def tiny(network: str = "joint64", **changes: Any) -> config.TrainingConfig:
    """At 24 pixels, where one epoch takes a second."""
    chosen = config.load(network).at_size(24)
    return dataclasses.replace(chosen, **{"epochs": 1, "batch_size": 16, "train_share": None, **changes})


def test_the_layers_are_those_of_the_source() -> None:
    from keras import layers

    from desktop_app.training import networks, train

    chosen = config.load("joint64")
    assert (chosen.epochs, chosen.batch_size, chosen.train_share, chosen.optimizer) == (100, 128, 0.75, "adam")
    model = networks.build(chosen)
    assert model.count_params() == 6_536_834
    convolutions = [x for x in model.layers if isinstance(x, layers.Conv2D)]
    assert [(x.filters, x.kernel_size, x.padding) for x in convolutions] == [
        (32, (3, 3), "valid"), (64, (3, 3), "valid"), (128, (3, 3), "valid"),
    ]  # fmt: skip
    assert [type(x).__name__ for x in model.layers[1:8]] == [
        "Conv2D", "Conv2D", "MaxPooling2D", "Conv2D", "MaxPooling2D", "Dropout", "Flatten",
    ]  # fmt: skip
    for head, units, end in (("age", [128, 64, 32, 1], "relu"), ("gender", [128, 64, 32, 16, 8, 1], "sigmoid")):
        dense = [x for x in model.layers if isinstance(x, layers.Dense) and x.name.startswith(head)]
        assert [x.units for x in dense] == units
        assert [x.activation.__name__ for x in dense] == ["relu"] * (len(units) - 1) + [end]
    rates = sorted(x.rate for x in model.layers if isinstance(x, layers.Dropout))
    assert rates == [0.25] + [0.5] * 8
    train.compile_model(model, chosen, 10)
    assert model.loss == {"gender": "binary_crossentropy", "age": "mean_squared_error"}


def test_it_learns_years_and_exports_them(store: FaceStore, tmp_path: Path) -> None:
    """The age of every face is read as years, in the run, the report and the exported file."""
    from desktop_app.training import cards, evaluate, export, report, train

    notes = train.train(tiny(epochs=3), store, tmp_path / "run")
    assert set(notes.history) == {
        "loss", "gender", "age_mae", "val_loss", "val_gender", "val_age_exact", "val_age_mae",
    }  # fmt: skip
    assert notes.history["age_mae"][-1] < 60  # in years
    network = evaluate.open_network(tmp_path / "run")
    found = evaluate.evaluate(network, store, store.rows("test"), sizes=())
    assert found.age_mae is not None
    assert found.age_exact is not None
    page = report.render(found)
    assert "Predicted against true age of 20 faces" in page

    export.export(network.keras, network.spec, tmp_path / "model", cards.card_of(notes), age="years")
    said = evaluate.open_network(tmp_path / "model").predict(store, store.rows("test"))
    assert said.years is not None
    assert network.predict(store, store.rows("test")).years == pytest.approx(said.years.clip(1.5, 76), abs=0.5)


def test_an_age_that_begins_at_zero_would_never_be_learned(store: FaceStore) -> None:
    from desktop_app.training import networks

    for seed in range(4):
        model = networks.build(tiny(seed=seed))
        ages = np.asarray(model(np.random.default_rng(seed).normal(0, 1, (8, 24, 24, 1)), training=False)["age"])
        assert (ages > 0).mean() > 0.5


def test_it_wants_years() -> None:
    from desktop_app.training import networks

    with pytest.raises(SettingsError, match="years"):
        networks.build(tiny(age="bands"))


@pytest.mark.parametrize("output", ["softmax", "relu"])
def test_the_other_gender_outputs_learn_and_are_measured(store: FaceStore, tmp_path: Path, output: str) -> None:
    from desktop_app.training import evaluate, export, train

    train.train(tiny(gender=output), store, tmp_path / "run")
    network = evaluate.open_network(tmp_path / "run")
    female = network.predict(store, store.rows("test")).female
    assert ((female >= 0) & (female <= 1)).all()
    export.export(network.keras, network.spec, tmp_path / "model", {"name": "x"}, age="years")
    exported = evaluate.open_network(tmp_path / "model").predict(store, store.rows("test")).female
    assert exported == pytest.approx(female, abs=2e-3)


def test_a_relu_for_gender_may_say_more_than_one_and_is_cut_off() -> None:
    from desktop_app.training import networks, signatures

    chosen = tiny(gender="relu")
    model = networks.build(chosen)
    kernel, _ = model.get_layer("gender").get_weights()
    model.get_layer("gender").set_weights([np.zeros_like(kernel), np.array([3.0], np.float32)])
    crops = np.zeros((2, *chosen.input.shape), np.float32)
    said = signatures.ExportModule(model, chosen.input, "years").predict(crops)["gender"]
    assert np.asarray(said) == pytest.approx(np.array([[1, 0], [1, 0]]))


def test_sixteen_bits_while_learning_and_thirty_two_while_answering(store: FaceStore, tmp_path: Path) -> None:
    import keras

    from desktop_app.training import checkpoint, networks, train

    chosen = tiny(precision="bfloat16")
    train.train(chosen, store, tmp_path)
    assert keras.config.dtype_policy().name == "float32"  # for whatever is built next
    learning, _ = checkpoint.load(tmp_path / checkpoint.LAST, compiled=True)
    answering, _ = checkpoint.load(tmp_path / checkpoint.LAST)
    plain = networks.build(dataclasses.replace(chosen, precision="float32"))
    plain.set_weights(answering.get_weights())
    crops = np.random.default_rng(0).uniform(-1, 1, (4, *chosen.input.shape)).astype(np.float32)
    wanted, found, coarse = (np.asarray(m(crops, training=False)["gender"]) for m in (plain, answering, learning))
    assert found == pytest.approx(wanted, abs=1e-6)
    assert coarse == pytest.approx(wanted, abs=0.05)
    assert (coarse != wanted).any()


@pytest.mark.parametrize("network", [name for name in config.names() if not name.startswith("efficientnet")])
def test_every_network_answers_in_full_precision(network: str) -> None:
    from desktop_app.training import networks

    chosen = dataclasses.replace(config.load(network), precision="bfloat16")
    model = networks.build(chosen)
    crops = np.zeros((1, *chosen.input.shape), np.float32)
    assert {np.asarray(value).dtype for value in model(crops, training=False).values()} == {np.dtype(np.float32)}


def test_a_sweep_has_the_rows_and_the_training_accuracy_of_the_source(store: FaceStore, tmp_path: Path) -> None:
    from desktop_app.training import sweep

    assert sweep.SPLITS == (0.6, 0.7, 0.8, 0.9)
    assert sweep.BATCHES == (64, 128, 256)
    assert set(sweep.OUTPUTS) == {"sigmoid", "softmax", "relu"}
    planned = sweep.combinations(
        tiny(), store, tmp_path, train_shares=[0.6], batch_sizes=[32], outputs=["sigmoid", "relu"]
    )
    rows = sweep.sweep(planned, tmp_path)
    assert [row.config.gender for row in rows] == ["sigmoid", "relu"]
    assert all(row.training.total > row.evaluation.gender.total > 0 for row in rows)
    head, _, *lines = sweep.table(rows).splitlines()
    assert "training accuracy" in head
    assert [line.count("|") for line in lines] == [head.count("|")] * 2
    assert f"| {rows[0].training.value:.3f} |" in lines[0]
