"""The program's verbs over sessions: start, stop, new count, go on, undo. One count is current at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from desktop_app.domain.events import Joined, Undone
from desktop_app.domain.types import Counts
from desktop_app.engine.state import EngineOptions, EngineState
from desktop_app.errors import HeadcountError
from desktop_app.session.door import Door, RunObserver, RunOptions
from desktop_app.session.door_run import DoorRun, numbers_of
from desktop_app.session.log import SessionLog
from desktop_app.session.pipelines import PipelineCache
from desktop_app.session.seen_before import seen_before
from desktop_app.session.services import NoServices, Services
from desktop_app.session.session import Session
from desktop_app.session.stored import EntryStore, StoredSessions
from desktop_app.session.threads import PlainThreads, RunThreads
from desktop_app.session.undo import Step, UndoStack
from desktop_app.settings import Settings

_LOG = logging.getLogger(__name__)


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
        self._stored = StoredSessions(store, clock)
        self._observers = tuple(observers)
        self._make_threads = threads
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
        """The newest run of the current count, with several doors that of the last one; None before the first."""
        return self.current.runs[-1] if self.current is not None and self.current.runs else None

    @property
    def active(self) -> bool:
        """Whether a run is under way, a paused one included."""
        return self.current is not None and bool(self.current.active_runs)

    @property
    def only_shows(self) -> bool:
        """Whether what runs is a further pass over a repeated file, which is kept nowhere."""
        return self.current is not None and not self.current.is_kept and self._stored.are_kept

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
        session = self._stored.new(self.undo_stack, name, place, note)
        self._keep_open(session)
        self.current = session
        return session

    def start(
        self, door: Door, options: EngineOptions | None = None, name: str | None = None, place: str = ""
    ) -> DoorRun:
        """Count at a door, see `start_doors`."""
        return self.start_doors([door], options, name, place)[0]

    def start_doors(
        self, doors: Sequence[Door], options: EngineOptions | None = None, name: str | None = None, place: str = ""
    ) -> list[DoorRun]:
        """Count at doors: in the session opened or reopened for them, or else in a new one called `name`.

        Without a name the new one is called as the one before, if that is over. The count is over when every door is.
        """
        session = self.current
        if session is None or session.closed or (session.runs and not self._goes_on):
            before = session
            if name is None and before is not None and before.closed:
                name, place = before.name, before.place
            session = self.open(name or "", place)
        goes_on, self._goes_on = self._goes_on, False
        return self._start_runs(session, doors, options, takes_up=goes_on)

    def add_door(self, door: Door, options: EngineOptions | None = None, *, takes_up: bool = False) -> DoorRun:
        """Count at a further door of the current session. `takes_up` goes on with a film that was left there before.

        From then on no film of the session begins again: its people would count again.
        """
        session = self.current or self.open()
        for run in session.active_runs:
            if run.door.id != door.id:
                run.set_loop(False)
        return self._start_runs(session, [door], options, takes_up=takes_up)[0]

    def retry(self, options: EngineOptions | None = None, run: DoorRun | None = None) -> DoorRun | None:
        """Open the source of a run that ended again and go on in its session; None where there was no run.

        It is the newest run of the current count unless another of its runs is given.
        """
        session, run = self.current, run or self.run
        if session is None or run is None or run not in session.runs:
            return None
        session.reopen()
        self._keep_open(session)
        options = options or EngineOptions()
        if run.stats.frames and not run.is_film:
            options = replace(options, start_time_s=run.stats.time_s + 1.0)
        return self._start_runs(session, [run.door], options, takes_up=True)[0]

    def _start_runs(
        self, session: Session, doors: Sequence[Door], options: EngineOptions | None, *, takes_up: bool = False
    ) -> list[DoorRun]:
        """Begin a run at each door. All of them belong to the session before the first begins, for it closes with the
        last. `takes_up` goes on with a film where its count was cut off."""
        started = [self._make_run(session, door, options or EngineOptions(), takes_up) for door in doors]
        threads = [(run, self._make_threads(run)) for run in started]
        with self._lock:
            self._threads = [*((r, t) for r, t in self._threads if t.is_running()), *threads]
        for _, pair in threads:
            pair.start()
        return started

    def _make_run(self, session: Session, door: Door, options: EngineOptions, takes_up: bool) -> DoorRun:
        for old in [r for r in session.active_runs if r.door.id == door.id]:
            old.stop()
        _, next_number = numbers_of(session.log)
        seen = seen_before(session.log.entries(), door.id, door.source) if takes_up else None
        run_options = RunOptions(options, next_number, seen)
        observers = (self, *self._observers)
        run = DoorRun(door, session.log, self._services, self._pipelines, run_options, observers)
        run.on_pass_ended = self._next_pass
        # Only what may still be asked about is kept: a session that runs for a year retries often.
        kept = [*(r for r in session.runs if r.active or r.door.id != door.id), run]
        # A door that begins again keeps its place among the others.
        order = list(dict.fromkeys(r.door.id for r in (*session.runs, run)))
        session.runs = sorted(kept, key=lambda r: order.index(r.door.id))
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
        showing = self._stored.new_unwritten(self.undo_stack, session.name)
        showing.runs, session.runs = session.runs, []
        self.current = showing
        return showing.log

    def leave_out(self, run: DoorRun) -> None:
        """Go on without a run that is over; whom it counted stay in the count, which closes if no other goes on."""
        session = self.current
        if session is None or run.active or run not in session.runs:
            return
        session.runs = [r for r in session.runs if r is not run]
        if not session.active_runs:
            self._close(session)

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
        new = self._stored.new(self.undo_stack, old.name, old.place)
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

    def go_on_with(self, session: Session) -> Session:
        """Make the session that `load` returned, on any thread, the current one; the next start counts on in it."""
        if session is not self.current:
            self.stop()
            self._leave_current()
            self.undo_stack.leave_session()
            session.undo_stack = self.undo_stack
            session.restore_steps()
            self.current = session
        session.reopen()
        self._keep_open(session)
        self._goes_on = True
        return session

    def load(self, session_id: str) -> Session:
        """Return a stored session to look at and to correct. Raises KeyError for an unknown one.

        Its decisions are in an undo list of its own, whenever and by whichever program they were taken.
        """
        for known in (self.current, self.previous, *self._open):
            if known is not None and known.id == session_id and known.is_kept:
                return known
        return self._stored.load(session_id)

    def close_stored(self, session_id: str) -> None:
        """Note that a session which was cut off is over, as of its last entry."""
        self._stored.close(session_id)

    def _leave_current(self) -> None:
        """Close the current session, at once or as soon as its runs have written their last entries."""
        session = self.current
        if session is None:
            return
        session.undo_stack = UndoStack()  # it may still be corrected, and its steps go with it
        session.restore_steps()
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

    def leave_deleted(self, session_id: str) -> bool:
        """Let a count go that was deleted: nothing more is counted or decided in it. Return whether it was the current
        one. One under way stays."""
        current, previous = self.current, self.previous
        if previous is not None and previous.id == session_id:
            self.previous = None
            self.undo_stack.leave_session(session_id)
        if current is None or current.id != session_id or current.active_runs:
            return False
        self._close(current)
        self.undo_stack.leave_session()
        self.current, self._goes_on = None, False
        return True

    def forget(self) -> None:
        """Forget every count, and keep nothing from now on: the operator had all data deleted."""
        self.stop()
        with self._lock:
            sessions, self._open = self._open, []
        self._stored.forget((*sessions, *(s for s in (self.current, self.previous) if s is not None)))
        self.current = self.previous = None
        self.undo_stack.leave_session()

    # ---- what a run tells

    def on_state(self, run: DoorRun, state: EngineState, message: str) -> None:
        if not state.is_final:
            return
        for session in tuple(self._open):
            # A failed count stays open while it is shown, for it can be taken up again. Where another door counted to
            # its end the count is over, whichever of them ended last.
            stays = session is self.current and all(r.state is EngineState.FAILED for r in session.runs)
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
