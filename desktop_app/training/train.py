"""The training run: one function, read from top to bottom."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from desktop_app.errors import OutputError
from desktop_app.training import checkpoint, networks, predict, resume, starts
from desktop_app.training.ages import YEARS
from desktop_app.training.checkpoint import BEST, LAST, Notes
from desktop_app.training.config import TrainingConfig
from desktop_app.training.facestore import FaceStore
from desktop_app.training.feed import Feed, targets_of
from desktop_app.training.labels import check_labels
from desktop_app.training.losses import OrdinalCrossentropy
from desktop_app.training.no_faces import mark_of
from desktop_app.training.seen import SeenFaces

_AGE_LOSSES = {"mae": "mean_absolute_error", "mse": "mean_squared_error"}


@dataclass(frozen=True, slots=True)
class Report:
    """What is told during a run. `seconds_left` is the estimate for the rest of the whole run."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    seconds_left: float
    validation: dict[str, float]


Listener = Callable[[Report], None]


def train(
    config: TrainingConfig,
    store: FaceStore,
    folder: Path,
    *,
    listener: Listener | None = None,
    told: Callable[[str], None] | None = None,
    negatives: NDArray[np.uint8] | None = None,
    stop_after: int | None = None,
) -> Notes:
    """Train a network, or go on with the run that `folder` holds; return the notes of its last checkpoint.

    Writes `last.keras` after every epoch (with the optimizer's state), `best.keras` whenever validation gender
    accuracy rises, and TensorBoard's files under `tensorboard/`. A run goes on under the same settings; only `epochs`
    may be another number. `told` hears in words where it goes on. `stop_after` ends this call after so many epochs,
    the run staying as it is for the next call. Raises ModelError if `folder` holds another run, OutputError if it
    cannot be made, SourceError without training faces or where their labels teach nothing.
    """
    rows = {role: store.rows(role) for role in ("train", "val", "test")}
    check_labels(config, store)
    feed = Feed(store, rows["train"], config, negatives)
    new = Notes(config, data=described(store, negatives if config.face else None), seen=SeenFaces.of_run(store))
    last = folder / LAST
    if last.exists():
        notes = resume.notes_to_go_on_from(last, new)
        model, _ = checkpoint.load(last, compiled=True)
        if notes.config.epochs != config.epochs:
            resume.compile_anew(model, partial(compile_model, model, config, feed.steps_per_epoch))
        if told is not None:
            told(resume.words(notes.epochs_done, config.epochs))
        config = dataclasses.replace(notes.config, epochs=config.epochs)
    else:
        model, notes = networks.build(config), new
        if config.start:
            starts.put_into(model, starts.start_weights(config.start), heads=False)
        compile_model(model, config, feed.steps_per_epoch)
    history = {key: list(values) for key, values in notes.history.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The run cannot be kept in {folder}: {error.strerror}.", "Choose another folder with --out."
        ) from error
    board = keras.callbacks.TensorBoard(folder / "tensorboard", update_freq="epoch", write_graph=False)
    end = config.epochs if stop_after is None else min(config.epochs, notes.epochs_done + stop_after)
    pace = _Pace(config, feed.steps_per_epoch, notes.epochs_done, listener)
    for epoch in range(notes.epochs_done, end):
        side = size_of(config, epoch)
        first = epoch * feed.steps_per_epoch
        _seed_dropout(model, config.seed, epoch)
        result = model.fit(
            feed.dataset(first, first + feed.steps_per_epoch, side),
            initial_epoch=epoch, epochs=epoch + 1, steps_per_epoch=feed.steps_per_epoch, shuffle=False, verbose=0,
            callbacks=[pace, board, _KeepTrained()],
        )  # fmt: skip
        model.optimizer.use_ema = bool(config.ema)
        found = learned(result.history, config)
        with averaged(model, config):
            found |= validate(model, store, rows["val"], config, side)
            for key, value in found.items():
                history.setdefault(key, []).append(value)
            pace.validation = found
            notes = Notes(config, epoch + 1, history, new.data, new.seen)
            # Without validation faces the newest is the best that is known; test faces must not choose.
            if "val_gender" not in found or found["val_gender"] >= max(history["val_gender"]):
                checkpoint.save(model, notes, folder / BEST)
        checkpoint.save(model, notes, last)
    if notes.epochs_done >= config.epochs and config.ema:
        # The averaged weights of the end are the result of such a run, whatever a single epoch's validation said.
        with averaged(model, config):
            checkpoint.save(model, notes, folder / BEST)
    return notes


