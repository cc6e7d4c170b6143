"""The Set up tab: what it shows, takes over at once, refuses, and gives back with Undo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop_app.settings import PlaceSettings, Settings
from desktop_app.settings.presets import PRESETS, preset_of, with_preset
from desktop_app.ui.places.place_editor import PlaceEditor
from desktop_app.ui.setup.advanced_page import CASCADE_WORDS
from desktop_app.ui.setup.tab import SetupTab
from desktop_app.ui.sources.source_choice import SourceChoice
from desktop_app.ui.widgets.theme import LIGHT
from desktop_app.ui.window.actions import Actions
from desktop_app.ui.window.main_window import MainWindow
from desktop_app.vision.faces.detectors import HAAR_CASCADES


@pytest.fixture
def make_setup(qtbot: QtBot) -> Iterator[object]:
    kept: list[QWidget] = []

    def make(settings: Settings | None = None) -> SetupTab:
        parent = QWidget()
        qtbot.addWidget(parent)
        tab = SetupTab(Actions(parent, LIGHT), LIGHT, settings or Settings(), SourceChoice(LIGHT), PlaceEditor(parent))
        qtbot.addWidget(tab)
        kept.append(parent)
        return tab

    yield make
    kept.clear()


def test_it_gives_back_what_it_was_given(make_setup: object) -> None:
    given = replace(Settings(), detector=replace(Settings().detector, min_face_share=0.0333, score_threshold=0.6123))
    assert make_setup(given).form.read() == given  # type: ignore[operator]


def test_what_is_changed_is_told_once_after_a_moment(make_setup: object, qtbot: QtBot) -> None:
    tab = make_setup()  # type: ignore[operator]
    told: list[Settings] = []
    tab.entered.connect(told.append)
    tab.form._writers["detector", "min_face_share"](0.05)
    tab.form._writers["detector", "kind"]("haar")
    tab.form._writers["count", "returns_minutes"](5.0)
    tab.form.settle()
    assert len(told) == 1
    assert told[0].detector.min_face_share == pytest.approx(0.05)
    assert (told[0].detector.kind, told[0].count.returns_minutes) == ("haar", 5.0)


def test_showing_settings_is_no_change(make_setup: object, qtbot: QtBot) -> None:
    tab = make_setup()  # type: ignore[operator]
    told: list[Settings] = []
    tab.entered.connect(told.append)
    tab.show_settings(with_preset(Settings(), "dark"))
    tab.form.settle()
    assert told == []


def test_an_absurd_value_is_kept_out_and_said(make_setup: object) -> None:
    tab = make_setup()  # type: ignore[operator]
    told: list[Settings] = []
    tab.entered.connect(told.append)
    tab.form._readers["recording", "folder"] = lambda: "bad\0folder"
    tab.form.edited.emit()
    assert "recording.folder" in tab._wrong.text()
    assert not tab._wrong.isHidden()
    assert told == []


def test_it_offers_every_cascade_of_the_detector() -> None:
    assert set(CASCADE_WORDS) == set(HAAR_CASCADES)


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_is_known_again_and_leaves_the_rest_alone(name: str) -> None:
    place = PlaceSettings("Door", "line", ((0.1, 0.5), (0.9, 0.5)))
    own = replace(Settings(), places=(place,), count=replace(Settings().count, model="mine", lost_s=7.0))
    chosen = with_preset(own, name)
    assert preset_of(chosen) == name
    assert (chosen.places, chosen.count.model, chosen.count.lost_s) == (own.places, "mine", 7.0)


def test_settings_of_the_operators_own_are_no_preset() -> None:
    assert preset_of(replace(Settings(), detector=replace(Settings().detector, score_threshold=0.71))) == ""


def test_defaults_leave_sources_and_lines_alone(make_setup: object) -> None:
    place = PlaceSettings("Door", "line", ((0.1, 0.5), (0.9, 0.5)))
    given = with_preset(replace(Settings(), places=(place,)).with_recent_source("a.mp4"), "dark")
    tab = make_setup(given)  # type: ignore[operator]
    told: list[Settings] = []
    tab.entered.connect(told.append)
    tab.advanced.defaults.click()
    assert told[0].detector == Settings().detector
    assert told[0].places == (place,)
    assert told[0].source.recent == ("a.mp4",)


@pytest.mark.slow
def test_a_preset_holds_at_once_and_can_be_undone(window: MainWindow, saved: list[Settings]) -> None:
    window.actions_["settings"].trigger()
    assert window.tabs.currentWidget() is window.parts.setup
    window.parts.setup.doors._presets["far"].click()
    assert preset_of(window.settings) == "far"
    assert preset_of(saved[-1]) == "far"
    assert window.actions_["undo"].text() == "&Undo: settings"
    window.sources.camera_mode(640, 480, 30.0)
    window.actions_["undo"].trigger()
    assert preset_of(window.settings) == "entrance"
    assert window.settings.source.width == 640  # what was chosen in between stays
    assert window.parts.setup.doors._presets["entrance"].isChecked()


@pytest.mark.slow
def test_every_page_fits_a_small_window(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(window.minimumWidth(), window.minimumHeight())
    window.actions_["show_setup"].trigger()
    for name in window.parts.setup.pages_:
        window.parts.setup.show_page(name)
        qtbot.wait(20)
        assert (window.width(), window.height()) == (window.minimumWidth(), window.minimumHeight())
        page = window.parts.setup.pages_[name][1]
        assert window.rect().contains(page.mapTo(window, page.rect().bottomRight()))
