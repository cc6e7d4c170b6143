"""Why did the network say so: which parts of one face supported its answer, without TensorFlow.

A model exported by `headcount-train` carries a second LiteRT signature, "explain", that computes Grad-CAM (Selvaraju
et al. 2017, arXiv:1610.02391) and guided backpropagation (Springenberg et al. 2014, arXiv:1412.6806) from the same
weights that answer; where those are stored with 8 bits, it lies in a second file with 16. It runs in an interpreter
of its own, so that it may be used from another thread while the count goes on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.errors import ModelError
from desktop_app.vision.attributes.classifier import read_card
from desktop_app.vision.attributes.preprocess import InputSpec, normalise

SIGNATURE = "explain"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What supported one answer, for one crop. All maps are float32 of shape (height, width) of the crop, within 0
    to 1.

    `grad_cam` is coarse: the regions whose features raised the answer's score (all 0 where none did). `guided` is
    fine: how strongly each pixel would raise it, the largest over the colours, slightly blurred. `guided_grad_cam`
    is their product, scaled to 1. `raw_cam` (h, w) and `raw_guided` (height, width, channels) are the network's own
    numbers.
    """

    output: str
    answer: int
    grad_cam: NDArray[np.float32]
    guided: NDArray[np.float32]
    guided_grad_cam: NDArray[np.float32]
    raw_cam: NDArray[np.float32]
    raw_guided: NDArray[np.float32]


class FaceExplainer:
    """Explains the answers of one model. Not thread-safe: one explainer belongs to one thread.

    Raises ModelError for a model that is damaged or was exported without explanations.
    """

    def __init__(self, model_dir: Path, threads: int = 1) -> None:
        from ai_edge_litert.interpreter import Interpreter

        card = read_card(model_dir)
        wanted = card.get("explain")
        if not isinstance(wanted, dict) or not wanted.get("targets"):
            raise ModelError(
                f"The model {card.get('name', model_dir.name)} cannot say why it decided.",
                "Choose a model that was exported with explanations, such as the one that came with the program.",
            )
        self._spec = InputSpec.from_json(card["input"])
        self._targets: list[tuple[str, int]] = [(str(name), int(count)) for name, count in wanted["targets"]]
        labels = card.get("labels", {}).get("gender", [])
        self._female_index = labels.index("female") if "female" in labels else 0
        own = wanted if "file" in wanted else card
        path = model_dir / str(own.get("file", "model.tflite"))
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"The model file {path.name} cannot be read: {error.strerror}.") from error
        if "sha256" in own and hashlib.sha256(content).hexdigest() != own["sha256"]:
            raise ModelError(f"The model file {path.name} is damaged or does not belong to its model.json.")
        try:
            self._run = Interpreter(model_content=content, num_threads=threads).get_signature_runner(
                str(wanted.get("signature", SIGNATURE))
            )
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"The model file {path.name} holds no explanation: {error}.") from error

    @property
    def spec(self) -> InputSpec:
        return self._spec

    @property
    def targets(self) -> tuple[tuple[str, int], ...]:
        """The outputs that can be explained, each with its number of answers."""
        return tuple(self._targets)

    def explain_gender(self, crop: NDArray[np.uint8], female: bool) -> Explanation:
        """Explain the answer female (or male); see `explain`."""
        return self.explain(crop, "gender", self._female_index if female else 1 - self._female_index)

    def explain(self, crop: NDArray[np.uint8], output: str, answer: int) -> Explanation:
        """Explain one answer of one output for a uint8 crop of `spec.shape`, as `preprocess.crop_face` makes it.

        Of two answers the difference of their scores is explained, because that is what decides; of more, the score
        itself. Raises ValueError for a wrong shape, an unknown output or answer.
        """
        if crop.shape != self._spec.shape:
            raise ValueError(f"the crop has shape {crop.shape}, the model wants {self._spec.shape}")
        target = np.zeros(sum(count for _, count in self._targets), np.float32)
        start = 0
        for name, count in self._targets:
            if name == output:
                if not 0 <= answer < count:
                    raise ValueError(f"the output {output} has no answer {answer}, only {count}")
                target[start + answer] = 1
                if count == 2:
                    target[start + 1 - answer] = -1
                break
            start += count
        else:
            raise ValueError(f"the model explains {[name for name, _ in self._targets]}, not {output!r}")
        found = self._run(crops=normalise(crop[None], self._spec), target=target)
        cam = np.asarray(found["cam"], np.float32)[0]
        gradient = np.asarray(found["guided"], np.float32)[0]
        size = (self._spec.width, self._spec.height)
        coarse = _to_unit(np.maximum(cv2.resize(_to_unit(cam), size, interpolation=cv2.INTER_CUBIC), 0))
        # Steps of two pixels in the network leave a chequered gradient: a little blur shows what it says.
        strength = cv2.GaussianBlur(np.max(np.maximum(gradient, 0), axis=-1), (0, 0), max(0.8, self._spec.width / 64))
        fine = np.minimum(_to_unit(np.asarray(strength, np.float32)) * 1.5, np.float32(1))
        return Explanation(output, answer, coarse, fine, _to_unit(coarse * fine), cam, gradient)


def _to_unit(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale so that the largest value is 1; all zeros stay zeros."""
    top = float(array.max(initial=0.0))
    return np.asarray(array / top if top > 0 else np.zeros_like(array), np.float32)


def overlay(
    crop: NDArray[np.uint8], heat: NDArray[np.float32], spec: InputSpec, strength: float = 0.55
) -> NDArray[np.uint8]:
    """Lay a map over its crop: uint8 BGR (height, width, 3) in the Viridis colours, which the colour-blind can read.

    `crop` is uint8 in the colour order of `spec`; `heat` is float32 (height, width) within 0 to 1. Where nothing
    supported the answer the face stays as it is, in grey.
    """
    if spec.colour == "rgb":
        grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    elif spec.colour == "bgr":
        grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    else:
        grey = crop.reshape(crop.shape[:2])
    base = np.repeat(grey[..., None], 3, axis=2).astype(np.float32)
    colours = cv2.applyColorMap((np.clip(heat, 0, 1) * 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS).astype(np.float32)
    weight = strength * np.clip(heat, 0, 1)[..., None]
    return np.asarray(base * (1 - weight) + colours * weight, np.uint8)
