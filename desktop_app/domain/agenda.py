"""The programme of an occasion: named times, such as "keynote, 09:00 to 10:00", in which a report counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

MOST_ITEMS = 500
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """One item: half-open [start, end), in seconds since 1970. Raises ValueError for one without a name or length."""

    name: str
    start_utc: float
    end_utc: float

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > LONGEST_NAME:
            raise ValueError(f"an agenda item needs a name of 1 to {LONGEST_NAME} letters, not {self.name[:20]!r}")
        if not self.start_utc < self.end_utc:
            raise ValueError(f"the agenda item {self.name!r} ends before it begins")

    def to_text(self) -> str:
        """Return the item as the log has it: a time interval after ISO 8601, then the name."""
        start, end = (datetime.fromtimestamp(utc, UTC) for utc in (self.start_utc, self.end_utc))
        return f"{start.isoformat(timespec='seconds')}/{end.isoformat(timespec='seconds')} {self.name}"

    @classmethod
    def from_text(cls, text: str) -> AgendaItem:
        """Return the item that `to_text` wrote. Raises ValueError for anything else."""
        times, _, name = text.partition(" ")
        start, separator, end = times.partition("/")
        if not separator:
            raise ValueError(f"{text[:40]!r} is no agenda item")
        return cls(name, datetime.fromisoformat(start).timestamp(), datetime.fromisoformat(end).timestamp())


def overlaps(items: Sequence[AgendaItem]) -> list[tuple[AgendaItem, AgendaItem]]:
    """Return each item that begins before another one has ended, after that one: whoever comes then is in both."""
    found: list[tuple[AgendaItem, AgendaItem]] = []
    longest: AgendaItem | None = None
    for item in sorted(items, key=lambda i: (i.start_utc, i.end_utc)):
        if longest is not None and item.start_utc < longest.end_utc:
            found.append((longest, item))
        if longest is None or item.end_utc > longest.end_utc:
            longest = item
    return found


def outside(items: Sequence[AgendaItem], start_utc: float, end_utc: float) -> list[AgendaItem]:
    """Return the items of which some part lies before `start_utc` or after `end_utc`, where nobody watched."""
    return [i for i in items if i.start_utc < start_utc or i.end_utc > end_utc]
