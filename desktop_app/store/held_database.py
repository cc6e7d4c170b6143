"""The database as the one process that may write it holds it: locked, sound, and still where it was put."""

from __future__ import annotations

import logging
import sqlite3

from desktop_app.errors import StoreError
from desktop_app.store import backups, problems
from desktop_app.store.database import DamagedFileError, find_damage, open_for_reading, open_for_writing, reading
from desktop_app.store.files import StoreFiles, remove_database
from desktop_app.store.rows import EntryTable, last_seq, write_meta
from desktop_app.system.file_lock import FileLock

log = logging.getLogger(__name__)

CHECK_AT_OPENING_BYTES = 4_000_000
"""A file up to this size is looked through before anything is written to it, which takes some milliseconds."""
SEQ_GAP = 1_000_000_000
"""How far the numbering jumps where nobody knows the last number: a copy restored later must still come before."""


class HeldError(StoreError):
    """Another process works with this store."""


class HeldDatabase:
    """Opens the database again after whatever happened to its file. Used by one thread at a time."""

    def __init__(self, files: StoreFiles) -> None:
        self.connection: sqlite3.Connection | None = None
        self.table: EntryTable | None = None
        self.last_seq = 0
        """The highest sequence number that this process or the file has seen."""
        self.notice = ""
        """What to tell the user about a damaged file that was set aside, "" if none was."""
        self._files = files
        self._lock = FileLock(files.lock)
        self._identity: tuple[int, int] | None = None

    def connect(self) -> None:
        """Open the database; set a damaged one aside and write again one that was deleted while it was open.

        Raises OSError, sqlite3.Error, HeldError or NewerFileError.
        """
        was_deleted = self.connection is not None and not self._files.database.exists()
        self._files.prepare()
        if was_deleted:
            self._write_again()
        self.disconnect()
        if not self._lock.acquire():
            raise HeldError(*problems.held_by_another(self._files.folder))
        self._take_up_rescued()
        try:
            connection = self._open_sound()
        except DamagedFileError as error:
            self.set_aside(error)
            connection = self._open_sound()
        try:
            backups.remove_unfinished(self._files)
        except OSError as error:
            log.warning("what was left of an unfinished copy cannot be removed: %s", error)
        self.connection, self.table = connection, EntryTable(connection)
        self._identity = self._identity_of_file()
        stored = last_seq(connection)
        if self.last_seq > stored:
            write_meta(connection, "seq_floor", str(self.last_seq))
        self.last_seq = max(self.last_seq, stored)

    def _take_up_rescued(self) -> None:
        """Use what a crash left of a deleted file that was being written again, where it is whole."""
        rescued = self._files.rescued
        if self._files.database.exists() or not rescued.exists():
            return
        try:
            with reading(rescued, unchanging=True) as connection:
                is_whole = find_damage(connection) == ""
            if is_whole:
                rescued.replace(self._files.database)
        except (sqlite3.Error, OSError, DamagedFileError) as error:
            log.warning("%s cannot be taken up: %s", rescued, error)

    def disconnect(self) -> None:
        """Close the file and give up the lock. Idempotent."""
        self._close_file()
        self._lock.release()

    def remove(self) -> None:
        """Remove the file, so that the next `connect` begins a new one. Raises OSError where it cannot be removed."""
        self.last_seq = max(self.last_seq, self.last_seq_without_writing())
        self._files.database.unlink()
        self._close_file()
        remove_database(self._files.database)

    def is_still_there(self) -> bool:
        """Whether the open file is the one that has our name.

        Writing to a file that somebody deleted succeeds on Linux and macOS, and all of it is lost at the end.
        """
        return self.connection is not None and self._identity_of_file() == self._identity

    def set_aside(self, error: BaseException) -> None:
        """Give the damaged file another name, so that the next `connect` begins a new one. Raises OSError."""
        self.last_seq = max(self.last_seq, self.last_seq_without_writing()) + SEQ_GAP
        self._close_file()
        aside = self._files.set_aside()
        log.warning("the file of counts is damaged (%s) and was set aside as %s", error, aside)
        self.notice = problems.set_aside(aside.name, bool(backups.list_copies(self._files)))

    def last_seq_without_writing(self) -> int:
        """Return a number that no stored entry exceeds, as well as that can be known from files that may be damaged."""
        known = max((copy.last_seq for copy in backups.list_copies(self._files)), default=0)
        if not self._files.database.exists():
            return known
        try:
            connection = open_for_reading(self._files.database)
        except (sqlite3.Error, OSError, DamagedFileError, StoreError):
            return known + SEQ_GAP
        try:
            return max(known, last_seq(connection))
        except sqlite3.Error:
            return known + SEQ_GAP
        finally:
            connection.close()

    def _open_sound(self) -> sqlite3.Connection:
        connection = open_for_writing(self._files.database)
        try:
            if self._files.database.stat().st_size <= CHECK_AT_OPENING_BYTES and (damage := find_damage(connection)):
                raise DamagedFileError(damage)
        except BaseException:
            connection.close()
            raise
        return connection

    def _close_file(self) -> None:
        connection, self.connection, self.table = self.connection, None, None
        if connection is not None:
            try:
                connection.close()
            except sqlite3.Error as error:
                log.warning("the file of counts was not closed in order: %s", error)

    def _identity_of_file(self) -> tuple[int, int] | None:
        try:
            info = self._files.database.stat()
        except OSError:
            return None
        return (info.st_dev, info.st_ino)

    def _write_again(self) -> None:
        assert self.connection is not None
        rescued = self._files.rescued
        remove_database(rescued)
        try:
            backups.write_copy(self.connection, rescued)
            rescued.replace(self._files.database)
        except (sqlite3.Error, OSError) as error:
            log.warning("the deleted file of counts could not be written again: %s", error)
            remove_database(rescued)
        else:
            log.warning("the file of counts had been deleted and was written again")
