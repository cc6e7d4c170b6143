"""The schedule of a run on the GPU, read from TOML and checked whole before anything is loaded or trained."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop_app.errors import SettingsError
from desktop_app.training import balance
from desktop_app.training.efficientnet import SCALES

FOLDS = 4
"""Into how many parts `tools.gpu.pack` divides the training faces: one for each teacher."""

WHERE = "Correct the schedule."

NETWORKS = ("headcount", *SCALES)


BORDERS = ("replicate", "reflect", "grey")
"""What a crop may show over the rim of its picture: the rim again, a mirror image, a grey that is always the same."""


@dataclass(frozen=True, slots=True)
class Crop:
    """The square round a face: `scale` times the longer side of its box, `border` (of `BORDERS`) over the rim."""

    scale: float = 1.05
    border: str = "replicate"


@dataclass(frozen=True, slots=True)
class Plan:
    """One network's training.

    `start` numbers the ImageNet weights that it begins from (`weights-N.npz`), "" are random ones. A batch holds
    `batch_size` pictures, `negatives` of which are no faces, of `side` pixels; the first `small_share` of the stage
    has `small_side` pixels instead. The stage ends after `epochs` or `seconds`, whichever comes first.
    A crop has `box_scale` times the longer side of the face box, and over the rim of the picture `border`.
    `soft` is the share of the teachers' answer in what is learned, `mixup` the parameter of its Beta distribution;
    `warmup` is a share of the steps and `ema` the momentum of the averaged weights.
    """

    name: str
    network: str
    side: int
    batch_size: int
    epochs: float
    seconds: float
    start: str = ""
    small_side: int = 64
    small_share: float = 0.0
    negatives: int = 48
    learning_rate: float = 0.001
    weight_decay: float = 0.03
    warmup: float = 0.06
    ema: float = 0.996
    label_smoothing: float = 0.06
    age_loss: float = 0.35
    ordinal_loss: float = 1.0
    face_loss: float = 0.3
    drop_path: float = 0.1
    dropout: float = 0.25
    mixup: float = 0.0
    soft: float = 0.0
    box_scale: float = 1.05
    border: str = "replicate"

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise SettingsError(f"{self.name}: {self.network!r} is no network.", f"Known are: {', '.join(NETWORKS)}.")
        if self.border not in BORDERS:
            raise SettingsError(f"{self.name}: {self.border!r} is no border.", f"Known are: {', '.join(BORDERS)}.")
        if not 0 <= self.negatives < self.batch_size:
            raise SettingsError(
                f"{self.name}: {self.negatives} pictures of no face do not fit a batch of {self.batch_size}.", WHERE
            )
        for key, low, high in _RANGES:
            value = getattr(self, key)
            if not low <= value <= high:
                raise SettingsError(f"{self.name}: {key} is {value:g}, and must be {low:g} to {high:g}.", WHERE)

    def side_at(self, progress: float) -> int:
        """The side of the crops when this share of the stage is over."""
        return self.small_side if progress < self.small_share else self.side

    @property
    def crop(self) -> Crop:
        return Crop(self.box_scale, self.border)

    @property
    def positives(self) -> int:
        """How many of a batch are faces."""
        return self.batch_size - self.negatives

    def shortened(self, epochs: float, batch: float) -> Plan:
        """The same with factors on the epochs and on the pictures of a batch, to rehearse it."""
        return dataclasses.replace(
            self, epochs=self.epochs * epochs, batch_size=max(8, round(self.batch_size * batch)),
            negatives=round(self.negatives * batch),
        )  # fmt: skip


_NAME = re.compile(r"(?!teacher|soft$|log$)[\w-]+")

_RANGES = (
    ("side", 32, 512), ("small_side", 32, 512), ("small_share", 0, 0.95), ("epochs", 1e-6, 1e6),
    ("seconds", 1e-3, 1e6), ("learning_rate", 1e-7, 1), ("ema", 0, 0.99999), ("warmup", 1e-6, 1),
    ("label_smoothing", 0, 0.5), ("dropout", 0, 0.95), ("drop_path", 0, 0.95), ("soft", 0, 1), ("mixup", 0, 10),
    ("weight_decay", 0, 1), ("box_scale", 0.5, 2), ("age_loss", 0, 100), ("ordinal_loss", 0, 100),
    ("face_loss", 0, 100),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Schedule:
    """A teacher for each fold, if there is one, then the students.

    `mixup` is the teachers', by fold. `weights` is what faces count (`balance.KNOWN`). The label of a face whose other
    gender a teacher says with `contradicted` and more is replaced by what the teachers say.
    """

    weights: Mapping[str, float]
    teacher: Plan | None
    mixup: tuple[float, ...]
    students: tuple[Plan, ...]
    contradicted: float

    def teacher_of(self, fold: int) -> Plan:
        if self.teacher is None:
            raise ValueError("this schedule has no teacher")
        return dataclasses.replace(self.teacher, name=f"teacher{fold}", mixup=self.mixup[fold])

    @property
    def plans(self) -> tuple[Plan, ...]:
        return self.students if self.teacher is None else (self.teacher, *self.students)


def read(path: Path) -> Schedule:
    """Read a schedule with the sections [weights], [common], [teacher], [[student]] and [cleaning].

    Without a [teacher] the students learn from the labels and from the packed answers of a model alone. What [common]
    says holds for each stage that does not say otherwise. Raises SettingsError for a file that cannot be read, a
    section or key that is unknown or missing, or a value that is impossible.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"The schedule {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The schedule {path} is not valid TOML: {error}.") from error
    _only(data, {"weights", "common", "teacher", "student", "cleaning"}, "The schedule")
    students = data.get("student")
    if not isinstance(students, list) or not students:
        raise SettingsError("The schedule needs at least one [[student]].", WHERE)
    weights, common, cleaning = (data.get(name, {}) for name in ("weights", "common", "cleaning"))
    _only(weights, set(balance.KNOWN), "[weights]")
    _only(cleaning, {"contradicted"}, "[cleaning]")
    teacher = data.get("teacher")
    _only(teacher or {}, {field.name for field in dataclasses.fields(Plan)}, "[teacher]")
    mixup = (teacher or {}).get("mixup", [0.0] * FOLDS)
    if not isinstance(mixup, list) or len(mixup) != FOLDS:
        raise SettingsError(f"[teacher] needs {FOLDS} numbers of mixup, one for each fold.", WHERE)
    plans = [_plan({**student}, common, f"[[student]] {number}") for number, student in enumerate(students, 1)]
    names = [plan.name for plan in plans]
    if len(set(names)) < len(names) or not all(_NAME.fullmatch(name) for name in names):
        raise SettingsError(
            f"The students need names of their own, not {', '.join(names)}.",
            "Their weights are kept under them: use letters, digits, - and _, but neither “teacher...” nor “soft”.",
        )
    contradicted = _number(cleaning.get("contradicted", 0.97), "[cleaning] contradicted")
    if not 0.5 < contradicted <= 1:
        raise SettingsError(f"[cleaning] contradicted is {contradicted:g}, and must be above 0.5 and at most 1.", WHERE)
    return Schedule(
        weights={key: _number(value, f"[weights] {key}") for key, value in weights.items()},
        teacher=None if teacher is None else _plan({"name": "teacher"} | teacher | {"mixup": 0.0}, common, "[teacher]"),
        mixup=tuple(_number(value, "[teacher] mixup") for value in mixup),
        students=tuple(plans),
        contradicted=contradicted,
    )


