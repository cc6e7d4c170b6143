"""What is cut off, and what is not, where names are long and the window is small."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop_app.domain.totals import Totals
from desktop_app.domain.types import AGE_BANDS, Counts
from desktop_app.errors import SettingsError
from desktop_app.settings import DoorSettings, check_doors
from desktop_app.ui.count.recent_people import RecentPeople
from desktop_app.ui.figures.plots import AgePanel
from desktop_app.ui.widgets.name_edit import NameEdit
from desktop_app.ui.widgets.theme import LIGHT
from desktop_app.ui.window.actions import Actions
from desktop_app.ui.window.state_words import Pill
from desktop_app.ui.window.strip import Strip
from tests.store.logs import LogMaker

LONG = "North entrance of the large hall at the city park, with the long ramp"


def test_a_long_state_ends_in_dots_and_leaves_room_for_the_name(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    strip = Strip(Actions(window, LIGHT), LIGHT, window)
    strip.resize(1000, 46)
    window.resize(1000, 60)
    window.show()
    strip.show_state(Pill("idle", "Ready"))
    qtbot.wait(20)
    assert strip.pill.text() == "Ready"
    strip.show_state(Pill("idle", f"Finished: {LONG}, {LONG}"))
    qtbot.wait(20)
    assert strip.pill.text().startswith("Finished: North")
    assert strip.pill.text().endswith("…")
    assert LONG in strip.pill.toolTip()
    assert strip.pill.fontMetrics().horizontalAdvance(strip.pill.text()) <= strip.pill.width()
    assert strip.name.width() >= 160


def test_the_label_of_a_recent_person_is_whole_beside_a_door_with_a_long_name(qtbot: QtBot) -> None:
    recent = RecentPeople(LIGHT)
    qtbot.addWidget(recent)
    recent.resize(560, 200)
    recent.show()
    log = LogMaker()
    entries = [*log.open(), *log.person()]
    recent.show_people(Totals(entries).people(), by_clock=True, doors={"north": LONG, "side": "Side"})
    qtbot.wait(20)
    words = recent.list.fontMetrics().horizontalAdvance(recent.list.topLevelItem(0).text(1))
    assert recent.list.columnWidth(1) > words
    assert recent.list.topLevelItem(0).toolTip(2) == LONG


@pytest.mark.parametrize("height", [110, 140, 300])
def test_the_number_on_the_highest_bar_of_ages_is_inside_the_chart(qtbot: QtBot, height: int) -> None:
    panel = AgePanel(LIGHT)
    qtbot.addWidget(panel)
    panel.resize(280, height)
    panel.show()
    panel.show_counts(Counts(17, 28, 0, age_bands=(0, 0, 0, 14, 17, 6, 2, 6, 0)))
    qtbot.wait(50)
    text = panel._texts[AGE_BANDS.index("30-39")]
    assert text.sceneBoundingRect().top() >= 0
    assert panel._plot.viewport().rect().contains(text.sceneBoundingRect().toRect())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("/films/a.mp4", "/films/old/../a.mp4"),
        ("/films/a.mp4", "/films//a.mp4"),
        ("rtsp://Camera.local/1", "RTSP://camera.local/1/"),
    ],
)
def test_one_source_written_two_ways_is_not_two_doors(first: str, second: str) -> None:
    with pytest.raises(SettingsError, match="This source is at the door “Main door” already"):
        check_doors((DoorSettings("Main door", first), DoorSettings("Side door", second)))


def test_sources_that_differ_are_two_doors() -> None:
    sources = ("/films/a.mp4", "/films/b.mp4", "rtsp://camera.local/A", "rtsp://camera.local/a", "camera:A", "camera:a")
    check_doors([DoorSettings(f"Door {n}", source) for n, source in enumerate(sources)])


def test_a_long_name_is_shown_from_its_beginning(qtbot: QtBot) -> None:
    edit = NameEdit()
    qtbot.addWidget(edit)
    edit.resize(120, 30)
    edit.show()
    edit.setText(LONG)
    assert edit.cursorPosition() == 0
