"""Taking in a user's own model: tried before it is shown, refused with a sentence, removed with a way back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from desktop_app.errors import ModelError, OutputError
from desktop_app.resources import model_names, models_dir
from desktop_app.vision.attributes.classifier import load_classifier
from desktop_app.vision.attributes.model_store import bring_back, forget_removed, list_models, remove, take_in
from desktop_app.vision.explain import FaceExplainer

from .caffe_files import SmallNet

TINY = Path(__file__).parent / "tiny_models"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own" / "models"


def nothing_left(own: Path) -> bool:
    return not own.exists() or list(own.iterdir()) == []


def test_a_folder_is_taken_in_and_used(own: Path) -> None:
    key = take_in([TINY / "joint"], own)
    assert key == "tiny_joint"
    assert load_classifier(own / key).name == "Tiny joint"
    entry = list_models(own)[-1]
    assert (entry.key, entry.own, entry.name) == (key, True, "Tiny joint")
    assert sorted(p.name for p in (own / key).iterdir()) == [".tried.json", "model.json", "model.tflite"]


@pytest.mark.parametrize("chosen", [["model.tflite"], ["model.json"], ["model.tflite", "model.json"]])
def test_one_file_brings_the_other(chosen: list[str], own: Path) -> None:
    assert take_in([TINY / "one" / name for name in chosen], own) == "tiny_one"


@pytest.mark.parametrize("chosen", ["", "model.tflite", "model.json"])
def test_explanations_in_a_file_of_their_own_come_along(chosen: str, own: Path, tmp_path: Path) -> None:
    shipped = shutil.copytree(models_dir() / "headcount", tmp_path / "copy")
    key = take_in([shipped / chosen if chosen else shipped], own)
    FaceExplainer(own / key)
    (shipped / "explain.tflite").unlink()
    with pytest.raises(ModelError, match=r"explain\.tflite is missing"):
        take_in([shipped / chosen if chosen else shipped], own)


def test_a_json_named_like_the_file_is_found(own: Path, tmp_path: Path) -> None:
    shutil.copyfile(TINY / "one" / "model.tflite", tmp_path / "mine.tflite")
    card = json.loads((TINY / "one" / "model.json").read_text("utf-8"))
    del card["file"], card["name"]
    (tmp_path / "mine.json").write_text(json.dumps(card), encoding="utf-8")
    assert take_in([tmp_path / "mine.tflite"], own) == "mine"


def test_names_are_never_given_twice_nor_are_ours_taken(own: Path, tmp_path: Path) -> None:
    assert [take_in([TINY / "one"], own) for _ in range(2)] == ["tiny_one", "tiny_one_2"]
    folder = tmp_path / "x"
    shutil.copytree(TINY / "one", folder)
    card = json.loads((folder / "model.json").read_text("utf-8")) | {"name": "Headcount"}
    (folder / "model.json").write_text(json.dumps(card), encoding="utf-8")
    assert take_in([folder], own) == "headcount_2"
    assert model_names(own)[0] == "headcount"


@pytest.mark.parametrize("as_folder", [False, True])
def test_a_caffe_pair_needs_no_card(as_folder: bool, own: Path, tmp_path: Path) -> None:
    gender, age = SmallNet.random(2, seed=1), SmallNet.random(8, seed=2)
    files = [*gender.write(tmp_path / ".", "deploy_gender"), *age.write(tmp_path, "deploy_age")]
    key = take_in([tmp_path] if as_folder else list(reversed(files)), own)
    classifier = load_classifier(own / key)
    crop = np.random.default_rng(0).integers(0, 256, (1, 227, 227, 3), np.uint8)
    fed = crop[0].astype(np.float32) - np.array([78.426, 87.769, 114.896], np.float32)
    found = classifier.predict(crop)[0]
    assert found.female == pytest.approx(gender.run(fed)[1], abs=1e-4)
    assert len(found.age_bands) == 9


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda d: [d / "gone.tflite"], "gone.tflite is not there"),
        (lambda d: [], "No file was chosen"),
        (lambda d: [d], "has no model.json"),
        (lambda d: [_written(d / "photo.jpg")], r"no model \(photo.jpg\)"),
        (lambda d: [_written(d / "a.tflite")], "has no model.json beside it"),
        (lambda d: [_written(d / "a.tflite"), _written(d / "b.keras")], "more than one model"),
        (lambda d: [_written(d / "a.caffemodel")], ".prototxt file was not chosen"),
        (lambda d: [_written(d / "a.prototxt"), _written(d / "a.caffemodel")], "a.prototxt is not a Caffe"),
        (lambda d: [_written(d / "model.json", "{}")], "does not name the model's file"),
        (lambda d: [_written(d / "model.json", '{"file": "x.tflite"}')], "x.tflite is missing beside"),
        (lambda d: [_written(d / "model.json", '{"file": "../x.tflite"}')], "not a plain file name"),
        (lambda d: [_written(d / "model.json", '{"file": ')], "cannot be read"),
    ],
)
def test_what_is_no_model_is_refused_in_a_sentence(make: object, words: str, own: Path, tmp_path: Path) -> None:
    folder = tmp_path / "chosen"
    folder.mkdir()
    with pytest.raises(ModelError, match=words) as caught:
        take_in(make(folder), own)  # type: ignore[operator]
    assert caught.value.remedy
    assert nothing_left(own)


def _written(path: Path, text: str = "x") -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_damaged_model_leaves_nothing_behind(own: Path, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    shutil.copytree(TINY / "one", folder)
    content = (folder / "model.tflite").read_bytes()
    (folder / "model.tflite").write_bytes(content[:-1] + b"?")
    with pytest.raises(ModelError, match="damaged"):
        take_in([folder], own)
    assert nothing_left(own)


def test_a_caffe_net_with_other_answers_says_how_many(own: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="gives 5 answers"):
        take_in(list(SmallNet.random(5).write(tmp_path, "five")), own)
    with pytest.raises(ModelError, match="only age"):
        take_in(list(SmallNet.random(8).write(tmp_path, "age")), own)


def test_remove_and_bring_back(own: Path) -> None:
    key = take_in([TINY / "one"], own)
    remove(key, own)
    assert key not in model_names(own)
    bring_back(key, own)
    assert load_classifier(own / key).name == "Tiny one"
    remove(key, own)
    forget_removed(own)
    assert nothing_left(own)
    with pytest.raises(OutputError, match="cannot be brought back"):
        bring_back(key, own)
    with pytest.raises(OutputError, match="cannot be removed"):
        remove("nobody", own)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be copied"):
        take_in([TINY / "one"], blocked / "models")


def test_a_model_with_a_broken_card_is_listed_with_its_problem(own: Path) -> None:
    key = take_in([TINY / "one"], own)
    (own / key / "model.json").write_text("[]", encoding="utf-8")
    entry = list_models(own)[-1]
    assert entry.card is None
    assert "not a JSON object" in entry.problem
    assert entry.name == key
