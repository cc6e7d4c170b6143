"""Lines and zones: who crossed, who stayed."""

from __future__ import annotations

import math

import pytest

from desktop_app.domain.counting import CountingSettings, PeopleCounter
from desktop_app.domain.events import Counted, Crossed, ZoneEntered, ZoneLeft
from desktop_app.domain.places import Line, LineCounter, Zone, ZoneCounter
from tests.domain.acting import GREEN, RED, Actor, Stage, gone, unit, walk

SIZE = (1000, 1000)
LINE = Line("door", 0.0, 0.5, 1.0, 0.5)
HALF = Line("gate", 0.0, 0.5, 0.4, 0.5)


def run_line(line: Line, path: list[tuple[float, float]], face: float = 40.0) -> LineCounter:
    counter = LineCounter(line)
    for point in path:
        counter.see(1, point, face, SIZE)
    return counter


def ys(*values: float, x: float = 200.0) -> list[tuple[float, float]]:
    return [(x, y) for y in values]


JITTER = [500 + 12 * (-1) ** i for i in range(40)]
PATHS = {
    "down is in": (LINE, ys(300, 400, 480, 520, 600), (1, 0)),
    "up is out": (LINE, ys(700, 600, 520, 480, 400), (0, 1)),
    "stops before it": (LINE, ys(300, 400, 480, 490), (0, 0)),
    "stands on it": (LINE, ys(300, 450, *JITTER), (0, 0)),
    "jitters on it, then goes on": (LINE, ys(300, 450, *JITTER, 560, 700), (1, 0)),
    "jitters widely, then goes on": (LINE, ys(300, *[500 + 60 * (-1) ** i for i in range(21)], 700), (1, 0)),
    "U-turn": (LINE, ys(300, 450, 550, 600, 550, 450, 300), (0, 0)),
    "U-turn and on again": (LINE, ys(300, 600, 300, 600), (1, 0)),
    "in one long step": (LINE, ys(100, 900), (1, 0)),
    "starts on the line": (LINE, ys(500, 560, 700), (0, 0)),
    "beside the end of a short line": (HALF, ys(300, 450, 550, 700, x=700), (0, 0)),
    "through a short line": (HALF, ys(300, 450, 550, 700, x=200), (1, 0)),
    "through it and back around its end": (
        HALF,
        [(200, 300), (200, 700), (700, 700), (700, 300), (200, 300)],
        (1, 0),
    ),
    "reversed line": (LINE.reversed(), ys(300, 400, 600, 700), (0, 1)),
}


@pytest.mark.parametrize(("line", "path", "expected"), PATHS.values(), ids=PATHS.keys())
def test_crossings(line: Line, path: list[tuple[float, float]], expected: tuple[int, int]) -> None:
    counter = run_line(line, path)
    balance = expected[0] - expected[1]
    assert counter.balance(1) == balance
    assert counter.take_changes(1) == ([] if balance == 0 else [("in" if balance > 0 else "out", False)])
    assert counter.take_changes(1) == []


def test_a_line_crossed_at_an_angle() -> None:
    line = Line("slant", 0.2, 0.2, 0.8, 0.8)
    assert run_line(line, [(700, 300), (300, 700)]).balance(1) == 1
    assert run_line(line, [(300, 700), (700, 300)]).balance(1) == -1


def test_a_crossing_is_told_at_once_and_taken_back_by_whoever_turns_back() -> None:
    counter = run_line(LINE, ys(300, 600))
    assert counter.take_changes(1) == [("in", False)]
    counter.see(1, (200, 300), 40, SIZE)
    assert counter.take_changes(1) == [("in", True)]
    counter.see(1, (200, 700), 40, SIZE)
    assert counter.take_changes(1) == [("in", False)]


def test_of_two_who_turn_out_to_be_one_the_path_of_the_known_one_holds() -> None:
    counter = run_line(LINE, ys(300, 600))  # 1 came in
    assert counter.take_changes(1) == [("in", False)]
    for y in (300, 600):  # 2 as well, who is 1 again
        counter.see(2, (200, y), 40, SIZE)
    assert counter.take_changes(2) == [("in", False)]
    counter.absorb(1, 2)
    counter.see(1, (200, 620), 40, SIZE)
    assert counter.take_changes(1) == [("in", True)]
    assert counter.balance(1) == 1


