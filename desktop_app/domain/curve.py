"""How a count grew: its running totals by the time of counting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import Gender


@dataclass(frozen=True, slots=True)
class Curve:
    """The running totals by the time of counting, with the split as it is known now: parallel arrays of shape (n,).

    `time_s` is float64, oldest first, on the clock asked for; the rest is int64.
    """

    time_s: NDArray[np.float64]
    female: NDArray[np.int64]
    male: NDArray[np.int64]
    undecided: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.time_s)


_GENDERS = tuple(Gender)


def curve_of(people: Iterable[PersonRecord], *, utc: bool = False, max_points: int = 2048) -> Curve:
    """Return the running totals of these people; see `Totals.curve`. A record that comes twice counts once."""
    records = list({r.ref: r for r in people if r.counts}.values())
    times = np.array([r.counted_utc if utc else r.counted_s for r in records], np.float64)
    order = np.argsort(times, kind="stable")
    genders = np.array([_GENDERS.index(r.gender) for r in records], np.int64)[order]
    steps = [np.cumsum(genders == i, dtype=np.int64) for i in range(len(_GENDERS))]
    keep = np.arange(len(records))
    if len(keep) > max_points:
        keep = np.unique(np.linspace(0, len(records) - 1, max_points).astype(np.int64))
    female, male, undecided = (steps[_GENDERS.index(g)][keep] for g in (Gender.FEMALE, Gender.MALE, Gender.UNDECIDED))
    return Curve(times[order][keep], female, male, undecided)
