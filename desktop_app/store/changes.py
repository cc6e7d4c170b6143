"""What is changed in the database beside adding what is counted: deleting counts, and bringing them back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from desktop_app.domain.events import Entry
from desktop_app.errors import StoreError
from desktop_app.store import problems
from desktop_app.store.database import empty_wal, transaction
from desktop_app.store.folds import group_of
from desktop_app.store.rows import EntryTable, last_seq, write_meta


def delete(connection: sqlite3.Connection, session: str, now: float) -> bool:
    """Note that a session was deleted, and all that count in no other one. Raises StoreError for a part of another."""
    rows = connection.execute("SELECT id, name FROM session WHERE deleted_utc IS NULL AND is_purged = 0").fetchall()
    names = dict(rows)
    if session not in names:
        return False
    ids = group_of(connection, session).ids
    others = {other: group_of(connection, other).ids for other in names if other not in ids}
    for other, parts in others.items():
        if session in parts:
            raise StoreError(*problems.is_part_of(names[other]))
    goes = set(ids).difference(*others.values())
    with transaction(connection):
        connection.executemany(
            "UPDATE session SET deleted_utc = ? WHERE id = ? AND deleted_utc IS NULL", [(now, id_) for id_ in goes]
        )
    return True


def add_missing(connection: sqlite3.Connection, entries: Sequence[Entry]) -> int:
    """Add entries that are missing, but for those of deleted sessions; return how many. Raises sqlite3.Error."""
    with transaction(connection):
        return EntryTable(connection).insert(entries, into_deleted=False)


def erase(connection: sqlite3.Connection) -> None:
    """Remove every session from a file that cannot be removed itself. Raises sqlite3.Error."""
    reached = last_seq(connection)
    with transaction(connection):
        for table in ("summary", "entry", "door", "session"):
            connection.execute(f"DELETE FROM {table}")
        write_meta(connection, "seq_floor", str(reached))
    connection.execute("VACUUM")
    empty_wal(connection)
