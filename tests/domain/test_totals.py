"""The fold of the log: whatever the entries and their order, the totals add up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desktop_app.domain.event_codec import EVENT_KINDS, from_plain, kind_of, to_plain
from desktop_app.domain.events import (
    Added,
    Condensed,
    Corrected,
    Counted,
    Crossed,
    CrossedBack,
    Entry,
    Event,
    Left,
    Merged,
    PlacesSet,
    Revised,
    Split,
    StaffSeen,
    Undone,
    ZoneEntered,
    ZoneLeft,
)
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import AGE_BANDS, Counts, Gender
from tests.domain.log import Log

# ---------------------------------------------------------------------------------------- any sequence at all

REFS = st.sampled_from(["a", "b", "c", "d"])
GENDERS = st.sampled_from(list(Gender))
TIMES = st.floats(0, 100)
PLACES = st.sampled_from(["door", "hall"])
DIRECTIONS = st.sampled_from(["in", "out"])
YES_NO = st.sampled_from(["yes", "no"])
AGES = st.none() | st.floats(0, 90)


def _events(ids: list[str]) -> st.SearchStrategy[Event]:
    return st.one_of(
        st.builds(Counted, TIMES, REFS, st.integers(1, 9), TIMES, GENDERS, st.just(0.7), AGES),
        st.builds(Revised, TIMES, REFS, GENDERS, st.just(0.9), AGES, st.none(), st.booleans()),
        st.builds(Merged, TIMES, REFS, REFS, st.booleans()),
        st.builds(Left, TIMES, REFS, TIMES, TIMES, TIMES),
        st.builds(StaffSeen, TIMES, REFS, st.booleans()),
        st.builds(Crossed, TIMES, REFS, PLACES, DIRECTIONS),
        st.builds(CrossedBack, TIMES, REFS, PLACES, DIRECTIONS),
        st.builds(ZoneEntered, TIMES, REFS, PLACES, st.sampled_from([1.0, 2.0])),
        st.builds(ZoneLeft, TIMES, REFS, PLACES, st.sampled_from([1.0, 2.0]), TIMES),
        st.builds(
            lambda ref, new: Corrected(0.0, ref, "gender", new), REFS, st.sampled_from([g.value for g in Gender])
        ),
        st.builds(lambda ref, new: Corrected(0.0, ref, "age_band", new), REFS, st.sampled_from(AGE_BANDS)),
        st.builds(
            lambda ref, what, new: Corrected(0.0, ref, what, new), REFS, st.sampled_from(["removed", "staff"]), YES_NO
        ),
        st.builds(Split, TIMES, REFS),
        st.builds(Added, TIMES, REFS, GENDERS, st.sampled_from(["", *AGE_BANDS])),
        st.builds(Undone, TIMES, st.sampled_from(ids)),
    )


@st.composite
def logs(draw: st.DrawFn) -> list[Entry]:
    size = draw(st.integers(1, 20))
    ids = [f"e{i}" for i in range(size)]
    events = draw(st.lists(_events(ids), min_size=size, max_size=size))
    doors = st.sampled_from(["north", "south"])
    return [Entry(ids[i], "s", draw(doors), i, 1000.0 + i, event) for i, event in enumerate(events)]


def _everything(totals: Totals) -> tuple[object, ...]:
    curve = totals.curve()
    return (
        totals.counts(),
        totals.counts("north"),
        totals.counts("south"),
        totals.places(),
        totals.people(),
        [e.id for e in totals.corrections()],
        [tuple(column) for column in (curve.female, curve.male, curve.undecided)],
    )


def _check(totals: Totals) -> None:
    counts = totals.counts()
    numbers = (counts.female, counts.male, counts.undecided, counts.looking, counts.age_unknown, *counts.age_bands)
    assert min(numbers) >= 0
    assert counts.people == counts.female + counts.male + counts.undecided
    assert counts.looking <= counts.undecided
    assert counts.people == sum(counts.age_bands) + counts.age_unknown
    assert counts.people == sum(totals.counts(d).people for d in ("north", "south"))
    records = [r for r in totals.people() if r.counts]
    assert counts.people == len(records)
    assert counts.female == sum(r.gender is Gender.FEMALE for r in records)
    refs = [m for r in totals.people() for m in r.members]
    assert len(refs) == len(set(refs)), "somebody counts twice"
    for figures in totals.places().values():
        assert min(figures.into, figures.out, figures.inside, figures.visits) >= 0
        assert figures.mean_dwell_s is None or figures.mean_dwell_s >= 0
    curve = totals.curve()
    if len(curve):
        assert (curve.female[-1], curve.male[-1], curve.undecided[-1]) == (counts.female, counts.male, counts.undecided)


@given(logs())
def test_after_every_entry_the_totals_equal_those_worked_out_from_scratch(entries: list[Entry]) -> None:
    growing = Totals()
    for i, entry in enumerate(entries):
        growing.apply(entry)
        _check(growing)
        if i % 4 == 3 or i == len(entries) - 1:
            assert _everything(growing) == _everything(Totals(entries[: i + 1]))


@given(logs(), st.randoms())
def test_late_and_repeated_entries_change_nothing(entries: list[Entry], random: object) -> None:
    shuffled = [*entries, *entries[::3]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    totals = Totals()
    for entry in shuffled:
        totals.apply(entry)
        _check(totals)
    assert _everything(totals) == _everything(Totals(entries))


@given(logs())
def test_undoing_an_entry_and_undoing_that_leaves_the_totals_as_they_were(entries: list[Entry]) -> None:
    before = _everything(Totals(entries))
    size = len(entries)
    target = next((e for e in entries if isinstance(e.event, Corrected | Added | Split)), None)
    if target is None:
        return
    totals = Totals(entries)
    totals.apply(Entry("undo", "s", "", size, 2000.0, Undone(0.0, target.id)))
    assert not totals.is_active(target.id)
    totals.apply(Entry("redo", "s", "", size + 1, 2001.0, Undone(0.0, "undo")))
    was_active = Totals(entries).is_active(target.id)
    if was_active:
        assert _everything(totals) == before


def _is_decision(event: Event) -> bool:
    return isinstance(event, Corrected | Added | Split) or (isinstance(event, Merged) and event.by_operator)


A_SPLIT_FROM_SOMEBODY_NEVER_COUNTED = [
    Entry("e0", "s", "north", 0, 1000.0, Counted(0.0, "a", 1, 0.0, Gender.FEMALE, 0.7)),
    Entry("e1", "s", "north", 1, 1001.0, Merged(0.0, "a", "b")),
    Entry("e2", "s", "north", 2, 1002.0, Split(0.0, "a")),
]


@example(A_SPLIT_FROM_SOMEBODY_NEVER_COUNTED)
@given(logs())
def test_what_the_program_alone_counted_does_not_depend_on_the_operator(entries: list[Entry]) -> None:
    decisions = {e.id for e in entries if _is_decision(e.event)}
    # In the program only a decision can be undone, and somebody added by hand is nobody whom it saw.
    entries = [e for e in entries if not isinstance(e.event, Undone) or e.event.entry in decisions]
    entries = [replace(e, event=replace(e.event, person="x")) if isinstance(e.event, Added) else e for e in entries]
    alone = [e for e in entries if not _is_decision(e.event) and not isinstance(e.event, Undone)]
    labels = sorted(label for person in Totals(entries).people() for label in person.labels)
    assert labels == sorted(label for person in Totals(alone).people() for label in person.labels)


@given(logs())
def test_an_event_comes_back_from_its_plain_values(entries: list[Entry]) -> None:
    for entry in entries:
        assert from_plain(kind_of(entry.event), to_plain(entry.event)) == entry.event


# ---------------------------------------------------------------------------------------- what each entry means


def test_a_person_counts_when_counted_and_is_still_looked_at_until_named_or_gone() -> None:
    log = Log()
    log.add(Counted(1.0, "a", 1, 0.5))
    assert (log.counts.people, log.counts.undecided, log.counts.looking) == (1, 1, 1)
    log.add(Revised(2.0, "a", Gender.UNDECIDED, 0.6, None, None, final=True))
    assert (log.counts.people, log.counts.undecided, log.counts.looking) == (1, 1, 0)
    log.add(Revised(3.0, "a", Gender.MALE, 0.9, 41.0))
    assert (log.counts.male, log.counts.undecided, log.counts.age_bands[5]) == (1, 0, 1)


def test_merged_people_count_once_and_split_they_count_apart_again() -> None:
    log = Log()
    log.person("a")
    log.person("b", Gender.MALE)
    log.add(Merged(3.0, "b", "a", by_operator=True))
    assert (log.counts.people, log.counts.female) == (1, 1)
    assert log.totals.person("b") == log.totals.person("a")
    log.add(Split(4.0, "a"))
    assert (log.counts.people, log.counts.female, log.counts.male) == (2, 1, 1)


def test_people_merged_in_a_circle_count_once() -> None:
    log = Log()
    for ref in "abc":
        log.person(ref)
    for person, into in ("ab", "bc", "ca"):
        log.add(Merged(3.0, person, into, by_operator=True))
    assert log.counts.people == 1


def test_a_correction_stands_against_later_decisions_of_the_program() -> None:
    log = Log()
    log.person("a", Gender.MALE)
    log.add(Corrected(0.0, "a", "gender", "female", "male"))
    log.add(Corrected(0.0, "a", "age_band", "60-69"))
    log.add(Revised(5.0, "a", Gender.MALE, 0.99, 22.0, 3.0, final=True))
    record = log.totals.person("a")
    assert record is not None
    assert (record.gender, record.auto_gender) == (Gender.FEMALE, Gender.MALE)
    assert (record.age_band, record.auto_age_band) == ("60-69", "20-29")
    assert log.counts.female == 1


@pytest.mark.parametrize("what", ["staff", "removed"])
def test_staff_and_what_is_nobody_leave_no_crossing_behind(what: str) -> None:
    log = Log()
    log.add(PlacesSet(0.0, ("door",), ("hall",)))
    log.person("a")
    log.add(Crossed(2.0, "a", "door", "in"))
    log.add(ZoneEntered(2.0, "a", "hall", 1.0))
    log.add(Left(9.0, "a", 8.0, 7.5))
    mark = log.add(Corrected(0.0, "a", what, "yes"))
    places = log.totals.places()
    assert log.counts == Counts()
    assert (places["d", "door"].into, places["d", "hall"].visits) == (0, 0)
    log.add(Undone(0.0, mark))
    places = log.totals.places()
    assert (log.counts.people, places["d", "door"].into, places["d", "hall"].visits) == (1, 1, 1)


def test_whom_the_program_takes_for_staff_it_does_not_count_itself_whatever_the_operator_says() -> None:
    log = Log()
    log.person("guest")
    log.person("waiter", Gender.MALE)
    log.add(StaffSeen(3.0, "waiter"))
    assert (log.counts.people, _labels(log)) == (1, [("d", Gender.FEMALE)])
    log.add(Corrected(4.0, "waiter", "staff", "no", "yes"))
    log.add(Corrected(4.0, "guest", "staff", "yes", "no"))
    assert (log.counts.male, log.counts.female, _labels(log)) == (1, 0, [("d", Gender.FEMALE)])
    log.add(Merged(5.0, "waiter", "guest", by_operator=True))
    assert _labels(log) == [("d", Gender.FEMALE)], "as two, one of whom is staff"


def _labels(log: Log) -> list[tuple[str, Gender]]:
    return [label for person in log.totals.people() for label in person.labels]


def test_people_counted_or_added_are_arrivals_and_corrections_are_not() -> None:
    log = Log()
    log.person("a")
    added = log.add(Added(2.0, "hand.1", Gender.MALE))
    assert log.totals.arrivals == 2
    log.add(Corrected(3.0, "a", "removed", "yes", "no"))
    log.add(Undone(4.0, added))
    assert (log.counts.people, log.totals.arrivals) == (0, 2)


def test_nobody_knows_how_long_they_stay_before_one_has_left() -> None:
    log = Log()
    log.person("a")
    log.add(ZoneEntered(2.0, "a", "bar", 1.5))
    assert log.totals.places()["d", "bar"].mean_dwell_s is None
    log.add(ZoneLeft(6.0, "a", "bar", 1.5, 4.5))
    assert log.totals.places()["d", "bar"].mean_dwell_s == 4.5


def test_nobody_knows_it_either_once_their_rows_are_removed() -> None:
    """A visit whose end was never seen, as where a count was cut off, leaves its number and no time."""
    log = Log()
    log.add(Condensed(0.0, 0.0, 900.0, {"female/female/": 1}, {}, {}, {"bar": 1}, {"bar": 0}))
    figures = log.totals.places()["d", "bar"]
    assert (figures.kind, figures.visits, figures.mean_dwell_s) == ("zone", 1, None)


def test_turning_back_takes_the_crossing_back() -> None:
    log = Log()
    log.add(PlacesSet(0.0, ("door",)))
    log.person("a")
    log.add(Crossed(2.0, "a", "door", "in"))
    assert log.totals.places()["d", "door"].into == 1
    log.add(CrossedBack(3.0, "a", "door", "in"))
    assert log.totals.places()["d", "door"].into == 0


def test_added_by_hand_counts_and_can_be_undone_and_redone() -> None:
    log = Log()
    added = log.add(Added(0.0, "hand.1", Gender.FEMALE, "20-29"), door="")
    assert (log.counts.female, log.counts.age_bands[3]) == (1, 1)
    undo = log.add(Undone(0.0, added))
    assert log.counts.people == 0
    log.add(Undone(0.0, undo))
    assert log.counts.female == 1


def test_whoever_was_in_view_at_a_new_count_is_one_person_once_both_are_joined() -> None:
    first, second = Log("one"), Log("two")
    first.person("a")
    first.add(Left(5.0, "a", 5.0, 4.0))
    second.add(Counted(5.0, "a", 1, 0.5))
    second.person("b", Gender.MALE)
    later = [Entry(e.id, e.session, e.door, e.seq + 100, e.utc + 100, e.event) for e in second.entries]
    joined = Totals([*first.entries, *later])
    assert (joined.counts().people, joined.counts().male) == (2, 1)
    assert joined.person("a").counted_utc == first.entries[0].utc  # type: ignore[union-attr]


def test_a_stay_told_of_in_two_joined_counts_is_one_visit() -> None:
    first, second = Log("one"), Log("two", first_seq=100)
    first.person("a")
    first.add(ZoneEntered(2.0, "a", "hall", 1.0))
    first.add(ZoneLeft(5.0, "a", "hall", 1.0, 4.0))
    second.add(Counted(5.0, "a", 1, 0.5))
    second.add(ZoneEntered(5.0, "a", "hall", 1.0))
    hall = Totals([*first.entries, *second.entries]).places()["d", "hall"]
    assert (hall.visits, hall.inside) == (1, 1)
    second.add(ZoneLeft(9.0, "a", "hall", 1.0, 8.0))
    hall = Totals([*first.entries, *second.entries]).places()["d", "hall"]
    assert (hall.visits, hall.inside, hall.mean_dwell_s) == (1, 0, 8.0)


def test_a_line_that_nobody_crossed_is_a_zero_and_not_missing() -> None:
    log = Log()
    log.add(PlacesSet(0.0, ("door",), ("hall",)))
    places = log.totals.places()
    assert (places["d", "door"].kind, places["d", "hall"].kind) == ("line", "zone")


def test_the_curve_draws_the_split_as_it_is_known_now() -> None:
    log = Log()
    for i in range(5000):
        log.add(Counted(float(i), f"p{i}", i + 1, float(i), Gender.FEMALE if i % 2 else Gender.MALE, 0.9, 30.0))
    log.add(Corrected(0.0, "p0", "gender", "female"))
    curve = log.totals.curve(max_points=100)
    assert len(curve) == 100
    assert (curve.female[0], curve.male[0]) == (1, 0)
    assert (curve.female[-1], curve.male[-1]) == (2501, 2499)
    assert list(curve.time_s) == sorted(curve.time_s)


# ---------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("teleported", {}),
        ("counted", {"time_s": 1.0}),
        ("counted", {"time_s": 1.0, "person": "a", "number": "one", "first_seen_s": 0.0}),
        ("left", {"time_s": 1.0, "person": "a", "last_seen_s": 0.0, "dwell_s": 0.0, "colour": "red"}),
        ("corrected", {"time_s": 0.0, "person": "a", "what": "height", "new": "180"}),
        ("corrected", {"time_s": 0.0, "person": "a", "what": "gender", "new": "yes"}),
        ("added", {"time_s": 0.0, "person": "a", "age_band": "18-25"}),
        ("revised", {"time_s": 0.0, "person": "a", "gender": "other", "probability": 0.5}),
    ],
)
def test_an_event_that_cannot_be_is_refused(kind: str, values: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        from_plain(kind, values)


def test_every_kind_of_event_has_a_name_of_its_own() -> None:
    assert {kind: cls.__name__.lower() for kind, cls in EVENT_KINDS.items()} == {
        kind: kind.replace("_", "") for kind in EVENT_KINDS
    }
