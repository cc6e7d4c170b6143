from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from desktop_app.domain.types import Counts, Frame, FrameResult
from desktop_app.errors import OutputError
from desktop_app.recording.mp4_repair import _close_data_box, is_complete
from desktop_app.recording.output_path import check_output_path
from desktop_app.recording.recorder import VideoRecorder, recover_recordings
from desktop_app.recording.snapshot import media_path, save_snapshot
from desktop_app.system.file_lock import FileLock

REPOSITORY = Path(__file__).resolve().parents[2]


def numbered(i: int, width: int = 160, height: int = 120) -> np.ndarray:
    """A picture whose grey says its number, so that a decoded frame can be told."""
    picture = np.full((height, width, 3), 20, np.uint8)
    picture[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = 30 + (i % 20) * 10
    return picture


def result(i: int, time_s: float, **size: int) -> FrameResult:
    return FrameResult(Frame(numbered(i, **size), time_s, i), (), Counts())


def draw(r: FrameResult) -> np.ndarray:
    return r.frame.image_bgr.copy()


def decode(path: Path) -> list[int]:
    """Return the numbers in the frames of a video."""
    capture = cv2.VideoCapture(str(path))
    found = []
    while True:
        ok, picture = capture.read()
        if not ok:
            break
        h, w = picture.shape[:2]
        found.append(round((float(picture[h // 2 - 5 : h // 2 + 5, w // 2 - 5 : w // 2 + 5].mean()) - 30) / 10))
    return found


def record(target: Path, times: list[float], fps: float = 25.0, **options) -> VideoRecorder:
    recorder = VideoRecorder(target, draw, fps, wait_when_full=True, **options)
    for i, t in enumerate(times):
        recorder.on_result(result(i, t))
    recorder.stop()
    return recorder


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([i / 25 for i in range(12)], list(range(12))),  # the source's rate is the video's
        ([i / 12.5 for i in range(4)], [0, 0, 1, 1, 2, 2, 3]),  # half of it: each picture stays twice
        ([i / 50 for i in range(8)], [0, 2, 4, 6]),  # double: every other one
        ([0.0, 0.04, 0.2, 0.24], [0, 1, 1, 1, 1, 2, 3]),  # a frame that came late
        ([100.0, 100.04, 900.0, 900.04], [0, 1, 2, 3]),  # a gap is cut short
        ([5.0, 5.04, 1.0, 1.04], [0, 1, 2, 3]),  # the clock was set back
    ],
)
def test_the_video_keeps_the_time_of_the_media_clock(tmp_path, times, expected) -> None:
    target = tmp_path / "out.mp4"
    record(target, times)
    assert decode(target) == expected
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.mp4"]


def test_a_source_that_changes_its_size_and_an_odd_size_are_recorded(tmp_path) -> None:
    target = tmp_path / "ünïcode – 录像.mp4"
    recorder = VideoRecorder(target, draw, wait_when_full=True)
    for i, size in enumerate([(161, 121), (161, 121), (320, 120), (80, 200)]):
        recorder.on_result(result(i, i / 25, width=size[0], height=size[1]))
    assert recorder.stop() == target
    capture = cv2.VideoCapture(str(target))
    assert (capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (160, 120)
    assert decode(target) == [0, 1, 2, 3]


def test_nothing_recorded_leaves_nothing(tmp_path) -> None:
    assert VideoRecorder(tmp_path / "a.mp4", draw).stop() is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing/a.mp4", "does not exist"),
        ("a.avi", "must end in .mp4"),
        ("", "must end in .mp4"),
        ("d.mp4", "is a folder"),
    ],
)
def test_a_path_that_cannot_be_written_is_refused_before_anything_starts(tmp_path, name, says) -> None:
    (tmp_path / "d.mp4").mkdir()
    with pytest.raises(OutputError, match=says):
        VideoRecorder(tmp_path / name, draw)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_without_the_right_to_write_is_named(tmp_path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot be written"):
        check_output_path(tmp_path / "a.mp4")


def test_a_full_disk_ends_the_recording_with_a_playable_file(tmp_path) -> None:
    rooms = iter([10**12, 10**12, 10**12])
    errors: list[OutputError] = []
    target = tmp_path / "a.mp4"
    recorder = record(
        target, [i / 25 for i in range(200)], free_bytes=lambda _: next(rooms, 1000), on_error=errors.append
    )
    assert "almost full" in str(recorder.error)
    assert [str(e) for e in errors] == [str(recorder.error)]
    assert "Counting goes on" in str(errors[0])
    assert decode(target) == [i % 20 for i in range(50)]
    recorder.on_result(result(1, 99.0))  # the count may go on handing frames over
    with pytest.raises(OutputError, match="is full"):
        VideoRecorder(tmp_path / "b.mp4", draw, free_bytes=lambda _: 1000)


def test_a_drawing_that_is_slow_never_holds_up_a_camera(tmp_path) -> None:
    drawn: list[int] = []

    def slow(r: FrameResult) -> np.ndarray:
        time.sleep(0.05)
        drawn.append(r.frame.index)
        return draw(r)

    recorder = VideoRecorder(tmp_path / "a.mp4", slow)
    started = time.monotonic()
    for i in range(100):
        recorder.on_result(result(i, i / 25))
    assert time.monotonic() - started < 1.0
    recorder.stop()
    assert 0 < len(drawn) < 20


CHILD = textwrap.dedent("""
    import sys, time, resource
    from pathlib import Path
    import cv2, numpy as np
    cv2.setNumThreads(1)
    from desktop_app.domain.types import Counts, Frame, FrameResult
    from desktop_app.recording.recorder import VideoRecorder
    mode, folder = sys.argv[1], Path(sys.argv[2])
    if mode == "no room":
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
    noise = np.random.default_rng(1).integers(0, 60, (240, 320, 3), np.uint8)
    recorder = VideoRecorder(folder / "visit.mp4", lambda r: r.frame.image_bgr, 25.0, wait_when_full=True)
    for i in range(400):
        picture = np.roll(noise, i, axis=1)
        picture[80:160, 100:220] = 30 + (i % 20) * 10
        recorder.on_result(FrameResult(Frame(picture, i / 25, i), (), Counts()))
        if i == 60:
            print("recording", flush=True)
    print("all", flush=True)
    if mode == "hang":
        time.sleep(60)
    done = recorder.stop()
    print("done", done, recorder.frames, recorder.error, flush=True)
""")


def child(mode: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, mode, str(folder)], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    )


@pytest.mark.skipif(os.name == "nt", reason="uses POSIX signals")
def test_after_a_kill_the_next_start_repairs_what_is_left(tmp_path) -> None:
    process = child("hang", tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "recording\n"
    assert process.stdout.readline() == "all\n"
    # While it runs, another start leaves the recording alone.
    assert recover_recordings(tmp_path) == []
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdout.close()
    partial = tmp_path / "visit.recording.mp4"
    assert partial.is_file()
    assert not is_complete(partial)
    assert not cv2.VideoCapture(str(partial)).isOpened()

    (recovery,) = recover_recordings(tmp_path)
    assert recovery.path == tmp_path / "visit.mp4"
    assert "repaired" in recovery.message
    numbers = decode(recovery.path)
    assert len(numbers) == recovery.frames > 100
    assert numbers == [i % 20 for i in range(len(numbers))]
    capture = cv2.VideoCapture(str(recovery.path))
    assert capture.get(cv2.CAP_PROP_FPS) == 25.0
    capture.set(cv2.CAP_PROP_POS_FRAMES, 90)
    ok, picture = capture.read()
    assert ok
    assert round((float(picture[110:130, 150:170].mean()) - 30) / 10) == 90 % 20
    assert [p.name for p in tmp_path.iterdir()] == ["visit.mp4"]
    assert recover_recordings(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="uses POSIX limits")
def test_a_write_that_fails_unseen_still_leaves_a_file_that_plays(tmp_path) -> None:
    process = child("no room", tmp_path)
    out = process.communicate(timeout=60)[0]
    assert "almost full" in out or "had to end" in out or "could not be" in out, out
    recover_recordings(tmp_path)
    files = [p.name for p in tmp_path.iterdir()]
    assert files == ["visit.mp4"]
    numbers = decode(tmp_path / "visit.mp4")
    assert len(numbers) > 20
    assert numbers == [i % 20 for i in range(len(numbers))]


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\0\0\0\x1cftypisom" + b"\0" * 5000])
def test_a_partial_without_a_picture_is_removed_and_said(tmp_path, content) -> None:
    (tmp_path / "a.recording.mp4").write_bytes(content)
    (tmp_path / "a.recording.json").write_text(json.dumps({"target": "a.mp4", "width": 64, "height": 48, "fps": 25}))
    (recovery,) = recover_recordings(tmp_path)
    assert recovery.frames == 0
    assert "before its first picture" in recovery.message
    assert list(tmp_path.iterdir()) == []


def test_a_repaired_recording_never_replaces_another_file(tmp_path) -> None:
    record(tmp_path / "a.mp4", [i / 25 for i in range(30)])
    whole = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.recording.mp4").write_bytes(whole)
    (tmp_path / "a.recording.json").write_text("{")
    (recovery,) = recover_recordings(tmp_path)
    assert recovery.path.name == "a (2).mp4"
    assert recovery.frames == 30
    assert (tmp_path / "a.mp4").read_bytes() == whole


def test_a_data_box_past_four_gigabytes_takes_the_long_form(tmp_path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x1cftyp" + b"\0" * 20 + b"\0\0\0\x08free\0\0\0\0mdat" + b"\0" * 64)
    end = 2**32 + 200
    with path.open("r+b") as file:
        _close_data_box(file.fileno(), 36, end)
        file.truncate(end)  # sparse: the disk is not filled
        file.seek(end)
        file.write(b"\0\0\0\x08moov")
    assert is_complete(path)
    with path.open("rb") as file:
        assert struct.unpack(">I4sQ", file.read(44)[28:]) == (1, b"mdat", end - 28)


def test_a_lock_is_exclusive_and_goes_with_its_holder(tmp_path) -> None:
    path = tmp_path / "x"
    assert not FileLock(path).acquire()
    path.write_bytes(b"")
    first, second = FileLock(path), FileLock(path)
    assert first.acquire()
    assert not second.acquire()
    first.release()
    first.release()
    assert second.acquire()
    second.release()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".JPEG"])
def test_a_snapshot_is_written_under_any_name(tmp_path, suffix) -> None:
    path = save_snapshot(tmp_path / "новая папка" / f"é{suffix}", numbered(3))
    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(picture.astype(int) - numbered(3)).mean() < 2
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_snapshots_that_cannot_be_written_say_so(tmp_path) -> None:
    with pytest.raises(OutputError, match=r"“\.gif”"):
        save_snapshot(tmp_path / "a.gif", numbered(1))
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="could not be saved"):
        save_snapshot(tmp_path / "file" / "a.png", numbered(1))


def test_two_snapshots_in_one_second_get_two_names(tmp_path) -> None:
    first = media_path(tmp_path, ".png")
    first.touch()
    second = media_path(tmp_path, ".png")
    assert first != second
