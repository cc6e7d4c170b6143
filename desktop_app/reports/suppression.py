"""Small numbers that tell of single people: which figures of a report must not be shown.

A figure of 1 to k - 1 people is hidden (primary suppression). What could then be worked out is hidden, too (secondary
suppression; Willenborg and de Waal, Elements of Statistical Disclosure Control, 2001). All figures that go out together
are protected together, by the sums that hold among them, whichever table each stands in:

- Where exactly one figure of a sum is hidden, the smallest other one is hidden with it, until nothing changes.
- A small figure can follow from several sums together, though from none alone. Those are found as the unknowns that a
  system of linear equations leaves no choice for.
- "<5" says more than that a figure is hidden: of 8 people "<5" and "<5" are 4 and 4. Where such bounds leave a small
  figure no choice, they are left out.

Whoever holds two reports of one count over different intervals can still compare them.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

HIDDEN = "x"
"""Shown for a figure that must not be shown and of which no bound may be given either."""

_ENDLESS = 10**15
_PRIME = 2**61 - 1


def hide(number: int, below: int) -> int | str:
    """Return a figure that stands alone, and is part of no sum, as it may be shown."""
    return f"<{below}" if 0 < number < below else number


class Figures:
    """The figures of a report and the sums among them. Figures are named by the numbers that `add` returns."""

    def __init__(self, below: int) -> None:
        """`below` is the smallest number of people that may be shown."""
        self._below = below
        self._values: list[int] = []
        self._is_published: list[bool] = []
        self._sums: list[tuple[int, ...]] = []
        """The whole, then its parts."""
        self._sums_with: dict[int, list[int]] = defaultdict(list)
        self._hidden: set[int] = set()
        self._without_bound: set[int] = set()
        self._tries: dict[int, int] = defaultdict(int)

    def add(self, value: int, *, is_published: bool = True) -> int:
        """Take in a figure and return its number. One that is not published must not follow from others either."""
        self._values.append(value)
        self._is_published.append(is_published)
        return len(self._values) - 1

    def add_sum(self, whole: int, parts: Iterable[int]) -> None:
        """Note that a figure is the sum of others. A sum that does not hold is left out: nobody can reckon with it."""
        cells = (whole, *parts)
        if len(cells) < 2 or self._values[whole] != sum(self._values[part] for part in cells[1:]):
            return
        for cell in dict.fromkeys(cells):
            self._sums_with[cell].append(len(self._sums))
        self._sums.append(cells)

    def protect(self) -> Mapping[int, str]:
        """Return what is shown in place of each published figure that must not be shown, by its number."""
        if self._below > 1:
            self._note_what_is_none()
            self._hidden = {i for i, published in enumerate(self._is_published) if published and self._is_small(i)}
            self._hide_beside_single_ones(range(len(self._sums)))
            self._hide_what_follows()
            self._leave_out_bounds()
        return {cell: self._text(cell) for cell in sorted(self._hidden)}

    def _note_what_is_none(self) -> None:
        """Take every part of a sum that is shown to be 0 for known: nobody in all of it is nobody in any part."""
        waiting = [n for n, cells in enumerate(self._sums) if not self._values[cells[0]]]
        while waiting:
            whole, *parts = self._sums[waiting.pop()]
            for part in parts if self._is_published[whole] else ():
                if not self._is_published[part]:
                    self._is_published[part] = True
                    waiting += (n for n in self._sums_with[part] if self._sums[n][0] == part)

    def _is_small(self, cell: int) -> bool:
        return 0 < self._values[cell] < self._below

    def _text(self, cell: int) -> str:
        return f"<{self._below}" if self._is_small(cell) and cell not in self._without_bound else HIDDEN

    def _is_unknown(self, cell: int) -> bool:
        # 0 stays what it is: that nobody came tells of nobody.
        return cell in self._hidden or not self._is_published[cell]

    # ---- one sum at a time

    def _hide_beside_single_ones(self, sums: Iterable[int]) -> None:
        """Hide a second figure of every sum of which only one is hidden."""
        waiting = list(sums)[::-1]
        while waiting:
            number = waiting.pop()
            unknown = [cell for cell in self._sums[number] if self._is_unknown(cell)]
            if len(unknown) == 1 and unknown[0] in self._hidden:
                other = self._smallest_shown((number,))
                if other is not None:
                    self._hidden.add(other)
                    waiting += self._sums_with[other]

    def _smallest_shown(self, sums: Iterable[int]) -> int | None:
        """Return the figure of these sums that says least and can be hidden, None where there is none."""
        shown = {c for number in sums for c in self._sums[number] if self._values[c] and not self._is_unknown(c)}
        # Among equal ones a part rather than the whole, which stands in more tables.
        return min(shown, key=lambda cell: (self._values[cell], len(self._sums_with[cell]), cell), default=None)

    def _hide_beside(self, cell: int) -> bool:
        """Hide more figures of the sums that lead to this one, the nearest first; return False where there are none.

        One the first time, and twice as many each further time: in a large table one more often changes nothing.
        """
        wanted = 2 ** self._tries[cell]
        self._tries[cell] += 1
        known, ring, found = {cell}, {cell}, 0
        while ring and found < wanted:
            sums = {number for near in ring for number in self._sums_with[near]}
            while found < wanted and (other := self._smallest_shown(sums)) is not None:
                self._hidden.add(other)
                self._hide_beside_single_ones(self._sums_with[other])
                found += 1
            ring = {c for number in sums for c in self._sums[number] if self._is_unknown(c)} - known
            known |= ring
        return found > 0

    # ---- all sums together

    def _hide_what_follows(self) -> None:
        left: set[int] = set()
        while follows := [c for c in self._determined() if self._is_small(c) and c not in left]:
            left.update(cell for cell in follows if not self._hide_beside(cell))

    def _determined(self) -> list[int]:
        """Return the unknown figures that the shown ones leave no choice for, by their sums.

        Such a figure is 0 in every solution of the homogeneous equations, and so in one that is drawn at random. It is
        reckoned modulo a prime, so that nothing is rounded.
        """
        rows = [row for cells in self._sums if (row := self._row(cells))]
        number: dict[int, int] = defaultdict(int)
        for row in rows:
            for cell in row:
                number[cell] += 1
        solved: dict[int, dict[int, int]] = {}
        for row in sorted(rows, key=len):
            waiting = list(row)
            while waiting:
                cell = waiting.pop()
                if cell in row and cell in solved:
                    waiting += _subtract(row, cell, solved[cell])
            if row:
                pivot = min(row, key=lambda cell: (number[cell], cell))
                inverse = pow(row[pivot], -1, _PRIME)
                solved[pivot] = {cell: value * inverse % _PRIME for cell, value in row.items()}
        drawn, solution = random.Random(0), dict[int, int]()
        for pivot, row in reversed(solved.items()):
            total = 0
            for cell, value in row.items():
                if cell != pivot:
                    if cell not in solution:
                        solution[cell] = drawn.randrange(1, _PRIME)
                    total += value * solution[cell]
            solution[pivot] = -total % _PRIME
        return sorted(cell for cell, value in solution.items() if not value)

    def _row(self, cells: Sequence[int]) -> dict[int, int]:
        """Return the unknown figures of a sum with their factors."""
        found: dict[int, int] = defaultdict(int)
        for place, cell in enumerate(cells):
            if self._is_unknown(cell):
                found[cell] += 1 if place else -1
        return {cell: value % _PRIME for cell, value in found.items() if value % _PRIME}

    # ---- what "<5" says beside that a figure is hidden

    def _leave_out_bounds(self) -> None:
        left: set[int] = set()
        while fixed := [c for c in self._fixed_by_bounds() if c not in left]:
            near = {c for cell in fixed for number in self._sums_with[cell] for c in self._sums[number]} | set(fixed)
            if named := self._with_bound(near):
                self._without_bound |= named
                continue
            left.update(cell for cell in fixed if not self._hide_beside(cell))
            if left.issuperset(fixed) and (named := self._with_bound(self._hidden)):
                self._without_bound |= named  # what fixes them is further away
                left.clear()

    def _with_bound(self, cells: Iterable[int]) -> set[int]:
        """Return the hidden figures among these of which a bound is told."""
        return {cell for cell in cells if cell in self._hidden and self._text(cell) != HIDDEN}

    def _fixed_by_bounds(self) -> list[int]:
        """Return the small figures that the bounds of the hidden ones leave no choice for."""
        low, high = list(self._values), list(self._values)
        for cell, value in enumerate(self._values):
            if cell in self._hidden:
                low[cell], high[cell] = 1, (self._below - 1 if self._text(cell) != HIDDEN else _ENDLESS)
            elif not self._is_published[cell]:
                low[cell], high[cell] = 0, max(value, _ENDLESS)
        waiting = dict.fromkeys(range(len(self._sums)))
        while waiting:
            number = next(iter(waiting))
            del waiting[number]
            for cell in self._narrowed(self._sums[number], low, high):
                waiting.update(dict.fromkeys(self._sums_with[cell]))
        return [c for c in range(len(low)) if low[c] == high[c] and self._is_small(c) and self._is_unknown(c)]

    def _narrowed(self, cells: Sequence[int], low: list[int], high: list[int]) -> list[int]:
        """Narrow the bounds of the figures of one sum; return those that have become narrower."""
        whole, parts = cells[0], cells[1:]
        least, most = sum(low[p] for p in parts), sum(high[p] for p in parts)
        found = []
        for cell in cells:
            if low[cell] == high[cell]:
                continue
            if cell == whole:
                bounds = least, most
            else:
                bounds = low[whole] - (most - high[cell]), high[whole] - (least - low[cell])
            narrow = max(low[cell], bounds[0]), min(high[cell], bounds[1])
            if narrow != (low[cell], high[cell]):
                if cell != whole:
                    least, most = least + narrow[0] - low[cell], most + narrow[1] - high[cell]
                low[cell], high[cell] = narrow
                found.append(cell)
        return found


def _subtract(row: dict[int, int], cell: int, solved: Mapping[int, int]) -> Iterable[int]:
    """Take a solved row, in which this cell has the factor 1, out of another one. Returns the cells of the first."""
    factor = row[cell]
    for other, value in solved.items():
        left = (row.get(other, 0) - factor * value) % _PRIME
        if left:
            row[other] = left
        else:
            row.pop(other, None)
    return solved
