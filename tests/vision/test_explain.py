"""Explaining one face in the app, with the model that ships."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from desktop_app.errors import ModelError
from desktop_app.resources import models_dir
from desktop_app.vision.attributes.classifier import LiteRtClassifier
from desktop_app.vision.explain import FaceExplainer, overlay


@pytest.fixture(scope="module")
def shipped() -> Path:
    return models_dir() / "headcount"


@pytest.fixture(scope="module")
def explainer(shipped: Path) -> FaceExplainer:
    return FaceExplainer(shipped)


@pytest.fixture(scope="module")
def crop(explainer: FaceExplainer) -> np.ndarray:
    """A drawn face at the size the model wants."""
    picture = np.full((160, 160, 3), 90, np.uint8)
    cv2.ellipse(picture, (80, 85), (52, 66), 0, 0, 360, (150, 175, 215), -1)
    for x in (60, 100):
        cv2.circle(picture, (x, 70), 8, (40, 40, 60), -1)
    cv2.ellipse(picture, (80, 118), (22, 8), 0, 0, 180, (70, 70, 160), 4)
    spec = explainer.spec
    return np.asarray(cv2.resize(picture, (spec.width, spec.height), interpolation=cv2.INTER_AREA), np.uint8)


def test_maps_have_the_shape_of_the_crop_and_lie_within_0_and_1(explainer: FaceExplainer, crop: np.ndarray) -> None:
    found = explainer.explain_gender(crop, female=True)
    size = (explainer.spec.height, explainer.spec.width)
    for heat in (found.grad_cam, found.guided, found.guided_grad_cam):
        assert heat.shape == size
        assert heat.dtype == np.float32
        assert heat.min() >= 0
        assert heat.max() <= 1
    assert found.guided.max() == pytest.approx(1)
    assert found.raw_guided.shape == explainer.spec.shape


def test_what_speaks_for_one_answer_does_not_speak_for_the_other(explainer: FaceExplainer, crop: np.ndarray) -> None:
    female, male = (explainer.explain_gender(crop, female=answer) for answer in (True, False))
    # Guided backpropagation alone shows much the same for every answer (Selvaraju et al. 2017, section 3.2).
    assert not np.allclose(female.grad_cam, male.grad_cam, atol=0.2)
    assert not np.allclose(female.guided_grad_cam, male.guided_grad_cam, atol=0.2)


def test_explaining_leaves_the_answers_alone(shipped: Path, explainer: FaceExplainer, crop: np.ndarray) -> None:
    classifier = LiteRtClassifier(shipped)
    before = classifier.predict(crop[None])[0]
    first = explainer.explain_gender(crop, female=True)
    again = explainer.explain_gender(crop, female=True)
    after = classifier.predict(crop[None])[0]
    assert before.female == after.female
    assert np.array_equal(first.raw_guided, again.raw_guided)


def test_wrong_questions(explainer: FaceExplainer, crop: np.ndarray) -> None:
    with pytest.raises(ValueError, match="not 'mood'"):
        explainer.explain(crop, "mood", 0)
    with pytest.raises(ValueError, match="no answer 7"):
        explainer.explain(crop, "gender", 7)
    with pytest.raises(ValueError, match="shape"):
        explainer.explain(crop[:10], "gender", 0)


def test_overlay_shows_grey_where_nothing_spoke(explainer: FaceExplainer, crop: np.ndarray) -> None:
    height, width = crop.shape[:2]
    heat = np.zeros((height, width), np.float32)
    heat[: height // 2] = 1
    shown = overlay(crop, heat, explainer.spec)
    assert shown.shape == (height, width, 3)
    assert np.ptp(shown[height // 2 :].astype(int), axis=2).max() == 0
    assert np.ptp(shown[: height // 2].astype(int), axis=2).max() > 30


def test_models_that_cannot_be_explained(shipped: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(shipped, folder)
    card = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({k: v for k, v in card.items() if k != "explain"}))
    with pytest.raises(ModelError, match="cannot say why"):
        FaceExplainer(folder)
    (folder / "model.json").write_text(json.dumps({**card, "explain": {**card["explain"], "signature": "gone"}}))
    with pytest.raises(ModelError, match="no explanation"):
        FaceExplainer(folder)
    (folder / "model.json").write_text(json.dumps(card))
    with (folder / card["explain"].get("file", card["file"])).open("r+b") as file:
        file.seek(1000)
        file.write(b"\xff" * 64)
    with pytest.raises(ModelError, match="damaged"):
        FaceExplainer(folder)
