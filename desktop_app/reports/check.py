"""How sure is the count at this door: from a few people whom the operator looked at, to figures with an interval.

The operator says of people whom the program chooses what they see: female, male, can't tell, or nobody ("counted
wrongly"); and taps once for each who passes and is missed. Only these numbers are kept (`domain.events.Checked`).

*Split.* Among the people to whom the program gave one label, the true share of women has a Beta posterior with
Jeffreys' prior, Beta(x + 1/2, n - x + 1/2), shrunk towards the error rates of the model's card where few were checked.
The people who were not checked are drawn from it, those who were are known: with the strata weighted as the program
counted them this is the Bayesian form of the Rogan-Gladen correction (Rogan and Gladen, American Journal of
Epidemiology 1978) and of prediction-powered inference (Angelopoulos et al., Science 2023). As the strata are weighted,
it does not matter that the program chooses more people of a rare label.

*Count.* Counts of nobody and people missed give a posterior of the true number by the number counted. That the count is
good enough is shown as an equivalence, as public transport tests its counters (two one-sided tests, Schuirmann 1987):
"within 5% with 95% confidence" means that the 90% interval lies within 5%. Finding no difference would show nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Gender

DRAWS = 20_000
CARD_WEIGHT = 2.0
"""The model's card counts as much as this many people checked in each stratum."""

ENOUGH_POINTS = 0.005
"""An interval narrower by less than this a side for twice the work is not worth checking more."""

FEW = 30
"""Below this many people checked a sentence says that more would help, whatever the interval."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """People to whom the program gave one label: `counted` in all; of those checked, so many appear so.

    `unclear` are those of whom the operator could not tell either, `false` counts were of nobody. Raises ValueError for
    figures that cannot be.
    """

    counted: int
    female: int = 0
    male: int = 0
    unclear: int = 0
    false: int = 0

    def __post_init__(self) -> None:
        parts = (self.counted, self.female, self.male, self.unclear, self.false)
        if min(parts) < 0 or self.checked > self.counted:
            raise ValueError(f"{self.checked} checked of {self.counted} counted cannot be")

    @property
    def people(self) -> int:
        """How many of those checked were people."""
        return self.female + self.male + self.unclear

    @property
    def checked(self) -> int:
        return self.people + self.false


@dataclass(frozen=True, slots=True)
class CheckedByEye:
    """Everything that is kept of a check, and what the program counted in all.

    While the operator was looking, `passed` people were counted and `missed` were not. Raises ValueError for figures
    that cannot be.
    """

    strata: Mapping[Gender, Stratum] = field(default_factory=dict)
    missed: int = 0
    passed: int = 0

    def __post_init__(self) -> None:
        if self.missed < 0 or not self.checked <= self.passed <= self.counted:
            raise ValueError(f"{self.checked} checked of {self.passed} who passed of {self.counted} cannot be")

    @property
    def counted(self) -> int:
        return sum(s.counted for s in self.strata.values())

    @property
    def checked(self) -> int:
        return sum(s.checked for s in self.strata.values())

    @property
    def false(self) -> int:
        return sum(s.false for s in self.strata.values())


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
    """How often the model is wrong by its card: the share of women whom it calls male, and the reverse."""

    women_called_male: float = 0.06
    men_called_female: float = 0.06


def women_share(
    check: CheckedByEye, card: CardErrors | None = None, confidence: float = 0.95, seed: int = 0
) -> Interval | None:
    """Return the true share of women among the people counted, as the check says; None without anybody checked.

    Raises ValueError for a confidence that is none.
    """
    _check_confidence(confidence)
    if not check.checked - check.false:
        return None
    women, people, _ = _draw(check, card or CardErrors(), seed)
    return _interval(women / np.maximum(people, 1), confidence)


def count_ratio(check: CheckedByEye, confidence: float = 0.95, seed: int = 0) -> Interval | None:
    """Return the true number of people by the number counted, 1.0 for a perfect count; None without a check.

    Raises ValueError for a confidence that is none.
    """
    _check_confidence(confidence)
    if not check.checked:
        return None
    _, people, rng = _draw(check, CardErrors(), seed)
    seen = people * check.passed / check.counted
    recall = rng.beta(seen + 0.5, check.missed + 0.5)
    unseen = people - seen
    # While nobody looked, as many more were missed as go with the people counted then: a negative binomial.
    more = np.where(unseen > 0, rng.negative_binomial(np.maximum(unseen, 1e-9), recall), 0)
    return _interval((people + check.missed + more) / check.counted, confidence)


def is_within(check: CheckedByEye, margin: float = 0.05, confidence: float = 0.95) -> bool:
    """Whether the count is shown to be right within `margin`: two one-sided tests at 1 - `confidence` each."""
    ratio = count_ratio(check, 2 * confidence - 1)
    return ratio is not None and 1 - margin <= ratio.low and ratio.high <= 1 + margin


def more_would_help(check: CheckedByEye, card: CardErrors | None = None) -> bool:
    """Whether checking as many again would narrow the interval of the split by more than half a point a side."""
    now = women_share(check, card)
    if now is None:
        return True
    after = women_share(doubled(check), card)
    return after is not None and now.width - after.width > 2 * ENOUGH_POINTS


def doubled(check: CheckedByEye) -> CheckedByEye:
    """Return what checking as many again would find if it found the same."""
    strata = {g: _doubled(s) for g, s in check.strata.items()}
    checked = sum(s.checked for s in strata.values())
    passed = max(checked, min(2 * check.passed, check.counted))
    return CheckedByEye(strata, round(check.missed * passed / max(check.passed, 1)), passed)


def raw_share(check: CheckedByEye) -> float:
    """Return the program's own share of women, undecided people halved; 0.5 where nobody was counted."""
    numbers = {g: s.counted for g, s in check.strata.items()}
    women = numbers.get(Gender.FEMALE, 0) + 0.5 * numbers.get(Gender.UNDECIDED, 0)
    return women / check.counted if check.counted else 0.5


