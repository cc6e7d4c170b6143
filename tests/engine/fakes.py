"""Fakes for the runtime tests: sources and a pipeline that do what the real ones do, without a camera or a network."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import numpy as np

from desktop_app.domain.types import Box, CountEvent, Counts, Decision, Frame, FrameResult, Gender, Track
from desktop_app.errors import SourceError
from desktop_app.sources.base import SourceInfo, SourceKind


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
            assert self.let_go.wait(20), "the test forgot to let the source go"

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
    """Counts one woman every `every` frames; keeps what it saw."""

    def __init__(self, every: int = 5, work_s: float = 0.0, fail_at: int | None = None) -> None:
        self.every, self.work_s, self.fail_at = every, work_s, fail_at
        self.times: list[float] = []
        self.resets = self.finishes = 0
        self._people: list[CountEvent] = []
        self._aside: list[CountEvent] | None = None
        self._aside_from = 0

    @property
    def counts(self) -> Counts:
        return Counts(female=len(self._people), age_bands=(0, 0, 0, len(self._people), 0, 0, 0, 0, 0), in_view=1)

    def process(self, frame: Frame) -> FrameResult:
        if self.fail_at == len(self.times):
            raise ZeroDivisionError("a bug")
        if self.work_s:
            time.sleep(self.work_s)
        self.times.append(frame.time_s)
        events: tuple[CountEvent, ...] = ()
        if len(self.times) % self.every == 0:
            t = frame.time_s
            events = (CountEvent(t, len(self._people) + 1, Gender.FEMALE, 0.9, 25.0, 4.0, max(0, t - 0.1), t),)
            self._people.extend(events)
            if self._aside is not None:
                self._aside.extend(events)
        track = Track(1, Box(10, 10, 30, 34), Decision(Gender.FEMALE, 0.9, 25.0, 4.0, 3), True, True, 0.0, frame.time_s)
        return FrameResult(frame, (track,), self.counts, events=events)

    def finish(self) -> tuple[CountEvent, ...]:
        self.finishes += 1
        return ()

    def reset(self) -> None:
        self.resets += 1
        self._people, self._aside = [], None

    def set_aside(self) -> None:
        self._aside, self._people = self._people, []
        self._aside_from = len(self._aside)

    @property
    def aside_counts(self) -> Counts | None:
        return None if self._aside is None else Counts(female=len(self._aside))

    def bring_back(self) -> tuple[CountEvent, ...]:
        assert self._aside is not None
        self._people, self._aside = self._aside, None
        return tuple(self._people[self._aside_from :])

    def people(self) -> Sequence[CountEvent]:
        return list(self._people)
