"""FFmpeg's options for one opening, which OpenCV takes from the environment only.

The environment belongs to the whole process, so openings with the same options may overlap, and one with others waits
for them. What FFmpeg may open on behalf of a source is always stated: a stream's playlist cannot make it read a file.
"""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

VARIABLE = "OPENCV_FFMPEG_CAPTURE_OPTIONS"

NETWORK_PROTOCOLS = (
    "http", "https", "httpproxy", "tcp", "tls", "udp", "rtp", "srtp", "rtmp", "rtmps", "rtmpt", "rtmpts", "rtmpe",
    "ffrtmphttp", "ffrtmpcrypt", "srt", "mmsh", "mmst", "crypto", "data",
)  # fmt: skip
"""What a network source may open; in particular no files."""

FILE_PROTOCOLS = ("file", "crypto", "data", "concat", "subfile")
PLAYLIST_PROTOCOLS = (*FILE_PROTOCOLS, "http", "https", "httpproxy", "tcp", "tls")
"""A playlist on the disk may name files and web addresses, as its owner wrote it."""
SESSION_PROTOCOLS = (*FILE_PROTOCOLS, "udp", "rtp", "srtp")
"""A session description (.sdp) on the disk names where to listen."""

STRANGERS_FORMATS = (
    "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "asf",
    "ogg", "gif", "mjpeg", "h264", "hevc", "m4v", "mxf", "dv", "yuv4mpegpipe", "rm", "ivf", "nut", "av1", "obu",
)  # fmt: skip
"""What a stranger's file may be for FFmpeg: containers that hold their pictures themselves, no lists of other files."""

_is_closed = False


def close_to_strangers() -> None:
    """From now on and in this whole process, let FFmpeg open files only, and no playlist that would name others.

    For a process that reads what somebody sent over the network; there is no way back.
    """
    global _is_closed
    _is_closed = True


class _Gate:
    """Lets those with the same options in together, in the order in which they came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._inside = 0
        self._options: str | None = None
        self._before: str | None = None

    def enter(self, options: str) -> None:
        me = object()
        with self._changed:
            self._waiting.append(me)
            self._changed.wait_for(lambda: self._waiting[0] is me and (self._inside == 0 or self._options == options))
            self._waiting.popleft()
            if self._inside == 0:
                self._before = os.environ.get(VARIABLE)
                self._options = options
                # The user's own options come last and count.
                os.environ[VARIABLE] = f"{options}|{self._before}" if self._before else options
            self._inside += 1
            self._changed.notify_all()

    def leave(self) -> None:
        with self._changed:
            self._inside -= 1
            if self._inside == 0:
                self._options = None
                if self._before is None:
                    os.environ.pop(VARIABLE, None)
                else:
                    os.environ[VARIABLE] = self._before
            self._changed.notify_all()


_gate = _Gate()


def is_url(target: str) -> bool:
    """Tell whether FFmpeg takes a target for a URL, not for the path of a file."""
    scheme, sign, _ = target.partition("://")
    return bool(sign) and scheme.isascii() and scheme.isalnum()


def protocols_for(target: str) -> tuple[str, ...]:
    """Return what FFmpeg may open for a target: a URL, or the path of a file."""
    if is_url(target):
        return NETWORK_PROTOCOLS
    ending = target.lower().rpartition(".")[2]
    if ending in ("m3u8", "m3u", "mpd"):
        return PLAYLIST_PROTOCOLS
    return SESSION_PROTOCOLS if ending == "sdp" else FILE_PROTOCOLS


@contextmanager
def ffmpeg_options(target: str, headers: Mapping[str, str] | None = None) -> Iterator[None]:
    """Set what `target` may be opened with, for as long as the block lasts.

    `headers` go with every HTTP request; those that would break the format of the options are left out.
    """
    # FFmpeg reads quotes and backslashes in its options as signs of their own.
    protocols = ("file",) if _is_closed else protocols_for(target)
    options = f"protocol_whitelist;{','.join(protocols)}|rtsp_flags;prefer_tcp"
    if _is_closed:
        options += f"|format_whitelist;{','.join(STRANGERS_FORMATS)}"
    lines = "".join(
        re.sub(r"(['\\\\])", r"\\\1", f"{name}: {value}") + "\r\n"
        for name, value in (headers or {}).items()
        if not any(sign in f"{name}{value}" for sign in "|\r\n\0")
    )
    if lines:
        options += f"|headers;{lines}"
    if protocols in (NETWORK_PROTOCOLS, PLAYLIST_PROTOCOLS):
        # Segments of a playlist come under any name; what they are is found in them, and files are not among them.
        options += "|allowed_extensions;ALL|allowed_segment_extensions;ALL|extension_picky;0"
    if protocols == PLAYLIST_PROTOCOLS:
        # One that does not state its end is asked again whether it has grown: a thousand times, if nothing is said.
        options += "|m3u8_hold_counters;3|max_reload;3"
    _gate.enter(options)
    try:
        yield
    finally:
        _gate.leave()
