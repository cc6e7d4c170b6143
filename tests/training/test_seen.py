"""No figure is taken on faces that a network has learned from, whatever divided them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from desktop_app.errors import SettingsError
from desktop_app.resources import models_dir
from desktop_app.training import compare, evaluate, splits
from desktop_app.training import seen as seen_module
from desktop_app.training.cli.compare import division_for
from desktop_app.training.config import load
from desktop_app.training.facestore import FaceStore, picture_hash
from desktop_app.training.readers import open_dataset
from desktop_app.training.readers.base import FaceRecord
from desktop_app.training.seen import SEEN_FILE, SeenFaces, held_out
from tools import list_training_faces


def divided(store: FaceStore, seed: int, share: float = 0.8) -> FaceStore:
    return dataclasses.replace(store, records=splits.divide(store.records, share, seed=seed))


def part_of(store: FaceStore, every: int) -> FaceStore:
    """Every so-manieth face, as --limit takes them."""
    rows = np.arange(0, len(store), every)
    records = [store.records[int(i)] for i in rows]
    return dataclasses.replace(
        store, pictures=store.pictures[rows], boxes=store.boxes[rows], found=store.found[rows], records=records
    )


@pytest.mark.parametrize("seed", [1, 7, 8])
@pytest.mark.parametrize("every", [1, 3])
def test_whatever_the_seed_and_the_limit_no_training_face_is_measured(store: FaceStore, seed: int, every: int) -> None:
    learned = divided(part_of(store, every), seed=7)
    seen = SeenFaces.of_run(learned)
    taught = {learned.pictures[int(i)].tobytes() for role in ("train", "val") for i in learned.rows(role)}
    asked = divided(store, seed)
    found = held_out(asked, "test", [("mine", seen)])
    assert len(found.rows)
    assert not taught & {asked.pictures[int(i)].tobytes() for i in found.rows}
    away = len(asked.rows("test")) - len(found.rows)
    if seed == 7 and every == 1:
        assert away == 0
        assert found.words == ()
    else:
        assert away > 0
        trained = sum(
            asked.pictures[int(i)].tobytes() in {learned.pictures[int(k)].tobytes() for k in learned.rows("train")}
            for i in asked.rows("test")
        )
        assert f"{trained:,} that mine learned from" in found.words[0]
        assert f"of {len(asked.rows('test')):,} faces" in found.words[0]


def test_nothing_left_is_refused(store: FaceStore) -> None:
    everything = dataclasses.replace(store, records=[dataclasses.replace(r, role="train") for r in store.records])
    with pytest.raises(SettingsError, match=r"No face of the role “test” of drawn is left.*20 that mine learned from"):
        held_out(store, "test", [("mine", SeenFaces.of_run(everything))])
    assert len(held_out(store, "test", [("mine", SeenFaces.of_run(everything))], needed=False).rows) == 0


def test_an_empty_role_is_refused_by_name(store: FaceStore) -> None:
    only = dataclasses.replace(store, records=[dataclasses.replace(r, role="train") for r in store.records])
    with pytest.raises(SettingsError, match=r"no face of the role “test”; it has train 120"):
        held_out(only, "test", [])


def test_faces_that_chose_a_network_may_choose_its_threshold_but_not_measure_it(store: FaceStore) -> None:
    seen = SeenFaces.of_run(store)
    assert len(held_out(store, "val", [("mine", seen)]).rows) == 20
    everyone = held_out(store, "all", [("mine", seen)])
    assert everyone.rows.tolist() == store.rows("test").tolist()
    assert "80 that mine learned from and 20 that mine was chosen by" in everyone.words[0]


def test_training_faces_are_measured_where_they_are_asked_for_and_it_is_said(store: FaceStore) -> None:
    found = held_out(store, "train", [("mine", SeenFaces.of_run(store))])
    assert len(found.rows) == 80
    assert found.words == ("mine learned from 80 of these 80 faces.",)


def test_other_pictures_of_a_person_are_seen_too(store: FaceStore) -> None:
    """Whoever was in one training picture is left out, here and in a part of the data that lacks that picture."""
    people = [dataclasses.replace(r, group=str(i % 30)) for i, r in enumerate(store.records)]
    whole = dataclasses.replace(store, records=people)
    learned = divided(part_of(whole, 7), seed=1)
    seen = SeenFaces.of_run(learned)
    persons = {learned.records[int(i)].group for role in ("train", "val") for i in learned.rows(role)}
    for asked in (divided(whole, 2), divided(part_of(whole, 4), 2)):
        rows = held_out(asked, "all", [("mine", seen)]).rows
        assert not persons & {asked.records[int(i)].group for i in rows}


def test_several_networks_are_measured_on_what_none_of_them_saw(store: FaceStore) -> None:
    networks = [(name, SeenFaces.of_run(divided(store, seed))) for name, seed in (("a", 1), ("b", 2))]
    rows = set(held_out(divided(store, 1), "test", networks).rows.tolist())
    assert rows == set(divided(store, 1).rows("test")) & set(divided(store, 2).rows("test"))


def test_an_old_file_says_that_it_is_not_known(store: FaceStore) -> None:
    found = held_out(store, "test", [("old", SeenFaces())])
    assert len(found.rows) == 20
    assert "not known which faces old learned from" in found.words[0]


def test_two_networks_that_answer_as_one_have_seen_what_each_has(store: FaceStore, tmp_path: Path) -> None:
    both = SeenFaces.of_run(divided(store, 1)) | SeenFaces.of_run(divided(store, 2))
    assert both.known
    assert both.trained > SeenFaces.of_run(divided(store, 1)).trained
    assert not (both | SeenFaces()).known
    card = {"training_faces": both.write(tmp_path)}
    assert SeenFaces.read(tmp_path, card) == both
    assert not SeenFaces.read(tmp_path, {}).known
    assert not SeenFaces.read(tmp_path, {"training_faces": {"file": "../secret.json"}}).known
    (tmp_path / SEEN_FILE).write_text(json.dumps({"trained": 3}))
    assert not SeenFaces.read(tmp_path, card).known


def test_a_list_takes_numbers_and_comes_back(store: FaceStore) -> None:
    people = dataclasses.replace(store, records=[dataclasses.replace(r, group=r.race) for r in store.records])
    seen = SeenFaces.of_run(people)
    assert any(mark.startswith("g") for mark in seen.trained)
    assert SeenFaces.from_arrays(seen.to_arrays()) == seen
    assert seen.has_pictures_of(SeenFaces.of_run(store))
    assert not seen.has_pictures_of(dataclasses.replace(seen, known=False))
    assert not seen.has_pictures_of(seen.with_chosen(people, people.rows("test")))


def test_a_model_of_the_whole_of_a_listed_data_set_names_the_list_instead_of_repeating_it(
    store: FaceStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen_module, "LISTS", tmp_path / "lists")
    people = [dataclasses.replace(r, group=str(i // 2) if i < 40 else str(i)) for i, r in enumerate(store.records)]
    grouped = dataclasses.replace(store, records=people)
    stored, arrays = list_training_faces.without_single_groups(grouped), SeenFaces.of_run(grouped).to_arrays()
    assert len(arrays["trained_groups"]) == 60
    monkeypatch.setattr(list_training_faces.facestore, "load", lambda folder: grouped)
    assert list_training_faces.main([str(tmp_path), "--out", str(tmp_path / "lists")]) == 0
    listed = seen_module.known_list("drawn")
    assert listed == SeenFaces.of_run(stored)
    assert len(listed.to_arrays()["trained_groups"]) == 20
    said = SeenFaces.of_run(grouped).write(tmp_path)
    assert said == {"list": "drawn", "trained": 80, "chosen": 20}
    assert not (tmp_path / SEEN_FILE).exists()
    found = held_out(grouped, "all", [("mine", SeenFaces.read(tmp_path, {"training_faces": said}))])
    assert found.rows.tolist() == store.rows("test").tolist()
    part = SeenFaces.of_run(part_of(grouped, 2))
    assert part.write(tmp_path)["file"] == SEEN_FILE
    assert part != listed
    assert not SeenFaces.read(tmp_path, {"training_faces": {"list": "another"}}).known
    assert not SeenFaces.read(tmp_path, {"training_faces": {"list": "../lists/drawn.npz"}}).known


@pytest.mark.parametrize("name", sorted(path.parent.name for path in models_dir().glob("*/model.json")))
def test_a_shipped_model_names_the_faces_that_it_learned_from(name: str) -> None:
    card = json.loads((models_dir() / name / "model.json").read_text(encoding="utf-8"))
    seen = SeenFaces.read(models_dir() / name, card)
    assert seen.known
    pictures = [sum(not mark.startswith("g") for mark in part) for part in (seen.trained, seen.chosen)]
    assert pictures == [card["training_faces"]["trained"], card["training_faces"]["chosen"]] == [37895, 2017]


@pytest.mark.slow
def test_the_list_of_fairface_holds_its_training_faces_and_no_test_face(shared_dir: Path) -> None:
    if not (shared_dir / "data" / "fairface.csv").is_file():
        pytest.skip("FairFace is not beside this checkout")
    dataset = open_dataset(shared_dir / "data" / "fairface.csv", "auto")
    listed = seen_module.known_list("fairface")
    for role, wanted in (("train", listed.trained), ("val", listed.chosen), ("test", frozenset())):
        records = [record for record in dataset.records if record.role == role]
        for record in records[:: len(records) // 60]:
            mark = picture_hash(dataset.storage.read_picture(record.file))
            assert (mark in wanted) == (role != "test")
            assert (mark in listed.trained | listed.chosen) == (role != "test"), record.file
    dataset.storage.close()


def test_the_shipped_hog_model_is_a_row_of_accuracy_and_speed(store: FaceStore) -> None:
    """Computer vision stands in the same table as the networks, whose age columns say over how many classes they go."""
    (network,) = compare.open_all([models_dir() / "hog"])
    assert network.predict(store, store.rows("test")).female.shape == (20,)
    (row,) = compare.compare([network], [("drawn test", store, "test")])
    assert row.evaluations["drawn test"].gender.total == 20
    assert row.speed.app_1 is not None
    assert row.speed.app_8 is not None
    head, _, line = compare.table([row]).splitlines()
    cells = dict(zip(head.split(" | "), line.split(" | "), strict=True))
    assert cells["parameters"] == "19,415"
    assert cells["age"].startswith("MAE")
    assert "of 9: exact" in cells["age"]


def test_everything_that_cannot_be_compared_is_named_at_once(tmp_path: Path) -> None:
    from desktop_app.errors import ModelError

    (tmp_path / "empty").mkdir()
    (tmp_path / "text.keras").write_text("no checkpoint")
    paths = [models_dir() / "hog", tmp_path / "empty", tmp_path / "text.keras"]
    with pytest.raises(ModelError, match=r"(?s)empty: There is no checkpoint.*text\.keras: .*damaged"):
        compare.open_all(paths)


def test_a_four_group_answer_is_marked_as_one(store: FaceStore) -> None:
    from desktop_app.vision.attributes.preprocess import InputSpec

    assert evaluate.Network("x", InputSpec(32, 32), "group4").age_classes == 4
    assert evaluate.Network("x", InputSpec(32, 32), "adience8").age_classes == 8
    assert evaluate.Network("x", InputSpec(32, 32), "bands").age_classes == 9


def test_faces_without_a_label_that_is_answered_are_not_measured(store: FaceStore) -> None:
    (hog,) = compare.open_all([models_dir() / "hog"])
    ages_only = dataclasses.replace(store, records=[dataclasses.replace(r, gender="") for r in store.records])
    found = evaluate.evaluate(hog, ages_only, store.rows("test"), sizes=())
    assert found.gender.total == 0
    assert "of 9: exact" in found.age_words()
    bare = [dataclasses.replace(r, age=None, age_min=None, age_max=None) for r in ages_only.records]
    unlabelled = dataclasses.replace(store, records=bare, absent={"gender": "there is no column “gender”"})
    with pytest.raises(SettingsError, match=r"None of the 20 faces of drawn has a label.*no column “gender”"):
        compare.compare([hog], [("drawn", unlabelled, "test")])


def test_a_comparison_keeps_the_roles_that_a_data_set_came_with_whichever_network_is_named_first() -> None:
    joint64 = load("joint64")
    assert joint64.train_share == 0.75
    with_roles = [FaceRecord("a", role="train"), FaceRecord("b", role="test")]
    division = division_for(with_roles, joint64)
    assert division is not None
    assert division.train_share is None
    assert division_for([FaceRecord("a"), FaceRecord("b")], joint64) is joint64
    assert division_for(with_roles, None) is None
