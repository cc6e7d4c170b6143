"""Where the live figures come from: a count in this program, or the newest count in the store."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.event_codec import EVENT_KINDS
from desktop_app.domain.events import DoorEnded, DoorStarted, Entry
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.record_sums import PlaceFigures
from desktop_app.domain.types import AGE_BANDS, Counts, FrameResult, Gender
from desktop_app.engine.state import EngineState
from desktop_app.reports.intervals import watched_in
from desktop_app.reports.watched import OF_SOURCES, Span, of_sources, watched_spans
from desktop_app.session.door import RunObserver
from desktop_app.session.door_run import DoorRun
from desktop_app.session.listeners import QueuedListener
from desktop_app.session.manager import SessionManager
from desktop_app.session.session import Session
from desktop_app.store.folds import SessionGroup
from desktop_app.store.store import Store
from desktop_app.web import schemas

OnEntries = Callable[[Sequence[Entry]], object]

MOST_HOURS = 48
"""So many of the latest hours are in the live figures."""

_GENDERS = (Gender.FEMALE, Gender.MALE, Gender.UNDECIDED)
_RECORDS_A_SECOND = 5000
_SOURCE_KINDS = tuple(name for name, event in EVENT_KINDS.items() if event in OF_SOURCES)
_BLOCK_S = 900
"""Every time zone differs from UTC by a multiple of this, so no block lies in two hours."""


class CountSource(Protocol):
    """Gives the figures of one count. Called by one thread at a time."""

    def poll(self) -> bool:
        """Return whether `figures` may differ from those of the last call."""
        ...

    def figures(self) -> schemas.LiveFigures: ...

    def entries_after(self, seq: int) -> Sequence[Entry] | None:
        """Return the entries of the present count behind a sequence number, None where they are not at hand."""
        ...

    def close(self) -> None: ...


class ManagerCount(RunObserver):
    """Follows whatever count is current in a session manager of this process.

    As one of the manager's observers it also knows how many are in view; it works without being one.
    `on_entries` is called on a thread of its own with the entries of every session, each once and in order.
    """

    def __init__(self, on_entries: OnEntries | None = None) -> None:
        self.manager: SessionManager | None = None
        self.on_entries = on_entries
        self._session: Session | None = None
        self._listener: QueuedListener | None = None
        self._told_seq = 0
        self._seen: object = None
        self._in_view: dict[str, int] = {}
        self._opened: tuple[str, datetime | None] = ("", None)
        self._hours: tuple[str, float, list[schemas.HourCounts]] = ("", 0.0, [])

    def follow(self, manager: SessionManager) -> None:
        """Say whose counts these are, before the first `poll`."""
        self.manager = manager

    def on_result(self, run: DoorRun, result: FrameResult) -> None:
        self._in_view[run.door.id] = result.in_view

    def on_state(self, run: DoorRun, state: EngineState, message: str) -> None:
        if state.is_final:
            self._in_view.pop(run.door.id, None)

    def poll(self) -> bool:
        session = self.manager.current if self.manager is not None else None
        if session is not self._session:
            self._attach(session)
        now = self._state_of(session)
        changed, self._seen = now != self._seen, now
        return changed

    def _state_of(self, session: Session | None) -> object:
        if session is None:
            return None
        runs = tuple((r.door.id, r.state, r.message) for r in session.runs)
        # A day without visitors still begins a new hour.
        return (session.id, session.log.version, runs, dict(self._in_view), int(time.time() // 60))

    def _attach(self, session: Session | None) -> None:
        if self._session is not None and self._listener is not None:
            self._session.log.remove_sink(self._listener)
            self._listener.close()
        self._session, self._listener = session, None
        if session is not None and self.on_entries is not None:
            self._listener = QueuedListener(self._tell, "web")
            session.log.add_sink(self._listener)
            # What was written before comes through the same queue; `_tell` leaves out what comes twice.
            self._listener.append(session.log.entries())

    def _tell(self, entries: Sequence[Entry]) -> None:
        new = sorted((e for e in entries if e.seq > self._told_seq), key=lambda e: e.seq)
        if new and self.on_entries is not None:
            self._told_seq = new[-1].seq
            self.on_entries(new)

    def figures(self) -> schemas.LiveFigures:
        session = self._session
        if session is None or not session.log.begun:
            return nothing_counted()
        last = session.log.last_seq
        counts, records, places = session.log.read(lambda t: (t.counts(), t.records(), t.places()))
        state, sentence = _state(session)
        doors = [
            schemas.DoorFigures(
                id=run.door.id,
                name=run.door.name,
                state=run.state.value,
                message=run.message,
                totals=schemas.Totals.of(session.counts(run.door.id)),
            )
            for run in session.runs
        ]
        in_view = sum(self._in_view.values()) if self._in_view else None
        return schemas.LiveFigures(
            id=last,
            time=datetime.now().astimezone(),
            session=session.id,
            name=session.name,
            place=session.place,
            opened=self._opened_of(session),
            state=state,
            sentence=sentence,
            totals=schemas.Totals.of(counts),
            looking=counts.looking,
            in_view=in_view,
            ages=ages_of(counts),
            doors=doors,
            places=places_of(places, {d.id: d.name for d in doors}),
            hours=self._hours_of(session, records),
        )

    def _opened_of(self, session: Session) -> datetime | None:
        if self._opened[0] != session.id or self._opened[1] is None:
            self._opened = (session.id, _opened(session.log.entries()))
        return self._opened[1]

    def _hours_of(self, session: Session, records: Sequence[PersonRecord]) -> list[schemas.HourCounts]:
        """Return the hours; of many people they are worked out less often, so that a long day costs no more."""
        now = time.monotonic()
        if self._hours[0] != session.id or now >= self._hours[1]:
            runs = session.active_runs
            now_utc = max((run.utc() for run in runs), default=None)
            spans = watched_spans(of_sources(session.log.all_entries()), now_utc)
            hours = hours_of(*_columns(records), spans=spans, now_utc=now_utc)
            self._hours = (session.id, now + len(records) / _RECORDS_A_SECOND, hours)
        return self._hours[2]

    def entries_after(self, seq: int) -> Sequence[Entry] | None:
        session = self._session
        return [] if session is None else [e for e in session.log.entries() if e.seq > seq]

    def close(self) -> None:
        self._attach(None)


class StoredCount:
    """Follows the newest count in the store, which another process may be writing."""

    def __init__(self, store: Store, *, counted_elsewhere: bool) -> None:
        self._store = store
        self._elsewhere = counted_elsewhere
        self._seen: object = None
        self._watch: tuple[object, list[Entry]] = (None, [])

    def poll(self) -> bool:
        group = self._store.newest_group()
        changed, self._seen = group != self._seen, group
        return changed

    def figures(self) -> schemas.LiveFigures:
        group = self._store.newest_group()
        info = self._store.session(group.ids[0]) if group is not None else None
        if group is None or info is None:
            return nothing_counted()
        summary = self._store.totals(info.id, follow=True)
        going_on = info.is_open and self._elsewhere
        last = datetime.fromtimestamp(info.last_utc)
        now_utc = time.time() if going_on else info.last_utc if info.is_open else None
        spans = watched_spans(self._sources_of(group, now_utc is None), now_utc)
        arrivals = summary.arrivals.values()
        columns = [
            np.concatenate([getattr(a, name) for a in arrivals] or [np.zeros(0, np.int64)])
            for name in ("minute_utc", "female", "male", "undecided")
        ]
        return schemas.LiveFigures(
            id=summary.last_seq,
            time=datetime.now().astimezone(),
            session=info.id,
            name=info.name,
            place=info.place,
            opened=datetime.fromtimestamp(info.opened_utc).astimezone(),
            state="counting" if going_on else "over",
            sentence=f"Counting in another program; last change at {last:%H:%M}."
            if going_on
            else "This count is over.",
            totals=schemas.Totals.of(summary.counts),
            looking=summary.counts.looking,
            ages=ages_of(summary.counts),
            doors=[
                schemas.DoorFigures(id=door, name=door, totals=schemas.Totals.of(counts))
                for door, counts in summary.by_door.items()
            ],
            places=places_of(summary.places, {}),
            hours=hours_of(*columns, spans=spans, now_utc=now_utc),
        )

    def _sources_of(self, group: SessionGroup, is_over: bool) -> list[Entry]:
        """Return what the sources of a count did; of one that was cut off also what it saw last."""
        entries = self._store.entries_of_kinds(group.ids, _SOURCE_KINDS)
        if not _is_cut_off(entries, is_over):
            return entries
        # Seldom, and then all entries are needed, which of a long day are many.
        key = (group.ids, [e.id for e in entries])
        if self._watch[0] != key:
            self._watch = (key, of_sources(self._store.entries_of(group.ids)))
        return self._watch[1]

    def entries_after(self, seq: int) -> Sequence[Entry] | None:
        return None

    def close(self) -> None:
        """Nothing is held; the store belongs to whoever opened it."""


def nothing_counted() -> schemas.LiveFigures:
    """Return the figures of a program that has counted nobody yet."""
    return schemas.LiveFigures(id=0, time=datetime.now().astimezone(), sentence="Nothing is counted at the moment.")


def ages_of(counts: Counts) -> dict[str, int]:
    """Return how many people are in each age band, and of unknown age."""
    return {**dict(zip(AGE_BANDS, counts.age_bands, strict=True)), "unknown": counts.age_unknown}


def places_of(places: Mapping[tuple[str, str], PlaceFigures], names: Mapping[str, str]) -> list[schemas.PlaceCounts]:
    """Return the figures of lines and zones; `names` are those of the doors."""
    return [
        schemas.PlaceCounts(
            door=names.get(door, door),
            name=name,
            kind="zone" if f.kind == "zone" else "line",
            into=f.into,
            out=f.out,
            inside=f.inside,
            visits=f.visits,
            mean_stay_s=None if f.mean_dwell_s is None else round(f.mean_dwell_s, 1),
        )
        for (door, name), f in places.items()
    ]


def _is_cut_off(entries: Iterable[Entry], is_over: bool) -> bool:
    """Whether a run began at a door where another had no end, or one has none although the count is over."""
    running: set[tuple[str, str]] = set()
    for entry in entries:
        door = (entry.session, entry.door)
        if isinstance(entry.event, DoorStarted):
            if door in running:
                return True
            running.add(door)
        elif isinstance(entry.event, DoorEnded):
            running.discard(door)
    return is_over and bool(running)


def hours_of(
    utc: NDArray[np.int64],
    female: NDArray[np.int64],
    male: NDArray[np.int64],
    undecided: NDArray[np.int64],
    *,
    spans: Sequence[Span] = (),
    now_utc: float | None = None,
) -> list[schemas.HourCounts]:
    """Return the people of each hour of the local clock, without gaps, the latest `MOST_HOURS` up to now or the end.

    Parallel arrays of shape (n,): seconds since 1970, and how many of each gender were counted then. `spans` are when
    doors were watched; `now_utc` is given for a count that goes on.
    """
    begun = min((s.start_utc for s in spans), default=None)
    over = max([s.end_utc for s in spans] + ([] if now_utc is None else [now_utc]), default=None)
    ends = [] if begun is None or over is None else [_hour_start(int(begun)), _hour_start(math.ceil(over) - 1)]
    if not len(utc) and not ends:
        return []
    blocks, index = np.unique(utc // _BLOCK_S, return_inverse=True)
    sums = [
        np.bincount(index, weights=column, minlength=len(blocks)).astype(int) for column in (female, male, undecided)
    ]
    hours: dict[int, list[int]] = {}
    for position, block in enumerate(blocks):
        figures = hours.setdefault(_hour_start(int(block) * _BLOCK_S), [0, 0, 0])
        for gender, column in enumerate(sums):
            figures[gender] += int(column[position])
    found = []
    last = max([*hours, *ends])
    starts = np.arange(max(min([*hours, *ends]), last - (MOST_HOURS - 1) * 3600), last + 1, 3600, dtype=np.float64)
    watched = watched_in(spans, starts, starts + 3600)
    for hour, watched_s in zip(starts.tolist(), watched.tolist(), strict=True):
        f, m, u = hours.get(_hour_start(int(hour)), (0, 0, 0))
        of_count_s = 0.0 if begun is None or over is None else min(over, hour + 3600) - max(begun, hour)
        found.append(
            schemas.HourCounts(
                start=datetime.fromtimestamp(hour).astimezone(),
                people=f + m + u,
                female=f,
                male=m,
                undecided=u,
                watched_s=round(watched_s, 1),
                missed_s=round(max(0.0, of_count_s - watched_s), 1),
            )
        )
    return found


def _hour_start(utc: int) -> int:
    local = time.localtime(utc)
    return utc - local.tm_min * 60 - local.tm_sec


def _columns(records: Iterable[PersonRecord]) -> tuple[NDArray[np.int64], ...]:
    counted = list({id(r): r for r in records if r.counts}.values())
    utc = np.array([int(r.counted_utc) for r in counted], np.int64)
    return (utc, *(np.array([r.gender is g for r in counted], np.int64) for g in _GENDERS))


def _opened(entries: Sequence[Entry]) -> datetime | None:
    started = next((e for e in entries if isinstance(e.event, DoorStarted)), entries[0] if entries else None)
    return None if started is None else datetime.fromtimestamp(started.utc).astimezone()


def _state(session: Session) -> tuple[schemas.LiveState, str]:
    """Return the state of a count and the sentence for it, from the states of its doors."""
    runs = session.runs
    states = {run.state for run in runs}
    worst = next((s for s in (EngineState.RECONNECTING, EngineState.BLANK, EngineState.FAILED) if s in states), None)
    message = next((run.message for run in runs if run.state is worst and run.message), "")
    if worst is EngineState.RECONNECTING:
        return "waiting", message or "The source was lost. It is waited for."
    if worst is EngineState.BLANK:
        return "blank", message
    if EngineState.RUNNING in states or EngineState.OPENING in states or EngineState.IDLE in states:
        return "counting", "Counting."
    if EngineState.PAUSED in states:
        return "paused", "Paused: nobody is counted at the moment."
    if EngineState.FAILED in states:
        return "failed", message or "The source failed. What was counted is kept."
    return "over", "This count is over."
