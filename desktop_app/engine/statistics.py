"""The media clock of a run and its figures: rates, delay, dropped frames."""

from __future__ import annotations

import time
from dataclasses import replace

from desktop_app.domain.types import Frame
from desktop_app.engine.state import EngineStats, RateMeter


class RunStatistics:
    """Keeps an engine's clock and its `EngineStats`.

    `arrived` and `passed_over` are called by the reader, the rest by the analysis; `stats` may be read anywhere.
    """

    def __init__(self, start_time_s: float) -> None:
        self._start_time_s = start_time_s
        self._offset_s = start_time_s
        self._last_time_s: float | None = None
        # A source counts its frames from 0: one overtaken before the first result is a dropped frame too.
        self._last_index: int | None = -1
        self._arrivals = RateMeter()
        self.has_begun = False
        """Whether the source ever gave a frame."""
        self._results = RateMeter()
        self._stats = EngineStats(time_s=start_time_s)

    @property
    def stats(self) -> EngineStats:
        return replace(self._stats, source_fps=self._arrivals.per_second(), processed_fps=self._results.per_second())

    @property
    def time_s(self) -> float | None:
        """The session time of the newest frame, None before the first."""
        return self._last_time_s

    def arrived(self) -> None:
        """Note that the source gave a frame."""
        self._arrivals.tick()
        self.has_begun = True

    def passed_over(self) -> None:
        """Note that live frames were left out on purpose, in a pause: the gap they leave is no loss."""
        self._last_index = None

    def restart(self) -> None:
        """Set the session clock back to its start, for a new pass over a file."""
        self._offset_s, self._last_time_s = self._start_time_s, None

    def on_session_clock(self, frame: Frame, fps: float) -> Frame:
        """Return the frame with a time that rises over seeks and sources. The tracker relies on that.

        `fps` is the source's rate, 0 if unknown: after a jump back the clock goes on by one frame.
        """
        time_s = frame.time_s + self._offset_s
        if self._last_time_s is not None and time_s <= self._last_time_s:
            time_s = self._last_time_s + (1.0 / fps if fps > 0 else 0.04)
            self._offset_s = time_s - frame.time_s
        self._last_time_s = time_s
        return frame if time_s == frame.time_s else replace(frame, time_s=time_s)

    def analysed(self, frame: Frame, position_s: float, is_live: bool) -> None:
        """Note that the result of `frame`, from the place `position_s` of the source, is there."""
        gap = max(0, frame.index - self._last_index - 1) if is_live and self._last_index is not None else 0
        self._last_index = frame.index
        self._results.tick()
        delay_s = time.perf_counter() - frame.captured_at if frame.captured_at else 0.0
        stats = self._stats
        self._stats = replace(
            stats,
            delay_s=delay_s if stats.frames == 0 else stats.delay_s + 0.1 * (delay_s - stats.delay_s),
            dropped_frames=stats.dropped_frames + gap,
            frames=stats.frames + 1,
            position_s=position_s,
            time_s=frame.time_s,
        )
