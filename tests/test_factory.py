"""What the program runs is what `factory` wires: no benchmark or test may wire another."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from desktop_app import factory
from desktop_app.domain.blank import LEAST_SIDE, Blank
from desktop_app.domain.counting import CountingSettings
from desktop_app.domain.types import Frame
from desktop_app.errors import ModelError
from desktop_app.settings import Settings

ROOT = Path(__file__).resolve().parents[1]

PARTS = {
    "FramePipeline",
    "ComparingPipeline",
    "PeopleCounter",
    "GlimpseCounter",
    "LikenessSpace",
    "LiteRtClassifier",
    "load_classifier",
    "YuNetFaceDetector",
    "HaarFaceDetector",
    "TiledFaceDetector",
}
"""What `factory` puts together."""

SINGLE_PICTURES = {"detectors.py"}
"""Benchmarks of one part by itself, which count nobody: there the detector says where the face of a picture is."""


def wired(path: Path) -> set[str]:
    """Return the parts that a file makes itself, by a call of the class or of one of its methods."""
    calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    names = {f.id for f in calls if isinstance(f, ast.Name)}
    names |= {f.value.id for f in calls if isinstance(f, ast.Attribute) and isinstance(f.value, ast.Name)}
    return names & PARTS


def test_a_part_made_by_hand_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "bench.py"
    file.write_text("p = FramePipeline(d, c)\nq = LikenessSpace.load(path)\nr: PeopleCounter\n", "utf-8")
    assert wired(file) == {"FramePipeline", "LikenessSpace"}


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.name)
def test_a_benchmark_measures_what_the_factory_builds(path: Path) -> None:
    own = wired(path)
    if path.name in SINGLE_PICTURES:
        own -= {"YuNetFaceDetector", "HaarFaceDetector"}
    # A network alone may be timed.
    if path.name == "networks.py":
        own -= {"load_classifier"}
    assert own == set()


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("test_*.py")), ids=lambda path: path.name)
def test_a_test_with_a_real_network_counts_with_the_factorys_pipeline(path: Path) -> None:
    own = wired(path)
    pipelines = own & {"FramePipeline", "ComparingPipeline"}
    networks = own & {"LiteRtClassifier", "load_classifier"}
    assert not (pipelines and networks), f"{path.name} puts {pipelines} and {networks} together by itself"


def test_the_shipped_pipeline_tells_people_apart_by_their_face() -> None:
    likeness = factory.build_pipeline(Settings()).likeness
    assert likeness is not None
    assert likeness.projection.shape[0] == likeness.mean.shape[0]


def test_the_smallest_face_of_the_settings_is_the_smallest_that_counts() -> None:
    settings = replace(Settings(), count=replace(Settings().count, min_face_px=40.0))
    assert factory.build_pipeline(settings).counter.settings.min_size == 40.0


@pytest.mark.parametrize(("size", "blank"), [((40, 30), Blank.TOO_SMALL), ((60, 44), None)])
def test_the_shipped_pipeline_tells_a_picture_that_is_too_small(size: tuple[int, int], blank: Blank | None) -> None:
    scene = np.random.default_rng(1).integers(0, 255, (9, 12, 3), np.uint8)
    image = np.asarray(cv2.resize(scene, size), np.uint8)
    assert factory.build_pipeline().process(Frame(image, 0.0, 0)).blank is blank


def test_how_large_a_picture_has_to_be_follows_detector_and_smallest_face() -> None:
    ours = Settings()
    assert factory.least_side(ours) == LEAST_SIDE
    assert factory.least_side(replace(ours, detector=replace(ours.detector, kind="haar"))) == 80
    assert factory.least_side(replace(ours, count=replace(ours.count, min_face_px=4))) == LEAST_SIDE
    assert factory.least_side(replace(ours, count=replace(ours.count, min_face_px=100))) == 150


def test_the_shipped_pipeline_can_fall_back_to_the_lighter_network_and_begins_again_with_its_own() -> None:
    pipeline = factory.build_pipeline(Settings())
    own = (pipeline.classifier, pipeline.likeness, pipeline.counter.settings.min_face)
    assert pipeline.fall_back() == pipeline.model_name != own[0].name
    assert pipeline.likeness is not own[1]
    assert pipeline.fall_back() == "", "there is nothing lighter still"
    pipeline.reset()
    assert (pipeline.classifier, pipeline.likeness, pipeline.counter.settings.min_face) == own


def test_the_lighter_network_says_itself_from_which_answer_on_it_sees_a_face(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"Headcount": 0.07, "Headcount fast": 0.2}
    monkeypatch.setattr(factory, "_least_face", lambda card, default: answers[card["name"]])
    pipeline = factory.build_pipeline(Settings())
    assert pipeline.counter.settings.min_face == 0.07
    pipeline.fall_back()
    assert pipeline.counter.settings.min_face == 0.2
    pipeline.reset()
    assert pipeline.counter.settings.min_face == 0.07
    everything = replace(Settings(), detector=replace(Settings().detector, reject_non_faces=False))
    pipeline = factory.build_pipeline(everything)
    pipeline.fall_back()
    assert pipeline.counter.settings.min_face == 0.0


def test_the_fast_network_stands_in_for_the_programs_own_only() -> None:
    settings = Settings()
    own, fast = factory.build_classifier(settings), factory.build_classifier(settings, fast=True)
    assert own.card["size_bytes"] > 2 * fast.card["size_bytes"]
    chosen = replace(settings, count=replace(settings.count, model="mini_xception"))
    assert factory.build_classifier(chosen, fast=True).name == factory.build_classifier(chosen).name


@pytest.mark.parametrize("value", [1.5, -0.1, "high", True])
def test_a_card_with_an_impossible_face_answer_is_refused(value: object) -> None:
    assert factory._least_face({}, 0.5) == 0.5
    assert factory._least_face({"min_face": 0.1}, 0.5) == 0.1
    with pytest.raises(ModelError, match="min_face"):
        factory._least_face({"min_face": value}, 0.5)


def test_how_sure_the_detector_must_once_be_follows_its_threshold_and_is_not_asked_of_a_cascade() -> None:
    """A cascade's scores are of another kind, and who asks for weaker faces is not denied them afterwards."""
    shipped = Settings()
    assert factory.build_pipeline(shipped).counter.settings.best_score == CountingSettings().best_score
    weaker = replace(shipped, detector=replace(shipped.detector, score_threshold=0.4))
    assert factory.build_pipeline(weaker).counter.settings.best_score == pytest.approx(0.4 + factory.BEST_ABOVE)
    cascade = replace(shipped, detector=replace(shipped.detector, kind="haar"))
    assert factory.build_pipeline(cascade).counter.settings.best_score == 0.0
