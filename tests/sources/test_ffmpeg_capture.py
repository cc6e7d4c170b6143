"""OpenCV's own FFmpeg, called directly: only where its layout is known, and whatever the file is."""

from __future__ import annotations

import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import pytest

from desktop_app.errors import SourceError
from desktop_app.sources import ffmpeg_library
from desktop_app.sources.capture import open_capture
from desktop_app.sources.ffmpeg_capture import FfmpegCapture, unread_share
from desktop_app.sources.video_file import VideoFileSource
from tests.patience import PATIENCE_S
from tests.sources.conftest import Clips, ramp

INTERLACED = ("-flags", "+ildct+ilme")
CODECS = {
    "mpg": ("-c:v", "mpeg2video", "-q:v", "2"),
    "ts": ("-c:v", "libx264", "-pix_fmt", "yuv420p"),
    "mkv": ("-c:v", "libx264", "-pix_fmt", "yuv420p"),
    "avi": ("-c:v", "mpeg4", "-q:v", "2"),
}

called_directly = pytest.mark.skipif(
    not sys.platform.startswith("linux") and ffmpeg_library.ffmpeg_library() is None,
    reason="OpenCV's FFmpeg cannot be called here",
)


def interlaced(clips: Clips, ending: str = "ts") -> Path:
    return clips.make(f"fields.{ending}", *ramp(30), *INTERLACED, *CODECS[ending])


def read_some(path: Path, most: int = 100) -> list[tuple[int, ...]]:
    """Return the shapes of the pictures of a file up to its end or the first error."""
    source = VideoFileSource(path)
    shapes: list[tuple[int, ...]] = []
    try:
        source.open()
        while len(shapes) < most and (frame := source.read()) is not None:
            shapes.append(frame.image_bgr.shape)
    except SourceError:
        return shapes
    finally:
        source.close()
    return shapes


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="says it once, where the developers are")
def test_the_layout_of_opencvs_ffmpeg_is_known() -> None:
    assert ffmpeg_library.ffmpeg_library() is not None, (
        "OpenCV brings another version of FFmpeg: interlaced video would be black. Compare the offsets in "
        "ffmpeg_library.py with the headers of that version, then change VERSIONS."
    )


@called_directly
@pytest.mark.parametrize("name", list(ffmpeg_library.VERSIONS))
def test_another_version_is_refused(name: str, monkeypatch: pytest.MonkeyPatch, clips: Clips) -> None:
    monkeypatch.setitem(ffmpeg_library.VERSIONS, name, ffmpeg_library.VERSIONS[name] - 1)
    assert ffmpeg_library.ffmpeg_library.__wrapped__() is None
    monkeypatch.setattr(ffmpeg_library, "ffmpeg_library", lambda: None)
    assert isinstance(open_capture(str(interlaced(clips)), cv2.CAP_FFMPEG), cv2.VideoCapture)


@called_directly
@pytest.mark.parametrize(("name", "wrong"), [("PIXEL_FORMAT", 104), ("TIME", 296), ("WIDTH", 116)])
def test_another_layout_of_a_picture_is_refused(name: str, wrong: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg_library, name, wrong)
    assert ffmpeg_library.ffmpeg_library.__wrapped__() is None


@called_directly
@pytest.mark.parametrize(("name", "wrong"), [("INDEX", 12), ("KIND", 4)])
def test_another_layout_of_a_track_is_refused(
    name: str, wrong: int, monkeypatch: pytest.MonkeyPatch, clips: Clips
) -> None:
    monkeypatch.setattr(ffmpeg_library, name, wrong)
    assert isinstance(open_capture(str(interlaced(clips)), cv2.CAP_FFMPEG), cv2.VideoCapture)


@called_directly
def test_only_what_opencv_cannot_show_is_decoded_here(clips: Clips) -> None:
    fields = str(interlaced(clips))
    assert isinstance(open_capture(fields, cv2.CAP_FFMPEG), FfmpegCapture)
    assert isinstance(open_capture(str(clips("mp4")), cv2.CAP_FFMPEG), cv2.VideoCapture)
    packets = open_capture(fields, cv2.CAP_FFMPEG, (cv2.CAP_PROP_FORMAT, -1))
    assert isinstance(packets, cv2.VideoCapture)
    assert packets.grab()
    assert packets.retrieve()[1].shape[0] == 1  # the bytes of a packet


def test_where_ffmpeg_cannot_be_called_interlaced_video_is_no_complete_count(
    clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffmpeg_library, "ffmpeg_library", lambda: None)
    for ending in CODECS:
        source = VideoFileSource(interlaced(clips, ending))
        source.open()
        frames = len(list(iter(source.read, None)))
        source.close()
        assert frames >= 29
        assert "never changed" in " ".join(source.omissions), ending
    for ending in ("mp4", "mpg", "gif"):
        source = VideoFileSource(clips(ending))
        source.open()
        assert list(iter(source.read, None))
        source.close()
        assert source.omissions == ()


