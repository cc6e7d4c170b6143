"""The tab of results: the list, the report as it prints, and what is done with a count as a whole."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop_app.domain.events import Closed
from desktop_app.domain.log_digest import digest_of
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import Gender
from desktop_app.reports.verify import read_identity
from desktop_app.session.manager import SessionManager
from desktop_app.store import Store
from desktop_app.ui.results.count_list import day_title
from desktop_app.ui.results.report_view import to_image
from desktop_app.ui.results.tab import ResultsTab
from desktop_app.ui.widgets import file_saver
from desktop_app.ui.widgets.texts import day_words
from desktop_app.ui.widgets.theme import DARK, LIGHT
from tests.patience import PATIENCE_MS, PATIENCE_S
from tests.store.logs import LogMaker
from tests.ui.results.conftest import CountMaker, TabMaker, load, settle


def rows(tab: ResultsTab) -> list[str]:
    """Every row of the list, days as they are called and counts by name and people."""
    model = tab.list.counts
    found = []
    for row in range(model.rowCount()):
        count = model.count_at(model.index(row))
        found.append(f"{count.name} {count.people}" if count is not None else model.day_at(model.index(row)))
    return found


@pytest.fixture
def two(make_count: CountMaker, make_tab: TabMaker) -> ResultsTab:
    """The tab with two kept counts, of which the newer one, "Fair" with 4 people, is chosen."""
    make_count("Other", people=2)
    make_count("Fair", people=4)
    return make_tab()


@pytest.fixture
def documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where reports are saved in this test."""
    folder = tmp_path / "Documents"
    monkeypatch.setattr(file_saver.platformdirs, "user_documents_dir", lambda: str(folder))
    return folder / "Headcount"


def test_counts_are_listed_by_day_the_newest_first(make_count: CountMaker, make_tab: TabMaker) -> None:
    make_count("Fair", people=4, days_ago=40)
    make_count("Open day", people=2, days_ago=1)
    make_count("", people=1, days_ago=0)
    tab = make_tab()
    days = {day_title(date.today() - timedelta(days=days), date.today()) for days in (0, 1, 2, 40, 41)}
    names = [row for row in rows(tab) if row not in days]
    assert names == [" 1", "Open day 2", "Fair 4"]
    assert rows(tab)[0] in ("Today", "Yesterday"), "the test may run at midnight"
    chosen = tab.list.chosen
    assert chosen is not None
    assert chosen.people == 1, "the newest is shown"


def test_a_film_with_nobody_in_it_is_a_result_and_a_short_try_at_a_camera_is_not(
    store: Store, make_tab: TabMaker
) -> None:
    for seq, (name, recorded_utc, seconds) in enumerate(
        (("film", 1000.0, 5.0), ("try", 0.0, 5.0), ("hour", 0.0, 3600.0))
    ):
        log = LogMaker(seq=10 * seq, utc=1_700_000_000.0)
        log.open(name, recorded_utc=recorded_utc)
        log.add(Closed(seconds), "")
        store.append(log.entries)
    assert store.flush(PATIENCE_S)
    assert {count.name for count in make_tab().list.counts.counts} == {"film", "hour"}


def test_days_are_called_as_people_call_them() -> None:
    today = date(2026, 5, 12)
    assert day_title(today, today) == "Today"
    assert day_title(date(2026, 5, 11), today) == "Yesterday"
    assert day_title(date(2026, 5, 5), today) == "Tuesday, 5 May"
    assert day_title(date(2025, 12, 31), today) == "Wednesday, 31 December 2025"
    assert day_words(date(2026, 5, 5), today) == "5 May"
    assert day_words(date(2025, 5, 5), today) == "5 May 2025"


