"""What a count is worth against the truth: errors by kind of scene with bootstrap intervals over the clips.

The error of a clip is the distance of the count from the range that a careful human would accept. "people" is the sum
of these over the sum of the appearances (of the distinct people where returns are recognised); "signed" is the same
with its sign, more counted than there were being positive. "men" and "women" are the same for the people named so,
somebody undecided being a miss; the range of a clip is open to either gender. An interval in brackets holds 95% of
2,000 samples of as many clips, drawn with replacement (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.clips import Clip
from desktop_app.domain.types import Counts

SAMPLES = 2000


@dataclass(frozen=True)
class Row:
    """One clip counted one way.

    `seconds` is the processor time, decoding included. `named` is how many people were named a gender at any time,
    `renamed` how many of them lost it again. `people` tells of each person counted.
    """

    way: str
    clip: Clip
    returns: bool
    counts: Counts
    frames: int = 0
    media_s: float = 0.0
    seconds: float = 0.0
    named: int = 0
    renamed: int = 0
    people: tuple[str, ...] = ()

    @property
    def true(self) -> int:
        return self.clip.people if self.returns else self.clip.appearances

    @property
    def signed(self) -> int:
        """How many more people were counted than accepted, negative for fewer."""
        return outside(self.counts.people, *self.clip.accepted(self.returns))

    @property
    def comparable_genders(self) -> bool:
        """Whether the clip says how many men and women this row should count."""
        return self.returns or self.clip.appearances == self.clip.people

    def gender_error(self, counted: int, true: int) -> int:
        low, high = self.clip.accepted(self.returns)
        return abs(outside(counted, true - max(0, self.true - low), true + max(0, high - self.true)))


def outside(value: int, low: int, high: int) -> int:
    """Return how far a value lies above (positive) or below (negative) a range, 0 within it."""
    return max(0, value - high) - max(0, low - value)


Pair = tuple[float, float]
"""A clip's share of a ratio: of the sum above and of the sum below."""


@dataclass(frozen=True)
class Figure:
    """A ratio of sums over clips, and the interval that the choice of the clips leaves it."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> Figure | None:
        """Return the ratio over these clips, None if there is nothing to divide by."""
        sums = np.asarray(pairs, float).reshape(-1, 2)
        if sums[:, 1].sum() <= 0:
            return None
        drawn = np.random.default_rng(0).integers(0, len(sums), (SAMPLES, len(sums)))
        above, below = sums[drawn, 0].sum(1), sums[drawn, 1].sum(1)
        ratios = (above / np.maximum(below, 1e-9))[below > 0]
        low, high = np.quantile(ratios, [0.025, 0.975])
        return cls(float(sums[:, 0].sum() / sums[:, 1].sum()), float(low), float(high))

    def __str__(self) -> str:
        return f"{self.value:.1%} ({self.low:.0%} to {self.high:.0%})"


def men_off(row: Row) -> Pair:
    """Return the error of the men counted and how many there are, (0, 0) where that cannot be compared."""
    men = row.clip.males
    return (row.gender_error(row.counts.male, men), men) if row.comparable_genders else (0, 0)


def women_off(row: Row) -> Pair:
    """Return the error of the women counted and how many there are, (0, 0) where that cannot be compared."""
    women = row.clip.females
    return (row.gender_error(row.counts.female, women), women) if row.comparable_genders else (0, 0)


COLUMNS: dict[str, Callable[[Row], Pair]] = {
    "people": lambda r: (abs(r.signed), r.true),
    "signed": lambda r: (r.signed, r.true),
    "men": men_off,
    "women": women_off,
    "renamed": lambda r: (r.renamed, r.named),
}
"""The figures of a table, by their names."""

HEADER = (
    f"{'way':30s} {'scenes':10s} {'clips':>5s} {'true':>5s}" + "".join(f" {name:>22s}" for name in COLUMNS) + " false"
)


def kinds_of(rows: Sequence[Row]) -> list[str]:
    """Return the kinds of scene in the order of their first row."""
    return list(dict.fromkeys(r.clip.kind for r in rows))


def line(way: str, scenes: str, rows: Sequence[Row]) -> str:
    """Return a line of the table; "false" is people counted where there is nobody."""
    cells = []
    for share in COLUMNS.values():
        figure = Figure.of([share(r) for r in rows])
        cells.append(f" {figure or '-'!s:>22s}")
    false = sum(r.counts.people for r in rows if r.clip.accepted(r.returns)[1] == 0)
    return f"{way:30s} {scenes:10s} {len(rows):5d} {sum(r.true for r in rows):5d}{''.join(cells)} {false:5d}"


def table(rows: Sequence[Row]) -> str:
    """Return the table of all ways: a line for each kind of scene and one for all of them but the old clips."""
    lines = [HEADER]
    for way in dict.fromkeys(r.way for r in rows):
        of_way = [r for r in rows if r.way == way]
        lines += [line(way, kind, [r for r in of_way if r.clip.kind == kind]) for kind in kinds_of(of_way)]
        rest = [r for r in of_way if r.clip.kind != "old"]
        if len(kinds_of(rest)) > 1:
            lines.append(line(way, "all new", rest))
    return "\n".join(lines)


def show(row: Row) -> str:
    """Return one line about one clip, with what was counted where that is wrong."""
    c, t = row.counts, row.clip
    low, high = t.accepted(row.returns)
    wanted = f"{low}" if low == high else f"{low}-{high}"
    return (
        f"{'!' if row.signed else ' '} {t.name:40s} {row.way} right {wanted} counted {c.people}"
        f"   men {c.male}/{t.males} women {c.female}/{t.females} undecided {c.undecided}"
        f"  {' '.join(row.people) if row.signed else ''}"
    )
