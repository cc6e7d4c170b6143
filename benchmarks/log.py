"""The log of one run: what a session would write of the pipeline's events, and the totals read from it."""

from __future__ import annotations

from collections.abc import Iterable

from desktop_app.domain.events import Counted, Entry, Event, Revised
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender


class RunLog:
    """Takes the events of one pipeline. `totals` are read from them as the program reads them.

    `named` are the people who were named a gender at any time, `renamed` those of them who lost it again.
    """

    def __init__(self) -> None:
        self.totals = Totals()
        self.named: dict[str, Gender] = {}
        self.renamed: set[str] = set()
        self._seq = 0

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            self._seq += 1
            self.totals.apply(Entry(str(self._seq), "run", "door", self._seq, event.time_s, event))
            if isinstance(event, Counted | Revised):
                self._name(event)

    def _name(self, event: Counted | Revised) -> None:
        before = self.named.get(event.person)
        if before is not None and event.gender is not before:
            self.renamed.add(event.person)
        if event.gender is not Gender.UNDECIDED:
            self.named[event.person] = event.gender
