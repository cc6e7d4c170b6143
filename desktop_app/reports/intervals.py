"""Arrivals by the clock: intervals of some minutes, or the items of an agenda."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import Gender
from desktop_app.reports.watched import Span

MINUTES = (1, 5, 15, 60)
"""The lengths of interval that a report offers."""

MOST_INTERVALS = 20_000


@dataclass(frozen=True, slots=True)
class Edges:
    """One interval to count in: half-open [start, end), in seconds since 1970. `name` is that of an agenda item."""

    start_utc: float
    end_utc: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class Interval:
    """What was counted in one interval.

    `watched_s` is how long at least one door was watched. `is_missing` means that nobody was watching: its zeros say
    nothing. `into` and `out` are crossings of lines; `inside` is their balance since the first interval, at its end.
    """

    start_utc: float
    end_utc: float
    name: str
    people: int
    female: int
    male: int
    undecided: int
    into: int
    out: int
    inside: int
    watched_s: float

    @property
    def is_missing(self) -> bool:
        return self.watched_s <= 0 and self.people == 0 and self.into == 0 and self.out == 0


def regular_edges(start_utc: float, end_utc: float, minutes: int, zone: ZoneInfo) -> list[Edges]:
    """Return intervals of `minutes` on whole local times ("09:00", "09:15") that cover [start, end).

    Raises ValueError for less than a minute, and for more than `MOST_INTERVALS` intervals.
    """
    if minutes < 1:
        raise ValueError(f"an interval takes at least 1 minute, not {minutes}")
    step_s = 60.0 * minutes
    if (end_utc - start_utc) / step_s > MOST_INTERVALS:
        raise ValueError(f"more than {MOST_INTERVALS} intervals; choose longer ones")
    local = datetime.fromtimestamp(start_utc, UTC).astimezone(zone)
    offset_s = (local.utcoffset() or timedelta()).total_seconds()
    # Whole local times differ from whole UTC times only by the offset; a change of the clocks by whole hours or half
    # hours leaves intervals up to that length on whole local times.
    first = np.floor((start_utc + offset_s) / step_s) * step_s - offset_s
    count = max(1, int(np.ceil((end_utc - first) / step_s)))
    return [Edges(float(first + i * step_s), float(first + (i + 1) * step_s)) for i in range(count)]


def count_in(edges: Sequence[Edges], people: Iterable[PersonRecord], spans: Iterable[Span]) -> list[Interval]:
    """Count people, crossings and watched time in each interval; the intervals may overlap and have gaps."""
    records = [p for p in people if p.counts]
    times = {g: _sorted(p.counted_utc for p in records if p.gender is g) for g in Gender}
    crossings = [(sign, utc) for p in records for sign, _, utc in p.crossings.values()]
    into, out = _sorted(u for s, u in crossings if s > 0), _sorted(u for s, u in crossings if s < 0)
    spans = list(spans)
    found = []
    for edge in edges:
        genders = {g: _between(times[g], edge.start_utc, edge.end_utc) for g in Gender}
        until = (float("-inf"), edge.end_utc)
        found.append(
            Interval(
                edge.start_utc,
                edge.end_utc,
                edge.name,
                sum(genders.values()),
                genders[Gender.FEMALE],
                genders[Gender.MALE],
                genders[Gender.UNDECIDED],
                _between(into, edge.start_utc, edge.end_utc),
                _between(out, edge.start_utc, edge.end_utc),
                _between(into, *until) - _between(out, *until),
                _watched(spans, edge),
            )
        )
    return found


def peak(intervals: Sequence[Interval]) -> Interval | None:
    """Return the interval in which most people came, the first of equals; None where nobody came."""
    best = max(intervals, key=lambda i: i.people, default=None)
    return best if best is not None and best.people else None


def _sorted(values: Iterable[float]) -> NDArray[np.float64]:
    return np.sort(np.fromiter(values, np.float64))


def _between(times: NDArray[np.float64], start: float, end: float) -> int:
    first, last = np.searchsorted(times, [start, end], side="left")
    return int(last - first)


def _watched(spans: Sequence[Span], edge: Edges) -> float:
    """Return how long at least one door was watched in an interval, in seconds."""
    parts = sorted(
        (max(s.start_utc, edge.start_utc), min(s.end_utc, edge.end_utc))
        for s in spans
        if s.within(edge.start_utc, edge.end_utc) > 0
    )
    total, reached = 0.0, float("-inf")
    for start, end in parts:
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total
