"""The three tabs beside each other: a key means what is seen, and a number is the same wherever it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QRect, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop_app.engine.state import EngineState
from desktop_app.ui.results.tab import ResultsTab
from desktop_app.ui.window.main_window import MainWindow
from tests.engine.fakes import ListSource
from tests.ui.fakes import FakeServices, FakeStore
from tests.ui.test_window import WAIT, people, wait_for

pytestmark = pytest.mark.slow


def opened_results(window: MainWindow, qtbot: QtBot) -> ResultsTab:
    """Come to Results with the count of the window chosen and read."""
    results = window.parts.results
    window.parts.show_tab("results")
    qtbot.waitUntil(lambda: not results.busy and results.session is window.controller.session, timeout=WAIT)
    return results


# --- keys -------------------------------------------------------------------------------------------------------------


def test_a_letter_among_people_decides_on_them_and_saves_no_picture(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    results = opened_results(window, qtbot)
    results.pages.setCurrentWidget(results.people)
    window.activateWindow()
    qtbot.waitUntil(results.people.table.hasFocus, timeout=WAIT)
    assert window.actions_["snapshot"].isEnabled()
    qtbot.keyClick(results.people.table, Qt.Key.Key_S)  # staff, as the manual says
    assert results.session is not None
    assert results.session.counts().people == 1
    assert not list(tmp_path.rglob("*.png"))


@pytest.mark.parametrize("tab", ["results", "setup"])
def test_commands_of_the_picture_have_no_keys_where_it_is_not_seen(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, tab: str
) -> None:
    window.sources.open_source("endless")
    qtbot.waitUntil(people(window, 1), timeout=WAIT)
    # The log has a person a moment before the window is told that the count runs.
    qtbot.waitUntil(lambda: window.controller.state is EngineState.RUNNING, timeout=WAIT)
    window.activateWindow()
    window.parts.show_tab(tab)
    focus = window.parts.results.list if tab == "results" else window.parts.setup._list
    focus.setFocus()
    qtbot.waitUntil(focus.hasFocus, timeout=WAIT)
    for key in (Qt.Key.Key_S, Qt.Key.Key_R, Qt.Key.Key_Plus, Qt.Key.Key_B, Qt.Key.Key_Space):
        qtbot.keyClick(focus, key)
    assert not window.saver.recording
    assert window.view.show_boxes
    assert window.controller.session is not None
    assert not window.controller.session.undo_stack.undo_name  # nobody was added
    assert not list(tmp_path.rglob("*.png"))
    assert window.controller.state is EngineState.RUNNING
    qtbot.keyClick(focus, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)  # those with Ctrl hold everywhere
    assert window.tabs.currentWidget() is window.parts.count


# --- numbers ----------------------------------------------------------------------------------------------------------


def shown_people(window: MainWindow) -> dict[str, str]:
    """How many people each part of the window says that were counted."""
    results = window.parts.results
    chosen = results.list.chosen
    return {
        "strip": window.strip.total.text(),
        "count": str(window.side.totals.counts.people),
        "header": results.header.people.text(),
        "list": str(chosen.people) if chosen is not None else "",
    }


def test_a_correction_in_results_is_told_by_every_part_of_the_window(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    results = opened_results(window, qtbot)
    assert shown_people(window) == {"strip": "2 people", "count": "2", "header": "2 people", "list": "2"}
    results.people.press("S")
    assert shown_people(window) == {"strip": "1 person", "count": "1", "header": "1 person", "list": "1"}
    window.actions_["undo"].trigger()
    assert shown_people(window) == {"strip": "2 people", "count": "2", "header": "2 people", "list": "2"}


def test_results_follow_a_count_that_goes_on_and_ends_while_they_are_open(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("endless")
    qtbot.waitUntil(people(window, 1), timeout=WAIT)
    results = opened_results(window, qtbot)
    assert results.chosen.read is not None
    before = results.chosen.read.report.counts.people
    qtbot.waitUntil(lambda: int(shown_people(window)["list"]) > before, timeout=WAIT)
    qtbot.waitUntil(lambda: results.header.people.text() != f"{before} people", timeout=WAIT)
    window.controller.stop()
    qtbot.waitUntil(lambda: window.controller.manager.wait(0.0), timeout=WAIT)
    final = window.controller.counts.people
    words = {"strip": f"{final} people", "count": str(final), "header": f"{final} people", "list": str(final)}
    qtbot.waitUntil(lambda: shown_people(window) == words, timeout=WAIT)

    def report_is_final() -> bool:
        read = results.chosen.read
        return read is not None and read.is_current and read.report.counts.people == final

    qtbot.waitUntil(report_is_final, timeout=WAIT)
    assert len(results.people.model.people) == final


def test_what_is_saved_of_a_count_under_way_is_as_of_now(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    window.sources.open_source("endless")
    qtbot.waitUntil(people(window, 1), timeout=WAIT)
    results = opened_results(window, qtbot)
    results.following.pause()  # as if the report had just been made
    assert results.chosen.read is not None
    before = results.chosen.read.report.counts.people
    qtbot.waitUntil(people(window, before + 3), timeout=WAIT)
    results.hand_on.saver.folder = tmp_path / "reports"
    results.hand_on.save("json")
    qtbot.waitUntil(lambda: "Saved" in results.banner.text, timeout=WAIT)
    (saved,) = (tmp_path / "reports").iterdir()
    assert json.loads(saved.read_text(encoding="utf-8"))["totals"]["people"] >= before + 3
    assert results.chosen.read.report.counts.people >= before + 3  # and it is what is shown


# --- a count that is gone ---------------------------------------------------------------------------------------------


def test_a_count_that_was_deleted_is_not_gone_on_with(
    window: MainWindow, qtbot: QtBot, services: FakeServices, store: FakeStore
) -> None:
    services.sources["bad"] = lambda: ListSource(50, 100.0, fail_at=20)
    window.sources.open_source("bad")
    wait_for(qtbot, window, EngineState.FAILED)
    assert "Try again" in [button.text() for button in window.banner.buttons]
    deleted = opened_results(window, qtbot).session
    assert deleted is not None
    window.parts.results.changes.delete()
    qtbot.waitUntil(lambda: store.gone == [deleted.id], timeout=WAIT)
    qtbot.waitUntil(lambda: window.strip.total.text() == "0 people", timeout=WAIT)
    assert window.controller.state is EngineState.IDLE
    assert window.parts.count.shows_start
    assert not window.banner.buttons or window.banner.isHidden()
    for key in ("missed", "wrong", "snapshot"):  # whom one adds to a deleted count is lost
        assert not window.actions_[key].isEnabled(), key
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    assert window.controller.session is not deleted
    assert window.controller.counts.people == 2


def test_a_count_is_listed_as_soon_as_it_has_somebody(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("endless")
    window.controller.pause(True)
    wait_for(qtbot, window, EngineState.PAUSED)
    assert not window.controller.counts.people
    results = window.parts.results
    window.parts.show_tab("results")
    qtbot.waitUntil(lambda: not results.busy and results.side.empty.isVisible(), timeout=WAIT)
    window.controller.pause(False)
    qtbot.waitUntil(lambda: results.session is window.controller.session is not None, timeout=WAIT)
    assert window.controller.active
    assert not results.side.empty.isVisible()


# --- messages ---------------------------------------------------------------------------------------------------------


def test_a_message_covers_neither_the_figures_of_results_nor_their_own_message(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    results = opened_results(window, qtbot)
    window.banner.show_message("good", "Done.")
    results.banner.show_message("warning", "It could not be written.")

    def place(widget: QWidget) -> QRect:
        return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())

    qtbot.waitUntil(lambda: results.banner.height() > 30, timeout=WAIT)
    for covered in (results.banner, results.header, results.search):
        assert not place(window.banner).intersects(place(covered)), covered
    assert place(results).contains(place(window.banner))
    window.parts.show_tab("count")
    assert place(window.view).top() < place(window.banner).top() < place(window.view).center().y()


# --- the keyboard -----------------------------------------------------------------------------------------------------


def test_space_pauses_what_was_dropped_from_another_program(window: MainWindow, qtbot: QtBot) -> None:
    other = QWidget()
    qtbot.addWidget(other)
    other.show()
    other.activateWindow()
    qtbot.waitUntil(other.isActiveWindow, timeout=WAIT)
    window.sources.open_source("endless")  # as a drop does, and a file that is opened with the program
    qtbot.waitUntil(people(window, 1), timeout=WAIT)
    other.close()
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None, timeout=WAIT)
    assert window.view.hasFocus()
    session = window.controller.session
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    wait_for(qtbot, window, EngineState.PAUSED)
    assert window.controller.session is session  # and it pressed no “New count”


# --- another source ---------------------------------------------------------------------------------------------------


def test_a_file_dropped_by_mistake_does_not_end_the_count_at_a_camera(
    window: MainWindow, qtbot: QtBot, tiny_clip: Path, services: FakeServices
) -> None:
    services.sources[str(tiny_clip)] = lambda: ListSource(10, 100.0)
    window.sources.open_source("camera:Fake")
    qtbot.waitUntil(people(window, 1), timeout=WAIT)
    session = window.controller.session
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tiny_clip))])
    middle = QPointF(200, 200)
    left, plain = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(middle, Qt.DropAction.CopyAction, mime, left, plain))
    assert window.controller.session is session
    assert window.controller.state is EngineState.RUNNING
    assert "Counting goes on: Fake." in window.banner.text
    (end_it,) = window.banner.buttons
    end_it.click()
    qtbot.waitUntil(lambda: services.opened[-1] == str(tiny_clip), timeout=WAIT)
    assert window.controller.session is not session
    assert window.controller.people_before >= 1  # and the count at the camera is kept


def test_another_file_is_opened_at_once(window: MainWindow, qtbot: QtBot, services: FakeServices) -> None:
    window.sources.open_source("endless")
    qtbot.waitUntil(people(window, 1), timeout=WAIT)
    window.sources.open_source("short")  # a film can be counted again
    wait_for(qtbot, window, EngineState.FINISHED)
    assert services.opened == ["endless", "short"]
