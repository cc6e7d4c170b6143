"""Pages of video sites: yt-dlp on a real page on loopback, and every way it can fail by what it says."""

from __future__ import annotations

import hashlib
import importlib
import threading
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from desktop_app.errors import SourceError
from desktop_app.sources.detached import DetachedReader, wait_for_detached
from desktop_app.sources.opening import open_source
from desktop_app.sources.video_site import (
    CancelledError,
    VideoSiteSource,
    explain_failure,
    extract_with_yt_dlp,
    is_old,
    resolve,
)
from tests.patience import AT_ONCE_S, PATIENCE_S
from tests.servers.http_server import TestServer, closed_port, silent_server
from tests.sources.conftest import FRAMES, Clips

PAGE = "https://www.example-videos.org/watch?v=1"
NO_RUNTIME = (
    "[youtube] No supported JavaScript runtime could be found. Only deno is enabled by default; to use another runtime "
    "add  --js-runtimes RUNTIME[:PATH]  to your command/config."
)


@pytest.mark.slow
def test_a_page_with_a_video(web: TestServer, clips: Clips, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(clips("mp4").read_bytes())
    (tmp_path / "page.html").write_text(
        "<html><head><title>Museum visit</title></head><body><video src='clip.mp4'></video></body></html>"
    )
    source = open_source(f"{web.url}/page.html")
    source.open()
    assert "Museum visit" in source.info.name
    frames = 0
    while source.read() is not None:
        frames += 1
    source.close()
    assert frames == FRAMES
    assert not source.info.is_live


def test_a_page_without_a_video(web: TestServer, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<html><body>Nothing here.</body></html>")
    with pytest.raises(SourceError, match="No video was found on the page"):
        resolve(f"{web.url}/page.html")


def test_network_down() -> None:
    with closed_port() as port, pytest.raises(SourceError, match="network does not reach") as caught:
        resolve(f"http://127.0.0.1:{port}/watch")
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("message", "warnings", "words"),
    [
        ("ERROR: [youtube] x: Sign in to confirm you're not a bot. Use --cookies", [], "the site blocks it"),
        ("ERROR: unable to download video data: HTTP Error 403: Forbidden", [], "the site blocks it"),
        ("ERROR: HTTP Error 429: Too Many Requests", [NO_RUNTIME], "the site blocks it"),
        ("ERROR: The uploader has not made this video available in your country", [], "the site blocks it"),
        ("ERROR: [generic] Failed to resolve 'x.org' ([Errno -2] Name or service not known)", [], "network does not"),
        ("ERROR: [youtube] x: Unable to download API page: The read operation timed out", [], "network does not"),
        ("ERROR: <urlopen error [Errno 101] Network is unreachable>", [], "network does not"),
        ("ERROR: [youtube] x: Requested format is not available", [NO_RUNTIME], "no JavaScript runtime"),
        ("ERROR: Requested format is not available", ["n challenge solving failed", NO_RUNTIME], "no JavaScript"),
        ("ERROR: Requested format is not available", [], "has changed"),
        ("ERROR: [vimeo] 1: Unable to extract config; please report this issue on", [], "has changed"),
        ("ERROR: [x] Confirm you are on the latest version using yt-dlp -U", [NO_RUNTIME], "has changed"),
        ("ERROR: Unsupported URL: https://x", [], "No video was found"),
        ("ERROR: [youtube] x: Private video. Sign in if you've been granted access", [], "signed in"),
        ("ERROR: [youtube] x: Video unavailable. This video has been removed", [], "not there"),
        ("ERROR: [youtube] x: This live event will begin in 3 hours.", [], "has not begun"),
        ("ERROR: This video is DRM protected", [], "copy-protected"),
        ("ERROR: something nobody thought of", [], "something nobody thought of"),
    ],
)
def test_the_cause_is_named(message: str, warnings: list[str], words: str) -> None:
    error = explain_failure(PAGE, message, warnings, version="2026.10.26")
    assert words in error.message, error.message
    assert error.remedy
    assert "example-videos.org" in error.message


def test_an_old_yt_dlp_is_called_old_and_a_missing_one_missing() -> None:
    assert "which is old" in explain_failure(PAGE, "Unable to extract x", [], version="2020.01.01").message
    assert "missing" in explain_failure(PAGE, "No module named 'yt_dlp'", [], version="").message


@pytest.mark.parametrize(
    ("version", "old"),
    [("2026.10.26", False), ("2026.07.01", True), ("2026.10.26.120000", False), ("unknown", False)],
)
def test_is_old(version: str, old: bool) -> None:
    assert is_old(version, date(2026, 11, 22)) is old


class Slow:
    """An extractor that talks to yt-dlp's log for ever, as a stuck site makes it."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.began = threading.Event()

    def __call__(self, url: str, log: Any) -> Mapping[str, Any]:
        self.began.set()
        try:
            while True:
                log.debug("still trying")
                time.sleep(0.02)
        finally:
            self.ended.set()


def test_our_own_time_limit() -> None:
    slow = Slow()
    with pytest.raises(SourceError, match="did not give its video") as caught:
        resolve(PAGE, limit_s=0.4, extract=slow)
    assert caught.value.retryable
    assert slow.ended.wait(PATIENCE_S), "yt-dlp's thread ends at its next word"


def test_cancel() -> None:
    slow = Slow()
    cancelled = threading.Event()
    threading.Timer(0.2, cancelled.set).start()
    with pytest.raises(CancelledError):
        resolve(PAGE, extract=slow, cancelled=cancelled)
    assert slow.ended.wait(PATIENCE_S)


def test_close_while_a_page_is_asked() -> None:
    slow = Slow()
    reader = DetachedReader(VideoSiteSource(PAGE, extract=slow))
    owner = threading.Thread(target=reader.open)
    owner.start()
    assert slow.began.wait(PATIENCE_S)
    began = time.monotonic()
    reader.close()
    owner.join(PATIENCE_S)
    assert time.monotonic() - began < AT_ONCE_S
    assert wait_for_detached(PATIENCE_S)


def test_a_silent_site_ends_by_itself() -> None:
    with silent_server() as port, pytest.raises(SourceError, match="did not give its video"):
        resolve(f"http://127.0.0.1:{port}/watch", limit_s=1.0)
    # The server's end frees yt-dlp's thread; the house rule on threads checks that it does.


def test_what_a_description_becomes() -> None:
    def live(*_: Any) -> Mapping[str, Any]:
        return {
            "title": "Town square",
            "is_live": True,
            "requested_formats": [
                {"url": "https://cdn/sound", "vcodec": "none"},
                {"url": "https://cdn/a.m3u8", "vcodec": "avc1", "protocol": "m3u8_native", "http_headers": {"A": "b"}},
            ],
        }

    video = resolve(PAGE, extract=live)
    assert (video.url, video.title, video.is_live, video.is_segmented) == (
        "https://cdn/a.m3u8",
        "Town square",
        True,
        True,
    )
    assert video.headers == {"A": "b"}
    playlist = resolve(PAGE, extract=lambda *_: {"entries": [None, {"url": "https://cdn/1.mp4", "title": "First"}]})
    assert playlist.url == "https://cdn/1.mp4"
    for empty in ({"entries": []}, {}, {"title": "no address"}):
        with pytest.raises(SourceError):
            resolve(PAGE, extract=lambda *_, empty=empty: empty)


def test_the_real_extractor_takes_our_options(web: TestServer) -> None:
    class Log:
        def __init__(self) -> None:
            self.warnings: list[str] = []

        def debug(self, message: str) -> None:
            return

        info = warning = error = debug

    with pytest.raises(Exception, match="404"):
        extract_with_yt_dlp(f"{web.url}/nothing", Log())  # type: ignore[arg-type]


def test_the_scripts_that_youtube_needs_are_the_ones_this_yt_dlp_knows() -> None:
    """yt-dlp takes them from a package of their own, and only of the version it was made for."""
    yt_dlp_ejs = importlib.import_module("yt_dlp.dependencies").yt_dlp_ejs
    from yt_dlp.extractor.youtube.jsc._builtin.vendor import HASHES, VERSION

    assert yt_dlp_ejs is not None
    assert yt_dlp_ejs.version == VERSION
    solver = importlib.import_module("yt_dlp_ejs.yt.solver")
    for name, text in (("core", solver.core()), ("lib", solver.lib())):
        assert hashlib.sha3_512(text.encode()).hexdigest() == HASHES[f"yt.solver.{name}.min.js"]
