"""Tells when the pictures of a run go on in another size and still show the same.

A camera whose settings are changed, or a stream that follows the network, does that. Everybody in view would jump by it
and be somebody new.
"""

from __future__ import annotations

_SAME_SHAPE = 0.02
"""Relative difference of two aspect ratios up to which they are the same one, rounded to whole pixels."""


class FrameSize:
    """The size of a run's latest picture."""

    def __init__(self) -> None:
        self._size: tuple[int, int] | None = None

    def reset(self) -> None:
        """Forget the size."""
        self._size = None

    def change(self, width: int, height: int) -> float:
        """Take in the size of the next picture in pixels; return how much larger it is than the one before.

        1.0 also where its shape is another one: then it shows something else.
        """
        before, self._size = self._size, (width, height)
        if before is None or before == self._size:
            return 1.0
        one, other = width * before[1], before[0] * height
        return width / before[0] if abs(one - other) <= _SAME_SHAPE * max(one, other) else 1.0
