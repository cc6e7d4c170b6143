"""Which minutes were watched: a count of zero says something only where somebody was looking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from desktop_app.domain.events import (
    DECISIONS,
    DoorEnded,
    DoorStarted,
    Entry,
    Merged,
    Paused,
    Resumed,
    SourceBack,
    SourceLost,
)


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a door was watched: half-open, in seconds since 1970."""

    door: str
    start_utc: float
    end_utc: float

    def within(self, start_utc: float, end_utc: float) -> float:
        """Return how many seconds of this span lie between two moments."""
        return max(0.0, min(self.end_utc, end_utc) - max(self.start_utc, start_utc))


def watched_spans(entries: Iterable[Entry], now_utc: float | None = None) -> list[Span]:
    """Return when each door was watched, in order of time.

    Watching begins with a run, a resume or a source that is back, and ends with a pause, a lost source or the end of
    the run. A run that was cut off ends with the last thing it saw, one still under way at `now_utc`, if given;
    what the operator decides later is no sign of watching.
    """
    since: dict[str, float] = {}
    last: dict[str, float] = {}
    spans: list[Span] = []
    for entry in sorted(entries, key=lambda e: e.seq):
        door, event = entry.door, entry.event
        if isinstance(event, DoorStarted | Resumed | SourceBack):
            if isinstance(event, DoorStarted) and door in since:
                spans.append(Span(door, since.pop(door), last.get(door, entry.utc)))
            since.setdefault(door, entry.utc)
        elif isinstance(event, Paused | SourceLost | DoorEnded) and door in since:
            spans.append(Span(door, since.pop(door), entry.utc))
        if not isinstance(event, DECISIONS) and not (isinstance(event, Merged) and event.by_operator):
            last[door] = entry.utc
    spans += [Span(door, start, last[door] if now_utc is None else now_utc) for door, start in since.items()]
    return sorted((s for s in spans if s.end_utc > s.start_utc), key=lambda s: (s.start_utc, s.door))
