"""Shows a camera before a count: a run of its own whose log nobody reads, and what is to be said of its faces."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop_app.domain.types import FrameResult
from desktop_app.engine.state import EngineOptions
from desktop_app.session.door import Door, RunObserver, RunOptions
from desktop_app.session.door_run import DoorRun
from desktop_app.session.log import SequenceNumbers, SessionLog
from desktop_app.session.pipelines import PipelineCache
from desktop_app.session.services import Services
from desktop_app.settings import Settings
from desktop_app.ui.picture.display import DisplayFeeder
from desktop_app.ui.sessions.bridge import RunBridge
from desktop_app.ui.sessions.threads import QtThreads

FINDINGS_MS = 500


class _Watcher(RunObserver):
    """Hands pictures to the display and faces to what judges them, on the analysis thread."""

    def __init__(self, feeder: DisplayFeeder) -> None:
        from desktop_app.vision.faces.sight import Sight  # here: it brings OpenCV, and the window comes first

        self._feeder = feeder
        self._sight = Sight()
        self._lock = threading.Lock()
        self._time_s = 0.0

    def on_result(self, run: DoorRun, result: FrameResult) -> None:
        self._feeder.offer(result)
        with self._lock:
            self._time_s = result.frame.time_s
            self._sight.take(result)

    def findings(self) -> object:
        with self._lock:
            return self._sight.findings(self._time_s)


class Preview(QObject):
    """Signals: `frame_ready(DisplayFrame)`, `findings(tuple of Finding)` twice a second, `failed(Exception)`.

    All calls on the GUI thread. People are found as in a count, but nobody is counted.

    The camera is free for whoever opens it next as soon as its driver has let go of it: `sources.device_lease` waits
    for that.
    """

    frame_ready = Signal(object)
    findings = Signal(object)
    failed = Signal(object)

    def __init__(
        self, services: Services, settings: Settings, bridge: RunBridge, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._services = services
        self.settings = settings
        self._bridge = bridge
        self._run: DoorRun | None = None
        self._threads: list[QtThreads] = []
        self._feeder: DisplayFeeder | None = None
        self._watcher: _Watcher | None = None
        self._pipelines = PipelineCache()
        self._box = (480, 270)
        self._timer = QTimer(self)
        self._timer.setInterval(33)
        self._timer.timeout.connect(self._look)
        self._judge = QTimer(self)
        self._judge.setInterval(FINDINGS_MS)
        self._judge.timeout.connect(self._tell)
        bridge.signals.failed.connect(self._failed)

    def set_box(self, width: int, height: int) -> None:
        self._box = (width, height)
        if self._feeder is not None:
            self._feeder.set_box(width, height)

    def start(self, source_text: str) -> None:
        """Show a camera; one shown before is released first."""
        self.stop()
        if self._feeder is None:
            self._feeder = DisplayFeeder()
            self._feeder.set_box(*self._box)
            self._feeder.start()
        self._watcher = _Watcher(self._feeder)
        self._run = DoorRun(
            Door(source_text, replace(self.settings.at_source(source_text), places=())),
            SessionLog("preview", SequenceNumbers()),
            self._services,
            self._pipelines,
            # A file is looked at as it plays, over and over.
            RunOptions(EngineOptions(speed=1.0, loop=True)),
            observers=(self._bridge, self._watcher),
        )
        threads = QtThreads(self._run)
        self._threads = [*(t for t in self._threads if t.is_running()), threads]
        threads.start()
        self._timer.start()
        self._judge.start()

    def stop(self) -> None:
        """Release the camera; returns at once."""
        self._timer.stop()
        self._judge.stop()
        self._watcher = None
        if self._run is not None:
            self._run.stop()
            self._run = None
        if self._feeder is not None:
            self._feeder.clear()

    def shut_down(self, seconds: float) -> bool:
        """Stop and wait; return False where a thread does not end in time."""
        self.stop()
        deadline = time.monotonic() + seconds
        done = True
        for threads in self._threads:
            done = threads.wait(max(0.0, deadline - time.monotonic())) and done
        if self._feeder is not None:
            self._feeder.stop()
            self._feeder = None
        return done

    def _look(self) -> None:
        frame = self._feeder.take() if self._feeder is not None else None
        if frame is not None:
            self.frame_ready.emit(frame)

    def _tell(self) -> None:
        if self._watcher is not None:
            self.findings.emit(self._watcher.findings())

    @Slot(object, object)
    def _failed(self, run: DoorRun, error: Exception) -> None:
        if run is self._run:
            self.failed.emit(error)
