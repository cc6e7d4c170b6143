"""Several doors in the window: kept, added, tested, counted at once, and each told of by its name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from desktop_app.domain.sight import FAIR, GOOD, POOR, UNKNOWN, Finding
from desktop_app.domain.totals import Totals
from desktop_app.engine.state import EngineState
from desktop_app.settings import DoorSettings, PlaceSettings, Settings
from desktop_app.ui.doors.door_dialog import DoorDialog
from desktop_app.ui.doors.door_test import DoorTest, verdict
from desktop_app.ui.sessions.services import LazyServices
from desktop_app.ui.sessions.told_door import DoorPlan, ToldDoor, door_ids
from desktop_app.ui.sources.last_count import find_last
from desktop_app.ui.window.main_window import MainWindow
from tests.engine.fakes import CoveredCamera, ListSource
from tests.patience import PATIENCE_MS
from tests.ui.conftest import WindowMaker
from tests.ui.fakes import FakeServices, FakeStore
from tests.ui.test_sessions import answer

WAIT = PATIENCE_MS

pytestmark = pytest.mark.slow

TWO = (DoorSettings("Main door", "camera:Fake"), DoorSettings("Side door", "camera:Side"))
FILMS = (DoorSettings("Main door", "short"), DoorSettings("Side door", "demo"))


@pytest.fixture
def services() -> FakeServices:
    made = FakeServices()
    made.sources["camera:Side"] = lambda: ListSource(100_000, 60.0, live=True)
    return made


def door(window: MainWindow, name: str) -> ToldDoor:
    return next(d for d in window.controller.doors if d.name == name)


def people_at(window: MainWindow, name: str) -> int:
    return window.controller.counts_at(door(window, name)).people


def both_count(window: MainWindow) -> Callable[[], bool]:
    return lambda: all(
        people_at(window, d.name) > 0 and d.state is EngineState.RUNNING for d in window.controller.doors
    )


def start_two(make_window: WindowMaker, services: FakeServices, qtbot: QtBot) -> MainWindow:
    window = make_window(services, Settings(doors=TWO))
    window.sources.start()
    qtbot.waitUntil(both_count(window), timeout=WAIT)
    return window


# ---- before a count


def answer_dialog(name: str, source: str) -> None:
    """Fill in the dialog that asks for a door, as soon as it is there, and accept it."""

    def fill() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, DoorDialog)
        dialog.fill(name or dialog.name, source)
        dialog._keep.click()

    QTimer.singleShot(50, fill)


def test_a_second_door_is_added_beside_the_camera_that_was_chosen(
    window: MainWindow, services: FakeServices, saved: list[Settings], qtbot: QtBot
) -> None:
    services.cameras = [("Door camera", "camera:Fake")]
    window.watcher.look_now()
    page = window.start_page
    qtbot.waitUntil(lambda: page._list.count() == 1, timeout=WAIT)
    page._list.setCurrentRow(0)
    assert page.doors.add.text() == "Count at several doors…"
    answer_dialog("", "camera:Side")
    page.doors.add.click()
    assert saved[-1].doors == TWO
    assert page._list.isHidden()
    assert page.doors.list.item(0).text() == "Main door\nDoor camera"
    assert page.form._start.isEnabled()
    window.actions_["undo"].trigger()
    assert saved[-1].doors == ()
    assert not page._list.isHidden()
    window.actions_["redo"].trigger()
    page.form._start.click()
    qtbot.waitUntil(both_count(window), timeout=WAIT)


def test_a_door_that_cannot_be_kept_is_said_in_the_dialog(
    make_window: WindowMaker, services: FakeServices, saved: list[Settings]
) -> None:
    window = make_window(services, Settings(doors=TWO))
    said: list[str] = []

    def try_twice() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, DoorDialog)
        for name, source in (("side door", "camera:New"), ("Back door", "camera:Side")):
            dialog.fill(name, source)
            dialog._keep.click()
            said.append(dialog._problem.text())
        dialog.reject()

    QTimer.singleShot(50, try_twice)
    window.actions_["add_door"].trigger()
    assert said[0].startswith("There is a door named")
    assert said[1].startswith("This source is at the door “Side door” already.")
    assert window.settings.doors == TWO


def test_doors_are_removed_renamed_and_left_out_of_the_next_count(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window = make_window(services, Settings(doors=TWO))
    listed = window.start_page.doors.list
    listed.setCurrentRow(1)
    listed.setFocus()
    qtbot.keyClick(listed, Qt.Key.Key_Space)
    assert [d.counts for d in window.settings.doors] == [True, False]
    assert [p.name for p in window.commands.doors.plans()] == ["Main door"]
    qtbot.keyClick(listed, Qt.Key.Key_Delete)
    assert [d.name for d in window.settings.doors] == ["Main door"]
    window.actions_["undo"].trigger()
    assert [d.name for d in window.settings.doors] == ["Main door", "Side door"]
    page = window.parts.setup.doors
    window.parts.show_tab("setup")
    page.list.list.setCurrentRow(0)
    assert page.name.text() == "Main door"
    page.name.setText("Front door")
    page.name.editingFinished.emit()
    assert window.settings.doors[0].name == "Front door"
    page.name.setText("Side door")  # which is taken
    page.name.editingFinished.emit()
    assert window.settings.doors[0].name == "Front door"
    assert "There is a door named" in window.banner.text


def test_set_up_shows_the_lines_of_the_door_that_is_chosen(make_window: WindowMaker, services: FakeServices) -> None:
    line = PlaceSettings("Steps", "line", ((0.1, 0.5), (0.9, 0.5)), "camera:Side")
    window = make_window(services, Settings(doors=TWO, places=(line,)))
    window.parts.show_tab("setup")
    page = window.parts.setup.doors
    page.list.list.setCurrentRow(0)
    assert page.places.tree.topLevelItemCount() == 0
    page.list.list.setCurrentRow(1)
    assert page.places.tree.topLevelItem(0).text(0) == "Steps"
    assert window.parts.choice.current == "camera:Side"


def test_the_picture_of_each_door_is_turned_by_itself_and_undone(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window = make_window(services, Settings(doors=TWO))
    setup = window.parts.setup
    window.show_settings()

    def turns() -> list[tuple[int, bool]]:
        return [(d.turn, d.mirror) for d in window.settings.doors]

    def shown() -> tuple[int, bool]:
        source = setup.form.read().source
        return source.turn, source.mirror

    setup.doors.list.choose("camera:Side")
    setup.form._writers["source", "turn"](90)
    setup.form._writers["source", "mirror"](True)
    setup.doors.list.choose("camera:Fake")  # before the form has settled
    assert turns() == [(0, False), (90, True)]
    assert shown() == (0, False)
    assert window.settings.source.turn == 0
    setup.doors.list.choose("camera:Side")
    assert shown() == (90, True)
    window.commands.undo()
    assert turns() == [(0, False), (0, False)]
    assert shown() == (0, False)
    window.commands.redo()
    window.sources.start()
    qtbot.waitUntil(both_count(window), timeout=WAIT)
    assert [(d.name, d.run.door.settings.source.turn) for d in window.controller.doors] == [
        ("Main door", 0),
        ("Side door", 90),
    ]


def test_a_door_is_tested_in_plain_words(make_window: WindowMaker, services: FakeServices, qtbot: QtBot) -> None:
    window = make_window(services, Settings(doors=(*TWO, DoorSettings("Back door", "missing"))))
    said: list[str] = []

    def look(until: Callable[[DoorTest], bool]) -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, DoorTest) and until(dialog):
            said.append(f"{dialog.text} {dialog._remedy.text()}".strip())
            dialog.reject()
        else:
            QTimer.singleShot(20, lambda: look(until))

    QTimer.singleShot(20, lambda: look(lambda d: d.sight.view.frame is not None and bool(d.sight.text)))
    window.commands.doors.test("camera:Side")
    QTimer.singleShot(20, lambda: look(lambda d: bool(d._remedy.text())))
    window.commands.doors.test("missing")
    assert said[0] != "Opening Side door…"
    assert said[1] == "The file “missing” does not exist. Check its name."
    assert window.controller.counts.people == 0


def test_the_verdict_is_that_of_the_worst_finding() -> None:
    def found(*levels: str) -> str:
        return verdict([Finding("size", level, "") for level in levels])[0]

    assert [found(GOOD, GOOD), found(GOOD, FAIR), found(POOR, GOOD), found(UNKNOWN), found()] == [
        *(GOOD, FAIR, POOR, UNKNOWN, UNKNOWN)
    ]


def test_a_door_keeps_its_identity_where_a_count_goes_on() -> None:
    assert door_ids(["Main door", "Side door"], {}) == ["main", "door-2"]
    assert door_ids(["film.mp4"], {}) == ["main"]
    assert door_ids(["Side door", "Back door"], {"main": "Main door", "door-2": "Side door"}) == ["door-2", "main"]


# ---- while it counts


def test_two_doors_have_one_total_and_a_card_each(
    make_window: WindowMaker, services: FakeServices, store: FakeStore, qtbot: QtBot
) -> None:
    window = start_two(make_window, services, qtbot)
    window.presenter.show_figures()
    cards = window.side.doors.cards
    assert [card.isChecked() for card in cards] == [True, False]
    assert "Main door, counting, its picture is shown: " in cards[0].accessibleName()
    assert "Side door, counting: " in cards[1].accessibleName()
    buttons = window.side.doors.findChildren(QAbstractButton)
    assert len(buttons) == 2
    assert all(b.accessibleName() and b.toolTip() and b.focusPolicy() & Qt.FocusPolicy.TabFocus for b in buttons)
    assert window.strip.pill.whole.startswith("Counting since")
    window.controller.stop()
    qtbot.waitUntil(lambda: not window.controller.active and window.controller.manager.wait(0.0), timeout=WAIT)
    window.presenter.show_figures()
    parts = [people_at(window, d.name) for d in TWO]
    assert window.controller.counts.people == sum(parts)
    assert window.side.totals.counts.people == sum(parts)
    assert len(store.sessions()) == 1


def test_another_door_is_shown_by_its_card_or_its_key_while_all_count_on(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window = start_two(make_window, services, qtbot)
    window.side.doors.cards[1].click()
    assert window.controller.door is door(window, "Side door")
    qtbot.waitUntil(lambda: window.view.frame is not None, timeout=WAIT)
    assert [card.isChecked() for card in window.side.doors.cards] == [False, True]
    before = people_at(window, "Main door")
    qtbot.waitUntil(lambda: people_at(window, "Main door") > before, timeout=WAIT)
    window.actions_["door_1"].trigger()
    assert window.controller.door is door(window, "Main door")
    window.actions_["next_door"].trigger()
    assert window.controller.door is door(window, "Side door")
    window.actions_["next_door"].trigger()
    assert window.controller.door is door(window, "Main door")


def test_pictures_of_hidden_doors_do_not_reach_the_window(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window = start_two(make_window, services, qtbot)
    shown: list[object] = []
    window.controller.listeners.append(lambda _result: shown.append(window.controller.bridge.shown))
    window.controller.show_door(door(window, "Side door"))
    before = len(shown)
    qtbot.waitUntil(lambda: len(shown) > before + 20, timeout=WAIT)
    assert shown[-1] is door(window, "Side door").run
    window.controller.listeners.pop()
    qtbot.waitUntil(lambda: window.view.result is not None, timeout=WAIT)
    side = door(window, "Side door").run.prefix
    qtbot.waitUntil(lambda: window.view.result.tracks[0].person.startswith(side), timeout=WAIT)


def test_a_door_that_is_lost_is_named_and_the_others_count_on(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window = start_two(make_window, services, qtbot)
    lost = services.listeners[services.opened.index("camera:Side")]
    lost(False, "The camera was unplugged.")
    qtbot.waitUntil(lambda: door(window, "Side door").state is EngineState.RECONNECTING, timeout=WAIT)
    assert window.controller.state is EngineState.RUNNING
    assert window.banner.text.startswith("Side door: The camera was unplugged.")
    qtbot.waitUntil(lambda: "Side door: lost since" in window.strip.pill.whole, timeout=WAIT)
    assert window.strip.pill.whole.endswith("counting on at Main door")
    assert window.strip.pill.property("kind") == "bad"
    before = people_at(window, "Main door")
    qtbot.waitUntil(lambda: people_at(window, "Main door") > before, timeout=WAIT)
    lost(True, "")
    qtbot.waitUntil(lambda: door(window, "Side door").state is EngineState.RUNNING, timeout=WAIT)
    assert window.banner.text.startswith("Side door: The connection is back.")
    qtbot.waitUntil(lambda: window.strip.pill.property("kind") == "good", timeout=WAIT)


def test_a_door_whose_camera_is_covered_is_named_and_the_others_count_on(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    camera = CoveredCamera(covered=False)
    services.sources["camera:Side"] = lambda: camera
    window = start_two(make_window, services, qtbot)
    camera.covered = True
    qtbot.waitUntil(lambda: door(window, "Side door").state is EngineState.BLANK, timeout=WAIT)
    assert window.controller.state is EngineState.RUNNING
    assert window.banner.text.startswith("Side door: The picture is black")
    qtbot.waitUntil(lambda: "Side door: no usable picture since" in window.strip.pill.whole, timeout=WAIT)
    assert window.strip.pill.whole.endswith("counting on at Main door")
    camera.covered = False
    qtbot.waitUntil(lambda: door(window, "Side door").state is EngineState.RUNNING, timeout=WAIT)
    assert window.banner.text.startswith("Side door: The picture is back.")


def test_a_door_that_cannot_be_opened_is_told_and_the_rest_is_counted(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window = make_window(services, Settings(doors=(TWO[0], DoorSettings("Side door", "missing"))))
    window.sources.start()
    qtbot.waitUntil(lambda: window.banner.kind == "error", timeout=WAIT)
    assert window.banner.text.startswith("Side door: The file “missing” does not exist. Check its name.")
    assert [b.text() for b in window.banner.buttons] == ["Try again", "Go on without it"]
    qtbot.waitUntil(lambda: people_at(window, "Main door") > 0, timeout=WAIT)
    assert len(window.side.doors.cards) == 2
    services.sources["missing"] = services.sources["camera:Side"]
    window.banner.buttons[0].click()
    assert window.banner.kind != "error"
    qtbot.waitUntil(lambda: people_at(window, "Side door") > 0, timeout=WAIT)
    assert [d.name for d in window.controller.doors] == ["Main door", "Side door"]


def test_a_door_that_failed_does_not_pass_for_one_that_was_counted_to_its_end(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window = make_window(services)
    window.controller.start_doors([DoorPlan("short", "Main door"), DoorPlan("missing", "Side door")])
    qtbot.waitUntil(lambda: window.controller.state is EngineState.FINISHED, timeout=WAIT)
    qtbot.waitUntil(lambda: "Finished" in window.banner.text, timeout=WAIT)
    assert window.banner.kind == "warning"
    assert "counted at Main door. Nobody was counted at Side door from " in window.banner.text
    assert "final" not in window.banner.text
    assert [b.text() for b in window.banner.buttons] == ["See the result", "Try again"]
    qtbot.waitUntil(lambda: window.strip.pill.whole.endswith("; Finished: Main door"), timeout=WAIT)
    assert window.strip.pill.whole.startswith("Side door: stopped by a problem at")
    assert window.strip.pill.property("kind") == "bad"
    services.sources["missing"] = services.sources["short"]
    window.banner.buttons[1].click()
    qtbot.waitUntil(lambda: "These totals are final." in window.banner.text, timeout=WAIT)
    assert window.strip.pill.property("kind") == "idle"


def test_the_count_goes_on_without_a_door_that_failed(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window = make_window(services, Settings(doors=(DoorSettings("Side door", "missing"), TWO[0])))
    window.sources.start()
    qtbot.waitUntil(lambda: window.banner.kind == "error", timeout=WAIT)
    qtbot.waitUntil(lambda: people_at(window, "Main door") > 0, timeout=WAIT)
    window.banner.buttons[1].click()
    assert [d.name for d in window.controller.doors] == ["Main door"]
    assert window.controller.door is door(window, "Main door")
    assert window.side.doors.cards == []
    qtbot.waitUntil(lambda: window.view.frame is not None, timeout=WAIT)


def test_a_film_that_ends_leaves_the_other_and_the_count_ends_with_the_last(
    make_window: WindowMaker, services: FakeServices, store: FakeStore, qtbot: QtBot
) -> None:
    window = make_window(services, Settings(doors=FILMS))
    window.sources.start()
    qtbot.waitUntil(lambda: door(window, "Main door").state is EngineState.FINISHED, timeout=WAIT)
    qtbot.waitUntil(lambda: window.controller.state is EngineState.FINISHED, timeout=WAIT)
    qtbot.waitUntil(lambda: window.controller.counts.people == 14, timeout=WAIT)
    assert [people_at(window, d.name) for d in FILMS] == [2, 12]
    assert window.banner.text.startswith("Finished: 14 people counted at Main door, Side door.")
    (info,) = store.sessions()
    assert store.is_closed(info.id)
    window.side.doors.cards[1].click()  # the last picture of a door that is over
    qtbot.waitUntil(lambda: window.view.frame is not None, timeout=WAIT)


def test_lines_belong_to_their_door_also_while_its_picture_is_hidden(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    lines = tuple(PlaceSettings("Steps", "line", ((0.1, 0.5), (0.9, 0.5)), d.source) for d in TWO)
    window = make_window(services, Settings(doors=TWO, places=lines))
    window.sources.start()
    qtbot.waitUntil(both_count(window), timeout=WAIT)
    window.presenter.show_figures()
    sections = window.side.doors.sections
    assert [[c._place.name for c in s.places.cards] for s in sections] == [["Steps"], ["Steps"]]
    assert window.view.editor.source == "camera:Fake"
    sections[1].places.wanted.emit()  # what its menu asks for
    assert window.view.editor.source == "camera:Side"
    window.view.editor.remove(0)
    assert [len(s.places.cards) for s in window.side.doors.sections] == [1, 0]
    qtbot.waitUntil(lambda: [len(p.places[-1][0]) for p in services.pipelines].count(1) == 1, timeout=WAIT)
    window.actions_["door_1"].trigger()
    window.actions_["undo"].trigger()  # the line of the hidden door
    assert [len(s.places.cards) for s in window.side.doors.sections] == [1, 1]


def test_recent_people_and_what_was_missed_name_their_door(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window = start_two(make_window, services, qtbot)
    recent = window.parts.count.recent
    qtbot.waitUntil(
        lambda: (
            {recent.list.topLevelItem(i).text(2) for i in range(recent.list.topLevelItemCount())}
            == {"Main door", "Side door"}
        ),
        timeout=WAIT,
    )
    assert not recent.list.isColumnHidden(2)
    window.actions_["door_2"].trigger()
    window.actions_["missed"].trigger()
    assert window.controller.undo_stack.undo_name == "one added by hand, Side door"
    assert "Side door" in window.banner.text
    window.actions_["undo"].trigger()
    assert window.banner.text == "Taken back: one added by hand, Side door."
    session = window.controller.session
    assert session is not None
    record = next(p for p in session.people() if p.door == "door-2")
    assert window.commands.people._words(record).endswith("at Side door")


def test_a_new_count_of_two_doors_is_undone(make_window: WindowMaker, services: FakeServices, qtbot: QtBot) -> None:
    window = start_two(make_window, services, qtbot)
    before = window.controller.counts.people
    window.actions_["reset"].trigger()
    assert len(window.controller.doors) == 2
    qtbot.waitUntil(both_count(window), timeout=WAIT)
    window.actions_["undo"].trigger()
    qtbot.waitUntil(lambda: window.controller.counts.people >= before, timeout=WAIT)
    assert [d.name for d in window.controller.doors] == ["Main door", "Side door"]
    assert window.controller.active


def test_pause_holds_every_door(make_window: WindowMaker, services: FakeServices, qtbot: QtBot) -> None:
    window = start_two(make_window, services, qtbot)
    window.actions_["pause"].trigger()
    qtbot.waitUntil(lambda: all(d.state is EngineState.PAUSED for d in window.controller.doors), timeout=WAIT)
    assert window.controller.state is EngineState.PAUSED
    window.actions_["pause"].trigger()
    qtbot.waitUntil(lambda: all(d.state is EngineState.RUNNING for d in window.controller.doors), timeout=WAIT)


def test_a_recording_stays_with_its_door(make_window: WindowMaker, services: FakeServices, qtbot: QtBot) -> None:
    window = start_two(make_window, services, qtbot)
    window.actions_["record"].trigger()
    assert window.saver.records(door(window, "Main door"))
    window.actions_["door_2"].trigger()
    assert window.saver.recording
    assert not window.saver.records(window.controller.door)
    assert window.view._recording is False
    window.actions_["door_1"].trigger()
    assert window.view._recording is True
    frames = window.controller.stats.frames
    qtbot.waitUntil(lambda: window.controller.stats.frames > frames + 20, timeout=WAIT)
    window.actions_["record"].trigger()
    qtbot.waitUntil(lambda: window.banner.text.startswith("Saved:"), timeout=WAIT)


@pytest.mark.allow_message_box
def test_closing_while_two_doors_count_asks_once_and_stops_both(
    make_window: WindowMaker, services: FakeServices, store: FakeStore, qtbot: QtBot
) -> None:
    window = start_two(make_window, services, qtbot)
    window.confirm_close = window.sessions.confirm_close
    asked: list[str] = []
    answer(asked, "Stop and close")
    assert window.close()
    assert len(asked) == 1
    assert asked[0].startswith("Stop and keep")
    assert window.clean_exit
    (info,) = store.sessions()
    assert store.is_closed(info.id)


# ---- afterwards


def test_the_doors_of_the_last_count_are_offered_in_one_click(
    make_window: WindowMaker, services: FakeServices, store: FakeStore, qtbot: QtBot
) -> None:
    first = make_window(services)
    first.controller.start_doors([DoorPlan("short", "Main door"), DoorPlan("endless", "Side door")])
    qtbot.waitUntil(lambda: len(first.controller.doors) == 2 and people_at(first, "Side door") > 0, timeout=WAIT)
    first.close()
    last = find_last(store)
    assert last is not None
    assert sorted(last.doors) == [("Main door", "short"), ("Side door", "endless")]
    second = make_window(services)
    qtbot.waitUntil(lambda: not second.start_page._again.isHidden(), timeout=WAIT)
    assert second.start_page._again.text().startswith("Same as today:\n")
    second.start_page._again.click()
    assert {d.name for d in second.controller.doors} == {"Main door", "Side door"}
    qtbot.waitUntil(lambda: people_at(second, "Side door") > 0, timeout=WAIT)


def test_a_count_of_two_doors_that_was_cut_off_goes_on_at_both(
    make_window: WindowMaker, services: FakeServices, store: FakeStore, qtbot: QtBot
) -> None:
    first = make_window(services, Settings(doors=TWO))
    first.sources.start()
    qtbot.waitUntil(both_count(first), timeout=WAIT)
    session = first.controller.session
    assert session is not None
    before = list(store.entries(session.id))
    first.close()
    store.all[:] = before  # as a crash leaves it
    second = make_window(services, Settings(doors=TWO))
    qtbot.waitUntil(lambda: "was cut off" in second.banner.text, timeout=WAIT)
    second.banner.buttons[0].click()
    qtbot.waitUntil(lambda: "goes on" in second.banner.text, timeout=WAIT)
    second.sources.start()
    qtbot.waitUntil(both_count(second), timeout=WAIT)
    assert second.controller.session is not None
    assert second.controller.session.id == session.id
    assert set(second.controller.session.log.doors) == {"main", "door-2"}
    known = Totals(before).counts().people
    qtbot.waitUntil(lambda: second.controller.counts.people > known, timeout=WAIT)


def test_two_real_films_are_one_count(make_window: WindowMaker, qtbot: QtBot, tiny_clip: Path, tmp_path: Path) -> None:
    other = tmp_path / "side.mp4"
    shutil.copy(tiny_clip, other)
    window = make_window(LazyServices())
    window.sources.speed(0.0)
    window.controller.start_doors([DoorPlan(str(tiny_clip), "Main door"), DoorPlan(str(other), "Side door")])
    qtbot.waitUntil(lambda: window.controller.state is EngineState.FINISHED, timeout=WAIT)
    assert [d.run.stats.frames for d in window.controller.doors] == [25, 25]
    assert window.controller.counts.people == 0
    assert window.banner.text.startswith("Finished: 0 people counted at Main door, Side door.")
