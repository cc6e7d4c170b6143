"""Media clocks: from the time stamps that a backend reports to seconds that always rise.

Containers and cameras report times that repeat, run backwards, jump or stay at zero. Counting needs a clock that
rises with every frame, follows the true stamps where they make sense, and is the same on every run over the same file.
"""

from __future__ import annotations

import math

DEFAULT_FPS = 25.0
"""The rate assumed where a source does not know its own; FFmpeg assumes the same for raw video."""

SMALL_STEP_BACK_S = 1.0
LONGEST_GAP_S = 60.0
LONGEST_DURATION_S = 60.0 * 60 * 24 * 60
LIVE_DRIFT_S = 2.0
SMALLEST_STEP_S = 0.001
FIRST_BURST_S = 10.0
"""For so long after its start a stream may still be handing over what it had stored before."""


def sane_fps(fps: float) -> float:
    """Return `fps` if it is a rate a camera or file can have, else 0.0 for "not known"."""
    return fps if math.isfinite(fps) and 0.05 <= fps <= 1000.0 else 0.0


def sane_duration_s(frame_count: float, fps: float) -> float | None:
    """Return the duration in seconds that a frame count and a rate mean, None where they lie (negative, absurd)."""
    if not (math.isfinite(frame_count) and math.isfinite(fps) and frame_count > 0 and fps > 0):
        return None
    duration_s = frame_count / fps
    return duration_s if duration_s <= LONGEST_DURATION_S else None


class MediaClock:
    """The clock of a file: the container's stamps in seconds, made to rise.

    A stamp that repeats or steps back a little costs nothing (the next good stamp is followed again); a stamp that
    jumps far moves an offset, so that the distances after the jump stay true. A file whose stamps never move
    (raw .264) is timed by its frame rate.
    """

    def __init__(self, fps: float, duration_s: float | None = None) -> None:
        self._step_s = 1.0 / (sane_fps(fps) or DEFAULT_FPS)
        self._duration_s = duration_s
        self._offset_s = 0.0
        self._last_s: float | None = None
        self._moves = False

    @property
    def step_s(self) -> float:
        """The nominal distance of two frames in seconds."""
        return self._step_s

    @property
    def last_s(self) -> float | None:
        """The time of the latest frame, None before the first."""
        return self._last_s

    @property
    def stamps_move(self) -> bool:
        """Whether the container's own stamps have been of use so far."""
        return self._moves

    def next(self, stamp_s: float) -> float:
        """Return the time in seconds of the next frame, whose container stamp is `stamp_s`."""
        last = self._last_s
        if last is None:
            self._last_s = self._first(stamp_s)
            return self._last_s
        time_s = stamp_s + self._offset_s
        if not math.isfinite(time_s):
            time_s = last + self._step_s
        elif time_s <= last:
            if last - time_s > SMALL_STEP_BACK_S:
                self._offset_s = last + self._step_s - stamp_s
            time_s = last + self._step_s
        elif time_s - last > LONGEST_GAP_S and not self._within_duration(time_s):
            self._offset_s = last + self._step_s - stamp_s
            time_s = last + self._step_s
        else:
            self._moves = True
        self._last_s = time_s
        return time_s

    def jumped(self) -> None:
        """Tell the clock that the next stamp follows a seek, so that it may lie before the last one."""
        self._last_s = None

    def continue_from_start(self) -> None:
        """Tell the clock that the file starts over, and that its time goes on (a looping file)."""
        if self._last_s is not None:
            self._offset_s = self._last_s + self._step_s

    def _first(self, stamp_s: float) -> float:
        if not math.isfinite(stamp_s) or stamp_s < 0:
            self._offset_s = -stamp_s if math.isfinite(stamp_s) else 0.0
            return 0.0
        time_s = stamp_s + self._offset_s
        lies = self._duration_s is not None and time_s > LONGEST_GAP_S and not self._within_duration(time_s)
        if time_s < 0 or lies:
            self._offset_s = -stamp_s
            return 0.0
        return time_s

    def _within_duration(self, time_s: float) -> bool:
        return self._duration_s is not None and time_s <= self._duration_s + 1.0


class LiveClock:
    """The clock of a live source: seconds since its first frame.

    Follows the stream's own stamps, which are steadier than arrival, for as long as they stay within `LIVE_DRIFT_S` of
    the arrival; a stream whose stamps cannot be trusted is timed by arrival alone (`use_stamps=False`).
    """

    def __init__(self, *, use_stamps: bool) -> None:
        self._use_stamps = use_stamps
        self._first_arrival_s: float | None = None
        self._offset_s = 0.0
        self._last_s = -SMALLEST_STEP_S

    def next(self, stamp_s: float, arrival_s: float) -> float:
        """Return the time in seconds of a frame with the stream's stamp `stamp_s` in seconds.

        `arrival_s` is when it arrived, on a monotonic clock.
        """
        if self._first_arrival_s is None:
            self._first_arrival_s = arrival_s
            self._offset_s = -stamp_s if math.isfinite(stamp_s) else 0.0
        since_start_s = arrival_s - self._first_arrival_s
        soonest_s = self._last_s + SMALLEST_STEP_S
        time_s = max(since_start_s, soonest_s)
        if self._use_stamps and math.isfinite(stamp_s):
            stamped_s = stamp_s + self._offset_s
            early_s = stamped_s - since_start_s
            if 0 < early_s <= FIRST_BURST_S and since_start_s < FIRST_BURST_S:
                # Frames stored before the connection arrive faster than they were made: the session began earlier.
                self._first_arrival_s -= early_s
                since_start_s = stamped_s
            if stamped_s >= soonest_s and abs(stamped_s - since_start_s) <= LIVE_DRIFT_S:
                time_s = stamped_s
            else:
                self._offset_s = time_s - stamp_s
        self._last_s = time_s
        return time_s
