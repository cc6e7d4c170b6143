"""What the entries of a session add up to, kept beside them so that a session of any length opens at once.

A summary is worked out by `domain.totals` and by nothing else. It says how many entries it is made from: where there
are more by now it is behind, and is worked out again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.curve import Curve
from desktop_app.domain.record_sums import PlaceFigures
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Counts, Gender

VERSION = 4
"""Raise it when the fold or this format changes: every stored summary is then worked out again."""

CURVE_POINTS = 1024
_GENDERS = tuple(Gender)


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """How many were counted in each minute in which anybody was: parallel arrays of shape (n,), int64.

    `minute_utc` is the beginning of the minute in seconds since 1970.
    """

    minute_utc: NDArray[np.int64]
    female: NDArray[np.int64]
    male: NDArray[np.int64]
    undecided: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.minute_utc)


@dataclass(frozen=True, slots=True, eq=False)
class SessionSummary:
    """The figures of one session, those of sessions joined to it included.

    `arrivals` is by door. `curve` runs on the media clock and `curve_utc` on UTC. `entries` and `last_seq` say what it
    was made from, `parts` which sessions were joined to it; `is_current` is False where more was counted since.
    """

    session: str
    entries: int
    last_seq: int
    counts: Counts
    by_door: Mapping[str, Counts]
    places: Mapping[tuple[str, str], PlaceFigures]
    arrivals: Mapping[str, Arrivals]
    curve: Curve
    curve_utc: Curve
    parts: tuple[str, ...] = ()
    is_current: bool = field(default=True)


def summary_of(
    session: str, totals: Totals, entries: int, last_seq: int, parts: tuple[str, ...] = ()
) -> SessionSummary:
    """Return the figures that `totals` holds now; `entries`, `last_seq` and `parts` say what it was made from."""
    people = [record for record in totals.people() if record.counts]
    doors = sorted({record.door for record in people})
    return SessionSummary(
        session=session,
        entries=entries,
        last_seq=last_seq,
        counts=totals.counts(),
        by_door={door: totals.counts(door) for door in doors},
        places=totals.places(),
        arrivals={
            door: _arrivals((r.counted_utc, _GENDERS.index(r.gender)) for r in people if r.door == door)
            for door in doors
        },
        curve=totals.curve(max_points=CURVE_POINTS),
        curve_utc=totals.curve(utc=True, max_points=CURVE_POINTS),
        parts=parts,
    )


def _arrivals(people: Iterable[tuple[float, int]]) -> Arrivals:
    table = np.array(list(people), np.float64).reshape(-1, 2)
    minutes = (table[:, 0] // 60).astype(np.int64) * 60
    found, index = np.unique(minutes, return_inverse=True)
    columns = [np.bincount(index[table[:, 1] == g], minlength=len(found)).astype(np.int64) for g in range(3)]
    return Arrivals(found, *columns)


# ---- as JSON


def to_json(summary: SessionSummary) -> str:
    """Return a summary as one line of JSON."""
    plain = {
        "session": summary.session,
        "entries": summary.entries,
        "last_seq": summary.last_seq,
        "parts": summary.parts,
        "counts": asdict(summary.counts),
        "by_door": {door: asdict(counts) for door, counts in summary.by_door.items()},
        "places": [[door, name, asdict(figures)] for (door, name), figures in summary.places.items()],
        "arrivals": {door: _columns(arrivals) for door, arrivals in summary.arrivals.items()},
        "curve": _columns(summary.curve),
        "curve_utc": _columns(summary.curve_utc),
    }
    return json.dumps(plain, separators=(",", ":"))


def from_json(text: str) -> SessionSummary:
    """Return the summary that `to_json` wrote. Raises ValueError for anything else."""
    try:
        plain = json.loads(text)
        return SessionSummary(
            session=plain["session"],
            entries=plain["entries"],
            last_seq=plain["last_seq"],
            counts=_counts(plain["counts"]),
            by_door={door: _counts(counts) for door, counts in plain["by_door"].items()},
            places={(door, name): PlaceFigures(**figures) for door, name, figures in plain["places"]},
            arrivals={door: Arrivals(*_arrays(c, np.int64)) for door, c in plain["arrivals"].items()},
            curve=_curve(plain["curve"]),
            curve_utc=_curve(plain["curve_utc"]),
            parts=tuple(plain["parts"]),
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"the stored summary cannot be read: {error!r}") from error


def _columns(table: Arrivals | Curve) -> list[list[float]]:
    first = table.minute_utc if isinstance(table, Arrivals) else table.time_s
    return [column.tolist() for column in (first, table.female, table.male, table.undecided)]


def _arrays(columns: list[list[float]], first_dtype: type[np.generic]) -> list[NDArray[Any]]:
    first, *rest = columns
    arrays = [np.array(first, first_dtype), *(np.array(column, np.int64) for column in rest)]
    if len(arrays) != 4 or len({array.shape for array in arrays}) != 1 or arrays[0].ndim != 1:
        raise ValueError("the columns of a table differ in length")
    return arrays


def _curve(columns: list[list[float]]) -> Curve:
    return Curve(*_arrays(columns, np.float64))


def _counts(plain: dict[str, Any]) -> Counts:
    return Counts(**{**plain, "age_bands": tuple(plain["age_bands"])})
