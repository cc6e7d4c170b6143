"""Nothing is lost by a normal act: closing, a start, a crash, a disk that refuses; and runs leave nothing behind."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from desktop_app.domain.events import Closed, Counted, DoorStarted, Opened
from desktop_app.domain.types import Gender
from desktop_app.engine.state import EngineState
from desktop_app.session.log import SequenceNumbers, SessionLog
from desktop_app.store import Store
from desktop_app.ui.sessions.kept_counts import KeptCounts, local_time
from desktop_app.ui.sessions.kept_dialog import KeptDialog
from desktop_app.ui.sessions.window_store import BesideStore, open_window_store
from desktop_app.ui.window.main_window import MainWindow
from tests.engine.fakes import ListSource
from tests.ui.conftest import WindowMaker
from tests.ui.fakes import FakeServices, FakeStore
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


def answer(box_texts: list[str], words: str) -> None:
    """Click a button of the message box as soon as it is there."""

    def click() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(20, click)
            return
        box_texts.append(box.text())
        next(b for b in box.buttons() if b.text().replace("&", "") == words).click()

    QTimer.singleShot(20, click)


@pytest.mark.allow_message_box
def test_closing_while_counting_asks_and_goes_on_or_stops(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot, store: FakeStore
) -> None:
    window = make_window(services)
    window.confirm_close = window.sessions.confirm_close
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: window.controller.counts.people >= 1, timeout=WAIT)
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
    window = make_window(services, store=None)
    window.confirm_close = window.sessions.confirm_close
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: window.controller.counts.people >= 1, timeout=WAIT)
    texts: list[str] = []
    answer(texts, "Stop and close")
    assert window.close()
    assert texts == ["Stop counting and close?"]


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


# --- kept counts ------------------------------------------------------------------------------------------------------


def opened_list(window: MainWindow, qtbot: QtBot) -> KeptDialog:
    window.sessions.show_kept()
    dialog = window.sessions.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: not dialog.busy, timeout=WAIT)
    return dialog


def test_the_list_shows_every_count_and_its_people(window: MainWindow, qtbot: QtBot, store: FakeStore) -> None:
    for source in ("short", "demo"):
        window.sources.open_source(source)
        wait_for(qtbot, window, EngineState.FINISHED)
    window.side.totals._show_before.click()
    dialog = opened_list(window, qtbot)
    qtbot.waitUntil(lambda: dialog.table.model() is not None and not dialog.busy, timeout=WAIT)
    assert [dialog.list.item(i).text().split("   ")[1].split("\n")[0] for i in range(dialog.list.count())] == [
        "12 people",
        "2 people",
    ]
    assert dialog.list.currentRow() == 1, "the one before is what was asked for"
    assert dialog.totals.text().startswith("short\n2 people: 2 appear female")
    model = dialog.table.model()
    assert model.rowCount() == 2
    assert [model.index(1, c).data() for c in (0, 2, 3)] == ["2", "appears female", "20–29"]
    dialog.list.setCurrentRow(0)
    qtbot.waitUntil(lambda: dialog.table.model().rowCount() == 12, timeout=WAIT)
    dialog.close()
    assert window.sessions.dialog is None


def test_a_joined_count_is_one_line(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: window.controller.counts.people >= 2, timeout=WAIT)
    window.actions_["reset"].trigger()
    qtbot.waitUntil(lambda: window.controller.counts.people >= 2, timeout=WAIT)
    window.actions_["undo"].trigger()
    window.controller.stop()
    qtbot.waitUntil(lambda: window.controller.manager.wait(0.0), timeout=WAIT)
    assert opened_list(window, qtbot).list.count() == 1


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
    assert controller.shut_down()


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
    assert store.flush()  # what a crash left is on the disk before the next start looks
    window = make_window(services, store=store)
    qtbot.waitUntil(lambda: "(3 people) was cut off" in window.banner.text, timeout=WAIT)
    button(window, "Keep it as it is").click()
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    dialog = opened_list(window, qtbot)
    assert dialog.list.count() == 2
    window.close()
    again, _ = open_window_store(lambda _sentence: None)
    assert again is not None
    assert again.unclosed() == []
    assert sorted(info.people for info in again.sessions()) == [2, 3]
    assert again.close(2.0)


def test_a_locked_file_is_told_while_counting_goes_on_and_nothing_is_lost(
    services: FakeServices, qtbot: QtBot, make_window: WindowMaker
) -> None:
    import sqlite3

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
    assert store.flush(10.0)
    assert [info.people for info in store.sessions()] == [people]


def test_the_counts_of_a_damaged_file_are_brought_back_with_a_click(
    services: FakeServices, qtbot: QtBot, make_window: WindowMaker
) -> None:
    from desktop_app.store.files import default_folder

    store, _ = open_window_store(lambda _sentence: None)
    assert isinstance(store, Store)
    cut_off(store, 3)
    assert store.flush()
    assert store.close()
    database = default_folder() / "counts.sqlite3"
    copies = default_folder() / "copies"
    copies.mkdir(exist_ok=True)
    (copies / "counts-2026-11-25-1700000000000000.sqlite3").write_bytes(database.read_bytes())
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
    window.actions_["delete_data"].trigger()
    assert "All data of this program is deleted" in window.banner.text
    assert window.controller.counts.people == 0
    assert window.side.totals.before == ""
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    window.close()
    left = [p for folder in (data_dir(), tmp_path / "tmp") if folder.exists() for p in folder.rglob("*") if p.is_file()]
    assert left == []


def test_beside_another_process_counts_are_kept_for_later(qtbot: QtBot) -> None:
    first, _ = open_window_store(lambda _sentence: None)
    second, words = open_window_store(lambda _sentence: None)
    assert first is not None
    assert isinstance(second, BesideStore)
    assert "Another Headcount is counting" in words
    cut_off(second, 2)
    assert second.close(2.0)
    assert first.close(2.0)
    third, _ = open_window_store(lambda _sentence: None)
    assert third is not None
    third.flush(5.0)
    assert [info.people for info in third.sessions()] == [2]
    assert third.close(2.0)


def test_a_newer_file_is_told_and_counting_works(qtbot: QtBot) -> None:
    import sqlite3

    from desktop_app.store.files import default_folder

    first, _ = open_window_store(lambda _sentence: None)
    assert first is not None
    first.close(2.0)
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
    qtbot.wait(300)
    gc.collect()
    # The present count and the one before it may be looked at; everything older is gone.
    assert sum(ref() is not None for ref in runs) <= 2
    assert sum(ref() is not None for ref in sessions) <= 2
    assert sum(ref() is not None for ref in results) <= 4
    assert len([t for t in threading.enumerate() if t.name.startswith("headcount")]) <= 1


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
    thread.join(5.0)
    assert second == [None]
    assert taken == [["a.mp4"]]
    first.release()
