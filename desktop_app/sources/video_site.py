"""Web pages of video sites, through yt-dlp's Python interface, with our own time limit and cancel."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources import net
from desktop_app.sources.base import FrameSource, SourceInfo, SourceKind, not_seen
from desktop_app.sources.stream import StreamSource, StreamTiming, TimeLimits

VIDEO_SITE_HOSTS: tuple[str, ...] = (
    "youtube.com", "youtu.be", "youtube-nocookie.com", "vimeo.com", "twitch.tv", "dailymotion.com", "dai.ly",
    "facebook.com", "fb.watch", "instagram.com", "tiktok.com", "twitter.com", "x.com", "bilibili.com", "rumble.com",
    "odysee.com", "peertube.tv", "ted.com", "archive.org", "streamable.com",
)  # fmt: skip
"""Sites whose pages go to yt-dlp without asking first what lies there; any other web page goes there too."""

DEFAULT_LIMIT_S = 45.0
OLD_AFTER_DAYS = 90
_FORMAT = "bv*[height<=720][protocol^=http]/b[height<=720]/bv*[height<=720]/wv*/b"
"""Up to 720 lines: more costs network and time and finds hardly another face."""


@dataclass(frozen=True, slots=True)
class SiteVideo:
    """The stream behind a page: its address, title, request headers, and whether it is a live broadcast."""

    url: str
    title: str
    is_live: bool = False
    is_segmented: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


class CancelledError(Exception):
    """The user no longer wants the page."""


class _Log:
    """yt-dlp's logger. It keeps what is said for the diagnosis, and ends the work once nobody wants the result."""

    def __init__(self, unwanted: threading.Event) -> None:
        self._unwanted = unwanted
        self.warnings: list[str] = []

    def debug(self, message: str) -> None:
        if self._unwanted.is_set():
            raise CancelledError

    info = debug

    def warning(self, message: str) -> None:
        self.debug(message)
        self.warnings.append(message)

    def error(self, message: str) -> None:
        self.warning(message)


Extractor = Callable[[str, _Log], Mapping[str, Any]]
"""From a page's address to yt-dlp's description of the video; raises what yt-dlp raises."""


def extract_with_yt_dlp(url: str, log: _Log) -> Mapping[str, Any]:
    """Ask yt-dlp for the video on a page. Any JavaScript runtime that it supports is used if it is installed."""
    import yt_dlp
    from yt_dlp.globals import supported_js_runtimes

    options = {
        "format": _FORMAT,
        "logger": log,
        "noplaylist": True,
        "playlist_items": "1",
        "skip_download": True,
        "socket_timeout": 10,
        "retries": 1,
        "extractor_retries": 1,
        "cachedir": False,
        "js_runtimes": {name: {} for name in supported_js_runtimes.value},
    }
    with yt_dlp.YoutubeDL(options) as downloader:
        found: Mapping[str, Any] | None = downloader.extract_info(url, download=False)
    return found or {}


def resolve(
    url: str,
    *,
    limit_s: float = DEFAULT_LIMIT_S,
    cancelled: threading.Event | None = None,
    extract: Extractor = extract_with_yt_dlp,
) -> SiteVideo:
    """Find the video stream behind a web page.

    Returns within `limit_s` seconds, and soon after `cancelled` is set, by leaving yt-dlp's thread to itself; that one
    ends at its next message or network time-out. Raises SourceError that says what is the cause and what to do,
    CancelledError when cancelled.
    """
    unwanted = threading.Event()
    finished = threading.Event()
    log = _Log(unwanted)
    outcome: list[Mapping[str, Any] | BaseException] = []

    def work() -> None:
        try:
            outcome.append(extract(url, log))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - judged by the waiting thread
            outcome.append(error)
        finally:
            finished.set()

    threading.Thread(target=work, name="video-site", daemon=True).start()
    stop = cancelled or threading.Event()
    waited_s = 0.0
    while not finished.wait(0.1):
        waited_s += 0.1
        if stop.is_set():
            unwanted.set()
            raise CancelledError
        if waited_s >= limit_s:
            unwanted.set()
            raise SourceError(
                f"“{_host(url)}” did not give its video within {limit_s:.0f} s.",
                "Check the network, then try again.",
                retryable=True,
            )
    result = outcome[0]
    if isinstance(result, CancelledError):
        raise result
    if isinstance(result, BaseException):
        raise explain_failure(url, str(result), log.warnings) from result
    return _site_video(url, result, log.warnings)


