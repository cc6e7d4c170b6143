"""The models page, the change of model, and two models side by side, in the real window."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from desktop_app.domain.types import Decision, Gender
from desktop_app.engine.state import EngineState
from desktop_app.errors import ModelError
from desktop_app.factory import ProgramServices
from desktop_app.settings import Settings, data_dir
from desktop_app.ui.models import model_chooser
from desktop_app.ui.models.compare_picture import table_of, verdict_words
from desktop_app.ui.models.compare_view import CompareView
from desktop_app.ui.models.model_chooser import ModelChooser
from desktop_app.ui.window.main_window import MainWindow
from desktop_app.vision.compare_votes import ComparedPerson, ComparisonSnapshot, ModelFigures
from tests.patience import HANGS_S, PATIENCE_MS
from tests.ui.conftest import WindowMaker
from tests.ui.fakes import FakeServices

# Each builds a whole window.
pytestmark = pytest.mark.slow

TINY = Path(__file__).parents[1] / "vision" / "tiny_models"
WAIT = PATIENCE_MS


@pytest.fixture
def own_models() -> Path:
    """The user's folder with two models in it."""
    folder = data_dir() / "models"
    for name in ("explained", "rival"):
        shutil.copytree(TINY / name, folder / name)
    return folder


@pytest.fixture
def chooser(window: MainWindow, own_models: Path, qtbot: QtBot) -> ModelChooser:
    window.actions_["models"].trigger()
    dialog = window.models.chooser
    assert dialog is not None
    qtbot.waitExposed(dialog)
    return dialog


def idle(qtbot: QtBot, chooser: ModelChooser) -> None:
    qtbot.waitUntil(lambda: not chooser.busy, timeout=WAIT)


def names(chooser: ModelChooser) -> list[str]:
    return [chooser.list.item(i).text().split("\n")[0] for i in range(chooser.list.count())]


# --- the models page --------------------------------------------------------------------------------------------------


def test_the_page_lists_ours_first_and_marks_the_one_in_use(chooser: ModelChooser) -> None:
    assert names(chooser)[0] == "Headcount"
    assert names(chooser)[-2:] == ["Tiny explained", "Tiny rival"]
    assert "in use" in chooser.list.item(0).text()
    assert chooser.current() is not None
    assert chooser.current().key == "headcount"
    assert not chooser.use.isEnabled()
    assert not chooser.remove.isEnabled(), "ours cannot be removed"
    assert "LiteRT" in chooser.card.toPlainText()


def test_a_card_shows_data_licence_figures_limits_and_for_whom_it_fails(
    chooser: ModelChooser, own_models: Path
) -> None:
    path = own_models / "rival" / "model.json"
    figure = {
        "what": "gender accuracy",
        "value": "0.951",
        "command": "headcount-train evaluate x",
        "data": "FairFace test",
    }
    card = json.loads(path.read_text("utf-8")) | {
        "data": "37,895 faces of FairFace",
        "licence": "CC BY 4.0",
        "figures": [figure],
        "limits": ["faces under 16 pixels <b>"],
        "fails_for": "people in masks",
    }
    path.write_text(json.dumps(card), encoding="utf-8")
    chooser.reload("rival")
    text = chooser.card.toPlainText()
    for words in (*figure.values(), "37,895 faces", "CC BY 4.0", "faces under 16 pixels <b>", "people in masks"):
        assert words in text


def test_choosing_a_model_tries_it_and_then_counts_with_it(
    chooser: ModelChooser, window: MainWindow, qtbot: QtBot, saved: list[Settings]
) -> None:
    chooser.select("rival")
    with qtbot.waitSignal(chooser.chosen, timeout=WAIT):
        qtbot.mouseClick(chooser.use, Qt.MouseButton.LeftButton)
    idle(qtbot, chooser)
    assert window.settings.count.model == "rival"
    assert saved[-1].count.model == "rival"
    assert "in use" in chooser.list.currentItem().text()
    assert not chooser.remove.isEnabled(), "the model in use cannot be removed"
    assert chooser.message_kind == "good"


def test_a_broken_model_is_refused_and_the_one_in_use_stays(
    chooser: ModelChooser, window: MainWindow, own_models: Path, qtbot: QtBot, saved: list[Settings]
) -> None:
    path = own_models / "rival" / "model.tflite"
    path.write_bytes(path.read_bytes()[:-10])
    chooser.select("rival")
    qtbot.mouseClick(chooser.use, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: chooser.message_kind == "error", timeout=WAIT)
    assert "model.tflite is damaged" in chooser.message
    assert "Headcount stays in use." in chooser.message
    assert window.settings.count.model == "headcount"
    assert all(s.count.model == "headcount" for s in saved)
    idle(qtbot, chooser)
    assert chooser.use.isEnabled(), "it can be tried again"


def test_a_model_is_taken_in_by_dropping_it(chooser: ModelChooser, own_models: Path, qtbot: QtBot) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(TINY / "joint" / "model.tflite"))])
    chooser.dropEvent(
        QDropEvent(
            QPointF(10, 10), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        )
    )
    qtbot.waitUntil(lambda: "Tiny joint" in names(chooser), timeout=WAIT)
    assert (own_models / "tiny_joint" / "model.tflite").is_file()
    assert chooser.current() is not None
    assert chooser.current().key == "tiny_joint"
    assert chooser.message_kind == "good"


