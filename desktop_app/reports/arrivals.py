"""How many people came in each interval, from the stored figures by the minute: at once, however long a count is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from desktop_app.reports.intervals import Edges
from desktop_app.store.summaries import SessionSummary


def arrivals_in(edges: Sequence[Edges], summary: SessionSummary, door: str | None = None) -> NDArray[np.int64]:
    """Return how many appear (female, male, undecided) in each interval, at one door or at all: shape (n, 3).

    The intervals must begin and end on whole minutes; they may overlap and have gaps.
    """
    found = np.zeros((len(edges), 3), np.int64)
    starts, ends = (np.array([getattr(e, name) for e in edges], np.float64) for name in ("start_utc", "end_utc"))
    for name, arrivals in summary.arrivals.items():
        if door not in (None, name):
            continue
        first, last = np.searchsorted(arrivals.minute_utc, starts), np.searchsorted(arrivals.minute_utc, ends)
        for column, numbers in enumerate((arrivals.female, arrivals.male, arrivals.undecided)):
            sums = np.concatenate([[0], np.cumsum(numbers)])
            found[:, column] += sums[last] - sums[first]
    return found
