"""Several parts of a picture searched in one go: laid side by side on one canvas, and what is found there put back.

    layout = lay_out(sizes, less_than=640 * 384)       # or None where that takes too much room
    canvas = layout.canvas(pictures)                   # what is found there in layout.places[i] is of pictures[i]

A detector's time grows with the number of pixels, so a canvas of what is worth searching costs less than the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Part = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels, right and bottom not included."""

CANVASES = ((192, 160), (320, 224), (384, 384))
"""Width and height, smallest first. They are few because a detector keeps 3 to 12 MB for each of them."""

GAP = 8
"""Black pixels between two pictures on a canvas, at least."""

GRID = 32
"""Pictures begin at multiples of this on a canvas. It is the coarsest stride of YuNet: a part of a picture that begins
at such a multiple, too, gives the answers that it gives within the picture, save near to its edges."""


def joined(parts: Sequence[Part]) -> list[Part]:
    """Return parts of which no two overlap: those that do become the smallest part that holds both."""
    left = list(parts)
    apart: list[Part] = []
    while left:
        part = left.pop()
        for other in apart:
            if part[0] < other[2] and other[0] < part[2] and part[1] < other[3] and other[1] < part[3]:
                apart.remove(other)
                x1, y1, x2, y2 = zip(part, other, strict=True)
                left.append((min(x1), min(y1), max(x2), max(y2)))
                break
        else:
            apart.append(part)
    return sorted(apart)


def on_grid(parts: Sequence[Part]) -> list[Part]:
    """Return the parts, joined, that begin at multiples of `GRID` and hold the given ones."""
    return joined([(x1 // GRID * GRID, y1 // GRID * GRID, x2, y2) for x1, y1, x2, y2 in parts])


@dataclass(frozen=True, slots=True)
class Layout:
    """A canvas of `size` (width, height) and where on it each picture lies."""

    size: tuple[int, int]
    places: Sequence[Part]

    def canvas(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """Return a black canvas with the pictures (uint8, (height, width, 3)) on it, which have the sizes laid out."""
        canvas = np.zeros((self.size[1], self.size[0], 3), np.uint8)
        for picture, (x1, y1, x2, y2) in zip(pictures, self.places, strict=True):
            canvas[y1:y2, x1:x2] = picture
        return canvas


def lay_out(sizes: Sequence[tuple[int, int]], less_than: int) -> Layout | None:
    """Return where pictures of these sizes (width, height) lie on the smallest of `CANVASES` that has room for them.

    None where every one with room has `less_than` pixels or more.
    """
    for width, height in CANVASES:
        if width * height < less_than and (places := _on_shelves(sizes, width, height)) is not None:
            return Layout((width, height), places)
    return None


def _on_shelves(sizes: Sequence[tuple[int, int]], width: int, height: int) -> list[Part] | None:
    """Lay rectangles on shelves, the highest first; None where there is no room.

    It is "first fit decreasing height" of Coffman, Garey, Johnson and Tarjan (SIAM J. Comput. 1980).
    """
    shelves: list[list[int]] = []  # top, height, and from where on it is free
    places: dict[int, Part] = {}
    for i in sorted(range(len(sizes)), key=lambda i: -sizes[i][1]):
        w, h = sizes[i]
        shelf = next((s for s in shelves if s[2] + w <= width), None)
        if shelf is None:
            top = -(-(shelves[-1][0] + shelves[-1][1] + GAP) // GRID) * GRID if shelves else 0
            if w > width or top + h > height:
                return None
            shelf = [top, h, 0]
            shelves.append(shelf)
        places[i] = (shelf[2], shelf[0], shelf[2] + w, shelf[0] + h)
        shelf[2] += -(-(w + GAP) // GRID) * GRID
    return [places[i] for i in range(len(sizes))]
