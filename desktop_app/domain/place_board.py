"""All lines and zones of a session together, as `domain.counting` uses them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from desktop_app.domain.motion import box_size
from desktop_app.domain.places import Line, LineCounter, Zone, ZoneCounter, place_names
from desktop_app.domain.types import Box, CountEvent


class PlaceBoard:
    """The line and zone counters, each fed with every face and told who counts."""

    def __init__(self, lines: Sequence[Line] = (), zones: Sequence[Zone] = ()) -> None:
        place_names(lines, zones)
        self.lines = tuple(LineCounter(line) for line in lines)
        self.zones = tuple(ZoneCounter(zone) for zone in zones)
        self._all: tuple[LineCounter | ZoneCounter, ...] = (*self.lines, *self.zones)

    def take_over(self, other: PlaceBoard) -> None:
        """Keep the counters, figures included, of those places of `other` that are drawn here just the same."""
        lines = {counter.line: counter for counter in other.lines}
        zones = {counter.zone: counter for counter in other.zones}
        self.lines = tuple(lines.get(counter.line, counter) for counter in self.lines)
        self.zones = tuple(zones.get(counter.zone, counter) for counter in self.zones)
        self._all = (*self.lines, *self.zones)

    def reset(self) -> None:
        for place in self._all:
            place.reset()

    def see(self, ref: int, box: Box, time_s: float, frame_size: tuple[int, int]) -> None:
        """Take in where a face was found, in pixels of a picture of (width, height)."""
        for line in self.lines:
            line.see(ref, box.centre, box_size(box), time_s, frame_size)
        for zone in self.zones:
            zone.see(ref, box.centre, time_s, frame_size)

    def confirm(self, ref: int) -> None:
        for place in self._all:
            place.confirm(ref)

    def forget(self, ref: int) -> None:
        for place in self._all:
            place.forget(ref)

    def close(self, ref: int, record: CountEvent) -> list[CountEvent]:
        """End somebody's stay; return one event a line crossed on balance and one a visit of a zone.

        The first and last time seen of a visit are those of the visit, so that their difference is its dwell.
        """
        events = []
        for line in self.lines:
            crossing = line.close(ref)
            if crossing is not None:
                events.append(
                    replace(
                        record,
                        kind="line",
                        place=crossing.place,
                        time_s=crossing.time_s,
                        direction=crossing.direction,
                    )
                )
        for zone in self.zones:
            for visit in zone.close(ref):
                events.append(
                    replace(
                        record,
                        kind="zone",
                        place=visit.place,
                        time_s=visit.entered_s,
                        first_seen_s=visit.entered_s,
                        last_seen_s=visit.left_s,
                        facing_s=0.0,
                    )
                )
        return events
