"""Works out the curve of the running totals away from the GUI thread and the count."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from PySide6.QtCore import QThread, Signal

from desktop_app.domain.totals import Curve, Totals, curve_of
from desktop_app.session.log import SessionLog

REST_SHARE = 20.0
"""After a curve that took a while, this many times as long passes before the next: a long day has many people."""


@dataclass(frozen=True, slots=True)
class ShownCurve:
    """A curve whose times are in seconds from the beginning of the count."""

    curve: Curve
    version: int
    session_id: str
    begin_s: float


class CurveReader(QThread):
    """`ask` for the curve of a log from the GUI thread; `ready` tells that `take` has one. The newest request wins."""

    ready = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("curve")
        self._wake = threading.Condition()
        self._asked: tuple[SessionLog, bool] | None = None
        self._done: ShownCurve | None = None
        self._begins: dict[tuple[str, bool], float] = {}
        self._stopping = False

    def ask(self, log: SessionLog, *, utc: bool) -> None:
        """Have the curve made, over UTC for a live source and over media time for a file."""
        with self._wake:
            self._asked = (log, utc)
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
            log, utc = asked
            began = time.perf_counter()
            shown = self._read(log, utc)
            took = time.perf_counter() - began
            with self._wake:
                self._done = shown
            self.ready.emit()
            with self._wake:
                self._wake.wait_for(lambda: self._stopping, took * REST_SHARE)

    def _read(self, log: SessionLog, utc: bool) -> ShownCurve:
        version, people = log.read(lambda totals: (totals.version, Totals.records(totals)))
        curve = curve_of(people, utc=utc)
        key = (log.session_id, utc)
        if key not in self._begins:
            entries = log.entries()
            # A count that goes on from another one in the same file begins where that ended.
            begin_utc = entries[0].utc if entries else 0.0
            self._begins = {key: begin_utc if utc else 0.0}
        begin = self._begins[key]
        times = curve.time_s - begin
        return ShownCurve(Curve(times, curve.female, curve.male, curve.undecided), version, log.session_id, begin)
