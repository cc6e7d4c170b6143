"""One SQLite file: opening it, bringing it up to date and looking whether it is sound."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path

from desktop_app.errors import StoreError
from desktop_app.store.files import create_private

APPLICATION_ID = 0x48434E54
"""Marks a database file as ours ("HCNT" in ASCII)."""

BUSY_TIMEOUT_S = 0.5
_READER_TIMEOUT_S = 5.0
"""A reader waits only while the file is being made, or put right after a crash; on a slow disk that takes a moment."""
_LARGEST_WAL_BYTES = 64_000_000
"""A daily copy of a large file makes the -wal file grow meanwhile; later it shrinks to this."""
_NUMBER_OF_TABLES = 6  # with SQLite's own sqlite_sequence
_STEPS_BETWEEN_QUESTIONS = 20_000


class DamagedFileError(Exception):
    """The file is no database, not one of ours, or not sound."""


class EmptyFileError(DamagedFileError):
    """The file holds nothing yet: another process is about to make it."""


class NewerFileError(StoreError):
    """A newer version of the program has written the file."""


@cache
def migrations() -> tuple[tuple[int, str], ...]:
    """Return (number, SQL) of every file in `migrations/`, in order. The number is the file's `user_version`."""
    folder = resources.files(__package__) / "migrations"
    found = [
        (int(match[1]), file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if (match := re.fullmatch(r"(\d{4})_\w+\.sql", file.name))
    ]
    found.sort()
    if [number for number, _ in found] != list(range(1, len(found) + 1)) or not found:
        raise RuntimeError(f"the migrations are incomplete: {[number for number, _ in found]}")
    return tuple(found)


def newest_version() -> int:
    """Return the `user_version` of the files that this program writes."""
    return migrations()[-1][0]


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open or make the database and bring it up to date.

    The connection is in autocommit mode and may be used by another thread than the one that opened it.
    Raises NewerFileError, DamagedFileError, sqlite3.Error or OSError.
    """
    create_private(path)
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        _check_identity(connection)
        # WAL lets readers work while we write; FULL makes a commit survive a power cut, which NORMAL would not.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA journal_size_limit={_LARGEST_WAL_BYTES}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")
        _migrate(connection)
    except sqlite3.Error as error:
        connection.close()
        if is_damage(error):
            raise DamagedFileError(str(error)) from error
        raise
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path, *, unchanging: bool = False) -> sqlite3.Connection:
    """Open the database for reading only. `unchanging` is for a file that nobody writes, such as a copy.

    Raises EmptyFileError, NewerFileError, DamagedFileError or sqlite3.Error.
    """
    connection = _connect_for_reading(path, unchanging)
    try:
        if not unchanging and _cannot_be_read_as_it_is(connection, path):
            # Where the folder is read-only and nothing waits in a -wal file, nobody can be writing.
            connection.close()
            connection = _connect_for_reading(path, unchanging=True)
        if _check_identity(connection) == 0:
            raise EmptyFileError("the file holds no counts yet")
        connection.execute("PRAGMA query_only=ON")
    except sqlite3.Error as error:
        connection.close()
        if is_damage(error):
            raise DamagedFileError(str(error)) from error
        raise
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_for_reading(path: Path, unchanging: bool) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=ro" + ("&immutable=1" if unchanging else "")
    return sqlite3.connect(address, uri=True, timeout=_READER_TIMEOUT_S, isolation_level=None, check_same_thread=False)


def _cannot_be_read_as_it_is(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether SQLite cannot make the files that it wants beside the database, and does not need them."""
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        wal = Path(f"{path}-wal")
        is_refused = error_code(error) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        return is_refused and path.exists() and not (wal.exists() and wal.stat().st_size)
    return False


@contextmanager
def reading(path: Path, *, unchanging: bool = False) -> Iterator[sqlite3.Connection]:
    """`open_for_reading` for the length of a block."""
    connection = open_for_reading(path, unchanging=unchanging)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all of the block or nothing. Raises sqlite3.Error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def empty_wal(connection: sqlite3.Connection) -> bool:
    """Write SQLite's log of changes into the file and empty it; return False where somebody reads just now."""
    (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy


def _check_identity(connection: sqlite3.Connection) -> int:
    """Return the file's version, 0 for an empty one."""
    # In one transaction: another process may be making the file, and half of it would look like a stranger's.
    connection.execute("BEGIN")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    if mark != APPLICATION_ID and (mark or version or tables):
        raise DamagedFileError("the file belongs to another program")
    if version == newest_version() and tables < _NUMBER_OF_TABLES:
        raise DamagedFileError("a table is missing")
    if version > newest_version():
        raise NewerFileError(
            "The stored counts were written by a newer version of Headcount, which this one cannot read.",
            "Install the newer version again. The file has not been changed.",
        )
    return int(version)


def _migrate(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number, sql in migrations():
        if number <= version:
            continue
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA application_id={APPLICATION_ID};"
                f"\nPRAGMA user_version={number};\nCOMMIT;"
            )
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def error_code(error: BaseException) -> int:
    """Return SQLite's primary result code of an error, 0 where it has none."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def is_damage(error: BaseException) -> bool:
    """Whether an error means that the file itself is not sound."""
    return isinstance(error, DamagedFileError) or error_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def find_damage(connection: sqlite3.Connection, should_stop: Callable[[], bool] = lambda: False) -> str | None:
    """Run SQLite's `quick_check`. Return "" for a sound file, what is wrong with another, None where it was stopped.

    `should_stop` is asked many times a second. Raises sqlite3.Error for anything but damage.
    """
    connection.set_progress_handler(lambda: int(should_stop()), _STEPS_BETWEEN_QUESTIONS)
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
    except sqlite3.Error as error:
        if error_code(error) == sqlite3.SQLITE_INTERRUPT:
            return None
        if is_damage(error):
            return str(error)
        raise
    finally:
        connection.set_progress_handler(None, 0)
    return "" if found == ["ok"] else "; ".join(found)
