"""A trained Keras model as a plain chain of simple layers: what export and explanation work on.

`inference_copy` rebuilds a functional model in float32 with nothing left that only training needs: BatchNorm folded
into the convolution before it, dropout gone, separable convolutions taken apart, activations as layers of their
own. It computes the same function, and each remaining layer has one simple derivative.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from desktop_app.errors import ModelError

_ONLY_TRAINING = (
    layers.Dropout,
    layers.SpatialDropout2D,
    layers.GaussianNoise,
    layers.GaussianDropout,
    layers.ActivityRegularization,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One application of a layer: the names of the steps (or the input) it reads, and its own name."""

    layer: Any
    inputs: tuple[str, ...]

    @property
    def name(self) -> str:
        return str(self.layer.name)


@keras.saving.register_keras_serializable(package="headcount")
class ScaleShift(layers.Layer):  # type: ignore[misc]
    """x * factor + shift for each channel: what is left of a BatchNorm that no convolution could take in."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
        self.shift = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="shift")

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor + self.shift


def steps(model: Any) -> list[Step]:
    """The layers of a functional model in the order they run. The first one is the input.

    Raises ModelError for a model that is no flat functional graph of layers used once each.
    """
    if isinstance(model, keras.Sequential):
        model = keras.Model(model.inputs, model.outputs)
    if not isinstance(model, keras.Model) or not hasattr(model, "output_names"):
        raise ModelError("The model is no functional Keras model.", "Build it with keras.Model(inputs, outputs).")
    found = []
    for config in model.get_config()["layers"]:
        layer = model.get_layer(config["name"])
        nodes = config["inbound_nodes"]
        if len(nodes) > 1:
            raise ModelError(f"The layer {layer.name} is used more than once, which cannot be exported.")
        if isinstance(layer, keras.Model):
            raise ModelError(f"The layer {layer.name} is a model inside the model, which cannot be exported.")
        found.append(Step(layer, tuple(_histories(nodes[0]["args"])) if nodes else ()))
    return found


def _histories(value: Any) -> Iterator[str]:
    """The names of the layers whose outputs appear in the serialised arguments of a call."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            yield value["config"]["keras_history"][0]
            return
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _histories(item)


def output_layers(model: Any) -> dict[str, str]:
    """The layer that makes each named output."""
    outputs = (
        model.output if isinstance(model.output, dict) else dict(zip(model.output_names, model.outputs, strict=True))
    )
    return {name: tensor._keras_history.operation.name for name, tensor in outputs.items()}


def inference_copy(model: Any, input_shape: tuple[int, int, int] | None = None) -> Any:
    """Rebuild `model` for inference, in float32; see the module's description.

    `input_shape` fixes (height, width, channels) where the model leaves them open. Output names stay. Raises
    ModelError for a model whose graph cannot be read.
    """
    plan = steps(model)
    readers = Counter(name for step in plan for name in step.inputs)
    ends = output_layers(model)
    readers.update(ends.values())
    tensors: dict[str, Any] = {}
    makers: dict[str, Any] = {}
    crops = keras.Input(input_shape or model.input_shape[1:], name="crops")
    for step in plan:
        layer = step.layer
        if isinstance(layer, layers.InputLayer):
            tensors[step.name] = crops
            continue
        inputs = [tensors[name] for name in step.inputs]
        if isinstance(layer, _ONLY_TRAINING) or (
            isinstance(layer, layers.Activation) and _activation(layer) == "linear"
        ):
            tensors[step.name] = inputs[0]
            makers[step.name] = makers.get(step.inputs[0])
            readers[step.inputs[0]] += readers[step.name] - 1
        elif isinstance(layer, layers.BatchNormalization) and _foldable(
            makers.get(step.inputs[0]), readers[step.inputs[0]]
        ):
            _fold(makers[step.inputs[0]], layer)
            tensors[step.name] = inputs[0]
            makers[step.name] = makers[step.inputs[0]]
        else:
            tensors[step.name], makers[step.name] = _rebuild(layer, inputs)
    return keras.Model(crops, {name: tensors[maker] for name, maker in ends.items()}, name=model.name)


