"""Two counts beside each other: two Saturdays, two halls, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import TypeVar

from desktop_app.domain.types import Counts
from desktop_app.reports import texts
from desktop_app.reports.intervals import Interval
from desktop_app.reports.report import Report
from desktop_app.reports.times import local

K = TypeVar("K")
_Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One interval or agenda item of both counts; None where one of them has none."""

    name: str
    first: Interval | None
    second: Interval | None

    def difference(self, figure: str) -> int | None:
        """Return by how many the first has more, None where either is missing or must not be shown."""
        values = [i.shown(figure) if i is not None else None for i in (self.first, self.second)]
        first, second = values
        return first - second if isinstance(first, int) and isinstance(second, int) else None


@dataclass(frozen=True, slots=True)
class ShareDifference:
    """The share of women in both, of those whose gender is known, and the interval of the difference, from -1 to 1."""

    first: float
    second: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two reports with intervals of the same length. `by_clock` tells that the rows are those of the same local time;
    otherwise they count from the beginning of each."""

    first: Report
    second: Report
    by_clock: bool
    rows: tuple[ComparedRow, ...]
    agenda: tuple[ComparedRow, ...]
    share: ShareDifference | None


def compare(first: Report, second: Report) -> Comparison:
    """Put two reports beside each other. Raises ValueError where their intervals differ in length."""
    if first.options.minutes != second.options.minutes:
        raise ValueError("two reports can be compared where their intervals are equally long")
    by_clock = _overlap(first, second)
    times = sorted(_joined(_by_time(first, by_clock), _by_time(second, by_clock)), key=lambda row: row[0])
    names = {key: _time_of_day(key[0]) if by_clock else f"+{_clock(key[0])}" for key, _, _ in times}
    names.update({key: texts.again(names[key]) for key in names if key[1]})
    items = _joined(*({texts.plain(i.name): i for i in r.agenda} for r in (first, second)))
    return Comparison(
        first,
        second,
        by_clock,
        tuple(ComparedRow(names[key], a, b) for key, a, b in times),
        tuple(ComparedRow(name, a, b) for name, a, b in items if a is not None and b is not None),
        share_difference(first.counts, second.counts),
    )


def share_difference(first: Counts, second: Counts) -> ShareDifference | None:
    """Return how the shares of women differ, with the 95% interval of the difference; None where one has nobody.

    The interval is Newcombe's hybrid score interval (method 10 in Newcombe, Statistics in Medicine 1998). It tells of
    chance among the people who came, not of the network's errors, which a check by eye tells of.
    """
    if not (first.female + first.male and second.female + second.male):
        return None
    p1, low1, high1 = _wilson(first.female, first.female + first.male)
    p2, low2, high2 = _wilson(second.female, second.female + second.male)
    low = p1 - p2 - sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2)
    high = p1 - p2 + sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2)
    return ShareDifference(p1, p2, low, high)


def in_words(comparison: Comparison) -> list[str]:
    """Return in words what the comparison says."""
    first, second, share = comparison.first, comparison.second, comparison.share
    found = []
    numbers = [r.totals.shown("people") for r in (first, second)]
    if all(isinstance(n, int) for n in numbers):
        found.append(texts.people_difference(first.counts.people, second.counts.people))
    parts = [r.totals.shown(part) for r in (first, second) for part in ("female", "male")]
    if all(isinstance(part, int) for part in parts):
        if share is None:
            found.append(texts.TOO_FEW_TO_COMPARE)
        else:
            found.append(texts.share_difference(share.first, share.second, share.low, share.high))
    if not comparison.by_clock:
        found.append(texts.FROM_THE_BEGINNING)
    return found


def _wilson(hits: int, number: int) -> tuple[float, float, float]:
    """Return a share and the bounds of its 95% interval (Wilson 1927)."""
    share, z2 = hits / number, _Z95**2
    middle = (hits + z2 / 2) / (number + z2)
    half = _Z95 / (number + z2) * sqrt(number * share * (1 - share) + z2 / 4)
    return share, middle - half, middle + half


def _on_the_clock(report: Report, utc: float) -> tuple[float, int]:
    """Return a moment in seconds after midnight of the first day as the clock shows it, and 1 where it does so again.

    On the days on which the clocks change that is not the time that has passed.
    """
    here = local(utc, report.options.zone)
    days = (here.date() - local(report.start_utc, report.options.zone).date()).days
    return 86_400.0 * days + 3600 * here.hour + 60 * here.minute + here.second + here.microsecond / 1e6, here.fold


def _overlap(first: Report, second: Report) -> bool:
    """Whether there is a local time of the day that both counts saw."""
    (a, b), (c, d) = ((_on_the_clock(r, r.start_utc), _on_the_clock(r, r.end_utc)) for r in (first, second))
    return max(a, c) < min(b, d)


def _by_time(report: Report, by_clock: bool) -> dict[tuple[float, int], Interval]:
    if by_clock:
        return {_on_the_clock(report, i.start_utc): i for i in report.intervals}
    zero = report.intervals[0].start_utc
    return {(round(i.start_utc - zero), 0): i for i in report.intervals}


def _joined(
    first: Mapping[K, Interval], second: Mapping[K, Interval]
) -> list[tuple[K, Interval | None, Interval | None]]:
    """Return the rows of both, those of the first in their order."""
    return [(key, first.get(key), second.get(key)) for key in dict.fromkeys((*first, *second))]


def _time_of_day(seconds: float) -> str:
    days, rest = divmod(round(seconds / 60), 1440)
    return texts.on_day(_clock(60 * rest), days + 1) if days else _clock(60 * rest)


def _clock(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
