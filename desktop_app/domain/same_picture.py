"""Whether a source goes on giving the very same picture, as a camera or its encoder does that hangs.

    fingerprint = fingerprint_of(samples_bgr, thumbnail_bgr)
    same = SamePictures()
    same.is_same(fingerprint)             # for each picture, in order

Real pictures have noise: no two of a camera are alike pixel by pixel, also in a dark room where nothing moves and after
a coder that throws away nearly all. A picture that was given before is therefore no new one. It need not be the one
just before: of a picture that stands still, a coder gives the same few again and again, one for each place in its group
of pictures.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.blank import without_margins

_MOVED = 8
"""A small picture of which a cell differs by more levels shows something else. What repeats with such differences is a
film shown again and again, and no picture that stands still."""

_MOST_KNOWN = 4096


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells a picture from every other one: a checksum of its pixels, and the picture shrunk."""

    digest: int
    thumbnail: NDArray[np.int16]


def fingerprint_of(samples_bgr: NDArray[np.uint8], thumbnail_bgr: NDArray[np.int16]) -> Fingerprint:
    """Return the fingerprint of a picture from pixels all over it, as they are, and from the picture shrunk.

    The upper and the lower sixth do not belong to it: recorders write the time there, whatever the camera does.
    """
    middle = np.ascontiguousarray(without_margins(samples_bgr))
    return Fingerprint(zlib.crc32(middle.data), without_margins(thumbnail_bgr))


class SamePictures:
    """Remembers the pictures since something was last seen to move."""

    def __init__(self) -> None:
        self._first: NDArray[np.int16] | None = None
        self._known: set[int] = set()

    def reset(self) -> None:
        """Forget all pictures."""
        self._first = None
        self._known.clear()

    def is_same(self, fingerprint: Fingerprint) -> bool:
        """Take in the next picture; return whether it was given before, with nothing having moved since."""
        first, thumbnail = self._first, fingerprint.thumbnail
        has_moved = first is None or first.shape != thumbnail.shape or int(np.abs(thumbnail - first).max()) > _MOVED
        if has_moved or len(self._known) >= _MOST_KNOWN:
            self._first = thumbnail
            self._known = {fingerprint.digest}
            return False
        if fingerprint.digest in self._known:
            return True
        self._known.add(fingerprint.digest)
        return False
