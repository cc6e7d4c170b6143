"""One tiny network trained, killed, resumed, exported and explained, with TensorFlow as the witness."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from desktop_app.errors import ModelError, OutputError
from desktop_app.training import config
from desktop_app.training.facestore import FaceStore
from desktop_app.vision.attributes.classifier import LiteRtClassifier
from desktop_app.vision.attributes.preprocess import InputSpec, normalise
from desktop_app.vision.explain import FaceExplainer
from tests.patience import PATIENCE_S

pytestmark = [
    pytest.mark.train,
    pytest.mark.allow_threads,  # TensorFlow keeps a pool of threads for as long as the process lives
]
REPOSITORY = Path(__file__).resolve().parents[2]


def small(network: str, **changes: Any) -> config.TrainingConfig:
    chosen = config.load(network)
    spec = dataclasses.replace(chosen.input, width=48, height=48)
    return dataclasses.replace(chosen, **{"input": spec, "epochs": 3, "batch_size": 16, "sizes": (), **changes})


@pytest.fixture
def crops(store: FaceStore) -> np.ndarray:
    from desktop_app.training.feed import plain_crops

    return plain_crops(store, np.arange(6), small("joint64_small"))


def test_joint64_small_learns_exports_and_agrees(store: FaceStore, tmp_path: Path) -> None:
    """Train, report, export; then Keras, LiteRT and the app's classifier say the same of the same faces."""
    from desktop_app.training import cards, evaluate, export, report, train
    from desktop_app.training.feed import plain_crops

    told: list[train.Report] = []
    chosen = small("joint64_small", epochs=10)
    notes = train.train(chosen, store, tmp_path / "run", listener=told.append)
    assert notes.epochs_done == 10
    assert max(notes.history["val_gender"]) >= 0.9  # bands at the sides are easy to see
    assert told[-1].seconds_left == 0
    assert any((tmp_path / "run" / "tensorboard").rglob("events.*"))

    network = evaluate.open_network(tmp_path / "run")
    assert network.notes is not None
    assert network.notes.config == chosen
    found = evaluate.evaluate(network, store, store.rows("test"), sizes=(24,), validation=store.rows("val"))
    assert found.gender.total == 20
    assert found.decided.chosen_on == "val"
    assert found.decided.right.total == round(found.decided.share * 20)
    assert found.age_exact is not None
    assert found.age_mae is not None  # the number between two groups is read as years
    page = report.render(found)
    for title in (
        "This measurement",
        "Learning curves",
        "10 of 10 epochs",
        "Classification report",
        "Confusion",
        "ROC and calibration",
        "Age, predicted against true",
        "Random faces",
    ):
        assert title in page
    assert not re.search(r"""(src|href)=["'](?!data:)""", page)  # nothing from outside

    path = export.export(
        network.keras, network.spec, tmp_path / "model", cards.card_of(notes), age="group4", keras_too=True
    )
    assert path.stat().st_size < 2_000_000
    assert (tmp_path / "model" / "saved_model" / "saved_model.pb").is_file()
    rows = store.rows("test")
    crops = plain_crops(store, rows, chosen)
    said = LiteRtClassifier(tmp_path / "model").predict(crops)
    keras = np.asarray(network.keras(normalise(crops, chosen.input), training=False)["gender"])[:, 0]
    assert [a.female for a in said] == pytest.approx(keras, abs=2e-3)  # 16-bit weights
    assert all(sum(a.age_bands) == pytest.approx(1, abs=1e-5) for a in said)
    age = np.asarray(network.keras(normalise(crops, chosen.input), training=False)["age"])[:, 0]
    expected = np.interp(age * 4, [0, 1, 2, 3], [9, 24, 55, 85]).clip(1.5, 76)
    assert [a.age_years for a in said] == pytest.approx(expected, abs=0.5)


_RUN = """
import sys, pickle
from pathlib import Path
from desktop_app.training import train
chosen, store = pickle.loads(Path(sys.argv[1]).read_bytes())
train.train(chosen, store, Path(sys.argv[2]))
"""


def test_a_killed_run_goes_on_as_if_nothing_had_happened(store: FaceStore, tmp_path: Path) -> None:
    import pickle

    from desktop_app.training import checkpoint, train

    chosen = small("cnn32", epochs=4)
    whole = train.train(chosen, store, tmp_path / "whole")
    (tmp_path / "job").write_bytes(pickle.dumps((dataclasses.replace(chosen), store)))
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _RUN, str(tmp_path / "job"), str(tmp_path / "killed")], env=environment
    )
    try:
        deadline = time.monotonic() + 3 * PATIENCE_S
        last = tmp_path / "killed" / train.LAST
        while not last.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = checkpoint.read_notes(last).epochs_done
    assert 1 <= done <= 4
    resumed = train.train(chosen, store, tmp_path / "killed")
    assert resumed.epochs_done == 4
    assert resumed.history["loss"] == pytest.approx(whole.history["loss"], rel=1e-3)
    assert resumed.history["val_gender"] == whole.history["val_gender"]


