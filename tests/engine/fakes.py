"""Fakes for the engine, session and window tests: sources and a pipeline without camera, network or model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from desktop_app.domain.blank import Blank, tone_of
from desktop_app.domain.events import Counted, Event, Left
from desktop_app.domain.places import Line, Zone
from desktop_app.domain.same_picture import fingerprint_of
from desktop_app.domain.types import Box, Decision, Frame, FrameResult, Gender, Track
from desktop_app.errors import SourceError
from desktop_app.sources.base import SourceInfo, SourceKind
from desktop_app.vision.compare import Comparison
from tests.patience import HANGS_S


def picture(width: int = 64, height: int = 48, value: int = 90) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


class ListSource:
    """A file of `n` frames at `fps`; `fail_at` raises a SourceError instead of that frame."""

    def __init__(self, n: int = 10, fps: float = 25.0, *, live: bool = False, fail_at: int | None = None) -> None:
        self.n, self.fps, self.live, self.fail_at = n, fps, live, fail_at
        self.next = 0
        self.opened = self.closed = 0
        self.seeks: list[float] = []

    @property
    def info(self) -> SourceInfo:
        kind = SourceKind.CAMERA if self.live else SourceKind.FILE
        return SourceInfo("list", kind, self.live, 64, 48, self.fps, self.n / self.fps, seekable=not self.live)

    def open(self) -> None:
        self.opened += 1

    def read(self) -> Frame | None:
        if self.closed or self.next >= self.n:
            return None
        if self.next == self.fail_at:
            raise SourceError("The camera was unplugged.", "Plug it in again and press Start.", retryable=True)
        if self.live:
            time.sleep(1 / self.fps)
        frame = Frame(picture(), self.next / self.fps, self.next, time.perf_counter())
        self.next += 1
        return frame

    def seek(self, time_s: float) -> None:
        self.seeks.append(time_s)
        self.next = min(self.n, round(time_s * self.fps))

    def close(self) -> None:
        self.closed += 1


class HeldSource(ListSource):
    """A file that waits in front of frame `at` until `go` is set."""

    def __init__(self, n: int, at: int, fps: float = 25.0) -> None:
        super().__init__(n, fps)
        self.at, self.go = at, threading.Event()

    def read(self) -> Frame | None:
        if self.next == self.at:
            self.go.wait(HANGS_S)
        return super().read()


class HungSource(ListSource):
    """Hangs in `where` ("open", "read" or "close") until `let_go` is set, whatever is done to it."""

    def __init__(self, where: str) -> None:
        super().__init__(n=3)
        self.where = where
        self.let_go = threading.Event()
        self.hanging = threading.Event()

    def _hang(self, where: str) -> None:
        if where == self.where:
            self.hanging.set()
            assert self.let_go.wait(HANGS_S), "the test forgot to let the source go"

    def open(self) -> None:
        self._hang("open")
        super().open()

    def read(self) -> Frame | None:
        if self.next >= 2:
            self._hang("read")
        return super().read()

    def close(self) -> None:
        super().close()
        self._hang("close")


class CountingPipeline:
    """Counts one woman every `every` frames, who stays in view; keeps what it saw and what it was told."""

    detector_name = "fake detector"
    model_name = "fake network"
    fallen_back = False

    def __init__(self, every: int = 5, work_s: float = 0.0, fail_at: int | None = None) -> None:
        self.every, self.work_s, self.fail_at = every, work_s, fail_at
        self.times: list[float] = []
        self.resets = self.finishes = 0
        self.staff: list[tuple[str, bool | None]] = []
        self.counted_anyway: list[int] = []
        self.places: list[tuple[tuple[str, ...], ...]] = []
        self.prefix = ""
        self._numbers: dict[str, int] = {}
        self._ref = 0
        self._next_number = 1
        self.comparison: Comparison | None = None

    def compare_with(self, comparison: Comparison | None) -> None:
        self.comparison = comparison

    def process(self, frame: Frame) -> FrameResult:
        if self.fail_at == len(self.times):
            raise ZeroDivisionError("a bug")
        if self.work_s:
            time.sleep(self.work_s)
        self.times.append(frame.time_s)
        events: tuple[Event, ...] = ()
        if len(self.times) % self.every == 0:
            self._ref += 1
            events = (self._counted(f"{self.prefix}{self._ref}", frame.time_s),)
        track = Track(1, Box(10, 10, 30, 34), Decision(Gender.FEMALE, 0.9, 25.0, 4.0, 3), True, True, 0.0, frame.time_s)
        return FrameResult(frame, (track,), in_view=1, events=events)

    def _counted(self, ref: str, time_s: float) -> Counted:
        self._numbers[ref] = self._next_number
        self._next_number += 1
        return Counted(time_s, ref, self._numbers[ref], max(0.0, time_s - 0.1), Gender.FEMALE, 0.9, 25.0, 4.0)

    def picture_filter(self) -> Callable[[float], bool]:
        return lambda time_s: True

    def finish(self) -> tuple[Event, ...]:
        self.finishes += 1
        gone, self._numbers = list(self._numbers), {}
        return tuple(Left(self.times[-1], ref, self.times[-1], 0.1) for ref in gone)

    def reset(self, prefix: str = "") -> None:
        self.resets += 1
        self.prefix, self._numbers, self._next_number = prefix, {}, 1

    def new_count(self, time_s: float) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
        closing = tuple(Left(time_s, ref, time_s, 0.1) for ref in self._numbers)
        in_view, self._numbers, self._next_number = list(self._numbers), {}, 1
        return closing, tuple(self._counted(ref, time_s) for ref in in_view)

    def renumber(self, numbers: Mapping[str, int], next_number: int, refs: Mapping[str, str] | None = None) -> None:
        self._numbers = {(refs or {}).get(ref, ref): number for ref, number in self._numbers.items()}
        self._numbers = {ref: numbers.get(ref, number) for ref, number in self._numbers.items()}
        self._next_number = next_number

    def fall_back(self) -> str:
        self.fallen_back = True
        return "lighter network"

    def mark_staff(self, ref: str, is_staff: bool | None = True) -> bool:
        self.staff.append((ref, is_staff))
        return True

    def count_anyway(self, key: int) -> bool:
        self.counted_anyway.append(key)
        return True

    def set_places(
        self, lines: Sequence[Line] = (), zones: Sequence[Zone] = (), staff_zones: Sequence[Zone] = ()
    ) -> None:
        self.places.append(tuple(tuple(p.name for p in places) for places in (lines, zones, staff_zones)))


class CoveredCamera(ListSource):
    """A camera with half a second between its pictures, given as fast as they are read; black while `covered`."""

    def __init__(self, n: int = 10**6, *, live: bool = True, covered: bool = True) -> None:
        super().__init__(n, 2.0, live=live)
        self.covered = covered
        self.black: Sequence[tuple[float, float]] = ()
        """The stretches of a film that are black besides, in seconds."""

    def read(self) -> Frame | None:
        if self.closed or self.next >= self.n:
            return None
        if self.live:
            time.sleep(0.005)
        time_s = self.next / self.fps
        black = self.covered or any(start <= time_s < end for start, end in self.black)
        image = picture(value=3) if black else noisy(self.next)
        self.next += 1
        return Frame(image, time_s, self.next - 1, time.perf_counter())


class HungCamera(CoveredCamera):
    """The same, whose picture is the very same while it `hangs`, and in the stretches `hung` of a film."""

    def __init__(self, n: int = 10**6, *, live: bool = True, fps: float = 2.0) -> None:
        super().__init__(n, live=live, covered=False)
        self.fps = fps
        self.hangs = False
        self.hung: Sequence[tuple[float, float]] = ()
        self.kind: SourceKind | None = None
        self._noise = 0

    @property
    def info(self) -> SourceInfo:
        return super().info if self.kind is None else replace(super().info, kind=self.kind)

    def read(self) -> Frame | None:
        frame = super().read()
        if frame is None or frame.image_bgr.max() < 10:
            return frame
        if not (self.hangs or any(start < frame.time_s < end for start, end in self.hung)):
            self._noise = frame.index
        return replace(frame, image_bgr=noisy(self._noise))


SOMETHING = np.tile(np.arange(64, dtype=np.uint8)[None, :, None] * 3, (48, 1, 3))
"""A picture with content, uint8 (48, 64, 3)."""


def noisy(number: int) -> np.ndarray:
    """Return a picture with content that differs a little from those of other numbers."""
    image = SOMETHING.copy()
    image[20, :4, 0] = list(number.to_bytes(4, "big"))
    return image


THUMBNAIL = np.zeros((18, 32, 3), np.int16)


class LookingPipeline(CountingPipeline):
    """Counts nobody, and says of which pictures they are black, and how to know each again."""

    def __init__(self) -> None:
        super().__init__(every=10**9)

    def process(self, frame: Frame) -> FrameResult:
        super().process(frame)
        blank = None if tone_of(frame.image_bgr) is None else Blank.BLACK
        seen = fingerprint_of(frame.image_bgr, THUMBNAIL)
        return FrameResult(frame, (), blank=blank, fingerprint=seen)
