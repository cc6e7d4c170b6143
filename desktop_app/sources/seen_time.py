"""How much of a recording was seen, for those that may have holes: a playlist whose segments have gone."""

from __future__ import annotations

_HOLE_S = 1.0
"""A distance between two pictures beyond this is a hole; no recording of people has fewer pictures than that."""

LONGEST_PAUSE_S = 60.0
"""A recording without a picture for so long has not seen who passed, whatever the reason: the camera paused, it stopped
while the sound went on, or pictures were written down only where they change."""

LONGEST_FOLLOWED_S = 10.0
"""Pictures further apart show people of whom nothing connects one with the next (`TrackerSettings.sparse_gap_s`)."""


class SeenTime:
    """Sums the media time of the pictures that came, without the holes between them."""

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._seen_s = 0.0
        self._holes: list[tuple[float, float]] = []
        self._pictures = 0
        self._far = 0
        self._far_s = 0.0
        self._whole = True

    def note(self, time_s: float, step_s: float) -> None:
        """A picture came for the time `time_s`; pictures are `step_s` apart (seconds)."""
        last = self._last_s
        self._pictures += 1
        if last is not None and time_s - last > LONGEST_FOLLOWED_S:
            self._far += 1
            self._far_s += time_s - last
        if last is None and time_s >= LONGEST_PAUSE_S:
            self._holes.append((0.0, time_s))
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

    def too_far_apart(self, name: str) -> tuple[str, ...]:
        """Return a sentence if most pictures are too far apart in time for anybody to be followed."""
        if self._far == 0 or self._far * 2 < self._pictures - 1:
            return ()
        return (
            f"The pictures of “{name}” are {self._far_s / self._far:.0f} s apart: nobody can be followed from one to "
            "the next. Save them as single pictures and count their folder.",
        )

    def long_holes(self, name: str) -> tuple[str, ...]:
        """Return one sentence for each hole that is too long for a pause; none where all pictures are far apart."""
        if self.too_far_apart(name):
            return ()
        long = [(start, end) for start, end in self._holes if end - start >= LONGEST_PAUSE_S]
        return tuple(f"From {start:.0f} s to {end:.0f} s “{name}” holds no picture." for start, end in long[:10])

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
