"""Slow work for a page, one piece after the other: what was asked for last comes first, what is not wanted is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Slot

from desktop_app.errors import HeadcountError
from desktop_app.ui.widgets.background_task import BackgroundTask

Done = Callable[[Any], object]


class Tasks(QObject):
    """At most one thread a lane, so that clicking through long counts does not start ten of them.

    `done` and `failed` are called on the GUI thread. A newer piece of work of the same lane takes the place of one that
    waits, and the result of one under way is then ignored.
    """

    def __init__(self, failed: Callable[[HeadcountError], object], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._failed = failed
        self._running: dict[str, BackgroundTask] = {}
        self._done: dict[str, Done] = {}
        self._waiting: dict[str, tuple[Callable[[], object], Done]] = {}
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether anything is under way or waits."""
        return bool(self._running or self._waiting)

    def is_busy(self, lane: str) -> bool:
        return lane in self._running or lane in self._waiting

    def begin(self, lane: str, work: Callable[[], object], done: Done) -> None:
        """Have `work` done on a thread, and `done` called with its result."""
        if self._closed:
            return
        running = self._running.get(lane)
        if running is None:
            self._start(lane, work, done)
            return
        running.abandoned = True
        self._waiting[lane] = (work, done)

    def drop(self, lane: str) -> None:
        """Ignore what a lane is doing."""
        self._waiting.pop(lane, None)
        if lane in self._running:
            self._running[lane].abandoned = True

    def _start(self, lane: str, work: Callable[[], object], done: Done) -> None:
        task = BackgroundTask(f"task-{lane}", work)
        task.setProperty("lane", lane)
        self._running[lane], self._done[lane] = task, done
        task.finished.connect(self._finished)
        task.start()

    @Slot()
    def _finished(self) -> None:
        task = self.sender()
        if not isinstance(task, BackgroundTask):
            return
        lane = str(task.property("lane"))
        task.wait()
        del self._running[lane]
        done = self._done.pop(lane)
        waiting = self._waiting.pop(lane, None)
        task.deleteLater()
        if self._closed:
            return
        if waiting is not None:
            self._start(lane, *waiting)
        if task.abandoned:
            return
        if task.error is not None:
            self._failed(task.error)
        else:
            done(task.result)

    def shut_down(self, seconds: float) -> bool:
        """Begin nothing more and wait for what is under way; return False where it would not end in time."""
        self._closed = True
        self._waiting.clear()
        deadline = time.monotonic() + seconds
        ended = [t.wait(max(0, round(1000 * (deadline - time.monotonic())))) for t in self._running.values()]
        return all(ended)
