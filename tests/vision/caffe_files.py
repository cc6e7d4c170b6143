"""Writes real `.prototxt` and `.caffemodel` files without Caffe, in the protobuf wire format; the same net in numpy.

Field numbers are those of `caffe.proto`: NetParameter name 1, layer 100; LayerParameter name 1, type 2, blobs 7;
BlobProto data 5 (packed floats), shape 7; BlobShape dim 1 (packed int64).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def blob(array: NDArray[np.float32]) -> bytes:
    shape = field(1, b"".join(varint(n) for n in array.shape))
    return field(5, array.astype("<f4").tobytes()) + field(7, shape)


@dataclass
class SmallNet:
    """conv 5x5 stride 4, ReLU, max pooling 3x3, LRN, dropout, dense, softmax: Levi-Hassner's layers in small."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    dense: NDArray[np.float32]
    dense_bias: NDArray[np.float32]
    side: int

    @classmethod
    def random(cls, classes: int, side: int = 227, seed: int = 0) -> SmallNet:
        rng = np.random.default_rng(seed)
        conv = (side - 5) // 4 + 1
        pooled = -(-(conv - 3) // 2) + 1  # Caffe rounds the size of a pooling up
        f32 = np.float32
        return cls(
            rng.normal(0, 0.02, (4, 3, 5, 5)).astype(f32),
            rng.normal(0, 0.5, 4).astype(f32),
            rng.normal(0, 0.003, (classes, 4 * pooled * pooled)).astype(f32),
            rng.normal(0, 0.5, classes).astype(f32),
            side,
        )

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        prototxt, weights = folder / f"{name}.prototxt", folder / f"{name}.caffemodel"
        prototxt.write_text(
            f"""name: "{name}"
input: "data"
input_dim: 1 input_dim: 3 input_dim: {self.side} input_dim: {self.side}
layer {{ name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param {{ num_output: {len(self.bias)} kernel_size: 5 stride: 4 }} }}
layer {{ name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }}
layer {{ name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
  pooling_param {{ pool: MAX kernel_size: 3 stride: 2 }} }}
layer {{ name: "norm1" type: "LRN" bottom: "pool1" top: "norm1"
  lrn_param {{ local_size: 3 alpha: 0.001 beta: 0.75 }} }}
layer {{ name: "drop1" type: "Dropout" bottom: "norm1" top: "norm1" dropout_param {{ dropout_ratio: 0.5 }} }}
layer {{ name: "fc" type: "InnerProduct" bottom: "norm1" top: "fc"
  inner_product_param {{ num_output: {len(self.dense_bias)} }} }}
layer {{ name: "prob" type: "Softmax" bottom: "fc" top: "prob" }}
""",
            encoding="utf-8",
        )
        layers = (("conv1", "Convolution", self.kernel, self.bias), ("fc", "InnerProduct", self.dense, self.dense_bias))
        content = field(1, name.encode())
        for layer, kind, kernel, bias in layers:
            content += field(
                100, field(1, layer.encode()) + field(2, kind.encode()) + field(7, blob(kernel)) + field(7, blob(bias))
            )
        weights.write_bytes(content)
        return prototxt, weights

    def run(self, picture: NDArray[np.float32]) -> NDArray[np.float64]:
        """Softmax over the classes for one picture, float32 (side, side, 3), by numpy alone."""
        x = picture.transpose(2, 0, 1).astype(np.float64)
        windows = np.lib.stride_tricks.sliding_window_view(x, (5, 5), axis=(1, 2))[:, ::4, ::4]
        conv = np.einsum("chwij,ocij->ohw", windows, self.kernel) + self.bias[:, None, None]
        conv = np.maximum(conv, 0)
        size = -(-(conv.shape[1] - 3) // 2) + 1
        pooled = np.stack(
            [[conv[:, r * 2 : r * 2 + 3, c * 2 : c * 2 + 3].max(axis=(1, 2)) for c in range(size)] for r in range(size)]
        )
        maps = pooled.transpose(2, 0, 1)
        padded = np.pad(maps**2, ((1, 1), (0, 0), (0, 0)))
        maps = maps / (1 + 0.001 / 3 * (padded[:-2] + padded[1:-1] + padded[2:])) ** 0.75
        scores = self.dense @ maps.reshape(-1) + self.dense_bias
        powers = np.exp(scores - scores.max())
        return np.asarray(powers / powers.sum())
