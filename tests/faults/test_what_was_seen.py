"""What was not seen is never a count of nobody: it is seen, or it is said."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from desktop_app import factory
from desktop_app.cli import main as cli
from desktop_app.errors import SourceError
from desktop_app.sources.base import FrameSource, not_seen
from desktop_app.sources.opening import OpenOptions, open_source
from desktop_app.sources.pictures import DEFAULT_HOLD_S, HELD_FPS
from desktop_app.sources.stream import TimeLimits
from tests.engine.fakes import CountingPipeline
from tests.servers.hostile import hostile, ok
from tests.servers.http_server import TestServer
from tests.sources.conftest import FPS, FRAMES, Clips, ffmpeg, ramp

HELD = round(DEFAULT_HOLD_S * HELD_FPS)
LIMITS = OpenOptions(limits=TimeLimits(open_s=5.0, read_s=5.0))


def frames_of(what: str | Path, most: int = 1000) -> tuple[list[np.ndarray], FrameSource]:
    source = open_source(str(what), LIMITS)
    images = []
    try:
        source.open()
        while len(images) < most and (frame := source.read()) is not None:
            images.append(frame.image_bgr)
        return images, source
    finally:
        source.close()


def failure(what: str | Path) -> str:
    with pytest.raises(SourceError) as caught:
        frames_of(what)
    assert caught.value.remedy
    return caught.value.message


@pytest.mark.parametrize("ending", ["tga", "qoi", "pcx", "dpx", "sgi", "pam", "xwd", "pfm", "mp4", "mkv", "gif"])
def test_a_video_of_one_picture_is_held_as_a_picture(ending: str, clips: Clips) -> None:
    pixels = ["-pix_fmt", "gbrpf32le"] if ending == "pfm" else []
    path = clips.make(f"single.{ending}", "-f", "lavfi", "-i", "testsrc=s=64x48", "-frames:v", "1", *pixels)
    images, _ = frames_of(path)
    assert len(images) == HELD
    assert all(np.array_equal(image, images[0]) for image in images)
    assert images[0].std() > 10


@pytest.mark.parametrize("ending", ["mp3", "m4a", "flac", "mka", "wma", "ogg"])
def test_a_cover_is_not_a_video(ending: str, clips: Clips) -> None:
    cover = clips.make("cover.png", "-f", "lavfi", "-i", "testsrc=s=64x48", "-frames:v", "1")
    sound = ["-f", "lavfi", "-i", "sine=d=1"]
    picture = ["-i", cover, "-map", "0:a", "-map", "1:v", "-c:v", "mjpeg", "-disposition:v", "attached_pic"]
    if ending in ("mka", "wma", "ogg"):
        picture = []
    path = clips.make(f"song.{ending}", *sound, *picture)
    assert "only sound" in failure(path)


def test_a_video_whose_pictures_cannot_be_decoded(clips: Clips, tmp_path: Path) -> None:
    data = bytearray(clips("mp4").read_bytes())
    start = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    data[start:end] = bytes(end - start)
    path = tmp_path / "zeros.mp4"
    path.write_bytes(data)
    assert "No picture" in failure(path)


def test_an_mp4_with_its_index_behind_from_a_server_without_ranges(clips: Clips) -> None:
    data = clips("mp4").read_bytes()
    assert data.index(b"mdat") < data.index(b"moov")
    with hostile(ok(data)) as server:
        images, source = frames_of(f"{server.url}/clip.mp4")
    assert len(images) == FRAMES
    assert source.info.name == "clip.mp4"
    assert not_seen(source) == ()


def test_a_download_that_breaks_off_is_an_error(clips: Clips) -> None:
    data = clips("mp4").read_bytes()
    cut = ok(data)[: -len(data) // 2]
    with hostile(cut) as server:
        assert "broke off" in failure(f"{server.url}/clip.mp4")


def test_a_transport_stream_without_a_length_is_a_file(clips: Clips) -> None:
    data = clips("ts").read_bytes()
    with hostile(ok(data, "video/mp2t", length=False)) as server:
        images, source = frames_of(f"{server.url}/clip.ts")
    assert len(images) == FRAMES
    assert not source.info.is_live


def test_a_playlist_with_a_segment_missing_says_so(clips: Clips, tmp_path: Path, web: TestServer) -> None:
    playlist = tmp_path / "a.m3u8"
    hls = ["-f", "hls", "-hls_time", "2", "-hls_list_size", "0", "-hls_playlist_type", "vod"]
    ffmpeg(*ramp(200), "-c:v", "libx264", "-g", "50", "-pix_fmt", "yuv420p", *hls, playlist)
    for what in (f"{web.url}/a.m3u8", playlist):
        images, source = frames_of(what)
        assert (len(images), not_seen(source)) == (200, ())
    (tmp_path / "a1.ts").unlink()
    for what in (f"{web.url}/a.m3u8", playlist):
        images, source = frames_of(what)
        assert len(images) == 150
        assert "From 2 s to 4 s nothing" in " ".join(not_seen(source))
    (tmp_path / "a3.ts").unlink()
    images, source = frames_of(playlist)
    assert len(not_seen(source)) == 1


def test_what_a_folder_leaves_out_is_named(tmp_path: Path, jpegs: list[bytes], monkeypatch, capsys) -> None:
    folder = tmp_path / "visit"
    (folder / "more").mkdir(parents=True)
    (folder / "more" / "9.jpg").write_bytes(jpegs[0])
    (folder / "1.jpg").write_bytes(jpegs[0])
    (folder / "2.jpg").write_bytes(jpegs[1][:40])
    (folder / "3.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (folder / "4.mp4").write_bytes(b"x")
    (folder / "5").write_bytes(jpegs[2])
    (folder / "notes.txt").write_text("nobody here")
    images, source = frames_of(folder)
    assert len(images) == 2 * HELD
    said = " ".join(not_seen(source))
    assert all(f"“{name}”" in said for name in ("2.jpg", "3.heic", "4.mp4", "more"))
    assert "notes" not in said

    monkeypatch.setattr(factory, "build_pipeline", lambda _settings: CountingPipeline())
    out = tmp_path / "o.json"
    assert cli.main(["count", str(folder), "--forget", "--json", str(out)]) == 3
    record = json.loads(out.read_text("utf-8"))
    assert record["complete"] is False
    assert len(record["not_seen"]) == 4
    assert "Not complete" in capsys.readouterr().out


def test_what_is_damaged_in_the_middle_is_passed_over_and_said(tmp_path: Path) -> None:
    path = tmp_path / "half.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (64, 48))
    for value in range(40):
        writer.write(np.full((48, 64, 3), value, np.uint8))
    writer.release()
    data = bytearray(path.read_bytes())
    at = data.index(b"movi")
    for number in range(20):
        at = data.index(b"00dc", at + 1)
        size = struct.unpack_from("<I", data, at + 4)[0]
        if number >= 10:
            data[at + 8 : at + 8 + size] = bytes(size)
    path.write_bytes(data)
    images, source = frames_of(path)
    assert len(images) == 30
    assert "10 of 40 pictures" in " ".join(not_seen(source))
