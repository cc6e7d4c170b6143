"""Reads a source on a thread of its own, so that nobody ever waits for a hung one."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources.base import FrameSource, SourceKind
from desktop_app.sources.wrapper import SourceAround

_AHEAD = 3
"""How many frames of a source that is not live are read ahead."""

_threads_lock = threading.Lock()
_threads: set[threading.Thread] = set()


def wait_for_detached(timeout_s: float) -> bool:
    """Wait until every thread of a closed `DetachedReader` has ended, at most `timeout_s` seconds.

    Returns True if none is left. For the end of the program and for tests.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        with _threads_lock:
            _threads.difference_update({t for t in _threads if not t.is_alive()})
            left = next(iter(_threads), None)
        if left is None:
            return True
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return False
        left.join(remaining)


class DetachedReader(SourceAround):
    """A `FrameSource` around another one, which it opens and reads on a daemon thread.

    From a live source the newest frame wins: frames that nobody took in time are dropped, and show as gaps in
    `Frame.index`. From any other source every frame is handed on in order. `close` returns at once even when the
    backend hangs, and a `read` or `open` waiting here returns at once too; the thread ends when the backend's own time
    limit lets go of it.

    `open_limit_s` and `silence_limit_s` are this side's patience with a backend that has no time limit, in seconds:
    past them `open` and `read` raise a retryable SourceError.
    """

    def __init__(self, source: FrameSource, *, open_limit_s: float = 30.0, silence_limit_s: float = 20.0) -> None:
        for name, limit_s in (("open_limit_s", open_limit_s), ("silence_limit_s", silence_limit_s)):
            if not limit_s > 0:
                raise ValueError(f"{name} must be a positive number of seconds, not {limit_s!r}")
        super().__init__(source)
        self._open_limit_s = open_limit_s
        self._silence_limit_s = silence_limit_s
        self._changed = threading.Condition()
        self._frames: deque[Frame] = deque()
        self._opened = False
        self._closed = False
        self._finished = False
        self._error: Exception | None = None
        self._seek_to_s: float | None = None
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Start the thread and wait until the source is open.

        Raises what the source's `open` raises, SourceError past the limit.
        """
        with self._changed:
            if self._closed or self._thread is not None:
                return
            self._thread = self._start(self._run, "reader")
            done = self._changed.wait_for(
                lambda: self._opened or self._closed or self._error is not None, self._open_limit_s
            )
            if self._error is not None and not self._opened:
                raise self._error
            if not done:
                self._closed = True
                self._changed.notify_all()
        if not done:
            self._close_inside()
            raise self._silent("could not be opened", self._open_limit_s)

    def read(self) -> Frame | None:
        """Return the next (of a live source: the newest) frame, None at the end and after `close`.

        Raises what the source's `read` raises, SourceError if nothing comes for `silence_limit_s`.
        """
        with self._changed:
            done = self._changed.wait_for(
                lambda: bool(self._frames) or self._closed or self._finished, self._silence_limit_s
            )
            if self._closed:
                return None
            if self._frames:
                frame = self._frames.popleft()
                self._changed.notify_all()
                return frame
            if self._error is not None:
                raise self._error
            if done:
                return None
        raise self._silent("sent no picture", self._silence_limit_s)

    def seek(self, time_s: float) -> None:
        """Have the source go to `time_s` before its next frame; frames read ahead are thrown away."""
        with self._changed:
            if self._closed or not self._info.seekable:
                return
            self._seek_to_s = time_s
            self._frames.clear()
            self._finished = False
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._frames.clear()
            self._changed.notify_all()
            started = self._thread is not None
        if started:
            self._close_inside()
        else:
            self._source.close()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread of a closed reader; True if it has ended."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def _close_inside(self) -> None:
        # On a thread, because a backend may also hang in closing (a stream's farewell to a dead server).
        self._start(self._source.close, "closer")

    def _start(self, target: Callable[[], None], what: str) -> threading.Thread:
        thread = threading.Thread(
            target=target,
            name=f"source-{what}-{self._info.name}",
            daemon=True,
        )
        with _threads_lock:
            _threads.difference_update({t for t in _threads if t.ident is not None and not t.is_alive()})
            _threads.add(thread)
            thread.start()
        return thread

    def _run(self) -> None:
        try:
            self._source.open()
            with self._changed:
                self._info = self._source.info
                self._opened = True
                self._changed.notify_all()
            while self._step():
                continue
        except Exception as error:  # noqa: BLE001 - handed to the reading thread, which raises it
            with self._changed:
                self._error = error
        finally:
            with self._changed:
                self._finished = True
                self._changed.notify_all()
            self._source.close()

    def _step(self) -> bool:
        """Read one frame and hand it on; False when there is nothing more to do."""
        with self._changed:
            if self._closed:
                return False
            seek_to_s = self._take_seek()
        if seek_to_s is not None:
            self._source.seek(seek_to_s)
        return self._hand_on(self._source.read())

    def _hand_on(self, frame: Frame | None) -> bool:
        with self._changed:
            if self._closed:
                return False
            if self._seek_to_s is not None:  # read before the jump
                return True
            if frame is None:
                self._finished = True
                self._changed.notify_all()
                # A source that can be searched may be asked to go back after its end.
                self._changed.wait_for(lambda: self._interrupted() or not self._info.seekable)
                return self._seek_to_s is not None
            if self._info.is_live:
                self._frames.clear()
            else:
                self._changed.wait_for(lambda: self._interrupted() or len(self._frames) < _AHEAD)
            if not self._interrupted():
                self._frames.append(frame)
                self._changed.notify_all()
            return True

    def _interrupted(self) -> bool:
        return self._closed or self._seek_to_s is not None

    def _take_seek(self) -> float | None:
        seek_to_s, self._seek_to_s = self._seek_to_s, None
        return seek_to_s

    def _silent(self, what: str, limit_s: float) -> SourceError:
        if self._info.kind in (SourceKind.FILE, SourceKind.PICTURES):
            return SourceError(
                f"“{self._info.name}” {what} for {limit_s:.0f} s.",
                "Check the drive it lies on. If that is sound, the pictures are too much for this computer: "
                "save the video with smaller ones.",
            )
        return SourceError(
            f"“{self._info.name}” {what} for {limit_s:.0f} s.",
            "Check that it is switched on and that the network or cable is connected, then try again.",
            retryable=True,
        )
