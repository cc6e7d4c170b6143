"""The one thread that writes the database, and what happens while it cannot.

Entries wait in memory until the next transaction. As soon as the disk refuses them for more than a moment they move to
the `Overflow`, and come back from there when the disk takes them again. Whoever appends is never held up.
"""

from __future__ import annotations

import itertools
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, TypeVar

from desktop_app.domain.events import Closed, Entry
from desktop_app.errors import StoreError
from desktop_app.store import backups, changes, problems
from desktop_app.store.database import DamagedFileError, is_damage, transaction
from desktop_app.store.files import StoreFiles
from desktop_app.store.held_database import HeldDatabase, HeldError
from desktop_app.store.overflow import Overflow
from desktop_app.store.problem_report import ProblemReport
from desktop_app.store.spill import leave_for_next_time

log = logging.getLogger(__name__)

GATHER_S = 0.2
"""How long entries are gathered for one transaction: each costs the disk one flush."""
RETRY_S = 1.0
BATCH = 1000
MAX_WAITING = 50_000
"""How many entries memory holds when neither the disk nor the temporary folder takes them."""
MAX_WAITING_WELL = 1_000_000
"""How many it holds while nothing is known to be wrong: many came at once, or the disk does not answer."""
TELL_HANGING_AFTER_S = 10.0
SPILL_AFTER_S = 1.0
TELL_LOCKED_AFTER_S = 2.0

_NOT_STORABLE = (
    *(sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError),
    *(ValueError, TypeError, KeyError, OverflowError),
)
_DISK_ERRORS = (sqlite3.Error, OSError, DamagedFileError, StoreError)
T = TypeVar("T")


