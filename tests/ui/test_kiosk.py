"""The large totals for visitors."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from desktop_app.domain.types import Counts
from desktop_app.settings import KioskSettings
from desktop_app.ui.figures.totals import MainFigure
from desktop_app.ui.kiosk.view import KioskState, KioskView, fill_words, screen_named
from desktop_app.ui.widgets.theme import DARK, LIGHT


def shown(qtbot: QtBot, settings: KioskSettings, state: KioskState) -> KioskView:
    view = KioskView(LIGHT, settings)
    qtbot.addWidget(view)
    view.resize(960, 600)
    view.show()
    view.show_state(state)
    return view


def colours(view: KioskView) -> set[str]:
    image = view.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(0, image.width()) for y in range(0, image.height(), 2)}


FULL = KioskState(Counts(female=3, male=2), None, None, "good", "Counting since 09:02")


def test_the_state_is_always_shown_and_said(qtbot: QtBot) -> None:
    view = shown(qtbot, KioskSettings(), FULL)
    assert LIGHT.good in colours(view)
    assert view.accessibleDescription().startswith("Counting since 09:02. 5 people")
    view.show_state(KioskState(Counts(female=3, male=2), None, None, "bad", "Lost since 09:10"))
    assert LIGHT.danger in colours(view)


def test_what_visitors_should_not_see_is_left_out(qtbot: QtBot) -> None:
    assert {LIGHT.female, LIGHT.male} <= colours(shown(qtbot, KioskSettings(), FULL))
    without = colours(shown(qtbot, KioskSettings(show_gender=False), FULL))
    assert not {LIGHT.female, LIGHT.male} & without
    assert not {LIGHT.female, LIGHT.male} & colours(shown(qtbot, KioskSettings(total_only=True), FULL))


@pytest.mark.parametrize(("inside", "colour"), [(10, LIGHT.good), (72, LIGHT.warning), (80, LIGHT.danger)])
def test_the_number_is_coloured_as_it_fills(qtbot: QtBot, inside: int, colour: str) -> None:
    state = KioskState(Counts(undecided=90), MainFigure(90, "came in"), inside, "idle", "Ready")
    assert colour in colours(shown(qtbot, KioskSettings(total_only=True, capacity=80), state))


def test_how_full_it_is_in_words() -> None:
    assert fill_words(12, 80) == "12 of 80"
    assert fill_words(80, 80) == "full: 80 of 80"


def test_how_to_leave_is_said_when_the_mouse_moves(qtbot: QtBot) -> None:
    view = shown(qtbot, KioskSettings(title="Welcome"), FULL)
    assert not view.hint_shown
    qtbot.mouseMove(view, QPoint(100, 100))
    qtbot.mouseMove(view, QPoint(200, 150))
    assert view.hint_shown
    assert "#0c1014" in {c[:7] for c in colours(view)} or view.grab().toImage().pixelColor(480, 24).lightness() < 60
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert not view.isVisible()


def test_it_goes_to_the_chosen_screen_or_to_any(qtbot: QtBot) -> None:
    (name,) = {QGuiApplication.primaryScreen().name()}
    assert screen_named(name) is QGuiApplication.primaryScreen()
    assert screen_named("not plugged in") is None
    for wanted in (name, "not plugged in"):
        view = shown(qtbot, KioskSettings(screen=wanted), FULL)
        view.show_on_screen()
        assert view.isFullScreen()
        view.close()


def test_both_themes(qtbot: QtBot) -> None:
    view = shown(qtbot, KioskSettings(title="Welcome to the spring fair, which has a very long name"), FULL)
    view.apply_theme(DARK)
    assert DARK.window in colours(view)