def test_what_is_no_model_is_told_and_leaves_nothing(
    chooser: ModelChooser, own_models: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("no model", encoding="utf-8")
    chooser.take_in([tmp_path / "notes.txt"])
    qtbot.waitUntil(lambda: chooser.message_kind == "error", timeout=WAIT)
    assert "no model (notes.txt)" in chooser.message
    assert sorted(p.name for p in own_models.iterdir()) == ["explained", "rival"]


def test_removing_can_be_undone(chooser: ModelChooser, own_models: Path, qtbot: QtBot) -> None:
    chooser.select("rival")
    qtbot.mouseClick(chooser.remove, Qt.MouseButton.LeftButton)
    assert "Tiny rival" not in names(chooser)
    assert chooser.strip_button.text() == "Undo"
    qtbot.mouseClick(chooser.strip_button, Qt.MouseButton.LeftButton)
    assert "Tiny rival" in names(chooser)
    qtbot.mouseClick(chooser.remove, Qt.MouseButton.LeftButton)
    chooser.close()
    assert sorted(p.name for p in own_models.iterdir()) == ["explained"], "closing makes it final"


def test_cancel_leaves_what_is_being_tried(
    chooser: ModelChooser, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()
    monkeypatch.setattr(model_chooser, "try_model", lambda _folder: let_go.wait(HANGS_S))
    chooser.select("rival")
    qtbot.mouseClick(chooser.use, Qt.MouseButton.LeftButton)
    assert chooser.busy
    qtbot.mouseClick(chooser.strip_button, Qt.MouseButton.LeftButton)
    assert not chooser.busy
    let_go.set()
    qtbot.wait(200)
    assert window.settings.count.model == "headcount"
    assert "Cancelled" in chooser.message


# --- the model and the count ------------------------------------------------------------------------------------------


def test_a_model_chosen_while_counting_waits_for_the_next_start(
    window: MainWindow, services: FakeServices, own_models: Path, qtbot: QtBot
) -> None:
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: window.controller.state is EngineState.RUNNING, timeout=WAIT)
    window.models.use_after_trying("rival")
    qtbot.waitUntil(lambda: "counts from the next start" in window.banner.text, timeout=WAIT)
    assert window.controller.state is EngineState.RUNNING
    assert window.settings.count.model == "rival"
    window.banner.buttons[0].click()
    qtbot.waitUntil(lambda: services.settings_seen[-1].count.model == "rival", timeout=WAIT)


def test_a_broken_model_picked_while_counting_leaves_the_count_alone(
    window: MainWindow, own_models: Path, qtbot: QtBot
) -> None:
    (own_models / "rival" / "model.tflite").write_bytes(b"")
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: window.controller.state is EngineState.RUNNING, timeout=WAIT)
    window.models.use_after_trying("rival")
    qtbot.waitUntil(lambda: window.banner.kind == "error", timeout=WAIT)
    assert "model.tflite is empty" in window.banner.text
    assert "headcount stays in use" in window.banner.text
    assert window.settings.count.model == "headcount"
    assert window.controller.state is EngineState.RUNNING


def test_a_start_with_a_model_that_is_gone_offers_ours(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings()
    build = services.build_pipeline

    def strict(settings: Settings) -> object:
        if settings.count.model == "gone":
            raise ModelError("There is no model called “gone”.", "Choose one of: headcount.")
        return build(settings)

    monkeypatch.setattr(services, "build_pipeline", strict)
    window = make_window(services, replace(settings, count=replace(settings.count, model="gone")))
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: window.banner.kind == "error", timeout=WAIT)
    assert "no model called “gone”" in window.banner.text
    assert window.banner.buttons[0].text() == "Use Headcount's own"
    window.banner.buttons[0].click()
    qtbot.waitUntil(lambda: window.controller.state is EngineState.RUNNING, timeout=WAIT)
    assert window.settings.count.model == "headcount"


# --- two models side by side ------------------------------------------------------------------------------------------


@pytest.fixture
def compared(make_window: WindowMaker, own_models: Path, qtbot: QtBot) -> tuple[MainWindow, CompareView]:
    """The real program counting the demo clip with one tiny model, the other one beside it."""
    services = ProgramServices()
    settings = Settings()
    settings = replace(
        settings, count=replace(settings.count, model="explained"), source=replace(settings.source, speed=0.0)
    )
    window = make_window(services, settings)
    window.actions_["compare"].trigger()
    view = window.models.compare_view
    assert view is not None
    view.choice.setCurrentIndex(view.choice.findData("rival"))
    qtbot.waitUntil(
        lambda: view.comparison is not None and view.comparison.others[0].name == "Tiny rival", timeout=WAIT
    )
    return window, view


