"""From what the user typed, dropped or chose to the source it means."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from desktop_app.errors import SourceError
from desktop_app.sources import net
from desktop_app.sources.base import FrameSource
from desktop_app.sources.camera import DEFAULT_MODE, Camera, CameraMode, CameraSource
from desktop_app.sources.containers import A_PICTURE, A_SESSION, exists, home_expanded, is_folder, looks_like
from desktop_app.sources.detached import DetachedReader
from desktop_app.sources.fetching import LONGEST_S
from desktop_app.sources.picture_file import UNREADABLE_PICTURE_SUFFIXES
from desktop_app.sources.pictures import (
    DEFAULT_HOLD_S,
    PICTURE_SUFFIXES,
    picture_file,
    picture_folder,
)
from desktop_app.sources.reconnect import ConnectionListener, ReconnectingSource, ReconnectPolicy
from desktop_app.sources.schemes import STREAM_SCHEMES, URL_SCHEMES
from desktop_app.sources.seen import SeenSource
from desktop_app.sources.stream import StreamSource, TimeLimits
from desktop_app.sources.turned import TurnedSource
from desktop_app.sources.video_file import VIDEO_SUFFIXES, VideoFileSource
from desktop_app.sources.video_site import DEFAULT_LIMIT_S
from desktop_app.sources.web import WebSource, is_video_site
from desktop_app.system.plain_text import printable

DEMO = "demo"

_FILE_LIMIT_S = 180.0
"""A file may need long for a picture, on a slow computer or drive: FFmpeg alone computes for two seconds before the
first one in HDR. Nobody waits for it: `close` answers at once."""


class SourceForm(StrEnum):
    """What an address means, told from its text and the disk alone."""

    DEMO = "demo"
    CAMERA = "camera"
    VIDEO_FILE = "video file"
    PICTURE = "picture"
    PICTURE_FOLDER = "folder of pictures"
    STREAM = "stream"
    WEB = "web address"
    VIDEO_SITE = "video site"


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """An address that was understood: `target` is the camera's number or name, the path, or the complete URL."""

    form: SourceForm
    target: str


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """How sources are opened; every one has a sensible default.

    `hold_s` is how long a still picture is shown; `folder_fps`, if set, reads a folder as the frames of a video
    instead. `turn` (degrees clockwise) and `mirror` set upright what a camera or stream gives. `reconnect` None means
    no reconnection. `reconnect_cameras` waits for an unplugged camera as for a lost stream. `listener` hears of losses
    and returns, on the reading thread.
    """

    camera_mode: CameraMode = DEFAULT_MODE
    loop: bool = False
    limits: TimeLimits = field(default_factory=TimeLimits)
    reconnect: ReconnectPolicy | None = field(default_factory=ReconnectPolicy)
    reconnect_cameras: bool = False
    listener: ConnectionListener | None = None
    hold_s: float = DEFAULT_HOLD_S
    folder_fps: float | None = None
    demo_clip: Path | None = None
    turn: int = 0
    mirror: bool = False


