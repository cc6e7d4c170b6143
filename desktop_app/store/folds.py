"""Works the summaries out and keeps them: those of the counts that go on are continued instead of begun anew."""

from __future__ import annotations

import heapq
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from desktop_app.domain.events import Entry
from desktop_app.domain.log_digest import LogEntry
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Counts
from desktop_app.store import summaries
from desktop_app.store.database import reading, transaction
from desktop_app.store.rows import OnBadRow, read_entries, read_log, read_new_entries
from desktop_app.store.summaries import SessionSummary, summary_of

_PART = 1000
_PAUSE_S = 0.02
E = TypeVar("E", Entry, LogEntry)
OnBadEntries = Callable[[str, int], None]
"""Is told a session and how many of its entries could not be read."""


class StoppedError(Exception):
    """The program is closing; the work is done again another time."""


@dataclass(frozen=True, slots=True)
class SessionGroup:
    """A session with those joined to it: their ids, how many entries they have and the highest sequence number."""

    ids: tuple[str, ...]
    entries: int
    last_seq: int


@dataclass(slots=True)
class _Fold:
    totals: Totals
    ids: tuple[str, ...]
    row: int


def group_of(connection: sqlite3.Connection, session: str) -> SessionGroup:
    """Return a session and all that were joined to it, or to one of these. Raises sqlite3.Error."""
    ids: list[str] = [session]
    entries = last_seq = 0
    for current in ids:  # grows on the way
        row = connection.execute("SELECT entries, last_seq, joined FROM session WHERE id = ?", (current,)).fetchone()
        if row is not None:
            entries, last_seq = entries + row[0], max(last_seq, row[1])
            ids += [other for other in dict.fromkeys(_texts(row[2])) if other not in ids]
    return SessionGroup(tuple(ids), entries, last_seq)


