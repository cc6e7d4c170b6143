"""How people look besides their face, and whether the scene was cut.

clothes = clothes_histogram(image_bgr, face_box)      # unit vector or None
cut = shots.is_cut(image_bgr, time_s)                 # on every frame, in order
"""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Box

HUES, SHADES = 12, 8
CLOTHES_SIZE = 2 * HUES + SHADES
"""Length of a clothes vector: 12 hues, each dark and bright, and 8 shades of grey."""

_MIN_VISIBLE = 0.35
_FEWEST_TO_COMPARE = 3

_REPEATED = 0.3
"""Frames that differ by less than this mean colour difference show the same picture again."""

_LONGEST_GAP = 8.0
"""After a longer gap than so many usual steps between two frames no more change is expected."""

_FLAT = 2.0
"""A thumbnail whose grey values have a smaller standard deviation has no structure to compare."""


def clothes_histogram(image_bgr: NDArray[np.uint8], face: Box) -> NDArray[np.float32] | None:
    """Return the colours below a face as a float32 unit vector of length `CLOTHES_SIZE`.

    The region is twice as wide as the face and reaches from under the chin to one and a half faces lower. The entries
    are square roots of shares, so the scalar product of two is the Bhattacharyya coefficient (Bhattacharyya 1943; used
    for tracking by Comaniciu, Ramesh and Meer, PAMI 2003). Returns None where too little of it is in the picture.
    """
    height, width = image_bgr.shape[:2]
    w, h, (cx, _) = face.width, face.height, face.centre
    x1, x2, y1, y2 = cx - w, cx + w, face.y2 + 0.25 * h, face.y2 + 1.75 * h
    left, right = max(0, int(x1)), min(width, int(x2))
    top, bottom = max(0, int(y1)), min(height, int(y2))
    if right - left < 4 or bottom - top < 4 or (right - left) * (bottom - top) < _MIN_VISIBLE * (x2 - x1) * (y2 - y1):
        return None
    region = cv2.resize(image_bgr[top:bottom, left:right], (24, 18), interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(region, cv2.COLOR_BGR2HSV).reshape(-1, 3).astype(np.int32)
    hue, saturation, value = hsv[:, 0], hsv[:, 1], hsv[:, 2]
    # The hue of a dark or pale pixel is noise: such pixels count by their shade alone.
    coloured = saturation * value > 50 * 80
    vector = np.zeros(CLOTHES_SIZE)
    colours = (hue[coloured] * HUES // 180) * 2 + (value[coloured] >= 110)
    np.add.at(vector, colours, 1.0)
    np.add.at(vector, 2 * HUES + value[~coloured] * SHADES // 256, 1.0)
    spread = _soften(vector)
    return np.asarray(np.sqrt(spread / spread.sum()), dtype=np.float32)


def _soften(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Let neighbouring bins share, so that a change of light by one bin does not make a stranger."""
    hues = vector[: 2 * HUES].reshape(HUES, 2)
    hues = 0.6 * hues + 0.2 * np.roll(hues, 1, axis=0) + 0.2 * np.roll(hues, -1, axis=0)
    shades = vector[2 * HUES :]
    padded = np.pad(shades, 1, mode="edge")
    shades = 0.6 * shades + 0.2 * padded[:-2] + 0.2 * padded[2:]
    return np.concatenate([hues.reshape(-1), shades])


class ShotCutDetector:
    """Tells when edited video jumps to another scene.

    Compares thumbnails of neighbouring frames. A cut is a mean colour difference that is large in itself, `ratio` times
    the median of the frames before (the adaptive rule of PySceneDetect's `AdaptiveDetector`), and a change of what is
    seen rather than of how bright it is: `restructured` says how much. So a lamp that is switched on, a camera that
    adapts its exposure, a camera that pans, or one that gives five frames a second is not full of cuts. Repeated
    frames say nothing and are left out; after a gap as much more change is expected as the gap is longer than usual.
    A cut is not reported twice within `pause_s`.
    """

    def __init__(
        self,
        *,
        least: float = 15.0,
        ratio: float = 4.0,
        restructured: float = 0.3,
        window: int = 8,
        pause_s: float = 0.3,
    ) -> None:
        if least <= 0 or ratio < 1 or window < 1:
            raise ValueError("least must be > 0, ratio >= 1 and window >= 1")
        self.least, self.ratio, self.restructured, self.pause_s = least, ratio, restructured, pause_s
        self._changes: deque[float] = deque(maxlen=window)
        self._steps_s: deque[float] = deque(maxlen=window)
        self.reset()

    def reset(self) -> None:
        self._changes.clear()
        self._steps_s.clear()
        self._thumbnail: NDArray[np.int16] | None = None
        self._time_s = 0.0
        self._compared = 0
        self._last_cut_s = float("-inf")

    def is_cut(self, image_bgr: NDArray[np.uint8], time_s: float) -> bool:
        """Take in the next frame (uint8, BGR) and return whether a new scene begins with it."""
        thumbnail = _thumbnail(image_bgr)
        before = self._thumbnail
        if before is None or before.shape != thumbnail.shape:
            self._thumbnail, self._time_s = thumbnail, time_s
            return before is not None
        change = float(np.abs(thumbnail - before).mean())
        self._compared += 1
        if change < _REPEATED:
            return False
        step_s, usual = time_s - self._time_s, self._usual(time_s - self._time_s)
        self._thumbnail, self._time_s = thumbnail, time_s
        is_large = self._compared > _FEWEST_TO_COMPARE and change >= max(self.least, self.ratio * usual)
        if is_large and restructured(before, thumbnail) >= self.restructured:
            # What a cut changes says nothing of how much moves in either scene.
            is_first = time_s - self._last_cut_s >= self.pause_s
            self._last_cut_s = time_s if is_first else self._last_cut_s
            return is_first
        self._changes.append(change)
        self._steps_s.append(step_s)
        return False

    def _usual(self, step_s: float) -> float:
        """Return the change to be expected after `step_s`, by the changes of the frames before."""
        # A still picture has no noise to compare with; below half a grey level nothing is usual.
        if not self._changes:
            return 0.5
        usual = max(float(np.median(self._changes)), 0.5)
        step = float(np.median(self._steps_s))
        return usual * min(max(step_s / step, 1.0), _LONGEST_GAP) if step > 0 else usual


def restructured(before: NDArray[np.int16], after: NDArray[np.int16]) -> float:
    """Return how much of the structure and the colours of one thumbnail the other has lost: 0 nothing, about 2 all.

    The sum of one minus the correlation of the grey values, which no change of brightness or contrast alters, and of
    the share by which the histograms of the colours round their mean differ.
    """
    grey_before, grey_after = before.mean(2).ravel(), after.mean(2).ravel()
    if min(float(grey_before.std()), float(grey_after.std())) < _FLAT:
        correlation = 0.0
    else:
        correlation = float(np.corrcoef(grey_before, grey_after)[0, 1])
    return 1 - correlation + 1 - float(np.minimum(_spread(before), _spread(after)).sum())


def _spread(thumbnail: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return the shares of the colours by their difference from the mean colour, in 6 x 6 x 6 bins.

    The bins are three quarters of a standard deviation wide, so that more or less contrast leaves them alone.
    """
    pixels = thumbnail.reshape(-1, 3)
    width = 0.75 * max(float(pixels.std(0).mean()), _FLAT)
    bins = np.clip((pixels - pixels.mean(0)) / width + 3, 0, 5).astype(np.int64)
    counted = np.bincount(bins @ np.array([36, 6, 1]), minlength=216)
    return np.asarray(counted / counted.sum(), dtype=np.float64)


def _thumbnail(image_bgr: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Shrink to about 32x18: first by skipping pixels, which costs nothing, then by averaging."""
    height, width = image_bgr.shape[:2]
    skip = max(1, min(height // 72, width // 128))
    portrait = height > width
    size = (18, 32) if portrait else (32, 18)
    small = cv2.resize(np.ascontiguousarray(image_bgr[::skip, ::skip]), size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.int16)
