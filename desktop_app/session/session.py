"""A count: one occasion, one or more doors, one log; and what the operator may decide about it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Sequence

from desktop_app.domain.about import about
from desktop_app.domain.agenda import AgendaItem
from desktop_app.domain.events import (
    Added,
    AgendaSet,
    Checked,
    Closed,
    Corrected,
    DoorStarted,
    Entry,
    Event,
    FileWritten,
    Joined,
    Merged,
    Opened,
    Reopened,
    Split,
    Undone,
    is_decision,
)
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Counts, Gender
from desktop_app.engine.state import Pipeline
from desktop_app.errors import HeadcountError
from desktop_app.session.door_run import DoorRun
from desktop_app.session.history import decisions_of
from desktop_app.session.log import EntrySink, SequenceNumbers, SessionLog
from desktop_app.session.undo import Step, UndoStack


class CorrectionError(HeadcountError):
    """What the operator asks for does not fit what is in the log."""


class Session:
    """One count. Thread-safe. Corrections work on a closed session just as on a running one."""

    def __init__(
        self,
        numbers: SequenceNumbers,
        undo: UndoStack,
        sinks: Iterable[EntrySink] = (),
        *,
        session_id: str = "",
        name: str = "",
        place: str = "",
        note: str = "",
        entries: Sequence[Entry] = (),
        clock: Callable[[], float] = time.time,
        read_entries: Callable[[str], Iterable[Entry]] = lambda _: (),
    ) -> None:
        """`entries` are those of a stored session that goes on; without them a new session is opened.

        `read_entries` gives those of another stored session, which may be joined to this one.
        """
        self.id = session_id or uuid.uuid4().hex
        self.undo_stack = undo
        self.operator = ""
        self.runs: list[DoorRun] = []
        """The runs of this session in the order of its doors, at most one of them active a door."""
        sinks = list(sinks)
        self.is_kept = bool(sinks)
        """Whether it is written anywhere; further passes over a repeated file are not."""
        self.log = SessionLog(self.id, numbers, sinks, clock, entries)
        self.name, self.place, self.note = name, place, note
        self.closed = False
        self._read_entries = read_entries
        if entries:
            self._read_names()
            self.closed = about(entries).closed_utc is not None
        else:
            self.log.append([Opened(0.0, name, place, note)])

    # ---- read

    @property
    def active_runs(self) -> list[DoorRun]:
        return [run for run in self.runs if run.active]

    def counts(self, door: str | None = None, *, in_view: int = 0) -> Counts:
        """Return the totals, of one door or of all."""
        return self.log.read(lambda totals: totals.counts(door, in_view=in_view))

    def people(self) -> list[PersonRecord]:
        """Return one record a person, staff and removed ones included, in the order in which they were counted."""
        return self.log.read(Totals.people)

    def person(self, ref: str) -> PersonRecord | None:
        return self.log.read(lambda totals: totals.person(ref))

    # ---- the operator's decisions; each is one step of undo

    def correct(self, ref: str, what: str, new: str, note: str = "") -> None:
        """Set a person's gender, age band, or whether they are a person ("removed") or staff; see `events.Corrected`.

        Raises CorrectionError for somebody who is not in this count, or was removed from it.
        """
        record = self._record(ref, allow_removed=what == "removed")
        old = {
            "gender": record.gender.value,
            "age_band": record.age_band or "",
            "removed": "yes" if record.is_removed else "no",
            "staff": "yes" if record.is_staff else "no",
        }.get(what, "")
        event = Corrected(self._time_s(record.door), ref, what, new, old, self.operator, note)
        self._step([event], record.door)

    def mark_staff(self, ref: str) -> None:
        """Take a person out of the count, and whoever looks like them until its end."""
        self.correct(ref, "staff", "yes")

    def remove(self, ref: str) -> None:
        """Say that this was not a person."""
        self.correct(ref, "removed", "yes")

    def merge(self, ref: str, into: str) -> None:
        """Say that `ref` is the same person as `into`. Raises CorrectionError where they are one already."""
        record, target = self._record(ref), self._record(into)
        if record.ref == target.ref:
            raise CorrectionError(f"{_upper(self._title(record))} is counted as the same person already.")
        event = Merged(self._time_s(record.door), record.ref, target.ref, by_operator=True, operator=self.operator)
        self._step([event], record.door)

    def split(self, ref: str) -> None:
        """Say that the people counted as `ref` are different ones. Raises CorrectionError where it is only one."""
        record = self._record(ref)
        if len(record.members) < 2:
            raise CorrectionError(f"{_upper(self._title(record))} was not put together from several.")
        self._step([Split(self._time_s(record.door), record.ref, self.operator)], record.door)

    def add(self, gender: Gender = Gender.UNDECIDED, age_band: str = "", note: str = "", door: str = "") -> str:
        """Count somebody whom the program missed; return their reference.

        They count at the newest moment that the door has seen: in a film or in a count that is over, that is not now.
        `door` is the newest one if it is not given.
        """
        ref = f"hand.{uuid.uuid4().hex[:12]}"
        door = door or self._newest_door()
        event = Added(self._time_s(door), ref, gender, age_band, self.operator, note)
        utc = self._newest_moment(door)
        self._step([event], door, utc_of=None if utc is None else lambda _: utc)
        return ref

    def join(self, other: str) -> None:
        """Let the people of another stored session count here, too: two doors, or two days, become one count.

        Raises CorrectionError for a session that is not there or counts here already.
        """
        if other == self.id or self.log.has_joined(other):
            raise CorrectionError("These two are one count already.")
        if not any(True for _ in self._read_entries(other)):
            raise CorrectionError("The other count is not there any more.", "Choose another one.")
        self._step([Joined(self._time_s(), other)], "")

    def check(self, tallies: Checked, door: str = "") -> None:
        """Keep what the operator found when they looked at some people themselves; no step of undo."""
        self.log.append([tallies], door or self._newest_door())

    def _newest_door(self) -> str:
        if self.runs:
            return self.runs[-1].door.id
        return next((e.door for e in reversed(self.log.entries()) if isinstance(e.event, DoorStarted)), "")

    def _newest_moment(self, door: str) -> float | None:
        """Return the newest time in seconds since 1970 that a door has seen, None for one that has seen nothing."""
        for run in self.active_runs:
            if run.door.id == door:
                return run.utc()
        seen = (e.utc for e in self.log.entries() if e.door == door and not is_decision(e.event))
        return max(seen, default=None)

    def rename(self, name: str, place: str | None = None, note: str | None = None) -> None:
        """Change the occasion's name, place or note; one step of undo."""
        place, note = self.place if place is None else place, self.note if note is None else note
        self._step([Opened(self._time_s(), name, place, note)], "")

    def _read_names(self) -> None:
        found = about(self.log.entries())
        self.name, self.place, self.note = found.name, found.place, found.note

    @property
    def agenda(self) -> tuple[AgendaItem, ...]:
        """The programme of the occasion, in the order in which it was given."""
        return tuple(map(AgendaItem.from_text, about(self.log.entries()).agenda))

    def set_agenda(self, items: Sequence[AgendaItem]) -> None:
        """Keep the programme of the occasion, in place of the one before; one step of undo."""
        self._step([AgendaSet(self._time_s(), tuple(item.to_text() for item in items))], "")

    def note_file(self, what: str, path: str) -> None:
        """Note that a file was written of this count, for the privacy receipt. `what` is one of `events.FILE_KINDS`."""
        self.log.append([FileWritten(self._time_s(), what, path)])

    def close(self) -> None:
        """Note that the count is over. Idempotent."""
        if not self.closed:
            self.closed = True
            self.log.append([Closed(self._time_s())])

    def reopen(self) -> None:
        """Note that the count goes on. Idempotent."""
        if self.closed:
            self.closed = False
            self.log.append([Reopened(self._time_s())])

    # ---- how a step is written and taken back

    def restore_steps(self) -> None:
        """Fill the undo list with the decisions in the log, as if they had been taken just now."""
        entries = self.log.entries()
        done, undone = decisions_of(entries)
        self.undo_stack.restore(
            [self._step_of(d.entry.event, d.to_undo, d.entry.door) for d in done],
            [self._step_of(d.entry.event, d.to_undo, d.entry.door) for d in undone],
        )

    def _step(self, events: Sequence[Event], door: str, utc_of: Callable[[Event], float] | None = None) -> None:
        """Write events as one step of undo, which the first of them names."""
        written = [e.id for e in self.log.append(events, door, utc_of)]
        step = self._step_of(events[0], written, door)
        also = self._also(events[0])
        if also is not None:
            also[0]()
        self.undo_stack.push(step)

    def _step_of(self, event: Event, written: Sequence[str], door: str) -> Step:
        """Return the step whose newest entries are `written`: the decision itself, or what took it back last."""
        newest = list(written)

        def toggle(again: bool) -> None:
            # Undo names the entries; redo names the undoing, and so on: nothing is ever taken out of the log.
            nonlocal newest
            newest = [e.id for e in self.log.append([Undone(self._time_s(door), i) for i in newest], door)]
            also = self._also(event)
            if also is not None:
                also[0 if again else 1]()

        return Step(self._name_of(event, door), lambda: toggle(False), lambda: toggle(True), self.id)

    def _name_of(self, event: Event, door: str) -> str:
        """Return what a decision is called behind "Undo: "."""
        match event:
            case Corrected(what=what, new=new, person=ref):
                words = {"gender": new, "age_band": f"age {new}", "removed": "not a person", "staff": "staff"}[what]
                return f"{words}, {self._title_of(ref)}"
            case Merged(person=ref, into=into):
                return f"same person, {self._title_of(ref)} and {self._title_of(into)}"
            case Split(person=ref):
                return f"split, {self._title_of(ref)}"
            case Joined():
                return "joined counts"
            case Opened():
                return "rename"
            case AgendaSet():
                return "agenda"
            case _:
                return f"one added by hand{self.at_door(door)}"

    def _title_of(self, ref: str) -> str:
        number, door = self.log.read(lambda totals: (totals.number(ref), totals.door(ref)))
        return f"{_person(number)}{self.at_door(door)}"

    def at_door(self, door: str) -> str:
        """Return ", Side door" for a door of several, "" where the count has only one: numbers repeat at each door."""
        doors = self.log.all_doors
        return f", {doors[door]}" if len(doors) > 1 and doors.get(door) else ""

    def _also(self, event: Event) -> tuple[Callable[[], object], Callable[[], object]] | None:
        """Return what is done beside the log when a decision is taken, and when it is taken back."""
        if isinstance(event, Joined):
            other = event.session
            return (lambda: self.log.join(other, self._read_entries(other))), (lambda: self.log.part(other))
        if isinstance(event, Opened):
            return self._read_names, self._read_names
        record = self.person(event.person) if isinstance(event, Corrected) and event.what == "staff" else None
        if record is None or not isinstance(event, Corrected):
            return None
        members, is_marked = record.members, event.new == "yes"

        # The pipelines know staff by their looks.
        def tell(is_staff: bool | None) -> None:
            def mark(pipeline: Pipeline) -> None:
                for member in members:
                    pipeline.mark_staff(member, is_staff)

            for run in self.active_runs:
                run.submit(mark)

        return (lambda: tell(is_marked)), (lambda: tell(None))

    def _record(self, ref: str, *, allow_removed: bool = False) -> PersonRecord:
        record = self.person(ref)
        if record is None:
            raise CorrectionError("This person is not in the count.", "Choose someone from the list of people.")
        if record.is_condensed:
            raise CorrectionError(
                "Of the people of this time only the numbers of intervals are left.", "These cannot be corrected."
            )
        if record.is_removed and not allow_removed:
            raise CorrectionError(f"{_upper(self._title(record))} was marked as not a person.", "Undo that first.")
        return record

    def _title(self, record: PersonRecord) -> str:
        return f"{_person(record.number)}{self.at_door(record.door)}"

    def _time_s(self, door: str = "") -> float:
        """Return the time on the media clock of a door, of the last one without its id."""
        runs = [r for r in self.runs if r.door.id == door] or self.runs
        return runs[-1].stats.time_s if runs else 0.0


def _person(number: int) -> str:
    return f"person {number}" if number else "a person added by hand"


def _upper(title: str) -> str:
    return title[:1].upper() + title[1:]