def test_somebody_forgotten_has_no_balance() -> None:
    counter = run_line(LINE, ys(300, 600))
    counter.forget(1)
    assert counter.balance(1) == 0
    assert counter.take_changes(1) == []


def test_crossing_before_being_confirmed_counts_afterwards() -> None:
    counter = PeopleCounter(lines=[Line("door", 0.0, 0.5, 1.0, 0.5)])
    fast = Actor(walk(640, 340, 0, 250, end=1.0), size=50)
    stage = Stage([fast], counter=counter, step_s=0.05).play(3).finish()
    (event,) = stage.told(Crossed)
    (counted,) = stage.told(Counted)
    assert (event.place, event.direction, event.time_s) == ("door", "in", counted.time_s)
    assert stage.place("door").into == 1


def test_several_lines_by_name() -> None:
    lines = [Line("left", 0.25, 0.0, 0.25, 1.0), Line("right", 0.75, 0.0, 0.75, 1.0)]
    counter = PeopleCounter(lines=lines)
    stage = Stage([Actor(walk(50, 300, 150, 0, end=5)), Actor(walk(1200, 500, -90, 0, end=4))], counter=counter)
    stage.play(8).finish()
    crossed = {(e.place, e.direction) for e in stage.told(Crossed)}
    # A line drawn downwards has its right hand to the left of the picture.
    assert crossed == {("left", "out"), ("right", "in")}


@pytest.mark.parametrize(
    ("lines", "zones", "words"),
    [
        ([LINE, LINE], [], "two places are called 'door'"),
        ([Line(" ", 0, 0, 1, 1)], [], "needs a name"),
    ],
)
def test_places_need_names_of_their_own(lines: list[Line], zones: list[Zone], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        PeopleCounter(lines=lines, zones=zones)


def test_impossible_places_are_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        Line("dot", 0.5, 0.5, 0.5, 0.5)
    with pytest.raises(ValueError, match="finite"):
        Line("nowhere", math.nan, 0, 1, 1)
    with pytest.raises(ValueError, match="at least 3 points"):
        Zone("thin", ((0, 0), (1, 1)))


SQUARE = Zone("hall", ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)))


@pytest.mark.parametrize(
    ("x", "y", "inside"),
    [(0.5, 0.5, True), (0.39, 0.5, False), (0.61, 0.5, False), (0.5, 0.39, False), (0.5, 0.61, False)],
)
def test_inside_a_polygon(x: float, y: float, inside: bool) -> None:
    assert SQUARE.contains(x, y) is inside


def test_a_hollow_polygon() -> None:
    horseshoe = Zone("u", ((0, 0), (1, 0), (1, 1), (0.7, 1), (0.7, 0.3), (0.3, 0.3), (0.3, 1), (0, 1)))
    assert horseshoe.contains(0.15, 0.8)
    assert not horseshoe.contains(0.5, 0.8)


INSIDE, OUTSIDE = (500.0, 500.0), (100.0, 100.0)


@pytest.mark.parametrize(
    ("stays", "entries", "dwell_s"),
    [
        ([(0.0, 5.0)], 1, 5.0),
        ([(0.0, 0.2)], 0, None),
        ([(1.0, 3.0), (3.8, 6.0)], 1, 5.0),
        ([(1.0, 3.0), (6.0, 8.0)], 2, 2.0),
    ],
    ids=["one stay", "too short to be a visit", "a short step outside", "two visits"],
)
def test_zone_visits(stays: list[tuple[float, float]], entries: int, dwell_s: float | None) -> None:
    counter, visits = ZoneCounter(SQUARE), []
    for i in range(101):
        t = i / 10
        inside = any(a <= t <= b for a, b in stays)
        visits += counter.end_old(t)
        counter.see(1, INSIDE if inside else OUTSIDE, t, SIZE)
        if (visit := counter.visit(1)) is not None:
            visit.told_of = "1"
        assert (counter.visit(1) is not None) or t != stays[0][1] or not entries
    assert counter.visit(1) is None
    assert [v.entered_s for v in visits] == [a for a, _ in stays][:entries]
    if dwell_s is not None:
        assert visits[0].dwell_s == pytest.approx(dwell_s)


