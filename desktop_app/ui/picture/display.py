"""Brings a frame to the size of the screen, on a thread of its own.

Scaling a 4K frame takes longer than a display frame, so the GUI thread never does it: it only draws what this
thread has prepared. Newest wins on both sides, so neither the count nor the window can fall behind.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QThread
from PySide6.QtGui import QImage

from desktop_app.domain.types import FrameResult

if TYPE_CHECKING:
    from cv2.typing import MatLike

_LOG = logging.getLogger(__name__)

MAX_DISPLAY_PIXELS = 1920 * 1200
"""Beyond this the painter stretches the picture: nobody sees more detail in it, and a 5K screen stays smooth."""

MIN_INTERVAL_S = 1 / 60


@dataclass(frozen=True, slots=True)
class DisplayFrame:
    """A picture ready to be painted with the result it belongs to. `image` owns its pixels."""

    image: QImage
    result: FrameResult


def fit_size(width: int, height: int, max_width: int, max_height: int) -> tuple[int, int]:
    """Return the largest size with the proportions of width x height inside max_width x max_height, at least 1 x 1."""
    if width <= 0 or height <= 0:
        return 1, 1
    factor = min(max_width / width, max_height / height)
    return max(1, round(width * factor)), max(1, round(height * factor))


def make_display_frame(result: FrameResult, max_width: int, max_height: int) -> DisplayFrame:
    """Scale a result's picture to fit into a box of device pixels and copy it into a QImage of its own."""
    import cv2  # here, not above: the window is to be on the screen before OpenCV is loaded
    import numpy as np

    source: MatLike = result.frame.image_bgr
    width, height = fit_size(result.frame.width, result.frame.height, max_width, max_height)
    if width * height > MAX_DISPLAY_PIXELS:
        shrink = (MAX_DISPLAY_PIXELS / (width * height)) ** 0.5
        width, height = max(1, int(width * shrink)), max(1, int(height * shrink))
    if (width, height) != (result.frame.width, result.frame.height):
        shrinking = width < result.frame.width
        source = cv2.resize(source, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
    bgra = np.ascontiguousarray(cv2.cvtColor(source, cv2.COLOR_BGR2BGRA))
    image = QImage(bgra.data, width, height, bgra.strides[0], QImage.Format.Format_RGB32).copy()
    return DisplayFrame(image, result)


class DisplayFeeder(QThread):
    """Turns the newest result into a `DisplayFrame`; call `offer` from any thread, `take` from the GUI thread."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("display")
        self._wake = threading.Condition()
        self._waiting: FrameResult | None = None
        self._last: FrameResult | None = None
        self._ready: DisplayFrame | None = None
        self._box = (960, 540)
        self._stopping = False

    def offer(self, result: FrameResult) -> None:
        """Hand over the newest result; one not yet made ready is dropped."""
        with self._wake:
            self._waiting = result
            self._wake.notify()

    def take(self) -> DisplayFrame | None:
        """Return the newest picture made ready since the last call, else None."""
        with self._wake:
            ready, self._ready = self._ready, None
            return ready

    def set_box(self, width: int, height: int) -> None:
        """Tell the space there is, in device pixels; the last picture is made again for it."""
        box = (max(1, width), max(1, height))
        with self._wake:
            if box == self._box:
                return
            self._box = box
            if self._waiting is None and self._last is not None:
                self._waiting = self._last
                self._wake.notify()

    def clear(self) -> None:
        """Forget every picture."""
        with self._wake:
            self._waiting = self._last = self._ready = None

    def stop(self) -> None:
        """End the thread and wait for it; may be called again."""
        with self._wake:
            self._stopping = True
            self._waiting = self._last = self._ready = None
            self._wake.notify()
        self.wait()

    def run(self) -> None:
        while True:
            with self._wake:
                while self._waiting is None and not self._stopping:
                    self._wake.wait()
                if self._stopping:
                    return
                result, self._waiting = self._waiting, None
                self._last = result
                width, height = self._box
            assert result is not None
            began = time.perf_counter()
            frame = make_display_frame(result, width, height)
            with self._wake:
                if self._last is result:  # neither cleared nor stopped in the meantime
                    self._ready = frame
                # A file counted as fast as possible would otherwise have every frame drawn for nobody.
                pause = MIN_INTERVAL_S - (time.perf_counter() - began)
                if pause > 0:
                    self._wake.wait_for(lambda: self._stopping, pause)