def _texts(text: str) -> list[str]:
    """Return a JSON list of texts, an empty one where a damaged file holds anything else."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def read_group(connection: sqlite3.Connection, ids: Iterable[str], on_bad: OnBadEntries) -> Iterator[Entry]:
    """Return the entries of several sessions by sequence number. Raises sqlite3.Error."""
    return _by_seq(ids, lambda session, on_bad_row: read_entries(connection, session, on_bad_row), on_bad)


def read_group_log(connection: sqlite3.Connection, ids: Iterable[str], on_bad: OnBadEntries) -> Iterator[LogEntry]:
    """`read_group` with most entries on people sealed. Raises sqlite3.Error."""
    return _by_seq(ids, lambda session, on_bad_row: read_log(connection, session, on_bad_row), on_bad)


def _by_seq(ids: Iterable[str], read: Callable[[str, OnBadRow], Iterator[E]], on_bad: OnBadEntries) -> Iterator[E]:
    def of_one(session: str) -> Iterator[E]:
        bad: list[str] = []
        yield from read(session, bad.append)
        on_bad(session, len(bad))

    return heapq.merge(*map(of_one, ids), key=lambda entry: entry.seq)


class Folds:
    """Summaries of a database. All methods are thread-safe, and raise sqlite3.Error or a DamagedFileError."""

    def __init__(
        self,
        database: Path,
        on_bad: OnBadEntries,
        keep: Callable[[Callable[[sqlite3.Connection], None]], object] | None = None,
    ) -> None:
        """`keep` is given the change that stores a summary; without it none is stored."""
        self._database = database
        self._on_bad = on_bad
        self._keep = keep
        self._lock = threading.Lock()
        self._folds: dict[str, _Fold] = {}
        self._stop = threading.Event()

    def stop(self) -> None:
        """Make whatever is worked out now raise StoppedError soon."""
        self._stop.set()

    def forget(self) -> None:
        """Begin every count anew the next time: entries were brought back or deleted."""
        with self._lock:
            self._folds.clear()

    def stored(self, session: str) -> SessionSummary | None:
        """Return the stored summary, which may be behind, None where there is none of these sessions that this version
        reads."""
        with reading(self._database) as connection:
            return self._stored(connection, session, group_of(connection, session))

    def summary(self, session: str, *, goes_on: bool = False, patiently: bool = False) -> SessionSummary:
        """Return the current summary; work it out and store it where the stored one is behind.

        With `goes_on` the fold stays in memory, so that the next call only reads what is new. `patiently` is for work
        that nobody waits for: it leaves time to the other threads.
        """
        with reading(self._database) as connection:
            # Not in one transaction: a long one would keep SQLite from tidying its log of changes. What is written
            # while we read makes the summary newer than it says, and so it is worked out again.
            group = group_of(connection, session)
            stored = self._stored(connection, session, group)
            if stored is not None and stored.is_current:
                return stored
            # Somebody who waits does not wait for the one who has time: they work it out beside them.
            if self._lock.acquire(timeout=-1 if patiently else 0.2):
                try:
                    totals = self._totals(connection, session, group, goes_on, patiently)
                    summary = summary_of(session, totals, group.entries, group.last_seq, group.ids[1:])
                finally:
                    self._lock.release()
            else:
                totals = self._fold(connection, group, patiently).totals
                summary = summary_of(session, totals, group.entries, group.last_seq, group.ids[1:])
        if self._keep is not None:
            self._keep(lambda writing: _write(writing, summary))
        return summary

    def forget_session(self, session: str) -> None:
        """Free the memory of a count that no longer goes on."""
        with self._lock:
            self._folds.pop(session, None)

    def counts(self, session: str, *, goes_on: bool, most_new: int, timeout_s: float = 0.5) -> Counts | None:
        """Return the current counts, None where that needs more than `most_new` entries or another is busy with it."""
        if not self._lock.acquire(timeout=timeout_s):
            return None
        try:
            with reading(self._database) as connection:
                group = group_of(connection, session)
                if self._fold_of(session, group) is None and group.entries > most_new:
                    return None
                return self._totals(connection, session, group, goes_on, patiently=False).counts()
        finally:
            self._lock.release()

    def _fold_of(self, session: str, group: SessionGroup) -> _Fold | None:
        fold = self._folds.get(session)
        return fold if fold is not None and fold.ids == group.ids else None

    def _totals(
        self, connection: sqlite3.Connection, session: str, group: SessionGroup, goes_on: bool, patiently: bool
    ) -> Totals:
        """Return the totals of what the connection sees. The lock is held."""
        fold = self._fold_of(session, group)
        if fold is None:
            fold = self._fold(connection, group, patiently)
        else:
            bad: list[str] = []
            new, fold.row = read_new_entries(connection, fold.row, group.ids, bad.append)
            fold.totals.apply_all(new)
            if bad:
                self._on_bad(session, len(bad))
        if goes_on:
            self._folds[session] = fold
        else:
            self._folds.pop(session, None)
        return fold.totals

    def _fold(self, connection: sqlite3.Connection, group: SessionGroup, patiently: bool) -> _Fold:
        (row,) = connection.execute("SELECT ifnull(max(row), 0) FROM entry").fetchone()
        fold = _Fold(Totals(), group.ids, row)
        entries = read_group(connection, group.ids, self._on_bad)
        # A part at a time, so that it can be stopped and others get their turn at Python's lock.
        while part := list(islice(entries, _PART)):
            fold.totals.apply_all(part)
            if self._stop.wait(_PAUSE_S if patiently else 0.0):
                raise StoppedError
        return fold

    @staticmethod
    def _stored(connection: sqlite3.Connection, session: str, group: SessionGroup) -> SessionSummary | None:
        row = connection.execute(
            "SELECT summary FROM summary JOIN session ON key = session WHERE id = ? AND version = ?",
            (session, summaries.VERSION),
        ).fetchone()
        if row is None:
            return None
        try:
            summary = summaries.from_json(row[0])
        except ValueError:
            return None
        if summary.parts != group.ids[1:]:  # not behind: of another count, joined or parted since
            return None
        is_current = (summary.entries, summary.last_seq) == (group.entries, group.last_seq)
        return replace(summary, is_current=is_current)


def _write(connection: sqlite3.Connection, summary: SessionSummary) -> None:
    counts = summary.counts
    with transaction(connection):
        connection.execute(
            "INSERT OR REPLACE INTO summary"
            " (session, version, entries, last_seq, people, female, male, undecided, summary)"
            " SELECT key, ?, ?, ?, ?, ?, ?, ?, ? FROM session WHERE id = ? AND is_purged = 0",
            (
                summaries.VERSION,
                summary.entries,
                summary.last_seq,
                counts.people,
                counts.female,
                counts.male,
                counts.undecided,
                summaries.to_json(summary),
                summary.session,
            ),
        )
