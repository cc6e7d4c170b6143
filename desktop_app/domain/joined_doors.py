"""Which doors of joined counts are the same, and what each is called: the one place that decides it.

Every computer, and every count at one camera, calls its only door by the same id. Where counts are joined, two doors
are therefore told apart by what the operator calls them: a door of one count is a door of another if both have the same
name and their counts the same place. The doors of the count to which the others were joined keep their ids.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from desktop_app.domain.events import DoorStarted, Entry, Joined, Opened, Undone

DOOR_EVENTS = (Opened, DoorStarted, Joined, Undone)
"""The events that `JoinedDoors` reads."""

_Door = tuple[str, str]
"""The session of a door and its id there."""


@dataclass(slots=True)
class _Started:
    first_seq: int
    seq: int
    name: str


class JoinedDoors:
    """Follows the entries of one session, or of several joined ones, in any order.

    What comes out is a function of the set of `DOOR_EVENTS` taken in; any other entry is passed over.
    """

    def __init__(self, is_active: Callable[[str], bool]) -> None:
        """`is_active` says whether the entry with this id has not been undone."""
        self._is_active = is_active
        self._opened: dict[str, list[Entry]] = defaultdict(list)
        self._started: dict[_Door, _Started] = {}
        self._parts: set[str] = set()
        self._ids: dict[_Door, str] = {}
        self._used: set[_Door] = set()

    def take(self, entry: Entry) -> bool:
        """Take in an entry; return whether a door for which `here` was asked is another one from now on."""
        match entry.event:
            case Opened():
                self._opened[entry.session].append(entry)
            case DoorStarted(name=name):
                door = (entry.session, entry.door)
                known = self._started.setdefault(door, _Started(entry.seq, -1, ""))
                known.first_seq = min(known.first_seq, entry.seq)
                if entry.seq > known.seq:
                    known.seq, known.name = entry.seq, name
            case Joined(session=session):
                self._parts.add(session)
            case Undone():
                pass
            case _:
                return False
        if len({session for session, _ in self._started}) < 2:
            return False
        before, self._ids = self._ids, dict(self._worked_out())
        changed = (d for d in before.keys() | self._ids.keys() if before.get(d, d[1]) != self._ids.get(d, d[1]))
        return any(door in self._used for door in changed)

    def _worked_out(self) -> Iterator[tuple[_Door, str]]:
        known: dict[tuple[str, str, int], str] = {}
        used: set[str] = set()
        for session in self._in_order():
            place, times = self._place(session), Counter[str]()
            for door in self._doors_of(session):
                name = self._started[door].name or door[1]
                times[name] += 1
                key = (place.casefold(), name.casefold(), times[name])
                if key not in known:
                    known[key] = _free(door[1], used)
                    used.add(known[key])
                yield door, known[key]

    def _in_order(self) -> list[str]:
        """Return the sessions with doors: that to which the others were joined first, then by their beginning."""
        first: dict[str, int] = {}
        for (session, _), started in self._started.items():
            first[session] = min(started.first_seq, first.get(session, started.first_seq))
        return sorted(first, key=lambda session: (session in self._parts, first[session]))

    def _doors_of(self, session: str) -> list[_Door]:
        return sorted((d for d in self._started if d[0] == session), key=lambda d: self._started[d].first_seq)

    def _place(self, session: str) -> str:
        newest = max((e for e in self._opened[session] if self._is_active(e.id)), key=lambda e: e.seq, default=None)
        return newest.event.place if newest is not None and isinstance(newest.event, Opened) else ""

    def id_of(self, session: str, door: str) -> str:
        """Return the id that a session's door has in the joined count."""
        return self._ids.get((session, door), door)

    def own(self, session: str, door: str) -> tuple[str, str]:
        """Return a session and the id there of a door of the joined count: this session, if it has that door."""
        found = [own for own, known in self._ids.items() if known == door]
        return next((own for own in found if own[0] == session), found[0] if found else (session, door))

    def here(self, entry: Entry) -> Entry:
        """Return an entry with the id that its door has in the joined count."""
        door = (entry.session, entry.door)
        self._used.add(door)
        found = self._ids.get(door, entry.door)
        return entry if found == entry.door else replace(entry, door=found)

    def names(self) -> dict[str, str]:
        """Return the name of every door by its id, in the order of the sessions and of their beginning.

        Doors of one name are told apart by their places, or else by their ids, in brackets behind it.
        """
        found: dict[str, tuple[int, str, str]] = {}
        for session in self._in_order():
            for door in self._doors_of(session):
                started, own = self._started[door], self.id_of(*door)
                newest = (started.seq, started.name or door[1], self._place(session))
                found[own] = max(newest, found.get(own, newest))
        alike: dict[str, dict[str, str]] = defaultdict(dict)
        for door_id, (_, name, place) in found.items():
            alike[name][door_id] = place
        return {door_id: _told_apart(name, door_id, alike[name]) for door_id, (_, name, _) in found.items()}


def _told_apart(name: str, door: str, places: Mapping[str, str]) -> str:
    """Return the name of a door; `places` are those of all doors of this name, by their ids."""
    if len(places) == 1:
        return name
    more = places[door] if len(set(places.values())) == len(places) else door
    return f"{name} ({more})" if more else name


def _free(door: str, used: set[str]) -> str:
    found, number = door, 1
    while found in used:
        number += 1
        found = f"{door}.{number}"
    return found
