"""The window from start to close: counting, stopping, undoing, failing, coming back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtNetwork import QLocalSocket
from PySide6.QtWidgets import QApplication, QDialog, QToolButton
from pytestqt.qtbot import QtBot

from desktop_app.app import hear_later_starts
from desktop_app.domain.curve import Curve
from desktop_app.domain.events import Corrected, Counted
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Counts, Gender
from desktop_app.engine.state import EngineState, EngineStats
from desktop_app.errors import SourceError
from desktop_app.session.log import SequenceNumbers, SessionLog
from desktop_app.session.pace import PaceWatch
from desktop_app.settings import Settings
from desktop_app.sources.detached import DetachedReader, wait_for_detached
from desktop_app.ui.figures.curve_reader import CurveReader
from desktop_app.ui.figures.totals import main_figure
from desktop_app.ui.window import figures_presenter
from desktop_app.ui.window.main_window import MainWindow
from desktop_app.ui.window.single_instance import InstanceServer
from tests.engine.fakes import CoveredCamera, HungSource, ListSource
from tests.patience import AT_ONCE_S, PATIENCE_MS, PATIENCE_S
from tests.ui.conftest import WindowMaker
from tests.ui.fakes import FakeServices, FakeStore

# Each builds a whole window.
pytestmark = pytest.mark.slow

WAIT = PATIENCE_MS


def wait_for(qtbot: QtBot, window: MainWindow, state: EngineState) -> None:
    qtbot.waitUntil(lambda: window.controller.state is state, timeout=WAIT)


def wait_for_picture(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.view.frame is not None and window.controller.info is not None, timeout=WAIT)


def settled_frames(qtbot: QtBot, window: MainWindow) -> int:
    """Return how many frames were counted once what was under way at the pause has come through."""
    frames, unchanged = -1, 0
    while unchanged < 4:
        unchanged = unchanged + 1 if frames == window.controller.stats.frames else 0
        frames = window.controller.stats.frames
        qtbot.wait(100)
    return frames


def curve_of(window: MainWindow) -> Curve:
    assert window.controller.log is not None
    return window.controller.log.read(Totals.curve)


def all_ended(window: MainWindow) -> bool:
    return window.controller.manager.wait(0.0)


def people(window: MainWindow, number: int) -> Callable[[], bool]:
    return lambda: window.controller.counts.people >= number


def button(window: MainWindow, text: str) -> object:
    found = [b for b in window.banner.buttons if b.text() == text]
    assert found, f"no button {text!r} among {[b.text() for b in window.banner.buttons]}"
    return found[0]


def test_an_empty_window_offers_what_to_count_from(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: "No camera was found" in window.start_page._none.text(), timeout=WAIT)
    assert window.start_page.form._hint.text() == "Choose in step 1 what to count from."  # there is no camera to choose
    assert window.pages.currentWidget() is window.start_page
    assert window.start_page._demo.property("primary") == "true"
    assert not window.actions_["pause"].isEnabled()
    assert not window.actions_["snapshot"].isEnabled()


def test_a_file_is_counted_to_its_end(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_["open_demo"].trigger()
    wait_for_picture(qtbot, window)
    wait_for(qtbot, window, EngineState.FINISHED)
    qtbot.waitUntil(lambda: window.side.totals.counts.people == 12, timeout=WAIT)
    assert window.side.totals._people.text() == "12"
    assert not window.side.totals._final.isHidden()
    assert window.banner.text.startswith("Finished: 12 people")
    assert window.banner.kind == "good"
    curve = curve_of(window)
    assert int(curve.female[-1]) == 12
    qtbot.waitUntil(lambda: window.presenter.figures._shown_curve is not None, timeout=WAIT)
    assert window.side.chart is not None
    drawn = window.side.chart.curve
    qtbot.waitUntil(lambda: drawn._curves[Gender.FEMALE].getData()[1][-1] == 12, timeout=WAIT)
    assert window.view.result is not None


def test_the_log_tells_once_when_a_source_has_its_first_counted_frame(
    window: MainWindow, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    def told() -> list[str]:
        return [r.getMessage() for r in caplog.records if r.getMessage().startswith("first counted frame")]

    with caplog.at_level(logging.INFO):
        window.sources.open_source("endless")
        wait_for_picture(qtbot, window)
        qtbot.waitUntil(lambda: len(told()) == 1, timeout=WAIT)
        assert 0 <= float(told()[0].split()[6]) < 60
        shown = window.controller.stats.frames
        qtbot.waitUntil(lambda: window.controller.stats.frames > shown + 20, timeout=WAIT)
        assert len(told()) == 1
        window.controller.stop()
        window.sources.open_source("endless")
        qtbot.waitUntil(lambda: len(told()) == 2, timeout=WAIT)
        assert "endless" not in " ".join(told())


def test_a_count_that_cannot_keep_up_says_that_it_took_the_faster_model(window: MainWindow, qtbot: QtBot) -> None:
    class Slow(PaceWatch):
        def is_too_slow(self, time_s: float, stats: EngineStats) -> bool:
            return super().is_too_slow(time_s * 100, EngineStats(source_fps=30.0, processed_fps=4.0))

    window.sources.open_source("camera:Fake")
    wait_for_picture(qtbot, window)
    qtbot.waitUntil(lambda: window.status.model.text() == "model fake network", timeout=WAIT)
    assert "model" not in window.strip.pill.whole
    run = window.controller.run
    assert run is not None
    run._pace = Slow()
    qtbot.waitUntil(lambda: "with the faster model" in window.strip.pill.whole, timeout=WAIT)
    qtbot.waitUntil(lambda: window.status.model.text() == "model lighter network", timeout=WAIT)
    window.controller.stop()
    wait_for(qtbot, window, EngineState.STOPPED)
    qtbot.waitUntil(lambda: window.status.model.text() == "model headcount", timeout=WAIT)
    assert "model" not in window.strip.pill.whole


def test_pause_holds_the_count_and_space_presses_it(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("endless")
    wait_for_picture(qtbot, window)
    window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    wait_for(qtbot, window, EngineState.PAUSED)
    assert window.actions_["pause"].isChecked()
    frames = settled_frames(qtbot, window)
    window.actions_["step"].trigger()
    qtbot.waitUntil(lambda: window.controller.stats.frames > frames, timeout=WAIT)
    assert settled_frames(qtbot, window) == frames + 1
    qtbot.keyClick(window, Qt.Key.Key_Space)
    wait_for(qtbot, window, EngineState.RUNNING)
    qtbot.waitUntil(lambda: window.controller.stats.frames > frames + 3, timeout=WAIT)


def test_space_presses_the_button_that_the_tab_key_has_gone_to(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("endless")
    wait_for_picture(qtbot, window)
    window.activateWindow()
    button = QToolButton(window.centralWidget())
    button.setCheckable(True)
    button.show()
    button.setFocus()
    qtbot.waitUntil(button.hasFocus, timeout=WAIT)
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert button.isChecked()
    assert window.controller.state is EngineState.RUNNING


@pytest.mark.parametrize("where", ["open", "read", "close"])
def test_stop_answers_though_the_source_hangs(
    window: MainWindow, services: FakeServices, qtbot: QtBot, where: str
) -> None:
    hung = HungSource(where)
    services.sources["hung"] = lambda: DetachedReader(hung)
    window.sources.open_source("hung")
    if where != "close":
        qtbot.waitUntil(hung.hanging.is_set, timeout=WAIT)
    else:
        qtbot.waitUntil(lambda: window.controller.info is not None, timeout=WAIT)
    began = time.monotonic()
    window.actions_["stop"].trigger()
    assert window.controller.state in (EngineState.STOPPED, EngineState.FINISHED)
    qtbot.waitUntil(lambda: all_ended(window), timeout=WAIT)
    assert time.monotonic() - began < AT_ONCE_S
    assert window.actions_["start"].isEnabled()
    hung.let_go.set()
    assert wait_for_detached(PATIENCE_S)


def test_closing_while_it_runs_leaves_no_thread(make_window: WindowMaker, services: FakeServices, qtbot: QtBot) -> None:
    window = make_window(services)
    window.sources.open_source("camera:Fake")
    wait_for_picture(qtbot, window)
    window.close()
    assert window.clean_exit
    assert all_ended(window)
    assert not window.presenter.feeder.isRunning()
    assert not window.presenter.figures.curves.isRunning()
    assert not window.watcher.isRunning()
    qtbot.waitUntil(
        lambda: not [t.name for t in threading.enumerate() if t.name.startswith("headcount")], timeout=PATIENCE_MS
    )


def test_closing_ends_although_the_source_hangs(make_window: WindowMaker, services: FakeServices, qtbot: QtBot) -> None:
    hung = HungSource("read")
    services.sources["hung"] = lambda: DetachedReader(hung)
    window = make_window(services)
    window.sources.open_source("hung")
    qtbot.waitUntil(hung.hanging.is_set, timeout=WAIT)
    window.close()
    assert window.clean_exit
    hung.let_go.set()
    assert wait_for_detached(PATIENCE_S)


def test_a_source_that_is_not_there_is_told_with_the_remedy(
    window: MainWindow, services: FakeServices, qtbot: QtBot, saved: list[Settings]
) -> None:
    window.sources.open_source("nowhere.mp4")
    wait_for(qtbot, window, EngineState.FAILED)
    assert window.banner.kind == "error"
    assert window.banner.text == "The file “nowhere.mp4” does not exist. Check its name."
    assert window.pages.currentWidget() is window.start_page
    assert not [s for s in saved if "nowhere.mp4" in s.source.recent]
    services.sources["nowhere.mp4"] = lambda: ListSource(10, 100.0)
    button(window, "Try again").click()
    wait_for(qtbot, window, EngineState.FINISHED)
    assert window.controller.counts.people == 2


def test_a_lost_camera_keeps_the_count_and_retry_goes_on_with_it(
    window: MainWindow, services: FakeServices, qtbot: QtBot
) -> None:
    services.sources["camera:Bad"] = lambda: ListSource(200, 100.0, fail_at=20)
    window.sources.open_source("camera:Bad")
    wait_for(qtbot, window, EngineState.FAILED)
    assert window.banner.text.startswith("The camera was unplugged.")
    assert window.controller.counts.people == 4
    services.sources["camera:Bad"] = lambda: ListSource(40, 100.0)
    button(window, "Try again").click()
    wait_for(qtbot, window, EngineState.FINISHED)
    qtbot.waitUntil(lambda: window.controller.counts.people == 8, timeout=WAIT)
    curve = curve_of(window)
    assert curve.female.tolist() == list(range(1, 9))
    assert all(a <= b for a, b in zip(curve.time_s, curve.time_s[1:], strict=False))


def test_a_lost_stream_is_shown_until_it_is_back(window: MainWindow, services: FakeServices, qtbot: QtBot) -> None:
    window.sources.open_source("camera:Fake")
    wait_for_picture(qtbot, window)
    services.listeners[-1](False, "The camera fell silent.")
    wait_for(qtbot, window, EngineState.RECONNECTING)
    assert window.banner.kind == "warning"
    assert "The camera fell silent." in window.banner.text
    services.listeners[-1](True, "The camera is back.")
    wait_for(qtbot, window, EngineState.RUNNING)
    assert window.banner.kind == "good"


def test_a_covered_camera_says_what_to_do_until_it_sees_again(
    window: MainWindow, services: FakeServices, qtbot: QtBot
) -> None:
    camera = CoveredCamera(covered=False)
    services.sources["camera:Covered"] = lambda: camera
    window.sources.open_source("camera:Covered")
    wait_for_picture(qtbot, window)
    camera.covered = True
    wait_for(qtbot, window, EngineState.BLANK)
    assert window.banner.kind == "warning"
    assert "Take the cap off the lens" in window.banner.text
    qtbot.waitUntil(lambda: window.strip.pill.whole.startswith("No usable picture since "), timeout=WAIT)
    assert window.strip.pill.property("kind") == "bad"
    assert window.actions_["pause"].isEnabled()
    camera.covered = False
    wait_for(qtbot, window, EngineState.RUNNING)
    assert window.banner.kind == "good"
    assert "The picture is back." in window.banner.text


def test_a_film_that_was_black_is_not_called_final(window: MainWindow, services: FakeServices, qtbot: QtBot) -> None:
    services.sources["film"] = lambda: CoveredCamera(20, live=False)
    window.sources.open_source("film")
    wait_for(qtbot, window, EngineState.FINISHED)
    qtbot.waitUntil(lambda: "not all of which was seen" in window.banner.text, timeout=WAIT)
    assert window.banner.kind == "warning"
    assert "was black throughout" in window.banner.text
    assert "final" not in window.banner.text


def test_a_damaged_model_is_told_and_nothing_hangs(window: MainWindow, services: FakeServices, qtbot: QtBot) -> None:
    services.broken_model = True
    window.change_settings(replace(window.settings, count=replace(window.settings.count, model="other")))
    window.sources.open_source("demo")
    wait_for(qtbot, window, EngineState.FAILED)
    assert window.banner.text.startswith("The model “headcount” is damaged.")
    qtbot.waitUntil(lambda: all_ended(window), timeout=WAIT)


@pytest.mark.allow_error_log
def test_a_bug_of_ours_ends_in_a_sentence(window: MainWindow, services: FakeServices, qtbot: QtBot) -> None:
    class Broken(ListSource):
        def read(self):
            if self.next == 8:
                raise ZeroDivisionError("a bug")
            return super().read()

    services.sources["broken"] = Broken
    window.sources.open_source("broken")
    wait_for(qtbot, window, EngineState.FAILED)
    assert "made a mistake of its own" in window.banner.text
    assert window.controller.counts.people == 1


def test_a_new_count_can_be_undone_and_done_again(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("endless")
    qtbot.waitUntil(people(window, 3), timeout=WAIT)
    window.actions_["pause"].trigger()
    wait_for(qtbot, window, EngineState.PAUSED)
    settled_frames(qtbot, window)
    before = window.controller.counts.people
    window.actions_["reset"].trigger()
    qtbot.waitUntil(lambda: window.side.totals.before == f"Before: {before} people, kept.", timeout=WAIT)
    assert f"Before: {before} people, kept." in window.banner.text
    # Whoever is in view counts in both, as one person of the joined count.
    assert window.actions_["undo"].text() == "&Undo: new count"
    button(window, "Undo").click()
    qtbot.waitUntil(lambda: window.controller.counts.people == before, timeout=WAIT)
    qtbot.waitUntil(lambda: window.side.totals.counts.people == before, timeout=WAIT)
    assert curve_of(window).female.tolist() == list(range(1, before + 1))
    assert window.actions_["redo"].text() == "Re&do: new count"
    window.actions_["redo"].trigger()
    assert "Done again: new count." in window.banner.text
    assert window.actions_["undo"].text() == "&Undo: new count"


def test_what_was_counted_between_a_new_count_and_its_undo_is_not_lost(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("endless")
    qtbot.waitUntil(people(window, 3), timeout=WAIT)
    window.actions_["reset"].trigger()
    qtbot.waitUntil(lambda: window.controller.stats.frames > 60, timeout=WAIT)
    window.actions_["undo"].trigger()
    window.actions_["pause"].trigger()
    frames = settled_frames(qtbot, window)
    assert window.controller.counts.people == frames // 5


def test_a_new_count_after_a_finished_one_can_be_undone_with_its_curve(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    qtbot.waitUntil(people(window, 2), timeout=WAIT)
    window.actions_["reset"].trigger()
    assert window.controller.counts.people == 0
    assert window.controller.state is EngineState.IDLE
    window.actions_["undo"].trigger()
    assert window.controller.counts.people == 2
    assert window.controller.state is EngineState.FINISHED
    assert len(curve_of(window)) == 2


def test_a_count_of_nobody_is_not_put_aside(window: MainWindow, qtbot: QtBot, store: FakeStore) -> None:
    window.actions_["reset"].trigger()
    assert "at zero already" in window.banner.text
    assert not window.actions_["undo"].isEnabled()
    assert store.sessions() == []


def test_a_start_is_a_new_count_and_the_one_before_is_kept(window: MainWindow, qtbot: QtBot, store: FakeStore) -> None:
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    window.sources.open_source("demo")
    wait_for(qtbot, window, EngineState.FINISHED)
    qtbot.waitUntil(lambda: window.controller.counts.people == 12, timeout=WAIT)
    assert window.side.totals.before == "Before: 2 people, kept."
    assert [info.people for info in store.sessions()] == [12, 2]
    assert store.unclosed() == []


def test_a_double_click_on_stop_does_not_start_again(
    window: MainWindow, services: FakeServices, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    interval_ms = [0]
    monkeypatch.setattr(QApplication, "doubleClickInterval", lambda: interval_ms[0])
    window.sources.open_source("endless")
    wait_for_picture(qtbot, window)
    qtbot.waitUntil(people(window, 1), timeout=WAIT)
    qtbot.mouseClick(window.strip.start, Qt.MouseButton.LeftButton)
    interval_ms[0] = 600_000
    qtbot.mouseClick(window.strip.start, Qt.MouseButton.LeftButton)
    assert window.controller.state is EngineState.STOPPED
    assert services.opened == ["endless"]
    interval_ms[0] = 0
    qtbot.mouseClick(window.strip.start, Qt.MouseButton.LeftButton)
    assert window.controller.active


def test_f2_renames_and_starts_nothing(window: MainWindow) -> None:
    keys = {shortcut.toString() for _, action in window.actions_.items() for shortcut in action.shortcuts()}
    assert not {k for k in keys if k.endswith("F2")}


def test_a_pause_while_it_opens_is_a_pause_when_it_is_open(
    window: MainWindow, services: FakeServices, qtbot: QtBot
) -> None:
    hold = services.hold_models()
    window.change_settings(replace(window.settings, count=replace(window.settings.count, confirm_s=1.0)))
    window.sources.open_source("endless")
    window.actions_["pause"].trigger()
    hold.set()
    wait_for(qtbot, window, EngineState.PAUSED)
    assert window.actions_["pause"].isChecked()
    assert window.view._note == "Paused"
    frames = settled_frames(qtbot, window)
    window.actions_["pause"].trigger()
    wait_for(qtbot, window, EngineState.RUNNING)
    qtbot.waitUntil(lambda: window.controller.stats.frames > frames, timeout=WAIT)


def test_another_picture_size_opens_the_camera_again_and_the_count_goes_on(
    window: MainWindow, services: FakeServices, qtbot: QtBot, store: FakeStore
) -> None:
    window.sources.open_source("camera:Fake")
    qtbot.waitUntil(people(window, 2), timeout=WAIT)
    window.sources.camera_mode(640, 480, 30.0)
    before = window.controller.counts.people
    qtbot.waitUntil(lambda: services.opened == ["camera:Fake"] * 2, timeout=WAIT)
    wait_for(qtbot, window, EngineState.RUNNING)
    qtbot.waitUntil(people(window, before + 2), timeout=WAIT)
    assert len(store.sessions()) == 1


def test_dropping_a_file_counts_it(window: MainWindow, services: FakeServices, qtbot: QtBot, tiny_clip: Path) -> None:
    services.sources[str(tiny_clip)] = lambda: ListSource(10, 100.0)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tiny_clip))])
    event = QDropEvent(
        QPointF(50, 50), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    window.dropEvent(event)
    wait_for(qtbot, window, EngineState.FINISHED)
    assert services.opened == [str(tiny_clip)]
    assert window.settings.source.recent[0] == str(tiny_clip)


def test_choices_come_back_at_the_next_start(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot, saved: list[Settings]
) -> None:
    window = make_window(services)
    window.sources.camera_mode(1920, 1080, 30.0)
    window.sources.speed(2.0)
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    window.resize(1100, 700)
    window.close()
    again = make_window(FakeServices(), saved[-1])
    assert again.choice.current == "short"
    assert tuple(again.choice.modes.currentData()) == (1920, 1080, 30.0)
    assert again.transport.speed.currentData() == 2.0
    # The width may be cut to a small screen's; the height shows that the place was taken from the settings.
    assert again.height() == 700


def test_cameras_appear_when_they_are_plugged_in(window: MainWindow, services: FakeServices, qtbot: QtBot) -> None:
    with services.lock:
        services.cameras = [("Door camera", "camera:Fake")]
    window.actions_["refresh"].trigger()
    qtbot.waitUntil(lambda: window.choice.sources.findData("camera:Fake") >= 0, timeout=WAIT)
    assert window.choice.current == "camera:Fake"
    assert window.start_page._list.count() == 1
    assert window.start_page._demo.property("primary") == "false"


def test_the_start_page_shows_a_camera_and_lets_go_of_it(
    window: MainWindow, services: FakeServices, qtbot: QtBot
) -> None:
    made: list[ListSource] = []

    def make() -> ListSource:
        made.append(ListSource(100_000, 60.0, live=True))
        return made[-1]

    services.sources["camera:Fake"] = make
    services.cameras = [("Door camera", "camera:Fake")]
    window.watcher.look_now()
    qtbot.waitUntil(lambda: window.start_page._list.count() == 1, timeout=WAIT)
    window.start_page._list.setCurrentRow(0)
    qtbot.waitUntil(lambda: window.start_page._view.frame is not None, timeout=WAIT)
    window.start_page.form._start.click()
    wait_for_picture(qtbot, window)
    assert len(made) == 2
    qtbot.waitUntil(lambda: made[0].closed > 0, timeout=WAIT)
    assert made[1].closed == 0
    assert window.controller.counts.in_view in (0, 1)


def test_snapshot_and_recording_are_saved_only_when_asked(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    window.sources.open_source("endless")
    wait_for_picture(qtbot, window)
    folder = tmp_path / "media"
    assert not folder.exists()
    window.actions_["snapshot"].trigger()
    qtbot.waitUntil(lambda: window.banner.text.startswith("Saved:"), timeout=WAIT)
    assert len(list(folder.glob("*.png"))) == 1
    window.actions_["record"].trigger()
    assert window.saver.recording
    assert window.view._recording
    frames = window.controller.stats.frames
    qtbot.waitUntil(lambda: window.controller.stats.frames > frames + 20, timeout=WAIT)
    window.actions_["record"].trigger()
    qtbot.waitUntil(lambda: len(list(folder.glob("*.mp4"))) == 1, timeout=WAIT)
    assert not window.view._recording
    assert not window.actions_["record"].isChecked()


def test_totals_are_copied_as_a_sentence(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    window.actions_["copy_totals"].trigger()
    assert QGuiApplication.clipboard().text().startswith("2 people: 2 appear female, 0 appear male")


def test_stop_before_the_models_are_there(window: MainWindow, services: FakeServices, qtbot: QtBot) -> None:
    hold = services.hold_models()
    window.change_settings(replace(window.settings, count=replace(window.settings.count, confirm_s=1.0)))
    window.sources.open_source("endless")
    assert window.controller.state is EngineState.OPENING
    window.actions_["stop"].trigger()
    assert window.controller.state is EngineState.STOPPED
    hold.set()
    qtbot.waitUntil(lambda: all_ended(window), timeout=WAIT)
    assert window.controller.state is EngineState.STOPPED
    assert services.opened.count("endless") <= 1


def test_failing_to_open_says_so_for_errors_of_every_family(window: MainWindow) -> None:
    window.presenter._failed(SourceError("The camera is busy.", "Close the other program."))
    assert window.banner.text == "The camera is busy. Close the other program."
    assert [b.text() for b in window.banner.buttons] == ["Try again", "Choose another"]


def test_what_workers_tell_arrives_on_the_gui_thread(window: MainWindow, services: FakeServices, qtbot: QtBot) -> None:
    threads: set[int] = set()
    note = lambda *_: threads.add(threading.get_ident())  # noqa: E731
    for signal in (window.controller.state_changed, window.controller.opened, window.controller.failed):
        signal.connect(note)
    seen = window.presenter._state
    window.controller.state_changed.connect(lambda s, m: (threads.add(threading.get_ident()), seen(s, m)))
    window.watcher.found.connect(note)
    window.watcher.look_now()
    services.sources["bad"] = lambda: ListSource(50, 100.0, fail_at=5)
    window.sources.open_source("bad")
    wait_for(qtbot, window, EngineState.FAILED)
    assert threads == {threading.get_ident()}


def test_full_screen_and_large_totals(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    window.actions_["full_screen"].trigger()
    assert window.isFullScreen()
    assert window.strip.isHidden()
    assert window.parts.count.tools.isHidden()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    assert not window.strip.isHidden()
    assert not window.parts.count.tools.isHidden()
    window.actions_["kiosk"].trigger()
    kiosk = window.kiosk.view
    assert kiosk is not None
    assert kiosk.isVisible()
    assert "2 people" in kiosk.accessibleDescription()
    qtbot.keyClick(kiosk, Qt.Key.Key_Escape)
    assert not kiosk.isVisible()


@pytest.mark.parametrize("key", ["about", "shortcuts", "open_url", "delete_data"])
def test_a_dialog_is_gone_once_it_is_closed(window: MainWindow, qtbot: QtBot, key: str) -> None:
    before = len(window.findChildren(QDialog))
    for _ in range(2):
        QTimer.singleShot(30, lambda: QApplication.activeModalWidget().reject())
        window.actions_[key].trigger()
    qtbot.wait(50)
    assert len(window.findChildren(QDialog)) == before


def test_every_command_has_words_a_tip_and_its_own_shortcut(window: MainWindow) -> None:
    seen: dict[str, str] = {}
    for key, action in window.actions_.items():
        assert action.text(), key
        assert action.toolTip(), key
        for shortcut in action.shortcuts():
            text = shortcut.toString()
            assert text not in seen, f"{key} and {seen.get(text)} share {text}"
            seen[text] = key


def test_every_control_has_an_accessible_name(window: MainWindow) -> None:
    from PySide6.QtWidgets import QAbstractButton, QComboBox, QSlider

    window.parts.setup.doors.places.refresh()
    nameless = [
        w.objectName() or type(w).__name__
        for kind in (QAbstractButton, QComboBox, QSlider)
        for w in window.findChildren(kind)
        if not (w.accessibleName() or (isinstance(w, QAbstractButton) and w.text()))
        and w.objectName() != "qt_menubar_ext_button"
    ]
    assert nameless == []


def test_both_themes_reach_every_part(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    colours = []
    for name in ("light", "dark"):
        window.change_settings(replace(window.settings, ui=replace(window.settings.ui, theme=name)))
        qtbot.wait(50)
        image = window.side.totals.grab().toImage()
        colours.append(image.pixelColor(image.width() // 2, 12).lightness())
    assert colours[0] > 200
    assert colours[1] < 70


def test_the_window_fits_a_small_screen_and_every_button_stays_in_reach(window: MainWindow, qtbot: QtBot) -> None:
    assert window.minimumWidth() <= 800
    assert window.minimumHeight() <= 500
    window.sources.open_source("endless")
    wait_for_picture(qtbot, window)
    for width, height in ((1280, 800), (800, 500), (window.minimumWidth(), window.minimumHeight()), (1280, 800)):
        window.resize(width, height)
        qtbot.wait(50)
        assert (window.width(), window.height()) == (width, height)
        assert window.strip.rect().contains(window.strip.start.geometry())
        for row in (window.parts.count.tools, window.parts.count.commands):
            assert all(row.rect().contains(b.geometry()) for b in row.findChildren(QToolButton) if b.isVisible())


def test_the_three_tabs_have_keys_and_the_strip_stands_above_each(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    for number, name in enumerate(("Count", "Results", "Set up")):
        qtbot.keyClick(window, Qt.Key(Qt.Key.Key_1 + number), Qt.KeyboardModifier.ControlModifier)
        assert window.tabs.currentIndex() == number
        assert window.tabs.tabText(number) == name
        assert window.strip.isVisible()


def test_enter_presses_a_button_as_space_does(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    window.start_page._buttons["open_demo"].setFocus()
    qtbot.keyClick(window.start_page._buttons["open_demo"], Qt.Key.Key_Return)
    wait_for_picture(qtbot, window)
    wait_for(qtbot, window, EngineState.FINISHED)
    assert "See the result" in [b.text() for b in window.banner.buttons]
    window.parts.show_tab("results")
    assert window.banner.text == "", "what leads here is settled"


def test_the_strip_says_what_is_going_on(window: MainWindow, services: FakeServices, qtbot: QtBot) -> None:
    assert window.strip.pill.whole == "Ready"
    window.actions_["show_setup"].trigger()
    window.sources.open_source("camera:Fake")
    assert window.tabs.currentIndex() == 0
    qtbot.waitUntil(people(window, 1), timeout=WAIT)
    qtbot.waitUntil(lambda: "last person just now" in window.strip.pill.whole, timeout=WAIT)
    assert window.strip.pill.whole.startswith("Counting since ")
    assert window.strip.pill.property("kind") == "good"
    services.listeners[-1](False, "The camera fell silent.")
    wait_for(qtbot, window, EngineState.RECONNECTING)
    assert window.strip.pill.property("kind") == "bad"
    assert window.strip.pill.whole.endswith("The camera fell silent.")
    window.actions_["stop"].trigger()
    assert window.strip.pill.whole.startswith("Stopped at ")


@pytest.mark.parametrize("set_by_s", [-3600.0, 5 * 365 * 86_400.0])
def test_when_the_last_person_came_is_right_while_the_clock_is_set(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, set_by_s: float
) -> None:
    window.sources.open_source("endless")
    qtbot.waitUntil(people(window, 1), timeout=WAIT)
    figures = window.presenter.figures
    main = main_figure("people", Counts(), {})
    told = [(1, 1)]
    monkeypatch.setattr(figures_presenter, "_people_and_arrivals", lambda _totals: told[0])
    figures._show_strip(Counts(female=1), main)
    told[0] = (2, 2)
    figures._show_strip(Counts(female=2), main)
    now_utc, now_s = time.time() + set_by_s, time.monotonic() + 150.0
    clocks = SimpleNamespace(time=lambda: now_utc, monotonic=lambda: now_s)
    monkeypatch.setattr(figures_presenter, "time", clocks)
    for number in (2, 1, 2):  # one is corrected to be staff, and that is taken back: nobody came
        told[0] = (number, 2)
        figures._show_strip(Counts(female=number), main)
        assert "last person 2 min ago" in figures.pill.text
    told[0] = (2, 3)
    figures._show_strip(Counts(female=2), main)
    told[0] = (3, 4)
    figures._show_strip(Counts(female=3), main)
    assert "last person just now" in figures.pill.text
    monkeypatch.undo()


@pytest.mark.parametrize("is_kept", [True, False])
def test_only_a_count_that_is_kept_is_called_the_one_before(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, is_kept: bool
) -> None:
    further_pass = SimpleNamespace(is_kept=is_kept, counts=lambda: Counts(female=3))
    monkeypatch.setattr(window.controller.manager, "previous", further_pass)
    assert window.controller.people_before == (3 if is_kept else 0)
    monkeypatch.undo()


def test_a_correction_leaves_people_counted_at_one_moment_in_their_order(qtbot: QtBot) -> None:
    log = SessionLog("s", SequenceNumbers(), clock=lambda: 1000.0)
    log.append([Counted(1.0, "a", 1, 0.5), Counted(1.0, "b", 2, 0.5), Counted(1.0, "c", 3, 0.5)])
    reader = CurveReader()
    assert [r.ref for r in reader._read(log, False, None).recent] == ["c", "b", "a"]
    log.append([Corrected(2.0, "c", "staff", "yes", "no")])
    assert [r.ref for r in reader._read(log, False, None).recent] == ["c", "b", "a"]


def test_a_start_while_the_window_closes_is_not_taken_over_by_it(window: MainWindow, qtbot: QtBot) -> None:
    server = InstanceServer(f"closing-{id(qtbot)}")
    hear_later_starts(server, window)
    asked: list[list[str]] = []
    server.asked.connect(asked.append)
    later = QLocalSocket()
    later.connectToServer(server.address)
    assert later.waitForConnected(WAIT)
    later.write(b'{"open": ["film.mp4"]}\n')
    later.flush()
    assert window.close()
    qtbot.waitUntil(lambda: later.state() is QLocalSocket.LocalSocketState.UnconnectedState, timeout=WAIT)
    assert bytes(later.readAll().data()) == b"", "it was told that a window has its film, and ended"
    assert asked == []
    assert not window.isVisible()


def test_the_name_of_the_occasion_is_kept_and_can_be_undone(window: MainWindow, qtbot: QtBot, store: FakeStore) -> None:
    window.strip.name.setFocus()
    qtbot.keyClicks(window.strip.name, "Spring fair")
    qtbot.keyClick(window.strip.name, Qt.Key.Key_Return)
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    assert store.sessions()[0].name == "Spring fair"
    window.strip.name.clearFocus()
    window.count.rename("Autumn fair")
    assert window.strip.name.text() == "Autumn fair"
    assert window.actions_["undo"].text() == "&Undo: rename"
    window.actions_["undo"].trigger()
    assert window.strip.name.text() == "Spring fair"
