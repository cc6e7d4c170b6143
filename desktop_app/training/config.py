"""Everything that makes up one training run, read from one TOML file a network and stored whole in its checkpoints."""

from __future__ import annotations

import dataclasses
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from desktop_app.errors import SettingsError
from desktop_app.training.balance import KNOWN
from desktop_app.training.starts import STARTS
from desktop_app.vision.attributes.preprocess import InputSpec

CONFIG_FOLDER = Path(__file__).parent / "configs"

GENDER_OUTPUTS = ("softmax", "sigmoid", "relu")
AGE_KINDS = ("none", "bands", "years", "group4", "adience8")
AGE_LOSSES = ("mae", "mse")
PRECISIONS = ("float32", "bfloat16")
SCHEDULES = ("constant", "cosine")
OPTIMIZERS = ("adam", "adamw", "sgd")
MAX_SEED = 4_000_000
"""Dropout in layer k draws from seed * 1000 + k, which must fit 32 bits (`train._seed_dropout`)."""
WEIGHTS = ("float32", "float16", "int8")
"""How an export stores weights. "int8" is LiteRT's dynamic range: 8-bit weights a channel, 8-bit activations scaled per
face while it runs (Jacob et al. 2018, arXiv:1712.05877, without its training).
"""


_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "bool": ((bool,), "Write true or false."),
    "int": ((int,), "Write a whole number."),
    "float": ((int, float), "Write a number."),
    "float | None": ((int, float, type(None)), "Write a number."),
    "str": ((str,), "Write a word in quotes."),
}
MOST_WEIGHT = 10.0
"""The most that the faces of a group count."""
_MOST = {
    "warmup_epochs": 1e4, "weight_decay": 1, "label_smoothing": 0.99, "clip_norm": 1e6, "age_weight": 1000,
    "age_softness": 9, "face_weight": 1000, "ordinal_weight": 10,
}  # fmt: skip


def check_kinds(settings: Any) -> None:
    """Raise SettingsError for a field of a dataclass that is not of the simple kind that it is declared as."""
    for one in dataclasses.fields(settings):
        kinds, remedy = _KINDS.get(str(one.type), ((object,), ""))
        value = getattr(settings, one.name)
        wrong = not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds and object not in kinds)
        if wrong or (isinstance(value, float) and not math.isfinite(value)):
            raise SettingsError(f"{one.name!r} cannot be {value!r}.", remedy)


