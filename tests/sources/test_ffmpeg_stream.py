"""What comes over the network is decoded as well as a file is: fields, sizes that change, pixels, turns, limits."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from desktop_app.sources import ffmpeg_library
from desktop_app.sources.capture import open_capture
from desktop_app.sources.ffmpeg_stream import StreamCapture
from desktop_app.sources.stream import StreamSource
from tests.servers.http_server import TestServer
from tests.sources.conftest import FRAMES, Clips, number_of, ramp

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") and ffmpeg_library.ffmpeg_library() is None,
    reason="OpenCV's FFmpeg cannot be called here",
)

H264 = ("-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p")


def shapes_and_numbers(url: str) -> list[tuple[tuple[int, ...], float]]:
    source = StreamSource(url, live=False)
    source.open()
    seen = []
    while (frame := source.read()) is not None:
        seen.append((frame.image_bgr.shape, number_of(frame)))
    source.close()
    return seen


def test_interlaced_pictures_of_a_stream_are_seen(web: TestServer, clips: Clips, tmp_path: Path) -> None:
    clips.make(str(tmp_path / "fields.ts"), *ramp(30), "-flags", "+ildct+ilme", *H264)
    seen = shapes_and_numbers(f"{web.url}/fields.ts")
    assert [number for _, number in seen] == pytest.approx(list(range(30)), abs=1.5)


def test_pictures_change_their_size_within_a_stream(web: TestServer, clips: Clips, tmp_path: Path) -> None:
    first, second = tmp_path / "first.ts", tmp_path / "second.ts"
    clips.make(str(first), *ramp(20), *H264)
    clips.make(str(second), *ramp(20), "-vf", "scale=96:192,setsar=1", *H264)
    (tmp_path / "both.ts").write_bytes(first.read_bytes() + second.read_bytes())
    shapes = [shape[1::-1] for shape, _ in shapes_and_numbers(f"{web.url}/both.ts")]
    assert list(dict.fromkeys(shapes)) == [(160, 120), (96, 192)]
    assert min(shapes.count((160, 120)), shapes.count((96, 192))) >= 18


@pytest.mark.parametrize("colours", [(), ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")])
def test_a_stream_has_the_colours_that_opencv_gives(
    colours: tuple[str, ...], web: TestServer, clips: Clips, tmp_path: Path
) -> None:
    picture = ("-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=0.4")
    clips.make(str(tmp_path / "colours.mp4"), *picture, *H264, *colours)
    ours = open_capture(f"{web.url}/colours.mp4", cv2.CAP_FFMPEG)
    theirs = cv2.VideoCapture(str(tmp_path / "colours.mp4"), cv2.CAP_FFMPEG)
    assert isinstance(ours, StreamCapture)
    for _ in range(5):
        assert ours.grab()
        assert theirs.grab()
        assert ours.get(cv2.CAP_PROP_POS_MSEC) == pytest.approx(theirs.get(cv2.CAP_PROP_POS_MSEC))
        assert np.array_equal(ours.retrieve()[1], theirs.retrieve()[1])
    ours.release()
    theirs.release()


def test_a_stream_is_shown_with_square_pixels_and_upright(web: TestServer, clips: Clips, tmp_path: Path) -> None:
    lying = clips.make(str(tmp_path / "lying.mp4"), *ramp(5), "-vf", "setsar=2", *H264)
    clips.make(str(tmp_path / "turned.mp4"), "-i", lying, "-c", "copy", "-metadata:s:v:0", "rotate=90")
    for name, size in (("lying.mp4", (320, 120)), ("turned.mp4", (120, 320))):
        source = StreamSource(f"{web.url}/{name}", live=False)
        source.open()
        frame = source.read()
        assert (source.info.width, source.info.height) == size
        assert frame is not None
        assert frame.image_bgr.shape[1::-1] == size
        source.close()


def test_of_a_playlist_the_largest_size_up_to_full_hd_is_taken(web: TestServer, clips: Clips, tmp_path: Path) -> None:
    lines = ["#EXTM3U"]
    for width, height in ((160, 120), (640, 480), (2560, 1440)):
        size = f"{width}x{height}"
        shape = ("-vf", f"scale={width}:{height}", "-hls_time", "1", "-hls_list_size", "0")
        clips.make(str(tmp_path / f"{size}.m3u8"), *ramp(25), *H264, *shape)
        lines += [f"#EXT-X-STREAM-INF:BANDWIDTH={width * 1000},RESOLUTION={size}", f"{size}.m3u8"]
    (tmp_path / "all.m3u8").write_text("\n".join(lines))
    source = StreamSource(f"{web.url}/all.m3u8", live=False)
    source.open()
    assert (source.info.width, source.info.height) == (640, 480)
    frames = 0
    while source.read() is not None:
        frames += 1
    source.close()
    assert frames == 25


def test_a_search_on_the_web_finds_the_picture_itself(web: TestServer, clips: Clips, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(clips("mp4").read_bytes())
    source = StreamSource(f"{web.url}/clip.mp4", live=False)
    source.open()
    for wanted in (27, 3, 45, 0):  # key pictures are 0, 10, 20, ...
        source.seek(wanted / 25.0)
        frame = source.read()
        assert frame is not None
        assert number_of(frame) == pytest.approx(wanted, abs=1.5)
    source.seek(60.0)
    assert source.read() is None
    source.seek(0.0)
    assert sum(1 for _ in iter(source.read, None)) == FRAMES
    source.close()


def test_a_server_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        limits = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 300, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 300)
        capture = open_capture(address, cv2.CAP_FFMPEG, limits)
        assert isinstance(capture, StreamCapture)
        assert not capture.isOpened()
        assert not capture.grab()
        assert not capture.retrieve()[0]
        capture.release()


@pytest.mark.parametrize(("name", "wrong"), [("INTERRUPT", 224), ("ERROR_RECOGNITION", 216), ("DEBUG", 236)])
def test_another_layout_around_the_limit_of_time_is_refused(
    name: str, wrong: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffmpeg_library, name, wrong)
    assert ffmpeg_library.ffmpeg_library.__wrapped__() is None
