"""An http(s) address, whatever lies there: a picture, a snapshot address, a video file, Motion-JPEG, HLS, or a page."""

from __future__ import annotations

import tempfile
import threading
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from desktop_app.domain.types import Frame
from desktop_app.sources import asking, net
from desktop_app.sources.base import FrameSource, SourceInfo, SourceKind, not_seen
from desktop_app.sources.fetching import fetch_file, has_index_behind
from desktop_app.sources.mjpeg import MjpegSource
from desktop_app.sources.pictures import DEFAULT_HOLD_S, PICTURE_SUFFIXES, picture_source
from desktop_app.sources.remote_file import remote_completeness
from desktop_app.sources.snapshots import SnapshotSource
from desktop_app.sources.stream import StreamSource, StreamTiming, TimeLimits
from desktop_app.sources.video_file import VIDEO_SUFFIXES, VideoFileSource
from desktop_app.sources.video_site import VIDEO_SITE_HOSTS, VideoSiteSource
from desktop_app.system.native_names import own_folder

MOST_PICTURE_BYTES = 64 * 2**20
_PLAYLIST_TYPES = ("application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl", "audio/x-mpegurl")
_MJPEG_TYPES = ("multipart/", "video/x-motion-jpeg", "video/x-mjpeg", "video/mjpeg", "video/x-jpeg")
_NO_VIDEO_TYPES = (
    "text/",
    "audio/",
    "font/",
    "application/json",
    "application/pdf",
    "application/zip",
    "application/xml",
)
_BASE_MEDIA_SUFFIXES = (".mp4", ".mov", ".m4v", ".3gp", ".3g2", ".f4v")
_SNAPSHOT_WAITS_S = (0.4, 1.2)
"""After how many seconds a picture is fetched again to see whether it is a camera's."""


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
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._info = SourceInfo(name=net.hide_password(url), kind=SourceKind.STREAM, is_live=True)

    @property
    def info(self) -> SourceInfo:
        return self._inside.info if self._inside is not None else self._info

    @property
    def omissions(self) -> tuple[str, ...]:
        """What was not seen of what lies there, one sentence each."""
        return not_seen(self._inside)

    def open(self) -> None:
        """Ask the server and open what it has. Raises SourceError: unknown host, refused, 404, silent, not a video."""
        inside = self._choose()
        if inside is None:
            return
        self._inside = inside
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
        if self._folder is not None:
            self._folder.cleanup()

    def _choose(self) -> FrameSource | None:
        """Return the source that this address is, None if it was closed meanwhile."""
        if is_video_site(self._url):
            return VideoSiteSource(self._url, limits=self._limits)
        answer = asking.ask_http(self._url, self._limits.open_s)
        if answer.status >= 300:
            raise net.http_error(self._url, answer.status)
        kind = answer.content_type
        name = asking.file_name(answer.url)
        suffix = PurePosixPath(name).suffix.lower()
        if kind.startswith(_MJPEG_TYPES):
            return MjpegSource(answer.url, limits=self._limits)
        if (kind.startswith("image/") and kind != "image/gif") or (not kind and suffix in PICTURE_SUFFIXES):
            return self._picture(answer, name)
        if kind in _PLAYLIST_TYPES or suffix in (".m3u8", ".m3u"):
            return StreamSource(answer.url, timing=StreamTiming.PACED, limits=self._limits)
        if kind in ("text/html", "application/xhtml+xml"):
            return VideoSiteSource(self._url, limits=self._limits)
        if suffix not in VIDEO_SUFFIXES and kind.startswith(_NO_VIDEO_TYPES):
            raise net.no_video_error(answer.url, kind)
        # A file states its length even where the video in it states no duration.
        is_file = answer.length is not None and (kind.startswith("video/") or suffix in VIDEO_SUFFIXES)
        if is_file and (suffix in _BASE_MEDIA_SUFFIXES or kind in ("video/mp4", "video/quicktime")):
            fetched = self._fetched_file(answer, name)
            if fetched is not None or self._closed.is_set():
                return fetched
        if not is_file:
            return StreamSource(answer.url, limits=self._limits)
        check = partial(remote_completeness, answer.url, answer.length or 0, self._closed.is_set)
        return StreamSource(answer.url, title=name, live=False, limits=self._limits, check_file=check)

    def _picture(self, answer: asking.HttpAnswer, name: str) -> FrameSource | None:
        """Tell a picture from the snapshot address of a camera: the one stays the same, the other never does."""
        data = self._fetch()
        control = answer.headers.get("cache-control", "").lower()
        fleeting = (
            "no-store" in control or "no-cache" in control or "max-age=0" in control or "refresh" in answer.headers
        )
        lasting = "last-modified" in answer.headers or "etag" in answer.headers
        for wait_s in _SNAPSHOT_WAITS_S if fleeting or not lasting else _SNAPSHOT_WAITS_S[:1]:
            if self._closed.wait(wait_s):
                return None
            if self._fetch() not in (data, b""):
                return SnapshotSource(net.hide_password(self._url), self._fetch)
        return picture_source(name or "picture", data, lambda: data, hold_s=self._hold_s)

    def _fetched_file(self, answer: asking.HttpAnswer, name: str) -> FrameSource | None:
        """Download a file that cannot be played as it comes: its index is at the end and the server sends no parts."""
        if asking.ask_http(answer.url, self._limits.open_s, ranges=True).ranges:
            return None
        if not has_index_behind(answer.url, self._limits.read_s):
            return None
        self._folder = own_folder("download")
        path = Path(self._folder.name) / f"video{PurePosixPath(name).suffix.lower() or '.mp4'}"
        if not fetch_file(answer.url, path, self._limits.read_s, answer.length or 0, self._closed.is_set):
            return None
        return VideoFileSource(path, title=name)

    def _fetch(self) -> bytes:
        return asking.download(self._url, self._limits.open_s * 3, MOST_PICTURE_BYTES, self._closed.is_set)
