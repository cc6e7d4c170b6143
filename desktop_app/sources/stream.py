"""Streams and files that FFmpeg reads over the network: RTSP, Motion-JPEG, HLS, plain HTTP."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import cv2

from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources import asking, net
from desktop_app.sources.asking_rtsp import ask_rtsp
from desktop_app.sources.base import SourceInfo, SourceKind
from desktop_app.sources.capture import Capture, CaptureFactory, CaptureHandle, open_capture
from desktop_app.sources.clock import DEFAULT_FPS, LiveClock, MediaClock, sane_duration_s, sane_fps
from desktop_app.sources.completeness import Completeness
from desktop_app.sources.pixel_shape import shown_size, too_many_pixels
from desktop_app.sources.schemes import LISTENING_SCHEMES, URL_SCHEMES
from desktop_app.sources.seen_time import SeenTime
from desktop_app.system.native_names import native_name
from desktop_app.system.plain_text import printable

_DAMAGED_ALLOWED = 20

_OUTRUN_MEDIA_S = 15.0
_OUTRUN_WITHIN_S = 3.0
"""Whoever sends more media time than the first within the second sends a file: no live sender stores so much."""


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

    A file whose transfer breaks off raises a SourceError, retryable where it can be searched; `check_file` tells at its
    end whether it was whole on the server.

    `headers` go with every request (video sites want their own). `title` is shown instead of the address. `url` may
    also be the path of a session description (.sdp). What a video site or a playlist names is opened only if it is a
    web or stream address: never a file of this computer.
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
        open_capture_with: CaptureFactory | None = None,
        check_file: Callable[[], Completeness] | None = None,
    ) -> None:
        self._url = url
        self._wanted_live = live
        self._timing = timing
        self._limits = limits or TimeLimits()
        self._check_file = check_file
        self._asks_first = open_capture_with is None
        self._open_capture = open_capture_with or partial(open_capture, headers=dict(headers or {}))
        self._closed = threading.Event()
        self._handle: CaptureHandle | None = None
        self._live_clock = LiveClock(use_stamps=timing is not StreamTiming.ARRIVAL)
        self._media_clock = MediaClock(DEFAULT_FPS)
        self._due: tuple[float, float] | None = None
        self._index = 0
        self._seen = SeenTime()
        self._info = SourceInfo(
            name=printable(title) or self._shown_address(), kind=SourceKind.STREAM, is_live=live is None or live
        )

    @property
    def info(self) -> SourceInfo:
        return self._info

    @property
    def omissions(self) -> tuple[str, ...]:
        """What of a recording was not seen, one sentence each; nothing for a live stream."""
        if self._info.is_live:
            return ()
        if self._timing is not StreamTiming.PACED:
            return self._seen.long_holes(self._info.name)
        return self._seen.omissions(self._info.name, self._info.duration_s)

    def open(self) -> None:
        """Connect. Raises SourceError that says whether name, server, address or stream is the cause."""
        if self._closed.is_set():
            return
        if not self._is_local:
            scheme = net.split_address(self._url).scheme.lower()
            if scheme not in URL_SCHEMES:
                raise SourceError(
                    f"“{self._info.name}” leads to an address that begins with “{printable(scheme)}:”, which is not "
                    "opened.",
                    "Only web addresses and streams are opened from a page or a playlist.",
                )
            if scheme in net.DEFAULT_PORTS and not self._is_web and self._asks_first:  # on the web somebody has asked
                # Here, because openings of different kinds wait for each other (`ffmpeg_options`): nobody has to wait
                # for a camera that is switched off.
                asking.check_reachable(self._url, self._limits.open_s)
                if self._closed.is_set():
                    return
        capture = self._connect()
        if not capture.isOpened():
            capture.release()
            if self._closed.is_set():
                return
            raise self._why_not()
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        handle = self._handle = CaptureHandle(capture)
        size = shown_size(handle)
        if too_many_pixels(size):
            handle.close()
            raise SourceError(
                f"The pictures of “{self._info.name}” are too large: {size[0]}x{size[1]} pixels.",
                "Choose a smaller picture in the camera's settings.",
            )
        handle.show_as(size if all(size) else None)
        fps = handle.get(cv2.CAP_PROP_FPS)
        duration_s = None if self._wanted_live else sane_duration_s(handle.get(cv2.CAP_PROP_FRAME_COUNT), fps)
        is_live = self._wanted_live if self._wanted_live is not None else duration_s is None
        if is_live and self._wanted_live is None and self._is_web and self._outruns_time(handle):
            is_live = False
            handle = self._reconnect(handle)
        self._media_clock = MediaClock(fps, duration_s)
        self._info = replace(
            self._info,
            is_live=is_live,
            width=size[0],
            height=size[1],
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
            asked = time.monotonic()
            stamp_s = handle.grab()
            for _ in range(_DAMAGED_ALLOWED):
                # OpenCV reports a picture that cannot be decoded as the end; behind the true end, none comes at once.
                if stamp_s is not None or time.monotonic() - asked > 0.5 or self._closed.is_set():
                    break
                stamp_s = handle.grab()
            waited_s = time.monotonic() - asked
            # At its time limit FFmpeg gives up the pictures that the decoder held back, one at each limit.
            if stamp_s is None or (self._info.is_live and waited_s >= self._limits.read_s * 0.9):
                self._raise_if_lost(waited_s)
                self._check_end(handle, waited_s)
                return None
            arrival_s = self._wait_until_due(stamp_s)
            time_s = (
                self._live_clock.next(stamp_s, arrival_s) if self._info.is_live else self._media_clock.next(stamp_s)
            )
            index = self._index
            self._index += 1
            self._seen.note(time_s, 1.0 / (self._info.fps or DEFAULT_FPS))
            image = handle.retrieve()
            if image is not None:
                return Frame(image, time_s, index, time.perf_counter())
            if self._info.is_live and time.monotonic() - started > self._limits.read_s:
                raise SourceError(
                    f"The pictures of “{self._info.name}” cannot be decoded.",
                    "Choose another format in the camera's settings (H.264 is understood everywhere).",
                    retryable=True,
                )
        return None

    def seek(self, time_s: float) -> None:
        """Go to `time_s` seconds, or to the key frame before it; a live stream cannot be searched, nothing happens."""
        if self._handle is None or not self._info.seekable:
            return
        if self._handle.set(cv2.CAP_PROP_POS_MSEC, max(0.0, time_s) * 1000.0):
            self._media_clock.jumped()
            self._seen.jumped(time_s)
        self._due = None

    def close(self) -> None:
        self._closed.set()
        if self._handle is not None:
            self._handle.close()

    @property
    def _is_local(self) -> bool:
        return "://" not in self._url

    @property
    def _is_web(self) -> bool:
        return self._url.lower().startswith(("http://", "https://"))

    def _shown_address(self) -> str:
        return printable(Path(self._url).name) if self._is_local else net.hide_password(self._url)

    def _connect(self) -> Capture:
        params = (
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            int(self._limits.open_s * 1000),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            int(self._limits.read_s * 1000),
        )
        target = native_name(Path(self._url)) if self._is_local else net.escape_user_info(self._url)
        return self._open_capture(target, cv2.CAP_FFMPEG, params)

    def _reconnect(self, handle: CaptureHandle) -> CaptureHandle:
        """Begin again from the first picture, after some were read for a look."""
        size = shown_size(handle)
        handle.close()
        again = self._handle = CaptureHandle(self._connect())
        again.show_as(size if all(size) else None)
        return again

    def _outruns_time(self, handle: CaptureHandle) -> bool:
        """Whether an answer without a stated length is a file: it arrives faster than it was made, or ends at once."""
        began = time.monotonic()
        first_s: float | None = None
        while not self._closed.is_set() and time.monotonic() - began < _OUTRUN_WITHIN_S:
            stamp_s = handle.grab()
            if stamp_s is None:
                return not self._closed.is_set()
            first_s = stamp_s if first_s is None else first_s
            if stamp_s - first_s > _OUTRUN_MEDIA_S:
                return True
        return False

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
        else:  # the stamps jumped, or the network fell far behind: begin again from here
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

    def _check_end(self, handle: CaptureHandle, waited_s: float) -> None:
        """At the end of what is not live: raise SourceError if it came before the end of the file."""
        if self._closed.is_set() or self._timing is StreamTiming.PACED:
            return
        name, duration_s = self._info.name, self._info.duration_s
        end_s = (self._media_clock.last_s or 0.0) + self._media_clock.step_s
        # An answer without a stated length looks broken off to FFmpeg at each end.
        broke_off = self._check_file is not None and handle.broke_off
        if broke_off or waited_s >= self._limits.read_s * 0.9:
            raise SourceError(
                f"The transfer of “{name}” broke off after {end_s:.1f} s of the film.",
                "What was counted up to there stands. Check the network, or download the file and open it.",
                retryable=self._info.seekable,
            )
        how = self._check_file() if self._check_file is not None else Completeness.UNKNOWN
        early = duration_s is None or duration_s - end_s > 2 * self._media_clock.step_s + 0.01 * duration_s
        if how is Completeness.CUT_AT_END or (early and how is Completeness.CUT):
            raise SourceError(
                f"The file “{name}” breaks off after {end_s:.1f} s; it is incomplete on the server, too.",
                "What was counted up to there stands. Have the file put there again for the rest.",
            )

    def _why_not(self) -> SourceError:
        """Ask the server itself why the stream did not open."""
        scheme = urlsplit(self._url).scheme.lower()
        limit_s = min(self._limits.open_s, 5.0)
        try:
            if self._is_local:
                return SourceError(
                    f"Nothing arrived for “{self._info.name}” within {self._limits.open_s:.0f} s.",
                    "Check that the sender is running and sends to the computer and port that the file names.",
                    retryable=True,
                )
            if scheme in ("http", "https"):
                answer = asking.ask_http(self._url, limit_s)
                if answer.status >= 400:
                    return net.http_error(self._url, answer.status)
                return net.no_video_error(self._url, answer.content_type)
            if scheme == "rtsp":
                status = ask_rtsp(self._url, limit_s)
                if status is not None and status >= 400:
                    return net.http_error(self._url, status)
            elif scheme not in LISTENING_SCHEMES and scheme in net.DEFAULT_PORTS:
                asking.check_reachable(self._url, limit_s)
            else:
                return SourceError(
                    f"Nothing arrived at “{self._info.name}” within {self._limits.open_s:.0f} s.",
                    "Check that the sender is running and sends to this computer and port.",
                    retryable=True,
                )
        except SourceError as error:
            return error
        return net.no_video_error(self._url, "")
