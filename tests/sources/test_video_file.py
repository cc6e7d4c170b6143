"""Video files: the right frames at the right times, and a sentence for everything that can be wrong with a file."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import cv2
import pytest

from desktop_app.errors import SourceError
from desktop_app.sources.base import leave_out_pictures
from desktop_app.sources.detached import DetachedReader
from desktop_app.sources.opening import SourceForm, understand
from desktop_app.sources.seen import SeenSource
from desktop_app.sources.video_file import VideoFileSource
from tests.patience import PATIENCE_S
from tests.sources.conftest import CODECS, FPS, FRAMES, HEIGHT, WIDTH, Clips, ffmpeg, number_of, ramp
from tests.sources.fakes import FakeCapture

SEEKABLE = [container for container in CODECS if container != "gif"]  # a GIF's colours are too few to number 50 frames


def read_all(source: VideoFileSource, times: list[float] | None = None) -> list[float]:
    times = [] if times is None else times
    while (frame := source.read()) is not None:
        times.append(frame.time_s)
    return times


def failure(path: Path) -> SourceError:
    source = VideoFileSource(path)
    try:
        with pytest.raises(SourceError) as caught:
            source.open()
        return caught.value
    finally:
        source.close()


@pytest.mark.parametrize("container", CODECS)
def test_every_frame_at_its_time(clips: Clips, container: str) -> None:
    source = VideoFileSource(clips(container))
    source.open()
    numbers: list[float] = []
    times: list[float] = []
    while (frame := source.read()) is not None:
        numbers.append(number_of(frame))
        times.append(frame.time_s)
    source.close()
    assert len(times) == FRAMES
    # A program stream stamps packets, not frames, and FFmpeg guesses in between.
    slack = 1.2 if container == "mpg" else 0.6
    assert times == pytest.approx([n / FPS for n in range(FRAMES)], abs=slack / FPS)
    assert numbers == pytest.approx(range(FRAMES), abs=1.2)
    assert source.info.fps == pytest.approx(FPS, rel=0.02)


@pytest.mark.parametrize("container", SEEKABLE)
@pytest.mark.parametrize("target", [37, 12, 0, 49])
def test_seek_is_exact(clips: Clips, container: str, target: int) -> None:
    source = VideoFileSource(clips(container))
    source.open()
    for _ in range(20):
        source.read()
    source.seek(target / FPS)
    frame = source.read()
    following = source.read()
    source.close()
    assert frame is not None
    assert number_of(frame) == pytest.approx(target, abs=1.0)
    assert frame.time_s == pytest.approx(target / FPS, abs=0.5 / FPS)
    if target < FRAMES - 1:
        assert following is not None
        assert number_of(following) == pytest.approx(target + 1, abs=1.0)


def test_only_the_wanted_pictures_are_made(clips: Clips) -> None:
    source = VideoFileSource(clips("mp4"))
    reader = DetachedReader(SeenSource(source))
    leave_out_pictures(reader, lambda time_s: round(time_s * FPS) % 3 == 1)
    reader.open()
    seen = []
    while (frame := reader.read()) is not None:
        seen.append(frame)
    reader.close()
    assert [frame.index for frame in seen] == list(range(FRAMES))
    assert [frame.is_repeat for frame in seen] == [i > 0 and i % 3 != 1 for i in range(FRAMES)]
    # The first picture is made in any case: there is none before it.
    shown = [0 if i == 0 else i - (i - 1) % 3 for i in range(FRAMES)]
    assert [number_of(frame) for frame in seen] == pytest.approx(shown, abs=1.2)


def test_after_a_search_the_picture_is_that_of_the_new_place(clips: Clips) -> None:
    source = VideoFileSource(clips("mp4"))
    source.leave_out_pictures(lambda time_s: False)
    source.open()
    source.read()
    source.seek(37 / FPS)
    found, following = source.read(), source.read()
    source.close()
    assert found is not None
    assert following is not None
    assert (found.is_repeat, following.is_repeat) == (False, True)
    assert number_of(following) == pytest.approx(37, abs=1.0)


def test_seek_past_the_end_ends_and_back_revives(clips: Clips) -> None:
    source = VideoFileSource(clips("mp4"))
    source.open()
    source.seek(1e6)
    assert source.read() is None
    source.seek(1.0)
    frame = source.read()
    assert frame is not None
    assert frame.time_s == pytest.approx(1.0, abs=0.02)
    source.close()


def test_seek_right_after_open(clips: Clips) -> None:
    for container in ("mkv", "264"):
        source = VideoFileSource(clips(container))
        source.open()
        source.seek(1.0)
        frame = source.read()
        source.close()
        assert frame is not None
        assert number_of(frame) == pytest.approx(25, abs=1.0)


def test_loop_rises_on(clips: Clips) -> None:
    for container in ("mp4", "264"):
        source = VideoFileSource(clips(container), loop=True)
        source.open()
        frames = [source.read() for _ in range(2 * FRAMES + 5)]
        position_s = source.position_s
        source.close()
        times = [frame.time_s for frame in frames if frame is not None]
        assert len(times) == 2 * FRAMES + 5
        assert all(later > earlier for earlier, later in pairwise(times))
        assert times[-1] == pytest.approx((2 * FRAMES + 4) / FPS, abs=0.1)
        assert position_s == pytest.approx(4 / FPS, abs=0.05)
        assert [frame.index for frame in frames if frame is not None] == list(range(2 * FRAMES + 5))


def test_rotation_in_the_metadata_is_applied(clips: Clips) -> None:
    upright = clips("mp4")
    turned = clips.folder / "turned.mp4"
    try:
        ffmpeg("-display_rotation", "90", "-i", upright, "-c", "copy", turned)
    except subprocess.CalledProcessError:  # before FFmpeg 6
        ffmpeg("-i", upright, "-c", "copy", "-metadata:s:v:0", "rotate=90", turned)
    source = VideoFileSource(turned)
    source.open()
    frame = source.read()
    source.close()
    assert frame is not None
    assert (frame.width, frame.height) == (HEIGHT, WIDTH)
    assert (source.info.width, source.info.height) == (HEIGHT, WIDTH)


@pytest.mark.slow
def test_a_file_without_a_duration(clips: Clips) -> None:
    path = clips.make("live.webm", *ramp(), *CODECS["webm"], "-live", "1", "-f", "webm")
    source = VideoFileSource(path)
    source.open()
    assert source.info.duration_s is None
    assert len(read_all(source)) == FRAMES
    source.seek(1.0)
    frame = source.read()
    source.close()
    assert frame is not None
    assert number_of(frame) == pytest.approx(25, abs=1.0)


def test_variable_frame_rate(clips: Clips) -> None:
    path = clips.make(
        "variable.mkv", "-i", clips("mkv"), "-vf", "select='not(between(n,10,34))'", "-fps_mode", "vfr", *CODECS["mkv"]
    )
    source = VideoFileSource(path)
    source.open()
    times = read_all(source)
    source.close()
    assert len(times) == 25
    assert times[10] - times[9] == pytest.approx(26 / FPS, abs=0.01)


@pytest.mark.parametrize("count", [-1.9e14, 0.0, 1e18, float("nan")])
def test_a_lying_frame_count_is_no_duration(clips: Clips, count: float) -> None:
    capture = FakeCapture([0, 40, 80], {cv2.CAP_PROP_FPS: 25.0, cv2.CAP_PROP_FRAME_COUNT: count})
    source = VideoFileSource(clips("mp4"), open_capture_with=lambda *_: capture)
    source.open()
    assert source.info.duration_s is None
    assert len(read_all(source)) == 3
    source.close()
    assert capture.released == 1


def test_a_header_that_names_too_many_frames_ends_like_any_other(clips: Clips) -> None:
    capture = FakeCapture([0, 40, 80], {cv2.CAP_PROP_FPS: 25.0, cv2.CAP_PROP_FRAME_COUNT: 5000})
    source = VideoFileSource(clips("mp4"), open_capture_with=lambda *_: capture)
    source.open()
    assert len(read_all(source)) == 3
    source.close()


def test_a_frame_that_cannot_be_decoded_is_a_gap(clips: Clips) -> None:
    capture = FakeCapture([0, 40, 80, 120], {cv2.CAP_PROP_FPS: 25.0}, undecodable=[1])
    source = VideoFileSource(clips("mp4"), open_capture_with=lambda *_: capture)
    source.open()
    frames = [source.read() for _ in range(4)]
    source.close()
    assert [frame.index if frame else None for frame in frames] == [0, 2, 3, None]


def test_a_picture_at_which_the_file_was_closed_is_not_one_that_cannot_be_decoded(clips: Clips) -> None:
    stamps, fps = [40.0 * i for i in range(4)], {cv2.CAP_PROP_FPS: 25.0}

    def closed_meanwhile(at: int) -> None:
        if at == 1:
            source.close()

    capture = FakeCapture(stamps, fps, on_grab=closed_meanwhile)
    source = VideoFileSource(clips("mp4"), open_capture_with=lambda *_: capture)
    source.open()
    assert source.read() is not None
    assert source.read() is None
    assert source.omissions == ()


@pytest.mark.parametrize("container", ["mkv", "webm", "avi", "wmv", "flv", "fast.mp4"])
def test_a_truncated_file_gives_its_frames_and_then_says_so(clips: Clips, container: str) -> None:
    if container == "fast.mp4":
        whole = clips.make("fast.mp4", "-i", clips("mp4"), "-c", "copy", "-movflags", "+faststart")
    else:
        whole = clips(container)
    cut = clips.folder / f"cut.{container}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 3 // 4])
    source = VideoFileSource(cut)
    source.open()
    seen: list[float] = []
    with pytest.raises(SourceError, match="breaks off after") as caught:
        read_all(source, seen)
    assert 5 <= len(seen) < FRAMES
    assert "stands" in caught.value.remedy
    assert source.read() is None
    source.close()


def test_a_recording_without_its_index(clips: Clips, tmp_path: Path) -> None:
    whole = clips("mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    assert "is incomplete" in failure(tmp_path / "cut.mp4").message


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert "does not exist" in failure(tmp_path / "no.mp4").message
    assert "is a folder" in failure(tmp_path).message


def test_the_drive_is_suspected_only_where_the_folder_is_gone(tmp_path: Path) -> None:
    assert "drive it lies on" not in failure(tmp_path / "no.mp4").remedy
    assert str(tmp_path) in failure(tmp_path / "no.mp4").remedy
    assert "drive it lies on" in failure(tmp_path / "unplugged" / "no.mp4").remedy


@pytest.mark.skipif(os.name == "nt", reason="POSIX devices and pipes")
def test_a_device_or_a_pipe_is_no_video_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe"):
        address = understand(str(path))
        assert address.form is SourceForm.VIDEO_FILE
        assert "is a device or a pipe" in failure(path).message


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "nothing.mp4").touch()
    assert "is empty" in failure(tmp_path / "nothing.mp4").message


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_not_permitted(clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.mp4"
    path.write_bytes(clips("mp4").read_bytes())
    path.chmod(0)
    if os.geteuid() == 0:  # root may read everything: only here the answer is put in the system's mouth
        monkeypatch.setattr(os, "access", lambda *_: False)
    assert "not permitted" in failure(path).message


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("letter.mp4", b"Dear Sir or Madam,\n" * 50, "a text file"),
        ("paper.avi", b"%PDF-1.7\n" + bytes(500), "a PDF document"),
        ("archive.mkv", b"PK\x03\x04" + bytes(500), "an archive|a zip archive"),
        ("photo.mp4", b"\xff\xd8\xff\xe0" + bytes(500), "a picture"),
        ("song.mp4", b"ID3\x04" + bytes(500), "only sound"),
        ("noise.mp4", bytes(range(256)) * 20, "damaged"),
    ],
)
def test_not_a_video(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    error = failure(path)
    assert any(word in error.message for word in words.split("|")), error.message
    assert error.remedy


def test_only_sound(clips: Clips) -> None:
    path = clips.make("sound.m4a", "-f", "lavfi", "-i", "sine=duration=1")
    assert "only sound" in failure(path).message


def test_the_drive_goes_away(clips: Clips, tmp_path: Path) -> None:
    path = tmp_path / "gone.mp4"
    path.write_bytes(clips("mp4").read_bytes())
    capture = FakeCapture([0, 40], {cv2.CAP_PROP_FPS: 25.0})
    source = VideoFileSource(path, open_capture_with=lambda *_: capture)
    source.open()
    assert source.read() is not None
    assert source.read() is not None
    path.unlink()
    with pytest.raises(SourceError, match="has gone"):
        source.read()
    source.close()


def test_names_that_trouble_ffmpeg(clips: Clips, tmp_path: Path) -> None:
    for name in ("besuch müller 客.mp4", "a%03d b.mp4", "tcp:clip.mp4"):
        if sys.platform == "win32" and ":" in name:
            continue
        path = tmp_path / name
        path.write_bytes(clips("mp4").read_bytes())
        source = VideoFileSource(path)
        source.open()
        assert source.read() is not None
        source.close()


def test_the_same_twice(clips: Clips) -> None:
    def run() -> list[float]:
        source = VideoFileSource(clips("avi"))
        source.open()
        times = read_all(source)
        source.close()
        return times

    assert run() == run()


def test_nothing_on_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(300))
    script = (
        "import sys; from desktop_app.sources.video_file import VideoFileSource\n"
        "from desktop_app.errors import SourceError\n"
        "try: VideoFileSource(sys.argv[1]).open()\n"
        "except SourceError: pass\n"
        "else: raise SystemExit('opened')"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "bad.mp4")],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=Path(__file__).parents[2],
        env={k: v for k, v in os.environ.items() if k not in ("OPENCV_LOG_LEVEL", "OPENCV_FFMPEG_LOGLEVEL")},
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.slow
def test_shared_clips(shared_clips: Path) -> None:
    clips = [path for path in sorted(shared_clips.iterdir()) if path.suffix not in (".csv", ".md")]
    assert len(clips) > 20
    for path in clips:
        source = VideoFileSource(path)
        source.open()
        times = read_all(source)
        source.seek(times[len(times) // 2])
        middle = source.read()
        source.close()
        assert len(times) > 30, path.name
        assert all(later > earlier for earlier, later in pairwise(times)), path.name
        assert middle is not None
        assert middle.time_s == pytest.approx(times[len(times) // 2], abs=0.03), path.name
        if source.info.duration_s is not None:
            assert times[-1] == pytest.approx(source.info.duration_s, abs=0.35), path.name
