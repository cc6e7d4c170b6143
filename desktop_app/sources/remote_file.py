"""A file on a web server, read piece by piece."""

from __future__ import annotations

import time
from collections.abc import Callable

from desktop_app.errors import SourceError
from desktop_app.sources import asking
from desktop_app.sources.completeness import Completeness, completeness_of

_PIECE_BYTES = 65536
_MOST_S = 6.0
"""Somebody waits for the end of the count."""


class RemoteFile:
    """What lies at a web address, with the `seek` and `read` of a file; only what is read is fetched.

    `read` raises OSError where the server sends no parts, and after `_MOST_S` seconds in all.
    """

    def __init__(self, url: str, is_cancelled: Callable[[], bool] = lambda: False) -> None:
        self._url = url
        self._is_cancelled = is_cancelled
        self._ends = time.monotonic() + _MOST_S
        self._at = 0
        self._start, self._data = 0, b""

    def seek(self, at: int, /) -> None:
        self._at = at

    def read(self, count: int = -1, /) -> bytes:
        at = self._at - self._start
        if count < 0 or not 0 <= at <= at + count <= len(self._data):
            self._fetch(max(count, _PIECE_BYTES))
            at = 0
        piece = self._data[at : at + count]
        self._at += len(piece)
        return piece

    def _fetch(self, count: int) -> None:
        left_s = self._ends - time.monotonic()
        if left_s <= 0 or self._is_cancelled():
            raise TimeoutError(f"{self._url} was not read in time")
        try:
            self._start, self._data = self._at, asking.part_of(self._url, left_s, self._at, count)
        except SourceError as error:
            raise OSError(str(error)) from error


def remote_completeness(url: str, size: int, is_cancelled: Callable[[], bool]) -> Completeness:
    """Tell what `completeness` does of the file of `size` bytes at a web address. UNKNOWN where it cannot be asked."""
    return completeness_of(RemoteFile(url, is_cancelled), size)
