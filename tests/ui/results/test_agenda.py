"""The agenda of a kept count, and its privacy receipt, from the menu to the report."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from pytestqt.qtbot import QtBot

from desktop_app.store import Store
from desktop_app.ui.results.agenda_dialog import AgendaDialog
from tests.ui.results.conftest import CountMaker, TabMaker
from tests.ui.results.test_tab import load, settle


def test_an_agenda_is_typed_in_read_from_a_file_and_taken_back(
    make_count: CountMaker,
    make_tab: TabMaker,
    qtbot: QtBot,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    log = make_count("Fair")
    tab = make_tab()
    began = datetime.fromtimestamp(log.utc)
    table = tmp_path / "agenda.csv"
    table.write_text(f"name,start,end\nlate,{began:%Y-%m-%d}T00:00,{began:%Y-%m-%d}T00:01\n")
    tried: list[str] = []

    def answer(dialog: AgendaDialog) -> int:
        dialog.edit.setPlainText("keynote at nine")
        dialog.accept()
        tried.append(dialog.message.text())
        dialog.add_file(tmp_path / "gone.csv")
        tried.append(dialog.message.text())
        dialog.edit.setPlainText(f"keynote 00:00-{began + timedelta(days=2):%Y-%m-%d} 00:00")
        dialog.add_file(table)
        dialog.accept()
        return dialog.result()

    monkeypatch.setattr(AgendaDialog, "exec", answer)
    told: list[str] = []
    tab.status.connect(told.append)
    tab.actions_["agenda"].trigger()
    settle(qtbot, tab)
    assert "was not understood" in tried[0]
    assert "cannot be read" in tried[1]
    assert {item.name for item in load(store, log.session).agenda} == {"keynote", "late"}
    assert tab.chosen.read is not None
    assert {i.name: i.people for i in tab.chosen.read.report.agenda}["keynote"] == 4
    assert "counted in both" in tab.banner.text
    assert told == ["Done: agenda."]
    assert tab.undo() == "agenda"
    settle(qtbot, tab)
    assert load(store, log.session).agenda == ()


@pytest.mark.parametrize("goes_on", [True, False])
def test_an_item_to_come_is_not_outside_a_count_that_goes_on(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, goes_on: bool
) -> None:
    log = make_count("Fair")
    tab = make_tab()
    monkeypatch.setattr(type(tab.kept), "is_under_way", lambda _self, _session: goes_on)
    tomorrow = datetime.fromtimestamp(log.utc) + timedelta(days=1)

    def answer(dialog: AgendaDialog) -> int:
        dialog.edit.setPlainText(f"party {tomorrow:%Y-%m-%d} 20:00-21:00")
        dialog.accept()
        return dialog.result()

    monkeypatch.setattr(AgendaDialog, "exec", answer)
    tab.actions_["agenda"].trigger()
    settle(qtbot, tab)
    assert ("outside the time of the count" in tab.banner.text) is not goes_on


def test_the_pdf_is_saved_with_the_privacy_receipt(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot, tmp_path: Path
) -> None:
    make_count("Fair")
    tab = make_tab()
    settle(qtbot, tab)
    tab.hand_on.saver.folder = tmp_path
    tab.actions_["receipt"].trigger()
    settle(qtbot, tab)
    (path,) = tmp_path.glob("*.pdf")
    document = pdfium.PdfDocument(path)
    try:
        assert "Privacy receipt" in document[1].get_textpage().get_text_bounded()
    finally:
        document.close()
