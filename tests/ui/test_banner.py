"""What the window says: messages that wait, offers that are not lost, starts without a screen."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop_app.settings import Settings
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.theme import LIGHT
from desktop_app.ui.window.main_window import MainWindow
from tests.patience import PATIENCE_MS, PATIENCE_S
from tests.ui.conftest import WindowMaker
from tests.ui.fakes import FakeServices

REPOSITORY = Path(__file__).resolve().parents[2]
WAIT = PATIENCE_MS


def test_a_message_that_waits_is_never_lost(qtbot: QtBot) -> None:
    banner = Banner(LIGHT)
    qtbot.addWidget(banner)
    banner.show_message("info", "offer", waits=True)
    banner.show_message("info", "repaired", waits=True)
    assert banner.text == "offer"
    banner.show_message("error", "problem")
    assert banner.text == "problem"
    banner.dismiss()
    assert banner.text == "offer"
    banner.clear()
    assert banner.text == "offer"
    banner.dismiss()
    assert banner.text == "repaired"
    banner.dismiss()
    assert banner.text == ""


def test_the_keyboard_goes_back_to_where_it_was_when_a_message_goes(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    name, table, banner = QLineEdit(), QLineEdit(), Banner(LIGHT)
    column = QVBoxLayout(window)
    for widget in (name, banner, table):
        column.addWidget(widget)
    window.show()
    window.activateWindow()
    for gone, expected in ((banner.dismiss, table), (partial(banner.show_message, "info", "next"), table)):
        table.setFocus()
        banner.show_message("good", "Saved", actions=(("Open", print),))
        qtbot.waitUntil(table.hasFocus, timeout=WAIT)
        banner.buttons[0].setFocus()
        qtbot.waitUntil(banner.buttons[0].hasFocus, timeout=WAIT)
        gone()
        assert expected.hasFocus()
    banner.show_message("good", "Saved", actions=(("Open", print),))
    banner.buttons[0].setFocus()
    table.deleteLater()
    qtbot.waitUntil(lambda: column.count() == 2, timeout=WAIT)
    banner.dismiss()
    assert not name.hasFocus(), "whoever types on must not name the occasion"


def test_in_a_narrow_banner_the_buttons_stand_below_the_words(qtbot: QtBot) -> None:
    banner = Banner(LIGHT)
    qtbot.addWidget(banner)
    banner.resize(600, 90)
    banner.show_message("error", "The stream ended.", "Check the address.", (("Try again", print), ("Stop", print)))
    qtbot.wait(50)
    assert banner.buttons[0].y() > banner._detail.y()
    banner.resize(1000, 90)
    qtbot.wait(50)
    assert banner.buttons[0].x() > banner._detail.geometry().right()


def test_a_message_on_a_subject_is_replaced_and_withdrawn(qtbot: QtBot) -> None:
    banner = Banner(LIGHT)
    qtbot.addWidget(banner)
    banner.show_message("warning", "The disk is full.", waits=True, subject="store")
    banner.show_message("error", "problem")
    banner.show_message("warning", "The disk is locked.", waits=True, subject="store")
    banner.dismiss()
    assert banner.text == "The disk is locked."
    banner.withdraw("store")
    assert banner.text == ""


@pytest.mark.parametrize("geometry", ["!!!", "AAAA"])
def test_a_bad_geometry_gives_the_usual_size(make_window: WindowMaker, services: FakeServices, geometry: str) -> None:
    usual = make_window(services).size()
    settings = Settings()
    window = make_window(services, replace(settings, ui=replace(settings.ui, geometry=geometry)))
    assert window.size() == usual


def test_going_back_in_a_file_is_told(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: window.controller.counts.people > 3 and window.controller.info is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: window.controller.stats.position_s > 1.0, timeout=WAIT)
    window.transport.seek_requested.emit(0.0)
    assert "counted again" in window.banner.text
    window.banner.buttons[0].click()
    qtbot.waitUntil(lambda: window.actions_["undo"].text() == "&Undo: new count", timeout=WAIT)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a screen")
@pytest.mark.parametrize(("display", "words"), [("", "There is no display here"), (":7777", "does not answer")])
def test_without_a_screen_the_window_says_so(display: str, words: str) -> None:
    hidden = ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY")
    env = {**{k: v for k, v in os.environ.items() if k not in hidden}, "DISPLAY": display}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from desktop_app.cli.main import main; sys.exit(main([]))"],
        cwd=REPOSITORY,
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 1
    assert words in done.stderr