def test_the_search_has_name_place_note_and_date(make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot) -> None:
    made = make_count("Fair", "Hall 3", people=4, days_ago=40)
    make_count("Open day", "Main door", people=2)
    tab = make_tab()
    day = f"{datetime.fromtimestamp(made.utc):%Y-%m-%d}"
    for text in ("hall FAIR", day, day[:7] + " hall"):
        tab.search.setText(text)
        assert [r for r in rows(tab) if r.startswith(("Fair", "Open"))] == ["Fair 4"], text
        settle(qtbot, tab)
        assert tab.header.name.whole == "Fair"
    tab.search.setText("nothing like it")
    settle(qtbot, tab)
    assert rows(tab) == []
    assert tab.side.empty.isVisible()
    assert "No count has these words" in tab.side.empty.text()
    assert not tab.header.isEnabled()
    tab.search.clear()
    settle(qtbot, tab)
    assert tab.header.isEnabled()


def test_a_film_counted_later_says_when_it_was_recorded(make_count: CountMaker, make_tab: TabMaker) -> None:
    make_count("Fair", days_ago=1, recorded_utc=datetime(2026, 5, 12, 9, 0).timestamp())
    tab = make_tab()
    assert "recorded 2026-05-12 09:00" in tab.header.about.whole
    tab.search.setText("2026-05-12")
    assert "Fair 4" in rows(tab)


def test_the_report_is_shown_as_it_prints(make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot) -> None:
    make_count("Fair", people=4)
    tab = make_tab()
    (page,) = tab.report.pages
    assert page.image.width() == pytest.approx(595.28 * tab.report.pixels_a_point(), rel=0.03)
    ratio = page.image.height() / page.image.width()
    assert ratio == pytest.approx(841.89 / 595.28, abs=0.01), "one page of A4"
    assert "4 people: 2 appear female, 2 appear male" in tab.report.accessibleDescription()
    assert tab.header.figures[Gender.FEMALE].text() == "2 appear female (50%)"
    before = page.image.width()
    tab.resize(760, 600)
    qtbot.waitUntil(lambda: not tab.busy and tab.report.pages[0].image.width() < before, timeout=PATIENCE_MS)


def test_a_picture_of_a_page_has_its_colours() -> None:
    picture = np.zeros((3, 5, 3), np.uint8)
    picture[1, 2] = (10, 20, 200)
    image = to_image(picture)
    assert (image.width(), image.height()) == (5, 3)
    colour = image.pixelColor(2, 1)
    assert (colour.red(), colour.green(), colour.blue()) == (200, 20, 10)


def test_in_a_narrow_window_no_share_is_cut_off_and_no_tab_is_covered(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot
) -> None:
    make_count("Fair")
    tab = make_tab()
    pages, figures = tab.pages, tab.header.figures

    def fits() -> bool:
        bar = pages.tabBar()
        return bar.width() >= bar.sizeHint().width() and all(
            f.width() >= f.sizeHint().width() for f in figures.values()
        )

    for width, words, is_beside in (
        (1200, "appear female", True),
        (660, "female", False),
        (1200, "appear female", True),
    ):
        tab.resize(width, 500)
        text = f"2 {words} (50%)"
        qtbot.waitUntil(lambda text=text: figures[Gender.FEMALE].text() == text and fits(), timeout=PATIENCE_MS)
        assert (pages.cornerWidget() is pages.choices) is is_beside
        assert pages.choices.isVisible()


def test_two_clicks_from_a_finished_count_to_its_pdf(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot, documents: Path, store: Store
) -> None:
    log = make_count("Fair")
    tab = make_tab()  # the first click: the tab shows the newest count
    told: list[str] = []
    tab.status.connect(told.append)
    qtbot.mouseClick(tab.header.save_pdf, Qt.MouseButton.LeftButton)
    settle(qtbot, tab)
    (path,) = documents.iterdir()
    assert path.name.endswith("-Fair.pdf")
    assert read_identity(path).digest == digest_of(store.entries(log.session))
    assert path.name in tab.banner.text
    assert [b.text() for b in tab.banner.buttons] == ["Open", "Show folder"]
    assert told == [], "the window's message would lie over these buttons"


