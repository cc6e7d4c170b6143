"""A second process keeps its count beside the store that another one holds, and the next start takes it in."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from desktop_app.domain.events import Added, Opened
from desktop_app.session.log import SequenceNumbers, SessionLog
from desktop_app.store import database
from desktop_app.store.second_process import SecondProcessStore
from desktop_app.store.store import Store
from tests.patience import PATIENCE_S, eventually


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_what_a_second_process_counts_is_taken_in_at_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "counts"
    first = Store.open(folder)
    second = SecondProcessStore(folder)
    log = SessionLog("beside", SequenceNumbers(), [second])
    log.append([Opened(0.0, "Fair"), Added(0.0, "hand.1")])
    assert second.close(PATIENCE_S)
    assert first.close(PATIENCE_S)
    again = Store.open(folder)
    try:
        assert eventually(lambda: len(list(again.entries("beside"))) == 2)
        assert [type(e.event).__name__ for e in again.entries("beside")] == ["Opened", "Added"]
    finally:
        again.close()


def test_a_second_process_says_when_its_entries_are_in_the_file(tmp_path: Path) -> None:
    store = SecondProcessStore(tmp_path / "counts")
    try:
        assert store.flush(PATIENCE_S), "nothing waits"
        SessionLog("beside", SequenceNumbers(), [store]).append([Opened(0.0, "Fair"), Added(0.0, "hand.1")])
        assert store.flush(PATIENCE_S)
        assert store._written == 2
    finally:
        assert store.close(PATIENCE_S)


def test_a_folder_that_cannot_be_written_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    told: list[str] = []
    store = SecondProcessStore(tmp_path / "counts", told.append)
    log = SessionLog("beside", SequenceNumbers(), [store])
    log.append([Added(0.0, "hand.1")])
    log.append([Added(0.0, "hand.2")])
    assert not store.flush(20.0)
    assert not store.close()
    assert len(told) == 1
    assert "cannot be kept" in told[0]


def test_a_file_that_is_made_while_it_is_opened_is_empty_and_not_damaged(tmp_path: Path) -> None:
    path = tmp_path / "counts.sqlite3"
    reader = sqlite3.connect(path, timeout=0.1, isolation_level=None)
    reader.execute("PRAGMA schema_version").fetchone()

    def make_the_file(statement: str) -> None:
        if "sqlite_master" in statement:
            with contextlib.suppress(sqlite3.OperationalError):  # it has to wait for the reader, as it should
                database.open_for_writing(path).close()

    reader.set_trace_callback(make_the_file)
    assert database._check_identity(reader) == 0
    reader.close()
