"""The check: intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from desktop_app.domain.types import Gender
from desktop_app.reports.check import (
    CARD_WEIGHT,
    CardErrors,
    CheckedByEye,
    Stratum,
    count_ratio,
    is_within,
    more_would_help,
    raw_is_inside,
    sentence,
    women_share,
)


def check(women: tuple[int, int, int], men: tuple[int, int, int], missed: int = 0, false: int = 0) -> CheckedByEye:
    """(counted, female, male) of the two labels."""
    return CheckedByEye({Gender.FEMALE: Stratum(*women), Gender.MALE: Stratum(*men)}, missed, false)


def test_the_split_is_that_of_the_people_who_were_checked() -> None:
    everybody = women_share(check((60, 55, 5), (40, 4, 36)))
    assert everybody is not None
    assert (everybody.low, everybody.estimate, everybody.high) == (0.59, 0.59, 0.59), "nothing is left to guess"
    some = women_share(check((600, 38, 2), (400, 2, 38)))
    assert some is not None
    assert some.low < 0.59 < some.high
    assert 0.03 < some.width < 0.12


def test_the_interval_agrees_with_the_textbook() -> None:
    stats = pytest.importorskip("scipy.stats")
    one = CheckedByEye({Gender.FEMALE: Stratum(10**7, 45, 5)})
    found = women_share(one, CardErrors(men_called_female=0.1))
    assert found is not None
    low, high = stats.beta(45.5 + 0.9 * CARD_WEIGHT, 5.5 + 0.1 * CARD_WEIGHT).ppf([0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.005)
    assert found.high == pytest.approx(high, abs=0.005)


@pytest.mark.parametrize(("share", "error"), [(0.5, 0.06), (0.3, 0.1), (0.62, 0.03)])
def test_the_interval_covers_the_truth_as_often_as_it_says(share: float, error: float) -> None:
    rng = np.random.default_rng(7)
    covered, runs = 0, 200
    for _ in range(runs):
        is_woman = rng.random(400) < share
        called_woman = is_woman ^ (rng.random(400) < error)
        strata = {}
        for gender, label in ((Gender.FEMALE, True), (Gender.MALE, False)):
            mine = np.flatnonzero(called_woman == label)
            chosen = rng.choice(mine, min(40, len(mine)), replace=False)
            women = int(is_woman[chosen].sum())
            strata[gender] = Stratum(len(mine), women, len(chosen) - women)
        found = women_share(CheckedByEye(strata), CardErrors(error, error), seed=int(rng.integers(1 << 30)))
        assert found is not None
        covered += found.low - 1e-9 <= is_woman.mean() <= found.high + 1e-9
    assert 0.90 <= covered / runs <= 1.0


def test_a_count_is_shown_to_be_right_only_with_enough_people() -> None:
    few, many = check((50, 15, 0), (50, 0, 15)), check((500, 200, 0), (500, 0, 200))
    assert count_ratio(few) is not None
    assert not is_within(few), "no error was found, and yet nothing is shown"
    assert is_within(many)
    assert not is_within(check((500, 200, 0), (500, 0, 200), missed=60))


def test_it_says_when_more_checking_would_not_help() -> None:
    assert more_would_help(CheckedByEye())
    assert more_would_help(check((500, 8, 2), (500, 2, 8)))
    assert not more_would_help(check((50_000, 960, 40), (50_000, 40, 960)))


def test_it_says_when_the_counted_split_needs_no_correction() -> None:
    assert raw_is_inside(check((500, 38, 2), (500, 2, 38)))
    assert not raw_is_inside(check((500, 25, 15), (500, 0, 40)))


def test_nobody_checked_gives_no_figure() -> None:
    nobody = CheckedByEye({Gender.FEMALE: Stratum(10)})
    assert women_share(nobody) is None
    assert count_ratio(nobody) is None
    assert sentence(nobody) == ""


def test_the_sentence_is_plain() -> None:
    text = sentence(check((300, 190, 10), (300, 10, 190)))
    assert text.startswith("Checked by eye: 400 of 600 people. Women ")
    assert "right within 5%" in text
    assert "agrees with the split counted" in text


def test_figures_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be"):
        Stratum(3, 2, 2)
    with pytest.raises(ValueError, match="between 0 and 1"):
        women_share(check((2, 1, 0), (2, 0, 1)), confidence=95)
