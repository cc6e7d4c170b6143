"""The entries of the log: what the pipeline finds, what the source does and what the operator decides.

A count is read from these entries and from nothing else; `domain.totals` is the fold that reads it. The pipeline emits
events on the media clock, so the same file gives the same events on every run. The session wraps each in an `Entry`
with its identity, session, door, UTC and sequence number, and nothing ever changes an entry afterwards: a correction,
an undo and a redo are further entries.

A person is named by a *reference*, a text that never repeats within the program. The number on the screen is only that
session's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

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

    `by_operator` tells a decision of the operator, who can undo it, from one of the counter.
    """

    into: str
    by_operator: bool = False


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
    "container", "file time", or "opened" where nothing better is known than when the source was opened.
    """

    source: str
    began_utc: float
    clock: str = "live"
    name: str = ""
    detector: str = ""
    model: str = ""


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
class Undone(Event):
    """The entry `entry` counts as never written. Undoing this entry in turn brings it back: that is redo."""

    entry: str


OPERATOR_EVENTS = (Corrected, Split, Added, Merged, Joined)
"""What can be undone; of `Merged` only what the operator merged."""

DECISIONS = (Corrected, Split, Added, Undone)
"""What only an operator writes: it may come days after the door has seen anybody."""


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


# ---- as plain values, for the store and for files


def _kind(cls: type[Event]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


EVENT_KINDS: Mapping[str, type[Event]] = {
    _kind(cls): cls
    for cls in (
        *(Counted, Revised, Merged, Left, StaffSeen, Crossed, CrossedBack, ZoneEntered, ZoneLeft),
        *(DoorStarted, DoorEnded, SourceLost, SourceBack, Paused, Resumed, PlacesSet),
        *(Opened, Closed, Reopened, Joined, Corrected, Split, Added, Undone),
    )
}
"""Every event that can be in a log, by the name it is stored under."""

_NAMES = {cls: name for name, cls in EVENT_KINDS.items()}


def _type_and_optional(hint: Any) -> tuple[Any, bool]:
    """Return the type of a field without `| None`, and whether None is allowed."""
    if get_origin(hint) in (Union, UnionType):
        return next(t for t in get_args(hint) if t is not type(None)), True
    return get_origin(hint) or hint, False


# Worked out once: a long log has a million events.


_FIELDS: dict[type[Event], Mapping[str, tuple[Any, bool]]] = {}


def _fields_of(cls: type[Event]) -> Mapping[str, tuple[Any, bool]]:
    """Return the type of each field, and whether it may be None. Worked out when first needed, not at each start."""
    known = _FIELDS.get(cls)
    if known is None:
        hints = get_type_hints(cls)
        known = _FIELDS[cls] = {f.name: _type_and_optional(hints[f.name]) for f in fields(cls)}
    return known


def kind_of(event: Event) -> str:
    """Return the name under which an event is stored, as in `EVENT_KINDS`."""
    return _NAMES[type(event)]


def to_plain(event: Event) -> dict[str, Any]:
    """Return an event's fields as values that JSON has."""
    return {name: getattr(event, name) for name in _fields_of(type(event))}


def from_plain(kind: str, values: Mapping[str, Any]) -> Event:
    """Return the event that `kind_of` and `to_plain` described.

    Raises ValueError for an unknown kind, a missing or unknown field, or a value of the wrong type.
    """
    cls = EVENT_KINDS.get(kind)
    if cls is None:
        raise ValueError(f"{kind!r} is no kind of event that this program knows")
    wanted = _fields_of(cls)
    if unknown := values.keys() - wanted.keys():
        raise ValueError(f"an event {kind!r} has no {', '.join(sorted(unknown))}")
    try:
        return cls(**{name: _checked(name, value, *wanted[name]) for name, value in values.items()})
    except TypeError as error:
        raise ValueError(f"an event {kind!r} is incomplete: {error}") from error


def _checked(name: str, value: Any, wanted: Any, is_optional: bool) -> Any:
    """Return `value` as the type that a field wants; raises ValueError for any other."""
    if type(value) is wanted and wanted is not tuple:
        return value
    if value is None and is_optional:
        return None
    if wanted is float and type(value) is int:
        return float(value)
    if wanted is Gender and isinstance(value, str):
        return Gender(value)
    if wanted is tuple and isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        return tuple(value)
    raise ValueError(f"{name} cannot be {value!r}")
