"""What is mended in a file that the LiteRT converter wrote."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from desktop_app.errors import ModelError
from desktop_app.resources import model_path
from desktop_app.training.flatbuffer import before_answer, float_depthwise, with_answer

pytestmark = pytest.mark.train


def filters(content: bytes, operator: int) -> list[int]:
    """The types of the filters of all operators of a kind."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    graph = model.subgraphs[0]
    codes = [code.builtinCode for code in model.operatorCodes]
    return [graph.tensors[op.inputs[1]].type for op in graph.operators if codes[op.opcodeIndex] == operator]


def answer(content: bytes, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    interpreter = Interpreter(model_content=content)
    interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], pictures.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pictures)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))


def test_depthwise_filters_of_eight_bits_become_the_numbers_they_stand_for() -> None:
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(3)
    pictures = keras.Input((12, 12, 3))
    x = keras.layers.Conv2D(256, 3, activation="relu")(pictures)
    x = keras.layers.DepthwiseConv2D(3, activation="relu", bias_initializer="random_normal")(x)
    model = keras.Model(pictures, keras.layers.Conv2D(8, 1)(x))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    before = converter.convert()
    after = float_depthwise(before)

    depthwise, plain = schema.BuiltinOperator.DEPTHWISE_CONV_2D, schema.BuiltinOperator.CONV_2D
    assert filters(before, depthwise) == [schema.TensorType.INT8]
    assert filters(after, depthwise) == [schema.TensorType.FLOAT32]
    assert filters(after, plain) == filters(before, plain) == [schema.TensorType.INT8] * 2

    seen = np.random.default_rng(0).random((4, 12, 12, 3), np.float32)
    exact, rounded, now = np.asarray(model(seen)), answer(before, seen), answer(after, seen)
    assert np.abs(now - exact).mean() <= np.abs(rounded - exact).mean()
    assert now == pytest.approx(exact, abs=0.05 * float(exact.std()))


def said_of(content: bytes, pictures: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    return dict(Interpreter(model_content=content).get_signature_runner("predict")(crops=pictures))


def test_another_last_layer_changes_its_answer_and_no_other() -> None:
    shipped = (model_path("headcount_fast") / "model.tflite").read_bytes()
    seen = np.random.default_rng(0).uniform(-1, 1, (3, 80, 80, 3)).astype(np.float32)
    features = answer(before_answer(shipped, "face"), seen).reshape(2, 3, -1)  # the crops, then their mirror images
    weights = np.random.default_rng(1).normal(0, 0.1, (1, features.shape[-1])).astype(np.float32)
    bias = np.array([-0.5], np.float32)

    before, after = said_of(shipped, seen), said_of(with_answer(shipped, "face", weights, bias), seen)
    wanted = (1 / (1 + np.exp(-(features @ weights[0] + bias)))).mean(0)
    assert after["face"][:, 0] == pytest.approx(wanted, abs=1e-4)
    assert after["face"] != pytest.approx(before["face"], abs=0.05)
    for name in ("gender", "age", "embedding"):
        assert after[name] == pytest.approx(before[name], abs=1e-5)


def test_a_layer_that_does_not_fit_or_is_not_there_is_refused() -> None:
    shipped = (model_path("headcount_fast") / "model.tflite").read_bytes()
    with pytest.raises(ModelError, match="weights, not"):
        with_answer(shipped, "face", np.zeros((1, 3), np.float32), np.zeros(1, np.float32))
    with pytest.raises(ModelError, match="no answer hat"):
        before_answer(shipped, "hat")