def _activation(layer: Any) -> str:
    return str(keras.activations.serialize(layer.activation)) if layer.activation is not None else "linear"


def _foldable(maker: Any, reader_count: int) -> bool:
    return isinstance(maker, layers.Conv2D | layers.DepthwiseConv2D | layers.Dense) and reader_count == 1


def _norm(norm: Any) -> tuple[Any, Any]:
    """What BatchNorm does at inference, y = x * factor + shift, in float64: gamma / sqrt(variance + epsilon), and the
    rest.
    """
    mean, variance = (
        keras.ops.convert_to_numpy(v).astype(np.float64) for v in (norm.moving_mean, norm.moving_variance)
    )
    gamma = keras.ops.convert_to_numpy(norm.gamma).astype(np.float64) if norm.scale else np.ones_like(mean)
    beta = keras.ops.convert_to_numpy(norm.beta).astype(np.float64) if norm.center else np.zeros_like(mean)
    factor = gamma / np.sqrt(variance + norm.epsilon)
    return factor, beta - mean * factor


def _fold(target: Any, norm: Any) -> None:
    """Fold a BatchNorm into the kernel and bias of the layer before it."""
    factor, shift = _norm(norm)
    kernel, bias = target.get_weights()
    scaled = kernel * (factor.reshape(kernel.shape[2:]) if isinstance(target, layers.DepthwiseConv2D) else factor)
    target.set_weights([scaled.astype(np.float32), (bias * factor + shift).astype(np.float32)])


def _rebuild(layer: Any, inputs: list[Any]) -> tuple[Any, Any]:
    """Apply a float32 copy of `layer`; return its output and the copied layer, if BatchNorm may be folded into that."""
    config = layer.get_config()
    config["dtype"] = "float32"
    argument = inputs[0] if len(inputs) == 1 else inputs
    if isinstance(layer, layers.SeparableConv2D):
        return _separate(layer, argument)
    if isinstance(layer, layers.BatchNormalization):
        copy = ScaleShift(name=layer.name)
        output = copy(argument)
        copy.set_weights([np.asarray(weight, np.float32) for weight in _norm(layer)])
        return output, None
    if isinstance(layer, layers.Activation):
        return _activate(argument, _activation(layer), layer.name), None
    activation = "linear"
    if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.Dense):
        activation = _activation(layer)
        config |= {
            "activation": "linear",
            "use_bias": True,
            "name": layer.name if activation == "linear" else f"{layer.name}_linear",
        }
        for key in [key for key in config if key.endswith(("_regularizer", "_constraint", "_initializer"))]:
            del config[key]  # only training reads them
    copy = type(layer).from_config(config)
    output = copy(argument)
    weights = layer.get_weights()
    if len(weights) < len(copy.get_weights()):
        weights = [*weights, np.zeros(copy.get_weights()[-1].shape, np.float32)]
    if weights:
        copy.set_weights([np.asarray(w, np.float32) for w in weights])
    if activation == "linear":
        return output, copy
    return _activate(output, activation, layer.name), None


def _separate(layer: Any, argument: Any) -> tuple[Any, Any]:
    config = layer.get_config()
    depthwise = layers.DepthwiseConv2D(
        config["kernel_size"], config["strides"], padding=config["padding"],
        depth_multiplier=config["depth_multiplier"], dilation_rate=config["dilation_rate"],
        name=f"{layer.name}_depthwise",
    )  # fmt: skip
    pointwise = layers.Conv2D(config["filters"], 1, name=f"{layer.name}_pointwise")
    output = pointwise(depthwise(argument))
    kernels = layer.get_weights()
    depthwise.set_weights([kernels[0], np.zeros(kernels[1].shape[2], np.float32)])
    pointwise.set_weights([kernels[1], kernels[2] if layer.use_bias else np.zeros(config["filters"], np.float32)])
    activation = _activation(layer)
    if activation == "linear":
        return output, pointwise
    return _activate(output, activation, layer.name), None


def _activate(tensor: Any, activation: str, name: str) -> Any:
    if activation == "relu":
        return layers.ReLU(name=name)(tensor)
    if activation == "softmax":
        return layers.Softmax(name=name)(tensor)
    return layers.Activation(activation, name=name)(tensor)
