"""An http(s) address, whatever lies there: a picture, a video file, Motion-JPEG, HLS, or a page with a video."""

from __future__ import annotations

import threading
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from desktop_app.domain.types import Frame
from desktop_app.sources import net
from desktop_app.sources.base import FrameSource, SourceInfo, SourceKind
from desktop_app.sources.pictures import DEFAULT_HOLD_S, PICTURE_SUFFIXES, PictureSource
from desktop_app.sources.stream import StreamSource, StreamTiming, TimeLimits
from desktop_app.sources.video_file import VIDEO_SUFFIXES
from desktop_app.sources.video_site import VIDEO_SITE_HOSTS, VideoSiteSource

MOST_PICTURE_BYTES = 64 * 2**20
_PLAYLIST_TYPES = ("application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl", "audio/x-mpegurl")
_NO_VIDEO_TYPES = (
    "text/",
    "audio/",
    "font/",
    "application/json",
    "application/pdf",
    "application/zip",
    "application/xml",
)


def is_video_site(url: str) -> bool:
    """Tell whether the address belongs to a site whose pages, not files, hold the videos."""
    host = (urlsplit(url).hostname or "").lower()
    return any(host == site or host.endswith(f".{site}") for site in VIDEO_SITE_HOSTS)


class WebSource:
    """A source behind an http(s) address; `open` asks the server what it is and becomes that."""

    def __init__(self, url: str, *, limits: TimeLimits | None = None, hold_s: float = DEFAULT_HOLD_S) -> None:
        self._url = url
        self._limits = limits or TimeLimits()
        self._hold_s = hold_s
        self._closed = threading.Event()
        self._inside: FrameSource | None = None
        self._info = SourceInfo(name=net.hide_password(url), kind=SourceKind.STREAM, is_live=True)

    @property
    def info(self) -> SourceInfo:
        return self._inside.info if self._inside is not None else self._info

    def open(self) -> None:
        """Ask the server and open what it has. Raises SourceError: unknown host, refused, 404, silent, not a video."""
        inside = self._inside = self._choose()
        if self._closed.is_set():
            inside.close()
            return
        inside.open()

    def read(self) -> Frame | None:
        return self._inside.read() if self._inside is not None else None

    def seek(self, time_s: float) -> None:
        if self._inside is not None:
            self._inside.seek(time_s)

    def close(self) -> None:
        self._closed.set()
        if self._inside is not None:
            self._inside.close()

    def _choose(self) -> FrameSource:
        if is_video_site(self._url):
            return VideoSiteSource(self._url, limits=self._limits)
        answer = net.ask_http(self._url, self._limits.open_s)
        if answer.status >= 400:
            raise net.http_error(self._url, answer.status)
        kind = answer.content_type
        name = unquote(PurePosixPath(urlsplit(answer.url).path).name)
        suffix = PurePosixPath(name).suffix.lower()
        if kind.startswith("multipart/"):
            return StreamSource(answer.url, live=True, timing=StreamTiming.ARRIVAL, limits=self._limits)
        if (kind.startswith("image/") and kind != "image/gif") or (not kind and suffix in PICTURE_SUFFIXES):
            return PictureSource(name or "picture", [(name or "picture", self._fetch)], hold_s=self._hold_s)
        if kind in _PLAYLIST_TYPES or suffix in (".m3u8", ".m3u"):
            return StreamSource(answer.url, timing=StreamTiming.PACED, limits=self._limits)
        if kind in ("text/html", "application/xhtml+xml"):
            return VideoSiteSource(self._url, limits=self._limits)
        if suffix not in VIDEO_SUFFIXES and kind.startswith(_NO_VIDEO_TYPES):
            raise net.no_video_error(answer.url, kind)
        # A file states its length even where the video in it states no duration.
        is_file = answer.length is not None and (kind.startswith("video/") or suffix in VIDEO_SUFFIXES)
        return StreamSource(
            answer.url, title=name if is_file else "", live=False if is_file else None, limits=self._limits
        )

    def _fetch(self) -> bytes:
        return net.download(self._url, self._limits.open_s * 3, MOST_PICTURE_BYTES, self._closed.is_set)
