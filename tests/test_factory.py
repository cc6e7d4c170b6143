"""What the program runs is what `factory` wires: no benchmark or test may wire another."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from desktop_app import factory
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
