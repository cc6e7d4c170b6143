"""Events as plain values, for the store and for files, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from desktop_app.domain.events import (
    Added,
    AgendaSet,
    Checked,
    Closed,
    Condensed,
    Corrected,
    Counted,
    Crossed,
    CrossedBack,
    DoorEnded,
    DoorStarted,
    Event,
    FileWritten,
    Joined,
    Left,
    Merged,
    Opened,
    Paused,
    PlaceRenamed,
    PlacesSet,
    Reopened,
    Resumed,
    Revised,
    SourceBack,
    SourceLost,
    Split,
    StaffSeen,
    Undone,
    ZoneEntered,
    ZoneLeft,
)
from desktop_app.domain.types import Gender


def _kind(cls: type[Event]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


EVENT_KINDS: Mapping[str, type[Event]] = {
    _kind(cls): cls
    for cls in (
        *(Counted, Revised, Merged, Left, StaffSeen, Crossed, CrossedBack, ZoneEntered, ZoneLeft),
        *(DoorStarted, DoorEnded, SourceLost, SourceBack, Paused, Resumed, PlacesSet, PlaceRenamed),
        *(Opened, Closed, Reopened, Joined, AgendaSet, FileWritten, Condensed),
        *(Corrected, Split, Added, Checked, Undone),
    )
}
"""Every event that can be in a log, by the name it is stored under."""

_NAMES = {cls: name for name, cls in EVENT_KINDS.items()}

SEEN_KINDS = tuple(
    _NAMES[cls] for cls in (Counted, Revised, Left, StaffSeen, Crossed, CrossedBack, ZoneEntered, ZoneLeft)
)
"""What the program sees of people: nearly all entries of a long log. None of these is an operator's decision."""


def _type_and_optional(hint: Any) -> tuple[Any, bool]:
    """Return the type of a field without `| None`, and whether None is allowed."""
    if get_origin(hint) in (Union, UnionType):
        return next(t for t in get_args(hint) if t is not type(None)), True
    return hint, False


_FIELDS: dict[type[Event], Mapping[str, tuple[Any, bool]]] = {}


def fields_of(cls: type[Event]) -> Mapping[str, tuple[Any, bool]]:
    """Return the type of each field, and whether it may be None. Worked out when first needed, not at each start."""
    known = _FIELDS.get(cls)
    if known is None:
        hints = get_type_hints(cls)
        known = _FIELDS[cls] = {f.name: _type_and_optional(hints[f.name]) for f in fields(cls)}
    return known


def kind_of(event: Event) -> str:
    """Return the name under which an event is stored, as in `EVENT_KINDS`."""
    return _NAMES[type(event)]


_ADDED_LATER: Mapping[type[Event], Mapping[str, Any]] = {
    Merged: {"operator": ""},
    DoorStarted: {"settings": ()},
}
"""Fields that logs of earlier versions lack. Left out while they hold this, so that such a log keeps its digest."""


def to_plain(event: Event) -> dict[str, Any]:
    """Return an event's fields as values that JSON has."""
    values = {name: getattr(event, name) for name in fields_of(type(event))}
    for name, default in _ADDED_LATER.get(type(event), {}).items():
        if values[name] == default:
            del values[name]
    return values


_GENDERS = {gender.value: gender for gender in Gender}
_SHAPES: dict[tuple[object, ...], tuple[type[Event], Sequence[int]]] = {}
"""(kind, names of the fields, types of the values) that were found right -> class, which of the values are genders.

A long log has millions of values in a dozen shapes, so that each shape is looked at once only."""


def from_plain(kind: str, values: Mapping[str, Any]) -> Event:
    """Return the event that `kind_of` and `to_plain` described.

    Raises ValueError for an unknown kind, a missing or unknown field, or a value of the wrong type.
    """
    shape = (kind, *values, *map(type, values.values()))
    known = _SHAPES.get(shape)
    if known is None:
        return _from_new_shape(kind, values, shape)
    cls, genders = known
    if not genders:
        return cls(*values.values())
    plain = [*values.values()]
    for i in genders:
        gender = _GENDERS.get(plain[i])
        if gender is None:
            raise ValueError(f"{plain[i]!r} is not a valid Gender")
        plain[i] = gender
    return cls(*plain)


def _from_new_shape(kind: str, values: Mapping[str, Any], shape: tuple[object, ...]) -> Event:
    cls = EVENT_KINDS.get(kind)
    if cls is None:
        raise ValueError(f"{kind!r} is no kind of event that this program knows")
    wanted = fields_of(cls)
    if unknown := values.keys() - wanted.keys():
        raise ValueError(f"an event {kind!r} has no {', '.join(sorted(unknown))}")
    try:
        event = cls(**{name: _checked(name, value, *wanted[name]) for name, value in values.items()})
    except TypeError as error:
        raise ValueError(f"an event {kind!r} is incomplete: {error}") from error
    if tuple(values) == tuple(wanted):
        types = list(zip(values.values(), wanted.values(), strict=True))
        genders = [i for i, (value, (cls_, _)) in enumerate(types) if cls_ is Gender and type(value) is str]
        if all(value is None or type(value) is cls_ or i in genders for i, (value, (cls_, _)) in enumerate(types)):
            _SHAPES[shape] = (cls, genders)
    return event


def _checked(name: str, value: Any, wanted: Any, is_optional: bool) -> Any:
    """Return `value` as the type that a field wants; raises ValueError for any other."""
    if type(value) is wanted:
        return value
    if value is None and is_optional:
        return None
    if wanted is float and type(value) is int:
        return float(value)
    if wanted is Gender and isinstance(value, str):
        return Gender(value)
    is_list = get_origin(wanted) is tuple and isinstance(value, list | tuple)
    if is_list and all(type(v) is get_args(wanted)[0] for v in value):
        return tuple(value)
    if (
        get_origin(wanted) is dict
        and isinstance(value, dict)
        and all(type(v) is int and v >= 0 for v in value.values())
    ):
        return value
    raise ValueError(f"{name} cannot be {value!r}")
