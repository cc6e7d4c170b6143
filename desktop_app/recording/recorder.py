"""Records the annotated picture as a video, beside the count and never in its way.

A recording is written as `NAME.recording.mp4` and gets its real name when it is whole. A small file
beside it, locked while the recording runs, says how to repair it, so that the next start can finish what a
crash or a power cut left behind (`recover_recordings`).
"""

from __future__ import annotations

import json
import logging
import math
import shutil
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
from desktop_app.recording.mp4_repair import FOURCC, is_complete, repair_mp4
from desktop_app.recording.output_path import check_output_path
from desktop_app.system.file_lock import FileLock

log = logging.getLogger(__name__)

PARTIAL_SUFFIX = ".recording.mp4"
NOTE_SUFFIX = ".recording.json"
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
        self.target = target
        self._partial = target.with_name(target.stem + PARTIAL_SUFFIX)
        self._note = target.with_name(target.stem + NOTE_SUFFIX)
        self._draw = draw
        self._fps = round(fps, 3)
        self._on_error = on_error
        self._on_done = on_done
        self._free_bytes = free_bytes
        if free_bytes(target.parent) < RESERVE_BYTES:
            raise OutputError(f"The disk with {target.parent} is full.", "Free some space before you record.")
        policy = ChannelPolicy.BLOCKING if wait_when_full else ChannelPolicy.NEWEST_WINS
        self._queue: Channel[FrameResult] = Channel(8, policy)
        self._lock: FileLock | None = None
        self._writer: cv2.VideoWriter | None = None
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
        except (OutputError, OSError, cv2.error) as error:
            self._fail(error)
        finally:
            self._queue.close()
            try:
                self._result = self._finish()
            except (OutputError, OSError, cv2.error) as error:
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
        if self._writer is None:
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
        note = {"target": self.target.name, "width": self._size[0], "height": self._size[1], "fps": self._fps}
        self._note.write_text(json.dumps(note), encoding="utf-8")
        self._lock = FileLock(self._note)
        self._lock.acquire()
        self._writer = cv2.VideoWriter(str(self._partial), cv2.CAP_FFMPEG, FOURCC, self._fps, self._size)
        if not self._writer.isOpened():
            raise OutputError(f"The video {self.target} cannot be written.", "Choose another folder.")

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
        assert self._writer is not None
        # OpenCV does not say when a write fails, so the room is looked at before it runs out.
        if self._written % _CHECK_EVERY == 0 and self._free_bytes(self.target.parent) < RESERVE_BYTES:
            raise _disk_full(self.target.parent)
        self._writer.write(picture)
        self._written += 1

    def _finish(self) -> Path | None:
        try:
            if self._writer is None:
                return None
            self._writer.release()
            if self._written and not is_complete(self._partial):
                # The index did not fit or the writes failed: save what is there.
                if not repair_mp4(self._partial, *self._size, self._fps):
                    raise OutputError(
                        f"The recording {self.target.name} could not be saved.", "Check the disk, then record again."
                    )
                if self._error is None:
                    self._fail(_disk_full(self.target.parent))
            if not self._written:
                self._partial.unlink(missing_ok=True)
                self._note_done()
                return None
            self._partial.replace(self.target)
            self._note_done()
            return self.target
        finally:
            if self._lock is not None:
                self._lock.release()

    def _note_done(self) -> None:
        if self._lock is not None:
            self._lock.release()  # an open file cannot be removed on Windows
        self._note.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of a recording that was cut off: `frames` pictures are in `path`, or nothing could be saved."""

    path: Path
    frames: int
    message: str


def recover_recordings(folder: Path) -> list[Recovery]:
    """Repair or remove what a killed program left in `folder`. Recordings that still run are left alone.

    Returns one entry for each, with a plain sentence to show. Never raises for what is in the folder.
    """
    found: list[Recovery] = []
    if not folder.is_dir():
        return found
    for note in sorted(folder.glob("*" + NOTE_SUFFIX)):
        lock = FileLock(note)
        if not lock.acquire():
            continue
        try:
            found.append(_recover(note))
        except (OutputError, OSError, cv2.error) as error:
            found.append(Recovery(note, 0, f"The cut-off recording of {note.name} could not be repaired: {error}"))
            log.warning(found[-1].message)
            continue
        finally:
            lock.release()
        note.unlink(missing_ok=True)
    return found


def _recover(note: Path) -> Recovery:
    stem = note.name.removesuffix(NOTE_SUFFIX)
    partial = note.with_name(stem + PARTIAL_SUFFIX)
    target = note.with_name(stem + ".mp4")
    if not partial.is_file():
        return Recovery(target, 0, f"The recording {target.name} was cut off before its first picture.")
    if is_complete(partial):
        frames = int(cv2.VideoCapture(str(partial)).get(cv2.CAP_PROP_FRAME_COUNT))
    else:
        try:
            told = json.loads(note.read_text(encoding="utf-8"))
            frames = repair_mp4(partial, int(told["width"]), int(told["height"]), float(told["fps"]))
        except (ValueError, KeyError, TypeError):
            frames = 0
    if not frames:
        partial.unlink()
        return Recovery(target, 0, f"The recording {target.name} was cut off before its first picture.")
    target = free_name(target)
    partial.replace(target)
    return Recovery(target, frames, f"A recording that was cut off was repaired: {target.name}.")


def free_name(path: Path) -> Path:
    """Return `path`, or with " (2)" and so on before its suffix where that is taken."""
    candidate, n = path, 1
    while candidate.exists():
        n += 1
        candidate = path.with_name(f"{path.stem} ({n}){path.suffix}")
    return candidate
