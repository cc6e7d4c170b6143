"""Caffe networks (`.prototxt` + `.caffemodel`) through OpenCV's DNN module, such as the pair of Levi and Hassner 2015.

The card holds `nets` in place of `file`: role -> {"prototxt": NAME, "weights": NAME}, one network a role ("gender",
"age"); each network's last layer is the output of its role.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.errors import ModelError
from desktop_app.vision.attributes.model_card import CARD_NAME, REMEDY, card_object, read_weights, weight_file
from desktop_app.vision.attributes.preprocess import InputSpec, normalise

LEVI_HASSNER_INPUT: Mapping[str, Any] = {
    "width": 227,
    "height": 227,
    "colour": "bgr",
    "mean": [78.426, 87.769, 114.896],
    "scale": 1.0,
    "box_scale": 1.3,
}
"""How the pair of Levi and Hassner is fed; their faces had more room around them than our boxes."""

LEVI_HASSNER_LABELS: Mapping[str, list[str]] = {
    "gender": ["male", "female"],
    "age": ["0-2", "4-6", "8-13", "15-20", "25-32", "38-43", "48-53", "60-100"],
}
"""The order of their outputs, as the authors' own code has it."""


class CaffeNetwork:
    """One or two Caffe networks as one. Runs one face a call: a batch gave wrong numbers for its later faces."""

    def __init__(self, model_dir: Path, card: Mapping[str, Any], spec: InputSpec, _threads: int) -> None:
        nets = card_object(card, "nets", model_dir.name)
        outputs = card_object(card, "outputs", model_dir.name)
        self._spec = spec
        self._name = model_dir.name
        self._nets: dict[str, cv2.dnn.Net] = {}
        for role, files in nets.items():
            if not isinstance(files, dict) or "prototxt" not in files or "weights" not in files:
                raise ModelError(
                    f"The {role} network of the model {model_dir.name} needs 'prototxt' and 'weights' in {CARD_NAME}.",
                    REMEDY,
                )
            prototxt = weight_file(model_dir, files["prototxt"])
            weights = weight_file(model_dir, files["weights"])
            self._nets[str(outputs.get(role, role))] = read_caffe(prototxt, weights, files.get("sha256"))

    def run(self, crops: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        found: dict[str, list[NDArray[np.float32]]] = {name: [] for name in self._nets}
        for face in normalise(crops, self._spec):
            blob = np.ascontiguousarray(face.transpose(2, 0, 1)[None])
            for name, net in self._nets.items():
                found[name].append(_forward(net, blob, self._name))
        return {name: np.stack(rows) for name, rows in found.items()}


def read_caffe(prototxt: Path, weights: Path, sha256: str | None = None) -> cv2.dnn.Net:
    """Read one network. Raises ModelError saying which of the two files is missing, damaged or does not fit."""
    layout = read_weights(prototxt, None)
    content = read_weights(weights, sha256)
    if b"layer" not in layout:
        raise ModelError(f"{prototxt.name} is not a Caffe network description (.prototxt).", REMEDY)
    try:
        # From memory, since OpenCV cannot open every path that Windows can.
        net = cv2.dnn.readNetFromCaffe(np.frombuffer(layout, np.uint8), np.frombuffer(content, np.uint8))
    except cv2.error as error:
        raise ModelError(
            f"{weights.name} does not fit {prototxt.name}, or one of the two is damaged ({error.err}).", REMEDY
        ) from error
    return net


def _forward(net: cv2.dnn.Net, blob: NDArray[np.float32], model: str) -> NDArray[np.float32]:
    try:
        net.setInput(blob)
        return np.array(net.forward(), np.float32).reshape(-1)
    except cv2.error as error:
        raise ModelError(
            f"The Caffe network of the model {model} does not take pictures of {blob.shape[3]}x{blob.shape[2]}, or its "
            f"weights do not fit its layers ({error.err}).",
            REMEDY,
        ) from error


def output_size(net: cv2.dnn.Net, width: int = 227, height: int = 227, channels: int = 3) -> int:
    """Return how many values the network gives for one picture of that size. Raises ModelError."""
    return len(_forward(net, np.zeros((1, channels, height, width), np.float32), "chosen"))


def answer_sizes(layouts: Sequence[Path], weights: Sequence[Path], side: int) -> list[tuple[Path, Path, int] | str]:
    """Return for each layout (layout, the first of `weights` that fits it, its number of answers), or why none fits.

    To be run in a child process: OpenCV divides by numbers of the layout that may be 0.
    """
    found: list[tuple[Path, Path, int] | str] = []
    for layout in layouts:
        problem = ""
        for weight in sorted(weights, key=lambda w: -_alike(w.stem, layout.stem)):
            try:
                found.append((layout, weight, output_size(read_caffe(layout, weight), side, side)))
                break
            except ModelError as error:
                problem = problem or error.message
        else:
            found.append(problem)
    return found


def _alike(first: str, second: str) -> int:
    """How many words two file names share: gender_net and deploy_gender share one."""
    return len(set(re.split(r"[^a-z0-9]+", first.lower())) & set(re.split(r"[^a-z0-9]+", second.lower())))
