"""Shows the controller's state in the widgets: the picture on a display timer, the figures at 5 Hz."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Qt, QTimer

from desktop_app.domain.types import Counts, Gender
from desktop_app.engine.engine import OUR_BUG
from desktop_app.engine.state import EngineState
from desktop_app.errors import HeadcountError, SourceError
from desktop_app.sources.base import SourceInfo, SourceKind
from desktop_app.ui.figures.side_panel import SidePanel
from desktop_app.ui.figures.totals import KioskView
from desktop_app.ui.picture.display import DisplayFeeder
from desktop_app.ui.picture.transport import Transport
from desktop_app.ui.picture.video_view import VideoView
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sources.source_bar import short_name
from desktop_app.ui.widgets.banner import Action, Banner
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
    """Owns the display thread and the two timers.

    `show_page(start)` is called to show the start page (True) or the picture; `show_title(text)` names the
    window, in the task bar too.
    """

    def __init__(
        self,
        controller: Controller,
        widgets: Widgets,
        show_page: Callable[[bool], None],
        choose_other: Callable[[], object],
        show_title: Callable[[str], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._w = widgets
        self._show_page = show_page
        self._choose_other = choose_other
        self._show_title = show_title
        self._titled = 0
        self._asked_at = 0.0
        self._lost = False
        self.kiosk: KioskView | None = None
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
        controller.opened.connect(self._opened)
        controller.failed.connect(self._failed)
        controller.count_cleared.connect(self.show_figures)
        controller.ended.connect(self._ended)
        self._state(EngineState.IDLE, "")

    # --- timers --------------------------------------------------------------------------------------------------

    def show_picture(self) -> None:
        """Show the newest picture made ready, if there is a new one."""
        frame = self.feeder.take()
        if frame is not None:
            self._w.view.show_frame(frame)

    def _log_first(self) -> None:
        # For diagnosing a slow start: the log's own times tell how long the program took before.
        waited = time.perf_counter() - self._asked_at
        _LOG.info("first counted frame on the screen, %.2f s after its source was asked for", waited)

    def show_figures(self) -> None:
        """Bring totals, charts and the status line up to date."""
        controller = self._controller
        final = controller.state.is_final
        counts = self._counts_of_the_picture()
        self._w.side.show_counts(counts, final and counts.people > 0)
        if self.kiosk is not None:
            self.kiosk.show_counts(counts, final and counts.people > 0)
        if counts.people != self._titled:
            self._titled = counts.people
            self._show_title(f"{counts.people:,} – Headcount" if counts.people else "Headcount")
        self._w.side.show_series(controller.series())
        if self._w.view.editor.places:
            controller.look_at_places()
        figures = controller.place_figures
        if figures != self._w.view.editor.figures:
            self._w.view.editor.figures = figures
            self._w.side.places.show_figures(figures)
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
        return replace(counts, in_view=sum(1 for t in result.tracks if t.confirmed and not t.is_staff))

    def show_note(self) -> None:
        """Write the present state over the picture."""
        words = {
            EngineState.PAUSED: "Paused",
            EngineState.FINISHED: "Finished",
            EngineState.STOPPED: "Stopped" if self._w.view.frame else "",
            EngineState.RECONNECTING: "Trying to reconnect…",
        }
        state = self._controller.state
        if state is EngineState.OPENING:
            self._w.view.set_note(f"Opening {short_name(self._controller.source_text)}…", busy=True)
        else:
            self._w.view.set_note(words.get(state, ""), busy=state is EngineState.RECONNECTING)

    # --- states --------------------------------------------------------------------------------------------------

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
            status.show_state("Ready")
            self._show_page(True)
        elif state is EngineState.OPENING:
            self._asked_at = time.perf_counter()
            banner.clear()
            status.show_state(f"Opening {name}")
            self._w.transport.setVisible(False)
        elif state is EngineState.RUNNING:
            status.show_state(f"● Counting {name}")
            if was_lost:
                banner.show_message("good", message or "The connection is back. The count goes on.", seconds=5)
        elif state is EngineState.PAUSED:
            status.show_state(f"Paused: {name}")
        elif state is EngineState.RECONNECTING:
            status.show_state("Reconnecting")
            banner.show_message(
                "warning",
                message or f"The connection to {name} was lost.",
                "The count so far is kept and goes on as soon as the picture is back.",
                (("Stop", self._controller.stop),),
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
        if state is EngineState.FINISHED:
            self._w.status.show_state(f"Finished: {name}")
            self._w.transport.show_end()
            self._w.banner.show_message("good", self._finished_text(name), self._finished_detail())
        elif state is EngineState.STOPPED:
            self._w.status.show_state("Stopped")
            if self._w.view.frame is None and not self._controller.counts.people:
                self._show_page(True)
        else:
            self._w.status.show_state("Stopped by a problem")
            if self._w.view.frame is None:
                self._show_page(True)

    def _finished_text(self, name: str) -> str:
        people = self._controller.counts.people
        word = "person" if people == 1 else "people"
        return f"Finished: {people:,} {word} counted in {name}. These totals are final."

    def _finished_detail(self) -> str:
        if self._controller.counts.people:
            return ""
        return "If you saw faces that were not found, let smaller faces count in Settings, Finding faces."

    def _opened(self, info: SourceInfo) -> None:
        is_file = not info.is_live and info.kind is not SourceKind.CAMERA
        self._w.transport.setVisible(is_file)
        if is_file:
            self._w.transport.set_source(info.duration_s, info.seekable)

    def _failed(self, error: Exception) -> None:
        actions: list[Action] = [("Try again", self._controller.retry), ("Choose another", self._choose_other)]
        if isinstance(error, SourceError):
            self._w.banner.show_message("error", error.message, self._with_count(error.remedy), actions)
        elif isinstance(error, HeadcountError):
            self._w.banner.show_message("error", error.message, self._with_count(error.remedy), actions[:1])
        else:
            self._w.banner.show_message(
                "error", OUR_BUG, "Help, Copy diagnostics copies what a helper needs to know.", actions[:1]
            )

    def _with_count(self, remedy: str) -> str:
        people = self._controller.counts.people
        # Some remedies already say that the count is kept.
        kept = f"The count so far is kept: {people:,}." if people and "counted" not in remedy else ""
        return f"{remedy} {kept}".strip()

    def _ended(self) -> None:
        # The last frame and the final totals may have come after the state.
        if self._controller.state.is_final:
            QTimer.singleShot(40, self.show_picture)
            self.show_figures()

    def person_words(self, track_id: int) -> str:
        """Return what is known of a person in view, as one line."""
        result = self._w.view.result
        for track in result.tracks if result else ():
            if track.track_id == track_id and track.confirmed:
                decision = track.decision
                if decision.gender is Gender.UNDECIDED:
                    words = "undecided"
                else:
                    words = f"appears {decision.gender.value}, {round(decision.probability * 100)}%"
                if decision.age_years is not None:
                    spread = f" ± {decision.age_spread_years:.0f}" if decision.age_spread_years is not None else ""
                    words += f", about {decision.age_years:.0f}{spread} years"
                return f"Person {track_id}: {words}, in view {track.dwell_s:.0f} s"
        return f"Person {track_id}"

    def shut_down(self) -> None:
        """Stop the timers and the display thread."""
        self._display.stop()
        self._figures.stop()
        self._controller.listeners.remove(self.feeder.offer)
        self.feeder.stop()
