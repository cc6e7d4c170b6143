"""Makes sure that of several starts at the same moment only one becomes the window."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from desktop_app.system.file_lock import FileLock
from desktop_app.ui.window.single_instance import hand_over

_LOG = logging.getLogger(__name__)

LOCK_NAME = "window.lock"
PATIENCE_S = 6.0
"""How long a start waits for one that is a moment ahead of it to listen."""


def become_first(sources: list[str], folder: Path, suffix: str = "") -> FileLock | None:
    """Return None where a running window took over the sources, else the lock that makes this start the first.

    The lock in `folder` closes the gap between asking whether somebody listens and listening oneself. A window that
    hangs holds it, too: after a while a second window is better than none, and the lock is returned without being held.
    """
    lock = FileLock(folder / LOCK_NAME)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / LOCK_NAME).touch(mode=0o600)
    except OSError as error:
        _LOG.warning("two starts at the same moment would open two windows: %s", error)
        return None if hand_over(sources, suffix) else lock
    deadline = time.monotonic() + PATIENCE_S
    while True:
        if hand_over(sources, suffix):
            return None
        if lock.acquire():
            return lock
        if time.monotonic() > deadline:
            _LOG.warning("another window of this program does not answer")
            return lock
        time.sleep(0.05)
