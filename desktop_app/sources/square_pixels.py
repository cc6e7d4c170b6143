"""The size of a picture whose pixels are not square, made square."""

from __future__ import annotations

Size = tuple[int, int]
"""Width and height in pixels."""


def square_size(width: int, height: int, pixel_aspect: float) -> Size:
    """Return the size of a picture whose pixels are `pixel_aspect` times as wide as high, made square.

    The squeezed side is stretched, so that no detail is lost. An aspect beyond 1:8 and 8:1 is taken for a mistake.
    """
    if not 0.125 <= pixel_aspect <= 8 or abs(pixel_aspect - 1) < 0.01:
        return width, height
    if pixel_aspect > 1:
        return max(1, round(width * pixel_aspect)), height
    return width, max(1, round(height / pixel_aspect))
