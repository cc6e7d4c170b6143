"""Models of every kind: their outputs become `Attributes`, and what is wrong with one is said in a sentence."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from desktop_app.domain.types import AGE_BANDS
from desktop_app.errors import ModelError
from desktop_app.resources import model_path
from desktop_app.vision.attributes.caffe import LEVI_HASSNER_INPUT, LEVI_HASSNER_LABELS
from desktop_app.vision.attributes.classifier import AttributeClassifier, load_classifier
from desktop_app.vision.attributes.hog import HogSpec, describe
from desktop_app.vision.attributes.model_card import ModelCard
from desktop_app.vision.attributes.outputs import AnswerReader, class_matrix, parse_age_class, years_to_bands

from .caffe_files import SmallNet

TINY = Path(__file__).parent / "tiny_models"


def copy_of(model: str, tmp_path: Path, **changes: Any) -> Path:
    """A tiny model with some keys of its card changed; a key set to None is left out."""
    folder = tmp_path / model
    shutil.copytree(TINY / model, folder)
    card = json.loads((folder / "model.json").read_text("utf-8")) | changes
    card = {k: v for k, v in card.items() if v is not None}
    (folder / "model.json").write_text(json.dumps(card), encoding="utf-8")
    return folder


def noise(classifier: AttributeClassifier, n: int = 4, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, *classifier.spec.shape), np.uint8)


# --- every kind, one contract -----------------------------------------------------------------------------------------


def hog_model(folder: Path, age: bool = True) -> Path:
    folder.mkdir(parents=True)
    size = HogSpec(32, 32).descriptor().getDescriptorSize()
    rng = np.random.default_rng(1)
    arrays = {"gender_weights": rng.normal(0, 0.3, (size, 2)), "gender_bias": np.zeros(2)}
    outputs, labels = {"gender": "gender"}, {"gender": ["female", "male"]}
    if age:
        arrays |= {"age_weights": rng.normal(0, 0.3, (size, 9)), "age_bias": np.zeros(9)}
        outputs["age"], labels["age"] = "age", list(AGE_BANDS)
    np.savez(folder / "hog.npz", **{k: v.astype(np.float32) for k, v in arrays.items()})
    card = {"name": "HOG", "file": "hog.npz", "input": {"width": 32, "height": 32, "colour": "grey"}}
    (folder / "model.json").write_text(json.dumps(card | {"outputs": outputs, "labels": labels}), encoding="utf-8")
    return folder


def caffe_model(folder: Path, side: int = 227) -> tuple[Path, SmallNet, SmallNet]:
    folder.mkdir(parents=True)
    gender, age = SmallNet.random(2, side, seed=1), SmallNet.random(8, side, seed=2)
    gender.write(folder, "gender")
    age.write(folder, "age")
    nets = {role: {"prototxt": f"{role}.prototxt", "weights": f"{role}.caffemodel"} for role in ("gender", "age")}
    card = {
        "name": "Levi-Hassner, small",
        "nets": nets,
        "input": {**LEVI_HASSNER_INPUT, "width": side, "height": side},
        "outputs": {"gender": "gender", "age": "age"},
        "labels": LEVI_HASSNER_LABELS,
    }
    (folder / "model.json").write_text(json.dumps(card), encoding="utf-8")
    return folder, gender, age


@pytest.fixture(params=["headcount", "explained", "joint", "classes8", "one", "hog", "caffe"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "headcount":
        return model_path("headcount")
    if request.param == "hog":
        return hog_model(tmp_path / "hog")
    if request.param == "caffe":
        return caffe_model(tmp_path / "caffe")[0]
    return TINY / request.param


def test_every_kind_keeps_the_contract(model: Path) -> None:
    classifier = load_classifier(model)
    assert isinstance(classifier, AttributeClassifier)
    assert classifier.name
    assert classifier.predict(noise(classifier, 0)) == []
    crops = noise(classifier)
    batch = classifier.predict(crops)
    assert len(batch) == 4
    for attributes in batch:
        assert 0 <= attributes.female <= 1
        assert 0 <= attributes.face <= 1
        assert len(attributes.age_bands) in (0, 9)
        if attributes.age_bands:
            assert sum(attributes.age_bands) == pytest.approx(1, abs=1e-3)
    for crop, in_batch in zip(crops, batch, strict=True):
        alone = classifier.predict(crop[None])[0]
        assert alone.female == pytest.approx(in_batch.female, abs=1e-4), "a face's answer hangs on its neighbours"
        assert alone.age_bands == pytest.approx(in_batch.age_bands, abs=1e-4)
    with pytest.raises(ValueError, match="shape"):
        classifier.predict(np.zeros((1, 5, 5, 3), np.uint8))


def test_outputs_of_every_shape_reach_the_bands() -> None:
    assert load_classifier(TINY / "one").predict(np.zeros((1, 16, 16, 3), np.uint8))[0].age_years is None
    joint = load_classifier(TINY / "joint")
    assert joint.spec.colour == "grey"
    assert 9 <= (joint.predict(noise(joint))[0].age_years or 0) <= 85


# --- Caffe ------------------------------------------------------------------------------------------------------------


def test_a_caffe_pair_gives_what_numpy_gives(tmp_path: Path) -> None:
    folder, gender, age = caffe_model(tmp_path / "pair")
    classifier = load_classifier(folder)
    crops = noise(classifier, 3)
    # One picture is bright and one dark, so that the three answers differ.
    crops[1] //= 4
    crops[2] = 255 - crops[2] // 3
    found = classifier.predict(crops)
    fed = crops.astype(np.float32) - np.array([78.426, 87.769, 114.896], np.float32)
    matrix = class_matrix(LEVI_HASSNER_LABELS["age"])
    wanted = [gender.run(picture) for picture in fed]
    assert max(w[1] for w in wanted) - min(w[1] for w in wanted) > 0.05, "the pictures must tell the faces apart"
    for attributes, genders, picture in zip(found, wanted, fed, strict=True):
        assert attributes.female == pytest.approx(genders[1], abs=1e-4)
        assert attributes.age_bands == pytest.approx(age.run(picture) @ matrix, abs=1e-4)


def test_a_caffe_net_of_gender_alone(tmp_path: Path) -> None:
    folder, _, _ = caffe_model(tmp_path / "pair")
    card = json.loads((folder / "model.json").read_text("utf-8"))
    del card["nets"]["age"], card["outputs"]["age"], card["labels"]["age"]
    (folder / "model.json").write_text(json.dumps(card), encoding="utf-8")
    assert load_classifier(folder).predict(np.zeros((1, 227, 227, 3), np.uint8))[0].age_bands == ()


def _damage_caffe(folder: Path, what: str) -> None:
    if what == "cut":
        path = folder / "gender.caffemodel"
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif what == "swapped":
        (folder / "gender.prototxt").write_bytes((folder / "gender.caffemodel").read_bytes())
    elif what == "other":
        # The weights of a net with other layer sizes.
        SmallNet.random(2, 127).write(folder, "small")
        (folder / "gender.caffemodel").write_bytes((folder / "small.caffemodel").read_bytes())
    elif what == "gone":
        (folder / "age.caffemodel").unlink()
    else:
        (folder / "age.prototxt").write_text("", encoding="utf-8")


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("cut", "gender.caffemodel"),
        ("swapped", "gender.prototxt"),
        ("other", "do not fit|does not fit"),
        ("gone", "age.caffemodel is missing"),
        ("empty", "age.prototxt is empty"),
    ],
)
def test_a_broken_caffe_pair_is_refused(what: str, words: str, tmp_path: Path) -> None:
    folder, _, _ = caffe_model(tmp_path / "pair")
    _damage_caffe(folder, what)
    with pytest.raises(ModelError, match=words):
        load_classifier(folder)


# --- HOG --------------------------------------------------------------------------------------------------------------


def test_hog_of_an_edge_points_across_it() -> None:
    picture = np.zeros((1, 32, 32, 1), np.uint8)
    picture[:, :, 16:] = 255
    upright = describe(picture, HogSpec(32, 32).descriptor())[0].reshape(-1, 9).sum(axis=0)
    lying = describe(picture.transpose(0, 2, 1, 3), HogSpec(32, 32).descriptor())[0].reshape(-1, 9).sum(axis=0)
    assert upright.argmax() != lying.argmax()
    assert describe(np.zeros((0, 32, 32, 1), np.uint8), HogSpec(32, 32).descriptor()).shape == (0, 324)


def test_hog_is_linear_in_its_features(tmp_path: Path) -> None:
    classifier = load_classifier(hog_model(tmp_path / "hog", age=False))
    crops = noise(classifier)
    weights = np.load(tmp_path / "hog" / "hog.npz")["gender_weights"]
    scores = describe(crops, HogSpec(32, 32).descriptor()) @ weights
    assert [a.female for a in classifier.predict(crops)] == pytest.approx(1 / (1 + np.exp(scores[:, 1] - scores[:, 0])))


@pytest.mark.parametrize("part", [{"block": 15}, {"cell": 0}, {"stride": 7}, {"bins": "nine"}])
def test_a_hog_that_does_not_fit_its_window_is_refused(part: dict[str, Any], tmp_path: Path) -> None:
    folder = hog_model(tmp_path / "hog")
    card = json.loads((folder / "model.json").read_text("utf-8"))
    (folder / "model.json").write_text(json.dumps(card | {"hog": part}), encoding="utf-8")
    with pytest.raises(ModelError, match=r"HOG|hog"):
        load_classifier(folder)


def test_hog_weights_of_another_size_or_none_are_refused(tmp_path: Path) -> None:
    folder = hog_model(tmp_path / "hog")
    np.savez(folder / "hog.npz", gender_weights=np.zeros((7, 2), np.float32), gender_bias=np.zeros(2, np.float32))
    with pytest.raises(ModelError, match=r"have the shape \(7, 2\)"):
        load_classifier(folder)
    np.savez(folder / "hog.npz", something=np.zeros(3))
    with pytest.raises(ModelError, match="no gender weights"):
        load_classifier(folder)
    (folder / "hog.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(ModelError, match="damaged"):
        load_classifier(folder)


# --- what is wrong is said --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": None}, "lacks 'name'"),
        ({"file": None}, "lacks 'file'"),
        ({"input": None}, "lacks 'input'"),
        ({"outputs": None}, "lacks 'outputs'"),
        ({"labels": None}, "lacks 'labels'"),
        ({"labels": {}}, "must label gender"),
        ({"labels": {"gender": ["cat", "dog"]}}, "must label gender"),
        ({"labels": {"gender": ["female", "male"]}}, "age output .* is not described"),
        ({"labels": {"gender": ["female", "male"], "age": ["young", "old"]}}, "'young' is no age class"),
        ({"labels": {"gender": ["female", "male"], "age": ["0-50", "51-"]}}, "9 values for 2 labels"),
        ({"outputs": {"age": "age"}}, "names no gender output"),
        ({"outputs": {"gender": "sex"}}, "no output 'sex'; it has: age, gender"),
        ({"sha256": "0" * 64}, "damaged or does not belong"),
        ({"file": "gone.tflite"}, "gone.tflite is missing"),
        ({"file": "../model.tflite"}, "not a plain file name"),
        ({"file": "model.onnx"}, r"\.onnx file, which cannot be loaded"),
        ({"input": {"width": 20, "height": 16}}, r"wants input \[16, 16, 3\], its model.json says \[16, 20, 3\]"),
        ({"input": {"width": 16, "height": 16, "colour": "grey"}}, r"says \[16, 16, 1\]"),
        ({"input": {"width": 16, "height": 16, "colour": "yuv"}}, "colour order 'yuv'"),
        ({"input": {"width": "wide", "height": 16}}, "cannot be used"),
        ({"input": [16, 16]}, "must be a JSON object"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        load_classifier(copy_of("explained", tmp_path, **changes))
    assert caught.value.remedy or "colour" in words or "cannot be used" in words


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    folder = copy_of("explained", tmp_path, sha256=None)
    path = folder / "model.tflite"
    whole = path.read_bytes()
    for content, words in ((whole[:100], "not a usable LiteRT"), (b"", "empty"), (b"\0" * 5000, "not a LiteRT")):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=words):
            load_classifier(folder)


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    folder = copy_of("one", tmp_path, sha256=None)
    path = folder / "model.tflite"
    content = bytearray(path.read_bytes())
    weights = np.frombuffer(content, "<f4", (len(content)) // 4)
    places = np.flatnonzero((np.abs(weights) > 0.05) & (np.abs(weights) < 2))
    assert len(places) > 50
    for place in places:
        content[place * 4 : place * 4 + 4] = np.float32(np.nan).tobytes()
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"not a number: its weights are damaged|not a usable|cannot be run"):
        load_classifier(folder)


def test_a_card_that_is_no_json_is_refused(tmp_path: Path) -> None:
    folder = copy_of("one", tmp_path)
    for text, words in (("{", "cannot be read"), ("[]", "not a JSON object")):
        (folder / "model.json").write_text(text, encoding="utf-8")
        with pytest.raises(ModelError, match=words):
            load_classifier(folder)
    (folder / "model.json").unlink()
    with pytest.raises(ModelError, match=r"has no model\.json"):
        load_classifier(folder)


def test_scores_before_softmax_are_told_from_probabilities(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not made of probabilities") as caught:
        load_classifier(copy_of("classes8", tmp_path, logits=[]))
    assert "logits" in caught.value.remedy


# --- a user's own Keras model -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "content"), [("m.keras", b"PK\x03\x04rest"), ("m.h5", b"\x89HDF\r\n\x1a\nrest")])
def test_without_tensorflow_a_keras_model_says_so(
    name: str, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy_of("one", tmp_path, file=name, sha256=hashlib.sha256(content).hexdigest())
    (folder / name).write_bytes(content)
    for module in ("keras", "tensorflow"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModelError, match="needs TensorFlow, which is not installed") as caught:
        load_classifier(folder)
    assert "headcount-train export" in caught.value.remedy


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_a_file_that_is_no_keras_model_is_told_before_tensorflow_is_loaded(name: str, tmp_path: Path) -> None:
    folder = copy_of("one", tmp_path, file=name, sha256=None)
    (folder / name).write_bytes(b"something else entirely")
    with pytest.raises(ModelError, match="is not a Keras model file"):
        load_classifier(folder)


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("0-2", (0, 2)), ("(4, 6)", (4, 6)), ("60-", (60, 100)), ("70+", (70, 100)), ("more than 70", (70, 100)),
        ("35", (35, 35)), ("(60, 100)", (60, 100)), ("20–29", (20, 29)),
    ],
)  # fmt: skip
def test_age_classes_are_read(text: str, years: tuple[float, float]) -> None:
    assert parse_age_class(text) == years


@pytest.mark.parametrize("text", ["", "young", "9-3", "1-2-3", "120-130"])
def test_what_is_no_age_class_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no age class"):
        parse_age_class(text)


def test_classes_are_shared_out_by_their_years() -> None:
    matrix = class_matrix(["8-13", "25-32", "60-100"])
    assert matrix.sum(axis=1) == pytest.approx([1, 1, 1])
    assert matrix[0, 1:3] == pytest.approx([2 / 6, 4 / 6])
    assert matrix[1, 3:5] == pytest.approx([5 / 8, 3 / 8])
    assert matrix[2, 7:] == pytest.approx([10 / 41, 31 / 41])


def test_a_number_of_years_is_kept_as_the_expectation() -> None:
    from desktop_app.domain.types import Attributes

    years = np.array([1.5, 4.0, 15.0, 33.3, 65.0, 76.0])
    kept = [Attributes(0.5, tuple(bands)).age_years for bands in years_to_bands(years)]
    assert kept == pytest.approx(list(years))
    ends = [Attributes(0.5, tuple(bands)).age_years for bands in years_to_bands(np.array([-5.0, 200.0]))]
    assert ends == pytest.approx([1.5, 76.0])


@pytest.mark.parametrize(
    ("labels", "value", "female"),
    [(["female", "male"], 0.9, 0.1), (["male", "female"], 0.9, 0.9), (["female"], 0.9, 0.9), (["Man"], 0.9, 0.1)],
)
def test_a_single_unit_says_what_its_label_says(labels: list[str], value: float, female: float) -> None:
    reader = AnswerReader({"outputs": {"gender": "g"}, "labels": {"gender": labels}}, "m")
    assert reader.read({"g": np.array([[value]])}, 1)[0].female == pytest.approx(female)


@pytest.mark.parametrize(
    ("age", "value", "years"),
    [
        ({"kind": "years", "scale": 100}, 0.33, 33.0),
        ({"kind": "years"}, 41.0, 41.0),
        ({"kind": "group4"}, 0.25, 24.0),
        ({"kind": "group4"}, 0.375, 39.5),
        ({"kind": "points", "at": [-1, 1], "years": [0, 80]}, 0.0, 40.0),
    ],
)
def test_ages_as_a_number(age: dict[str, Any], value: float, years: float) -> None:
    card = {"outputs": {"gender": "g", "age": "a"}, "labels": {"gender": ["female", "male"]}, "age": age}
    raw = {"g": np.array([[0.5, 0.5]]), "a": np.array([[value]])}
    assert AnswerReader(card, "m").read(raw, 1)[0].age_years == pytest.approx(years)


@pytest.mark.parametrize(
    "age",
    [
        {"kind": "points", "at": [0, 1]},
        {"kind": "points", "at": [1, 0], "years": [0, 80]},
        {"kind": "years", "scale": 0},
    ],
)
def test_a_number_not_described_is_refused(age: dict[str, Any]) -> None:
    card = {"outputs": {"gender": "g", "age": "a"}, "labels": {"gender": ["female", "male"]}, "age": age}
    with pytest.raises(ModelError, match="age output"):
        AnswerReader(card, "m")


# --- the card for people ----------------------------------------------------------------------------------------------


def test_the_card_holds_what_people_want_to_know(tmp_path: Path) -> None:
    figure = {"what": "gender", "value": 0.95, "command": "headcount-train evaluate x", "data": "FairFace test"}
    folder = copy_of(
        "explained", tmp_path, figures=[figure, {"odd": 1}], limits=["small faces"], fails_for="people in masks"
    )
    card = ModelCard.read(folder)
    assert (card.key, card.name, card.kind) == ("explained", "Tiny explained", "LiteRT")
    assert [f.value for f in card.figures] == ["0.95"]
    assert card.figures[0].command == "headcount-train evaluate x"
    assert card.limits == ("small faces",)
    assert card.fails_for == ("people in masks",)
    assert card.explains
    assert card.predicts == ("gender", "age")
    assert card.input_size == "16×16 rgb"
    assert not ModelCard.read(TINY / "one").explains
