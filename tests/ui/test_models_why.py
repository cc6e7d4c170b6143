"""Why did it say so, live, with real models: the map is the model's own, and one that cannot explain says so."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from desktop_app.domain.types import Attributes, Box, Decision, Frame, FrameResult, Gender, Track
from desktop_app.errors import ModelError
from desktop_app.resources import model_path
from desktop_app.ui.models.why import Explained, ModelExplainer, WhyDialog, WhyThread, load_explainer, sight_words
from desktop_app.vision.attributes.classifier import load_classifier
from desktop_app.vision.attributes.preprocess import InputSpec, crop_faces
from desktop_app.vision.explain import Explanation
from tests.patience import PATIENCE_MS

TINY = Path(__file__).parents[1] / "vision" / "tiny_models"
WAIT = PATIENCE_MS


def result_with(gender: Gender = Gender.UNDECIDED, track_id: int = 4, seed: int = 0) -> FrameResult:
    image = np.random.default_rng(seed).integers(0, 256, (120, 160, 3), np.uint8)
    track = Track(track_id, Box(40, 20, 100, 90), Decision(gender, 0.9), True, True, 0.0, 1.0)
    return FrameResult(Frame(image, 1.0, 30), (track,))


class Leans:
    """An explainer that leans as it is told and notes what it is asked, and on which thread."""

    spec = InputSpec(8, 8)

    def __init__(self, female: float, heat: float = 1.0) -> None:
        self.female, self.heat = female, heat
        self.asked: list[bool] = []
        self.niceness: int | None = None

    def predict(self, crops: NDArray[np.uint8]) -> list[Attributes]:
        if hasattr(os, "getpriority"):
            self.niceness = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        return [Attributes(self.female, (0, 0, 0, 1, 0, 0, 0, 0, 0)) for _ in crops]

    def explain_gender(self, crop: NDArray[np.uint8], female: bool) -> Explanation:
        self.asked.append(female)
        heat = np.full((8, 8), self.heat, np.float32)
        return Explanation("gender", 0, heat, heat, heat, heat, heat[..., None])


@pytest.fixture
def explain(qtbot: QtBot):
    """Return a function that explains one result in a dialog; its thread is ended after the test."""
    threads: list[WhyThread] = []

    def begin(explainer: object, result: FrameResult) -> tuple[WhyThread, WhyDialog]:
        thread = WhyThread(result.tracks[0], lambda: explainer() if callable(explainer) else explainer)  # type: ignore[arg-type, return-value]
        dialog = WhyDialog(thread, lambda track: f"Person {track.track_id}")
        qtbot.addWidget(dialog)
        threads.append(thread)
        thread.offer(result)
        thread.start()
        return thread, dialog

    yield begin
    for thread in threads:
        assert thread.stop()


def test_the_answer_and_the_map_are_the_models_own() -> None:
    explainer = load_explainer(TINY / "explained")
    assert isinstance(explainer, ModelExplainer)
    result = result_with()
    crop = crop_faces(result.frame.image_bgr, [result.tracks[0].box], explainer.spec)
    answer = load_classifier(TINY / "explained").predict(crop)[0]
    assert explainer.predict(crop)[0].female == pytest.approx(answer.female, abs=1e-6)
    female = explainer.explain_gender(crop[0], True)
    male = explainer.explain_gender(crop[0], False)
    assert female.raw_guided.any()
    assert not np.allclose(female.raw_guided, male.raw_guided)


@pytest.mark.parametrize("name", ["hog", "one"])
def test_a_model_without_explanations_says_so_and_shows_no_map(name: str, explain, qtbot: QtBot) -> None:
    folder = model_path("hog") if name == "hog" else TINY / name
    with pytest.raises(ModelError, match="cannot say why it decided"):
        load_explainer(folder)
    _, dialog = explain(lambda: load_explainer(folder), result_with())
    qtbot.waitUntil(lambda: "cannot say why it decided" in dialog.note, timeout=WAIT)
    assert "Choose a model" in dialog.note
    assert all(dialog.picture(i).isNull() for i in range(3))


@pytest.mark.parametrize(
    ("vote", "female", "asked"),
    [
        (Gender.UNDECIDED, 0.4, False),
        (Gender.UNDECIDED, 0.6, True),
        (Gender.MALE, 0.9, False),
        (Gender.FEMALE, 0.1, True),
    ],
)
def test_the_vote_is_explained_or_else_what_this_look_leans_to(
    vote: Gender, female: float, asked: bool, explain, qtbot: QtBot
) -> None:
    leans = Leans(female)
    _, dialog = explain(leans, result_with(vote))
    qtbot.waitUntil(lambda: not dialog.picture(2).isNull(), timeout=WAIT)
    assert leans.asked == [asked]
    words = "appears female" if asked else "appears male"
    assert f"supported “{words}”" in dialog.sight
    assert f"{max(female, 1 - female):.0%}" in dialog.sight
    assert "about 25 years" in dialog.sight


def test_it_runs_at_the_lowest_priority(explain, qtbot: QtBot) -> None:
    leans = Leans(0.7)
    _, dialog = explain(leans, result_with())
    qtbot.waitUntil(lambda: not dialog.picture(2).isNull(), timeout=WAIT)
    if leans.niceness is not None:
        assert leans.niceness > os.getpriority(os.PRIO_PROCESS, 0)


def test_somebody_who_left_is_said_to_be_out_of_sight(explain, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop_app.ui.models.why.GONE_MS", 50)
    thread, dialog = explain(Leans(0.7), result_with())
    qtbot.waitUntil(lambda: dialog.sight.startswith("Out of sight"), timeout=WAIT)
    thread.offer(result_with(track_id=5))
    qtbot.wait(100)
    assert dialog.sight.startswith("Out of sight"), "another person is no sight of this one"


def test_an_answer_for_which_nothing_spoke_says_so() -> None:
    result = result_with()
    explained = Explained(None, None, None, result.tracks[0], Gender.MALE, Attributes(0.9), nothing=True)  # type: ignore[arg-type]
    assert sight_words(explained) == (
        "In this look alone: appears female 90%. The maps show what supported “appears male”: nothing did."
    )


def test_only_the_newest_sight_waits() -> None:
    thread = WhyThread(result_with().tracks[0], lambda: Leans(0.5))
    for seed in range(5):
        thread.offer(result_with(seed=seed))
    newest = result_with(seed=9)
    thread.offer(newest)
    assert thread._newest is newest
    hidden = replace(newest, tracks=(replace(newest.tracks[0], seen=False),))
    thread.offer(hidden)
    assert thread._newest is newest, "a box that is only predicted shows no face"
