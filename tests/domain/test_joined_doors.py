"""Which doors of joined counts are the same: told by name and place, whatever their ids and in whatever order."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.domain.events import (
    Counted,
    Crossed,
    DoorStarted,
    Entry,
    Event,
    Joined,
    Merged,
    Opened,
    PlaceRenamed,
    PlacesSet,
    Undone,
)
from desktop_app.domain.totals import Totals


class Logs:
    """Writes the entries of several sessions in one order."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, session: str, event: Event, door: str = "main") -> str:
        seq = len(self.entries) + 1
        self.entries.append(Entry(f"e{seq}", session, door, seq, 1000.0 + seq, event))
        return self.entries[-1].id

    def begin(self, session: str, name: str, place: str = "", door: str = "main") -> None:
        self.add(session, Opened(0.0, "Fair", place), "")
        self.start(session, name, door)

    def start(self, session: str, name: str, door: str = "main") -> None:
        self.add(session, DoorStarted(0.0, "camera:0", 1000.0, name=name), door)

    def people(self, session: str, number: int, door: str = "main") -> None:
        for _ in range(number):
            ref = f"{session}.{len(self.entries)}"
            self.add(session, Counted(1.0, ref, 1, 0.0), door)
            self.add(session, Crossed(1.0, ref, "step", "in"), door)

    @property
    def totals(self) -> Totals:
        return Totals(self.entries)


def found(totals: Totals) -> dict[str, int]:
    """People by the name of their door."""
    return {name: totals.counts(door).people for door, name in totals.doors.names().items()}


def two(first: tuple[str, str], second: tuple[str, str]) -> Logs:
    """Two counts at one door each, of (name, place), with 2 and 3 people, the second joined to the first."""
    logs = Logs()
    for session, (name, place), people in (("a", first, 2), ("b", second, 3)):
        logs.begin(session, name, place)
        logs.people(session, people)
    logs.add("a", Joined(0.0, "b"), "")
    return logs


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("North", ""), ("South", ""), {"North": 2, "South": 3}),
        (("North", ""), ("North", ""), {"North": 5}),
        (("north", "hall"), ("North", "Hall"), {"North": 5}),
        (("Camera", "North gate"), ("Camera", "South gate"), {"Camera (North gate)": 2, "Camera (South gate)": 3}),
        (("Camera", ""), ("Camera", "South gate"), {"Camera": 2, "Camera (South gate)": 3}),
        (("", ""), ("", ""), {"main": 5}),
        (("", "North gate"), ("", "South gate"), {"main (North gate)": 2, "main (South gate)": 3}),
    ],
)
def test_only_doors_are_the_same_door_where_name_and_place_are(
    first: tuple[str, str], second: tuple[str, str], expected: dict[str, int]
) -> None:
    totals = two(first, second).totals
    assert found(totals) == expected
    assert totals.counts().people == 5, "the sum stays"
    assert totals.counts("main").people == next(iter(expected.values())), "the first count's door keeps its id"


def test_lines_of_one_name_are_apart_where_their_doors_are() -> None:
    logs = two(("North", ""), ("South", ""))
    logs.add("b", PlaceRenamed(0.0, "step", "gate"))
    figures = {(door, name): f.into for (door, name), f in logs.totals.places().items()}
    assert figures == {("main", "step"): 2, ("main.2", "gate"): 3}, "and a new name holds at one of them only"


def test_the_same_doors_in_another_order_are_joined_by_name_and_not_by_id() -> None:
    logs = Logs()
    for session, names in (("a", ("North", "South")), ("b", ("South", "North", "West"))):
        for number, name in enumerate(names):
            logs.begin(session, name, door=f"door-{number}")
            logs.people(session, number + 1, f"door-{number}")
    assert found(logs.totals) == {"North": 1 + 2, "South": 2 + 1, "West": 3}


