"""What was not seen is never a count of nobody: it is seen, or it is said."""

from __future__ import annotations

import json
import os
import re
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from desktop_app import factory
from desktop_app.cli import main as cli
from desktop_app.domain.blank import LEAST_SIDE
from desktop_app.domain.counting import PeopleCounter
from desktop_app.domain.tracking import Tracker
from desktop_app.domain.types import Detection
from desktop_app.engine.blank_watch import BlankWatch
from desktop_app.errors import SourceError
from desktop_app.resources import demo_clip
from desktop_app.settings import Settings
from desktop_app.sources import ffmpeg_library
from desktop_app.sources.base import FrameSource, not_seen
from desktop_app.sources.opening import OpenOptions, open_source
from desktop_app.sources.pictures import DEFAULT_HOLD_S, HELD_FPS
from desktop_app.sources.stream import TimeLimits
from desktop_app.sources.video_file import VideoFileSource
from desktop_app.vision.pipeline import FramePipeline
from tests.engine.fakes import CountingPipeline
from tests.servers.hostile import hostile, ok
from tests.servers.http_server import TestServer
from tests.sources.conftest import FPS, FRAMES, Clips, ffmpeg, ramp
from tests.vision.test_pipeline import AlwaysFemale

HELD = round(DEFAULT_HOLD_S * HELD_FPS)
LIMITS = OpenOptions(limits=TimeLimits(open_s=20.0, read_s=20.0))


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


@pytest.mark.parametrize("frames", [2, 5, 14])
def test_a_film_of_a_moment_ends_with_its_last_picture_held(frames: int, clips: Clips) -> None:
    images, source = frames_of(clips.make(f"moment{frames}.mkv", *ramp(frames), "-c:v", "mpeg4", "-q:v", "2"))
    held = images[frames - 1 :]
    assert len(images[:frames]) == frames
    assert len(held) == round((DEFAULT_HOLD_S - (frames - 1) / FPS) * HELD_FPS)
    assert all(np.array_equal(image, held[0]) for image in held)
    assert not_seen(source) == ()


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


@pytest.mark.parametrize(("apart_s", "says"), [(5, False), (40, True)])
def test_pictures_too_far_apart_to_follow_anybody_are_said_to_be(apart_s: int, says: bool, clips: Clips) -> None:
    rate = ["-c:v", "mjpeg", "-vf", f"setpts=N*{apart_s}/TB", "-r", f"1/{apart_s}"]
    images, source = frames_of(clips.make(f"lapse{apart_s}.avi", *ramp(8), *rate))
    assert len(images) >= 8
    assert (f"are {apart_s} s apart" in " ".join(not_seen(source))) is says


def test_the_table_tells_which_file_does_not_say_how_long_it_is(clips: Clips, monkeypatch, capsys) -> None:
    monkeypatch.setattr(factory, "build_pipeline", lambda _settings: CountingPipeline())
    for ending, is_said in (("264", True), ("mp4", False)):
        assert cli.main(["count", str(clips(ending)), "--forget"]) == 0
        assert ("the file does not say how long it is" in capsys.readouterr().out) is is_said


def test_a_playlist_that_names_no_end_says_so_and_is_not_waited_for(clips: Clips, tmp_path: Path) -> None:
    playlist = tmp_path / "a.m3u8"
    hls = ["-f", "hls", "-hls_time", "1", "-hls_list_size", "0", "-hls_playlist_type", "vod"]
    ffmpeg(*ramp(50), "-c:v", "libx264", "-g", "25", "-pix_fmt", "yuv420p", *hls, playlist)
    text = playlist.read_text()
    running = text.replace("#EXT-X-ENDLIST", "").replace("#EXT-X-PLAYLIST-TYPE:VOD", "")
    playlist.write_text(running.replace("#EXT-X-TARGETDURATION:1", "#EXT-X-TARGETDURATION:0"))
    images, source = frames_of(playlist)  # FFmpeg asks a thousand times whether it has grown, if nothing is said
    assert len(images) == FRAMES
    assert "while its stream was running" in " ".join(not_seen(source))


