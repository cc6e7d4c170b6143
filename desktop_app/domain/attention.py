"""The number of people present over time, for the curves that audience measurement gives."""

from __future__ import annotations


class PresenceLog:
    """How many people were in view, as a series of (time in seconds, number), bounded however long the session.

    Each point tells the largest number present within `step_s` from its time on. When more than `max_points` have come
    together, neighbours are merged and the step doubles, so a day fits as well as a minute.
    """

    def __init__(self, step_s: float = 1.0, max_points: int = 4096) -> None:
        if step_s <= 0 or max_points < 2:
            raise ValueError(f"step_s must be > 0 and max_points >= 2, not {step_s} and {max_points}")
        self.step_s, self.max_points = step_s, max_points
        self._times: list[float] = []
        self._numbers: list[int] = []

    def add(self, time_s: float, number: int) -> None:
        """Note how many are present; times rise."""
        if self._times and time_s < self._times[-1] + self.step_s:
            self._numbers[-1] = max(self._numbers[-1], number)
            return
        self._times.append(time_s)
        self._numbers.append(number)
        if len(self._times) > self.max_points:
            self.step_s *= 2
            pairs = range(0, len(self._times), 2)
            self._numbers = [max(self._numbers[i : i + 2]) for i in pairs]
            self._times = self._times[::2]

    @property
    def series(self) -> tuple[tuple[float, int], ...]:
        return tuple(zip(self._times, self._numbers, strict=True))

    @property
    def peak(self) -> int:
        """The largest number present at once."""
        return max(self._numbers, default=0)
