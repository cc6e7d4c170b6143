"""Small cells that tell of single people: which figures of a table must not be shown.

A figure of 1 to k - 1 people is hidden (primary suppression). What could then be worked out from the sums of its row or
column is hidden, too (secondary suppression): in each row and column in which exactly one figure is hidden the smallest
other one is hidden with it, until nothing changes (Willenborg and de Waal, Elements of Statistical Disclosure Control,
2001). Each table is protected by itself; whoever holds two tables over different intervals can still compare them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from desktop_app.reports.intervals import Interval

HIDDEN = "x"
"""Shown for a figure that is not small itself, but would give a small one away."""

_PARTS = ("female", "male", "undecided", "people")


def hidden_cells(parts: NDArray[np.int64], below: int, already: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Return which cells of a table must not be shown, True for hidden.

    `parts` has shape (rows, columns); the result has a column more, for the sum of each row, and a row more, for those
    of each column. `already`, of the shape of the result, has cells that are hidden for another reason.
    """
    table = with_sums(parts)
    hidden: NDArray[np.bool_] = (table > 0) & (table < below)
    if already is not None:
        hidden |= already
    if below <= 1:
        return np.zeros_like(hidden)
    changed = True
    while changed:
        changed = False
        for cells, marks in ((table, hidden), (table.T, hidden.T)):
            for line in np.flatnonzero(marks.sum(1) == 1):
                # 0 stays what it is: that nobody came tells of nobody.
                other = np.flatnonzero(~marks[line] & (cells[line] > 0))
                if len(other):
                    marks[line, other[np.argmin(cells[line, other])]] = True
                    changed = True
    return hidden


def with_sums(parts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a table with the sums of its rows as a further column and those of its columns as a further row."""
    table = np.column_stack([parts, parts.sum(1)])
    return np.vstack([table, table.sum(0)])


def text_for(number: int, below: int) -> str:
    """Return what is shown in place of a hidden figure."""
    return f"<{below}" if number < below else HIDDEN


def hide(number: int, below: int) -> int | str:
    """Return a figure that stands alone as it may be shown."""
    return f"<{below}" if 0 < number < below else number


def suppressed(intervals: Sequence[Interval], below: int) -> tuple[Interval, ...]:
    """Return intervals that hide what must not be shown of them; `below` is the smallest number that may be."""
    return suppressed_with_sum(intervals, below)[0]


def suppressed_with_sum(
    intervals: Sequence[Interval], below: int
) -> tuple[tuple[Interval, ...], Mapping[str, str | None]]:
    """Return `suppressed`, and what must be hidden of the sums of these intervals."""
    if below <= 1 or not intervals:
        return tuple(intervals), {}
    numbers = _numbers(intervals)
    *marks, last = hidden_cells(numbers, below)
    sums = with_sums(numbers)[-1].tolist()
    of_sum = {n: text_for(value, below) for n, value, mark in zip(_PARTS, sums, last, strict=True) if mark}
    return _marked(intervals, marks, below), of_sum


def suppressed_at_doors(doors: Sequence[Sequence[Interval]], below: int) -> list[tuple[Interval, ...]]:
    """Return the same intervals of each of several doors with what must not be shown of them hidden.

    The figures of all doors together are known: where only one door hides a figure of an interval, another one hides
    its own, too, for it could be worked out from those.
    """
    if below <= 1 or not doors:
        return [tuple(intervals) for intervals in doors]
    parts = [_numbers(intervals) for intervals in doors]
    values = np.stack([with_sums(numbers) for numbers in parts])
    marks = np.stack([hidden_cells(numbers, below) for numbers in parts])
    changed = True
    while changed:
        changed = False
        for row, column in np.argwhere(marks.sum(0) == 1).tolist():
            others = np.flatnonzero(~marks[:, row, column] & (values[:, row, column] > 0))
            if len(others):
                marks[others[np.argmin(values[others, row, column])], row, column] = True
                changed = True
        if changed:
            pairs = zip(parts, marks, strict=True)
            marks = np.stack([hidden_cells(numbers, below, already) for numbers, already in pairs])
    return [_marked(intervals, found[:-1], below) for intervals, found in zip(doors, marks, strict=True)]


def _numbers(intervals: Sequence[Interval]) -> NDArray[np.int64]:
    return np.array([[i.female, i.male, i.undecided] for i in intervals], np.int64).reshape(-1, 3)


def _marked(intervals: Sequence[Interval], marks: Iterable[NDArray[np.bool_]], below: int) -> tuple[Interval, ...]:
    """Return intervals with the texts of what is hidden; `marks` has a row for each, in the order of `_PARTS`."""
    found = []
    for interval, row in zip(intervals, marks, strict=True):
        hidden: dict[str, str | None] = {
            name: text_for(getattr(interval, name), below) for name, mark in zip(_PARTS, row, strict=True) if mark
        }
        for name in ("into", "out"):
            if 0 < getattr(interval, name) < below:
                hidden[name] = text_for(getattr(interval, name), below)
        hidden["inside"] = None  # from interval to interval it would tell who went in and out
        found.append(replace(interval, hidden=hidden))
    return tuple(found)
