"""Tells whether a film ever showed anything else than at its beginning.

Where FFmpeg cannot be called (`ffmpeg_library`), as on Windows, OpenCV gives the same memory for each picture of an
interlaced film: black, or whatever lay in it. It does not say so.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FEWEST = 10
_EVERY = 8


class StillWatch:
    """Compares the pictures of a film with its first one, until one differs."""

    def __init__(self) -> None:
        self._first: NDArray[np.uint8] | None = None
        self._pictures = 0
        self._has_changed = False

    def note(self, image_bgr: NDArray[np.uint8]) -> None:
        """Take in the next picture, uint8 (height, width, 3)."""
        if self._has_changed:
            return
        self._pictures += 1
        part = image_bgr[::_EVERY, ::_EVERY]
        if self._first is None:
            self._first = part.copy()
        elif not np.array_equal(self._first, part):
            self._has_changed = True
            self._first = None

    @property
    def never_changed(self) -> bool:
        """Whether enough pictures came to tell, all of them alike."""
        return not self._has_changed and self._pictures >= _FEWEST
