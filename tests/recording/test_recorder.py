from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from desktop_app.domain.types import Counts, Frame, FrameResult
from desktop_app.errors import OutputError
from desktop_app.recording.fragmented_mp4 import FragmentedMp4, NotAnMp4Error, read_segment
from desktop_app.recording.output_path import check_output_path
from desktop_app.recording.recorder import VideoRecorder, recover_recordings
from desktop_app.recording.snapshot import media_path, save_snapshot
from desktop_app.system.file_lock import FileLock
from tests.patience import AT_ONCE_S, HANGS_S, PATIENCE_S

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
    let_go = threading.Event()

    def slow(r: FrameResult) -> np.ndarray:
        let_go.wait(HANGS_S)
        drawn.append(r.frame.index)
        return draw(r)

    recorder = VideoRecorder(tmp_path / "a.mp4", slow)
    started = time.monotonic()
    for i in range(100):
        recorder.on_result(result(i, i / 25))
    assert time.monotonic() - started < AT_ONCE_S
    let_go.set()
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
    process.wait(PATIENCE_S)
    process.stdout.close()
    (partial,) = tmp_path.iterdir()
    # What is there plays as it is, before anybody has repaired it, and all but the last second is there.
    assert len(decode(partial)) >= 375

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
    out = process.communicate(timeout=2 * PATIENCE_S)[0]
    assert "almost full" in out or "had to end" in out or "could not be" in out, out
    recover_recordings(tmp_path)
    files = [p.name for p in tmp_path.iterdir()]
    assert files == ["visit.mp4"]
    numbers = decode(tmp_path / "visit.mp4")
    assert len(numbers) > 20
    assert numbers == [i % 20 for i in range(len(numbers))]


def partial_of(folder: Path, seconds: int = 2, name: str = "a.mp4") -> Path:
    """A recording that was cut off after some seconds, as a kill leaves it."""
    recording = FragmentedMp4.create(folder / ".headcount-0123456789abcdef.mp4", {"target": name, "fps": 25})
    second = folder / "second.mp4"
    for start in range(0, 25 * seconds, 25):
        writer = cv2.VideoWriter(str(second), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (160, 120))
        for i in range(start, start + 25):
            writer.write(numbered(i))
        writer.release()
        assert recording.append(second.read_bytes()) == 25
    second.unlink(missing_ok=True)
    recording.abandon()
    return recording.path


@pytest.mark.parametrize("lost", [0, 1, 100, 2000])
def test_what_was_cut_off_anywhere_plays_up_to_the_second_before(tmp_path, lost) -> None:
    partial = partial_of(tmp_path, 4)
    data = partial.read_bytes()
    partial.write_bytes(data[: len(data) - lost])
    (recovery,) = recover_recordings(tmp_path)
    assert recovery.frames == (100 if lost == 0 else 75)
    assert decode(tmp_path / "a.mp4") == [i % 20 for i in range(recovery.frames)]
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_a_recording_cut_off_within_its_first_second_is_removed_and_said(tmp_path) -> None:
    partial_of(tmp_path, 0)
    (recovery,) = recover_recordings(tmp_path)
    assert recovery.frames == 0
    assert "within its first second" in recovery.message
    assert list(tmp_path.iterdir()) == []


def test_a_repaired_recording_never_replaces_another_file(tmp_path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"somebody's")
    partial_of(tmp_path)
    (recovery,) = recover_recordings(tmp_path)
    assert recovery.path.name == "a (2).mp4"
    assert recovery.frames == 50
    assert (tmp_path / "a.mp4").read_bytes() == b"somebody's"


def test_files_of_others_are_never_touched(tmp_path) -> None:
    folder, elsewhere = tmp_path / "videos", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    ours = partial_of(elsewhere)
    others = {
        "visit.recording.mp4": b"obs studio",
        "visit.recording.json": b'{"target": "visit.mp4", "width": 64, "height": 48, "fps": 25}',
        ".headcount-0000000000000000.mp4": b"\0\0\0\x1cftypisom" + bytes(5000),
        ".headcount-1111111111111111.mp4": b"",
    }
    for name, data in others.items():
        (folder / name).write_bytes(data)
    (folder / ".headcount-2222222222222222.mp4").mkdir()
    if os.name != "nt":
        (folder / ".headcount-3333333333333333.mp4").symlink_to(ours)
        os.mkfifo(folder / ".headcount-4444444444444444.mp4")
    before = ours.read_bytes()
    recover_recordings(folder)
    record(folder / "visit.mp4", [i / 25 for i in range(30)])
    for name, data in others.items():
        assert (folder / name).read_bytes() == data
    assert ours.read_bytes() == before


def test_a_recording_is_written_through_a_link(tmp_path) -> None:
    real = tmp_path / "disk"
    real.mkdir()
    (tmp_path / "visit.mp4").symlink_to(real / "long name.mp4")
    record(tmp_path / "visit.mp4", [i / 25 for i in range(30)])
    assert (tmp_path / "visit.mp4").is_symlink()
    assert len(decode(real / "long name.mp4")) == 30


def test_a_note_cannot_lead_out_of_the_folder(tmp_path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    partial_of(folder, name="../../evil.mp4")
    (recovery,) = recover_recordings(folder)
    assert recovery.path == folder / "evil.mp4"
    assert [p.name for p in tmp_path.iterdir()] == ["videos"]


def test_damaged_segments_are_refused(tmp_path) -> None:
    partial_of(tmp_path)
    recover_recordings(tmp_path)
    whole = (tmp_path / "a.mp4").read_bytes()
    rng = np.random.default_rng(3)
    for _ in range(200):
        data = bytearray(whole[: rng.integers(1, len(whole))])
        for at in rng.integers(0, len(data), 20):
            data[at] = rng.integers(0, 256)
        try:
            read_segment(bytes(data))
        except NotAnMp4Error:
            continue


@pytest.mark.parametrize(
    ("kind", "at", "value"),
    [(b"stsc", 12, b"\0\0\0\2"), (b"stsz", 8, b"\x7f\xff\xff\xff\x7f\xff\xff\xff")],
    ids=["a chunk of which nothing is said", "more pictures than fit into the file, or into memory"],
)
def test_an_index_that_contradicts_itself_is_refused(tmp_path, kind, at, value) -> None:
    path = tmp_path / "a.mp4"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (160, 120))
    for i in range(5):
        writer.write(numbered(i))
    writer.release()
    data = bytearray(path.read_bytes())
    assert len(read_segment(bytes(data)).samples) == 5
    begin = data.index(kind) + at
    data[begin : begin + len(value)] = value
    with pytest.raises(NotAnMp4Error):
        read_segment(bytes(data))


def test_a_long_recording_has_the_length_and_the_pictures_it_should(tmp_path) -> None:
    target = tmp_path / "a.mp4"
    record(target, [i / 25 for i in range(330)])
    capture = cv2.VideoCapture(str(target))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 330
    assert capture.get(cv2.CAP_PROP_FPS) == 25.0
    capture.set(cv2.CAP_PROP_POS_FRAMES, 290)
    ok, picture = capture.read()
    assert ok
    assert round((float(picture[55:65, 75:85].mean()) - 30) / 10) == 290 % 20
    assert decode(target) == [i % 20 for i in range(330)]


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
