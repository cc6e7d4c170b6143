"""Tells when another day has begun: what says "today" on the screen stays there over midnight."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from PySide6.QtCore import QObject, QTimer, Signal, Slot

LOOK_MS = 10_000
"""The date itself is looked at, not a timer of hours: a computer may sleep meanwhile, or its clock be set."""


class DayWatch(QObject):
    """`changed()` when the date is another one, `today()` by default that of this computer."""

    changed = Signal()

    def __init__(self, parent: QObject, today: Callable[[], date] = date.today) -> None:
        super().__init__(parent)
        self._today = today
        self._day = today()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    @Slot()
    def look(self) -> None:
        """Tell of another date."""
        day = self._today()
        if day != self._day:
            self._day = day
            self.changed.emit()
