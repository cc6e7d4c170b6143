"""Each person once: scenes played through tracker and counter."""

from __future__ import annotations

import random

import numpy as np
import pytest

from desktop_app.domain.counting import CountingSettings, PeopleCounter
from desktop_app.domain.events import Counted, Crossed, Left, Merged, Revised, StaffSeen
from desktop_app.domain.places import Line, Zone
from desktop_app.domain.recognition import MAX_GONE
from desktop_app.domain.tracking import Tracker
from desktop_app.domain.types import Attributes, Box, Detection, Gender
from desktop_app.domain.voting import Vote
from tests.domain.acting import BLUE, FRAME_SIZE, GREEN, RED, Actor, Stage, box_at, gone, unit, walk
from tests.domain.log import totals_of


def still(x: float = 640.0, y: float = 360.0, **spans: float) -> Actor:
    return Actor(walk(x, y, **spans))


SCENES = {
    "nobody": ([], 0),
    "one who stands": ([still()], 1),
    "one who walks": ([Actor(walk(50, 300, 150, 10))], 1),
    "three side by side": ([still(300), still(500), still(700)], 3),
    "one after another in different places": (
        [Actor(walk(200, 300, end=2)), Actor(walk(900, 400, begin=3, end=5))],
        2,
    ),
    "a blink of half a second": ([Actor(gone(walk(640, 360), (2.0, 2.5)))], 1),
    "many blinks": ([Actor(gone(walk(640, 360), *((i + 0.3, i + 0.7) for i in range(1, 9))))], 1),
    "hidden for a second on the walk": ([Actor(gone(walk(100, 300, 90, 0), (3.0, 4.0)))], 1),
    "turned away for three seconds on the spot": ([Actor(gone(walk(640, 360), (3.0, 6.0)))], 1),
    "one flicker": ([Actor(walk(640, 360, begin=1.0, end=1.1))], 0),
    "two flickers far apart": (
        [Actor(walk(640, 360, begin=1.0, end=1.1)), Actor(walk(640, 360, begin=4.0, end=4.15))],
        0,
    ),
    "not a face": ([Actor(walk(640, 360), face=0.1)], 0),
    "weak boxes only": ([Actor(walk(640, 360), score=0.45)], 0),
    "only bad glimpses": ([Actor(walk(640, 360), classified=False)], 1),
    "crossing paths": ([Actor(walk(300, 300, 100, 5)), Actor(walk(900, 340, -100, -5))], 2),
    "coming nearer": ([Actor(walk(640, 100, 0, 40), size=40), Actor(walk(200, 200, 60, 60), size=90)], 2),
}


@pytest.mark.parametrize(("actors", "people"), SCENES.values(), ids=SCENES.keys())
@pytest.mark.parametrize("step_s", [0.04, 0.1, 0.2])
def test_counts_each_person_once(actors: list[Actor], people: int, step_s: float) -> None:
    stage = Stage(actors, step_s=step_s).play(10).finish()
    assert stage.people == people
    assert [r.number for r in stage.totals.people()] == list(range(1, people + 1))
    assert [e.person for e in stage.told(Left)] == [r.ref for r in stage.totals.people()]


def test_crossing_people_keep_their_numbers() -> None:
    actors = [
        Actor(walk(300, 300, 100, 5), clothes=RED, female=0.95),
        Actor(walk(900, 340, -100, -5), clothes=BLUE, female=0.05),
    ]
    stage = Stage(actors).play(6).finish()
    assert stage.numbers[0] == {1}
    assert stage.numbers[1] == {2}
    assert (stage.counts.female, stage.counts.male) == (1, 1)


def test_a_person_only_in_bad_glimpses_is_undecided() -> None:
    stage = Stage([Actor(walk(640, 360), classified=False)]).play(3).finish()
    counts = stage.counts
    assert (counts.people, counts.undecided, counts.age_unknown, counts.looking) == (1, 1, 1, 0)
    assert [(e.gender, e.age_years) for e in stage.told(Counted)] == [(Gender.UNDECIDED, None)]


