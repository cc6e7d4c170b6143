"""What the operator decides about a person: in the menu on the picture, undone, redone, and after the end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from desktop_app.domain.types import Box, Decision, Gender, Track
from desktop_app.engine.state import EngineState
from desktop_app.ui.figures.totals import summary
from desktop_app.ui.picture.overlay import label_text
from desktop_app.ui.picture.people import as_decided, person_words, result_as_decided
from desktop_app.ui.window.main_window import MainWindow
from tests.ui.fakes import FakeServices
from tests.ui.test_window import WAIT, settled_frames, wait_for


@pytest.fixture
def track(window: MainWindow, qtbot: QtBot) -> Track:
    """Person 2 of a count that is over; the last picture still shows them."""
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    qtbot.waitUntil(lambda: window.view.result is not None and window.view.result.tracks[0].track_id == 2, timeout=WAIT)
    assert window.view.result is not None
    return window.view.result.tracks[0]


def actions(menu: QMenu) -> dict[str, QAction]:
    """Return every action of a menu and of its submenus by name."""
    found = {}
    for action in menu.actions():
        found[action.objectName() or action.text()] = action
        if action.menu() is not None:
            found.update(actions(action.menu()))
    return found


def choose(window: MainWindow, track: Track, name: str) -> None:
    menu = window.commands.people.menu(track)
    actions(menu)[name].trigger()
    menu.deleteLater()


def shown(window: MainWindow) -> Track:
    return window.view._tracks[0]


def test_a_click_on_a_person_shows_what_is_known_and_what_can_be_done(
    window: MainWindow, track: Track, qtbot: QtBot
) -> None:
    clicked: list[Track] = []
    window.view.person_clicked.disconnect(window.commands.people.show_menu)
    window.view.person_clicked.connect(lambda person, _at: clicked.append(person))
    area = window.view.picture_rect()
    scale = area.width() / window.view.result.frame.width  # type: ignore[union-attr]
    x, y = track.box.centre
    at = QPointF(area.left() + x * scale, area.top() + y * scale).toPoint()
    qtbot.mouseClick(window.view, Qt.MouseButton.LeftButton, pos=at)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, at, window.view.mapToGlobal(at))
    window.view.contextMenuEvent(event)
    assert clicked == [track, track]
    menu = window.commands.people.menu(track)
    names = list(actions(menu))
    assert names[0].startswith("Person 2: appears female, 20–29, in view ")
    for name in ("gender female", "gender male", "gender undecided", "age 30-39", "staff", "removed", "why"):
        assert name in names
    assert actions(menu)["gender female"].isChecked()
    menu.deleteLater()


def test_a_gender_is_corrected_shown_undone_and_done_again(window: MainWindow, track: Track) -> None:
    choose(window, track, "gender male")
    assert (window.controller.counts.male, window.controller.counts.female) == (1, 1)
    assert window.side.totals.counts.male == 1
    assert label_text(shown(window), True).startswith("male  20–29")
    assert "set by hand" in person_words(track, window.view.record_of(track))
    assert window.actions_["undo"].text() == "&Undo: male, person 2"
    window.actions_["undo"].trigger()
    assert window.controller.counts.female == 2
    assert label_text(shown(window)).startswith("female")
    window.actions_["redo"].trigger()
    assert window.controller.counts.male == 1


def test_an_age_band_is_corrected(window: MainWindow, track: Track) -> None:
    choose(window, track, "age 60-69")
    assert window.controller.counts.age_bands[7] == 1
    assert "60–69" in label_text(shown(window))


def test_staff_marked_after_the_end_is_not_counted(window: MainWindow, track: Track) -> None:
    choose(window, track, "staff")
    assert window.controller.counts.people == 1
    assert window.side.totals.counts.people == 1
    assert label_text(shown(window)) == "staff  #2"
    assert "staff, person 2" in window.banner.text
    window.banner.buttons[0].click()
    assert window.controller.counts.people == 2


def test_staff_marked_while_counting_is_known_to_the_pipeline_and_undo_takes_back_that_and_no_zone(
    window: MainWindow, services: FakeServices, qtbot: QtBot
) -> None:
    from desktop_app.settings import PlaceSettings

    desk = PlaceSettings("Desk", "zone", ((0, 0), (1, 0), (1, 1)))
    window.view.editor.set_places([desk], "draw Desk")
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: window.controller.counts.people >= 1 and bool(window.view._tracks), timeout=WAIT)
    window.actions_["pause"].trigger()
    wait_for(qtbot, window, EngineState.PAUSED)
    settled_frames(qtbot, window)
    qtbot.waitUntil(lambda: window.view.result is not None and window.view.result.tracks[0].confirmed, timeout=WAIT)
    people = window.controller.counts.people
    person = window.view.result.tracks[0]  # type: ignore[union-attr]
    choose(window, person, "staff")
    assert window.controller.counts.people == people - 1
    marked = [p for p in services.pipelines if p.times][-1].staff
    qtbot.waitUntil(lambda: marked == [(person.person, True)], timeout=WAIT)
    window.actions_["undo"].trigger()
    assert window.controller.counts.people == people
    assert window.settings.places == (desk,)
    qtbot.waitUntil(lambda: marked[-1] == (person.person, None), timeout=WAIT)


def test_what_is_not_a_person_has_no_label_and_can_be_put_back(window: MainWindow, track: Track) -> None:
    choose(window, track, "removed")
    assert window.controller.counts.people == 1
    assert label_text(shown(window)) == ""
    assert window.view.people_in_view() == 0
    menu = window.commands.people.menu(track)
    assert "not a person" in menu.actions()[0].text()
    assert not actions(menu)["gender male"].isEnabled()
    menu.deleteLater()
    choose(window, track, "removed")
    assert window.controller.counts.people == 2


def test_two_people_are_said_to_be_one_and_told_apart_again(window: MainWindow, track: Track) -> None:
    first = window.controller.session.people()[0].ref  # type: ignore[union-attr]
    choose(window, track, f"same as {first}")
    assert window.controller.counts.people == 1
    assert label_text(shown(window)).endswith("#1")
    choose(window, track, "split")
    assert window.controller.counts.people == 2
    window.actions_["undo"].trigger()
    window.actions_["undo"].trigger()
    assert window.controller.counts.people == 2


def test_a_decision_that_does_not_fit_is_told(window: MainWindow, track: Track) -> None:
    window.commands.people.set_gender("nobody", Gender.MALE)
    assert "not in the count" in window.banner.text


def test_somebody_still_looked_at_is_shown_as_such(window: MainWindow, services: FakeServices, qtbot: QtBot) -> None:
    looking = Track(3, Box(0, 0, 9, 9), Decision(), True, True, 0.0, 1.0, is_looking=True)
    assert label_text(looking) == "looking…  #3"
    assert "still looking" in person_words(looking, None)
    assert as_decided([looking], {}) == (looking,)
    from desktop_app.domain.types import Counts

    counts = Counts(female=2, undecided=3, looking=2)
    window.side.show_counts(counts, False)
    assert window.side.totals._captions[Gender.UNDECIDED].text() == "undecided · 2 still looking"
    assert "3 undecided (2 still looking)" in summary(counts)


def test_a_face_that_is_held_back_says_why_and_can_be_counted_anyway(
    window: MainWindow, services: FakeServices, qtbot: QtBot
) -> None:
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: window.view.result is not None, timeout=WAIT)
    still = Track(0, Box(2, 2, 9, 9), Decision(), False, True, 0.0, 1.0, key=7, held_back="still")
    assert label_text(still) == "not counted: still as a picture"
    shown = replace(still, held_back="screen")
    assert label_text(shown) == "not counted: on a screen"
    assert person_words(shown, None) == "A face on a screen: not counted"
    menu = window.commands.people.menu(still)
    assert "one on a poster" in menu.actions()[0].text()
    actions(menu)["count anyway"].trigger()
    menu.deleteLater()
    qtbot.waitUntil(lambda: any(p.counted_anyway == [7] for p in services.pipelines), timeout=WAIT)


def test_a_saved_picture_shows_what_was_decided(window: MainWindow, track: Track) -> None:
    choose(window, track, "gender male")
    result = window.controller.bridge.latest
    assert result is not None
    decided = result_as_decided(result, window.controller.log)
    assert decided.tracks[0].decision.gender is Gender.MALE
    assert replace(decided, tracks=result.tracks) == result
