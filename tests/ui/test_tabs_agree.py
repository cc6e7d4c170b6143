"""The three tabs beside each other: a key means what is seen, and a number is the same wherever it stands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_app.engine.state import EngineState
from desktop_app.ui.results.tab import ResultsTab
from desktop_app.ui.window.main_window import MainWindow
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
