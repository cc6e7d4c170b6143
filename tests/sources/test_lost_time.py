"""How long a live source gave nothing, and when that makes a count incomplete."""

from __future__ import annotations

import threading

import pytest

from desktop_app.sources.lost_time import LostTime
from desktop_app.sources.reconnect import ReconnectingSource, ReconnectPolicy
from tests.patience import eventually
from tests.sources.fakes import FakeSource
from tests.sources.test_reconnect import LOST, chain


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def after(*steps: tuple[float, str]) -> LostTime:
    """Return a `LostTime` that was opened and then told each step after so many seconds."""
    clock = Clock()
    lost = LostTime(clock)
    lost.open()
    for wait_s, what in steps:
        clock.now_s += wait_s
        getattr(lost, what)()
    return lost


FLOWING = [(0.1, "picture")] * 300
SLOW = [(5.0, "picture")] * 10


@pytest.mark.parametrize(
    ("steps", "total_s"),
    [
        ([*FLOWING, (0.1, "close")], 0.0),
        ([*FLOWING, (0.5, "lose"), (20.0, "picture"), *FLOWING, (0.1, "close")], 20.5),
        ([*FLOWING, (0.0, "lose"), (3.0, "picture"), (0.1, "lose"), (4.0, "picture"), (0.1, "close")], 7.1),
        ([*FLOWING, (0.0, "lose"), (30.0, "close"), (99.0, "close")], 30.0),
        ([*FLOWING, (8.0, "close")], 8.0),  # silent, and not found to be lost yet
        ([*SLOW, (4.0, "close")], 0.0),  # a camera that gives a picture every five seconds
        ([*SLOW, (60.0, "close")], 60.0),
        ([(60.0, "close")], 0.0),  # never a picture: that is said by itself
    ],
)
def test_what_is_lost_adds_up(steps: list[tuple[float, str]], total_s: float) -> None:
    assert after(*steps).total_s == pytest.approx(total_s)


@pytest.mark.parametrize(
    ("lost_s", "watched", "says"),
    [(0.5, 1, ""), (2.0, 300, ""), (4.0, 300, "For 4 s in all"), (9.0, 2000, ""), (11.0, 20000, "For 11 s in all")],
)
def test_only_what_somebody_could_have_passed_in_is_said(lost_s: float, watched: int, says: str) -> None:
    lost = after(*[(0.1, "picture")] * watched, (0.0, "lose"), (lost_s, "picture"), (0.0, "close"))
    assert " ".join(lost.sentences("camera")).startswith(says)
    assert bool(lost.sentences("camera")) is bool(says)


def test_a_stream_that_stays_away_makes_the_count_incomplete() -> None:
    gone = [FakeSource(open_error=LOST) for _ in range(10000)]
    policy = ReconnectPolicy(first_wait_s=0.02, longest_wait_s=0.02, give_up_after_s=None)
    source = ReconnectingSource(chain(FakeSource(count=5, error=LOST), *gone), policy=policy)
    source.open()
    for _ in range(5):
        assert source.read() is not None
    assert source.omissions == ()
    reader = threading.Thread(target=source.read)
    reader.start()
    assert eventually(lambda: "no pictures came" in " ".join(source.omissions))
    source.close()
    reader.join()
    said = source.omissions
    assert said
    assert source.omissions == said
