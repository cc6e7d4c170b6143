"""A file in the temporary folder that takes the entries which cannot be written to the database for now.

It outlives a crash of the program: whoever opens the same store next finds it by its header.

    first line   {"headcount_spill": 1, "folder": "/home/ada/.local/share/headcount/counts"}
    any other    [id, session, door, seq, utc, kind, fields]
"""

from __future__ import annotations

import json
import logging
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from desktop_app.domain.event_codec import from_plain, kind_of, to_plain
from desktop_app.domain.events import Entry
from desktop_app.system.file_lock import FileLock

log = logging.getLogger(__name__)

FORMAT = 1
_PREFIX = "headcount-waiting-"
_CHUNK = 1000


class SpillFile:
    """Entries of one store that wait for the disk. Not thread-safe."""

    def __init__(self, path: Path, lock: FileLock) -> None:
        """`lock` is held: it keeps other processes from taking the file while this one writes it."""
        self.path = path
        self.written = 0
        """How many entries this process has put in."""
        self._lock = lock

    @classmethod
    def create(cls, store_folder: Path) -> SpillFile:
        """Make an empty file that only its owner can read. Raises OSError."""
        handle, name = tempfile.mkstemp(prefix=_PREFIX, suffix=".jsonl")  # with the rights 0600
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(json.dumps(_header(store_folder)) + "\n")
        spill = cls(Path(name), FileLock(Path(name)))
        spill._lock.acquire()
        return spill

    @classmethod
    def find(cls, store_folder: Path) -> list[SpillFile]:
        """Return the files that an earlier process left for this store, oldest first. Each is locked."""
        found = []
        for path in sorted(Path(tempfile.gettempdir()).glob(f"{_PREFIX}*.jsonl"), key=_changed_at):
            try:
                with _open_own(path) as file:
                    is_ours = json.loads(file.readline()) == _header(store_folder)
            except (OSError, ValueError, RecursionError) as error:
                log.debug("%s is left alone: %s", path, error)
                continue
            lock = FileLock(path)
            if is_ours and lock.acquire():
                found.append(cls(path, lock))
        return found

    def write(self, entries: Sequence[Entry]) -> None:
        """Append entries. Raises OSError; some of them may be in the file all the same, which does no harm."""
        with self.path.open("a", encoding="ascii") as file:
            # A line that a full disk or a crash cut short must not swallow the next one.
            file.write("\n" + "".join(f"{_to_line(entry)}\n" for entry in entries))
            file.flush()
            os.fsync(file.fileno())
        self.written += len(entries)

    def chunks(self) -> Iterator[list[Entry]]:
        """Return the entries in the order in which they were written. Raises OSError."""
        with _open_own(self.path) as file:
            file.readline()
            chunk: list[Entry] = []
            for line in file:
                try:
                    if line.strip():
                        chunk.append(_from_line(line))
                except (ValueError, OverflowError, RecursionError) as error:
                    log.warning("a line of %s is left out: %s", self.path, error)
                if len(chunk) >= _CHUNK:
                    yield chunk
                    chunk = []
            if chunk:
                yield chunk

    def last_seq(self) -> int:
        """Return the highest sequence number in the file, 0 if there is none. Raises OSError."""
        return max((entry.seq for chunk in self.chunks() for entry in chunk), default=0)

    def remove(self) -> None:
        """Delete the file, when all of it is in the database."""
        self._lock.release()
        self.path.unlink(missing_ok=True)

    def let_go(self) -> None:
        """Leave the file for whoever opens the store next."""
        self._lock.release()


def leave_for_next_time(store_folder: Path, entries: Sequence[Entry]) -> None:
    """Leave entries in a file of their own for whoever opens the store next. Raises OSError."""
    spill = SpillFile.create(store_folder)
    try:
        spill.write(entries)
    finally:
        spill.let_go()


def remove_waiting(store_folder: Path) -> list[Path]:
    """Delete what waits for a store in the temporary folder, but for what another process writes just now.

    Returns the files that could not be deleted.
    """
    left = []
    for spill in SpillFile.find(store_folder):
        try:
            spill.remove()
        except OSError as error:
            log.warning("%s could not be deleted: %s", spill.path, error)
            left.append(spill.path)
    return left


def _header(store_folder: Path) -> dict[str, Any]:
    return {"headcount_spill": FORMAT, "folder": str(store_folder.resolve())}


def _changed_at(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def _open_own(path: Path) -> IO[str]:
    """Open a file of this user. In a shared temporary folder anybody can lay down a file or a link of this name.

    Raises OSError, PermissionError for what is not ours.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    info = os.fstat(handle)
    is_ours = stat.S_ISREG(info.st_mode)
    if os.name == "posix":
        is_ours = is_ours and info.st_uid == os.geteuid() and not info.st_mode & 0o077
    if not is_ours:
        os.close(handle)
        raise PermissionError(f"{path} is not a private file of this user")
    return os.fdopen(handle, encoding="ascii", errors="replace")


def _to_line(entry: Entry) -> str:
    head = [entry.id, entry.session, entry.door, entry.seq, entry.utc, kind_of(entry.event), to_plain(entry.event)]
    return json.dumps(head, separators=(",", ":"))


def _from_line(line: str) -> Entry:
    values = json.loads(line)
    if not (isinstance(values, list) and len(values) == 7):
        raise ValueError("the line does not hold an entry")
    entry_id, session, door, seq, utc, kind, fields = values
    texts = (entry_id, session, door, kind)
    if not (all(isinstance(t, str) for t in texts) and type(seq) is int and isinstance(utc, int | float)):
        raise ValueError("the line does not hold an entry")
    if not isinstance(fields, dict):
        raise ValueError("the event is not a JSON object")
    return Entry(entry_id, session, door, seq, float(utc), from_plain(kind, fields))
