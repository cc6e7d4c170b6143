"""The window where the system's letters are large, as whoever sees badly sets them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QFont, QFontMetrics, QGuiApplication
from PySide6.QtWidgets import QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from desktop_app.engine.state import EngineState
from desktop_app.ui.widgets.theme import text_px
from desktop_app.ui.window.main_window import MainWindow
from tests.patience import AT_ONCE_S, PATIENCE_MS
from tests.ui.conftest import WindowMaker
from tests.ui.fakes import FakeServices

pytestmark = pytest.mark.slow

LETTERS_PX = 24


@pytest.fixture
def large_window(qapp: object, make_window: WindowMaker, services: FakeServices) -> Iterator[MainWindow]:
    before = QGuiApplication.font()
    large = QFont(before)
    large.setPixelSize(LETTERS_PX)
    QGuiApplication.setFont(large)
    window = make_window(services)
    window.resize(1240, 820)
    yield window
    QGuiApplication.setFont(before)


def test_headings_and_figures_are_larger_than_large_letters(large_window: MainWindow) -> None:
    strip = large_window.strip
    assert text_px(13) == LETTERS_PX
    for widget in (strip.total, strip.name, large_window.tabs.tabBar(), large_window.side.totals._what):
        widget.ensurePolished()
        assert widget.font().pixelSize() >= text_px(12), widget.objectName()


def test_nothing_is_cut_off_that_had_room_with_small_letters(large_window: MainWindow, qtbot: QtBot) -> None:
    large_window.parts.show_tab("setup")
    pages = large_window.parts.setup._list
    for row in range(pages.count()):
        words = pages.fontMetrics().horizontalAdvance(pages.item(row).text())
        assert words + 20 <= pages.visualItemRect(pages.item(row)).width() <= pages.viewport().width()
    large_window.parts.show_tab("count")
    large_window.sources.open_source("short")
    panel = large_window.side.chart
    assert panel is not None
    qtbot.waitUntil(lambda: panel.isVisible() and panel.width() < 400, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: panel._title.text() == "People so far", timeout=round(AT_ONCE_S * 1000))


def test_a_count_in_the_list_has_room_for_both_lines(large_window: MainWindow, qtbot: QtBot) -> None:
    large_window.sources.open_source("short")
    qtbot.waitUntil(lambda: large_window.controller.state is EngineState.FINISHED, timeout=PATIENCE_MS)
    results = large_window.parts.results
    large_window.parts.show_tab("results")
    qtbot.waitUntil(lambda: results.list.chosen is not None and not results.busy, timeout=PATIENCE_MS)
    option = QStyleOptionViewItem()
    option.font = results.list.font()
    height = results.list.delegate.sizeHint(option, results.list.currentIndex()).height()
    assert height >= 2 * QFontMetrics(option.font).height() + 14
