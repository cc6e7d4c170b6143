"""Measuring one network on labelled faces: everything the report shows, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import AGE_BAND_STARTS, AGE_BANDS
from desktop_app.errors import ModelError, SettingsError
from desktop_app.system.native_log import quiet_native_start
from desktop_app.training import cards, checkpoint, metrics, predict
from desktop_app.training.checkpoint import Notes
from desktop_app.training.config import TrainingConfig
from desktop_app.training.facestore import FaceStore
from desktop_app.training.metrics import Proportion
from desktop_app.training.predict import Predictions, Truth
from desktop_app.training.readers.base import GENDERS
from desktop_app.training.readers.storage import decode_picture
from desktop_app.training.seen import SeenFaces
from desktop_app.vision.attributes.classifier import CardClassifier, load_classifier
from desktop_app.vision.attributes.model_card import CARD_NAME
from desktop_app.vision.attributes.preprocess import InputSpec

FACE_SIZES = (16, 24, 32, 48, 64)
SMALL_JPEG_QUALITY = 90


@dataclass(slots=True)
class Network:
    """A network to be measured: a checkpoint of ours (`keras` with its `notes`), or any model folder that the app loads
    (`app` with its `card`).

    `age` is the kind of its age answer; `history` holds every epoch of its run, also those after the one that was
    chosen (`notes.epochs_done`); `trained_on` names the data set and how long, "-" where the card does not say; `seen`
    are the faces that it has learned from.
    """

    name: str
    spec: InputSpec
    age: str
    keras: Any = None
    app: CardClassifier | None = None
    notes: Notes | None = None
    card: Mapping[str, Any] = field(default_factory=dict)
    seen: SeenFaces = field(default_factory=SeenFaces)
    history: Mapping[str, Sequence[float]] = field(default_factory=dict)
    trained_on: str = "-"
    parameters: int = 0
    size_bytes: int = 0
    path: Path = field(default_factory=Path)

    def predict(self, store: FaceStore, rows: NDArray[np.int64]) -> Predictions:
        if self.app is not None:
            return predict.with_classifier(self.app, store, rows)
        config = TrainingConfig("none", self.spec, age=self.age)
        return predict.with_keras(self.keras, store, rows, config)

    @property
    def config(self) -> TrainingConfig | None:
        """The configuration of its run, as its checkpoint or its card has it; None where neither does."""
        if self.notes is not None:
            return self.notes.config
        training = self.card.get("training")
        try:
            return TrainingConfig.from_json(training) if isinstance(training, dict) else None
        except SettingsError:
            return None  # of another version of the tool

    @property
    def age_classes(self) -> int:
        """How many classes its age answer has: figures over 4 groups and over 9 bands are not the same figures."""
        return {"group4": 4, "adience8": 8}.get(self.age, len(AGE_BANDS))


def open_network(path: Path) -> Network:
    """Open a run folder (its best checkpoint), a `.keras` checkpoint, or a model folder with a `model.json`, of any
    kind that the app loads.
    """
    if path.is_dir() and (path / CARD_NAME).is_file():
        with quiet_native_start():
            app = load_classifier(path)
        card = app.card
        return Network(
            name=app.name, spec=app.spec, age="bands" if "age" in card.get("outputs", {}) else "none", app=app,
            card=card, seen=SeenFaces.read(path, card), trained_on=str(card.get("trained_on", "-")),
            parameters=int(card.get("parameters", 0)), size_bytes=_size_of(path, card), path=path,
        )  # fmt: skip
    file = path / checkpoint.BEST if path.is_dir() else path
    model, notes = checkpoint.load(file)
    config = notes.config
    return Network(
        name=config.network, spec=config.input, age=config.age, keras=model, notes=notes, seen=notes.seen,
        history=_whole_history(file, notes),
        trained_on=cards.trained_on(notes), parameters=int(model.count_params()), path=file,
    )  # fmt: skip


def _size_of(folder: Path, card: Mapping[str, Any]) -> int:
    """The bytes of the weights, 0 where the card names none by one file."""
    file = folder / str(card.get("file", ""))
    return file.stat().st_size if file.is_file() else 0


def _whole_history(file: Path, notes: Notes) -> Mapping[str, Sequence[float]]:
    """The history of the run that a checkpoint belongs to: that of the newest checkpoint beside it, where it goes on.

    The best checkpoint knows only the epochs up to itself.
    """
    try:
        newest = checkpoint.read_notes(file.with_name(checkpoint.LAST))
    except ModelError:
        return notes.history  # a checkpoint that was taken out of its run
    is_same = newest.config.fingerprint(epochs=False) == notes.config.fingerprint(epochs=False)
    is_same &= newest.data == notes.data
    return newest.history if is_same and newest.epochs_done >= notes.epochs_done else notes.history


FEWEST_IN_A_GROUP = 30
"""Groups of fewer faces are put together: a share of so few says nothing."""


@dataclass(frozen=True, slots=True)
class GroupLine:
    """Gender accuracy of one group of faces, or of several small ones together."""

    group: str
    gender: Proportion
    age_mae: float | None


@dataclass(frozen=True, slots=True)
class Decided:
    """What leaving the doubtful undecided does: the threshold on the confidence, how many faces are decided, how many
    of those rightly, and whether the threshold was chosen on other faces ("val") or on these very ones ("")."""

    threshold: float
    share: float
    right: Proportion
    chosen_on: str

    def __str__(self) -> str:
        where = f"chosen on {self.chosen_on}" if self.chosen_on else "chosen on these very faces"
        return f"{self.share:.1%} of the faces from {self.threshold:.3f} on ({where}), {self.right} of them right"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured on `rows` of a store. `ece` and `reliability` are of the gender answer, `left_out` says which
    faces were left out, because the network has seen them.
    """

    network: Network
    store: FaceStore
    rows: NDArray[np.int64]
    predictions: Predictions
    truth: Truth
    gender: Proportion
    recall: dict[str, Proportion]
    confusion: NDArray[np.int64]
    ece: float
    reliability: list[tuple[float, float, int]]
    decided: Decided
    age_mae: float | None
    age_exact: Proportion | None
    age_one_off: Proportion | None
    groups: dict[str, list[GroupLine]]
    by_size: list[tuple[int, Proportion]]
    left_out: tuple[str, ...] = ()

    def age_words(self) -> str:
        """The age figures as one cell of a table: years, classes, both, or '-' for a network without age."""
        words = []
        if self.age_mae is not None:
            words.append(f"MAE {self.age_mae:.2f} y")
        if self.age_exact is not None and self.age_one_off is not None:
            exact, near = self.age_exact.value, self.age_one_off.value
            words.append(f"of {self.network.age_classes}: exact {exact:.3f}, one-off {near:.3f}")
        return "; ".join(words) or "-"


