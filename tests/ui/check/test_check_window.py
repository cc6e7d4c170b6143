"""The check by eye in the window: live, and along the clip of a kept count."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_app.domain.events import Checked
from desktop_app.domain.types import Box, Decision, Frame, FrameResult, Track
from desktop_app.engine.state import EngineState
from desktop_app.ui.check.check_window import CheckWindow
from desktop_app.ui.check.glimpses import MOST, Glimpses
from desktop_app.ui.window.main_window import MainWindow
from tests.patience import PATIENCE_MS
from tests.ui.fakes import FakeServices, FakeStore

WAIT = PATIENCE_MS


def checked(store: FakeStore) -> list[Checked]:
    return [e.event for e in store.all if isinstance(e.event, Checked)]


def opened(window: MainWindow) -> CheckWindow:
    check = window.commands.checks.check
    assert check is not None
    return check


@pytest.fixture
def live(window: MainWindow, qtbot: QtBot) -> CheckWindow:
    """The check of a camera that is being counted, with its first question."""
    window.sources.open_source("camera:Fake")
    qtbot.waitUntil(lambda: window.controller.counts.people >= 1, timeout=WAIT)
    window.actions_["check"].trigger()
    check = opened(window)
    qtbot.waitUntil(lambda: check.buttons["female"].isEnabled(), timeout=WAIT)
    return check


def test_before_a_count_it_says_what_to_do(window: MainWindow) -> None:
    window.actions_["check"].trigger()
    assert window.commands.checks.check is None
    assert "Start counting first" in window.banner.text


def test_while_the_count_is_paused_it_says_so(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("camera:Fake")
    qtbot.waitUntil(lambda: window.controller.counts.people >= 1, timeout=WAIT)
    window.actions_["pause"].trigger()
    qtbot.waitUntil(lambda: window.controller.state is EngineState.PAUSED, timeout=WAIT)
    window.actions_["check"].trigger()
    check = opened(window)
    assert "paused" in check.question.text()
    window.actions_["pause"].trigger()
    qtbot.waitUntil(lambda: "paused" not in check.question.text(), timeout=WAIT)


def test_people_who_pass_are_judged_by_key(
    live: CheckWindow, window: MainWindow, qtbot: QtBot, store: FakeStore
) -> None:
    assert live.question.text().startswith("Person ")
    assert not live.face.pixmap().isNull()
    qtbot.keyClick(live, Qt.Key.Key_F)
    assert live.sitting.answered == 1
    qtbot.waitUntil(lambda: live.buttons["female"].isEnabled(), timeout=WAIT)
    qtbot.keyClick(live, Qt.Key.Key_M)
    qtbot.keyClick(live, Qt.Key.Key_Plus)
    assert live.buttons["missed"].text() == "Missed one (+): 1"
    qtbot.keyClick(live, Qt.Key.Key_Plus)
    qtbot.keyClick(live, Qt.Key.Key_Backspace)
    qtbot.waitUntil(lambda: "Checked by eye: 2 of" in live.verdict.text(), timeout=WAIT)
    assert "at least" in live.advice.text()
    assert window.controller.state is EngineState.RUNNING, "a door waits for nobody"
    live.close()
    (event,) = checked(store)
    assert sum(event.female) + sum(event.male) + sum(event.undecided) == 2
    assert event.missed == 1
    assert event.passed >= 2
    assert window.commands.checks.check is None


def test_the_label_of_the_program_is_not_shown(live: CheckWindow) -> None:
    words = [live.question.text(), live.picture.accessibleName(), live.face.accessibleName()]
    assert not any("female" in text or "male" in text for text in words)


def test_skipping_asks_about_somebody_else(live: CheckWindow, qtbot: QtBot) -> None:
    first = live.question.text()
    qtbot.keyClick(live, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: live.question.text() not in (first, "") and live.buttons["skip"].isEnabled(), timeout=WAIT)
    assert live.sitting.answered == 0


def test_closing_the_window_keeps_what_was_found(
    live: CheckWindow, window: MainWindow, qtbot: QtBot, store: FakeStore
) -> None:
    qtbot.keyClick(live, Qt.Key.Key_N)
    window.close()
    assert window.clean_exit
    (event,) = checked(store)
    assert event.female[3] + event.male[3] + event.undecided[3] == 1, "counted wrongly"


def test_a_clip_is_played_again_and_waits_for_answers(
    window: MainWindow, qtbot: QtBot, store: FakeStore, services: FakeServices
) -> None:
    window.sources.open_source("demo")
    qtbot.waitUntil(lambda: window.controller.state is EngineState.FINISHED, timeout=WAIT)
    people = window.controller.counts.people
    session = window.controller.session
    assert session is not None
    results = window.parts.results
    window.sessions.show_kept()
    results.show_session("")
    qtbot.waitUntil(lambda: not results.busy and results.session is session, timeout=WAIT)
    results.actions_["check"].trigger()
    qtbot.waitUntil(lambda: window.commands.checks.check is not None, timeout=WAIT)
    check = opened(window)
    answered = 0
    while answered < people:
        qtbot.waitUntil(lambda: check.buttons["female"].isEnabled() or check._is_over, timeout=WAIT)
        if not check.buttons["female"].isEnabled():
            break
        replay = window.commands.checks._replay
        assert replay is not None
        qtbot.keyClick(check, Qt.Key.Key_F)
        answered += 1
    assert answered >= 1
    qtbot.waitUntil(lambda: check._is_over, timeout=WAIT)
    assert "clip is over" in check.question.text()
    assert window.controller.counts.people == people, "the count itself is left alone"
    check.close()
    event = checked(store)[-1]
    assert event.passed == people
    assert sum(event.female) == answered
    qtbot.waitUntil(lambda: not results.busy, timeout=WAIT)
    assert results.chosen.read is not None
    (found,) = results.chosen.read.report.checks
    assert found.check.checked == answered, "the report has it"


def test_a_count_whose_film_is_gone_is_a_sentence(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("short")
    qtbot.waitUntil(lambda: window.controller.state is EngineState.FINISHED, timeout=WAIT)
    assert window.controller.session is not None
    window.commands.checks.start_for(window.controller.session)
    qtbot.waitUntil(lambda: "Only the count of a film" in window.banner.text, timeout=WAIT)
    assert window.commands.checks.check is None


def result(person: str, size: float) -> FrameResult:
    track = Track(1, Box(40, 40, 40 + size, 40 + size), Decision(), True, True, 0.0, 1.0, person=person)
    return FrameResult(Frame(np.full((200, 300, 3), int(size), np.uint8), 1.0, 1), (track,))


def test_of_everybody_the_largest_picture_is_kept_and_of_old_ones_none() -> None:
    glimpses = Glimpses()
    for size in (20, 40, 10):
        glimpses.take(result("a", size))
    picture = glimpses.of("a")
    assert picture is not None
    assert picture[0, 0, 0] == 40
    assert picture.shape[0] > 40, "with some room around the face"
    for number in range(MOST + 5):
        glimpses.take(result(f"p{number}", 20))
    assert len(glimpses.people) == MOST
    assert glimpses.of("a") is None
    glimpses.clear()
    assert not glimpses.people
