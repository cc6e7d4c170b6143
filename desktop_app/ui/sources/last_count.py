"""What was counted last, so that the same can be counted again in one click."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from desktop_app.domain.events import DoorStarted, Entry
from desktop_app.ui.sessions.kept_counts import KeptInfo
from desktop_app.ui.sources.names import DEMO, short_name
from desktop_app.ui.widgets.texts import day_words, tr

LONGEST_NAME = 24
"""Letters of a name on the button: a longer one would make the whole step wider."""


class KeptSessions(Protocol):
    """What is read of a store."""

    def sessions(self) -> Sequence[KeptInfo]: ...

    def entries(self, session_id: str) -> Iterable[Entry]: ...


@dataclass(frozen=True, slots=True)
class LastCount:
    """A count to repeat. `doors` are (name, source without a password); `opened_utc` in seconds since 1970."""

    doors: tuple[tuple[str, str], ...]
    name: str
    place: str
    opened_utc: float

    @property
    def words(self) -> str:
        """What the button says: "Same as 12 May: Main door", or with the names of several doors."""
        day = day_words(datetime.fromtimestamp(self.opened_utc).date(), datetime.now().date())
        if len(self.doors) > 1:  # on a line of their own
            several = ", ".join(textwrap.shorten(name, 24, placeholder="…") for name, _ in self.doors)
            return tr("Same as {day}:\n{doors}", day=day, doors=several)
        called = self.place or self.name or short_name(self.doors[0][1])
        if len(called) > LONGEST_NAME:
            called = f"{called[: LONGEST_NAME - 1].rstrip()}…"
        return tr("Same as {day}: {name}", day=day, name=called)


def find_last(store: KeptSessions) -> LastCount | None:
    """Return the newest count of somebody at anything but the demo clip, None without one.

    Waits for the disk: call it on a thread of its own. Raises StoreError.
    """
    for info in store.sessions()[:20]:
        doors: dict[str, tuple[str, str]] = {}
        for entry in store.entries(info.id) if info.people else ():
            if isinstance(entry.event, DoorStarted):
                if entry.event.source == DEMO:
                    doors = {}
                    break
                doors[entry.door] = (entry.event.name, entry.event.source)
        if doors:
            return LastCount(tuple(doors.values()), info.name, info.place, info.opened_utc)
    return None
