from __future__ import annotations

import numpy as np
import pytest

from desktop_app.domain.types import Counts
from desktop_app.engine.history import CountHistory


@pytest.mark.slow
def test_it_stays_bounded_over_days_and_keeps_the_shape() -> None:
    history = CountHistory(capacity=256, step_s=0.2)
    days_s = 3 * 24 * 3600
    times = np.arange(0, days_s, 1.5)
    for i, t in enumerate(times):
        history.add(float(t), Counts(female=i // 3, male=i // 5, undecided=i // 50, in_view=i % 4))
    series = history.snapshot()
    assert 100 <= len(series) <= 256
    assert np.all(np.diff(series.time_s) >= 0)
    for column in (series.female, series.male, series.undecided):
        assert np.all(np.diff(column) >= 0)
    assert series.time_s[-1] == times[-1]
    assert series.female[-1] == (len(times) - 1) // 3
    # A step function sampled coarsely: every point says what the total was at its own time.
    assert np.array_equal(series.female, (series.time_s / 1.5).round().astype(int) // 3)
    assert series.in_view.max() == 3


def test_the_newest_point_follows_the_count_within_one_step() -> None:
    history = CountHistory(capacity=8, step_s=1.0)
    for t, female, in_view in ((0.0, 0, 0), (0.3, 1, 2), (0.6, 2, 1)):
        history.add(t, Counts(female=female, in_view=in_view))
    series = history.snapshot()
    assert series.time_s.tolist() == [0.0, 0.6]
    assert series.female.tolist() == [0, 2]
    assert series.in_view.tolist() == [0, 2]


def test_a_snapshot_cannot_be_changed_and_does_not_change() -> None:
    history = CountHistory(capacity=4)
    history.add(0.0, Counts(female=1))
    series = history.snapshot()
    history.add(9.0, Counts(female=2))
    assert len(series) == 1
    with pytest.raises(ValueError, match="read-only"):
        series.female[0] = 5


def test_clear_starts_again_at_the_finest_step() -> None:
    history = CountHistory(capacity=4, step_s=0.5)
    for t in range(100):
        history.add(float(t), Counts())
    assert history.step_s > 0.5
    history.clear()
    assert (len(history.snapshot()), history.step_s) == (0, 0.5)


@pytest.mark.parametrize(("capacity", "step_s"), [(3, 1.0), (5, 1.0), (8, 0.0), (8, -1.0)])
def test_absurd_sizes_are_refused(capacity, step_s) -> None:
    with pytest.raises(ValueError, match="the history needs"):
        CountHistory(capacity, step_s)
