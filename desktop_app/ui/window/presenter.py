"""Shows the controller's state in the widgets: the picture on a display timer, the figures at 5 Hz."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Qt, QTimer, Slot

from desktop_app.domain.totals import PlaceFigures, Totals
from desktop_app.domain.types import Counts
from desktop_app.engine.engine import OUR_BUG
from desktop_app.engine.state import EngineState
from desktop_app.errors import HeadcountError, SourceError
from desktop_app.sources.base import SourceInfo, SourceKind
from desktop_app.ui.figures.curve_reader import CurveReader, ShownCurve
from desktop_app.ui.figures.side_panel import SidePanel
from desktop_app.ui.figures.totals import KioskView
from desktop_app.ui.picture.display import DisplayFeeder
from desktop_app.ui.picture.people import records_of
from desktop_app.ui.picture.transport import Transport
from desktop_app.ui.picture.video_view import VideoView
from desktop_app.ui.sessions.controller import DOOR, Controller
from desktop_app.ui.sources.names import short_name
from desktop_app.ui.widgets.banner import Action, Banner
from desktop_app.ui.widgets.texts import people_words, tr
from desktop_app.ui.window.status_line import StatusLine

_LOG = logging.getLogger(__name__)

DISPLAY_INTERVAL_MS = 16
FIGURES_INTERVAL_MS = 200


@dataclass(slots=True)
class Widgets:
    """The widgets that the presenter writes to."""

    view: VideoView
    side: SidePanel
    banner: Banner
    status: StatusLine
    transport: Transport


class Presenter(QObject):
    """Owns the display thread, the thread of the curve and the two timers.

    `show_page(start)` is called to show the start page (True) or the picture; `show_title(text)` names the
    window, in the task bar too; `enable_undo()` is called with the figures.
    """

    def __init__(
        self,
        controller: Controller,
        widgets: Widgets,
        show_page: Callable[[bool], None],
        choose_other: Callable[[], object],
        show_title: Callable[[str], object],
        enable_undo: Callable[[], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._w = widgets
        self._show_page = show_page
        self._choose_other = choose_other
        self._show_title = show_title
        self._enable_undo = enable_undo
        self._titled = 0
        self._asked_at = 0.0
        self._lost = False
        self._shown_curve: ShownCurve | None = None
        self._until_s = 0.0
        """Up to where the curve is drawn: now, or where the count ended."""
        self._asked_curve: tuple[str, int, bool] | None = None
        self._places_version: tuple[str, int] | None = None
        self.kiosk: KioskView | None = None
        self.feeder = DisplayFeeder()
        self.feeder.start()
        self.curves = CurveReader()
        self.curves.ready.connect(self._curve_ready)
        self.curves.start()
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
        # For diagnosing a slow start: the log's own times tell how long the program took before.
        waited = time.perf_counter() - self._asked_at
        _LOG.info("first counted frame on the screen, %.2f s after its source was asked for", waited)

    @Slot()
    def show_figures(self) -> None:
        """Bring totals, charts and the status line up to date."""
        controller = self._controller
        counts = self._counts_of_the_picture()
        final = controller.state.is_final and counts.people > 0
        self._w.side.show_counts(counts, final)
        self._w.side.totals.show_before(controller.people_before)
        if self.kiosk is not None:
            self.kiosk.show_counts(counts, final)
        if counts.people != self._titled:
            self._titled = counts.people
            self._show_title(f"{counts.people:,} – Headcount" if counts.people else "Headcount")
        self._show_curve()
        self._show_places()
        self._enable_undo()
        info = controller.info
        if controller.active and info is not None:
            stats = controller.stats
            self._w.status.show_figures(
                stats.source_fps, stats.processed_fps, stats.delay_s, stats.dropped_frames, info.is_live
            )
            if not info.is_live:
                self._w.transport.show_position(stats.position_s)

    def _counts_of_the_picture(self) -> Counts:
        """Return the totals; where the picture stands still, those in view are the people it shows."""
        counts, state, result = self._controller.counts, self._controller.state, self._w.view.result
        if result is None or not (state.is_final or state is EngineState.PAUSED):
            return counts
        return replace(counts, in_view=self._w.view.people_in_view())

    def _show_curve(self) -> None:
        log, info = self._controller.log, self._controller.info
        if log is None:
            self._shown_curve = self._asked_curve = None
            self._w.side.show_curve(None, 0.0)
            return
        # A file has its own clock. What is live goes by the clock on the wall, which goes on through a restart.
        utc = info is None or info.is_live
        wanted = (log.session_id, log.version, utc)
        if wanted != self._asked_curve:
            self._asked_curve = wanted
            self.curves.ask(log, utc=utc)
        shown = self._shown_curve
        if shown is not None and shown.session_id == log.session_id:
            if self._controller.active:
                self._until_s = (time.time() if utc else self._controller.stats.time_s) - shown.begin_s
            self._w.side.show_curve(shown.curve, self._until_s)
        elif shown is not None:
            self._shown_curve = None
            self._until_s = 0.0
            self._w.side.show_curve(None, 0.0)

    @Slot()
    def _curve_ready(self) -> None:
        shown = self.curves.take()
        log = self._controller.log
        if shown is not None and log is not None and shown.session_id == log.session_id:
            self._shown_curve = shown
            self._show_curve()

    def _show_places(self) -> None:
        editor, log = self._w.view.editor, self._controller.log
        if log is None:
            figures: dict[str, str] = {}
        else:
            version = (log.session_id, log.version)
            if version == self._places_version:
                return
            self._places_version = version
            found = log.read(Totals.places)
            figures = {name: place_words(f) for (door, name), f in found.items() if door == DOOR}
        if figures != editor.figures:
            editor.figures = figures
            editor.changed.emit()
            self._w.side.places.show_figures(figures)

    def show_note(self) -> None:
        """Write the present state over the picture."""
        words = {
            EngineState.PAUSED: tr("Paused"),
            EngineState.FINISHED: tr("Finished"),
            EngineState.STOPPED: tr("Stopped") if self._w.view.frame else "",
            EngineState.RECONNECTING: tr("Trying to reconnect…"),
        }
        state = self._controller.state
        if state is EngineState.OPENING:
            name = short_name(self._controller.source_text)
            self._w.view.set_note(tr("Opening {name}…", name=name), busy=True)
        else:
            self._w.view.set_note(words.get(state, ""), busy=state is EngineState.RECONNECTING)

    # --- states --------------------------------------------------------------------------------------------------

    @Slot(object, str)
    def _state(self, state: EngineState, message: str) -> None:
        view, status, banner = self._w.view, self._w.status, self._w.banner
        self._lost, was_lost = state is EngineState.RECONNECTING, self._lost
        name = short_name(self._controller.source_text) if self._controller.source_text else ""
        if state in (EngineState.IDLE, EngineState.OPENING):
            self.feeder.clear()
            view.clear()
        if self._controller.active:
            self._display.start()
            self._figures.start()
            self._show_page(False)
        if state is EngineState.IDLE:
            status.show_state(tr("Ready"))
            status.clear_figures()
            self._display.stop()
            self._figures.stop()
            self._w.transport.setVisible(False)
            self._show_page(True)
            self.show_figures()
        elif state is EngineState.OPENING:
            self._asked_at = time.perf_counter()
            banner.clear()
            status.show_state(tr("Opening {name}", name=name))
            self._w.transport.setVisible(False)
        elif state is EngineState.RUNNING:
            status.show_state(tr("● Counting {name}", name=name))
            if was_lost:
                back = tr("The connection is back. The count goes on.")
                banner.show_message("good", message or back, seconds=5)
        elif state is EngineState.PAUSED:
            status.show_state(tr("Paused: {name}", name=name))
        elif state is EngineState.RECONNECTING:
            status.show_state(tr("Reconnecting"))
            banner.show_message(
                "warning",
                message or tr("The connection to {name} was lost.", name=name),
                tr("The count so far is kept and goes on as soon as the picture is back."),
                ((tr("Stop"), self._controller.stop),),
            )
        else:
            self._over(state, name)
        self.show_note()

    def _over(self, state: EngineState, name: str) -> None:
        """Show a run that has ended, however it did."""
        self._display.stop()
        self._figures.stop()
        self.show_picture()
        self.show_figures()
        self._w.status.clear_figures()
        self._w.transport.slider.setEnabled(False)
        nothing = self._w.view.frame is None and not self._controller.counts.people
        if state is EngineState.FINISHED:
            self._w.status.show_state(tr("Finished: {name}", name=name))
            self._w.transport.show_end()
            self._w.banner.show_message("good", self._finished_text(name), self._finished_detail())
        elif state is EngineState.STOPPED:
            self._w.status.show_state(tr("Stopped"))
            if nothing:
                self._show_page(True)
        else:
            self._w.status.show_state(tr("Stopped by a problem"))
            if self._w.view.frame is None:
                self._show_page(True)

    def _finished_text(self, name: str) -> str:
        people = people_words(self._controller.counts.people)
        return tr("Finished: {people} counted in {name}. These totals are final.", people=people, name=name)

    def _finished_detail(self) -> str:
        if self._controller.counts.people:
            return ""
        return tr("If you saw faces that were not found, let smaller faces count in Settings, Finding faces.")

    @Slot(object)
    def _opened(self, info: SourceInfo) -> None:
        is_file = not info.is_live and info.kind is not SourceKind.CAMERA
        self._w.transport.setVisible(is_file)
        if is_file:
            self._w.transport.set_source(info.duration_s, info.seekable)

    @Slot(str)
    def _noticed(self, sentence: str) -> None:
        self._w.banner.show_message("info", tr(sentence), seconds=12)

    @Slot(object)
    def _failed(self, error: Exception) -> None:
        actions: list[Action] = [
            (tr("Try again"), self._controller.retry),
            (tr("Choose another"), self._choose_other),
        ]
        if isinstance(error, SourceError):
            self._w.banner.show_message("error", error.message, self._with_count(error.remedy), actions)
        elif isinstance(error, HeadcountError):
            self._w.banner.show_message("error", error.message, self._with_count(error.remedy), actions[:1])
        else:
            self._w.banner.show_message(
                "error", OUR_BUG, tr("Help, Copy diagnostics copies what a helper needs to know."), actions[:1]
            )

    def _with_count(self, remedy: str) -> str:
        people = self._controller.counts.people
        # Some remedies say already that what was counted stands.
        said = not people or "counted" in remedy
        kept = "" if said else tr("The count so far is kept: {number}.", number=f"{people:,}")
        return f"{remedy} {kept}".strip()

    @Slot()
    def _ended(self) -> None:
        # The last frame and the final totals may have come after the state.
        if self._controller.state.is_final:
            QTimer.singleShot(40, self.show_picture)
            self.show_figures()

    def shut_down(self) -> None:
        """Stop the timers and the threads."""
        self._display.stop()
        self._figures.stop()
        self._controller.listeners.remove(self.feeder.offer)
        self.feeder.stop()
        self.curves.stop()


def place_words(figures: PlaceFigures) -> str:
    """Return what was counted at a line or a zone, in a few words."""
    if figures.kind == "line":
        return tr("in {into}   out {out}", into=f"{figures.into:,}", out=f"{figures.out:,}")
    return tr(
        "{inside} inside   {visits} visits   {seconds} s",
        inside=f"{figures.inside:,}",
        visits=f"{figures.visits:,}",
        seconds=f"{figures.mean_dwell_s:.0f}",
    )
