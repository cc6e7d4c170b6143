"""The log of one session: stamps events, keeps their totals, and hands entries to the store and to listeners."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from desktop_app.domain.events import Added, DoorStarted, Entry, Event
from desktop_app.domain.totals import Totals

T = TypeVar("T")


class EntrySink(Protocol):
    """Takes entries. `append` returns at once and never raises for a full disk or a slow reader."""

    def append(self, entries: Sequence[Entry]) -> None: ...


class SequenceNumbers:
    """Numbers that rise strictly over all sessions of one computer.

    A number is the time in microseconds since 1970, or one more than the last where the clock stands still or was set
    back. So entries of sessions that are joined later have an order, whatever the clock did. Thread-safe.
    """

    def __init__(self, last: int = 0, clock: Callable[[], float] = time.time) -> None:
        self._last = last
        self._clock = clock
        self._lock = threading.Lock()

    def next(self) -> int:
        with self._lock:
            self._last = max(self._last + 1, int(self._clock() * 1e6))
            return self._last


class SessionLog:
    """The entries of one session and their totals. Thread-safe.

    Nothing reaches the sinks before the first door starts or somebody is added by hand: a session whose source could
    not be opened leaves no trace.
    """

    def __init__(
        self,
        session_id: str,
        numbers: SequenceNumbers,
        sinks: Iterable[EntrySink] = (),
        clock: Callable[[], float] = time.time,
        entries: Iterable[Entry] = (),
    ) -> None:
        """`entries` are those of a session that was stored before and goes on."""
        self.session_id = session_id
        self._numbers = numbers
        self._clock = clock
        self._sinks = list(sinks)
        self._lock = threading.RLock()
        self._joined: dict[str, tuple[Entry, ...]] = {}
        self._own = list(entries)
        self._totals = Totals(self._own)
        self._begun = bool(self._own)
        self._held_back: list[Entry] = []
        self._doors: dict[str, str] = {}
        self._note_doors(self._own)

    def append(
        self, events: Sequence[Event], door: str = "", utc_of: Callable[[Event], float] | None = None
    ) -> tuple[Entry, ...]:
        """Write events, in this order; return their entries.

        `utc_of` gives the time of an event in seconds since 1970; without it that is now.
        """
        if not events:
            return ()
        with self._lock:
            now = self._clock()
            entries = tuple(
                Entry(
                    uuid.uuid4().hex,
                    self.session_id,
                    door,
                    self._numbers.next(),
                    now if utc_of is None else utc_of(event),
                    event,
                )
                for event in events
            )
            for entry in entries:
                self._totals.apply(entry)
            self._own += entries
            self._note_doors(entries)
            self._hand_on(entries)
        return entries

    def _note_doors(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if isinstance(entry.event, DoorStarted):
                self._doors[entry.door] = entry.event.name

    def _hand_on(self, entries: Sequence[Entry]) -> None:
        """Give entries to the sinks. Under the lock, so that they arrive in order; sinks only put them in a queue."""
        if not self._begun:
            self._held_back += entries
            if not any(isinstance(e.event, DoorStarted | Added) for e in entries):
                return
            entries, self._held_back, self._begun = self._held_back, [], True
        for sink in self._sinks:
            sink.append(entries)

    @property
    def begun(self) -> bool:
        """Whether there is anything worth keeping."""
        return self._begun

    @property
    def version(self) -> int:
        """Rises with every entry."""
        return self._totals.version

    @property
    def last_seq(self) -> int:
        """The sequence number of this session's newest own entry, 0 without one."""
        with self._lock:
            return self._own[-1].seq if self._own else 0

    @property
    def doors(self) -> dict[str, str]:
        """The names of the doors at which this session itself has counted, by their ids, in the order of beginning."""
        with self._lock:
            return dict(self._doors)

    @property
    def all_doors(self) -> dict[str, str]:
        """The names of all doors at which was counted here, those of joined sessions included, by their ids here."""
        return self.read(lambda totals: totals.doors.names())

    def read(self, what: Callable[[Totals], T]) -> T:
        """Return `what(totals)` as of one moment. `what` must not keep the totals."""
        with self._lock:
            return what(self._totals)

    def add_sink(self, sink: EntrySink) -> None:
        """Have entries handed to a further sink from now on."""
        with self._lock:
            self._sinks.append(sink)

    def remove_sink(self, sink: EntrySink) -> None:
        with self._lock:
            self._sinks = [s for s in self._sinks if s is not sink]

    def join(self, session_id: str, entries: Iterable[Entry]) -> None:
        """Let another session's entries count here too; see `events.Joined`, which the caller writes."""
        found = tuple(entries)
        with self._lock:
            self._joined[session_id] = found
            for entry in found:
                self._totals.apply(entry)

    def has_joined(self, session_id: str) -> bool:
        """Whether another session's entries count here at present."""
        with self._lock:
            return session_id in self._joined

    def part(self, session_id: str) -> None:
        """Take the entries of a joined session out of the totals again."""
        with self._lock:
            self._joined.pop(session_id, None)
            self._totals = Totals(e for part in (*self._joined.values(), tuple(self._own)) for e in part)

    def entries(self) -> tuple[Entry, ...]:
        """Return this session's own entries, oldest first."""
        with self._lock:
            return tuple(self._own)

    def all_entries(self) -> tuple[Entry, ...]:
        """Return the entries of this session and of those joined to it, one session after the other."""
        with self._lock:
            return tuple(e for part in (self._own, *self._joined.values()) for e in part)
