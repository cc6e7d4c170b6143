"""What is changed in the database beside adding what is counted: deleting counts, and bringing them back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

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


class Removed(NamedTuple):
    """What was removed from a session: `deleted_utc` is None where it was not deleted as a whole."""

    session: str
    deleted_utc: float | None
    condensed_seq: int


def removed_in(connection: sqlite3.Connection) -> list[Removed]:
    """Return the sessions of a copy that were deleted or put together to numbers of intervals. Raises sqlite3.Error."""
    columns = {row[1] for row in connection.execute("PRAGMA table_info(session)")}
    condensed = "condensed_seq" if "condensed_seq" in columns else "0"
    rows = connection.execute(
        f"SELECT id, deleted_utc, {condensed} AS seq FROM session WHERE deleted_utc IS NOT NULL OR seq > 0"
    )
    return [Removed(*row) for row in rows]


def keep_removed(connection: sqlite3.Connection, removed: Iterable[Removed]) -> None:
    """Note what a copy says was removed, for an older copy still has it. Raises sqlite3.Error."""
    with transaction(connection):
        for session, deleted_utc, condensed_seq in removed:
            connection.execute(
                "INSERT INTO session (id, deleted_utc, is_purged) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
                (session, deleted_utc, int(deleted_utc is not None)),
            )
            connection.execute(
                "UPDATE session SET condensed_seq = max(condensed_seq, ?) WHERE id = ?", (condensed_seq, session)
            )


def erase(connection: sqlite3.Connection) -> None:
    """Remove every session from a file that cannot be removed itself. Raises sqlite3.Error."""
    reached = last_seq(connection)
    with transaction(connection):
        for table in ("summary", "entry", "door", "session"):
            connection.execute(f"DELETE FROM {table}")
        write_meta(connection, "seq_floor", str(reached))
    connection.execute("VACUUM")
    empty_wal(connection)