def understand(text: str) -> SourceAddress:
    """Tell what `text` means, without opening anything or asking the network.

    What exists on the disk under exactly this name wins, also over a number, the word demo and quotes. Else `camera`,
    `camera:2`, `camera:NAME` and a bare number are cameras; `demo` (always: `demo:`) is the demo clip; then URLs; an
    address without a scheme (`192.168.1.20:8080/video`, `youtube.com/watch?v=...`) counts as http(s). Anything else is
    taken for a path. Raises SourceError for an empty text and for a scheme that is not understood.
    """
    stripped = text.strip()
    bare = stripped.strip("\"'“”").strip()
    for name in dict.fromkeys((text, stripped, bare)):
        if name and not _is_own_word(name) and exists(path := home_expanded(name)):
            if re.match(r"/dev/video\d+$", name):
                return SourceAddress(SourceForm.CAMERA, name)
            return _understand_path(path)
    if not bare:
        raise SourceError(
            "No source was given.", "Choose a camera, a video file, a folder of pictures or an address, or the demo."
        )
    folded = bare.casefold()
    if folded in (DEMO, f"{DEMO}:"):
        return SourceAddress(SourceForm.DEMO, DEMO)
    if folded == "camera" or (bare.isascii() and bare.isdecimal()):
        return SourceAddress(SourceForm.CAMERA, bare if bare.isdecimal() else "")
    if folded.startswith("camera:"):
        return SourceAddress(SourceForm.CAMERA, bare[len("camera:") :].strip())
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", bare)
    if match is not None and len(match.group(1)) > 1:
        return _understand_url(bare, match.group(1).lower())
    if re.match(r"/dev/video\d+$", bare):
        return SourceAddress(SourceForm.CAMERA, bare)
    if _looks_like_host(bare):
        scheme = "http" if re.match(r"[\d.]+(:\d+)?(/|$)|localhost|\[|[^/]*:\d+", bare) else "https"
        return _understand_url(f"{scheme}://{bare}", scheme)
    return _understand_path(home_expanded(bare))


def _is_own_word(name: str) -> bool:
    """Whether a text names a camera or the demo so plainly that no file is meant."""
    return name.casefold().startswith((f"{DEMO}:", "camera:"))


def describe(text: str) -> str:
    """Return a short title for a source, for menus and messages; passwords are hidden."""
    try:
        address = understand(text)
    except SourceError:
        return "No source"
    match address.form:
        case SourceForm.DEMO:
            return "Demo clip"
        case SourceForm.CAMERA:
            return f"Camera {address.target}".strip() if not address.target.startswith("/") else address.target
        case SourceForm.VIDEO_FILE | SourceForm.PICTURE | SourceForm.PICTURE_FOLDER:
            return printable(Path(address.target).name or address.target)
        case _:
            return net.hide_password(address.target)


def open_source(what: str | Camera | SourceAddress, options: OpenOptions | None = None) -> FrameSource:
    """Return the source that `what` means. Returns at once: the source's `open` does the work and raises SourceError.

    Every source comes detached, so that `close` answers at once whatever its backend does, be it a hung driver, a dead
    server or a network drive; streams and cameras also reconnect. A missing folder or demo clip raises SourceError here
    already.
    """
    options = options or OpenOptions()
    if isinstance(what, Camera):
        what = SourceAddress(SourceForm.CAMERA, what.device or str(what.index))
    address = understand(what) if isinstance(what, str) else what
    target = address.target
    match address.form:
        case SourceForm.DEMO:
            if options.demo_clip is None or not options.demo_clip.is_file():
                raise SourceError("The demo clip is missing from this installation.", "Install Headcount again.")
            return DetachedReader(VideoFileSource(options.demo_clip, loop=options.loop))
        case SourceForm.VIDEO_FILE:
            film = SeenSource(VideoFileSource(target, loop=options.loop), options.hold_s)
            return DetachedReader(film, open_limit_s=_FILE_LIMIT_S, silence_limit_s=_FILE_LIMIT_S)
        case SourceForm.PICTURE:
            return DetachedReader(SeenSource(picture_file(target, hold_s=options.hold_s), options.hold_s))
        case SourceForm.PICTURE_FOLDER:
            return DetachedReader(picture_folder(target, hold_s=options.hold_s, fps=options.folder_fps))
        case SourceForm.CAMERA:
            return _upright(_camera(target, options), options)
        case _:
            return _upright(_network(address, options), options)


def _upright(source: FrameSource, options: OpenOptions) -> FrameSource:
    if options.turn == 0 and not options.mirror:
        return source
    return TurnedSource(source, options.turn, mirror=options.mirror)


