"""For how long a live source gave no pictures. A count over the rest is not one of the whole time."""

from __future__ import annotations

import time
from collections.abc import Callable

_LONG_S = 10.0
_SHARE = 0.1
_SHORTEST_S = 1.0
"""What is shorter, or less than a tenth of the time and of ten seconds, is a hiccup: people are followed over it."""


class LostTime:
    """Is told of pictures and losses by the thread that reads; `sentences` may be asked by any."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds that rise."""
        self._clock = clock
        self._began_s: float | None = None
        self._last_s: float | None = None
        self._ended_s: float | None = None
        self._longest_s = 0.0
        self._lost_s = 0.0
        self._is_lost = False

    def open(self) -> None:
        """The source is there; its first picture may take a while."""
        self._began_s = self._clock()

    def picture(self) -> None:
        """A picture came."""
        now, last = self._clock(), self._last_s
        if last is not None and self._is_lost:
            self._lost_s += now - last
        elif last is not None:
            self._longest_s = max(self._longest_s, now - last)
        self._last_s, self._is_lost = now, False

    def lose(self) -> None:
        """The connection is lost, since the latest picture."""
        self._is_lost = True

    def close(self) -> None:
        """Nothing more is expected."""
        if self._ended_s is None:
            self._ended_s = self._clock()

    @property
    def total_s(self) -> float:
        """Seconds without pictures after the first one: all losses, and a silence that lasts."""
        if self._last_s is None:
            return 0.0
        silent_s = (self._clock() if self._ended_s is None else self._ended_s) - self._last_s
        # Some cameras give a picture every few seconds.
        lasts = self._is_lost or silent_s > 2 * self._longest_s + _SHORTEST_S
        return self._lost_s + (silent_s if lasts else 0.0)

    def sentences(self, name: str) -> tuple[str, ...]:
        """Return one sentence if so much was lost that somebody may have passed unseen."""
        lost_s = self.total_s
        if self._began_s is None or lost_s < _SHORTEST_S:
            return ()
        whole_s = (self._clock() if self._ended_s is None else self._ended_s) - self._began_s
        if lost_s < min(_LONG_S, _SHARE * whole_s):
            return ()
        length = f"{lost_s / 60:.0f} min" if lost_s >= 120 else f"{lost_s:.0f} s"
        return (f"For {length} in all no pictures came from “{name}”.",)
