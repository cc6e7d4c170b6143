"""A whole run without a window, in the calling thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from desktop_app.domain.events import Event
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Counts
from desktop_app.engine.engine import Engine
from desktop_app.engine.state import EngineObserver, EngineOptions, EngineState, Pipeline
from desktop_app.errors import HeadcountError
from desktop_app.session.log import SequenceNumbers, SessionLog
from desktop_app.sources.base import FrameSource, SourceInfo


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The result of a run, complete also where it failed or was interrupted half-way.

    `info` is None where the source could not be opened. `duration_s` is the media time that was seen; `people` has one
    record a counted person, staff left out; `dropped_frames` is 0 but for a live source. `error` is what the user can
    put right; `omissions` are sentences about what of the source was not seen.
    """

    info: SourceInfo | None
    frames: int
    duration_s: float
    totals: Totals = field(default_factory=Totals)
    dropped_frames: int = 0
    interrupted: bool = False
    error: HeadcountError | None = None
    omissions: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all of the source was seen."""
        return not self.interrupted and self.error is None and not self.omissions

    @property
    def counts(self) -> Counts:
        return self.totals.counts()

    @property
    def people(self) -> tuple[PersonRecord, ...]:
        return tuple(r for r in self.totals.people() if r.counts)


class _Recorder(EngineObserver):
    """Writes what a run counts into a log in memory."""

    def __init__(self) -> None:
        self.log = SessionLog("headless", SequenceNumbers())

    def on_events(self, events: Sequence[Event]) -> None:
        self.log.append(events, "main", lambda event: event.time_s)


def run_headless(
    source: FrameSource,
    pipeline: Pipeline,
    options: EngineOptions | None = None,
    observers: Sequence[EngineObserver] = (),
    should_stop: Callable[[], bool] | None = None,
) -> RunSummary:
    """Count a whole source as fast as the pipeline goes and return the result; nothing is kept.

    Decoding runs beside the analysis, yet every frame of a file is analysed in order, so the result is the same on
    every run. `should_stop` is asked between frames; True ends the run early (`interrupted`).

    An error of the source is part of the summary and not raised: the count so far is worth having. Any other
    exception is raised as it came.
    """
    recorder = _Recorder()
    engine = Engine(source, pipeline, options, (recorder, *observers))
    capture = threading.Thread(target=engine.run_capture, name="headcount-capture", daemon=True)
    capture.start()
    try:
        engine.run_analysis(should_stop)
    finally:
        engine.stop()
        capture.join(0.5)
    return summary_of(engine, recorder.log.read(lambda totals: totals))


def summary_of(engine: Engine, totals: Totals) -> RunSummary:
    """Return the summary of a run that is over. Raises the unexpected exception that ended it, if one did."""
    error = engine.error
    if error is not None and not isinstance(error, HeadcountError):
        raise error
    stats, info = engine.stats, engine.info
    frame_s = 1.0 / info.fps if info is not None and info.fps > 0 else 0.0
    return RunSummary(
        info=info,
        frames=stats.frames,
        duration_s=stats.position_s + frame_s if stats.frames else 0.0,
        totals=totals,
        dropped_frames=stats.dropped_frames,
        interrupted=engine.state is EngineState.STOPPED,
        error=error,
        omissions=engine.omissions,
    )
