"""What the engine tells the outside: its state, its figures, and the protocol by which it tells them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from desktop_app.domain.events import Event
from desktop_app.domain.places import Line, Zone
from desktop_app.domain.types import Frame, FrameResult
from desktop_app.errors import SettingsError
from desktop_app.sources.base import SourceInfo

if TYPE_CHECKING:
    from desktop_app.vision.compare import Comparison


class EngineState(StrEnum):
    """Where a run stands. `FINISHED`, `FAILED` and `STOPPED` are final: the next run is a new engine.

    `BLANK` is a run whose source gives pictures in which nobody could be seen (`domain.blank`): black, of one colour,
    too small, or always the very same.
    """

    IDLE = "idle"
    OPENING = "opening"
    RUNNING = "running"
    PAUSED = "paused"
    RECONNECTING = "reconnecting"
    BLANK = "blank"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def is_final(self) -> bool:
        return self in (EngineState.FINISHED, EngineState.FAILED, EngineState.STOPPED)

    @property
    def sees_nothing(self) -> bool:
        """Whether nobody could be counted although the run goes on and nobody has paused it."""
        return self in (EngineState.RECONNECTING, EngineState.BLANK)


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How a run goes.

    `speed` paces a file (1.0 is its own speed, 0 as fast as possible); a live source ignores it. `loop` starts a file
    again at its end and tells so, so that the count can always be that of one pass. `limit_s` ends
    the run after that much media time. `start_time_s` is added to the clock, so that a second source can go on in the
    session of the first. `queue_frames` is the room between decoding and analysis for a source that is not live.
    Without `every_picture` a video file gives only those pictures that the pipeline looks at, because nobody else does
    (`Frame.is_repeat`); what is counted is the same.
    """

    speed: float = 0.0
    loop: bool = False
    limit_s: float | None = None
    start_time_s: float = 0.0
    queue_frames: int = 3
    every_picture: bool = True

    def __post_init__(self) -> None:
        if self.limit_s is not None and not self.limit_s > 0:
            raise SettingsError(f"The time limit cannot be {self.limit_s:g} s.", "Choose more than 0 seconds.")


class Pipeline(Protocol):
    """What a run needs of `vision.pipeline.FramePipeline`: all that is called on it. Not thread-safe.

    The engine calls it on the analysis thread only; other threads go through `Engine.submit`.
    """

    @property
    def detector_name(self) -> str: ...

    @property
    def model_name(self) -> str: ...

    def process(self, frame: Frame) -> FrameResult:
        """Take in the next frame, whose time is not before that of the one before."""
        ...

    def picture_filter(self) -> Callable[[float], bool]:
        """Return what tells of each frame, by its time and in order, whether its picture may be looked at."""
        ...

    def finish(self) -> Sequence[Event]:
        """Close everybody at the end of a source and return the events that this completes."""
        ...

    def reset(self, prefix: str = "") -> None:
        """Forget everybody; the references of people begin with `prefix` from now on."""
        ...

    def new_count(self, time_s: float) -> tuple[Sequence[Event], Sequence[Event]]:
        """Return the events that close the count so far and those that open a new one with whoever is in view."""
        ...

    def renumber(self, numbers: Mapping[str, int], next_number: int, refs: Mapping[str, str] | None = None) -> None:
        """Give people in memory these numbers on the screen, by reference, and count on from `next_number`.

        `refs` gives people another reference first, by the one that they have.
        """
        ...

    def fall_back(self) -> str:
        """Use a lighter network until the run is over; return its name, "" where there is none."""
        ...

    def mark_staff(self, ref: str, is_staff: bool | None = True) -> bool:
        """Know somebody marked as staff by their looks; None takes the mark back. False for an unknown reference."""
        ...

    def count_anyway(self, key: int) -> bool:
        """Count a face that is held back, by its `Track.key`. False for an unknown one."""
        ...

    def set_places(
        self, lines: Sequence[Line] = (), zones: Sequence[Zone] = (), staff_zones: Sequence[Zone] = ()
    ) -> object:
        """Count at these lines and zones from the next frame on."""
        ...

    @property
    def comparison(self) -> Comparison | None:
        """The models that answer beside the counting one, None where there are none."""
        ...

    def compare_with(self, comparison: Comparison | None) -> None:
        """Let other models answer beside the counting one from the next frame on, or stop that with None."""
        ...


class EngineObserver:
    """Is told what happens, on the engine's own threads, so every method must return quickly and touch no widget.

    Subclass it and override what is wanted; the rest does nothing. An exception raised by an observer is logged and
    costs the observer its place, never the count.
    """

    def on_state(self, state: EngineState, message: str) -> None:
        """`message` is a plain sentence where there is something to say ("Lost the camera ..."), else ""."""

    def on_info(self, info: SourceInfo) -> None:
        """The source is open."""

    def on_result(self, result: FrameResult) -> None:
        """One frame was analysed."""

    def on_events(self, events: Sequence[Event]) -> None:
        """Something was counted, on a frame or when the source ended."""

    def on_restart(self, events: Sequence[Event]) -> None:
        """The file begins again: `events` end the pass before. The pipeline has forgotten everybody."""

    def on_error(self, error: Exception) -> None:
        """The run failed: a `HeadcountError` to show, or any other exception, which is a defect of the program."""


@dataclass(frozen=True, slots=True)
class EngineStats:
    """Figures for a status line.

    `source_fps` and `processed_fps` are frames per second over the last 2 seconds; `delay_s` the smoothed time from a
    picture's arrival to its result; `dropped_frames` those of a live source that were overtaken by newer ones;
    `position_s` the place in the source, `time_s` the session clock that counts with it (they differ after a seek).
    """

    source_fps: float = 0.0
    processed_fps: float = 0.0
    delay_s: float = 0.0
    dropped_frames: int = 0
    frames: int = 0
    position_s: float = 0.0
    time_s: float = 0.0


class RateMeter:
    """Events per second over a sliding window. Used by one writer; reading from another thread is safe."""

    def __init__(self, window_s: float = 2.0, clock: Callable[[], float] = time.perf_counter) -> None:
        self._window_s = window_s
        self._clock = clock
        self._times: deque[float] = deque(maxlen=1024)

    def tick(self) -> None:
        self._times.append(self._clock())

    def per_second(self) -> float:
        newest = self._clock()
        times = [t for t in tuple(self._times) if newest - t <= self._window_s]
        if len(times) < 2:
            return 0.0
        # Counting up to now, not to the last event, lets the figure fall when the source goes silent.
        return (len(times) - 1) / max(newest - times[0], 1e-9)
