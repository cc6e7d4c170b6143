"""Pictures in which nobody could be seen, whoever was there: black, a test picture, noise, or far too small.

Only what no camera gives of a real scene is told. A dark room, a white wall, fog and a lamp in the night are scenes.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import groupby
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_Pixel = TypeVar("_Pixel", bound=np.generic)

_FLAT = 2.0
"""A small picture that varies by less than this standard deviation in each colour is of one tone. A dark room or a
white wall varies by more; of what varies by less, two grey levels, no face could be told from its surroundings."""

_BLACK = 40.0
_WHITE = 225.0

_CARD_SHARE = 0.75
_CARD_REACH = 1
"""So large a share of the pixels within so many levels of the middle one is a drawn surface with words on it. Of real
scenes no more than 0.21 were, over 45 clips, if they are neither black nor burnt out: those may be a stage or a window.
Within two levels an evenly lit wall was one, too, after a usual coder; a card missed for its noise stands still.
"""

_BAR_EVEN = 12
_BARS = (7, 6, 3, 2, 5, 4, 1)
"""White, yellow, cyan, green, magenta, red and blue (4 for red, 2 for green, 1 for blue): the order of all colour bars
(SMPTE EG 1, RP 219, EBU 3325)."""

_NOISE_LIKENESS = 0.25
_NOISE_SPREAD = 25.0
_NOISE_PART = (48, 64)
"""Neighbouring pixels of a real scene are alike (correlation 0.85 and more, over 45 clips), those of a receiver without
a signal are not. Noise of a smaller spread is that of a dark scene. So large a part of the middle is looked at."""

FACES_PER_SIDE = 4.0
"""A picture whose shorter side is less than so many of the smallest faces that count shows nobody: to be counted, a
face would have to fill a quarter of it. That is how near people come who pass a door."""

LEAST_SIDE = 44.0
"""The same in pixels, with the shipped settings. Measured over ten clips that faces fill: groups are seen from 44 to 48
pixels on, nobody at 24."""


class Blank(StrEnum):
    """Why nobody could be seen in a picture, as the words that follow "the picture was"."""

    BLACK = "black"
    ONE_COLOUR = "of one colour"
    TWO_COLOURS = "of two colours only"
    CARD = "of one colour but for some words or signs"
    BARS = "a test picture of colour bars"
    NOISE = "nothing but noise"
    TOO_SMALL = "too small to see a face in"
    SAME = "always the very same"


def blank_of(
    image_bgr: NDArray[np.uint8], samples_bgr: NDArray[np.uint8], thumbnail_bgr: NDArray[np.int16] | NDArray[np.uint8]
) -> Blank | None:
    """Return what makes a picture show nobody, None for one with content; its size is another question.

    `samples_bgr` are pixels from all over the picture, as they are; `thumbnail_bgr` is the picture shrunk to some 32 x
    18 pixels, so that noise is averaged out. All are (height, width, 3). The upper and the lower sixth are not asked,
    except for bars: there cameras write the time, also over a black picture.
    """
    tone = tone_of(thumbnail_bgr)
    if tone is not None:
        return Blank.BLACK if tone < _BLACK else Blank.ONE_COLOUR
    middle = without_margins(samples_bgr)
    if _is_card(middle[::2, ::2]):  # a quarter of the pixels tells as much
        return Blank.CARD
    if _is_of_two_colours(middle[::4, ::4]) and _is_of_two_colours(middle):
        return Blank.TWO_COLOURS
    if _is_bars(thumbnail_bgr):
        return Blank.BARS
    return Blank.NOISE if _is_noise(image_bgr) else None


def words_of(blank: Blank, width: int, height: int) -> str:
    """Return what follows "the picture was" for a picture of this size in pixels."""
    return f"{blank} ({width}x{height} pixels)" if blank is Blank.TOO_SMALL else str(blank)


def is_too_small(width: int, height: int, least_side: float = LEAST_SIDE) -> bool:
    """Whether a picture is too small for anybody to be counted in it."""
    return min(width, height) < least_side


def tone_of(thumbnail_bgr: NDArray[np.int16] | NDArray[np.uint8]) -> float | None:
    """Return the brightness (0 to 255) of a picture of one tone, None for a picture with content; see `blank_of`."""
    middle = without_margins(thumbnail_bgr).reshape(-1, 3)
    # One colour tells nearly every picture with content, for a third of the time.
    if float(middle[:, 1].std()) >= _FLAT or float(middle.std(0).max()) >= _FLAT:
        return None
    return float(middle.mean())


def without_margins(picture: NDArray[_Pixel]) -> NDArray[_Pixel]:
    """Return a picture without its upper and its lower sixth."""
    margin = picture.shape[0] // 6
    return picture[margin : picture.shape[0] - margin]


def _is_card(middle: NDArray[np.uint8]) -> bool:
    green = middle[..., 1]
    level = int(np.median(green))
    # One colour tells nearly every scene, for a tenth of the time.
    if float((np.abs(green.astype(np.int16) - level) <= _CARD_REACH).mean()) < _CARD_SHARE:
        return False
    usual = np.median(middle.reshape(-1, 3), axis=0)
    if float(usual.max()) < _BLACK or float(usual.min()) >= _WHITE:
        return False
    near = (np.abs(middle.astype(np.int16) - usual.astype(np.int16)) <= _CARD_REACH).all(2)
    return float(near.mean()) >= _CARD_SHARE


def _is_of_two_colours(pixels: NDArray[np.uint8]) -> bool:
    low, high = pixels.min((0, 1)), pixels.max((0, 1))
    return bool(((pixels == low).all(-1) | (pixels == high).all(-1)).all())


def _is_bars(thumbnail: NDArray[np.int16] | NDArray[np.uint8]) -> bool:
    """Whether the upper half is made of upright stripes in the order of a test picture."""
    rows = thumbnail[1 : thumbnail.shape[0] // 2].astype(np.int16)
    if int((rows.max(0) - rows.min(0)).max()) > _BAR_EVEN:
        return False
    stripes = rows.mean(0)
    bits = 3 * stripes > 2 * float(stripes.min()) + float(stripes.max())
    colours = bits @ np.array([1, 2, 4])
    found = [int(colour) for colour, columns in groupby(colours.tolist()) if len(list(columns)) > 1]
    return tuple(found[:7]) == _BARS and all(colour in (0, 7) for colour in found[7:])


def _is_noise(image: NDArray[np.uint8]) -> bool:
    height, width = image.shape[:2]
    rows, columns = min(height, _NOISE_PART[0]), min(width, _NOISE_PART[1])
    top, left = (height - rows) // 2, (width - columns) // 2
    grey = image[top : top + rows, left : left + columns, 1].astype(np.float32)
    if min(grey.shape) < 2 or float(grey.std()) < _NOISE_SPREAD:
        return False
    # The mean square of a difference is twice the variance times one minus the correlation.
    aside, below = np.square(grey[:, 1:] - grey[:, :-1]).mean(), np.square(grey[1:] - grey[:-1]).mean()
    return float(min(aside, below)) > 2 * (1 - _NOISE_LIKENESS) * float(grey.var())