def _camera(wanted: str, options: OpenOptions) -> FrameSource:
    made: list[CameraSource] = []

    def make() -> FrameSource:
        # Once a camera was opened, only that one is waited for: another one shows another scene.
        before = made[0].camera if made else None
        source = CameraSource(before.name if before else wanted, options.camera_mode)
        made[1 if before else 0 :] = [source]
        return DetachedReader(source, silence_limit_s=12.0)

    if options.reconnect_cameras and options.reconnect is not None:
        return ReconnectingSource(make, policy=options.reconnect, listener=options.listener)
    return make()


def _network(address: SourceAddress, options: OpenOptions) -> FrameSource:
    limits, url = options.limits, address.target
    inside: Callable[[], FrameSource]
    open_limit_s = limits.open_s + 8.0
    if address.form is SourceForm.STREAM:
        inside = lambda: StreamSource(url, live=True, limits=limits)  # noqa: E731 - one of two ways to make it
    else:
        inside = lambda: SeenSource(WebSource(url, limits=limits, hold_s=options.hold_s), options.hold_s)  # noqa: E731
        open_limit_s += DEFAULT_LIMIT_S + limits.open_s + LONGEST_S

    def make() -> FrameSource:
        # Our own limits stand a little behind FFmpeg's, which say more exactly what is wrong.
        return DetachedReader(inside(), open_limit_s=open_limit_s, silence_limit_s=limits.read_s + 2.0)

    if options.reconnect is None:
        return make()
    return ReconnectingSource(make, policy=options.reconnect, listener=options.listener)


def _understand_url(url: str, scheme: str) -> SourceAddress:
    if scheme == "file":
        # As it stands first: a file's name may hold # ? and %, which mean something else in a URL.
        raw = url[len("file://") :]
        if raw.startswith("/") and exists(Path(raw)):
            return _understand_path(Path(raw))
        try:
            parts = urlsplit(url)
        except ValueError:
            return _understand_path(Path(raw))
        share = f"//{parts.netloc}" if parts.netloc not in ("", "localhost") else ""
        return _understand_path(Path(share + url2pathname(parts.path)))
    if scheme in URL_SCHEMES - STREAM_SCHEMES:
        url = net.tidy_url(url)
        return SourceAddress(SourceForm.VIDEO_SITE if is_video_site(url) else SourceForm.WEB, url)
    if scheme in STREAM_SCHEMES:
        return SourceAddress(SourceForm.STREAM, net.escape_user_info(url))
    raise SourceError(
        f"Addresses that begin with “{printable(scheme)}://” are not understood.",
        "Use rtsp://, http:// or https://, or choose a file.",
    )


def _understand_path(path: Path) -> SourceAddress:
    suffix = path.suffix.lower()
    if is_folder(path):
        return SourceAddress(SourceForm.PICTURE_FOLDER, str(path))
    pictures = PICTURE_SUFFIXES | UNREADABLE_PICTURE_SUFFIXES
    what = looks_like(path)
    if what == A_SESSION or suffix == ".sdp":
        return SourceAddress(SourceForm.STREAM, str(path))
    if suffix in pictures or (suffix not in VIDEO_SUFFIXES and what == A_PICTURE):
        return SourceAddress(SourceForm.PICTURE, str(path))
    return SourceAddress(SourceForm.VIDEO_FILE, str(path))


def _looks_like_host(text: str) -> bool:
    host, _, rest = text.partition("/")
    if re.fullmatch(r"\[[0-9A-Fa-f:.]+(%[\w.-]+)?\](:\d+)?", host):
        return True
    if "@" in host and ":" in host.rpartition("@")[0] and " " not in text:
        host = host.rpartition("@")[2]
    name, _, port = host.partition(":")
    if "\\" in text or " " in text or text.startswith((".", "/", "~")) or (port and not port.isdecimal()):
        return False
    if name == "localhost" or re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", name):
        return True
    known = VIDEO_SUFFIXES | PICTURE_SUFFIXES | UNREADABLE_PICTURE_SUFFIXES
    if not re.fullmatch(r"([A-Za-z0-9-]+\.)+[A-Za-z]{2,}", name):
        return False
    return bool(rest or port) or f".{name.rpartition('.')[2].lower()}" not in known
