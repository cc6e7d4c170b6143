"""A lock on a file that the operating system drops when its holder dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

_LOCKED_BYTE = (1 << 62) if sys.platform == "win32" else 0


class FileLock:
    """Exclusive between processes, and between two locks of one process. Not for use by two threads at once.

    `make` makes the file, and its folder, if they are not there.
    """

    def __init__(self, path: Path, *, make: bool = False) -> None:
        self._path = path
        self._make = make
        self._file: IO[bytes] | None = None

    def acquire(self) -> bool:
        """Take the lock without waiting. Return False where another holds it or the file is not there."""
        if self._file is not None:
            return True
        try:
            file = os.fdopen(self._open(), "r+b")
        except OSError:
            return False
        try:
            lock_descriptor(file.fileno())
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def _open(self) -> int:
        flags = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        if self._make:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags |= os.O_CREAT
        return os.open(self._path, flags | getattr(os, "O_NONBLOCK", 0), 0o600)

    def release(self) -> None:
        """Give the lock back. Idempotent."""
        if self._file is not None:
            self._file.close()
            self._file = None


def lock_descriptor(descriptor: int) -> None:
    """Lock an open file for as long as it is open, without waiting. Raises OSError where another holds it."""
    # The platform test is written out because mypy understands it and checks the branch of its own platform only.
    if sys.platform == "win32":
        import msvcrt

        # One byte far behind the content: Windows forbids others to read what is locked.
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
