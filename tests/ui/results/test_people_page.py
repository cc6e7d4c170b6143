"""Corrections of a kept count: by keyboard, with the automatic figure beside them, undone after a restart."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_app.domain.events import Added, Corrected, Counted, DoorStarted, Opened, Revised
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import Gender
from desktop_app.store import Store
from desktop_app.ui.picture.missed_dialog import MissedDialog
from desktop_app.ui.results.people_page import PeoplePage
from desktop_app.ui.results.tab import ResultsTab
from tests.patience import PATIENCE_S
from tests.store.logs import LogMaker
from tests.ui.results.conftest import CountMaker, TabMaker, load, settle


@pytest.fixture
def tab(make_count: CountMaker, make_tab: TabMaker) -> ResultsTab:
    """A count of four people: 1 and 3 appear female, 2 and 4 male."""
    make_count("Fair", people=4)
    tab = make_tab()
    tab.pages.setCurrentWidget(tab.people)
    return tab


@pytest.fixture
def page(tab: ResultsTab) -> PeoplePage:
    return tab.people


def choose(page: PeoplePage, *numbers: int) -> None:
    rows = [n for n in range(page.model.rowCount()) if _person(page, n).number in numbers]
    page.table.clearSelection()
    page._choose([_person(page, row).ref for row in rows])
    assert sorted(r.number for r in page.chosen()) == sorted(numbers)


def _person(page: PeoplePage, row: int) -> PersonRecord:
    person = page.model.person_at(row)
    assert person is not None
    return person


def cells(page: PeoplePage, row: int) -> list[str]:
    return [str(page.model.index(row, column).data()) for column in range(page.model.columnCount())]


def numbers(page: PeoplePage) -> list[int]:
    return [_person(page, row).number for row in range(page.model.rowCount())]


def test_of_several_doors_each_person_and_each_correction_names_theirs(
    store: Store, make_tab: TabMaker, qtbot: QtBot
) -> None:
    log = LogMaker()
    log.add(Opened(0.0, "Fair"), "")
    for number, (door, name) in enumerate((("main", "North"), ("door-2", "South"))):
        log.add(DoorStarted(0.0, f"camera {number}", log.utc, name=name), door)
        log.add(Counted(5.0 + number, f"person {door}", 1, 4.0), door)
        log.add(Revised(6.0, f"person {door}", Gender.FEMALE, 0.9, 34.5, 4.0, True), door)
    log.close()
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    tab = make_tab()
    tab.pages.setCurrentWidget(tab.people)
    page = tab.people
    assert not page.table.isColumnHidden(1)
    assert [cells(page, row)[:2] for row in range(2)] == [["1", "North"], ["1", "South"]]
    page.table.selectRow(1)
    page.press("M")
    settle(qtbot, tab)
    assert "person 1, South: appears female → appears male" in page.corrections.item(0).text()
    page.table.selectAll()
    page.press("J")
    settle(qtbot, tab)
    assert "person 1, South is the same as person 1, North" in page.corrections.item(0).text()
    assert tab.undo_name == "same person, person 1, South and person 1, North"


def test_doors_that_begin_alike_can_be_told_apart(store: Store, make_tab: TabMaker) -> None:
    log = LogMaker()
    log.add(Opened(0.0, "Fair"), "")
    names = ("Side entrance, north", "Side entrance, south")
    for number, name in enumerate(names):
        log.add(DoorStarted(0.0, f"camera {number}", log.utc, name=name), f"door-{number}")
        log.add(Counted(5.0 + number, f"person {number}", 1, 4.0), f"door-{number}")
    log.close()
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    tab = make_tab()
    tab.pages.setCurrentWidget(tab.people)
    table = tab.people.table
    assert table.columnWidth(1) > max(table.fontMetrics().horizontalAdvance(name) for name in names)


def test_the_list_stays_where_it_is_while_the_count_goes_on(make_count: CountMaker, make_tab: TabMaker) -> None:
    make_count("Fair", people=200)
    tab = make_tab()
    tab.pages.setCurrentWidget(tab.people)
    assert tab.session is not None
    bar = tab.people.table.verticalScrollBar()
    bar.setValue(bar.maximum() - 20)
    before = bar.value()
    assert before > 100
    tab.people.show_session(tab.session, tab.session.people())  # as with each new report of a count under way
    assert [r.number for r in tab.people.chosen()] == [1]
    assert bar.value() == before


def test_people_are_listed_with_what_the_program_said(page: PeoplePage) -> None:
    row = cells(page, 1)
    assert page.table.isColumnHidden(1), "there is one door"
    assert (row[0], row[3:6]) == ("2", ["appears male", "30–39", "appears male, 30–39"])
    assert numbers(page) == [1, 2, 3, 4]
    assert page.corrections_title.text() == "Nothing was corrected by hand"
    assert page.chosen()[0].number == 1, "the keyboard has somebody to act on at once"


def test_every_decision_has_its_key(tab: ResultsTab, page: PeoplePage, qtbot: QtBot, store: Store) -> None:
    page.operator.setText("Ada")
    for number, key in ((1, Qt.Key.Key_M), (2, Qt.Key.Key_F), (3, Qt.Key.Key_Delete), (4, Qt.Key.Key_S)):
        choose(page, number)
        qtbot.keyClick(page.table, key)
    assert [_person(page, row).gender for row in (0, 1)] == [Gender.MALE, Gender.FEMALE]
    assert (_person(page, 2).is_removed, _person(page, 3).is_staff) == (True, True)
    choose(page, 1)
    qtbot.keyClick(page.table, Qt.Key.Key_U)
    assert tab.header.people.text() == "2 people"
    assert page.figures.text() == "The program alone: 4 people: 2 appear female, 2 appear male, 0 undecided"
    assert page.corrections_title.text() == "Corrections: 5"
    assert page.corrections.item(1).text().endswith("person 4: staff, by Ada")
    assert page.corrections.item(4).text().endswith("person 1: appears female → appears male, by Ada")
    qtbot.keyClick(page.table, Qt.Key.Key_Up)
    settle(qtbot, tab)
    assert tab.chosen.read is not None
    assert tab.chosen.read.report.counts.people == 2, "the report follows"
    assert len(tab.chosen.read.report.corrections) == 5
    assert session_of(tab, store).counts().people == 2


def session_of(tab: ResultsTab, store: Store):  # type: ignore[no-untyped-def]
    assert tab.session is not None
    return load(store, tab.session.id)


def test_the_last_correction_is_taken_back_after_a_restart(
    tab: ResultsTab, page: PeoplePage, make_tab: TabMaker, qtbot: QtBot, store: Store
) -> None:
    page.operator.setText("Ada")
    choose(page, 1)
    page.press("M")
    page.set_age_band("70+")
    assert store.flush(PATIENCE_S)
    again = make_tab()
    assert again.undo_name == "age 70+, person 1"
    assert again.people.operator.text() == "Ada", "the name is known from the last correction"
    assert again.undo() == "age 70+, person 1"
    assert again.undo() == "male, person 1"
    assert again.undo() == ""
    assert _person(again.people, 0).corrected == ()
    settle(qtbot, again)
    third = make_tab()
    assert third.undo_name == ""
    assert third.redo() == "male, person 1"
    assert third.people.model.people[0].gender is Gender.MALE


def test_buttons_undo_and_redo_say_what_they_do(page: PeoplePage) -> None:
    assert not page.buttons["undo"].isEnabled()
    choose(page, 2)
    page.buttons["F"].click()
    assert page.buttons["undo"].toolTip() == "Undo: female, person 2"
    page.buttons["undo"].click()
    assert not page.buttons["undo"].isEnabled()
    assert page.buttons["redo"].toolTip() == "Redo: female, person 2"
    page.buttons["redo"].click()
    assert _person(page, 1).gender is Gender.FEMALE


def test_somebody_removed_is_not_corrected_and_the_reason_is_said(tab: ResultsTab, page: PeoplePage) -> None:
    choose(page, 3)
    page.press("Delete")
    page.press("M")
    assert "Person 3 was marked as not a person." in tab.banner.text
    assert "Undo that first." in tab.banner.text
    assert _person(page, 2).gender is Gender.FEMALE
    page.press("Delete")
    assert not _person(page, 2).is_removed, "the same key takes it back"


def test_two_are_one_and_are_split_again(tab: ResultsTab, page: PeoplePage) -> None:
    choose(page, 1)
    page.press("J")
    assert "Choose two people" in tab.banner.text
    choose(page, 1, 3)
    page.press("J")
    assert numbers(page) == [1, 2, 4]
    assert "seen 2 times" in cells(page, 0)[-1]
    assert page.corrections.item(0).text().endswith("person 3 is the same as person 1")
    choose(page, 1)
    menu = {action.objectName(): action for action in page.menu().actions()}
    assert menu["X"].isEnabled()
    menu["X"].trigger()
    assert numbers(page) == [1, 2, 3, 4]
    page.press("X")
    assert "was not put together" in tab.banner.text


def test_somebody_missed_is_added_with_a_note(
    page: PeoplePage, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, tab: ResultsTab, store: Store
) -> None:
    def answer(dialog: MissedDialog) -> bool:
        dialog._gender.setCurrentIndex(dialog._gender.findData(Gender.FEMALE))
        dialog._age.setCurrentIndex(4)
        dialog._note.setText("behind a group")
        return True

    monkeypatch.setattr(MissedDialog, "exec", answer)
    page.operator.setText("Ada")
    qtbot.keyClick(page.table, Qt.Key.Key_Plus)
    assert page.model.rowCount() == 5
    assert cells(page, 4)[0] == "by hand"
    assert cells(page, 4)[5] == "missed"
    assert page.corrections.item(0).text().endswith("added: appears female, 20–29, by Ada: behind a group")
    events = [e.event for e in session_of(tab, store).log.entries() if isinstance(e.event, Added)]
    assert [(e.gender, e.age_band, e.operator, e.note) for e in events] == [
        (Gender.FEMALE, "20-29", "Ada", "behind a group")
    ]


def test_an_age_is_chosen_from_the_menu(page: PeoplePage, tab: ResultsTab, store: Store) -> None:
    choose(page, 2, 4)
    ages = next(action.menu() for action in page.menu().actions() if action.menu() is not None)
    next(action for action in ages.actions() if action.objectName() == "age 3-9").trigger()  # type: ignore[union-attr]
    assert [_person(page, row).age_band for row in (1, 3)] == ["3-9", "3-9"]
    assert sorted(r.number for r in page.chosen()) == [2, 4], "the same people stay chosen"
    events = [e.event for e in session_of(tab, store).log.entries() if isinstance(e.event, Corrected)]
    assert {(e.what, e.old, e.new) for e in events} == {("age_band", "30-39", "3-9")}


def test_the_list_is_narrowed(page: PeoplePage) -> None:
    page.choice.setCurrentIndex(page.choice.findData("female"))
    assert numbers(page) == [1, 3]
    page.choice.setCurrentIndex(page.choice.findData("corrected"))
    assert numbers(page) == []
    page.choice.setCurrentIndex(page.choice.findData("everybody"))
    page.search.setText("appears male")
    assert numbers(page) == [2, 4]
    page.search.setText("3")
    assert numbers(page) == [3], "a number is somebody's number, not a part of an age"
    page.search.clear()
    choose(page, 4)
    page.press("Delete")
    page.choice.setCurrentIndex(page.choice.findData("not counted"))
    assert numbers(page) == [4]


def test_a_long_count_is_read_again_on_a_thread(
    tab: ResultsTab, page: PeoplePage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desktop_app.ui.results import people_page

    monkeypatch.setattr(people_page, "DIRECTLY_UP_TO", 0)
    choose(page, 1)
    page.press("M")
    settle(qtbot, tab)
    assert _person(page, 0).gender is Gender.MALE


def test_nothing_is_decided_without_anybody(page: PeoplePage) -> None:
    page.table.clearSelection()
    for key in ("F", "Delete", "S", "X", "menu"):
        page.press(key)
    assert not page.buttons["F"].isEnabled()
    assert page.corrections_title.text() == "Nothing was corrected by hand"
