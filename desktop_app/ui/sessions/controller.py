"""What the window asks of the session manager and reads from it, on the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot

from desktop_app.domain.types import Counts
from desktop_app.engine.state import EngineOptions, EngineState, EngineStats, Pipeline
from desktop_app.session.door_run import Door, DoorRun
from desktop_app.session.log import SessionLog
from desktop_app.session.manager import EntryStore, SessionManager
from desktop_app.session.services import Services
from desktop_app.session.session import Session
from desktop_app.session.undo import UndoStack
from desktop_app.settings import Settings
from desktop_app.sources.base import SourceInfo
from desktop_app.ui.sessions.bridge import ResultListener, RunBridge
from desktop_app.ui.sessions.threads import QtThreads
from desktop_app.ui.sources.names import short_name

DOOR = "main"
"""The identity of the one door that the window counts at."""


class Controller(QObject):
    """The window's side of a `SessionManager`: the run that is shown, and signals. It holds no count.

    Signals: `state_changed(EngineState, sentence)`, `opened(SourceInfo)`, `failed(Exception)` of the run shown;
    `ended()` once its last event is in the log; `count_changed()` when another count is current or an operator's
    decision changed it.
    """

    state_changed = Signal(object, str)
    opened = Signal(object)
    noticed = Signal(str)
    failed = Signal(object)
    ended = Signal()
    count_changed = Signal()

    def __init__(
        self, services: Services, settings: Settings, store: EntryStore | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.services = services
        self.settings = settings
        """Those of the next start."""
        self.bridge = RunBridge()
        self.manager = SessionManager(services, store, (self.bridge,), QtThreads)
        self._told: tuple[EngineState, str] = (EngineState.IDLE, "")
        self._told_info: SourceInfo | None = None
        self._told_error: Exception | None = None
        self._closed = False
        self.bridge.signals.state.connect(self._on_state)
        self.bridge.signals.opened.connect(self._on_opened)
        self.bridge.signals.failed.connect(self._on_failed)
        self.bridge.signals.noticed.connect(self._on_noticed)

    # --- reading -------------------------------------------------------------------------------------------------

    @property
    def run(self) -> DoorRun | None:
        """The run that is shown: the newest one, None before the first and once its count was left."""
        return self.bridge.shown

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
        """Are handed each result on the analysis thread, and must return quickly."""
        return self.bridge.listeners

    @property
    def state(self) -> EngineState:
        """That of the run shown, as it was told; STOPPED at once after `stop`, with the last entries on their way."""
        return self._told[0]

    @property
    def message(self) -> str:
        """The plain sentence that goes with the state, or ""."""
        return self._told[1]

    @property
    def active(self) -> bool:
        """Whether a run is under way, a paused one included."""
        return self.state is not EngineState.IDLE and not self.state.is_final

    @property
    def info(self) -> SourceInfo | None:
        """What is known of the source of the run shown, None until `opened` told it."""
        return self._told_info

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
        return self.run.door.settings if self.run is not None and self.active else self.settings

    @property
    def stats(self) -> EngineStats:
        return self.run.stats if self.run is not None else EngineStats()

    @property
    def counts(self) -> Counts:
        """The totals, read from the log, and who is in view."""
        latest = self.bridge.latest
        session = self.session
        in_view = latest.in_view if latest is not None and self.run is not None else 0
        return session.counts(in_view=in_view) if session is not None else Counts()

    @property
    def people_before(self) -> int:
        """How many people the count before this one has; it is kept."""
        previous = self.manager.previous
        return previous.counts().people if previous is not None else 0

    # --- counting ------------------------------------------------------------------------------------------------

    def warm_up(self) -> None:
        """Load the models ahead of the first start."""
        self.manager.warm_up(self.settings)

    def start(self, source_text: str, began_utc: float | None = None) -> None:
        """Begin a new count, or go on with the one that was chosen for it. The count before is kept.

        `began_utc` is when a recording began, in seconds since 1970, if the operator knows better than the file.
        """
        door = Door(source_text, self.settings, DOOR, short_name(source_text), began_utc)
        self._show(self.manager.start(door, self._options()), begins=True)
        self.count_changed.emit()

    def retry(self) -> None:
        """Open the source of a run that failed again and go on with its count."""
        run = self.manager.retry(self._options())
        if run is not None:
            self._show(run, begins=True)

    def open_again(self) -> None:
        """Open the source of the run shown with the present settings; its count goes on."""
        old = self.run
        if old is None:
            return
        options = replace(self._options(), start_time_s=old.stats.time_s + 1.0 if old.stats.frames else 0.0)
        self._show(self.manager.add_door(replace(old.door, settings=self.settings), options), begins=True)

    def _options(self) -> EngineOptions:
        return EngineOptions(speed=self.settings.source.speed, loop=self.settings.source.loop)

    def _show(self, run: DoorRun | None, *, begins: bool = False) -> None:
        """Show another run. One that `begins` is told as OPENING, whatever it has come to meanwhile."""
        self.bridge.shown = run
        self.bridge.latest = None
        self._told_info = None if begins or run is None else run.info
        self._told_error = None
        if begins:
            self._told = (EngineState.OPENING, "")
            self.state_changed.emit(*self._told)
        else:
            self._tell_state()

    def stop(self) -> None:
        """End the run; returns at once, the last entries follow within moments."""
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
        if self.run is not None:
            self.run.set_speed(speed)

    def set_loop(self, loop: bool) -> None:
        if self.run is not None:
            self.run.set_loop(loop)

    def submit(self, command: Callable[[Pipeline], object]) -> None:
        """Have something done with the pipeline between two frames; nothing happens without a run."""
        if self.run is not None:
            self.run.submit(command)

    def set_places(self, settings: Settings) -> None:
        """Count at the lines and zones of these settings from the next frame on. Raises SettingsError."""
        self.settings = replace(self.settings, places=settings.places)
        if self.run is not None and self.active:
            self.run.set_places(replace(self.run.door.settings, places=settings.places))

    # --- counts --------------------------------------------------------------------------------------------------

    def new_count(self) -> bool:
        """Count from zero; Undo joins both counts again. Return False where there is nothing to put aside."""
        if not self.counts.people or self.manager.new_count() is None:
            return False
        if not self.active:
            self._show(None)
        self.count_changed.emit()
        return True

    def go_on_with(self, session: Session) -> None:
        """Make a stored count the current one; a run under way goes on in it, else the next start does."""
        source = self.source_text if self.active else ""
        self.manager.go_on_with(session)
        if source:
            self.start(source)
            return
        self._show(None)
        self.count_changed.emit()

    def forget(self, seconds: float = 2.0) -> None:
        """End the count and forget every one, without a trace in the store."""
        self.stop()
        self.manager.wait(seconds)
        self.manager.forget()
        self._show(None)
        self.count_changed.emit()

    def undo(self) -> str:
        """Take the newest step back; return its name, "" for none."""
        return self._stepped(self.undo_stack.undo())

    def redo(self) -> str:
        """Do the step again that was taken back last; return its name, "" for none."""
        return self._stepped(self.undo_stack.redo())

    def _stepped(self, name: str) -> str:
        if name:
            shown = self.manager.run if self.active or self.counts.people else None
            if shown is not self.run:
                self._show(shown)
            self.count_changed.emit()
        return name

    # --- what a run tells ----------------------------------------------------------------------------------------

    @Slot(object, object, str)
    def _on_state(self, run: DoorRun, state: EngineState, _message: str) -> None:
        if run is not self.run or self._closed:
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
            self.ended.emit()

    def _state_now(self) -> tuple[EngineState, str]:
        run = self.run
        if run is None:
            return EngineState.IDLE, ""
        if run.stopping and not run.state.is_final:
            return EngineState.STOPPED, ""
        return (EngineState.OPENING, "") if run.state is EngineState.IDLE else (run.state, run.message)

    def _tell_state(self) -> None:
        now = self._state_now()
        if now != self._told:
            self._told = now
            self.state_changed.emit(*now)

    @Slot(object, object)
    def _on_opened(self, run: DoorRun, info: SourceInfo) -> None:
        if run is self.run and not self._closed and not run.stopping and info is not self._told_info:
            self._told_info = info
            self.opened.emit(info)

    @Slot(object, str)
    def _on_noticed(self, run: DoorRun, sentence: str) -> None:
        if run is self.run and not run.stopping:
            self.noticed.emit(sentence)

    @Slot(object, object)
    def _on_failed(self, run: DoorRun, error: Exception) -> None:
        if run is self.run and not self._closed and not run.stopping and error is not self._told_error:
            self._told_error = error
            self.failed.emit(error)

    # --- the end -------------------------------------------------------------------------------------------------

    def shut_down(self, seconds: float = 3.0) -> bool:
        """End everything and wait for it; return False where a thread would not end in time. Idempotent."""
        self._closed = True
        return self.manager.shut_down(seconds)
