"""The Count tab: three steps before a count, what can be put right during one, and the keyboard throughout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QMenu
from pytestqt.qtbot import QtBot

from desktop_app.domain.events import Added
from desktop_app.domain.record_sums import PlaceFigures
from desktop_app.domain.types import Counts, Gender
from desktop_app.engine.state import EngineState
from desktop_app.settings import PlaceSettings, Settings
from desktop_app.ui.figures.totals import main_figure
from desktop_app.ui.picture.missed_dialog import MissedDialog
from desktop_app.ui.results import count_list, header
from desktop_app.ui.sources import last_count
from desktop_app.ui.sources.last_count import LastCount, find_last
from desktop_app.ui.sources.start_form import next_moment
from desktop_app.ui.widgets.texts import day_words
from desktop_app.ui.window.main_window import MainWindow
from tests.engine.fakes import ListSource
from tests.patience import PATIENCE_MS
from tests.ui.conftest import WindowMaker
from tests.ui.fakes import FakeServices, FakeStore

WAIT = PATIENCE_MS

pytestmark = pytest.mark.slow


def wait_for(qtbot: QtBot, window: MainWindow, state: EngineState) -> None:
    qtbot.waitUntil(lambda: window.controller.state is state, timeout=WAIT)


def people(window: MainWindow, number: int) -> Callable[[], bool]:
    return lambda: window.controller.counts.people >= number


def finished(window: MainWindow, qtbot: QtBot) -> None:
    """Count the short film, in which two people appear female."""
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    qtbot.waitUntil(lambda: window.parts.count.recent.list.topLevelItemCount() == 2, timeout=WAIT)


# ---- before a count


def test_the_second_step_says_how_well_the_camera_sees(
    window: MainWindow, services: FakeServices, qtbot: QtBot
) -> None:
    services.cameras = [("Door camera", "camera:Fake")]
    window.watcher.look_now()
    page = window.start_page
    qtbot.waitUntil(lambda: page._list.count() == 1, timeout=WAIT)
    assert not page.form._start.isEnabled()
    page._list.setCurrentRow(0)
    assert page.form._start.isEnabled()
    qtbot.waitUntil(lambda: "pixels" in page.sight.text, timeout=WAIT)
    assert len(page.sight.text.splitlines()) == 3
    assert window.controller.counts == Counts()  # looking is not counting
    page.stop_preview()
    assert page.sight.text == ""


def test_the_third_step_names_the_count(
    window: MainWindow, services: FakeServices, store: FakeStore, qtbot: QtBot
) -> None:
    services.cameras = [("Door camera", "camera:Fake")]
    window.watcher.look_now()
    page = window.start_page
    qtbot.waitUntil(lambda: page._list.count() == 1, timeout=WAIT)
    page._list.setCurrentRow(0)
    page.form.occasion.setFocus()
    qtbot.keyClicks(page.form.occasion, "Spring fair")
    page.form.place.setFocus()
    qtbot.keyClicks(page.form.place, "Main door")
    page.form._start.setFocus()
    assert window.strip.name.text() == "Spring fair"
    assert window.parts.setup.doors.name.text() == "Main door"
    page.form._start.click()
    qtbot.waitUntil(people(window, 1), timeout=WAIT)
    (info,) = store.sessions()
    assert (info.name, info.place) == ("Spring fair", "Main door")


def test_the_same_as_before_is_one_click(
    make_window: WindowMaker, services: FakeServices, store: FakeStore, qtbot: QtBot
) -> None:
    first = make_window(services)
    assert first.start_page._again.isHidden()
    first.count.plan("Spring fair", "Main door")
    first.sources.open_source("short")
    wait_for(qtbot, first, EngineState.FINISHED)
    qtbot.waitUntil(people(first, 2), timeout=WAIT)
    first.close()
    second = make_window(services)
    qtbot.waitUntil(lambda: not second.start_page._again.isHidden(), timeout=WAIT)
    assert second.start_page._again.text() == "Same as today: Main door"
    second.start_page._again.click()
    wait_for(qtbot, second, EngineState.FINISHED)
    assert services.opened[-1] == "short"
    assert store.sessions()[0].name == "Spring fair"


def test_the_demo_clip_is_nothing_to_repeat(window: MainWindow, store: FakeStore, qtbot: QtBot) -> None:
    window.sources.open_source("demo")
    wait_for(qtbot, window, EngineState.FINISHED)
    assert find_last(store) is None


def test_days_are_said_as_people_say_them() -> None:
    today = date(2026, 5, 14)
    assert [day_words(date(2026, 5, day), today) for day in (14, 13, 12)] == ["today", "yesterday", "12 May"]
    assert day_words(date(2025, 5, 12), today) == "12 May 2025"


def test_a_name_given_in_results_is_that_of_the_next_count_too(window: MainWindow, qtbot: QtBot) -> None:
    window.count.plan("Fair", "Main door")
    finished(window, qtbot)
    results, controller = window.parts.results, window.controller
    window.parts.show_tab("results")
    qtbot.waitUntil(lambda: results.session is controller.session is not None, timeout=WAIT)

    def rename(name: str, place: str) -> None:
        assert controller.session is not None
        controller.session.rename(name, place)
        results.changes.renamed.emit("named")

    rename("Spring fair", "Side door")
    assert window.strip.name.text() == "Spring fair"
    assert (controller.plan.name, controller.plan.place) == ("Spring fair", "Side door")
    window.actions_["undo"].trigger()
    assert (controller.plan.name, controller.plan.place) == ("Fair", "Main door")
    window.count.plan("Concert", "Main door")  # what the next one is called was chosen: it stays
    rename("Summer fair", "Back door")
    assert (controller.plan.name, controller.plan.place) == ("Concert", "Back door")


def test_what_was_today_is_yesterday_after_midnight(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [datetime.now()]

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return clock[0].astimezone(tz) if tz is not None else clock[0]

    window = make_window(services)
    window.count.plan("Spring fair", "Main door")
    window.sources.open_source("short")
    wait_for(qtbot, window, EngineState.FINISHED)
    qtbot.waitUntil(people(window, 2), timeout=WAIT)
    assert window.controller.session is not None
    # Midnight comes when the test says so, and not also while it runs.
    clock[0] = datetime.fromtimestamp(window.controller.session.log.entries()[0].utc)
    for module in (count_list, header, last_count):
        monkeypatch.setattr(module, "datetime", Clock)
    monkeypatch.setattr(window.parts.day, "_today", lambda: clock[0].date())
    window.parts.day.look()
    window.start_page.show_last(LastCount((("Door", "short"),), "Spring fair", "Main door", clock[0].timestamp()))
    window.parts.show_tab("results")
    results = window.parts.results
    qtbot.waitUntil(lambda: results.session is not None and not results.busy, timeout=WAIT)
    assert results.list.counts.day_at(results.list.counts.index(0)) == "Today"
    clock[0] += timedelta(days=1)
    window.parts.day.look()
    qtbot.waitUntil(lambda: not results.busy, timeout=WAIT)
    assert results.list.counts.day_at(results.list.counts.index(0)) == "Yesterday"
    assert results.header.about.whole.startswith("Yesterday, ")
    assert window.start_page._again.text() == "Same as yesterday: Main door"


def test_a_planned_end_is_today_or_tomorrow() -> None:
    now = datetime(2026, 5, 12, 16, 30).timestamp()
    assert datetime.fromtimestamp(next_moment(17, 0, now)) == datetime(2026, 5, 12, 17)
    assert datetime.fromtimestamp(next_moment(16, 0, now)) == datetime(2026, 5, 13, 16)


def test_a_count_ends_when_it_was_planned_to(window: MainWindow, qtbot: QtBot) -> None:
    planned = datetime.now() + timedelta(hours=12)
    words = f"{planned:%H:%M}"
    window.start_page.form.plan_stop(planned.hour, planned.minute)
    window.sources.open_source("camera:Fake")
    qtbot.waitUntil(people(window, 1), timeout=WAIT)
    stop = window.commands.planned_stop
    assert datetime.fromtimestamp(stop.utc).strftime("%H:%M") == words
    qtbot.waitUntil(lambda: f"stops at {words}" in window.strip.pill.whole, timeout=WAIT)
    stop.look()
    assert window.controller.active
    stop._clock = lambda: stop.utc + 1
    stop.look()
    assert not window.controller.active
    assert "as planned" in window.banner.text
    window.sources.open_source("camera:Fake")  # the plan was for one count
    qtbot.waitUntil(people(window, 1), timeout=WAIT)
    assert stop.utc == 0.0


# ---- the main number


def test_the_main_number_is_who_enters_where_that_was_chosen() -> None:
    counts = Counts(female=3, male=2)
    lines = {"A": PlaceFigures("line", 4, 1), "B": PlaceFigures("line", 2, 0), "Z": PlaceFigures("zone", visits=9)}
    entering = main_figure("entering", counts, lines)
    assert (entering.number, entering.words, entering.beside) == (6, "came in", "of 5 people seen")
    assert main_figure("people", counts, lines).number == 5
    # Without a line nobody can be seen to enter.
    assert main_figure("entering", counts, {}).number == 5


def test_who_enters_stands_in_the_strip_and_the_panel(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    settings = replace(Settings(), places=(PlaceSettings("Door", "line", ((0.1, 0.5), (0.9, 0.5)), "endless"),))
    window = make_window(services, settings)
    window.start_page.form._entering.click()
    assert window.settings.ui.main_number == "entering"
    window.sources.open_source("endless")
    qtbot.waitUntil(people(window, 1), timeout=WAIT)
    qtbot.waitUntil(lambda: window.strip.total.text() == "0 came in", timeout=WAIT)
    assert window.side.totals._what.text() == "came in"
    (card,) = window.side.doors.sections[0].places.cards
    assert card.accessibleName() == "Line Door: in 0, out 0"


def test_who_enters_without_a_line_is_asked_to_draw_one(window: MainWindow, qtbot: QtBot) -> None:
    window.start_page.form._entering.click()
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: "counted at a line" in window.banner.text, timeout=WAIT)
    (draw,) = [b for b in window.banner.buttons if b.text() == "Draw the line"]
    draw.click()
    assert window.view.editor.drawing
    assert "It counts heads" in window.banner.text


def test_a_finished_count_is_one_click_from_its_result(window: MainWindow, qtbot: QtBot) -> None:
    finished(window, qtbot)
    (see,) = [b for b in window.banner.buttons if b.text() == "See the result"]
    see.click()
    assert window.tabs.currentWidget() is window.parts.results
    assert window.banner.text == "", "nothing lies over the result"


# ---- putting right


def test_a_missed_person_is_added_by_key_and_taken_back(window: MainWindow, qtbot: QtBot) -> None:
    finished(window, qtbot)
    window.activateWindow()
    window.view.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(window, Qt.Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
    window.actions_["missed"].trigger()
    counts = window.controller.counts
    assert (counts.female, counts.male, counts.undecided) == (3, 1, 1)
    qtbot.waitUntil(lambda: window.parts.count.recent.list.topLevelItemCount() == 5, timeout=WAIT)
    assert window.actions_["undo"].text() == "&Undo: one added by hand"
    for _ in range(3):
        window.actions_["undo"].trigger()
    assert window.controller.counts.people == 2


def test_a_missed_person_can_have_a_note(window: MainWindow, store: FakeStore, qtbot: QtBot) -> None:
    finished(window, qtbot)

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, MissedDialog)
        dialog._gender.setCurrentIndex(2)
        dialog._age.setCurrentIndex(4)
        dialog._note.setText("behind a trolley")
        dialog.accept()

    QTimer.singleShot(50, answer)
    window.actions_["missed_note"].trigger()
    (added,) = [e.event for e in store.all if isinstance(e.event, Added)]
    assert (added.gender, added.age_band, added.note) == (Gender.MALE, "20-29", "behind a trolley")


def test_nobody_is_missed_before_a_count(window: MainWindow) -> None:
    for key in ("missed", "missed_female", "missed_male", "missed_note", "wrong"):
        assert not window.actions_[key].isEnabled(), key


def test_recent_people_are_put_right_with_the_keyboard_alone(window: MainWindow, qtbot: QtBot) -> None:
    finished(window, qtbot)
    window.activateWindow()
    recent = window.parts.count.recent
    qtbot.keyClick(window, Qt.Key.Key_W)
    assert recent.isVisible()
    assert recent.list.hasFocus()
    newest = recent.chosen
    assert newest
    assert recent.list.topLevelItem(0).text(1) == "appears female, 20–29"
    qtbot.keyClick(recent.list, Qt.Key.Key_M)
    assert window.controller.counts.male == 1
    qtbot.waitUntil(lambda: recent.list.topLevelItem(0).text(1) == "appears male, 20–29, set by hand", timeout=WAIT)
    assert recent.chosen == newest  # the list was made anew, and the choice stays
    qtbot.keyClick(recent.list, Qt.Key.Key_Down)
    qtbot.keyClick(recent.list, Qt.Key.Key_S)  # staff, and no snapshot, which has the same key elsewhere
    assert window.controller.counts.people == 1
    qtbot.keyClick(recent.list, Qt.Key.Key_Up)
    qtbot.keyClick(recent.list, Qt.Key.Key_Delete)
    assert window.controller.counts.people == 0
    qtbot.waitUntil(lambda: recent.list.topLevelItem(0).text(1) == "not a person", timeout=WAIT)
    for _ in range(3):
        window.actions_["undo"].trigger()
    assert window.controller.counts.female == 2


def test_enter_opens_everything_else_that_can_be_done(window: MainWindow, qtbot: QtBot) -> None:
    finished(window, qtbot)
    window.actions_["wrong"].trigger()
    qtbot.keyClick(window.parts.count.recent.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu), timeout=WAIT)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    names = {a.objectName() for a in menu.actions()}
    menu.close()
    assert {"gender female", "gender male", "staff", "removed"} <= names


def test_a_name_being_typed_adds_nobody(window: MainWindow, qtbot: QtBot) -> None:
    finished(window, qtbot)
    window.activateWindow()
    window.strip.name.setFocus()
    window.strip.name.clear()
    qtbot.keyClicks(window.strip.name, "WSM +F ")
    assert window.strip.name.text() == "WSM +F "
    assert window.controller.counts.people == 2


# ---- messages


def test_a_message_floats_over_the_picture_and_moves_nothing(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(1100, 720)
    window.sources.open_source("endless")
    qtbot.waitUntil(people(window, 1), timeout=WAIT)
    window.banner.clear()
    qtbot.wait(50)
    before = window.view.geometry()
    window.banner.show_message(
        "warning", "The disk is nearly full. " * 8, "Free some space.", (("Show", lambda: None),)
    )
    qtbot.wait(50)
    assert window.view.geometry() == before
    shown = window.banner.geometry()
    top_left = window.view.mapTo(window.parts.central, window.view.rect().topLeft())
    assert window.view.rect().translated(top_left).contains(shown)
    words = window.banner._title
    assert words.height() >= words.heightForWidth(words.width())  # nothing is cut off
    window.actions_["show_setup"].trigger()
    qtbot.wait(50)
    assert window.banner.isVisible()


# ---- keyboard and screen reader


def test_the_keyboard_alone_goes_from_a_camera_to_the_results(
    window: MainWindow, services: FakeServices, qtbot: QtBot
) -> None:
    services.cameras = [("Door camera", "camera:Fake"), ("Side camera", "camera:Side")]
    services.sources["camera:Side"] = lambda: ListSource(100_000, 60.0, live=True)
    window.activateWindow()
    window.watcher.look_now()
    page = window.start_page
    qtbot.waitUntil(lambda: page._list.count() == 2, timeout=WAIT)

    def tab_to(widget: object) -> None:
        for _ in range(60):
            if QApplication.focusWidget() is widget:
                return
            qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        raise AssertionError(f"the Tab key never comes to {widget}")

    def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        qtbot.keyClick(QApplication.focusWidget() or window, key, modifier)

    page.begin_here()
    press(Qt.Key.Key_Down)
    press(Qt.Key.Key_Down)
    assert page._chosen_source() == "camera:Side"
    tab_to(page.form.occasion)
    for letter in "Fair":
        qtbot.keyClicks(QApplication.focusWidget(), letter)
    tab_to(page.form._start)
    press(Qt.Key.Key_Space)
    qtbot.waitUntil(people(window, 2), timeout=WAIT)
    assert services.opened[-1] == "camera:Side"
    press(Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    assert window.controller.state is EngineState.STOPPED
    press(Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert window.tabs.currentWidget() is window.parts.results
    assert window.controller.session is not None
    assert window.controller.session.name == "Fair"


def test_a_screen_reader_is_told_the_numbers(window: MainWindow, qtbot: QtBot) -> None:
    finished(window, qtbot)
    qtbot.waitUntil(lambda: window.strip.total.text() == "2 people", timeout=WAIT)
    names = [w.accessibleName() for w in window.findChildren(QLabel) if w.isVisible() and w.accessibleName()]
    for told in (
        "State: Finished: short",
        "Counted so far: 2 people",
        "People counted: 2",
        "appears female: 2",
        "appears female: 100%",
        "appears male: 0",
        "undecided: 0",
        "In view now: 1",
    ):
        assert told in names, told
    assert window.side.ages is not None
    assert window.side.ages.accessibleDescription() == "20-29: 2"
    assert window.side.chart is not None
    qtbot.waitUntil(lambda: "appears female 2" in window.side.chart.curve.accessibleDescription(), timeout=WAIT)


@pytest.mark.parametrize("tab", ["count", "results", "setup"])
def test_everything_that_takes_the_keyboard_has_a_name(window: MainWindow, qtbot: QtBot, tab: str) -> None:
    finished(window, qtbot)
    window.parts.show_tab(tab)
    qtbot.wait(100)
    page = window.tabs.currentWidget()
    nameless = []
    for widget in page.findChildren(object):
        policy = getattr(widget, "focusPolicy", None)
        if policy is not None and widget.isHidden():  # by itself: what lies on another page is looked at, too
            continue
        if policy is None or not policy() & Qt.FocusPolicy.TabFocus or widget.parent().inherits("QAbstractSpinBox"):
            continue
        text = getattr(widget, "text", None)
        inner = (
            widget.objectName().startswith("qt_")
            or widget.inherits("QTabBar")
            or widget.inherits("QAbstractScrollArea")
        )
        if not (widget.accessibleName() or (callable(text) and text()) or inner):
            nameless.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    assert nameless == []


def test_the_missed_dialog_is_not_left_behind(window: MainWindow, qtbot: QtBot) -> None:
    finished(window, qtbot)
    QTimer.singleShot(30, lambda: QApplication.activeModalWidget().reject())
    window.actions_["missed_note"].trigger()
    assert window.controller.counts.people == 2
    qtbot.wait(20)
    assert not window.findChildren(QDialog)
