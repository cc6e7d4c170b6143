"""Lines and zones on the picture: drawn, moved, named, undone; persons clicked."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from pytestqt.qtbot import QtBot

from desktop_app.domain.types import Attributes
from desktop_app.engine.state import EngineState
from desktop_app.errors import ModelError
from desktop_app.settings import PlaceSettings
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
    editor.undo()
    assert editor.places == (line,)
    assert not editor.can_undo


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
    for _ in range(3):
        editor.undo()
    assert editor.places == (zone, line)


def test_a_line_drawn_while_counting_counts_and_is_kept(
    window: MainWindow, services: FakeServices, qtbot: QtBot
) -> None:
    window.sources.open_source("endless")
    wait_for_picture(qtbot, window)
    window.actions_["add_line"].trigger()
    assert "Click where the line starts" in window.banner.text
    area = window.view.picture_rect()
    for x in (0.3, 0.7):
        at = QPointF(area.left() + x * area.width(), area.center().y()).toPoint()
        qtbot.mouseClick(window.view, Qt.MouseButton.LeftButton, pos=at)
    assert [p.name for p in window.settings.places] == ["Line 1"]
    qtbot.waitUntil(lambda: len(services.places) == 1, timeout=WAIT)
    qtbot.waitUntil(lambda: window.view.editor.figures == {"Line 1": "in 1   out 0"}, timeout=WAIT)
    assert window.side.places.tree.topLevelItem(0).text(1) == "in 1   out 0"
    window.actions_["undo"].trigger()
    assert window.settings.places == ()


def test_places_that_need_a_new_start_say_so(window: MainWindow, services: FakeServices, qtbot: QtBot) -> None:
    services.live_places = False
    window.sources.open_source("endless")
    wait_for_picture(qtbot, window)
    window.view.editor.set_places([PlaceSettings("Door", "line", ((0.1, 0.1), (0.9, 0.9)))])
    qtbot.waitUntil(lambda: "from the next start" in window.banner.text, timeout=WAIT)


def test_a_person_is_marked_as_staff_by_a_click(window: MainWindow, services: FakeServices, qtbot: QtBot) -> None:
    window.sources.open_source("endless")
    wait_for_picture(qtbot, window)
    result = window.view.result
    assert result is not None
    area = window.view.picture_rect()
    scale = area.width() / result.frame.width
    x, y = result.tracks[0].box.centre
    clicked: list[int] = []
    window.view.person_clicked.connect(lambda track_id, _at: clicked.append(track_id))
    window.view.person_clicked.disconnect(window.place_commands.person_menu)
    at = QPointF(area.left() + x * scale, area.top() + y * scale).toPoint()
    qtbot.mouseClick(window.view, Qt.MouseButton.LeftButton, pos=at)
    assert clicked == [1]
    assert window.presenter.person_words(1).startswith("Person 1: appears female, 90%, about 25 ± 4 years")
    window.place_commands.mark_staff(1)
    qtbot.waitUntil(lambda: services.pipelines[-1].staff == [1], timeout=WAIT)
    assert window.controller.state is EngineState.RUNNING


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
    window.place_commands.why(1)
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
    window.place_commands.why(1)
    dialog = window.findChildren(WhyDialog)[0]
    qtbot.waitUntil(lambda: "cannot say why" in dialog.note, timeout=WAIT)
    window.close()
    assert window.clean_exit
