"""From a face box to the array a network sees: the one crop, used by the app and by training alike.

Two steps, so that training can put its distortions between them and a crop can be kept small in memory:

`crop_faces`  box -> square uint8 picture (square region, border filled, area averaging when shrinking)
`normalise`   uint8 picture -> float32 array (colour order, mean, scale)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Box
from desktop_app.errors import ModelError

COLOURS = ("rgb", "bgr", "grey")
BORDERS = {"replicate": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT, "constant": cv2.BORDER_CONSTANT}
"""What a crop has where it reaches over the edge of the picture: the outermost pixel again, the picture mirrored, or
the colour `mean`, which is 0 for the network."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What a network wants to be fed; stored under "input" in its `model.json`.

    The array is float32 of shape (n, height, width, channels) with value `(pixel - mean) * scale`, where `colour` names
    the channel order and `mean` has one entry a channel (or one for all). `box_scale` is the side of the
    square region as a multiple of the longer side of the face box, `border` one of `BORDERS`.
    """

    width: int
    height: int
    colour: str = "rgb"
    mean: tuple[float, ...] = (127.5,)
    scale: float = 1 / 127.5
    box_scale: float = 1.05
    border: str = "replicate"

    def __post_init__(self) -> None:
        whole = isinstance(self.width, int) and isinstance(self.height, int)
        if not (8 <= self.width <= 1024 and 8 <= self.height <= 1024 and whole):
            raise ModelError(f"The model wants pictures of {self.width!r}x{self.height!r}, which is not a usable size.")
        if self.colour not in COLOURS:
            raise ModelError(f"The model wants the colour order {self.colour!r}; known are {', '.join(COLOURS)}.")
        if len(self.mean) not in (1, self.channels):
            raise ModelError(f"The model gives {len(self.mean)} means for {self.channels} colour channels.")
        if not np.isfinite(self.mean).all():
            raise ModelError(f"The model's mean {self.mean} is not made of numbers.")
        if not (0.2 <= self.box_scale <= 5 and 0 < self.scale < 1e6):
            raise ModelError(f"The model's box_scale {self.box_scale} or scale {self.scale} is out of range.")
        if not isinstance(self.border, str) or self.border not in BORDERS:
            raise ModelError(f"The model wants the border {self.border!r}; known are {', '.join(BORDERS)}.")

    @property
    def channels(self) -> int:
        return 1 if self.colour == "grey" else 3

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of one crop."""
        return (self.height, self.width, self.channels)

    @property
    def border_bgr(self) -> tuple[float, float, float]:
        """The colour of a "constant" border."""
        first, middle, last = self.mean if len(self.mean) == 3 else self.mean * 3
        return (last, middle, first) if self.colour == "rgb" else (first, middle, last)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> InputSpec:
        """Read the "input" object of a `model.json`. Raises ModelError naming what is missing or wrong."""
        try:
            known = {f.name: data[f.name] for f in dataclasses.fields(cls) if f.name in data}
            if "mean" in known:
                if not isinstance(known["mean"], list | tuple):
                    raise TypeError("mean is a list of numbers, such as [127.5]")
                known["mean"] = tuple(float(m) for m in known["mean"])
            return cls(**known)
        except (TypeError, ValueError) as error:
            raise ModelError(f"The model's description of its input cannot be used: {error}.") from error

    def to_json(self) -> dict[str, Any]:
        return {
            "width": self.width,
            "height": self.height,
            "colour": self.colour,
            "mean": list(self.mean),
            "scale": self.scale,
            "box_scale": self.box_scale,
            "border": self.border,
        }


def face_square(box: Box, box_scale: float) -> tuple[int, int, int]:
    """Return (left, top, side) in whole pixels of the square that a network sees for `box`.

    The square shares the centre of the box; it may reach over the edge of the picture.
    """
    side = max(2, round(max(box.width, box.height) * box_scale))
    cx, cy = box.centre
    return round(cx - side / 2), round(cy - side / 2), side


def crop_face(image_bgr: NDArray[np.uint8], box: Box, spec: InputSpec) -> NDArray[np.uint8]:
    """Cut one face out of a picture.

    `image_bgr` is uint8 (height, width, 3). Returns uint8 of `spec.shape` in the colour order of `spec`. What lies
    over the edge of the picture is filled as `spec.border` says. Shrinking averages areas, so that nothing aliases;
    enlarging interpolates linearly.
    """
    left, top, side = face_square(box, spec.box_scale)
    height, width = image_bgr.shape[:2]
    x1, y1 = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    x2, y2 = max(min(left + side, width), x1 + 1), max(min(top + side, height), y1 + 1)
    region = image_bgr[y1:y2, x1:x2]
    above, below = max(y1 - top, 0), max(top + side - y2, 0)
    before, after = max(x1 - left, 0), max(left + side - x2, 0)
    if above or below or before or after:
        kind = BORDERS[spec.border]
        region = np.asarray(
            cv2.copyMakeBorder(region, above, below, before, after, kind, value=spec.border_bgr), np.uint8
        )
    shrinking = region.shape[0] > spec.height or region.shape[1] > spec.width
    crop = cv2.resize(
        region, (spec.width, spec.height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    )
    if spec.colour == "rgb":
        crop = cv2.cvtColor(crop, cv2.COLOR_BGR2RGB)
    elif spec.colour == "grey":
        crop = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)[..., None]
    return np.asarray(crop, np.uint8)


def crop_faces(image_bgr: NDArray[np.uint8], boxes: Sequence[Box], spec: InputSpec) -> NDArray[np.uint8]:
    """Cut all `boxes` out of one picture: uint8 of shape (n, height, width, channels), n may be 0."""
    crops = np.empty((len(boxes), *spec.shape), np.uint8)
    for i, box in enumerate(boxes):
        crops[i] = crop_face(image_bgr, box, spec)
    return crops


def normalise(crops: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.float32]:
    """Turn uint8 crops of shape (n, height, width, channels) into the float32 array the network is fed."""
    array = crops.astype(np.float32)
    array -= np.asarray(spec.mean, np.float32)
    array *= np.float32(spec.scale)
    return array
