"""The LiteRT files that ship are written so that running them costs no more time and memory than need be."""

from __future__ import annotations

from pathlib import Path

import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from desktop_app.resources import yunet_weights
from desktop_app.vision.faces.yunet import COARSEST

MODELS = yunet_weights().parents[1]
COUNTING = sorted(path.relative_to(MODELS).as_posix() for path in MODELS.glob("*/model.tflite"))


@pytest.mark.parametrize("name", COUNTING)
def test_no_depthwise_convolution_is_left_to_the_slow_kernels(name: str) -> None:
    """`python -m tools.float_depthwise models/NAME` mends a file that was exported otherwise."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(Path(MODELS / name).read_bytes(), 0))
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    filters = [
        graph.tensors[operator.inputs[1]].type
        for graph in model.subgraphs
        for operator in graph.operators
        if codes[operator.opcodeIndex] == schema.BuiltinOperator.DEPTHWISE_CONV_2D
    ]
    assert schema.TensorType.INT8 not in filters


def test_the_detector_is_stored_for_the_smallest_picture() -> None:
    """LiteRT asks for the memory that the stored size needs, whatever size is chosen before it is run."""
    shape = Interpreter(model_path=str(yunet_weights())).get_input_details()[0]["shape"].tolist()
    assert shape == [1, COARSEST, COARSEST, 3]
