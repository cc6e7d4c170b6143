"""How far a film was counted before its count was cut off, so that going on with it begins there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from desktop_app.domain.events import Counted, DoorStarted, Entry, Event, Left, Merged, PersonEvent, is_decision
from desktop_app.session.services import RecordingStart
from desktop_app.settings import without_password

LEAD_IN_S = 10.0
"""How much before that place the film is taken up again: longer than somebody may be out of sight and still be the same
person, so that whoever was in view at the cut is known when counting goes on, and is not counted twice."""
_SAME_MOMENT_S = 0.5


@dataclass(frozen=True, slots=True)
class SeenBefore:
    """What was seen up to `until_s`, in seconds of the film, is in the log; `start` is when the film began.

    `in_view` has those who had not left by then: their references, and when they were counted in seconds of the film.
    """

    until_s: float
    start: RecordingStart
    in_view: Mapping[str, float] = field(default_factory=dict)

    @property
    def seek_s(self) -> float:
        """Where to take the film up, in seconds from its beginning."""
        return max(0.0, self.until_s - LEAD_IN_S)


class LeadIn:
    """Tells from the events of a film that was taken up those that the log does not have yet."""

    def __init__(self, seen: SeenBefore) -> None:
        self._until_s = seen.until_s
        self._in_view = dict(seen.in_view)
        self.known: dict[str, str] = {}
        """The references in the log of those who were counted again, by those that they were counted again with."""

    def new(self, events: Sequence[Event]) -> list[Event]:
        """Return the events after the cut. Whoever the log has already goes on under the reference they have there."""
        found = []
        for event in events:
            if event.time_s > self._until_s:
                found.append(self._as_known(event))
            elif isinstance(event, Counted):
                self._note_again(event)
        return found

    def _note_again(self, event: Counted) -> None:
        # The same film brings the same people at the same moments.
        away = {ref: abs(counted_s - event.time_s) for ref, counted_s in self._in_view.items()}
        nearest = min(away, key=away.__getitem__, default=None)
        if nearest is not None and away[nearest] <= _SAME_MOMENT_S:
            del self._in_view[nearest]
            self.known[event.person] = nearest

    def _as_known(self, event: Event) -> Event:
        if isinstance(event, Merged) and event.into in self.known:
            event = replace(event, into=self.known[event.into])
        if isinstance(event, PersonEvent) and event.person in self.known:
            event = replace(event, person=self.known[event.person])
        return event


def seen_before(entries: Iterable[Entry], door: str, source: str) -> SeenBefore | None:
    """Return how far a door has seen a film, None where it has not seen this one, or where it is no film.

    `entries` are those of one session, oldest first.
    """
    source = without_password(source)
    started: DoorStarted | None = None
    until_s = 0.0
    in_view: dict[str, float] = {}
    for entry in entries:
        event = entry.event
        if entry.door != door or is_decision(event):
            continue
        if isinstance(event, DoorStarted):
            is_this = event.source == source and event.clock != "live"
            if not is_this or started is None or event.began_utc != started.began_utc:
                until_s = 0.0  # other films have clocks of their own
                in_view.clear()
            started = event if is_this else None
        elif started is not None:
            until_s = max(until_s, event.time_s)
            if isinstance(event, Counted):
                in_view[event.person] = event.time_s
            elif isinstance(event, Left):
                in_view.pop(event.person, None)
    if started is None or not until_s:
        return None
    return SeenBefore(until_s, RecordingStart(started.began_utc, started.clock), in_view)
