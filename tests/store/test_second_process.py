"""A second process keeps its count beside the store that another one holds, and the next start takes it in."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from desktop_app.domain.events import Added, Opened
from desktop_app.session.log import SequenceNumbers, SessionLog
from desktop_app.store.second_process import SecondProcessStore
from desktop_app.store.store import Store


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_what_a_second_process_counts_is_taken_in_at_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "counts"
    first = Store.open(folder)
    second = SecondProcessStore(folder)
    log = SessionLog("beside", SequenceNumbers(), [second])
    log.append([Opened(0.0, "Fair"), Added(0.0, "hand.1")])
    assert second.close()
    assert first.close()
    again = Store.open(folder)
    try:
        deadline = time.monotonic() + 10
        while not (found := list(again.entries("beside"))) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert [type(e.event).__name__ for e in found] == ["Opened", "Added"]
    finally:
        again.close()


def test_a_folder_that_cannot_be_written_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    told: list[str] = []
    store = SecondProcessStore(tmp_path / "counts", told.append)
    log = SessionLog("beside", SequenceNumbers(), [store])
    log.append([Added(0.0, "hand.1")])
    log.append([Added(0.0, "hand.2")])
    assert not store.close()
    assert len(told) == 1
    assert "cannot be kept" in told[0]
