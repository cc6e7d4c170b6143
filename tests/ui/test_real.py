"""The window with everything real behind it: sources, detector, network, tracker."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.engine.state import EngineState
from desktop_app.ui.sessions.services import LazyServices
from tests.ui.conftest import WindowMaker

pytestmark = pytest.mark.slow

LONG = 120_000


def test_a_film_with_nobody_in_it_counts_nobody(make_window: WindowMaker, qtbot: QtBot, tiny_clip: Path) -> None:
    window = make_window(LazyServices())
    window.sources.speed(0.0)
    window.sources.open_source(str(tiny_clip))
    qtbot.waitUntil(lambda: window.controller.state is EngineState.FINISHED, timeout=LONG)
    assert window.controller.counts.people == 0
    assert window.controller.stats.frames == 25
    assert window.banner.text.startswith("Finished: 0 people")


@pytest.mark.parametrize("name", ["corridor_walk_1m0f.mp4", "no_duration_0m0f.webm", "vipy_rotated_walk_1m0f.mp4"])
def test_a_real_clip_is_shown_and_counted(
    make_window: WindowMaker, qtbot: QtBot, shared_clips: Path, name: str
) -> None:
    window = make_window(LazyServices())
    window.sources.speed(0.0)
    window.sources.open_source(str(shared_clips / name))
    qtbot.waitUntil(lambda: window.controller.state is EngineState.FINISHED, timeout=LONG)
    with (shared_clips / "truth.csv").open(encoding="utf-8") as file:
        truth = next(row for row in csv.DictReader(file) if name in row.values())
    people = window.controller.counts.people
    # How close the count comes is measured in the benchmark; here it must not be off by a crowd.
    assert abs(people - int(truth["appearances"])) <= 2
    shown = window.side.totals.counts
    assert (shown.people, shown.age_bands) == (window.controller.counts.people, window.controller.counts.age_bands)
    assert window.view.result is not None


def test_a_missing_file_and_a_file_that_is_no_video(make_window: WindowMaker, qtbot: QtBot, tmp_path: Path) -> None:
    window = make_window(LazyServices())
    text = tmp_path / "letter.mp4"
    text.write_text("This is a letter.", encoding="utf-8")
    for source in (str(tmp_path / "nothing.mp4"), str(text)):
        window.sources.open_source(source)
        qtbot.waitUntil(lambda: window.controller.state is EngineState.FAILED, timeout=LONG)
        assert window.banner.kind == "error"
        assert Path(source).name in window.banner.text
        window.banner.dismiss()
