"""The entries of the log: what the pipeline finds, what the source does and what the operator decides.

A count is read from these entries and from nothing else; `domain.totals` is the fold that reads it. The pipeline emits
events on the media clock, so the same file gives the same events on every run. The session wraps each in an `Entry`
with its identity, session, door, UTC and sequence number, and nothing ever changes an entry afterwards: a correction,
an undo and a redo are further entries.

A person is named by a *reference*, a text that never repeats within the program. The number on the screen is only that
session's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from desktop_app.domain.agenda import AgendaItem
from desktop_app.domain.types import AGE_BANDS, Gender


@dataclass(frozen=True, slots=True)
class Event:
    """`time_s` is in seconds on the media clock of the door's run, 0.0 where nothing runs."""

    time_s: float


# ---- found by the pipeline


@dataclass(frozen=True, slots=True)
class PersonEvent(Event):
    person: str


@dataclass(frozen=True, slots=True)
class Counted(PersonEvent):
    """A person was confirmed, and counts from this moment. `number` is the id on the screen.

    The decision is the first one; `Revised` tells of every later one. UNDECIDED means "still looking" until a `Revised`
    says that it is final.
    """

    number: int
    first_seen_s: float
    gender: Gender = Gender.UNDECIDED
    probability: float = 0.5
    age_years: float | None = None
    age_spread_years: float | None = None


@dataclass(frozen=True, slots=True)
class Revised(PersonEvent):
    """The decision on a person changed, or is `final` because they have gone."""

    gender: Gender
    probability: float
    age_years: float | None = None
    age_spread_years: float | None = None
    final: bool = False


@dataclass(frozen=True, slots=True)
class Merged(PersonEvent):
    """`person` turns out to be `into`, who was counted already: from here on both are one person.

    `by_operator` tells a decision of the operator, who can undo it, from one of the counter; `operator` is their name.
    """

    into: str
    by_operator: bool = False
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Left(PersonEvent):
    """A person has gone. Somebody who comes back later leaves again: the newest entry holds, its times are sums.

    `dwell_s` is the time in view and `facing_s` the time seen facing the camera, in seconds.
    """

    last_seen_s: float
    dwell_s: float
    facing_s: float = 0.0


@dataclass(frozen=True, slots=True)
class StaffSeen(PersonEvent):
    """A person is taken for staff (they stay in a staff zone, or look like someone marked) or no longer is."""

    is_staff: bool = True


@dataclass(frozen=True, slots=True)
class PlaceEvent(PersonEvent):
    place: str


@dataclass(frozen=True, slots=True)
class Crossed(PlaceEvent):
    """A person crossed the line `place`. `direction` is "in" or "out"."""

    direction: str


@dataclass(frozen=True, slots=True)
class CrossedBack(PlaceEvent):
    """A person turned back: their crossing in `direction` is taken back."""

    direction: str


@dataclass(frozen=True, slots=True)
class ZoneEntered(PlaceEvent):
    """A person has been in a zone long enough for a visit; it began at `entered_s`."""

    entered_s: float


@dataclass(frozen=True, slots=True)
class ZoneLeft(PlaceEvent):
    """The visit that began at `entered_s` is over; it took `dwell_s` seconds."""

    entered_s: float
    dwell_s: float


# ---- of a door and its source


@dataclass(frozen=True, slots=True)
class DoorStarted(Event):
    """A run began at the door called `name`, with this detector and model. `source` is a name without a password.

    `began_utc` is when media time 0 was, in seconds since 1970. `clock` says how that is known: "live", "operator",
    "container", "file time", or "opened" where nothing better is known than when the source was opened. `settings` are
    those that decide a count, as `settings.counted_with` writes them; () in logs of earlier versions.
    """

    source: str
    began_utc: float
    clock: str = "live"
    name: str = ""
    detector: str = ""
    model: str = ""
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DoorEnded(Event):
    """The run is over: `reason` is "finished", "stopped", "failed" or "new count". `message` is a sentence or ""."""

    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class SourceLost(Event):
    """From here on nobody is watching: minutes that a report must not call empty."""

    message: str = ""


@dataclass(frozen=True, slots=True)
class SourceBack(Event):
    message: str = ""


@dataclass(frozen=True, slots=True)
class Paused(Event):
    pass


@dataclass(frozen=True, slots=True)
class Resumed(Event):
    pass


@dataclass(frozen=True, slots=True)
class PlacesSet(Event):
    """The door counts at these lines and zones from here on, by name."""

    lines: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceRenamed(Event):
    """The line or zone `place` of this door is called `name` from here on, and what was counted there counts for it."""

    place: str
    name: str


# ---- of the session


@dataclass(frozen=True, slots=True)
class Opened(Event):
    """The session began, or its name, place or note was changed."""

    name: str = ""
    place: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Closed(Event):
    pass


@dataclass(frozen=True, slots=True)
class Reopened(Event):
    pass


@dataclass(frozen=True, slots=True)
class Joined(Event):
    """The entries of another session belong to this count too: a new count was undone, or two were joined."""

    session: str


@dataclass(frozen=True, slots=True)
class AgendaSet(Event):
    """The programme of the occasion, each item as `AgendaItem.to_text` writes it; the newest entry holds.

    Raises ValueError for an item that is none.
    """

    items: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for item in self.items:
            AgendaItem.from_text(item)


