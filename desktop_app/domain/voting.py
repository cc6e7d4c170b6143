"""One answer per person from many glimpses.

    vote = Vote()
    vote.add(attributes, weight)      # for each classified crop; weight from `vision.quality`
    vote.decision(shown)              # Decision, possibly Undecided; `shown` is the decision shown so far

Gender: the weighted geometric mean of the softmax outputs, renormalised: the *logarithmic opinion pool* (Genest and
Zidek, "Combining probability distributions", Statistical Science 1986; the same rule as Hinton's product of
experts, 2002, with the exponents summing to one because glimpses of one face are far from independent). One confident
wrong glimpse cannot outvote many fair ones once each output is kept away from 0 and 1.

Age: the expectation over the age bands (Rothe, Timofte and Van Gool, "Deep expectation of real and apparent age
from a single image", IJCV 2018) of the weighted mean of the bands. Its spread is the standard
deviation of that mixture, so it holds both the doubt within each glimpse and the glimpses' disagreement.

What is shown changes reluctantly, like a switch with two thresholds (hysteresis): a gender is shown only once there is
enough evidence to stay with it, a named one needs strong evidence against it, and a shown age band is left only when
the mean lies well beyond its edge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import (
    AGE_BAND_CENTRES,
    AGE_BAND_STARTS,
    AGE_BANDS,
    Attributes,
    Decision,
    Gender,
    age_band_index,
    is_child,
)

MOST_SURE = 0.995
"""No single glimpse is taken to be surer than this."""

BEST_GLIMPSES = 3
"""So many of the glimpses that look most like a face say whether it is one: a face is blurred, dark or hidden in many
glimpses and clear in some, while what is no face does not turn into one."""


@dataclass(frozen=True, slots=True)
class VoteSettings:
    """When a gender is named, and when a named one changes. Probabilities 0..1.

    A weight of 1 is one good glimpse (a sharp frontal face of about 48 pixels or more). `prior` is the weight of an
    imagined first glimpse that says 50%, so that little evidence is not sure of anything. A gender is named from
    `name_at` and `min_evidence` (the least sum of weights) on. While somebody is in view it is shown only once it would
    be named with the heavier `prior_in_view`, too: people come into view half hidden or out of focus, and better
    glimpses follow. A shown gender changes only when the other one reaches `change_at` (or `name_at`, if that is more),
    and is never taken back. Once somebody has gone, the gender last named, shown or not, stands if it still has
    `keep_at`; otherwise they stay Undecided. The values are chosen by `benchmarks.naming`; each lies within a range
    where the results hardly change.

    A child's gender is named only from `child_at` on (or `name_at`, if that is more), and kept at the end only with
    that. While somebody is in view, their shown age band changes only when the mean age lies `age_margin` years beyond
    its edge; until then the age given is the nearest one within the band.
    """

    name_at: float = 0.65
    change_at: float = 0.75
    keep_at: float = 0.4
    prior: float = 0.25
    prior_in_view: float = 1.5
    min_evidence: float = 0.25
    child_at: float = 0.9
    age_margin: float = 1.5

    def __post_init__(self) -> None:
        if not 0 <= self.keep_at < 1:
            raise ValueError(f"keep_at must be at least 0 and below 1, not {self.keep_at}")
        for name in ("name_at", "change_at", "child_at"):
            if not 0.5 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 0.5 and below 1, not {getattr(self, name)}")
        for name in ("prior", "prior_in_view", "min_evidence", "age_margin"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be a number of at least 0, not {getattr(self, name)}")


class Vote:
    """The glimpses of one person, summed. Mutable, of constant size however many glimpses come in."""

    __slots__ = (
        "_age_weight",
        "_bands",
        "_embedding",
        "_faces",
        "_glimpses",
        "_leaning",
        "_log_odds",
        "_weight",
        "settings",
    )

    def __init__(self, settings: VoteSettings | None = None) -> None:
        self.settings = settings or VoteSettings()
        self._log_odds = 0.0
        self._weight = 0.0
        self._faces: list[float] = []  # of the best glimpses, best first
        self._age_weight = 0.0
        self._bands = np.zeros(len(AGE_BANDS))
        self._embedding: NDArray[np.float32] | None = None
        self._glimpses = 0
        self._leaning = Gender.UNDECIDED  # the gender last named, with enough evidence to show it or not

    @property
    def glimpses(self) -> int:
        return self._glimpses

    @property
    def weight(self) -> float:
        """The sum of the weights so far: how much evidence there is."""
        return self._weight

    @property
    def is_clear(self) -> bool:
        """Whether the glimpses so far name a gender, be it with too little evidence to show it yet."""
        return self._weight > 0 and self._likely_so_far() is not Gender.UNDECIDED

    @property
    def face(self) -> float:
        """The mean probability of the `BEST_GLIMPSES` that this is a face at all, 1.0 before the first glimpse."""
        return sum(self._faces) / len(self._faces) if self._faces else 1.0

    @property
    def embedding(self) -> NDArray[np.float32] | None:
        """The weighted mean of the glimpses' embeddings as a unit vector, float32, or None without any."""
        if self._embedding is None:
            return None
        norm = float(np.linalg.norm(self._embedding))
        return None if norm == 0 else (self._embedding / norm).astype(np.float32)

    def add(self, attributes: Attributes, weight: float) -> None:
        """Take in one glimpse.

        `weight` is > 0. A glimpse that hardly shows a face counts for little: its weight is multiplied with the
        probability of a face. Raises ValueError for a weight or probability out of range.
        """
        if not (math.isfinite(weight) and weight > 0):
            raise ValueError(f"the weight of a glimpse must be more than 0, not {weight!r}")
        if not 0 <= attributes.female <= 1:
            raise ValueError(f"the probability of female must be within 0..1, not {attributes.female!r}")
        effective = weight * max(attributes.face, 0.05)
        female = min(max(attributes.female, 1 - MOST_SURE), MOST_SURE)
        self._log_odds += effective * math.log(female / (1 - female))
        self._add_faces([attributes.face])
        self._weight += effective
        self._glimpses += 1
        if attributes.age_bands:
            self._bands += effective * np.asarray(attributes.age_bands)
            self._age_weight += effective
        if attributes.embedding is not None:
            scaled = (effective * attributes.embedding).astype(np.float32)
            self._embedding = scaled if self._embedding is None else self._embedding + scaled
        self._lean()

    def _add_faces(self, probabilities: list[float]) -> None:
        self._faces = sorted([*self._faces, *probabilities], reverse=True)[:BEST_GLIMPSES]

    def forget_face(self) -> None:
        """Forget how the face looks, because another network will describe it from now on."""
        self._embedding = None

    def absorb(self, other: Vote) -> None:
        """Add all glimpses of another vote, of the same person seen again."""
        if other._weight > self._weight:
            self._leaning = other._leaning
        self._log_odds += other._log_odds
        self._weight += other._weight
        self._add_faces(other._faces)
        self._age_weight += other._age_weight
        self._bands = self._bands + other._bands
        self._glimpses += other._glimpses
        if other._embedding is not None:
            self._embedding = other._embedding if self._embedding is None else self._embedding + other._embedding
        if self._weight > 0:
            self._lean()

    def decision(self, shown: Decision | None = None, *, final: bool = False) -> Decision:
        """Say what all glimpses together say.

        `shown` is the decision shown so far, which only strong evidence changes. `final` is for somebody who has gone.
        """
        if self._weight <= 0:
            return Decision()
        shown = shown or Decision()
        female = self._female(self.settings.prior)
        age, spread = self._age()
        if age is not None and shown.age_years is not None and not final:
            age = _within_band(age, shown.age_years, self.settings.age_margin)
        gender = self._gender(shown.gender, is_child(age), final)
        probability = {Gender.FEMALE: female, Gender.MALE: 1 - female}.get(gender, max(female, 1 - female))
        return Decision(gender, probability, age, spread, self._glimpses)

    def _female(self, prior: float) -> float:
        """Return the probability of female, with a first glimpse of this weight imagined that says 50%."""
        return 1 / (1 + math.exp(-self._log_odds / (self._weight + prior)))

    def _gender(self, shown: Gender, child: bool, final: bool) -> Gender:
        """Return the gender to show of somebody who appears to be a child or not."""
        s, name_at = self.settings, self._name_at(child)
        if shown is Gender.UNDECIDED and not final:
            is_enough = self._likely(name_at, s.prior_in_view) is self._leaning
            return self._leaning if is_enough else Gender.UNDECIDED
        named = self._named(self._leaning if shown is Gender.UNDECIDED else shown, child)
        if named is Gender.UNDECIDED or not final:
            return named
        female = self._female(s.prior)
        probability = female if named is Gender.FEMALE else 1 - female
        return named if probability >= (name_at if child else s.keep_at) else Gender.UNDECIDED

    def _named(self, before: Gender, child: bool) -> Gender:
        """Return the gender that all glimpses name; one named `before` changes only for strong evidence."""
        s, name_at = self.settings, self._name_at(child)
        if before is Gender.UNDECIDED:
            return self._likely(name_at, s.prior)
        likely = self._likely(max(s.change_at, name_at), s.prior)
        return before if likely is Gender.UNDECIDED else likely

    def _likely(self, least: float, prior: float) -> Gender:
        """Return the gender of at least this probability, UNDECIDED for neither or too little evidence."""
        female = self._female(prior)
        if self._weight < self.settings.min_evidence or max(female, 1 - female) < least:
            return Gender.UNDECIDED
        return Gender.FEMALE if female >= 0.5 else Gender.MALE

    def _likely_so_far(self) -> Gender:
        """Return the gender that is named from the glimpses alone, whatever was named before."""
        return self._likely(self._name_at(is_child(self._age()[0])), self.settings.prior)

    def _lean(self) -> None:
        likely = self._likely_so_far()
        if likely is not Gender.UNDECIDED:
            self._leaning = likely

    def _name_at(self, child: bool) -> float:
        return max(self.settings.name_at, self.settings.child_at) if child else self.settings.name_at

    def _age(self) -> tuple[float | None, float | None]:
        if self._age_weight <= 0:
            return None, None
        centres = np.asarray(AGE_BAND_CENTRES)
        bands = self._bands / max(float(self._bands.sum()), 1e-12)
        mean = float(bands @ centres)
        return mean, math.sqrt(max(0.0, float(bands @ (centres - mean) ** 2)))


def _within_band(mean: float, shown: float, margin: float) -> float:
    """Return the age to show for a mean age, in years: within the shown age's band unless it lies well beyond."""
    band = age_band_index(shown)
    start = AGE_BAND_STARTS[band]
    end = AGE_BAND_STARTS[band + 1] if band + 1 < len(AGE_BAND_STARTS) else math.inf
    if mean < start - margin or mean >= end + margin:
        return mean
    return min(max(mean, start), math.nextafter(end, start))
