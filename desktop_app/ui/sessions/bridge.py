"""What runs tell on their own threads, brought to the window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal

from desktop_app.domain.types import FrameResult
from desktop_app.engine.state import EngineState
from desktop_app.session.door import RunObserver
from desktop_app.session.door_run import DoorRun
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
    queue of them would grow without bound: on the analysis thread those of the run in `shown` are handed to `listeners`
    and those of any run to the `door_listeners` of its door; each of these keeps the newest only. Of every run that is
    followed the newest result is kept, so that a door whose picture was hidden has one at once.
    """

    def __init__(self) -> None:
        self.signals = _Signals()
        self.listeners: list[ResultListener] = []
        self.door_listeners: defaultdict[str, list[ResultListener]] = defaultdict(list)
        """By the id of a door."""
        self.shown: DoorRun | None = None
        self._followed: frozenset[DoorRun] = frozenset()
        self._latest: dict[DoorRun, FrameResult] = {}

    def follow(self, runs: Sequence[DoorRun]) -> None:
        """Keep the newest result of each of these runs, and forget all others."""
        self._followed = frozenset(runs)
        self._latest = {run: result for run, result in tuple(self._latest.items()) if run in self._followed}

    def latest_of(self, run: DoorRun | None) -> FrameResult | None:
        """Return the newest result of a run that is followed, None before its first."""
        return self._latest.get(run) if run is not None else None

    @property
    def latest(self) -> FrameResult | None:
        """The newest result of the run that is shown."""
        return self.latest_of(self.shown)

    def on_state(self, run: DoorRun, state: EngineState, message: str) -> None:
        self.signals.state.emit(run, state, message)

    def on_info(self, run: DoorRun, info: SourceInfo) -> None:
        self.signals.opened.emit(run, info)

    def on_result(self, run: DoorRun, result: FrameResult) -> None:
        if run not in self._followed:
            return
        self._latest[run] = result
        shown = tuple(self.listeners) if run is self.shown else ()
        for listener in (*shown, *self.door_listeners.get(run.door.id, ())):
            listener(result)

    def on_notice(self, run: DoorRun, sentence: str) -> None:
        self.signals.noticed.emit(run, sentence)

    def on_error(self, run: DoorRun, error: Exception) -> None:
        self.signals.failed.emit(run, error)
