"""Small pictures of the people counted lately, in memory only, so that one can be asked about who has walked on."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Box, FrameResult

MOST = 30
"""So many people can be asked about; of more, the oldest are forgotten."""

ROUND_THE_BOX = 1.1
"""So many heights of the face are shown to each side: hair and shoulders help to tell."""


class Glimpses:
    """The largest picture of each person, uint8 of shape (height, width, 3) in BGR order. Written to no disk."""

    def __init__(self) -> None:
        self._pictures: dict[str, tuple[float, NDArray[np.uint8]]] = {}

    def take(self, result: FrameResult) -> None:
        """Keep a picture of everybody counted who is seen larger than before."""
        for track in result.tracks:
            if not track.person or not track.seen:
                continue
            best, _ = self._pictures.get(track.person, (0.0, None))
            if track.box.area > best * 1.15:
                picture = _around(result.frame.image_bgr, track.box)
                if picture.size:
                    self._pictures.pop(track.person, None)
                    self._pictures[track.person] = (track.box.area, picture)
        while len(self._pictures) > MOST:
            del self._pictures[next(iter(self._pictures))]

    @property
    def people(self) -> Collection[str]:
        """The references of those who can be shown."""
        return self._pictures.keys()

    def of(self, person: str) -> NDArray[np.uint8] | None:
        found = self._pictures.get(person)
        return None if found is None else found[1]

    def forget(self, person: str) -> None:
        self._pictures.pop(person, None)

    def clear(self) -> None:
        self._pictures.clear()


def _around(image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    room = ROUND_THE_BOX * box.height
    x1, x2 = max(0, round(box.x1 - room)), min(width, round(box.x2 + room))
    y1, y2 = max(0, round(box.y1 - room)), min(height, round(box.y2 + room))
    return image[y1:y2, x1:x2].copy()
