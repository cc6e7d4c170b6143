"""Which minutes were watched: a count of zero says something only where somebody was looking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from desktop_app.domain.events import (
    Condensed,
    DoorEnded,
    DoorStarted,
    Entry,
    Paused,
    Resumed,
    SourceBack,
    SourceLost,
    is_decision,
)

OF_SOURCES = (DoorStarted, DoorEnded, SourceLost, SourceBack, Paused, Resumed)
"""The events with which watching begins or ends."""

SET_BACK_S = 60.0
"""A door that sees something so much before what it saw last has a clock that was set back meanwhile."""
_Door = tuple[str, str]
"""A session and the id of one of its doors."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a door was watched: half-open, in seconds since 1970."""

    door: str
    start_utc: float
    end_utc: float

    def within(self, start_utc: float, end_utc: float) -> float:
        """Return how many seconds of this span lie between two moments."""
        return max(0.0, min(self.end_utc, end_utc) - max(self.start_utc, start_utc))


class Watch:
    """Follows from entry to entry when each door was watched. Entries are taken in the order of the log."""

    def __init__(self) -> None:
        self._since: dict[_Door, float] = {}
        self._last: dict[_Door, float] = {}
        self._spans: list[tuple[_Door, float, float]] = []

    def take(self, entry: Entry) -> None:
        """Take in the next entry.

        Watching begins with a run, a resume or a source that is back, and ends with a pause, a lost source or the end
        of the run. What the operator decides later is no sign of watching.
        """
        door, event, since, last = (entry.session, entry.door), entry.event, self._since, self._last
        if not is_decision(event) and not isinstance(event, Condensed):
            self._notice_clock(door, entry.utc)
        if isinstance(event, DoorStarted | Resumed | SourceBack):
            if isinstance(event, DoorStarted) and door in since:
                self._spans.append((door, since.pop(door), last.get(door, entry.utc)))
            since.setdefault(door, entry.utc)
        elif isinstance(event, Paused | SourceLost | DoorEnded) and door in since:
            self._spans.append((door, since.pop(door), entry.utc))
        if isinstance(event, Condensed):  # these come in the order of what they replace only by and large
            last[door] = max(last.get(door, entry.utc), entry.utc)
        elif not is_decision(event):
            last[door] = entry.utc

    def saw(self, session: str, door: str, utc: float) -> None:
        """Take in that a door saw somebody."""
        self._notice_clock((session, door), utc)
        self._last[session, door] = utc

    def _notice_clock(self, door: _Door, utc: float) -> None:
        """Begin to watch anew where the clock was set back: a span that ends before it begins would be none."""
        last = self._last.get(door, utc)
        if door in self._since and utc < last - SET_BACK_S:
            self._spans.append((door, self._since[door], last))
            self._since[door] = utc

    def spans(
        self,
        now_utc: Mapping[str, float] | float | None = None,
        id_of: Callable[[str, str], str] = lambda _session, door: door,
    ) -> list[Span]:
        """Return when each door was watched, in order of time.

        A run that was cut off ends with the last thing it saw, one still under way at `now_utc`, if given: one moment
        for all doors, or that of each by its id. `id_of` says which door a session's door is, see `JoinedDoors`.
        """
        if not isinstance(now_utc, Mapping):
            now_utc = {} if now_utc is None else {door: now_utc for _, door in self._since}
        going = [(d, start, now_utc.get(d[1], self._last[d])) for d, start in self._since.items()]
        found = (Span(id_of(*door), start, end) for door, start, end in (*self._spans, *going) if end > start)
        return sorted(found, key=lambda s: (s.start_utc, s.door))


def watched_spans(entries: Iterable[Entry], now_utc: Mapping[str, float] | float | None = None) -> list[Span]:
    """Return when each door was watched, in order of time; see `Watch`."""
    watch = Watch()
    for entry in sorted(entries, key=lambda e: e.seq):
        watch.take(entry)
    return watch.spans(now_utc)


def of_sources(entries: Iterable[Entry]) -> list[Entry]:
    """Return what sources did, and before each the last that was seen at its door: a run that was cut off ends with
    that."""
    found: list[Entry] = []
    last: dict[_Door, Entry] = {}
    for entry in entries:
        door = (entry.session, entry.door)
        if is_decision(entry.event):
            continue
        is_set_back = door in last and entry.utc < last[door].utc - SET_BACK_S
        if isinstance(entry.event, OF_SOURCES) or is_set_back:
            found += [e for e in (last.pop(door, None), entry) if e is not None]
        elif entry.door:
            last[door] = entry
    return [*found, *last.values()]
