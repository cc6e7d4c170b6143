"""Running sums over counted persons, from which the totals of a session are read."""

from __future__ import annotations

from desktop_app.domain.types import AGE_BANDS, CountEvent, Counts, Gender, age_band_index


class Tally:
    """How many persons of each gender and age band; `add` with -1 takes a record out again."""

    def __init__(self) -> None:
        self.genders = dict.fromkeys(Gender, 0)
        self.bands = [0] * len(AGE_BANDS)
        self.age_unknown = 0

    def copy(self) -> Tally:
        other = Tally()
        other.genders, other.bands, other.age_unknown = dict(self.genders), list(self.bands), self.age_unknown
        return other

    def add(self, record: CountEvent, times: int = 1) -> None:
        self.genders[record.gender] += times
        if record.age_years is None:
            self.age_unknown += times
        else:
            self.bands[age_band_index(record.age_years)] += times

    def counts(self, in_view: int) -> Counts:
        return Counts(
            female=self.genders[Gender.FEMALE],
            male=self.genders[Gender.MALE],
            undecided=self.genders[Gender.UNDECIDED],
            age_bands=tuple(self.bands),
            in_view=in_view,
            age_unknown=self.age_unknown,
        )
