"""Pictures are counted as a player shows them: square pixels, their size of the moment, upright, all of them."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from desktop_app.errors import SourceError
from desktop_app.sources import ffmpeg_library
from desktop_app.sources.base import not_seen
from desktop_app.sources.opening import OpenOptions, open_source
from desktop_app.sources.picture_file import decode_picture, is_moving
from desktop_app.sources.pixel_shape import square_size
from desktop_app.sources.tracks import patched, read_tracks
from desktop_app.sources.turned import TurnedSource
from desktop_app.sources.video_file import VideoFileSource
from tests.faults.test_what_was_seen import frames_of
from tests.sources.conftest import FPS, FRAMES, HEIGHT, WIDTH, Clips, ffmpeg, number_of, ramp
from tests.sources.fakes import FakeSource

called_directly = pytest.mark.skipif(
    not sys.platform.startswith("linux") and ffmpeg_library.ffmpeg_library() is None,
    reason="OpenCV's FFmpeg cannot be called here",
)

CIRCLE = "nullsrc=s=240x240:r=10,geq=lum='if(lt(hypot(X-120\\,Y-120)\\,60)\\,235\\,16)':cb=128:cr=128"


def circle_of(image: np.ndarray) -> tuple[int, int]:
    """Return the width and height of the bright circle in a picture."""
    bright = image[:, :, 1] > 120
    return int(bright.any(axis=0).sum()), int(bright.any(axis=1).sum())


def squeezed(width: int, height: int, aspect: str) -> str:
    return f"{CIRCLE},scale={width}:{height},setsar={aspect}"


@pytest.mark.parametrize(
    ("stored", "aspect", "shown"), [((120, 240), "2/1", (240, 240)), ((240, 160), "2/3", (240, 240))]
)
def test_pixels_that_are_not_square(stored: tuple[int, int], aspect: str, shown: tuple[int, int], clips: Clips) -> None:
    made = squeezed(*stored, aspect)
    name = f"aspect{aspect.replace('/', '_')}.mp4"
    path = clips.make(name, "-f", "lavfi", "-i", made, "-frames:v", "5", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    images, source = frames_of(path)
    assert (source.info.width, source.info.height) == shown
    for image in images:
        assert image.shape[1::-1] == shown
        width, height = circle_of(image)
        assert abs(width - height) <= 4


def test_absurd_aspects_are_mistakes() -> None:
    assert square_size(640, 480, 0.0) == (640, 480)
    assert square_size(640, 480, 1e9) == (640, 480)
    assert square_size(640, 480, float("nan")) == (640, 480)
    assert square_size(720, 576, 16 / 15) == (768, 576)
    assert square_size(480, 480, 0.5) == (480, 960)


ENCODERS = {
    "ts": ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "2"],
    "mpg": ["-c:v", "mpeg2video", "-q:v", "2", "-bf", "0"],
    "mkv": ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "2"],
    "webm": ["-c:v", "libvpx", "-b:v", "500k"],
}


def changing(ending: str, folder: Path) -> Path:
    """A file whose pictures are 320x240 for ten pictures and 240x320 for ten more, a circle in each."""
    parts = []
    for name, size in (("wide", "320x240"), ("high", "240x320")):
        width, height = size.split("x")
        picture = f"{CIRCLE},pad={max(240, int(width))}:{max(240, int(height))}:(ow-iw)/2:(oh-ih)/2"
        parts.append(folder / f"{name}.{ending}")
        ffmpeg("-f", "lavfi", "-i", picture, "-frames:v", "10", *ENCODERS[ending], parts[-1])
    whole = folder / f"whole.{ending}"
    if ending in ("ts", "mpg"):
        whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    else:
        (folder / "list.txt").write_text("".join(f"file {part.name}\n" for part in parts))
        ffmpeg("-f", "concat", "-i", folder / "list.txt", "-c", "copy", whole)
    return whole


@pytest.mark.parametrize("ending", list(ENCODERS))
def test_a_size_that_changes_within_the_file(ending: str, tmp_path: Path) -> None:
    images, _ = frames_of(changing(ending, tmp_path))
    assert len(images) >= 18
    wide, high = images[2], images[-3]
    assert wide.shape[:2] == (240, 320)
    assert high.shape[:2] == (320, 240)
    for image in (wide, high):
        width, height = circle_of(image)
        assert abs(width - height) <= 6, (width, height)


def test_a_size_that_changes_is_right_after_a_search(tmp_path: Path) -> None:
    source = open_source(str(changing("mkv", tmp_path)))
    source.open()
    source.seek(1.6)
    frame = source.read()
    source.seek(0.3)
    before = source.read()
    source.close()
    assert frame is not None
    assert before is not None
    assert frame.image_bgr.shape[:2] == (320, 240)
    assert before.image_bgr.shape[:2] == (240, 320)


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
@pytest.mark.parametrize("seconds", ["0.2", "3"])
@pytest.mark.parametrize("fast", [False, True])
def test_the_video_behind_a_preview_is_counted(ending: str, seconds: str, fast: bool, clips: Clips) -> None:
    flags = ["-movflags", "faststart"] if fast and ending == "mp4" else []
    preview = ["-f", "lavfi", "-i", f"testsrc=s=64x48:r=5:d={seconds}"]
    video = ["-f", "lavfi", "-i", "testsrc=s=320x240:r=10:d=3"]
    coded = ["-map", "0:v", "-map", "1:v", "-c:v", "libx264", "-pix_fmt", "yuv420p"]
    path = clips.make(f"preview{seconds}{fast}.{ending}", *preview, *video, *coded, *flags)
    before = path.read_bytes()
    images, source = frames_of(path)
    assert (len(images), source.info.width) == (30, 320)
    assert path.read_bytes() == before


INTERLACED = {
    "mpg": ["-c:v", "mpeg2video", "-q:v", "2"],
    "ts": ["-c:v", "libx264", "-pix_fmt", "yuv420p"],
    "mkv": ["-c:v", "libx264", "-pix_fmt", "yuv420p"],
    "avi": ["-c:v", "mpeg4", "-q:v", "2"],
    "dv": ["-vf", "scale=720:576", "-c:v", "dvvideo", "-pix_fmt", "yuv420p"],
}


@called_directly
@pytest.mark.parametrize("ending", list(INTERLACED))
def test_interlaced_pictures_are_seen(ending: str, clips: Clips) -> None:
    made = [*ramp(30), "-flags", "+ildct+ilme", *INTERLACED[ending]]
    images, source = frames_of(clips.make(f"interlaced.{ending}", *made))
    values = [float(image.mean()) / (4 * 255 / 219) for image in images]
    assert len(values) == 30
    assert values == pytest.approx(range(30), abs=1.0)
    assert not_seen(source) == ()


@called_directly
def test_what_moves_is_not_combed(clips: Clips) -> None:
    bar = "nullsrc=s=160x120:r=50,geq=lum='if(between(X,4*N,4*N+30),235,16)':cb=128:cr=128,tinterlace=interleave_top"
    path = clips.make(
        "combed.mpg", "-f", "lavfi", "-i", bar, "-frames:v", "10", *INTERLACED["mpg"], "-flags", "+ildct+ilme"
    )
    images, _ = frames_of(path)
    edge = images[4][20:100, :, 1].astype(int)
    assert edge.max() > 200
    assert np.abs(np.diff(edge, axis=0)).max() < 100  # from line to line; combed it is more than 200


@called_directly
def test_an_interlaced_file_can_be_searched_and_repeated(clips: Clips) -> None:
    path = clips.make("search.ts", *ramp(50), "-flags", "+ildct+ilme", *INTERLACED["ts"], "-g", "10")
    source = VideoFileSource(path, loop=True)
    source.open()
    for target in (30, 7, 0, 41):
        source.seek(target / FPS)
        frame = source.read()
        assert frame is not None
        assert number_of(frame) == pytest.approx(target, abs=1.0)
    numbers = [number_of(frame) for _ in range(20) if (frame := source.read()) is not None]
    source.close()
    assert numbers == pytest.approx([n % 50 for n in range(42, 62)], abs=1.0)


@called_directly
@pytest.mark.parametrize("ending", ["avi", "ts", "asf", "mpg", "nut"])
def test_the_largest_of_several_videos_is_counted(ending: str, clips: Clips) -> None:
    preview = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=1.6"]
    coded = ["-map", "0", "-map", "1", "-c:v", "mpeg2video" if ending in ("ts", "mpg") else "mpeg4", "-q:v", "2"]
    path = clips.make(f"several.{ending}", *preview, *ramp(), *coded)
    images, source = frames_of(path)
    assert (source.info.width, source.info.height) == (WIDTH, HEIGHT)
    assert len(images) == FRAMES
    assert float(images[20].mean()) / (4 * 255 / 219) == pytest.approx(20, abs=1.0)


def test_damaged_tracks_are_no_tracks(clips: Clips, tmp_path: Path) -> None:
    for container in ("mp4", "mkv"):
        whole = clips(container).read_bytes()
        rng = np.random.default_rng(1)
        for _ in range(60):
            data = bytearray(whole)
            for at in rng.integers(0, len(data), 40):
                data[at] = rng.integers(0, 256)
            path = tmp_path / f"x.{container}"
            path.write_bytes(data[: rng.integers(1, len(data))])
            tracks = read_tracks(path)
            patched(path, tracks.patches()).close()


def moving(kind: str, path: Path, frames: int = 5) -> Path:
    images = [np.full((40, 80, 3), 20 + 40 * i, np.uint8) for i in range(frames)]
    if kind == "tiff":
        assert cv2.imwritemulti(str(path), images)
    else:
        animation = cv2.Animation()
        animation.frames = [cv2.cvtColor(i, cv2.COLOR_BGR2BGRA) for i in images]
        animation.durations = np.full(frames, 200, np.int32)
        assert cv2.imwriteanimation(str(path), animation)
    return path


@pytest.mark.parametrize("kind", ["webp", "png", "avif", "tiff"])
def test_every_picture_of_an_animation_is_seen(kind: str, tmp_path: Path) -> None:
    path = moving(kind, tmp_path / f"visit.{kind}")
    assert is_moving(path.read_bytes())
    source = open_source(str(path))
    source.open()
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    source.close()
    values = [round(float(frame.image_bgr.mean())) for frame in frames]
    assert sorted(set(values)) == pytest.approx([20, 60, 100, 140, 180], abs=4)
    assert len(frames) == (50 if kind == "tiff" else 5)
    if kind != "tiff":
        assert [round(frame.time_s, 2) for frame in frames] == [0.0, 0.2, 0.4, 0.6, 0.8]


def test_an_animation_can_be_searched(tmp_path: Path) -> None:
    source = open_source(str(moving("webp", tmp_path / "x.webp")))
    source.open()
    source.seek(0.6)
    frame = source.read()
    source.close()
    assert frame is not None
    assert float(frame.image_bgr.mean()) == pytest.approx(140, abs=4)


def turned_avif(quarters: int) -> bytes:
    """An AVIF file of 80x40 pixels with an `irot` property added, and the offsets behind it moved."""
    data = cv2.imencode(".avif", np.dstack([np.tile(np.arange(80, dtype=np.uint8) * 3, (40, 1))] * 3))[1].tobytes()

    def box(name: bytes) -> tuple[int, int]:
        at = data.index(name) - 4
        return at, int.from_bytes(data[at : at + 4], "big")

    container, size = box(b"ipco")
    count, at = 0, container + 8
    while at < container + size:
        count, at = count + 1, at + int.from_bytes(data[at : at + 4], "big")
    added = (9).to_bytes(4, "big") + b"irot" + bytes([quarters])
    association = box(b"ipma")[0]
    # version and flags 4, entry count 4, item 2, then the number of its properties
    number = association + 8 + 4 + 4 + 2
    out = bytearray(data)
    out[number] += 1
    out.insert(number + 1 + data[number], 0x80 | (count + 1))  # a turn must be understood by whoever shows it
    out[container + size : container + size] = added
    for name, more in ((b"ipco", 9), (b"ipma", 1), (b"iprp", 10), (b"meta", 10)):
        start = out.index(name) - 4
        out[start : start + 4] = (int.from_bytes(out[start : start + 4], "big") + more).to_bytes(4, "big")
    location = out.index(b"iloc")
    # the offset of the one extent: found by its value, which is where the data box begins
    old = data.index(b"mdat") + 4
    at = out.index(old.to_bytes(4, "big"), location)
    out[at : at + 4] = (old + 10).to_bytes(4, "big")
    return bytes(out)


@pytest.mark.parametrize(("quarters", "shape"), [(0, (40, 80)), (1, (80, 40)), (2, (40, 80)), (3, (80, 40))])
def test_an_avif_picture_is_turned_as_it_says(quarters: int, shape: tuple[int, int]) -> None:
    image = decode_picture(turned_avif(quarters), "x.avif")
    assert image.shape[:2] == shape
    upright = np.rot90(image, -quarters)
    assert upright[20, 70, 0] > upright[20, 10, 0]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("mirror", [False, True])
def test_a_camera_that_hangs_upside_down_is_set_upright(turn: int, mirror: bool) -> None:
    source = TurnedSource(FakeSource(count=1), turn, mirror=mirror)
    source.open()
    frame = source.read()
    assert frame is not None
    assert (source.info.width, source.info.height) == (frame.width, frame.height)
    assert (frame.width, frame.height) == ((24, 32) if turn in (90, 270) else (32, 24))
    assert not frame.image_bgr.flags.writeable


def test_only_live_sources_are_turned(tmp_path: Path, jpegs: list[bytes]) -> None:
    (tmp_path / "a.jpg").write_bytes(jpegs[0])
    options = OpenOptions(turn=180, mirror=True)
    assert isinstance(open_source("rtsp://cam/1", options), TurnedSource)
    assert isinstance(open_source("camera:0", options), TurnedSource)
    assert not isinstance(open_source(str(tmp_path / "a.jpg"), options), TurnedSource)
    with pytest.raises(ValueError, match="270"):
        TurnedSource(FakeSource(), 45)


@pytest.mark.skipif(sys.platform != "linux", reason="reads its own peak of memory")
def test_a_chunk_that_states_more_than_the_file_has_takes_no_memory(tmp_path: Path) -> None:
    import resource

    data = bytearray(cv2.imencode(".png", np.full((16, 16, 3), 9, np.uint8))[1].tobytes())
    at = data.index(b"IDAT") - 4
    data[at : at + 2] = b"\xfd\xff"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SourceError):
        decode_picture(bytes(data), "x.png")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000


def test_a_picture_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    path = tmp_path / "holiday.png"
    path.write_bytes(bomb)
    with pytest.raises(SourceError, match="too large"):
        frames_of(path)
