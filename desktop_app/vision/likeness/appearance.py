"""How people look besides their face, and whether the scene was cut.

clothes = clothes_histogram(image_bgr, face_box)      # unit vector or None
cut = shots.is_cut(image_bgr, time_s)                 # on every frame, in order
"""

from __future__ import annotations

import statistics
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass
from itertools import islice

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

_STANDS_STILL = 5.0
_STILL_CELLS = 2
"""Where in so many of 3 x 4 cells of the picture the colours changed by less than this, the same room is still seen."""

_FADES_S = (0.3, 0.6, 1.2)
"""Pictures are compared with those so many seconds before, for fades of about twice as long."""

_FADE_ENDS_S = 1.6
_STILL_FADES = 0.4
"""A fade is over when a picture changes by less than this share of a step of the fade, at the latest after so long."""

_FEWEST_IN_FADE = 3
_MOST_ASIDE = 0.14
_MOST_UNEVEN = 0.2
"""Of the pictures in a fade as a mixture of the first and the last one: how far they may be from that, on average, and
from an even mixture, as shares of the change."""

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
    bins = np.where(coloured, hue * HUES // 180 * 2 + (value >= 110), 2 * HUES + value * SHADES // 256)
    spread = _SOFTENING @ np.bincount(bins, minlength=CLOTHES_SIZE)
    return np.asarray(np.sqrt(spread / spread.sum()), dtype=np.float32)


def _softening() -> NDArray[np.float64]:
    """Return the matrix that lets neighbouring bins share, so that a change of light by one makes no stranger.

    The hues are a ring; the darkest and the brightest shade are their own neighbours. Float64 (CLOTHES_SIZE,) * 2.
    """
    hues, shades = np.eye(HUES), np.eye(SHADES)
    hues = 0.6 * hues + 0.2 * np.roll(hues, 1, axis=0) + 0.2 * np.roll(hues, -1, axis=0)
    shades = 0.6 * shades + 0.2 * np.vstack([shades[:1], shades[:-1]]) + 0.2 * np.vstack([shades[1:], shades[-1:]])
    matrix = np.zeros((CLOTHES_SIZE, CLOTHES_SIZE))
    matrix[: 2 * HUES, : 2 * HUES] = np.kron(hues, np.eye(2))
    matrix[2 * HUES :, 2 * HUES :] = shades
    return matrix


_SOFTENING = _softening()


@dataclass
class _Fade:
    """A fade under way: since when, when it was found, and how far it had gone by then in how long a step."""

    began_s: float
    found_s: float
    way: NDArray[np.float32]
    step_s: float
    _lasts: int = 2

    def goes_on(self, change: NDArray[np.int16], time_s: float) -> bool:
        """Take in the change of the next picture; the second one in turn that hardly fades ends the fade."""
        if time_s <= self.found_s:
            return True
        share = float((change * self.way).sum() / (self.way**2).sum())
        fades = share >= _STILL_FADES * self.step_s / (self.found_s - self.began_s)
        self._lasts = 2 if fades else self._lasts - 1
        return self._lasts > 0 and time_s - self.found_s < _FADE_ENDS_S


class ShotCutDetector:
    """Tells when edited video jumps to another scene.

    Compares thumbnails of neighbouring frames. A cut is a mean colour difference that is large in itself, `ratio` times
    the median of the frames before (the adaptive rule of PySceneDetect's `AdaptiveDetector`), and a change of what is
    seen rather than of how bright it is: `restructured` says how much. So a lamp that is switched on, a camera that
    adapts its exposure, a camera that pans, or one that gives five frames a second is not full of cuts. Repeated
    frames say nothing and are left out; after a gap as much more change is expected as the gap is longer than usual.
    A cut is not reported twice within `pause_s`. A cross-fade is a cut, too, reported at its end, if the picture has
    changed as by a cut and along a straight line: what fades mixes two pictures, what moves does not. After a cut,
    `began_s` is when the new scene began to show, and `is_same_room` tells that parts of the picture have stayed as
    they were: somebody who passes close to a camera that gives few frames changes a picture like that, too. `samples`
    are some pixels of the newest picture, uint8 (height, width, 3), and `thumbnail` is what they shrink to, int16
    (rows, columns, 3).
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
        self._fade: _Fade | None = None
        self._recent: deque[tuple[float, NDArray[np.int16]]] = deque()
        self.is_same_room = False
        self.began_s = 0.0
        self.samples: NDArray[np.uint8] | None = None
        self.thumbnail: NDArray[np.int16] | None = None

    def is_cut(self, image_bgr: NDArray[np.uint8], time_s: float) -> bool:
        """Take in the next frame (uint8, BGR) and return whether a new scene begins with it."""
        self.samples = _sampled(image_bgr)
        thumbnail, before, self.began_s = _thumbnail(self.samples), self._thumbnail, time_s
        self.thumbnail = thumbnail
        if before is None or before.shape != thumbnail.shape:
            self._thumbnail, self._time_s = thumbnail, time_s
            self._recent.clear()  # they cannot be compared with a picture that was turned
            self._fade = None
            return before is not None
        change = _mean_change(before, thumbnail)
        self._compared += 1
        if change < _REPEATED:
            return self._ends_fade(thumbnail - before, time_s)
        step_s = time_s - self._time_s
        self._thumbnail, self._time_s = thumbnail, time_s
        is_large = self._compared > _FEWEST_TO_COMPARE and change >= self.least
        is_unusual = is_large and change >= self.ratio * self._usual(step_s)
        if is_unusual and restructured(before, thumbnail) >= self.restructured:
            # What a cut changes says nothing of how much moves in either scene.
            self._recent.clear()
            self._fade = None
            is_first = time_s - self._last_cut_s >= self.pause_s
            self.is_same_room = _still_cells(before, thumbnail) >= _STILL_CELLS
            self._last_cut_s = time_s if is_first else self._last_cut_s
            return is_first
        self._changes.append(change)
        self._steps_s.append(step_s)
        self._fade = self._fade or self._fade_before(thumbnail, time_s)
        return self._ends_fade(thumbnail - before, time_s)

    def _ends_fade(self, change: NDArray[np.int16], time_s: float) -> bool:
        """Return whether a fade has come to its end."""
        if self._fade is None or self._fade.goes_on(change, time_s):
            return False
        self.began_s, self.is_same_room = self._fade.began_s, False
        self._last_cut_s = time_s
        self._fade = None
        self._recent.clear()
        self._changes.clear()
        self._steps_s.clear()
        return True

    def _fade_before(self, thumbnail: NDArray[np.int16], time_s: float) -> _Fade | None:
        """Return the fade in which another picture has come through by now, None for none; remember this picture."""
        self._recent.append((time_s, thumbnail))
        while time_s - self._recent[0][0] > _FADES_S[-1]:
            self._recent.popleft()
        times = [t for t, _ in self._recent]
        for duration_s in _FADES_S:
            first = bisect_left(times, time_s - duration_s - 1e-6)
            before = self._recent[first][1]
            if len(times) - first - 2 < _FEWEST_IN_FADE or _mean_change(before, thumbnail) < self.least:
                continue
            between = [picture for _, picture in islice(self._recent, first + 1, len(times) - 1)]
            # In this order because the second question costs several times as much and is seldom reached.
            is_fade = _is_mixture(before, between, thumbnail)
            if is_fade and restructured(before, thumbnail) >= self.restructured:
                way = (thumbnail - before).astype(np.float32)
                return _Fade(times[first], time_s, way, (time_s - times[first]) / (len(between) + 1))
        return None

    def _usual(self, step_s: float) -> float:
        """Return the change to be expected after `step_s`, by the changes of the frames before."""
        # A still picture has no noise to compare with; below half a grey level nothing is usual.
        if not self._changes:
            return 0.5
        usual, step = max(statistics.median(self._changes), 0.5), statistics.median(self._steps_s)
        return usual * min(max(step_s / step, 1.0), _LONGEST_GAP) if step > 0 else usual


def _mean_change(before: NDArray[np.int16], after: NDArray[np.int16]) -> float:
    return cv2.norm(after, before, cv2.NORM_L1) / after.size


def _is_mixture(before: NDArray[np.int16], between: list[NDArray[np.int16]], now: NDArray[np.int16]) -> bool:
    """Return whether one picture became the other along a straight line, by ever more of the other being mixed in."""
    way = (now - before).astype(np.float32).ravel()
    length = float(way @ way)
    steps = (np.stack(between) - before).reshape(len(between), -1).astype(np.float32)
    shares = steps @ way / length
    evenly = np.linspace(0, 1, len(between) + 2)[1:-1]
    if float(np.abs(shares - evenly).max()) > _MOST_UNEVEN:
        return False
    squares = np.einsum("ij,ij->i", steps, steps) / length
    aside = np.sqrt(np.maximum(squares - shares**2, 0))
    return float(aside.mean()) <= _MOST_ASIDE


def _still_cells(before: NDArray[np.int16], after: NDArray[np.int16]) -> int:
    """Return in how many of 3 x 4 cells two thumbnails hardly differ."""
    change = cv2.resize(np.abs(after - before).mean(2).astype(np.float32), (4, 3), interpolation=cv2.INTER_AREA)
    return int((change < _STANDS_STILL).sum())


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


def _sampled(image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return each n-th pixel of each n-th row, at least 128 by 72 where there are as many: this costs nothing."""
    height, width = image_bgr.shape[:2]
    skip = max(1, min(height // 72, width // 128))
    if height % skip == 0 and width % skip == 0:
        # The same pixels as below: OpenCV takes every `skip`th, four times as fast as numpy.
        kept = cv2.resize(image_bgr, (width // skip, height // skip), interpolation=cv2.INTER_NEAREST)
        return np.asarray(kept, np.uint8)
    return np.ascontiguousarray(image_bgr[::skip, ::skip])


def _thumbnail(sampled_bgr: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Shrink samples to 32x18, or 18x32 of a picture that is higher than wide, by averaging."""
    portrait = sampled_bgr.shape[0] > sampled_bgr.shape[1]
    size = (18, 32) if portrait else (32, 18)
    return np.asarray(cv2.resize(sampled_bgr, size, interpolation=cv2.INTER_AREA), dtype=np.int16)
