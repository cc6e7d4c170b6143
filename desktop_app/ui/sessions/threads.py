"""The two threads of a run in the window. Both are thin: their `run` calls one plain function of the session."""

from __future__ import annotations

import time

from PySide6.QtCore import QThread

from desktop_app.session.door_run import DoorRun


class CaptureThread(QThread):
    """Reads the source."""

    def __init__(self, run: DoorRun) -> None:
        super().__init__()
        self.setObjectName("capture")
        self._run = run

    def run(self) -> None:
        self._run.capture()


class AnalysisThread(QThread):
    """Loads the models, then detects, tracks, classifies and counts."""

    def __init__(self, run: DoorRun) -> None:
        super().__init__()
        self.setObjectName("analysis")
        self._run = run

    def run(self) -> None:
        self._run.analyse()


class QtThreads:
    """The threads of one run, as `session.manager.RunThreads`. Whoever makes it keeps it until both have ended.

    A QThread that is collected while it runs aborts the process.
    """

    def __init__(self, run: DoorRun) -> None:
        self._threads = (AnalysisThread(run), CaptureThread(run))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.wait(max(0, round((deadline - time.monotonic()) * 1000)))
        return not self.is_running()

    def is_running(self) -> bool:
        # `isRunning` is False a moment too early: the thread may still be leaving.
        return not all(thread.wait(0) for thread in self._threads)