def check_range(name: str, value: object, least: float, most: float) -> None:
    """Raise SettingsError for a setting that is no number from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise SettingsError(f"{name!r} cannot be {value!r}.", f"Write a number from {least:g} to {most:g}.")


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """How training crops are varied. Everything is drawn anew for each face and epoch; 0 switches a part off.

    `shift` and `zoom` move and scale the face box by that share of its side (standard deviation), as a detector's
    box wanders, and `rotate_degrees` turns the picture. `brightness`, `contrast`, `gamma` and `tint` are standard
    deviations of a shift (in shares of 255) and of the logarithms of a gain, an exponent and a gain for each
    colour. `tilt`, `dim`, `grey`, `blur`, `motion`, `small`, `noise`, `jpeg` and `erase` are the probabilities of a
    head laid on the shoulder, of dim light, lost colour, a blur, of having moved by up to a quarter of the crop, of
    being a small face, of noise, of JPEG artefacts and of an erased rectangle; `cover` is that of a mask, dark glasses,
    a cap, a hood, missing hair, a hand, a bar or a block, placed by the face's landmarks (`covers.KINDS`).
    """

    flip: bool = True
    shift: float = 0.03
    zoom: float = 0.05
    rotate_degrees: float = 0.0
    tilt: float = 0.0
    brightness: float = 0.04
    contrast: float = 0.1
    gamma: float = 0.0
    tint: float = 0.0
    dim: float = 0.0
    grey: float = 0.0
    blur: float = 0.0
    small: float = 0.0
    noise: float = 0.0
    jpeg: float = 0.0
    erase: float = 0.0
    cover: float = 0.0
    motion: float = 0.0

    def __post_init__(self) -> None:
        check_kinds(self)
        for name in (f.name for f in dataclasses.fields(self) if f.type == "float"):
            most = 180 if name == "rotate_degrees" else 1
            check_range(name, getattr(self, name), 0, most)

    @classmethod
    def off(cls) -> AugmentConfig:
        """No variation at all but for the detector's own."""
        return cls(flip=False, shift=0, zoom=0, brightness=0, contrast=0)


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """One training run, complete.

    `network` names a builder of `networks.BUILDERS`. `gender` is "softmax" (two units), "sigmoid" or "relu"
    (one; "relu" is no probability, and stands here because an article's table has it). `age` is what the age output
    learns: "none", "bands" (nine classes), "years" (a number), "group4" (a group index / 4) or "adience8" (eight
    classes); `age_loss` is the loss of a number, its absolute ("mae") or squared error ("mse"), in units of 100 years
    or of the index / 4, and `age_softness` spreads a band's label over its neighbours (standard deviation in bands).
    `sizes` are [side in pixels, epochs] in turn, for a network that takes any size; without them all
    `epochs` run at the size of `input`. `ema` is the momentum of averaged weights, 0 for none. With the `precision`
    "bfloat16" the layers multiply numbers of 16 bits while they learn (Kalamkar et al. 2019, arXiv:1905.12322), which
    is several times as fast on a processor made for it and slow on others; weights and answers stay float32.
    `train_share` is the share of the faces for training when a data set is divided anew, None to keep its own roles; of
    these the share `val_share` is kept to choose by, where the data set names no such faces itself. `start` names
    weights to begin from (`starts.STARTS`), `ordinal_weight` is the share of the ordinal part in the loss of age
    bands, `group_weights` what faces count (`balance.KNOWN`), `about` holds the card's words.
    """

    network: str
    input: InputSpec
    gender: str = "softmax"
    age: str = "none"
    face: bool = False
    epochs: int = 30
    batch_size: int = 128
    learning_rate: float = 1e-3
    optimizer: str = "adam"
    schedule: str = "cosine"
    warmup_epochs: float = 0.0
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    clip_norm: float = 0.0
    ema: float = 0.0
    precision: str = "float32"
    age_loss: str = "mae"
    age_weight: float = 1.0
    age_softness: float = 0.0
    face_weight: float = 0.5
    seed: int = 1
    sizes: tuple[tuple[int, int], ...] = ()
    train_share: float | None = None
    val_share: float = 0.1
    start: str = ""
    ordinal_weight: float = 0.0
    group_weights: Mapping[str, float] = field(default_factory=dict)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    about: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_kinds(self)
        for value, known, what in (
            (self.gender, GENDER_OUTPUTS, "gender output"),
            (self.age, AGE_KINDS, "age target"),
            (self.age_loss, AGE_LOSSES, "loss of age"),
            (self.schedule, SCHEDULES, "learning-rate schedule"),
            (self.optimizer, OPTIMIZERS, "optimizer"),
            (self.precision, PRECISIONS, "precision"),
        ):
            if value not in known:
                raise SettingsError(f"{value!r} is no {what}.", f"Known are: {', '.join(known)}.")
        if self.epochs < 1 or self.batch_size < 1:
            raise SettingsError(f"epochs ({self.epochs}) and batch size ({self.batch_size}) must be at least 1.")
        for name, most in _MOST.items():
            check_range(name, getattr(self, name), 0, most)
        for group, factor in self.group_weights.items():
            check_range(group, factor, 0, MOST_WEIGHT)
        for key, words in self.about.items():
            if not isinstance(words, str):
                raise SettingsError(f"{key!r} of [about] cannot be {words!r}.", "Write words in quotes.")
        if any(epochs < 1 for _, epochs in self.sizes):
            raise SettingsError(f"The sizes {self.sizes} have no epochs.", "Give each size at least one epoch.")
        for side, _ in self.sizes:
            dataclasses.replace(self.input, width=side, height=side)  # raises ModelError out of range
        if self.sizes and sum(epochs for _, epochs in self.sizes) != self.epochs:
            raise SettingsError(f"The sizes add up to other than the {self.epochs} epochs.", "Correct one of the two.")
        if not 0 <= self.ema < 1:
            raise SettingsError(
                f"A momentum of averaged weights of {self.ema} is out of range.", "Use 0, or 0.99 to 0.9999."
            )
        if not 0 <= self.seed <= MAX_SEED:
            raise SettingsError(
                f"The seed {self.seed} is out of range.", f"Choose a whole number from 0 to {MAX_SEED}."
            )
        if not 0 < self.learning_rate < 10:
            raise SettingsError(
                f"A learning rate of {self.learning_rate} is out of range.", "Use something like 0.001."
            )
        if self.start and self.start not in STARTS:
            raise SettingsError(f"There are no starting weights called {self.start!r}.", f"Known: {', '.join(STARTS)}.")
        if self.start and (fits := self.start.replace("-", "_")) != self.network:
            raise SettingsError(
                f"{self.network} cannot begin from {self.start}.", f"Those are weights of {fits}; leave --start out."
            )
        if unknown := sorted(set(self.group_weights) - set(KNOWN)):
            raise SettingsError(f"Unknown weights of groups: {', '.join(unknown)}.", f"Known are: {', '.join(KNOWN)}.")
        if self.train_share is not None and not 0.1 <= self.train_share <= 0.95:
            raise SettingsError(
                f"{self.train_share:.0%} for training is out of range.",
                "Give a split between 10:90 and 95:5, such as 80:20.",
            )
        if not 0.01 <= self.val_share <= 0.5:
            raise SettingsError(
                f"{self.val_share:.0%} of the training faces to choose by is out of range.",
                "Give a share between 1% and 50%, such as 20%.",
            )

    @property
    def wants_landmarks(self) -> bool:
        """Whether a run needs the landmarks of its faces: to cover them, or to weigh heads that are turned."""
        return self.augment.cover > 0 or self.group_weights.get("turned", 1.0) != 1.0

    def to_json(self) -> dict[str, Any]:
        data = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        data["input"] = self.input.to_json()
        data["augment"] = dataclasses.asdict(self.augment)
        data["about"] = dict(self.about)
        data["group_weights"] = dict(self.group_weights)
        data["sizes"] = [list(pair) for pair in self.sizes]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TrainingConfig:
        """Rebuild what `to_json` gave. Raises SettingsError naming a key that is missing or unknown."""
        known = {f.name for f in dataclasses.fields(cls)}
        unknown = sorted(set(data) - known)
        if unknown:
            raise SettingsError(
                f"Unknown training settings: {', '.join(unknown)}.", f"Known are: {', '.join(sorted(known))}."
            )
        values = dict(data)
        try:
            values["input"] = InputSpec.from_json(values["input"])
            values["sizes"] = tuple((int(side), int(epochs)) for side, epochs in values.get("sizes", ()))
            values["augment"] = AugmentConfig(**values.get("augment", {}))
            return cls(**values)
        except (KeyError, TypeError, ValueError) as error:
            raise SettingsError(f"The training settings are not complete or not of the right kind: {error}.") from error

    def at_size(self, side: int) -> TrainingConfig:
        """A copy for square crops of another size."""
        return dataclasses.replace(self, input=dataclasses.replace(self.input, width=side, height=side))

    def fingerprint(self, *, epochs: bool = True) -> str:
        """The settings as canonical text: two runs with equal text do the same, whatever their `about` says.

        Without `epochs` they may do so for another number of epochs.
        """
        passed_over = {"about"} if epochs else {"about", "epochs"}
        return json.dumps({k: v for k, v in self.to_json().items() if k not in passed_over}, sort_keys=True)

    def differing(self, other: TrainingConfig) -> list[str]:
        """The names of the settings but for the epochs in which two runs differ, such as "seed" and "augment.blur"."""
        mine, its = (json.loads(config.fingerprint(epochs=False)) for config in (self, other))
        found = []
        for name in sorted(mine.keys() | its.keys()):
            one, two = mine.get(name), its.get(name)
            if isinstance(one, dict) and isinstance(two, dict):
                found += [f"{name}.{key}" for key in sorted(one.keys() | two.keys()) if one.get(key) != two.get(key)]
            elif one != two:
                found.append(name)
        return found

    def with_options(self, **options: Any) -> TrainingConfig:
        """A copy with the options that are not None put in."""
        return dataclasses.replace(self, **{key: value for key, value in options.items() if value is not None})


