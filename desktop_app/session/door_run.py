"""One run over one source at one door: builds what it needs, starts, paces and ends it, and passes on what it tells."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from desktop_app.domain.events import Event
from desktop_app.domain.types import FrameResult
from desktop_app.engine.engine import OUR_BUG, Engine
from desktop_app.engine.state import EngineObserver, EngineState, EngineStats, Pipeline
from desktop_app.errors import HeadcountError
from desktop_app.session.door import Door, RunObserver, RunOptions
from desktop_app.session.door_log import DoorLog
from desktop_app.session.log import SessionLog
from desktop_app.session.pace import PaceWatch
from desktop_app.session.pipelines import PipelineCache
from desktop_app.session.place_changes import place_changes
from desktop_app.session.seen_before import LeadIn
from desktop_app.session.services import RecordingStart, Services
from desktop_app.settings import Settings
from desktop_app.sources.base import SourceInfo

_LOG = logging.getLogger(__name__)


class DoorRun(EngineObserver):
    """Made on any thread; `capture` and `analyse` are the bodies of its two threads. `stop` returns at once."""

    def __init__(
        self,
        door: Door,
        log: SessionLog,
        services: Services,
        pipelines: PipelineCache,
        options: RunOptions | None = None,
        observers: Sequence[RunObserver] = (),
    ) -> None:
        self.state = EngineState.IDLE
        self.message = ""
        self.error: Exception | None = None
        self.prefix = f"{uuid.uuid4().hex[:12]}."
        """The references of this run's people begin with it, so that none repeats."""
        self.on_pass_ended: Callable[[DoorRun], SessionLog] | None = None
        """Asked for the log of the next pass when a file begins again; without it the same log goes on."""
        self._journal = DoorLog(door, log)
        self._services = services
        self._pipelines = pipelines
        self._options = options or RunOptions()
        self._observers = tuple(observers)
        self._seen_before = self._options.seen_before
        self._lead_in = LeadIn(self._seen_before) if self._seen_before is not None else None
        self._engine: Engine | None = None
        self._pipeline: Pipeline | None = None
        self._fell_back = False
        self._pause_wanted = False
        self._pace = PaceWatch()
        self._built = threading.Event()
        self._stopping = threading.Event()
        self._over = threading.Event()

    # ---- read from anywhere

    @property
    def engine(self) -> Engine | None:
        """The engine, None until the models are loaded."""
        return self._engine

    @property
    def door(self) -> Door:
        return self._journal.door

    @property
    def log(self) -> SessionLog:
        return self._journal.log

    @property
    def names(self) -> tuple[str, str]:
        """The names of the detector and of the model, "" before they are loaded."""
        return self._journal.names

    @property
    def fell_back(self) -> bool:
        """Whether a lighter model answers than was chosen, because this computer could not keep up with the source."""
        return self._fell_back

    @property
    def recording_start(self) -> RecordingStart | None:
        """When the recording began and how that is known, None for a live source or before it is known."""
        return None if self._journal.is_live else self._journal.start

    @property
    def is_film(self) -> bool:
        """Whether the source was opened and shows what was recorded before."""
        return not self._journal.is_live

    @property
    def info(self) -> SourceInfo | None:
        return self._engine.info if self._engine is not None else None

    @property
    def stats(self) -> EngineStats:
        return self._engine.stats if self._engine is not None else EngineStats()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    @property
    def active(self) -> bool:
        return not self.state.is_final

    def utc(self) -> float:
        """Return the time at the door now, in seconds since 1970: for a file, when what it shows was recorded."""
        return self._journal.utc(self.stats.time_s)

    # ---- asked from anywhere

    def stop(self) -> None:
        """Ask both loops to end. Idempotent."""
        self._stopping.set()
        self._built.set()
        if self._engine is not None:
            self._engine.stop(0.0)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the last event of the run is in the log; False where the time ran out first."""
        return self._over.wait(timeout_s)

    def pause(self, paused: bool) -> None:
        self._pause_wanted = paused
        engine = self._engine
        if engine is not None:
            if paused:
                engine.pause()
            else:
                engine.resume()

    def step(self) -> None:
        if self._engine is not None:
            self._engine.step()

    def seek(self, time_s: float) -> None:
        if self._engine is not None and self.active:
            self._engine.seek(time_s)

    def set_speed(self, speed: float) -> None:
        if self._engine is not None:
            self._engine.set_speed(speed)

    def set_loop(self, loop: bool) -> None:
        self._options = replace(self._options, engine=replace(self._options.engine, loop=loop))
        if self._engine is not None:
            self._engine.set_loop(loop)

    def submit(self, command: Callable[[Pipeline], object]) -> None:
        """Have something done with the pipeline between two frames; nothing happens before the models are loaded."""
        if self._engine is not None and self.active:
            self._engine.submit(command)

    def set_places(self, settings: Settings) -> None:
        """Count at the settings' lines and zones from the next frame on. Raises SettingsError."""
        places = self._services.build_places(settings)
        before, self._journal.door = self.door.settings.places, replace(self.door, settings=settings)

        def change(pipeline: Pipeline) -> None:
            pipeline.set_places(*places)
            self._journal.write(place_changes(before, settings.places, self.stats.time_s))

        self.submit(change)

    def switch(self, log: SessionLog, *, back: bool = False, then: Callable[[], object] | None = None) -> None:
        """Write into another session's log from the next frame on.

        Forward, that is a new count: it begins with whoever is in view. `back` goes on with a count that was closed
        so: people keep the numbers they had in it. `then` is called when it is done.
        """

        def change(pipeline: Pipeline) -> None:
            time_s = self.stats.time_s
            closing, opening = ((), ()) if back else pipeline.new_count(time_s)
            if back:
                pipeline.renumber(*numbers_of(log))
            self._journal.go_on_in(log, time_s, self.message, closing, opening)
            if then is not None:
                then()

        if self._engine is None or not self.active:
            self._journal.log = log
            if then is not None:
                then()
        else:
            self._engine.submit(change)

    # ---- the two threads

    def capture(self) -> None:
        """Body of the capture thread: waits for the engine that the analysis thread builds, then reads."""
        self._built.wait()
        if self._engine is not None:
            self._engine.run_capture()

    def analyse(self, should_stop: Callable[[], bool] | None = None) -> None:
        """Body of the analysis thread: loads the models, then detects, tracks, classifies and counts."""
        try:
            engine = self._build()
            if engine is not None:
                engine.run_analysis(should_stop)
        finally:
            self._built.set()
            # After an unexpected exception nobody knows what state the pipeline is in: the next run builds another.
            if self._pipeline is not None and (self.error is None or isinstance(self.error, HeadcountError)):
                self._pipelines.give_back(self.door.settings, self._pipeline)
            self._pipeline = None
            self._over.set()

    def _build(self) -> Engine | None:
        """Load the models and make the engine; None after a stop or a failure, which is told."""
        door = self.door
        try:
            self._enter(EngineState.OPENING, "")
            pipeline = self._pipelines.take(door.settings, self._services.build_pipeline)
            self._pipeline = pipeline
            self._journal.names = (pipeline.detector_name, pipeline.model_name)
            pipeline.reset(self.prefix)
            pipeline.set_places(*self._services.build_places(door.settings))
            pipeline.renumber({}, self._options.next_number)
            self._journal.start = self._recording_start()
            source = self._services.open_source(door.source, door.settings, self._connection_changed)
        except HeadcountError as error:
            self._failed(error)
            return None
        except Exception as error:  # noqa: BLE001 - a bug while loading must end as a message, not as a silent thread
            _LOG.error("an unexpected exception while a count was prepared", exc_info=error)
            self._failed(error)
            return None
        if self._stopping.is_set():
            source.close()
            self._enter(EngineState.STOPPED, "")
            return None
        self._engine = engine = Engine(source, pipeline, self._options.engine, (self,))
        if self._seen_before is not None:
            engine.seek(self._seen_before.seek_s)
        if self._pause_wanted:
            engine.pause()
        engine.set_loop(self._options.engine.loop)
        if self.door is not door:  # the places were changed while the models were loaded
            self.set_places(self.door.settings)
        self._built.set()
        if self._stopping.is_set():  # the stop came between the look above and the engine's being there
            engine.stop(0.0)
        return engine

    def _recording_start(self) -> RecordingStart | None:
        if self._seen_before is not None:
            return self._seen_before.start
        if self.door.began_utc is not None:
            return RecordingStart(self.door.began_utc, "operator")
        return self._services.recording_start(self.door.source)

    def _connection_changed(self, connected: bool, message: str) -> None:
        if self._engine is not None:
            self._engine.note_connection(connected, message)

    def _failed(self, error: Exception) -> None:
        self.on_error(error)
        self._enter(EngineState.FAILED, str(error) if isinstance(error, HeadcountError) else OUR_BUG)

    # ---- what the engine tells

    def on_info(self, info: SourceInfo) -> None:
        begin_s = self._seen_before.until_s if self._seen_before is not None else 0.0
        self._journal.open(begin_s, is_live=info.is_live)
        self._tell(lambda o: o.on_info(self, info))

    def on_events(self, events: Sequence[Event]) -> None:
        if self._lead_in is not None:
            known = dict(self._lead_in.known)
            events = self._lead_in.new(events)
            again = {ref: old for ref, old in self._lead_in.known.items() if ref not in known}
            if again and self._pipeline is not None:
                # In the picture, too, they are who they are in the log: there they are clicked to be corrected.
                self._pipeline.renumber(numbers_of(self.log)[0], self._options.next_number, again)
        self._journal.write(events)

    def on_result(self, result: FrameResult) -> None:
        if self._journal.is_live and self._pace.is_too_slow(result.frame.time_s, self.stats):
            self.submit(self._fall_back)
        if not self._stopping.is_set() and self._observers:
            shown = replace(result, counts=self.log.read(lambda totals: totals.counts(in_view=result.in_view)))
            self._tell(lambda o: o.on_result(self, shown))

    def _fall_back(self, pipeline: Pipeline) -> None:
        try:
            name = pipeline.fall_back()
        except HeadcountError as error:
            _LOG.warning("the lighter model cannot be used: %s", error)
            return
        if name:
            self._journal.names, self._fell_back = (self.names[0], name), True
            sentence = "The pictures come faster than this computer can look at them. The faster model is used."
            self._tell(lambda o: o.on_notice(self, sentence))

    def on_restart(self, events: Sequence[Event]) -> None:
        self.on_events(events)
        self._seen_before = self._lead_in = None
        if self.on_pass_ended is not None:
            self._journal.log = self.on_pass_ended(self)
        self.prefix = f"{uuid.uuid4().hex[:12]}."
        if self._pipeline is not None:
            self._pipeline.reset(self.prefix)
        self._journal.begin(0.0)

    def on_error(self, error: Exception) -> None:
        self.error = error
        self._tell(lambda o: o.on_error(self, error))

    def on_state(self, state: EngineState, message: str) -> None:
        blank_since_s = self._engine.blank_since_s if self._engine is not None else None
        self._journal.note_state(state, message, self.stats.time_s, blank_since_s)
        self._enter(state, message)

    def _enter(self, state: EngineState, message: str) -> None:
        self.state, self.message = state, message
        self._tell(lambda o: o.on_state(self, state, message))

    def _tell(self, call: Callable[[RunObserver], object]) -> None:
        for observer in self._observers:
            call(observer)


def numbers_of(log: SessionLog) -> tuple[dict[str, int], int]:
    """Return the numbers that people have in a session, by reference, and the next one that is free."""

    people = log.read(lambda totals: totals.people())
    numbers = {ref: record.number for record in people for ref in record.members}
    return numbers, max(numbers.values(), default=0) + 1