def test_other_settings_do_not_go_on_with_a_run(store: FaceStore, tmp_path: Path) -> None:
    from desktop_app.training import train

    chosen = small("classical")
    train.train(chosen, store, tmp_path / "run", stop_after=1)
    with pytest.raises(ModelError, match="other settings"):
        train.train(dataclasses.replace(chosen, seed=9), store, tmp_path / "run")
    with pytest.raises(ModelError, match="other faces"):
        train.train(chosen, dataclasses.replace(store, name="others"), tmp_path / "run")
    last = tmp_path / "run" / train.LAST
    with zipfile.ZipFile(last) as archive:
        place = archive.getinfo("model.weights.h5").header_offset + 3000
    broken = bytearray(last.read_bytes())
    broken[place : place + 20] = b"\xff" * 20
    last.write_bytes(broken)
    with pytest.raises(ModelError, match="damaged"):
        train.train(chosen, store, tmp_path / "run")
    (tmp_path / "run" / train.LAST).write_bytes(b"half a file")
    with pytest.raises(ModelError, match="damaged"):
        train.train(chosen, store, tmp_path / "run")


def test_averaged_weights_and_growing_sizes(store: FaceStore, tmp_path: Path) -> None:
    from desktop_app.training import checkpoint, train

    chosen = dataclasses.replace(
        config.load("headcount"), epochs=2, sizes=((32, 1), (48, 1)), batch_size=40, warmup_epochs=0.5, ema=0.5
    ).at_size(48)
    notes = train.train(chosen, store, tmp_path)
    last, _ = checkpoint.load(tmp_path / train.LAST, compiled=True)
    best, _ = checkpoint.load(tmp_path / train.BEST)
    assert notes.epochs_done == 2
    assert not np.allclose(last.get_layer("gender").get_weights()[0], best.get_layer("gender").get_weights()[0])
    with train.averaged(last, chosen):
        assert np.allclose(last.get_layer("gender").get_weights()[0], best.get_layer("gender").get_weights()[0])


