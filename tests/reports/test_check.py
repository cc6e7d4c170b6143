"""The check: intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.types import Gender
from desktop_app.reports.check import (
    CARD_WEIGHT,
    CardErrors,
    CheckedByEye,
    Stratum,
    count_ratio,
    is_within,
    more_would_help,
    next_label,
    raw_is_inside,
    women_share,
)

BALANCED = CardErrors(0.1, 0.1)


def check(women: tuple[int, ...], men: tuple[int, ...], missed: int = 0, passed: int | None = None) -> CheckedByEye:
    """(counted, female, male, unclear, false) of the two labels; without `passed` all that were counted."""
    strata = {Gender.FEMALE: Stratum(*women), Gender.MALE: Stratum(*men)}
    counted = sum(s.counted for s in strata.values())
    return CheckedByEye(strata, missed, counted if passed is None else passed)


def test_the_split_is_that_of_the_people_who_were_checked() -> None:
    everybody = women_share(check((60, 55, 5), (40, 4, 36)))
    assert everybody is not None
    assert (everybody.low, everybody.estimate, everybody.high) == (0.59, 0.59, 0.59), "nothing is left to guess"
    some = women_share(check((600, 38, 2), (400, 2, 38)))
    assert some is not None
    assert some.low < 0.59 < some.high
    assert 0.03 < some.width < 0.12


def test_the_interval_of_the_split_agrees_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    one = CheckedByEye({Gender.FEMALE: Stratum(10**6, 45, 5), Gender.MALE: Stratum(10**6, 5, 45)}, 0, 200)
    found = women_share(one, BALANCED)
    assert found is not None
    # By symmetry the card says 0.9 and 0.1 of the two labels.
    draws = sum(
        stats.beta(x + 0.5 + mean * CARD_WEIGHT, 50.5 - x + (1 - mean) * CARD_WEIGHT).rvs(200_000, random_state=seed)
        for x, mean, seed in ((45, 0.9, 1), (5, 0.1, 2))
    )
    low, high = np.percentile(draws / 2, [2.5, 97.5])
    assert found.low == pytest.approx(low, abs=0.004)
    assert found.high == pytest.approx(high, abs=0.004)


def test_the_shares_agree_with_the_proportions_of_statsmodels() -> None:
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    # With 400 checked the card weighs nothing, and one label alone is a plain proportion.
    one = CheckedByEye({Gender.FEMALE: Stratum(10**6, 370, 30)}, 0, 400)
    found = women_share(one, CardErrors(0.075, 0.075))
    assert found is not None
    low, high = proportion.proportion_confint(370, 400, method="jeffreys")
    assert found.low == pytest.approx(low, abs=0.004)
    assert found.high == pytest.approx(high, abs=0.004)
    # The number of people: 12 of 412 who passed were missed.
    ratio = count_ratio(CheckedByEye({Gender.FEMALE: Stratum(10**6, 400, 0)}, 12, 400))
    assert ratio is not None
    low, high = proportion.proportion_confint(400, 412, method="jeffreys")
    assert ratio.high == pytest.approx(1 / low, abs=0.004)
    assert ratio.low == pytest.approx(1 / high, abs=0.006), "a little less: one of 400 might have been nobody"


@pytest.mark.slow
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
        found = women_share(CheckedByEye(strata, 0, 400), CardErrors(error, error), seed=int(rng.integers(1 << 30)))
        assert found is not None
        covered += found.low - 1e-9 <= is_woman.mean() <= found.high + 1e-9
    assert 0.90 <= covered / runs <= 1.0


def test_a_count_is_shown_to_be_right_only_with_enough_people() -> None:
    few, many = check((5000, 15, 0), (5000, 0, 15), passed=30), check((500, 200, 0), (500, 0, 200))
    assert count_ratio(few) is not None
    assert not is_within(few), "no error was found, and yet nothing is shown"
    assert is_within(many)
    assert not is_within(check((500, 200, 0), (500, 0, 200), missed=120))


def test_somebody_missed_and_nobody_counted_change_the_number_of_people() -> None:
    missed = count_ratio(check((100, 100, 0), (100, 0, 100), missed=20))
    assert missed is not None
    assert (missed.low, missed.high) == (1.1, 1.1), "everybody who passed was looked at"
    nobody = count_ratio(check((100, 90, 0, 0, 10), (100, 0, 100)))
    assert nobody is not None
    assert (nobody.low, nobody.high) == (0.95, 0.95)
    part = count_ratio(check((100, 20, 0), (100, 0, 20), missed=5, passed=50))
    assert part is not None
    assert part.low < 1.1 < part.high
    # Nobody is neither a woman nor a man.
    share = women_share(check((100, 90, 0, 0, 10), (100, 0, 100)))
    assert share is not None
    assert share.estimate == pytest.approx(90 / 190)


def test_it_says_when_more_checking_would_not_help() -> None:
    assert more_would_help(CheckedByEye())
    assert more_would_help(check((500, 8, 2), (500, 2, 8)))
    assert not more_would_help(check((50_000, 960, 40), (50_000, 40, 960)))


def test_it_says_when_the_counted_split_needs_no_correction() -> None:
    assert raw_is_inside(check((500, 38, 2), (500, 2, 38)))
    assert not raw_is_inside(check((500, 25, 15), (500, 0, 40)))


def test_the_program_chooses_by_its_own_label() -> None:
    waiting = {Gender.FEMALE: 1, Gender.MALE: 1, Gender.UNDECIDED: 0}
    checked: dict[Gender, int] = dict.fromkeys(Gender, 0)
    counted = {Gender.FEMALE: 90, Gender.MALE: 10, Gender.UNDECIDED: 0}
    for _ in range(40):
        checked[next_label(waiting, checked, counted)] += 1
    assert checked == {Gender.FEMALE: 30, Gender.MALE: 10, Gender.UNDECIDED: 0}, "by the roots: 3 to 1, not 9 to 1"
    with pytest.raises(ValueError, match="nobody waits"):
        next_label({}, checked, counted)


def test_nobody_checked_gives_no_figure() -> None:
    nobody = CheckedByEye({Gender.FEMALE: Stratum(10)})
    assert women_share(nobody) is None
    assert count_ratio(nobody) is None
    assert not is_within(nobody)


def test_figures_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be"):
        Stratum(3, 2, 2)
    with pytest.raises(ValueError, match="cannot be"):
        check((10, 5, 0), (10, 0, 5), passed=9)
    with pytest.raises(ValueError, match="between 0 and 1"):
        women_share(check((2, 1, 0), (2, 0, 1)), confidence=95)


@given(
    st.lists(st.tuples(*[st.integers(0, 6)] * 4, st.integers(0, 30)), min_size=3, max_size=3),
    st.integers(0, 9),
    st.integers(0, 40),
)
def test_whatever_was_found_there_are_figures_or_none(
    rows: list[tuple[int, int, int, int, int]], missed: int, more_passed: int
) -> None:
    strata = {g: Stratum(sum(row), *row[:4]) for g, row in zip(Gender, rows, strict=True)}
    checked, counted = sum(s.checked for s in strata.values()), sum(s.counted for s in strata.values())
    found = CheckedByEye(strata, missed, min(counted, checked + more_passed))
    share, ratio = women_share(found), count_ratio(found)
    assert (share is None) == (checked == found.false)
    if share is not None:
        assert 0 <= share.low <= share.high <= 1
    assert (ratio is None) == (checked == 0)
    if ratio is not None:
        assert 0 <= ratio.low <= ratio.high
    more_would_help(found)
    raw_is_inside(found)
