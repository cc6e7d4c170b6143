"""Streams and files that FFmpeg reads over the network: RTSP, Motion-JPEG, HLS, plain HTTP."""

from __future__ import annotations

import math
import os
import threading
import time
from dataclasses import dataclass, replace
from enum import Enum
from urllib.parse import urlsplit

import cv2

from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources import net
from desktop_app.sources.base import SourceInfo, SourceKind
from desktop_app.sources.capture import Capture, CaptureFactory, CaptureHandle, open_capture
from desktop_app.sources.clock import DEFAULT_FPS, LiveClock, MediaClock, sane_duration_s, sane_fps

_OPTIONS_VARIABLE = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_options_lock = threading.Lock()


class StreamTiming(Enum):
    """Where a stream's clock comes from."""

    STAMPS = "stamps"
    """The stream's own time stamps, checked against arrival."""
    ARRIVAL = "arrival"
    """The arrival of each frame; Motion-JPEG has no time stamps, FFmpeg makes them up."""
    PACED = "paced"
    """Time stamps, and each frame held back until it is due, because it comes in bursts (HLS segments)."""


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long to wait for a server, in seconds, until a stream is open and for each read."""

    open_s: float = 10.0
    read_s: float = 10.0

    def __post_init__(self) -> None:
        for name, limit_s in (("open_s", self.open_s), ("read_s", self.read_s)):
            if not (math.isfinite(limit_s) and 0.1 <= limit_s <= 600):
                raise ValueError(f"{name} must be between 0.1 and 600 seconds, not {limit_s!r}")


class StreamSource:
    """One connection to a stream. Wrap it in `DetachedReader` and `ReconnectingSource`, as `opening.open_source` does.

    `live` None means: live unless the stream states a duration. A live stream that stops raises a retryable
    SourceError, since FFmpeg cannot tell its end from its loss; what is not live ends with None.

    `headers` go with every request (video sites want their own). `title` is shown instead of the address.
    """

    def __init__(
        self,
        url: str,
        *,
        title: str = "",
        live: bool | None = None,
        timing: StreamTiming = StreamTiming.STAMPS,
        limits: TimeLimits | None = None,
        headers: dict[str, str] | None = None,
        open_capture_with: CaptureFactory = open_capture,
    ) -> None:
        self._url = url
        self._wanted_live = live
        self._timing = timing
        self._limits = limits or TimeLimits()
        self._headers = dict(headers or {})
        self._open_capture = open_capture_with
        self._closed = threading.Event()
        self._handle: CaptureHandle | None = None
        self._live_clock = LiveClock(use_stamps=timing is not StreamTiming.ARRIVAL)
        self._media_clock = MediaClock(DEFAULT_FPS)
        self._due: tuple[float, float] | None = None
        self._index = 0
        self._info = SourceInfo(
            name=title or net.hide_password(url), kind=SourceKind.STREAM, is_live=live is None or live
        )

    @property
    def info(self) -> SourceInfo:
        return self._info

    def open(self) -> None:
        """Connect. Raises SourceError that says whether name, server, address or stream is the cause."""
        if self._closed.is_set():
            return
        net.split_address(self._url)
        capture = self._connect()
        if not capture.isOpened():
            capture.release()
            if self._closed.is_set():
                return
            raise self._why_not()
        handle = self._handle = CaptureHandle(capture)
        fps = handle.get(cv2.CAP_PROP_FPS)
        duration_s = None if self._wanted_live else sane_duration_s(handle.get(cv2.CAP_PROP_FRAME_COUNT), fps)
        is_live = self._wanted_live if self._wanted_live is not None else duration_s is None
        self._media_clock = MediaClock(fps, duration_s)
        self._info = replace(
            self._info,
            is_live=is_live,
            width=max(0, int(handle.get(cv2.CAP_PROP_FRAME_WIDTH))),
            height=max(0, int(handle.get(cv2.CAP_PROP_FRAME_HEIGHT))),
            fps=sane_fps(fps) if self._timing is not StreamTiming.ARRIVAL else 0.0,
            duration_s=duration_s,
            seekable=not is_live and duration_s is not None,
        )
        if self._closed.is_set():
            handle.close()

    def read(self) -> Frame | None:
        """Return the next frame, None after `close` and at the end of what is not live.

        Raises a retryable SourceError if a live stream stops or stays silent for the read limit.
        """
        handle = self._handle
        if handle is None:
            return None
        started = time.monotonic()
        while not self._closed.is_set():
            stamp_s = handle.grab()
            if stamp_s is None:
                self._raise_if_lost(time.monotonic() - started)
                return None
            arrival_s = self._wait_until_due(stamp_s)
            time_s = (
                self._live_clock.next(stamp_s, arrival_s) if self._info.is_live else self._media_clock.next(stamp_s)
            )
            index = self._index
            self._index += 1
            image = handle.retrieve()
            if image is not None:
                return Frame(image, time_s, index, time.perf_counter())
        return None

    def seek(self, time_s: float) -> None:
        """Go to `time_s` seconds, or to the key frame before it; a live stream cannot be searched, nothing happens."""
        if self._handle is None or not self._info.seekable:
            return
        if self._handle.set(cv2.CAP_PROP_POS_MSEC, max(0.0, time_s) * 1000.0):
            self._media_clock.jumped()
        self._due = None

    def close(self) -> None:
        self._closed.set()
        if self._handle is not None:
            self._handle.close()

    def _connect(self) -> Capture:
        params = (
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            int(self._limits.open_s * 1000),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            int(self._limits.read_s * 1000),
        )
        if not self._headers:
            return self._open_capture(self._url, cv2.CAP_FFMPEG, params)
        # OpenCV takes FFmpeg's options from the environment only, as name;value pairs between bars.
        lines = "".join(f"{name}: {value}\r\n" for name, value in self._headers.items() if "|" not in f"{name}{value}")
        with _options_lock:
            before = os.environ.get(_OPTIONS_VARIABLE)
            os.environ[_OPTIONS_VARIABLE] = f"rtsp_flags;prefer_tcp|headers;{lines}"
            try:
                return self._open_capture(self._url, cv2.CAP_FFMPEG, params)
            finally:
                if before is None:
                    del os.environ[_OPTIONS_VARIABLE]
                else:
                    os.environ[_OPTIONS_VARIABLE] = before

    def _wait_until_due(self, stamp_s: float) -> float:
        now = time.monotonic()
        if self._timing is not StreamTiming.PACED or not self._info.is_live:
            return now
        if self._due is None:
            self._due = (now, stamp_s)
        began, first_stamp_s = self._due
        wait_s = began + (stamp_s - first_stamp_s) - now
        if -5.0 < wait_s < 30.0:
            if wait_s > 0:
                self._closed.wait(wait_s)
        else:  # the stamps jumped, or the network fell far behind: begin afresh from here
            self._due = (now, stamp_s)
        return time.monotonic()

    def _raise_if_lost(self, waited_s: float) -> None:
        if self._closed.is_set() or not self._info.is_live:
            return
        if self._handle is not None:
            self._handle.close()
        if waited_s >= self._limits.read_s * 0.9:
            raise SourceError(
                f"The stream “{self._info.name}” has been silent for {waited_s:.0f} s.",
                "Check that the camera or server is switched on and connected.",
                retryable=True,
            )
        raise SourceError(
            f"The stream “{self._info.name}” has stopped.",
            "Check that the camera or server is switched on and connected.",
            retryable=True,
        )

    def _why_not(self) -> SourceError:
        """Ask the server itself why the stream did not open."""
        scheme = urlsplit(self._url).scheme.lower()
        limit_s = min(self._limits.open_s, 5.0)
        try:
            if scheme in ("http", "https"):
                answer = net.ask_http(self._url, limit_s)
                if answer.status >= 400:
                    return net.http_error(self._url, answer.status)
                return net.no_video_error(self._url, answer.content_type)
            if scheme == "rtsp":
                status = net.ask_rtsp(self._url, limit_s)
                if status is not None and status >= 400:
                    return net.http_error(self._url, status)
            elif scheme in net.DEFAULT_PORTS:
                net.check_reachable(self._url, limit_s)
            else:
                return SourceError(
                    f"Nothing arrived at “{self._info.name}” within {self._limits.open_s:.0f} s.",
                    "Check that the sender is running and sends to this computer and port.",
                    retryable=True,
                )
        except SourceError as error:
            return error
        return net.no_video_error(self._url, "")
