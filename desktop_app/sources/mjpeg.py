"""Motion-JPEG over HTTP, as browsers play it: pictures one after the other, whatever stands between them.

Cameras differ in how they part the pictures (a boundary with dashes or without, none before the first, types such as
`image/jpg`), and FFmpeg takes only one way. So the pictures are found by their own structure (ITU-T T.81, B.1).
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources import asking, net
from desktop_app.sources.base import SourceInfo, SourceKind
from desktop_app.sources.clock import LiveClock
from desktop_app.sources.picture_file import decode_picture
from desktop_app.sources.stream import TimeLimits

MOST_JPEG_BYTES = 32 * 2**20

_MOST_BETWEEN_BYTES = 2**20
"""A stream that sends more than this without a picture is no Motion-JPEG."""

_MOST_DAMAGED = 100


class JpegSplitter:
    """Cuts a stream of bytes into its JPEG pictures. `feed` it what arrives, then take the `pictures`."""

    def __init__(self, most_bytes: int = MOST_JPEG_BYTES) -> None:
        self._most_bytes = most_bytes
        self._data = bytearray()
        self._at = 0
        self._in_scan = False
        self.skipped = 0
        """Bytes since the last picture that belong to none."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Add bytes and return the pictures that are complete now."""
        self._data += chunk
        found: list[bytes] = []
        while (picture := self._next()) is not None:
            found.append(picture)
        return found

    def _next(self) -> bytes | None:
        while True:
            if self._at == 0 and not self._find_start():
                return None
            end = self._find_end()
            if end is None:
                if len(self._data) <= self._most_bytes:
                    return None
                self._drop(2)  # far too long: not the start of a picture after all
            elif end < 0:
                self._drop(2)
            else:
                picture = bytes(self._data[:end])
                self._drop(end)
                self.skipped = 0
                return picture

    def _drop(self, count: int) -> None:
        del self._data[:count]
        self._at, self._in_scan = 0, False

    def _find_start(self) -> bool:
        start = self._data.find(b"\xff\xd8\xff")
        if start < 0:
            drop = max(0, len(self._data) - 2)
            self.skipped += drop
            del self._data[:drop]
            return False
        self.skipped += start
        del self._data[:start]
        self._at = 2
        return True

    def _find_end(self) -> int | None:
        """Return where the picture ends, None if that has not arrived, -1 if this is no picture."""
        data = self._data
        while True:
            if self._in_scan:
                marker = data.find(b"\xff", self._at)
                if marker < 0 or marker + 1 >= len(data):
                    # The head of the scan may reach beyond what has arrived.
                    self._at = max(self._at, len(data)) if marker < 0 else marker
                    return None
                code = data[marker + 1]
                if code == 0 or 0xD0 <= code <= 0xD7 or code == 0xFF:
                    self._at = marker + (1 if code == 0xFF else 2)
                    continue
                self._at, self._in_scan = marker, False
            if self._at + 4 > len(data):
                if data[self._at : self._at + 2] == b"\xff\xd9":
                    return self._at + 2
                return None
            if data[self._at] != 0xFF:
                return -1
            code = data[self._at + 1]
            if code == 0xD9:
                return self._at + 2
            if code == 0xD8:
                return -1
            if code == 0xFF:
                self._at += 1
                continue
            length = int.from_bytes(data[self._at + 2 : self._at + 4], "big")
            if length < 2:
                return -1
            self._at += 2 + length
            self._in_scan = code == 0xDA


class MjpegSource:
    """One connection to a Motion-JPEG stream, live, on the clock of its arrival. `title` is shown for the address."""

    def __init__(self, url: str, *, title: str = "", limits: TimeLimits | None = None) -> None:
        self._url = url
        self._limits = limits or TimeLimits()
        self._closed = threading.Event()
        self._stream: asking.HttpStream | None = None
        self._splitter = JpegSplitter()
        self._clock = LiveClock(use_stamps=False)
        self._waiting: list[bytes] = []
        self._index = 0
        self._damaged = 0
        self._info = SourceInfo(name=title or net.hide_password(url), kind=SourceKind.STREAM, is_live=True)

    @property
    def info(self) -> SourceInfo:
        return self._info

    def open(self) -> None:
        """Connect and wait for the first picture. Raises SourceError if none comes."""
        if self._closed.is_set():
            return
        self._stream = asking.open_http(self._url, self._limits.read_s)
        self._waiting = self._arrived()
        if self._waiting:
            first = decode_picture(self._waiting[-1], self._info.name)
            self._info = replace(self._info, width=int(first.shape[1]), height=int(first.shape[0]))

    def read(self) -> Frame | None:
        """Return the newest picture, None after `close`. Raises a retryable SourceError when no more come."""
        while not self._closed.is_set():
            pictures = self._waiting or self._arrived()
            self._waiting = []
            if not pictures:
                return None
            # Those that came meanwhile are late already: only the newest is worth decoding.
            self._index += len(pictures)
            try:
                image = decode_picture(pictures[-1], self._info.name)
            except SourceError as error:
                self._damaged += 1
                if self._damaged >= _MOST_DAMAGED:
                    raise SourceError(
                        f"The pictures of “{self._info.name}” cannot be read.", error.remedy, retryable=True
                    ) from error
                continue
            self._damaged = 0
            time_s = self._clock.next(0.0, time.monotonic())
            return Frame(image, time_s, self._index - 1, time.perf_counter())
        return None

    def seek(self, time_s: float) -> None:
        """A live stream cannot be searched; nothing happens."""

    def close(self) -> None:
        self._closed.set()
        if self._stream is not None:
            self._stream.close()

    def _arrived(self) -> list[bytes]:
        stream = self._stream
        deadline = time.monotonic() + self._limits.read_s
        while stream is not None and not self._closed.is_set():
            try:
                chunk = stream.read()
            except SourceError as error:
                if self._index and isinstance(error.__cause__, TimeoutError):
                    raise SourceError(
                        f"The stream “{self._info.name}” has been silent for {self._limits.read_s:.0f} s.",
                        "Check that the camera or server is switched on and connected.",
                        retryable=True,
                    ) from error
                raise
            if self._closed.is_set():
                break
            if not chunk:
                stream.close()
                raise SourceError(
                    f"The stream “{self._info.name}” has stopped.",
                    "Check that the camera or server is switched on and connected.",
                    retryable=True,
                )
            pictures = self._splitter.feed(chunk)
            if pictures:
                return pictures
            if self._splitter.skipped > _MOST_BETWEEN_BYTES:
                raise net.no_video_error(self._url, "")
            if time.monotonic() > deadline:
                raise net.silent_error(self._url, self._limits.read_s)
        if stream is not None:
            stream.close()
        return []
