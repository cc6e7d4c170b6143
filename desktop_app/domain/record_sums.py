"""What records of people add up to: running sums that `domain.totals` and reports keep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import AGE_BANDS, Counts, Gender


@dataclass(frozen=True, slots=True)
class PlaceFigures:
    """What was counted at one line (`into`, `out`) or zone (`inside` now, `visits`, mean stay in seconds).

    The mean is over the visits that have ended, None as long as none has.
    """

    kind: str
    into: int = 0
    out: int = 0
    inside: int = 0
    visits: int = 0
    mean_dwell_s: float | None = None


class _Sum:
    """Running sums over person records; `add` with -1 takes a record out again."""

    def __init__(self) -> None:
        self.genders = dict.fromkeys(Gender, 0)
        self.bands = [0] * len(AGE_BANDS)
        self.age_unknown = self.looking = 0

    def add(self, record: PersonRecord, times: int) -> None:
        self.genders[record.gender] += times
        self.looking += times * record.is_looking
        band = record.band_index
        if band is None:
            self.age_unknown += times
        else:
            self.bands[band] += times

    def counts(self, in_view: int) -> Counts:
        return Counts(
            female=self.genders[Gender.FEMALE],
            male=self.genders[Gender.MALE],
            undecided=self.genders[Gender.UNDECIDED],
            age_bands=tuple(self.bands),
            age_unknown=self.age_unknown,
            in_view=in_view,
            looking=self.looking,
        )


@dataclass(slots=True)
class _PlaceSum:
    into: int = 0
    out: int = 0
    inside: int = 0
    visits: int = 0
    ended: int = 0
    dwell_ms: int = 0


class RecordSums:
    """What person records add up to. Adding one costs the same however many there are."""

    def __init__(self) -> None:
        self._all, self._by_door = _Sum(), defaultdict[str, _Sum](_Sum)
        self._places: dict[tuple[str, str], _PlaceSum] = defaultdict(_PlaceSum)

    def add(self, record: PersonRecord, times: int = 1) -> None:
        """Take a record in; with `times` = -1, out again."""
        if record.counts:
            self._all.add(record, times)
            self._by_door[record.door].add(record, times)
        for key, (sign, _, _) in record.crossings.items():
            if sign > 0:
                self._places[key].into += times
            else:
                self._places[key].out += times
        for key, visits in record.visits.items():
            place = self._places[key]
            place.inside += times * visits.open
            place.visits += times * visits.visits
            place.ended += times * visits.ended
            place.dwell_ms += times * visits.dwell_ms

    def counts(self, door: str | None = None, *, in_view: int = 0) -> Counts:
        """Return the totals, of one door or of all; `in_view` is passed through."""
        total = self._all if door is None else self._by_door.get(door, _Sum())
        return total.counts(in_view)

    def places(self, kinds: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], PlaceFigures]:
        """Return the figures of every line and zone by (door, name); `kinds` has those that the log tells of."""
        found = {}
        crossed = sorted(k for k, s in self._places.items() if k not in kinds and s != _PlaceSum())
        for key in (*kinds, *crossed):
            s = self._places.get(key, _PlaceSum())
            kind = kinds.get(key) or ("zone" if s.visits else "line")
            found[key] = PlaceFigures(
                kind, s.into, s.out, s.inside, s.visits, s.dwell_ms / s.ended / 1000 if s.ended else None
            )
        return found
