"""Entries as rows of the database, and the row of their session that is worked out from them."""

from __future__ import annotations

import json
import logging
import math
import sqlite3
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from desktop_app.domain.about import about
from desktop_app.domain.event_codec import from_plain, kind_of, to_plain
from desktop_app.domain.events import Closed, Entry, Event, Joined, Opened, PersonEvent, Reopened, Undone
from desktop_app.domain.log_digest import LogEntry, SealedEntry, sealed_fields

log = logging.getLogger(__name__)

PAGE_ROWS = 2000
_SESSION_EVENTS = (Opened, Closed, Reopened, Joined, Undone)
_ABOUT_SESSION = "kind IN ('opened', 'closed', 'reopened', 'joined', 'undone')"
"""Written exactly as in the index `entry_about_session`, which SQLite would not use otherwise."""

_COLUMNS = "e.row, e.id, s.id, d.name, e.seq, e.utc, e.kind, e.event"
_ENTRIES = "entry e JOIN session s ON s.key = e.session JOIN door d ON d.key = e.door"
_OWN_COLUMNS = "row, id, session, door, seq, utc, kind, event"
"""`_COLUMNS` with the keys of the session and the door in place of their names; see `_Names`."""
_DECODE = json.JSONDecoder().decode
Row = Sequence[Any]
OnBadRow = Callable[[str], None]
"""Is told why a row could not be read; the reader goes on with the next."""


def event_to_json(event: Event) -> str:
    """Return the fields of an event as one line of ASCII JSON."""
    return json.dumps(to_plain(event), separators=(",", ":"))


def _id_to_value(entry_id: str) -> bytes | str:
    """Return a UUID as its 16 bytes, which halves the size of the file, and any other text as it is."""
    try:
        value = uuid.UUID(entry_id)
    except ValueError:
        return entry_id
    return value.bytes if str(value) == entry_id else entry_id


def _id_of(value: bytes | str) -> str:
    if not isinstance(value, bytes):
        return value
    if len(value) != 16:
        raise ValueError(f"an id of {len(value)} bytes is none")
    text = value.hex()  # `uuid.UUID` takes five times as long, and a long log has a million of these
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _storable(text: str) -> str:
    """Return a text without half surrogate pairs, which a file name can bring and UTF-8 does not have."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _entry_of(row: Row, values: Any) -> Entry:
    """Return the entry of a row of `_COLUMNS` with its event's JSON. Raises ValueError where it cannot be read."""
    _, entry_id, session, door, seq, utc, kind, _ = row
    if type(values) is not dict:
        raise ValueError(f"an event {kind!r} is not a JSON object")
    # SQLite has no checksums: a flipped bit can leave a row that reads well and says something absurd.
    numbers = [value for value in values.values() if type(value) is float]
    is_finite = math.isfinite(utc + sum(numbers)) or all(map(math.isfinite, (utc, *numbers)))
    if not is_finite or (values.get("age_years") or 0) < 0:
        raise ValueError(f"an event {kind!r} holds an impossible number")
    return Entry(_id_of(entry_id), session, door, seq, utc, from_plain(kind, values))


def _readable(rows: Sequence[Row], on_bad: OnBadRow) -> Iterator[Entry]:
    for _, entry in _readable_rows(rows, on_bad):
        yield entry


def _readable_rows(rows: Sequence[Row], on_bad: OnBadRow) -> Iterator[StoredEntry]:
    """Return the entries of rows of `_COLUMNS`. Each page of rows is decoded at once, which takes half the time."""
    try:
        found = _DECODE(f"[{','.join([row[7] for row in rows])}]")
    except (ValueError, TypeError, RecursionError):
        found = []
    is_whole = len(found) == len(rows)
    for i, row in enumerate(rows):
        try:
            yield StoredEntry(row[0], _entry_of(row, found[i] if is_whole else _DECODE(row[7])))
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            on_bad(str(error))


class StoredEntry(NamedTuple):
    """An entry and the number of its row."""

    row: int
    entry: Entry


class _Names(dict[int, str]):
    """Names by key, asked for when first needed: looking them up here takes half the time of a join."""

    def __init__(self, connection: sqlite3.Connection, query: str) -> None:
        super().__init__()
        self._connection, self._query = connection, query

    def __missing__(self, key: int) -> str:
        found = self._connection.execute(self._query, (key,)).fetchone()
        if found is None:  # only in a damaged file
            raise KeyError(key)
        self[key] = str(found[0])
        return self[key]


class _Namer:
    """Makes rows of `_COLUMNS` from rows of `_OWN_COLUMNS`."""

    def __init__(self, connection: sqlite3.Connection, on_bad: OnBadRow) -> None:
        self._sessions = _Names(connection, "SELECT id FROM session WHERE key = ?")
        self._doors = _Names(connection, "SELECT name FROM door WHERE key = ?")
        self._on_bad = on_bad

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        sessions, doors = self._sessions, self._doors
        try:
            return [(r, i, sessions[s], doors[d], q, u, k, e) for r, i, s, d, q, u, k, e in rows]
        except KeyError as error:
            if len(rows) > 1:
                return [named for row in rows for named in self((row,))]
            self._on_bad(f"an entry's session or door is missing: {error}")
            return []


