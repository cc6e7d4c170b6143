"""How well a camera sees faces, before a count: their size, light and sharpness over the last seconds, in plain words.

sight = Sight()
sight.take(result)                     # each FrameResult
sight.findings(now_s)                  # one a question, in the order in which they are asked
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.blank import Blank
from desktop_app.domain.motion import box_size
from desktop_app.domain.sight import FAIR, GOOD, POOR, UNKNOWN, Finding
from desktop_app.domain.types import Box, Detection, FrameResult
from desktop_app.vision.attributes.quality import assess

REMEMBERED_S = 8.0
"""How long a face counts for the findings: long enough to read them after walking past the camera."""

MOST_LOOKS = 200

_GOOD_PX, _FAIR_PX = 40.0, 22.0
"""Face sizes, as the side of the square of the box: at 40 pixels gender and age are read as well as they ever are; at
about 11 nobody can tell (see `quality.FULL_SIZE` and `CountSettings.min_face_px`)."""

_DARK, _BRIGHT = 45.0, 215.0
"""Mean green value of a face. Low on purpose: dark skin in good light must not be taken for a dark picture."""


_NO_SIGNAL = (Blank.TWO_COLOURS, Blank.CARD, Blank.BARS, Blank.NOISE)


@dataclass(frozen=True, slots=True)
class _Look:
    time_s: float
    side_px: float
    sharpness: float
    exposure: float
    brightness: float


class Sight:
    """Not thread-safe; `take` costs a fraction of a millisecond a face."""

    def __init__(self) -> None:
        self._looks: deque[_Look] = deque(maxlen=MOST_LOOKS)
        self._picture: float | None = None
        self._blank: Blank | None = None
        self._size = (0, 0)

    def take(self, result: FrameResult) -> None:
        """Look at the faces of a frame that were found on it, and at the light of the picture."""
        image = result.frame.image_bgr
        self._picture = float(image[::8, ::8].mean())
        self._blank, self._size = result.blank, (result.frame.width, result.frame.height)
        for track in result.tracks:
            if track.seen:
                glimpse = assess(image, Detection(track.box, 1.0))
                bright = _brightness(image, track.box)
                side = box_size(track.box)
                self._looks.append(_Look(result.frame.time_s, side, glimpse.sharpness, glimpse.exposure, bright))

    def findings(self, now_s: float) -> tuple[Finding, ...]:
        """Return what there is to say of the last seconds; `now_s` is on the clock of the frames."""
        looks = [look for look in self._looks if now_s - look.time_s <= REMEMBERED_S]
        if not looks:
            return self._nobody()
        return _size(looks), _light(looks), _sharpness(looks)

    def _nobody(self) -> tuple[Finding, ...]:
        walk = Finding("size", UNKNOWN, "Walk past the camera once: the size of a face is not known yet.")
        sharp = Finding("sharpness", UNKNOWN, "How sharp faces are is not known yet.")
        if self._blank is Blank.TOO_SMALL:
            width, height = self._size
            small = f"The picture is too small for faces: {width}x{height} pixels. Choose a larger one for this camera."
            walk = Finding("size", POOR, small)
        if self._blank in _NO_SIGNAL:
            none = Finding("light", POOR, f"The picture is {self._blank}: does the camera behind it give one?")
            return walk, none, sharp
        if self._picture is not None and self._picture < 25:
            black = Finding("light", POOR, "The picture is nearly black: is the lens covered, or a light off?")
            return walk, black, sharp
        return walk, Finding("light", UNKNOWN, "The light on faces is not known yet."), sharp


def _brightness(image: NDArray[np.uint8], box: Box) -> float:
    height, width = image.shape[:2]
    x1, y1, x2, y2 = max(0, int(box.x1)), max(0, int(box.y1)), min(width, int(box.x2)), min(height, int(box.y2))
    return float(cv2.mean(image[y1:y2, x1:x2])[1]) if x2 > x1 and y2 > y1 else 0.0


def _median(values: Sequence[float]) -> float:
    return float(np.median(values))


def _size(looks: Sequence[_Look]) -> Finding:
    # Everybody comes nearer and goes away again: what counts is how large a face gets.
    side = float(np.quantile([look.side_px for look in looks], 0.75))
    if side >= _GOOD_PX:
        return Finding("size", GOOD, f"Faces are large enough: {side:.0f} pixels.")
    if side >= _FAIR_PX:
        return Finding("size", FAIR, f"Faces are a little small: {side:.0f} pixels. Nearer would be surer.")
    return Finding("size", POOR, f"Faces are too small: {side:.0f} pixels. Bring the camera nearer, or zoom in.")


def _light(looks: Sequence[_Look]) -> Finding:
    exposure, bright = _median([k.exposure for k in looks]), _median([k.brightness for k in looks])
    if bright > _BRIGHT:
        return Finding("light", POOR, "Faces are too bright: turn the camera away from the lamp or the sun.")
    if exposure >= 0.7 and bright >= _DARK:
        return Finding("light", GOOD, "There is enough light on the faces.")
    if exposure >= 0.4 and bright >= _DARK / 2:
        return Finding("light", FAIR, "Faces are a little dark. More light from the front would help.")
    return Finding("light", POOR, "Faces are too dark: switch a light on, or do not look towards a window.")


def _sharpness(looks: Sequence[_Look]) -> Finding:
    sharp = _median([k.sharpness for k in looks])
    if sharp >= 0.5:
        return Finding("sharpness", GOOD, "Faces are sharp.")
    if sharp >= 0.32:
        return Finding("sharpness", FAIR, "Faces are a little blurred. More light makes moving faces sharper.")
    return Finding("sharpness", POOR, "Faces are blurred: clean the lens, set its focus, or bring more light.")