def test_what_a_folder_leaves_out_is_named(tmp_path: Path, jpegs: list[bytes], monkeypatch, capsys) -> None:
    folder = tmp_path / "visit"
    (folder / "more").mkdir(parents=True)
    (folder / "more" / "9.jpg").write_bytes(jpegs[0])
    (folder / "1.jpg").write_bytes(jpegs[0])
    (folder / "2.jpg").write_bytes(jpegs[1][:40])
    (folder / "3.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (folder / "4.mp4").write_bytes(b"x")
    (folder / "6.3gp").write_bytes(b"x")
    (folder / "5").write_bytes(jpegs[2])
    (folder / "notes.txt").write_text("nobody here")
    images, source = frames_of(folder)
    assert len(images) == 2 * HELD
    said = " ".join(not_seen(source))
    assert all(f"“{name}”" in said for name in ("2.jpg", "3.heic", "4.mp4", "6.3gp", "more"))
    assert "notes" not in said

    monkeypatch.setattr(factory, "build_pipeline", lambda _settings: CountingPipeline())
    out = tmp_path / "o.json"
    assert cli.main(["count", str(folder), "--forget", "--json", str(out)]) == 3
    record = json.loads(out.read_text("utf-8"))
    assert record["complete"] is False
    # The pictures of this test are of one colour.
    assert sum("nobody can be seen in it" in sentence for sentence in record["not_seen"]) == 2
    assert len(record["not_seen"]) == 7
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


def noise_in_the_middle(path: Path, out: Path) -> Path:
    data = bytearray(path.read_bytes())
    first, last = len(data) * 2 // 5, len(data) * 3 // 5
    data[first:last] = np.random.default_rng(1).bytes(last - first)
    out.write_bytes(data)
    return out


@pytest.mark.parametrize(
    ("ending", "coded"),
    [("ogv", ["-g", "10"]), ("webm", ["-g", "500", "-deadline", "realtime", "-cpu-used", "8"]), ("mkv", ["-g", "500"])],
)
def test_what_lies_behind_damage_is_searched_for_and_what_is_lost_is_said(
    ending: str, coded: list[str], clips: Clips, tmp_path: Path
) -> None:
    codec = {"ogv": ["libtheora", "-q:v", "7"], "webm": ["libvpx", "-b:v", "2M"], "mkv": ["mpeg4", "-q:v", "2"]}[ending]
    noise = ["-f", "lavfi", "-i", "nullsrc=s=96x72:r=25,geq=random(1)*255:128:128", "-frames:v", "200"]
    whole = clips.make(f"noise.{ending}", *noise, "-c:v", *codec, *coded)
    assert not_seen(frames_of(whole)[1]) == ()
    images, source = frames_of(noise_in_the_middle(whole, tmp_path / f"damaged.{ending}"))
    assert len(images) < 200
    assert not_seen(source)
    if ending == "ogv":
        assert len(images) > 100


def test_sound_that_is_longer_than_the_pictures_is_no_damage(clips: Clips) -> None:
    both = ["-i", clips("mkv"), "-f", "lavfi", "-i", "sine=d=8", "-map", "0:v", "-map", "1:a"]
    path = clips.make("tail.mkv", *both, "-c:v", "copy", "-c:a", "aac")
    images, source = frames_of(path)
    assert (len(images), not_seen(source)) == (FRAMES, ())


@pytest.mark.skipif(ffmpeg_library.ffmpeg_library() is None, reason="FFmpeg cannot be called here")
@pytest.mark.parametrize("ending", ["mp4", "mkv", "avi", "ts"])
def test_a_minute_of_sound_without_pictures_was_not_seen(ending: str, clips: Clips) -> None:
    both = ["-i", clips("mkv"), "-f", "lavfi", "-i", "sine=d=70", "-map", "0:v", "-map", "1:a"]
    path = clips.make(f"stopped.{ending}", *both, "-c:v", "mpeg4", "-q:v", "3", "-c:a", "mp2")
    images, source = frames_of(path)
    assert len(images) == FRAMES
    assert len(not_seen(source)) == 1
    assert re.fullmatch(r"From 2 s to 70 s “stopped.*” holds only sound: nobody could be seen.", not_seen(source)[0])


@pytest.mark.skipif(ffmpeg_library.ffmpeg_library() is None, reason="FFmpeg cannot be called here")
def test_subtitles_that_go_on_for_longer_than_the_film_are_no_sound(clips: Clips, tmp_path: Path) -> None:
    """Matroska states one length, that of its longest track: here of subtitles of a longer film."""
    titles = tmp_path / "titles.srt"
    titles.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n\n2\n00:02:00,000 --> 00:02:05,000\nGoodbye\n")
    inputs = ["-i", clips("mkv"), "-f", "lavfi", "-i", "sine=d=2", "-i", titles]
    tracks = ["-map", "0:v", "-map", "1:a", "-map", "2"]
    path = clips.make("titled.mkv", *inputs, *tracks, "-c:v", "mpeg4", "-c:a", "mp2", "-c:s", "srt")
    images, source = frames_of(path)
    assert (len(images), not_seen(source)) == (FRAMES, ())


@pytest.mark.parametrize(("pause_s", "said"), [(50, ()), (70, ("From 1 s to 71 s “{}” holds no picture.",))])
@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_minute_without_a_picture_was_not_seen(
    pause_s: int, said: tuple[str, ...], ending: str, clips: Clips
) -> None:
    name = f"pause{pause_s}.{ending}"
    path = clips.make(
        name, *ramp(50), "-vf", f"setpts=PTS+gte(N\\,25)*{pause_s}/TB", "-fps_mode", "vfr", "-c:v", "mpeg4"
    )
    images, source = frames_of(path)
    assert len(images) == 50
    assert not_seen(source) == tuple(sentence.format(name) for sentence in said)


def test_a_minute_without_a_picture_of_a_film_on_a_web_server_was_not_seen(clips: Clips) -> None:
    pause = ["-vf", "setpts=PTS+gte(N\\,25)*70/TB", "-fps_mode", "vfr", "-c:v", "mpeg4"]
    data = clips.make("webpause.mkv", *ramp(50), *pause).read_bytes()
    with hostile(ok(data, "video/x-matroska")) as server:
        images, source = frames_of(f"{server.url}/webpause.mkv")
    assert len(images) == 50
    assert not_seen(source) == ("From 1 s to 71 s “webpause.mkv” holds no picture.",)


def test_a_film_whose_pictures_begin_after_a_minute_of_sound_was_not_seen_before(clips: Clips) -> None:
    late = ["-f", "lavfi", "-i", "sine=d=70", "-itsoffset", "65", "-i", clips("mkv"), "-map", "1:v", "-map", "0:a"]
    path = clips.make("late.mkv", *late, "-c:v", "copy", "-c:a", "aac")
    _, source = frames_of(path)
    assert not_seen(source) == ("From 0 s to 65 s “late.mkv” holds no picture.",)


@pytest.mark.parametrize("change", ["grows", "shrinks"])
def test_a_file_that_is_written_while_it_is_read_says_so(change: str, clips: Clips, tmp_path: Path) -> None:
    data = clips("ts").read_bytes()
    path = tmp_path / "recording.ts"
    path.write_bytes(data if change == "shrinks" else data[: len(data) // 2])
    source = VideoFileSource(path)
    source.open()
    assert source.read() is not None
    path.write_bytes(data[: len(data) // 4] if change == "shrinks" else data)
    while source.read() is not None:
        continue
    source.close()
    assert "still being written" in " ".join(source.omissions)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps an open file where it is")
def test_a_file_that_is_renamed_while_it_is_read_is_read_to_its_end(clips: Clips, tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(clips("mkv").read_bytes())
    source = VideoFileSource(path)
    source.open()
    assert source.read() is not None
    path.rename(tmp_path / "other.mkv")
    frames = 1
    while source.read() is not None:
        frames += 1
    source.close()
    assert frames == FRAMES
    assert source.omissions == ()


class NobodyFound:
    """A detector that finds no face."""

    name = "nobody"

    def detect(self, image_bgr: np.ndarray) -> list[Detection]:
        return []


def pipeline_without_faces(settings: Settings) -> FramePipeline:
    least_side = factory.least_side(settings)
    return FramePipeline(NobodyFound(), AlwaysFemale(), Tracker(), PeopleCounter(), least_side=least_side)


def counted(what: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, dict]:
    """Count a source in which nobody is found; return the exit status and what the JSON file says."""
    monkeypatch.setattr(factory, "build_pipeline", pipeline_without_faces)
    out = tmp_path / "o.json"
    status = cli.main(["count", str(what), "--forget", "--json", str(out)])
    return status, json.loads(out.read_text("utf-8"))


SHOWS = "testsrc=s=64x48:r=5"
BLACK = "color=black:s=64x48:r=5"
CARD = "color=gray:s=160x120:r=5"
SIGN = "drawbox=x=20:y=22:w=20:h=3:c=white:t=fill,drawbox=x=30:y=20:w=3:h=8:c=white:t=fill"


@pytest.mark.parametrize(
    ("name", "picture", "said"),
    [
        ("dark.mkv", f"{BLACK}:d=2", "“dark.mkv” was black throughout"),
        ("noisy.mkv", "color=black:s=640x360:r=5:d=8,noise=alls=8:allf=t", "“noisy.mkv” was black throughout"),
        ("blue.mkv", "color=blue:s=64x48:r=5:d=2", "“blue.mkv” was of one colour throughout"),
        ("hole.mkv", f"{SHOWS}:d=14,drawbox=c=black:t=fill:enable='between(t,3,10.9)'", "From 3 s to 11 s the picture"),
        ("stamp.mkv", f"{BLACK}:d=8,drawbox=x=4:y=2:w=30:h=4:c=white:t=fill", "“stamp.mkv” was black throughout"),
        ("tiny.mkv", "testsrc=s=40x30:r=5:d=2", "“tiny.mkv” was too small to see a face in (40x30 pixels) throughout"),
        ("sd.mkv", "smptebars=s=160x120:r=5:d=2", "“sd.mkv” was a test picture of colour bars throughout"),
        ("hd.mkv", "smptehdbars=s=160x90:r=5:d=2", "“hd.mkv” was a test picture of colour bars throughout"),
        ("ebu.mkv", "pal75bars=s=160x120:r=5:d=2", "“ebu.mkv” was a test picture of colour bars throughout"),
        (
            "snow.mkv",
            "nullsrc=s=160x120:r=5:d=2,geq=random(1)*255:128:128",
            "“snow.mkv” was nothing but noise throughout",
        ),
        ("card.mkv", f"{CARD}:d=2,{SIGN}", "“card.mkv” was of one colour but for some words or signs throughout"),
        ("hung.mkv", f"{SHOWS}:d=4,tpad=stop_mode=clone:stop_duration=70", "was always the very same."),
        (
            "hung_card.mkv",
            f"{BLACK}:d=70,{SIGN}",
            "From 0 s to 70 s the picture of “hung_card.mkv” was always the very",
        ),
    ],
)
def test_a_film_that_shows_nobody_is_no_complete_count_of_nobody(
    name: str, picture: str, said: str, clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = clips.make(name, "-f", "lavfi", "-i", picture, "-c:v", "mpeg4", "-q:v", "2")
    status, record = counted(film, tmp_path, monkeypatch)
    assert (status, record["complete"]) == (3, False)
    assert said in " ".join(record["not_seen"])


def test_a_film_that_begins_black_and_fades_is_complete(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fades = f"{SHOWS}:d=14,fade=in:st=2:d=2,fade=out:st=10:d=2"
    film = clips.make("fades.mkv", "-f", "lavfi", "-i", fades, "-c:v", "mpeg4", "-q:v", "2")
    status, record = counted(film, tmp_path, monkeypatch)
    assert (status, record["complete"], record["not_seen"]) == (0, True, [])


def test_a_picture_of_one_colour_is_no_complete_count_of_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "visit"
    folder.mkdir()
    cv2.imwrite(str(folder / "1.png"), np.full((90, 120, 3), 255, np.uint8))
    status, record = counted(folder / "1.png", tmp_path, monkeypatch)
    assert status == 3
    assert record["not_seen"] == ["“1.png” was of one colour throughout: nobody could be seen. Choose another picture."]
    scene = np.random.default_rng(1).integers(0, 255, (9, 12, 3), np.uint8)
    cv2.imwrite(str(folder / "2.png"), cv2.resize(scene, (120, 90)))
    status, record = counted(folder, tmp_path, monkeypatch)
    assert status == 3
    assert record["not_seen"] == ["“1.png” is of one colour: nobody can be seen in it."]


@pytest.mark.parametrize(
    "picture",
    [
        f"{SHOWS}:d=4,tpad=stop_mode=clone:stop_duration=50",
        f"{BLACK}:d=20,{SIGN}",
        f"{SHOWS}:d=3,loop=loop=40:size=15",
        "testsrc=s=60x46:r=5:d=4",
    ],
)
def test_a_still_scene_a_lamp_in_the_dark_and_a_film_that_repeats_are_seen(
    picture: str, clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"seen{zlib.crc32(picture.encode())}.mkv"
    film = clips.make(name, "-f", "lavfi", "-i", picture, "-c:v", "libx264", "-g", "250", "-pix_fmt", "yuv420p")
    status, record = counted(film, tmp_path, monkeypatch)
    assert (status, record["complete"], record["not_seen"]) == (0, True, [])


@pytest.mark.parametrize("codec", [["libx264", "-g", "10"], ["mpeg2video", "-g", "10", "-q:v", "3"], ["mjpeg"]])
def test_a_camera_that_hangs_is_told_although_its_coder_goes_on(
    codec: list[str], clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = "testsrc=s=160x120:r=25:d=4,trim=start_frame=60:end_frame=61,loop=loop=2249:size=1,setpts=N/25/TB"
    film = clips.make(f"coder_{codec[0]}.avi", "-f", "lavfi", "-i", still, "-r", "25", "-c:v", *codec)
    status, record = counted(film, tmp_path, monkeypatch)
    assert (status, record["complete"]) == (3, False)
    assert "was always the very same" in record["not_seen"][0]


@pytest.mark.slow
def test_no_clip_is_called_black_hung_or_without_a_signal(shared_clips: Path) -> None:
    """One clip of them is black, and shows nobody: its pictures have 12 of 256 grey levels."""
    longest: dict[str, float] = {}
    for path in [*sorted(p for p in shared_clips.iterdir() if p.suffix not in (".md", ".csv")), demo_clip()]:
        source, watch = VideoFileSource(path), BlankWatch()
        source.open()
        pipeline = FramePipeline(NobodyFound(), AlwaysFemale(), Tracker(), PeopleCounter(), least_side=LEAST_SIDE)
        since_s, longest[path.name] = None, 0.0
        while (frame := source.read()) is not None:
            result = pipeline.process(frame)
            watch.note(frame.time_s, result, source.info, 0)
            since_s = None if result.blank is None else frame.time_s if since_s is None else since_s
            longest[path.name] = max(longest[path.name], 0.0 if since_s is None else frame.time_s - since_s)
        source.close()
        assert source.omissions == ()
        assert watch.is_blank_throughout is (path.name == "no_duration_0m0f.webm")
        assert watch.is_blank_throughout or watch.omissions(source.info) == ()
    assert longest.pop("no_duration_0m0f.webm") > 4
    assert max(longest.values()) < 1.0
