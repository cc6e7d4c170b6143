"""One answer from many glimpses."""

from __future__ import annotations

import math

import pytest

from desktop_app.domain.types import AGE_BAND_CENTRES, AGE_BANDS, Attributes, Decision, Gender
from desktop_app.domain.voting import Vote, VoteSettings
from tests.domain.acting import BLUE, RED, bands


def vote(*glimpses: tuple[float, float], **settings: float) -> Vote:
    v = Vote(VoteSettings(**settings))
    for female, weight in glimpses:
        v.add(Attributes(female), weight)
    return v


TABLE = {
    "nothing seen": ([], Gender.UNDECIDED, 0.5),
    "one sure glimpse": ([(0.9, 1.0)], Gender.FEMALE, 0.853),
    "the geometric mean": ([(0.9, 1.0), (0.6, 1.0)], Gender.FEMALE, 0.761),
    "weights count": ([(0.9, 3.0), (0.2, 1.0)], Gender.FEMALE, 0.773),
    "they disagree": ([(0.9, 1.0), (0.1, 1.0)], Gender.UNDECIDED, 0.5),
    "below the threshold": ([(0.6, 2.0)], Gender.UNDECIDED, 0.589),
    "too little evidence": ([(0.995, 0.2)], Gender.UNDECIDED, 0.913),
    "little by little enough": ([(0.05, 0.1)] * 3, Gender.MALE, 0.833),
    "one mad glimpse does not outvote five fair ones": ([(0.0, 1.0), *[(0.9, 1.0)] * 5], Gender.FEMALE, 0.713),
}


@pytest.mark.parametrize(("glimpses", "gender", "probability"), TABLE.values(), ids=TABLE.keys())
def test_gender(glimpses: list[tuple[float, float]], gender: Gender, probability: float) -> None:
    decision = vote(*glimpses, prior_in_view=VoteSettings().prior).decision()
    assert decision.gender is gender
    assert decision.probability == pytest.approx(probability, abs=0.01)
    assert decision.glimpses == len(glimpses)


def test_threshold_and_evidence_are_settings() -> None:
    assert vote((0.6, 1.0), name_at=0.55).decision(final=True).gender is Gender.FEMALE
    assert vote((0.9, 0.1), min_evidence=0.0, prior=0.0).decision(final=True).gender is Gender.FEMALE


HALF_HIDDEN, CLEAR_MAN, CLEAR_WOMAN = (0.8, 0.4), (0.02, 0.6), (0.95, 0.8)

SHOWN = {
    "a clear face, at once": ([CLEAR_WOMAN], Gender.FEMALE, Gender.FEMALE),
    "half hidden: not yet": ([HALF_HIDDEN] * 2, Gender.UNDECIDED, Gender.FEMALE),
    "half hidden for long": ([HALF_HIDDEN] * 6, Gender.FEMALE, Gender.FEMALE),
    "half hidden, then clear": ([HALF_HIDDEN, HALF_HIDDEN, *[CLEAR_MAN] * 2], Gender.MALE, Gender.MALE),
    "once named, then unclear": ([HALF_HIDDEN, (0.4, 0.4)], Gender.UNDECIDED, Gender.FEMALE),
    "once named, then rather the other": ([HALF_HIDDEN, *[(0.15, 0.4)] * 2], Gender.UNDECIDED, Gender.UNDECIDED),
    "never named": ([(0.55, 0.5)] * 8, Gender.UNDECIDED, Gender.UNDECIDED),
}


@pytest.mark.parametrize(("glimpses", "in_view", "gone"), SHOWN.values(), ids=SHOWN.keys())
def test_a_gender_is_shown_once_there_is_enough_evidence(
    glimpses: list[tuple[float, float]], in_view: Gender, gone: Gender
) -> None:
    v, shown = Vote(), Decision()
    for female, weight in glimpses:
        v.add(Attributes(female), weight)
        shown = v.decision(shown)
    assert shown.gender is in_view
    assert v.decision(shown, final=True).gender is gone


def test_a_vote_is_clear_before_it_is_shown() -> None:
    assert not Vote().is_clear
    assert not vote((0.5, 1.0)).is_clear
    v = vote(HALF_HIDDEN, HALF_HIDDEN)
    assert v.decision().gender is Gender.UNDECIDED
    assert v.is_clear


