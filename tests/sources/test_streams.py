"""Streams and web addresses against real servers on loopback: what they become, and what is said when they fail."""

from __future__ import annotations

import subprocess
import time
from itertools import pairwise
from pathlib import Path

import cv2
import pytest

from desktop_app.errors import SourceError
from desktop_app.sources import asking, capture, net
from desktop_app.sources.base import FrameSource, SourceKind
from desktop_app.sources.opening import OpenOptions, open_source
from desktop_app.sources.stream import StreamSource, TimeLimits
from desktop_app.sources.web import WebSource
from tests.patience import eventually
from tests.servers.http_server import TestServer, closed_port, silent_server
from tests.sources.conftest import CODECS, FPS, FRAMES, Clips, RtspServers, ffmpeg, number_of, ramp
from tests.sources.fakes import FakeCapture

LIMITS = TimeLimits(open_s=20.0, read_s=20.0)
SHORT = TimeLimits(open_s=3.0, read_s=3.0)


def failure(url: str, limits: TimeLimits = LIMITS) -> SourceError:
    source = open_source(url, OpenOptions(limits=limits))
    try:
        with pytest.raises(SourceError) as caught:
            source.open()
        return caught.value
    finally:
        source.close()


def count(source: FrameSource) -> int:
    frames = 0
    while source.read() is not None:
        frames += 1
    return frames


@pytest.mark.parametrize("scheme", ["http", "https", "rtsp", "rtmp"])
def test_host_unknown(scheme: str) -> None:
    error = failure(f"{scheme}://no-such-host.invalid/x")
    assert "“no-such-host.invalid” is not known" in error.message
    assert error.retryable


@pytest.mark.parametrize("scheme", ["http", "rtsp", "rtmp"])
def test_refused(scheme: str) -> None:
    with closed_port() as port:
        error = failure(f"{scheme}://127.0.0.1:{port}/x")
    assert f"“127.0.0.1:{port}” refuses the connection" in error.message


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "nothing at this address"),
        (401, "name and password"),
        (403, "does not permit"),
        (429, "too many"),
        (500, "fault of its own"),
        (503, "fault of its own"),
        (418, "refused the request"),
    ],
)
def test_http_status(web: TestServer, status: int, words: str) -> None:
    error = failure(f"{web.url}/status/{status}")
    assert words in error.message
    assert str(status) in error.message
    assert error.retryable == (status in (429, 500, 503))


def test_rtsp_404(rtsp: RtspServers) -> None:
    assert "nothing at this address (404" in failure(f"rtsp://127.0.0.1:{rtsp.start()}/wrong").message


@pytest.mark.parametrize("url", ["rtsp://", "http:///x", "rtsp://host:port/x", "http://host:99999/"])
def test_incomplete_address(url: str) -> None:
    with pytest.raises(SourceError, match="not a complete address"):
        source_failure(url)


def source_failure(url: str) -> None:
    source = open_source(url)
    try:
        source.open()
    finally:
        source.close()


def test_http_address_of_another_service() -> None:
    with silent_server(b"SSH-2.0-camera\r\n") as port:
        error = failure(f"http://127.0.0.1:{port}/live", SHORT)
    assert "not a web server" in error.message
    assert "rtsp://" in error.remedy


def test_secure_address_of_a_plain_server(web: TestServer) -> None:
    error = failure(web.url.replace("http:", "https:") + "/mjpeg")
    assert "secure protocol" in error.message


