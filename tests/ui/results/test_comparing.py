"""Two kept counts beside each other, and reports that hide small numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from openpyxl import load_workbook
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from desktop_app.settings import ReportSettings, Settings
from desktop_app.ui.results import dialogs
from desktop_app.ui.results.comparing import ComparisonDialog
from desktop_app.ui.results.tab import ResultsTab
from desktop_app.ui.widgets.file_saver import PDF_KIND, ask_where
from desktop_app.ui.window.main_window import MainWindow
from tests.ui.conftest import WindowMaker
from tests.ui.fakes import FakeServices
from tests.ui.results.conftest import WAIT, CountMaker, TabMaker, settle


def text_of(pdf: bytes) -> str:
    """What is written on the only page of a PDF."""
    document = pdfium.PdfDocument(pdf)
    try:
        assert len(document) == 1
        return str(document[0].get_textpage().get_text_bounded())
    finally:
        document.close()


def compare(tab: ResultsTab, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> ComparisonDialog:
    """Choose the older count in the question, and return what is shown."""
    monkeypatch.setattr(dialogs, "ask_other", lambda dialog: dialog.list.counts.counts[0])
    tab.comparing.choose()
    qtbot.waitUntil(lambda: tab.comparing.dialog is not None and not tab.comparing.busy, timeout=WAIT)
    dialog = tab.comparing.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: bool(dialog.page.pages), timeout=WAIT)
    return dialog


def test_two_counts_stand_beside_each_other_and_are_saved(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_count("Last year", people=6, days_ago=365)
    make_count("This year", people=9, days_ago=1)
    tab = make_tab()
    dialog = compare(tab, qtbot, monkeypatch)
    assert "9 people here, 6 there, +50%." in dialog.page.accessibleDescription()
    names = iter((tmp_path / "compared.pdf", tmp_path / "compared.xlsx"))
    proposed: list[str] = []

    def ask(_window: object, _title: str, path: Path, _kinds: object) -> Path:
        proposed.append(path.name)
        return next(names)

    dialog.saver.ask_where = ask
    for button in (dialog.save_pdf, dialog.table):
        button.click()
        qtbot.waitUntil(lambda: not dialog.tasks.busy, timeout=WAIT)
    assert [name[10:] for name in proposed] == ["-This-year-compared.pdf", "-This-year-compared.xlsx"]
    text = text_of((tmp_path / "compared.pdf").read_bytes())
    assert "Compared with “Last year”" in text
    sheet = load_workbook(tmp_path / "compared.xlsx").active
    header = [cell.value for cell in next(sheet.rows)]
    here, there = (header.index(f"{side}_people") for side in ("here", "there"))
    table = [[cell.value for cell in row] for row in sheet.rows][1:]
    assert (sum(row[here] or 0 for row in table), sum(row[there] or 0 for row in table)) == (9, 6)
    for button in dialog.findChildren(QAbstractButton):
        assert button.accessibleName() or button.text(), button
    dialog.reject()
    assert tab.comparing.dialog is None


def test_a_disk_that_refuses_is_said(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_count("Last year", people=6, days_ago=365)
    make_count("This year", people=9)
    dialog = compare(make_tab(), qtbot, monkeypatch)
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")
    dialog.saver.ask_where = lambda *_: in_the_way / "compared.pdf"
    dialog.save_pdf.click()
    qtbot.waitUntil(lambda: not dialog.tasks.busy, timeout=WAIT)
    assert "could not be written" in dialog.banner.text


def test_without_another_count_that_is_said(make_count: CountMaker, make_tab: TabMaker) -> None:
    make_count("Only one", people=6)
    tab = make_tab()
    tab.comparing.choose()
    assert "no other count" in tab.banner.text


def test_counts_of_different_length_get_equal_intervals(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_count("Long", people=600, days_ago=3)
    make_count("Short", people=3)
    dialog = compare(make_tab(), qtbot, monkeypatch)
    comparison = dialog._read.comparison
    assert comparison.first.options.minutes == comparison.second.options.minutes == 5


def test_small_numbers_are_hidden_in_what_is_shown_saved_and_copied(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_count("Last year", people=6, days_ago=365)
    make_count("Fair", people=4)
    tab = make_tab()
    told: list[int] = []
    tab.hide_below_chosen.connect(told.append)
    tab.choices.hide_below.setCurrentIndex(2)
    settle(qtbot, tab)
    assert told == [5]
    assert tab.chosen.read is not None
    text = text_of(tab.chosen.read.pdf)
    assert "stand for figures that could tell of single people" in text
    assert "<5 people: <5 appear female" in tab.report.accessibleDescription()
    tab.hand_on.copy()
    assert "Fair, Hall 3: <5 people" in QGuiApplication.clipboard().text()
    tab.hand_on.saver.folder = tmp_path / "out"
    tab.hand_on.save("csv")
    settle(qtbot, tab)
    written = "\n".join(path.read_text("utf-8") for path in sorted((tmp_path / "out").iterdir()))
    assert "<5" in written
    assert not list((tmp_path / "out").glob("*.people.csv")), "nothing is said of single people"
    assert tab.header.people.text() == "4 people", "the operator's own list stays complete"
    dialog = compare(tab, qtbot, monkeypatch)
    assert dialog._read.comparison.first.options.suppress_below == 5
    dialog.reject()
    tab.choices.hide_below.setCurrentIndex(0)
    settle(qtbot, tab)
    assert tab.chosen.read is not None
    assert "<5" not in text_of(tab.chosen.read.pdf)


def test_which_small_numbers_are_hidden_is_remembered(
    make_window: WindowMaker, services: FakeServices, saved: list[Settings]
) -> None:
    window: MainWindow = make_window(services, replace(Settings(), reports=ReportSettings(hide_below=3)))
    results = window.parts.results
    assert results.chosen.hide_below == 3
    assert results.choices.hide_below.currentData() == 3
    assert results.choices.hide_below.accessibleName()
    assert "single people" in results.choices.hide_below.toolTip()
    results.choices.hide_below.setCurrentIndex(results.choices.hide_below.findData(10))
    assert saved[-1].reports.hide_below == 10
    assert results.chosen.hide_below == 10


@pytest.mark.parametrize(
    ("typed", "chosen", "path"),
    [
        ("/there/sign.pdf", "PDF (*.pdf)", "/there/sign.pdf"),
        ("/there/sign", "PDF (*.pdf)", "/there/sign.pdf"),
        ("/there/v1.2", "CSV for Excel (*.csv)", "/there/v1.2.csv"),
        ("/there/table.CSV", "", "/there/table.CSV"),
        ("", "", None),
    ],
)
def test_a_name_without_an_ending_gets_one(
    typed: str, chosen: str, path: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, window: MainWindow
) -> None:
    asked: list[str] = []

    def ask(_parent: object, _title: str, proposed: str, _kinds: str) -> tuple[str, str]:
        asked.append(proposed)
        return typed, chosen

    monkeypatch.setattr("desktop_app.ui.widgets.file_saver.QFileDialog.getSaveFileName", ask)
    found = ask_where(window, "Save", tmp_path / "not" / "there" / "x.pdf", (PDF_KIND, ("CSV for Excel", "csv")))
    assert found == (None if path is None else Path(path))
    assert asked == [str(tmp_path / "x.pdf")], "the nearest folder that is there"
