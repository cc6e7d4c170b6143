"""Ends a count at the time that the operator planned."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QObject, QTimer, Slot

from desktop_app.engine.state import EngineState
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.widgets.banner import RESULT, Banner
from desktop_app.ui.widgets.texts import people_words, tr

LOOK_MS = 1000
"""The clock on the wall is looked at, not a timer of hours: a computer may sleep meanwhile, or its clock be set."""


class PlannedStop(QObject):
    """`utc` is the planned end in seconds since 1970, 0 for none. It holds for one count."""

    def __init__(
        self,
        controller: Controller,
        banner: Banner,
        see_result: Callable[[], object],
        parent: QObject,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._banner = banner
        self._see_result = see_result
        self._clock = clock
        self.utc = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        controller.state_changed.connect(self._state)

    def plan(self, utc: float) -> None:
        """End the count at this moment; 0 takes the plan back."""
        self.utc = utc
        if utc:
            self._timer.start()
        else:
            self._timer.stop()

    @Slot(object, str)
    def _state(self, state: EngineState, _message: str) -> None:
        if state.is_final and state is not EngineState.FAILED:  # a count that failed may be taken up again
            self.plan(0.0)

    @Slot()
    def look(self) -> None:
        """End the count if its time has come."""
        if self.utc and self._controller.active and self._clock() >= self.utc:
            planned = datetime.fromtimestamp(self.utc).strftime("%H:%M")
            self._controller.stop()
            # In place of the message of a stop by hand, and without an end: nobody may be there to read it.
            people = people_words(self._controller.counts.people)
            text = tr("Stopped at {time}, as planned: {people} counted.", time=planned, people=people)
            self._banner.show_message("good", text, "", ((tr("See the result"), self._see_result),), subject=RESULT)
