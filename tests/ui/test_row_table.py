"""Tables show their titles whole, whatever the font."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.ui.results.people_model import PeopleModel
from desktop_app.ui.results.people_table import PeopleTable
from desktop_app.ui.widgets.row_table import RowTable, TextModel
from desktop_app.ui.widgets.theme import ThemeManager
from desktop_app.ui.window.main_window import application


def assert_titles_are_whole(table: RowTable) -> None:
    header = table.horizontalHeader()
    for column in range(header.count() - 1):
        if not table.isColumnHidden(column):
            title = str(header.model().headerData(column, header.orientation()))
            assert header.sectionSize(column) >= header.sectionSizeHint(column), title


def test_the_titles_of_people_are_whole(qtbot: QtBot) -> None:
    ThemeManager(application(), "light")
    table = PeopleTable(PeopleModel())
    qtbot.addWidget(table)
    table.fit()
    table.show()
    assert_titles_are_whole(table)


@pytest.mark.parametrize("factor", [1.0, 1.5, 2.5])
def test_columns_grow_with_the_font(qtbot: QtBot, factor: float) -> None:
    model = TextModel(("What", "A title that is longer than its column", "Rest"))
    table = RowTable(model, "Figures", "Choose all", (100, 40))
    qtbot.addWidget(table)
    font = table.font()
    font.setPointSizeF(font.pointSizeF() * factor)
    table.setFont(font)
    table.horizontalHeader().setFont(font)
    table.show()
    assert table.columnWidth(0) >= table.fontMetrics().horizontalAdvance("0" * 12)
    assert_titles_are_whole(table)
    table.setColumnWidth(0, 60)
    table.hide()
    table.show()
    assert table.columnWidth(0) == 60  # the operator's choice