def _site_video(url: str, found: Mapping[str, Any], warnings: list[str]) -> SiteVideo:
    entries = found.get("entries")
    if entries is not None:
        entry = next((e for e in entries if e), None)
        if entry is None:
            raise _no_video(url)
        found = entry
    formats = found.get("requested_formats") or [found]
    chosen = next((f for f in formats if f.get("vcodec") != "none" and f.get("url")), None)
    if chosen is None:
        raise explain_failure(url, "Requested format is not available", warnings)
    protocol = str(chosen.get("protocol") or "")
    return SiteVideo(
        url=str(chosen["url"]),
        title=str(found.get("title") or _host(url)),
        is_live=bool(found.get("is_live")),
        is_segmented="m3u8" in protocol,
        headers={str(k): str(v) for k, v in (chosen.get("http_headers") or found.get("http_headers") or {}).items()},
    )


def yt_dlp_version() -> str:
    """Return yt-dlp's version, which is its date, or "" if it is not installed."""
    try:
        from yt_dlp.version import __version__ as version
    except ImportError:
        return ""
    return str(version)


def is_old(version: str, today: date | None = None) -> bool:
    """Tell whether a yt-dlp of this version ("2026.10.26") is so old that sites have likely changed since."""
    match = re.match(r"(\d{4})\.(\d{1,2})\.(\d{1,2})", version)
    if match is None:
        return False
    made = date(*(int(part) for part in match.groups()))
    return ((today or datetime.now().astimezone().date()) - made).days > OLD_AFTER_DAYS


_NETWORK = re.compile(
    r"getaddrinfo|name or service not known|failed to resolve|name resolution|nodename nor servname|timed? ?out|"
    r"connection (refused|reset|aborted)|network is unreachable|no route to host|unable to connect|remote end closed",
    re.IGNORECASE,
)
_BLOCKED = re.compile(
    r"not a bot|http error (403|429)|too many requests|captcha|blocked|rate.?limit|geo.?restrict|"
    r"not.{0,30}available.{0,40}(country|region|location)",
    re.IGNORECASE,
)
_PRIVATE = re.compile(
    r"private|members.only|sign in|log ?in|login|account|cookies|age.restricted|confirm your age|premium|purchase",
    re.IGNORECASE,
)
_GONE = re.compile(r"unavailable|removed|deleted|does not exist|http error (404|410)|terminated", re.IGNORECASE)
_NOT_YET = re.compile(
    r"will begin|premieres in|not (yet )?started|is offline|not currently live|upcoming", re.IGNORECASE
)
_UNSUPPORTED = re.compile(r"unsupported url|no video formats|no video could be found|no media found", re.IGNORECASE)
_NO_RUNTIME = re.compile(r"javascript runtime|js runtime", re.IGNORECASE)
_UNSOLVED = re.compile(r"challenge|requested format is not available|only images are available|nsig", re.IGNORECASE)
_CHANGED = re.compile(
    r"unable to extract|report this issue|latest version|keyerror|typeerror|failed to parse", re.IGNORECASE
)


