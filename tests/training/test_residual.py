"""The residual network: its Keras version against PyTorch's arithmetic in numpy, with PyTorch's weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from desktop_app.errors import ModelError
from desktop_app.training import config, starts
from desktop_app.training.cli import main
from desktop_app.training.residual import BN_EPSILON, DEPTHS, WIDTHS
from tests.training.torch_arithmetic import Weights, convolved, normalised, random_heads, scores_of

SIDE = 45  # odd, and odd again when halved, so that padding and averaging over uneven rims are met


def random_weights(seed: int = 4) -> Weights:
    """Weights of the shapes that `tools/gpu/residual.py` has, by its names."""
    rng = np.random.default_rng(seed)
    found: Weights = {}

    def conv_bn(name: str, inputs: int, outputs: int, size: int) -> None:
        spread = (2 / (inputs * size * size)) ** 0.5
        found[f"{name}_conv.weight"] = rng.normal(0, spread, (outputs, inputs, size, size))
        found[f"{name}_bn.weight"] = rng.uniform(0.5, 1.0, outputs)
        found[f"{name}_bn.bias"] = rng.normal(0, 0.3, outputs)
        found[f"{name}_bn.running_mean"] = rng.normal(0, 0.3, outputs)
        found[f"{name}_bn.running_var"] = rng.uniform(0.5, 1.5, outputs)

    conv_bn("stem", 3, WIDTHS[0], 3)
    inputs = WIDTHS[0]
    for stage, (filters, depth) in enumerate(zip(WIDTHS, DEPTHS, strict=True), start=1):
        for k in range(1, depth + 1):
            conv_bn(f"stage{stage}_{k}_a", inputs, filters, 3)
            conv_bn(f"stage{stage}_{k}_b", filters, filters, 3)
            if inputs != filters:
                conv_bn(f"stage{stage}_{k}_skip", inputs, filters, 1)
            inputs = filters
    found |= random_heads(rng, inputs)
    return {key: value.astype(np.float32) for key, value in found.items()}


def reference(weights: Weights, x: np.ndarray) -> Weights:
    """The network in float64 numpy, channels first as PyTorch has them: scores before softmax and sigmoid."""

    def conv_bn(x: np.ndarray, name: str, stride: int = 1) -> np.ndarray:
        return normalised(convolved(x, weights[f"{name}_conv.weight"], stride), weights, f"{name}_bn", BN_EPSILON)

    def halved(x: np.ndarray) -> np.ndarray:
        """The mean of each two by two pixels, over those that are there."""
        height, width = x.shape[2:]
        wide = np.pad(x, [(0, 0), (0, 0), (0, height % 2), (0, width % 2)], constant_values=np.nan)
        tiles = wide.reshape(*x.shape[:2], -(-height // 2), 2, -(-width // 2), 2)
        return np.nanmean(tiles, axis=(3, 5))

    x = np.maximum(conv_bn(x, "stem", 2), 0)
    for stage, depth in enumerate(DEPTHS, start=1):
        for k in range(1, depth + 1):
            name, smaller = f"stage{stage}_{k}", k == 1 and stage > 1
            y = conv_bn(np.maximum(conv_bn(x, f"{name}_a", 2 if smaller else 1), 0), f"{name}_b")
            x = halved(x) if smaller else x
            if f"{name}_skip_conv.weight" in weights:
                x = conv_bn(x, f"{name}_skip")
            x = np.maximum(x + y, 0)
    return scores_of(x.mean((2, 3)), weights)


def answers(scores: Weights) -> Weights:
    """What softmax and sigmoid make of the scores."""
    found = {"face": 1 / (1 + np.exp(-scores["face"]))}
    for head in ("gender", "age"):
        shares = np.exp(scores[head] - scores[head].max(1, keepdims=True))
        found[head] = shares / shares.sum(1, keepdims=True)
    return found


@pytest.mark.train
@pytest.mark.allow_threads
@pytest.mark.parametrize("side", [80, SIDE])
def test_pytorch_weights_answer_alike_in_keras(side: int) -> None:
    from desktop_app.training import networks

    weights = random_weights()
    model = networks.build(config.load("headcount"))
    starts.put_into(model, weights, heads=True)
    x = np.random.default_rng(1).uniform(-1, 1, (2, side, side, 3)).astype(np.float32)
    found = model(x, training=False)
    wanted = answers(reference(weights, x.transpose(0, 3, 1, 2).astype(np.float64)))
    for head in ("gender", "age", "face"):
        assert np.asarray(found[head]) == pytest.approx(wanted[head], abs=1e-4), head


@pytest.mark.train
@pytest.mark.allow_threads
def test_weights_of_another_shape_are_refused() -> None:
    from desktop_app.training import networks

    weights = random_weights()
    weights["stage4_2_b_conv.weight"] = weights["stage4_2_b_conv.weight"][:192]
    with pytest.raises(ModelError, match="do not fit the layer stage4_2_b_conv"):
        starts.put_into(networks.build(config.load("headcount")), weights, heads=True)


@pytest.mark.train
@pytest.mark.allow_threads
def test_convert_makes_a_run_of_weights_from_a_card(tmp_path: Path) -> None:
    from desktop_app.training import checkpoint

    weights: dict[str, Any] = {key: value.astype(np.float16) for key, value in random_weights().items()}
    np.savez(tmp_path / "residual.npz", **weights)
    out = tmp_path / "run"
    assert main(["convert", str(tmp_path / "residual.npz"), "--network", "headcount", "--out", str(out)]) == 0
    model, notes = checkpoint.load(out / checkpoint.BEST)
    assert notes.config.network == "headcount"
    assert model.get_layer("stem_conv").get_weights()[0].shape == (3, 3, 3, WIDTHS[0])
