"""Entries as a session stamps them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from desktop_app.domain.events import (
    Closed,
    Counted,
    Crossed,
    DoorStarted,
    Entry,
    Event,
    Left,
    Opened,
    PlacesSet,
    Revised,
)
from desktop_app.domain.types import Gender


@dataclass
class LogMaker:
    """Stamps events of one session. `add` keeps them in `entries` too."""

    session: str = field(default_factory=lambda: str(uuid.uuid4()))
    seq: int = 0
    utc: float = 1_700_000_000.0
    entries: list[Entry] = field(default_factory=list)

    def add(self, event: Event, door: str = "north") -> Entry:
        self.seq += 1
        entry = Entry(str(uuid.uuid4()), self.session, door, self.seq, self.utc + event.time_s, event)
        self.entries.append(entry)
        return entry

    def open(
        self,
        name: str = "Fair",
        place: str = "Hall 3",
        note: str = "",
        recorded_utc: float = 0.0,
        door_name: str = "",
    ) -> list[Entry]:
        return [
            self.add(Opened(0.0, name, place, note), ""),
            self.add(DoorStarted(0.0, "camera 0", recorded_utc or self.utc, name=door_name)),
            self.add(PlacesSet(0.0, ("door",), ())),
        ]

    def person(self, time_s: float = 1.0, gender: Gender = Gender.FEMALE, door: str = "north") -> list[Entry]:
        ref = f"person-{self.session[:8]}-{self.seq}"  # begins like no session's id: a test looks for it in the file
        return [
            self.add(Counted(time_s, ref, self.seq, time_s - 0.5), door),
            self.add(Revised(time_s + 1, ref, gender, 0.9, 34.5, 4.0, True), door),
            self.add(Crossed(time_s + 1, ref, "door", "in"), door),
            self.add(Left(time_s + 2, ref, time_s + 2, 2.5, 1.0), door),
        ]

    def people(self, number: int) -> list[Entry]:
        genders = (Gender.FEMALE, Gender.MALE, Gender.UNDECIDED)
        return [e for i in range(number) for e in self.person(5.0 * i, genders[i % 3])]

    def close(self) -> list[Entry]:
        return [self.add(Closed(99.0), "")]
