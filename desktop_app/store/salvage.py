"""What can still be read of a database file that is damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop_app.domain.events import Entry
from desktop_app.store.backups import StoreCopy
from desktop_app.store.database import open_for_writing, reading
from desktop_app.store.rows import read_what_can_be_read


@contextmanager
def readable_copy(copy: StoreCopy) -> Iterator[sqlite3.Connection]:
    """Open a copy for reading. Raises sqlite3.Error, OSError or DamagedFileError."""
    if not copy.is_damaged_original:
        with reading(copy.path, unchanging=True) as connection:
            yield connection
        return
    # Its newest entries may still lie in the -wal file, which only a connection that may write takes into account.
    connection = open_for_writing(copy.path)
    try:
        yield connection
    finally:
        connection.close()


def readable_entries(database: Path, session_ids: frozenset[str]) -> list[Entry]:
    """Return the entries of some sessions, by sequence number, passing over what cannot be read.

    Raises sqlite3.Error, OSError or DamagedFileError where nothing can.
    """
    with reading(database) as connection:
        parts = read_what_can_be_read(connection, lambda _: None)
        return sorted((e for part in parts for e in part if e.session in session_ids), key=lambda e: (e.seq, e.id))
