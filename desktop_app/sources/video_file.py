"""Video files of every kind that OpenCV's FFmpeg decodes."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources import ffmpeg_library
from desktop_app.sources.base import SourceInfo, SourceKind
from desktop_app.sources.capture import CaptureFactory, CaptureHandle, open_capture
from desktop_app.sources.clock import DEFAULT_FPS, MediaClock, sane_duration_s, sane_fps
from desktop_app.sources.completeness import Completeness, completeness
from desktop_app.sources.containers import exists
from desktop_app.sources.ffmpeg_capture import may_be_interlaced, sound_length_s, unread_share
from desktop_app.sources.ffmpeg_end import ends_within_picture, is_raw_stream
from desktop_app.sources.pixel_shape import SizeChanges, codec_of, shown_size, too_many_pixels
from desktop_app.sources.seen_time import LONGEST_PAUSE_S, SeenTime
from desktop_app.sources.still_watch import StillWatch
from desktop_app.sources.tracks import PatchedFile, patched, read_tracks
from desktop_app.sources.video_check import check_video_file, is_unfinished_playlist, not_a_video, only_sound
from desktop_app.system.plain_text import printable

VIDEO_SUFFIXES: frozenset[str] = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".wmv", ".asf", ".flv", ".f4v", ".mpg", ".mpeg", ".m2v", ".ts"}
    | {".mts", ".m2ts", ".vob", ".ogv", ".ogg", ".3gp", ".3g2", ".gif", ".264", ".h264", ".265", ".h265", ".hevc"}
    | {".mjpg", ".mjpeg", ".mxf", ".dv", ".y4m", ".rm", ".rmvb", ".divx", ".ivf", ".nut"}
)
"""Endings that are taken for video; other files are tried as well."""

_FEW_UNDECODED = 0.05
"""The share of damaged pictures up to which nothing is said: the tracker bridges single ones."""

_MOST_DAMAGED_IN_A_ROW = 500

_SHORTEST_DAMAGE_S = 0.5
"""How far behind a place that cannot be read the first try to go on is made; each further one is twice as far."""

_MOST_HOLES = 50
_MOST_UNREAD = 0.15
"""The share of a file up to which bytes that belong to no picture and no sound are the container's own."""

_LARGE_FILE_BYTES = 300 * 2**20
"""A file larger than this is not read through to find the size of its pictures after a search in it."""