def check_labelled(network: Network, store: FaceStore, rows: NDArray[np.int64]) -> None:
    """Raise SettingsError if not one of the faces has a label that the network answers."""
    records = [store.records[int(i)] for i in rows]
    if any(r.gender for r in records) or (network.age != "none" and any(r.age_years is not None for r in records)):
        return
    why = f": {store.absent['gender']}" if "gender" in store.absent else ""
    raise SettingsError(
        f"None of the {len(rows):,} faces of {store.name} has a label that {network.name} answers{why}.",
        "Give labelled faces.",
    )


def evaluate(
    network: Network,
    store: FaceStore,
    rows: NDArray[np.int64],
    *,
    sizes: Sequence[int] = FACE_SIZES,
    validation: NDArray[np.int64] | None = None,
    left_out: tuple[str, ...] = (),
) -> Evaluation:
    """Measure a network on `rows` of a store (`seen.held_out` chooses them), with the app's own crop.

    `sizes` are the small-face sizes tried, () for none. On the rows `validation` the threshold is chosen from which
    98% of the gender answers are right; without any, on `rows`, and the result says so. Raises SettingsError for faces
    without labels.
    """
    check_labelled(network, store, rows)
    records = [store.records[int(i)] for i in rows]
    truth = predict.truth_of(records, network.age)
    predictions = network.predict(store, rows)
    known = truth.gender >= 0
    said = np.where(predictions.female >= 0.5, 0, 1)
    right = said == truth.gender
    confidence = np.maximum(predictions.female, 1 - predictions.female)
    reliability, ece = metrics.calibration(confidence[known], right[known])
    if validation is not None and len(validation):
        female, gender = _known_genders(network, store, validation)
        threshold, _ = metrics.undecided_threshold(
            np.maximum(female, 1 - female), np.where(female >= 0.5, 0, 1) == gender
        )
        chosen_on = "val"
    else:
        threshold, _ = metrics.undecided_threshold(confidence[known], right[known])
        chosen_on = ""
    sure = known & (confidence >= threshold)
    decided = Decided(threshold, float(sure.sum() / max(1, known.sum())), metrics.proportion(right[sure]), chosen_on)
    has_age = network.age != "none"
    labelled = truth.age_class >= 0
    exact = one_off = None
    if has_age and predictions.age_class is not None and labelled.any():
        away = np.abs(predictions.age_class[labelled] - truth.age_class[labelled])
        exact, one_off = metrics.proportion(away == 0), metrics.proportion(away <= 1)
    errors = None
    if predictions.years is not None and np.isfinite(truth.years).any():
        errors = np.abs(predictions.years - truth.years)
    return Evaluation(
        network=network,
        store=store,
        rows=rows,
        predictions=predictions,
        truth=truth,
        gender=metrics.proportion(right[known]),
        recall={label: metrics.proportion(right[truth.gender == i]) for i, label in enumerate(GENDERS)},
        confusion=metrics.confusion(truth.gender[known], said[known].astype(np.int64), 2),
        ece=ece,
        reliability=reliability,
        decided=decided,
        age_mae=None if errors is None else float(np.nanmean(errors)),
        age_exact=exact,
        age_one_off=one_off,
        groups=_groups(store, rows, truth, right, errors),
        by_size=[(size, small_faces(network, store, rows, size)) for size in sizes],
        left_out=left_out,
    )


