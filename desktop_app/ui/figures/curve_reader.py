"""Works out the curve of the running totals and the bars by the clock, away from the GUI thread and the count."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from zoneinfo import ZoneInfo

from PySide6.QtCore import QThread, Signal

from desktop_app.domain.curve import Curve, curve_of
from desktop_app.domain.events import DoorStarted, Entry
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.reports.intervals import Interval, count_in, regular_edges
from desktop_app.reports.report import ReportOptions
from desktop_app.reports.watched import Span, of_sources, watched_spans
from desktop_app.session.log import SessionLog

REST_SHARE = 20.0
"""After a curve that took a while, this many times as long passes before the next: a long day has many people."""


RECENT = 20

NowUtc = Mapping[str, float] | float | None


@dataclass(frozen=True, slots=True)
class LiveBars:
    """The people of a count under way by the clock, as `reports.charts.arrivals_chart` draws them."""

    intervals: Sequence[Interval]
    watched: Sequence[Span]
    options: ReportOptions
    agenda: Sequence[Interval] = field(default=())


@dataclass(frozen=True, slots=True)
class ShownCurve:
    """A curve whose times are in seconds from the beginning of the count, and the bars of the same people."""

    curve: Curve
    version: int
    session_id: str
    begin_s: float
    bars: LiveBars | None = None
    recent: Sequence[PersonRecord] = ()
    """Those counted last, the newest first, `RECENT` at most; staff and whoever is not a person among them."""


class CurveReader(QThread):
    """`ask` for the curve of a log from the GUI thread; `ready` tells that `take` has one. The newest request wins."""

    ready = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("curve")
        self._wake = threading.Condition()
        self._asked: tuple[SessionLog, bool, NowUtc] | None = None
        self._done: ShownCurve | None = None
        self._stopping = False

    def ask(self, log: SessionLog, *, utc: bool, now_utc: NowUtc = None) -> None:
        """Have the curve made, over UTC for a live source and over media time for a file.

        `now_utc` is the time at each door of a count under way by its id, in seconds since 1970.
        """
        with self._wake:
            self._asked = (log, utc, now_utc)
            self._wake.notify()

    def take(self) -> ShownCurve | None:
        """Return the newest curve since the last call, else None."""
        with self._wake:
            done, self._done = self._done, None
            return done

    def stop(self) -> None:
        """End the thread and wait for it; may be called again."""
        with self._wake:
            self._stopping = True
            self._asked = None
            self._wake.notify()
        self.wait()

    def run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._asked is not None or self._stopping)
                asked, self._asked = self._asked, None
            if asked is None:  # which it is only at the end
                return
            began = time.perf_counter()
            shown = self._read(*asked)
            took = time.perf_counter() - began
            with self._wake:
                self._done = shown
            self.ready.emit()
            with self._wake:
                self._wake.wait_for(lambda: self._stopping, took * REST_SHARE)

    def _read(self, log: SessionLog, utc: bool, now_utc: NowUtc) -> ShownCurve:
        version, people = log.read(lambda totals: (totals.version, Totals.records(totals)))
        curve = curve_of(people, utc=utc)
        entries = log.entries()
        # Films that were recorded before the count was opened begin when they were recorded.
        begins = [e.utc for e in entries[:1]] + [e.utc for e in entries if isinstance(e.event, DoorStarted)]
        begin = min(begins, default=0.0) if utc else 0.0
        times = curve.time_s - begin
        distinct = {r.ref: r for r in people}.values()
        bars = live_bars(entries, distinct, now_utc)
        # Of several counted at one moment the order must not change when one of them is corrected.
        recent = heapq.nlargest(RECENT, distinct, key=lambda r: (r.counted_utc, r.number, r.ref))
        shown = Curve(times, curve.female, curve.male, curve.undecided)
        return ShownCurve(shown, version, log.session_id, begin, bars, recent)


def minutes_a_bar(seconds: float) -> int:
    """Return how many minutes one bar takes for a count of this length: hours from three hours on, days from a week."""
    for minutes, longest_s in ((1, 1200), (5, 5400), (15, 10_800), (60, 604_800)):
        if seconds <= longest_s:
            return minutes
    return 1440


def live_bars(
    entries: Iterable[Entry], people: Iterable[PersonRecord], now_utc: NowUtc, zone: ZoneInfo | None = None
) -> LiveBars | None:
    """Return the bars of a count, None for one that has not begun. `zone` is this computer's by default."""
    spans = watched_spans(of_sources(entries), now_utc)
    people = list(people)
    times = [p.counted_utc for p in people if p.counts]
    moments = [*(s.start_utc for s in spans), *(s.end_utc for s in spans), *times]
    if not moments:
        return None
    start, end = min(moments), max(moments)
    options = ReportOptions(minutes_a_bar(end - start), zone or _local_zone())
    # Half-open intervals: somebody counted at the very end begins another one.
    until = end + 1e-3 if end <= start or any(t >= end for t in times) else end
    edges = regular_edges(start, until, options.minutes, options.zone)
    return LiveBars(count_in(edges, people, spans), spans, options)


@cache
def _local_zone() -> ZoneInfo:
    from tzlocal import get_localzone_name

    return ZoneInfo(get_localzone_name() or "UTC")
