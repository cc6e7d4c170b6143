"""Pairing rows with columns at the least total cost."""

from __future__ import annotations

import math
from collections.abc import Sequence

FORBIDDEN = math.inf
"""The cost of a pair that must not be made."""


def assign(costs: Sequence[Sequence[float]], unmatched: float) -> list[tuple[int, int]]:
    """Return the (row, column) pairs that cost least, where leaving a row and a column unmatched costs `unmatched`.

    `costs` is a matrix of costs >= 0 and `FORBIDDEN`; it may have more rows than columns or fewer. Each row and each
    column is used at most once, and no pair is made at the price of `unmatched` or more. So one row without a partner
    does not make its neighbours change theirs, as it would if as many pairs as possible were made (the limit on the
    costs that the trackers after Deep SORT have). The matrix falls apart into groups that share no admissible pair,
    mostly of one row and one column, and only inside such a group is the assignment problem solved (Kuhn 1955; shortest
    augmenting paths with potentials after Jonker and Volgenant 1987).
    """
    pairs: list[tuple[int, int]] = []
    for rows, columns in _groups(costs, unmatched):
        if len(rows) == 1:
            best = min(columns, key=lambda c: costs[rows[0]][c])
            pairs.append((rows[0], best))
        elif len(columns) == 1:
            best = min(rows, key=lambda r: costs[r][columns[0]])
            pairs.append((best, columns[0]))
        else:
            pairs.extend(_solve(costs, rows, columns, unmatched))
    return sorted(pairs)


def _groups(costs: Sequence[Sequence[float]], unmatched: float) -> list[tuple[list[int], list[int]]]:
    """Split the rows and columns into the connected parts of the graph of admissible pairs."""
    options = [[c for c, cost in enumerate(row) if cost < unmatched] for row in costs]
    rows_of: dict[int, list[int]] = {}
    for r, columns in enumerate(options):
        for c in columns:
            rows_of.setdefault(c, []).append(r)
    groups = []
    done: set[int] = set()
    for start, columns in enumerate(options):
        if start in done or not columns:
            continue
        rows_here, columns_here, waiting = {start}, set(columns), [start]
        while waiting:
            for c in options[waiting.pop()]:
                columns_here.add(c)
                for r in rows_of[c]:
                    if r not in rows_here:
                        rows_here.add(r)
                        waiting.append(r)
        done |= rows_here
        groups.append((sorted(rows_here), sorted(columns_here)))
    return groups


def _solve(
    costs: Sequence[Sequence[float]], rows: list[int], columns: list[int], unmatched: float
) -> list[tuple[int, int]]:
    """Solve one group as a square problem, in which a pair that is not to be made costs `unmatched`."""
    size = max(len(rows), len(columns))
    square = [[unmatched] * size for _ in range(size)]
    for i, r in enumerate(rows):
        for j, c in enumerate(columns):
            square[i][j] = min(unmatched, costs[r][c])
    row_of_column = _shortest_augmenting_paths(square)
    pairs = []
    for j, i in enumerate(row_of_column):
        if i < len(rows) and j < len(columns) and costs[rows[i]][columns[j]] < unmatched:
            pairs.append((rows[i], columns[j]))
    return pairs


def _shortest_augmenting_paths(square: list[list[float]]) -> list[int]:
    """Return for each column of a square matrix the row assigned to it."""
    n = len(square)
    row_potential, column_potential = [0.0] * (n + 1), [0.0] * (n + 1)
    row_of, came_from = [0] * (n + 1), [0] * (n + 1)  # column 0 stands for "no column yet"; rows count from 1
    for row in range(1, n + 1):
        row_of[0], column = row, 0
        slack, used = [math.inf] * (n + 1), [False] * (n + 1)
        while row_of[column] != 0:
            used[column] = True
            current, step, following = row_of[column], math.inf, 0
            for j in range(1, n + 1):
                if used[j]:
                    continue
                reduced = square[current - 1][j - 1] - row_potential[current] - column_potential[j]
                if reduced < slack[j]:
                    slack[j], came_from[j] = reduced, column
                if slack[j] < step:
                    step, following = slack[j], j
            for j in range(n + 1):
                if used[j]:
                    row_potential[row_of[j]] += step
                    column_potential[j] -= step
                else:
                    slack[j] -= step
            column = following
        while column != 0:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    return [r - 1 for r in row_of[1:]]
