"""A lost source comes back within the same session."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources.base import FrameSource
from desktop_app.sources.opening import OpenOptions, open_source
from desktop_app.sources.reconnect import ConnectionPhase, ConnectionState, ReconnectingSource, ReconnectPolicy
from desktop_app.sources.stream import TimeLimits
from tests.patience import AT_ONCE_S, PATIENCE_S, eventually
from tests.servers.http_server import TestServer, free_port, silent_server
from tests.sources.conftest import RtspServers
from tests.sources.fakes import FakeSource

LOST = SourceError("the stream has stopped", retryable=True)
QUICK = ReconnectPolicy(first_wait_s=0.02, longest_wait_s=0.05, give_up_after_s=PATIENCE_S)
LIMITS = TimeLimits(open_s=5.0, read_s=1.0)


def chain(*sources: FrameSource) -> Callable[[], FrameSource]:
    waiting = list(sources)
    return lambda: waiting.pop(0)


def read_all(source: FrameSource) -> list[Frame]:
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    return frames


def opened(url: str, options: OpenOptions) -> FrameSource:
    """Open the stream of a server that listens since a moment ago; a busy one may take longer than the limit."""
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        source = open_source(url, options)
        try:
            source.open()
        except SourceError as error:
            source.close()
            if not error.retryable or time.monotonic() > give_up_at:
                raise
        else:
            return source


def test_the_clock_and_the_index_rise_across_losses() -> None:
    states: list[ConnectionState] = []
    made = [FakeSource(count=5, error=LOST) for _ in range(3)]
    refused = FakeSource(open_error=SourceError("refused", retryable=True))
    end = FakeSource(count=5)
    source = ReconnectingSource(chain(made[0], refused, made[1], made[2], end), policy=QUICK, listener=states.append)
    source.open()
    frames = read_all(source)
    source.close()
    assert [frame.index for frame in frames] == list(range(20))
    assert all(later.time_s > earlier.time_s for earlier, later in pairwise(frames))
    assert frames[5].time_s - frames[4].time_s >= 0.04, "the clock went on through the gap"
    assert [state.phase.value for state in states] == [
        "connected", "lost", "trying", "trying", "connected",
        "lost", "trying", "connected", "lost", "trying", "connected",
    ]  # fmt: skip
    assert states[1].message == "the stream has stopped"
    assert [state.attempt for state in states[2:4]] == [1, 2]
    assert all(old.closed.is_set() for old in (*made, refused))


def test_a_wrong_address_is_told_at_once() -> None:
    source = ReconnectingSource(chain(FakeSource(open_error=SourceError("refused", retryable=True))), policy=QUICK)
    with pytest.raises(SourceError, match="refused"):
        source.open()
    source.close()


def test_what_trying_again_cannot_help_is_final() -> None:
    source = ReconnectingSource(chain(FakeSource(count=1, error=SourceError("broken"))), policy=QUICK)
    source.open()
    assert source.read() is not None
    with pytest.raises(SourceError, match="broken"):
        source.read()
    source.close()


def test_giving_up() -> None:
    states: list[ConnectionState] = []
    first = FakeSource(count=1, error=LOST)

    def make() -> FrameSource:
        return first if not first.opened else FakeSource(open_error=SourceError("refused", retryable=True))

    policy = ReconnectPolicy(first_wait_s=0.02, longest_wait_s=0.05, give_up_after_s=0.3)
    source = ReconnectingSource(make, policy=policy, listener=states.append)
    source.open()
    assert source.read() is not None
    with pytest.raises(SourceError, match=r"did not come back within .* refused"):
        source.read()
    assert states[-1].phase is ConnectionPhase.GAVE_UP
    source.close()


def test_close_ends_the_waiting() -> None:
    policy = ReconnectPolicy(first_wait_s=30.0, longest_wait_s=30.0, give_up_after_s=None)
    waiting = threading.Event()
    source = ReconnectingSource(
        chain(FakeSource(count=0, error=LOST)),
        policy=policy,
        listener=lambda state: waiting.set() if state.phase is ConnectionPhase.TRYING else None,
    )
    source.open()
    results: list[Frame | None] = []
    reader = threading.Thread(target=lambda: results.append(source.read()))
    reader.start()
    assert waiting.wait(PATIENCE_S)
    began = time.monotonic()
    source.close()
    reader.join(PATIENCE_S)
    assert time.monotonic() - began < AT_ONCE_S
    assert results == [None]


def test_a_broadcast_that_comes_back_as_a_recording_has_ended() -> None:
    recording = FakeSource(live=False, duration_s=5.0)
    source = ReconnectingSource(chain(FakeSource(count=3, error=LOST), recording), policy=QUICK)
    source.open()
    assert len(read_all(source)) == 3
    source.close()
    assert recording.closed.is_set()


def test_a_recording_resumes_where_it_was_lost() -> None:
    whole = FakeSource(count=1000, live=False, duration_s=10.0)
    cut = FakeSource(count=400, live=False, duration_s=10.0)
    source = ReconnectingSource(chain(cut, whole), policy=QUICK)
    source.open()
    frames = read_all(source)
    source.close()
    assert [round(frame.time_s * 100) for frame in frames] == list(range(1000))
    assert [frame.index for frame in frames] == list(range(1000))


def test_a_recording_shorter_than_it_says_ends() -> None:
    short = [FakeSource(count=400, live=False, duration_s=10.0) for _ in range(2)]
    source = ReconnectingSource(chain(*short), policy=QUICK)
    source.open()
    assert len(read_all(source)) == 400
    source.close()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs Unix signals")
def test_an_rtsp_server_that_freezes(rtsp: RtspServers) -> None:
    port = rtsp.start()
    states: list[ConnectionState] = []
    options = OpenOptions(reconnect=QUICK, limits=LIMITS, listener=states.append)
    source = opened(f"rtsp://127.0.0.1:{port}/live", options)
    take(source, 5)
    rtsp.freeze()
    reader = threading.Thread(target=lambda: read_all(source))
    reader.start()
    assert eventually(lambda: any(state.attempt for state in states))
    assert any("silent" in s.message or "no picture" in s.message for s in states if s.phase is ConnectionPhase.LOST)
    began = time.monotonic()
    source.close()
    reader.join(PATIENCE_S)
    assert time.monotonic() - began < AT_ONCE_S


@pytest.mark.parametrize("attempt", [1, 2, 3, 50])
def test_waits_grow_to_a_limit(attempt: int) -> None:
    assert ReconnectPolicy(0.5, 15.0).wait_s(attempt) == min(15.0, 0.5 * 2 ** (attempt - 1))


@pytest.mark.parametrize("bad", [{"first_wait_s": 0.0}, {"longest_wait_s": 0.1}, {"give_up_after_s": -1.0}])
def test_absurd_policies(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        ReconnectPolicy(**bad)


def take(source: FrameSource, count: int) -> list[Frame]:
    frames = []
    for _ in range(count):
        frame = source.read()
        assert frame is not None
        frames.append(frame)
    return frames


def assert_one_session(frames: list[Frame]) -> None:
    assert all(later.time_s > earlier.time_s for earlier, later in pairwise(frames))
    assert all(later.index > earlier.index for earlier, later in pairwise(frames))


def test_rtsp_server_killed_and_restarted(rtsp: RtspServers) -> None:
    port = rtsp.start(free_port())
    states: list[ConnectionState] = []
    options = OpenOptions(reconnect=QUICK, limits=LIMITS, listener=states.append)
    source = opened(f"rtsp://127.0.0.1:{port}/live", options)
    frames = take(source, 10)
    rtsp.kill()
    restart = threading.Timer(0.5, lambda: rtsp.start(port))
    restart.start()
    frames += take(source, 40)
    restart.join()
    source.close()
    assert_one_session(frames)
    phases = [state.phase for state in states]
    assert phases[0] is phases[-1] is ConnectionPhase.CONNECTED
    assert ConnectionPhase.LOST in phases


def test_mjpeg_server_killed_and_restarted(jpegs: list[bytes]) -> None:
    port = free_port()
    server = TestServer(port, pictures=jpegs)
    source = open_source(f"{server.url}/mjpeg", OpenOptions(reconnect=QUICK, limits=LIMITS))
    source.open()
    frames = take(source, 10)
    server.kill()
    again: list[TestServer] = []
    restart = threading.Timer(0.4, lambda: again.append(TestServer(port, pictures=jpegs)))
    restart.start()
    frames += take(source, 10)
    while frames[-1].time_s - frames[0].time_s < 1.0:
        frames += take(source, 1)
    source.close()
    restart.join()
    again[0].kill()
    assert_one_session(frames)


def test_a_stream_that_falls_silent_is_lost_and_comes_back(jpegs: list[bytes]) -> None:
    server = TestServer(pictures=jpegs)
    states: list[ConnectionState] = []

    def note(state: ConnectionState) -> None:
        states.append(state)
        if state.phase is ConnectionPhase.LOST:
            server.hung.clear()

    source = open_source(f"{server.url}/mjpeg", OpenOptions(reconnect=QUICK, limits=LIMITS, listener=note))
    source.open()
    frames = take(source, 5)
    server.hung.set()
    while not any(state.phase is ConnectionPhase.LOST for state in states):
        frames += take(source, 1)
    frames += take(source, 5)
    source.close()
    server.kill()
    assert_one_session(frames)
    lost = next(state for state in states if state.phase is ConnectionPhase.LOST)
    assert "silent" in lost.message or "sent no picture" in lost.message


def test_close_while_a_silent_server_is_retried(rtsp: RtspServers) -> None:
    port = rtsp.start(free_port())
    trying = threading.Event()
    source = opened(
        f"rtsp://127.0.0.1:{port}/live",
        OpenOptions(
            reconnect=ReconnectPolicy(0.02, 0.02),
            limits=TimeLimits(open_s=2.0, read_s=1.0),
            listener=lambda state: trying.set() if state.attempt else None,
        ),
    )
    take(source, 3)
    rtsp.kill()
    with silent_server(port=port):
        reader = threading.Thread(target=lambda: read_all(source))
        reader.start()
        assert trying.wait(PATIENCE_S)
        began = time.monotonic()
        source.close()
        reader.join(PATIENCE_S)
        assert time.monotonic() - began < AT_ONCE_S
