"""Clips, pictures and servers for the tests of the sources, all made here.

Every clip has `FRAMES` frames whose brightness tells their number, so that a test knows which frame it holds.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from desktop_app.domain.types import Frame
from desktop_app.sources.detached import wait_for_detached
from tests.patience import PATIENCE_S
from tests.servers.http_server import TestServer

FRAMES = 50
FPS = 25.0
WIDTH, HEIGHT = 160, 120
SERVERS = Path(__file__).parents[1] / "servers"
SERVED = {"rtsp", "mjpeg", "hls", "picture url", "file url"}
"""The kinds of source in test_contract.py that come from a server."""

CODECS: dict[str, list[str]] = {
    "mp4": ["-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p"],
    "mov": ["-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p"],
    "mkv": ["-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p"],
    "webm": ["-c:v", "libvpx", "-b:v", "500k", "-g", "10"],
    "avi": ["-c:v", "mpeg4", "-q:v", "2", "-g", "10"],
    "wmv": ["-c:v", "wmv2", "-q:v", "2", "-g", "10"],
    "flv": ["-c:v", "flv", "-q:v", "2", "-g", "10"],
    "mpg": ["-c:v", "mpeg2video", "-q:v", "2", "-g", "10", "-bf", "0"],
    "ts": ["-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p"],
    "gif": [],
    "264": ["-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p", "-f", "h264"],
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that talks to a server on loopback, so that `make check` can leave it out."""
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        kinds = set(map(str, item.callspec.params.values())) if hasattr(item, "callspec") else set()
        if {"rtsp", "web"} & set(item.fixturenames) or SERVED & kinds:
            item.add_marker(pytest.mark.servers)


def need(tool: str, present: bool) -> None:
    """Skip where a tool of the tests is missing; in CI, which installs them all, its absence is a failure."""
    if present:
        return
    if os.environ.get("HEADCOUNT_REQUIRE_SERVERS") == "1":
        pytest.fail(f"{tool} is missing, and HEADCOUNT_REQUIRE_SERVERS=1")
    pytest.skip(f"{tool} is not installed")


def ffmpeg(*arguments: str | Path) -> None:
    need("ffmpeg", shutil.which("ffmpeg") is not None)
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1", *(str(a) for a in arguments)]
    subprocess.run(command, check=True, timeout=PATIENCE_S)


def ramp(frames: int = FRAMES) -> list[str]:
    """FFmpeg's input arguments for a clip whose frame n has the luma 16 + 4n."""
    picture = f"nullsrc=s={WIDTH}x{HEIGHT}:r={FPS:g},geq=lum='16+4*N':cb=128:cr=128"
    return ["-f", "lavfi", "-i", picture, "-frames:v", str(frames)]


def number_of(frame: Frame) -> float:
    """Which frame of a ramp clip this is, as its brightness tells (about a tenth of a frame exact)."""
    return float(frame.image_bgr.mean()) / (4 * 255 / 219)


@dataclass(frozen=True)
class Clips:
    """Ramp clips by container, made when first asked for."""

    folder: Path

    def __call__(self, container: str) -> Path:
        path = self.folder / f"ramp.{container}"
        if not path.exists():
            ffmpeg(*ramp(), *CODECS[container], path)
        return path

    def make(self, name: str, *arguments: str | Path) -> Path:
        path = self.folder / name
        if not path.exists():
            ffmpeg(*arguments, path)
        return path


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def jpegs() -> list[bytes]:
    """Twelve grey JPEG pictures, each brighter than the one before."""
    pictures = [np.full((48, 64, 3), 20 * number, np.uint8) for number in range(12)]
    return [cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures]


@pytest.fixture
def web(tmp_path: Path, jpegs: list[bytes]) -> Iterator[TestServer]:
    """A web server that serves the test's own folder, and Motion-JPEG under /mjpeg."""
    server = TestServer(root=tmp_path, pictures=jpegs)
    yield server
    server.kill()


@pytest.fixture(autouse=True)
def readers_end() -> Iterator[None]:
    """Whatever a test did to a detached reader, its threads end."""
    yield
    assert wait_for_detached(PATIENCE_S), "a detached reader's thread did not end"


@pytest.fixture
def rtsp() -> Iterator[RtspServers]:
    servers = RtspServers()
    yield servers
    servers.kill()


class RtspServers:
    """Starts and kills GStreamer's RTSP server, run by the system's Python."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[str]] = []

    def start(self, port: int = 0) -> int:
        """Start a server and return its port; the stream is rtsp://127.0.0.1:PORT/live."""
        python = "/usr/bin/python3"
        need("the system's Python", sys.platform.startswith("linux") and Path(python).exists())
        process = subprocess.Popen(
            [python, str(SERVERS / "rtsp_server.py"), str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        line = process.stdout.readline().split()
        if line[:1] != ["ready"]:
            process.kill()
            process.communicate()
            need("GStreamer's RTSP server (python3-gi, gir1.2-gst-rtsp-server-1.0)", False)
        self._running.append(process)
        return int(line[1])

    def freeze(self) -> None:
        """Stop every server where it stands: connections stay open, and nothing comes."""
        for process in self._running:
            process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        for process in self._running:
            process.kill()
            process.communicate()
        self._running.clear()
