"""Arrivals by the clock: intervals of some minutes, or the items of an agenda."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import Gender
from desktop_app.reports.watched import Span

MINUTES = (1, 5, 15, 60)
"""The lengths of interval that a report offers."""

_LONGER = (1440, 7 * 1440)
"""Lengths for counts that are so long, or of which a clock that was wrong says so, that none of `MINUTES` does."""

_MOST_ON_A_PAGE = 48

MOST_INTERVALS = 20_000


FIGURES = ("people", "female", "male", "undecided", "into", "out")
"""The figures of an interval that a table shows, by the names of their fields."""


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
    `hidden` names the figures that must not be shown, with what is shown instead; see `suppression`.
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
    hidden: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def is_missing(self) -> bool:
        return self.watched_s <= 0 and self.people == 0 and self.into == 0 and self.out == 0

    def shown(self, figure: str) -> int | str | None:
        """Return one of `FIGURES` or "inside" as it may be shown: None where nobody was watching, a text if hidden."""
        if self.is_missing and figure != "inside":
            return None
        value = self.hidden.get(figure, getattr(self, figure))
        assert value is None or isinstance(value, int | str)
        return value


def suitable_minutes(span_s: float) -> int:
    """Return the length of the intervals, of `MINUTES`, that gives a page something to show: at most about 48 of them.

    `span_s` is the time from the first to the last thing that the report tells of, in seconds.
    """
    return next((m for m in MINUTES if span_s <= _MOST_ON_A_PAGE * 60 * m), MINUTES[-1])


def possible_minutes(minutes: int, span_s: float) -> int:
    """Return `minutes`, or a longer interval where none that a report offers gives at most `MOST_INTERVALS`.

    A computer that does not know the time yet begins a count in 1970.
    """

    def fits(length: int) -> bool:
        return span_s / (60 * length) < MOST_INTERVALS - 1

    if fits(MINUTES[-1]):
        return minutes
    return max(minutes, next((length for length in _LONGER if fits(length)), _LONGER[-1]))


def regular_edges(start_utc: float, end_utc: float, minutes: int, zone: ZoneInfo) -> list[Edges]:
    """Return intervals of `minutes` on whole local times ("09:00", "09:15") that cover [start, end).

    Raises ValueError for less than a minute, and for more than `MOST_INTERVALS` intervals.
    """
    if minutes < 1:
        raise ValueError(f"an interval takes at least 1 minute, not {minutes}")
    step_s = 60.0 * minutes
    if (end_utc - start_utc) / step_s > MOST_INTERVALS:
        raise ValueError(f"more than {MOST_INTERVALS} intervals; choose longer ones")
    offset_s = _offset_s(start_utc, zone)
    # Whole local times differ from whole UTC times only by the offset; a change of the clocks by whole hours or half
    # hours leaves intervals up to that length on whole local times.
    first = np.floor((start_utc + offset_s) / step_s) * step_s - offset_s
    count = max(1, int(np.ceil((end_utc - first) / step_s)))
    return [Edges(float(first + i * step_s), float(first + (i + 1) * step_s)) for i in range(count)]


def _offset_s(utc: float, zone: ZoneInfo) -> float:
    return (datetime.fromtimestamp(utc, UTC).astimezone(zone).utcoffset() or timedelta()).total_seconds()


class PeopleTimes:
    """When people came and when they crossed lines, by door: what intervals are counted from.

    Takes 8 bytes for each of these moments, whoever it was.
    """

    def __init__(self, people: Iterable[PersonRecord] = ()) -> None:
        self._came: dict[tuple[str, Gender], array[float]] = defaultdict(lambda: array("d"))
        self._crossed: dict[tuple[str, int], array[float]] = defaultdict(lambda: array("d"))
        for person in people:
            self.add(person)

    def add(self, person: PersonRecord) -> None:
        if person.counts:
            self._came[person.door, person.gender].append(person.counted_utc)
        for (door, _), (sign, _, utc) in person.crossings.items():
            self._crossed[door, sign].append(utc)

    def count(self, edges: Sequence[Edges], spans: Iterable[Span], door: str | None = None) -> list[Interval]:
        """Count people, crossings and watched time in each interval, of one door or of all.

        The intervals may overlap and have gaps.
        """
        starts, ends = (np.array([getattr(e, name) for e in edges], np.float64) for name in ("start_utc", "end_utc"))
        came = {g: _sorted(t for (d, x), t in self._came.items() if x is g and door in (None, d)) for g in Gender}
        genders = {g: _between(times, starts, ends) for g, times in came.items()}
        entered, left = (
            _sorted(t for (d, x), t in self._crossed.items() if x == sign and door in (None, d)) for sign in (1, -1)
        )
        into, out = _between(entered, starts, ends), _between(left, starts, ends)
        inside = np.searchsorted(entered, ends) - np.searchsorted(left, ends)
        watched = watched_in([s for s in spans if door in (None, s.door)], starts, ends)
        female, male, undecided = (genders[g].tolist() for g in (Gender.FEMALE, Gender.MALE, Gender.UNDECIDED))
        return [
            Interval(
                edge.start_utc, edge.end_utc, edge.name,
                female[i] + male[i] + undecided[i], female[i], male[i], undecided[i],
                int(into[i]), int(out[i]), int(inside[i]), float(watched[i]),
            )
            for i, edge in enumerate(edges)
        ]  # fmt: skip


def count_in(edges: Sequence[Edges], people: Iterable[PersonRecord], spans: Iterable[Span]) -> list[Interval]:
    """Count people, crossings and watched time in each interval; see `PeopleTimes.count`."""
    return PeopleTimes(people).count(edges, spans)


_LENGTHS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440, 2 * 1440, 7 * 1440, 28 * 1440)
"""Minutes that the intervals of a short table may have."""


def together(intervals: Sequence[Interval], most: int, zone: ZoneInfo) -> list[Interval]:
    """Return about `most` intervals at the most, each put together from neighbours between two whole local times."""
    if len(intervals) <= most:
        return list(intervals)
    minutes = (intervals[0].end_utc - intervals[0].start_utc) / 60
    whole = (length for length in _LENGTHS if length % minutes == 0)
    length: float = next((n for n in whole if len(intervals) * minutes / n <= most - 1), 0)
    length = length or minutes * -(-len(intervals) // most)
    offset_s = _offset_s(intervals[0].start_utc, zone)
    found = groupby(intervals, key=lambda i: (i.start_utc + offset_s) // (60 * length))
    groups = [list(group) for _, group in found]
    return [
        Interval(
            g[0].start_utc, g[-1].end_utc, "",
            sum(i.people for i in g), sum(i.female for i in g), sum(i.male for i in g), sum(i.undecided for i in g),
            sum(i.into for i in g), sum(i.out for i in g), g[-1].inside, sum(i.watched_s for i in g),
        )
        for g in groups
    ]  # fmt: skip


def peak(intervals: Sequence[Interval]) -> Interval | None:
    """Return the interval in which most people came, the first of equals; None where nobody came."""
    best = max(intervals, key=lambda i: i.people, default=None)
    return best if best is not None and best.people else None


def _sorted(parts: Iterable[array[float]]) -> NDArray[np.float64]:
    return np.sort(np.concatenate([np.zeros(0), *(np.frombuffer(part, np.float64) for part in parts)]))


def _between(
    times: NDArray[np.float64], starts: NDArray[np.float64], ends: NDArray[np.float64]
) -> NDArray[np.signedinteger]:
    found: NDArray[np.signedinteger] = np.searchsorted(times, ends) - np.searchsorted(times, starts)
    return found


def watched_in(spans: Sequence[Span], starts: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how long at least one door was watched in each interval, in seconds."""
    # The time watched before a moment is a line that rises inside the union of the spans and is level between them.
    moments, before = [0.0], [0.0]
    for span in sorted(spans, key=lambda s: s.start_utc):
        start = max(span.start_utc, moments[-1])
        if span.end_utc > start:
            moments += [start, span.end_utc]
            before += [before[-1], before[-1] + span.end_utc - start]
    found: NDArray[np.float64] = np.interp(ends, moments, before) - np.interp(starts, moments, before)
    return found
