"""A line or zone that is renamed keeps what was counted at it."""

from __future__ import annotations

import random

import pytest

from desktop_app.domain.events import Condensed, Counted, Crossed, PlaceRenamed, PlacesSet, ZoneEntered, ZoneLeft
from desktop_app.domain.place_board import PlaceBoard
from desktop_app.domain.places import Line, Zone
from desktop_app.domain.totals import Totals
from desktop_app.session.place_changes import place_changes, places_set
from desktop_app.settings import PlaceSettings
from tests.domain.log import Log


def renamed() -> Log:
    """Somebody crosses and somebody visits before and after both places are renamed; a new line takes an old name."""
    log = Log()
    log.add(PlacesSet(0.0, ("door",), ("stand",)))
    log.add(Condensed(0.0, 0.0, 900.0, {"female/female/": 3}, {"door": 2}, {}, {"stand": 1}, {"stand": 5000}))
    log.add(Counted(1.0, "a", 1, 0.5))
    log.add(Crossed(2.0, "a", "door", "in"))
    log.add(ZoneEntered(3.0, "a", "stand", 2.5))
    log.add(PlaceRenamed(4.0, "door", "gate"))
    log.add(PlaceRenamed(4.0, "stand", "bar"))
    log.add(PlaceRenamed(4.0, "door", "other"), "another door")
    log.add(PlacesSet(4.0, ("gate",), ("bar",)))
    log.add(ZoneLeft(5.0, "a", "bar", 2.5, 2.5))
    log.add(Counted(6.0, "b", 2, 5.5))
    log.add(Crossed(6.0, "b", "gate", "in"))
    log.add(PlaceRenamed(7.0, "gate", "main gate"))
    log.add(PlacesSet(8.0, ("main gate", "door"), ("bar",)))
    log.add(Crossed(9.0, "b", "door", "out"))
    return log


def test_the_figures_go_on_under_the_new_name() -> None:
    places = renamed().totals.places()
    assert {name for _, name in places} == {"main gate", "door", "bar"}
    gate, door, bar = (places["d", name] for name in ("main gate", "door", "bar"))
    assert (gate.kind, gate.into, gate.out) == ("line", 4, 0)
    assert (door.kind, door.into, door.out) == ("line", 0, 1), "a new line that got the old name has its own figures"
    assert (bar.kind, bar.visits, bar.inside, bar.mean_dwell_s) == ("zone", 2, 0, pytest.approx(3.75))


def test_the_figures_are_the_same_in_whatever_order_the_entries_are_read() -> None:
    log = renamed()
    expected = log.totals
    for seed in range(20):
        entries = log.entries[:]
        random.Random(seed).shuffle(entries)
        totals = Totals()
        for entry in entries:
            totals.apply(entry)
        assert totals.places() == expected.places()
        assert sorted(totals.people(), key=lambda r: r.ref) == sorted(expected.people(), key=lambda r: r.ref)
        assert Totals(entries).places() == expected.places()


LINE = PlaceSettings("door", "line", ((0.1, 0.5), (0.9, 0.5)))
ZONE = PlaceSettings("stand", "zone", ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9)))


def called(place: PlaceSettings, name: str) -> PlaceSettings:
    return PlaceSettings(name, place.kind, place.points, place.source)


def test_only_a_new_name_for_the_same_drawing_is_a_rename() -> None:
    def told(before: list[PlaceSettings], after: list[PlaceSettings]) -> list[tuple[str, str]]:
        *renames, last = place_changes(before, after, 5.0)
        assert last == places_set(after)
        return [(e.place, e.name) for e in renames if isinstance(e, PlaceRenamed)]

    assert told([LINE, ZONE], [called(LINE, "gate"), called(ZONE, "bar")]) == [("door", "gate"), ("stand", "bar")]
    assert told([LINE], [LINE, called(LINE, "copy")]) == []
    assert told([LINE], [PlaceSettings("gate", "line", ((0.1, 0.6), (0.9, 0.5)))]) == []
    assert told([LINE, ZONE], [called(LINE, "stand"), called(ZONE, "door")]) == [], "both names are in use already"
    assert told([LINE, called(LINE, "twin")], [called(LINE, "gate")]) == [("door", "gate")]


def test_who_is_at_a_place_when_it_is_renamed_stays_there() -> None:
    triangle = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9))
    before = PlaceBoard([Line("door", 0.1, 0.5, 0.9, 0.5)], [Zone("stand", triangle)])
    line, zone = before.lines[0], before.zones[0]
    zone.see(1, (50.0, 30.0), 0.0, (100, 100))
    zone.see(1, (50.0, 30.0), 2.0, (100, 100))
    assert [type(e) for e in before.news(1, "a", 2.0)] == [ZoneEntered]
    after = PlaceBoard([Line("gate", 0.1, 0.5, 0.9, 0.5)], [Zone("bar", triangle)])
    assert after.replace(before, 2.0) == []
    assert after.lines == (line,)
    assert after.zones == (zone,)
    assert (after.lines[0].name, after.zones[0].name) == ("gate", "bar")
    assert after.leave(1, 3.0) == [ZoneLeft(3.0, "a", "bar", 0.0, 2.0)]