def witness(module: Any, crop: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Grad-CAM and guided backpropagation by TensorFlow's own differentiation of the same layers."""
    import tensorflow as tf
    from keras import layers

    from desktop_app.training.graph import steps

    @tf.custom_gradient
    def guided_relu(x: Any) -> Any:
        y = tf.nn.relu(x)
        return y, lambda g: g * tf.cast(y > 0, tf.float32) * tf.cast(g > 0, tf.float32)

    def run(x: Any, relu: Any) -> tuple[Any, dict[str, Any]]:
        values: dict[str, Any] = {}
        for step in steps(module.core):
            inputs = [values[name] for name in step.inputs]
            if not inputs:
                values[step.name] = x
            elif isinstance(step.layer, layers.ReLU):
                values[step.name] = relu(inputs[0])
            else:
                values[step.name] = step.layer(inputs[0] if len(inputs) == 1 else inputs)
        score, start = 0.0, 0
        for name, count in module.targets:
            logits = values[module.scores[name][0]][0]
            part = target[start : start + count]
            score += tf.reduce_sum(logits * (part if logits.shape[-1] == count else part[:1] - part[1:]))
            start += count
        return score, values

    x = tf.constant(crop[None])
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        score, _ = run(x, guided_relu)
    guided = tape.gradient(score, x).numpy()
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        score, values = run(x, tf.nn.relu)
    heat = 0.0
    for name, gradient in zip(module.maps, tape.gradient(score, [values[n] for n in module.maps]), strict=True):
        weights = gradient.numpy().mean(axis=(1, 2), keepdims=True)
        heat = heat + np.maximum((weights * values[name].numpy()).sum(axis=-1), 0)
    return np.asarray(heat)[0], guided[0]


def unit(array: np.ndarray) -> np.ndarray:
    return array / max(float(np.abs(array).max()), 1e-12)


@pytest.fixture(scope="module")
def built() -> Iterator[dict[str, Any]]:
    """Two kinds of network with weights and BatchNorm figures that are not those of a fresh one."""
    import keras

    from desktop_app.training import networks

    models = {}
    rng = np.random.default_rng(2)
    for name in ("mini_xception", "joint64_small"):
        model = networks.build(small(name))
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.set_weights(
                    [
                        rng.uniform(0.5, 1.5, w.shape) if k in (0, 3) else rng.normal(0, 0.3, w.shape)
                        for k, w in enumerate(layer.get_weights())
                    ]
                )
        models[name] = model
    yield models
    keras.backend.clear_session()


@pytest.mark.parametrize("name", ["mini_xception", "joint64_small"])
def test_the_explanation_is_tensorflows_and_depends_on_the_weights(
    built: dict[str, Any], crops: np.ndarray, tmp_path: Path, name: str
) -> None:
    from desktop_app.training import export, signatures

    chosen, model = small(name), built[name]
    folder = tmp_path / "model"
    export.export(model, chosen.input, folder, {"name": name}, age=chosen.age)
    explainer = FaceExplainer(folder)
    module = signatures.ExportModule(model, chosen.input, chosen.age)
    target = np.zeros(module.target_count, np.float32)
    target[:2] = [1, -1]
    for crop in crops[:3]:
        found = explainer.explain_gender(crop, female=True)
        cam, guided = witness(module, normalise(crop[None], chosen.input)[0], target)
        assert unit(found.raw_cam) == pytest.approx(unit(cam), abs=1e-3)
        assert unit(found.raw_guided) == pytest.approx(unit(guided), abs=1e-3)
        assert np.abs(found.raw_guided).max() > 0
    last = (
        module.core.get_layer(module.scores["gender"][0]) if name == "joint64_small" else model.get_layer("class_maps")
    )
    original = model.get_layer(last.name.removesuffix("_linear"))
    kept = original.get_weights()
    shuffled = np.random.default_rng(1).permutation(kept[0].reshape(-1)).reshape(kept[0].shape)
    original.set_weights([shuffled, *kept[1:]])
    try:
        export.export(model, chosen.input, tmp_path / "shuffled", {"name": name}, age=chosen.age)
    finally:
        original.set_weights(kept)
    other = FaceExplainer(tmp_path / "shuffled").explain_gender(crops[0], female=True)
    assert (
        np.abs(unit(other.raw_guided) - unit(explainer.explain_gender(crops[0], female=True).raw_guided)).max() > 0.05
    )


def test_both_signatures_read_one_copy_of_the_weights(built: dict[str, Any], tmp_path: Path) -> None:
    from desktop_app.training import export

    chosen = small("joint64_small")
    sizes = []
    for explain in (False, True):
        path = export.export(
            built["joint64_small"], chosen.input, tmp_path / str(explain), {"name": "x"}, age="group4", explain=explain
        )
        sizes.append(path.stat().st_size)
    assert sizes[1] < sizes[0] * 1.15
    with pytest.raises(ModelError, match="cannot say why"):
        FaceExplainer(tmp_path / "False")


def test_a_mirrored_export_answers_with_the_mean_over_both_sides(
    built: dict[str, Any], crops: np.ndarray, tmp_path: Path
) -> None:
    from desktop_app.training import export

    chosen = small("mini_xception")
    for mirrored in (False, True):
        export.export(
            built["mini_xception"], chosen.input, tmp_path / str(mirrored), {"name": "x"}, age=chosen.age,
            mirrored=mirrored, weights="float32",
        )  # fmt: skip
    once, both = (LiteRtClassifier(tmp_path / name) for name in ("False", "True"))
    lopsided = crops[:5].copy()
    lopsided[:, :, : crops.shape[2] // 2] //= 4
    left = [a.female for a in once.predict(lopsided)]
    right = [a.female for a in once.predict(np.ascontiguousarray(lopsided[:, :, ::-1]))]
    assert left != pytest.approx(right, abs=1e-3)
    wanted = [(a + b) / 2 for a, b in zip(left, right, strict=True)]
    assert [a.female for a in both.predict(lopsided)] == pytest.approx(wanted, abs=1e-5)


def test_eight_bit_weights_answer_alike_and_explain_from_a_file_of_their_own(store: FaceStore, tmp_path: Path) -> None:
    from desktop_app.training import export, networks
    from desktop_app.training.feed import plain_crops

    chosen = config.load("headcount")
    model = networks.build(chosen)
    crops = plain_crops(store, store.rows("test"), chosen)
    answers, sizes = {}, {}
    for weights in ("float16", "int8"):
        folder = tmp_path / weights
        sizes[weights] = export.export(model, chosen.input, folder, {"name": "x"}, weights=weights).stat().st_size
        answers[weights] = [a.female for a in LiteRtClassifier(folder).predict(crops)]
    assert sizes["int8"] < 0.6 * sizes["float16"]
    assert answers["int8"] == pytest.approx(answers["float16"], abs=0.03)
    alone = [LiteRtClassifier(tmp_path / "int8").predict(crop[None])[0].female for crop in crops[:4]]
    assert alone == pytest.approx(answers["int8"][:4], abs=1e-6)  # a face is not judged by its neighbours
    wide, narrow = (FaceExplainer(tmp_path / w).explain_gender(crops[0], female=True) for w in ("float16", "int8"))
    assert unit(narrow.raw_guided) == pytest.approx(unit(wide.raw_guided), abs=0.02)
    (tmp_path / "int8" / "explain.tflite").write_bytes(b"something else")
    with pytest.raises(ModelError, match="damaged"):
        FaceExplainer(tmp_path / "int8")


def test_the_classical_baseline_is_never_rounded(store: FaceStore, tmp_path: Path) -> None:
    from desktop_app.training import export, networks
    from desktop_app.training.feed import plain_crops

    chosen = config.load("classical")
    model = networks.build(chosen)
    crops = plain_crops(store, store.rows("test"), chosen)
    answers = {}
    for weights in ("float32", "int8"):
        folder = tmp_path / weights
        export.export(model, chosen.input, folder, {"name": "x"}, weights=weights)
        answers[weights] = [a.female for a in LiteRtClassifier(folder).predict(crops)]
    assert answers["int8"] == answers["float32"]
    FaceExplainer(tmp_path / "int8").explain_gender(crops[0], female=True)  # what explains it lies in the same file


def test_every_network_builds_and_keeps_its_answer_when_folded(store: FaceStore) -> None:
    from desktop_app.training import networks
    from desktop_app.training.graph import inference_copy

    for name, low, high in (
        ("cnn32", 3.3e6, 3.7e6),
        ("fully_conv9", 5.5e5, 6.5e5),
        ("mini_xception", 5e4, 6e4),
        ("joint64", 6536834, 6536834),
        ("joint64_small", 1e6, 2e6),
        ("small_vgg96", 8e6, 9.5e6),
        ("classical", 3e3, 4e3),
        ("headcount", 3.2e6, 3.4e6),
        ("efficientnet_lite0", 3.4e6, 3.5e6),
        ("efficientnet_lite2", 4.8e6, 4.9e6),
    ):
        chosen = config.load(name)
        model = networks.build(chosen)
        assert low <= model.count_params() <= high, name
        crop = np.random.default_rng(0).uniform(-1, 1, (2, *chosen.input.shape)).astype(np.float32)
        whole, folded = model(crop, training=False), inference_copy(model, chosen.input.shape)(crop, training=False)
        for output in whole:
            assert np.asarray(folded[output]) == pytest.approx(np.asarray(whole[output]), abs=1e-4), name


def test_histogram_of_gradients_against_numpy() -> None:
    from desktop_app.training.networks.classical import TINY, HistogramOfGradients

    picture = np.random.default_rng(3).uniform(-1, 1, (16, 24)).astype(np.float32)
    dx, dy = np.zeros_like(picture), np.zeros_like(picture)
    padded = np.pad(picture, 1)
    dx[:], dy[:] = padded[1:-1, 2:] - padded[1:-1, :-2], padded[2:, 1:-1] - padded[:-2, 1:-1]
    votes = np.zeros((2, 3, 9))
    for y in range(16):
        for x in range(24):
            angle = np.arctan2(dy[y, x], dx[y, x]) % np.pi * 9 / np.pi
            size = np.hypot(dx[y, x], dy[y, x])
            below = int(np.floor(angle - 0.5))
            share = angle - 0.5 - below
            votes[y // 8, x // 8, below % 9] += size * (1 - share)
            votes[y // 8, x // 8, (below + 1) % 9] += size * share
    blocks = np.stack([np.concatenate([votes[0, i], votes[0, i + 1], votes[1, i], votes[1, i + 1]]) for i in range(2)])
    blocks = np.minimum(blocks / np.sqrt((blocks**2).sum(1, keepdims=True) + TINY), 0.2)
    expected = blocks / np.sqrt((blocks**2).sum(1, keepdims=True) + TINY)
    found = np.asarray(HistogramOfGradients()(picture[None, :, :, None]))[0, 0]
    assert found == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize(("name", "scores"), [("joint64_small", "gender"), ("mini_xception", "class_maps")])
def test_calibration_by_temperature_goes_into_the_weights(built: dict[str, Any], name: str, scores: str) -> None:
    from desktop_app.training import export

    model = built[name]
    crop = np.random.default_rng(0).uniform(-1, 1, (4, *model.input_shape[1:])).astype(np.float32)
    kept = model.get_layer(scores).get_weights()

    def log_odds() -> np.ndarray:
        female = np.asarray(model(crop, training=False)["gender"], np.float64)[:, 0]
        return np.asarray(np.log(female / (1 - female)))

    before = log_odds()
    export.calibrate(model, "gender", 2.0)
    after = log_odds()
    model.get_layer(scores).set_weights(kept)
    assert after == pytest.approx(before / 2, rel=1e-3)


def test_a_years_answer_becomes_the_bands_that_it_is_the_mean_of() -> None:
    from desktop_app.domain.types import AGE_BAND_CENTRES
    from desktop_app.training.signatures import to_bands

    years = np.array([[0.0], [0.015], [0.20], [0.333], [0.76], [0.99]], np.float32)
    bands = np.asarray(to_bands(years, "years"))
    assert bands.sum(axis=1) == pytest.approx(np.ones(6), abs=1e-5)
    assert bands.min() >= -1e-6
    assert bands @ np.array(AGE_BAND_CENTRES) == pytest.approx([1.5, 1.5, 20, 33.3, 76, 76], abs=1e-3)


def test_one_command_line_from_faces_to_table(
    store: FaceStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """prepare, train, export, compare and explain on a folder per class, through the command line."""
    import cv2

    from desktop_app.training.cli import main

    for i, record in enumerate(store.records[:60]):
        path = tmp_path / "faces" / record.gender / f"{10 * int(record.age or 0) // 100 * 10}" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), store.pictures[i])
    work = ["--work", str(tmp_path / "work")]
    data = ["--data", str(tmp_path / "faces")]
    run = str(tmp_path / "work" / "runs" / "classical")
    assert main(["train", "classical", *data, *work, "--epochs", "2", "--split", "70:30"]) == 0
    assert main(["export", run, "--out", str(tmp_path / "model"), "--name", "Mine", *work]) == 0
    assert json.loads((tmp_path / "model" / "model.json").read_text())["name"] == "Mine"
    fit = ["--calibrate", str(tmp_path / "faces"), "--mirrored"]
    assert main(["export", run, "--out", str(tmp_path / "calibrated"), *fit, *work]) == 0
    assert "with a temperature of" in capsys.readouterr().out
    assert main(["export", run, "--out", str(tmp_path / "large"), "--size", "80", *work]) != 0
    assert "cannot take crops of 80 pixels" in capsys.readouterr().err
    assert (
        main(["compare", run, str(tmp_path / "model"), *data, *work, "--role", "all", "--out", str(tmp_path / "t.md")])
        == 0
    )
    lines = (tmp_path / "t.md").read_text().splitlines()
    assert "ms a face of 8" in lines[0]
    of_run, of_export = (line.split(" | ")[1] for line in lines[2:4])
    assert of_run == of_export  # what it learned from goes with the export
    assert of_run in ("faces, 2 epochs", "faces, epoch 1 of 2")
    assert main(["sweep", "classical", *data, *work, "--epochs", "1", "--splits", "80:20", "--batches", "16"]) == 0
    assert "| 80:20 | 16 | sigmoid |" in capsys.readouterr().out
    assert main(["evaluate", run, *data, *work, "--out", str(tmp_path / "r.html"), "--limit", "30"]) == 0
    assert (tmp_path / "r.html").stat().st_size > 20_000


def test_a_model_that_cannot_be_replaced_stays_whole(tmp_path: Path) -> None:
    from desktop_app.training import export, networks

    chosen = small("classical")
    (tmp_path / "model.json").mkdir()  # stands for a disk that is full when the last file is written
    (tmp_path / "model.tflite").write_bytes(b"the old one")
    with pytest.raises(OutputError, match="The model cannot be written"):
        export.export(networks.build(chosen), chosen.input, tmp_path, {"name": "x"})
    assert (tmp_path / "model.tflite").read_bytes() == b"the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.tflite"]


def test_spec_of_the_card_is_that_of_the_run(tmp_path: Path) -> None:
    from desktop_app.training import export, networks

    chosen = config.load("levi_hassner")
    assert InputSpec.from_json(json.loads(json.dumps(chosen.to_json()))["input"]) == chosen.input
    reflecting = small("classical")
    spec = dataclasses.replace(reflecting.input, border="reflect", box_scale=1.3)
    model = networks.build(dataclasses.replace(reflecting, input=spec))
    export.export(model, spec, tmp_path / "model", {"name": "x"})
    assert LiteRtClassifier(tmp_path / "model").spec == spec
