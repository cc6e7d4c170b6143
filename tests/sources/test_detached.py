"""A source that hangs holds nobody up, and leaves nothing behind once it lets go."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

import pytest

from desktop_app.errors import SourceError
from desktop_app.sources.capture import CaptureHandle
from desktop_app.sources.detached import DetachedReader, wait_for_detached
from desktop_app.sources.opening import OpenOptions, open_source
from desktop_app.sources.stream import StreamSource, TimeLimits
from tests.patience import AT_ONCE_S, HANGS_S, PATIENCE_S, eventually
from tests.servers.http_server import silent_server
from tests.sources.fakes import FakeCapture, FakeSource, HangingSource


@pytest.mark.parametrize("where", ["open", "read", "close"])
def test_close_frees_the_owner_while_the_backend_hangs(where: str) -> None:
    source = HangingSource(where)
    reader = DetachedReader(source)
    outcome: list[object] = []

    def own() -> None:
        reader.open()
        while (frame := reader.read()) is not None:
            outcome.append(frame)
        outcome.append("free")

    owner = threading.Thread(target=own)
    owner.start()
    if where == "close":
        assert eventually(lambda: outcome)
    else:
        assert source.hanging.wait(PATIENCE_S)
    began = time.monotonic()
    reader.close()
    owner.join(PATIENCE_S)
    assert time.monotonic() - began < AT_ONCE_S
    assert not owner.is_alive()
    assert outcome[-1] == "free"
    assert not wait_for_detached(0.05), "it hangs still"
    source.let_go.set()
    assert wait_for_detached(PATIENCE_S), "it let go, and its threads have ended"


def test_newest_wins_and_gaps_show_in_the_index() -> None:
    source = FakeSource(count=None, pause_s=0.001)
    reader = DetachedReader(source)
    reader.open()
    frames = []
    for _ in range(6):
        frame = reader.read()
        assert frame is not None
        frames.append(frame)
        assert eventually(lambda last=frame.index: source.next > last + 4)
    reader.close()
    assert all(later.index - earlier.index >= 2 for earlier, later in pairwise(frames[1:]))


def test_every_frame_of_what_is_not_live() -> None:
    reader = DetachedReader(FakeSource(count=200, live=False, duration_s=2.0))
    reader.open()
    indexes = []
    while (frame := reader.read()) is not None:
        indexes.append(frame.index)
        if frame.index % 50 == 0:
            time.sleep(0.02)
    reader.close()
    assert indexes == list(range(200))


def test_seek_throws_away_what_was_read_ahead() -> None:
    reader = DetachedReader(FakeSource(count=200, live=False, duration_s=2.0))
    reader.open()
    for _ in range(10):
        reader.read()
    reader.seek(1.5)
    frame = reader.read()
    assert frame is not None
    assert frame.time_s == pytest.approx(1.5)
    while reader.read() is not None:
        pass
    reader.seek(0.0)  # back after the end
    frame = reader.read()
    assert frame is not None
    assert frame.time_s == 0.0
    reader.close()


def test_errors_come_through() -> None:
    refused = DetachedReader(FakeSource(open_error=SourceError("no such thing", "look again")))
    with pytest.raises(SourceError, match="no such thing"):
        refused.open()
    refused.close()
    broken = DetachedReader(FakeSource(count=0, error=SourceError("unplugged")))
    broken.open()
    with pytest.raises(SourceError, match="unplugged"):
        broken.read()
    broken.close()


def test_our_own_patience_ends() -> None:
    for where in ("open", "read"):
        source = HangingSource(where)
        reader = DetachedReader(source, open_limit_s=0.2, silence_limit_s=0.2)
        with pytest.raises(SourceError) as caught:
            open_and_read(reader)
        assert caught.value.retryable
        assert "0 s" in caught.value.message
        reader.close()
        source.let_go.set()


def open_and_read(reader: DetachedReader) -> None:
    reader.open()
    reader.read()


def test_silent_server_ends_by_the_backends_own_limit() -> None:
    with silent_server() as port:
        source = StreamSource(f"rtsp://127.0.0.1:{port}/live", limits=TimeLimits(open_s=1.0, read_s=1.0))
        reader = DetachedReader(source)
        owner = threading.Thread(target=lambda: open_and_read(reader))
        owner.start()
        time.sleep(0.3)
        began = time.monotonic()
        reader.close()
        owner.join(PATIENCE_S)
        assert time.monotonic() - began < AT_ONCE_S
        assert not owner.is_alive()
        assert wait_for_detached(PATIENCE_S), "FFmpeg's limit of 1 s ends the thread"


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_silent_server_is_named(scheme: str) -> None:
    with silent_server() as port:
        source = open_source(
            f"{scheme}://127.0.0.1:{port}/live", OpenOptions(limits=TimeLimits(open_s=0.7, read_s=0.7))
        )
        with pytest.raises(SourceError, match="sent nothing") as caught:
            source.open()
        assert caught.value.retryable
        source.close()


def test_bad_limits() -> None:
    with pytest.raises(ValueError, match="silence_limit_s"):
        DetachedReader(FakeSource(), silence_limit_s=0.0)


def test_a_capture_is_never_released_under_its_reader() -> None:
    in_grab, go_on = threading.Event(), threading.Event()

    def on_grab(_: int) -> None:
        in_grab.set()
        go_on.wait(HANGS_S)
        assert capture.released == 0

    capture = FakeCapture([0.0, 40.0], on_grab=on_grab)
    handle = CaptureHandle(capture)  # type: ignore[arg-type]
    results: list[float | None] = []
    reader = threading.Thread(target=lambda: results.append(handle.grab()))
    reader.start()
    assert in_grab.wait(PATIENCE_S)
    began = time.monotonic()
    handle.close()
    assert time.monotonic() - began < AT_ONCE_S
    assert capture.released == 0
    go_on.set()
    reader.join(PATIENCE_S)
    assert capture.released == 1
    handle.close()
    assert handle.grab() is None
    assert capture.released == 1
