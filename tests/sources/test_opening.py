"""What a text means, and which source it becomes."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import cv2
import pytest

from desktop_app.errors import SourceError
from desktop_app.sources.base import FrameSource
from desktop_app.sources.camera import Camera, CameraSource
from desktop_app.sources.detached import DetachedReader
from desktop_app.sources.opening import (
    OpenOptions,
    SourceAddress,
    SourceForm,
    describe,
    open_source,
    understand,
)
from desktop_app.sources.pictures import PictureSource
from desktop_app.sources.reconnect import ReconnectingSource
from desktop_app.sources.seen import SeenSource
from desktop_app.sources.video_file import VideoFileSource

F = SourceForm


@pytest.mark.parametrize(
    ("text", "form", "target"),
    [
        ("demo", F.DEMO, "demo"),
        (" Demo ", F.DEMO, "demo"),
        ("camera", F.CAMERA, ""),
        ("camera:0", F.CAMERA, "0"),
        ("camera: HD Webcam ", F.CAMERA, "HD Webcam"),
        ("2", F.CAMERA, "2"),
        ("/dev/video1", F.CAMERA, "/dev/video1"),
        ("rtsp://cam/1", F.STREAM, "rtsp://cam/1"),
        ("RTSP://cam/1", F.STREAM, "RTSP://cam/1"),
        ("udp://@:5000", F.STREAM, "udp://@:5000"),
        ("http://cam/mjpeg", F.WEB, "http://cam/mjpeg"),
        ("https://example.org/a b.mp4", F.WEB, "https://example.org/a%20b.mp4"),
        ("https://www.youtube.com/watch?v=abc", F.VIDEO_SITE, "https://www.youtube.com/watch?v=abc"),
        ("youtu.be/abc", F.VIDEO_SITE, "https://youtu.be/abc"),
        ("www.youtube.com/watch?v=abc", F.VIDEO_SITE, "https://www.youtube.com/watch?v=abc"),
        ("notyoutube.com/x", F.WEB, "https://notyoutube.com/x"),
        ("192.168.1.20:8080/video", F.WEB, "http://192.168.1.20:8080/video"),
        ("camera.local:81/stream", F.WEB, "http://camera.local:81/stream"),
        ("localhost:8000/x", F.WEB, "http://localhost:8000/x"),
        ("clip.mp4", F.VIDEO_FILE, "clip.mp4"),
        ("holiday.2024.mov", F.VIDEO_FILE, "holiday.2024.mov"),
        ("photo.JPG", F.PICTURE, "photo.JPG"),
        ("photo.heic", F.PICTURE, "photo.heic"),
        ("'/tmp/no such clip.mp4'", F.VIDEO_FILE, str(Path("/tmp/no such clip.mp4"))),
        ("visit to the museum", F.VIDEO_FILE, "visit to the museum"),
    ],
)
def test_understand(text: str, form: SourceForm, target: str) -> None:
    assert understand(text) == SourceAddress(form, target)


def test_understand_what_is_on_the_disk(tmp_path: Path, jpegs: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "my pictures"
    folder.mkdir()
    (folder / "odd.name").write_bytes(jpegs[0])
    (folder / "shop.com").write_bytes(b"a file, not a host")
    assert understand(str(folder)).form is F.PICTURE_FOLDER
    assert understand(str(folder / "odd.name")).form is F.PICTURE
    monkeypatch.chdir(folder)
    assert understand("shop.com").form is F.VIDEO_FILE
    assert understand((folder / "odd.name").as_uri()) == SourceAddress(F.PICTURE, str(folder / "odd.name"))
    if sys.platform != "win32":
        monkeypatch.setenv("HOME", str(tmp_path))
        assert understand("~/my pictures") == SourceAddress(F.PICTURE_FOLDER, str(folder))
    assert understand("x" * 5000).form is F.VIDEO_FILE


@pytest.mark.parametrize(("text", "words"), [("", "No source"), ("  '' ", "No source"), ("gopher://x", "gopher://")])
def test_not_understood(text: str, words: str) -> None:
    with pytest.raises(SourceError, match=words) as caught:
        understand(text)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("demo", "Demo clip"),
        ("camera", "Camera"),
        ("camera:HD Webcam", "Camera HD Webcam"),
        ("/films/visit.mp4", "visit.mp4"),
        ("rtsp://door:s3cret@10.0.0.5/1", "rtsp://door:***@10.0.0.5/1"),
        ("", "No source"),
    ],
)
def test_describe(text: str, title: str) -> None:
    assert describe(text) == title


def test_what_it_becomes(tmp_path: Path, jpegs: list[bytes]) -> None:
    (tmp_path / "a.jpg").write_bytes(jpegs[0])
    demo = tmp_path / "demo.mp4"
    demo.touch()
    table: list[tuple[str | Camera, type[FrameSource]]] = [
        ("demo", VideoFileSource),
        ("film.mp4", SeenSource),
        (str(tmp_path), PictureSource),
        (str(tmp_path / "a.jpg"), SeenSource),
        ("camera:0", DetachedReader),
        (Camera(3, "HD Webcam", device="/dev/video3"), DetachedReader),
        ("rtsp://cam/1", ReconnectingSource),
        ("http://cam/1", ReconnectingSource),
        ("https://youtu.be/x", ReconnectingSource),
    ]
    for what, kind in table:
        source = open_source(what, OpenOptions(demo_clip=demo))
        # Whatever can hang, a file on a network drive too, is read on a thread of its own.
        inside = source.source if isinstance(source, DetachedReader) and kind is not DetachedReader else source
        assert type(inside) is kind, what
        source.close()


def test_options_reach_the_source() -> None:
    plain = open_source("rtsp://cam/1", OpenOptions(reconnect=None))
    assert isinstance(plain, DetachedReader)
    plain.close()
    camera = open_source("camera:0", OpenOptions(reconnect_cameras=True))
    assert isinstance(camera, ReconnectingSource)
    assert isinstance(camera.source, DetachedReader)
    assert isinstance(camera.source.source, CameraSource)
    camera.close()


def test_opening_asks_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    for where, name in ((socket, "getaddrinfo"), (socket.socket, "connect"), (cv2, "VideoCapture")):
        monkeypatch.setattr(where, name, lambda *arguments, **_: asked.append(arguments))
    for text in ("rtsp://10.255.255.1/x", "http://10.255.255.1/x", "https://youtu.be/x"):
        open_source(text).close()
    assert asked == []


def test_demo_missing(tmp_path: Path) -> None:
    for clip in (None, tmp_path / "no.mp4"):
        with pytest.raises(SourceError, match="demo clip is missing"):
            open_source("demo", OpenOptions(demo_clip=clip))


def test_no_camera_here() -> None:
    if Path("/dev/video0").exists() or not sys.platform.startswith("linux"):
        pytest.skip("this machine may have a camera")
    source = open_source("camera")
    with pytest.raises(SourceError, match="No camera was found"):
        source.open()
    source.close()
