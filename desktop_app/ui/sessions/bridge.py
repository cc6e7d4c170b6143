"""What runs tell on their own threads, brought to the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from desktop_app.domain.types import FrameResult
from desktop_app.engine.state import EngineState
from desktop_app.session.door_run import DoorRun, RunObserver
from desktop_app.sources.base import SourceInfo

ResultListener = Callable[[FrameResult], object]


class _Signals(QObject):
    state = Signal(object, object, str)
    opened = Signal(object, object)
    failed = Signal(object, object)
    noticed = Signal(object, str)


class RunBridge(RunObserver):
    """The one observer of all runs of a window.

    States, the opening and failures become signals, which arrive on the GUI thread: `signals.state(run, state,
    message)`, `signals.opened(run, info)`, `signals.failed(run, error)`,
    `signals.noticed(run, sentence)`. Results never travel by signal, because a
    queue of them would grow without bound: those of the run in `shown` are handed to `listeners` on the analysis
    thread, and each of these keeps the newest only. `latest` is the newest result.
    """

    def __init__(self) -> None:
        self.signals = _Signals()
        self.listeners: list[ResultListener] = []
        self.shown: DoorRun | None = None
        self.latest: FrameResult | None = None

    def on_state(self, run: DoorRun, state: EngineState, message: str) -> None:
        self.signals.state.emit(run, state, message)

    def on_info(self, run: DoorRun, info: SourceInfo) -> None:
        self.signals.opened.emit(run, info)

    def on_result(self, run: DoorRun, result: FrameResult) -> None:
        if run is not self.shown:
            return
        self.latest = result
        for listener in tuple(self.listeners):
            listener(result)

    def on_notice(self, run: DoorRun, sentence: str) -> None:
        self.signals.noticed.emit(run, sentence)

    def on_error(self, run: DoorRun, error: Exception) -> None:
        self.signals.failed.emit(run, error)
