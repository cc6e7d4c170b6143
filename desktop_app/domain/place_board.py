"""All lines and zones of a count together: makes events of paths and stays, as `domain.counting` uses them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from desktop_app.domain.events import Crossed, CrossedBack, Event, ZoneEntered, ZoneLeft
from desktop_app.domain.motion import box_size
from desktop_app.domain.places import Line, LineCounter, Stay, Zone, ZoneCounter, place_names
from desktop_app.domain.types import Box


class PlaceBoard:
    """The line and zone counters, each fed with every face. People go by a `key` here and by a reference in events."""

    def __init__(self, lines: Sequence[Line] = (), zones: Sequence[Zone] = ()) -> None:
        place_names(lines, zones)
        self.lines = tuple(LineCounter(line) for line in lines)
        self.zones = tuple(ZoneCounter(zone) for zone in zones)

    @property
    def _all(self) -> tuple[LineCounter | ZoneCounter, ...]:
        return (*self.lines, *self.zones)

    def reset(self) -> None:
        for place in self._all:
            place.reset()

    def replace(self, former: PlaceBoard, time_s: float) -> list[Event]:
        """Keep what is known at those places of `former` that are drawn here just the same; end the visits elsewhere.

        A place that only has another name goes on under that one. Returns the visits that end by this.
        """
        lines = {counter.line: counter for counter in former.lines}
        zones = {counter.zone: counter for counter in former.zones}
        kept = {counter.name for counter in self._all}
        # Where two are drawn alike, each keeps its own name; only what is called by none of the names was renamed.
        unnamed_lines = {replace(c.line, name=""): c for c in former.lines if c.name not in kept}
        unnamed_zones = {replace(c.zone, name=""): c for c in former.zones if c.name not in kept}
        self.lines = tuple(
            (lines.get(c.line) or unnamed_lines.pop(replace(c.line, name=""), c)).called(c.name) for c in self.lines
        )
        self.zones = tuple(
            (zones.get(c.zone) or unnamed_zones.pop(replace(c.zone, name=""), c)).called(c.name) for c in self.zones
        )
        gone = [zone for zone in former.zones if zone not in self.zones]
        return [_left(zone, stay, time_s) for zone in gone for stay in zone.end_all()]

    def scale(self, factor: float) -> None:
        """Go on in pictures `factor` times as large."""
        for line in self.lines:
            line.scale(factor)

    def see(self, key: int, box: Box, time_s: float, frame_size: tuple[int, int]) -> None:
        """Take in where a face was found, in pixels of a picture of (width, height)."""
        for line in self.lines:
            line.see(key, box.centre, box_size(box), frame_size)
        for zone in self.zones:
            zone.see(key, box.centre, time_s, frame_size)

    def end_old(self, time_s: float) -> list[Event]:
        """Return the end of the visits of all who have been outside for too long; call it first on every frame."""
        return [_left(zone, stay, time_s) for zone in self.zones for stay in zone.end_old(time_s)]

    def news(self, key: int, person: str, time_s: float) -> list[Event]:
        """Return what has happened at the places to somebody who counts, since the last call."""
        events: list[Event] = []
        for line in self.lines:
            for direction, is_back in line.take_changes(key):
                kind = CrossedBack if is_back else Crossed
                events.append(kind(time_s, person, line.name, direction))
        for zone in self.zones:
            for stay in zone.take_ended(key):
                stay.told_of = person
                events.append(ZoneEntered(time_s, person, zone.name, stay.entered_s))
                events.append(_left(zone, stay, time_s))
            visit = zone.visit(key)
            if visit is not None and not visit.told_of:
                visit.told_of = person
                events.append(ZoneEntered(time_s, person, zone.name, visit.entered_s))
        return events

    def leave(self, key: int, time_s: float) -> list[Event]:
        """Return the end of the visits of somebody who has gone. Their paths stay, in case they come back."""
        ended = [(zone, zone.end(key)) for zone in self.zones]
        return [_left(zone, stay, time_s) for zone, stay in ended if stay is not None]

    def absorb(self, known: int, other: int, time_s: float) -> list[Event]:
        """`other` turned out to be `known`; return the end of visits of `known` that this brings."""
        for line in self.lines:
            line.absorb(known, other)
        ended = [(zone, zone.absorb(known, other)) for zone in self.zones]
        return [_left(zone, stay, time_s) for zone, stay in ended if stay is not None]

    def begin_count(self, key: int, time_s: float) -> list[Event]:
        """End what somebody did in the former count, and return that.

        A visit that goes on in the new one begins when it began: it is one stay, however many counts see it.
        """
        for line in self.lines:
            line.begin_count(key)
        events: list[Event] = []
        for zone in self.zones:
            visit = zone.visit(key)
            if visit is not None and visit.told_of:
                events.append(_left(zone, visit, time_s))
                visit.told_of, visit.told_before = "", True
        return events

    def forget(self, key: int) -> None:
        for place in self._all:
            place.forget(key)


def _left(zone: ZoneCounter, stay: Stay, time_s: float) -> ZoneLeft:
    return ZoneLeft(time_s, stay.told_of, zone.name, stay.entered_s, stay.dwell_s)
