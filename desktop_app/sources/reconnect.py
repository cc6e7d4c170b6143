"""Brings a lost source back, and keeps the session's clock going meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources.base import FrameSource, not_seen
from desktop_app.sources.clock import DEFAULT_FPS, SMALLEST_STEP_S
from desktop_app.sources.lost_time import LostTime
from desktop_app.sources.wrapper import SourceAround

_SHORT_OF_END_S = 2.0
_SETTLED_S = 5.0
"""A connection that held this long counts as good again, and the next loss starts with the shortest wait.

One that held for longer than was waited for it counts as good, too: a link that breaks every three seconds would
otherwise be waited for most of the time.
"""


class ConnectionPhase(StrEnum):
    CONNECTED = "connected"
    LOST = "lost"
    TRYING = "trying"
    GAVE_UP = "gave up"


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """What a `ReconnectingSource` is doing.

    `message` is a plain sentence to show. `attempt` counts the tries since the loss from 1, 0 while connected. `wait_s`
    is how many seconds pass before the next try, `lost_s` how many since the last frame.
    """

    phase: ConnectionPhase
    message: str
    attempt: int = 0
    wait_s: float = 0.0
    lost_s: float = 0.0


ConnectionListener = Callable[[ConnectionState], None]


@dataclass(frozen=True, slots=True)
class ReconnectPolicy:
    """Seconds between tries: the first, then twice as long each time up to `longest_wait_s`.

    After `give_up_after_s` without a frame the loss is final; None tries for ever.
    """

    first_wait_s: float = 0.5
    longest_wait_s: float = 15.0
    give_up_after_s: float | None = 120.0

    def __post_init__(self) -> None:
        if not 0 < self.first_wait_s <= self.longest_wait_s:
            raise ValueError("the first wait must be positive and no longer than the longest")
        if self.give_up_after_s is not None and not self.give_up_after_s > 0:
            raise ValueError(f"give_up_after_s must be positive or None, not {self.give_up_after_s!r}")

    def wait_s(self, attempt: int) -> float:
        """Return the wait in seconds before try number `attempt`, from 1."""
        return min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(attempt - 1, 30))


class ReconnectingSource(SourceAround):
    """A source made anew by `make` whenever it is lost, as one unbroken session.

    The first `open` is tried once, so that a wrong address is told at once. Later, a retryable SourceError is answered
    with tries at growing intervals. A connection counts only once it has given a picture: one that opens and gives none
    is still lost, and the loss ends at the policy's limit. `Frame.time_s` and `Frame.index` keep rising across losses:
    the clock of a live source goes on through the gap, a source that can be searched resumes where it was lost. A
    source that was live and comes back as a finished recording has ended.

    `listener` is told of every change, on the reading thread. `close` ends waits at once if the source that `make`
    gives closes at once, as `DetachedReader` does.
    """

    def __init__(
        self,
        make: Callable[[], FrameSource],
        *,
        policy: ReconnectPolicy | None = None,
        listener: ConnectionListener | None = None,
    ) -> None:
        super().__init__(make())
        self._make = make
        self._policy = policy or ReconnectPolicy()
        self._listener = listener
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._offset_s = 0.0
        self._first_index = 0
        self._last: Frame | None = None
        self._last_at = 0.0
        self._rebase = False
        self._connected_at = 0.0
        self._attempt = 0
        self._last_wait_s = 0.0
        self._lost_at = 0.0
        self._connected = False
        self._gone: tuple[str, ...] = ()
        self._lost_time = LostTime()

    @property
    def omissions(self) -> tuple[str, ...]:
        """What was not seen over all connections, one sentence each."""
        lost = self._lost_time.sentences(self._info.name) if self._info.is_live else ()
        return (*dict.fromkeys((*self._gone, *not_seen(self._source))), *lost)

    def open(self) -> None:
        if self._closed.is_set():
            return
        self._source.open()
        self._info = self._source.info
        self._connected_at = self._lost_at = time.monotonic()
        self._lost_time.open()

    def read(self) -> Frame | None:
        """Return the next frame, None at the end and after `close`.

        Raises SourceError if the loss is not retryable, or past `give_up_after_s`.
        """
        while not self._closed.is_set():
            try:
                frame = self._source.read()
                if frame is None and self._ended_early():
                    if self._rebase:  # resumed, and still nothing more: the file stated a wrong duration
                        return None
                    raise SourceError(f"The connection to “{self._info.name}” was lost.", retryable=True)
                if frame is None:
                    return None
                if not self._seen_before(frame):
                    return self._in_session(frame)
            except SourceError as error:
                if self._closed.is_set():
                    return None
                if not error.retryable:
                    raise
                if not self._bring_back(error):
                    return None
        return None

    def seek(self, time_s: float) -> None:
        if self._info.seekable:
            self._source.seek(time_s)
            self._last = None if self._last is None else replace(self._last, time_s=time_s)

    def close(self) -> None:
        self._closed.set()
        self._lost_time.close()
        with self._lock:
            source = self._source
        source.close()

    def _ended_early(self) -> bool:
        if self._closed.is_set() or self._info.is_live:
            return False
        duration_s = self._info.duration_s
        at_s = self._last.time_s if self._last is not None else 0.0
        return duration_s is not None and at_s < duration_s - _SHORT_OF_END_S - 0.02 * duration_s

    def _seen_before(self, frame: Frame) -> bool:
        """Whether this frame, after a resumption, was given before the loss; a stream resumes at a key frame."""
        return self._rebase and self._info.seekable and self._last is not None and frame.time_s <= self._last.time_s

    def _in_session(self, frame: Frame) -> Frame:
        now = time.monotonic()
        self._lost_time.picture()
        if not self._connected:
            self._connected = True
            name = self._info.name
            message = f"“{name}” is back." if self._last is not None else f"Connected to “{name}”."
            self._tell(ConnectionState(ConnectionPhase.CONNECTED, message))
        if self._attempt and now - self._connected_at > min(_SETTLED_S, max(0.5, self._last_wait_s)):
            self._attempt = 0
        if self._rebase:
            self._rebase = False
            last = self._last
            if last is not None:
                self._first_index = last.index + 1 - frame.index
                if self._info.is_live:
                    self._offset_s = last.time_s + max(SMALLEST_STEP_S, now - self._last_at) - frame.time_s
        time_s = frame.time_s + self._offset_s
        if self._last is not None and not self._info.seekable:
            time_s = max(time_s, self._last.time_s + SMALLEST_STEP_S)
        self._last = replace(frame, time_s=time_s, index=frame.index + self._first_index)
        self._last_at = now
        return self._last

    def _bring_back(self, error: SourceError) -> bool:
        """Try until the source is back; False if it has ended or was closed. Raises SourceError on giving up."""
        name = self._info.name
        self._source.close()
        self._gone = tuple(dict.fromkeys((*self._gone, *not_seen(self._source))))
        self._lost_time.lose()
        if self._connected:
            self._connected, self._lost_at = False, self._last_at
        lost_at = self._lost_at
        self._tell(ConnectionState(ConnectionPhase.LOST, error.message, lost_s=time.monotonic() - lost_at))
        while True:
            self._attempt += 1
            lost_s = time.monotonic() - lost_at
            limit_s = self._policy.give_up_after_s
            if limit_s is not None and lost_s >= limit_s:
                return self._give_up(error, lost_s)
            wait_s = self._policy.wait_s(self._attempt)
            if limit_s is not None:
                wait_s = min(wait_s, max(0.05, limit_s - lost_s))
            self._last_wait_s = wait_s
            self._tell(
                ConnectionState(
                    ConnectionPhase.TRYING,
                    f"“{name}” is lost; trying again in {wait_s:.0f} s (try {self._attempt})."
                    if wait_s >= 1
                    else f"“{name}” is lost; trying again (try {self._attempt}).",
                    self._attempt,
                    wait_s,
                    lost_s,
                )
            )
            if self._closed.wait(wait_s):
                return False
            try:
                return self._try_once()
            except SourceError as failure:
                self._source.close()
                error = failure
                if self._closed.is_set():
                    return False

    def _try_once(self) -> bool:
        source = self._make()
        with self._lock:
            self._source = source
        if self._closed.is_set():  # closed between the wait and here: `close` saw the old source
            source.close()
            return False
        source.open()
        if self._closed.is_set():
            return False
        if self._info.is_live and not source.info.is_live:
            source.close()
            return False
        if source.info.seekable and self._last is not None:
            source.seek(self._last.time_s + 1.0 / (source.info.fps or DEFAULT_FPS))
        self._info = source.info
        self._rebase = True
        self._connected_at = time.monotonic()
        return True

    def _give_up(self, error: SourceError, lost_s: float) -> bool:
        message = f"“{self._info.name}” was lost and did not come back within {lost_s:.0f} s. {error.message}"
        self._tell(ConnectionState(ConnectionPhase.GAVE_UP, message, self._attempt, 0.0, lost_s))
        raise SourceError(
            message, error.remedy or "Check the camera or server and the network, then start again; the count stands."
        )

    def _tell(self, state: ConnectionState) -> None:
        if self._listener is not None:
            self._listener(state)