class Writer:
    """Writes entries and runs every other change of the database on its thread. All methods are thread-safe.

    What goes wrong is told to `report`; `on_closed_session` is called on the writer's thread when the end of a session
    has been written.
    """

    def __init__(
        self,
        files: StoreFiles,
        report: ProblemReport,
        on_closed_session: Callable[[], None] = lambda: None,
    ) -> None:
        self._files = files
        self._report = report
        self._on_closed_session = on_closed_session
        self._changed = threading.Condition()
        # Guarded by `_changed`:
        self._waiting: deque[Entry] = deque()
        self._jobs: deque[tuple[Callable[[sqlite3.Connection], Any], Future[Any]]] = deque()
        self._appended = self._done = self._flush_to = 0
        self._last_seq = 0
        self._closing = self._finished = self._must_look = False
        self._lost = 0
        self._progress_at = 0.0
        # Of the writer's thread alone, and of `open` before it:
        self._database = HeldDatabase(files)
        self._trouble_since: float | None = None
        self._found_damage = ""
        self._refused = 0
        self._overflow = Overflow(files.folder)
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)

    # ---- for everybody

    def open(self) -> None:
        """Open the database and start the thread. Raises HeldError or NewerFileError, and then holds nothing."""
        self._overflow.look()
        self._last_seq = max(self._last_seq, self._overflow.last_seq())
        try:
            self._connect()
            self._take_back_spilled()  # now, because whoever opens the store asks next what was interrupted
        except StoreError:
            self._overflow.let_go()
            self._database.disconnect()
            raise
        except _DISK_ERRORS as error:
            self._note_trouble(error)
            self._last_seq = max(self._last_seq, self._database.last_seq_without_writing())
        self._report.tell()
        self._thread.start()

    @property
    def last_seq(self) -> int:
        """The highest sequence number stored or appended."""
        with self._changed:
            return self._last_seq

    def append(self, entries: Sequence[Entry]) -> None:
        """Queue entries. Does not touch the disk, except after `close`."""
        must_tell = False
        with self._changed:
            if is_open := not self._finished:
                limit = MAX_WAITING if self._report.get("trouble") else MAX_WAITING_WELL
                taken = entries[: max(0, limit - len(self._waiting))]
                if must_tell := len(taken) < len(entries):
                    self._lose(len(entries) - len(taken))
                if not self._waiting:
                    self._progress_at = time.monotonic()
                elif time.monotonic() - self._progress_at > TELL_HANGING_AFTER_S:
                    # The thread itself cannot tell: it waits in a call for a disk that does not answer.
                    self._report.set("hanging", problems.does_not_answer(self._files.folder))
                    must_tell = True
                self._waiting.extend(taken)
                self._appended += len(taken)
                self._last_seq = max(self._last_seq, *(entry.seq for entry in entries), 0)
                self._changed.notify_all()
            else:
                self._appended += len(entries)
        if not is_open:
            self._keep_for_next_time(list(entries))
        elif must_tell:
            self._report.tell()

    def flush(self, timeout_s: float) -> bool:
        """Wait until all entries appended so far are on the disk; return False where they are not in time."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            target = self._appended
            self._flush_to = max(self._flush_to, target)
            self._changed.notify_all()
            while self._done < target and not self._finished:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            return self._done >= target and not self._lost

    def submit(self, change: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Queue a change for the writer's thread, after all entries appended before it.

        The future raises StoreError, sqlite3.Error or OSError where it cannot be written.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._closing:
                future.set_exception(StoreError(*problems.cannot_change("The program is closing.")))
            else:
                self._jobs.append((change, future))
                self._changed.notify_all()
        return future

    def run(self, change: Callable[[sqlite3.Connection], T], timeout_s: float = 10.0) -> T:
        """`submit` and wait for the result. Raises StoreError where the change cannot be written, or not in time."""
        future = self.submit(change)
        try:
            return future.result(timeout_s)
        except FutureTimeoutError as error:
            future.cancel()
            raise StoreError(*problems.cannot_change(self._report.text)) from error
        except (sqlite3.Error, OSError) as error:
            raise StoreError(*problems.cannot_change(problems.reason(error, self._files.folder))) from error

    def erase(self, timeout_s: float) -> None:
        """Remove every session, every copy and every damaged file. Raises StoreError."""
        self.run(self._begin_anew, timeout_s)

    def report_damage(self, what: str) -> None:
        """Have the file set aside, because a check found it damaged."""
        with self._changed:
            self._found_damage = what
            self._changed.notify_all()

    def look_for_leftovers(self) -> None:
        """Take in what another process has counted beside this one and left in the temporary folder."""
        with self._changed:
            self._must_look = True
            self._changed.notify_all()

    def close(self, timeout_s: float) -> bool:
        """Write what waits and end the thread; return whether everything is in the database. Idempotent.

        What the disk does not take in time is left in the temporary folder, where the next `open` finds it.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        with self._changed:
            hangs = self._thread.is_alive() and not self._finished
            stuck = list(self._waiting) if hangs else []
            if hangs:
                self._finished = True
        if stuck:
            self._keep_for_next_time(stuck)
        with self._changed:
            return self._done >= self._appended and not self._lost

    # ---- the thread

    def _run(self) -> None:
        is_closing = False
        while not is_closing:
            with self._changed:
                in_trouble = self._trouble_since is not None
                waiting_for_disk = in_trouble or not self._overflow.is_empty
                self._changed.wait_for(self._has_work, RETRY_S if waiting_for_disk else None)
                self._changed.wait_for(self._is_urgent, RETRY_S if in_trouble else GATHER_S)
                is_closing = self._closing
            self._write_waiting()
            self._run_jobs()
        self._finish()

    def _has_work(self) -> bool:
        return bool(self._waiting or self._jobs or self._closing or self._found_damage or self._must_look)

    def _is_urgent(self) -> bool:
        if self._closing or self._jobs or self._found_damage:
            return True
        return self._trouble_since is None and (self._flush_to > self._done or len(self._waiting) >= BATCH)

    def _write_waiting(self) -> None:
        try:
            if self._found_damage:
                reason, self._found_damage = self._found_damage, ""
                raise DamagedFileError(reason)
            if not self._database.is_still_there():
                self._connect()
            if self._must_look:
                self._must_look = False
                self._overflow.look()
            self._take_back_spilled()
            while batch := self._oldest():
                self._commit(batch)
                self._drop_oldest(len(batch))
                if any(isinstance(entry.event, Closed) for entry in batch):
                    self._on_closed_session()
        except _DISK_ERRORS as error:
            self._meet_trouble(error)
        except Exception as error:
            # A fault of ours must not end the only thread that writes: the entries go to the temporary folder.
            log.exception("writing the counts failed")
            self._meet_trouble(error)
        else:
            self._trouble_since = None
            self._report.set("trouble", "")
        self._report.tell()

    def _oldest(self) -> list[Entry]:
        with self._changed:
            return list(itertools.islice(self._waiting, BATCH))

    def _drop_oldest(self, number: int, *, are_done: bool = True) -> None:
        with self._changed:
            for _ in range(number):
                self._waiting.popleft()
            self._done += number if are_done else 0
            self._progress_at = time.monotonic()
            self._report.set("hanging", "")
            self._changed.notify_all()

    def _commit(self, entries: Sequence[Entry]) -> None:
        connection, table = self._database.connection, self._database.table
        assert connection is not None
        assert table is not None
        try:
            with transaction(connection):
                table.insert(entries)
        except _NOT_STORABLE as error:
            table.forget_keys()
            if len(entries) > 1:  # one bad entry must not keep the others out
                for entry in entries:
                    self._commit([entry])
                return
            log.error("an entry cannot be stored: %r: %s", entries[0], error)
            self._refused += 1
            self._report.set("refused", problems.refused(self._refused))
        except BaseException:
            table.forget_keys()
            raise

    def _run_jobs(self) -> None:
        while True:
            with self._changed:
                if not self._jobs:
                    return
                change, future = self._jobs.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            connection, table = self._database.connection, self._database.table
            if connection is None or self._trouble_since is not None:
                future.set_exception(StoreError(*problems.cannot_change(self._report.get("trouble"))))
                continue
            try:
                result = change(connection)
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever asked, and is raised there
                future.set_exception(error)
            else:
                future.set_result(result)
            if table is not None:
                table.forget_keys()

    def _connect(self) -> None:
        """Open the database. Raises OSError, sqlite3.Error, HeldError or NewerFileError."""
        with self._changed:
            self._database.last_seq = max(self._database.last_seq, self._last_seq)
        self._database.connect()
        with self._changed:
            self._last_seq = max(self._last_seq, self._database.last_seq)
        if self._database.notice:
            self._report.set("damage", self._database.notice)
            self._database.notice = ""

    def _begin_anew(self, connection: sqlite3.Connection) -> None:
        backups.remove_all(self._files)
        try:
            # On a full disk there is no room to delete rows one by one, and a file that is gone leaves nothing behind.
            self._database.remove()
        except OSError:  # Windows lets nobody remove a file that somebody reads
            changes.erase(connection)
        else:
            self._connect()

    def _finish(self) -> None:
        if self._oldest():
            self._write_waiting()
        self._spill_waiting()
        self._overflow.let_go()
        self._database.disconnect()
        with self._changed:
            self._finished = True
            jobs, self._jobs = list(self._jobs), deque()
            late = list(self._waiting)
            self._changed.notify_all()
        for _, future in jobs:
            if future.set_running_or_notify_cancel():
                future.set_exception(StoreError(*problems.cannot_change("The program is closing.")))
        if late:  # appended in the last moment
            self._keep_for_next_time(late)

    # ---- trouble

    def _meet_trouble(self, error: BaseException) -> None:
        if is_damage(error):
            try:
                self._database.set_aside(error)
                self._connect()
                return
            except _DISK_ERRORS as second:
                error = second
        self._note_trouble(error)
        assert self._trouble_since is not None
        if time.monotonic() - self._trouble_since >= SPILL_AFTER_S:
            self._spill_waiting()

    def _note_trouble(self, error: BaseException) -> None:
        now = time.monotonic()
        if self._trouble_since is None:
            self._trouble_since = now
            log.warning("the counts cannot be written: %s", error)
        is_held = isinstance(error, HeldError)
        sentence = problems.trouble(error, self._files.folder, is_held=is_held)
        is_brief = problems.is_locked(error) and now - self._trouble_since < TELL_LOCKED_AFTER_S
        if not is_brief or self._report.get("trouble"):
            self._report.set("trouble", sentence)

    def _spill_waiting(self) -> None:
        try:
            while batch := self._oldest():
                self._overflow.put(batch)
                self._drop_oldest(len(batch), are_done=False)
        except OSError as error:
            log.warning("the temporary folder takes no entries: %s", error)

    def _take_back_spilled(self) -> None:
        """Write what waits in the temporary folder. Raises sqlite3.Error."""
        for written, is_whole in self._overflow.take_back(self._commit_again):
            with self._changed:
                if not is_whole:
                    self._lose(written)
                self._done += written
                self._changed.notify_all()

    def _commit_again(self, entries: Sequence[Entry]) -> None:
        self._commit(entries)
        with self._changed:
            self._last_seq = max(self._last_seq, *(entry.seq for entry in entries))

    def _keep_for_next_time(self, entries: Sequence[Entry]) -> None:
        try:
            leave_for_next_time(self._files.folder, entries)
        except OSError as error:
            log.warning("%d entries could not be kept: %s", len(entries), error)
            with self._changed:
                self._lose(len(entries))
            self._report.tell()

    def _lose(self, entries: int) -> None:
        """Note that entries are lost. `_changed` is held."""
        self._lost += entries
        if self._lost:
            self._report.set("lost", problems.not_kept(self._lost))
