"""The running counts over time, for the live curve, in memory that stays bounded over days."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Counts


@dataclass(frozen=True, slots=True)
class CountSeries:
    """An immutable copy of the history: parallel read-only arrays of shape (n,), oldest first.

    `time_s` is float64 seconds on the session clock; the rest is int64. `female`, `male` and `undecided` are the
    running totals at that time; `in_view` is the largest number of people in view during the step that ends there.
    """

    time_s: NDArray[np.float64]
    female: NDArray[np.int64]
    male: NDArray[np.int64]
    undecided: NDArray[np.int64]
    in_view: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.time_s)


class CountHistory:
    """Collects the running counts at a fixed number of points. Thread-safe.

    It starts with one point each `step_s` seconds. When `capacity` points are reached, neighbours are merged in pairs
    (the later totals and the larger number in view stay) and the step doubles, so a day of counting needs no more
    memory than a minute: the round-robin idea of RRDtool (Oetiker, 1999) with one archive that coarsens.
    """

    def __init__(self, capacity: int = 2048, step_s: float = 0.2) -> None:
        if capacity < 4 or capacity % 2:
            raise ValueError(f"the history needs an even capacity of at least 4 points, not {capacity!r}")
        if not step_s > 0:
            raise ValueError(f"the history needs a step above 0 s, not {step_s!r}")
        self._lock = threading.Lock()
        self._first_step_s = step_s
        self._step_s = step_s
        self._time = np.zeros(capacity, np.float64)
        self._values = np.zeros((capacity, 4), np.int64)
        self._size = 0

    @property
    def step_s(self) -> float:
        """The present distance between two points in seconds."""
        with self._lock:
            return self._step_s

    def add(self, time_s: float, counts: Counts) -> None:
        """Note the counts at `time_s`; times before the newest point are taken as that point's."""
        row = (counts.female, counts.male, counts.undecided, counts.in_view)
        with self._lock:
            last = self._size - 1
            # The newest point stays open: it is overwritten until its step is over.
            opened_at = self._time[last - 1] if last >= 1 else None
            if last >= 1 and opened_at is not None and time_s - opened_at < self._step_s:
                in_view = max(int(self._values[last, 3]), counts.in_view)
                self._time[last] = max(time_s, float(self._time[last]))
                self._values[last] = (*row[:3], in_view)
                return
            if self._size == len(self._time):
                self._merge()
            self._time[self._size] = max(time_s, float(self._time[self._size - 1])) if self._size else time_s
            self._values[self._size] = row
            self._size += 1

    def _merge(self) -> None:
        half = self._size // 2
        in_view = np.maximum(self._values[0 : 2 * half : 2, 3], self._values[1 : 2 * half : 2, 3])
        self._time[:half] = self._time[1 : 2 * half : 2]
        self._values[:half] = self._values[1 : 2 * half : 2]
        self._values[:half, 3] = in_view
        self._size = half
        self._step_s *= 2

    def clear(self) -> None:
        with self._lock:
            self._size = 0
            self._step_s = self._first_step_s

    def snapshot(self) -> CountSeries:
        """Return a copy that no later `add` changes."""
        with self._lock:
            time_s = self._time[: self._size].copy()
            values = self._values[: self._size].T.copy()
        for array in (time_s, values):
            array.setflags(write=False)
        return CountSeries(time_s, values[0], values[1], values[2], values[3])
