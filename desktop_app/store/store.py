"""The log on the disk: every count that was made on this computer, as sessions and their entries."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from desktop_app.domain.events import Entry
from desktop_app.domain.log_digest import LogEntry
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Counts
from desktop_app.errors import StoreError
from desktop_app.store import backups, changes, problems, session_list
from desktop_app.store.backups import StoreCopy
from desktop_app.store.database import (
    DamagedFileError,
    EmptyFileError,
    is_damage,
    open_for_reading,
)
from desktop_app.store.files import StoreFiles
from desktop_app.store.folds import Folds, SessionGroup, StoppedError, group_of, read_group, read_group_log
from desktop_app.store.keeper import Keeper
from desktop_app.store.people import read_people
from desktop_app.store.problem_report import ProblemReport
from desktop_app.store.rows import last_seq, read_sorted, read_what_can_be_read
from desktop_app.store.salvage import readable_copy, readable_entries
from desktop_app.store.session_list import SessionInfo
from desktop_app.store.summaries import SessionSummary, summary_of
from desktop_app.store.writer import Writer


class DamagedStoreError(StoreError):
    """The file is damaged; `Store.readable_entries` gives what can be read all the same."""


class Store:
    """The stored counts in one folder. All methods are thread-safe.

    Appending never waits for the disk and never fails because of it. Everything that reads does wait for the disk, so a
    window calls it on a thread; it raises StoreError where the file cannot be read.
    """

    def __init__(self, folder: Path, on_problem: Callable[[str], None] | None, read_only: bool) -> None:
        """Use `Store.open`."""
        self._files = StoreFiles(folder)
        self._report = ProblemReport(on_problem)
        self._lock = threading.Lock()
        self._live: set[str] = set()
        self._unreadable: dict[str, int] = {}
        self._writer = None if read_only else Writer(self._files, self._report, self._wake_keeper)
        self._folds = Folds(self._files.database, self._note_unreadable, self._writer.submit if self._writer else None)
        self._keeper: Keeper | None = None

    @classmethod
    def open(cls, folder: Path, on_problem: Callable[[str], None] | None = None, *, read_only: bool = False) -> Store:
        """Open the store in `folder`, which is made if need be. One process at a time may write.

        `on_problem` is called with the value of `problem` whenever that changes, on any thread; it must not call the
        store. Raises StoreError where another process works with the store (one may open it `read_only`) or a
        newer version of the program wrote it. Whatever else is wrong is told as a problem, and the count can go on.
        """
        store = cls(folder, on_problem, read_only)
        if store._writer is not None:
            store._writer.open()
            store._keeper = Keeper(store._files, store._writer, store._folds, store._live_sessions)
            store._keeper.start()
        else:
            with store._reading_or_none():
                pass
        return store

    # ---- writing

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries. Returns at once; they are on the disk within a fraction of a second."""
        if self._writer is None:
            raise RuntimeError("the store was opened for reading only")
        if entries:
            with self._lock:
                self._live.update(entry.session for entry in entries)
            self._writer.append(entries)

    def last_seq(self) -> int:
        """Return the highest sequence number that was ever given, 0 if none: the next entry gets a higher one."""
        if self._writer is not None:
            return self._writer.last_seq
        with self._reading_or_none() as connection:
            return last_seq(connection) if connection is not None else 0

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until all entries appended so far are on the disk. Return False where they are not in time."""
        return self._writer is None or self._writer.flush(timeout_s)

    def close(self, timeout_s: float = 2.0) -> bool:
        """Write what waits and let go of the files. Idempotent.

        Returns False where not everything is in the database; the rest then lies in the temporary folder, from where
        the next `open` takes it.
        """
        deadline = time.monotonic() + timeout_s
        if self._keeper is not None:
            self._keeper.stop()
        is_written = self._writer is None or self._writer.close(timeout_s)
        if self._keeper is not None:
            self._keeper.join(max(0.0, deadline - time.monotonic()))
        return is_written

    @property
    def can_write(self) -> bool:
        """Whether it was opened for writing."""
        return self._writer is not None

    @property
    def problem(self) -> str:
        """What is wrong at present, in plain sentences with the remedy, "" where all is well."""
        return self._report.text

    # ---- reading

    def sessions(self) -> list[SessionInfo]:
        """Return every session that was not deleted, the newest first."""
        return self._sessions("deleted_utc IS NULL")

    def unclosed(self) -> list[SessionInfo]:
        """Return the sessions that were never closed, the newest first: what a crash interrupted, and what runs now."""
        return self._sessions("deleted_utc IS NULL AND closed_utc IS NULL")

    def deleted(self) -> list[SessionInfo]:
        """Return the deleted sessions that `restore` can still bring back, the newest first."""
        return self._sessions("deleted_utc IS NOT NULL AND is_purged = 0")

    def session(self, session_id: str, *, include_deleted: bool = True) -> SessionInfo | None:
        """Return one session, deleted or not; None if there is none of this id."""
        condition = "id = ? AND is_purged = 0" + ("" if include_deleted else " AND deleted_utc IS NULL")
        return next(iter(self._sessions(condition, session_id)), None)

    def entries(self, session_id: str) -> Iterator[Entry]:
        """Return the entries of one session by sequence number, read from the disk as they are asked for.

        Does not include sessions joined to it. Entries that cannot be read are left out and told as a problem.
        """
        return self.entries_of((session_id,))

    def entries_of(self, session_ids: Iterable[str]) -> Iterator[Entry]:
        """Return the entries of several sessions in one order, by sequence number."""
        with self._reading_or_none() as connection:
            if connection is not None:
                yield from read_group(connection, tuple(dict.fromkeys(session_ids)), self._note_unreadable)

    def log_of(self, session_ids: Iterable[str]) -> Iterator[LogEntry]:
        """Return what `entries_of` does with most entries on people sealed: all that a report asks for, quicker."""
        with self._reading_or_none() as connection:
            if connection is not None:
                yield from read_group_log(connection, tuple(dict.fromkeys(session_ids)), self._note_unreadable)

    def entries_of_kinds(self, session_ids: Iterable[str], kinds: Iterable[str]) -> list[Entry]:
        """Return the entries of several sessions whose `events.kind_of` is among these, by sequence number.

        Quick where they are few, as what sources did, however many people were counted.
        """
        ids = tuple(dict.fromkeys(session_ids))
        with self._reading_or_none() as connection:
            if connection is None:
                return []
            # What cannot be read is told by whoever reads all entries.
            found = read_sorted(connection, ids, tuple(kinds), "seq, id", lambda _: None)
            return [stored.entry for stored in found]

    def people_of(self, session_ids: Iterable[str]) -> Iterator[PersonRecord]:
        """Return the people of several sessions together, in no particular order; see `people.read_people`.

        Memory does not grow with their number.
        """
        ids = tuple(dict.fromkeys(session_ids))
        with self._reading_or_none() as connection:
            if connection is not None:
                bad: list[str] = []
                yield from read_people(connection, ids, bad.append)
                if bad:
                    self._note_unreadable(ids[0], len(bad))

    def readable_entries(self, session_ids: Iterable[str]) -> list[Entry]:
        """Return what can be read of some sessions in a damaged file, by sequence number. Raises StoreError."""
        with self._told_as_store_error():
            return readable_entries(self._files.database, frozenset(session_ids))

    def newest_group(self) -> SessionGroup | None:
        """Return the newest session with those joined to it, None where nothing is stored. Quick: no figures."""
        with self._reading_or_none() as connection:
            if connection is None:
                return None
            row = connection.execute(
                "SELECT id FROM session WHERE deleted_utc IS NULL AND is_purged = 0 AND entries > 0"
                " ORDER BY first_seq DESC, key DESC LIMIT 1"
            ).fetchone()
            return None if row is None else group_of(connection, row[0])

    def totals(self, session_id: str, *, may_be_behind: bool = False, follow: bool = False) -> SessionSummary:
        """Return the figures of one session and those joined to it, without reading its entries where possible.

        A summary that is behind is worked out again first, which takes about a second for 20,000 people; with
        `may_be_behind` it is returned as it is, if there is one. `follow` is for whoever asks again and again while
        another process counts: the next call then reads only what is new.
        """
        with self._reading_or_none() as connection:
            if connection is None:
                return summary_of(session_id, Totals(), 0, 0)
            if may_be_behind and (stored := self._folds.stored(session_id)) is not None:
                return stored
            return self._folds.summary(session_id, goes_on=follow or session_id in self._live_sessions())

    # ---- deleting and bringing back

    def delete(self, session_id: str) -> bool:
        """Delete a session with those joined to it; `restore` undoes it for a week. Return False if there is none.

        Raises StoreError, also for one that was joined to another session, which would lose these people a week later.
        Its entries are removed from the file at the first start of the program after that week. The daily copies made
        before the deletion hold them until seven newer copies exist.
        """
        return self._written.run(lambda c: changes.delete(c, session_id, time.time()))

    def restore(self, session_id: str) -> bool:
        """Undo `delete`. Return False where there is nothing to undo or it is too late. Raises StoreError."""
        change = (
            "UPDATE session SET deleted_utc = NULL WHERE is_purged = 0"
            " AND deleted_utc = (SELECT deleted_utc FROM session WHERE id = ? AND is_purged = 0)"
        )
        return self._written.run(lambda c: c.execute(change, (session_id,)).rowcount > 0)

    def keep_people(self, days: int) -> None:
        """Put the rows of single people together to numbers of intervals when they are older than so many days.

        That is done in the background, from now on every day; 0 keeps them all. See `retention`.
        """
        if self._keeper is not None:
            self._keeper.keep_people(days)

    def condense(self, before_utc: float) -> int:
        """Put the rows of people together about whom nothing is newer. Returns how many. Raises StoreError."""
        if self._keeper is None:
            raise StoreError(*problems.cannot_change("Another Headcount is counting: make the change there."))
        with self._told_as_store_error():
            return self._keeper.condense(before_utc)

    def delete_everything(self) -> None:
        """Delete every session, every copy and every damaged file for good. Raises StoreError.

        A session that is being counted goes too: what is appended to it later is all that it then has.
        """
        self._written.erase(timeout_s=60.0)
        self._folds.forget()
        with self._lock:
            self._live.clear()
            self._unreadable.clear()
        for subject in ("damage", "unreadable"):
            self._report.set(subject, "")
        self._report.tell()

    def copies(self) -> list[StoreCopy]:
        """Return what counts can be brought back from: the daily copies, newest first, then damaged files set aside."""
        return [*backups.list_copies(self._files), *backups.list_damaged(self._files)]

    @property
    def needs_copy(self) -> bool:
        """Whether a damaged file was set aside, whose counts a copy can bring back."""
        return bool(self._report.get("damage"))

    def restore_newest_copy(self) -> int:
        """Add what is missing here from the newest copy that has any of it, or else from the damaged file.

        One that cannot be read is passed over. Returns how many entries were added. Raises StoreError where there is
        nothing to restore from.
        """
        copies = self.copies()
        if not copies:
            raise StoreError("There is no copy of the counts.")
        # The newest may be one of the file that took the place of the damaged one, and then brings nothing back.
        unreadable: list[StoreError] = []
        for copy in copies:
            try:
                if added := self.restore_copy(copy):
                    return added
            except StoreError as error:
                unreadable.append(error)
        if len(unreadable) == len(copies):
            raise unreadable[0]
        return 0

    def restore_copy(
        self,
        copy: StoreCopy,
        progress: Callable[[int], None] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> int:
        """Add every entry of a copy that is missing here, and return how many were. Nothing that is here is changed.

        Sessions that were deleted stay deleted. `progress` is told the entries read so far. Stopped half way, it has
        added a part, and may be called again. Raises StoreError where the copy cannot be read.
        """
        added = read = 0
        try:
            with readable_copy(copy) as connection:
                removed = changes.removed_in(connection)
                self._written.run(lambda c: changes.keep_removed(c, removed), timeout_s=30.0)
                for entries in read_what_can_be_read(connection, lambda _: None):
                    if should_stop():
                        return added
                    added += self._written.run(lambda c, chunk=entries: changes.add_missing(c, chunk), timeout_s=30.0)  # type: ignore[misc]
                    read += len(entries)
                    if progress is not None:
                        progress(read)
        except (sqlite3.Error, OSError, DamagedFileError) as error:
            raise StoreError(f"{copy.path.name} cannot be read ({error}).", "Restore another copy.") from error
        finally:
            self._folds.forget()
            self._wake_keeper()
        self._report.set("damage", "")
        self._report.tell()
        return added

    # ---- inside

    @property
    def _written(self) -> Writer:
        if self._writer is None:
            raise StoreError(*problems.cannot_change("Another Headcount is counting: make the change there."))
        return self._writer

    def _live_sessions(self) -> frozenset[str]:
        with self._lock:
            return frozenset(self._live)

    def _wake_keeper(self) -> None:
        if self._keeper is not None:
            self._keeper.wake()

    def _note_unreadable(self, session: str, entries: int) -> None:
        with self._lock:
            if not entries and session not in self._unreadable:
                return
            self._unreadable[session] = entries
            total = sum(self._unreadable.values())
        self._report.set("unreadable", problems.unreadable(total) if total else "")
        self._report.tell()

    @contextmanager
    def _told_as_store_error(self) -> Iterator[None]:
        try:
            yield
        except StoppedError as error:
            raise StoreError("The program is closing.") from error
        except (sqlite3.Error, OSError, DamagedFileError) as error:
            if self._writer is not None and is_damage(error) and isinstance(error, sqlite3.Error):
                self._writer.report_damage(str(error))
            kind = DamagedStoreError if is_damage(error) else StoreError
            raise kind(*problems.cannot_read(error)) from error

    @contextmanager
    def _reading_or_none(self) -> Iterator[sqlite3.Connection | None]:
        """A connection that reads, None where nothing was stored yet."""
        with self._told_as_store_error():
            try:
                connection = open_for_reading(self._files.database)
            except EmptyFileError:
                connection = None
            except sqlite3.OperationalError:
                if self._files.database.exists():
                    raise
                connection = None
            try:
                yield connection
            finally:
                if connection is not None:
                    connection.close()

    def _sessions(self, condition: str, *values: object) -> list[SessionInfo]:
        with self._reading_or_none() as connection:
            if connection is None:
                return []
            rows = session_list.read_rows(connection, condition, values)
        return session_list.with_figures(rows, self._live_sessions(), self._counts_for_list)

    def _counts_for_list(self, session: str, goes_on: bool, most_new: int) -> Counts | None:
        """Return the current counts, None where that takes too long, or the file of another process is damaged."""
        try:
            with self._told_as_store_error():
                return self._folds.counts(session, goes_on=goes_on, most_new=most_new)
        except DamagedStoreError:
            if self._writer is not None:  # which sets the file aside
                raise
            return None
