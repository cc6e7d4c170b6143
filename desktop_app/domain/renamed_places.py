"""What the lines and zones are called by now, whatever they were called when something was counted there."""

from __future__ import annotations

from collections import defaultdict

from desktop_app.domain.events import Entry, PlaceRenamed


class RenamedPlaces:
    """Follows `PlaceRenamed` entries, in any order: the names are a function of the set of them."""

    def __init__(self) -> None:
        self._renames: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
        """By door: (sequence number, former name, new name), oldest first."""

    def take(self, entry: Entry) -> None:
        """Take in an entry; any other kind is passed over."""
        if isinstance(entry.event, PlaceRenamed):
            renames = self._renames[entry.door]
            renames.append((entry.seq, entry.event.place, entry.event.name))
            renames.sort()

    def name(self, door: str, place: str, seq: int) -> str:
        """Return the present name of a place that an entry with this sequence number calls `place`."""
        if door in self._renames:
            for renamed_seq, former, name in self._renames[door]:
                if renamed_seq > seq and former == place:
                    place = name
        return place