def test_the_vote_with_more_evidence_says_which_gender_was_named_last() -> None:
    for first, second in ((3, 1), (1, 3)):
        v, other = vote(*[(0.8, 0.3)] * first), vote(*[(0.2, 0.3)] * second)
        v.absorb(other)
        expected = Gender.FEMALE if first > second else Gender.MALE
        assert v.decision(final=True).gender is expected


HYSTERESIS = {
    "kept though unsure": (0.6, Gender.FEMALE, False, Gender.FEMALE),
    "kept though the other one is likelier": (0.3, Gender.FEMALE, False, Gender.FEMALE),
    "changed for strong evidence": (0.2, Gender.FEMALE, False, Gender.MALE),
    "kept at the end while likelier": (0.6, Gender.FEMALE, True, Gender.FEMALE),
    "kept at the end though the other one is a little likelier": (0.45, Gender.FEMALE, True, Gender.FEMALE),
    "open at the end if the other one is likelier": (0.35, Gender.FEMALE, True, Gender.UNDECIDED),
    "changed at the end for strong evidence": (0.1, Gender.FEMALE, True, Gender.MALE),
    "never named and unsure": (0.6, Gender.UNDECIDED, True, Gender.UNDECIDED),
    "never named and sure": (0.2, Gender.UNDECIDED, True, Gender.MALE),
}


@pytest.mark.parametrize(("female", "shown", "final", "gender"), HYSTERESIS.values(), ids=HYSTERESIS.keys())
def test_a_named_gender_changes_reluctantly(female: float, shown: Gender, final: bool, gender: Gender) -> None:
    decision = vote(*[(female, 1.0)] * 20).decision(Decision(shown), final=final)
    assert decision.gender is gender


def test_who_asks_for_much_to_name_a_gender_asks_for_as_much_to_change_it() -> None:
    assert vote(*[(0.15, 1.0)] * 20, name_at=0.9).decision(Decision(Gender.FEMALE)).gender is Gender.FEMALE
    assert vote(*[(0.05, 1.0)] * 20, name_at=0.9).decision(Decision(Gender.FEMALE)).gender is Gender.MALE


def test_the_order_of_the_glimpses_does_not_matter() -> None:
    glimpses = [(0.9, 0.3), (0.2, 1.0), (0.7, 0.5)]
    assert vote(*glimpses).decision().probability == pytest.approx(vote(*glimpses[::-1]).decision().probability)


def test_age_is_the_expectation_and_its_spread_holds_the_disagreement() -> None:
    sure, torn = Vote(), Vote()
    for _ in range(4):
        sure.add(Attributes(0.5, bands(4)), 1.0)
    for band in (3, 5) * 2:
        torn.add(Attributes(0.5, bands(band)), 1.0)
    assert sure.decision().age_years == torn.decision().age_years == 35
    assert sure.decision().age_spread_years == 0
    assert torn.decision().age_spread_years == pytest.approx(10)
    assert torn.decision().age_band == "30-39"


AGES = {
    "nothing shown yet": (None, 30.5, False, "30-39"),
    "just beyond the upper edge": (28.0, 30.5, False, "20-29"),
    "well beyond the upper edge": (28.0, 32.0, False, "30-39"),
    "just beyond the lower edge": (31.0, 29.0, False, "30-39"),
    "well beyond the lower edge": (31.0, 28.0, False, "20-29"),
    "within the last band": (76.0, 71.0, False, "70+"),
    "a child of almost ten": (9.0, 11.0, False, "3-9"),
    "gone: as all glimpses say": (28.0, 30.5, True, "30-39"),
}


@pytest.mark.parametrize(("shown", "mean", "final", "band"), AGES.values(), ids=AGES.keys())
def test_a_shown_age_band_changes_reluctantly(shown: float | None, mean: float, final: bool, band: str) -> None:
    v = Vote()
    v.add(Attributes(0.9, ages_around(mean)), 1.0)
    decision = v.decision(Decision(age_years=shown), final=final)
    assert decision.age_band == band
    assert decision.age_years == pytest.approx(mean, abs=1.5)


