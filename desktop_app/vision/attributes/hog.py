"""The classical baseline: histograms of oriented gradients and a linear classifier, without any network.

HOG is Dalal and Triggs 2005 ("Histograms of Oriented Gradients for Human Detection"), by OpenCV's `HOGDescriptor`; the
classifier is multinomial logistic regression, whose weights are numpy arrays in one `.npz`:

`gender_weights` (d, 2), `gender_bias` (2,), and optionally `age_weights` (d, k), `age_bias` (k,): scores before softmax
in the order of the card's labels. The card's "hog" holds `block`, `stride`, `cell` (pixels) and `bins`; the window is
the input.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.errors import ModelError
from desktop_app.vision.attributes.model_card import CARD_NAME, REMEDY, read_weights, weight_file
from desktop_app.vision.attributes.preprocess import InputSpec

_MOST_UNPACKED_BYTES = 2**29


@dataclass(frozen=True, slots=True)
class HogSpec:
    """How a picture becomes gradients: sizes in pixels, `block` a multiple of `cell`, both in step with the window."""

    width: int
    height: int
    block: int = 16
    stride: int = 8
    cell: int = 8
    bins: int = 9

    def __post_init__(self) -> None:
        fits = (
            min(self.cell, self.stride, self.bins) > 0
            and self.bins <= 180
            and self.block % self.cell == 0
            and (self.width - self.block) % self.stride == 0
            and (self.height - self.block) % self.stride == 0
            and self.block <= min(self.width, self.height)
        )
        if not fits:
            raise ModelError(f"The HOG model's block, stride and cell do not fit its window: {self}.", REMEDY)

    @classmethod
    def of_card(cls, card: Mapping[str, Any], spec: InputSpec) -> HogSpec:
        """Read "hog" of a card. Raises ModelError for what is no whole number."""
        part = card.get("hog") or {}
        try:
            return cls(
                spec.width, spec.height, **{k: int(part[k]) for k in ("block", "stride", "cell", "bins") if k in part}
            )
        except (TypeError, ValueError, OverflowError) as error:
            raise ModelError(f"“hog” in {CARD_NAME} cannot be used: {error}.", REMEDY) from error

    def descriptor(self) -> cv2.HOGDescriptor:
        return cv2.HOGDescriptor(
            (self.width, self.height), (self.block,) * 2, (self.stride,) * 2, (self.cell,) * 2, self.bins
        )


def describe(crops: NDArray[np.uint8], descriptor: cv2.HOGDescriptor) -> NDArray[np.float32]:
    """Return the HOG vectors (n, d), float32, of uint8 crops (n, height, width, channels)."""
    vectors = np.empty((len(crops), descriptor.getDescriptorSize()), np.float32)
    for i, crop in enumerate(crops):
        picture = np.ascontiguousarray(crop[..., 0] if crop.shape[-1] == 1 else crop)
        vectors[i] = np.asarray(descriptor.compute(picture)).reshape(-1)
    return vectors


class HogNetwork:
    """A linear classifier over HOG. Its outputs are probabilities, (n, 2) for gender and (n, k) for age."""

    def __init__(self, model_dir: Path, card: Mapping[str, Any], spec: InputSpec, _threads: int) -> None:
        self._descriptor = HogSpec.of_card(card, spec).descriptor()
        path = weight_file(model_dir, card.get("file"))
        content = read_weights(path, card.get("sha256"))
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > _MOST_UNPACKED_BYTES:
                raise ModelError(f"{path.name} of the model {model_dir.name} is too large when unpacked.", REMEDY)
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                found = {name: np.asarray(arrays[name], np.float32) for name in arrays.files}
        except ModelError:
            raise
        except Exception as error:  # zip, zlib, struct and numpy each raise their own over a damaged archive
            raise ModelError(
                f"{path.name} of the model {model_dir.name} is damaged or no numpy archive.", REMEDY
            ) from error
        size = int(self._descriptor.getDescriptorSize())
        self._heads: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}
        for role in ("gender", "age"):
            weights, bias = found.get(f"{role}_weights"), found.get(f"{role}_bias")
            if weights is None or bias is None:
                continue
            if weights.ndim != 2 or weights.shape[0] != size or bias.shape != weights.shape[1:]:
                raise ModelError(
                    f"The {role} weights of the model {model_dir.name} have the shape {weights.shape}, "
                    f"not ({size}, classes).",
                    REMEDY,
                )
            self._heads[role] = (weights, bias)
        if "gender" not in self._heads:
            raise ModelError(f"{path.name} of the model {model_dir.name} holds no gender weights.", REMEDY)

    def run(self, crops: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        vectors = describe(crops, self._descriptor)
        found: dict[str, NDArray[Any]] = {}
        for role, (weights, bias) in self._heads.items():
            scores = vectors @ weights + bias
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
            found[role] = powers / powers.sum(axis=1, keepdims=True)
        return found
