"""The contract of `FrameSource`, over every source there is."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import pytest

from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources.base import FrameSource, SourceKind
from desktop_app.sources.camera import Camera, CameraSource
from desktop_app.sources.detached import DetachedReader
from desktop_app.sources.opening import OpenOptions, open_source
from desktop_app.sources.pictures import picture_folder
from desktop_app.sources.reconnect import ReconnectingSource
from desktop_app.sources.video_file import VideoFileSource
from tests.patience import AT_ONCE_S
from tests.servers.http_server import TestServer
from tests.sources.conftest import CODECS, Clips, RtspServers, ffmpeg, ramp
from tests.sources.fakes import FakeCapture, FakeSource

KINDS = [
    *(f"file:{container}" for container in CODECS),
    "camera", "picture", "folder", "folder as video", "demo", "picture url", "file url", "mjpeg", "hls", "rtsp",
    "detached", "reconnecting",
]  # fmt: skip
ENDLESS = {"mjpeg", "rtsp", "camera"}


@pytest.fixture(params=KINDS)
def source(
    request: pytest.FixtureRequest, clips: Clips, tmp_path: Path, jpegs: list[bytes]
) -> Iterator[tuple[str, FrameSource]]:
    kind: str = request.param
    made = make(kind, clips, tmp_path, jpegs, request.getfixturevalue)
    yield kind, made
    made.close()


def make(kind: str, clips: Clips, folder: Path, jpegs: list[bytes], fixture: Callable[[str], object]) -> FrameSource:
    for number, data in enumerate(jpegs):
        (folder / f"picture {number}.jpg").write_bytes(data)
    if kind.startswith("file:"):
        return VideoFileSource(clips(kind.partition(":")[2]))
    match kind:
        case "camera":
            capture = FakeCapture([0.0] * 500, {cv2.CAP_PROP_FPS: 30.0})
            return CameraSource(list_with=lambda: [Camera(0, "fake")], open_capture_with=lambda *_: capture)
        case "picture":
            return open_source(str(folder / "picture 3.jpg"))
        case "folder":
            return open_source(str(folder))
        case "folder as video":
            return picture_folder(folder, fps=10.0)
        case "demo":
            return open_source("demo", OpenOptions(demo_clip=clips("mp4")))
        case "detached":
            return DetachedReader(VideoFileSource(clips("mkv")))
        case "reconnecting":
            return ReconnectingSource(lambda: FakeSource(count=30, live=False, duration_s=0.3))
        case "rtsp":
            servers = fixture("rtsp")
            assert isinstance(servers, RtspServers)
            return open_source(f"rtsp://127.0.0.1:{servers.start()}/live")
    server = fixture("web")
    assert isinstance(server, TestServer)
    match kind:
        case "mjpeg":
            return open_source(f"{server.url}/mjpeg")
        case "picture url":
            return open_source(f"{server.url}/picture%203.jpg")
        case "file url":
            (folder / "clip.mp4").write_bytes(clips("mp4").read_bytes())
            return open_source(f"{server.url}/clip.mp4")
        case _:
            ffmpeg(*ramp(), *CODECS["mp4"], "-f", "hls", "-hls_time", "0.4", "-hls_list_size", "0", folder / "a.m3u8")
            return open_source(f"{server.url}/a.m3u8")


def read_some(source: FrameSource, most: int = 12) -> list[Frame]:
    frames: list[Frame] = []
    while len(frames) < most and (frame := source.read()) is not None:
        frames.append(frame)
    return frames


def test_reading(source: tuple[str, FrameSource]) -> None:
    kind, opened = source
    assert isinstance(opened, FrameSource)
    assert opened.info.name
    opened.open()
    frames = read_some(opened)
    assert len(frames) >= 10
    times = [frame.time_s for frame in frames]
    assert all(math.isfinite(t) and t >= 0 for t in times)
    assert all(later > earlier for earlier, later in pairwise(times)), times
    indexes = [frame.index for frame in frames]
    assert all(later > earlier for earlier, later in pairwise(indexes)), indexes
    if not opened.info.is_live:
        assert indexes == list(range(len(frames)))
    for frame in frames:
        assert frame.image_bgr.dtype == "uint8"
        assert frame.image_bgr.ndim == 3
        assert frame.image_bgr.shape[2] == 3
    assert opened.info.is_live == (kind in ENDLESS)
    if opened.info.width:
        assert (frames[0].width, frames[0].height) == (opened.info.width, opened.info.height)
    assert opened.info.duration_s is None or opened.info.duration_s >= frames[-1].time_s


def test_a_frame_is_not_for_writing(source: tuple[str, FrameSource]) -> None:
    kind, opened = source
    if kind in ("reconnecting", "camera"):
        pytest.skip("its frames are the fake's")
    opened.open()
    frame = opened.read()
    assert frame is not None
    assert not frame.image_bgr.flags.writeable


def test_the_end_is_none_again_and_again(source: tuple[str, FrameSource]) -> None:
    kind, opened = source
    if kind in ENDLESS:
        pytest.skip("has no end")
    opened.open()
    assert read_some(opened, 1000)
    assert opened.read() is None
    assert opened.read() is None


def test_seek_goes_back_to_the_start(source: tuple[str, FrameSource]) -> None:
    kind, opened = source
    if kind in ENDLESS:
        opened.open()
        opened.seek(0.0)
        assert opened.read() is not None
        return
    opened.open()
    assert opened.info.seekable
    first = read_some(opened, 8)
    opened.seek(0.0)
    again = opened.read()
    assert again is not None
    assert again.time_s == pytest.approx(first[0].time_s, abs=1e-6)
    assert float(again.image_bgr.mean()) == pytest.approx(float(first[0].image_bgr.mean()), abs=1.0)


def test_close_answers_at_once_and_twice(source: tuple[str, FrameSource]) -> None:
    _, opened = source
    opened.open()
    assert opened.read() is not None
    began = time.monotonic()
    opened.close()
    opened.close()
    assert time.monotonic() - began < AT_ONCE_S
    assert opened.read() is None


def test_close_before_open(source: tuple[str, FrameSource]) -> None:
    _, opened = source
    opened.close()
    opened.open()
    assert opened.read() is None


def test_kinds(source: tuple[str, FrameSource]) -> None:
    kind, opened = source
    opened.open()
    expected = {
        "camera": SourceKind.CAMERA, "picture": SourceKind.PICTURES, "folder": SourceKind.PICTURES,
        "folder as video": SourceKind.PICTURES, "picture url": SourceKind.PICTURES, "demo": SourceKind.FILE,
        "detached": SourceKind.FILE,
    }.get(kind, SourceKind.FILE if kind.startswith("file:") else SourceKind.STREAM)  # fmt: skip
    assert opened.info.kind is expected


def test_errors_have_a_remedy() -> None:
    for text in ("/nowhere/clip.mp4", "/nowhere/picture.jpg", "/nowhere/clip"):
        missing = open_source(text)
        with pytest.raises(SourceError) as caught:
            missing.open()
        assert "does not exist" in caught.value.message
        assert caught.value.remedy
        missing.close()
