"""Shows the controller's state in the widgets: the picture on a display timer, the figures at 5 Hz."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Qt, QTimer, Slot

from desktop_app.engine.engine import OUR_BUG
from desktop_app.engine.state import EngineState
from desktop_app.errors import HeadcountError, SourceError
from desktop_app.session.door_run import DoorRun
from desktop_app.sources.base import SourceInfo, SourceKind
from desktop_app.ui.picture.display import DisplayFeeder
from desktop_app.ui.picture.people import records_of
from desktop_app.ui.picture.transport import Transport
from desktop_app.ui.picture.video_view import VideoView
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.told_door import ToldDoor
from desktop_app.ui.sources.names import short_name
from desktop_app.ui.widgets.banner import RESULT, Action, Banner
from desktop_app.ui.widgets.texts import people_words, tr
from desktop_app.ui.window.figures_presenter import FiguresPresenter
from desktop_app.ui.window.state_words import clock
from desktop_app.ui.window.status_line import StatusLine

_LOG = logging.getLogger(__name__)

DISPLAY_INTERVAL_MS = 16
FIGURES_INTERVAL_MS = 200


@dataclass(slots=True)
class Widgets:
    """The widgets that the presenter writes to."""

    view: VideoView
    banner: Banner
    status: StatusLine
    transport: Transport


class Presenter(QObject):
    """Owns the display thread and the two timers; the figures are shown by `figures`.

    `show_page(start)` is called to show the start page (True) or the picture, `see_result()` to show what the count
    that is over has come to; `enable_undo()` is called with the figures.
    """

    def __init__(
        self,
        controller: Controller,
        widgets: Widgets,
        figures: FiguresPresenter,
        show_page: Callable[[bool], None],
        choose_other: Callable[[], object],
        see_result: Callable[[], object],
        enable_undo: Callable[[], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._w = widgets
        self._show_page = show_page
        self._choose_other = choose_other
        self._see_result = see_result
        self._enable_undo = enable_undo
        self.figures = figures
        self._asked_at = 0.0
        self.feeder = DisplayFeeder()
        self.feeder.start()
        controller.listeners.append(self.feeder.offer)
        widgets.view.box_changed.connect(self.feeder.set_box)
        widgets.view.first_painted.connect(self._log_first)
        self._display = QTimer(self)
        self._display.setTimerType(Qt.TimerType.PreciseTimer)
        self._display.setInterval(DISPLAY_INTERVAL_MS)
        self._display.timeout.connect(self.show_picture)
        self._figures = QTimer(self)
        self._figures.setInterval(FIGURES_INTERVAL_MS)
        self._figures.timeout.connect(self.show_figures)
        controller.state_changed.connect(self._state)
        controller.door_changed.connect(self._door_changed)
        controller.door_shown.connect(self._door_shown)
        controller.opened.connect(self._opened)
        controller.failed.connect(self._failed)
        controller.noticed.connect(self._noticed)
        controller.count_changed.connect(self.show_all)
        controller.ended.connect(self._ended)
        self._state(EngineState.IDLE, "")

    # --- timers --------------------------------------------------------------------------------------------------

    @Slot()
    def show_picture(self) -> None:
        """Show the newest picture made ready, if there is a new one."""
        frame = self.feeder.take()
        if frame is not None:
            self._w.view.show_frame(frame, records_of(frame.result.tracks, self._controller.log))

    @Slot()
    def show_all(self) -> None:
        """Bring figures and people up to date after a decision of the operator; the picture may stand still."""
        result = self._w.view.result
        if result is not None:
            self._w.view.show_people(records_of(result.tracks, self._controller.log))
        self.show_figures()

    @Slot()
    def _log_first(self) -> None:
        if not self._asked_at:
            return  # another door is shown
        # For diagnosing a slow start: the log's own times tell how long the program took before.
        waited = time.perf_counter() - self._asked_at
        self._asked_at = 0.0
        _LOG.info("first counted frame on the screen, %.2f s after its source was asked for", waited)

    @Slot()
    def show_figures(self) -> None:
        """Bring totals, charts, lists and the status line up to date."""
        self.figures.show()
        self._enable_undo()

    def show_note(self) -> None:
        """Write the present state of the door shown over the picture."""
        words = {
            EngineState.PAUSED: tr("Paused"),
            EngineState.FINISHED: tr("Finished"),
            EngineState.STOPPED: tr("Stopped") if self._w.view.frame else "",
            EngineState.FAILED: tr("Stopped by a problem") if self._controller.active else "",
            EngineState.RECONNECTING: tr("Trying to reconnect…"),
            EngineState.BLANK: tr("No usable picture"),
        }
        door = self._controller.door
        state = door.state if door is not None else EngineState.IDLE
        if door is not None and state is EngineState.OPENING:
            self._w.view.set_note(tr("Opening {name}…", name=short_name(door.run.door.source)), busy=True)
        else:
            self._w.view.set_note(words.get(state, ""), busy=state is EngineState.RECONNECTING)
        self._w.view.set_caption(door.name if door is not None and len(self._controller.doors) > 1 else "")

    # --- states --------------------------------------------------------------------------------------------------

    @Slot(object, str)
    def _state(self, state: EngineState, message: str) -> None:
        status, banner = self._w.status, self._w.banner
        self.figures.state_changed(message)
        if self._controller.active:
            self._display.start()
            self._figures.start()
            self._show_page(False)
        if state is EngineState.IDLE:
            self._clear_picture()
            status.clear_figures()
            self._display.stop()
            self._figures.stop()
            self._w.transport.setVisible(False)
            self._show_page(True)
            self.show_figures()
        elif state is EngineState.OPENING:
            self._clear_picture()
            self._asked_at = time.perf_counter()
            banner.clear()
            self._w.transport.setVisible(False)
        elif state.is_final:
            self._over(state)
        self.figures.show_strip()
        self.show_note()

    def _clear_picture(self) -> None:
        self.feeder.clear()
        self._w.view.clear()

    @Slot(object)
    def _door_changed(self, door: ToldDoor) -> None:
        """Show what became of one door."""
        controller, banner = self._controller, self._w.banner
        subject = _subject(door.run)
        if door.state is EngineState.BLANK:
            kept = tr("The count so far is kept and goes on as soon as the picture is back.")
            said = controller.named(door.run, tr(door.message))
            banner.show_message("warning", said, kept, ((tr("Stop"), controller.stop),), subject=subject)
        elif door.state is EngineState.RECONNECTING:
            lost = door.message or tr("The connection to {name} was lost.", name=short_name(door.run.door.source))
            kept = tr("The count so far is kept and goes on as soon as the picture is back.")
            stop = (tr("Stop"), controller.stop)
            banner.show_message("warning", controller.named(door.run, lost), kept, (stop,), subject=subject)
        elif door.before.sees_nothing and door.state is EngineState.RUNNING:
            words = tr("The picture is back. The count goes on.")
            if door.before is EngineState.RECONNECTING:
                words = door.message or tr("The connection is back. The count goes on.")
            back = controller.named(door.run, words)
            banner.show_message("good", back, seconds=5, subject=subject)
        elif door.state is not EngineState.FAILED:
            banner.withdraw(subject)  # a loss that is over, a failure that is tried again
        if door.run is controller.run:
            if door.state is EngineState.OPENING:
                self._clear_picture()
            elif door.state is EngineState.FINISHED:
                self._w.transport.show_end()
            self.show_note()
        self.show_figures()

    @Slot()
    def _door_shown(self) -> None:
        """Show the newest picture of another door, while it is made ready nothing."""
        self._clear_picture()
        latest = self._controller.bridge.latest
        if latest is not None:
            self.feeder.offer(latest)
        door = self._controller.door
        self._w.transport.setVisible(False)
        if door is not None and door.info is not None:
            self._opened(door.info, door.run)
        if not self._controller.active:  # the timer stands still: the picture is there in a moment
            for ms in (40, 200):
                QTimer.singleShot(ms, self, self.show_picture)
        self.show_note()
        if self._controller.doors:
            self.show_figures()

    def _over(self, state: EngineState) -> None:
        """Show a count that has ended, however it did."""
        self._display.stop()
        self._figures.stop()
        self.show_picture()
        self.show_figures()
        self._w.status.clear_figures()
        self._w.transport.slider.setEnabled(False)
        nothing = self._w.view.frame is None and not self._controller.counts.people
        failed = [d for d in self._controller.doors if d.state is EngineState.FAILED]
        holes = self._holes()
        kind = "warning" if failed or holes else "good"
        if state is EngineState.FINISHED:
            missing = " ".join(part for part in (self._missing(failed), holes) if part)
            words = (self._finished_text(is_complete=not holes), missing or self._finished_detail())
            actions = (*self._result(), *self._again(failed))
            self._w.banner.show_message(kind, *words, actions, subject=RESULT)
        elif state is EngineState.STOPPED:
            if nothing:
                self._show_page(True)
            else:
                people = people_words(self._controller.counts.people)
                stopped = tr("Stopped: {people} counted.", people=people)
                detail = " ".join(part for part in (self._missing(failed), holes) if part)
                seconds = 0 if detail else 15
                self._w.banner.show_message(kind, stopped, detail, self._result(), seconds, subject=RESULT)
        else:
            if self._w.view.frame is None:
                self._show_page(True)

    def _result(self) -> tuple[Action, ...]:
        return ((tr("See the result"), self._see_result),) if self._controller.counts.people else ()

    def _holes(self) -> str:
        """Return what of the sources was not seen, "" where everything was."""
        doors = [d for d in self._controller.doors if d.state in (EngineState.FINISHED, EngineState.STOPPED)]
        return " ".join(self._controller.named(d.run, tr(d.message)) for d in doors if d.message)

    def _finished_text(self, *, is_complete: bool) -> str:
        doors = self._controller.doors
        people = people_words(self._controller.counts.people)
        if len(doors) > 1:
            names = ", ".join(d.name for d in doors if d.state is not EngineState.FAILED)
            if not is_complete or any(d.state is EngineState.FAILED for d in doors):
                return tr("Finished: {people} counted at {doors}.", people=people, doors=names)
            return tr("Finished: {people} counted at {doors}. These totals are final.", people=people, doors=names)
        name = short_name(self._controller.source_text)
        if not is_complete:
            return tr("Finished: {people} counted in {name}, not all of which was seen.", people=people, name=name)
        return tr("Finished: {people} counted in {name}. These totals are final.", people=people, name=name)

    @staticmethod
    def _missing(failed: Sequence[ToldDoor]) -> str:
        """Return that people are missing from the total: a door that was not seen must not pass for an empty one."""
        now = time.time()
        since = (tr("at {door} from {time} on", door=d.name, time=clock(d.since_utc, now)) for d in failed)
        return tr("Nobody was counted {doors}: there was a problem.", doors=", ".join(since)) if failed else ""

    def _again(self, failed: Sequence[ToldDoor]) -> tuple[Action, ...]:
        return ((tr("Try again"), self._controller.retry),) if failed else ()

    def _finished_detail(self) -> str:
        if self._controller.counts.people:
            return ""
        return tr("If you saw faces that were not found, choose “Far away” under Set up, Doors.")

    @Slot(object, object)
    def _opened(self, info: SourceInfo, run: DoorRun) -> None:
        if run is not self._controller.run:
            return
        is_file = not info.is_live and info.kind is not SourceKind.CAMERA
        self._w.transport.setVisible(is_file)
        if is_file:
            self._w.transport.set_source(info.duration_s, info.seekable and run.active)
            self._w.transport.allow_loop(len(self._controller.doors) == 1)
            if run.state is EngineState.FINISHED:
                self._w.transport.show_end()

    @Slot(str, object)
    def _noticed(self, sentence: str, run: DoorRun) -> None:
        self._w.banner.show_message("info", self._controller.named(run, tr(sentence)), seconds=12)

    @Slot(object, object)
    def _failed(self, error: Exception, run: DoorRun | None = None) -> None:
        """Say why a door could not be opened or counted at further; the others go on."""
        controller = self._controller
        alone = run is None or len(controller.doors) < 2
        actions: list[Action] = [(tr("Try again"), partial(controller.retry, run))]
        if not alone and run is not None:
            actions.append((tr("Go on without it"), partial(self._leave_out, run)))
        elif isinstance(error, SourceError):
            actions.append((tr("Choose another"), self._choose_other))
        if isinstance(error, HeadcountError):
            message, remedy = controller.named(run, error.message), error.remedy
        else:
            message = controller.named(run, OUR_BUG)
            remedy = tr("Help, Copy diagnostics copies what a helper needs to know.")
        if alone:
            remedy = self._with_count(remedy) if isinstance(error, HeadcountError) else remedy
        else:
            others = any(d.active for d in controller.doors if d.run is not run)
            remedy = tr("{remedy} The other doors go on.", remedy=remedy).strip() if others else remedy
        # Of several doors each is to be read: one does not take the place of another.
        self._w.banner.show_message(
            "error", message, remedy, actions, waits=not alone, subject="" if run is None else _subject(run)
        )

    def _leave_out(self, run: DoorRun) -> None:
        self._w.banner.withdraw(_subject(run))
        self._controller.leave_out(run)

    def _with_count(self, remedy: str) -> str:
        people = self._controller.counts.people
        # Some remedies say already that what was counted stands.
        said = not people or "counted" in remedy
        kept = "" if said else tr("The count so far is kept: {number}.", number=f"{people:,}")
        return f"{remedy} {kept}".strip()

    @Slot()
    def _ended(self) -> None:
        # The last frame and the final totals may have come after the state.
        if not self._controller.active:
            QTimer.singleShot(40, self.show_picture)
            self.show_figures()

    def shut_down(self) -> None:
        """Stop the timers and the threads."""
        self._display.stop()
        self._figures.stop()
        self._controller.listeners.remove(self.feeder.offer)
        self.feeder.stop()
        self.figures.shut_down()


def _subject(run: DoorRun) -> str:
    """Return what messages about one door are called, so that a later one takes the place of an earlier one."""
    return f"door {run.door.id}"
