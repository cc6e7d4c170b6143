"""Records the annotated picture as a video, beside the count and never in its way.

A recording is written to a hidden file of its own, second by second, and gets its real name when it is whole. The file
says itself that it is ours and for what it was meant, and is locked while the recording runs, so that the next start
can finish what a crash or a kill left behind (`recover_recordings`) and touches nothing else.
"""

from __future__ import annotations

import logging
import math
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import FrameResult
from desktop_app.engine.channel import Channel, ChannelClosed, ChannelPolicy
from desktop_app.engine.state import EngineObserver
from desktop_app.errors import OutputError
from desktop_app.recording.fragmented_mp4 import FragmentedMp4, NotAnMp4Error, reopen
from desktop_app.recording.output_path import check_output_path
from desktop_app.system.native_names import own_folder
from desktop_app.system.plain_text import printable
from desktop_app.system.safe_write import is_special, real_target

log = logging.getLogger(__name__)

FOURCC = cv2.VideoWriter.fourcc(*"mp4v")
PARTIAL_PREFIX, PARTIAL_SUFFIX = ".headcount-", ".mp4"
SEGMENT_S = 1.0
"""What a kill costs at most: the second that was not yet appended."""

RESERVE_BYTES = 64 * 2**20
"""Free space below which a recording ends itself while there is still room to finish the file."""

LONGEST_STILL_S = 5.0
MAX_SIDE = 3840
_CHECK_EVERY = 25

Draw = Callable[[FrameResult], NDArray[np.uint8]]


def _disk_full(folder: Path) -> OutputError:
    return OutputError(
        f"The disk with {folder} is almost full, so the recording was ended and saved.",
        "Counting goes on. Free some space before you record again.",
    )


