"""The answer "face or not" of an exported network learned again. Skipped where there is no PyTorch."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from desktop_app.resources import model_path
from desktop_app.vision.attributes.classifier import LiteRtClassifier
from desktop_app.vision.likeness.face_space import LikenessSpace
from tests.training.conftest import face
from tools.gpu import pack

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from tools.gpu import fit_face  # noqa: E402  (it needs PyTorch)

SIDE = 96


@pytest.fixture
def network(tmp_path: Path) -> Path:
    shutil.copytree(model_path("headcount_fast"), tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def packed_faces(tmp_path: Path) -> Path:
    """40 drawn faces, eight of them to choose by, as `tools.gpu.pack` writes them."""
    rng = np.random.default_rng(2)
    pictures = [face(bool(k % 2), 30.0, rng, SIDE) for k in range(40)]
    content, offsets = pack.encoded(pictures, 95)
    table = {
        "rows": np.arange(40), "boxes": np.tile(np.array([[12, 9, 84, 87]], np.float32), (40, 1)),
        "landmarks": np.full((40, 5, 2), np.nan, np.float32), "female": np.arange(40) % 2 == 1,
        "band": np.full(40, 4, np.int8), "years": np.full(40, 35.0), "race": np.zeros(40, np.int16),
        "marks": np.zeros((40, 2), np.uint64), "fold": np.where(np.arange(40) < 8, -1, 0).astype(np.int8),
    }  # fmt: skip
    folder = tmp_path / "packed"
    folder.mkdir()
    np.savez(folder / "faces-0.npz", pictures=content, offsets=offsets, races=np.array(["White"]), **table)
    return folder


@pytest.fixture
def stripes(tmp_path: Path) -> Path:
    """90 crops of stripes, in which no face is."""
    rng = np.random.default_rng(3)
    lines = np.sin(np.arange(SIDE)[None] / rng.uniform(2, 8, (90, 1))) * 100 + 128
    np.save(tmp_path / "stripes.npy", np.repeat(np.repeat(lines[:, None, :, None], SIDE, 1), 3, 3).astype(np.uint8))
    return tmp_path / "stripes.npy"


def seen(network: Path, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the network says of the middle of these pictures: face or not, and female."""
    classifier = LiteRtClassifier(network)
    side = classifier.spec.width
    low = (SIDE - side) // 2
    said = classifier.predict(np.ascontiguousarray(pictures[:, low : low + side, low : low + side, ::-1]))
    return np.array([a.face for a in said]), np.array([a.female for a in said])


def test_it_learns_to_refuse_what_it_was_shown_and_says_nothing_else_of_gender(
    network: Path, packed_faces: Path, stripes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = np.load(stripes)[:12]  # the first block, which is held back
    assert fit_face.held_back(90)[:12].all()
    _, gender = seen(network, pictures)
    words = [str(packed_faces), "--negatives", str(stripes), "--model", str(network)]
    before = (network / "model.tflite").read_bytes()
    assert fit_face.main(words) == 0
    assert (network / "model.tflite").read_bytes() == before  # it only says what it would be worth
    assert "stripes: 0.0% of 24 pass" in capsys.readouterr().out

    assert fit_face.main([*words, "--write"]) == 0
    found, gender_after = seen(network, pictures)  # which checks the card's hash of the file
    classifier = LiteRtClassifier(network)
    assert (found < classifier.card["min_face"]).all()
    assert gender_after == pytest.approx(gender, abs=1e-5)
    assert LikenessSpace.load(network / "model.tflite") is not None


def test_what_is_missing_is_said_in_a_sentence(
    network: Path, tmp_path: Path, stripes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit_face.main([str(tmp_path / "none"), "--negatives", str(stripes), "--model", str(network)]) != 0
    assert "There are no packed faces" in capsys.readouterr().err


def test_the_least_answer_is_the_one_that_the_share_reaches() -> None:
    hard = np.linspace(0, 1, 101)
    assert fit_face.least_face(hard, 0.9) == pytest.approx(0.1)
    assert fit_face.least_face(hard * 0, 0.9) == 0.01
