"""Whether a file can be a video, and what to say where it is none."""

from __future__ import annotations

from pathlib import Path

from desktop_app.errors import SourceError
from desktop_app.sources.completeness import Completeness, completeness
from desktop_app.sources.containers import (
    A_PICTURE,
    A_PLAYLIST,
    A_SOUND_FILE,
    A_TEXT_FILE,
    ARCHIVES,
    UNREADABLE_PICTURES,
    exists,
    is_file,
    is_folder,
    is_readable,
    looks_like,
    missing_file,
)
from desktop_app.system.safe_file import open_regular

_MOST_PLAYLIST_BYTES = 64 * 2**20

TEXT_SUFFIXES: frozenset[str] = frozenset({".m3u8", ".m3u", ".sdp", ".mpd"})
"""Text files that do lead to a video."""

_READABLE_KINDS = "Headcount reads mp4, mov, mkv, webm, avi, wmv, flv, mpg, gif and raw .264 files, among others."


def check_video_file(path: Path, name: str) -> tuple[bool, int]:
    """Return whether a file is a playlist, and its size in bytes.

    Raises SourceError, which calls the file `name`, if it is missing, empty, not readable or surely not a video.
    """
    shown = f"“{name}”"
    if is_folder(path):
        raise SourceError(f"{shown} is a folder, not a video file.", "Choose a video file, or a folder of pictures.")
    if not exists(path):
        raise missing_file(path)
    if not is_file(path):  # a pipe would be waited for without end
        raise SourceError(
            f"{shown} is a device or a pipe, not a video file.",
            "Choose a video file. A camera is chosen by its number or name, like camera:0.",
        )
    if not is_readable(path):
        raise SourceError(
            f"You are not permitted to read {shown}.",
            "Change the file's permissions, or copy it to a folder of your own.",
        )
    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise SourceError(f"The file {shown} is empty.", "Copy or download it again.")
    what, suffix = looks_like(path), path.suffix.lower()
    if what == A_TEXT_FILE and suffix not in TEXT_SUFFIXES:  # FFmpeg would show its letters as a video
        raise not_a_video(path, name)
    if what == A_PICTURE and suffix not in (".mjpg", ".mjpeg"):
        # FFmpeg would show it as a video of one frame, in which nobody can be confirmed.
        raise SourceError(f"The file {shown} is not a video; it is a picture.", "Open it under a name like x.jpg.")
    if what == A_SOUND_FILE:  # FFmpeg would show its cover as a video
        raise only_sound(name)
    if what in UNREADABLE_PICTURES:
        raise SourceError(f"The file {shown} is {what}.", "Save it as jpg or png and open that.")
    return what == A_PLAYLIST, size_bytes


def is_unfinished_playlist(path: Path) -> bool:
    """Tell whether a playlist on the disk names segments and no end (RFC 8216, 4.3.3.4), as of a running stream."""
    try:
        with open_regular(path, _MOST_PLAYLIST_BYTES) as file:
            text = file.read()
    except OSError:
        return False
    return b"#EXT-X-TARGETDURATION" in text and b"#EXT-X-ENDLIST" not in text


def only_sound(name: str) -> SourceError:
    """Return the error for a file without a video."""
    return SourceError(f"The file “{name}” holds only sound and no video.", "Choose a file that holds a video.")


def not_a_video(path: Path, name: str) -> SourceError:
    """Return the error for a file that FFmpeg cannot open, with what it is instead."""
    shown = f"“{name}”"
    if completeness(path) in (Completeness.NO_INDEX, Completeness.CUT, Completeness.CUT_AT_END):
        return SourceError(
            f"The file {shown} is incomplete: the recording or the copy was interrupted before its end.",
            "Copy or download it again, or record it again.",
        )
    what = looks_like(path)
    if what == A_PLAYLIST:
        return SourceError(
            f"The playlist {shown} leads to no video that can be read.",
            "Open the videos that it names: one of them, or all with “Many files at once”.",
        )
    if what:
        remedy = "Unpack it and open what is in it." if what in ARCHIVES else _READABLE_KINDS
        return SourceError(f"The file {shown} is not a video; it looks like {what}.", remedy)
    return SourceError(
        f"The file {shown} is not a video that can be read: it is damaged, of an unknown kind, or holds only sound.",
        _READABLE_KINDS,
    )
