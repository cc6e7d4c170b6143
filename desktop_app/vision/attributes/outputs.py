"""From the raw outputs of any gender and age network to `Attributes`.

A network says in its `model.json` which of its outputs is which:

`outputs`  role -> name of the output; roles are "gender" (needed), "age", "face" and "embedding"
`labels`   "gender": the two classes in the order of the output, or the one class whose probability a single unit gives
           (of two labels a single unit stands for the second); "age": the classes of the age output
`age`      for an age output that is a number: {"kind": "years", "scale": 100} (years = output * scale), or
           {"kind": "points", "at": [...], "years": [...]} (interpolated), or {"kind": "group4"}: the index of the
           groups under 18, under 30, under 80 and from 80, divided by 4
`logits`   the roles whose outputs are scores before softmax (or, for a single unit, before the sigmoid)

Classes other than `AGE_BANDS` are shared out over the bands that they overlap, year by year; a number becomes the
two neighbouring bands whose expectation it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import AGE_BAND_CENTRES, AGE_BAND_STARTS, AGE_BANDS, Attributes
from desktop_app.errors import ModelError
from desktop_app.vision.attributes.model_card import CARD_NAME, REMEDY, card_object

OLDEST = 100.0
"""The last year of a class without an end."""

GROUP4_AT = (0.0, 0.25, 0.5, 0.75)
GROUP4_YEARS = (9.0, 24.0, 55.0, 85.0)

_WORDS = {
    "female": "female", "woman": "female", "women": "female", "f": "female",
    "male": "male", "man": "male", "men": "male", "m": "male",
}  # fmt: skip


def parse_age_class(text: str) -> tuple[float, float]:
    """Return the first and last year of an age class: "0-2", "(4, 6)", "60-", "70+", "more than 70" or "35".

    Raises ValueError where no year is in it, or the years do not rise.
    """
    years = [float(n) for n in re.findall(r"\d+(?:\.\d+)?", text)]
    if not 1 <= len(years) <= 2:
        raise ValueError(f"{text!r} is no age class")
    if len(years) == 1:
        # "60-", "60+", "more than 60", "over 60" have no end; "35" alone is that one year.
        open_end = re.search(r"[-+–]\s*\)?\s*$|more|over|older|above|≥|>", text) is not None
        years.append(OLDEST if open_end else years[0])
    if years[1] < years[0] or years[0] > OLDEST:
        raise ValueError(f"{text!r} is no age class")
    return years[0], years[1]


def class_matrix(classes: Sequence[str]) -> NDArray[np.float64]:
    """Share age classes out over the bands: (classes, 9), rows summing to 1. Raises ValueError for what is no class."""
    ends = [*AGE_BAND_STARTS[1:], OLDEST + 1]
    matrix = np.zeros((len(classes), len(AGE_BANDS)))
    for i, (low, high) in enumerate(map(parse_age_class, classes)):
        for j, (start, end) in enumerate(zip(AGE_BAND_STARTS, ends, strict=True)):
            matrix[i, j] = max(0.0, min(high + 1, end) - max(low, start))
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True))


def years_to_bands(years: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn ages of shape (n,) into (n, 9): the two neighbouring bands whose expectation each age is."""
    centres = np.asarray(AGE_BAND_CENTRES)
    place = np.interp(years, centres, np.arange(len(centres)))
    below = np.minimum(place.astype(int), len(centres) - 2)
    bands = np.zeros((len(years), len(centres)))
    rows = np.arange(len(years))
    bands[rows, below] = 1 - (place - below)
    bands[rows, below + 1] = place - below
    return bands