@pytest.mark.parametrize(
    ("female", "gender"),
    [(0.95, Gender.FEMALE), (0.05, Gender.MALE), (0.55, Gender.UNDECIDED), (0.45, Gender.UNDECIDED)],
)
def test_gender_of_a_person(female: float, gender: Gender) -> None:
    stage = Stage([Actor(walk(640, 360), female=female, age=4)]).play(3)
    (record,) = stage.records
    assert record.gender is gender
    assert record.is_looking is (gender is Gender.UNDECIDED)
    assert record.age_band == "30-39"
    assert stage.counts.age_bands[4] == 1


def test_the_running_totals_follow_the_vote_while_in_view() -> None:
    actor = Actor(walk(640, 360), female=0.1)
    stage = Stage([actor]).play(1)
    assert stage.counts.male == 1
    actor.female = 0.99
    stage.play(6)
    counts = stage.counts
    assert (counts.female, counts.male, counts.people) == (1, 0, 1)


def test_an_age_near_an_edge_is_no_stream_of_changes() -> None:
    actor = Actor(walk(640, 360), female=0.95, age=3)
    stage = Stage([actor])
    for i in range(20):  # the mean age stays within a year of 30, on either side of it
        actor.age = 3 + i % 2
        stage.play(0.3)
    assert stage.told(Revised) == []
    (revised,) = stage.finish().told(Revised)
    assert revised.final


def test_somebody_counts_at_once_and_leaves_once() -> None:
    stage = Stage([Actor(walk(640, 360, end=3))]).play(3)
    (counted,) = stage.told(Counted)
    assert (counted.first_seen_s, counted.number, counted.person) == (0.0, 1, "1")
    assert 0.0 < counted.time_s < 1.0
    assert (stage.in_view, stage.told(Left)) == (1, [])
    stage.play(10)
    (left,) = stage.told(Left)
    assert stage.in_view == 0
    assert left.last_seen_s == pytest.approx(2.9, abs=0.11)
    assert left.dwell_s == pytest.approx(left.last_seen_s)
    assert left.facing_s == pytest.approx(2.9, abs=0.2)
    told = list(stage.events)
    assert stage.finish().events == told


def test_in_view_counts_only_those_in_view_now() -> None:
    stage = Stage([still(300), Actor(walk(800, 360, end=2))]).play(2)
    assert stage.in_view == 2
    stage.play(2)
    assert stage.in_view == 1


# ---------------------------------------------------------------------------------------- scene cuts


@pytest.mark.parametrize(
    ("after", "people"),
    [(RED, 1), (BLUE, 2)],
    ids=["same looks elsewhere: the same person", "other looks: another person"],
)
def test_a_cut_alone_never_ends_a_person(after: np.ndarray, people: int) -> None:
    actors = [
        Actor(walk(300, 300, end=3), clothes=RED, embedding=RED),
        Actor(walk(900, 500, begin=3), clothes=after, embedding=after),
    ]
    stage = Stage(actors, cuts=[3.0]).play(8).finish()
    assert stage.people == people


def test_a_false_cut_changes_nothing() -> None:
    actors = [still(300), still(900)]
    stage = Stage(actors, cuts=[2.0, 4.0, 6.0]).play(8).finish()
    assert stage.people == 2
    assert stage.numbers == {0: {1}, 1: {2}}


def test_long_after_a_cut_the_same_looks_are_somebody_new() -> None:
    actors = [
        Actor(walk(300, 300, end=3), clothes=RED, embedding=RED),
        Actor(walk(900, 500, begin=6), clothes=RED, embedding=RED),
    ]
    assert Stage(actors, cuts=[3.0]).play(9).finish().people == 2


# ---------------------------------------------------------------------------------------- coming back

RETURN = [
    Actor(walk(300, 300, end=3), clothes=RED, embedding=RED),
    Actor(walk(500, 300, begin=3, end=6), clothes=BLUE, embedding=BLUE),
    Actor(walk(900, 500, begin=20, end=23), clothes=RED, embedding=RED),
    Actor(walk(700, 500, begin=24, end=27), clothes=GREEN, embedding=GREEN),
]


