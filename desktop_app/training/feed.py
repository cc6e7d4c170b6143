"""From stored faces to the batches a network learns from, as a `tf.data.Dataset`.

Batch number g of a run is a function of the seed and g alone: the order of its epoch and every draw of its augmentation
follow from them. A run that was killed goes on exactly where it would have been.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import AGE_BANDS, Box
from desktop_app.errors import SourceError
from desktop_app.training.ages import YEARS, age_class
from desktop_app.training.augment import augmented
from desktop_app.training.balance import face_weights, turned_heads
from desktop_app.training.config import TrainingConfig
from desktop_app.training.facestore import FaceStore
from desktop_app.training.landmarks import with_landmarks
from desktop_app.training.readers.base import GENDERS, FaceRecord
from desktop_app.vision.attributes.preprocess import crop_face, normalise

Floats = NDArray[np.float32]
NEGATIVE_SHARE = 1 / 16


@dataclass(frozen=True, slots=True)
class Targets:
    """What a network should answer: `values` (n, units) of each output; `weights` (n,), 0 where there is no label."""

    values: Mapping[str, Floats]
    weights: Mapping[str, Floats]


def targets_of(
    records: list[FaceRecord], config: TrainingConfig, landmarks: NDArray[np.float32] | None = None
) -> Targets:
    """The targets of `records` under `config`, without smoothing.

    Gender is one-hot over (female, male), or 1 for female where it is one sigmoid unit. Age is one-hot over classes
    (spread over neighbouring bands by `age_softness`), or one number within 0 to 1. Where a label is missing or
    lies between two classes the weight is 0 and the value is not used. By `landmarks`, (n, 5, 2), heads that are turned
    count what `config` says.
    """
    count = len(records)
    genders = np.array([GENDERS.index(r.gender) if r.gender else -1 for r in records])
    known = genders >= 0
    if config.gender == "softmax":
        gender = np.full((count, 2), 0.5, np.float32)
        gender[known] = np.eye(2, dtype=np.float32)[genders[known]]
    else:
        gender = np.where(known, genders == 0, 0.5).astype(np.float32)[:, None]
    values = {"gender": gender}
    weights = {"gender": known.astype(np.float32)}
    if config.age != "none":
        values["age"], weights["age"] = _ages(records, config)
    if config.group_weights:
        bands = [age_class(r, "bands") for r in records]
        black = np.array([r.race == "Black" for r in records])
        turned = None if landmarks is None else turned_heads(landmarks)
        for_gender, for_age = face_weights(
            np.array([-1 if b is None else b for b in bands]), genders == 0, black, config.group_weights, known, turned
        )
        weights["gender"] *= for_gender.astype(np.float32)
        if config.age == "bands":
            weights["age"] *= for_age.astype(np.float32)
    if config.face:
        values["face"] = np.ones((count, 1), np.float32)
        weights["face"] = np.ones(count, np.float32)
    return Targets(values, weights)


def _ages(records: list[FaceRecord], config: TrainingConfig) -> tuple[Floats, Floats]:
    if config.age == "years":
        years = [r.age_years for r in records]
        value = np.array([0.0 if y is None else y / YEARS for y in years], np.float32)[:, None]
        return value, np.array([y is not None for y in years], np.float32)
    classes = [age_class(r, config.age) for r in records]
    weight = np.array([c is not None for c in classes], np.float32)
    index = np.array([0 if c is None else c for c in classes])
    if config.age == "group4":
        return (index / 4).astype(np.float32)[:, None], weight
    count = 8 if config.age == "adience8" else len(AGE_BANDS)
    table = np.eye(count, dtype=np.float32)
    if config.age_softness:
        away = np.arange(count)[None] - np.arange(count)[:, None]
        table = np.exp(-0.5 * (away / config.age_softness) ** 2).astype(np.float32)
        table /= table.sum(axis=1, keepdims=True)
    return table[index], weight


class Feed:
    """Batches of one run. `rows` index into the store; `negatives` are uint8 (n, side, side, 3) pictures of no face."""

    def __init__(
        self,
        store: FaceStore,
        rows: NDArray[np.int64],
        config: TrainingConfig,
        negatives: NDArray[np.uint8] | None = None,
    ) -> None:
        if len(rows) == 0:
            raise SourceError("There is no face to train on.", "Check the labels and the split.")
        if config.wants_landmarks and store.landmarks is None:
            store = with_landmarks(store, rows)
        self._store, self._rows, self._config = store, rows, config
        landmarks = None if store.landmarks is None else store.landmarks[rows]
        self._targets = targets_of([store.records[int(i)] for i in rows], config, landmarks)
        self._negatives = negatives if config.face and negatives is not None and len(negatives) else None
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))

    @property
    def steps_per_epoch(self) -> int:
        return max(1, -(-len(self._rows) // self._config.batch_size))

    def _order_of(self, epoch: int) -> NDArray[np.int64]:
        if self._order[0] != epoch:
            self._order = (epoch, np.random.default_rng((self._config.seed, 1, epoch)).permutation(len(self._rows)))
        return self._order[1]

    def batch(self, number: int, side: int | None = None) -> tuple[Floats, dict[str, Floats], dict[str, Floats]]:
        """Batch `number` of the run, counted over all epochs: crops (n, h, w, c), targets, weights.

        The last batch of an epoch is filled up from its beginning. `side` overrides the size of the crops.
        """
        config = self._config if side is None else self._config.at_size(side)
        spec = config.input
        epoch, step = divmod(number, self.steps_per_epoch)
        order = self._order_of(epoch)
        places = np.arange(step * config.batch_size, (step + 1) * config.batch_size) % len(order)
        chosen = order[places]
        rng = np.random.default_rng((config.seed, 2, number))
        crops = np.empty((len(chosen), *spec.shape), np.uint8)
        for k, i in enumerate(chosen):
            row = int(self._rows[i])
            points = None if self._store.landmarks is None else self._store.landmarks[row]
            crops[k] = augmented(self._store.picture(row), self._store.box(row), spec, rng, config.augment, points)
        values = {name: value[chosen].copy() for name, value in self._targets.values.items()}
        weights = {name: weight[chosen].copy() for name, weight in self._targets.weights.items()}
        _smooth(values, config)
        if self._negatives is not None:
            self._put_negatives(crops, values, weights, rng, config)
        return normalise(crops, spec), values, weights

    def _put_negatives(
        self,
        crops: NDArray[np.uint8],
        values: dict[str, Floats],
        weights: dict[str, Floats],
        rng: np.random.Generator,
        config: TrainingConfig,
    ) -> None:
        """Replace the last faces of a batch by pictures of none, which teach the face output only."""
        assert self._negatives is not None
        count = max(1, round(len(crops) * NEGATIVE_SHARE))
        side = float(self._negatives.shape[1])
        box = Box(0.03 * side, 0.03 * side, 0.97 * side, 0.97 * side)
        for k in range(len(crops) - count, len(crops)):
            picture = self._negatives[int(rng.integers(len(self._negatives)))]
            crops[k] = augmented(picture, box, config.input, rng, config.augment)
            for name in weights:
                weights[name][k] = 1.0 if name == "face" else 0.0
            values["face"][k] = 0.0

    def dataset(self, first: int, last: int, side: int | None = None) -> Any:
        """The batches `first` up to but not `last` as a `tf.data.Dataset` of (crops, targets, weights)."""
        import tensorflow as tf

        spec = self._config.input if side is None else self._config.at_size(side).input
        names = sorted(self._targets.values)

        def make(number: Any) -> list[Floats]:
            crops, values, weights = self.batch(int(number), side)
            return [crops, *(values[n] for n in names), *(weights[n] for n in names)]

        def fetch(number: Any) -> tuple[Any, dict[str, Any], dict[str, Any]]:
            parts = tf.numpy_function(make, [number], [tf.float32] * (1 + 2 * len(names)))
            parts[0].set_shape([None, *spec.shape])
            values = dict(zip(names, parts[1 : 1 + len(names)], strict=True))
            weights = dict(zip(names, parts[1 + len(names) :], strict=True))
            for name in names:
                values[name].set_shape([None, *self._targets.values[name].shape[1:]])
                weights[name].set_shape([None])
            return parts[0], values, weights

        return tf.data.Dataset.range(first, last).map(fetch, num_parallel_calls=2, deterministic=True).prefetch(4)


def _smooth(values: dict[str, Floats], config: TrainingConfig) -> None:
    """Label smoothing of the gender answer (Szegedy et al. 2015, arXiv:1512.00567)."""
    if config.label_smoothing:
        values["gender"] = values["gender"] * (1 - config.label_smoothing) + config.label_smoothing / 2


def plain_crops(store: FaceStore, rows: NDArray[np.int64], config: TrainingConfig) -> NDArray[np.uint8]:
    """The crops of `rows` as the app makes them, without any variation: uint8 (n, *input.shape)."""
    crops = np.empty((len(rows), *config.input.shape), np.uint8)
    for k, i in enumerate(rows):
        crops[k] = crop_face(store.picture(int(i)), store.box(int(i)), config.input)
    return crops
