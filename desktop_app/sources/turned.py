"""Sets upright what a camera gives that hangs upside down, lies on its side, or looks into a mirror."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from desktop_app.domain.types import Frame
from desktop_app.sources.base import FrameSource, SourceInfo
from desktop_app.sources.wrapper import SourceAround

TURNS = (0, 90, 180, 270)
_CODES = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class TurnedSource(SourceAround):
    """The frames of `source`, turned by `turn` degrees clockwise and then, with `mirror`, left and right exchanged."""

    def __init__(self, source: FrameSource, turn: int = 0, *, mirror: bool = False) -> None:
        if turn not in TURNS:
            raise ValueError(f"a picture can be turned by 0, 90, 180 or 270 degrees, not {turn!r}")
        super().__init__(source)
        self._turn = turn
        self._mirror = mirror

    @property
    def info(self) -> SourceInfo:
        info = self._source.info
        return replace(info, width=info.height, height=info.width) if self._turn in (90, 270) else info

    def open(self) -> None:
        self._source.open()

    def read(self) -> Frame | None:
        frame = self._source.read()
        if frame is None:
            return None
        image = frame.image_bgr
        if self._turn:
            image = cv2.rotate(image, _CODES[self._turn])  # type: ignore[assignment]
        if self._mirror:
            image = cv2.flip(image, 1)  # type: ignore[assignment]
        image = np.ascontiguousarray(image)
        image.setflags(write=False)
        return replace(frame, image_bgr=image)

    def seek(self, time_s: float) -> None:
        self._source.seek(time_s)

    def close(self) -> None:
        self._source.close()
