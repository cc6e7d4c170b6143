"""A user's own Keras models in the app, with TensorFlow there: `.keras` and `.h5` give what Keras gives."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from desktop_app.errors import ModelError
from desktop_app.vision.attributes.classifier import load_classifier
from desktop_app.vision.attributes.model_store import take_in
from desktop_app.vision.attributes.preprocess import InputSpec, normalise

pytestmark = [pytest.mark.train, pytest.mark.allow_threads]

SPEC = InputSpec(16, 16)


def model(names: tuple[str, str] = ("gender", "age"), as_list: bool = False) -> Any:
    import keras
    from keras import layers

    keras.utils.set_random_seed(2)
    crops = keras.Input((16, 16, 3), name="crops")
    x = layers.Flatten()(layers.Conv2D(4, 3, activation="relu")(crops))
    gender = layers.Dense(1, activation="sigmoid", name=names[0])(x)
    age = layers.Dense(1, name=names[1])(x)
    return keras.Model(crops, [gender, age] if as_list else {names[0]: gender, names[1]: age})


def card(file: str, outputs: dict[str, str]) -> str:
    return json.dumps(
        {
            "name": "Mine",
            "file": file,
            "input": SPEC.to_json(),
            "outputs": outputs,
            "labels": {"gender": ["female"]},
            "age": {"kind": "points", "at": [-3, 3], "years": [0, 80]},
        }
    )


def save(kind: str, folder: Path, as_list: bool) -> tuple[Any, str]:
    made = model(as_list=as_list)
    file = f"net.{kind}"
    made.save(folder / file)
    return made, file


@pytest.mark.parametrize("as_list", [False, True])
@pytest.mark.parametrize("kind", ["keras", "h5"])
@pytest.mark.filterwarnings("ignore:.*legacy.*", "ignore:You are saving your model as an HDF5 file")
def test_it_answers_as_keras_does(kind: str, as_list: bool, tmp_path: Path) -> None:
    made, file = save(kind, tmp_path, as_list)
    (tmp_path / "model.json").write_text(card(file, {"gender": "gender", "age": "age"}), encoding="utf-8")
    own = tmp_path / "own"
    classifier = load_classifier(own / take_in([tmp_path / "model.json"], own))
    crops = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
    raw = made(normalise(crops, SPEC))
    gender, age = (raw[0], raw[1]) if as_list else (raw["gender"], raw["age"])
    found = classifier.predict(crops)
    assert [a.female for a in found] == pytest.approx(np.asarray(gender)[:, 0], abs=1e-5)
    years = np.clip(np.interp(np.asarray(age)[:, 0], [-3, 3], [0, 80]), 1.5, 76)
    assert [a.age_years for a in found] == pytest.approx(years, abs=1e-2)


def test_damaged_and_odd_keras_files_are_refused(tmp_path: Path) -> None:
    _, file = save("keras", tmp_path, False)
    (tmp_path / "model.json").write_text(card(file, {"gender": "gender", "age": "age"}), encoding="utf-8")
    path = tmp_path / file
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match=r"net\.keras is damaged and cannot be loaded"):
        load_classifier(tmp_path)
    path.write_bytes(whole)
    wrong = json.loads((tmp_path / "model.json").read_text("utf-8"))
    wrong["input"]["width"] = 20
    (tmp_path / "model.json").write_text(json.dumps(wrong), encoding="utf-8")
    with pytest.raises(ModelError, match="wants input"):
        load_classifier(tmp_path)


def test_a_layer_with_code_of_its_own_is_not_run(tmp_path: Path) -> None:
    import keras
    from keras import layers

    crops = keras.Input((16, 16, 3), name="crops")
    x = layers.Lambda(lambda t: t * 2.0)(crops)
    gender = layers.Dense(1, activation="sigmoid", name="gender")(layers.Flatten()(x))
    keras.Model(crops, {"gender": gender}).save(tmp_path / "net.keras")
    (tmp_path / "model.json").write_text(card("net.keras", {"gender": "gender"}), encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_classifier(tmp_path)


def test_a_savedmodel_is_refused(tmp_path: Path) -> None:
    model().export(tmp_path / "net", verbose=False)
    (tmp_path / "model.json").write_text(card("net", {"gender": "gender"}), encoding="utf-8")
    for chosen in (tmp_path / "model.json", tmp_path / "net"):
        with pytest.raises(ModelError, match="SavedModel is not loaded"):
            take_in([chosen], tmp_path / "own")
    with pytest.raises(ModelError, match="SavedModel is not loaded"):
        load_classifier(tmp_path)


def test_a_layer_that_reads_files_is_refused(tmp_path: Path) -> None:
    import keras
    from keras import layers

    secret = tmp_path / "secret.txt"
    secret.write_text("alpha\nbeta\n", encoding="utf-8")
    crops = keras.Input((16, 16, 3), name="crops")
    gender = layers.Dense(1, activation="sigmoid", name="gender")(layers.Flatten()(crops))
    keras.Model(crops, {"gender": gender}).save(tmp_path / "plain.keras")
    with zipfile.ZipFile(tmp_path / "plain.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    config["config"]["layers"][1] = {
        "module": "keras.layers",
        "class_name": "StringLookup",
        "config": {"name": "lookup", "vocabulary": str(secret)},
        "registered_name": None,
        "name": "lookup",
        "inbound_nodes": [],
    }
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    (tmp_path / "model.json").write_text(card("net.keras", {"gender": "gender"}), encoding="utf-8")
    with pytest.raises(ModelError, match="may read files"):
        load_classifier(tmp_path)


def test_an_hdf5_file_that_leads_to_others_is_refused(tmp_path: Path) -> None:
    import h5py

    _, file = save("h5", tmp_path, False)
    with h5py.File(tmp_path / file, "a") as weights:
        weights["model_weights"]["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/x")
    (tmp_path / "model.json").write_text(card(file, {"gender": "gender", "age": "age"}), encoding="utf-8")
    with pytest.raises(ModelError, match="leads to other files"):
        load_classifier(tmp_path)