@called_directly
def test_size_and_kind_of_pixels_may_change_within_interlaced_video(clips: Clips, tmp_path: Path) -> None:
    first, second = interlaced(clips), tmp_path / "second.ts"
    coded = ("-vf", "scale=320:176,format=yuv422p", "-c:v", "libx264")
    clips.make(str(second), *ramp(20), *INTERLACED, *coded)
    both = tmp_path / "both.ts"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    capture = open_capture(str(both), cv2.CAP_FFMPEG)
    sizes = []
    while capture.grab():
        ok, image = capture.retrieve()
        assert ok
        sizes.append(image.shape[1::-1])
    capture.release()
    assert set(sizes) == {(160, 120), (320, 176)}
    assert len(sizes) >= 45


@called_directly
def test_pixels_that_cannot_be_converted_are_no_picture(clips: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    capture = open_capture(str(interlaced(clips)), cv2.CAP_FFMPEG)
    assert capture.grab()
    monkeypatch.setattr(ffmpeg_library.Picture, "shape", property(lambda _: (160, 120, -1)))
    assert not capture.retrieve()[0]
    capture.release()


@called_directly
def test_a_released_capture_gives_nothing(clips: Clips) -> None:
    capture = open_capture(str(interlaced(clips)), cv2.CAP_FFMPEG)
    assert capture.grab()
    capture.release()
    capture.release()
    assert not capture.isOpened()
    assert not capture.grab()
    assert not capture.retrieve()[0]


@pytest.mark.parametrize("ending", list(CODECS))
def test_damaged_files_end_in_pictures_or_a_sentence(ending: str, clips: Clips, tmp_path: Path) -> None:
    whole, rng = interlaced(clips, ending).read_bytes(), random.Random(5)
    path = tmp_path / f"damaged.{ending}"
    seen = 0
    for number in range(24):
        data = bytearray(whole[: rng.randrange(1, len(whole))] if number % 3 == 0 else whole)
        for _ in range((0, 4, 200)[number % 3]):
            data[rng.randrange(2000 if number % 2 else len(data)) % len(data)] = rng.randrange(256)
        path.write_bytes(data)
        shapes = read_some(path)
        assert all(len(shape) == 3 and shape[2] == 3 for shape in shapes)
        seen += bool(shapes)
    assert seen


def test_opening_again_and_again_leaves_nothing_open(clips: Clips) -> None:
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("no list of open files here")
    path = interlaced(clips)
    read_some(path, 2)
    before = len(list(folder.iterdir()))
    for _ in range(10):
        assert read_some(path, 2)
    assert len(list(folder.iterdir())) <= before


def test_many_threads_open_read_and_are_closed_at_once(clips: Clips) -> None:
    paths = [interlaced(clips, ending) for ending in CODECS] + [clips("mp4")]
    sources = [VideoFileSource(path, loop=True) for path in paths]
    has_begun = [threading.Event() for _ in sources]

    def read(source: VideoFileSource, begun: threading.Event) -> bool:
        source.open()
        while source.read() is not None:
            begun.set()
        return True

    with ThreadPoolExecutor(len(sources)) as pool:
        ends = [pool.submit(read, *each) for each in zip(sources, has_begun, strict=True)]
        began = [begun.wait(PATIENCE_S) for begun in has_begun]
        for source in sources:
            source.close()
        assert all(end.result(PATIENCE_S) for end in ends)
    assert all(began)


@called_directly
def test_the_share_that_is_in_no_packet_is_told_and_can_be_cancelled(clips: Clips, tmp_path: Path) -> None:
    path = clips("avi")
    size = path.stat().st_size
    asked: list[int] = []

    def cancelled_later() -> bool:
        asked.append(1)
        return False

    assert unread_share(str(path), size, 0.9, cancelled_later) <= 0.9
    few = len(asked)
    assert unread_share(str(path), size, 0.0, cancelled_later) > 0.0  # a container has bytes of its own
    assert few < len(asked) - few  # it ends once enough is read
    padded = tmp_path / "padded.avi"
    padded.write_bytes(path.read_bytes() + bytes(size))
    assert unread_share(str(padded), 2 * size, 0.15) >= 0.5
    assert unread_share(str(padded), 2 * size, 0.15, lambda: True) == 0.0


@called_directly
def test_interlaced_video_has_the_colours_that_it_states(clips: Clips) -> None:
    """High-definition video is coded in other colours (ITU-R BT.709) than older video."""
    hd = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")
    red = ("-f", "lavfi", "-i", "color=c=0xC83C28:s=320x176:r=25:d=0.4", "-vf", "scale=out_color_matrix=bt709")
    path = clips.make("red.ts", *red, "-pix_fmt", "yuv420p", "-c:v", "libx264", "-flags", "+ildct+ilme", *hd)
    capture = open_capture(str(path), cv2.CAP_FFMPEG)
    assert isinstance(capture, FfmpegCapture)
    assert capture.grab()
    ok, image = capture.retrieve()
    capture.release()
    assert ok
    assert image.mean(axis=(0, 1)) == pytest.approx([0x28, 0x3C, 0xC8], abs=4)
