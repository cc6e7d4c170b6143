"""Runs counts for the window, and keeps what stays of a count between runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from desktop_app.domain.types import CountEvent, Counts, FrameResult
from desktop_app.engine.history import CountSeries
from desktop_app.engine.state import EngineOptions, EngineState, EngineStats, Pipeline
from desktop_app.errors import HeadcountError
from desktop_app.settings import PlaceSettings, Settings
from desktop_app.sources.base import SourceInfo
from desktop_app.ui.sessions.session import PipelineShelf, Services, Session, pipeline_key

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A count that a reset or a new start put aside, for Undo."""

    counts: Counts
    events: tuple[CountEvent, ...]
    carried: Counts
    carried_events: tuple[CountEvent, ...]
    past: CountSeries | None
    session: Session | None


class Controller(QObject):
    """What the window asks for and reads. All of it on the GUI thread.

    `state` is that of the present run; after `stop` it is STOPPED at once. Totals are those of the run plus whatever
    the operator brought back with `undo_reset`.
    """

    state_changed = Signal(object, str)
    opened = Signal(object)
    failed = Signal(object)
    count_cleared = Signal()
    places_wait = Signal()
    ended = Signal()

    def __init__(self, services: Services, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.services = services
        self.settings = settings
        self.listeners: list[Callable[[FrameResult], object]] = []
        self.state = EngineState.IDLE
        self.message = ""
        self.error: Exception | None = None
        self.info: SourceInfo | None = None
        self.place_figures: dict[str, str] = {}
        self._session: Session | None = None
        self._retiring: list[Session] = []
        self._shelf = PipelineShelf()
        self._carried = Counts()
        self._carried_events: tuple[CountEvent, ...] = ()
        self._past: CountSeries | None = None
        self._kept: _Kept | None = None
        self._keep_carried = False
        self._warming: threading.Thread | None = None
        self._closed = False

    # --- reading -------------------------------------------------------------------------------------------------

    @property
    def session(self) -> Session | None:
        return self._session

    @property
    def source_text(self) -> str:
        """The source of the present or last run, "" before the first."""
        return self._session.source_text if self._session else ""

    @property
    def active(self) -> bool:
        """Whether a run is under way, paused ones included."""
        return self.state not in (EngineState.IDLE,) and not self.state.is_final

    @property
    def counts(self) -> Counts:
        engine = self._session.engine if self._session else None
        return add_counts(self._carried, engine.counts if engine else Counts())

    @property
    def events(self) -> tuple[CountEvent, ...]:
        return self._carried_events + (self._session.events() if self._session else ())

    @property
    def stats(self) -> EngineStats:
        engine = self._session.engine if self._session else None
        return engine.stats if engine else EngineStats()

    def series(self) -> CountSeries | None:
        """Return the running totals over time, None before the first frame."""
        engine = self._session.engine if self._session else None
        now = engine.history.snapshot() if engine else None
        if self._past is not None:
            now = join_series(self._past, now) if now is not None and len(now) else self._past
        return shift_series(now, self._carried) if now is not None else None

    @property
    def can_undo_reset(self) -> bool:
        return self._kept is not None

    # --- doing ---------------------------------------------------------------------------------------------------

    def warm_up(self) -> None:
        """Load the models ahead of the first start, on a thread of its own; a failure is told at the start."""
        settings = self.settings

        def load() -> None:
            try:
                self._shelf.warm(pipeline_key(settings), lambda: self.services.build_pipeline(settings))
            except HeadcountError as error:
                _LOG.info("could not load the models ahead of time: %s", error)

        self._warming = threading.Thread(target=load, name="headcount-warm-up", daemon=True)
        self._warming.start()

    def start(self, source_text: str) -> None:
        """Begin a new count; the totals of the one before can be brought back with `undo_reset`."""
        if self._keep_carried:
            self._keep_carried = False
        else:
            self._keep_for_undo()
            self._carried, self._carried_events = Counts(), ()
        self._past = None
        self._begin(source_text, EngineOptions(speed=self.settings.source.speed, loop=self.settings.source.loop))

    def retry(self) -> None:
        """Open the source of a failed run again and go on with its count."""
        old = self._session
        if old is None:
            return
        engine = old.engine
        options = EngineOptions(speed=self.settings.source.speed, loop=self.settings.source.loop)
        if engine is None:
            self._begin(old.source_text, options)
            return
        series = engine.history.snapshot()
        self._past = join_series(self._past, series) if self._past is not None else series
        start = engine.stats.time_s + 1.0 if len(series) else 0.0
        options = EngineOptions(speed=options.speed, loop=options.loop, start_time_s=start)
        events = old.events()
        self._begin(old.source_text, options, earlier=old)
        assert self._session is not None
        self._session.keep_events(events)

    def _begin(self, source_text: str, options: EngineOptions, earlier: Session | None = None) -> None:
        self._retire()
        session = Session(source_text, self.settings, self.services, self._shelf, options, self._result, earlier)
        self._session = session
        self.info = None
        self.error = None
        session.state_changed.connect(lambda state, message, s=session: self._on_state(s, state, message))
        session.opened.connect(lambda info, s=session: self._on_opened(s, info))
        session.failed.connect(lambda error, s=session: self._on_failed(s, error))
        session.was_reset.connect(self.count_cleared)
        session.ended.connect(lambda s=session: self._on_ended(s))
        self._set_state(EngineState.OPENING, "")
        session.start()

    def _result(self, result: FrameResult) -> None:
        """Hand a result to everybody who wants it; called on the analysis thread."""
        for listener in tuple(self.listeners):
            listener(result)

    def stop(self) -> None:
        """End the run; returns at once, the last figures follow within moments."""
        if self._session is None or not self.active:
            return
        self._session.stop()
        self._set_state(EngineState.STOPPED, "")

    def pause(self, paused: bool) -> None:
        if self._session is not None and self.active:
            self._session.pause(paused)

    def step(self) -> None:
        if self._session is not None and self._session.engine is not None:
            self._session.engine.step()

    def seek(self, time_s: float) -> None:
        if self._session is not None and self._session.engine is not None and self.active:
            self._session.engine.seek(time_s)

    def set_speed(self, speed: float) -> None:
        if self._session is not None and self._session.engine is not None:
            self._session.engine.set_speed(speed)

    def set_loop(self, loop: bool) -> None:
        if self._session is not None and self._session.engine is not None:
            self._session.engine.set_loop(loop)

    def submit(self, command: Callable[[Pipeline], object]) -> None:
        """Have something done with the pipeline between two frames; nothing happens without a run."""
        if self._session is not None and self._session.engine is not None and self.active:
            self._session.engine.submit(command)

    def mark_staff(self, track_id: int) -> None:
        """Take a person out of the count until its end."""

        def mark(pipeline: Any) -> None:  # the pipeline that `factory` builds has more to it than the protocol names
            pipeline.mark_staff(track_id)

        self.submit(mark)

    def set_places(self, places: Sequence[PlaceSettings]) -> None:
        """Count at other lines and zones from now on; `places_wait` tells where that takes a new start."""
        settings = replace(self.settings, places=tuple(places))

        def change(pipeline: Pipeline) -> None:
            if not self.services.set_places(pipeline, settings):
                self.places_wait.emit()

        self.submit(change)

    def look_at_places(self) -> None:
        """Have the figures of lines and zones read between two frames; `place_figures` has them afterwards."""
        self.submit(self._read_places)

    def _read_places(self, pipeline: Pipeline) -> None:
        self.place_figures = self.services.place_figures(pipeline)

    def reset(self) -> None:
        """Set the totals to zero; `undo_reset` takes that back as if it had never been."""
        people = self.counts.people
        self._keep_for_undo()
        self._past = None
        self._carried, self._carried_events = Counts(), ()
        engine = self._session.engine if self._session else None
        if engine is None or self._session is None:
            self.count_cleared.emit()
        elif self.active and people:
            self._session.aside = True
            engine.set_aside()
        elif self.active:
            # Nobody was counted since the last reset, which stays the one that Undo takes back.
            if not self._session.aside:
                engine.reset()
        else:
            # The run is over and its pipeline may serve another one: forget the run instead.
            self._retire()
            self._session = None
            self._set_state(EngineState.IDLE, "")
            self.count_cleared.emit()

    def undo_reset(self) -> Counts | None:
        """Bring back the totals put aside last and return them, None if there are none.

        Within the run they are of, that run's count goes on with everybody in view and its curve, and nobody is
        counted twice. Those of another run are added to the present ones.
        """
        if self._kept is None:
            return None
        kept, self._kept = self._kept, None
        session = kept.session
        engine = session.engine if session is not None else None
        lost = self._session is session and session is not None and not session.aside  # the file has begun again
        if session is None or engine is None or self._session not in (session, None) or lost:
            self._carried = add_counts(self._carried, kept.counts)
            self._carried_events = kept.events + self._carried_events
            return kept.counts
        self._carried, self._carried_events, self._past = kept.carried, kept.carried_events, kept.past
        if self._session is None:
            self._session = session
            self._set_state(engine.state if engine.state.is_final else EngineState.STOPPED, "")
        else:
            session.aside = False
            engine.bring_back()
        return kept.counts

    def take_back(self, counts: Counts, events: tuple[CountEvent, ...] = ()) -> None:
        """Add a count of an earlier run of the program to that under way, or else let the next one go on from it."""
        self._carried = add_counts(self._carried, replace(counts, in_view=0))
        self._carried_events = events + self._carried_events
        self._keep_carried = not self.active

    def _keep_for_undo(self) -> None:
        counts = self.counts
        if counts.people:
            self._kept = _Kept(counts, self.events, self._carried, self._carried_events, self._past, self._session)

    def shut_down(self, seconds: float = 3.0) -> bool:
        """End everything and wait for it; return False where a thread would not end in time. Idempotent."""
        self._closed = True
        deadline = time.monotonic() + seconds
        self._retire()
        done = True
        for session in list(self._retiring):
            done = session.wait(max(0.0, deadline - time.monotonic())) and done
        if self._warming is not None:
            self._warming.join(max(0.0, deadline - time.monotonic()))
            done = done and not self._warming.is_alive()
        return done

    def _retire(self) -> None:
        """Stop the present run and keep it until its threads are gone: a QThread collected while running aborts."""
        if self._session is not None:
            self._session.stop()
            if self._session.is_running() and self._session not in self._retiring:
                self._retiring.append(self._session)

    # --- what a session tells ------------------------------------------------------------------------------------

    def _on_state(self, session: Session, state: EngineState, message: str) -> None:
        if session is self._session and not self._closed and not (session.stopping and not state.is_final):
            engine = session.engine
            if engine is not None and engine.state is not EngineState.IDLE:
                # What a worker told may still be on its way when a later state has already come by a shorter one.
                state, message = engine.state, engine.message
                if engine.info is not None:
                    self._on_opened(session, engine.info)
                if state is EngineState.FAILED and engine.error is not None:
                    self._on_failed(session, engine.error)
            if (state, message) != (self.state, self.message):
                self._set_state(state, message)
            if state.is_final:
                # A source that hangs while it is closed must not hold the capture thread.
                session.stop()

    def _set_state(self, state: EngineState, message: str) -> None:
        self.state, self.message = state, message
        self.state_changed.emit(state, message)

    def _on_opened(self, session: Session, info: SourceInfo) -> None:
        if session is self._session and not self._closed and not session.stopping and info is not self.info:
            self.info = info
            self.opened.emit(info)

    def _on_failed(self, session: Session, error: Exception) -> None:
        if session is self._session and not self._closed and not session.stopping and error is not self.error:
            self.error = error
            self.failed.emit(error)

    def _on_ended(self, session: Session) -> None:
        if session in self._retiring:
            self._retiring.remove(session)
        if session is self._session and not self._closed:
            self.ended.emit()


def join_series(first: CountSeries, second: CountSeries, capacity: int = 4096) -> CountSeries:
    """Return both runs in one, every second point left out as often as needed to stay within `capacity`."""
    columns = [
        np.concatenate((getattr(first, name), getattr(second, name)))
        for name in ("time_s", "female", "male", "undecided", "in_view")
    ]
    while len(columns[0]) > capacity:
        columns = [c[1::2] for c in columns]
    return CountSeries(*columns)


def shift_series(series: CountSeries, by: Counts) -> CountSeries:
    """Return the series with totals brought back added to every point."""
    if not by.people:
        return series
    return CountSeries(
        series.time_s, series.female + by.female, series.male + by.male, series.undecided + by.undecided, series.in_view
    )


def add_counts(first: Counts, second: Counts) -> Counts:
    """Return the sum of two totals; those in view are the second's."""
    return Counts(
        female=first.female + second.female,
        male=first.male + second.male,
        undecided=first.undecided + second.undecided,
        age_bands=tuple(a + b for a, b in zip(first.age_bands, second.age_bands, strict=True)),
        in_view=second.in_view,
        age_unknown=first.age_unknown + second.age_unknown,
    )