def test_two_models_answer_on_the_same_people(compared: tuple[MainWindow, CompareView], qtbot: QtBot) -> None:
    window, view = compared
    window.sources.open_source("demo")
    qtbot.waitUntil(lambda: view.table.rowCount() >= 2, timeout=PATIENCE_MS)
    window.controller.pause(True)
    qtbot.waitUntil(lambda: "differ on" in view.verdict and "differ on 0" not in view.verdict, timeout=WAIT)
    assert view.comparison is not None
    people = {p.track_id: p for p in view.comparison.snapshot().people}
    assert any(p.disagree for p in people.values()), "the two were made so that they differ"
    qtbot.waitUntil(lambda: view.table.item(0, 3).text() == "differ", timeout=WAIT)

    def the_pictures_say_the_same() -> bool:
        assert view.comparison is not None
        people = {p.track_id: p for p in view.comparison.snapshot().people}
        return all(
            track.decision.gender is people[track.track_id].decisions[index].gender
            for index, picture in enumerate(view.pictures)
            for track in picture.tracks()
            if track.confirmed and track.track_id in people
        )

    # The figures may be a picture ahead of what is drawn.
    qtbot.waitUntil(the_pictures_say_the_same, timeout=WAIT)
    shown = view.grab().toImage()
    assert shown.width() > 700


def test_closing_it_ends_the_comparison_and_not_the_count(
    compared: tuple[MainWindow, CompareView], qtbot: QtBot
) -> None:
    window, view = compared
    window.sources.open_source("demo")
    qtbot.waitUntil(lambda: view.table.rowCount() >= 1, timeout=PATIENCE_MS)
    comparison = view.comparison
    assert comparison is not None
    view.close()
    qtbot.waitUntil(lambda: comparison._thread is not None and not comparison._thread.is_alive(), timeout=WAIT)
    assert window.models.compare_view is None
    assert window.controller.active or window.controller.state is EngineState.FINISHED
    qtbot.waitUntil(lambda: window.controller.counts.people >= 2, timeout=PATIENCE_MS)


def test_a_broken_other_model_is_told_and_nothing_else_happens(
    window: MainWindow, own_models: Path, qtbot: QtBot
) -> None:
    (own_models / "rival" / "model.tflite").write_bytes(b"x")
    window.models.compare()
    view = window.models.compare_view
    assert view is not None
    assert view.choice.findData("headcount") < 0, "the model that counts is not its own rival"
    view.choice.setCurrentIndex(view.choice.findData("rival"))
    qtbot.waitUntil(lambda: "damaged" in view.message, timeout=WAIT)


def test_what_is_said_of_the_agreement() -> None:
    female, male, unsure = Decision(Gender.FEMALE, 0.9), Decision(Gender.MALE, 0.9), Decision()
    models = (ModelFigures("a", 3, 1.0), ModelFigures("b", 3, 1.0))
    people = tuple(
        ComparedPerson(i + 1, pair) for i, pair in enumerate(((female, female), (female, male), (female, unsure)))
    )
    assert verdict_words(ComparisonSnapshot(models, people)) == (
        "Both decide on 2 of 3 people: they agree on 1 and differ on 1."
    )
    assert verdict_words(ComparisonSnapshot(models, ())) == "Nobody has been compared yet."
    assert verdict_words(ComparisonSnapshot(models, people[2:])) == "1 person, on none of whom both decide."
    head, rows = table_of(ComparisonSnapshot(models, people[1:2]))
    assert dict(zip(head, rows[0], strict=True)) == {
        **{"person": 2, "disagree": 1},
        **{"a gender": "female", "a probability": 0.9, "a age": None},
        **{"b gender": "male", "b probability": 0.9, "b age": None},
    }


def test_before_a_count_nobody_is_called_undecided_and_it_is_said_what_to_do(
    compared: tuple[MainWindow, CompareView], qtbot: QtBot
) -> None:
    _, view = compared
    qtbot.waitUntil(lambda: all("Start a count" in picture.note for picture in view.pictures), timeout=WAIT)
    assert [view.table.horizontalHeaderItem(i).text() for i in (1, 2)] == ["Tiny explained", "Tiny rival"]
    assert not view.save.isEnabled()


def test_what_two_models_said_is_saved_as_a_table(
    compared: tuple[MainWindow, CompareView], qtbot: QtBot, tmp_path: Path
) -> None:
    window, view = compared
    window.sources.open_source("demo")
    qtbot.waitUntil(view.save.isEnabled, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: window.controller.state is EngineState.FINISHED, timeout=PATIENCE_MS)
    view._show_figures()
    asked: list[Path] = []

    def where(_window: object, _title: str, proposed: Path, _kinds: object) -> Path:
        asked.append(proposed)
        return tmp_path / "two.csv"

    view.saver.ask_where = where
    view.save.click()
    qtbot.waitUntil(lambda: "Saved: two.csv" in view.banner.text, timeout=WAIT)
    assert asked[0].name == "Demo-clip-two-models.xlsx"
    saved = (tmp_path / "two.csv").read_text(encoding="utf-8-sig").splitlines()
    assert "Tiny rival gender" in saved[0]
    assert len(saved) == 1 + len(view._snapshot.people)