# ---- reading


def read_entries(connection: sqlite3.Connection, session: str, on_bad: OnBadRow) -> Iterator[Entry]:
    """Return the entries of a session by sequence number. Raises sqlite3.Error."""
    for rows in _pages(connection, session, on_bad):
        yield from _readable(rows, on_bad)


def read_log(connection: sqlite3.Connection, session: str, on_bad: OnBadRow) -> Iterator[LogEntry]:
    """Return the entries of a session by sequence number, most of those on people sealed. Raises sqlite3.Error."""
    for rows in _pages(connection, session, on_bad):
        for row in rows:
            _, entry_id, session_id, door, seq, utc, kind, event = row
            fields = sealed_fields(kind, event) if math.isfinite(utc) else None
            if fields is not None and (type(entry_id) is str or len(entry_id) == 16):
                yield SealedEntry(_id_of(entry_id), session_id, door, seq, utc, kind, fields)
            else:
                yield from _readable((row,), on_bad)


def _pages(connection: sqlite3.Connection, session: str, on_bad: OnBadRow) -> Iterator[Sequence[Row]]:
    """Return the rows of a session by sequence number, a page at a time.

    So a slow reader does not keep SQLite from tidying its log of changes.
    """
    last: tuple[int, bytes | str] = (-(2**63), "")
    named = _Namer(connection, on_bad)
    while True:
        rows = connection.execute(
            f"SELECT {_OWN_COLUMNS} FROM entry WHERE session = (SELECT key FROM session WHERE id = ?)"
            " AND (seq, id) > (?, ?) ORDER BY seq, id LIMIT ?",
            (session, *last, PAGE_ROWS),
        ).fetchall()
        yield named(rows)
        if len(rows) < PAGE_ROWS:
            return
        last = (rows[-1][4], rows[-1][1])


def read_sorted(
    connection: sqlite3.Connection, sessions: Sequence[str], kinds: Sequence[str], order: str, on_bad: OnBadRow
) -> Iterator[StoredEntry]:
    """Return the entries of these kinds in an order that SQL names; SQLite sorts many of them on the disk.

    Keeps one query open until the end. Raises sqlite3.Error.
    """
    marks = (",".join("?" * len(sessions)), ",".join("?" * len(kinds)))
    rows = connection.execute(
        f"SELECT {_OWN_COLUMNS} FROM entry WHERE session IN (SELECT key FROM session WHERE id IN ({marks[0]}))"
        f" AND kind IN ({marks[1]}) ORDER BY {order}",
        (*sessions, *kinds),
    )
    named = _Namer(connection, on_bad)
    while page := rows.fetchmany(PAGE_ROWS):
        yield from _readable_rows(named(page), on_bad)


def read_new_entries(
    connection: sqlite3.Connection, after_row: int, sessions: Iterable[str], on_bad: OnBadRow
) -> tuple[list[Entry], int]:
    """Return the entries of these sessions that were written after a row, and the last row there is."""
    wanted = set(sessions)
    (last_row,) = connection.execute("SELECT ifnull(max(row), 0) FROM entry").fetchone()
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM {_ENTRIES} WHERE e.row > ? AND e.row <= ? ORDER BY e.row", (after_row, last_row)
    )
    return list(_readable([row for row in rows if row[2] in wanted], on_bad)), int(last_row)


