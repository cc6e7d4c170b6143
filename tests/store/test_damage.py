"""A damaged file never stops the count, and what can be brought back can be brought back."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop_app.domain.events import Revised
from desktop_app.store import Store, StoreError, database, held_database
from desktop_app.store.database import APPLICATION_ID, newest_version
from tests.patience import PATIENCE_S, eventually
from tests.store.conftest import OpenStore
from tests.store.logs import LogMaker

Sql = Callable[[str], list[tuple[object, ...]]]


def stored_count(open_store: OpenStore, people: int = 300, *, with_copy: bool = False) -> LogMaker:
    """Return a log that lies in a closed store."""
    store = open_store()
    log = LogMaker()
    log.open()
    log.people(people)
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    if with_copy:
        assert store._keeper is not None
        store._keeper.copy()
        assert len(store.copies()) == 1
    assert store.close(PATIENCE_S)
    return log


def overwrite(path: Path, seed: int, pages: int = 3) -> None:
    """Put rubbish over some pages, as a failing disk does; never the first, which holds the table of contents."""
    size = 4096
    choose = random.Random(seed)
    with path.open("r+b") as file:
        number = path.stat().st_size // size
        for page in choose.sample(range(5, number), min(pages, number - 5)):
            file.seek(page * size)
            file.write(choose.randbytes(size))


@pytest.mark.parametrize("seed", range(6))
def test_a_file_with_damaged_pages_is_set_aside_and_the_copy_brings_all_back(
    open_store: OpenStore, folder: Path, problems: list[str], seed: int
) -> None:
    log = stored_count(open_store, with_copy=True)
    overwrite(folder / "counts.sqlite3", seed)
    store = open_store()
    assert "damaged" in store.problem
    assert "Restore the newest copy" in store.problem
    assert problems == [store.problem]
    assert store.sessions() == []
    assert store.last_seq() > log.seq
    later = LogMaker(seq=store.last_seq())
    later.open("after the damage")
    later.people(2)
    store.append(later.entries)
    assert store.flush(PATIENCE_S)
    copy, damaged = store.copies()
    assert not copy.is_damaged_original
    assert damaged.is_damaged_original
    progress: list[int] = []
    assert store.restore_copy(copy, progress.append) == len(log.entries)
    assert progress[-1] == len(log.entries)
    assert list(store.entries(log.session)) == log.entries
    assert [info.name for info in store.sessions()] == ["after the damage", "Fair"]
    assert store.problem == ""
    assert store.restore_copy(copy) == 0, "a second time changes nothing"


def test_what_is_legible_of_a_damaged_file_can_be_brought_back(open_store: OpenStore, folder: Path) -> None:
    log = stored_count(open_store)
    overwrite(folder / "counts.sqlite3", 1)
    store = open_store()
    assert "There is no copy" in store.problem
    (damaged,) = store.copies()
    restored = store.restore_copy(damaged)
    found = list(store.entries(log.session))
    assert restored == len(found)
    assert set(found) <= set(log.entries)
    assert len(found) > 0.5 * len(log.entries)


@pytest.mark.parametrize(
    "content", [b"", b"x" * 600, b"no database at all" * 1000, b"SQLite format 3\0" + bytes(4000)], ids=len
)
def test_a_file_that_is_no_database(open_store: OpenStore, folder: Path, content: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / "counts.sqlite3").write_bytes(content)
    store = open_store()
    log = LogMaker()
    store.append(log.open())
    assert store.flush(PATIENCE_S)
    assert [info.id for info in store.sessions()] == [log.session]
    aside = list(folder.glob("counts.damaged-*.sqlite3"))
    assert [path.read_bytes() for path in aside] == ([content] if content else [])


def test_a_file_of_another_program_is_not_written_to(open_store: OpenStore, folder: Path) -> None:
    folder.mkdir(parents=True)
    other = sqlite3.connect(folder / "counts.sqlite3")
    other.execute("CREATE TABLE photos (name TEXT)")
    other.commit()
    other.close()
    before = (folder / "counts.sqlite3").read_bytes()
    store = open_store()
    assert "set aside" in store.problem
    (aside,) = folder.glob("counts.damaged-*.sqlite3")
    assert aside.read_bytes() == before
    with pytest.raises(StoreError, match="cannot be read"):
        store.restore_copy(store.copies()[0])


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_of_a_newer_version_is_refused_and_not_changed(
    open_store: OpenStore, folder: Path, sql: Sql, read_only: bool
) -> None:
    stored_count(open_store, 3)
    sql(f"PRAGMA user_version={newest_version() + 1}")
    before = (folder / "counts.sqlite3").read_bytes()
    with pytest.raises(StoreError, match="newer version of Headcount") as caught:
        open_store(read_only=read_only)
    assert "Install the newer version" in caught.value.remedy
    assert (folder / "counts.sqlite3").read_bytes() == before
    sql(f"PRAGMA user_version={newest_version()}")
    assert len(open_store().sessions()) == 1, "the lock was given back"


def test_the_file_says_what_it_is(open_store: OpenStore, sql: Sql) -> None:
    stored_count(open_store, 1)
    assert sql("PRAGMA application_id") == [(APPLICATION_ID,)]
    assert sql("PRAGMA user_version") == [(newest_version(),)]
    assert sql("PRAGMA journal_mode") == [("wal",)]


def test_entries_that_cannot_be_read_are_left_out_and_told(
    open_store: OpenStore, sql: Sql, problems: list[str]
) -> None:
    log = stored_count(open_store, 3)
    assert isinstance(log.entries[8].event, Revised)
    broken = {
        4: "kind = 'eaten by a bear'",
        6: "event = '{\"time_s\":'",
        8: "event = '[]'",
        9: "event = replace(event, '34.5', '-34.5')",
        10: "event = '" + "[" * 100_000 + "'",
        11: "event = '{\"time_s\":1" + "0" * 400 + "}'",
    }  # fmt: skip
    for seq, change in broken.items():
        sql(f"UPDATE entry SET {change} WHERE seq = {seq}")
    store = open_store()
    found = list(store.entries(log.session))
    assert [e.seq for e in found] == [e.seq for e in log.entries if e.seq not in broken]
    assert f"{len(broken)} stored entries could not be read" in store.problem
    assert problems == [store.problem]
    assert store.totals(log.session).counts.people >= 1
    assert store.sessions()[0].entries == len(log.entries)
    list(store.entries(log.session))
    assert len(problems) == 1, "told once"


def test_damage_that_a_check_finds_while_counting_goes_on(
    store: Store, folder: Path, problems: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogMaker()
    log.open()
    log.people(300)
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    assert store._keeper is not None
    with monkeypatch.context() as patch:
        patch.setattr("desktop_app.store.keeper.find_damage", lambda *_: "row 7 missing from index")
        patch.setattr("desktop_app.store.keeper.CHECK_AT_OPENING_BYTES", 0)
        store._keeper.check()
    assert eventually(lambda: "set aside" in store.problem)
    later = LogMaker(log.session, seq=store.last_seq())
    store.append(later.people(2))
    assert store.flush(PATIENCE_S)
    assert list(store.entries(log.session)) == later.entries
    (damaged,) = store.copies()
    assert store.restore_copy(damaged) == len(log.entries)
    assert list(store.entries(log.session)) == [*log.entries, *later.entries]
    assert store.sessions()[0].people == 302
    assert store.problem == problems[-1] == ""


def test_a_large_file_is_checked_in_the_background(
    open_store: OpenStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_database, "CHECK_AT_OPENING_BYTES", 0)
    monkeypatch.setattr("desktop_app.store.keeper.CHECK_AT_OPENING_BYTES", 0)
    stored_count(open_store)
    overwrite(folder / "counts.sqlite3", 2, pages=20)
    store = open_store()
    assert store._keeper is not None
    if not store.problem:
        store._keeper.check()
    assert eventually(lambda: "set aside" in store.problem)


def test_a_check_can_be_given_up(open_store: OpenStore, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored_count(open_store)
    monkeypatch.setattr(database, "_STEPS_BETWEEN_QUESTIONS", 10)
    with database.reading(folder / "counts.sqlite3") as connection:
        assert database.find_damage(connection, lambda: True) is None
        assert database.find_damage(connection) == ""


def test_the_migrations_are_numbered_without_a_gap() -> None:
    assert [number for number, _ in database.migrations()] == list(range(1, newest_version() + 1))


def test_a_start_that_was_cut_off_in_its_first_transaction_begins_anew(open_store: OpenStore, folder: Path) -> None:
    folder.mkdir(parents=True)
    connection = sqlite3.connect(folder / "counts.sqlite3")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    assert os.path.getsize(folder / "counts.sqlite3") > 0  # noqa: PTH202
    store = open_store()
    assert store.problem == ""
    log = LogMaker()
    store.append(log.open())
    assert store.flush(PATIENCE_S)


def test_restoring_can_be_stopped_and_deleted_sessions_stay_deleted(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop_app.store.rows.PAGE_ROWS", 50)
    log = stored_count(open_store, 50, with_copy=True)
    store = open_store()
    (copy,) = store.copies()
    store.delete(log.session)
    assert store.restore_copy(copy) == 0
    assert store.sessions() == []
    store._written.run(lambda c: c.execute("DELETE FROM session").rowcount)
    assert store._writer is not None
    calls: list[int] = []
    part = store.restore_copy(copy, calls.append, lambda: len(calls) >= 2)
    assert 0 < part < len(log.entries)
    assert store.restore_copy(copy) == len(log.entries) - part
    assert list(store.entries(log.session)) == log.entries


def test_a_file_that_lacks_a_table_is_damaged(open_store: OpenStore, sql: Sql) -> None:
    stored_count(open_store, 1)
    sql("DROP TABLE summary")
    assert "set aside" in open_store().problem
