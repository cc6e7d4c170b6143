"""The operator says when a recording began, and the count carries that time."""

from __future__ import annotations

import pytest

from desktop_app.session.services import RecordingStart
from desktop_app.ui.sources.began_dialog import BeganDialog, known_from


def test_the_dialog_shows_what_is_known_and_gives_what_was_chosen(qtbot: object) -> None:
    dialog = BeganDialog("film.mp4", RecordingStart(1_778_569_200.0, "container"))
    assert dialog.utc == 1_778_569_200.0
    dialog.set_utc(1_778_572_800.0)
    assert dialog.utc == 1_778_572_800.0
    dialog.deleteLater()


@pytest.mark.parametrize("clock", ["operator", "container", "file time", "opened"])
def test_it_says_how_the_time_is_known(clock: str) -> None:
    assert known_from(clock).endswith(".")
