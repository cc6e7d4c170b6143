"""Lines and zones: who crossed, who stayed."""

from __future__ import annotations

import math

import pytest

from desktop_app.domain.counting import PeopleCounter
from desktop_app.domain.places import Line, LineCounter, Zone, ZoneCounter
from tests.domain.acting import Actor, Stage, walk

SIZE = (1000, 1000)
LINE = Line("door", 0.0, 0.5, 1.0, 0.5)
HALF = Line("gate", 0.0, 0.5, 0.4, 0.5)


def run_line(line: Line, path: list[tuple[float, float]], face: float = 40.0) -> LineCounter:
    counter = LineCounter(line)
    for i, point in enumerate(path):
        counter.see(1, point, face, i * 0.1, SIZE)
        counter.confirm(1)
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
    assert (counter.into, counter.out) == expected
    crossing = counter.close(1)
    assert (crossing is not None) == (expected != (0, 0))
    if crossing is not None:
        assert crossing.direction == ("in" if expected[0] else "out")
    assert (counter.into, counter.out) == expected


def test_a_line_crossed_at_an_angle() -> None:
    line = Line("slant", 0.2, 0.2, 0.8, 0.8)
    assert run_line(line, [(700, 300), (300, 700)]).into == 1
    assert run_line(line, [(300, 700), (700, 300)]).out == 1


def test_somebody_never_confirmed_or_taken_out_does_not_count() -> None:
    counter = LineCounter(LINE)
    for ref in (1, 2):
        counter.see(ref, (200, 300), 40, 0.0, SIZE)
        counter.see(ref, (200, 700), 40, 1.0, SIZE)
    assert counter.into == 0
    counter.confirm(2)
    assert counter.into == 1
    counter.forget(2)
    assert counter.into == 0
    assert counter.close(1) is None
    assert counter.close(2) is None


def test_crossing_before_being_confirmed_counts_afterwards() -> None:
    counter = PeopleCounter(lines=[Line("door", 0.0, 0.5, 1.0, 0.5)])
    fast = Actor(walk(640, 340, 0, 250, end=1.0), size=50)
    stage = Stage([fast], counter=counter, step_s=0.05).play(3).finish()
    assert counter.lines[0].into == 1
    (event,) = stage.kinds("line")
    assert (event.place, event.direction, event.gender) == ("door", "in", stage.kinds("person")[0].gender)


def test_several_lines_by_name() -> None:
    lines = [Line("left", 0.25, 0.0, 0.25, 1.0), Line("right", 0.75, 0.0, 0.75, 1.0)]
    counter = PeopleCounter(lines=lines)
    stage = Stage([Actor(walk(50, 300, 150, 0, end=5)), Actor(walk(1200, 500, -90, 0, end=4))], counter=counter)
    stage.play(8).finish()
    crossed = {(e.place, e.direction) for e in stage.kinds("line")}
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
    counter = ZoneCounter(SQUARE)
    for i in range(101):
        t = i / 10
        inside = any(a <= t <= b for a, b in stays)
        counter.see(1, INSIDE if inside else OUTSIDE, t, SIZE)
        counter.confirm(1)
        if t == stays[0][1] and entries:
            assert counter.occupancy == 1
    assert counter.occupancy == 0
    visits = counter.close(1)
    assert len(visits) == counter.entries == entries
    if dwell_s is not None:
        assert counter.mean_dwell_s == pytest.approx(dwell_s)
        assert visits[0].dwell_s == pytest.approx(dwell_s)


def test_zone_events_tell_the_stay_of_each_person() -> None:
    counter = PeopleCounter(zones=[Zone("middle", ((0.4, 0.0), (0.6, 0.0), (0.6, 1.0), (0.4, 1.0)))])
    stage = Stage([Actor(walk(0, 300, 128, 0, end=9.9)), Actor(walk(100, 600, end=9))], counter=counter)
    stage.play(5)
    assert counter.zones[0].occupancy == 1
    stage.play(15).finish()
    (visit,) = stage.kinds("zone")
    assert visit.last_seen_s - visit.first_seen_s == pytest.approx(2.0, abs=0.2)
    assert counter.zones[0].occupancy == 0


def test_places_drawn_while_counting_know_who_is_in_view_and_kept_ones_keep_their_figures() -> None:
    first, second = Line("first", 0.25, 0, 0.25, 1), Line("second", 0.75, 0, 0.75, 1)
    counter = PeopleCounter(lines=[first])
    stage = Stage([Actor(walk(0, 300, 128, 0, end=9.9))], counter=counter).play(5)
    assert counter.lines[0].out == 1
    counter.set_places(lines=[first, second])
    stage.play(4)
    assert [(line.name, line.out) for line in counter.lines] == [("first", 1), ("second", 1)]
    with pytest.raises(ValueError, match="two places"):
        counter.set_places(lines=[first, first])
    counter.set_places(lines=[second])
    stage.finish()
    assert [e.place for e in stage.kinds("line")] == ["second"]
    assert counter.counts.people == 1
