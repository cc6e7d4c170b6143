"""Shows a camera without counting: a run of its own whose pipeline finds nobody, and whose log nobody reads."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop_app.domain.events import Event
from desktop_app.domain.places import Line, Zone
from desktop_app.domain.types import Frame, FrameResult
from desktop_app.session.door_run import Door, DoorRun, RunObserver
from desktop_app.session.log import SequenceNumbers, SessionLog
from desktop_app.session.pipelines import PipelineCache
from desktop_app.session.services import Services
from desktop_app.settings import Settings
from desktop_app.ui.picture.display import DisplayFeeder
from desktop_app.ui.sessions.bridge import RunBridge
from desktop_app.ui.sessions.threads import QtThreads

if TYPE_CHECKING:
    from desktop_app.vision.compare import Comparison


class LookOnlyPipeline:
    """Passes frames through and counts nobody."""

    detector_name = model_name = ""
    comparison = None

    def compare_with(self, comparison: Comparison | None) -> None:
        """There is nobody to compare on."""

    def process(self, frame: Frame) -> FrameResult:
        return FrameResult(frame, (), detected=False)

    def finish(self) -> Sequence[Event]:
        return ()

    def reset(self, prefix: str = "") -> None:
        """There is nobody to forget."""

    def new_count(self, time_s: float) -> tuple[Sequence[Event], Sequence[Event]]:
        return (), ()

    def renumber(self, numbers: Mapping[str, int], next_number: int) -> None:
        """There is nobody to give a number."""

    def fall_back(self) -> str:
        return ""

    def mark_staff(self, ref: str, is_staff: bool | None = True) -> bool:
        return False

    def count_anyway(self, key: int) -> bool:
        return False

    def set_places(
        self, lines: Sequence[Line] = (), zones: Sequence[Zone] = (), staff_zones: Sequence[Zone] = ()
    ) -> None:
        """Nothing is counted at places."""


class _ToFeeder(RunObserver):
    def __init__(self, feeder: DisplayFeeder) -> None:
        self._feeder = feeder

    def on_result(self, run: DoorRun, result: FrameResult) -> None:
        self._feeder.offer(result)


class Preview(QObject):
    """Signals: `frame_ready(DisplayFrame)`, `failed(Exception)`. All calls on the GUI thread.

    The camera is free for whoever opens it next as soon as its driver has let go of it: `sources.device_lease` waits
    for that.
    """

    frame_ready = Signal(object)
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
        self._box = (480, 270)
        self._timer = QTimer(self)
        self._timer.setInterval(33)
        self._timer.timeout.connect(self._look)
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
        pipelines = PipelineCache()
        pipelines.give_back(self.settings, LookOnlyPipeline())
        self._run = DoorRun(
            Door(source_text, self.settings),
            SessionLog("preview", SequenceNumbers()),
            self._services,
            pipelines,
            observers=(self._bridge, _ToFeeder(self._feeder)),
        )
        threads = QtThreads(self._run)
        self._threads = [*(t for t in self._threads if t.is_running()), threads]
        threads.start()
        self._timer.start()

    def stop(self) -> None:
        """Release the camera; returns at once."""
        self._timer.stop()
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

    @Slot(object, object)
    def _failed(self, run: DoorRun, error: Exception) -> None:
        if run is self._run:
            self.failed.emit(error)
