"""Lines and zones on the picture: drawn, moved, named, undone; and why the network says what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from pytestqt.qtbot import QtBot

from desktop_app.domain.events import Crossed
from desktop_app.domain.types import Attributes, Track
from desktop_app.engine.state import EngineState
from desktop_app.errors import ModelError
from desktop_app.settings import PlaceSettings, Settings
from desktop_app.ui.models.why import WhyDialog
from desktop_app.ui.places.place_editor import PlaceEditor, free_name
from desktop_app.ui.window.main_window import MainWindow
from desktop_app.vision.attributes.preprocess import InputSpec
from desktop_app.vision.explain import Explanation
from tests.ui.fakes import FakeServices
from tests.ui.test_window import WAIT, wait_for_picture

AREA = QRectF(100, 50, 400, 200)


def press(editor: PlaceEditor, x: float, y: float, kind: QEvent.Type = QEvent.Type.MouseButtonPress) -> bool:
    at = QPointF(AREA.left() + x * AREA.width(), AREA.top() + y * AREA.height())
    button = Qt.MouseButton.LeftButton
    event = QMouseEvent(kind, at, at, button, button, Qt.KeyboardModifier.NoModifier)
    if kind == QEvent.Type.MouseMove:
        return editor.move(event, AREA)
    if kind == QEvent.Type.MouseButtonRelease:
        return editor.release(event, AREA)
    return editor.press(event, AREA)


def key(editor: PlaceEditor, which: Qt.Key) -> bool:
    return editor.key(QKeyEvent(QEvent.Type.KeyPress, which, Qt.KeyboardModifier.NoModifier))


@pytest.fixture
def editor(qtbot: QtBot) -> PlaceEditor:
    return PlaceEditor()


def test_two_clicks_make_a_line_in_shares_of_the_picture(editor: PlaceEditor) -> None:
    editor.start("line")
    press(editor, 0.25, 0.5)
    press(editor, 0.75, 0.25)
    (line,) = editor.places
    assert (line.name, line.kind) == ("Line 1", "line")
    assert line.points == (pytest.approx((0.25, 0.5)), pytest.approx((0.75, 0.25)))
    assert not editor.drawing


def test_a_zone_closes_on_its_first_corner_or_with_enter(editor: PlaceEditor) -> None:
    for closing in ("click", "key"):
        editor.start("zone")
        for x, y in ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8)):
            press(editor, x, y)
        if closing == "click":
            press(editor, 0.2, 0.2)
        else:
            key(editor, Qt.Key.Key_Return)
    assert [p.name for p in editor.places] == ["Zone 1", "Zone 2"]
    assert all(len(p.points) == 3 for p in editor.places)


def test_two_corners_are_no_zone(editor: PlaceEditor) -> None:
    editor.start("zone")
    press(editor, 0.2, 0.2)
    press(editor, 0.8, 0.2)
    assert not key(editor, Qt.Key.Key_Return)
    assert key(editor, Qt.Key.Key_Escape)
    assert editor.places == ()
    assert not editor.drawing


def test_a_double_click_on_one_spot_is_no_line(editor: PlaceEditor) -> None:
    editor.start("line")
    press(editor, 0.5, 0.5)
    press(editor, 0.5, 0.5)
    assert editor.places == ()
    assert editor.drawing


def test_a_dragged_corner_is_one_change(editor: PlaceEditor) -> None:
    line = PlaceSettings("Door", "line", ((0.1, 0.1), (0.9, 0.9)))
    editor.load([line])
    assert press(editor, 0.9, 0.9)
    for x in (0.8, 0.7, 0.6):
        press(editor, x, 0.5, QEvent.Type.MouseMove)
    press(editor, 0.6, 0.5, QEvent.Type.MouseButtonRelease)
    assert editor.places[0].points[1] == pytest.approx((0.6, 0.5))
    assert editor.undo_stack.undo_name == "move Door"
    editor.undo_stack.undo()
    assert editor.places == (line,)
    assert editor.undo_stack.undo_name == ""
    editor.undo_stack.redo()
    assert editor.places[0].points[1] == pytest.approx((0.6, 0.5))


def test_a_corner_stays_within_the_picture(editor: PlaceEditor) -> None:
    editor.load([PlaceSettings("Door", "line", ((0.1, 0.1), (0.9, 0.9)))])
    press(editor, 0.9, 0.9)
    press(editor, 3.0, -2.0, QEvent.Type.MouseMove)
    press(editor, 3.0, -2.0, QEvent.Type.MouseButtonRelease)
    assert editor.places[0].points[1] == (1.0, 0.0)


def test_a_line_cannot_be_dragged_to_nothing(editor: PlaceEditor) -> None:
    editor.load([PlaceSettings("Door", "line", ((0.1, 0.1), (0.9, 0.9)))])
    press(editor, 0.9, 0.9)
    press(editor, 0.1, 0.1, QEvent.Type.MouseMove)
    press(editor, 0.1, 0.1, QEvent.Type.MouseButtonRelease)
    assert editor.places[0].points == ((0.1, 0.1), (0.9, 0.9))


def test_what_was_drawn_after_a_count_has_no_figures_in_it(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("endless")
    wait_for_picture(qtbot, window)
    draw_line(window, qtbot)
    first = window.side.doors.sections[0].places.cards[0]
    qtbot.waitUntil(lambda: first.text == "in 0, out 0", timeout=WAIT)
    window.controller.stop()
    qtbot.waitUntil(lambda: window.controller.manager.wait(0.0), timeout=WAIT)
    window.view.editor.start("zone")
    for x, y in ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8)):
        press(window.view.editor, x, y)
    key(window.view.editor, Qt.Key.Key_Return)
    window.presenter.show_figures()
    first, late = window.side.doors.sections[0].places.cards
    assert first.text == "in 0, out 0"
    assert late.text == "inside –, visits –, stay –"  # nobody watched it, which is not 0
    assert "next start" in late.toolTip()
    assert not first.toolTip()


def test_names_are_kept_apart(editor: PlaceEditor) -> None:
    editor.load([PlaceSettings("A", "line", ((0, 0), (1, 1))), PlaceSettings("B", "line", ((0, 1), (1, 0)))])
    with pytest.raises(ValueError, match="already a place named B"):
        editor.rename(0, " B ")
    with pytest.raises(ValueError, match="name is needed"):
        editor.rename(0, "  ")
    with pytest.raises(ValueError, match="at most 60"):
        editor.rename(0, "x" * 61)
    editor.rename(0, "Main door")
    assert [p.name for p in editor.places] == ["Main door", "B"]
    assert free_name("line", ["Line 1", "Line 3"]) == "Line 2"


def test_flip_staff_remove_and_the_way_back(editor: PlaceEditor) -> None:
    zone = PlaceSettings("Desk", "zone", ((0, 0), (1, 0), (1, 1)))
    line = PlaceSettings("Door", "line", ((0.1, 0.2), (0.3, 0.4)))
    editor.load([zone, line])
    editor.flip(1)
    assert editor.places[1].points == ((0.3, 0.4), (0.1, 0.2))
    editor.set_staff(0, True)
    assert editor.places[0].kind == "staff"
    editor.remove(0)
    assert len(editor.places) == 1
    names = [editor.undo_stack.undo() for _ in range(3)]
    assert names == ["delete Desk", "staff zone, Desk", "exchange in and out, Door"]
    assert editor.places == (zone, line)


def draw_line(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_["add_line"].trigger()
    assert "Click where the line starts" in window.banner.text
    area = window.view.picture_rect()
    for x in (0.3, 0.7):
        at = QPointF(area.left() + x * area.width(), area.center().y()).toPoint()
        qtbot.mouseClick(window.view, Qt.MouseButton.LeftButton, pos=at)


def test_a_line_drawn_while_counting_counts_and_is_kept(
    window: MainWindow, services: FakeServices, qtbot: QtBot
) -> None:
    window.sources.open_source("endless")
    wait_for_picture(qtbot, window)
    draw_line(window, qtbot)
    assert [p.name for p in window.settings.places] == ["Line 1"]
    places = services.pipelines[-1].places
    qtbot.waitUntil(lambda: places[-1] == (("Line 1",), (), ()), timeout=WAIT)
    qtbot.waitUntil(lambda: window.view.editor.figures == {"Line 1": "in 0   out 0"}, timeout=WAIT)
    assert window.parts.setup.doors.places.tree.topLevelItem(0).text(1) == "in 0   out 0"
    log = window.controller.log
    assert log is not None
    person = window.controller.bridge.latest.tracks[0].person
    log.append([Crossed(1.0, person, "Line 1", "in")], "main")
    qtbot.waitUntil(
        lambda: window.parts.setup.doors.places.tree.topLevelItem(0).text(1) == "in 1   out 0", timeout=WAIT
    )
    assert window.actions_["undo"].text() == "&Undo: draw Line 1"
    window.actions_["undo"].trigger()
    assert window.settings.places == ()
    qtbot.waitUntil(lambda: places[-1] == ((), (), ()), timeout=WAIT)
    window.actions_["redo"].trigger()
    assert [p.name for p in window.settings.places] == ["Line 1"]


def test_undo_while_drawing_takes_the_last_point_back_and_then_the_drawing(window: MainWindow, qtbot: QtBot) -> None:
    window.sources.open_source("endless")
    wait_for_picture(qtbot, window)
    window.actions_["add_zone"].trigger()
    area = window.view.picture_rect()
    at = QPointF(area.center()).toPoint()
    qtbot.mouseClick(window.view, Qt.MouseButton.LeftButton, pos=at)
    assert window.actions_["undo"].text() == "&Undo: last point"
    window.actions_["undo"].trigger()
    assert window.view.editor.drawing
    assert not window.view.editor.has_points
    window.actions_["undo"].trigger()
    assert not window.view.editor.drawing


def test_a_line_deleted_or_drawn_while_the_models_load_counts_as_it_is_then(
    window: MainWindow, services: FakeServices, qtbot: QtBot
) -> None:
    door = PlaceSettings("Door", "line", ((0.1, 0.1), (0.9, 0.9)))
    desk = PlaceSettings("Desk", "zone", ((0, 0), (1, 0), (1, 1)))
    window.view.editor.set_places([door], "draw Door")
    hold = services.hold_models()
    window.change_settings(replace(window.settings, count=replace(window.settings.count, confirm_s=1.0)))
    window.sources.open_source("endless")
    window.view.editor.set_places([desk], "other places")
    hold.set()
    qtbot.waitUntil(lambda: window.controller.state is EngineState.RUNNING, timeout=WAIT)
    qtbot.waitUntil(lambda: services.pipelines[-1].places[-1] == ((), ("Desk",), ()), timeout=WAIT)


def test_a_line_deleted_between_two_counts_counts_no_more(
    window: MainWindow, services: FakeServices, qtbot: QtBot
) -> None:
    window.view.editor.set_places([PlaceSettings("Door", "line", ((0.1, 0.1), (0.9, 0.9)))], "draw Door")
    window.sources.open_source("short")
    qtbot.waitUntil(lambda: window.controller.state is EngineState.FINISHED, timeout=WAIT)
    window.view.editor.remove(0)
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: window.controller.state is EngineState.RUNNING, timeout=WAIT)
    used = [p for p in services.pipelines if p.places]
    assert used[-1].places[-1] == ((), (), ())
    qtbot.waitUntil(lambda: window.view.editor.figures == {}, timeout=WAIT)


def confirmed(window: MainWindow, qtbot: QtBot) -> Track:
    """Return the person in the picture, once counted."""

    def track() -> Track | None:
        result = window.view.result
        return next((t for t in result.tracks if t.confirmed), None) if result is not None else None

    qtbot.waitUntil(lambda: track() is not None, timeout=WAIT)
    found = track()
    assert found is not None
    return found


class FakeExplainer:
    """Says that the upper half of every face supported the answer."""

    def __init__(self) -> None:
        self.asked: list[bool] = []
        self.spec = InputSpec(8, 8, "rgb")

    def predict(self, crops: np.ndarray) -> list[Attributes]:
        return [Attributes(0.8) for _ in crops]

    def explain_gender(self, crop: np.ndarray, female: bool) -> Explanation:
        self.asked.append(female)
        heat = np.zeros((8, 8), np.float32)
        heat[:4] = 1.0
        return Explanation("gender", 0, heat, heat, heat, heat, heat[..., None])


def test_why_shows_the_chosen_person_and_ends_with_its_window(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    explainer = FakeExplainer()
    monkeypatch.setattr("desktop_app.ui.models.why.load_explainer", lambda _folder: explainer)
    window.sources.open_source("endless")
    wait_for_picture(qtbot, window)
    window.commands.why.show(confirmed(window, qtbot))
    dialog = window.findChildren(WhyDialog)[0]
    thread = dialog.thread_
    qtbot.waitUntil(lambda: not dialog.picture(2).isNull(), timeout=WAIT)
    assert explainer.asked[-1] is True
    heat, plain = dialog.picture(1).toImage(), dialog.picture(0).toImage()
    assert heat.pixelColor(100, 30) != plain.pixelColor(100, 30)
    assert heat.pixelColor(100, 190) == plain.pixelColor(100, 190)
    dialog._choice.setCurrentIndex(2)
    qtbot.waitUntil(lambda: explainer.asked[-1] is False, timeout=WAIT)
    dialog.close()
    assert not thread.isRunning()
    assert thread.offer not in window.controller.listeners


def test_a_model_that_cannot_say_why_says_so(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(_folder: object) -> FakeExplainer:
        raise ModelError("The model Old cannot say why it decided.", "Choose another one.")

    monkeypatch.setattr("desktop_app.ui.models.why.load_explainer", cannot)
    window.sources.open_source("endless")
    wait_for_picture(qtbot, window)
    window.commands.why.show(confirmed(window, qtbot))
    dialog = window.findChildren(WhyDialog)[0]
    qtbot.waitUntil(lambda: "cannot say why" in dialog.note, timeout=WAIT)
    window.close()
    assert window.clean_exit


def test_a_line_drawn_before_there_is_a_source_is_taken_over_and_its_undo_leaves_the_others_alone(
    editor: PlaceEditor,
) -> None:
    kept = PlaceSettings("Line 1", "line", ((0.1, 0.1), (0.9, 0.1)), "camera:Door")
    editor.load([kept])
    editor.start("line")
    press(editor, 0.25, 0.5)
    press(editor, 0.75, 0.5)

    def names() -> list[str]:
        assert Settings(places=editor.all_places), "names that are used twice are refused"
        return [p.name for p in editor.places]

    assert names() == ["Line 2"]
    with pytest.raises(ValueError, match="already"):
        editor.rename(0, "Line 1")
    editor.use("camera:Door")
    assert names() == ["Line 1", "Line 2"]
    editor.undo_stack.undo()
    assert names() == ["Line 1"]
    editor.undo_stack.redo()
    assert names() == ["Line 1", "Line 2"]
    editor.use("demo")
    editor.undo_stack.undo()
    assert names() == []
    assert editor.all_places == (kept,)
