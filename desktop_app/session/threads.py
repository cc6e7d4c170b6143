"""The two threads of one run: what a manager needs of them, and plain ones for everything but the window."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from desktop_app.session.door_run import DoorRun


class RunThreads(Protocol):
    """The two threads of one run."""

    def start(self) -> None: ...

    def wait(self, timeout_s: float) -> bool:
        """Return whether both have ended within the time."""
        ...

    def is_running(self) -> bool: ...


class PlainThreads:
    """Two daemon threads, for everything but the window."""

    def __init__(self, run: DoorRun) -> None:
        self._threads = [
            threading.Thread(target=body, name=f"headcount-{name}", daemon=True)
            for name, body in (("analysis", run.analyse), ("capture", run.capture))
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not self.is_running()

    def is_running(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)
