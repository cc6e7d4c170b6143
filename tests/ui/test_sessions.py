"""Nothing is lost by a normal act: closing, a start, a crash, a disk that refuses; and runs leave nothing behind."""

from __future__ import annotations

import contextlib
import gc
import sqlite3
import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from desktop_app.domain.events import Closed, Counted, DoorStarted, Opened
from desktop_app.domain.types import Gender
from desktop_app.engine.state import EngineState
from desktop_app.session.log import SequenceNumbers, SessionLog
from desktop_app.store import Store
from desktop_app.ui.results.tab import ResultsTab
from desktop_app.ui.sessions.kept_counts import KeptCounts, local_time
from desktop_app.ui.sessions.window_store import BesideStore, open_window_store
from desktop_app.ui.sources.last_count import LastCount
from desktop_app.ui.window.main_window import MainWindow
from tests.engine.fakes import ListSource
from tests.patience import PATIENCE_S
from tests.ui.conftest import WindowMaker
from tests.ui.fakes import FakeInfo, FakeServices, FakeStore
from tests.ui.test_window import WAIT, button, wait_for

MORNING = 1_700_000_000.0


def cut_off(store: FakeStore | Store, people: int, session_id: str = "cut", begun: float = MORNING) -> None:
    """Leave a count in the store as a crash does: begun and never closed."""
    times = iter(range(1000))
    log = SessionLog(session_id, SequenceNumbers(0, lambda: begun + next(times)), [store], lambda: begun)
    log.append([Opened(0.0), DoorStarted(0.0, "camera:Fake", begun)], "main")
    log.append(
        [Counted(float(i), f"{session_id}.{i}", i + 1, float(i), Gender.MALE, 0.9) for i in range(people)], "main"
    )


# --- closing ----------------------------------------------------------------------------------------------------------


def answer(box_texts: list[str], words: str, text: Callable[[QMessageBox], str] = QMessageBox.text) -> None:
    """Click a button of the message box as soon as it is there."""

    def click() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(20, click)
            return
        box_texts.append(text(box))
        next(b for b in box.buttons() if b.text().replace("&", "") == words).click()

    QTimer.singleShot(20, click)


def counting(window: MainWindow, qtbot: QtBot) -> MainWindow:
    """The window, which asks before it closes, once it has counted somebody of a source without an end."""
    window.confirm_close = window.sessions.confirm_close
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: window.controller.counts.people >= 1, timeout=WAIT)
    return window


@pytest.mark.allow_message_box
def test_closing_while_counting_asks_and_goes_on_or_stops(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot, store: FakeStore
) -> None:
    window = counting(make_window(services), qtbot)
    texts: list[str] = []
    answer(texts, "Keep counting")
    assert not window.close()
    assert window.isVisible()
    assert window.controller.state is EngineState.RUNNING
    before = window.controller.counts.people
    qtbot.waitUntil(lambda: window.controller.counts.people > before, timeout=WAIT)
    answer(texts, "Stop and close")
    assert window.close()
    assert all(t.startswith("Stop and keep ") for t in texts)
    assert len(texts) == 2
    (kept,) = store.sessions()
    assert kept.people > before
    assert store.is_closed(kept.id)


