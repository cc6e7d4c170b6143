"""A door joins the count under way, and leaves it, while the others count on."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.engine.state import EngineState
from desktop_app.reports.watched import watched_spans
from desktop_app.settings import DoorSettings, Settings
from desktop_app.ui.sessions.told_door import DoorPlan
from desktop_app.ui.window.main_window import MainWindow
from tests.engine.fakes import HeldSource, ListSource
from tests.patience import PATIENCE_MS
from tests.ui.conftest import WindowMaker
from tests.ui.fakes import FakeServices, FakeStore
from tests.ui.test_doors import answer_dialog, both_count, door, people_at

WAIT = PATIENCE_MS

pytestmark = pytest.mark.slow

MAIN, SIDE = DoorSettings("Main door", "camera:Fake"), DoorSettings("Side door", "camera:Side")


@pytest.fixture
def services() -> FakeServices:
    made = FakeServices()
    made.sources["camera:Side"] = lambda: ListSource(100_000, 60.0, live=True)
    return made


def start_one(make_window: WindowMaker, services: FakeServices, qtbot: QtBot, settings: Settings) -> MainWindow:
    window = make_window(services, settings)
    window.controller.start_doors([DoorPlan("camera:Fake", "Main door")])
    qtbot.waitUntil(lambda: people_at(window, "Main door") > 0, timeout=WAIT)
    return window


def add(window: MainWindow, source: str) -> None:
    answer_dialog("", source)
    window.actions_["add_door"].trigger()


def test_a_door_that_is_added_while_it_counts_joins_the_count(
    make_window: WindowMaker, services: FakeServices, store: FakeStore, qtbot: QtBot
) -> None:
    window = start_one(make_window, services, qtbot, Settings())
    session = window.controller.session
    assert session is not None
    before = session.counts().people
    add(window, "camera:Side")
    assert window.settings.doors == (MAIN, SIDE)
    assert "Side door is counted at, too, from now on." in window.banner.text
    qtbot.waitUntil(both_count(window), timeout=WAIT)
    assert window.controller.session is session
    assert [d.run.door.id for d in window.controller.doors] == ["main", "door-2"]
    assert window.controller.door is door(window, "Main door")
    assert session.counts().people > before
    window.controller.stop()
    qtbot.waitUntil(lambda: not window.controller.active and window.controller.manager.wait(0.0), timeout=WAIT)
    (info,) = store.sessions()
    spans = {span.door: span for span in watched_spans(store.entries(info.id))}
    assert spans["door-2"].start_utc > spans["main"].start_utc
    first = min(p.counted_utc for p in session.people() if p.door == "door-2")
    assert first >= spans["door-2"].start_utc


def test_undo_takes_the_door_out_again_and_redo_counts_there_again(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window = start_one(make_window, services, qtbot, Settings(doors=(MAIN,)))
    add(window, "camera:Side")
    qtbot.waitUntil(both_count(window), timeout=WAIT)
    window.actions_["undo"].trigger()
    assert window.settings.doors == (MAIN,)
    qtbot.waitUntil(lambda: [d.name for d in window.controller.doors] == ["Main door"], timeout=WAIT)
    session = window.controller.session
    assert session is not None
    assert not session.closed
    left = session.counts("door-2").people
    assert left > 0  # whom it counted stays
    before = people_at(window, "Main door")
    qtbot.waitUntil(lambda: people_at(window, "Main door") > before, timeout=WAIT)
    assert session.counts("door-2").people == left
    window.actions_["redo"].trigger()
    assert window.settings.doors == (MAIN, SIDE)
    qtbot.waitUntil(lambda: session.counts("door-2").people > left, timeout=WAIT)
    assert [d.name for d in window.controller.doors] == ["Main door", "Side door"]


def test_set_up_offers_to_count_at_a_door_and_to_leave_it(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window = make_window(services, Settings(doors=(MAIN, SIDE)))
    window.parts.show_tab("setup")
    page = window.parts.setup.doors
    assert page.count.isHidden()
    window.controller.start_doors([DoorPlan("camera:Fake", "Main door")])
    qtbot.waitUntil(lambda: people_at(window, "Main door") > 0, timeout=WAIT)
    page.list.choose("camera:Fake")
    assert (page.count.text(), page.count.isEnabled()) == ("Stop counting here", False)
    assert page.count.toolTip() == "This is the only door: Stop ends the count"
    page.list.choose("camera:Side")
    assert (page.count.text(), page.count.isEnabled()) == ("Count here now", True)
    page.count.click()
    qtbot.waitUntil(both_count(window), timeout=WAIT)
    assert (page.count.text(), page.count.isEnabled()) == ("Stop counting here", True)
    page.count.click()
    assert door(window, "Side door").state is EngineState.STOPPED
    assert page.count.text() == "Count here now"
    assert "Side door is counted at no longer." in window.banner.text
    assert window.controller.state is EngineState.RUNNING
    assert window.controller.door is door(window, "Main door")
    left = door(window, "Side door").run
    qtbot.waitUntil(lambda: left.wait(0.0), timeout=WAIT)
    before = window.controller.counts_at(door(window, "Side door")).people
    window.banner.buttons[0].click()  # Count here again
    qtbot.waitUntil(lambda: people_at(window, "Side door") > before, timeout=WAIT)
    window.controller.stop()
    qtbot.waitUntil(lambda: not window.controller.active, timeout=WAIT)
    assert page.count.isHidden()


def test_the_door_whose_picture_is_shown_can_be_left(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window = start_one(make_window, services, qtbot, Settings(doors=(MAIN, SIDE)))
    window.commands.doors.join_or_leave("camera:Side")
    qtbot.waitUntil(both_count(window), timeout=WAIT)
    window.controller.show_door(door(window, "Side door"))
    window.commands.doors.join_or_leave("camera:Side")
    assert window.controller.door is door(window, "Main door")


def test_a_door_joins_a_paused_count_paused(make_window: WindowMaker, services: FakeServices, qtbot: QtBot) -> None:
    window = start_one(make_window, services, qtbot, Settings(doors=(MAIN,)))
    window.actions_["pause"].trigger()
    qtbot.waitUntil(lambda: window.controller.state is EngineState.PAUSED, timeout=WAIT)
    add(window, "camera:Side")
    qtbot.waitUntil(lambda: door(window, "Side door").state is EngineState.PAUSED, timeout=WAIT)
    assert people_at(window, "Side door") == 0
    window.actions_["pause"].trigger()
    qtbot.waitUntil(both_count(window), timeout=WAIT)


def test_a_joined_door_that_cannot_be_opened_can_be_gone_on_without(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window = start_one(make_window, services, qtbot, Settings(doors=(MAIN,)))
    add(window, "missing")
    qtbot.waitUntil(lambda: window.banner.kind == "error", timeout=WAIT)
    assert window.banner.text.startswith("Side door: The file “missing” does not exist.")
    assert window.controller.state is EngineState.RUNNING
    window.banner.buttons[1].click()  # Go on without it
    assert [d.name for d in window.controller.doors] == ["Main door"]


def repeated_film_and_a_camera(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> tuple[MainWindow, HeldSource]:
    """A film set to repeat, held up in its middle, and a camera that has joined it there."""
    held = HeldSource(40, at=15, fps=100.0)
    services.sources["film"] = lambda: held
    window = make_window(services, Settings())
    window.sources.loop(True)
    window.controller.start_doors([DoorPlan("film", "Main door")])
    qtbot.waitUntil(lambda: people_at(window, "Main door") > 0, timeout=WAIT)
    add(window, "camera:Side")
    return window, held


def test_a_film_stops_repeating_when_a_door_joins(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window, held = repeated_film_and_a_camera(make_window, services, qtbot)
    held.go.set()
    film = door(window, "Main door")
    qtbot.waitUntil(lambda: film.state is EngineState.FINISHED, timeout=WAIT)
    assert people_at(window, "Main door") == 8
    assert window.controller.state is EngineState.RUNNING


def test_a_film_repeats_again_when_the_door_that_joined_is_taken_out(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window, held = repeated_film_and_a_camera(make_window, services, qtbot)
    window.actions_["undo"].trigger()
    qtbot.waitUntil(lambda: [d.name for d in window.controller.doors] == ["Main door"], timeout=WAIT)
    held.go.set()
    qtbot.waitUntil(lambda: window.controller.manager.only_shows, timeout=WAIT)


def test_no_door_joins_a_film_that_is_only_repeated(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window = make_window(services, Settings())
    window.sources.loop(True)
    window.controller.start_doors([DoorPlan("short", "Main door")])
    qtbot.waitUntil(lambda: window.controller.manager.only_shows, timeout=WAIT)
    add(window, "camera:Side")
    assert "It is counted at from the next start." in window.banner.text
    assert [d.name for d in window.controller.doors] == ["Main door"]
