"""One copy a day, seven of them, whatever the clock does."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from desktop_app.store import Store, StoreCopy, backups, database
from desktop_app.store.database import DamagedFileError
from desktop_app.store.files import StoreFiles
from desktop_app.store.rows import read_entries
from tests.patience import PATIENCE_S, eventually
from tests.store.conftest import OpenStore, copy_as_of
from tests.store.logs import LogMaker

TODAY = date(2026, 11, 26)


@pytest.fixture
def files(folder: Path) -> StoreFiles:
    return StoreFiles(folder)


@pytest.fixture
def log(store: Store) -> LogMaker:
    log = LogMaker()
    log.open()
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    return log


@pytest.fixture
def connection(files: StoreFiles, log: LogMaker) -> Iterator[sqlite3.Connection]:
    with database.reading(files.database) as connection:
        connection.execute("PRAGMA query_only=OFF")
        yield connection


def one_more(store: Store, log: LogMaker) -> None:
    store.append(log.person(float(log.seq)))
    assert store.flush(PATIENCE_S)


def names(files: StoreFiles) -> list[str]:
    return sorted(path.name for path in files.copies.iterdir())


def test_a_copy_holds_the_log_and_is_made_once_a_day(
    store: Store, log: LogMaker, files: StoreFiles, connection: sqlite3.Connection
) -> None:
    made = backups.make_if_due(files, connection, TODAY)
    assert made is not None
    with database.reading(made.path, unchanging=True) as copy:
        assert list(read_entries(copy, log.session, pytest.fail)) == log.entries
    assert backups.make_if_due(files, connection, TODAY) is None
    one_more(store, log)
    assert backups.make_if_due(files, connection, TODAY) is None, "once a day"
    assert backups.make_if_due(files, connection, TODAY + timedelta(days=1)) is not None
    assert backups.make_if_due(files, connection, TODAY + timedelta(days=2)) is None, "nothing is new"
    assert len(names(files)) == 2


def test_the_last_seven_are_kept(
    store: Store, log: LogMaker, files: StoreFiles, connection: sqlite3.Connection
) -> None:
    made: list[StoreCopy] = []
    for day in range(10):
        one_more(store, log)
        copy = backups.make_if_due(files, connection, TODAY + timedelta(days=day))
        assert copy is not None
        made.append(copy)
    assert [copy.path for copy in store.copies()] == [copy.path for copy in reversed(made[3:])]
    assert len(names(files)) == 7


def test_a_clock_that_was_years_ahead_does_not_cost_the_good_copies(
    store: Store, log: LogMaker, files: StoreFiles, connection: sqlite3.Connection
) -> None:
    one_more(store, log)
    backups.make_if_due(files, connection, date(2099, 1, 1))
    for day in range(8):
        one_more(store, log)
        assert backups.make_if_due(files, connection, TODAY + timedelta(days=day)) is not None
    assert "2099" not in " ".join(names(files)), "by what they hold it is the oldest"
    assert "2026-12-03" in store.copies()[0].path.name


def test_an_empty_store_is_not_copied(open_store: OpenStore, files: StoreFiles) -> None:
    open_store()
    with database.reading(files.database) as connection:
        assert backups.make_if_due(files, connection, TODAY) is None
    assert not files.copies.exists()


def test_a_copy_does_not_take_the_last_of_the_disk_from_the_count(
    files: StoreFiles, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(files.folder)
    monkeypatch.setattr(backups, "SPARE_BYTES", usage.total)
    assert backups.make_if_due(files, connection, TODAY) is None
    assert not files.copies.exists()
    monkeypatch.setattr(backups, "SPARE_BYTES", 0)
    assert backups.make_if_due(files, connection, TODAY) is not None


def test_a_copy_that_fails_leaves_the_earlier_ones_and_nothing_half_made(
    store: Store, log: LogMaker, files: StoreFiles, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    backups.make_if_due(files, connection, TODAY)
    before = names(files)
    one_more(store, log)
    monkeypatch.setattr(backups, "find_damage", lambda *_: "broken")
    with pytest.raises(DamagedFileError):
        backups.make_if_due(files, connection, TODAY + timedelta(days=1))
    assert names(files) == before
    monkeypatch.setattr(backups, "find_damage", lambda *_: None)  # the program was closed meanwhile
    assert backups.make_if_due(files, connection, TODAY + timedelta(days=1)) is None
    assert names(files) == before


def test_the_program_makes_the_copy_by_itself(
    open_store: OpenStore, files: StoreFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop_app.store.keeper.START_DELAY_S", 0.0)
    store = open_store()
    log = LogMaker()
    store.append([*log.open(), *log.people(3), *log.close()])
    assert eventually(lambda: len(store.copies()) == 1)


def test_what_a_crash_left_of_a_copy_is_removed(open_store: OpenStore, files: StoreFiles) -> None:
    open_store().close(PATIENCE_S)
    files.copies.mkdir(exist_ok=True)
    left = [files.copies / "counts-2026-01-01-000000000009.unfinished", files.copies / "x.unfinished-journal"]
    for path in (*left, files.rescued):
        path.write_bytes(b"a person")
    open_store()
    assert not [path for path in (*left, files.rescued) if path.exists()]


def test_a_deleted_file_that_was_being_written_again_is_taken_up_after_a_crash(
    open_store: OpenStore, files: StoreFiles
) -> None:
    log = LogMaker()
    log.open()
    log.people(2)
    store = open_store()
    store.append(log.entries)
    assert store.close(PATIENCE_S)
    files.database.rename(files.rescued)
    assert [info.people for info in open_store().sessions()] == [2]


def test_an_older_copy_does_not_bring_back_what_was_deleted_before_the_newest(
    open_store: OpenStore, files: StoreFiles
) -> None:
    log, other = LogMaker(), LogMaker(seq=1000)
    log.open("deleted by the user")
    log.people(2)
    store = open_store()
    store.append(log.entries)
    assert store.close(PATIENCE_S)
    copy_as_of("2026-01-01", log.seq, files)
    store = open_store()
    store.delete(log.session)
    store.append(other.open("goes on"))
    assert store.close(PATIENCE_S)
    copy_as_of("2026-01-02", other.seq, files)
    files.database.write_bytes(b"damaged")
    store = open_store()
    assert store.needs_copy
    assert store.restore_newest_copy() > 0
    assert store.restore_newest_copy() == 0, "nor when it is asked for again"
    assert [info.name for info in store.sessions()] == ["goes on"]
    assert store.deleted() == [], "nothing of it is left to bring back"


def test_writing_goes_on_while_a_copy_is_made(
    store: Store, log: LogMaker, files: StoreFiles, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_copy = backups.write_copy

    def copy_while_counting(source: sqlite3.Connection, path: Path) -> None:
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM entry").fetchone()  # the state that the copy will show
        one_more(store, log)
        source.execute("COMMIT")
        write_copy(source, path)

    monkeypatch.setattr(backups, "write_copy", copy_while_counting)
    assert backups.make_if_due(files, connection, TODAY) is not None
    assert list(store.entries(log.session)) == log.entries


def test_a_copy_that_brings_nothing_back_does_not_hide_an_older_one(
    store: Store, log: LogMaker, files: StoreFiles, connection: sqlite3.Connection, open_store: OpenStore
) -> None:
    """As after damage: the copy of the day may be one of the new file, in which the earlier counts are missing."""
    one_more(store, log)
    older = backups.make_if_due(files, connection, TODAY - timedelta(days=1))
    assert older is not None
    connection.close()
    assert store.close(PATIENCE_S)
    files.database.write_bytes(b"no database at all" * 1000)
    again = open_store()
    with database.reading(files.database) as empty:
        empty.execute("PRAGMA query_only=OFF")
        backups.make_if_due(files, empty, TODAY)
    assert len(again.copies()) >= 2
    assert again.restore_newest_copy() == len(log.entries)
    assert list(again.entries(log.session)) == log.entries