def ages_around(mean: float) -> tuple[float, ...]:
    """Probabilities over the bands whose expectation is this age."""
    above = next(i for i, centre in enumerate(AGE_BAND_CENTRES) if centre >= mean)
    low, high = AGE_BAND_CENTRES[above - 1], AGE_BAND_CENTRES[above]
    share = (mean - low) / (high - low)
    return tuple(share if i == above else 1 - share if i == above - 1 else 0.0 for i in range(len(AGE_BANDS)))


CHILDREN = {
    "an adult": (25.0, 0.85, Gender.UNDECIDED, False, Gender.FEMALE),
    "a child": (6.0, 0.85, Gender.UNDECIDED, False, Gender.UNDECIDED),
    "a child, surely": (6.0, 0.95, Gender.UNDECIDED, False, Gender.FEMALE),
    "a child named before": (6.0, 0.85, Gender.FEMALE, False, Gender.FEMALE),
    "a child named before who has gone": (6.0, 0.85, Gender.FEMALE, True, Gender.UNDECIDED),
    "a child, surely, who has gone": (6.0, 0.95, Gender.FEMALE, True, Gender.FEMALE),
}


@pytest.mark.parametrize(("age", "female", "shown", "final", "gender"), CHILDREN.values(), ids=CHILDREN.keys())
def test_a_childs_gender_takes_more(age: float, female: float, shown: Gender, final: bool, gender: Gender) -> None:
    v = Vote()
    v.add(Attributes(female, ages_around(age)), 20.0)
    decision = v.decision(Decision(shown), final=final)
    assert decision.gender is gender
    assert decision.is_child is (age < 10)


def test_age_is_unknown_without_an_age_output() -> None:
    decision = vote((0.9, 1.0)).decision()
    assert decision.age_years is None
    assert decision.age_spread_years is None
    assert decision.age_band is None


def test_what_is_hardly_a_face_hardly_counts() -> None:
    v = Vote()
    v.add(Attributes(0.05, face=1.0), 1.0)
    v.add(Attributes(0.95, face=0.0), 1.0)
    assert v.decision().gender is Gender.MALE
    assert v.face == pytest.approx(0.5)


def test_the_embedding_is_the_mean_direction() -> None:
    v = Vote()
    assert v.embedding is None
    v.add(Attributes(0.5, embedding=RED), 1.0)
    v.add(Attributes(0.5, embedding=BLUE), 1.0)
    assert v.embedding is not None
    assert v.embedding.tolist() == pytest.approx([math.sqrt(0.5), math.sqrt(0.5), 0])


def test_two_votes_on_one_person_make_one() -> None:
    first, second, together = Vote(), Vote(), Vote()
    for i, v in enumerate([first, second, first]):
        glimpse = Attributes(0.6 + 0.1 * i, bands(i + 3), 0.9, RED)
        v.add(glimpse, 1.0 + i)
        together.add(glimpse, 1.0 + i)
    first.absorb(second)
    assert first.decision().probability == pytest.approx(together.decision().probability)
    assert first.decision().age_years == pytest.approx(together.decision().age_years)
    assert (first.glimpses, first.weight) == (together.glimpses, pytest.approx(together.weight))


@pytest.mark.parametrize("weight", [0.0, -1.0, math.nan, math.inf])
def test_absurd_weights_are_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="weight"):
        Vote().add(Attributes(0.5), weight)


@pytest.mark.parametrize("female", [-0.1, 1.1, math.nan])
def test_absurd_probabilities_are_refused(female: float) -> None:
    with pytest.raises(ValueError, match="female"):
        Vote().add(Attributes(female), 1.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"name_at": 0.4},
        {"name_at": 1.0},
        {"change_at": 0.3},
        {"keep_at": 1.0},
        {"child_at": 1.0},
        {"min_evidence": -1.0},
        {"age_margin": -0.1},
        {"prior": math.nan},
        {"prior_in_view": -1.0},
    ],
)
def test_absurd_settings_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        VoteSettings(**changes)


def test_bands_are_those_of_the_types() -> None:
    assert len(bands(0)) == len(AGE_BANDS)
