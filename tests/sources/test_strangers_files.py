"""In a process that reads what strangers sent, FFmpeg opens that file and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from desktop_app.resources import demo_clip
from desktop_app.system.child import run_in_child


def frames_of(path: str, closed: bool) -> int:
    """Return how many frames can be read of a file, at most 3; in a child, because closing has no way back."""
    import cv2

    from desktop_app.sources import ffmpeg_options

    if closed:
        ffmpeg_options.close_to_strangers()
    with ffmpeg_options.ffmpeg_options(path):
        capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    count = 0
    while count < 3 and capture.isOpened() and capture.read()[0]:
        count += 1
    capture.release()
    return count


@pytest.mark.slow
def test_lists_of_other_files_are_closed_and_videos_are_not(tmp_path: Path) -> None:
    clip = os.fspath(demo_clip())
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:40\n#EXTINF:30,\n{clip}\n#EXT-X-ENDLIST\n")
    concat = tmp_path / "list.ffconcat"
    concat.write_text(f"ffconcat version 1.0\nfile '{clip}'\n")
    assert run_in_child(frames_of, os.fspath(playlist), False) > 0, "the list works where it is allowed"
    for path in (playlist, concat):
        assert run_in_child(frames_of, os.fspath(path), True) == 0
    assert run_in_child(frames_of, clip, True) == 3


@pytest.mark.slow
def test_every_kind_of_clip_opens_all_the_same(shared_clips: Path) -> None:
    seen: dict[str, int] = {}
    for path in sorted(shared_clips.iterdir()):
        if path.suffix in (".mp4", ".webm", ".avi", ".wmv", ".flv", ".mkv", ".gif", ".264", ".mov"):
            seen.setdefault(path.suffix, 0)
            if seen[path.suffix] == 0:
                seen[path.suffix] = run_in_child(frames_of, os.fspath(path), True)
    assert all(seen.values()), seen
