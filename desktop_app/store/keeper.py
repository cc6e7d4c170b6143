"""The thread that looks after the database while others write it: soundness, daily copies, summaries, deleted sessions.

It reads on connections of its own and pauses often, so nothing of this holds up the count. It has no lower priority: a
thread that waits for the processor while it holds Python's lock would hold up all others.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import date

from desktop_app.errors import StoreError
from desktop_app.store import backups, retention, summaries
from desktop_app.store.database import DamagedFileError, empty_wal, find_damage, is_damage, reading, transaction
from desktop_app.store.files import StoreFiles
from desktop_app.store.folds import Folds, StoppedError, group_of
from desktop_app.store.held_database import CHECK_AT_OPENING_BYTES
from desktop_app.store.rows import read_meta, write_meta
from desktop_app.store.writer import Writer

log = logging.getLogger(__name__)

START_DELAY_S = 3.0
"""The start of the program has the disk for itself first."""
ROUND_S = 60.0
PURGE_AFTER_S = 7 * 86_400.0
LONGEST_CHECK_S = 120.0
_PURGE_ROWS = 5000


class Keeper:
    """Call `start`, then `wake` when a session was closed, then `stop` and `join`."""

    def __init__(self, files: StoreFiles, writer: Writer, folds: Folds, live: Callable[[], frozenset[str]]) -> None:
        """`live` tells which sessions this process adds entries to."""
        self._files = files
        self._writer = writer
        self._folds = folds
        self._live = live
        self._keep_days = 0
        self._condensed_on: date | None = None
        self._has_removed = False
        """Whether what was removed may still be read in SQLite's log of changes."""
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._reading: sqlite3.Connection | None = None
        self._reading_lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="store-keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Have the summaries brought up to date now."""
        self._wake.set()

    def keep_people(self, days: int) -> None:
        """Put the rows of people together that are older than so many days, now and every day; 0 keeps all."""
        self._keep_days, self._condensed_on = days, None
        self._wake.set()

    def stop(self) -> None:
        """Have the thread end soon; a check or copy that is under way is given up. Idempotent."""
        self._stopping.set()
        self._folds.stop()
        self._wake.set()
        with self._reading_lock:
            if self._reading is not None:
                self._reading.interrupt()

    def join(self, timeout_s: float) -> None:
        """Wait until the thread has ended."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        self._wake.wait(START_DELAY_S)
        self._do(self.check)
        while not self._stopping.is_set():
            self._wake.clear()
            self._writer.look_for_leftovers()
            if self._condensed_on != date.today():
                self._condensed_on = date.today()
                self._do(self.remove_old)
            if self._has_removed:
                self._do(self.empty_wal)
            self._do(self.copy)
            began = time.thread_time()
            self._do(self.summarise)
            # A count of 200,000 people takes longer to sum up than one of 200: never more than a fiftieth of the time.
            self._wake.wait(max(ROUND_S, 50 * (time.thread_time() - began)))

    def _do(self, work: Callable[[], None]) -> None:
        if self._stopping.is_set():
            return
        try:
            work()
        except StoppedError:
            pass
        except (sqlite3.Error, OSError, DamagedFileError, StoreError) as error:
            if self._stopping.is_set():
                return
            log.warning("looking after the counts: %s failed: %s", work.__name__, error)
            if is_damage(error) and isinstance(error, sqlite3.Error):
                self._writer.report_damage(str(error))
        except Exception:
            log.exception("looking after the counts: %s failed", work.__name__)

    # ---- the work

    def check(self) -> None:
        """Look through a file that was too large to do so while the program started."""
        if self._files.database.stat().st_size <= CHECK_AT_OPENING_BYTES:
            return
        give_up_at = time.monotonic() + LONGEST_CHECK_S
        with reading(self._files.database) as connection:
            damage = find_damage(connection, lambda: self._stopping.is_set() or time.monotonic() > give_up_at)
        if damage:
            self._writer.report_damage(damage)

    def copy(self) -> None:
        """Make today's copy, if there is none yet."""
        with reading(self._files.database) as connection:
            connection.execute("PRAGMA query_only=OFF")  # which forbids VACUUM INTO; the file is open for reading only
            with self._reading_lock:
                self._reading = connection
            try:
                made = backups.make_if_due(self._files, connection, date.today(), self._stopping.is_set)
            finally:
                with self._reading_lock:
                    self._reading = None
        if made is not None:
            log.info("the counts were copied to %s", made.path)

    def summarise(self) -> None:
        """Bring the summary of every session up to date."""
        live = self._live()
        with reading(self._files.database) as connection:
            behind = [
                (session, closed_utc is None and session in live)
                for session, closed_utc, entries, last_seq in connection.execute(
                    "SELECT s.id, s.closed_utc, m.entries, m.last_seq FROM session s"
                    " LEFT JOIN summary m ON m.session = s.key AND m.version = ?"
                    " WHERE s.deleted_utc IS NULL ORDER BY s.first_seq DESC",
                    (summaries.VERSION,),
                ).fetchall()
                if (group := group_of(connection, session)) and (group.entries, group.last_seq) != (entries, last_seq)
            ]
        for session, goes_on in behind:
            if self._stopping.is_set():
                return
            self._folds.summary(session, goes_on=goes_on, patiently=True)
            if not goes_on:
                self._folds.forget_session(session)

    def remove_old(self) -> None:
        """Remove what was deleted long enough ago, and put rows of people together that are old enough, if wanted.

        Neither can be taken back, so that a clock that is years ahead for once must not bring it about: what was not
        old enough by the clock of the day before on which the program ran waits for the next one.
        """
        now = time.time()
        with reading(self._files.database) as connection:
            before = _number(read_meta(connection, "clock_utc"), now)
        self._writer.run(lambda c: write_meta(c, "clock_utc", repr(now)))
        self.purge(min(now, before))
        if self._keep_days:
            self.condense(min(now, before) - 86_400.0 * self._keep_days)

    def condense(self, before_utc: float) -> int:
        """Put the rows of people together about whom nothing is newer, and return how many people these were.

        Raises sqlite3.Error, or StoreError where they cannot be written.
        """
        people, live = 0, self._live()
        with reading(self._files.database) as connection:
            found = connection.execute(
                "SELECT id, closed_utc FROM session WHERE deleted_utc IS NULL AND is_purged = 0"
            ).fetchall()
            groups = [group_of(connection, name).ids for name, _ in found]
            under_way = frozenset(name for name, closed_utc in found if closed_utc is None and name in live)
            joined = {session for ids in groups for session in ids[1:]}
            for ids in groups:
                if ids[0] in joined:
                    continue
                for part in retention.old_parts(connection, ids, before_utc, lambda _: None, under_way):
                    if self._stopping.is_set():
                        return people
                    self._has_removed = True
                    self._writer.run(lambda c, part=part: retention.write_part(c, part), 60.0)  # type: ignore[misc]
                    people += part.people
                for session in ids:
                    self._folds.forget_session(session)
        if people:
            self.empty_wal()
        return people

    def purge(self, now_utc: float | None = None) -> None:
        """Remove the entries of sessions that were deleted a week ago, a little at a time."""
        now = time.time() if now_utc is None else now_utc
        while not self._stopping.is_set() and self._writer.run(lambda connection: _purge_some(connection, now)):
            self._has_removed = True
        if self._has_removed:
            self.empty_wal()

    def empty_wal(self) -> None:
        """Have nothing left in SQLite's log of changes, where what was removed could be read as long as we run.

        Where somebody reads just now it is tried again in the next round.
        """
        self._has_removed = not self._writer.run(empty_wal)


def _number(text: str, default: float) -> float:
    try:
        return float(text)
    except ValueError:  # none yet, or damaged
        return default


def _purge_some(connection: sqlite3.Connection, now: float) -> bool:
    """Remove some rows and return whether there are more. The session's own row stays, so that no copy restores it."""
    row = connection.execute(
        "SELECT key FROM session WHERE is_purged = 0 AND deleted_utc < ?", (now - PURGE_AFTER_S,)
    ).fetchone()
    if row is None:
        return False
    with transaction(connection):
        removed = connection.execute(
            "DELETE FROM entry WHERE row IN (SELECT row FROM entry WHERE session = ? LIMIT ?)", (row[0], _PURGE_ROWS)
        ).rowcount
        if removed < _PURGE_ROWS:
            connection.execute("DELETE FROM door WHERE session = ?", row)
            connection.execute("DELETE FROM summary WHERE session = ?", row)
            connection.execute(
                "UPDATE session SET is_purged = 1, name = '', place = '', note = '', entries = 0, joined = '[]'"
                " WHERE key = ?",
                row,
            )
    return True