def raw_is_inside(check: CheckedByEye, card: CardErrors | None = None) -> bool:
    """Whether the program's own split lies in the interval: no need to correct it."""
    share = women_share(check, card)
    return share is not None and share.low <= raw_share(check) <= share.high


def next_label(waiting: Mapping[Gender, int], checked: Mapping[Gender, int], counted: Mapping[Gender, int]) -> Gender:
    """Return the label of which somebody should be checked next, of those of whom anybody is `waiting`.

    Most people are checked where most were counted, but a rare label gets its part too: by the square roots of the
    numbers counted. Raises ValueError where nobody waits.
    """
    possible = [g for g in Gender if waiting.get(g, 0) > 0]
    if not possible:
        raise ValueError("nobody waits to be checked")
    return min(possible, key=lambda g: (checked.get(g, 0) + 0.5) / max(counted.get(g, 0), 1) ** 0.5)


def _draw(
    check: CheckedByEye, card: CardErrors, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], np.random.Generator]:
    """Return draws of how many women and how many people are among those counted, and the generator to go on with."""
    rng = np.random.default_rng(seed)
    believed = _believed(check, card)
    # A label of whom few were checked is believed to be somebody about as often as the others are; the half of
    # Jeffreys' prior is shared out among the labels, so that all of them together have one half.
    nobody = check.false / max(check.checked, 1)
    women, people = np.zeros(DRAWS), np.zeros(DRAWS)
    for gender, stratum in check.strata.items():
        half = 0.5 * max(stratum.counted, 1) / max(check.counted, 1)
        precision = rng.beta(stratum.people + 1 - nobody + half, stratum.false + nobody + half, DRAWS)
        unchecked = rng.binomial(stratum.counted - stratum.checked, precision)
        mean = believed[gender]
        share = rng.beta(
            stratum.female + 0.5 + CARD_WEIGHT * mean, stratum.male + 0.5 + CARD_WEIGHT * (1 - mean), DRAWS
        )
        # Of whoever nobody could tell, the share says as much as of the people not checked.
        women += stratum.female + rng.binomial(unchecked + stratum.unclear, share)
        people += stratum.people + unchecked
    return women, people, rng


def _believed(check: CheckedByEye, card: CardErrors) -> dict[Gender, float]:
    """Return the share of women to expect of each label by the card alone.

    The card was measured on as many women as men. How many women there are here follows from the program's own split
    by Rogan and Gladen's estimator, and from that, by Bayes, how far each label can be trusted.
    """
    female, male = (check.strata[g].counted if g in check.strata else 0 for g in (Gender.FEMALE, Gender.MALE))
    right_of_women, right_of_men = 1 - card.women_called_male, 1 - card.men_called_female
    raw = (female + 0.5) / (female + male + 1)
    women = min(0.99, max(0.01, (raw + right_of_men - 1) / max(right_of_women + right_of_men - 1, 0.1)))
    called_female = women * right_of_women + (1 - women) * (1 - right_of_men)
    called_male = women * (1 - right_of_women) + (1 - women) * right_of_men
    return {
        Gender.FEMALE: women * right_of_women / called_female,
        Gender.MALE: women * (1 - right_of_women) / called_male,
        Gender.UNDECIDED: women,
    }


def _doubled(s: Stratum) -> Stratum:
    times = min(2.0, s.counted / s.checked) if s.checked else 1.0
    numbers = (int(n * times) for n in (s.female, s.male, s.unclear, s.false))
    return Stratum(s.counted, *numbers)


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not {confidence}")


def _interval(values: NDArray[np.float64], confidence: float) -> Interval:
    tail = 50 * (1 - confidence)
    low, high = np.percentile(values, [tail, 100 - tail])
    return Interval(float(values.mean()), float(low), float(high))
