"""Counts that are over: looking at them, and going on with one that a crash cut off."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from desktop_app.errors import HeadcountError
from desktop_app.session.session import Session
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.kept_counts import CountStore, KeptCount, KeptCounts, local_time
from desktop_app.ui.widgets.background_task import BackgroundTask
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.question import is_agreed
from desktop_app.ui.widgets.texts import people_words, tr

_LOG = logging.getLogger(__name__)

FLUSHED_S = 0.5
"""So soon everything counted so far is on a disk that takes it. Seconds."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    session: Session


class SessionCommands(QObject):
    """Everything that reads the disk does so on threads of its own.

    `asked(session_id)` when the operator wants to see a kept count, "" for the newest.
    """

    asked = Signal(str)
    _problem = Signal(str)

    def __init__(
        self, window: QWidget, controller: Controller, banner: Banner, store: CountStore | None = None
    ) -> None:
        super().__init__(window)
        self._window = window
        self._controller = controller
        self._banner = banner
        self._store = store
        self._kept = KeptCounts(controller.manager, store)
        self._tasks: list[BackgroundTask] = []
        self._offered: set[str] = set()
        self._problem.connect(self._show_problem)

    # --- looking -------------------------------------------------------------------------------------------------

    def show_kept(self) -> None:
        """Show the counts that are kept, the one before the present one first."""
        previous = self._controller.manager.previous
        self.asked.emit(previous.id if previous is not None else "")

    # --- after a crash -------------------------------------------------------------------------------------------

    def offer_cut_off(self) -> None:
        """Look for counts that a crash or a power cut ended, and offer each."""
        self._begin("cut-off-counts", self._kept.cut_off, self._offer)

    @Slot(object)
    def _offer(self, counts: list[KeptCount]) -> None:
        for count in counts:
            if count.id in self._offered:
                continue
            self._offered.add(count.id)
            self._banner.show_message(
                "info",
                tr(
                    "The count of {time} ({people}) was cut off.",
                    time=local_time(count.opened_utc),
                    people=people_words(count.people),
                ),
                tr("It is kept up to the last second."),
                (
                    (tr("Go on with it"), partial(self._go_on, count.id)),
                    (tr("Keep it as it is"), partial(self._leave, count.id)),
                ),
                waits=True,
            )

    def _go_on(self, session_id: str) -> None:
        self._banner.dismiss()
        self._begin("go-on", lambda: self._load(session_id), self._goes_on)

    def _load(self, session_id: str) -> _Loaded:
        try:
            return _Loaded(self._kept.load(session_id))
        except KeyError:
            raise HeadcountError(tr("This count is not there any more."), "") from None

    @Slot(object)
    def _goes_on(self, loaded: _Loaded) -> None:
        self._controller.go_on_with(loaded.session)
        if not self._controller.active:
            people = people_words(self._controller.counts.people)
            self._banner.show_message("good", tr("The next start goes on from {people}.", people=people), seconds=10)

    def _leave(self, session_id: str) -> None:
        self._banner.dismiss()
        self._begin("keep-as-it-is", lambda: self._kept.keep_as_it_is(session_id), self._nothing)

    @Slot(object)
    def _nothing(self, _result: object) -> None:
        """There is nothing to say."""

    # --- the disk ------------------------------------------------------------------------------------------------

    def problem(self, sentence: str) -> None:
        """Tell of a problem of the store, on whichever thread; "" says that all is well again."""
        self._problem.emit(sentence)

    @Slot(str)
    def _show_problem(self, sentence: str) -> None:
        if sentence:
            restore = ((tr("Bring the earlier counts back"), self.restore_copy),) if self._kept.needs_copy else ()
            self._banner.show_message("warning", sentence, "", restore, waits=True, subject="store")
        else:
            self._banner.withdraw("store")
            # What a crash left beside a disk that refused at the start has come in only now.
            self.offer_cut_off()

    @Slot()
    def restore_copy(self) -> None:
        """Bring back the counts of a damaged file from the newest copy, beside what goes on."""
        self._begin("restore", self._kept.restore_newest_copy, self._restored)

    @Slot(object)
    def _restored(self, _entries: object) -> None:
        self._banner.show_message("good", tr("The earlier counts are back. Results shows them."), seconds=8)

    # --- the end -------------------------------------------------------------------------------------------------

    def confirm_close(self) -> bool:
        """Ask whether to stop a running count for good; True where none runs."""
        if not self._controller.active:
            return True
        people, session = self._controller.counts.people, self._controller.session
        is_kept = session is None or session.is_kept
        if not is_kept:
            then = tr("What is counted now is not kept: the file repeats, or no count can be written.")
        elif self._store is None or self._store.flush(FLUSHED_S):
            then = tr("The count is kept. Results shows it.")
        else:
            then = tr(
                "The folder of the counts cannot be written at present. What is counted waits in the temporary folder "
                "until the next start of Headcount takes it in."
            )
        return is_agreed(
            self._window,
            tr("Close Headcount"),
            tr("Stop and keep {people}?", people=people_words(people))
            if people and is_kept
            else tr("Stop counting and close?"),
            then,
            tr("Stop and close"),
            tr("Keep counting"),
        )

    def _begin(self, name: str, work: Callable[[], object], done: Callable[[Any], None]) -> None:
        task = BackgroundTask(name, work)
        task.done.connect(done)
        task.failed.connect(self._failed)
        self._keep(task)
        task.start()

    def _keep(self, task: BackgroundTask) -> None:
        self._tasks = [t for t in self._tasks if not (t.isFinished() and t.wait(0))]
        self._tasks.append(task)

    @Slot(object)
    def _failed(self, error: HeadcountError) -> None:
        self._banner.show_message("warning", error.message, error.remedy)

    def shut_down(self, seconds: float = 2.0) -> bool:
        """Wait for what is being read; return False where it would not end in time."""
        deadline = time.monotonic() + seconds
        done = True
        for task in self._tasks:
            task.abandon()
            if not task.wait(max(0, round((deadline - time.monotonic()) * 1000))):
                _LOG.warning("%s did not end in time", task.objectName())
                done = False
        return done
