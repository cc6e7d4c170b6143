"""The process ends with its exit code, whatever hangs, and nothing it printed is lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.patience import PATIENCE_S, eventually
from tests.servers.http_server import TestServer
from tests.sources.conftest import Clips, RtspServers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals and descriptors of POSIX"),
]
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[TestServer]:
    """A server whose Motion-JPEG shows something: a count of pictures of one colour is not complete."""
    picture = np.tile(np.arange(0, 192, 3, dtype=np.uint8), (48, 1))
    server = TestServer(root=tmp_path, pictures=[cv2.imencode(".jpg", picture)[1].tobytes()])
    yield server
    server.kill()


def headcount(*arguments: str, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "desktop_app", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=REPOSITORY, text=True, encoding="latin-1", **pipes, **options)


def ended(process: subprocess.Popen[str], limit_s: float = 2 * PATIENCE_S) -> tuple[int, str]:
    try:
        out, err = process.communicate(timeout=limit_s)
    finally:
        process.kill()
    said = f"{out}{err}"
    assert "terminate called" not in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    return process.returncode, said


@pytest.mark.parametrize("kind", ["mjpeg", "rtsp"])
def test_a_live_count_that_reached_its_limit_ends_with_nought(kind: str, web: TestServer, request) -> None:
    if kind == "rtsp":
        servers: RtspServers = request.getfixturevalue("rtsp")
        url = f"rtsp://127.0.0.1:{servers.start()}/live"
    else:
        url = f"{web.url}/mjpeg"
    code, said = ended(headcount("count", url, "--limit", "2", "--forget"))
    assert code == 0, said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_live_count_that_is_ended_says_how(number: int, code: int, web: TestServer) -> None:
    process = headcount("count", f"{web.url}/mjpeg", "--forget")
    assert eventually(lambda: len(web.requests) >= 2 and web.sent >= 20)
    process.send_signal(number)
    assert ended(process)[0] == code


def test_a_live_count_whose_camera_fell_silent_ends_at_its_limit(web: TestServer) -> None:
    process = headcount("count", f"{web.url}/mjpeg", "--limit", "4", "--forget")
    assert eventually(lambda: len(web.requests) >= 2 and web.sent >= 20)
    web.hung.set()
    code, said = ended(process)
    assert code == 3, said
    assert "no pictures came" in said


def test_a_server_that_never_answers_does_not_hold_the_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = headcount("count", f"rtsp://127.0.0.1:{listener.getsockname()[1]}/x", "--forget")
        listener.settimeout(PATIENCE_S)
        with listener.accept()[0]:
            process.send_signal(signal.SIGINT)
            assert ended(process)[0] == 130


@pytest.mark.parametrize("redirection", ["> /dev/full", ">&-", "| head -c 0", "2>&-", ">&- 2>&- <&-"])
def test_a_standard_output_that_takes_nothing(redirection: str, clips: Clips) -> None:
    shell = f'"{sys.executable}" -m desktop_app cameras {redirection}; echo "code $?" 1>&9'
    read_end, write_end = os.pipe()
    process = subprocess.Popen(
        ["bash", "-c", f"exec 9>&{write_end}; {shell}"],
        cwd=REPOSITORY,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[write_end],
    )
    os.close(write_end)
    out, err = process.communicate(timeout=2 * PATIENCE_S)
    with os.fdopen(read_end) as told:
        code = told.read().split()[-1]
    assert "Traceback" not in out + err
    assert "Exception ignored" not in out + err
    assert code == ("6" if redirection == "> /dev/full" else "0")


def test_a_terminal_without_letters(clips: Clips, tmp_path: Path) -> None:
    path = tmp_path / "日本 é.mp4"
    made = clips.make("shows_something.mp4", "-f", "lavfi", "-i", "testsrc=s=160x120:r=25", "-frames:v", "50")
    path.write_bytes(made.read_bytes())
    process = headcount("count", str(path), "--forget", env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    code, said = ended(process)
    assert code == 0
    assert "\\u65e5" in said
