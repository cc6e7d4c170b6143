"""One run of a count: its two threads and what they need.

Both threads are thin: their `run` calls the engine's plain functions. Nothing here touches a widget from a worker; what
the engine tells comes to the GUI thread as queued signals, and frames do not come by signal at all.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QThread, Signal, Slot

from desktop_app.domain.types import CountEvent, FrameResult
from desktop_app.engine.engine import OUR_BUG, Engine
from desktop_app.engine.state import EngineObserver, EngineOptions, EngineState, Pipeline
from desktop_app.errors import HeadcountError
from desktop_app.settings import Settings
from desktop_app.sources.base import FrameSource, SourceInfo

_LOG = logging.getLogger(__name__)

MAX_EVENTS = 100_000
"""Events kept for the recovery file; a day at a busy door has fewer."""

ConnectionListener = Callable[[bool, str], None]


class Services(Protocol):
    """What the window needs from the rest of the program; the methods are called on worker threads."""

    def open_source(self, text: str, settings: Settings, on_connection: ConnectionListener) -> FrameSource:
        """Return the source that `text` names, not yet opened. Raises HeadcountError."""

    def build_pipeline(self, settings: Settings) -> Pipeline:
        """Return a pipeline with its models loaded. Raises HeadcountError."""

    def annotate(self, result: FrameResult, settings: Settings) -> NDArray[np.uint8]:
        """Return a copy of the result's picture, uint8 BGR, with its people and the settings' places drawn."""

    def set_places(self, pipeline: Pipeline, settings: Settings) -> bool:
        """Count at the settings' lines and zones from the next frame on; False where that takes a new start."""

    def place_figures(self, pipeline: Pipeline) -> dict[str, str]:
        """Return what was counted at each line and zone by now, in words, by its name."""

    def list_cameras(self) -> list[tuple[str, str]]:
        """Return (name, source text) of each camera."""


class PipelineShelf:
    """Keeps one built pipeline for the next run, so that Start does not load the models again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: Hashable = None
        self._pipeline: Pipeline | None = None

    def take(self, key: Hashable, build: Callable[[], Pipeline]) -> Pipeline:
        """Return the shelved pipeline of this key, or build one; a build under way elsewhere is waited for."""
        with self._lock:
            pipeline, self._pipeline = self._pipeline, None
            if pipeline is not None and self._key == key:
                pipeline.reset()
                return pipeline
            return build()

    def warm(self, key: Hashable, build: Callable[[], Pipeline]) -> None:
        """Build a pipeline ahead of its use."""
        with self._lock:
            if self._pipeline is None or self._key != key:
                self._pipeline, self._key = build(), key

    def give_back(self, key: Hashable, pipeline: Pipeline) -> None:
        """Put a pipeline back whose run is over."""
        with self._lock:
            self._pipeline, self._key = pipeline, key


def pipeline_key(settings: Settings) -> Hashable:
    """Return what two settings must share for one pipeline to serve both."""
    return (settings.detector, settings.count, settings.places)


class _Bridge(EngineObserver):
    """Carries what the engine tells from its threads to the GUI thread."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def on_state(self, state: EngineState, message: str) -> None:
        self._session.state_changed.emit(state, message)

    def on_info(self, info: SourceInfo) -> None:
        self._session.opened.emit(info)

    def on_result(self, result: FrameResult) -> None:
        self._session.deliver(result)

    def on_events(self, events: tuple[CountEvent, ...]) -> None:
        self._session.keep_events(events)

    def on_reset(self) -> None:
        self._session.aside = False
        self._session.forget_events()
        self._session.was_reset.emit()

    def on_set_aside(self) -> None:
        self._session.set_events_aside()
        self._session.was_reset.emit()

    def on_brought_back(self, events: tuple[CountEvent, ...]) -> None:
        self._session.bring_events_back(events)
        self._session.was_reset.emit()

    def on_error(self, error: Exception) -> None:
        self._session.failed.emit(error)


class CaptureThread(QThread):
    """Reads the source; waits for the engine that the analysis thread builds."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("capture")
        self._session = session

    def run(self) -> None:
        engine = self._session.wait_for_engine()
        if engine is not None:
            engine.run_capture()


class AnalysisThread(QThread):
    """Loads the models, then detects, tracks, classifies and counts."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("analysis")
        self._session = session

    def run(self) -> None:
        engine = self._session.build_engine()
        if engine is not None:
            engine.run_analysis()
            self._session.release_pipeline()


