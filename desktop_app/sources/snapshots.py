"""A camera that gives single pictures over HTTP (a snapshot address), asked again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources.base import SourceInfo, SourceKind
from desktop_app.sources.clock import LiveClock
from desktop_app.sources.picture_file import decode_picture

SHORTEST_WAIT_S = 0.1
SAME_PICTURE_LIMIT_S = 30.0
"""A camera's noise makes two pictures differ; the same bytes for this long come from a camera that hangs."""

_MOST_DAMAGED = 20


class SnapshotSource:
    """Live pictures, each fetched by `fetch` (which raises SourceError). Wrap it in `DetachedReader`."""

    def __init__(self, name: str, fetch: Callable[[], bytes], *, wait_s: float = SHORTEST_WAIT_S) -> None:
        self._fetch = fetch
        self._wait_s = wait_s
        self._closed = threading.Event()
        self._clock = LiveClock(use_stamps=False)
        self._last = b""
        self._changed_at = time.monotonic()
        self._index = 0
        self._info = SourceInfo(name=name, kind=SourceKind.STREAM, is_live=True)

    @property
    def info(self) -> SourceInfo:
        return self._info

    def open(self) -> None:
        """Fetch a first picture. Raises SourceError if it cannot be had or read."""
        image = decode_picture(self._fetch(), self._info.name)
        self._changed_at = time.monotonic()
        self._info = replace(self._info, width=int(image.shape[1]), height=int(image.shape[0]))

    def read(self) -> Frame | None:
        """Return the next new picture, None after `close`. Raises a retryable SourceError if none comes."""
        damaged = 0
        while not self._closed.is_set():
            data = self._fetch()
            now = time.monotonic()
            if data and data != self._last:
                self._last, self._changed_at = data, now
                try:
                    image = decode_picture(data, self._info.name)
                except SourceError as error:
                    damaged += 1
                    if damaged >= _MOST_DAMAGED:
                        raise SourceError(error.message, error.remedy, retryable=True) from error
                else:
                    self._index += 1
                    return Frame(image, self._clock.next(0.0, now), self._index - 1, time.perf_counter())
            elif now - self._changed_at > SAME_PICTURE_LIMIT_S:
                raise SourceError(
                    f"“{self._info.name}” has sent the same picture for {SAME_PICTURE_LIMIT_S:.0f} s.",
                    "Restart the camera.",
                    retryable=True,
                )
            self._closed.wait(self._wait_s)
        return None

    def seek(self, time_s: float) -> None:
        """A camera cannot be searched; nothing happens."""

    def close(self) -> None:
        self._closed.set()
