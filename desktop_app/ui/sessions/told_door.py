"""What the window was told of the run at one door, and what the states of several doors are together."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from desktop_app.engine.state import EngineState
from desktop_app.session.door_run import DoorRun
from desktop_app.settings import Settings
from desktop_app.sources.base import SourceInfo
from desktop_app.ui.sources.names import short_name

FIRST_DOOR = "main"
"""The identity of the first door, and of the only one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the next start is called: the occasion and the place."""

    name: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class DoorPlan:
    """A door to count at; see `session.door_run.Door`. Without a name it is called as its source."""

    source: str
    name: str = ""
    began_utc: float | None = None

    def name_in(self, settings: Settings) -> str:
        """Return how the door is called in a count: as planned, as it is kept in the settings, or as its source."""
        kept = settings.door_at(self.source)
        return self.name or (kept.name if kept is not None else short_name(self.source))


@dataclass(eq=False, slots=True)
class ToldDoor:
    """A run as the window knows it: what the workers have come to since is still on its way."""

    run: DoorRun
    state: EngineState = EngineState.OPENING
    message: str = ""
    before: EngineState = EngineState.IDLE
    """The state before the present one."""
    since_utc: float = field(default_factory=time.time)
    info: SourceInfo | None = None
    error: Exception | None = None

    @classmethod
    def as_it_is(cls, run: DoorRun) -> ToldDoor:
        """Return what is to be known of a run that was not followed until now."""
        state, message = state_now(run)
        return cls(run, state, message, info=run.info)

    @property
    def name(self) -> str:
        return self.run.door.name

    @property
    def active(self) -> bool:
        return not self.state.is_final

    def enter(self, state: EngineState, message: str) -> bool:
        """Take on a state; return whether it is another one."""
        if (state, message) == (self.state, self.message):
            return False
        if state is not self.state:
            self.before, self.since_utc = self.state, time.time()
        self.state, self.message = state, message
        return True


def state_now(run: DoorRun) -> tuple[EngineState, str]:
    """Return the state of a run: STOPPED as soon as it was asked to stop, with its last entries on their way."""
    if run.stopping and not run.state.is_final:
        return EngineState.STOPPED, ""
    return (EngineState.OPENING, "") if run.state is EngineState.IDLE else (run.state, run.message)


_GOING = (
    EngineState.RUNNING,
    EngineState.PAUSED,
    EngineState.OPENING,
    EngineState.BLANK,
    EngineState.RECONNECTING,
)
_OVER = (EngineState.STOPPED, EngineState.FINISHED, EngineState.FAILED)


def state_of_all(doors: Sequence[ToldDoor]) -> tuple[EngineState, str]:
    """Return the state of the count with its sentence: that of the door that goes best while one goes on.

    A count that is over was stopped if any door was, and has failed only if all have.
    """
    for state in (*_GOING, *_OVER):
        message = next((d.message for d in doors if d.state is state), None)
        if message is not None:
            return state, message
    return EngineState.IDLE, ""


def door_ids(names: Iterable[str], known: Mapping[str, str]) -> list[str]:
    """Return an id for each door. One called as a door of the `known` ones (names by id) goes on as that door."""
    names = list(names)
    free = {name: door for door, name in known.items()}
    ids = [free.pop(name, "") for name in names]
    others = (FIRST_DOOR, *(f"door-{n}" for n in range(2, 2 + len(names) + len(known))))
    unused = iter([door for door in others if door not in ids])
    return [door or next(unused) for door in ids]
