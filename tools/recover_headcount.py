"""Bring the residual network of Headcount 0.1 back from its exported files into a checkpoint that can be built on.

    python -m tools.recover_headcount models/headcount out/training/runs/residual

Its training run is lost; what the app shipped is not: `explain.tflite` holds the convolutions with 16 bits, BatchNorm
folded in, and `model.tflite` the three answers. The checkpoint answers as they do, to the rounding of 8 bits.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from desktop_app.training import checkpoint, networks
from desktop_app.training import config as configs
from desktop_app.training.checkpoint import Notes
from desktop_app.training.seen import known_list

_TYPES = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.FLOAT16: np.float16, schema.TensorType.INT8: np.int8}
HEADS = {9: "age", 1: "face", 2: "gender"}


class Graph:
    """The operators of a LiteRT file's first signature, with the constants that they read."""

    def __init__(self, path: Path) -> None:
        self.model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(path.read_bytes(), 0))
        self.graph = self.model.subgraphs[0]
        self.maker = {int(op.outputs[0]): op for op in self.graph.operators}

    def operators(self, kind: int) -> list[Any]:
        codes = [code.builtinCode for code in self.model.operatorCodes]
        return [op for op in self.graph.operators if codes[op.opcodeIndex] == kind]

    def constant(self, index: int) -> NDArray[np.float32] | None:
        """The numbers of a constant tensor, also behind a conversion from 16 bits; None if it is computed."""
        tensor = self.graph.tensors[index]
        data = self.model.buffers[tensor.buffer].data
        if data is None or len(data) == 0:
            made = self.maker.get(int(index))
            return self.constant(int(made.inputs[0])) if made is not None and len(made.inputs) == 1 else None
        values = np.asarray(data, np.uint8).view(_TYPES[tensor.type]).reshape(tensor.shape).astype(np.float32)
        if tensor.type == schema.TensorType.INT8:
            scale = np.asarray(tensor.quantization.scale, np.float32)
            values = values * scale.reshape([-1] + [1] * (values.ndim - 1))
        return np.asarray(values, np.float32)


def recover(folder: Path) -> Any:
    """The Keras network `headcount` with the weights of a model folder of Headcount 0.1."""
    model = networks.build(configs.load("headcount"))
    answers, reasons = Graph(folder / "model.tflite"), Graph(folder / "explain.tflite")
    order = [
        "stem", "stage1_1_a", "stage1_1_b", "stage2_1_a", "stage2_1_b", "stage2_1_skip", "stage2_2_a", "stage2_2_b",
        "stage3_1_a", "stage3_1_b", "stage3_1_skip", "stage3_2_a", "stage3_2_b", "stage4_1_a", "stage4_1_b",
        "stage4_1_skip", "stage4_2_a", "stage4_2_b",
    ]  # fmt: skip
    convolutions = reasons.operators(schema.BuiltinOperator.CONV_2D)[: len(order)]
    for name, operator in zip(order, convolutions, strict=True):
        kernel, bias = (reasons.constant(int(i)) for i in operator.inputs[1:3])
        assert kernel is not None
        assert bias is not None
        model.get_layer(f"{name}_conv").set_weights([kernel.transpose(1, 2, 3, 0)])
        norm = model.get_layer(f"{name}_bn")
        ones = np.ones(len(bias), np.float32)
        norm.set_weights([ones, bias, ones * 0, ones - norm.epsilon])
    for operator in answers.operators(schema.BuiltinOperator.FULLY_CONNECTED):
        kernel, bias = (answers.constant(int(i)) for i in operator.inputs[1:3])
        assert kernel is not None
        assert bias is not None
        model.get_layer(HEADS[len(bias)]).set_weights([kernel.T, bias])
    return model


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path, help="folder of the run to write")
    options = parser.parse_args()
    data = {"name": "fairface", "train": 37895, "val": 2017, "test": 4982}
    notes = Notes(configs.load("headcount"), 102, data=data, seen=known_list("fairface"))
    checkpoint.save(recover(options.model), notes, options.out / "best.keras")
    return 0


if __name__ == "__main__":
    sys.exit(main())
