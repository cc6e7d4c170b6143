"""When a recording began, and the end that is asked for from outside the window."""

from __future__ import annotations

import pytest

from desktop_app.session.services import RecordingStart
from desktop_app.ui.sources.began_dialog import BeganDialog, known_from
from desktop_app.ui.window.main_window import MainWindow


def test_the_dialog_shows_what_is_known_and_gives_what_was_chosen(qtbot: object) -> None:
    dialog = BeganDialog("film.mp4", RecordingStart(1_778_569_200.0, "container"))
    assert dialog.utc == 1_778_569_200.0
    dialog.set_utc(1_778_572_800.0)
    assert dialog.utc == 1_778_572_800.0
    dialog.deleteLater()


@pytest.mark.parametrize("clock", ["operator", "container", "file time", "opened"])
def test_it_says_how_the_time_is_known(clock: str) -> None:
    assert known_from(clock).endswith(".")


def test_a_request_to_end_does_not_wait_for_an_answer(window: MainWindow) -> None:
    window.show()
    window.confirm_close = lambda: False  # nobody is there to answer
    window.close()
    assert window.isVisible()
    window.close_unasked()
    assert not window.isVisible()
    assert window.clean_exit
