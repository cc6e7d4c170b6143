"""A whole run without a window, in the calling thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from desktop_app.domain.types import CountEvent, Counts
from desktop_app.engine.engine import Engine
from desktop_app.engine.state import EngineObserver, EngineOptions, EngineState, Pipeline
from desktop_app.errors import HeadcountError
from desktop_app.sources.base import FrameSource, SourceInfo


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run came to, complete also where it failed or was interrupted half-way.

    `info` is None where the source could not be opened. `duration_s` is the media time that was seen; `people` has one
    record a counted person; `dropped_frames` is 0 but for a live source. `error` is what the user can put right;
    `omissions` are sentences about what of the source was not seen.
    """

    info: SourceInfo | None
    frames: int
    duration_s: float
    counts: Counts
    people: tuple[CountEvent, ...]
    dropped_frames: int = 0
    interrupted: bool = False
    error: HeadcountError | None = None
    omissions: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all of the source was seen."""
        return not self.interrupted and self.error is None and not self.omissions


def run_headless(
    source: FrameSource,
    pipeline: Pipeline,
    options: EngineOptions | None = None,
    observers: Sequence[EngineObserver] = (),
    should_stop: Callable[[], bool] | None = None,
) -> RunSummary:
    """Count a whole source as fast as the pipeline goes and return the result.

    Decoding runs beside the analysis, yet every frame of a file is analysed in order, so the result is the same on
    every run. `should_stop` is asked between frames; True ends the run early (`interrupted`).

    An error of the source is part of the summary and not raised: the count so far is worth having. A bug of ours is
    raised as it came.
    """
    engine = Engine(source, pipeline, options, observers)
    capture = threading.Thread(target=engine.run_capture, name="headcount-capture", daemon=True)
    capture.start()
    limit = _LiveLimit(engine)
    try:
        engine.run_analysis(lambda: limit.reached() or (should_stop is not None and should_stop()))
    finally:
        engine.stop()
        capture.join(0.5)
    error = engine.error
    if error is not None and not isinstance(error, HeadcountError):
        raise error
    stats, info = engine.stats, engine.info
    frame_s = 1.0 / info.fps if info is not None and info.fps > 0 else 0.0
    return RunSummary(
        info=info,
        frames=stats.frames,
        duration_s=stats.position_s + frame_s if stats.frames else 0.0,
        counts=engine.counts,
        people=engine.people(),
        dropped_frames=stats.dropped_frames,
        interrupted=engine.state is EngineState.STOPPED and not limit.was_reached,
        error=error,
        omissions=engine.omissions,
    )


class _LiveLimit:
    """Holds a live source to the time limit also while it gives no pictures, by which the engine would see it pass."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._opened_at: float | None = None
        self.was_reached = False

    def reached(self) -> bool:
        info, limit_s = self._engine.info, self._engine.options.limit_s
        if info is None or not info.is_live or limit_s is None:
            return False
        now = time.monotonic()
        if self._opened_at is None:
            self._opened_at = now
        # A little later than the pictures themselves would say so.
        self.was_reached = self.was_reached or now - self._opened_at > limit_s + 1.0
        return self.was_reached