def _plan(stage: dict[str, Any], common: Mapping[str, Any], where: str) -> Plan:
    fields = {field.name: field for field in dataclasses.fields(Plan)}
    _only(common, set(fields) - {"name"}, "[common]")
    _only(stage, set(fields), where)
    values = {**common, **stage}
    needed = [name for name, field in fields.items() if field.default is dataclasses.MISSING and name not in values]
    if needed:
        raise SettingsError(f"{where} lacks {', '.join(needed)}.", WHERE)
    for name, value in values.items():
        if fields[name].type == "str":
            if not isinstance(value, str):
                raise SettingsError(f"{where}: {name} is {value!r}, and must be text.", WHERE)
        else:
            values[name] = _number(value, f"{where} {name}", whole=fields[name].type == "int")
    return Plan(**values)


def _number(value: Any, where: str, *, whole: bool = False) -> Any:
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise SettingsError(f"{where} is {value!r}, and must be a {'whole ' if whole else ''}number.", WHERE)
    return value if whole else float(value)


def _only(found: Any, known: set[str], where: str) -> None:
    if not isinstance(found, Mapping):
        raise SettingsError(f"{where} is no section of the schedule.", WHERE)
    if unknown := sorted(set(found) - known):
        raise SettingsError(
            f"{where} has unknown keys: {', '.join(unknown)}.", f"Known are: {', '.join(sorted(known))}."
        )