class AnswerReader:
    """Reads the raw outputs of one network as its card says. Raises ModelError where the card does not say enough."""

    def __init__(self, card: Mapping[str, Any], model: str) -> None:
        self._model = model
        outputs = card_object(card, "outputs", model)
        self.outputs: dict[str, str] = {str(role): str(name) for role, name in outputs.items()}
        if "gender" not in self.outputs:
            raise ModelError(f"The model {model} names no gender output.", REMEDY)
        labels = card_object(card, "labels", model)
        self._genders = self._gender_labels(labels.get("gender"))
        self._logits = {str(role) for role in card.get("logits") or ()}
        self._age_matrix: NDArray[np.float64] | None = None
        self._age_points: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        if "age" in self.outputs:
            self._read_age(card.get("age"), labels.get("age"))

    def _gender_labels(self, labels: object) -> tuple[str, ...]:
        known = [_WORDS.get(str(word).strip().lower(), "") for word in labels] if isinstance(labels, list) else []
        if sorted(known) != ["female", "male"] and known not in (["female"], ["male"]):
            raise ModelError(
                f"The model {self._model} must label gender 'female' and 'male'; its {CARD_NAME} says {labels}.", REMEDY
            )
        return tuple(known)

    def _read_age(self, age: object, classes: object) -> None:
        kind = age.get("kind") if isinstance(age, dict) else None
        try:
            if isinstance(age, dict) and kind == "years":
                scale = float(age.get("scale", 1.0))
                self._age_points = (np.array([0.0, 120.0 / scale]), np.array([0.0, 120.0]))
            elif kind == "group4":
                self._age_points = (np.array(GROUP4_AT), np.array(GROUP4_YEARS))
            elif isinstance(age, dict) and kind == "points":
                self._age_points = (np.array(age["at"], float), np.array(age["years"], float))
            elif isinstance(classes, list) and classes:
                same = tuple(classes) == AGE_BANDS
                self._age_matrix = np.eye(len(AGE_BANDS)) if same else class_matrix([str(c) for c in classes])
            else:
                raise ValueError("it names neither the classes nor the kind of number")
            if self._age_points is not None:
                at, years = self._age_points
                if at.ndim != 1 or at.shape != years.shape or len(at) < 2 or not (np.diff(at) > 0).all():
                    raise ValueError("its points do not rise or do not pair")
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise ModelError(f"The age output of the model {self._model} is not described: {error}.", REMEDY) from error

    def read(self, raw: Mapping[str, NDArray[Any]], n: int) -> list[Attributes]:
        """Return what the outputs (by name, first dimension `n`) say of each of `n` crops.

        Raises ModelError for outputs of another size than the card says, or that are no numbers.
        """
        female = self._female(self._values(raw, "gender", n))
        bands = self._bands(self._values(raw, "age", n)) if "age" in self.outputs else None
        face = np.ones(n)
        if "face" in self.outputs:
            face = self._values(raw, "face", n)[:, -1]
            face = np.clip(_sigmoid(face) if "face" in self._logits else face, 0, 1)
        vectors = self._values(raw, "embedding", n) if "embedding" in self.outputs else None
        return [
            Attributes(
                female=float(female[i]),
                age_bands=() if bands is None else tuple(float(p) for p in bands[i]),
                face=float(face[i]),
                embedding=None if vectors is None else np.asarray(vectors[i], np.float32),
            )
            for i in range(n)
        ]

    def _values(self, raw: Mapping[str, NDArray[Any]], role: str, n: int) -> NDArray[np.float64]:
        name = self.outputs[role]
        if name not in raw:
            there = ", ".join(sorted(raw)) or "none"
            raise ModelError(f"The model {self._model} has no output {name!r}; it has: {there}.", REMEDY)
        values = np.asarray(raw[name], np.float64)
        if values.size == 0 or values.size % n:
            raise ModelError(
                f"The output {name} of the model {self._model} has the shape {values.shape} for {n} faces.", REMEDY
            )
        values = values.reshape(n, -1)
        if not np.isfinite(values).all():
            raise ModelError(
                f"The output {name} of the model {self._model} is not a number: its weights are damaged.", REMEDY
            )
        return values

    def _female(self, gender: NDArray[np.float64]) -> NDArray[np.float64]:
        units = gender.shape[1]
        if units == 1:
            named = np.clip(_sigmoid(gender[:, 0]) if "gender" in self._logits else gender[:, 0], 0, 1)
            return named if self._genders[-1] == "female" else 1 - named
        if units != 2 or len(self._genders) != 2:
            raise ModelError(
                f"The gender output of the model {self._model} has {units} values for {len(self._genders)} labels.",
                REMEDY,
            )
        shares = _softmax(gender) if "gender" in self._logits else _shares(gender)
        if shares is None:
            raise self._not_probabilities("gender", gender)
        return np.asarray(shares[:, self._genders.index("female")])

    def _bands(self, age: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._age_points is not None:
            if age.shape[1] != 1:
                raise ModelError(
                    f"The age output of the model {self._model} has {age.shape[1]} values, not one.", REMEDY
                )
            return years_to_bands(np.interp(age[:, 0], *self._age_points))
        assert self._age_matrix is not None
        if age.shape[1] != len(self._age_matrix):
            raise ModelError(
                f"The age output of the model {self._model} has {age.shape[1]} values for "
                f"{len(self._age_matrix)} labels.",
                REMEDY,
            )
        shares = _softmax(age) if "age" in self._logits else _shares(age)
        if shares is None:
            raise self._not_probabilities("age", age)
        return shares @ self._age_matrix

    def _not_probabilities(self, role: str, values: NDArray[np.float64]) -> ModelError:
        return ModelError(
            f"The {role} output of the model {self._model} is not made of probabilities: {values[0].round(3)}.",
            f"If they are scores before softmax, put {role!r} under “logits” in its {CARD_NAME}.",
        )


def _shares(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Bring rows that nearly sum to 1 to exactly 1; None where they are no probabilities."""
    total = values.sum(axis=1, keepdims=True)
    if (values < -0.01).any() or (np.abs(total - 1) > 0.05).any():
        return None
    values = np.maximum(values, 0)
    return np.asarray(values / values.sum(axis=1, keepdims=True))


def _softmax(values: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -60, 60))))