class Session(QObject):
    """One run over one source, made and started on the GUI thread. `stop` is idempotent and returns at once."""

    state_changed = Signal(object, str)
    opened = Signal(object)
    failed = Signal(object)
    was_reset = Signal()
    ended = Signal()

    def __init__(
        self,
        source_text: str,
        settings: Settings,
        services: Services,
        shelf: PipelineShelf,
        options: EngineOptions,
        on_result: Callable[[FrameResult], None],
        earlier: Session | None = None,
    ) -> None:
        super().__init__()
        self.source_text = source_text
        self.settings = settings
        self._services = services
        self._shelf = shelf
        self._options = options
        self._on_result = on_result
        self._earlier = earlier
        self._engine: Engine | None = None
        self._pipeline: Pipeline | None = None
        self._built = threading.Event()
        self._stopping = threading.Event()
        self._paused_early = False
        self._events: list[CountEvent] = []
        self._aside_events: list[CountEvent] = []
        self.aside = False
        """Whether a reset of this run can be undone within it."""
        self._lock = threading.Lock()
        self._running = 2
        self.capture = CaptureThread(self)
        self.analysis = AnalysisThread(self)
        for thread in (self.capture, self.analysis):
            thread.finished.connect(self._thread_finished)

    # --- on the GUI thread ---------------------------------------------------------------------------------------

    @property
    def engine(self) -> Engine | None:
        """The engine, None until the models are loaded."""
        return self._engine

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def start(self) -> None:
        self.analysis.start()
        self.capture.start()

    def stop(self) -> None:
        """Ask both threads to end; a source that hangs is left to its own time limit."""
        self._stopping.set()
        self._built.set()
        if self._engine is not None:
            self._engine.stop(0.0)

    def wait(self, seconds: float) -> bool:
        """Wait until both threads have ended; return False where the time ran out first."""
        deadline = time.monotonic() + seconds
        for thread in (self.capture, self.analysis):
            if not thread.wait(max(0, round((deadline - time.monotonic()) * 1000))):
                return False
        return True

    def is_running(self) -> bool:
        return self.capture.isRunning() or self.analysis.isRunning()

    def pause(self, paused: bool) -> None:
        engine = self._engine
        self._paused_early = paused
        if engine is not None:
            if paused:
                engine.pause()
            else:
                engine.resume()

    def events(self) -> tuple[CountEvent, ...]:
        """Return what was counted in this run, lines and zones included."""
        with self._lock:
            return tuple(self._events)

    @Slot()
    def _thread_finished(self) -> None:
        self._running -= 1
        if self._running == 0:
            self.ended.emit()

    # --- on the worker threads -----------------------------------------------------------------------------------

    def build_engine(self) -> Engine | None:
        """Load the models and make the engine; None after a stop or a failure, which is told by signal."""
        try:
            self.state_changed.emit(EngineState.OPENING, "")
            pipeline = self._take_pipeline()
            self._pipeline = pipeline
            source = self._services.open_source(self.source_text, self.settings, self._connection_changed)
            engine = Engine(source, pipeline, self._options, (_Bridge(self),))
        except HeadcountError as error:
            self._fail(error)
            return None
        except Exception as error:  # noqa: BLE001 - a bug while loading must end as a message, not as a silent thread
            _LOG.error("a bug of ours while a count was prepared", exc_info=error)
            self._fail(error)
            return None
        if self._stopping.is_set():
            source.close()
            self.release_pipeline()
            self.state_changed.emit(EngineState.STOPPED, "")
            return None
        self._engine = engine
        if self._paused_early:
            engine.pause()
        self._built.set()
        if self._stopping.is_set():
            # The stop came between the look above and the engine's being there.
            engine.stop(0.0)
        return engine

    def _take_pipeline(self) -> Pipeline:
        earlier = self._earlier
        if earlier is not None and earlier.wait(5.0):
            pipeline = earlier.claim_pipeline()
            if pipeline is not None:
                return pipeline
        key = pipeline_key(self.settings)
        return self._shelf.take(key, lambda: self._services.build_pipeline(self.settings))

    def _fail(self, error: Exception) -> None:
        self._built.set()
        self.failed.emit(error)
        self.state_changed.emit(EngineState.FAILED, str(error) if isinstance(error, HeadcountError) else OUR_BUG)

    def _connection_changed(self, connected: bool, message: str) -> None:
        if self._engine is not None:
            self._engine.note_connection(connected, message)

    def wait_for_engine(self) -> Engine | None:
        """Wait until the engine is there; None if there will be none."""
        self._built.wait()
        return self._engine

    def release_pipeline(self) -> None:
        """Give the pipeline to the next run, unless the run failed and may be taken up again with its count."""
        failed = self._engine is not None and self._engine.state is EngineState.FAILED
        if self._pipeline is not None and not failed:
            self._shelf.give_back(pipeline_key(self.settings), self._pipeline)
            self._pipeline = None

    def claim_pipeline(self) -> Pipeline | None:
        """Return the pipeline of a failed run with its count, once."""
        pipeline, self._pipeline = self._pipeline, None
        return pipeline

    def deliver(self, result: FrameResult) -> None:
        if not self._stopping.is_set():
            self._on_result(result)

    def keep_events(self, events: tuple[CountEvent, ...]) -> None:
        with self._lock:
            self._events.extend(events)
            del self._events[:-MAX_EVENTS]

    def forget_events(self) -> None:
        with self._lock:
            self._events.clear()

    def set_events_aside(self) -> None:
        with self._lock:
            self._aside_events, self._events = self._events, []

    def bring_events_back(self, since: tuple[CountEvent, ...]) -> None:
        """Go on with the events put aside and those that came to them `since`."""
        with self._lock:
            self._events = [*self._aside_events, *since][-MAX_EVENTS:]
            self._aside_events = []