@pytest.mark.parametrize(("returns_s", "people"), [(0.0, 4), (10.0, 4), (60.0, 3)])
def test_coming_back(returns_s: float, people: int) -> None:
    counter = PeopleCounter(CountingSettings(returns_s=returns_s))
    stage = Stage(RETURN, counter=counter).play(30).finish()
    assert stage.people == people
    assert {e.person for e in stage.told(Left)} == {str(i + 1) for i in range(people)}


def test_one_who_came_back_leaves_twice_and_the_times_in_view_are_added() -> None:
    counter = PeopleCounter(CountingSettings(returns_s=60))
    stage = Stage(RETURN, counter=counter).play(30).finish()
    first = stage.records[0]
    assert first.first_seen_s == 0.0
    assert first.last_seen_s == pytest.approx(22.9, abs=0.11)
    assert first.dwell_s == pytest.approx(5.8, abs=0.2), "the absence is no time in view"
    left = [e for e in stage.told(Left) if e.person == first.ref]
    assert [e.dwell_s for e in left] == [pytest.approx(2.9, abs=0.11), first.dwell_s]
    assert left[0].time_s < 10, "gone for now as soon as nobody expects them back on the spot"


def test_two_at_once_are_two_even_if_they_look_the_same() -> None:
    twins = [Actor(walk(x, 300), clothes=RED, embedding=RED) for x in (300.0, 800.0)]
    counter = PeopleCounter(CountingSettings(returns_s=60))
    assert Stage(twins, counter=counter).play(5).finish().people == 2


def test_descriptors_are_gone_when_the_time_is_up() -> None:
    counter = PeopleCounter(CountingSettings(returns_s=20))
    stage = Stage(RETURN[:2], counter=counter).play(50)
    assert counter.remembered == 0
    assert len(stage.told(Left)) == 2


# ---------------------------------------------------------------------------------------- staff


def test_marked_staff_do_not_count_for_the_rest_of_the_run() -> None:
    actors = [
        Actor(walk(300, 300, end=5), clothes=RED, embedding=RED),
        Actor(walk(800, 300), clothes=BLUE, embedding=BLUE),
        Actor(walk(900, 500, begin=30), clothes=RED, embedding=RED),
    ]
    stage = Stage(actors).play(2)
    assert stage.people == 2
    stage.mark_staff("1")
    assert (stage.people, stage.told(StaffSeen)) == (1, [])
    stage.play(1)
    assert stage.in_view == 1
    stage.play(37).finish()
    assert [r.number for r in stage.records] == [2]
    assert stage.told(StaffSeen) == [StaffSeen(stage.told(StaffSeen)[0].time_s, "3", True)], "who looks like them"


def test_staff_marked_after_they_left_leave_no_crossing_and_are_known_when_they_are_back() -> None:
    passing = Actor(walk(300, 300, 200, 0, end=3), clothes=RED, embedding=RED)
    again = Actor(walk(300, 300, 200, 0, begin=25, end=28), clothes=RED, embedding=RED)
    counter = PeopleCounter(lines=[Line("door", 0.5, 0.0, 0.5, 1.0)])
    stage = Stage([passing, again], counter=counter).play(15)
    assert (stage.people, stage.place("door").out, len(stage.told(Left))) == (1, 1, 1)
    stage.mark_staff("1")
    assert (stage.people, stage.place("door").out) == (0, 0)
    stage.play(15).finish()
    assert (stage.people, stage.place("door").out) == (0, 0)
    assert len(stage.told(Crossed)) == 2, "staff is in the log, and left out by the fold"


def test_staff_marked_after_the_end_do_not_count() -> None:
    stage = Stage([Actor(walk(300, 300, end=2)), still(800)]).play(15).finish()
    stage.mark_staff("1")
    stage.mark_staff("2")
    assert stage.people == 0


def test_a_mark_taken_back_makes_visitors_of_those_who_looked_like_it() -> None:
    actors = [
        Actor(walk(300, 300, end=3), clothes=RED, embedding=RED),
        Actor(walk(900, 500, begin=20), clothes=RED, embedding=RED),
    ]
    stage = Stage(actors).play(2)
    stage.mark_staff("1")
    stage.play(24)
    assert (stage.people, stage.in_view) == (0, 0)
    stage.mark_staff("1", False)
    stage.play(1)
    assert (stage.people, stage.in_view) == (2, 1)
    assert [e.is_staff for e in stage.told(StaffSeen)] == [True, False]


