"""A count: one occasion, one or more doors, one log; and what the operator may decide about it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Sequence

from desktop_app.domain.events import (
    DECISIONS,
    Added,
    Closed,
    Corrected,
    DoorStarted,
    Entry,
    Event,
    Merged,
    Opened,
    Reopened,
    Split,
    Undone,
)
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Counts, Gender
from desktop_app.engine.state import Pipeline
from desktop_app.errors import HeadcountError
from desktop_app.session.door_run import DoorRun
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
    ) -> None:
        """`entries` are those of a stored session that goes on; without them a new session is opened."""
        self.id = session_id or uuid.uuid4().hex
        self.undo_stack = undo
        self.operator = ""
        self.runs: list[DoorRun] = []
        """The runs of this session, at most one of them active a door."""
        sinks = list(sinks)
        self.is_kept = bool(sinks)
        """Whether it is written anywhere; further passes over a repeated file are not."""
        self.log = SessionLog(self.id, numbers, sinks, clock, entries)
        self.name, self.place, self.note = name, place, note
        self.closed = False
        if entries:
            opened = [e.event for e in entries if isinstance(e.event, Opened)]
            if opened:
                self.name, self.place, self.note = opened[-1].name, opened[-1].place, opened[-1].note
            ends = [e.event for e in entries if isinstance(e.event, Closed | Reopened)]
            self.closed = bool(ends) and isinstance(ends[-1], Closed)
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
        event = Corrected(self._time_s(), ref, what, new, old, self.operator, note)
        words = {"gender": new, "age_band": f"age {new}", "removed": "not a person", "staff": "staff"}[what]
        self._step(f"{words}, {self._title(record)}", [event], record.door, self._staff_steps(record, what, new))

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
            raise CorrectionError(f"{self._title(record)} is counted as the same person already.".capitalize())
        event = Merged(self._time_s(), record.ref, target.ref, by_operator=True)
        self._step(f"same person, {self._title(record)} and {self._title(target)}", [event], record.door)

    def split(self, ref: str) -> None:
        """Say that the people counted as `ref` are different ones. Raises CorrectionError where it is only one."""
        record = self._record(ref)
        if len(record.members) < 2:
            raise CorrectionError(f"{self._title(record)} was not put together from several.".capitalize())
        self._step(f"split, {self._title(record)}", [Split(self._time_s(), record.ref, self.operator)], record.door)

    def add(self, gender: Gender = Gender.UNDECIDED, age_band: str = "", note: str = "", door: str = "") -> str:
        """Count somebody whom the program missed; return their reference.

        They count at the newest moment that the door has seen: in a film or in a count that is over, that is not now.
        `door` is the newest one if it is not given.
        """
        ref = f"hand.{uuid.uuid4().hex[:12]}"
        event = Added(self._time_s(), ref, gender, age_band, self.operator, note)
        door = door or self._newest_door()
        utc = self._newest_moment(door)
        self._step("one added by hand", [event], door, utc_of=None if utc is None else lambda _: utc)
        return ref

    def _newest_door(self) -> str:
        if self.runs:
            return self.runs[-1].door.id
        return next((e.door for e in reversed(self.log.entries()) if isinstance(e.event, DoorStarted)), "")

    def _newest_moment(self, door: str) -> float | None:
        """Return the newest time in seconds since 1970 that a door has seen, None for one that has seen nothing."""
        for run in self.active_runs:
            if run.door.id == door:
                return run.utc()
        seen = (e.utc for e in self.log.entries() if e.door == door and not isinstance(e.event, DECISIONS))
        return max(seen, default=None)

    def rename(self, name: str, place: str | None = None, note: str | None = None) -> None:
        """Change the occasion's name, place or note."""
        before = (self.name, self.place, self.note)
        after = (name, self.place if place is None else place, self.note if note is None else note)

        def put(values: tuple[str, str, str]) -> None:
            self.name, self.place, self.note = values
            self.log.append([Opened(self._time_s(), *values)])

        put(after)
        self.undo_stack.push(Step("rename", lambda: put(before), lambda: put(after), self.id))

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

    def _step(
        self,
        name: str,
        events: Sequence[Event],
        door: str,
        also: tuple[Callable[[], object], Callable[[], object]] | None = None,
        utc_of: Callable[[Event], float] | None = None,
    ) -> None:
        """Write events as one step of undo. `also` is (done with it, done when it is taken back)."""
        newest = [e.id for e in self.log.append(events, door, utc_of)]
        if also is not None:
            also[0]()

        def toggle(again: bool) -> None:
            # Undo names the entries; redo names the undoing, and so on: nothing is ever taken out of the log.
            nonlocal newest
            newest = [e.id for e in self.log.append([Undone(self._time_s(), i) for i in newest], door)]
            if also is not None:
                also[0 if again else 1]()

        self.undo_stack.push(Step(name, lambda: toggle(False), lambda: toggle(True), self.id))

    def _staff_steps(
        self, record: PersonRecord, what: str, new: str
    ) -> tuple[Callable[[], object], Callable[[], object]] | None:
        """Return what lets the pipelines know staff by their looks, and what takes that back."""
        if what != "staff":
            return None

        def tell(is_staff: bool | None) -> None:
            def mark(pipeline: Pipeline) -> None:
                for member in record.members:
                    pipeline.mark_staff(member, is_staff)

            for run in self.active_runs:
                run.submit(mark)

        return (lambda: tell(new == "yes")), (lambda: tell(None))

    def _record(self, ref: str, *, allow_removed: bool = False) -> PersonRecord:
        record = self.person(ref)
        if record is None:
            raise CorrectionError("This person is not in the count.", "Choose someone from the list of people.")
        if record.is_removed and not allow_removed:
            raise CorrectionError(f"{self._title(record)} was marked as not a person.".capitalize(), "Undo that first.")
        return record

    @staticmethod
    def _title(record: PersonRecord) -> str:
        return f"person {record.number}" if record.number else "a person added by hand"

    def _time_s(self) -> float:
        return self.runs[-1].stats.time_s if self.runs else 0.0
