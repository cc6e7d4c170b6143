"""A new count beside the old one: the same people by reference, numbers from 1, nothing lost when both are joined."""

from __future__ import annotations

import random
import sys
from collections import Counter
from types import FrameType

import pytest

from desktop_app.domain.counting import CountingSettings, PeopleCounter
from desktop_app.domain.events import Counted, Event, Left, Merged, Revised, StaffSeen, ZoneEntered, ZoneLeft
from desktop_app.domain.places import Line, Zone
from desktop_app.domain.record_sums import PlaceFigures
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender
from tests.domain.acting import BLUE, GREEN, RED, Actor, Stage, gone, unit, walk
from tests.domain.log import Log

DOOR = Line("door", 0.5, 0.0, 0.5, 1.0)
HALL = Zone("hall", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))


def begin_new_count(stage: Stage) -> Stage:
    """Split the events at the new count; what follows on the stage belongs to the new one. Returns the old stage."""
    closing, opening = stage.counter.new_count(stage.time_s)
    old = Stage([], events=[*stage.events, *closing])
    stage.events = list(opening)
    return old


def joined(*parts: Stage) -> Totals:
    log = Log()
    for part in parts:
        log.extend(part.events)
    return log.totals


def test_those_in_view_count_again_at_once_and_from_1() -> None:
    actors = [Actor(walk(300, 300, end=2)), Actor(walk(800, 300)), Actor(walk(1100, 300, begin=1), female=0.1)]
    stage = Stage(actors, counter=PeopleCounter(zones=[HALL])).play(9)
    old = begin_new_count(stage)
    assert [(e.person, e.number) for e in stage.told(Counted)] == [("2", 1), ("3", 2)]
    assert [e.gender for e in stage.told(Counted)] == [Gender.FEMALE, Gender.MALE]
    assert [e.person for e in stage.told(ZoneEntered)] == ["2", "3"]
    assert (old.people, old.place("hall").inside, old.counts.looking) == (3, 0, 0)
    assert [e.person for e in old.told(Left)] == ["1", "2", "3"]
    assert [e.person for e in old.told(Revised) if e.final] == ["1", "2", "3"]
    stage.play(3)
    assert stage.numbers[1] == {2, 1}
    assert len(stage.told(Counted)) == 2
    stage.finish()
    assert (stage.people, len(stage.told(Left))) == (2, 2)
    assert stage.place("hall").visits == 2


def test_whoever_is_away_counts_when_they_come_back_with_the_same_reference() -> None:
    away = Actor(gone(walk(300, 300), (3.0, 6.0)), clothes=RED, embedding=RED)
    stage = Stage([away, Actor(walk(900, 300), clothes=BLUE, embedding=BLUE)]).play(5)
    old = begin_new_count(stage)
    assert [e.person for e in old.told(Left)] == ["1", "2"]
    assert [e.person for e in stage.told(Counted)] == ["2"]
    stage.play(4)
    assert [(e.person, e.number) for e in stage.told(Counted)] == [("2", 1), ("1", 2)]
    stage.finish()
    assert joined(old, stage).counts().people == 2


def test_whoever_is_away_and_stays_away_is_no_part_of_the_new_count() -> None:
    stage = Stage([Actor(walk(300, 300, end=3))]).play(5)
    begin_new_count(stage)
    stage.play(20).finish()
    assert stage.events == []


def test_a_stay_over_a_new_count_is_one_visit_of_its_true_length_in_each_and_in_both_joined() -> None:
    stage = Stage([Actor(walk(300, 300, end=10))], counter=PeopleCounter(zones=[HALL])).play(5)
    old = begin_new_count(stage)
    assert old.told(ZoneLeft)[0].dwell_s == pytest.approx(4.9)
    stage.play(20)
    assert stage.told(ZoneLeft)[0].dwell_s == pytest.approx(9.9)
    assert stage.told(Left)[0].dwell_s == pytest.approx(9.9)
    hall = joined(old, stage).places()["d", "hall"]
    assert (hall.visits, hall.inside, hall.mean_dwell_s) == (1, 0, pytest.approx(9.9))


def test_a_crossing_belongs_to_the_count_in_which_it_happened() -> None:
    def there_and_back(t: float) -> tuple[float, float]:
        return (400 + 100 * t, 300.0) if t < 5 else (900 - 100 * (t - 5), 300.0)

    stage = Stage([Actor(there_and_back)], counter=PeopleCounter(lines=[DOOR])).play(5)
    old = begin_new_count(stage)
    assert (old.place("door").out, stage.place("door").out) == (1, 0)
    stage.play(4)
    assert (stage.place("door").into, stage.place("door").out) == (1, 0)
    door = joined(old, stage).places().get(("d", "door"), PlaceFigures("line"))
    assert (door.into, door.out) == (0, 0), "on balance of both counts nobody came in"


def test_staff_stays_staff_in_the_new_count_and_its_log_says_so() -> None:
    stage = Stage([Actor(walk(300, 300)), Actor(walk(800, 300))]).play(2)
    stage.mark_staff("1")
    begin_new_count(stage)
    assert [(e.person, e.is_staff) for e in stage.told(StaffSeen)] == [("1", True)]
    stage.play(2).finish()
    assert stage.people == 1


