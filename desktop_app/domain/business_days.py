"""Which day a moment belongs to, for people who work past midnight.

A business day begins at an hour of choice (04:00 unless told otherwise) in a time zone of the IANA database, and ends
where the next one begins. On the two days a year when the clocks change it is 23 or 25 hours long, so nothing here adds
24 hours to anything: days are counted on the calendar, moments in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DEFAULT_START_HOUR = 4


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """The calendar of one place. `start_hour` is 0 to 23. Raises ValueError for another hour."""

    zone: ZoneInfo
    start_hour: int = DEFAULT_START_HOUR

    def __post_init__(self) -> None:
        if not 0 <= self.start_hour <= 23:
            raise ValueError(f"a business day begins at an hour from 0 to 23, not {self.start_hour}")

    def day_of(self, utc: float) -> date:
        """Return the business day of a moment in seconds since 1970."""
        local = datetime.fromtimestamp(utc, UTC).astimezone(self.zone)
        day = local.date()
        # Compared in UTC, because an hour that the clocks repeat or leave out has no order of its own.
        return day if utc >= self.start_of(day) else day - timedelta(days=1)

    def start_of(self, day: date) -> float:
        """Return when a business day begins, in seconds since 1970.

        An hour that the clocks leave out begins when they have changed; of an hour that comes twice, the first counts.
        """
        return datetime.combine(day, time(self.start_hour), self.zone).timestamp()

    def bounds(self, day: date) -> tuple[float, float]:
        """Return the beginning of a business day and of the next one, in seconds since 1970; the end is outside."""
        return self.start_of(day), self.start_of(day + timedelta(days=1))

    def hours(self, day: date) -> list[float]:
        """Return when each whole hour of a business day begins, in seconds since 1970: 23, 24 or 25 of them."""
        start, end = self.bounds(day)
        return [start + 3600.0 * i for i in range(round((end - start) / 3600.0))]
