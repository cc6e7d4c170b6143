"""Cameras, with a capture in memory: choice by name, what is asked of them, and what is said when they fail."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace

import cv2
import pytest

from desktop_app.errors import SourceError
from desktop_app.sources import camera as camera_module
from desktop_app.sources import device_lease
from desktop_app.sources.camera import (
    Camera,
    CameraMode,
    CameraSource,
    find_camera,
    list_cameras,
    platform_backend,
)
from desktop_app.sources.detached import DetachedReader, wait_for_detached
from desktop_app.sources.opening import OpenOptions, open_source
from desktop_app.sources.reconnect import ConnectionPhase, ConnectionState, ReconnectPolicy
from tests.patience import PATIENCE_S
from tests.sources.fakes import FakeCapture

CAMERAS = (
    Camera(0, "Integrated Camera", cv2.CAP_V4L2, "/dev/video0"),
    Camera(2, "HD Pro Webcam C920", cv2.CAP_V4L2, "/dev/video2"),
    Camera(4, "HD Pro Webcam C920 (2)", cv2.CAP_V4L2, "/dev/video4"),
)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [("", 0), ("2", 2), ("HD Pro Webcam C920 (2)", 4), ("/dev/video4", 4), ("c920", 2), ("integrated", 0)],
)
def test_find_camera(wanted: str, index: int) -> None:
    assert find_camera(wanted, CAMERAS).index == index


def test_no_such_camera() -> None:
    with pytest.raises(SourceError, match="There is no camera “9”") as caught:
        find_camera("9", CAMERAS)
    assert "“Integrated Camera”" in caught.value.remedy
    with pytest.raises(SourceError, match="No camera was found") as caught:
        find_camera("0", ())
    assert "demo" in caught.value.remedy


def test_windows_avoids_the_slow_backend() -> None:
    assert platform_backend("win32") == cv2.CAP_DSHOW
    assert platform_backend("darwin") == cv2.CAP_AVFOUNDATION
    assert platform_backend("linux") == cv2.CAP_V4L2


def test_list_cameras_numbers_equal_names(monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2_enumerate_cameras

    found = [
        SimpleNamespace(index=i, name=name, path=path)
        for i, name, path in [(4, "Cam", "b"), (1, "Cam", "a"), (7, "", None)]
    ]
    monkeypatch.setattr(cv2_enumerate_cameras, "enumerate_cameras", lambda backend: found)
    assert [(c.index, c.name, c.device) for c in list_cameras()] == [
        (1, "Cam", "a"),
        (4, "Cam (2)", "b"),
        (7, "Camera 7", ""),
    ]


def test_list_cameras_of_this_machine() -> None:
    assert all(camera.name for camera in list_cameras())


def test_what_is_asked_of_a_camera() -> None:
    capture = FakeCapture([0.0] * 5, {cv2.CAP_PROP_FPS: 30.0})
    opened: list[tuple[object, int]] = []

    def record(target: object, backend: int, _: object) -> FakeCapture:
        opened.append((target, backend))
        return capture

    source = CameraSource("c920", CameraMode(1920, 1080, 25.0), list_with=lambda: CAMERAS, open_capture_with=record)
    source.open()
    assert opened == [(2, cv2.CAP_V4L2)]
    asked = [prop for prop, _ in capture.settings]
    assert asked.index(cv2.CAP_PROP_FOURCC) < asked.index(cv2.CAP_PROP_FRAME_WIDTH), "the format decides the sizes"
    assert dict(capture.settings)[cv2.CAP_PROP_FPS] == 25.0
    assert (source.info.name, source.info.width, source.info.height) == ("HD Pro Webcam C920", 1920, 1080)
    assert source.info.is_live
    assert source.camera == CAMERAS[1]
    source.close()
    assert capture.released == 1


def test_camera_in_use() -> None:
    here = Camera(0, "Webcam", device="")
    closed = FakeCapture(opened=False)
    source = CameraSource(list_with=lambda: [here], open_capture_with=lambda *_: closed)
    with pytest.raises(SourceError, match="another program is using it") as caught:
        source.open()
    assert caught.value.retryable
    assert "Close the other program" in caught.value.remedy
    source.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="device nodes are Linux's")
def test_camera_not_permitted_or_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> object:
        raise PermissionError

    def source(device: str) -> CameraSource:
        camera = Camera(0, "Webcam", device=device)
        return CameraSource(list_with=lambda: [camera], open_capture_with=lambda *_: FakeCapture(opened=False))

    with pytest.raises(SourceError, match="does not answer"):
        source(str(tmp_path / "video9")).open()
    monkeypatch.setattr(camera_module, "open", refuse, raising=False)
    with pytest.raises(SourceError, match="not permitted") as caught:
        source("/dev/video0").open()
    assert "group “video”" in caught.value.remedy


@pytest.mark.parametrize(("still_there", "words"), [(False, "was unplugged"), (True, "stopped giving pictures")])
def test_camera_lost_in_the_middle(still_there: bool, words: str) -> None:
    present = [CAMERAS[0]]
    capture = FakeCapture([0.0] * 3, {cv2.CAP_PROP_FPS: 30.0})
    source = CameraSource(list_with=lambda: present, open_capture_with=lambda *_: capture)
    source.open()
    for _ in range(3):
        assert source.read() is not None
    if not still_there:
        present.clear()
    with pytest.raises(SourceError, match=words) as caught:
        source.read()
    assert caught.value.retryable
    assert capture.released == 1, "the camera is free again"
    source.close()


def test_a_dropped_picture_is_no_loss() -> None:
    capture = FakeCapture([0.0] * 6, undecodable=[0, 3])
    source = CameraSource(list_with=lambda: CAMERAS, open_capture_with=lambda *_: capture)
    source.open()
    assert all(source.read() is not None for _ in range(4))
    source.close()


def test_an_unplugged_camera_comes_back_and_no_other_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    plugged: list[Camera] = list(CAMERAS[:2])
    opened: list[int] = []
    states: list[str] = []

    def capture(target: int, *_: object) -> FakeCapture:
        opened.append(target)
        return FakeCapture([0.0] * 5)

    def listen(state: ConnectionState) -> None:
        states.append(state.message)
        if state.phase is ConnectionPhase.LOST:
            del plugged[0]  # the other camera stays
        elif state.attempt == 3:
            plugged.insert(0, CAMERAS[0])

    monkeypatch.setattr(
        CameraSource.__init__, "__kwdefaults__", {"list_with": lambda: plugged, "open_capture_with": capture}
    )
    options = OpenOptions(reconnect_cameras=True, reconnect=ReconnectPolicy(0.02, 0.02), listener=listen)
    source = open_source("camera", options)
    source.open()
    times: list[float] = []
    while len(opened) < 2:
        frame = source.read()
        assert frame is not None
        times.append(frame.time_s)
    source.close()
    assert opened == [0, 0]
    assert times == sorted(times)
    assert any("Integrated Camera" in message for message in states)


@pytest.mark.parametrize("bad", [(640, None, 0.0), (1, 1, 0.0), (640, 480, -1.0), (640, 480, 1e6)])
def test_absurd_modes(bad: tuple[int, int | None, float]) -> None:
    with pytest.raises(ValueError, match="camera"):
        CameraMode(*bad)


class ExclusiveDriver:
    """One camera that cannot be opened again before it was released, as real ones are; freeing it takes a while."""

    def __init__(self, release_s: float) -> None:
        self.release_s = release_s
        self.busy = False
        self.opened = 0

    def open(self, *_: object) -> FakeCapture:
        if self.busy:
            return FakeCapture(opened=False)
        self.busy, self.opened = True, self.opened + 1
        capture = FakeCapture([float(i) for i in range(1000)])
        release = capture.release

        def slowly() -> None:
            time.sleep(self.release_s)
            release()
            self.busy = False

        capture.release = slowly  # type: ignore[method-assign]
        return capture


def test_a_camera_is_opened_again_as_soon_as_it_is_free() -> None:
    driver = ExclusiveDriver(0.2)
    for _ in range(4):
        source = DetachedReader(CameraSource(list_with=lambda: CAMERAS, open_capture_with=driver.open))
        source.open()
        assert source.read() is not None
        source.close()  # returns at once; the device is freed later
    assert driver.opened == 4
    assert wait_for_detached(PATIENCE_S)


def test_a_camera_that_is_never_freed_is_said_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_lease.DeviceLease.acquire, "__defaults__", (0.2,))
    driver = ExclusiveDriver(0.0)
    first = CameraSource(list_with=lambda: CAMERAS, open_capture_with=driver.open)
    first.open()
    second = CameraSource(list_with=lambda: CAMERAS, open_capture_with=driver.open)
    with pytest.raises(SourceError, match="is still held"):
        second.open()
    first.close()
    third = CameraSource(list_with=lambda: CAMERAS, open_capture_with=driver.open)
    third.open()
    third.close()
    second.close()
