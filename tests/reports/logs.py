"""A log of a made-up day, as a session would have written it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from desktop_app.domain.events import (
    Added,
    Closed,
    Corrected,
    Counted,
    Crossed,
    DoorEnded,
    DoorStarted,
    Entry,
    Event,
    Left,
    Opened,
    PlacesSet,
    Revised,
    SourceBack,
    SourceLost,
)
from desktop_app.domain.types import Gender

ZONE = ZoneInfo("Europe/Berlin")


def at(text: str) -> float:
    """Return a local time of 12 May 2026 in seconds since 1970."""
    return datetime.fromisoformat(f"2026-05-12T{text}").replace(tzinfo=ZONE).timestamp()


class Day:
    """Writes entries at given times."""

    def __init__(self, name: str = "Fair", place: str = "Hall 3") -> None:
        self.entries: list[Entry] = []
        self.people = 0
        self.add("09:00", Opened(0.0, name, place))
        self.add("09:00", DoorStarted(0.0, "camera", at("09:00"), "live", "Main door", "YuNet", "headcount"))
        self.add("09:00", PlacesSet(0.0, ("door",)))

    def add(self, when: str, event: Event) -> None:
        number = len(self.entries) + 1
        self.entries.append(Entry(f"e{number}", "s", "main", number, at(when), event))

    def person(self, when: str, gender: Gender = Gender.FEMALE, age: float = 30.0) -> str:
        self.people += 1
        ref, time_s = f"p{self.people}", at(when) - at("09:00")
        self.add(when, Counted(time_s, ref, self.people, time_s))
        self.add(when, Revised(time_s, ref, gender, 0.93, age, 4.0, final=True))
        self.add(when, Left(time_s, ref, time_s, 2.0, 1.0))
        return ref

    def end(self, when: str = "17:00") -> list[Entry]:
        self.add(when, DoorEnded(0.0, "stopped"))
        self.add(when, Closed(0.0))
        return self.entries


def fair() -> list[Entry]:
    """A day with 6 people, a lost hour, two corrections and one person added by hand."""
    day = Day()
    first = day.person("09:05")
    day.add("09:05", Crossed(300.0, first, "door", "in"))
    day.person("09:14:59", Gender.MALE, 44.0)
    day.person("09:15", Gender.MALE, 8.0)
    day.add("10:00", SourceLost(0.0, "The camera was unplugged."))
    day.add("11:00", SourceBack(0.0))
    day.person("11:30")
    wrong = day.person("12:00", Gender.UNDECIDED)
    printed = day.person("12:01", Gender.MALE)
    day.add("12:05", Corrected(0.0, wrong, "gender", "female", "undecided", "Ada", "saw her"))
    day.add("12:06", Corrected(0.0, printed, "removed", "yes", "no", "Ada"))
    day.add("12:10", Added(0.0, "hand.1", Gender.FEMALE, "20-29", "Ada"))
    return day.end()
