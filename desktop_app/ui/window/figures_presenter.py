"""Shows the figures of the count wherever they stand: strip, totals, charts, lines and zones, recent people, kiosk."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Slot

from desktop_app.domain.record_sums import PlaceFigures
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Counts
from desktop_app.engine.engine import OUR_BUG
from desktop_app.engine.state import EngineState
from desktop_app.errors import HeadcountError
from desktop_app.ui.count.recent_people import RecentPeople
from desktop_app.ui.figures.curve_reader import CurveReader, ShownCurve
from desktop_app.ui.figures.side_panel import SidePanel
from desktop_app.ui.figures.totals import MainFigure, main_figure
from desktop_app.ui.kiosk.view import KioskState
from desktop_app.ui.picture.transport import Transport
from desktop_app.ui.picture.video_view import VideoView
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.told_door import FIRST_DOOR
from desktop_app.ui.setup.doors_page import DoorsPage
from desktop_app.ui.sources.names import short_name
from desktop_app.ui.sources.start_form import StartForm
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.window.state_words import Moments, Pill, door_pill, doors_pill, state_pill
from desktop_app.ui.window.status_line import StatusLine
from desktop_app.ui.window.strip import Strip


@dataclass(slots=True)
class FigureWidgets:
    """The widgets that figures are written to; what is in view stands on the picture of `view`."""

    view: VideoView
    side: SidePanel
    strip: Strip
    status: StatusLine
    transport: Transport
    recent: RecentPeople
    form: StartForm
    doors: DoorsPage


class FiguresPresenter(QObject):
    """Owns the thread of the charts.

    `main_number()` says which number is shown largest, `stops_utc()` when the count is to end (0 for never), and
    `shows_start()` whether the next count is being prepared; `show_title(text)` names the window.
    """

    def __init__(
        self,
        controller: Controller,
        widgets: FigureWidgets,
        main_number: Callable[[], str],
        stops_utc: Callable[[], float],
        shows_start: Callable[[], bool],
        show_title: Callable[[str], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._w = widgets
        self._main_number = main_number
        self._stops_utc = stops_utc
        self._shows_start = shows_start
        self._show_title = show_title
        self._titled = 0
        self._reason = ""
        self._state_since = 0.0
        self._began: tuple[str, float] = ("", 0.0)
        """The session shown and when it began, in seconds since 1970."""
        self._newest: tuple[str, int, int, float | None] = ("", 0, 0, None)
        """The session shown, its number of people, its `Totals.arrivals` and when both last rose, None for not yet. In
        seconds of a clock that nobody sets."""
        self._shown_curve: ShownCurve | None = None
        self._until_s = 0.0
        """Up to where the curve is drawn: now, or where the count ended."""
        self._asked_curve: tuple[str, int, bool, int] | None = None
        self._places: dict[tuple[str, str], PlaceFigures] = {}
        """The figures of every line and zone by the id of its door and its name."""
        self._places_version: tuple[str, int] | None = None
        self.pill = Pill("idle", tr("Ready"))
        self.show_elsewhere: Callable[[KioskState], object] | None = None
        """Is told what the large totals show."""
        self.curves = CurveReader()
        self.curves.ready.connect(self._curve_ready)
        self.curves.start()

    # --- everything ----------------------------------------------------------------------------------------------

    @Slot()
    def show(self) -> None:
        """Bring totals, charts, lists and the status line up to date."""
        controller = self._controller
        counts = self._counts_of_the_picture()
        has_holes = any(d.message for d in controller.doors if d.state is EngineState.FINISHED)
        final = controller.state.is_final and counts.people > 0 and not has_holes
        self._show_places()
        self._show_doors()
        main = main_figure(self._main_number(), counts, self._places)
        self._w.side.show_counts(counts, final, main)
        self._w.side.totals.show_before(controller.people_before)
        if counts.people != self._titled:
            self._titled = counts.people
            self._show_title(f"{counts.people:,} – Headcount" if counts.people else "Headcount")
        self._show_curve()
        self._show_strip(counts, main)
        if self.show_elsewhere is not None:
            lines = [f for f in self._places.values() if f.kind == "line"]
            inside = max(0, sum(f.into - f.out for f in lines)) if lines else None
            self.show_elsewhere(KioskState(counts, main, inside, self.pill.kind, self.pill.text, final))
        info = controller.info
        run = controller.run
        self._w.status.show_used(*(run.names if run is not None and run.active else ("", "")))
        if controller.active and info is not None:
            stats = controller.stats
            self._w.status.show_figures(
                stats.source_fps, stats.processed_fps, stats.delay_s, stats.dropped_frames, info.is_live
            )
            if not info.is_live and controller.door is not None and controller.door.active:
                self._w.transport.show_position(stats.position_s)

    def _counts_of_the_picture(self) -> Counts:
        """Return the totals; where the picture stands still, those in view are the people it shows."""
        counts, door, result = self._controller.counts, self._controller.door, self._w.view.result
        stands = self._controller.state.is_final or self._controller.state is EngineState.PAUSED
        if result is None or door is None or not stands:
            return counts
        others = sum(self._controller.in_view(d) for d in self._controller.doors if d is not door)
        return replace(counts, in_view=self._w.view.people_in_view() + others)

    # --- the strip -----------------------------------------------------------------------------------------------

    def state_changed(self, message: str) -> None:
        """Note when a state began; `message` is the sentence that goes with it."""
        state = self._controller.state
        error = self._controller.error if state is EngineState.FAILED else None
        self._reason = error.message if isinstance(error, HeadcountError) else OUR_BUG if error else message
        self._state_since = time.time()

    def show_strip(self) -> None:
        """Bring the strip alone up to date, as after a change of the state."""
        counts = self._controller.counts
        self._show_strip(counts, main_figure(self._main_number(), counts, self._places))

    def _show_strip(self, counts: Counts, main: MainFigure) -> None:
        controller, strip = self._controller, self._w.strip
        session = controller.session
        now, now_s = time.time(), time.monotonic()
        session_id = session.id if session is not None else ""
        if session is not None and self._began[0] != session_id:
            entries = session.log.entries()
            self._began = (session_id, entries[0].utc if entries else now)
        people, arrivals = (0, 0) if session is None else session.log.read(_people_and_arrivals)
        known, known_people, known_arrivals, newest_s = self._newest
        if known != session_id:
            newest_s = None
        elif people > known_people and arrivals > known_arrivals:  # a correction alone brings nobody
            newest_s = now_s
        self._newest = (session_id, people, arrivals, newest_s)
        running = controller.state is EngineState.RUNNING
        since_person_s = None if newest_s is None else now_s - newest_s
        at = Moments(now, self._began[1] if running else self._state_since, since_person_s, self._stops_utc())
        # At several doors the card of each says which model answers there.
        fell_back = len(controller.doors) == 1 and controller.doors[0].run.fell_back
        self.pill = state_pill(controller.state, self._reason, self._source_names(), at, fell_back=fell_back)
        self.pill = doors_pill(self.pill, controller.doors)
        strip.show_state(self.pill)
        strip.show_total(main.number, "" if main.number == counts.people and not main.beside else main.words)
        planning = session is None or (self._shows_start() and not controller.active)
        strip.show_name(controller.plan.name if planning or session is None else session.name)
        self._w.form.show_names(controller.plan.name, controller.plan.place)
        self._w.doors.show_name(controller.plan.place)

    def _source_names(self) -> str:
        """Return what is counted from: a source by its short name, several by the names of the doors that see."""
        doors = self._controller.doors
        if len(doors) == 1:
            return short_name(doors[0].run.door.source)
        return ", ".join(d.name for d in doors if d.state is not EngineState.FAILED)

    # --- charts and lists ----------------------------------------------------------------------------------------

    @property
    def _by_clock(self) -> bool:
        """Whether times are told by the clock on the wall, which goes on through a restart and is the same for every
        door. A single file has its own clock."""
        info = self._controller.info
        return info is None or info.is_live or len(self._controller.doors) > 1

    def _show_curve(self) -> None:
        controller = self._controller
        log = controller.log
        if log is None:
            self._shown_curve = self._asked_curve = None
            self._w.side.show_curve(None, 0.0)
            self._w.recent.show_people((), by_clock=True)
            return
        utc = self._by_clock
        now = {d.run.door.id: d.run.utc() for d in controller.doors if d.active and d.info is not None}
        # The bars go on although nobody comes: the last one is as long as the time that has passed.
        minute = int(time.time() // 30) if controller.active else 0
        wanted = (log.session_id, log.version, utc, minute)
        if wanted != self._asked_curve:
            self._asked_curve = wanted
            self.curves.ask(log, utc=utc, now_utc=now)
        shown = self._shown_curve
        if shown is not None and shown.session_id == log.session_id:
            if controller.active:
                now_utc = max(now.values(), default=time.time())
                self._until_s = (now_utc if utc else controller.stats.time_s) - shown.begin_s
            self._w.side.show_curve(shown.curve, self._until_s, shown.bars)
        elif shown is not None:
            self._shown_curve = None
            self._until_s = 0.0
            self._w.side.show_curve(None, 0.0)
            self._w.recent.show_people((), by_clock=utc)

    @Slot()
    def _curve_ready(self) -> None:
        shown = self.curves.take()
        log = self._controller.log
        if shown is not None and log is not None and shown.session_id == log.session_id:
            self._shown_curve = shown
            self._show_curve()
            self._w.recent.show_people(shown.recent, by_clock=self._by_clock, doors=log.all_doors)

    def _show_places(self) -> None:
        editor, log, run = self._w.view.editor, self._controller.log, self._controller.run
        if log is None:
            self._places, self._places_version = {}, None
        elif (version := (log.session_id, log.version)) != self._places_version:
            self._places_version = version
            self._places = log.read(Totals.places)
        shown = run.door.id if run is not None else FIRST_DOOR
        figures = {name: place_words(f) for (door, name), f in self._places.items() if door == shown}
        if figures != editor.figures:
            editor.figures = figures
            editor.changed.emit()
            self._w.doors.places.show_figures(figures)

    def _show_doors(self) -> None:
        """Bring the cards of the doors, of their lines and of their zones up to date."""
        controller, doors = self._controller, self._w.side.doors
        doors.show_doors(controller.doors)
        for section in doors.sections:
            told = section.told
            places = {name: f for (door, name), f in self._places.items() if door == section.door_id}
            counts = controller.counts_at(told) if told is not None and section.card is not None else Counts()
            pill = door_pill(told) if told is not None else Pill("idle", "")
            section.show_figures(counts, pill, told is controller.door, places)

    def shut_down(self) -> None:
        """Stop the thread."""
        self.curves.stop()


def _people_and_arrivals(totals: Totals) -> tuple[int, int]:
    return totals.counts().people, totals.arrivals


def place_words(figures: PlaceFigures) -> str:
    """Return what was counted at a line or a zone, in a few words."""
    if figures.kind == "line":
        return tr("in {into}   out {out}", into=f"{figures.into:,}", out=f"{figures.out:,}")
    words = [
        tr("{number} inside", number=f"{figures.inside:,}"),
        tr("1 visit") if figures.visits == 1 else tr("{number} visits", number=f"{figures.visits:,}"),
    ]
    if figures.mean_dwell_s is not None:  # while nobody has gone, nobody knows how long they stay
        words.append(tr("{number} s", number=f"{figures.mean_dwell_s:.0f}"))
    return "   ".join(words)
