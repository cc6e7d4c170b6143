"""The count that is shown: read on a thread, with its report as PDF and as pictures for the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from desktop_app.session.session import Session
from desktop_app.ui.sessions.kept_counts import KeptCount, KeptCounts
from desktop_app.ui.widgets.tasks import Tasks

if TYPE_CHECKING:
    from desktop_app.ui.results.reading import ReadCount

LANE = "report"
NEWEST_LANE = "newest report"
"""Of its own, so that what is to be handed on is not given up for another look at the count."""
LONG_LANE = "long report"
"""Of its own, so that another count can be looked at while a long one is being read."""


@dataclass(frozen=True, slots=True)
class ShownCount:
    """A count with its report as pictures, uint8 of shape (height, width, 3) in BGR order, one a page."""

    read: ReadCount
    pictures: list[NDArray[np.uint8]]
    pixels_a_point: float


class ChosenCount(QObject):
    """Reads one count at a time. `was_read(ShownCount)` brings it, `was_drawn(ShownCount)` pages of another size."""

    was_read = Signal(object)
    was_drawn = Signal(object)

    def __init__(self, tasks: Tasks, pixels_a_point: Callable[[], float], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._pixels_a_point = pixels_a_point
        self.wanted = ""
        """The count asked for, which may still be read."""
        self._cancelled = threading.Event()
        self.read: ReadCount | None = None
        """The count as it was read last, None while another one is being read."""
        self.minutes = 0
        """The length of an interval of the report, 0 for one that suits the count."""
        self.hide_below = 0
        """Reports hide figures of fewer people than that."""

    def forget(self) -> None:
        """Show no count, and ignore what is being read."""
        self.cancel()
        self.wanted, self.read = "", None
        for lane in (LANE, LONG_LANE):
            self._tasks.drop(lane)

    def cancel(self) -> None:
        """End the making of a long report soon."""
        self._cancelled.set()

    def load(self, kept: KeptCounts, session_id: str, *, is_long: bool = False) -> None:
        """Read a count and make its report. `is_long` lets others be read meanwhile."""
        self.cancel()
        if self.wanted != session_id:
            self.read = None
        self.wanted = session_id
        minutes, below, scale = self.minutes, self.hide_below, self._pixels_a_point()

        def work() -> ShownCount:
            from desktop_app.ui.results.reading import read_count

            return _draw(read_count(kept, session_id, minutes, below), scale)

        self._tasks.begin(LONG_LANE if is_long else LANE, work, self._done)

    def load_long(self, kept: KeptCounts, count: KeptCount) -> None:
        """Make the report of a long count without reading it into memory."""
        self.cancel()
        self._cancelled = cancelled = threading.Event()
        self.wanted = count.id
        minutes, below, scale, before = self.minutes, self.hide_below, self._pixels_a_point(), self.read

        def work() -> ShownCount | None:
            from desktop_app.ui.results.reading import CancelledError, read_long_count

            try:
                return _draw(read_long_count(kept, count, minutes, below, cancelled.is_set, before), scale)
            except CancelledError:
                return None

        self._tasks.begin(LONG_LANE, work, self._done)

    def make_again(self, session: Session) -> None:
        """Make the report of a count that was read before, after a correction or with other intervals."""
        minutes, below, scale = self.minutes, self.hide_below, self._pixels_a_point()

        def work() -> ShownCount:
            from desktop_app.ui.results.reading import make_report

            return _draw(make_report(session, minutes, below), scale)

        self._tasks.begin(LANE, work, self._done)

    def with_newest(self, then: Callable[[ReadCount], object]) -> None:
        """Call `then` with the count as it is now; without one nothing happens.

        A count that has changed since its report was made is read and shown first: what is handed on says what the
        totals say.
        """
        read = self.read
        if read is None:
            return
        session = read.session
        if session is None or read.is_current:
            then(read)
            return
        minutes, below, scale = self.minutes, self.hide_below, self._pixels_a_point()

        def work() -> ShownCount:
            from desktop_app.ui.results.reading import make_report

            return _draw(make_report(session, minutes, below), scale)

        def done(shown: ShownCount) -> None:
            self._done(shown)
            then(shown.read)

        self._tasks.begin(NEWEST_LANE, work, done)

    @Slot(float)
    def draw(self, pixels_a_point: float) -> None:
        """Make the pages in another size."""
        read = self.read
        if read is not None and not self._tasks.is_busy(LANE):
            self._tasks.begin(LANE, lambda: _draw(read, pixels_a_point), self._drawn)

    def _done(self, shown: ShownCount | None) -> None:
        if shown is not None and shown.read.id == self.wanted:
            self.read = shown.read
            self.was_read.emit(shown)

    def _drawn(self, shown: ShownCount) -> None:
        if shown.read is self.read:
            self.was_drawn.emit(shown)


def _draw(read: ReadCount, pixels_a_point: float) -> ShownCount:
    from desktop_app.reports.pdf_image import page_images

    return ShownCount(read, page_images(read.pdf, pixels_a_point), pixels_a_point)
