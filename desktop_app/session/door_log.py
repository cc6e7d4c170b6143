"""What happens at a door, as entries of a session's log: each with the time at the door, and what the source did."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from desktop_app.domain.events import (
    DoorEnded,
    DoorStarted,
    Event,
    Paused,
    Resumed,
    SourceBack,
    SourceLost,
)
from desktop_app.engine.state import EngineState
from desktop_app.session.door import Door
from desktop_app.session.log import SessionLog
from desktop_app.session.place_changes import places_set
from desktop_app.session.services import RecordingStart
from desktop_app.settings import counted_with, without_password

ENDINGS: Mapping[EngineState, str] = {
    EngineState.FINISHED: "finished",
    EngineState.STOPPED: "stopped",
    EngineState.FAILED: "failed",
}


class DoorLog:
    """Written by one run, on the thread that finds out. `log` may be exchanged for another session's at any time."""

    def __init__(self, door: Door, log: SessionLog) -> None:
        self.door = door
        self.log = log
        self.names = ("", "")
        """The names of the detector and of the model, "" before they are loaded."""
        self.start: RecordingStart | None = None
        """When what a file shows was recorded, None where that is not known."""
        self.is_live = True
        self._opened_utc = 0.0
        self._begun = self._lost = self._paused = False

    def open(self, time_s: float, *, is_live: bool) -> None:
        """Note that the source is open. Before that nothing is written of its state."""
        self.is_live = is_live
        self._opened_utc = time.time()
        self._begun = True
        self.begin(time_s)

    def begin(self, time_s: float) -> None:
        """Write what is counted here, with what and where."""
        self.write(self._beginning(time_s))

    def go_on_in(
        self, log: SessionLog, time_s: float, message: str, closing: Sequence[Event], opening: Sequence[Event]
    ) -> None:
        """End here with the events `closing`, and begin in another session's log, with `opening`.

        `message` says why nobody is watching, if so.
        """
        if self._begun:
            self.write([*closing, DoorEnded(time_s, "new count")])
        self.log = log
        if self._begun:
            self.write([*self._beginning(time_s), *self._not_watching(time_s, message), *opening])

    def write(self, events: Sequence[Event]) -> None:
        self.log.append(events, self.door.id, None if self.is_live else self._utc_of)

    def note_state(self, state: EngineState, message: str, time_s: float, blank_since_s: float | None) -> None:
        """Write what a new state of the engine means for the count; `blank_since_s` is when the pictures went blank."""
        if not self._begun:
            return
        if state is EngineState.RECONNECTING and not self._lost:
            self._lost = True
            self.write([SourceLost(time_s, message)])
        elif state is EngineState.BLANK and not self._lost:
            self._lost = True
            self._note_blank(message, time_s, time_s if blank_since_s is None else blank_since_s)
        elif state in (EngineState.RUNNING, EngineState.PAUSED):
            self._note_going(state is EngineState.PAUSED, time_s, message)
        elif state.is_final:
            self.write([DoorEnded(time_s, ENDINGS[state], message)])

    def utc(self, time_s: float) -> float:
        """Return the time at the door now, in seconds since 1970: for a file, when what it shows was recorded."""
        return time.time() if self.is_live else self._utc_at(time_s)

    def _note_blank(self, message: str, now_s: float, since_s: float) -> None:
        """Write that nobody is watching since the pictures show nothing: for a while already when it is noticed."""
        since_utc = time.time() - (now_s - since_s) if self.is_live else self._utc_at(since_s)
        self.log.append([SourceLost(since_s, message)], self.door.id, lambda _: since_utc)

    def _note_going(self, paused: bool, time_s: float, message: str) -> None:
        if self._lost:
            self._lost = False
            self.write([SourceBack(time_s, message)])
        if paused != self._paused:
            self._paused = paused
            self.write([Paused(time_s) if paused else Resumed(time_s)])

    def _not_watching(self, time_s: float, message: str) -> list[Event]:
        """Return why nobody is watching just now: another log begins with it."""
        lost = [SourceLost(time_s, message)] if self._lost else []
        return [*lost, *([Paused(time_s)] if self._paused else [])]

    def _beginning(self, time_s: float) -> list[Event]:
        start = None if self.is_live else self.start
        unknown = (self._opened_utc, "live" if self.is_live else "opened")
        began, clock = (start.utc, start.clock) if start is not None else unknown
        source = without_password(self.door.source)
        settings = counted_with.as_lines(self.door.settings)
        started = DoorStarted(time_s, source, began, clock, self.door.name, *self.names, settings)
        return [started, places_set(self.door.settings.places)]

    def _utc_of(self, event: Event) -> float:
        return self._utc_at(event.time_s)

    def _utc_at(self, time_s: float) -> float:
        return (self.start.utc if self.start is not None else self._opened_utc) + time_s
