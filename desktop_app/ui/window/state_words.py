"""The state of the count in words, as the strip says it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from desktop_app.engine.state import EngineState
from desktop_app.ui.sessions.told_door import ToldDoor
from desktop_app.ui.widgets.texts import day_words, tr


@dataclass(frozen=True, slots=True)
class Pill:
    """`kind` chooses the colour: "idle", "good", "busy", "paused" or "bad"."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Moments:
    """When things happened, in seconds since 1970; 0 where they did not. `stops` is the planned end.

    `last_person_s` is how many seconds ago the last person came, None where nobody did. It is no time of the clock,
    which may be set while it counts.
    """

    now: float
    since: float = 0.0
    last_person_s: float | None = None
    stops: float = 0.0


def state_pill(state: EngineState, reason: str, name: str, at: Moments, *, fell_back: bool = False) -> Pill:
    """Return what the strip says. `reason` is the plain sentence of a loss or failure, `name` that of the source.

    `at.since` is when the present state began, and for a running count when the count began. `fell_back`: a lighter
    model answers than was chosen (`DoorRun.fell_back`).
    """
    since = clock(at.since, at.now)
    if state is EngineState.IDLE:
        return Pill("idle", tr("Ready"))
    if state is EngineState.OPENING:
        return Pill("busy", tr("Opening {name}…", name=name))
    if state is EngineState.RUNNING:
        parts = [tr("Counting since {time}", time=since) if at.since else tr("Counting")]
        if at.last_person_s is not None:
            parts.append(tr("last person {ago}", ago=ago(at.last_person_s)))
        if at.stops:
            parts.append(tr("stops at {time}", time=clock(at.stops, at.stops)))
        if fell_back:
            parts.append(tr("with the faster model"))
        return Pill("good", ", ".join(parts))
    if state is EngineState.PAUSED:
        return Pill("paused", tr("Paused since {time}", time=since) if at.since else tr("Paused"))
    if state is EngineState.RECONNECTING:
        lost = tr("Lost since {time}", time=since) if at.since else tr("Lost")
        return Pill("bad", f"{lost}: {reason}" if reason else lost)
    if state is EngineState.BLANK:
        blank = tr("No usable picture since {time}", time=since) if at.since else tr("No usable picture")
        return Pill("bad", f"{blank}: {reason}" if reason else blank)
    if state is EngineState.FINISHED:
        return Pill("idle", tr("Finished: {name}", name=name))
    if state is EngineState.STOPPED:
        return Pill("idle", tr("Stopped at {time}", time=since) if at.since else tr("Stopped"))
    return Pill("bad", tr("Stopped by a problem: {reason}", reason=reason) if reason else tr("Stopped by a problem"))


def doors_pill(pill: Pill, doors: Sequence[ToldDoor]) -> Pill:
    """Return what the strip says of a count at several doors: a door that is lost comes before all that goes well.

    It is said at the end, too: what was not seen there is missing from the total.
    """
    bad = [d for d in doors if d.state.sees_nothing or d.state is EngineState.FAILED]
    if len(doors) < 2 or not bad or (len(bad) == len(doors) and not any(d.active for d in doors)):
        return pill
    said = "; ".join(f"{d.name}: {door_words(d)}" for d in bad)
    going = [d.name for d in doors if d.state is EngineState.RUNNING]
    if any(d.active for d in doors):
        others = tr("counting on at {doors}", doors=", ".join(going)) if going else ""
    else:
        others = pill.text
    return Pill("bad", f"{said}; {others}" if others else said)


def door_pill(door: ToldDoor) -> Pill:
    """Return the state of one door of several as its card says it."""
    kinds = {
        EngineState.RUNNING: "good",
        EngineState.OPENING: "busy",
        EngineState.PAUSED: "paused",
        EngineState.RECONNECTING: "bad",
        EngineState.BLANK: "bad",
        EngineState.FAILED: "bad",
    }
    return Pill(kinds.get(door.state, "idle"), door_words(door))


def door_words(door: ToldDoor) -> str:
    """Return the state of a door in a few words."""
    since = clock(door.since_utc, time.time())
    return {
        EngineState.RUNNING: tr("counting with the faster model") if door.run.fell_back else tr("counting"),
        EngineState.OPENING: tr("opening…"),
        EngineState.PAUSED: tr("paused"),
        EngineState.RECONNECTING: tr("lost since {time}", time=since),
        EngineState.BLANK: tr("no usable picture since {time}", time=since),
        EngineState.FAILED: tr("stopped by a problem at {time}", time=since),
        EngineState.FINISHED: tr("ended at {time}", time=since),
        EngineState.STOPPED: tr("stopped at {time}", time=since),
    }.get(door.state, "")


def clock(utc: float, now: float) -> str:
    """Return a moment as local time: "09:02", or with its day where that is not today: "09:02 on 12 May"."""
    moment, today = datetime.fromtimestamp(utc), datetime.fromtimestamp(now).date()
    words = moment.strftime("%H:%M")
    if moment.date() == today:
        return words
    if (today - moment.date()).days == 1:
        return tr("{time} yesterday", time=words)
    return tr("{time} on {day}", time=words, day=day_words(moment.date(), today))


def ago(seconds: float) -> str:
    """Return how long ago something was, roughly: "just now", "20 s ago", "2 min ago", "3 h ago"."""
    if seconds < 5:
        return tr("just now")
    if seconds < 60:
        return tr("{number} s ago", number=int(seconds) // 5 * 5)
    if seconds < 3600:
        return tr("{number} min ago", number=int(seconds) // 60)
    return tr("{number} h ago", number=int(seconds) // 3600)
