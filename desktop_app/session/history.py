"""The operator's decisions as a log has them: which hold, and which were taken back and can be done again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from desktop_app.domain.events import AgendaSet, Entry, Opened, Undone
from desktop_app.domain.totals import is_by_operator


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision, and the ids of the entries that have to be undone to take it back, or to do it again."""

    entry: Entry
    to_undo: tuple[str, ...]


def decisions_of(entries: Iterable[Entry]) -> tuple[list[Decision], list[Decision]]:
    """Return the steps that can be undone and those that can be redone, the next one last.

    A new decision ends what could be redone. Both lists are a function of the log, and so the same after a restart, or
    after a correction by another program.
    """
    entries = sorted(entries, key=lambda e: e.seq)
    first = next((e for e in entries if isinstance(e.event, Opened)), None)  # which only began the session
    decisions: list[Entry] = []
    undoers: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if isinstance(entry.event, Undone):
            undoers[entry.event.entry].append(entry)
        elif is_by_operator(entry) or (isinstance(entry.event, Opened | AgendaSet) and entry is not first):
            decisions.append(entry)
    # An undoing is always later than what it undoes, so that from the end on each is known when it is asked for.
    holding: dict[str, list[str]] = {}
    changed: dict[str, int] = {}

    def look_at(entry: Entry) -> None:
        later = [u for u in undoers[entry.id] if u.seq > entry.seq]
        holding[entry.id] = [u.id for u in later if not holding[u.id]]
        changed[entry.id] = max((entry.seq, *(changed[u.id] for u in later)))

    for undoing in sorted((u for group in undoers.values() for u in group), key=lambda e: e.seq, reverse=True):
        look_at(undoing)
    for decision in decisions:
        look_at(decision)
    done = [Decision(d, (d.id,)) for d in decisions if not holding[d.id]]
    newest = max((d.seq for d in decisions), default=0)
    taken_back = [d for d in decisions if holding[d.id] and changed[d.id] > newest]
    taken_back.sort(key=lambda d: changed[d.id])
    return done, [Decision(d, tuple(holding[d.id])) for d in taken_back]
