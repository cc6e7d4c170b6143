"""Writes the LiteRT file of the YuNet face detector from its published ONNX file. Needs TensorFlow and `onnx`.

    python tools/convert_yunet.py [tools/yunet/face_detection_yunet_2023mar.onnx] [models/yunet/NAME.tflite]

The network is built again from the weights of the ONNX file, with the same arithmetic: 3x3 convolution, then units of a
1x1 convolution and a 3x3 depthwise one, a feature pyramid over the strides 8, 16 and 32, and the heads. Differences:

- Channels come last, and the four heads of a stride are one head of 16 channels: face, objectness, box (4), landmarks
  (10). Their 1x1 convolutions read the same features, and the depthwise ones keep channels apart, so nothing changes.
- The sigmoid of the first two is left to whoever reads the output, who needs it for few cells.
- Doubling the size of a feature map repeats its channels and moves them into space. The usual operation has the size as
  a constant in the file, so that the picture's size could not be chosen when the program runs.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
NAME = "face_detection_yunet_2023mar"
STRIDES = (8, 16, 32)
HEADS = ("cls", "obj", "bbox", "kps")
"""The heads of a stride in the order of the output's channels."""

STORED_SIDE = STRIDES[-1]
"""The side in pixels of the pictures that the file says it takes, the smallest there is: the program resizes it. LiteRT
first asks for the memory that this size needs and does not give it back for a smaller one: 13 MB at 640 pixels."""

UNITS = 14
"""Pairs of a 1x1 and a depthwise convolution in backbone and neck, behind the first convolution."""

Layer = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Weights (out, in, height, width) as ONNX has them, and biases (out,)."""


def read_layers(path: Path) -> tuple[list[Layer], Mapping[str, Layer]]:
    """Return the convolutions of the backbone and the neck in the order they run, and those of the heads by name.

    Raises SystemExit if the file is not the network that this script knows.
    """
    import onnx

    graph = onnx.load(str(path)).graph
    weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    trunk: list[Layer] = []
    heads: dict[str, Layer] = {}
    for node in graph.node:
        if node.op_type != "Conv":
            continue
        layer = (weights[node.input[1]], weights[node.input[2]])
        if node.input[1].startswith("bbox_head.multi_level_"):
            heads[node.input[1].removeprefix("bbox_head.multi_level_").removesuffix(".weight")] = layer
        else:
            trunk.append(layer)
    if len(trunk) != 1 + 2 * UNITS or len(heads) != 2 * len(HEADS) * len(STRIDES):
        raise SystemExit(f"{path.name} has {len(trunk)} and {len(heads)} convolutions; it is another network.")
    return trunk, heads


def convert(path: Path) -> bytes:
    """Return the content of the LiteRT file: float32 pixels (1, height, width, 3), BGR, 0 to 255, both sides multiples
    of 32 -> per stride float32 (1, height / stride, width / stride, 16).
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    layers, heads = read_layers(path)
    trunk = iter(layers)

    def pointwise(x: Any, layer: Layer) -> Any:
        return tf.nn.bias_add(tf.nn.conv2d(x, layer[0].transpose(2, 3, 1, 0), 1, "SAME"), layer[1])

    def depthwise(x: Any, layer: Layer) -> Any:
        kernel = layer[0].transpose(2, 3, 0, 1)
        return tf.nn.bias_add(tf.nn.depthwise_conv2d(x, kernel, (1, 1, 1, 1), "SAME"), layer[1])

    def unit(x: Any) -> Any:
        return tf.nn.relu(depthwise(pointwise(x, next(trunk)), next(trunk)))

    def halved(x: Any) -> Any:
        return tf.nn.max_pool2d(x, 2, 2, "VALID")

    def doubled(x: Any) -> Any:
        return tf.nn.depth_to_space(tf.concat([x] * 4, axis=3), 2)

    def head(x: Any, level: int) -> Any:
        for convolution, apply in (("conv1", pointwise), ("conv2", depthwise)):
            parts = [heads[f"{head}.{level}.{convolution}"] for head in HEADS]
            x = apply(x, (np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])))
        return x

    def network(image: Any) -> dict[str, Any]:
        kernel, bias = next(trunk)
        image = tf.pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]])
        x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(image, kernel.transpose(2, 3, 1, 0), 2, "VALID"), bias))
        x = halved(unit(x))
        x = halved(unit(unit(unit(unit(x)))))
        fine = unit(unit(x))
        middle = unit(unit(halved(fine)))
        coarse = unit(unit(halved(middle)))
        coarse = unit(coarse)
        middle = unit(middle + doubled(coarse))
        fine = unit(fine + doubled(middle))
        return {f"stride_{s}": head(x, i) for i, (s, x) in enumerate(zip(STRIDES, (fine, middle, coarse), strict=True))}

    picture = tf.TensorSpec((1, STORED_SIDE, STORED_SIDE, 3), tf.float32, name="image")
    traced = tf.function(network, input_signature=[picture]).get_concrete_function()
    return bytes(tf.lite.TFLiteConverter.from_concrete_functions([traced]).convert())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", type=Path, default=ROOT / "tools" / "yunet" / f"{NAME}.onnx")
    parser.add_argument("target", nargs="?", type=Path, default=ROOT / "models" / "yunet" / f"{NAME}.tflite")
    arguments = parser.parse_args()
    content = convert(arguments.source)
    arguments.target.write_bytes(content)
    print(f"{arguments.target}: {len(content)} bytes")


if __name__ == "__main__":
    main()