def test_what_is_no_video(web: TestServer, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing to see\n" * 100)
    error = failure(f"{web.url}/notes.txt")
    assert "text/plain" in error.message


def test_redirections_are_followed(web: TestServer) -> None:
    source = open_source(f"{web.url}/moved")
    source.open()
    assert source.read() is not None
    source.close()


def test_name_and_password(web: TestServer) -> None:
    address = web.url.replace("http://", "http://door:s3cret@") + "/locked"
    source = open_source(address)
    assert "s3cret" not in source.info.name
    source.open()
    assert source.read() is not None
    assert "s3cret" not in source.info.name
    source.close()
    assert "name and password" in failure(f"{web.url}/locked").message


def test_mjpeg_is_timed_by_arrival(web: TestServer) -> None:
    web.fps = 10.0  # FFmpeg pretends 25 frames a second
    source = WebSource(f"{web.url}/mjpeg")
    source.open()
    assert source.info.is_live
    moments, times = [time.monotonic()], []
    for _ in range(16):
        frame = source.read()
        assert frame is not None
        moments.append(time.monotonic())
        times.append(frame.time_s)
    source.close()
    # However busy the machine is, a frame arrived while it was waited for.
    assert moments[-2] - moments[1] - 0.01 <= times[-1] - times[0] <= moments[-1] - moments[0] + 0.01


@pytest.mark.parametrize("container", ["mp4", "webm", "mkv"])
def test_a_file_on_the_web_gives_every_frame_and_can_be_searched(
    web: TestServer, clips: Clips, tmp_path: Path, container: str
) -> None:
    (tmp_path / f"my clip.{container}").write_bytes(clips(container).read_bytes())
    source = open_source(f"{web.url}/my clip.{container}")
    source.open()
    info = source.info
    assert (info.is_live, info.seekable, info.name) == (False, True, f"my clip.{container}")
    assert info.duration_s == pytest.approx(FRAMES / FPS, abs=0.1)
    assert count(source) == FRAMES
    source.seek(1.0)
    frame = source.read()
    source.close()
    assert frame is not None
    assert number_of(frame) == pytest.approx(25, abs=5)


def test_a_picture_on_the_web(web: TestServer, jpegs: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "face.jpg").write_bytes(jpegs[5])
    (tmp_path / "broken.jpg").write_bytes(b"not a picture")
    source = open_source(f"{web.url}/face.jpg")
    source.open()
    assert source.info.kind is SourceKind.PICTURES
    frame = source.read()
    source.close()
    assert frame is not None
    assert float(frame.image_bgr.mean()) == pytest.approx(100, abs=2)
    assert "not a picture" in failure(f"{web.url}/broken.jpg").message


def test_a_picture_too_large_is_not_fetched(web: TestServer, tmp_path: Path) -> None:
    (tmp_path / "huge.jpg").write_bytes(bytes(300_000))
    with pytest.raises(SourceError, match="too large"):
        asking.download(f"{web.url}/huge.jpg", 5.0, 100_000, lambda: False)
    assert asking.download(f"{web.url}/huge.jpg", 5.0, 500_000, lambda: True) == b""


def test_hls_recording(web: TestServer, tmp_path: Path) -> None:
    ffmpeg(*ramp(), *CODECS["mp4"], "-f", "hls", "-hls_time", "0.4", "-hls_list_size", "0", tmp_path / "a.m3u8")
    source = open_source(f"{web.url}/a.m3u8")
    source.open()
    assert not source.info.is_live
    assert count(source) == FRAMES
    source.close()


def test_live_hls_comes_at_its_own_pace(web: TestServer, tmp_path: Path) -> None:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-re", *ramp(2000)[:4], "-threads", "1", *CODECS["mp4"]]
    command += ["-f", "hls", "-hls_time", "1", "-g", "25", "-hls_list_size", "4", str(tmp_path / "live.m3u8")]
    sender = subprocess.Popen(command)
    try:
        assert eventually((tmp_path / "live2.ts").exists)
        source = WebSource(f"{web.url}/live.m3u8")
        source.open()
        assert source.info.is_live
        arrivals, times = [], []
        for _ in range(40):
            frame = source.read()
            assert frame is not None
            arrivals.append(time.monotonic())
            times.append(frame.time_s)
        source.close()
    finally:
        sender.kill()
        sender.communicate()
    steps = [later - earlier for earlier, later in pairwise(times)]
    assert steps == pytest.approx([1 / FPS] * len(steps), abs=0.02)
    # Segments of one second arrive at a stroke; held back until they are due, 40 frames take about 1.6 s.
    assert arrivals[-1] - arrivals[0] > 1.0


def test_rtsp_limits_reach_the_backend() -> None:
    seen: list[tuple[str | int, int, tuple[int, ...]]] = []

    def record(target: str | int, backend: int, params: object) -> FakeCapture:
        assert isinstance(params, tuple)
        seen.append((target, backend, params))
        return FakeCapture([0.0], {cv2.CAP_PROP_FPS: 15.0})

    source = StreamSource(
        "rtsp://camera/1", live=True, limits=TimeLimits(open_s=3.0, read_s=4.5), open_capture_with=record
    )
    source.open()
    source.close()
    assert seen == [
        (
            "rtsp://camera/1",
            cv2.CAP_FFMPEG,
            (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 3000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 4500),
        )
    ]


def test_headers_reach_the_backend_and_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.delenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", raising=False)
    seen: list[str] = []

    def record(*_: object) -> FakeCapture:
        seen.append(os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"])
        return FakeCapture([0.0])

    monkeypatch.setattr(cv2, "VideoCapture", record)  # where FFmpeg cannot be called
    monkeypatch.setattr(capture, "open_stream", record)
    source = StreamSource("https://cdn/x", headers={"Referer": "https://site/"}, live=True)
    source.open()
    source.close()
    assert "Referer: https://site/\r\n" in seen[0]
    assert "OPENCV_FFMPEG_CAPTURE_OPTIONS" not in os.environ


def test_headers_reach_the_server(web: TestServer, clips: Clips, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(clips("mp4").read_bytes())
    source = StreamSource(f"{web.url}/clip.mp4", headers={"Referer": "https://site/"}, live=False)
    source.open()
    assert source.read() is not None
    source.close()
    assert any("https://site/" in headers for headers in web.referers)


def test_a_live_stream_that_stops_is_an_error_and_a_file_that_stops_is_not() -> None:
    def source(live: bool) -> StreamSource:
        stopping = FakeCapture([0.0, 40.0], {cv2.CAP_PROP_FPS: 25.0})
        return StreamSource("rtsp://camera/1", live=live, open_capture_with=lambda *_: stopping)

    lost = source(True)
    lost.open()
    lost.read()
    lost.read()
    with pytest.raises(SourceError, match="has stopped") as caught:
        lost.read()
    assert caught.value.retryable
    lost.close()
    ended = source(False)
    ended.open()
    assert count(ended) == 2
    ended.close()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://door:s3cret@10.0.0.5/1", "rtsp://door:***@10.0.0.5/1"),
        ("rtsp://10.0.0.5:554/1", "rtsp://10.0.0.5:554/1"),
        ("rtsp://door@10.0.0.5/1", "rtsp://door@10.0.0.5/1"),
        ("rtsp://door:s3cret@[bad/1", "rtsp://***"),
    ],
)
def test_hide_password(url: str, shown: str) -> None:
    assert net.hide_password(url) == shown


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://host/my clip.mp4?a=b c", "http://host/my%20clip.mp4?a=b%20c"),
        ("http://host/a%20b.mp4", "http://host/a%20b.mp4"),
        ("http://bücher.example:8080/ä", "http://xn--bcher-kva.example:8080/%C3%A4"),
        ("https://a:b@host/x?token=a/b+c==", "https://a:b@host/x?token=a/b+c=="),
    ],
)
def test_tidy_url(url: str, sent: str) -> None:
    assert net.tidy_url(url) == sent


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), 1e9])
def test_absurd_limits(bad: float) -> None:
    with pytest.raises(ValueError, match="seconds"):
        TimeLimits(open_s=bad)
