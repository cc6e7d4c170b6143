"""How sure is the count at this door: from a few people whom the operator looked at, to figures with an interval.

The operator says of the next people what they see: female, male, can't tell, missed by the program, or counted
wrongly. Only these numbers are kept.

*Split.* Among the people to whom the program gave one label, the true share of women has a Beta posterior with
Jeffreys' prior, Beta(x + 1/2, n - x + 1/2), shrunk towards the error rates of the model's card where few were checked.
The people who were not checked are drawn from it, those who were are known: with the strata weighted as the program
counted them this is the Bayesian form of the Rogan-Gladen correction (Rogan and Gladen, American Journal of
Epidemiology 1978) and of prediction-powered inference (Angelopoulos et al., Science 2023).

*Count.* People missed and counts of nobody give a posterior of the true number by the number counted. That the count is
good enough is shown as an equivalence, as public transport tests its counters (two one-sided tests, Schuirmann 1987):
"within 5% with 95% confidence" means that the 90% interval lies within 5%. Finding no difference would show nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from desktop_app.domain.types import Gender

DRAWS = 20_000
CARD_WEIGHT = 2.0
"""The model's card counts as much as this many people checked in each stratum."""

ENOUGH_POINTS = 0.005
"""An interval narrower by less than this for twice the work is not worth checking more."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """People to whom the program gave one label: `counted` in all; of those checked, so many appear so.

    `unclear` are those of whom the operator could not tell either. Raises ValueError for figures that cannot be.
    """

    counted: int
    female: int = 0
    male: int = 0
    unclear: int = 0

    def __post_init__(self) -> None:
        if min(self.counted, self.female, self.male, self.unclear) < 0 or self.checked > self.counted:
            raise ValueError(f"{self.checked} checked of {self.counted} counted cannot be")

    @property
    def checked(self) -> int:
        return self.female + self.male + self.unclear


@dataclass(frozen=True, slots=True)
class CheckedByEye:
    """Everything that is kept of a check. `missed` people were not counted, `false` counts were of nobody."""

    strata: Mapping[Gender, Stratum] = field(default_factory=dict)
    missed: int = 0
    false: int = 0

    @property
    def counted(self) -> int:
        return sum(s.counted for s in self.strata.values())

    @property
    def checked(self) -> int:
        return sum(s.checked for s in self.strata.values())


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with the bounds between which it lies with the probability asked for."""

    estimate: float
    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class CardErrors:
    """How often the model is wrong by its card: the share of women among those it calls male, and the reverse."""

    women_called_male: float = 0.06
    men_called_female: float = 0.06


def women_share(
    check: CheckedByEye, card: CardErrors | None = None, confidence: float = 0.95, seed: int = 0
) -> Interval | None:
    """Return the true share of women among the people counted, as the check says; None without anybody checked.

    Raises ValueError for a confidence that is none.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not {confidence}")
    if not check.checked:
        return None
    card = card or CardErrors()
    believed = {Gender.FEMALE: 1 - card.men_called_female, Gender.MALE: card.women_called_male, Gender.UNDECIDED: 0.5}
    rng = np.random.default_rng(seed)
    women = np.zeros(DRAWS)
    for gender, stratum in check.strata.items():
        mean = believed[gender]
        share = rng.beta(
            stratum.female + 0.5 + CARD_WEIGHT * mean, stratum.male + 0.5 + CARD_WEIGHT * (1 - mean), DRAWS
        )
        # Of whoever nobody could tell, the share says as much as of the people not checked.
        open_ones = stratum.counted - stratum.female - stratum.male
        women += stratum.female + rng.binomial(open_ones, share)
    return _interval(women / max(check.counted, 1), confidence)


def count_ratio(check: CheckedByEye, confidence: float = 0.95, seed: int = 0) -> Interval | None:
    """Return the true number of people by the number counted, 1.0 for a perfect count; None without a check."""
    found = check.checked
    if not found + check.missed:
        return None
    rng = np.random.default_rng(seed)
    recall = rng.beta(found + 0.5, check.missed + 0.5, DRAWS)
    precision = rng.beta(found + 0.5, check.false + 0.5, DRAWS)
    return _interval(precision / recall, confidence)


def is_within(check: CheckedByEye, margin: float = 0.05, confidence: float = 0.95) -> bool:
    """Whether the count is shown to be right within `margin`: two one-sided tests at 1 - `confidence` each."""
    ratio = count_ratio(check, 2 * confidence - 1)
    return ratio is not None and 1 - margin <= ratio.low and ratio.high <= 1 + margin


def more_would_help(check: CheckedByEye, card: CardErrors | None = None) -> bool:
    """Whether checking as many again would narrow the interval of the split by more than half a point a side."""
    now = women_share(check, card)
    if now is None:
        return True
    doubled = CheckedByEye(
        {g: _doubled(s) for g, s in check.strata.items()},
        2 * check.missed,
        2 * check.false,
    )
    after = women_share(doubled, card)
    return after is not None and now.width - after.width > 2 * ENOUGH_POINTS


def raw_is_inside(check: CheckedByEye, card: CardErrors | None = None) -> bool:
    """Whether the program's own split, undecided people halved, lies in the interval: no need to correct it."""
    share = women_share(check, card)
    if share is None or not check.counted:
        return False
    numbers = {g: s.counted for g, s in check.strata.items()}
    raw = (numbers.get(Gender.FEMALE, 0) + 0.5 * numbers.get(Gender.UNDECIDED, 0)) / check.counted
    return share.low <= raw <= share.high


def sentence(check: CheckedByEye, card: CardErrors | None = None) -> str:
    """Return what a report says of the check, in plain words; "" without one."""
    share, ratio = women_share(check, card), count_ratio(check)
    if share is None or ratio is None:
        return ""
    text = f"Checked by eye: {check.checked} of {check.counted} people. Women {_percent(share.low)} to "
    text += f"{_percent(share.high)}% (95% interval)"
    if raw_is_inside(check, card):
        text += ", which agrees with the split counted"
    text += ". "
    if is_within(check):
        return text + "The number of people is right within 5%, with 95% confidence."
    low, high = _percent(ratio.low - 1), _percent(ratio.high - 1)
    return text + f"The true number of people is {low:+d} to {high:+d}% of the number counted away."


def _doubled(s: Stratum) -> Stratum:
    times = min(2.0, s.counted / s.checked) if s.checked else 1.0
    return Stratum(s.counted, int(s.female * times), int(s.male * times), int(s.unclear * times))


def _percent(value: float) -> int:
    return round(100 * value)


def _interval(values: np.ndarray, confidence: float) -> Interval:
    tail = 50 * (1 - confidence)
    low, high = np.percentile(values, [tail, 100 - tail])
    return Interval(float(values.mean()), float(low), float(high))
