"""Which faces are on a screen that the camera sees: a television in a waiting room, a tablet on a table.

    screens = ScreenDetector()
    screens.see(samples_bgr, thumbnail, time_s)      # on every frame, in order
    on_screen = screens.look(size, faces)            # on each frame with detections: the keys of faces on a screen

A screen is known by the cuts of what it shows (`partial_cuts`): once `FEWEST_CUTS` within the same quadrangle have
shown `FEWEST_PICTURES` different pictures. What opens and shuts before a camera of few frames a second shows the same
two pictures in turn. A screen whose picture is never cut is not known: it looks like somebody behind a counter.

Somebody may stand before a screen. A face is on it only if it has been within it since it was found, lies where the
cuts have changed the picture, has not outlived a cut unchanged, and if nobody's body hides the edge below it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.tracking import TrackedFace
from desktop_app.domain.types import Box
from desktop_app.vision.attributes.partial_cuts import (
    RESTRUCTURED,
    Image,
    Mask,
    PartialCut,
    PartialCutDetector,
    Quad,
    Thumbnail,
)
from desktop_app.vision.likeness.appearance import restructured

FEWEST_CUTS, FEWEST_PICTURES = 2, 3

SAME_PLACE = 0.7
"""Two cuts are on the same screen if the rectangles round them overlap so much (intersection over union)."""

MOST_SCREENS, MOST_PICTURES, MOST_EDGES = 4, 8, 3
"""So many screens are known, and of each so many pictures and looks at its edge."""

ON_SCREEN = 0.5
"""So much of a face must lie where cuts have changed the picture."""

UNCHANGED = 0.25
"""A face of which a cut changes less is before the screen."""

HIDDEN, HIDES = 0.3, 18
"""Somebody hides the edge below a face if so much of it is darker or brighter by so many grey levels than before."""

Samples = tuple[float, float, float, float]
"""A box in samples: left, top, right, bottom."""


@dataclass(slots=True, eq=False)
class _Screen:
    """What is known of a screen: where it is, where its picture has changed, what it has shown, and what lies round it.

    `edge` is where its surroundings are, rows and columns, and `edges` holds their grey values at the latest cuts.
    """

    quad: Quad
    shown: Mask
    edge: tuple[NDArray[np.intp], NDArray[np.intp]]
    cuts: int = 0
    pictures: list[Thumbnail] = field(default_factory=list)
    edges: deque[NDArray[np.int16]] = field(default_factory=lambda: deque(maxlen=MOST_EDGES))

    @classmethod
    def of(cls, cut: PartialCut) -> _Screen:
        rows, columns = np.nonzero(cut.around)
        return cls(cut.quad, np.zeros(cut.changed.shape, np.bool_), (rows, columns))

    @property
    def is_known(self) -> bool:
        return self.cuts >= FEWEST_CUTS and len(self.pictures) >= FEWEST_PICTURES

    def add(self, cut: PartialCut) -> None:
        self.cuts += 1
        self.shown |= cut.changed
        self.edges.append(cut.grey[self.edge].astype(np.int16))
        for picture in (cut.before, cut.after):
            is_new = all(restructured(picture, other) >= RESTRUCTURED for other in self.pictures)
            if is_new and len(self.pictures) < MOST_PICTURES:
                self.pictures.append(picture)

    def holds(self, box: Samples) -> bool:
        """Return whether a box lies within the screen, to a sample."""
        x1, y1, x2, y2 = box
        corners = ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
        return all(cv2.pointPolygonTest(self.quad, corner, True) >= -1.0 for corner in corners)

    def is_hidden_below(self, box: Samples, samples_bgr: Image) -> bool:
        """Return whether something hides what lies round the screen below a box, or nothing of it can be seen there."""
        x1, _, x2, y2 = box
        rows, columns = self.edge
        below = (rows > y2) & (np.abs(columns - (x1 + x2) / 2) <= 1.2 * (x2 - x1))
        if not below.any():
            return True
        grey = cv2.cvtColor(samples_bgr, cv2.COLOR_BGR2GRAY)[self.edge].astype(np.int16)
        change = grey - np.median(np.stack(self.edges), axis=0)
        change -= np.median(change)  # light changes, and cameras adapt
        return float((np.abs(change[below]) > HIDES).mean()) >= HIDDEN


class ScreenDetector:
    """Finds screens and tells which of the tracked faces are on one. Not thread-safe."""

    def __init__(self) -> None:
        self._cuts = PartialCutDetector()
        self.reset()

    def reset(self) -> None:
        """Begin anew: the camera sees something else."""
        self._cuts.reset()
        self._screens: list[_Screen] = []
        self._samples: Image | None = None
        self._size = (1, 1)
        self._boxes: dict[int, Box] = {}
        self._before_screens: set[int] = set()

    def forget(self, keys: Iterable[int]) -> None:
        """Note that these tracks have ended."""
        self._before_screens.difference_update(keys)

    def see(self, samples_bgr: Image, thumbnail: Thumbnail, time_s: float) -> None:
        """Take in the next frame; see `PartialCutDetector.see`."""
        if self._samples is not None and self._samples.shape != samples_bgr.shape:
            self.reset()
        cut = self._cuts.see(samples_bgr, thumbnail, time_s)
        self._samples = samples_bgr
        if cut is None:
            return
        screen = max(self._screens, key=lambda s: _overlap(s.quad, cut.quad), default=None)
        if screen is None or _overlap(screen.quad, cut.quad) < SAME_PLACE:
            screen = _Screen.of(cut)
            self._screens = [*self._screens[1 - MOST_SCREENS :], screen]
        screen.add(cut)
        for key, box in self._boxes.items():
            there = self._in_samples(box)
            if screen.holds(there) and _share(cut.changed, there) < UNCHANGED:
                self._before_screens.add(key)

    def look(self, size: tuple[int, int], faces: Sequence[TrackedFace]) -> set[int]:
        """Take in the faces found on a frame of (width, height), in pixels; return the keys of those on a screen."""
        self._size = size
        self._boxes = {face.key: face.detection.box for face in faces if face.detection is not None}
        known = [screen for screen in self._screens if screen.is_known]
        if self._samples is None or not known:
            return set()
        found = set[int]()
        for key, in_pixels in self._boxes.items():
            if key in self._before_screens:
                continue
            box = self._in_samples(in_pixels)
            around = [screen for screen in known if screen.holds(box)]
            if not around:
                self._before_screens.add(key)
            shown = [screen for screen in around if _share(screen.shown, box) >= ON_SCREEN]
            if any(not screen.is_hidden_below(box, self._samples) for screen in shown):
                found.add(key)
        return found

    def _in_samples(self, box: Box) -> Samples:
        height, width = self._size[::-1] if self._samples is None else self._samples.shape[:2]
        x, y = width / self._size[0], height / self._size[1]
        return box.x1 * x, box.y1 * y, box.x2 * x, box.y2 * y


def _overlap(a: Quad, b: Quad) -> float:
    """Return the intersection over union of the rectangles round two quadrangles."""
    return Box(*a.min(0).tolist(), *a.max(0).tolist()).iou(Box(*b.min(0).tolist(), *b.max(0).tolist()))


def _share(where: Mask, box: Samples) -> float:
    """Return for how much of a box a mask is set."""
    x1, y1, x2, y2 = (max(0, round(value)) for value in box)
    part = where[y1 : max(y1 + 1, y2), x1 : max(x1 + 1, x2)]
    return float(part.mean()) if part.size else 0.0
