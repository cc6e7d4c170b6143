"""Clocks: tables of stamps as containers and cameras give them, and the times that must come out."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from desktop_app.sources.clock import LiveClock, MediaClock, sane_fps

NAN = math.nan


@pytest.mark.parametrize(
    ("why", "fps", "duration_s", "stamps", "times"),
    [
        ("regular", 10, 1.0, [0.0, 0.1, 0.2], [0.0, 0.1, 0.2]),
        ("variable rate", 10, 5.0, [0.0, 0.1, 1.5, 1.6], [0.0, 0.1, 1.5, 1.6]),
        ("never moves, as raw .264", 25, None, [0.0, 0.0, 0.0, 0.0], [0.0, 0.04, 0.08, 0.12]),
        ("no rate and no stamps", 0, None, [0.0, 0.0], [0.0, 0.04]),
        ("a repeated stamp costs nothing", 25, None, [0.0, 0.0, 0.08, 0.12], [0.0, 0.04, 0.08, 0.12]),
        ("a little backwards", 25, None, [0.0, 0.08, 0.04, 0.16], [0.0, 0.08, 0.12, 0.16]),
        ("starts over", 25, None, [100.0, 100.04, 0.0, 0.04], [100.0, 100.04, 100.08, 100.12]),
        ("an absurd jump", 25, 2.0, [0.0, 0.04, 9000.0, 9000.04], [0.0, 0.04, 0.08, 0.12]),
        ("a long still scene of a long file", 1, 600.0, [0.0, 300.0, 301.0], [0.0, 300.0, 301.0]),
        ("starts before zero", 25, None, [-5.0, -4.96, -4.92], [0.0, 0.04, 0.08]),
        ("starts far past the duration", 25, 10.0, [90000.0, 90000.04], [0.0, 0.04]),
        ("no number", 25, None, [NAN, NAN, 0.2], [0.0, 0.04, 0.2]),
    ],
)
def test_media_clock(why: str, fps: float, duration_s: float | None, stamps: list[float], times: list[float]) -> None:
    clock = MediaClock(fps, duration_s)
    assert [clock.next(stamp) for stamp in stamps] == pytest.approx(times), why


def test_media_clock_after_a_seek_may_go_back() -> None:
    clock = MediaClock(25)
    clock.next(10.0)
    clock.jumped()
    assert clock.next(2.0) == pytest.approx(2.0)


def test_media_clock_of_a_loop_rises_on() -> None:
    clock = MediaClock(10)
    times = [clock.next(stamp) for stamp in (0.0, 0.1, 0.2)]
    clock.continue_from_start()
    times += [clock.next(stamp) for stamp in (0.0, 0.1, 0.2)]
    assert times == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])


@pytest.mark.parametrize(
    ("given", "kept"),
    [(25.0, 25.0), (0.0, 0.0), (-1.0, 0.0), (90000.0, 0.0), (NAN, 0.0), (math.inf, 0.0), (0.1, 0.1)],
)
def test_sane_fps(given: float, kept: float) -> None:
    assert sane_fps(given) == kept


def test_live_clock_follows_arrival_without_stamps() -> None:
    clock = LiveClock(use_stamps=False)
    assert [clock.next(99.0, t) for t in (50.0, 50.1, 50.1, 51.0)] == pytest.approx([0.0, 0.1, 0.101, 1.0])


def test_live_clock_follows_stamps_through_jitter() -> None:
    clock = LiveClock(use_stamps=True)
    arrivals = [7.0, 7.3, 7.31, 7.32, 7.6]
    assert [clock.next(3.0 + 0.1 * n, t) for n, t in enumerate(arrivals)] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


def test_live_clock_follows_stamps_through_the_burst_at_the_start() -> None:
    clock = LiveClock(use_stamps=True)
    times = [clock.next(0.1 * n, 5.0 + 0.001 * n) for n in range(60)]
    times += [clock.next(6.0 + 0.1 * n, 5.06 + 0.1 * n) for n in range(60)]
    assert times == pytest.approx([0.1 * n for n in range(120)])


def test_live_clock_gives_up_stamps_that_run_away() -> None:
    clock = LiveClock(use_stamps=True)
    times = [clock.next(stamp, arrival) for stamp, arrival in ((0.0, 0.0), (0.1, 0.1), (5000.0, 0.2), (5000.1, 0.3))]
    assert times == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_live_clock_always_rises() -> None:
    clock = LiveClock(use_stamps=True)
    stamps = [0.0, 0.0, -3.0, NAN, 1e9, 0.0, 7.0, 6.9]
    times = [clock.next(stamp, 0.01 * n) for n, stamp in enumerate(stamps)]
    assert all(later > earlier for earlier, later in pairwise(times))
