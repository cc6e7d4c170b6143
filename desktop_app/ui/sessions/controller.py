"""What the window asks of the session manager and reads from it, on the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot

from desktop_app.domain.types import Counts
from desktop_app.engine.state import EngineOptions, EngineState, EngineStats, Pipeline
from desktop_app.session.door import Door
from desktop_app.session.door_run import DoorRun
from desktop_app.session.log import SessionLog
from desktop_app.session.manager import SessionManager
from desktop_app.session.services import Services
from desktop_app.session.session import Session
from desktop_app.session.stored import EntryStore
from desktop_app.session.undo import UndoStack
from desktop_app.settings import Settings
from desktop_app.sources.base import SourceInfo
from desktop_app.ui.sessions.bridge import ResultListener, RunBridge
from desktop_app.ui.sessions.threads import QtThreads
from desktop_app.ui.sessions.told_door import DoorPlan, Plan, ToldDoor, door_ids, state_now, state_of_all


class Controller(QObject):
    """The window's side of a `SessionManager`: the runs of the count, which of them is shown, and signals.

    It holds no count. One door is a count of several with one in it. Signals: `state_changed(EngineState, sentence)` of
    the count, `door_changed(ToldDoor)` before it of one door; `opened(SourceInfo, DoorRun)`, `noticed(sentence,
    DoorRun)` and `failed(Exception, DoorRun)` of any door; `ended()` once the last event of a door is in the log;
    `door_shown()` when another door's picture is shown; `count_changed()` when another count is current or an
    operator's decision changed it.
    """

    state_changed = Signal(object, str)
    door_changed = Signal(object)
    door_shown = Signal()
    opened = Signal(object, object)
    noticed = Signal(str, object)
    failed = Signal(object, object)
    ended = Signal()
    count_changed = Signal()

    def __init__(
        self, services: Services, settings: Settings, store: EntryStore | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.services = services
        self.settings = settings
        """Those of the next start."""
        self.plan = Plan()
        self._called = Plan()
        """What the count shown was called when that was last looked at."""
        self.bridge = RunBridge()
        self.manager = SessionManager(services, store, (self.bridge,), QtThreads)
        self._told: tuple[EngineState, str] = (EngineState.IDLE, "")
        self.doors: tuple[ToldDoor, ...] = ()
        """The doors of the count shown, in their order; none before the first count and once it was left."""
        self._left: set[DoorRun] = set()
        """Runs that were left for good and still write their last entries."""
        self._closed = False
        self.bridge.signals.state.connect(self._on_state)
        self.bridge.signals.opened.connect(self._on_opened)
        self.bridge.signals.failed.connect(self._on_failed)
        self.bridge.signals.noticed.connect(self._on_noticed)

    # --- reading -------------------------------------------------------------------------------------------------

    @property
    def run(self) -> DoorRun | None:
        """The run whose picture is shown, None before the first and once its count was left."""
        return self.bridge.shown

    @property
    def door(self) -> ToldDoor | None:
        """The door whose picture is shown."""
        return self._door_of(self.bridge.shown)

    def _door_of(self, run: DoorRun | None) -> ToldDoor | None:
        return next((door for door in self.doors if door.run is run), None)

    def door_name(self, door_id: str) -> str:
        """Return how a door is called, "" where the count has only one."""
        doors = self.log.all_doors if self.log is not None else {}
        return doors.get(door_id, "") if len(doors) > 1 else ""

    def named(self, run: DoorRun | None, sentence: str) -> str:
        """Return a sentence with the name of its door in front, where there are several."""
        return f"{run.door.name}: {sentence}" if run is not None and len(self.doors) > 1 else sentence

    @property
    def session(self) -> Session | None:
        """The current count."""
        return self.manager.current

    @property
    def log(self) -> SessionLog | None:
        return self.manager.current.log if self.manager.current is not None else None

    @property
    def undo_stack(self) -> UndoStack:
        return self.manager.undo_stack

    @property
    def listeners(self) -> list[ResultListener]:
        """Are handed each result of the door shown on its analysis thread, and must return quickly."""
        return self.bridge.listeners

    @property
    def state(self) -> EngineState:
        """That of the count, as it was told; STOPPED at once after `stop`, with the last entries on their way."""
        return self._told[0]

    @property
    def message(self) -> str:
        """The plain sentence that goes with the state, or ""."""
        return self._told[1]

    @property
    def active(self) -> bool:
        """Whether any door is being counted at, a paused one included."""
        return self.state is not EngineState.IDLE and not self.state.is_final

    @property
    def info(self) -> SourceInfo | None:
        """What is known of the source of the run shown, None until `opened` told it."""
        door = self.door
        return door.info if door is not None else None

    @property
    def error(self) -> Exception | None:
        return self.run.error if self.run is not None else None

    @property
    def source_text(self) -> str:
        """The source of the run shown, "" without one."""
        return self.run.door.source if self.run is not None else ""

    @property
    def settings_in_use(self) -> Settings:
        """Those of the run under way, else those of the next start."""
        return self.run.door.settings if self.run is not None and self.run.active else self.settings

    @property
    def stats(self) -> EngineStats:
        return self.run.stats if self.run is not None else EngineStats()

    @property
    def counts(self) -> Counts:
        """The totals, read from the log, and who is in view."""
        session = self.session
        return session.counts(in_view=sum(map(self.in_view, self.doors))) if session is not None else Counts()

    def in_view(self, door: ToldDoor) -> int:
        """Return how many people are in view at a door; at one that is over, only once all are."""
        latest = self.bridge.latest_of(door.run)
        return latest.in_view if latest is not None and (door.active or not self.active) else 0

    def counts_at(self, door: ToldDoor) -> Counts:
        """Return the totals of one door."""
        session = self.session
        return session.counts(door.run.door.id, in_view=self.in_view(door)) if session is not None else Counts()

    @property
    def people_before(self) -> int:
        """How many people the count before this one has, where that is kept: a further pass over a film is not."""
        previous = self.manager.previous
        return previous.counts().people if previous is not None and previous.is_kept else 0

    # --- counting ------------------------------------------------------------------------------------------------

    def warm_up(self) -> None:
        """Load the models ahead of the first start."""
        self.manager.warm_up(self.settings)

    def start(self, source_text: str, began_utc: float | None = None) -> None:
        """Begin a new count at one source, see `start_doors`."""
        self.start_doors([DoorPlan(source_text, began_utc=began_utc)])

    def start_doors(self, plans: Sequence[DoorPlan]) -> None:
        """Begin a new count, or go on with the one that was chosen for it. The count before is kept."""
        session = self.session
        known = session.log.doors if session is not None and not session.closed else {}
        names = [plan.name_in(self.settings) for plan in plans]
        doors = [
            Door(plan.source, self.settings.at_source(plan.source), door_id, name, plan.began_utc)
            for plan, name, door_id in zip(plans, names, door_ids(names, known), strict=True)
        ]
        runs = self.manager.start_doors(doors, self._options(len(doors)), self.plan.name, self.plan.place)
        self._note_name()
        self._begin(runs, others=())
        self.count_changed.emit()

    @property
    def takes_doors(self) -> bool:
        """Whether a further door can be counted at in the count under way: not beside a film that is only repeated."""
        return self.active and not self.manager.only_shows

    def add_door(self, plan: DoorPlan) -> DoorRun:
        """Count at a further door in the count under way, or again at one that was left. It joins as it is: paused."""
        session = self.session
        assert session is not None
        known = {**session.log.doors, **{run.door.id: run.door.name for run in session.runs}}
        name = plan.name_in(self.settings)
        others = [other for other in known.values() if other != name]
        door_id = door_ids([*others, name], known)[-1]
        door = Door(plan.source, self.settings.at_source(plan.source), door_id, name, plan.began_utc)
        self._left = {left for left in self._left if left.door.id != door.id}
        run = self.manager.add_door(door, self._options(len(self.doors) + 1), takes_up=True)
        if self.state is EngineState.PAUSED:
            run.pause(True)
        self._begin([run], others=self.doors)
        return run

    def leave_door(self, run: DoorRun, *, for_good: bool = False) -> None:
        """Count at a door no longer, while the others go on. Its people stay; `for_good` takes its card away, too."""
        run.stop()
        if for_good:
            self._left.add(run)
        self._tell_state()
        other = next((d for d in self.doors if d.active), None)
        if run is self.run and other is not None:
            self.show_door(other)

    def retry(self, run: DoorRun | None = None) -> None:
        """Open a source that failed again, by default every one that did, and go on with its count."""
        failed = [d.run for d in self.doors if d.state is EngineState.FAILED]
        again_all = failed or ([self.run] if self.run is not None else [])
        for old in again_all if run is None else [run]:
            again = self.manager.retry(self._options(len(self.doors)), old)
            if again is not None:
                self._begin([again], others=self.doors)

    def leave_out(self, run: DoorRun) -> None:
        """Go on without a door that failed: its people stay in the count, its picture and card go."""
        self.manager.leave_out(run)
        if self.session is not None:
            self._show_runs(self.session.runs)

    def open_again(self, wanted: Callable[[str], bool] = lambda _: True) -> None:
        """Open sources that are being counted from with the present settings again; the count goes on.

        `wanted(source)` says which of them.
        """
        for old in [d.run for d in self.doors if d.active and wanted(d.run.door.source)]:
            start_s = old.stats.time_s + 1.0 if old.stats.frames else 0.0
            options = replace(self._options(len(self.doors)), start_time_s=start_s)
            door = replace(old.door, settings=self.settings.at_source(old.door.source))
            self._begin([self.manager.add_door(door, options)], others=self.doors)

    def _options(self, doors: int) -> EngineOptions:
        # Of several doors no film begins again: its people would count again.
        return EngineOptions(speed=self.settings.source.speed, loop=self.settings.source.loop and doors == 1)

    def _begin(self, runs: Sequence[DoorRun], others: Sequence[ToldDoor]) -> None:
        """Follow runs that begin. They are told as OPENING, whatever they have come to meanwhile."""
        begun = {run.door.id: ToldDoor(run) for run in runs}
        place = self.run.door.id if self.run is not None else ""
        before = [d for d in others if d.run.door.id not in begun]
        order = [r.door.id for r in self.manager.current.runs] if self.manager.current is not None else []
        self.doors = tuple(sorted((*before, *begun.values()), key=lambda d: order.index(d.run.door.id)))
        self.bridge.follow([d.run for d in self.doors])
        shown = (begun.get(place) or self._door_of(self.run) if others else None) or self.doors[0]
        self.bridge.shown = shown.run
        now = state_of_all(self.doors)
        if now[0] is EngineState.OPENING or now != self._told:
            self._told = now
            self.state_changed.emit(*now)
        for door in begun.values():
            self.door_changed.emit(door)
        self.door_shown.emit()

    def _show_runs(self, runs: Sequence[DoorRun]) -> None:
        """Follow the runs of another count, or none."""
        newest = {run.door.id: run for run in runs}
        known = {d.run: d for d in self.doors}
        self.doors = tuple(known.get(run) or ToldDoor.as_it_is(run) for run in newest.values())
        self.bridge.follow([d.run for d in self.doors])
        if self._door_of(self.run) is None:
            self.bridge.shown = self.doors[0].run if self.doors else None
        self._tell_state()
        self.door_shown.emit()

    def _show_no_run(self) -> None:
        self._show_runs(())
        self.count_changed.emit()

    def show_door(self, door: ToldDoor) -> None:
        """Show the picture of another door; all of them count on."""
        if door in self.doors and door.run is not self.run:
            self.bridge.shown = door.run
            self.door_shown.emit()

    def stop(self) -> None:
        """End the count at every door; returns at once, the last entries follow within moments."""
        self.manager.stop()
        self._tell_state()

    def pause(self, paused: bool) -> None:
        self.manager.pause(paused)

    def step(self) -> None:
        if self.run is not None:
            self.run.step()

    def seek(self, time_s: float) -> None:
        if self.run is not None:
            self.run.seek(time_s)

    def set_speed(self, speed: float) -> None:
        for door in self.doors:
            door.run.set_speed(speed)

    def set_loop(self, loop: bool) -> None:
        """Have a file begin again at its end; of several doors none does, for its people would count again."""
        if len(self.doors) == 1:
            self.doors[0].run.set_loop(loop)

    def submit(self, command: Callable[[Pipeline], object]) -> None:
        """Have something done with the pipeline between two frames; nothing happens without a run."""
        if self.run is not None:
            self.run.submit(command)

    def set_places(self, settings: Settings) -> None:
        """Count at the lines and zones of these settings from the next frame on. Raises SettingsError."""
        self.settings = replace(self.settings, places=settings.places)
        for run in [d.run for d in self.doors if d.active]:
            places = settings.at_source(run.door.source).places
            if places != run.door.settings.places:
                run.set_places(replace(run.door.settings, places=places))

    # --- counts --------------------------------------------------------------------------------------------------

    def new_count(self) -> bool:
        """Count from zero; Undo joins both counts again. Return False where there is nothing to put aside."""
        if not self.counts.people or self.manager.new_count() is None:
            return False
        if not self.active:
            self._show_runs(())
        self.count_changed.emit()
        return True

    def go_on_with(self, session: Session) -> None:
        """Make a stored count the current one; a run under way goes on in it, else the next start does."""
        running = [d.run.door for d in self.doors if d.active] if self.active else []
        self.manager.go_on_with(session)
        self._note_name()
        if running:
            self.start_doors([DoorPlan(door.source, door.name, door.began_utc) for door in running])
            return
        self._show_no_run()

    def leave_deleted(self, session_id: str) -> bool:
        """Show a count that was deleted no longer: what is decided in it would be lost. Return whether it was shown."""
        was_shown = self.manager.leave_deleted(session_id)
        if was_shown:
            self._show_no_run()
        else:
            self.count_changed.emit()
        return was_shown

    def rename(self, name: str, place: str | None = None) -> None:
        """Give the count shown, and those that follow, another name or place."""
        session = self.session
        self.plan = Plan(name, self.plan.place if place is None else place)
        if session is not None and (session.name, session.place) != (name, self.plan.place):
            session.rename(name, self.plan.place)
            self._note_name()
            self.count_changed.emit()

    def follow_name(self) -> None:
        """Call the next count as the one shown is called now, as far as both were called the same before."""
        before, plan = self._called, self.plan
        self._note_name()
        name = self._called.name if plan.name == before.name else plan.name
        place = self._called.place if plan.place == before.place else plan.place
        self.plan = Plan(name, place)

    def _note_name(self) -> None:
        if self.session is not None:
            self._called = Plan(self.session.name, self.session.place)

    def forget(self, seconds: float = 2.0) -> None:
        """End the count and forget every one, without a trace in the store."""
        self.stop()
        self.manager.wait(seconds)
        self.manager.forget()
        self._show_no_run()

    def undo(self) -> str:
        """Take the newest step back; return its name, "" for none."""
        return self._stepped(self.undo_stack.undo())

    def redo(self) -> str:
        """Do the step again that was taken back last; return its name, "" for none."""
        return self._stepped(self.undo_stack.redo())

    def _stepped(self, name: str) -> str:
        if name:
            self.follow_name()
            current = self.session
            runs = current.runs if current is not None and (self.active or self.counts.people) else []
            if {d.run for d in self.doors} != set({run.door.id: run for run in runs}.values()):
                self._show_runs(runs)
            self.count_changed.emit()
        return name

    # --- what a run tells ----------------------------------------------------------------------------------------

    @Slot(object, object, str)
    def _on_state(self, run: DoorRun, state: EngineState, _message: str) -> None:
        if self._closed or self._door_of(run) is None:
            return
        # What a worker told may still be on its way when a later state has come already by a shorter one: the
        # present state is told, and before it whatever belongs in front of it.
        if not run.stopping:
            if run.info is not None:
                self._on_opened(run, run.info)
            if run.state is EngineState.FAILED and run.error is not None:
                self._on_failed(run, run.error)
        self._tell_state()
        if state.is_final:
            run.stop()  # a source that hangs while it is closed must not hold the capture thread
            if run in self._left:
                self._left.discard(run)
                self.leave_out(run)
                self.set_loop(self.settings.source.loop)  # alone again, a film may repeat
            self.ended.emit()

    def _tell_state(self) -> None:
        """Tell the state of each door and that of the count, where they are other ones."""
        changed = [door for door in self.doors if door.enter(*state_now(door.run))]
        now = state_of_all(self.doors)
        for door in changed:
            self.door_changed.emit(door)
        if now != self._told:
            self._told = now
            self.state_changed.emit(*now)

    @Slot(object, object)
    def _on_opened(self, run: DoorRun, info: SourceInfo) -> None:
        door = self._door_of(run)
        if door is not None and not self._closed and not run.stopping and info is not door.info:
            door.info = info
            self.opened.emit(info, run)

    @Slot(object, str)
    def _on_noticed(self, run: DoorRun, sentence: str) -> None:
        if self._door_of(run) is not None and not run.stopping:
            self.noticed.emit(sentence, run)

    @Slot(object, object)
    def _on_failed(self, run: DoorRun, error: Exception) -> None:
        door = self._door_of(run)
        if door is not None and not self._closed and not run.stopping and error is not door.error:
            door.error = error
            self.failed.emit(error, run)

    # --- the end -------------------------------------------------------------------------------------------------

    def shut_down(self, seconds: float = 3.0) -> bool:
        """End everything and wait for it; return False where a thread would not end in time. Idempotent."""
        self._closed = True
        return self.manager.shut_down(seconds)