FILE_KINDS = ("annotated video", "recording", "snapshot", "table")
"""What can be written of a count while it runs; all but the table hold pictures."""


@dataclass(frozen=True, slots=True)
class FileWritten(Event):
    """A file was written on the operator's request. `what` is one of `FILE_KINDS`; raises ValueError for another."""

    what: str
    path: str

    def __post_init__(self) -> None:
        if self.what not in FILE_KINDS:
            raise ValueError(f"{self.what!r} is no kind of file; one of {', '.join(FILE_KINDS)} is")

    @property
    def holds_pictures(self) -> bool:
        return self.what != "table"


@dataclass(frozen=True, slots=True)
class Condensed(Event):
    """What was counted in one interval, in place of the entries on single people, which were removed when they were
    old enough.

    `people` has numbers by "gender/automatic gender/age band"; the first is "" for people who did not count, the second
    for those whom the program alone did not count (added by hand, or staff to it), the third where the age was unknown.
    `into`, `out`, `visits` and `stay_ms` are by place.
    """

    start_utc: float
    length_s: float
    people: dict[str, int] = field(default_factory=dict)
    into: dict[str, int] = field(default_factory=dict)
    out: dict[str, int] = field(default_factory=dict)
    visits: dict[str, int] = field(default_factory=dict)
    stay_ms: dict[str, int] = field(default_factory=dict)


# ---- decided by the operator

CORRECTABLE = ("gender", "age_band", "removed", "staff")


@dataclass(frozen=True, slots=True)
class Corrected(PersonEvent):
    """The operator decided. `what` is one of `CORRECTABLE`.

    `new` and `old` are texts: a gender, one of `AGE_BANDS`, or for "removed" (not a person) and "staff" "yes" or "no".
    Raises ValueError for anything else.
    """

    what: str
    new: str
    old: str = ""
    operator: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        allowed: tuple[str, ...]
        if self.what == "gender":
            allowed = tuple(Gender)
        elif self.what == "age_band":
            allowed = AGE_BANDS
        elif self.what in CORRECTABLE:
            allowed = ("yes", "no")
        else:
            raise ValueError(f"{self.what!r} cannot be corrected; one of {', '.join(CORRECTABLE)} can")
        if self.new not in allowed:
            raise ValueError(f"{self.what} cannot be {self.new!r}; it is one of {', '.join(allowed)}")


@dataclass(frozen=True, slots=True)
class Split(PersonEvent):
    """Every merge of this person with others before this entry was wrong."""

    operator: str = ""


@dataclass(frozen=True, slots=True)
class Added(PersonEvent):
    """The operator counted somebody whom the program missed. `age_band` is one of `AGE_BANDS` or ""."""

    gender: Gender = Gender.UNDECIDED
    age_band: str = ""
    operator: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if self.age_band and self.age_band not in AGE_BANDS:
            raise ValueError(f"{self.age_band!r} is no age band; one of {', '.join(AGE_BANDS)} is")


@dataclass(frozen=True, slots=True)
class Checked(Event):
    """The operator looked for themselves at some of those counted at a door. Numbers only: nobody is named.

    `female`, `male` and `undecided` are the people to whom the program gave that label, as four numbers: so many appear
    female, so many male, of so many the operator could not tell, so many were nobody ("counted wrongly"). `missed`
    people passed and were not counted, `passed` were counted meanwhile, the ones not asked about included. Of one
    `sitting` the newest entry holds; several sittings add up. Raises ValueError for numbers that cannot be.
    """

    sitting: str
    female: tuple[int, ...] = (0, 0, 0, 0)
    male: tuple[int, ...] = (0, 0, 0, 0)
    undecided: tuple[int, ...] = (0, 0, 0, 0)
    missed: int = 0
    passed: int = 0
    operator: str = ""

    def __post_init__(self) -> None:
        rows = (self.female, self.male, self.undecided)
        if any(len(row) != 4 for row in rows) or min(*map(min, rows), self.missed, self.passed) < 0:
            raise ValueError(
                f"a check has four numbers a label, none below 0, not {rows}, {self.missed}, {self.passed}"
            )
        if sum(map(sum, rows)) > self.passed:
            raise ValueError(f"{sum(map(sum, rows))} people checked of {self.passed} who passed cannot be")


@dataclass(frozen=True, slots=True)
class Undone(Event):
    """The entry `entry` counts as never written. Undoing this entry in turn brings it back: that is redo."""

    entry: str


OPERATOR_EVENTS = (Corrected, Split, Added, Merged, Joined)
"""What can be undone; of `Merged` only what the operator merged."""

_ONLY_OPERATOR = (Corrected, Split, Added, Undone, Checked)


def is_decision(event: Event) -> bool:
    """Whether an operator wrote this, and not the door: it may come days after the door has seen anybody."""
    return isinstance(event, _ONLY_OPERATOR) or (isinstance(event, Merged) and event.by_operator)


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in the log.

    `id` is a UUID. `seq` rises strictly over all sessions of one computer, so that entries of two joined sessions have
    an order. `utc` is in seconds since 1970. `door` is "" for what concerns the whole session.
    """

    id: str
    session: str
    door: str
    seq: int
    utc: float
    event: Event
