"""The gradient of a network written out in plain operations, so that it exports to LiteRT, which cannot differentiate.

Each layer kind has one rule: from the gradient at its output to the gradient at its inputs. The rules use only
operations that LiteRT has built in. With `guided=True` a ReLU passes only positive gradients as well (guided
backpropagation, Springenberg et al. 2014, arXiv:1412.6806).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from keras import layers

from desktop_app.errors import ModelError
from desktop_app.training.graph import ScaleShift, Step, output_layers, steps
from desktop_app.training.networks.classical import HistogramOfGradients
from desktop_app.training.networks.levi_hassner import LocalResponseNormalization

_LOWEST = -1e30


@dataclass(frozen=True, slots=True)
class Call:
    """What a rule needs to know: the layer, its inputs and output of the forward pass, the mode, and the scalar `one`.

    `one` is 1.0, but the converter cannot know it: a constant multiplied by it keeps its stored
    layout, so that forward and backward pass share one copy of the weights in the file.
    """

    layer: Any
    inputs: list[Any]
    output: Any
    guided: bool
    one: Any


def forward(model: Any, crops: Any) -> dict[str, Any]:
    """Run an `inference_copy` and return the output of every layer by its name."""
    values: dict[str, Any] = {}
    for step in steps(model):
        if isinstance(step.layer, layers.InputLayer):
            values[step.name] = crops
        else:
            inputs = [values[name] for name in step.inputs]
            values[step.name] = _apply(step.layer, inputs)
    return values


def _apply(layer: Any, inputs: list[Any]) -> Any:
    """Run one layer. Those with weights get them as constants, so that the graph is complete in itself."""
    x = inputs[0]
    if isinstance(layer, layers.DepthwiseConv2D):
        kernel, bias = _weights(layer)
        strides = (1, *layer.strides, 1)
        return tf.nn.depthwise_conv2d(x, kernel, strides, layer.padding.upper(), dilations=layer.dilation_rate) + bias
    if isinstance(layer, layers.Conv2D):
        kernel, bias = _weights(layer)
        return tf.nn.conv2d(x, kernel, layer.strides, layer.padding.upper(), dilations=layer.dilation_rate) + bias
    if isinstance(layer, layers.Dense):
        kernel, bias = _weights(layer)
        return tf.matmul(x, kernel) + bias
    if isinstance(layer, ScaleShift):
        factor, shift = _weights(layer)
        return x * factor + shift
    return layer(x if len(inputs) == 1 else inputs, training=False)


def backward(model: Any, values: dict[str, Any], seeds: dict[str, Any], *, guided: bool, one: Any) -> dict[str, Any]:
    """Return the gradient at the output of every layer that lies before the seeded ones.

    `seeds` maps layer names to the gradient of the score at their output. Raises ModelError for a layer without a rule.
    """
    gradients = dict(seeds)
    for step in reversed(steps(model)):
        if step.name not in gradients or not step.inputs:
            continue
        call = Call(step.layer, [values[name] for name in step.inputs], values[step.name], guided, one)
        for name, gradient in zip(step.inputs, _rule(step)(call, gradients[step.name]), strict=True):
            gradients[name] = gradients[name] + gradient if name in gradients else gradient
    return gradients


def logit_steps(model: Any) -> dict[str, tuple[str, str]]:
    """For each output: the layer that makes its score before softmax, sigmoid or ReLU, and which ("linear" if none)."""
    by_name = {step.name: step for step in steps(model)}
    found = {}
    for output, name in output_layers(model).items():
        layer = by_name[name].layer
        if isinstance(layer, layers.Softmax):
            found[output] = (by_name[name].inputs[0], "softmax")
        elif isinstance(layer, layers.ReLU):
            found[output] = (by_name[name].inputs[0], "relu")
        elif isinstance(layer, layers.Activation) and layer.activation.__name__ == "sigmoid":
            found[output] = (by_name[name].inputs[0], "sigmoid")
        else:
            found[output] = (name, "linear")
    return found


def last_feature_maps(model: Any, end: str) -> str:
    """The last layer with a spatial extent on the way to the layer `end`, nearest to it: where Grad-CAM looks.

    Layers that only make class maps for averaging (as many channels as classes) are passed over, for Grad-CAM of
    such a layer would show the answer of one place and not what it was built from.
    """
    by_name = {step.name: step for step in steps(model)}
    before, queue = set(), [end]
    while queue:
        name = queue.pop()
        if name not in before:
            before.add(name)
            queue += by_name[name].inputs
    classes = int(by_name[end].layer.output.shape[-1])
    for step in reversed(steps(model)):
        shape = step.layer.output.shape
        if step.name in before and len(shape) == 4 and shape[1] > 1 and shape[-1] > max(classes, 3):
            return step.name
    raise ModelError("The model has no convolutional layer to explain.")


def _rule(step: Step) -> Callable[[Call, Any], list[Any]]:
    for kind, rule in _RULES.items():
        if isinstance(step.layer, kind):
            return rule
    raise ModelError(
        f"The layer {step.name} ({type(step.layer).__name__}) has no gradient rule, so it cannot be explained."
    )


def _shape(tensor: Any) -> list[int]:
    """The shape with the batch taken as 1, which is what an explanation is for."""
    return [1, *(int(n) for n in tensor.shape[1:])]


def _weights(layer: Any) -> list[Any]:
    """The weights as numbers, also while a graph is being traced."""
    with tf.init_scope():
        return [np.asarray(weight) for weight in layer.get_weights()]


def _conv2d(call: Call, gradient: Any) -> list[Any]:
    layer = call.layer
    if layer.groups != 1 or tuple(layer.dilation_rate) != (1, 1):
        raise ModelError(f"The layer {layer.name} is grouped or dilated, which cannot be explained.")
    # (out, h, w, in) is how LiteRT stores the kernel of the forward convolution.
    stored = tf.constant(np.transpose(_weights(layer)[0], (3, 0, 1, 2))) * call.one
    kernel = tf.transpose(stored, (1, 2, 3, 0))
    return [tf.nn.conv2d_transpose(gradient, kernel, _shape(call.inputs[0]), layer.strides, layer.padding.upper())]


def _depthwise(call: Call, gradient: Any) -> list[Any]:
    layer = call.layer
    if layer.depth_multiplier != 1 or tuple(layer.dilation_rate) != (1, 1):
        raise ModelError(f"The layer {layer.name} has a depth multiplier or dilation, which cannot be explained.")
    kernel = _weights(layer)[0]
    height, width = kernel.shape[:2]
    window = _Window(call.inputs[0], call.output, (height, width), layer.strides, layer.padding)
    spread = window.spread(gradient)
    padded = tf.pad(spread, [[0, 0], [height - 1, height - 1], [width - 1, width - 1], [0, 0]])
    full = tf.nn.depthwise_conv2d(padded, kernel[::-1, ::-1], (1, 1, 1, 1), "VALID")
    return [window.crop(full)]


def _dense(call: Call, gradient: Any) -> list[Any]:
    stored = tf.constant(np.transpose(_weights(call.layer)[0])) * call.one
    if stored.shape[0] <= 16:  # few classes: the converter has no batched product for a score's own gradient
        return [tf.reduce_sum(tf.reshape(gradient, [-1, 1]) * stored, axis=0, keepdims=True)]
    return [tf.matmul(gradient, stored)]


def _scale_shift(call: Call, gradient: Any) -> list[Any]:
    return [gradient * _weights(call.layer)[0]]


def _relu(call: Call, gradient: Any) -> list[Any]:
    layer = call.layer
    if layer.negative_slope or layer.threshold:
        raise ModelError(f"The layer {layer.name} is no plain ReLU, which cannot be explained.")
    passed = gradient * _where(call.output > 0)
    if layer.max_value is not None:  # ReLU6: where it is cut off, nothing passes either
        passed = passed * _where(call.output < float(layer.max_value))
    return [passed * _where(gradient > 0) if call.guided else passed]


def _activation(call: Call, gradient: Any) -> list[Any]:
    kind, x, y = call.layer.activation.__name__, call.inputs[0], call.output
    if kind == "sigmoid":
        slope = y * (1 - y)
    elif kind == "tanh":
        slope = 1 - y * y
    elif kind in ("silu", "swish"):
        gate = tf.sigmoid(x)
        slope = gate * (1 + x * (1 - gate))
    elif kind in ("hard_sigmoid",):
        slope = _where(tf.abs(x) < 3) / 6
    elif kind in ("hard_silu", "hard_swish"):
        slope = _where(x >= 3) + _where(tf.abs(x) < 3) * (x / 3 + 0.5)
    else:
        raise ModelError(f"The activation {kind} of {call.layer.name} has no gradient rule, so it cannot be explained.")
    passed = gradient * slope
    return [
        passed * _where(gradient > 0)
        if call.guided and kind in ("silu", "swish", "hard_silu", "hard_swish")
        else passed
    ]


def _where(condition: Any) -> Any:
    return tf.cast(condition, tf.float32)


class _Window:
    """The geometry of a window that slides over a picture, as TensorFlow pads it."""

    def __init__(self, source: Any, output: Any, size: tuple[int, int], strides: tuple[int, int], padding: str) -> None:
        self.size, self.strides = size, strides
        self.source, self.out = _shape(source), _shape(output)
        self.before, self.covered = [], []
        for axis in (0, 1):
            covered = (self.out[axis + 1] - 1) * strides[axis] + size[axis]
            over = max(0, covered - self.source[axis + 1]) if padding == "same" else 0
            self.before.append(over // 2)
            self.covered.append(covered)

    def cover(self, picture: Any, value: float) -> Any:
        """Pad (or cut) the picture to what the windows cover."""
        after = [self.covered[a] - self.before[a] - self.source[a + 1] for a in (0, 1)]
        padded = tf.pad(
            picture,
            [[0, 0], [self.before[0], max(0, after[0])], [self.before[1], max(0, after[1])], [0, 0]],
            constant_values=value,
        )
        return padded[:, : self.covered[0], : self.covered[1]]

    def crop(self, covered: Any) -> Any:
        """Undo `cover`: cut the padding off again, and give what no window covered a zero."""
        height, width = self.source[1:3]
        missing = [max(0, self.source[a + 1] + self.before[a] - self.covered[a]) for a in (0, 1)]
        grown = tf.pad(covered, [[0, 0], [0, missing[0]], [0, missing[1]], [0, 0]])
        return grown[:, self.before[0] : self.before[0] + height, self.before[1] : self.before[1] + width]

    def spread(self, gradient: Any) -> Any:
        """Put zeros between the rows and columns of the output, so that they lie as far apart as the windows did."""
        rows, columns = self.strides
        if rows != columns:
            raise ModelError("A layer with different strides in height and width cannot be explained.")
        if rows == 1:
            return gradient
        height, width = self.out[1] * rows, self.out[2] * columns
        grown = tf.raw_ops.ResizeNearestNeighbor(images=gradient, size=(height, width))
        first = np.zeros((1, height, width, 1), np.float32)
        first[:, ::rows, ::columns] = 1
        return (grown * first)[:, : height - rows + 1, : width - columns + 1]

    def place(self, spread: Any, row: int, column: int) -> Any:
        """Lay a spread gradient over the covered area at one offset within the window."""
        below = self.covered[0] - row - spread.shape[1]
        right = self.covered[1] - column - spread.shape[2]
        return tf.pad(spread, [[0, 0], [row, below], [column, right], [0, 0]])

    def view(self, covered: Any, row: int, column: int) -> Any:
        """What stands at one offset within every window."""
        rows, columns = self.strides
        last_row, last_column = row + (self.out[1] - 1) * rows + 1, column + (self.out[2] - 1) * columns + 1
        return covered[:, row:last_row:rows, column:last_column:columns]

    def offsets(self) -> list[tuple[int, int]]:
        return [(row, column) for row in range(self.size[0]) for column in range(self.size[1])]


def _max_pool(call: Call, gradient: Any) -> list[Any]:
    window = _Window(call.inputs[0], call.output, call.layer.pool_size, call.layer.strides, call.layer.padding)
    covered = window.cover(call.inputs[0], _LOWEST)
    total, taken = None, None
    for row, column in window.offsets():
        # The first of equal maxima takes it all, as in TensorFlow.
        winner = _where(window.view(covered, row, column) >= call.output)
        winner = winner if taken is None else winner * (1 - taken)
        taken = winner if taken is None else taken + winner
        placed = window.place(window.spread(gradient * winner), row, column)
        total = placed if total is None else total + placed
    return [window.crop(total)]


def _average_pool(call: Call, gradient: Any) -> list[Any]:
    window = _Window(call.inputs[0], call.output, call.layer.pool_size, call.layer.strides, call.layer.padding)
    # Padding does not count in the mean, so windows at the rim divide by fewer.
    count = np.zeros(window.out[1:3], np.float32)
    height, width = window.source[1:3]
    for row, column in window.offsets():
        y = np.arange(window.out[1]) * window.strides[0] + row - window.before[0]
        x = np.arange(window.out[2]) * window.strides[1] + column - window.before[1]
        count += np.outer((y >= 0) & (y < height), (x >= 0) & (x < width))
    spread = window.spread(gradient / count[None, :, :, None])
    total = None
    for row, column in window.offsets():
        placed = window.place(spread, row, column)
        total = placed if total is None else total + placed
    return [window.crop(total)]


def _global_average(call: Call, gradient: Any) -> list[Any]:
    _, height, width, channels = _shape(call.inputs[0])
    return [
        tf.reshape(gradient, [1, 1, 1, channels]) * np.full((1, height, width, 1), 1 / (height * width), np.float32)
    ]


def _reshape(call: Call, gradient: Any) -> list[Any]:
    return [tf.reshape(gradient, _shape(call.inputs[0]))]


def _add(call: Call, gradient: Any) -> list[Any]:
    return [_like(gradient, x) for x in call.inputs]


def _multiply(call: Call, gradient: Any) -> list[Any]:
    if len(call.inputs) != 2:
        raise ModelError(f"The layer {call.layer.name} multiplies more than two inputs, which cannot be explained.")
    first, second = call.inputs
    return [_like(gradient * second, first), _like(gradient * first, second)]


def _like(gradient: Any, tensor: Any) -> Any:
    """Sum a gradient over the axes along which `tensor` was repeated."""
    axes = [i for i, (g, t) in enumerate(zip(_shape(gradient), _shape(tensor), strict=True)) if g != t]
    return tf.reduce_sum(gradient, axis=axes, keepdims=True) if axes else gradient


def _concatenate(call: Call, gradient: Any) -> list[Any]:
    axis = call.layer.axis
    return list(tf.split(gradient, [int(x.shape[axis]) for x in call.inputs], axis=axis))


def _response_norm(call: Call, gradient: Any) -> list[Any]:
    layer, x = call.layer, call.inputs[0]
    base = layer.base(x)
    # The window is symmetric, so the sum over the neighbours that a channel feeds is the same banded convolution.
    neighbours = tf.nn.conv2d(gradient * x * base ** (-layer.beta - 1), layer.band, 1, "SAME")
    return [gradient * base**-layer.beta - (2 * layer.alpha * layer.beta / layer.size) * x * neighbours]


def _autodiff(call: Call, gradient: Any) -> list[Any]:
    """TensorFlow's own gradient, for layers built from operations whose gradients LiteRT has."""
    with tf.GradientTape() as tape:
        tape.watch(call.inputs[0])
        output = call.layer(call.inputs[0])
    return [tape.gradient(output, call.inputs[0], output_gradients=gradient)]


_RULES: dict[type, Callable[[Call, Any], list[Any]]] = {
    layers.DepthwiseConv2D: _depthwise,
    layers.Conv2D: _conv2d,
    layers.Dense: _dense,
    ScaleShift: _scale_shift,
    layers.ReLU: _relu,
    layers.Activation: _activation,
    layers.MaxPooling2D: _max_pool,
    layers.AveragePooling2D: _average_pool,
    layers.GlobalAveragePooling2D: _global_average,
    layers.Flatten: _reshape,
    layers.Reshape: _reshape,
    layers.Add: _add,
    layers.Multiply: _multiply,
    layers.Concatenate: _concatenate,
    LocalResponseNormalization: _response_norm,
    HistogramOfGradients: _autodiff,
}
