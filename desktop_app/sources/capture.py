"""One `cv2.VideoCapture` that may be closed from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.sources.ffmpeg_capture import open_instead
from desktop_app.sources.ffmpeg_options import ffmpeg_options, is_url
from desktop_app.sources.ffmpeg_stream import open_stream
from desktop_app.system.native_names import is_native


class Capture(Protocol):
    """The part of `cv2.VideoCapture` that the sources use; fakes in the tests have it too."""

    def isOpened(self) -> bool: ...

    def grab(self) -> bool: ...

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]: ...

    def get(self, propId: int) -> float: ...

    def set(self, propId: int, value: float) -> bool: ...

    def release(self) -> None: ...


CaptureFactory = Callable[[str | int, int, Sequence[int]], Capture]
"""From a path, URL or camera number, an OpenCV backend and a flat list of (property, value) to an opened capture."""


def open_capture(
    target: str | int, backend: int, params: Sequence[int] = (), *, headers: Mapping[str, str] | None = None
) -> Capture:
    """Open a `cv2.VideoCapture`; a failure shows in its `isOpened()`. Blocks as long as the backend does.

    The one place where a source's text reaches OpenCV: it is proper Unicode here (`native_name` makes it so for files),
    and FFmpeg is told which protocols the target may lead to.
    """
    try:
        if isinstance(target, int):
            capture = cv2.VideoCapture(target, backend, list(params))
        elif not is_native(target):
            capture = cv2.VideoCapture()
        else:
            with ffmpeg_options(target, headers):
                is_stream = is_url(target) or target.lower().endswith(".sdp")
                if backend == cv2.CAP_FFMPEG and is_stream and (stream := open_stream(target, params)) is not None:
                    return stream
                capture = cv2.VideoCapture(target, backend, list(params))
                wants_pictures = cv2.CAP_PROP_FORMAT not in params[::2]  # else the packets as they are stored
                if capture.isOpened() and not is_stream and wants_pictures:
                    return open_instead(target, capture) or capture  # type: ignore[return-value]  # as below
    except cv2.error:
        capture = cv2.VideoCapture()
    return capture  # type: ignore[return-value]  # OpenCV's stubs type images more widely than they are


class CaptureHandle:
    """Owns a capture. `close` returns at once from any thread and never frees the capture under a reading thread.

    `cv2.VideoCapture.release` during a `read` on another thread crashes the process, so whoever leaves the capture last
    releases it: the closing thread if nobody reads, otherwise the reader on its way out.
    """

    def __init__(self, capture: Capture, on_released: Callable[[], object] | None = None) -> None:
        """`on_released` is called once, on whichever thread released the capture, when that is done."""
        self._capture = capture
        self._on_released = on_released
        self._lock = threading.Lock()
        self._closing = False
        self._released = False
        self._size: tuple[int, int] | None = None

    def show_as(self, size: tuple[int, int] | None) -> None:
        """Bring every picture from now on to `size`, (width, height) in pixels; None leaves them as they come.

        So does a capture whose pictures have the size that they are to be shown in (`StreamCapture`).
        """
        self._size = None if getattr(self._capture, "follows_size", False) else size

    @property
    def closed(self) -> bool:
        return self._closing

    @property
    def broke_off(self) -> bool:
        """Whether what was read ended before its stated end; False where the backend does not tell."""
        with self._lock:
            broke_off = not self._closing and bool(getattr(self._capture, "broke_off", False))
        self._release_if_closing()
        return broke_off

    def grab(self) -> float | None:
        """Move to the next frame without decoding it into BGR.

        Returns its time stamp in seconds as the backend reports it, or None at the end, on failure and after `close`.
        """
        with self._lock:
            stamp = None if self._closing else self._grab()
        self._release_if_closing()
        return stamp

    def retrieve(self) -> NDArray[np.uint8] | None:
        """Return the grabbed frame as uint8 (height, width, 3) BGR, None if it cannot be decoded or after `close`."""
        with self._lock:
            image = None if self._closing else self._retrieve()
        self._release_if_closing()
        return image

    def packet(self) -> bytes:
        """Return the grabbed packet as it is stored, b"" if there is none; for a capture set to CAP_PROP_FORMAT -1."""
        with self._lock:
            data = b"" if self._closing else self._packet()
        self._release_if_closing()
        return data

    def get(self, prop: int) -> float:
        """Return a property, 0.0 after `close`."""
        with self._lock:
            value = 0.0 if self._closing else float(self._capture.get(prop))
        self._release_if_closing()
        return value

    def set(self, prop: int, value: float) -> bool:
        """Set a property; False if the backend refuses or after `close`."""
        with self._lock:
            done = False if self._closing else bool(self._capture.set(prop, value))
        self._release_if_closing()
        return done

    def close(self) -> None:
        self._closing = True
        self._release_if_closing()

    def _release_if_closing(self) -> None:
        if self._closing and self._lock.acquire(blocking=False):
            try:
                if not self._released:
                    self._released = True
                    self._capture.release()
                    if self._on_released is not None:
                        self._on_released()
            finally:
                self._lock.release()

    def _grab(self) -> float | None:
        try:
            if not self._capture.grab():
                return None
            return float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0
        except cv2.error:
            return None

    def _packet(self) -> bytes:
        try:
            ok, data = self._capture.retrieve()
        except cv2.error:
            return b""
        return np.asarray(data, np.uint8).tobytes() if ok and data is not None else b""

    def _retrieve(self) -> NDArray[np.uint8] | None:
        try:
            ok, image = self._capture.retrieve()
        except cv2.error:
            return None
        if not ok or image is None or image.size == 0:
            return None
        if self._size is not None and self._size != (image.shape[1], image.shape[0]):
            image = cv2.resize(image, self._size, interpolation=cv2.INTER_CUBIC)  # type: ignore[assignment]
        return as_bgr(image)


def as_bgr(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture of 1, 3 or 4 channels as uint8 (height, width, 3) BGR, marked read-only."""
    if image.ndim == 2 or image.shape[2] == 1:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)  # type: ignore[assignment]
    elif image.shape[2] == 4:
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)  # type: ignore[assignment]
    image.setflags(write=False)
    return image