class VideoFileSource:
    """A video file, every frame in order, on the clock of the file.

    The rotation stored in the file is applied. With `loop` the file starts over at its end, the clock and the frame
    index rising on; `position_s` then tells where in the file the latest frame was.

    A file whose copy or recording was interrupted gives all the frames there are and then raises `SourceError`;
    whatever was counted up to there stands. A header that merely names too many frames ends like any other file.

    `title` is shown instead of the file's name. `open_capture_with` makes the `cv2.VideoCapture`; the tests give their
    own.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        loop: bool = False,
        title: str = "",
        open_capture_with: CaptureFactory = open_capture,
    ) -> None:
        self._path = Path(path)
        self._loop = loop
        self._open_capture = open_capture_with
        self._info = SourceInfo(name=printable(title or self._path.name), kind=SourceKind.FILE, is_live=False)
        self._closed = threading.Event()
        self._handle: CaptureHandle | None = None
        self._clock = MediaClock(DEFAULT_FPS)
        self._index = 0
        self._frames_this_lap = 0
        self._lap_start_s = 0.0
        self._last_time_s = 0.0
        self._pending_s: float | None = None
        self._ended = False
        self._file: PatchedFile | None = None
        self._changes: SizeChanges | None = None
        self._grabbed = 0
        self._undecoded = 0
        self._seen = SeenTime()
        self._is_playlist = False
        self._size_bytes = 0
        self._holes: list[str] = []
        self._may_have_sound = False
        self._resumed_s = -math.inf
        self._is_wanted: Callable[[float], bool] | None = None
        self._image: NDArray[np.uint8] | None = None
        self._still: StillWatch | None = None

    @property
    def info(self) -> SourceInfo:
        return self._info

    @property
    def path(self) -> Path:
        return self._path

    @property
    def omissions(self) -> tuple[str, ...]:
        """What of the file was not seen, one sentence each."""
        holes = self._seen.omissions(self._info.name, self._info.duration_s) if self._is_playlist else ()
        holes += tuple(dict.fromkeys(self._holes)) + self._seen.too_far_apart(self._info.name)
        holes = holes or self._seen.long_holes(self._info.name)
        if self._still is not None and self._still.never_changed:
            holes += (
                f"The picture of “{self._info.name}” never changed. If another program shows more of it, it is "
                "interlaced: convert it there to MP4 (H.264, not interlaced).",
            )
        if self._undecoded <= _FEW_UNDECODED * max(self._index, 1):
            return holes
        return (*holes, f"{self._undecoded} of {self._index} pictures of “{self._info.name}” could not be decoded.")

    @property
    def position_s(self) -> float:
        """Where in the file the latest frame was, in seconds."""
        return self._last_time_s - self._lap_start_s

    def open(self) -> None:
        """Open the file. Raises SourceError if it is missing, empty, not readable, incomplete or not a video."""
        if self._closed.is_set():
            return
        self._is_playlist, self._size_bytes = check_video_file(self._path, self._info.name)
        self._handle = self._open_handle()
        fps = self._handle.get(cv2.CAP_PROP_FPS)
        duration_s = sane_duration_s(self._handle.get(cv2.CAP_PROP_FRAME_COUNT), fps)
        self._clock = MediaClock(fps, duration_s)
        if ffmpeg_library.ffmpeg_library() is None and may_be_interlaced(self._handle.get(cv2.CAP_PROP_FOURCC)):
            self._still = StillWatch()
        width, height = shown_size(self._handle)
        self._info = replace(
            self._info,
            width=width,
            height=height,
            fps=sane_fps(fps),
            duration_s=duration_s,
            seekable=True,
        )
        if self._closed.is_set():
            self._handle.close()

    def read(self) -> Frame | None:
        """Return the next frame, None at the end. Raises SourceError where the file breaks off."""
        handle = self._handle
        if handle is None or self._ended or self._closed.is_set():
            return None
        while True:
            time_s = self._pending_s if self._pending_s is not None else self._grab()
            self._pending_s = None
            if time_s is None:
                if self._closed.is_set() or not self._start_over():
                    return None
                handle = self._handle
                continue
            is_repeat = self._is_wanted is not None and not self._is_wanted(time_s) and self._image is not None
            image = self._image if is_repeat or handle is None else handle.retrieve()
            if image is None and self._closed.is_set():  # closed by another thread meanwhile: nothing is wrong with it
                return None
            index = self._index
            self._index += 1
            self._last_time_s = time_s
            self._seen.note(time_s, self._clock.step_s)
            if image is None:  # one frame that cannot be decoded is a dropped frame, not the end
                self._undecoded += 1
                continue
            self._frames_this_lap += 1
            if self._still is not None and not is_repeat:
                self._still.note(image)
            if self._is_wanted is not None:
                self._image = image
            return Frame(image, time_s, index, time.perf_counter(), is_repeat)

    def leave_out_pictures(self, is_wanted: Callable[[float], bool]) -> None:
        """Turn only those pictures into BGR that are wanted, see `PictureSkipper`: a third of the cost of decoding."""
        self._is_wanted = is_wanted

    def seek(self, time_s: float) -> None:
        """Make the next frame the first one at or after `time_s`, a position in the file in seconds.

        Past the end the source ends. Where the container cannot be searched, the file is read from its start up to
        there. Raises SourceError if the file has gone.
        """
        if self._handle is None or self._closed.is_set():
            return
        target_s = max(0.0, time_s if math.isfinite(time_s) else 0.0)
        self._seen.jumped(target_s)
        self._image = None
        self._resumed_s = -math.inf
        self._ended = False
        self._pending_s = None
        if not self._seek_in_container(target_s):
            self._reopen()
            self._grab_up_to(target_s)

    def close(self) -> None:
        self._closed.set()
        if self._handle is not None:
            self._handle.close()
        if self._changes is not None:
            self._changes.close()
        if self._file is not None:
            self._file.close()

    def _open_handle(self) -> CaptureHandle:
        if self._file is None:
            tracks = read_tracks(self._path)
            self._may_have_sound = not tracks.tracks or any(track.kind == "sound" for track in tracks.tracks)
            if tracks.only_sound:
                raise only_sound(self._info.name)
            try:
                self._file = patched(self._path, tracks.patches())
            except OSError as error:
                raise SourceError(
                    f"The file “{self._info.name}” cannot be read ({error.strerror or error}).",
                    "Give it another name, or copy it to another folder.",
                ) from error
        # An absolute path, so that FFmpeg takes no file name for a protocol ("my:clip.mp4").
        capture = self._open_capture(self._file.address, cv2.CAP_FFMPEG, ())
        if not capture.isOpened():
            capture.release()
            raise not_a_video(self._path, self._info.name)
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        handle = CaptureHandle(capture)
        size = shown_size(handle)
        if too_many_pixels(size):
            handle.close()
            raise SourceError(
                f"The pictures of “{self._info.name}” are too large: {size[0]}x{size[1]} pixels.",
                "Save the video with smaller pictures; 1920x1080 is plenty.",
            )
        handle.show_as(size if all(size) else None)
        self._follow_size(handle)
        return handle

    def _follow_size(self, handle: CaptureHandle) -> None:
        self._grabbed = 0
        if self._changes is not None:
            self._changes.close()
            self._changes = None
        if self._file is not None and codec_of(int(handle.get(cv2.CAP_PROP_FOURCC))) is not None:
            self._changes = SizeChanges(self._file.address, open_capture_with=self._open_capture)

    def _grab(self) -> float | None:
        stamp_s = self._next_stamp()
        return None if stamp_s is None else self._clock.next(stamp_s)

    def _next_stamp(self) -> float | None:
        handle = self._handle
        stamp_s = handle.grab() if handle is not None else None
        if stamp_s is None and handle is not None:
            stamp_s = self._after_damage(handle)
        if stamp_s is not None and stamp_s < self._resumed_s - 1.0:  # the search led back to what was seen
            return None
        if stamp_s is not None and handle is not None and self._changes is not None:
            size = self._changes.at(self._grabbed, stamp_s)
            if size is not None:
                handle.show_as(size)
        self._grabbed += 1
        return stamp_s

    def _after_damage(self, handle: CaptureHandle) -> float | None:
        """Go on behind pictures that cannot be decoded, at which OpenCV reports the end; None where it is the end."""
        duration_s, last_s = self._info.duration_s, self._clock.last_s
        seen_s = (last_s - self._lap_start_s if last_s is not None else 0.0) + 2 * self._clock.step_s
        tries = 3 if duration_s is None or seen_s >= duration_s else _MOST_DAMAGED_IN_A_ROW
        for damaged in range(1, tries + 1):
            if self._closed.is_set():
                return None
            stamp_s = handle.grab()
            if stamp_s is not None:
                self._undecoded += damaged
                self._index += damaged
                return stamp_s
        return self._behind_damage(handle)

    def _behind_damage(self, handle: CaptureHandle) -> float | None:
        """Search for pictures behind a place at which the container cannot be read on; None where the file ends."""
        duration_s = self._info.duration_s
        last_s = (self._clock.last_s or 0.0) - self._lap_start_s
        if self._is_playlist or duration_s is None or len(self._holes) >= _MOST_HOLES:
            return None
        ahead_s = _SHORTEST_DAMAGE_S
        while last_s + ahead_s < duration_s - self._clock.step_s and not self._closed.is_set():
            stamp_s = handle.grab() if handle.set(cv2.CAP_PROP_POS_MSEC, (last_s + ahead_s) * 1000.0) else None
            if stamp_s is not None and last_s + 0.5 * self._clock.step_s < stamp_s < duration_s + 1.0:
                self._holes.append(self._nothing_from(last_s, stamp_s))
                self._resumed_s = stamp_s
                if self._changes is not None:
                    self._follow_size_from(handle, stamp_s)
                return stamp_s
            ahead_s *= 2
        return None

    def _nothing_from(self, start_s: float, end_s: float) -> str:
        return f"From {start_s:.1f} s to {end_s:.1f} s nothing of “{self._info.name}” could be read."

    def _start_over(self) -> bool:
        """At the end: begin the next lap, or say that this was the end. Raises SourceError if it came too early."""
        frames, self._frames_this_lap = self._frames_this_lap, 0
        if self._loop and frames:
            self._lap_start_s = self._last_time_s + self._clock.step_s
            self._reopen(same_clock=True)
            return True
        self._ended = True
        if self._index == 0 and self._completeness() in (Completeness.CUT, Completeness.CUT_AT_END):
            raise not_a_video(self._path, self._info.name)
        if self._index == 0:
            raise SourceError(
                f"No picture could be read from “{self._info.name}”.", "The file is damaged; copy or download it again."
            )
        self._check_end()
        return False

    def _check_end(self) -> None:
        duration_s = self._info.duration_s
        end_s = self.position_s + self._clock.step_s
        early = duration_s is None or duration_s - end_s > 2 * self._clock.step_s + 0.01 * duration_s
        if not exists(self._path):
            if not early:  # a file that is open can be removed or renamed, and still be read to its end
                return
            raise SourceError(
                f"The file “{self._info.name}” has gone while it was read.",
                "Connect the drive again, then open the file again.",
            )
        is_written = self._path.stat().st_size != self._size_bytes and not self._is_playlist
        if is_written:
            self._holes.append(
                f"“{self._info.name}” was still being written while it was read; count it again when it is finished."
            )
        if self._is_playlist and is_unfinished_playlist(self._path):
            self._holes.append(f"“{self._info.name}” was saved while its stream was running: there may be more of it.")
        how = self._completeness()
        if (how is Completeness.CUT_AT_END and not is_written) or (early and how is Completeness.CUT):
            # Where no length is stated, the duration is that of what is there.
            of = f" of {duration_s:.0f} s" if how is Completeness.CUT and duration_s is not None else ""
            raise SourceError(
                f"The file “{self._info.name}” breaks off after {end_s:.1f} s{of}; it is incomplete.",
                "What was counted up to there stands. Copy or download the file again for the rest.",
            )
        if self._is_playlist or self._file is None:
            return
        gaps = self._seen.omissions(self._info.name, None)
        if early and duration_s is not None:
            gaps += (self._nothing_from(end_s, duration_s),)
        # A header may name a wrong duration, and a camera may pause, but then all of the file was read.
        if gaps and self._unread_share() > _MOST_UNREAD:
            self._holes += gaps
        elif self._may_have_sound and (sound_s := sound_length_s(self._file.address)) - end_s >= LONGEST_PAUSE_S:
            only = f"From {end_s:.0f} s to {sound_s:.0f} s “{self._info.name}” holds only sound: nobody could be seen."
            self._holes += [*self._seen.long_holes(self._info.name), only]

    def _completeness(self) -> Completeness:
        how = completeness(self._path)
        if how is Completeness.UNKNOWN and self._file is not None and is_raw_stream(self._path):
            return Completeness.CUT_AT_END if ends_within_picture(self._file.address, self._closed.is_set) else how
        return how

    def _unread_share(self) -> float:
        assert self._file is not None
        return unread_share(self._file.address, self._size_bytes, _MOST_UNREAD, self._closed.is_set)

    def _reopen(self, *, same_clock: bool = False) -> None:
        if self._handle is not None:
            self._handle.close()
        self._resumed_s = -math.inf
        self._handle = self._open_handle()
        if self._closed.is_set():
            self._handle.close()
        if same_clock:
            self._clock.continue_from_start()
        else:
            self._clock = MediaClock(self._info.fps, self._info.duration_s)
            self._lap_start_s = 0.0

    def _seek_in_container(self, target_s: float) -> bool:
        """Try the container's own search; False if it cannot be trusted to land at or before the target."""
        handle = self._handle
        if handle is None or self._info.duration_s is None or not (self._clock.stamps_move or self._index == 0):
            return False
        clock = MediaClock(self._info.fps, self._info.duration_s)
        for earlier_s in (0.0, 2.0):
            if not handle.set(cv2.CAP_PROP_POS_MSEC, max(0.0, target_s - earlier_s) * 1000.0):
                return False
            stamp_s = handle.grab()
            if stamp_s is not None and self._changes is not None:
                self._follow_size_from(handle, stamp_s)
            if stamp_s is not None and stamp_s <= target_s + 0.5 * clock.step_s:
                self._clock = clock
                self._lap_start_s = 0.0
                self._pending_s = clock.next(stamp_s)
                self._grab_up_to(target_s)
                return True
        return False

    def _follow_size_from(self, handle: CaptureHandle, stamp_s: float) -> None:
        if self._size_bytes > _LARGE_FILE_BYTES:
            if self._changes is not None:
                self._changes.close()
                self._changes = None
            return
        self._follow_size(handle)
        size = self._changes.skip_to(stamp_s) if self._changes is not None else None
        start = shown_size(handle)
        handle.show_as(size or (start if all(start) else None))

    def _grab_up_to(self, target_s: float) -> None:
        while not self._closed.is_set():
            if self._pending_s is None:
                self._pending_s = self._grab()
                if self._pending_s is None:
                    self._ended = True
                    return
            if self._pending_s >= target_s - 0.5 * self._clock.step_s:
                return
            self._pending_s = None
