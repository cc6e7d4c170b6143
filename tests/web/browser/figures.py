"""Live figures that a test gives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from desktop_app.domain.events import Entry
from desktop_app.web import schemas

ZONE = timezone(timedelta(hours=1))


def figures_of(number: int, female: int, male: int, undecided: int = 0, **changes: Any) -> schemas.LiveFigures:
    """Return figures with these totals, of a count that began at 9:02 and has three hours."""
    started = datetime(2026, 11, 26, 9, 2, tzinfo=ZONE)
    people = female + male + undecided
    hours = [
        schemas.HourCounts(start=started.replace(minute=0), people=4, female=1, male=3, watched_s=2730, missed_s=750),
        schemas.HourCounts(start=started.replace(hour=10, minute=0), people=0, missed_s=3600),
        schemas.HourCounts(
            start=started.replace(hour=11, minute=0), people=people, female=female, male=male, undecided=undecided
        ),
    ]
    values: dict[str, Any] = {
        "id": number,
        "time": started.replace(hour=11, minute=40),
        "session": "s",
        "name": "Open day",
        "place": "Town hall",
        "opened": started,
        "state": "counting",
        "sentence": "Counting.",
        "totals": schemas.Totals(people=people, female=female, male=male, undecided=undecided),
        "looking": 1 if undecided else 0,
        "in_view": 2,
        "doors": [
            schemas.DoorFigures(
                id="a", name="Main door", state="running", totals=schemas.Totals(people=people, female=people)
            ),
            schemas.DoorFigures(
                id="b", name="Side door", state="running", message="The camera was lost.", totals=schemas.Totals()
            ),
        ],
        "places": [
            schemas.PlaceCounts(door="Main door", name="Threshold", kind="line", into=30, out=12),
            schemas.PlaceCounts(door="Main door", name="Stand 4", kind="zone", inside=3, visits=19, mean_stay_s=42.4),
            schemas.PlaceCounts(door="Side door", name="Stand 5", kind="zone", inside=1, visits=1),
        ],
        "hours": hours,
    }
    return schemas.LiveFigures(**{**values, **changes})


class GivenFigures:
    """A `CountSource` whose figures are those given last."""

    def __init__(self) -> None:
        self._given = figures_of(1, 12, 9, 3)
        self._told = 0

    def give(self, figures: schemas.LiveFigures) -> None:
        self._given = figures

    def poll(self) -> bool:
        changed, self._told = self._told != self._given.id, self._given.id
        return changed

    def figures(self) -> schemas.LiveFigures:
        return self._given

    def entries_after(self, seq: int) -> Sequence[Entry] | None:
        return None

    def close(self) -> None:
        return None
