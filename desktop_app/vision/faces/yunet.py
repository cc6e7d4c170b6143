"""The YuNet network in LiteRT, with the decoding that OpenCV's `cv2.FaceDetectorYN` does.

    network = YuNetNetwork(yunet_weights(), threads=2)
    rows = network.faces(image_bgr, score_threshold=0.3)      # float32 (n, 15)

LiteRT, which runs the gender and age network as well, takes less than half of the processor time that OpenCV's own
network code takes for the same weights. `tools/convert_yunet.py` writes the file.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.errors import ModelError

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter

STRIDES = (8, 16, 32)
COARSEST = STRIDES[-1]
CHANNELS = 16
"""Channels of an output: face, objectness, box (4), landmarks (10)."""

NMS_IOU = 0.3
MOST_FACES = 1000
_REINSTALL = "Install Headcount again."

_MOST_SIZES = 6
"""Picture sizes for which a ready interpreter is kept: the canvases of `pieces`, whole pictures and tiles.

One takes 3 MB at 192x160, 20 MB at 640x384, and some milliseconds to make."""


class YuNetNetwork:
    """YuNet for pictures of any size; an interpreter is kept for each of the sizes last used. Not thread-safe.

    Raises ModelError where the weights are missing or no LiteRT file of this network.
    """

    def __init__(self, weights: Path, threads: int = 1) -> None:
        if not weights.is_file():
            raise ModelError(f"The face detector's file {weights.name} is missing.", _REINSTALL)
        self._name = weights.name
        self._threads = threads
        self._prepared: OrderedDict[tuple[int, int], _Prepared] = OrderedDict()
        try:
            self._content = weights.read_bytes()
            self._prepare(64, 64)
        except (OSError, ValueError, RuntimeError, IndexError) as error:
            raise ModelError(f"The face detector's file {weights.name} cannot be read.", _REINSTALL) from error

    def faces(self, image_bgr: NDArray[np.uint8], score_threshold: float) -> NDArray[np.float32]:
        """Return the faces of a uint8 (height, width, 3) BGR picture from a score on, best first: float32 (n, 15).

        A row is x, y, width and height of the box, five landmarks x and y (right eye, left eye, nose, right and left
        corner of the mouth), all in pixels and not clipped to the picture, and the score: as `cv2.FaceDetectorYN` has
        it. `score_threshold` is above 0. Raises ModelError if LiteRT cannot run the network.
        """
        height, width = image_bgr.shape[:2]
        try:
            outputs = self._prepare(_whole(height), _whole(width)).run(image_bgr)
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"The face detector's file {self._name} cannot be run.", _REINSTALL) from error
        return without_doubles(decode(outputs, score_threshold), score_threshold)

    def _prepare(self, height: int, width: int) -> _Prepared:
        size = (height, width)
        if size in self._prepared:
            self._prepared.move_to_end(size)
        else:
            self._prepared[size] = _Prepared(self._content, size, self._threads)
            if len(self._prepared) > _MOST_SIZES:
                self._prepared.popitem(last=False)
        return self._prepared[size]


class _Prepared:
    """An interpreter for pictures of up to one size, whose memory is allocated. Raises ValueError or RuntimeError."""

    def __init__(self, content: bytes, size: tuple[int, int], threads: int) -> None:
        # LiteRT takes half a second to import: it is paid by the thread that counts, not by the window's start.
        from ai_edge_litert.interpreter import Interpreter

        self._size = size
        self._interpreter: Interpreter = Interpreter(model_content=content, num_threads=threads)
        self._input: int = self._interpreter.get_input_details()[0]["index"]
        self._interpreter.resize_tensor_input(self._input, (1, *size, 3), strict=False)
        self._interpreter.allocate_tensors()
        self._outputs = self._find_outputs(self._interpreter.get_output_details())

    def _find_outputs(self, details: list[dict[str, Any]]) -> list[int]:
        """Return the numbers of the output tensors in the order of `STRIDES`; their own order is the converter's."""
        wanted = [(1, self._size[0] // stride, self._size[1] // stride, CHANNELS) for stride in STRIDES]
        # The shapes are those of the allocated tensors, so that files of another network are noticed here.
        found = {tuple(int(n) for n in detail["shape"]): int(detail["index"]) for detail in details}
        if set(found) != set(wanted):
            raise ValueError(f"outputs {sorted(found)} instead of {wanted}")
        return [found[shape] for shape in wanted]

    def run(self, image_bgr: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Run a picture; what it lacks to the prepared size on its right and below is black, as in OpenCV."""
        height, width = image_bgr.shape[:2]
        # Written where LiteRT reads it: `set_tensor` would copy it once more. No reference may be left when it runs.
        pixels = self._interpreter.tensor(self._input)()[0]
        pixels[:height, :width] = image_bgr
        pixels[height:] = 0
        pixels[:height, width:] = 0
        del pixels
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index)[0] for index in self._outputs]


def decode(outputs: Sequence[NDArray[np.float32]], score_threshold: float) -> NDArray[np.float32]:
    """Return the faces that the cells of the outputs tell of, float32 (n, 15) as in `YuNetNetwork.faces`, doubles too.

    `outputs` has one array (rows, columns, 16) for each of `STRIDES`. The score is the geometric mean of "face" and
    "objectness"; box and landmarks are relative to the cell, as `FaceDetectorYNImpl` of OpenCV 4 has it.
    """
    # Both sigmoids are at least the square of a score from the threshold on: only such cells are worth an exponential.
    square = min(score_threshold * score_threshold, 1 - 1e-7)
    least = math.log(square / (1 - square)) - 1e-3
    chosen, corners, strides = [], [], []
    for output, stride in zip(outputs, STRIDES, strict=True):
        cells = output.reshape(-1, CHANNELS)
        hits = np.flatnonzero(np.minimum(cells[:, 0], cells[:, 1]) >= least)
        if not len(hits):
            continue
        chosen.append(cells[hits])
        corners.append(np.stack([hits % output.shape[1], hits // output.shape[1]], axis=1))
        strides.append(np.full((len(hits), 1), stride, np.float32))
    if not chosen:
        return np.empty((0, 15), np.float32)
    cells, corner, stride_of = np.concatenate(chosen), np.concatenate(corners), np.concatenate(strides)
    score = np.sqrt((1 / (1 + np.exp(-cells[:, :2]))).prod(axis=1))
    found = np.empty((len(cells), 15), np.float32)
    found[:, 2:4] = np.exp(cells[:, 4:6]) * stride_of
    found[:, :2] = (corner + cells[:, 2:4]) * stride_of - found[:, 2:4] / 2
    found[:, 4:14] = (np.concatenate([corner] * 5, axis=1) + cells[:, 6:16]) * stride_of
    found[:, 14] = score
    return np.asarray(found[score >= score_threshold], np.float32)


def without_doubles(found: NDArray[np.float32], score_threshold: float) -> NDArray[np.float32]:
    """Return the rows without those that overlap a better one by more than `NMS_IOU`, best first."""
    if len(found) < 2:
        return found
    # OpenCV compares the boxes in whole pixels.
    boxes = np.trunc(found[:, :4]).astype(np.float64)
    scores = found[:, 14].astype(np.float32)
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), score_threshold, NMS_IOU, 1.0, MOST_FACES)
    return found[np.asarray(kept, np.intp).reshape(-1)]


def _whole(length: int) -> int:
    """Return the multiple of the coarsest stride that a side is filled up to."""
    return -(-length // COARSEST) * COARSEST