def described(store: FaceStore, negatives: NDArray[np.uint8] | None = None) -> dict[str, Any]:
    """What the notes of a run say of its faces: their name, how many each role has, what found them, and which pictures
    of no face there were beside them."""
    data: dict[str, Any] = {"name": store.name, **{role: len(store.rows(role)) for role in ("train", "val", "test")}}
    if store.finder:
        data["faces found by"] = f"Haar {store.finder}"
    if negatives is not None:
        data[resume.NO_FACES] = mark_of(negatives)
    return data


def check_run(config: TrainingConfig, store: FaceStore, folder: Path) -> None:
    """Raise ModelError if `folder` holds a run that `train` would not go on with."""
    if (folder / LAST).exists():
        resume.notes_to_go_on_from(folder / LAST, Notes(config, data=described(store), seen=SeenFaces.of_run(store)))


def _seed_dropout(model: Any, seed: int, epoch: int) -> None:
    """Let what dropout draws depend on the epoch alone, so that a run that was killed goes on as it would have."""
    for k, layer in enumerate(model.layers):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign(np.array([seed * 1000 + k, epoch], np.uint32))


def size_of(config: TrainingConfig, epoch: int) -> int | None:
    """The side of the crops in one epoch; None for that of the input."""
    done = 0
    for side, epochs in config.sizes:
        done += epochs
        if epoch < done:
            return side
    return None


def compile_model(model: Any, config: TrainingConfig, steps_per_epoch: int) -> None:
    """Give the model its losses and optimizer, of kinds that a checkpoint restores."""
    losses: dict[str, Any] = {}
    factors: dict[str, float] = {}
    measures: dict[str, Any] = {"gender": ["accuracy"]}
    for name in model.output:
        if name == "gender":
            losses[name], factors[name] = (
                ("categorical_crossentropy" if config.gender == "softmax" else "binary_crossentropy"),
                1.0,
            )
        elif name == "age":
            classes = config.age in ("bands", "adience8")
            losses[name], factors[name] = (
                ("categorical_crossentropy" if classes else _AGE_LOSSES[config.age_loss]),
                config.age_weight,
            )
            measures[name] = ["accuracy" if classes else "mean_absolute_error"]
            if classes and config.ordinal_weight:
                losses[name] = OrdinalCrossentropy(config.ordinal_weight)
        else:
            losses[name], factors[name] = "binary_crossentropy", config.face_weight
    rate: Any = config.learning_rate
    if config.schedule == "cosine":
        warm = round(config.warmup_epochs * steps_per_epoch)
        total = config.epochs * steps_per_epoch
        rate = keras.optimizers.schedules.CosineDecay(
            config.learning_rate * (0.05 if warm else 1.0), max(1, total - warm), alpha=0.005,
            warmup_target=config.learning_rate if warm else None, warmup_steps=warm,
        )  # fmt: skip
    shared: dict[str, Any] = {"clipnorm": config.clip_norm or None}
    if config.ema:
        shared |= {"use_ema": True, "ema_momentum": config.ema}
    if config.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(rate, weight_decay=config.weight_decay, **shared)
    elif config.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(rate, momentum=0.9, **shared)
    else:
        optimizer = keras.optimizers.Adam(rate, **shared)
    model.compile(optimizer, loss=losses, loss_weights=factors, weighted_metrics=measures)