def test_a_name_that_exists_is_asked_about(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot, documents: Path
) -> None:
    make_count("Fair")
    tab = make_tab()
    asked: list[str] = []
    answers = ["", "beside", "replace"]

    def ask(path: str, _window: QWidget | None) -> str:
        asked.append(path)
        return answers.pop(0)

    tab.hand_on.ask_existing = ask
    tab.hand_on.save_pdf()
    settle(qtbot, tab)
    (first,) = documents.iterdir()
    first.write_bytes(b"mine")
    tab.hand_on.save_pdf()
    settle(qtbot, tab)
    assert asked == [str(first)]
    assert first.read_bytes() == b"mine"
    tab.hand_on.save_pdf()
    settle(qtbot, tab)
    assert sorted(p.name for p in documents.iterdir()) == [first.stem + " (2).pdf", first.name]
    assert first.read_bytes() == b"mine"
    tab.hand_on.save_pdf()
    settle(qtbot, tab)
    assert first.read_bytes().startswith(b"%PDF")


def test_a_folder_that_cannot_be_written_is_a_sentence_and_no_half_file(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot, tmp_path: Path
) -> None:
    make_count("Fair")
    tab = make_tab()
    in_the_way = tmp_path / "file"
    in_the_way.write_text("a file where a folder should be")
    tab.hand_on.saver.folder = in_the_way
    tab.hand_on.save_pdf()
    settle(qtbot, tab)
    assert tab.banner.kind == "warning"
    assert "could not be written" in tab.banner.text
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["file"]
    assert tab.report.pages, "the report stays"


def test_tables_of_every_kind_are_saved(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot, documents: Path
) -> None:
    make_count("Fair")
    tab = make_tab()
    for action in tab.header.table.menu().actions():
        if "Excel" not in action.text():
            action.trigger()
            settle(qtbot, tab)
    endings = {"".join(p.suffixes[-2:]) if p.suffix in (".csv", ".svg") else p.suffix for p in documents.iterdir()}
    assert {".xlsx", ".json", ".intervals.csv", ".people.csv", ".arrivals.svg"} <= endings


def test_copy_gives_a_sentence_and_a_table(make_count: CountMaker, make_tab: TabMaker) -> None:
    make_count("Fair <b>", "Hall 3", people=4)
    tab = make_tab()
    tab.header.copy.click()
    data = QGuiApplication.clipboard().mimeData()
    lines = data.text().split("\n")
    assert lines[0] == "Fair <b>, Hall 3: 4 people: 2 appear female, 2 appear male, 0 undecided"
    assert lines[2].split("\t")[:4] == ["Time", "People", "Female", "Male"]
    assert sum(int(line.split("\t")[1]) for line in lines[3:]) == 4
    assert "Fair &lt;b&gt;" in data.html()


def test_without_a_printer_it_says_what_to_do(
    make_count: CountMaker, make_tab: TabMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desktop_app.ui.results import printing

    make_count()
    tab = make_tab()
    monkeypatch.setattr(printing.QPrinterInfo, "availablePrinterNames", list)
    tab.header.print_.click()
    assert "knows no printer" in tab.banner.text
    assert "save the PDF" in tab.banner.text


def test_a_page_is_printed(make_count: CountMaker, make_tab: TabMaker, tmp_path: Path) -> None:
    from PySide6.QtPrintSupport import QPrinter

    from desktop_app.reports.pdf_image import page_images
    from desktop_app.ui.results.printing import print_pages

    make_count("Fair")
    tab = make_tab()
    assert tab.chosen.read is not None
    printer = QPrinter()
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "printed.pdf"))
    pages = [to_image(picture) for picture in page_images(tab.chosen.read.pdf, 2.0)]
    print_pages(printer, [*pages, *pages])
    printed = page_images((tmp_path / "printed.pdf").read_bytes(), 1.0)
    assert len(printed) == 2
    assert printed[0].min() < 100, "there is something on it"