def test_marking_an_unknown_person_says_so() -> None:
    assert not PeopleCounter().mark_staff("7")


def test_the_looks_of_those_gone_are_bounded() -> None:
    stage = Stage([Actor(walk(200 + 600 * (i % 2), 300, begin=3 * i, end=3 * i + 1)) for i in range(MAX_GONE + 3)])
    stage.play(3 * (MAX_GONE + 3) + 10)
    assert len(stage.told(Left)) == MAX_GONE + 3
    assert not stage.counter.mark_staff("3")
    assert stage.counter.mark_staff("4")


COUNTER_DESK = Zone("desk", ((0.0, 0.0), (0.3, 0.0), (0.3, 1.0), (0.0, 1.0)))


@pytest.mark.parametrize(
    ("actor", "people"),
    [
        (Actor(walk(200, 300)), 0),
        (Actor(walk(800, 300)), 1),
        (Actor(walk(200, 300, 120, 0)), 1),
    ],
    ids=["stays in the zone", "never in the zone", "crosses the zone"],
)
def test_staff_zone(actor: Actor, people: int) -> None:
    stage = Stage([actor], counter=PeopleCounter(staff_zones=[COUNTER_DESK])).play(6).finish()
    assert stage.people == people
    assert len(stage.told(Counted)) == 1


# ---------------------------------------------------------------------------------------- always


def _random_actor(rng: random.Random) -> Actor:
    begin = rng.uniform(0, 20)
    path = walk(
        rng.uniform(0, 1280),
        rng.uniform(0, 720),
        rng.uniform(-200, 200),
        rng.uniform(-60, 60),
        begin=begin,
        end=begin + rng.uniform(0.05, 8),
    )
    if rng.random() < 0.5:
        a = begin + rng.uniform(0, 6)
        path = gone(path, (a, a + rng.uniform(0, 3)))
    look = unit(*(abs(rng.gauss(0, 1)) + 1e-3 for _ in range(3)))
    return Actor(
        path,
        size=rng.uniform(15, 120),
        female=rng.random(),
        age=rng.randrange(9),
        face=rng.choice([1.0, 1.0, 0.2]),
        score=rng.uniform(0.35, 1.0),
        clothes=rng.choice([None, look]),
        embedding=rng.choice([None, look]),
        classified=rng.random() < 0.8,
    )


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_the_sums_agree_and_everybody_is_told_of_once(seed: int) -> None:
    rng = random.Random(seed)
    counter = PeopleCounter(
        CountingSettings(returns_s=rng.choice([0.0, 5.0, 60.0])),
        lines=[Line("door", 0.5, 0.0, 0.5, 1.0)],
        zones=[Zone("hall", ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8)))],
        staff_zones=[COUNTER_DESK] if seed % 3 == 0 else [],
    )
    stage = Stage([_random_actor(rng) for _ in range(14)], counter=counter, cuts=[rng.uniform(0, 25)])
    for _ in range(30):
        stage.play(1)
        counts = stage.counts
        assert counts.people == counts.female + counts.male + counts.undecided == len(stage.records)
        assert sum(counts.age_bands) + counts.age_unknown == counts.people
        assert stage.in_view <= counts.people
        if rng.random() < 0.1 and stage.records:
            stage.mark_staff(rng.choice(stage.records).ref)
        if rng.random() < 0.1:
            counter.set_places(
                [Line("door", rng.random(), 0.0, 0.5, 1.0)],
                rng.sample(counter.zones, rng.randint(0, len(counter.zones))),
            )
    stage.finish()
    counted = [e.person for e in stage.told(Counted)]
    assert len(counted) == len(set(counted))
    gone = {e.person for e in stage.told(Left)} | {e.person for e in stage.told(Merged)}
    assert gone == set(counted), "everybody counted leaves, or was somebody else"
    assert stage.counts.looking == 0
    assert sum(f.inside for f in stage.totals.places().values()) == 0
    assert stage.place("door").into + stage.place("door").out <= stage.people
    times = [e.time_s for e in stage.events]
    assert times == sorted(times)
    again = Stage([_random_actor(random.Random(seed)) for _ in range(3)]).play(5).finish()
    repeat = Stage([_random_actor(random.Random(seed)) for _ in range(3)]).play(5).finish()
    assert again.events == repeat.events


