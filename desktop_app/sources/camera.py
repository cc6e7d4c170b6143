"""Cameras of this computer, listed by name."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2

from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources.base import SourceInfo, SourceKind
from desktop_app.sources.capture import CaptureFactory, CaptureHandle, open_capture
from desktop_app.sources.clock import LiveClock, sane_fps
from desktop_app.sources.device_lease import DeviceLease

if sys.platform == "darwin":
    # OpenCV asks for permission only on the main thread, where no camera of ours is opened; macOS then asks by itself.
    os.environ.setdefault("OPENCV_AVFOUNDATION_SKIP_AUTH", "1")

_FAILED_READS_ALLOWED = 10
"""Cameras drop a picture now and then, most at the start; a camera that gives none so often in a row is gone."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera of this computer.

    `index` and `backend` are OpenCV's; `name` is what the system calls it, made unique in a list. `device` is the
    system's own path of it ("" where there is none), which stays the same when other cameras come and go.
    """

    index: int
    name: str
    backend: int = cv2.CAP_ANY
    device: str = ""


@dataclass(frozen=True, slots=True)
class CameraMode:
    """What is asked of a camera; it gives what it can do nearest to that. None and 0.0 leave the choice to it."""

    width: int | None = None
    height: int | None = None
    fps: float = 0.0

    def __post_init__(self) -> None:
        if (self.width is None) != (self.height is None):
            raise ValueError("a camera mode needs both width and height, or neither")
        if self.width is not None and self.height is not None and not (self.width >= 16 and self.height >= 16):
            raise ValueError(f"a camera picture of {self.width}x{self.height} pixels is too small")
        if not 0.0 <= self.fps <= 1000.0:
            raise ValueError(f"a camera cannot give {self.fps!r} pictures a second")


DEFAULT_MODE = CameraMode(1280, 720, 30.0)

CameraLister = Callable[[], Sequence[Camera]]


def platform_backend(platform: str = sys.platform) -> int:
    """Return OpenCV's backend for cameras.

    DirectShow on Windows: Media Foundation takes up to half a minute to open some cameras.
    """
    if platform.startswith("win"):
        return cv2.CAP_DSHOW
    if platform == "darwin":
        return cv2.CAP_AVFOUNDATION
    return cv2.CAP_V4L2


def list_cameras() -> tuple[Camera, ...]:
    """Return the cameras of this computer, by index. Opens none of them, so that it may be called every few seconds.

    Call it outside the window's thread all the same: a driver may take its time. Two cameras of one name get a number.
    """
    from cv2_enumerate_cameras import enumerate_cameras

    backend = platform_backend()
    try:
        found = sorted(enumerate_cameras(backend), key=lambda camera: int(camera.index))
    except (NotImplementedError, OSError):
        return ()
    seen: dict[str, int] = {}
    cameras: list[Camera] = []
    for entry in found:
        index, device = int(entry.index), str(entry.path or "")
        name = str(entry.name or "").strip() or f"Camera {index}"
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name = f"{name} ({seen[name]})"
        cameras.append(Camera(index, name, backend, device))
    return tuple(cameras)


def find_camera(wanted: str, cameras: Sequence[Camera]) -> Camera:
    """Return the camera with the number, name, device path or part of a name `wanted`; "" is the first.

    Raises SourceError if there is no camera at all or none that fits.
    """
    wanted = wanted.strip()
    if not cameras:
        raise SourceError(
            "No camera was found on this computer.",
            "Plug a camera in, or switch on its privacy slider or key; a video file or the demo works without one.",
        )
    if not wanted:
        return cameras[0]
    folded = wanted.casefold()
    tests: tuple[Callable[[Camera], bool], ...] = (
        lambda camera: str(camera.index) == wanted,
        lambda camera: camera.name == wanted,
        lambda camera: bool(camera.device) and camera.device == wanted,
        lambda camera: not wanted.isdecimal() and folded in camera.name.casefold(),
    )
    for test in tests:
        for camera in cameras:
            if test(camera):
                return camera
    names = ", ".join(f"“{camera.name}”" for camera in cameras)
    raise SourceError(f"There is no camera “{wanted}”.", f"Plug it in, or choose one of: {names}.", retryable=True)


class CameraSource:
    """A camera, live, on the clock of its own arrival.

    `wanted` is a number, a name or part of one, see `find_camera`. Motion-JPEG is asked for first, because most cameras
    give more than 640x480 at full rate only so. `info` tells the size and rate that the camera settled on. Wrap it in
    `DetachedReader`: a camera's driver may hang.
    """

    def __init__(
        self,
        wanted: str = "",
        mode: CameraMode = DEFAULT_MODE,
        *,
        list_with: CameraLister = list_cameras,
        open_capture_with: CaptureFactory = open_capture,
    ) -> None:
        self._wanted = wanted
        self._mode = mode
        self._list = list_with
        self._open_capture = open_capture_with
        self._closed = threading.Event()
        self._handle: CaptureHandle | None = None
        self._camera: Camera | None = None
        self._clock = LiveClock(use_stamps=False)
        self._index = 0
        self._info = SourceInfo(name=wanted or "Camera", kind=SourceKind.CAMERA, is_live=True)

    @property
    def info(self) -> SourceInfo:
        return self._info

    @property
    def camera(self) -> Camera | None:
        """The camera that was opened, None before."""
        return self._camera

    def open(self) -> None:
        """Open the camera. Raises SourceError if there is none, or if it is in use or not permitted."""
        if self._closed.is_set():
            return
        camera = self._camera = find_camera(self._wanted, self._list())
        lease = DeviceLease(camera.device or str(camera.index))
        if not lease.acquire(self._closed.is_set):
            if self._closed.is_set():
                return
            raise SourceError(
                f"The camera “{camera.name}” is still held by what used it before.",
                "Wait a moment and try again; if that does not help, unplug it and plug it in again.",
                retryable=True,
            )
        try:
            capture = self._open_capture(camera.index, camera.backend, ())
        except BaseException:
            lease.release()
            raise
        if not capture.isOpened():
            capture.release()
            lease.release()
            raise self._cannot_open(camera)
        handle = self._handle = CaptureHandle(capture, lease.release)
        self._ask_for_mode(handle)
        self._info = replace(
            self._info,
            name=camera.name,
            width=int(handle.get(cv2.CAP_PROP_FRAME_WIDTH)),
            height=int(handle.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            fps=sane_fps(handle.get(cv2.CAP_PROP_FPS)),
        )
        if self._closed.is_set():
            handle.close()

    def read(self) -> Frame | None:
        """Return the next picture, None after `close`. Raises SourceError if the camera is unplugged or stops."""
        handle = self._handle
        if handle is None:
            return None
        for _ in range(_FAILED_READS_ALLOWED):
            if self._closed.is_set():
                return None
            stamp_s = handle.grab()
            image = handle.retrieve() if stamp_s is not None else None
            if image is not None and stamp_s is not None:
                time_s = self._clock.next(stamp_s, time.monotonic())
                index = self._index
                self._index += 1
                return Frame(image, time_s, index, time.perf_counter())
            self._closed.wait(0.02)
        if self._closed.is_set():
            return None
        handle.close()
        raise self._lost()

    def seek(self, time_s: float) -> None:
        """A camera cannot be searched; nothing happens."""

    def close(self) -> None:
        self._closed.set()
        if self._handle is not None:
            self._handle.close()

    def _ask_for_mode(self, handle: CaptureHandle) -> None:
        mode = self._mode
        handle.set(cv2.CAP_PROP_FOURCC, float(cv2.VideoWriter.fourcc(*"MJPG")))
        if mode.width is not None and mode.height is not None:
            handle.set(cv2.CAP_PROP_FRAME_WIDTH, mode.width)
            handle.set(cv2.CAP_PROP_FRAME_HEIGHT, mode.height)
        if mode.fps:
            handle.set(cv2.CAP_PROP_FPS, mode.fps)
        handle.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def _cannot_open(self, camera: Camera) -> SourceError:
        if sys.platform.startswith("linux") and camera.device:
            try:
                with open(camera.device, "rb", buffering=0):  # noqa: PTH123 - a device node, opened as the driver sees it
                    pass
            except PermissionError:
                return SourceError(
                    f"You are not permitted to use the camera “{camera.name}”.",
                    "Add yourself to the group “video” (sudo usermod -aG video $USER), then log out and in again.",
                )
            except OSError:
                return SourceError(
                    f"The camera “{camera.name}” does not answer.", "Unplug it, plug it in again, and try again."
                )
        where = ""
        if sys.platform == "darwin":
            where = " Allow Headcount in System Settings, Privacy & Security, Camera."
        elif sys.platform.startswith("win"):
            where = " Allow desktop programs in Settings, Privacy & security, Camera."
        return SourceError(
            f"The camera “{camera.name}” cannot be opened; most likely another program is using it.",
            f"Close the other program (a video call, a browser tab), then try again.{where}",
            retryable=True,
        )

    def _lost(self) -> SourceError:
        camera = self._camera
        name = camera.name if camera is not None else self._wanted
        present = camera is not None and any(
            other.name == camera.name and other.device == camera.device for other in self._list()
        )
        if present:
            return SourceError(
                f"The camera “{name}” stopped giving pictures.",
                "Another program may have taken it; close that one, or unplug the camera and plug it in again.",
                retryable=True,
            )
        return SourceError(
            f"The camera “{name}” was unplugged.",
            "Plug it in again, then start again; the count stands.",
            retryable=True,
        )