@pytest.mark.allow_message_box
def test_closing_says_so_where_the_count_is_kept_nowhere(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window = counting(make_window(services, store=None), qtbot)
    texts: list[str] = []
    answer(texts, "Stop and close")
    assert window.close()
    assert texts == ["Stop counting and close?"]


@pytest.mark.allow_message_box
def test_the_system_ends_the_program_also_while_it_asks(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot, store: FakeStore
) -> None:
    window = counting(make_window(services), qtbot)

    def end_while_asking() -> None:
        if QApplication.activeModalWidget() is None:
            QTimer.singleShot(20, end_while_asking)
        else:
            window.close_unasked()  # as SIGTERM does

    end_while_asking()
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    (kept,) = store.sessions()
    assert store.is_closed(kept.id)


class RefusedStore(FakeStore):
    """Keeps entries as a store does whose disk takes nothing: they can be read back only after the next start."""

    def flush(self, timeout_s: float = 1.0) -> bool:
        return False

    def sessions(self) -> list[FakeInfo]:
        return []


@pytest.mark.allow_message_box
def test_what_the_disk_does_not_take_is_shown_and_is_not_said_to_be_in_results(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    window = make_window(services, store=RefusedStore())
    window.confirm_close = window.sessions.confirm_close
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    results = window.parts.results
    window.parts.show_tab("results")
    qtbot.waitUntil(lambda: not results.busy and results.session is window.controller.session, timeout=WAIT)
    assert listed(results) == [2]
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: window.controller.counts.people >= 1, timeout=WAIT)
    texts: list[str] = []
    answer(texts, "Stop and close", QMessageBox.informativeText)
    assert window.close()
    (said,) = texts
    assert "cannot be written" in said
    assert "Results" not in said


def test_closing_after_the_end_does_not_ask(make_window: WindowMaker, services: FakeServices, qtbot: QtBot) -> None:
    window = make_window(services)
    window.confirm_close = window.sessions.confirm_close
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    assert window.close()


# --- after a crash ----------------------------------------------------------------------------------------------------


def test_a_count_that_was_cut_off_is_gone_on_with(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot, store: FakeStore
) -> None:
    cut_off(store, 9)
    window = make_window(services)
    qtbot.waitUntil(lambda: bool(window.banner.text), timeout=WAIT)
    assert window.banner.text.startswith(f"The count of {local_time(MORNING)} (9 people) was cut off.")
    button(window, "Go on with it").click()
    qtbot.waitUntil(lambda: window.controller.counts.people == 9, timeout=WAIT)
    qtbot.waitUntil(lambda: window.side.totals.counts.people == 9, timeout=WAIT)
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    qtbot.waitUntil(lambda: window.controller.counts.people == 11, timeout=WAIT)
    assert [info.people for info in store.sessions()] == [11]
    qtbot.waitUntil(lambda: window.view.result.tracks[0].track_id == 11, timeout=WAIT)  # type: ignore[union-attr]
    assert store.is_closed("cut")


def test_going_on_with_an_earlier_count_while_one_runs_keeps_both(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot, store: FakeStore
) -> None:
    cut_off(store, 9)
    window = make_window(services)
    qtbot.waitUntil(lambda: bool(window.banner.text), timeout=WAIT)
    window.sources.open_source("camera:Fake")
    qtbot.waitUntil(lambda: window.controller.counts.people >= 2, timeout=WAIT)
    button(window, "Go on with it").click()
    qtbot.waitUntil(lambda: window.controller.counts.people >= 10, timeout=WAIT)
    assert window.controller.active
    window.controller.stop()
    qtbot.waitUntil(lambda: store.unclosed() == [], timeout=WAIT)
    assert len(store.sessions()) == 2
    assert sum(info.people for info in store.sessions()) >= 12


def test_a_count_that_was_cut_off_is_kept_as_it_is(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot, store: FakeStore
) -> None:
    cut_off(store, 2)
    cut_off(store, 0, "empty", MORNING + 5000)
    window = make_window(services)
    qtbot.waitUntil(lambda: bool(window.banner.text), timeout=WAIT)
    assert "(2 people) was cut off" in window.banner.text
    button(window, "Keep it as it is").click()
    qtbot.waitUntil(lambda: store.unclosed() == [], timeout=WAIT)
    assert window.banner.text == ""
    ends = [e for e in store.entries("cut") if isinstance(e.event, Closed)]
    # It ended when it was cut off, not when it was answered.
    assert [e.utc for e in ends] == [MORNING]


def test_an_offer_without_an_answer_is_made_again(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot, store: FakeStore
) -> None:
    cut_off(store, 2)
    window = make_window(services)
    qtbot.waitUntil(lambda: "cut off" in window.banner.text, timeout=WAIT)
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    window.banner.dismiss()
    assert "cut off" in window.banner.text
    window.close()
    again = make_window(services)
    qtbot.waitUntil(lambda: "cut off" in again.banner.text, timeout=WAIT)


def test_a_long_count_of_which_a_crash_left_no_figures_is_offered(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot, store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(store, 3)
    listed = store.unclosed
    monkeypatch.setattr(store, "unclosed", lambda: [replace(i, people=0, female=0, male=0) for i in listed()])
    window = make_window(services)
    qtbot.waitUntil(lambda: "(3 people) was cut off" in window.banner.text, timeout=WAIT)
    assert not store.is_closed("cut")


def test_a_count_that_comes_in_when_the_disk_answers_again_is_offered_then_and_once(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot, store: FakeStore
) -> None:
    window = make_window(services)
    window.sessions.problem("Another program holds the file of counts.")
    qtbot.waitUntil(lambda: "Another program" in window.banner.text, timeout=WAIT)
    cut_off(store, 4)
    for _ in range(2):
        window.sessions.problem("")
    qtbot.waitUntil(lambda: "(4 people) was cut off" in window.banner.text, timeout=WAIT)
    button(window, "Keep it as it is").click()
    qtbot.waitUntil(lambda: store.is_closed("cut"), timeout=WAIT)
    assert window.banner.text == ""


# --- kept counts ------------------------------------------------------------------------------------------------------


def opened_list(window: MainWindow, qtbot: QtBot) -> ResultsTab:
    window.sessions.show_kept()
    results = window.parts.results
    qtbot.waitUntil(lambda: not results.busy, timeout=WAIT)
    return results


def listed(results: ResultsTab) -> list[int]:
    return [count.people for count in results.list.counts.counts]


def test_the_list_shows_every_count_and_its_people(window: MainWindow, qtbot: QtBot, store: FakeStore) -> None:
    for source in ("short", "demo"):
        window.sources.open_source(source)
        wait_for(qtbot, window, EngineState.FINISHED)
    window.actions_["kept"].trigger()
    results = window.parts.results
    qtbot.waitUntil(lambda: not results.busy and results.session is not None, timeout=WAIT)
    assert listed(results) == [12, 2]
    assert results.list.chosen is not None
    assert results.list.chosen.people == 2, "the one before is what was asked for"
    assert results.header.people.text() == "2 people"
    model = results.people.model
    assert model.rowCount() == 2
    assert [model.index(1, c).data() for c in (0, 3, 4)] == ["2", "appears female", "20–29"]
    results.show_session("")
    qtbot.waitUntil(lambda: results.people.model.rowCount() == 12, timeout=WAIT)


def test_the_keyboard_alone_leads_from_a_finished_count_to_its_pdf(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window.sources.open_source("demo")
    wait_for(qtbot, window, EngineState.FINISHED)
    results = window.parts.results
    results.hand_on.saver.folder = tmp_path / "reports"
    window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not results.busy and results.chosen.read is not None, timeout=WAIT)
    assert results.list.hasFocus()
    qtbot.keyClick(results.list, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not results.busy and "Saved" in results.banner.text, timeout=WAIT)
    assert [path.suffix for path in (tmp_path / "reports").iterdir()] == [".pdf"]
    results.banner.dismiss()
    results.hand_on.ask_existing = lambda _path, _window: "replace"
    window.strip.name.setFocus()  # a name was typed just now: the key means the report all the same
    qtbot.keyClick(window.strip.name, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not results.busy and "Saved" in results.banner.text, timeout=WAIT)


def test_undo_is_that_of_the_tab_that_is_shown(window: MainWindow, qtbot: QtBot, store: FakeStore) -> None:
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    window.sources.open_source("demo")
    wait_for(qtbot, window, EngineState.FINISHED)
    results = opened_list(window, qtbot)
    qtbot.waitUntil(lambda: not results.busy and results.session is not None, timeout=WAIT)
    results.people.press("M")
    assert window.actions_["undo"].text() == "&Undo: male, person 1"
    window.parts.show_tab("count")
    assert not window.actions_["undo"].isEnabled(), "nothing was done to the count that is shown there"
    window.parts.show_tab("results")
    qtbot.waitUntil(lambda: not results.busy, timeout=WAIT)
    window.actions_["undo"].trigger()
    assert not window.actions_["undo"].isEnabled()
    window.actions_["redo"].trigger()
    assert window.actions_["undo"].text() == "&Undo: male, person 1"
    assert results.people.model.people[0].gender is Gender.MALE


def test_a_correction_of_the_count_under_way_is_seen_on_both_tabs(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: window.controller.counts.people >= 2, timeout=WAIT)
    results = opened_list(window, qtbot)
    qtbot.waitUntil(lambda: not results.busy and results.session is window.controller.session, timeout=WAIT)
    results.people.press("M")
    assert window.controller.counts.male == 1
    window.parts.show_tab("count")
    assert window.actions_["undo"].text() == "&Undo: male, person 1"


def test_a_joined_count_is_one_line(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: window.controller.counts.people >= 2, timeout=WAIT)
    window.actions_["reset"].trigger()
    qtbot.waitUntil(lambda: window.controller.counts.people >= 2, timeout=WAIT)
    window.actions_["undo"].trigger()
    window.controller.stop()
    qtbot.waitUntil(lambda: window.controller.manager.wait(0.0), timeout=WAIT)
    assert len(listed(opened_list(window, qtbot))) == 1


def test_without_a_store_the_list_is_that_of_this_program(services: FakeServices, qtbot: QtBot) -> None:
    from desktop_app.settings import Settings
    from desktop_app.ui.sessions.controller import Controller

    controller = Controller(services, Settings())
    kept = KeptCounts(controller.manager, None)
    for source in ("short", "demo"):
        controller.start(source)
        qtbot.waitUntil(lambda: controller.state is EngineState.FINISHED, timeout=WAIT)
    assert [k.people for k in kept.all()] == [12, 2]
    assert kept.cut_off() == []
    assert controller.shut_down(PATIENCE_S)


# --- the disk ---------------------------------------------------------------------------------------------------------


def test_a_problem_of_the_disk_is_shown_until_it_is_over(window: MainWindow, qtbot: QtBot) -> None:
    thread = threading.Thread(target=lambda: window.sessions.problem("The disk with the counts is full. Free some."))
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: window.banner.text.startswith("The disk with the counts is full."), timeout=WAIT)
    assert window.banner.kind == "warning"
    window.sessions.problem("")
    qtbot.waitUntil(lambda: window.banner.text == "", timeout=WAIT)


def test_the_real_store_keeps_a_count_of_the_window(
    services: FakeServices, qtbot: QtBot, make_window: WindowMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, problem = open_window_store(lambda _sentence: None)
    assert isinstance(store, Store)
    assert problem == ""
    cut_off(store, 3)
    assert store.flush(PATIENCE_S)  # what a crash left is on the disk before the next start looks
    window = make_window(services, store=store)
    qtbot.waitUntil(lambda: "(3 people) was cut off" in window.banner.text, timeout=WAIT)
    button(window, "Keep it as it is").click()
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    assert len(listed(opened_list(window, qtbot))) == 2
    window.close()
    again, _ = open_window_store(lambda _sentence: None)
    assert again is not None
    assert again.unclosed() == []
    assert sorted(info.people for info in again.sessions()) == [2, 3]
    assert again.close(PATIENCE_S)


def test_a_locked_file_is_told_while_counting_goes_on_and_nothing_is_lost(
    services: FakeServices, qtbot: QtBot, make_window: WindowMaker
) -> None:
    from desktop_app.store.files import default_folder

    told: list[str] = []
    store, _ = open_window_store(told.append)
    assert store is not None
    window = make_window(services, store=store)
    window.sources.open_source("camera:Fake")
    qtbot.waitUntil(lambda: window.controller.counts.people >= 1, timeout=WAIT)
    other = sqlite3.connect(default_folder() / "counts.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT)
    window.sessions.problem(told[-1])
    qtbot.waitUntil(lambda: "holds the file of counts" in window.banner.text, timeout=WAIT)
    people = window.controller.counts.people
    qtbot.waitUntil(lambda: window.controller.counts.people > people, timeout=WAIT)
    other.execute("ROLLBACK")
    other.close()
    qtbot.waitUntil(lambda: told[-1] == "", timeout=WAIT)
    window.controller.stop()
    qtbot.waitUntil(lambda: window.controller.manager.wait(0.0), timeout=WAIT)
    people = window.controller.counts.people
    assert store.flush(PATIENCE_S)
    assert [info.people for info in store.sessions()] == [people]


def test_the_counts_of_a_damaged_file_are_brought_back_with_a_click(
    services: FakeServices, qtbot: QtBot, make_window: WindowMaker
) -> None:
    from desktop_app.store.files import default_folder

    store, _ = open_window_store(lambda _sentence: None)
    assert isinstance(store, Store)
    cut_off(store, 3)
    assert store.flush(PATIENCE_S)
    assert store.close(PATIENCE_S)
    database = default_folder() / "counts.sqlite3"
    copies = default_folder() / "copies"
    copies.mkdir(exist_ok=True)
    copy = copies / "counts-2026-11-25-1700000000000000.sqlite3"
    with contextlib.closing(sqlite3.connect(database)) as whole, contextlib.closing(sqlite3.connect(copy)) as other:
        whole.backup(other)
    # A reader that closes late leaves the pages beside the file, from where they would all be read.
    for beside in (database.with_name(f"{database.name}-wal"), database.with_name(f"{database.name}-shm")):
        beside.unlink(missing_ok=True)
    database.write_bytes(b"no database at all" * 1000)
    store, problem = open_window_store(lambda _sentence: None)
    assert isinstance(store, Store)
    assert "set aside" in problem
    window = make_window(services, store=store)
    window.sessions.problem(problem)
    qtbot.waitUntil(lambda: "set aside" in window.banner.text, timeout=WAIT)
    button(window, "Bring the earlier counts back").click()
    qtbot.waitUntil(lambda: "earlier counts are back" in window.banner.text, timeout=WAIT)
    assert [info.people for info in store.sessions()] == [3]
    window.close()


def test_beside_counts_of_a_newer_version_it_is_said_that_nothing_is_kept(
    services: FakeServices, qtbot: QtBot, make_window: WindowMaker
) -> None:
    from desktop_app.store.files import default_folder

    store, _ = open_window_store(lambda _sentence: None)
    assert isinstance(store, Store)
    store.close()
    with contextlib.closing(sqlite3.connect(default_folder() / "counts.sqlite3")) as file:
        file.execute("PRAGMA user_version=999")
        file.commit()
    nothing, problem = open_window_store(lambda _sentence: None)
    assert nothing is None
    assert problem.endswith(
        "Install the newer version again. The file has not been changed. Until then no count is kept."
    )
    window = make_window(services, store=nothing)
    results = opened_list(window, qtbot)
    qtbot.waitUntil(lambda: not results.busy, timeout=WAIT)
    assert "until Headcount is closed, and not kept" in results.side.empty.text()


def test_deleting_all_data_leaves_no_count_behind(
    services: FakeServices, qtbot: QtBot, make_window: WindowMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from desktop_app.settings import data_dir
    from desktop_app.ui.window.about import DeleteDataDialog

    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(DeleteDataDialog, "exec", lambda _self: DeleteDataDialog.DialogCode.Accepted)
    store, _ = open_window_store(lambda _sentence: None)
    window = make_window(services, store=store)
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: window.controller.counts.people >= 2, timeout=WAIT)
    window.start_page.show_last(LastCount((("", "endless"),), "Fair", "", MORNING))
    window.actions_["delete_data"].trigger()
    assert "All data of this program is deleted" in window.banner.text
    assert window.controller.counts.people == 0
    assert window.side.totals.before == ""
    assert window.start_page._again.isHidden()
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    while "Finished" in window.banner.text:
        window.banner.dismiss()
    assert "Close Headcount before you count again" in window.banner.text  # nobody counts all day for nothing
    button(window, "Close Headcount").click()
    assert not window.isVisible()
    left = [p for folder in (data_dir(), tmp_path / "tmp") if folder.exists() for p in folder.rglob("*") if p.is_file()]
    assert left == []


def test_beside_another_process_counts_are_kept_for_later(qtbot: QtBot) -> None:
    first, _ = open_window_store(lambda _sentence: None)
    second, words = open_window_store(lambda _sentence: None)
    assert first is not None
    assert isinstance(second, BesideStore)
    assert "Another Headcount is counting" in words
    cut_off(second, 2)
    assert second.close(PATIENCE_S)
    assert first.close(PATIENCE_S)
    third, _ = open_window_store(lambda _sentence: None)
    assert third is not None
    assert third.flush(PATIENCE_S)
    assert [info.people for info in third.sessions()] == [2]
    assert third.close(PATIENCE_S)


def test_a_newer_file_is_told_and_counting_works(qtbot: QtBot) -> None:
    from desktop_app.store.files import default_folder

    first, _ = open_window_store(lambda _sentence: None)
    assert first is not None
    first.close(PATIENCE_S)
    with sqlite3.connect(default_folder() / "counts.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    store, words = open_window_store(lambda _sentence: None)
    assert store is None
    assert "newer" in words


# --- what runs leave behind -------------------------------------------------------------------------------------------


def test_fifty_runs_leave_neither_runs_nor_threads(window: MainWindow, services: FakeServices, qtbot: QtBot) -> None:
    services.sources["tiny"] = lambda: ListSource(6, 200.0)
    services.sources["bad"] = lambda: ListSource(6, 200.0, fail_at=3)
    window.sources.speed(0.0)
    runs: list[weakref.ref[object]] = []
    sessions: list[weakref.ref[object]] = []
    results: list[weakref.ref[object]] = []
    window.controller.listeners.append(lambda result: results.append(weakref.ref(result.frame.image_bgr)))
    for number in range(50):
        window.sources.open_source(("tiny", "endless", "bad")[number % 3])
        run, session = window.controller.run, window.controller.session
        assert run is not None
        if number % 3 == 1:
            qtbot.waitUntil(lambda: window.controller.stats.frames > 2, timeout=WAIT)
            window.controller.stop()
        qtbot.waitUntil(lambda: window.controller.state.is_final, timeout=WAIT)
        if number % 3 == 2:
            window.controller.retry()
            qtbot.waitUntil(lambda: window.controller.state.is_final, timeout=WAIT)
        runs.append(weakref.ref(run))
        sessions.append(weakref.ref(session))
        del run, session
    qtbot.waitUntil(lambda: window.controller.manager.wait(0.0), timeout=WAIT)
    window.sources.open_source("tiny")
    qtbot.waitUntil(lambda: window.controller.state.is_final, timeout=WAIT)
    window.controller.listeners.pop()
    services.listeners.clear()  # the fake remembers whom to tell of a lost connection

    def left() -> tuple[int, int, int, int]:
        gc.collect()
        threads = sum(t.name.startswith("headcount") for t in threading.enumerate())
        runs_, sessions_, results_ = (sum(ref() is not None for ref in refs) for refs in (runs, sessions, results))
        return runs_, sessions_, results_, threads

    # The present count and the one before it may be looked at; everything older is gone.
    qtbot.waitUntil(lambda: all(n <= most for n, most in zip(left(), (2, 2, 4, 1), strict=True)), timeout=WAIT)


def test_a_folder_that_cannot_be_made_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from desktop_app.ui.window import first_instance

    monkeypatch.setattr(first_instance, "hand_over", lambda *_: False)
    (tmp_path / "file").write_text("no folder")
    lock = first_instance.become_first([], tmp_path / "file" / "data")
    assert lock is not None
    lock.release()


def test_of_two_starts_at_the_same_moment_one_is_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from desktop_app.ui.window import first_instance

    listening = threading.Event()
    taken: list[list[str]] = []

    def hand_over(sources: list[str], _name: str | None) -> bool:
        if listening.is_set():
            taken.append(sources)
        return listening.is_set()

    monkeypatch.setattr(first_instance, "hand_over", hand_over)
    first = first_instance.become_first([], tmp_path)
    assert first is not None
    second: list[object] = []
    thread = threading.Thread(target=lambda: second.append(first_instance.become_first(["a.mp4"], tmp_path)))
    thread.start()
    thread.join(0.3)
    assert thread.is_alive(), "it must wait for the first one to listen"
    listening.set()
    thread.join(PATIENCE_S)
    assert second == [None]
    assert taken == [["a.mp4"]]
    first.release()