def test_a_count_is_renamed_and_that_is_taken_back(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desktop_app.ui.results.dialogs import AboutCountDialog

    log = make_count("Fair", "Hall 3")
    tab = make_tab()

    def answer(dialog: AboutCountDialog) -> bool:
        assert (dialog.name.text(), dialog.place.text()) == ("Fair", "Hall 3")
        dialog.name.setText(" Spring fair ")
        dialog.note.setPlainText("rainy")
        return True

    monkeypatch.setattr(AboutCountDialog, "exec", answer)
    tab.changes.rename()
    settle(qtbot, tab)
    assert tab.header.name.whole == "Spring fair"
    assert "rainy" in tab.header.about.whole
    assert "Spring fair 4" in rows(tab)
    session = load(store, log.session)
    assert (session.name, session.place, session.note) == ("Spring fair", "Hall 3", "rainy")
    assert tab.undo_name == "rename"
    assert tab.undo() == "rename"
    settle(qtbot, tab)
    assert "Fair 4" in rows(tab)


def test_two_doors_become_one_count_and_part_again(make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot) -> None:
    south = make_count("South door", people=3)
    make_count("North door", people=4)
    tab = make_tab()
    tab.changes.join_with(south.session)
    settle(qtbot, tab)
    assert [r for r in rows(tab) if "door" in r] == ["North door 7"]
    assert tab.header.people.text() == "7 people"
    assert "one count now" in tab.banner.text
    tab = make_tab()  # after a restart
    assert tab.undo_name == "joined counts"
    tab.undo()
    settle(qtbot, tab)
    assert sorted(r for r in rows(tab) if "door" in r) == ["North door 4", "South door 3"]


def test_the_curve_in_the_list_is_that_of_the_count_as_it_is_now(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot
) -> None:
    south = make_count("South door", people=3)
    north = make_count("North door", people=4)
    tab = make_tab()

    def drawn() -> int:
        qtbot.waitUntil(lambda: tab.list.counts.curve_of(north.session) is not None)
        curve = tab.list.counts.curve_of(north.session)
        assert curve is not None
        return int(curve.female[-1] + curve.male[-1] + curve.undecided[-1])

    assert drawn() == 4
    tab.changes.join_with(south.session)
    settle(qtbot, tab)
    assert drawn() == 7
    of_joined = {tab.list.chosen: tab.list.counts.curve_of(north.session)}
    tab.undo()
    settle(qtbot, tab)
    assert drawn() == 4
    tab.list.counts.add_curves(of_joined)  # one whose reading began before the undo
    assert drawn() == 4


def test_a_joined_count_is_chosen_from_the_others(make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot) -> None:
    from desktop_app.ui.results.dialogs import join_dialog

    make_count("South door", people=3)
    make_count("North door", people=4)
    tab = make_tab()
    count = tab.list.chosen
    assert count is not None
    dialog = join_dialog(count, [c for c in tab.list.counts.counts if c.id != count.id], LIGHT, tab)
    qtbot.addWidget(dialog)
    assert not dialog.use.isEnabled()
    dialog.list.choose("")
    assert dialog.use.isEnabled()
    assert dialog.list.chosen is not None
    assert dialog.list.chosen.name == "South door"


def test_another_count_is_found_by_typing_and_what_is_chosen_is_marked(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot
) -> None:
    from desktop_app.ui.results.dialogs import compare_dialog

    for name in ("South door", "North door", "Concert"):
        make_count(name, people=3)
    tab = make_tab()
    count = tab.list.chosen
    assert count is not None
    dialog = compare_dialog(count, [c for c in tab.list.counts.counts if c.id != count.id], LIGHT, tab)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.keyClicks(dialog.search, "door")
    assert not dialog.use.isEnabled(), "two have it, and the wrong one is not taken by mistake"
    qtbot.keyClicks(dialog.search, " south")
    assert dialog.use.isEnabled()
    assert [index.data().split(",")[0] for index in dialog.list.selectedIndexes()] == ["South door"]
    qtbot.keyClicks(dialog.search, "xyz")
    assert not dialog.use.isEnabled()
    dialog.search.clear()
    dialog.list.selectionModel().setCurrentIndex(
        dialog.list.counts.index_of(""), QItemSelectionModel.SelectionFlag.NoUpdate
    )  # as Qt does where the keyboard comes to the list
    assert dialog.use.isEnabled()
    assert len(dialog.list.selectedIndexes()) == 1
    qtbot.keyClick(dialog.list, Qt.Key.Key_Return)
    assert dialog.result() == dialog.DialogCode.Accepted


def test_a_deleted_count_comes_back(two: ResultsTab, qtbot: QtBot) -> None:
    tab = two
    tab.actions_["delete"].trigger()
    settle(qtbot, tab)
    assert "Fair 4" not in rows(tab)
    assert tab.header.name.whole == "Other", "the next one is shown"
    assert "“Fair” (4 people) is deleted." in tab.banner.text
    assert tab.undo_name == "delete"
    assert tab.undo() == "delete"
    settle(qtbot, tab)
    assert tab.header.name.whole == "Fair"
    assert tab.undo_name == ""


def test_several_counts_are_deleted_by_key_and_come_back_one_by_one(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot
) -> None:
    for name, people in (("First", 1), ("Second", 2), ("Third", 3)):
        make_count(name, people=people)
    tab = make_tab()
    whole = rows(tab)
    for name in ("Third", "Second"):
        assert tab.header.name.whole == name
        qtbot.keyClick(tab.list, Qt.Key.Key_Delete)
        settle(qtbot, tab)
    assert tab.header.name.whole == "First"
    for name in ("Second", "Third"):
        assert f"“{name}”" in tab.banner.text
        tab.banner.buttons[0].click()
        settle(qtbot, tab)
        assert tab.header.name.whole == name
    assert rows(tab) == whole
    assert (tab.banner.text, tab.undo_name) == ("", "")
    qtbot.keyClick(tab.search, Qt.Key.Key_Delete)
    settle(qtbot, tab)
    assert rows(tab) == whole, "in the search the key is a letter's"


def test_a_key_that_is_pressed_twice_deletes_one_count_and_says_so(two: ResultsTab, qtbot: QtBot) -> None:
    tab = two
    tab.changes.delete()
    tab.changes.delete()  # before the first is done
    settle(qtbot, tab)
    assert "“Fair” (4 people) is deleted." in tab.banner.text
    assert [row for row in rows(tab) if row in ("Fair 4", "Other 2")] == ["Other 2"]
    assert tab.undo_name == "delete"


def test_a_deletion_that_undo_no_longer_means_offers_no_undo(two: ResultsTab, qtbot: QtBot) -> None:
    tab = two
    tab.changes.delete()
    settle(qtbot, tab)
    assert tab.session is not None
    tab.session.rename("Another", "", "")
    tab.changes.renamed.emit("named")
    settle(qtbot, tab)
    assert tab.undo_name != "delete"
    assert tab.banner.text == ""


def test_a_count_under_way_is_not_deleted(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_count("Fair")
    tab = make_tab()
    monkeypatch.setattr(type(tab.kept), "is_under_way", lambda self, session_id: True)
    tab.changes.delete()
    settle(qtbot, tab)
    assert "under way" in tab.banner.text
    assert "Fair 4" in rows(tab)


def test_a_count_with_nobody_is_a_result_too(make_count: CountMaker, make_tab: TabMaker) -> None:
    make_count("Nobody came", people=0)
    tab = make_tab()
    assert tab.header.people.text() == "0 people"
    assert tab.report.pages
    assert tab.people.model.rowCount() == 0


def test_an_empty_store_says_what_will_be_here(make_tab: TabMaker) -> None:
    tab = make_tab()
    assert "No count is kept yet" in tab.side.empty.text()
    assert not tab.header.isEnabled()


def test_a_damaged_database_is_a_sentence(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desktop_app.errors import StoreError

    make_count("Fair")
    make_count("Other")
    tab = make_tab()

    def fails(session_id: str) -> list[object]:
        raise StoreError("The stored counts cannot be read (malformed).", "Restore a copy.")

    monkeypatch.setattr(store, "entries", fails)
    tab.list.choose(next(c.id for c in tab.list.counts.counts if c.name == "Fair"))
    settle(qtbot, tab)
    assert "cannot be read" in tab.banner.text
    assert tab.report.note == "There is no report to show."
    tab.hand_on.save_pdf()
    assert "cannot be read" not in tab.banner.text or tab.chosen.read is None


def test_what_can_be_read_of_a_damaged_count_is_shown(
    make_count: CountMaker, make_tab: TabMaker, store: Store, tmp_path: Path
) -> None:
    log = make_count("Fair", people=4)
    database = next((tmp_path / "store").glob("*.sqlite3"))
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE entry SET event = '{' WHERE row = (SELECT max(row) - 3 FROM entry)")
    connection.close()
    tab = make_tab()
    assert tab.list.chosen is not None
    assert tab.list.chosen.id == log.session
    assert tab.report.pages
    assert tab.people.model.rowCount() >= 3


def test_a_count_is_shown_by_its_id_and_the_newest_by_none(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot
) -> None:
    old = make_count("Old", days_ago=9)
    make_count("New", days_ago=1)
    tab = make_tab()
    tab.show_session(old.session)
    settle(qtbot, tab)
    assert tab.header.name.whole == "Old"
    tab.show_session("")
    settle(qtbot, tab)
    assert tab.header.name.whole == "New"
    new = make_count("Newest", days_ago=0)
    tab.show_session(new.session)
    settle(qtbot, tab)
    assert tab.header.name.whole == "Newest", "one that the list did not have yet"


def test_long_names_fit_a_small_window(make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot) -> None:
    make_count("A name of an occasion that goes on " * 8, "Donaudampfschifffahrtsgesellschaft" * 5)
    tab = make_tab()
    tab.apply_theme(DARK)
    tab.resize(910, 480)
    settle(qtbot, tab)
    assert tab.minimumSizeHint().width() <= 910
    assert tab.minimumSizeHint().height() <= 480
    assert tab.header.name.text().endswith("…")
    assert tab.header.name.toolTip().startswith("A name of an occasion")


def test_without_a_store_the_counts_of_this_program_are_shown(qtbot: QtBot) -> None:
    from tests.session.fakes import FakeServices

    manager = SessionManager(FakeServices())
    tab = ResultsTab(LIGHT, None)
    qtbot.addWidget(tab)
    tab.use_manager(manager)
    session = manager.open("Here")
    session.add(Gender.FEMALE)
    tab.refresh()
    settle(qtbot, tab)
    assert tab.header.name.whole == "Here"
    tab.changes.delete()
    assert "only in memory" in tab.banner.text
    assert tab.shut_down(PATIENCE_S)
    assert manager.shut_down(PATIENCE_S)


def test_curves_of_the_rows_on_the_screen_are_read(make_count: CountMaker, make_tab: TabMaker) -> None:
    log = make_count("Fair", people=5)
    tab = make_tab()
    curve = tab.list.counts.curve_of(log.session)
    assert curve is not None
    assert int((curve.female + curve.male)[-1]) == 5


def test_walking_the_list_reads_where_it_rests(make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot) -> None:
    for number in range(6):
        make_count(f"Fair {number}", days_ago=number)
    tab = make_tab()
    tab.list.setFocus()
    for _ in range(3):
        qtbot.keyClick(tab.list, Qt.Key.Key_Down)
    settle(qtbot, tab)
    assert tab.chosen.read is not None
    assert tab.list.chosen is not None
    assert tab.chosen.read.session.id == tab.list.chosen.id


def test_a_long_count_is_read_only_when_asked_for(
    make_count: CountMaker,
    make_tab: TabMaker,
    qtbot: QtBot,
    documents: Path,
    monkeypatch: pytest.MonkeyPatch,
    store: Store,
) -> None:
    from desktop_app.ui.sessions import kept_counts

    monkeypatch.setattr(kept_counts, "LONG_COUNT", 5)
    make_count("Long", people=6)
    tab = make_tab()
    assert tab.header.people.text() == "6 people", "the figures are there at once"
    assert tab.session is None
    assert "A long count" in tab.report.note
    tab.hand_on.save_pdf()
    assert "prepared first" in tab.banner.text
    qtbot.mouseClick(tab.report.offer, Qt.MouseButton.LeftButton)
    settle(qtbot, tab)
    assert tab.report.pages
    assert not tab.report.offer.isVisible()
    assert tab.session is None, "nothing was read into memory"
    tab.hand_on.save("xlsx")
    settle(qtbot, tab)
    assert next(documents.iterdir()).suffix == ".xlsx"
    with monkeypatch.context() as patched:
        patched.setattr(store, "people_of", lambda ids: pytest.fail("the count is read once, whatever the intervals"))
        tab.minutes.setCurrentIndex(2)
        settle(qtbot, tab)
    assert tab.chosen.read is not None
    assert tab.chosen.read.report.options.minutes == 5
    assert len(list(tab.chosen.read.people)) == 6
    tab.pages.setCurrentWidget(tab.people)
    qtbot.mouseClick(tab.people.offer, Qt.MouseButton.LeftButton)
    settle(qtbot, tab)
    assert tab.people.model.rowCount() == 6
    tab.people.press("M")
    assert tab.undo_name == "male, person 1"


def test_a_long_report_gives_way_to_another_count(
    make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    from desktop_app.ui.sessions import kept_counts

    monkeypatch.setattr(kept_counts, "LONG_COUNT", 6)
    short = make_count("Short", people=2)
    make_count("Long", people=7)
    tab = make_tab()
    began, read_people = threading.Event(), store.people_of

    def endless(ids: tuple[str, ...]) -> Iterator[PersonRecord]:
        (person, *_) = read_people(ids)
        while True:
            began.set()
            yield person

    monkeypatch.setattr(store, "people_of", endless)
    tab.report.offer.click()
    qtbot.waitUntil(began.is_set, timeout=PATIENCE_MS)
    tab.show_session(short.session)
    settle(qtbot, tab)
    assert tab.header.name.whole == "Short"
    assert tab.report.pages


def test_where_no_count_is_left_both_pages_say_so(make_count: CountMaker, make_tab: TabMaker, qtbot: QtBot) -> None:
    make_count("Fair", people=4)
    tab = make_tab()
    tab.people.press("S")
    settle(qtbot, tab)
    tab.pages.setCurrentWidget(tab.people)
    assert tab.people.corrections_title.text() == "Corrections: 1"
    tab.actions_["delete"].trigger()
    settle(qtbot, tab)
    assert tab.people.figures.isVisible()
    assert tab.people.figures.text() == "No count is chosen."
    assert not tab.people.corrections_title.text()
    assert not tab.people.corrections.isVisible()
    tab.pages.setCurrentIndex(0)
    assert not tab.report.pages  # not the report of what was deleted
    tab.undo()
    settle(qtbot, tab)
    assert len(tab.report.pages) == 1
    assert len(tab.people.model.people) == 4


def test_people_that_are_being_read_are_no_empty_table(two: ResultsTab, qtbot: QtBot) -> None:
    tab = two
    tab.pages.setCurrentWidget(tab.people)
    tab.list.setCurrentIndex(tab.list.counts.index(tab.list.counts.rowCount() - 1))
    tab._read_chosen()  # now, and not after a moment
    assert tab.session is None
    assert tab.people.figures.isVisible()
    assert tab.people.figures.text() == "Preparing the report…"
    settle(qtbot, tab)
    assert not tab.people.figures.isVisible()
