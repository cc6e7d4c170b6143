"""The sessions of a database as a list shows them, with figures that need no reading of their entries."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from desktop_app.domain.types import Counts
from desktop_app.store.folds import SessionGroup, group_of
from desktop_app.store.summaries import VERSION

_COLUMNS = (
    *("id", "name", "place", "note", "opened_utc", "closed_utc", "last_utc"),
    *("people", "female", "male", "undecided"),
)
MOST_ENTRIES_FOR_A_LIST = 20_000
"""How many entries `sessions` may read to bring figures up to date; what would need more is shown as it was."""


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One session as a list shows it. Times in seconds since 1970 (UTC).

    `closed_utc` is None while it is open. `began_utc` is when the first door began to see: that of the recording, where
    it is one. `doors` are in the order in which they were first heard of. `joined` are the
    sessions whose entries belong to this count too, and the figures include them. `is_current` is False where the
    figures are those of up to a minute ago, because they are being worked out.
    """

    id: str
    name: str
    place: str
    note: str
    opened_utc: float
    closed_utc: float | None
    last_utc: float
    people: int
    female: int
    male: int
    undecided: int
    doors: tuple[str, ...]
    joined: tuple[str, ...] = ()
    entries: int = 0
    is_current: bool = True
    began_utc: float = 0.0

    @property
    def is_open(self) -> bool:
        return self.closed_utc is None


Row = tuple[Sequence[Any], SessionGroup]
"""What the database has of a session, and the session with those joined to it."""


def read_rows(connection: sqlite3.Connection, condition: str, values: Sequence[object]) -> list[Row]:
    """Return the sessions that a condition in SQL names, the newest first. Raises sqlite3.Error."""
    rows = connection.execute(
        "SELECT s.id, name, place, note, opened_utc, closed_utc, last_utc, joined, s.entries,"
        " m.entries, m.last_seq, people, female, male, undecided,"
        " (SELECT json_group_array(d.name) FROM"
        "   (SELECT name FROM door WHERE session = s.key AND name <> '' ORDER BY key) d),"
        # A door starts within the first few entries; a look through all of a long session would take seconds.
        " (SELECT json_extract(event, '$.began_utc') FROM"
        "   (SELECT kind, event FROM entry WHERE session = s.key ORDER BY seq LIMIT 20)"
        "   WHERE kind = 'door_started' AND json_valid(event) LIMIT 1)"
        f" FROM session s LEFT JOIN summary m ON m.session = s.key AND m.version = {VERSION}"
        f" WHERE {condition} AND is_purged = 0 AND s.entries > 0 ORDER BY first_seq DESC, s.key DESC",
        values,
    ).fetchall()
    return [(row, group_of(connection, row[0])) for row in rows]


def with_figures(
    rows: Sequence[Row], live: frozenset[str], counts_of: Callable[[str, bool, int], Counts | None]
) -> list[SessionInfo]:
    """Return the sessions with their figures, worked out anew where the stored ones are behind and that is quick.

    `live` are those to which entries are being added. `counts_of(session, goes_on, most_entries)` returns the current
    counts, None where that takes too long.
    """
    room, found = MOST_ENTRIES_FOR_A_LIST, []
    for row, group in rows:
        figures = tuple(figure or 0 for figure in row[11:15])
        is_current = (group.entries, group.last_seq) == (row[9], row[10])
        if not is_current:
            counts = counts_of(row[0], row[0] in live and row[5] is None, room)
            if counts is not None:
                is_current = True
                figures = (counts.people, counts.female, counts.male, counts.undecided)
                room -= 0 if row[0] in live else group.entries
        found.append(
            SessionInfo(
                **dict(zip(_COLUMNS, (*row[:7], *figures), strict=True)),
                doors=tuple(json.loads(row[15])),
                joined=group.ids[1:],
                entries=row[8],
                is_current=is_current,
                began_utc=row[16] if isinstance(row[16], float | int) else row[4],
            )
        )
    return found