class VideoRecorder(EngineObserver):
    """Writes what `draw` makes of each result to an MP4 of constant rate.

    Frames come by the media clock and go by it too: one that comes late is preceded by repeats of the one before, and
    one too many is left out, so that the recording keeps time whatever the source's rate. Longer gaps than
    5 seconds (a lost stream, a seek) are cut short.

    `wait_when_full` slows the caller down instead of leaving frames out: right for a file, wrong for a camera.
    `on_error` and `on_done` (with the finished file, or None where nothing came) are called on the recorder's thread.
    """

    def __init__(
        self,
        target: Path,
        draw: Draw,
        fps: float = 25.0,
        *,
        wait_when_full: bool = False,
        on_error: Callable[[OutputError], None] | None = None,
        on_done: Callable[[Path | None], None] | None = None,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        """Raise OutputError where `target` (an .mp4) cannot be written."""
        if target.suffix.lower() != ".mp4":
            raise OutputError(f"The video {target.name} must end in .mp4.", "Choose such a name.")
        if not 1 <= fps <= 120:
            raise OutputError(f"A video cannot have {fps:g} frames per second.", "Choose 1 to 120.")
        check_output_path(target)
        if is_special(target):
            raise OutputError(f"{printable(str(target))} is a pipe or a device.", "Record to a file.")
        self.target = target
        self._real = real_target(target)
        self._draw = draw
        self._fps = round(fps, 3)
        self._on_error = on_error
        self._on_done = on_done
        self._free_bytes = free_bytes
        if free_bytes(target.parent) < RESERVE_BYTES:
            raise OutputError(f"The disk with {target.parent} is full.", "Free some space before you record.")
        policy = ChannelPolicy.BLOCKING if wait_when_full else ChannelPolicy.NEWEST_WINS
        self._queue: Channel[FrameResult] = Channel(8, policy)
        self._file: FragmentedMp4 | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._writer: cv2.VideoWriter | None = None
        self._in_segment = 0
        self._size = (0, 0)
        self._last: NDArray[np.uint8] | None = None
        self._origin_s = 0.0
        self._written = 0
        self._error: OutputError | None = None
        self._done = threading.Event()
        self._result: Path | None = None
        self._thread = threading.Thread(target=self._run, name="headcount-recorder", daemon=True)
        self._thread.start()

    @property
    def frames(self) -> int:
        """How many pictures are in the video so far."""
        return self._written

    @property
    def error(self) -> OutputError | None:
        return self._error

    @property
    def recording(self) -> bool:
        return not self._done.is_set()

    def on_result(self, result: FrameResult) -> None:
        """Hand a result over. Never raises and, unless `wait_when_full`, never waits."""
        try:
            self._queue.put(result)
        except ChannelClosed:
            return  # the recording has ended, by itself or by `stop`; counting goes on

    def stop(self, timeout_s: float = 30.0) -> Path | None:
        """Finish the file and return it, or None where nothing was recorded or it is not finished in time."""
        self._queue.close()
        self._done.wait(timeout_s)
        return self._result

    def request_stop(self) -> None:
        """Finish the file in the background; `on_done` tells."""
        self._queue.close()

    # ---- on the recorder's thread

    def _run(self) -> None:
        try:
            while True:
                result = self._queue.get()
                if result is not None:
                    self._add(result)
        except ChannelClosed:
            log.debug("the recording ends")
        except (OutputError, OSError, NotAnMp4Error, cv2.error) as error:
            self._fail(error)
        finally:
            self._queue.close()
            try:
                self._result = self._finish()
            except (OutputError, OSError, NotAnMp4Error, cv2.error) as error:
                self._fail(error)
            self._done.set()
            if self._on_done is not None:
                self._on_done(self._result)

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, OutputError):
            error = OutputError(
                f"The recording {self.target.name} had to end ({error}).",
                "Counting goes on. Check the disk, then record again.",
            )
        self._error = self._error or error
        if self._on_error is not None:
            self._on_error(error)

    def _add(self, result: FrameResult) -> None:
        time_s = result.frame.time_s
        picture = self._draw(result)
        if self._file is None:
            self._open(picture)
            self._origin_s = time_s
        # The nearest place, and the earlier of two: a source of twice the rate then keeps every other picture.
        due = math.ceil((time_s - self._origin_s) * self._fps - 0.5 - 1e-6)
        if due - self._written > LONGEST_STILL_S * self._fps or due < self._written - 1:
            # A gap, or the clock was set back: go on from here.
            self._origin_s = time_s - self._written / self._fps
            due = self._written
        while self._written < due and self._last is not None:
            self._write(self._last)
        self._last = self._fitted(picture)
        if self._written == due:
            self._write(self._last)

    def _open(self, picture: NDArray[np.uint8]) -> None:
        height, width = picture.shape[:2]
        shrink = min(1.0, MAX_SIDE / max(width, height))
        # The codec stores colour for pairs of pixels, so both sides are even.
        self._size = (max(2, int(width * shrink) // 2 * 2), max(2, int(height * shrink) // 2 * 2))
        note: dict[str, object] = {"target": self._real.name, "fps": self._fps}
        partial = self._real.with_name(f"{PARTIAL_PREFIX}{secrets.token_hex(8)}{PARTIAL_SUFFIX}")
        self._folder = own_folder("recording")
        self._file = FragmentedMp4.create(partial, note)

    @property
    def _segment(self) -> Path:
        assert self._folder is not None
        return Path(self._folder.name) / "second.mp4"

    def _begin_segment(self) -> cv2.VideoWriter:
        writer = cv2.VideoWriter(str(self._segment), cv2.CAP_FFMPEG, FOURCC, self._fps, self._size)
        if not writer.isOpened():
            raise OutputError(f"The video {printable(str(self.target))} cannot be written.", "Choose another folder.")
        return writer

    def _end_segment(self) -> None:
        """Append the pictures encoded so far; from here on a kill does not lose them."""
        if self._writer is None or self._file is None:
            return
        self._writer.release()
        self._writer, wanted, self._in_segment = None, self._in_segment, 0
        if self._file.append(self._segment.read_bytes()) != wanted:
            raise _disk_full(self.target.parent)

    def _fitted(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Bring a picture of another size (a stream that changed) into the video's, with bars rather than stretched."""
        width, height = self._size
        if picture.shape[:2] == (height, width):
            return picture
        if 0 <= picture.shape[0] - height <= 1 and 0 <= picture.shape[1] - width <= 1:
            return np.ascontiguousarray(picture[:height, :width])
        scale = min(width / picture.shape[1], height / picture.shape[0])
        w, h = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
        canvas = np.zeros((height, width, 3), np.uint8)
        x, y = (width - w) // 2, (height - h) // 2
        canvas[y : y + h, x : x + w] = cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA)
        return canvas

    def _write(self, picture: NDArray[np.uint8]) -> None:
        # OpenCV does not say when a write fails, so the room is looked at before it runs out.
        if self._written % _CHECK_EVERY == 0 and self._free_bytes(self._real.parent) < RESERVE_BYTES:
            raise _disk_full(self.target.parent)
        if self._writer is None:
            self._writer = self._begin_segment()
        self._writer.write(picture)
        self._written += 1
        self._in_segment += 1
        if self._in_segment >= SEGMENT_S * self._fps:
            self._end_segment()

    def _finish(self) -> Path | None:
        try:
            if self._file is None:
                return None
            try:
                self._end_segment()
            except (OutputError, OSError, NotAnMp4Error) as error:
                self._fail(error)
            if not self._file.finish():
                self._file.path.unlink(missing_ok=True)
                return None
            self._file.path.replace(self._real)
            return self.target
        finally:
            if self._folder is not None:
                self._folder.cleanup()


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of a recording that was cut off: `frames` pictures are in `path`, or nothing could be saved."""

    path: Path
    frames: int
    message: str


def recover_recordings(folder: Path) -> list[Recovery]:
    """Finish what a killed program of ours left in `folder`. Recordings that still run are left alone, and so is
    every file that does not say itself that it is a recording of ours.

    Returns one entry for each, with a plain sentence to show. Never raises for what is in the folder.
    """
    found: list[Recovery] = []
    if not folder.is_dir():
        return found
    for partial in sorted(folder.glob(f"{PARTIAL_PREFIX}*{PARTIAL_SUFFIX}")):
        try:
            recovery = _recover(partial)
        except (OSError, cv2.error) as error:
            shown = printable(partial.name)
            recovery = Recovery(partial, 0, f"The cut-off recording {shown} could not be repaired: {error}")
            log.warning(recovery.message)
        if recovery is not None:
            found.append(recovery)
    return found


def _recover(partial: Path) -> Recovery | None:
    recording = reopen(partial)
    if recording is None:
        return None
    # Only the name: a note that was tampered with must not lead to another folder.
    name = Path(str(recording.note.get("target", ""))).name
    target = partial.with_name(name if name.lower().endswith(".mp4") and name != partial.name else "Recording.mp4")
    frames = recording.finish()
    if not frames:
        partial.unlink()
        return Recovery(target, 0, f"The recording {printable(target.name)} was cut off within its first second.")
    target = free_name(target)
    partial.rename(target)
    return Recovery(target, frames, f"A recording that was cut off was repaired: {printable(target.name)}.")


def free_name(path: Path) -> Path:
    """Return `path`, or with " (2)" and so on before its suffix where that is taken."""
    candidate, n = path, 1
    while candidate.exists():
        n += 1
        candidate = path.with_name(f"{path.stem} ({n}){path.suffix}")
    return candidate
