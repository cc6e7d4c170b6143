"""What is shown of a count follows its log, and costs a count under way little."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from desktop_app.domain.types import Gender
from desktop_app.session.log import SequenceNumbers
from desktop_app.session.session import Session
from desktop_app.session.undo import UndoStack
from desktop_app.ui.results.following import REPORT_WHILE_COUNTING_MS, Following


class RunningSession(Session):
    """A count that is under way while `is_running`, without a source."""

    is_running = False

    @property
    def active_runs(self) -> list[Any]:
        return [object()] if self.is_running else []


def test_reports_of_a_count_under_way_are_the_rarer_the_longer_it_is(qtbot: QtBot) -> None:
    session = RunningSession(SequenceNumbers(), UndoStack())
    parent = QObject()
    following = Following(lambda: session, lambda: "", parent)
    changes: list[int] = []
    following.changed.connect(lambda: changes.append(session.counts().people))
    following.look()
    assert not changes  # the first look at a count is no change
    session.add(Gender.FEMALE, "", "")
    session.is_running = True
    following.look()
    assert changes == [1]
    assert not following.busy  # no report at once
    assert following._later.interval() == REPORT_WHILE_COUNTING_MS
    following._later.stop()
    session.is_running = False
    for _ in range(1500):
        session.add(Gender.MALE, "", "")
    session.is_running = True
    following.look()
    assert following._later.interval() == 2 * REPORT_WHILE_COUNTING_MS
    session.is_running = False
    following.look()
    assert following.busy  # it has ended: the report is made as soon as nothing more comes
    assert not following._later.isActive()
    following.stop()
    assert not following.busy