@pytest.mark.slow
def test_the_state_stays_small_over_many_updates() -> None:
    """1e5 looks at a crowd that comes and goes: what is held does not grow with time."""
    tracker, counter, counted = Tracker(), PeopleCounter(), 0
    rng = random.Random(1)
    for i in range(100_000):
        t = i * 0.1
        x = (i * 7) % 1300
        detections = [Detection(Box(x, 100, x + 50, 160), 0.9)]
        if rng.random() < 0.2:
            at = rng.uniform(0, 1200)
            detections.append(Detection(Box(at, 400, at + 40, 450), 0.8))
        faces = tracker.update(detections, t)
        counted += sum(isinstance(e, Counted) for e in counter.update(faces, tracker.take_ended(), t, FRAME_SIZE)[1])
        if i % 20_000 == 0:
            assert len(tracker) <= 32
            assert counter.remembered <= 64
    assert counted > 500


@pytest.mark.parametrize(
    "changes",
    [{"min_hits": 0}, {"linger_s": -1.0}, {"returns_s": -5.0}],
)
def test_absurd_settings_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        CountingSettings(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("score", "size", "people"),
    [(0.7, 40, 1), (0.7, 130, 1), (0.9, 40, 2)],
    ids=["a small print", "a large print", "a child before an adult"],
)
def test_a_face_on_a_shirt_is_nobody(score: float, size: float, people: int) -> None:
    """The print is found surely enough to begin a track now and then, but mostly it is doubtful."""
    wearer = Actor(walk(400, 200, 40, 0), size=60, score=0.93)
    on_chest = Actor(walk(405, 330, 40, 0), size=size, score=score)
    stage = Stage([wearer, on_chest])
    for i in range(40):
        on_chest.score = 0.86 if i % 7 == 0 else score
        stage.look()
    assert stage.people == people


def test_somebody_counted_anew_is_recognised_by_further_glimpses() -> None:
    """The first glimpses after the return show a stranger; better ones within two seconds show who it is."""
    returning = Actor(walk(900, 500, begin=20, end=26), clothes=RED, embedding=GREEN)
    counter = PeopleCounter(CountingSettings(returns_s=60))
    stage = Stage([Actor(walk(300, 300, end=3), clothes=RED, embedding=RED), returning], counter=counter).play(20.8)
    assert stage.people == 2
    returning.embedding = unit(1, 0, 0.02)
    stage.play(1.2)
    assert stage.people == 1, "the total takes the mistake back"
    stage.finish()
    assert stage.people == 1
    assert [(e.person, e.into) for e in stage.told(Merged)] == [("2", "1")]
    assert stage.records[0].number == 1


def test_somebody_long_in_view_is_not_taken_for_another() -> None:
    lasting = Actor(walk(900, 500, begin=20, end=40), clothes=RED, embedding=GREEN)
    counter = PeopleCounter(CountingSettings(returns_s=60))
    stage = Stage([Actor(walk(300, 300, end=3), clothes=RED, embedding=RED), lasting], counter=counter).play(25)
    lasting.embedding = RED
    stage.play(15).finish()
    assert stage.people == 2


# ---- hidden, held back


WOMAN, MAN = unit(1, 0.1, 0), unit(0, 1, 0.2)


def test_somebody_hidden_in_the_middle_of_the_picture_is_known_by_their_face_after_ten_seconds() -> None:
    hidden = Actor(gone(walk(400, 300, 10.0), (3.0, 13.0)), embedding=WOMAN)
    stage = Stage([hidden]).play(16).finish()
    assert stage.counts.people == 1


def test_another_face_in_the_same_place_ten_seconds_later_is_another_person() -> None:
    stage = Stage([Actor(walk(500, 300, end=3.0), embedding=WOMAN), Actor(walk(500, 300, begin=13.0), embedding=MAN)])
    assert stage.play(16).finish().counts.people == 2


