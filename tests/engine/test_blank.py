"""Pictures that show nothing: said in time, and never taken for a place where nobody is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from desktop_app.engine.engine import Engine
from desktop_app.engine.state import EngineOptions, EngineState
from desktop_app.session.headless import run_headless
from desktop_app.sources.base import SourceKind
from tests.engine.fakes import CoveredCamera, HungCamera, LookingPipeline
from tests.engine.test_engine import Recorder, wait_for
from tests.patience import PATIENCE_S


def film(seconds: float, *black: tuple[float, float]) -> CoveredCamera:
    made = CoveredCamera(round(2 * seconds), live=False, covered=False)
    made.black = black
    return made


def seen_of(source: CoveredCamera) -> tuple[Engine, Recorder]:
    seen = Recorder()
    engine = Engine(source, LookingPipeline(), observers=[seen])
    engine.start()
    assert engine.wait(PATIENCE_S)
    engine.stop()
    return engine, seen


@pytest.mark.parametrize(
    ("black", "said"),
    [
        ([(0.0, 4.0)], ()),
        ([(30.0, 34.0), (36.0, 40.0), (59.0, 61.0)], ()),
        ([(12.0, 50.0)], ("From 12 s to 50 s the picture of “list” was black.",)),
        ([(0.0, 6.0)], ("From 0 s to 6 s the picture of “list” was black.",)),
        ([(48.0, 60.0)], ("From 48 s to 60 s the picture of “list” was black.",)),
    ],
)
def test_a_black_stretch_of_a_film_is_a_hole_and_a_fade_is_none(
    black: Sequence[tuple[float, float]], said: tuple[str, ...]
) -> None:
    engine, seen = seen_of(film(60.0, *black))
    assert engine.omissions == said
    assert engine.message == " ".join(said)
    assert seen.states.count(EngineState.BLANK) == len(said)
    assert seen.states[-1] is EngineState.FINISHED


@pytest.mark.parametrize("seconds", [0.5, 3.0, 60.0])
def test_a_film_that_is_black_throughout_says_so_however_short_it_is(seconds: float) -> None:
    engine, seen = seen_of(film(seconds, (0.0, seconds)))
    assert engine.message.startswith("“list” was black throughout: nobody could be seen. If another program")
    assert seen.states == [EngineState.OPENING, EngineState.RUNNING, EngineState.BLANK, EngineState.FINISHED]


def test_a_count_with_a_hole_is_not_complete() -> None:
    assert run_headless(film(20.0), LookingPipeline()).complete
    assert not run_headless(film(20.0, (3.0, 12.0)), LookingPipeline()).complete


def test_many_black_stretches_are_not_all_named() -> None:
    engine, _ = seen_of(film(400.0, *[(20.0 * n, 20.0 * n + 8) for n in range(1, 16)]))
    assert len(engine.omissions) == 11
    assert engine.omissions[-1] == "So it was 5 times more."


def test_what_a_search_leaves_out_is_no_black_stretch() -> None:
    source, seen = film(10**5, (0.0, 3.0), (1000.0, 10**5)), Recorder()
    engine = Engine(source, LookingPipeline(), EngineOptions(speed=1.0), [seen])
    engine.start()
    wait_for(lambda: seen.results)
    engine.seek(1000.0)
    wait_for(lambda: engine.stats.position_s >= 1000.0)
    assert engine.state is EngineState.RUNNING
    assert engine.stop(PATIENCE_S)
    assert all(s is not EngineState.BLANK for s in seen.states[:-2])


def covered_camera() -> tuple[CoveredCamera, Engine, Recorder]:
    source, seen = CoveredCamera(covered=False), Recorder()
    engine = Engine(source, LookingPipeline(), observers=[seen])
    engine.start()
    wait_for(lambda: engine.stats.frames)
    source.covered = True
    wait_for(lambda: engine.state is EngineState.BLANK)
    return source, engine, seen


def test_a_covered_camera_says_what_to_do_until_it_sees_again() -> None:
    source, engine, seen = covered_camera()
    assert "black" in engine.message
    assert "cap off the lens" in engine.message
    black = [r.frame.time_s for r in seen.results if r.blank is not None]
    assert engine.blank_since_s == black[0]
    source.covered = False
    wait_for(lambda: engine.state is EngineState.RUNNING)
    assert engine.blank_since_s is None
    assert engine.stop(PATIENCE_S)
    assert seen.states.count(EngineState.BLANK) == 1
    assert len(engine.omissions) == 1
    assert engine.omissions[0].startswith("For ")
    assert engine.omissions[0].endswith(" in all the picture of “list” was black.")


def test_a_camera_that_is_black_for_a_moment_says_nothing() -> None:
    source = CoveredCamera(60, covered=False)
    source.black = [(0.0, 9.0), (15.0, 24.0)]
    engine, seen = seen_of(source)
    assert EngineState.BLANK not in seen.states
    assert engine.omissions == ()


def test_a_covered_camera_can_be_paused_and_lost_and_is_still_covered_afterwards() -> None:
    _, engine, _ = covered_camera()
    engine.pause()
    assert engine.state is EngineState.PAUSED
    engine.resume()
    wait_for(lambda: engine.state is EngineState.BLANK)
    engine.note_connection(False, "Unplugged.")
    assert engine.state is EngineState.RECONNECTING
    engine.note_connection(True)
    wait_for(lambda: engine.state is EngineState.BLANK)
    assert engine.stop(PATIENCE_S)
    assert engine.state is EngineState.STOPPED


def test_a_film_that_begins_again_begins_with_a_picture() -> None:
    seen = Recorder()
    engine = Engine(film(10.0, (3.0, 10.0)), LookingPipeline(), EngineOptions(loop=True), [seen])
    engine.start()
    wait_for(lambda: len(seen.passes) >= 2)
    assert engine.stop(PATIENCE_S)
    running = seen.states[1 : 2 * len(seen.passes) + 1]
    assert running == [EngineState.RUNNING, EngineState.BLANK] * len(seen.passes)
    assert engine.omissions[0].startswith("From 3 s to 10 s")


def test_a_camera_that_hangs_says_so_until_its_picture_moves() -> None:
    source, seen = HungCamera(), Recorder()
    engine = Engine(source, LookingPipeline(), observers=[seen])
    engine.start()
    wait_for(lambda: engine.stats.frames)
    source.hangs = True
    wait_for(lambda: engine.state is EngineState.BLANK)
    since_s = engine.blank_since_s
    assert since_s is not None
    assert engine.stats.time_s - since_s >= 60
    assert engine.message == (
        "The picture has not changed for 60 s: whoever passes now is not seen. Restart the camera, or what sends its "
        "picture."
    )
    source.hangs = False
    wait_for(lambda: engine.state is EngineState.RUNNING)
    assert engine.blank_since_s is None
    assert engine.stop(PATIENCE_S)
    assert seen.states.count(EngineState.BLANK) == 1
    assert engine.omissions[0].endswith(" in all the picture of “list” was always the very same.")


def test_a_film_that_stands_still_for_less_than_a_minute_is_seen() -> None:
    source = HungCamera(1000, live=False, fps=10.0)
    source.hung = [(5.0, 60.0), (70.0, 100.0)]
    engine, seen = seen_of(source)
    assert engine.omissions == ()
    assert EngineState.BLANK not in seen.states


def test_a_film_that_stands_still_for_longer_says_when() -> None:
    source = HungCamera(2000, live=False, fps=10.0)
    source.hung = [(4.9, 90.0), (99.9, 190.0)]
    engine, _ = seen_of(source)
    assert engine.omissions == (
        "From 5 s to 90 s the picture of “list” was always the very same.",
        "From 100 s to 190 s the picture of “list” was always the very same.",
    )


def test_a_slow_camera_that_stands_still_up_to_its_next_key_picture_does_not_hang() -> None:
    source = HungCamera(700, fps=1.0)
    source.hung = [(0.5, 249.5), (250.5, 499.5)]
    engine, seen = seen_of(source)
    assert engine.omissions == ()
    assert EngineState.BLANK not in seen.states


def test_a_still_part_of_a_film_that_is_looked_at_twice_is_no_hung_camera() -> None:
    source, seen = HungCamera(10**6, live=False, fps=10.0), Recorder()
    engine = Engine(source, LookingPipeline(), EngineOptions(speed=1.0), [seen])
    engine.start()
    wait_for(lambda: seen.results)
    engine.set_speed(0)
    wait_for(lambda: engine.stats.position_s >= 70)
    engine.seek(0.0)
    wait_for(lambda: engine.stats.position_s < 70)
    wait_for(lambda: engine.stats.position_s >= 70)
    assert engine.stop(PATIENCE_S)
    assert EngineState.BLANK not in seen.states


def test_pictures_that_are_held_on_purpose_are_no_hung_camera() -> None:
    source = HungCamera(2000, live=False, fps=10.0)
    source.hung = [(0.0, 200.0)]
    source.kind = SourceKind.PICTURES
    engine, _ = seen_of(source)
    assert engine.omissions == ()


def test_a_camera_that_hangs_and_goes_black_is_told_of_both() -> None:
    source = HungCamera(700, fps=4.0)
    source.hung, source.black = [(9.9, 100.0)], [(100.0, 160.0)]
    engine, _ = seen_of(source)
    assert engine.omissions == (
        "For 90 s in all the picture of “list” was always the very same.",
        "For 60 s in all the picture of “list” was black.",
    )
