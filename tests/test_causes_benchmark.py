"""How the benchmark of causes tells a missed, a double, a merged and a false person apart."""

from __future__ import annotations

from collections import Counter

from benchmarks.causes import HEADER, TRACKS, Causes, causes_of, matches, read_genders
from benchmarks.identities import read_labels
from desktop_app.domain.types import Box, Gender

FEMALE, MALE, UNDECIDED = Gender.FEMALE, Gender.MALE, Gender.UNDECIDED
GENDERS = {"Ann": FEMALE, "Ben": MALE}


def test_everybody_counted_once_and_named_rightly_has_no_cause() -> None:
    hits = {"a": Counter(Ann=9), "b": Counter(Ben=9, Ann=1)}
    assert causes_of(hits, ["a", "b"], {"a": FEMALE, "b": MALE}, GENDERS) == Causes(2, 2)


def test_one_counted_twice_is_double_and_the_longer_one_is_asked_for_the_gender() -> None:
    hits = {"a": Counter(Ann=9), "c": Counter(Ann=3), "b": Counter(Ben=9)}
    decided = {"a": FEMALE, "c": MALE, "b": UNDECIDED}
    assert causes_of(hits, ["a", "b", "c"], decided, GENDERS) == Causes(2, 3, double=1, undecided=1)


def test_two_who_share_one_count_are_merged_and_not_missed() -> None:
    assert causes_of({"a": Counter(Ann=6, Ben=4)}, ["a"], {"a": MALE}, GENDERS) == Causes(2, 1, merged=1, gender=1)
    assert causes_of({"a": Counter(Ann=9, Ben=1)}, ["a"], {"a": FEMALE}, GENDERS) == Causes(2, 1, missed=1)


def test_a_print_on_a_wall_is_false_but_who_was_never_shown_on_a_labelled_frame_is_not() -> None:
    hits = {"a": Counter(Ann=9), "b": Counter(Ben=9)}
    decided = {"a": FEMALE, "b": MALE, "print": MALE, "later": MALE}
    assert causes_of(hits, ["a", "b", "print"], decided, GENDERS) == Causes(2, 4, false=1)


def test_a_face_is_matched_once_and_by_enough_overlap() -> None:
    face, beside = Box(0, 0, 20, 30), Box(100, 0, 120, 30)
    found = {"a": Box(1, 0, 21, 30), "b": Box(3, 0, 23, 30), "c": Box(112, 0, 132, 30)}
    assert matches({"Ann": face, "Ben": beside}, found) == {"a": "Ann"}


def test_every_labelled_person_has_a_gender() -> None:
    for clip, genders in read_genders().items():
        labelled = {name for boxes in read_labels(TRACKS / f"{clip}.csv").values() for name in boxes}
        assert labelled == set(genders), clip
    assert len(Causes().line("x")) == len(HEADER)