def names() -> list[str]:
    """The networks that have a configuration in this package."""
    return sorted(path.stem for path in CONFIG_FOLDER.glob("*.toml"))


def load(name_or_path: str) -> TrainingConfig:
    """Read the configuration of a network by its name, or from a TOML file of the user's own.

    The sections are [network] (name, gender, age), [input] (as in `model.json`), [training], [augment],
    [weights] and [about]. Raises SettingsError for an unknown name, a damaged file or an unknown key.
    """
    path = Path(name_or_path)
    if path.suffix.lower() != ".toml":
        path = CONFIG_FOLDER / f"{name_or_path}.toml"
        if not path.is_file():
            raise SettingsError(f"There is no network called {name_or_path!r}.", f"Known are: {', '.join(names())}.")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SettingsError(f"The configuration {path} is not in UTF-8.", "Save it as UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"The configuration {path} cannot be read: {error.strerror}.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The configuration {path} is not valid TOML: {error}.") from error
    sections = {"network", "input", "training", "augment", "weights", "about"}
    if unknown := sorted(set(data) - sections):
        raise SettingsError(f"{path.name} has unknown sections: {', '.join(unknown)}.")
    for section, content in data.items():
        if not isinstance(content, dict):
            raise SettingsError(f"{path.name} has no section [{section}].", f"Write [{section}] on a line of its own.")
    network = dict(data.get("network", {}))
    if "name" not in network or "input" not in data:
        raise SettingsError(f"{path.name} does not name its network and its input.")
    if unknown := sorted(set(data["input"]) - {f.name for f in dataclasses.fields(InputSpec)}):
        raise SettingsError(f"{path.name} has unknown settings of its input: {', '.join(unknown)}.")
    return TrainingConfig.from_json(
        {
            "network": network.pop("name"),
            **network,
            "input": data["input"],
            **data.get("training", {}),
            "augment": data.get("augment", {}),
            "group_weights": data.get("weights", {}),
            "about": data.get("about", {}),
        }
    )


def parse_split(text: str) -> float:
    """Read "80:20" (or "0.8") as the share for training. Raises SettingsError for anything else."""
    try:
        if ":" in text:
            train, rest = (float(part) for part in text.split(":"))
            return train / (train + rest)
        return float(text)
    except (ValueError, ZeroDivisionError) as error:
        raise SettingsError(f"{text!r} is no split.", "Write it like 80:20.") from error


def parse_share(text: str) -> float:
    """Read "20%" or "0.2". Raises SettingsError for anything else."""
    try:
        share = float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
        if not 0 < share < 1:
            raise ValueError
        return share
    except ValueError:
        raise SettingsError(f"{text!r} is no share.", "Write it like 20% or 0.2.") from None
