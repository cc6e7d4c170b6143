"""Whether a live source can be kept up with."""

from __future__ import annotations

from desktop_app.engine.state import EngineStats

TOO_SLOW_S = 10.0
"""So long must it have been too slow: a busy moment of the computer is no reason to change the model."""

ENOUGH_FPS = 10.0
"""Frames a second at which everybody who passes is seen often enough, however many more the source gives."""

SHARE = 0.7


class PaceWatch:
    """Looks at a run's figures and tells once when it is too slow for its source."""

    def __init__(self) -> None:
        self._slow_since_s: float | None = None
        self._told = False

    def is_too_slow(self, time_s: float, stats: EngineStats) -> bool:
        """Take in the figures at a media time in seconds; True once, after `TOO_SLOW_S` of fewer than `ENOUGH_FPS`
        frames a second, where the source gives clearly more."""
        slow = stats.processed_fps < min(ENOUGH_FPS, SHARE * stats.source_fps)
        if not slow:
            self._slow_since_s = None
            return False
        if self._slow_since_s is None:
            self._slow_since_s = time_s
        if self._told or time_s - self._slow_since_s < TOO_SLOW_S:
            return False
        self._told = True
        return True