def read_what_can_be_read(connection: sqlite3.Connection, on_bad: OnBadRow) -> Iterator[list[Entry]]:
    """Return every entry of a file that may be damaged, a page at a time, passing over what cannot be read.

    Sessions that were deleted are left out. Raises sqlite3.Error where not even the list of sessions can be read.
    """
    wanted = {id_ for (id_,) in connection.execute("SELECT id FROM session WHERE deleted_utc IS NULL")}
    try:
        (last_row,) = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entry'").fetchone() or (0,)
    except sqlite3.Error:
        (last_row,) = connection.execute("SELECT ifnull(max(row), 0) FROM entry").fetchone()
    row, size = 0, PAGE_ROWS
    while row < last_row:
        try:
            # `+` keeps the planner from reading in another order than that of the rows.
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM entry e CROSS JOIN session s ON s.key = +e.session"
                " CROSS JOIN door d ON d.key = +e.door WHERE e.row > ? AND e.row <= ? ORDER BY e.row",
                (row, row + size),
            ).fetchall()
        except sqlite3.DatabaseError as error:
            if size > 1:
                size = max(1, size // 8)
                continue
            on_bad(str(error))
            rows = []
        row += size
        size = min(PAGE_ROWS, size * 2)
        yield list(_readable([r for r in rows if r[2] in wanted], on_bad))


def last_seq(connection: sqlite3.Connection) -> int:
    """Return the highest sequence number that this file has seen, 0 if none. Raises sqlite3.Error."""
    (stored,) = connection.execute("SELECT ifnull(max(last_seq), 0) FROM session").fetchone()
    return max(int(stored), int(read_meta(connection, "seq_floor") or 0))


def read_meta(connection: sqlite3.Connection, name: str) -> str:
    """Return a value that concerns the whole file, "" if it has none. Raises sqlite3.Error."""
    found = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return str(found[0]) if found else ""


def write_meta(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Keep a value that concerns the whole file. Raises sqlite3.Error."""
    connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))


# ---- writing


class EntryTable:
    """Adds entries through one connection. Call `forget_keys` whenever a transaction was rolled back."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._session_keys: dict[str, int] = {}
        self._door_keys: dict[tuple[int, str], int] = {}

    def forget_keys(self) -> None:
        self._session_keys.clear()
        self._door_keys.clear()

    def insert(self, entries: Iterable[Entry], *, into_deleted: bool = True) -> int:
        """Add entries inside the caller's transaction and return how many are new; those stored before are left out.

        Without `into_deleted` the entries of deleted sessions are left out, too, and those on people that were put
        together to numbers of intervals. Raises sqlite3.Error, and ValueError,
        TypeError, KeyError or OverflowError for an entry that no database can hold.
        """
        by_session: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            by_session[entry.session].append(entry)
        added = 0
        for session, group in by_session.items():
            key = self._session_key(session)
            if not into_deleted:
                deleted_utc, condensed_seq = self._connection.execute(
                    "SELECT deleted_utc, condensed_seq FROM session WHERE key = ?", (key,)
                ).fetchone()
                if deleted_utc is not None:
                    continue
                group = [e for e in group if e.seq > condensed_seq or not isinstance(e.event, PersonEvent)]
                if not group:
                    continue
            rows = [self._row(key, entry) for entry in group]  # adds doors, so before the changes are counted
            before = self._connection.total_changes
            self._connection.executemany(
                "INSERT INTO entry (id, session, door, seq, utc, kind, event) VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (session, seq, id) DO NOTHING",
                rows,
            )
            new = self._connection.total_changes - before
            if new:
                self._update_session(key, group, new)
            added += new
        return added

    def _row(self, session_key: int, entry: Entry) -> tuple[object, ...]:
        return (
            _id_to_value(entry.id),
            session_key,
            self._door_key(session_key, entry.door),
            entry.seq,
            entry.utc,
            kind_of(entry.event),
            event_to_json(entry.event),
        )

    def _session_key(self, session: str) -> int:
        if session not in self._session_keys:
            self._connection.execute("INSERT INTO session (id) VALUES (?) ON CONFLICT (id) DO NOTHING", (session,))
            (key,) = self._connection.execute("SELECT key FROM session WHERE id = ?", (session,)).fetchone()
            self._session_keys[session] = key
        return self._session_keys[session]

    def _door_key(self, session_key: int, door: str) -> int:
        place = (session_key, door)
        if place not in self._door_keys:
            self._connection.execute("INSERT INTO door (session, name) VALUES (?, ?) ON CONFLICT DO NOTHING", place)
            (key,) = self._connection.execute("SELECT key FROM door WHERE session = ? AND name = ?", place).fetchone()
            self._door_keys[place] = key
        return self._door_keys[place]

    def _update_session(self, key: int, group: Sequence[Entry], new: int) -> None:
        first = min(group, key=lambda e: e.seq)
        last = max(group, key=lambda e: e.seq)
        # `entries` tells in SQLite's UPDATE the value before it: 0 means that these are the first.
        self._connection.execute(
            "UPDATE session SET entries = entries + :new,"
            " opened_utc = CASE WHEN entries = 0 OR :first < first_seq THEN :first_utc ELSE opened_utc END,"
            " first_seq = CASE WHEN entries = 0 THEN :first ELSE min(first_seq, :first) END,"
            " last_utc = CASE WHEN :last >= last_seq THEN :last_utc ELSE last_utc END,"
            " last_seq = max(last_seq, :last), is_purged = 0 WHERE key = :key",
            {
                "new": new,
                "first": first.seq,
                "first_utc": first.utc,
                "last": last.seq,
                "last_utc": last.utc,
                "key": key,
            },
        )
        if any(isinstance(entry.event, _SESSION_EVENTS) for entry in group):
            self._update_description(key)

    def _update_description(self, key: int) -> None:
        """Work out name, place, note, end and joined sessions from the entries about the session itself."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM {_ENTRIES} WHERE e.session = ? AND e.{_ABOUT_SESSION} ORDER BY e.seq, e.row",
            (key,),
        )
        found = about(_readable(rows.fetchall(), log.warning))
        self._connection.execute(
            "UPDATE session SET name = ?, place = ?, note = ?, closed_utc = ?, joined = ? WHERE key = ?",
            (*map(_storable, (found.name, found.place, found.note)), found.closed_utc, json.dumps(found.joined), key),
        )