CALIBRATED_AGES = (10.0, 20.0)
"""Gender is calibrated apart for the answered ages below, between and above these."""

FEWEST_TO_CALIBRATE = 50


def temperature(network: Network, store: FaceStore, rows: NDArray[np.int64]) -> float:
    """The temperature that calibrates the gender answers on `rows`. Raises SettingsError without faces to fit it on."""
    female, truth, _ = _to_calibrate_on(network, store, rows)
    return metrics.fit_temperature(female, truth == 0)


def age_temperatures(network: Network, store: FaceStore, rows: NDArray[np.int64]) -> list[float]:
    """The temperatures that calibrate the gender answers on `rows`, one for each age band that the network answers.

    Neighbouring bands share one (`CALIBRATED_AGES`): below ten years a network is overconfident where it is not above.
    """
    female, truth, band = _to_calibrate_on(network, store, rows)
    group_of = np.searchsorted(CALIBRATED_AGES, AGE_BAND_STARTS, side="right")
    whole = metrics.fit_temperature(female, truth == 0)
    found = []
    for group in range(len(CALIBRATED_AGES) + 1):
        here = group_of[band] == group
        enough = int(here.sum()) >= FEWEST_TO_CALIBRATE
        found.append(metrics.fit_temperature(female[here], truth[here] == 0) if enough else whole)
    return [found[int(group)] for group in group_of]