def test_one_counted_in_the_new_count_who_turns_out_to_be_of_the_old_one() -> None:
    back = Actor(gone(walk(640, 300), (3.0, 20.0)), clothes=RED, embedding=RED)
    counter = PeopleCounter(CountingSettings(returns_s=60))
    stage = Stage([back], counter=counter).play(10)
    old = begin_new_count(stage)
    stage.play(9.9)
    back.embedding = GREEN
    stage.play(0.9)
    assert [e.person for e in stage.told(Counted)] == ["2"]
    back.embedding = unit(1, 0, 0.02)
    stage.play(2).finish()
    assert [(e.person, e.into) for e in stage.told(Merged)] == [("2", "1")]
    assert [(r.ref, r.number) for r in stage.records] == [("1", 1)]
    assert stage.counts.looking == 0
    assert joined(old, stage).counts().people == 1


def test_references_begin_with_the_prefix_and_never_repeat_until_the_next_reset() -> None:
    counter = PeopleCounter()
    counter.reset("run7.")
    stage = Stage([Actor(walk(300, 300)), Actor(walk(800, 300, begin=3))], counter=counter).play(2)
    begin_new_count(stage)
    stage.play(3)
    assert [(e.person, e.number) for e in stage.told(Counted)] == [("run7.1", 1), ("run7.2", 2)]
    counter.reset("run8.")
    again = Stage([Actor(walk(300, 300))], counter=counter).play(1)
    assert [(e.person, e.number) for e in again.told(Counted)] == [("run8.1", 1)]


@pytest.mark.parametrize("seed", range(6))
def test_joined_again_nobody_is_counted_twice_or_lost(seed: int) -> None:
    """A new count at any moment, and then undone: the people are those of one count that went on."""

    def play(split: bool) -> list[Stage]:
        rng = random.Random(seed)
        actors = [
            Actor(
                gone(
                    walk(rng.uniform(0, 1280), rng.uniform(0, 720), rng.uniform(-90, 90), begin=b, end=b + 7),
                    (b + 3, b + 4),
                ),
                female=rng.random(),
                clothes=(look := unit(rng.random(), rng.random(), rng.random())),
                embedding=look,
            )
            for b in [rng.uniform(0, 15) for _ in range(8)]
        ]
        counter = PeopleCounter(CountingSettings(returns_s=30), lines=[DOOR], zones=[HALL])
        stage, parts = Stage(actors, counter=counter), []
        for _ in range(4):
            stage.play(rng.uniform(2, 8))
            if split:
                parts.append(begin_new_count(stage))
        return [*parts, stage.play(5).finish()]

    whole, parts = joined(*play(False)), joined(*play(True))
    assert [r.ref for r in parts.people()] == [r.ref for r in whole.people()]
    assert [r.gender for r in parts.people()] == [r.gender for r in whole.people()]
    assert parts.places()["d", "hall"].visits == whole.places()["d", "hall"].visits
    assert parts.counts().looking == 0


def _calls_of_one_update(remembered: int) -> int:
    """Return how many Python functions one frame with one face calls while so many people are remembered."""
    actors = [
        Actor(walk(200 + 600 * (i % 2), 300, begin=2 * i, end=2 * i + 1), embedding=unit(1, i + 1, (i * 7) % 11))
        for i in range(remembered)
    ]
    actors.append(Actor(walk(640, 600)))
    counter = PeopleCounter(CountingSettings(returns_s=1e6, returns_alike=1.0, same_at=100.0))
    stage = Stage(actors, counter=counter).play(2 * remembered + 20)
    assert counter.remembered == remembered + 1
    faces = stage.tracker.predict(stage.time_s)
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, arg: object) -> None:
        calls[event] += event in ("call", "c_call")

    events: tuple[Event, ...]
    sys.setprofile(note)
    try:
        _, events = counter.update(faces, (), stage.time_s, (1280, 720))
    finally:
        sys.setprofile(None)
    assert events == ()
    return calls.total()


def test_the_work_of_a_frame_does_not_depend_on_how_many_are_remembered() -> None:
    assert _calls_of_one_update(3) == _calls_of_one_update(60)


def test_people_of_a_count_taken_up_again_go_on_under_their_references_and_numbers() -> None:
    stage = Stage([Actor(walk(300, 300, end=8)), Actor(walk(900, 300), clothes=BLUE, embedding=BLUE)]).play(5)
    stage.counter.renumber({"log.7": 7}, 10, {"1": "log.7", "nobody": "log.8"})
    stage.events.clear()
    stage.play(1)
    assert 7 in stage.numbers[0], "the number on the screen is that of the log"
    assert stage.counter.mark_staff("log.7", True)
    assert stage.counter.mark_staff("1", True), "what was asked with the other reference a moment before counts, too"
    stage.play(9)
    stage.finish()
    assert [e.person for e in stage.told(Left)] == ["log.7", "2"]
