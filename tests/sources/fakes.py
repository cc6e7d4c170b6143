"""Sources and captures that tests control, among them ones that hang."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources.base import SourceInfo, SourceKind
from tests.patience import HANGS_S


def picture(value: int = 0, width: int = 32, height: int = 24) -> NDArray[np.uint8]:
    return np.full((height, width, 3), value % 256, np.uint8)


class FakeSource:
    """Gives `count` frames at `fps`, then ends, or raises `error`; `None` counts for ever."""

    def __init__(
        self,
        *,
        count: int | None = 10,
        live: bool = True,
        error: SourceError | None = None,
        open_error: SourceError | None = None,
        fps: float = 100.0,
        pause_s: float = 0.0,
        duration_s: float | None = None,
    ) -> None:
        self.count, self.error, self.open_error, self.fps, self.pause_s = count, error, open_error, fps, pause_s
        self.closed = threading.Event()
        self.opened = 0
        self.next = 0
        self._info = SourceInfo(
            "fake", SourceKind.STREAM, live, 32, 24, fps, duration_s, seekable=not live and duration_s is not None
        )

    @property
    def info(self) -> SourceInfo:
        return self._info

    def open(self) -> None:
        if self.open_error is not None:
            raise self.open_error
        self.opened += 1

    def read(self) -> Frame | None:
        if self.closed.is_set():
            return None
        if self.count is not None and self.next >= self.count:
            if self.error is not None:
                raise self.error
            return None
        if self.pause_s:
            self.closed.wait(self.pause_s)
        frame = Frame(picture(self.next), self.next / self.fps, self.next)
        self.next += 1
        return frame

    def seek(self, time_s: float) -> None:
        self.next = round(time_s * self.fps)

    def close(self) -> None:
        self.closed.set()


class HangingSource(FakeSource):
    """Hangs in `open`, `read` or `close` until the test lets go, as a driver or a dead server does."""

    def __init__(self, where: str, *, after: int = 0) -> None:
        super().__init__(count=None)
        self.where, self.after = where, after
        self.let_go = threading.Event()
        self.hanging = threading.Event()

    def _hang(self) -> None:
        self.hanging.set()
        self.let_go.wait(HANGS_S)

    def open(self) -> None:
        if self.where == "open":
            self._hang()
        super().open()

    def read(self) -> Frame | None:
        if self.where == "read" and self.next >= self.after:
            self._hang()
        return super().read()

    def close(self) -> None:
        if self.where == "close":
            self._hang()
        super().close()


class FakeCapture:
    """A `cv2.VideoCapture` in memory: its frames' stamps in milliseconds, its properties, what may be read."""

    def __init__(
        self,
        stamps_ms: Sequence[float] = (),
        properties: dict[int, float] | None = None,
        *,
        opened: bool = True,
        undecodable: Sequence[int] = (),
        on_grab: Callable[[int], None] | None = None,
    ) -> None:
        self.stamps_ms, self.properties = list(stamps_ms), dict(properties or {})
        self.opened, self.undecodable, self.on_grab = opened, set(undecodable), on_grab
        self.at = -1
        self.released = 0
        self.settings: list[tuple[int, float]] = []

    def isOpened(self) -> bool:
        return self.opened

    def grab(self) -> bool:
        assert not self.released, "read after release: this crashes a real capture"
        if self.on_grab is not None:
            self.on_grab(self.at + 1)
        if self.at + 1 >= len(self.stamps_ms):
            return False
        self.at += 1
        return True

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
        if self.at in self.undecodable:
            return False, np.empty((0, 0, 3), np.uint8)
        width = int(self.properties.get(cv2.CAP_PROP_FRAME_WIDTH, 32))
        return True, picture(self.at, width, int(self.properties.get(cv2.CAP_PROP_FRAME_HEIGHT, 24)))

    def get(self, prop: int) -> float:
        if prop == cv2.CAP_PROP_POS_MSEC:
            return self.stamps_ms[self.at] if self.at >= 0 else 0.0
        return self.properties.get(prop, 0.0)

    def set(self, prop: int, value: float) -> bool:
        self.settings.append((prop, value))
        if prop == cv2.CAP_PROP_POS_MSEC:
            return False
        self.properties[prop] = value
        return True

    def release(self) -> None:
        self.released += 1
        assert self.released == 1, "released twice"
