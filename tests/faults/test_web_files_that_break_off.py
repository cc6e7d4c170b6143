"""A film on a web server that ends too early, on the way or on the server itself, is never a complete count."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop_app.errors import SourceError
from desktop_app.sources import ffmpeg_library
from desktop_app.sources.base import not_seen
from desktop_app.sources.completeness import Completeness
from desktop_app.sources.opening import OpenOptions, open_source
from desktop_app.sources.reconnect import ReconnectPolicy
from desktop_app.sources.remote_file import RemoteFile, remote_completeness
from desktop_app.sources.stream import TimeLimits
from tests.servers.hostile import Answer, hostile, ok
from tests.servers.http_server import TestServer
from tests.sources.conftest import FRAMES, Clips

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") and ffmpeg_library.ffmpeg_library() is None,
    reason="OpenCV's FFmpeg cannot be called here, and OpenCV does not tell why it ended",
)

LIMITS = TimeLimits(open_s=20.0, read_s=20.0)
SOON = ReconnectPolicy(first_wait_s=0.02, longest_wait_s=0.02, give_up_after_s=0.3)


def frames_and_error(url: str, limits: TimeLimits = LIMITS) -> tuple[int, str]:
    """Return how many frames came, and the error at the end or ""."""
    source = open_source(url, OpenOptions(limits=limits, reconnect=SOON))
    frames = 0
    try:
        source.open()
        while source.read() is not None:
            frames += 1
        return frames, " ".join(not_seen(source))
    except SourceError as error:
        return frames, error.message
    finally:
        source.close()


@pytest.mark.parametrize("ending", ["ts", "mkv", "webm", "avi", "wmv", "flv", "gif"])
def test_a_file_that_is_cut_on_the_server_is_incomplete(
    ending: str, clips: Clips, web: TestServer, tmp_path: Path
) -> None:
    data = clips(ending).read_bytes()
    (tmp_path / f"whole.{ending}").write_bytes(data)
    assert frames_and_error(f"{web.url}/whole.{ending}") == (FRAMES, "")
    (tmp_path / f"cut.{ending}").write_bytes(data[: len(data) * 3 // 5 | 1])
    frames, error = frames_and_error(f"{web.url}/cut.{ending}")
    assert 0 < frames < FRAMES
    assert "incomplete on the server" in error


@pytest.mark.parametrize(
    ("ending", "kind"), [("ts", "video/mp2t"), ("mkv", "video/x-matroska"), ("flv", "video/x-flv")]
)
def test_a_transfer_that_always_breaks_off_is_no_end(ending: str, kind: str, clips: Clips) -> None:
    answer = ok(clips(ending).read_bytes(), kind)
    with hostile(answer[: len(answer) * 3 // 5]) as server:
        frames, error = frames_and_error(f"{server.url}/film.{ending}")
    assert 0 < frames < FRAMES
    assert "broke off" in error


def test_a_transfer_that_breaks_off_once_is_gone_on_with(clips: Clips) -> None:
    data = clips("mkv").read_bytes()
    begun: list[int] = []

    def respond(_path: str, head: str) -> Answer:
        wanted = re.search(r"Range: bytes=(\d+)-", head)
        if wanted is None:
            return ok(data, "video/x-matroska")
        first = int(wanted.group(1))
        begun.append(first)
        part = data[first:] if first or begun.count(0) > 1 else data[: len(data) // 2]
        of = f"Content-Range: bytes {first}-{len(data) - 1}/{len(data)}\r\nContent-Length: {len(data) - first}\r\n"
        return f"HTTP/1.1 206 Partial\r\nContent-Type: video/x-matroska\r\n{of}\r\n".encode() + part

    with hostile(respond) as server:
        assert frames_and_error(f"{server.url}/film.mkv") == (FRAMES, "")
    assert begun.count(0) > 1


def test_a_server_that_falls_silent_in_the_middle_is_no_end(clips: Clips) -> None:
    answer = ok(clips("ts").read_bytes(), "video/mp2t")

    def respond(_path: str, _head: str) -> Answer:
        def parts() -> Iterator[bytes]:
            yield answer[: len(answer) * 3 // 5]
            while True:
                time.sleep(0.05)
                yield b""

        return parts()

    with hostile(respond) as server:
        frames, error = frames_and_error(f"{server.url}/film.ts", TimeLimits(open_s=20.0, read_s=1.0))
    assert 0 < frames < FRAMES
    assert "broke off" in error


def test_a_remote_file_fetches_only_what_is_read(web: TestServer, tmp_path: Path) -> None:
    data = bytes(range(256)) * 2000
    (tmp_path / "film.bin").write_bytes(data)
    file = RemoteFile(f"{web.url}/film.bin")
    for at, count in ((0, 10), (5, 100), (500_000, 50), (511_990, 100), (512_000, 10), (3, 4)):
        file.seek(at)
        assert file.read(count) == data[at : at + count]
    assert len(web.requests) <= 5


def test_a_server_that_sends_no_parts_tells_nothing(clips: Clips) -> None:
    data = clips("ts").read_bytes()
    with hostile(ok(data, "video/mp2t")) as server:
        assert remote_completeness(f"{server.url}/a.ts", len(data), lambda: False) is Completeness.UNKNOWN
    assert remote_completeness(f"{server.url}/a.ts", len(data), lambda: True) is Completeness.UNKNOWN
