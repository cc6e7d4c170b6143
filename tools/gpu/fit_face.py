"""Learn the answer "face or not" of a finished network again, with everything else left as it is.

    python -m tools.gpu.fit_face .gpu --negatives things.npy painted.npy --model models/headcount [--write]

`.gpu` is what `tools.gpu.pack` wrote, and each file of negatives what `tools.gpu.negatives` did. What the last layer of
the exported network sees of faces and of pictures of none, varied as in the training, teaches a logistic regression;
it takes the place of that layer. Gender, age and the likeness space do not change. `min_face` becomes the answer that
a share (`--pass-share`) of the faces of val reach when they are far worse to see than in the training.

Needs PyTorch, on the processor. Without --write it only says what it would be worth.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from desktop_app.errors import HeadcountError
from desktop_app.training.flatbuffer import answer_layer, before_answer, with_answer
from desktop_app.vision.attributes.classifier import read_card
from desktop_app.vision.attributes.model_card import CARD_NAME
from desktop_app.vision.attributes.preprocess import InputSpec
from desktop_app.vision.likeness.face_space import LikenessSpace
from tools.gpu import augment, packed
from tools.gpu.augment import Strength
from tools.gpu.packed import Packed

FACES, HARD_FACES, MADE = 16_000, 8_000, 3_000
"""Faces to learn from, as in the training and far worse, and faces made into none (`augment.not_faces`)."""

HARD = Strength(blur=0.6, motion=0.25, small=0.7, dark=0.15, jpeg=0.4, noise=0.3)
TINY = (8, 14)
"""Of the hard faces a third is as small as this, in pixels."""

NEGATIVE_REPEATS = 3
DECAY = 1e-5
BLOCK = 12
"""Crops that lie next to each other in a file are often of one picture: each fifth block of so many is held back."""

BATCH = 64

Floats = NDArray[np.float32]


class Trunk:
    """What the last layer of the answer "face" sees: the exported network, cut off before it."""

    def __init__(self, model: Path) -> None:
        self.card = read_card(model)
        self.file = model / str(self.card["file"])
        self.content = self.file.read_bytes()
        self.spec = InputSpec.from_json(self.card["input"])
        self.interpreter = Interpreter(model_content=before_answer(self.content, "face"))

    def features(self, crops: Tensor) -> Floats:
        """Features of crops (n, 3, side, side) of 0 to 255 RGB: float32 (views, n, features). A network that answers
        with the mean over a face and its mirror image has two views."""
        pixels = crops.permute(0, 2, 3, 1).numpy()
        if self.spec.colour == "bgr":
            pixels = pixels[..., ::-1]
        values = np.ascontiguousarray((pixels - np.asarray(self.spec.mean, np.float32)) * np.float32(self.spec.scale))
        place = self.interpreter.get_input_details()[0]["index"]
        self.interpreter.resize_tensor_input(place, values.shape)
        self.interpreter.allocate_tensors()
        self.interpreter.set_tensor(place, values.astype(np.float32))
        self.interpreter.invoke()
        found = self.interpreter.get_tensor(self.interpreter.get_output_details()[0]["index"])
        return np.asarray(found, np.float32).reshape(-1, len(values), found.shape[-1]).copy()


class Pictures:
    """Crops of faces and of none, as a camera might have seen them."""

    def __init__(self, faces: Packed, side: int) -> None:
        self.faces, self.side = faces, side

    def _of(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        faces = self.faces
        pictures = torch.from_numpy(faces.pictures[rows]).float()
        return pictures, torch.from_numpy(faces.boxes[rows]), torch.from_numpy(faces.landmarks[rows])

    def plain(self, rows: NDArray[np.int64]) -> Tensor:
        pictures, boxes, _ = self._of(rows)
        return augment.plain(pictures, boxes, self.side)

    def varied(self, rows: NDArray[np.int64]) -> Tensor:
        return augment.varied(*self._of(rows), self.side, Strength())

    def hard(self, rows: NDArray[np.int64]) -> Tensor:
        found = augment.varied(*self._of(rows), self.side, HARD)
        tiny = len(found) // 3
        if tiny:
            pixels = int(torch.randint(TINY[0], TINY[1] + 1, ()))
            small = F.interpolate(found[:tiny], (pixels, pixels), mode="area")
            found[:tiny] = F.interpolate(small, (self.side, self.side), mode="bilinear", align_corners=False)
        return found

    def made(self, rows: NDArray[np.int64]) -> Tensor:
        return augment.seen(augment.not_faces(*self._of(rows), self.side, Strength()), Strength())

    def none(self, crops: NDArray[np.uint8]) -> Tensor:
        """Crops (n, h, w, 3) BGR of no face, varied as the faces are."""
        pictures, boxes = _whole(crops)
        points = torch.full((len(pictures), 5, 2), math.nan)
        return augment.varied(pictures, boxes, points, self.side, Strength())

    def plain_none(self, crops: NDArray[np.uint8]) -> Tensor:
        return augment.plain(*_whole(crops), self.side)


def _whole(crops: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
    """Crops of no face as pictures, with the boxes of them."""
    pictures = torch.from_numpy(np.ascontiguousarray(crops[..., ::-1].transpose(0, 3, 1, 2))).float()
    return pictures, augment.whole_boxes(pictures)


def fitted(faces: Floats, none: Floats) -> tuple[Floats, float]:
    """Logistic regression with a small penalty: features (n, f) of both -> weights (f,) and bias."""
    x = torch.from_numpy(np.concatenate([faces, none]))
    wanted = torch.cat([torch.ones(len(faces)), torch.zeros(len(none))])
    weights, bias = torch.zeros(x.shape[1], requires_grad=True), torch.zeros((), requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=150, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        total = F.binary_cross_entropy_with_logits(x @ weights + bias, wanted) + DECAY * weights.square().sum()
        total.backward()
        return total

    optimizer.step(loss)
    return weights.detach().numpy(), float(bias.detach())


def answers(features: Floats, weights: Floats, bias: float) -> NDArray[np.float64]:
    """The answer as the exported network gives it: the mean over its views, (n,)."""
    scores = np.asarray(features @ weights + bias, np.float64)
    return np.asarray((1 / (1 + np.exp(-scores))).mean(0))


def held_back(count: int) -> NDArray[np.bool_]:
    """Which crops of a file measure the answer and are not learned from."""
    return np.asarray(np.arange(count) // BLOCK % 5 == 0)


def gathered(trunk: Trunk, items: NDArray[Any], make: Callable[[NDArray[Any]], Tensor], what: str) -> Floats:
    """The features of the crops that `make` gives of some of the items at a time."""
    batches = tqdm(range(0, len(items), BATCH), desc=what, unit="batch")
    return np.concatenate([trunk.features(make(items[i : i + BATCH])) for i in batches], 1)


def least_face(hard: NDArray[np.float64], share: float) -> float:
    """From which answer on as many of the hard faces pass as `share` says, rounded down to two digits."""
    return max(0.01, math.floor(float(np.quantile(hard, 1 - share)) * 100) / 100)


def fit(options: argparse.Namespace) -> None:
    trunk = Trunk(options.model)
    faces = packed.read(options.data)
    make = Pictures(faces, trunk.spec.width)
    rng = np.random.default_rng(options.seed)
    torch.manual_seed(options.seed)
    training, val = np.flatnonzero(faces.fold >= 0), np.flatnonzero(faces.fold < 0)

    def of_some(count: int, how: Callable[[NDArray[Any]], Tensor], what: str) -> Floats:
        return _flat(gathered(trunk, rng.permutation(training)[: round(count * options.share)], how, what))

    some = [of_some(FACES, make.varied, "faces"), of_some(HARD_FACES, make.hard, "hard faces")]
    none = [of_some(MADE, make.made, "made from faces")]
    kept = {"made from val faces": gathered(trunk, val, make.made, "made from val faces")}
    for path in options.negatives:
        crops = np.load(path)
        apart = held_back(len(crops))
        learned = np.tile(crops[~apart], (NEGATIVE_REPEATS, 1, 1, 1))
        none.append(_flat(gathered(trunk, learned, make.none, path.stem)))
        kept[path.stem] = gathered(trunk, crops[apart], make.plain_none, "held back")
    real = {
        "plain": gathered(trunk, val, make.plain, "val"),
        "varied": gathered(trunk, val, make.varied, "val, varied"),
        "hard": gathered(trunk, val, make.hard, "val, hard"),
    }
    weights, bias = fitted(np.concatenate(some), np.concatenate(none))
    least = least_face(answers(real["hard"], weights, bias), options.pass_share)
    its, offset = answer_layer(trunk.content, "face")
    usual = float(trunk.card.get("min_face", 0.5))
    print(f"min_face {usual:g} -> {least:g}")
    for name, found in ({f"real faces of val, {name}": values for name, values in real.items()} | kept).items():
        before = float(np.mean(answers(found, its[0], float(offset[0])) >= usual))
        after = float(np.mean(answers(found, weights, bias) >= least))
        print(f"{name}: {before:.1%} -> {after:.1%} of {found.shape[1]} pass")
    if options.write:
        content = with_answer(trunk.content, "face", weights[None], np.array([bias], np.float32))
        likeness = LikenessSpace.load(trunk.file)
        trunk.file.write_bytes(content)
        if likeness is not None:  # it stays as it is, and names the file that it belongs to
            likeness.save(trunk.file)
        card = {**trunk.card, "min_face": least, "sha256": hashlib.sha256(content).hexdigest()}
        card["size_bytes"] = len(content)
        (options.model / CARD_NAME).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def _flat(features: Floats) -> Floats:
    """Each view as a face of its own."""
    return features.reshape(-1, features.shape[-1])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+", help="folders with what tools.gpu.pack wrote")
    parser.add_argument("--negatives", type=Path, nargs="+", required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--pass-share", type=float, default=0.995, help="of hard val faces (default: %(default)s)")
    parser.add_argument("--share", type=float, default=1.0, help="of the faces, to rehearse")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="put it into the model's folder")
    options = parser.parse_args(arguments)
    try:
        fit(options)
    except HeadcountError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
