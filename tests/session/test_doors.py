"""One count at several doors: one total, one log, and an end only when every door has ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desktop_app.domain.events import Added, DoorStarted
from desktop_app.engine.state import EngineOptions, EngineState
from desktop_app.session.door import Door
from desktop_app.session.door_run import DoorRun
from desktop_app.session.manager import SessionManager
from desktop_app.session.session import CorrectionError, Session
from desktop_app.settings import Settings
from desktop_app.sources.base import FrameSource
from tests.engine.fakes import HeldSource, HungSource, ListSource
from tests.patience import PATIENCE_S
from tests.session.fakes import FakeServices, MemoryStore
from tests.session.test_sessions import wait_for

MAIN = Door("main.mp4", Settings(), "main", "Main door")
SIDE = Door("side.mp4", Settings(), "door-2", "Side door")


def source_of(text: str) -> FrameSource:
    """A film of 20 frames at the main door, of 10 at the side door; whatever else there is never ends."""
    frames = {"main.mp4": 20, "side.mp4": 10}
    return ListSource(frames[text]) if text in frames else ListSource(10**6, fps=200, live=True)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def manager(store: MemoryStore) -> Iterator[SessionManager]:
    made = SessionManager(FakeServices(source_of), store)
    yield made
    assert made.shut_down(PATIENCE_S)


def finish(manager: SessionManager, runs: list[DoorRun]) -> Session:
    assert all(run.wait(PATIENCE_S) for run in runs)
    assert manager.wait(PATIENCE_S)
    assert manager.current is not None
    return manager.current


def test_two_films_are_one_count_with_a_total_a_door(manager: SessionManager, store: MemoryStore) -> None:
    session = finish(manager, manager.start_doors([MAIN, SIDE]))
    assert session.counts().people == 6
    assert (session.counts("main").people, session.counts("door-2").people) == (4, 2)
    assert session.log.doors == {"main": "Main door", "door-2": "Side door"}
    kinds = store.kinds(session.id)
    assert kinds.count("DoorStarted") == kinds.count("DoorEnded") == 2
    assert [kinds.count(kind) for kind in ("Opened", "Closed")] == [1, 1]
    assert kinds[-1] == "Closed"


def test_a_film_that_ends_first_leaves_the_other_door_counting(manager: SessionManager) -> None:
    short, long = manager.start_doors([SIDE, Door("camera:0", Settings(), "main", "Main door")])
    assert short.wait(PATIENCE_S)
    session = manager.current
    assert session is not None
    assert not session.closed
    before = session.counts("main").people
    wait_for(lambda: session.counts("main").people > before)
    manager.stop()
    assert finish(manager, [long]).closed


def test_of_two_doors_one_that_cannot_be_opened_costs_only_itself(manager: SessionManager) -> None:
    broken, whole = manager.start_doors([Door("missing", Settings(), "door-2", "Side door"), MAIN])
    session = finish(manager, [broken, whole])
    assert broken.state is EngineState.FAILED
    assert session.counts().people == 4
    assert session.closed


@pytest.mark.parametrize("fails_first", [True, False])
def test_a_count_is_over_with_its_last_door_however_that_ends(store: MemoryStore, fails_first: bool) -> None:
    broken, whole = HeldSource(10, 5), HeldSource(10, 5)
    broken.fail_at = 5
    manager = SessionManager(FakeServices(lambda text: broken if text == "side.mp4" else whole), store)
    ends = list(zip((broken, whole), manager.start_doors([SIDE, MAIN]), strict=True))
    for source, run in ends if fails_first else reversed(ends):
        source.go.set()
        assert run.wait(PATIENCE_S)
    assert [run.state for _, run in ends] == [EngineState.FAILED, EngineState.FINISHED]
    assert finish(manager, [run for _, run in ends]).closed
    assert manager.shut_down(PATIENCE_S)


def test_a_door_that_failed_is_opened_again_in_its_place_and_in_the_same_count(store: MemoryStore) -> None:
    breaks = [True]

    def source(text: str) -> FrameSource:
        fails = text == "side.mp4" and breaks and breaks.pop()
        return ListSource(10, fail_at=5) if fails else source_of(text)

    manager = SessionManager(FakeServices(source), store)
    side, main = manager.start_doors([SIDE, Door("camera:0", Settings(), "main", "Main door")])
    assert side.wait(PATIENCE_S)
    assert side.state is EngineState.FAILED
    again = manager.retry(run=side)
    assert again is not None
    assert again.wait(PATIENCE_S)
    session = manager.current
    assert session is not None
    assert [run.door.id for run in session.runs] == ["door-2", "main"]
    assert session.runs[0] is again
    assert session.counts("door-2").people == 2  # the film goes on where it broke off: nobody counts twice
    assert main.active
    assert manager.shut_down(PATIENCE_S)


def test_a_count_closes_when_the_last_door_that_failed_is_left_out(manager: SessionManager) -> None:
    broken = Door("missing", Settings(), "door-2", "Side door")
    runs = manager.start_doors([MAIN, broken])
    assert runs[0].wait(PATIENCE_S)
    session = finish(manager, runs)
    manager.leave_out(runs[0])  # over: it may go, and whom it counted stay
    manager.leave_out(runs[1])
    assert session.runs == []
    assert session.closed
    assert session.counts().people == 4


def test_no_door_is_left_out_while_it_counts(manager: SessionManager) -> None:
    (run,) = manager.start_doors([Door("camera:0", Settings())])
    manager.leave_out(run)
    assert manager.current is not None
    assert manager.current.runs == [run]


def test_decisions_name_the_door_because_numbers_repeat_at_each(manager: SessionManager) -> None:
    session = finish(manager, manager.start_doors([MAIN, SIDE]))
    at_side = [p for p in session.people() if p.door == "door-2"]
    session.correct(at_side[0].ref, "gender", "male")
    assert manager.undo_stack.undo_name == "male, person 1, Side door"
    session.add(door="door-2")
    assert manager.undo_stack.undo_name == "one added by hand, Side door"
    added = next(e for e in session.log.entries() if isinstance(e.event, Added))
    assert added.door == "door-2"
    assert session.counts("door-2").people == 3
    session.remove(at_side[0].ref)
    with pytest.raises(CorrectionError, match="Person 1, Side door was marked"):
        session.correct(at_side[0].ref, "gender", "female")


def test_a_count_of_one_door_does_not_name_it(manager: SessionManager) -> None:
    session = finish(manager, manager.start_doors([MAIN]))
    session.correct(session.people()[0].ref, "gender", "male")
    assert manager.undo_stack.undo_name == "male, person 1"


def test_a_new_count_at_two_doors_begins_at_both_and_undo_joins_them(manager: SessionManager) -> None:
    doors = [Door(f"camera:{n}", Settings(), f"door-{n}", f"Door {n}") for n in (1, 2)]
    manager.start_doors(doors)
    old = manager.current
    assert old is not None
    wait_for(lambda: all(old.counts(door.id).people for door in doors))
    new = manager.new_count()
    assert new is not None
    # Whoever is in view begins the new count, and is one person again with undo.
    wait_for(lambda: old.closed and all(new.counts(door.id).people > 1 for door in doors))
    manager.undo_stack.undo()
    assert manager.current is old
    manager.stop()
    assert manager.wait(PATIENCE_S)
    assert all(old.counts(door.id).people > 1 for door in doors)
    assert not new.active_runs


def test_a_source_that_hangs_holds_up_no_other_door(store: MemoryStore) -> None:
    hung = HungSource("read")
    manager = SessionManager(FakeServices(lambda text: hung if text == "hangs" else source_of(text)), store)
    manager.start_doors([Door("hangs", Settings(), "door-2", "Side door"), MAIN])
    session = manager.current
    assert session is not None
    assert hung.hanging.wait(PATIENCE_S)
    wait_for(lambda: session.counts("main").people == 4)
    manager.stop()
    hung.let_go.set()
    assert manager.shut_down(PATIENCE_S)
    assert session.closed


@pytest.mark.parametrize("is_open", [False, True])
def test_a_film_does_not_begin_again_once_a_door_has_joined_it(store: MemoryStore, is_open: bool) -> None:
    held = HeldSource(20, at=8)
    manager = SessionManager(FakeServices(lambda text: held if text == "main.mp4" else source_of(text)), store)
    session = manager.open()
    film = manager.start(MAIN, EngineOptions(loop=True))
    if is_open:
        wait_for(lambda: session.counts("main").people > 0)
    camera = manager.add_door(Door("camera:0", Settings(), "door-2", "Side door"))
    held.go.set()
    assert film.wait(PATIENCE_S)
    assert film.state is EngineState.FINISHED
    assert manager.current is session
    wait_for(lambda: session.counts("door-2").people > 0)
    manager.stop()
    assert finish(manager, [camera]).counts("main").people == 4
    started = [e for e in store.all if isinstance(e.event, DoorStarted)]
    assert sorted(e.door for e in started) == ["door-2", "main"]
    assert not manager.only_shows
    assert manager.shut_down(PATIENCE_S)


def test_a_film_that_was_left_goes_on_where_it_was(store: MemoryStore) -> None:
    manager = SessionManager(FakeServices(lambda _: ListSource(40, fps=40)), store)
    main = manager.start(Door("long.mp4", Settings(), "main", "Main door"), EngineOptions(speed=1.0))
    side = Door("side.mp4", Settings(), "door-2", "Side door")
    left = manager.add_door(side, EngineOptions(speed=1.0))
    session = manager.current
    assert session is not None
    wait_for(lambda: session.counts("door-2").people > 0)
    left.stop()
    assert left.wait(PATIENCE_S)
    again = manager.add_door(side, takes_up=True)
    assert again.wait(PATIENCE_S)
    assert session.counts("door-2").people == 8  # nobody twice
    assert main.wait(PATIENCE_S)
    assert manager.shut_down(PATIENCE_S)
