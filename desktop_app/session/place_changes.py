"""What the log is told of a door's lines and zones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from desktop_app.domain.events import Event, PlaceRenamed, PlacesSet
from desktop_app.settings import PlaceSettings


def places_set(places: Sequence[PlaceSettings]) -> PlacesSet:
    """Return the names of the places at which is counted from now on."""
    return PlacesSet(
        0.0,
        tuple(p.name for p in places if p.kind == "line"),
        tuple(p.name for p in places if p.kind == "zone"),
    )


def place_changes(before: Sequence[PlaceSettings], after: Sequence[PlaceSettings], time_s: float) -> list[Event]:
    """Return what the log is told when a door's places change at media time `time_s`.

    A place drawn just as one was that is there no more, under a name that is new, is that one renamed.
    """
    former, present = {p.name for p in before}, {p.name for p in after}
    gone = [p for p in before if p.name not in present]
    events: list[Event] = []
    for place in after:
        same = next((p for p in gone if place.name not in former and replace(p, name=place.name) == place), None)
        if same is not None:
            gone.remove(same)
            events.append(PlaceRenamed(time_s, same.name, place.name))
    return [*events, places_set(after)]
