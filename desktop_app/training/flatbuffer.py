"""What the converter leaves to be mended in a LiteRT file.

The converter stores the weights of each signature on their own. They are the same numbers, so pointing both at one
buffer halves the file (`share_buffers`). And with 8-bit weights it also stores the filters of depthwise convolutions
so, for which LiteRT has only a slow way (`float_depthwise`).

And one answer of a finished network can be learned again: `before_answer` gives what its last layer sees, `with_answer`
puts another last layer in.
"""

from __future__ import annotations

import hashlib
from typing import Any

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from desktop_app.errors import ModelError


def share_buffers(content: bytes) -> bytes:
    """Return the LiteRT model with equal constant buffers stored once; what it computes does not change."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    first_of: dict[bytes, int] = {}
    target = list(range(len(model.buffers)))
    for i, buffer in enumerate(model.buffers):
        if i == 0 or buffer.data is None or len(buffer.data) == 0:
            continue  # buffer 0 means "no data" by convention
        digest = hashlib.sha256(np.asarray(buffer.data, np.uint8).tobytes()).digest()
        target[i] = first_of.setdefault(digest, i)
    kept = [i for i in range(len(model.buffers)) if target[i] == i]
    place = {old: new for new, old in enumerate(kept)}
    model.buffers = [model.buffers[i] for i in kept]
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.buffer = place[target[tensor.buffer]]
    for entry in model.metadata or []:
        entry.buffer = place[target[entry.buffer]]
    return _packed(model)


def float_depthwise(content: bytes) -> bytes:
    """Return the LiteRT model with the 8-bit filters of its depthwise convolutions as the float32 numbers they mean.

    XNNPACK, LiteRT's fast kernels, runs an 8-bit filter over float32 values in all convolutions but these: each of them
    is left to a slow kernel and cuts the network in two. They have few weights, so the file hardly grows; the network
    Headcount (EfficientNet-Lite2) takes half of the time. Answers differ by what rounding the values between
    two layers to 8 bits had cost.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    for graph in model.subgraphs:
        for operator in graph.operators:
            if codes[operator.opcodeIndex] == schema.BuiltinOperator.DEPTHWISE_CONV_2D:
                _make_float(model, graph.tensors[operator.inputs[1]])
    return _packed(model)


def _make_float(model: Any, tensor: Any) -> None:
    """Turn a constant 8-bit tensor into float32; any other is left as it is."""
    stored = model.buffers[tensor.buffer].data
    if tensor.type != schema.TensorType.INT8 or stored is None or len(stored) == 0:
        return
    numbers: NDArray[np.int8] = np.asarray(stored, np.uint8).view(np.int8).reshape(tensor.shape)
    scale = np.asarray(tensor.quantization.scale, np.float32)
    zero = np.asarray(tensor.quantization.zeroPoint, np.float32)
    one_a_channel = [1] * numbers.ndim
    one_a_channel[tensor.quantization.quantizedDimension] = len(scale)
    _put(model, tensor, (numbers - zero.reshape(one_a_channel)) * scale.reshape(one_a_channel))


def before_answer(content: bytes, answer: str) -> bytes:
    """Return the model cut off before the last dense layer of the answer `answer`: its one output is what that takes.

    Raises ModelError where the signature "predict" has no such answer, or it does not come from a dense layer.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    graph = model.subgraphs[0]
    features = int(_dense_layer(model, answer).inputs[0])
    made_by = {int(tensor): operator for operator in graph.operators for tensor in operator.outputs}
    needed: dict[int, Any] = {}
    left = [features]
    while left:
        operator = made_by.get(left.pop())
        if operator is not None and id(operator) not in needed:
            needed[id(operator)] = operator
            left += [int(tensor) for tensor in operator.inputs if tensor >= 0]
    graph.operators = [operator for operator in graph.operators if id(operator) in needed]
    graph.outputs = np.array([features], np.int32)
    model.signatureDefs = []
    return _packed(model)


def with_answer(content: bytes, answer: str, weights: NDArray[np.float32], bias: NDArray[np.float32]) -> bytes:
    """Return the model with another last dense layer for the answer `answer`: weights (units, features), bias (units,).

    They are stored as 32-bit numbers. Raises ModelError as `before_answer` does, and where the shapes do not fit.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    graph = model.subgraphs[0]
    for index, values in zip(_dense_layer(model, answer).inputs[1:3], (weights, bias), strict=True):
        tensor = graph.tensors[int(index)]
        if list(tensor.shape) != list(values.shape):
            raise ModelError(f"The layer of the answer {answer} has {list(tensor.shape)} weights, not {values.shape}.")
        _put(model, tensor, values)
    return _packed(model)


def _dense_layer(model: Any, answer: str) -> Any:
    """The dense layer from which alone the answer comes, by layers that take one thing each."""
    outputs = {o.name.decode(): int(o.tensorIndex) for s in model.signatureDefs or [] for o in s.outputs}
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    graph = model.subgraphs[0]
    made_by = {int(tensor): operator for operator in graph.operators for tensor in operator.outputs}
    operator = made_by.get(outputs.get(answer, -1))
    while operator is not None and codes[operator.opcodeIndex] != schema.BuiltinOperator.FULLY_CONNECTED:
        operator = made_by.get(int(operator.inputs[0]))
    if operator is None:
        raise ModelError(f"The model has no answer {answer} that comes from a dense layer.")
    return operator


def _put(model: Any, tensor: Any, values: NDArray[np.float32]) -> None:
    """Make a constant tensor these 32-bit numbers."""
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(values.astype("<f4").tobytes(), np.uint8)
    model.buffers.append(buffer)
    tensor.buffer = len(model.buffers) - 1
    tensor.type, tensor.quantization = schema.TensorType.FLOAT32, None


def _packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
