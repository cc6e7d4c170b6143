"""Somebody whom the program missed counts when and where they were missed, not when the operator says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desktop_app.domain.events import Added, Counted
from desktop_app.domain.types import Gender
from desktop_app.session.door import Door
from desktop_app.session.manager import SessionManager
from desktop_app.session.session import Session
from desktop_app.settings import Settings
from tests.engine.fakes import ListSource
from tests.patience import PATIENCE_S
from tests.session.fakes import FakeServices, MemoryStore
from tests.session.test_sessions import finish, wait_for

BEGAN_UTC = 1_000_000.0
"""When `FakeServices` says that a file began."""

YEARS_LATER = BEGAN_UTC + 1e8


@pytest.fixture
def manager() -> Iterator[SessionManager]:
    manager = SessionManager(FakeServices(), MemoryStore(), clock=lambda: YEARS_LATER)
    yield manager
    assert manager.shut_down(PATIENCE_S)


def added_utc(session: Session) -> float:
    (entry,) = [e for e in session.log.entries() if isinstance(e.event, Added)]
    return entry.utc


def test_in_a_film_that_is_over_they_count_at_its_end_and_at_its_door(manager: SessionManager) -> None:
    manager.start(Door("film.mp4", Settings(), id="north"))
    session = finish(manager)
    session.add(Gender.MALE)
    last = max(e.utc for e in session.log.entries() if isinstance(e.event, Counted))
    assert last <= added_utc(session) < last + 10
    assert session.counts("north") == session.counts()


def test_the_same_once_the_count_is_loaded_again(manager: SessionManager) -> None:
    manager.start(Door("film.mp4", Settings(), id="north"))
    kept = finish(manager).id
    manager.start(Door("other.mp4", Settings()))
    finish(manager)
    session = manager.load(kept)
    session.add(Gender.MALE)
    assert BEGAN_UTC < added_utc(session) < BEGAN_UTC + 10
    assert session.counts("north") == session.counts()


def test_two_made_one_days_later_do_not_move_that_moment(manager: SessionManager) -> None:
    manager.start(Door("film.mp4", Settings(), id="north"))
    session = finish(manager)
    first = session.people()[0].ref
    session.merge(session.add(), first)
    session.undo_stack.undo()
    session.merge(session.people()[-1].ref, first)
    session.add(Gender.MALE)
    times = [e.utc for e in session.log.entries() if isinstance(e.event, Added)]
    assert max(times) < BEGAN_UTC + 10


def test_in_a_film_under_way_they_count_where_it_stands() -> None:
    services = FakeServices(lambda text: ListSource(10**6))
    manager = SessionManager(services, MemoryStore(), clock=lambda: YEARS_LATER)
    run = manager.start(Door("film.mp4", Settings()))
    wait_for(lambda: run.stats.time_s > 1)
    session = manager.current
    assert session is not None
    session.add(Gender.MALE)
    assert BEGAN_UTC + 1 < added_utc(session) < BEGAN_UTC + 10**6 / 25
    assert manager.shut_down(PATIENCE_S)


def test_at_a_live_camera_they_count_now() -> None:
    manager = SessionManager(FakeServices(lambda text: ListSource(10**6, 200, live=True)), MemoryStore())
    run = manager.start(Door("camera:0", Settings()))
    wait_for(lambda: run.stats.frames)
    session = manager.current
    assert session is not None
    session.add(Gender.MALE)
    newest = max(e.utc for e in session.log.entries())
    assert abs(added_utc(session) - newest) < 60
    assert manager.shut_down(PATIENCE_S)
