"""The one folder for what people send: private, locked while in use, and removed at the next start after a crash."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import shutil
import stat
import tempfile
import threading
import time
from pathlib import Path

from desktop_app.errors import SettingsError
from desktop_app.system.file_lock import FileLock

log = logging.getLogger(__name__)

_PREFIX = "headcount-uploads-"
_LOCK = "in-use.lock"
_GRACE_S = 60.0


def is_full(error: OSError) -> bool:
    """Whether an error says that a disk, or somebody's share of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


class UploadFolder:
    """A folder of our own below `parent` (the system's for temporary files), open to its owner only. Thread-safe.

    Each user of it gets a folder inside. The lock tells a folder in use from one whose program was killed, which the
    next `UploadFolder` beside it removes. Raises SettingsError where nothing can be written there.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = parent or Path(tempfile.gettempdir())
        self.swept = self._sweep()
        self._making = threading.Lock()
        try:
            self._begin()
        except OSError as error:
            raise SettingsError(
                f"Nothing can be written to the folder for uploads, {self._parent} ({error.strerror}).",
                "Choose a folder that is there and may be written to (--upload-folder).",
            ) from error

    def make(self) -> Path:
        """Make a folder for one job. Raises OSError."""
        with self._making:
            if not self.path.is_dir():
                # Systems clear away what lies in their folder for temporary files for days and nobody touches.
                self._lock.release()
                self._begin()
            folder = self.path / secrets.token_hex(8)
            folder.mkdir(mode=0o700)
        return folder

    def free_bytes(self) -> int:
        """Return how much room is left where the folder lies."""
        return shutil.disk_usage(self._parent).free

    def _begin(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._parent))
        self._lock = FileLock(self.path / _LOCK, make=True)
        self._lock.acquire()

    def remove(self, folder: Path | None) -> None:
        """Remove a folder made by `make`, or one within it, with all in it. Idempotent."""
        if folder is not None and self.path in folder.parents:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove everything. Idempotent."""
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)

    def _sweep(self) -> int:
        """Remove the folders of programs that were killed; return how many. Only this user's, and no links."""
        count = 0
        for folder in self._parent.glob(f"{_PREFIX}*"):
            try:
                status = folder.lstat()
            except OSError:
                continue
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != (os.getuid() if os.name == "posix" else 0):
                continue
            lock = FileLock(folder / _LOCK)
            # One without a lock may be about to get it.
            is_left = lock.acquire() or (not (folder / _LOCK).exists() and time.time() - status.st_mtime > _GRACE_S)
            lock.release()
            if is_left:
                shutil.rmtree(folder, ignore_errors=True)
                count += 1
        if count:
            log.info("removed what %d ended programs had left of uploads", count)
        return count