def _to_calibrate_on(
    network: Network, store: FaceStore, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """The probability of female, the true gender and the answered age band (0 without ages)."""
    if len(rows) == 0:
        raise SettingsError("There are no faces to calibrate on.", "Give data with faces of the role “val”.")
    truth = predict.truth_of([store.records[int(i)] for i in rows], network.age).gender
    known = truth >= 0
    if not known.any():
        raise SettingsError("No face to calibrate on has a gender.", "Give data whose “val” faces have one.")
    if len(set(truth[known].tolist())) < 2:
        raise SettingsError(
            f"All faces of {store.name} to calibrate on are {GENDERS[int(truth[known][0])]}.",
            "Give data whose “val” faces are of both genders.",
        )
    answers = network.predict(store, rows)
    bands = answers.age_class if answers.age_class is not None else np.zeros(len(rows), np.int64)
    return answers.female[known], truth[known], bands[known]


def _known_genders(
    network: Network, store: FaceStore, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The probability of female and the true gender of those of `rows` whose gender is known."""
    truth = predict.truth_of([store.records[int(i)] for i in rows], network.age).gender
    return network.predict(store, rows).female[truth >= 0], truth[truth >= 0]


def _groups(
    store: FaceStore,
    rows: NDArray[np.int64],
    truth: Truth,
    right: NDArray[np.bool_],
    errors: NDArray[np.float64] | None,
) -> dict[str, list[GroupLine]]:
    records = [store.records[int(i)] for i in rows]
    bands = predict.truth_of(records, "bands").age_class
    races = np.array([r.race for r in records])
    genders = np.array([r.gender for r in records])
    band_names = np.array(["" if b < 0 else AGE_BANDS[b] for b in bands])

    def line(group: str, mask: NDArray[np.bool_]) -> GroupLine:
        mae = None if errors is None or not np.isfinite(errors[mask]).any() else float(np.nanmean(errors[mask]))
        return GroupLine(group, metrics.proportion(right[mask]), mae)

    def lines(key: NDArray[np.str_]) -> list[GroupLine]:
        found, small, names = [], np.zeros(len(key), np.bool_), []
        for group in sorted({str(k) for k in key if k}, key=_natural):
            mask = (key == group) & (truth.gender >= 0)
            if mask.sum() >= FEWEST_IN_A_GROUP:
                found.append(line(group, mask))
            elif mask.any():
                small |= mask
                names.append(group)
        if names:
            words = names[0] if len(names) == 1 else f"{len(names)} groups of fewer than {FEWEST_IN_A_GROUP} faces each"
            found.append(line(words, small))
        return found

    def joined(*parts: NDArray[np.str_]) -> NDArray[np.str_]:
        return np.array(["" if "" in row else " / ".join(map(str, row)) for row in zip(*parts, strict=True)])

    return {
        "age band": lines(band_names),
        "race": lines(races),
        "race and gender": lines(joined(races, genders)),
        "age band and gender": lines(joined(band_names, genders)),
        "age band, gender and race": lines(joined(band_names, genders, races)),
    }


def _natural(group: str) -> tuple[float, str]:
    """Sort age bands by age and other groups by name."""
    digits = group.replace("+", "-").split("-")[0]
    return (float(digits) if digits.isdigit() else -1.0, group)


def small_faces(
    network: Network, store: FaceStore, rows: NDArray[np.int64], size: int, limit: int = 2500
) -> Proportion:
    """Gender accuracy with the face box shrunk to `size` pixels by area averaging, then JPEG of quality 90."""
    import cv2

    chosen = rows[:: max(1, len(rows) // limit)]
    pictures = np.zeros((len(chosen), *store.pictures.shape[1:]), np.uint8)
    sizes = np.zeros((len(chosen), 2), np.uint16)
    boxes = np.zeros((len(chosen), 4), np.float32)
    for k, i in enumerate(chosen):
        box = store.box(int(i))
        factor = min(1.0, size / max(box.width, box.height))
        picture = store.picture(int(i))
        height, width = (max(4, round(length * factor)) for length in picture.shape[:2])
        small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, SMALL_JPEG_QUALITY])
        small = decode_picture(data.tobytes(), store.records[int(i)].file)
        pictures[k, :height, :width], sizes[k] = small, (height, width)
        x, y = width / picture.shape[1], height / picture.shape[0]
        boxes[k] = box.x1 * x, box.y1 * y, box.x2 * x, box.y2 * y
    records = [store.records[int(i)] for i in chosen]
    shrunk = FaceStore(store.name, pictures, boxes, np.ones(len(chosen), np.bool_), records, [], sizes=sizes)
    predictions = network.predict(shrunk, np.arange(len(chosen)))
    truth = predict.truth_of(records, "none")
    right = np.asarray(np.where(predictions.female >= 0.5, 0, 1) == truth.gender, np.bool_)
    return metrics.proportion(right[truth.gender >= 0])
