"""The program's verbs over sessions: start, stop, new count, go on, undo. One count is current at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from desktop_app.domain.events import Closed, Entry, Joined, Undone
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Counts
from desktop_app.engine.state import EngineOptions, EngineState
from desktop_app.errors import HeadcountError
from desktop_app.session.door_run import Door, DoorRun, RunObserver, RunOptions, numbers_of
from desktop_app.session.log import EntrySink, SequenceNumbers, SessionLog
from desktop_app.session.pipelines import PipelineCache
from desktop_app.session.services import NoServices, Services
from desktop_app.session.session import Session
from desktop_app.session.undo import Step, UndoStack
from desktop_app.settings import Settings

_LOG = logging.getLogger(__name__)


class EntryStore(EntrySink, Protocol):
    """What a manager needs of `store.Store`."""

    def last_seq(self) -> int: ...

    def entries(self, session_id: str) -> Iterable[Entry]: ...


class RunThreads(Protocol):
    """The two threads of one run."""

    def start(self) -> None: ...

    def wait(self, timeout_s: float) -> bool:
        """Return whether both have ended within the time."""
        ...

    def is_running(self) -> bool: ...


class PlainThreads:
    """Two daemon threads, for everything but the window."""

    def __init__(self, run: DoorRun) -> None:
        self._threads = [
            threading.Thread(target=body, name=f"headcount-{name}", daemon=True)
            for name, body in (("analysis", run.analyse), ("capture", run.capture))
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not self.is_running()

    def is_running(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)


class SessionManager(RunObserver):
    """Runs counts and keeps each as a session of its own. All verbs return at once.

    `observers` are told on the runs' own threads. `store` may be None: then a count lives as long as the program.
    """

    def __init__(
        self,
        services: Services,
        store: EntryStore | None = None,
        observers: Sequence[RunObserver] = (),
        threads: Callable[[DoorRun], RunThreads] = PlainThreads,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.undo_stack = UndoStack()
        self.current: Session | None = None
        self.previous: Session | None = None
        """The count before this one, kept: what "Before: 9 people" shows."""
        self._services = services
        self._store = store
        self._sinks: list[EntrySink] = [store] if store is not None else []
        self._observers = tuple(observers)
        self._make_threads = threads
        self._clock = clock
        self._numbers = SequenceNumbers(store.last_seq() if store is not None else 0, clock)
        self._pipelines = PipelineCache()
        self._threads: list[tuple[DoorRun, RunThreads]] = []
        self._lock = threading.Lock()
        self._open: list[Session] = []
        self._goes_on = False
        self._warming: threading.Thread | None = None

    @classmethod
    def for_kept(cls, store: EntryStore) -> SessionManager:
        """Return a manager that only loads and corrects kept sessions, and never counts."""
        return cls(NoServices(), store)

    # ---- read

    @property
    def run(self) -> DoorRun | None:
        """The newest run of the current count, None before the first."""
        return self.current.runs[-1] if self.current is not None and self.current.runs else None

    @property
    def active(self) -> bool:
        """Whether a run is under way, a paused one included."""
        return self.current is not None and bool(self.current.active_runs)

    def counts(self) -> Counts:
        return self.current.counts() if self.current is not None else Counts()

    # ---- counting

    def warm_up(self, settings: Settings) -> None:
        """Load the models ahead of the first start, on a thread of its own; a failure is told at the start."""

        def load() -> None:
            try:
                self._pipelines.warm_up(settings, self._services.build_pipeline)
            except HeadcountError as error:
                _LOG.info("could not load the models ahead of time: %s", error)

        self._warming = threading.Thread(target=load, name="headcount-warm-up", daemon=True)
        self._warming.start()

    def load_models(self, settings: Settings) -> None:
        """Load the models here and now, for whoever wants to know before a start. Raises HeadcountError."""
        self._pipelines.warm_up(settings, self._services.build_pipeline)

    def open(self, name: str = "", place: str = "", note: str = "") -> Session:
        """Begin a new session; the current one is stopped, closed and kept."""
        self.stop()
        self._leave_current()
        self.undo_stack.leave_session()
        session = Session(
            self._numbers, self.undo_stack, self._sinks, name=name, place=place, note=note, clock=self._clock
        )
        self._keep_open(session)
        self.current = session
        return session

    def start(self, door: Door, options: EngineOptions | None = None) -> DoorRun:
        """Count at a door: in the session opened or reopened for it, or else in a new one."""
        session = self.current
        if session is None or session.closed or (session.runs and not self._goes_on):
            before = session
            session = self.open(*((before.name, before.place) if before is not None and before.closed else ()))
        self._goes_on = False
        return self._start_run(session, door, options)

    def add_door(self, door: Door, options: EngineOptions | None = None) -> DoorRun:
        """Count at a further door of the current session."""
        session = self.current or self.open()
        return self._start_run(session, door, options)

    def retry(self, options: EngineOptions | None = None) -> DoorRun | None:
        """Open the source of a failed run again and go on in its session; None where there was no run."""
        session, run = self.current, self.run
        if session is None or run is None:
            return None
        session.reopen()
        self._keep_open(session)
        options = options or EngineOptions()
        if run.stats.frames:
            options = replace(options, start_time_s=run.stats.time_s + 1.0)
        return self._start_run(session, run.door, options)

    def _start_run(self, session: Session, door: Door, options: EngineOptions | None) -> DoorRun:
        for old in [r for r in session.active_runs if r.door.id == door.id]:
            old.stop()
        _, next_number = numbers_of(session.log)
        run = DoorRun(
            door,
            session.log,
            self._services,
            self._pipelines,
            RunOptions(options or EngineOptions(), next_number),
            (self, *self._observers),
        )
        run.on_pass_ended = self._next_pass
        # Only what may still be asked about is kept: a session that runs for a year retries often.
        session.runs = [*[r for r in session.runs if r.active or r.door.id != door.id], run]
        threads = self._make_threads(run)
        with self._lock:
            self._threads = [(r, t) for r, t in self._threads if t.is_running()]
            self._threads.append((run, threads))
        threads.start()
        return run

    def _next_pass(self, run: DoorRun) -> SessionLog:
        """Return the log for the next pass of a file that plays over and over.

        The first pass is kept as the file's count; the others only show.
        """
        session = self.current
        if session is None or run not in session.runs or len(session.runs) > 1:
            return run.log
        self._close(session)
        self.undo_stack.leave_session()
        showing = Session(self._numbers, self.undo_stack, name=session.name, clock=self._clock)
        showing.runs, session.runs = session.runs, []
        self.current = showing
        return showing.log

    def stop(self) -> None:
        """End every run of the current count; the last entries follow within moments."""
        if self.current is not None:
            for run in self.current.active_runs:
                run.stop()

    def pause(self, paused: bool) -> None:
        if self.current is not None:
            for run in self.current.active_runs:
                run.pause(paused)

    def new_count(self) -> Session | None:
        """Count from zero without stopping; Undo joins both counts again as if nothing had been. None without one."""
        old = self.current
        if old is None or not old.log.begun:
            return None
        new = Session(self._numbers, self.undo_stack, self._sinks, name=old.name, place=old.place, clock=self._clock)
        new.operator = old.operator
        self._hand_over(old, new)
        self.previous = old
        joining: list[str] = []

        def undo() -> None:
            old.reopen()
            joining[:] = [e.id for e in old.log.append([Joined(0.0, new.id)])]
            old.log.join(new.id, new.log.entries())
            # What is written until the switch belongs to the joined count, too.
            self._hand_over(new, old, back=True, then=lambda: old.log.join(new.id, new.log.entries()))

        def redo() -> None:
            old.log.append([Undone(0.0, i) for i in joining])
            old.log.part(new.id)
            new.reopen()
            self._hand_over(old, new, back=True)

        self.undo_stack.push(Step("new count", undo, redo, old.id))
        return new

    def _hand_over(
        self, old: Session, new: Session, *, back: bool = False, then: Callable[[], object] | None = None
    ) -> None:
        """Let the runs of `old` write into `new`; when the last of them does, close `old` and call `then`."""
        new.runs, old.runs = old.runs, []
        waiting = {id(run) for run in new.runs if run.active}
        lock = threading.Lock()

        def switched(run: DoorRun) -> None:
            with lock:
                waiting.discard(id(run))
                is_last = not waiting
            if is_last:
                self._close(old)
                if then is not None:
                    then()

        self.current = new
        self._keep_open(new)
        if not waiting:
            self._close(old)
        for run in [r for r in new.runs if r.active]:
            run.switch(new.log, back=back, then=partial(switched, run))

    def go_on(self, session_id: str) -> Session:
        """Make a stored session the current one; the next start counts on in it. Raises KeyError for an unknown one."""
        return self.go_on_with(self.load(session_id))

    def go_on_with(self, session: Session) -> Session:
        """`go_on` with what `load` returned, which may have read it on another thread."""
        if session is not self.current:
            self.stop()
            self._leave_current()
            self.undo_stack.leave_session()
            self.current = session
        session.reopen()
        self._keep_open(session)
        self._goes_on = True
        return session

    def load(self, session_id: str) -> Session:
        """Return a stored session to look at and to correct. Raises KeyError for an unknown one."""
        if self.current is not None and self.current.id == session_id:
            return self.current
        entries = tuple(self._store.entries(session_id)) if self._store is not None else ()
        if not entries:
            raise KeyError(session_id)
        session = Session(
            self._numbers, self.undo_stack, self._sinks, session_id=session_id, entries=entries, clock=self._clock
        )
        self._join_stored(session, entries)
        return session

    def _join_stored(self, session: Session, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if isinstance(entry.event, Joined) and self._store is not None:
                is_active = partial(_is_active, entry.id)
                if session.log.read(is_active):
                    session.log.join(entry.event.session, self._store.entries(entry.event.session))

    def close_stored(self, session_id: str) -> None:
        """Note that a session which was cut off is over, as of its last entry."""
        if self._store is None:
            return
        entries = list(self._store.entries(session_id))
        if entries:
            log = SessionLog(session_id, self._numbers, self._sinks, self._clock, entries)
            log.append([Closed(0.0)], utc_of=lambda _: entries[-1].utc)

    def _leave_current(self) -> None:
        """Close the current session, at once or as soon as its runs have written their last entries."""
        session = self.current
        if session is None:
            return
        if session.log.begun:
            self.previous = session
        if not session.active_runs:
            self._close(session)

    def _keep_open(self, session: Session) -> None:
        """Note that a session is to be closed when its runs have ended, or at the end of the program."""
        with self._lock:
            self._open = [*(s for s in self._open if s is not session), session]

    def _close(self, session: Session) -> None:
        session.close()
        with self._lock:
            self._open = [s for s in self._open if s is not session]

    def forget(self) -> None:
        """Forget every count, and keep nothing from now on: the operator had all data deleted."""
        self.stop()
        with self._lock:
            sessions, self._open = self._open, []
        for session in (*sessions, *(s for s in (self.current, self.previous) if s is not None)):
            for sink in self._sinks:
                session.log.remove_sink(sink)
        self._sinks, self._store = [], None
        self.current = self.previous = None
        self.undo_stack.leave_session()

    # ---- what a run tells

    def on_state(self, run: DoorRun, state: EngineState, message: str) -> None:
        if not state.is_final:
            return
        for session in tuple(self._open):
            # A failed count stays open while it is shown, for it can be taken up again.
            stays = state is EngineState.FAILED and session is self.current
            if run in session.runs and not session.active_runs and not stays:
                self._close(session)

    # ---- the end

    def wait(self, timeout_s: float) -> bool:
        """Wait until no run has a thread left; return False where the time ran out first."""
        deadline = time.monotonic() + timeout_s
        with self._lock:
            threads = list(self._threads)
        waited = [t.wait(max(0.0, deadline - time.monotonic())) for _, t in threads]
        with self._lock:
            self._threads = [(r, t) for r, t in self._threads if t.is_running()]
        return all(waited)

    def shut_down(self, timeout_s: float = 3.0) -> bool:
        """Stop everything and close the current session; return False where a thread would not end in time."""
        deadline = time.monotonic() + timeout_s
        with self._lock:
            threads = list(self._threads)
        for run, _ in threads:
            run.stop()
        done = self.wait(max(0.0, deadline - time.monotonic()))
        for session in tuple(self._open):
            self._close(session)
        if self._warming is not None:
            self._warming.join(max(0.0, deadline - time.monotonic()))
            done = done and not self._warming.is_alive()
        return done


def _is_active(entry_id: str, totals: Totals) -> bool:
    return totals.is_active(entry_id)
