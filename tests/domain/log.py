"""A log for the tests: stamps events as a session does, and reads the totals from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from desktop_app.domain.events import Counted, Entry, Event, Revised
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Counts, Gender


@dataclass
class Log:
    """Stamps events as a session does."""

    session: str = "s"
    entries: list[Entry] = field(default_factory=list)
    first_seq: int = 1
    _numbers: count[int] = field(init=False)

    def __post_init__(self) -> None:
        self._numbers = count(self.first_seq)

    def add(self, event: Event, door: str = "d") -> str:
        number = next(self._numbers)
        self.entries.append(Entry(f"{self.session}{number}", self.session, door, number, 1000.0 + number, event))
        return self.entries[-1].id

    def extend(self, events: Iterable[Event], door: str = "d") -> None:
        for event in events:
            self.add(event, door)

    def person(self, ref: str, gender: Gender = Gender.FEMALE, age: float | None = 30.0) -> str:
        self.add(Counted(1.0, ref, len(self.entries) + 1, 0.5))
        return self.add(Revised(2.0, ref, gender, 0.9, age, 4.0))

    @property
    def totals(self) -> Totals:
        return Totals(self.entries)

    @property
    def counts(self) -> Counts:
        return self.totals.counts()


def totals_of(events: Iterable[Event]) -> Totals:
    """Return the fold of the events of one run."""
    log = Log()
    log.extend(events)
    return log.totals