def test_somebody_who_left_at_the_edge_and_comes_back_ten_seconds_later_counts_again() -> None:
    """Who leaves the picture has left; who comes back is known only where the settings ask for it."""
    path = walk(1180, 300, 40.0, end=2.4)
    stage = Stage([Actor(path, embedding=WOMAN), Actor(walk(640, 300, begin=12.5), embedding=WOMAN)])
    assert stage.play(16).finish().counts.people == 2


def test_a_face_that_never_moves_is_held_back_with_the_reason_and_counted_when_asked_for() -> None:
    tracker, counter = Tracker(), PeopleCounter()
    events = []
    for i in range(60):
        faces = tracker.update([Detection(box_at(300, 300), 0.9)], i * 0.1)
        counter.observe(faces[0], Attributes(0.9), 1.0)
        if i == 40:
            assert counter.count_anyway(faces[0].key)
        (track,), new = counter.update(faces, (), i * 0.1, FRAME_SIZE, still={faces[0].key: 0.0})
        events += new
        if 5 < i < 40:
            assert (track.held_back, track.confirmed, track.key) == ("still", False, faces[0].key)
    assert totals_of(events).counts().people == 1
    assert (track.held_back, track.confirmed) == ("", True)
    assert not counter.count_anyway(99)


def test_a_face_on_a_screen_is_held_back_also_if_it_is_in_view_briefly_and_counted_once_it_is_off_it() -> None:
    tracker, counter = Tracker(), PeopleCounter()
    events = []
    for i in range(40):
        faces = tracker.update([Detection(box_at(300, 300), 0.9)], i * 0.1)
        counter.observe(faces[0], Attributes(0.9), 1.0)
        (track,), new = counter.update(faces, (), i * 0.1, FRAME_SIZE, on_screen={faces[0].key})
        events += new
    assert (track.held_back, track.confirmed) == ("screen", False)
    assert totals_of([*events, *counter.update((), [faces[0].key], 4.0, FRAME_SIZE)[1]]).counts().people == 0
    for i in range(50, 60):
        faces = tracker.update([Detection(box_at(300, 300), 0.9)], i * 0.1)
        counter.observe(faces[0], Attributes(0.9), 1.0)
        (track,), new = counter.update(faces, (), i * 0.1, FRAME_SIZE)
        events += new
    assert (track.held_back, totals_of(events).counts().people) == ("", 1)


@pytest.mark.parametrize(("seconds", "people"), [(1.0, 1), (4.5, 1), (6.0, 0)])
def test_a_still_face_counts_at_its_end_only_if_it_was_too_brief_to_move(seconds: float, people: int) -> None:
    tracker, counter = Tracker(), PeopleCounter()
    events = []
    for i in range(round(seconds * 10)):
        faces = tracker.update([Detection(box_at(300, 300), 0.9)], i * 0.1)
        counter.observe(faces[0], Attributes(0.9), 1.0)
        events += counter.update(faces, (), i * 0.1, FRAME_SIZE, still={faces[0].key: 0.0})[1]
    assert totals_of(events).counts().people == 0
    events += counter.finish()
    assert totals_of(events).counts().people == people


def test_a_face_that_was_blurred_at_first_is_judged_by_its_best_glimpses() -> None:
    vote = Vote()
    for face in [0.02] * 8 + [0.9, 0.97, 0.95]:
        vote.add(Attributes(0.8, face=face), 1.0)
    assert vote.face > 0.9
    hand = Vote()
    for face in [0.1, 0.3, 0.2, 0.6, 0.1]:
        hand.add(Attributes(0.8, face=face), 1.0)
    assert hand.face < 0.5


@pytest.mark.parametrize(("sizes", "people"), [((8.0, 10.0), 0), ((8.0, 12.0), 1)])
def test_nobody_counts_whose_face_was_never_large_enough(sizes: tuple[float, float], people: int) -> None:
    stage = Stage([Actor(walk(300, 300), size=sizes[0])], counter=PeopleCounter(CountingSettings(min_size=11.0)))
    stage.play(2)
    assert stage.counts.people == 0
    stage.actors = [Actor(walk(300, 300), size=sizes[1])]
    assert stage.play(2).finish().counts.people == people
