"""How much of a recording was seen, for those that may have holes: a playlist whose segments have gone."""

from __future__ import annotations

_HOLE_S = 1.0
"""A distance between two pictures beyond this is a hole; no recording of people has fewer pictures than that."""


class SeenTime:
    """Sums the media time of the pictures that came, without the holes between them."""

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._seen_s = 0.0
        self._holes: list[tuple[float, float]] = []
        self._whole = True

    def note(self, time_s: float, step_s: float) -> None:
        """A picture came for the time `time_s`; pictures are `step_s` apart (seconds)."""
        last = self._last_s
        if last is None or time_s <= last:
            self._seen_s += step_s
        elif time_s - last > max(_HOLE_S, 3 * step_s):
            self._holes.append((last, time_s))
            self._seen_s += step_s
        else:
            self._seen_s += time_s - last
        self._last_s = time_s

    def jumped(self, time_s: float) -> None:
        """The recording was searched: what was left out by that is nobody's mistake."""
        self._last_s = time_s
        self._whole = False

    def omissions(self, name: str, duration_s: float | None) -> tuple[str, ...]:
        """Return one sentence for each hole, and one if less was seen than `duration_s` promises."""
        holes = tuple(
            f"From {start:.0f} s to {end:.0f} s nothing of “{name}” could be read." for start, end in self._holes[:10]
        )
        if holes or duration_s is None or not self._whole:
            return holes
        if self._seen_s < 0.98 * duration_s - _HOLE_S:
            return (f"Of “{name}”, {duration_s:.0f} s long, only {self._seen_s:.0f} s could be read.",)
        return ()
