"""Has what is shown of a count follow its log: it is corrected, or goes on, while it is looked at."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop_app.session.session import Session

LOOK_MS = 1000
"""So often the totals of a count that is looked at are brought up to date."""

REPORT_AGAIN_MS = 700
"""So long after the last correction the report is made again."""

REPORT_WHILE_COUNTING_MS = 20_000
"""So often the report of a count under way is made again, and that much later for every thousand people: each costs the
count some processor time."""


class Following(QObject):
    """`changed()` tells that the log has other entries than when it was last looked at, or that its count has ended;
    `report_wanted()` that the report is to be made again; `began()` that somebody was counted in another count.

    `session()` is the count that is shown, None while it is being read; `under_way()` the one that is being counted, ""
    for none.
    """

    changed = Signal()
    began = Signal()
    report_wanted = Signal()

    def __init__(self, session: Callable[[], Session | None], under_way: Callable[[], str], parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._under_way = under_way
        self._counted = ""
        self._seen: tuple[str, int, bool] = ("", 0, False)
        self._looks = QTimer(self)
        self._looks.setInterval(LOOK_MS)
        self._looks.timeout.connect(self.look)
        self._soon, self._later = QTimer(self), QTimer(self)
        for timer, milliseconds in ((self._soon, REPORT_AGAIN_MS), (self._later, REPORT_WHILE_COUNTING_MS)):
            timer.setSingleShot(True)
            timer.setInterval(milliseconds)
            timer.timeout.connect(self.report_wanted)

    @property
    def busy(self) -> bool:
        """Whether the report is about to be made again after a decision, or because the count has ended."""
        return self._soon.isActive()

    def start(self) -> None:
        """Look at the log from now on, as long as somebody looks at the count."""
        self.look()
        self._looks.start()

    def pause(self) -> None:
        """Nobody looks: the log is looked at again after `start`."""
        self._looks.stop()
        self._later.stop()

    def stop(self) -> None:
        """Make no report any more."""
        self.pause()
        self._soon.stop()

    def note(self) -> None:
        """What is shown is what the log has now."""
        self._seen = self._now()

    def report_soon(self) -> None:
        """Make the report again once nothing more is decided for a moment."""
        self._later.stop()
        self._soon.start()

    @Slot()
    def look(self) -> None:
        """Tell of what has changed since the last look; the first look at a count is none."""
        counted = self._under_way()
        if counted and counted != self._counted:
            self._counted = counted
            self.began.emit()
        before, now, session = self._seen, self._now(), self._session()
        self._seen = now
        if session is None or now == before or now[0] != before[0]:
            return
        self.changed.emit()
        if not now[2]:
            self.report_soon()
        elif not self._later.isActive():
            self._later.start(REPORT_WHILE_COUNTING_MS * (1 + session.counts().people // 1000))

    def _now(self) -> tuple[str, int, bool]:
        session = self._session()
        return (session.id, session.log.version, bool(session.active_runs)) if session is not None else ("", 0, False)