def explain_failure(url: str, message: str, warnings: list[str], version: str | None = None) -> SourceError:
    """Turn yt-dlp's message and warnings into the cause and what to do.

    The order matters: a site that wants proof of a human also says "sign in", and a missing JavaScript runtime shows
    only in a warning while the error speaks of formats.
    """
    host = _host(url)
    version = yt_dlp_version() if version is None else version
    said = " ".join(warnings)
    if _NETWORK.search(message):
        return SourceError(
            f"The network does not reach “{host}”.",
            "Check that this computer is connected to the internet, then try again.",
            retryable=True,
        )
    if _NO_RUNTIME.search(message) or (_NO_RUNTIME.search(said) and _UNSOLVED.search(f"{message} {said}")):
        return SourceError(
            f"“{host}” gives its videos only to programs that run JavaScript, and no JavaScript runtime was found.",
            "Install Deno (deno.com) or Node.js (nodejs.org), then start Headcount again.",
        )
    if re.search(r"\bdrm\b", message, re.IGNORECASE):
        return SourceError(f"The video on “{host}” is copy-protected.", "Choose another video.")
    if _NOT_YET.search(message):
        return SourceError(f"The broadcast on “{host}” has not begun, or is over.", "Try again once it is on.")
    if _BLOCKED.search(message):
        return SourceError(
            f"“{host}” refuses to give this video to a program (the site blocks it).",
            "Try again later or from another network, or download the video in a browser and open the file.",
        )
    if _PRIVATE.search(message):
        return SourceError(
            f"“{host}” shows this video only to people who are signed in.",
            "Choose a public video, or download it in a browser and open the file.",
        )
    if _GONE.search(message):
        return SourceError(f"“{host}” says that this video is not there (any more).", "Check the address in a browser.")
    if _UNSUPPORTED.search(message):
        return _no_video(url)
    if not version:
        return SourceError(
            "Pages of video sites need yt-dlp, which is missing from this installation.", "Install Headcount again."
        )
    if _CHANGED.search(message) or _UNSOLVED.search(f"{message} {said}"):
        age = f"yt-dlp {version}, which is old" if is_old(version) else f"yt-dlp {version}"
        return SourceError(
            f"“{host}” has changed in a way that this program does not understand yet ({age}).",
            "Install the newest version of Headcount (or of yt-dlp, if you run it from source).",
        )
    plain = re.sub(r"^ERROR:\s*|\x1b\[[0-9;]*m", "", message).splitlines()
    return SourceError(
        f"The video on “{host}” could not be opened: {plain[0][:200] if plain else 'no reason was given'}",
        "Check the address in a browser; install the newest version of Headcount if it plays there.",
    )


def _no_video(url: str) -> SourceError:
    return SourceError(
        f"No video was found on the page {net.hide_password(url)}",
        "Open the page in a browser and copy the address of the video itself.",
    )


def _host(url: str) -> str:
    return (urlsplit(url).hostname or url).removeprefix("www.")


class VideoSiteSource:
    """The video or live broadcast on a web page.

    Each `open` resolves the page anew, because the addresses of the streams behind it expire.
    """

    def __init__(
        self,
        url: str,
        *,
        limits: TimeLimits | None = None,
        resolve_limit_s: float = DEFAULT_LIMIT_S,
        extract: Extractor = extract_with_yt_dlp,
    ) -> None:
        self._url = url
        self._limits = limits
        self._resolve_limit_s = resolve_limit_s
        self._extract = extract
        self._closed = threading.Event()
        self._stream: FrameSource | None = None
        self._info = SourceInfo(name=net.hide_password(url), kind=SourceKind.STREAM, is_live=True)

    @property
    def info(self) -> SourceInfo:
        return self._stream.info if self._stream is not None else self._info

    @property
    def omissions(self) -> tuple[str, ...]:
        return not_seen(self._stream)

    def open(self) -> None:
        """Resolve the page and open its stream. Raises SourceError with the cause and what to do."""
        try:
            video = resolve(self._url, limit_s=self._resolve_limit_s, cancelled=self._closed, extract=self._extract)
        except CancelledError:
            return
        self._stream = StreamSource(
            video.url,
            title=video.title,
            live=True if video.is_live else None,
            timing=StreamTiming.PACED if video.is_segmented else StreamTiming.STAMPS,
            limits=self._limits,
            headers=dict(video.headers),
        )
        if self._closed.is_set():
            self._stream.close()
        self._stream.open()

    def read(self) -> Frame | None:
        return self._stream.read() if self._stream is not None else None

    def seek(self, time_s: float) -> None:
        if self._stream is not None:
            self._stream.seek(time_s)

    def close(self) -> None:
        self._closed.set()
        if self._stream is not None:
            self._stream.close()
