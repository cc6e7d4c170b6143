"""Pictures without any content: of one tone throughout, as behind a lens cap, from a broken camera or a bad decoder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FLAT = 2.0
"""A small picture that varies by less than this standard deviation in each colour is of one tone. A dark room or a
white wall varies by more; of what varies by less, two grey levels, no face could be told from its surroundings."""

_BLACK = 40.0


def tone_of(thumbnail_bgr: NDArray[np.int16] | NDArray[np.uint8]) -> float | None:
    """Return the brightness (0 to 255) of a picture of one tone, None for a picture with content.

    `thumbnail_bgr` is the picture shrunk to some 32 x 18 pixels, (height, width, 3), so that noise is averaged out. The
    upper and the lower sixth are not asked: there cameras write the time, also over a black picture.
    """
    margin = thumbnail_bgr.shape[0] // 6
    middle = thumbnail_bgr[margin : thumbnail_bgr.shape[0] - margin].reshape(-1, 3)
    # One colour tells nearly every picture with content, for a third of the time.
    if float(middle[:, 1].std()) >= _FLAT or float(middle.std(0).max()) >= _FLAT:
        return None
    return float(middle.mean())


def tone_word(tone: float) -> str:
    """Return how a picture of this brightness is called: "black" or "of one colour"."""
    return "black" if tone < _BLACK else "of one colour"