def test_two_doors_of_one_name_in_one_count_stay_two() -> None:
    logs = Logs()
    for session in ("a", "b"):
        logs.begin(session, "Gate", door="one")
        logs.begin(session, "Gate", door="two")
        logs.people(session, 1, "one")
        logs.people(session, 2, "two")
    assert found(logs.totals) == {"Gate (one)": 2, "Gate (two)": 4}


def test_the_count_that_others_were_joined_to_keeps_its_ids_though_it_began_later() -> None:
    logs = Logs()
    logs.begin("early", "South")
    logs.begin("late", "North")
    logs.add("late", Joined(0.0, "early"), "")
    doors = logs.totals.doors
    assert doors.id_of("late", "main") == "main"
    assert doors.id_of("early", "main") == "main.2"
    assert doors.own("late", "main.2") == ("early", "main")
    assert doors.own("early", "nobody's") == ("early", "nobody's")


def test_a_later_name_or_place_holds_and_can_be_undone() -> None:
    logs = two(("Gate", "Hall"), ("Gate", "Yard"))
    growing = logs.totals
    moved = logs.add("b", Opened(0.0, "Fair", "Hall"), "")
    growing.apply(logs.entries[-1])
    assert found(growing) == found(logs.totals) == {"Gate": 5}
    logs.add("b", Undone(0.0, moved), "")
    growing.apply(logs.entries[-1])
    assert found(growing) == found(logs.totals) == {"Gate (Hall)": 2, "Gate (Yard)": 3}
    logs.start("b", "Back")
    growing.apply(logs.entries[-1])
    assert found(growing) == found(logs.totals) == {"Gate": 2, "Back": 3}


DOORS, SESSIONS, REFS = (st.sampled_from(values) for values in (("main", "side"), ("a", "b", "c"), ("p", "q", "r")))
NAMES, PLACES = st.sampled_from(["", "North", "South"]), st.sampled_from(["", "Hall"])


@st.composite
def logs_of_several(draw: st.DrawFn) -> list[Entry]:
    logs = Logs()
    for _ in range(draw(st.integers(1, 25))):
        event = draw(
            st.one_of(
                st.builds(DoorStarted, st.just(0.0), st.just("camera:0"), st.just(0.0), name=NAMES),
                st.builds(Opened, st.just(0.0), st.just("Fair"), PLACES),
                st.builds(Joined, st.just(0.0), SESSIONS),
                st.builds(Counted, st.just(1.0), REFS, st.just(1), st.just(0.0)),
                st.builds(Crossed, st.just(1.0), REFS, NAMES, st.sampled_from(["in", "out"])),
                st.builds(Merged, st.just(1.0), REFS, REFS, st.booleans()),
                st.builds(PlaceRenamed, st.just(1.0), NAMES, NAMES),
                st.builds(PlacesSet, st.just(1.0), st.tuples(NAMES)),
                st.builds(Undone, st.just(0.0), st.integers(1, 25).map(lambda n: f"e{n}")),
            )
        )
        logs.add(draw(SESSIONS), event, "" if isinstance(event, Opened | Joined | Undone) else draw(DOORS))
    return logs.entries


def everything(totals: Totals) -> tuple[object, ...]:
    people = totals.people()
    by_door = {p.door: totals.counts(p.door) for p in people}
    return people, by_door, totals.places(), totals.counts(), totals.doors.names()


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(logs_of_several(), st.integers(0, 1000))
def test_no_order_of_the_entries_changes_which_doors_are_the_same(entries: list[Entry], seed: int) -> None:
    growing, mixed = Totals(), list(entries)
    random.Random(seed).shuffle(mixed)
    for i, entry in enumerate(entries):
        growing.apply(entry)
        if i % 4 == 3:
            assert everything(growing) == everything(Totals(entries[: i + 1]))
    assert everything(growing) == everything(Totals(entries)) == everything(Totals(mixed))
    late = Totals()
    for entry in mixed:
        late.apply(entry)
    assert everything(late) == everything(growing)
