"""Bounded queues between the log and whoever listens to it, so that no listener can slow the count or lose it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

from desktop_app.domain.events import Entry

log = logging.getLogger(__name__)

CAPACITY = 10_000


class QueuedListener:
    """An `EntrySink` that calls `tell(entries)` on a daemon thread of its own.

    A listener that cannot keep up loses the oldest entries waiting for it, never the count; `missed` says how many,
    and whoever needs all of them reads the totals again.
    """

    def __init__(self, tell: Callable[[Sequence[Entry]], object], name: str, capacity: int = CAPACITY) -> None:
        if capacity < 1:
            raise ValueError(f"a listener needs room for at least 1 entry, not {capacity}")
        self._tell = tell
        self._waiting: deque[Entry] = deque()
        self._capacity = capacity
        self._changed = threading.Condition()
        self._closed = False
        self.missed = 0
        self._thread = threading.Thread(target=self._run, name=f"headcount-listener-{name}", daemon=True)
        self._thread.start()

    def append(self, entries: Sequence[Entry]) -> None:
        with self._changed:
            if self._closed:
                return
            self._waiting += entries
            while len(self._waiting) > self._capacity:
                self._waiting.popleft()
                self.missed += 1
            self._changed.notify_all()

    def close(self, timeout_s: float = 2.0) -> bool:
        """Tell what still waits and end the thread; return False where the listener takes longer than `timeout_s`."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if not self._waiting:
                    return
                entries = tuple(self._waiting)
                self._waiting.clear()
            try:
                self._tell(entries)
            except Exception:  # a listener's bug must not cost the other listeners their entries
                log.exception("a listener failed and is no longer told")
                with self._changed:
                    self._closed = True
                    self._waiting.clear()
                return
