"""Hides small numbers in all tables of a report at once, by what can be worked out from one table for another."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from desktop_app.domain.record_sums import PlaceFigures
from desktop_app.domain.types import Gender
from desktop_app.reports.intervals import FIGURES, Edges, Interval
from desktop_app.reports.suppression import Figures, hide

_PARTS = ("female", "male", "undecided")
_CROSSINGS = ("into", "out")
_Cells = Mapping[str, int]
"""The numbers of the figures of one interval in `Figures`, by `FIGURES`."""


@dataclass(frozen=True, slots=True)
class AgeRow:
    """The people of one age band; `hidden` has what is shown in place of figures that must not be."""

    band: str
    female: int
    male: int
    undecided: int
    hidden: Mapping[str, str] = field(default_factory=dict)

    @property
    def people(self) -> int:
        return self.female + self.male + self.undecided

    def shown(self, figure: str) -> int | str:
        """Return "female", "male" or "undecided" as it may be shown."""
        value = self.hidden.get(figure, getattr(self, figure))
        assert isinstance(value, int | str)
        return value


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A line or zone of the door with the id `door`; `hidden` as that of `AgeRow`."""

    door: str
    name: str
    figures: PlaceFigures
    hidden: Mapping[str, str] = field(default_factory=dict)

    def shown(self, figure: str) -> int | str:
        """Return "into", "out" or "visits" as it may be shown."""
        value = self.hidden.get(figure, getattr(self.figures, figure))
        assert isinstance(value, int | str)
        return value

    @property
    def mean_stay_s(self) -> float | None:
        """The mean stay in seconds, None where it would tell how long single people stayed."""
        return None if "visits" in self.hidden else self.figures.mean_dwell_s


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a report that have numbers of people.

    `whole` is all of it as one interval, `doors` each door so. `at_doors` has the `intervals` of each door, none where
    there is only one. `page` are neighbours of `intervals` put together, as a page has room for.
    """

    whole: Interval
    doors: tuple[Interval, ...]
    intervals: tuple[Interval, ...]
    at_doors: tuple[tuple[Interval, ...], ...]
    agenda: tuple[Interval, ...]
    page: tuple[Interval, ...]
    ages: tuple[AgeRow, ...]
    places: tuple[PlaceRow, ...]


def hide_small(
    tables: Tables, door_ids: Sequence[str], below: int, count: Callable[[Sequence[Edges]], Sequence[Interval]]
) -> Tables:
    """Return the tables with everything hidden that must not be shown of them; `below` 0 or 1 hides nothing.

    `door_ids` are those of `tables.doors`. `count` counts what came in any other intervals: the items of an agenda
    need not begin and end with an interval.
    """
    if below <= 1:
        return tables
    return _Hiding(tables, door_ids, below).hide(count)


class _Hiding:
    """Puts the figures of all tables into one system of sums."""

    def __init__(self, tables: Tables, door_ids: Sequence[str], below: int) -> None:
        self._tables, self._below = tables, below
        self._figures = Figures(below)
        self._whole = self._add(tables.whole)
        self._intervals = [self._add(i) for i in tables.intervals]
        self._agenda = [self._add(i) for i in tables.agenda]
        self._sum_up(self._whole, self._intervals)
        self._doors, self._at_doors = [self._whole], list[list[_Cells]]()
        if len(tables.doors) > 1:
            self._doors = [self._add(i) for i in tables.doors]
            self._sum_up(self._whole, self._doors)
            self._at_doors = [[self._add(i) for i in intervals] for intervals in tables.at_doors]
            for total, cells in zip(self._doors, self._at_doors, strict=True):
                self._sum_up(total, cells)
            for cells, *apart in zip(self._intervals, *self._at_doors, strict=True):
                self._sum_up(cells, apart)
        self._page = self._put_together()
        self._ages = [{p: self._figures.add(getattr(row, p)) for p in _PARTS} for row in tables.ages]
        for part in _PARTS:
            self._figures.add_sum(self._whole[part], [cells[part] for cells in self._ages])
        self._places = [
            {name: self._figures.add(getattr(row.figures, name)) for name in _CROSSINGS} for row in tables.places
        ]
        for name in _CROSSINGS:
            for door, total in zip(door_ids, self._doors, strict=False):
                here = [c[name] for c, row in zip(self._places, tables.places, strict=True) if row.door == door]
                self._figures.add_sum(total[name], here)

    def _add(self, interval: Interval, *, is_published: bool = True) -> _Cells:
        cells = {}
        for name in FIGURES:
            # How many crossed lines in all stands in no table: only what they sum up to the lines and intervals does.
            is_total = interval is self._tables.whole or any(interval is i for i in self._tables.doors)
            published = is_published and not (is_total and name in _CROSSINGS)
            cells[name] = self._figures.add(getattr(interval, name), is_published=published)
        self._figures.add_sum(cells["people"], [cells[part] for part in _PARTS])
        return cells

    def _sum_up(self, whole: _Cells, parts: Sequence[_Cells]) -> None:
        for name in FIGURES:
            self._figures.add_sum(whole[name], [part[name] for part in parts])

    def _put_together(self) -> list[_Cells]:
        found, fine, at = [], self._tables.intervals, 0
        for interval in self._tables.page:
            first = at
            while at < len(fine) and fine[at].end_utc <= interval.end_utc:
                at += 1
            if at - first == 1:
                found.append(self._intervals[first])
                continue
            found.append(self._add(interval))
            self._sum_up(found[-1], self._intervals[first:at])
        return found

    def _cut_by_agenda(self, count: Callable[[Sequence[Edges]], Sequence[Interval]]) -> None:
        """Take in the parts of intervals that items of the agenda begin or end within."""
        fine, agenda = self._tables.intervals, self._tables.agenda
        if not fine or not agenda:
            return
        first, last = fine[0].start_utc, fine[-1].end_utc
        inner = {t for i in agenda for t in (i.start_utc, i.end_utc) if first < t < last}
        cuts = sorted({i.start_utc for i in fine} | inner | {last})
        edges = [Edges(a, b) for a, b in pairwise(cuts)]
        starts = [i.start_utc for i in fine]
        within = [bisect_right(starts, edge.start_utc) - 1 for edge in edges]
        cut = [n for n, edge in enumerate(edges) if (edge.start_utc, edge.end_utc) != _ends(fine[within[n]])]
        pieces = {n: self._add(i, is_published=False) for n, i in zip(cut, count([edges[n] for n in cut]), strict=True)}
        parts = [pieces.get(n) or self._intervals[within[n]] for n in range(len(edges))]
        by_interval: dict[int, list[_Cells]] = {}
        for n in cut:
            by_interval.setdefault(within[n], []).append(pieces[n])
        for number, found in by_interval.items():
            self._sum_up(self._intervals[number], found)
        for item, cells in zip(agenda, self._agenda, strict=True):
            inside = [p for p, e in zip(parts, edges, strict=True) if _is_within(e, item)]
            self._sum_up(cells, inside)

    def hide(self, count: Callable[[Sequence[Edges]], Sequence[Interval]]) -> Tables:
        self._cut_by_agenda(count)
        texts = self._figures.protect()

        def marked(interval: Interval, cells: _Cells) -> Interval:
            hidden: dict[str, str | None] = {name: texts[cell] for name, cell in cells.items() if cell in texts}
            hidden["inside"] = None  # from interval to interval it would tell who went in and out
            return replace(interval, hidden=hidden)

        def all_marked(intervals: Sequence[Interval], cells: Sequence[_Cells]) -> tuple[Interval, ...]:
            return tuple(map(marked, intervals, cells))

        t = self._tables
        ages = (
            replace(row, hidden={p: texts[c] for p, c in cells.items() if c in texts})
            for row, cells in zip(t.ages, self._ages, strict=True)
        )
        return Tables(
            whole=marked(t.whole, self._whole),
            doors=all_marked(t.doors, self._doors),
            intervals=all_marked(t.intervals, self._intervals),
            at_doors=tuple(map(all_marked, t.at_doors, self._at_doors)),
            agenda=all_marked(t.agenda, self._agenda),
            page=all_marked(t.page, self._page),
            ages=tuple(ages),
            places=tuple(self._place(row, cells, texts) for row, cells in zip(t.places, self._places, strict=True)),
        )

    def _place(self, row: PlaceRow, cells: Mapping[str, int], texts: Mapping[int, str]) -> PlaceRow:
        hidden = {name: texts[cell] for name, cell in cells.items() if cell in texts}
        visits = hide(row.figures.visits, self._below)
        if isinstance(visits, str):  # of zones nothing else is said, so that they are part of no sum
            hidden["visits"] = visits
        return replace(row, hidden=hidden)


def ages_of(numbers: Mapping[str, Mapping[Gender, int]]) -> tuple[AgeRow, ...]:
    """Return the rows of the age pyramid."""
    female, male, undecided = Gender.FEMALE, Gender.MALE, Gender.UNDECIDED
    return tuple(AgeRow(band, row[female], row[male], row[undecided]) for band, row in numbers.items())


def _ends(interval: Interval) -> tuple[float, float]:
    return interval.start_utc, interval.end_utc


def _is_within(edge: Edges, item: Interval) -> bool:
    return item.start_utc <= edge.start_utc and edge.end_utc <= item.end_utc
