from __future__ import annotations

import threading
import time

import pytest

from desktop_app.engine.channel import Channel, ChannelClosed, ChannelPolicy
from tests.patience import PATIENCE_S

NEWEST, BLOCKING = ChannelPolicy.NEWEST_WINS, ChannelPolicy.BLOCKING


@pytest.mark.parametrize(
    ("policy", "capacity", "put", "out", "dropped"),
    [
        (NEWEST, 1, [1, 2, 3], [3], 2),
        (NEWEST, 2, [1, 2, 3], [2, 3], 1),
        (NEWEST, 3, [1, 2, 3], [1, 2, 3], 0),
        (BLOCKING, 3, [1, 2, 3], [1, 2, 3], 0),
        (BLOCKING, 1, [], [], 0),
    ],
)
def test_what_goes_in_comes_out(policy, capacity, put, out, dropped) -> None:
    channel: Channel[int] = Channel(capacity, policy)
    assert all(channel.put(item) for item in put)
    channel.close()
    got = [channel.get() for _ in range(len(channel))]
    with pytest.raises(ChannelClosed):
        channel.get()
    assert (got, channel.dropped) == (out, dropped)


def test_a_full_blocking_channel_waits_for_room_and_drops_nothing() -> None:
    channel: Channel[int] = Channel(1, BLOCKING)
    assert channel.put(1)
    assert channel.put(2, timeout_s=0.01) is False
    seen: list[int] = []
    writer = threading.Thread(target=lambda: [channel.put(i) for i in range(2, 50)])
    writer.start()
    for _ in range(49):
        seen.append(channel.get(PATIENCE_S))
    writer.join()
    assert seen == list(range(1, 50))
    assert channel.dropped == 0


@pytest.mark.parametrize("waits", ["get", "put"])
def test_close_wakes_whoever_waits(waits) -> None:
    channel: Channel[int] = Channel(1, BLOCKING)
    if waits == "put":
        channel.put(1)
    raised = threading.Event()

    def wait() -> None:
        try:
            channel.get() if waits == "get" else channel.put(2)
        except ChannelClosed:
            raised.set()

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    channel.close()
    channel.close()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert raised.is_set()
    assert not any(t.is_alive() for t in threads)


def test_get_gives_none_when_its_time_runs_out_and_put_refuses_after_close() -> None:
    channel: Channel[int] = Channel(1, NEWEST)
    assert channel.get(0.01) is None
    channel.close()
    with pytest.raises(ChannelClosed):
        channel.put(1)


def test_clear_throws_away_and_does_not_count_as_dropped() -> None:
    channel: Channel[int] = Channel(2, NEWEST)
    channel.put(1)
    channel.put(2)
    assert (channel.clear(), len(channel), channel.dropped) == (2, 0, 0)


def test_many_writers_and_readers_lose_nothing() -> None:
    channel: Channel[int] = Channel(4, BLOCKING)
    got: list[int] = []
    lock = threading.Lock()

    def read() -> None:
        try:
            while True:
                item = channel.get()
                with lock:
                    got.append(item)
        except ChannelClosed:
            return

    readers = [threading.Thread(target=read) for _ in range(3)]
    writers = [
        threading.Thread(target=lambda k=k: [channel.put(i) for i in range(k * 200, k * 200 + 200)]) for k in range(3)
    ]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join(PATIENCE_S)
    channel.close()
    for thread in readers:
        thread.join(PATIENCE_S)
    assert sorted(got) == list(range(600))


def test_a_channel_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Channel(0, NEWEST)