def test_a_visit_that_ended_before_its_person_counts_is_kept_for_then() -> None:
    counter = ZoneCounter(SQUARE)
    for t in (0.0, 1.0):
        counter.see(1, INSIDE, t, SIZE)
    assert counter.end_old(5.0) == []
    assert [v.dwell_s for v in counter.take_ended(1)] == [1.0]
    assert counter.take_ended(1) == []


MIDDLE = Zone("middle", ((0.4, 0.0), (0.6, 0.0), (0.6, 1.0), (0.4, 1.0)))


def test_zone_events_tell_the_stay_of_each_person() -> None:
    counter = PeopleCounter(zones=[MIDDLE])
    stage = Stage([Actor(walk(0, 300, 128, 0, end=9.9)), Actor(walk(100, 600, end=9))], counter=counter)
    stage.play(5)
    (entered,) = stage.told(ZoneEntered)
    assert entered.entered_s == pytest.approx(4.0, abs=0.2)
    assert stage.place("middle").inside == 1
    stage.play(2.9)
    (left,) = stage.told(ZoneLeft)
    assert left.time_s == pytest.approx(7.6, abs=0.2), "the visit ends while the person is still in view"
    assert left.dwell_s == pytest.approx(2.0, abs=0.2)
    stage.play(10).finish()
    assert (stage.place("middle").inside, stage.place("middle").visits) == (0, 1)


def test_a_visit_goes_on_when_its_person_turns_out_to_be_known() -> None:
    """Somebody counted as new inside the zone is recognised: one visit more, and it ends."""
    back = Actor(gone(walk(640, 300, end=26), (3.0, 20.0)), clothes=RED, embedding=RED)
    counter = PeopleCounter(CountingSettings(returns_s=60), zones=[MIDDLE])
    stage = Stage([back], counter=counter).play(19.9)
    back.embedding = GREEN
    stage.play(0.9)
    assert (stage.people, stage.place("middle").visits) == (2, 2)
    back.embedding = unit(1, 0, 0.02)
    stage.play(2)
    assert (stage.people, stage.place("middle").visits, stage.place("middle").inside) == (1, 2, 1)
    stage.play(20)
    assert (stage.place("middle").visits, stage.place("middle").inside) == (2, 0)


def test_places_drawn_while_counting_know_who_is_in_view_and_kept_ones_go_on() -> None:
    first, second = Line("first", 0.25, 0, 0.25, 1), Line("second", 0.75, 0, 0.75, 1)
    counter = PeopleCounter(lines=[first], zones=[MIDDLE])
    stage = Stage([Actor(walk(0, 300, 128, 0, end=9.9))], counter=counter).play(5)
    assert (stage.place("first").out, stage.place("middle").inside) == (1, 1)
    with pytest.raises(ValueError, match="two places"):
        counter.set_places(lines=[first, first])
    assert counter.lines == (first,)
    counter.set_places(lines=[first, second])
    stage.play(4)
    assert (counter.lines, counter.zones) == ((first, second), ())
    assert stage.told(ZoneLeft)[0].time_s == pytest.approx(4.9, abs=0.01)
    assert (stage.place("first").out, stage.place("second").out, stage.place("middle").inside) == (1, 1, 0)
    counter.set_places(lines=[second])
    stage.finish()
    assert [(e.place, e.direction) for e in stage.told(Crossed)] == [("first", "out"), ("second", "out")]
    assert stage.people == 1


def test_a_place_drawn_anew_under_its_old_name_starts_at_nothing() -> None:
    counter = PeopleCounter(lines=[Line("door", 0.25, 0, 0.25, 1)])
    stage = Stage([Actor(walk(0, 300, 128, 0, end=9.9))], counter=counter).play(5)
    counter.set_places(lines=[Line("door", 0.3, 0, 0.3, 1)])
    stage.play(5).finish()
    assert len(stage.told(Crossed)) == 1