class averaged:
    """Put the averaged weights of a run with `ema` in place, and the trained ones back at the end."""

    def __init__(self, model: Any, config: TrainingConfig) -> None:
        self._model, self._on = model, bool(config.ema)
        self._kept: list[Any] = []

    def __enter__(self) -> None:
        if self._on:
            variables = self._model.trainable_variables
            self._kept = [v.numpy().copy() for v in variables]
            self._model.optimizer.finalize_variable_values(variables)

    def __exit__(self, *_: object) -> None:
        for variable, value in zip(self._model.trainable_variables if self._kept else [], self._kept, strict=True):
            variable.assign(value)


def learned(history: dict[str, list[float]], config: TrainingConfig) -> dict[str, float]:
    """What Keras says of one epoch of training, in the words of `Notes.history`: "loss", "gender" and "age_exact" or
    "age_mae", as they were met while learning, with varied faces and dropout."""
    found = {"loss": history["loss"][-1]}
    for name, measure, factor in (
        ("gender", "gender_accuracy", 1.0),
        ("age_exact", "age_accuracy", 1.0),
        ("age_mae", "age_mean_absolute_error", YEARS),
    ):
        # With one output alone Keras leaves its name out.
        values = history.get(measure) or history.get(measure.removeprefix("gender_"))
        if values and (name != "age_mae" or config.age == "years"):
            found[name] = factor * values[-1]
    return {name: float(value) for name, value in found.items()}


def validate(
    model: Any, store: FaceStore, rows: NDArray[np.int64], config: TrainingConfig, side: int | None = None
) -> dict[str, float]:
    """The loss ("val_loss"), gender accuracy ("val_gender") and, where there is an age, its exactness or mean error, on
    plain crops."""
    if len(rows) == 0:
        return {}
    sized = config if side is None else config.at_size(side)
    outputs = predict.outputs_of(model, store, rows, sized)
    records = [store.records[int(i)] for i in rows]
    predictions = predict.predictions_of(outputs, config.age)
    truth = predict.truth_of(records, config.age)
    targets = targets_of(records, config)
    found = {
        "val_loss": float(
            model.compute_loss(y=targets.values, y_pred=outputs, sample_weight=targets.weights, training=False)
        )
    }
    known = truth.gender >= 0
    if known.any():
        found["val_gender"] = _right(predictions, truth)
    if predictions.age_class is not None and (truth.age_class >= 0).any():
        labelled = truth.age_class >= 0
        found["val_age_exact"] = float(np.mean(predictions.age_class[labelled] == truth.age_class[labelled]))
    if predictions.years is not None and np.isfinite(truth.years).any():
        labelled = np.isfinite(truth.years)
        found["val_age_mae"] = float(np.mean(np.abs(predictions.years[labelled] - truth.years[labelled])))
    return found


def _right(predictions: predict.Predictions, truth: predict.Truth) -> float:
    known = truth.gender >= 0
    said = np.where(predictions.female[known] >= 0.5, 0, 1)
    return float(np.mean(said == truth.gender[known]))


class _KeepTrained(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps `fit` from replacing the trained weights by the averaged ones at its end, which here is every epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.model.optimizer.use_ema = False


class _Pace(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells the listener how far the run is and how long it will take."""

    def __init__(self, config: TrainingConfig, steps: int, done: int, listener: Listener | None) -> None:
        super().__init__()
        self._config, self._steps, self._listener = config, steps, listener
        self._epoch = done
        self._began = time.monotonic()
        self._spent = 0.0
        self._total = sum(self._cost(epoch) * steps for epoch in range(done, config.epochs))
        self.validation: dict[str, float] = {}

    def _cost(self, epoch: int) -> float:
        """What a step costs, in units of a step at full size: it grows with the area of the crops."""
        side = size_of(self._config, epoch)
        return 1.0 if side is None else (side / self._config.input.width) ** 2

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._spent += self._cost(self._epoch)
        if self._listener is None:
            return
        pace = (time.monotonic() - self._began) / self._spent
        self._listener(
            Report(
                epoch=self._epoch, epochs=self._config.epochs, step=batch + 1, steps=self._steps,
                loss=float((logs or {}).get("loss", math.nan)), seconds_left=pace * max(0.0, self._total - self._spent),
                validation=self.validation,
            )
        )  # fmt: skip
