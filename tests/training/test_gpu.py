"""Training on a GPU, as far as it needs neither a GPU nor PyTorch: the schedule, the packed faces, the figures."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import re
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import cv2
import numpy as np
import pytest

from desktop_app.domain.types import Attributes, Box, Detection
from desktop_app.errors import SettingsError, SourceError
from desktop_app.training import balance, evaluate
from desktop_app.training.facestore import FaceStore
from desktop_app.training.predict import Predictions, predictions_of, truth_of
from desktop_app.training.seen import SeenFaces
from desktop_app.vision.attributes.preprocess import InputSpec
from tools import gpu_train
from tools.gpu import negatives, pack, packed, schedule, soft
from tools.gpu.account import account

FOLDER = Path(gpu_train.__file__).parent / "gpu"
SHIPPED, TEACHERS = FOLDER / "schedule.toml", FOLDER / "teachers.toml"


def packed_faces(store: FaceStore, folder: Path, shares: tuple[float, ...] = (0.4, 0.6)) -> packed.Packed:
    rows = pack.chosen_rows(store)
    points = np.full((len(rows), 5, 2), np.nan, np.float32)
    points[::2] = np.array([[20, 25], [44, 25], [32, 36], [24, 48], [40, 48]])
    pack.pack(store, rows, points, folder, shares)
    return packed.read([folder])


# --- the schedule -----------------------------------------------------------------------------------------------------


def test_the_committed_schedule_is_complete_and_its_common_part_holds_where_a_stage_says_nothing() -> None:
    found = schedule.read(TEACHERS)
    assert [plan.name for plan in found.students] == ["lite2", "lite0"]
    assert found.teacher is not None
    assert found.teacher.ema == found.students[0].ema == 0.996
    assert (found.students[0].learning_rate, found.students[1].learning_rate) == (0.001, 0.0014)
    assert len(found.mixup) == schedule.FOLDS
    assert [found.teacher_of(fold).mixup for fold in range(schedule.FOLDS)] == list(found.mixup)


def test_the_schedule_of_the_shipped_networks_has_no_teacher_and_begins_with_small_crops() -> None:
    found = schedule.read(SHIPPED)
    assert found.teacher is None
    assert [(plan.name, plan.network, plan.start) for plan in found.plans] == [
        ("residual", "headcount", ""), ("lite2", "efficientnet_lite2", "2"),
    ]  # fmt: skip
    residual = found.students[0]
    assert (residual.side_at(0.0), residual.side_at(0.39), residual.side_at(0.4), residual.side_at(1.0)) == (
        64,
        64,
        80,
        80,
    )
    assert all(0 < plan.soft < 1 for plan in found.students)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("ema = 0.996", "emma = 0.996", r"\[common\] has unknown keys: emma. Known are: .*ema"),
        ("black = 1.3", "blak = 1.3", r"\[weights\] has unknown keys: blak. Known are: .*black"),
        ("[cleaning]", "[tidying]", "The schedule has unknown keys: tidying"),
        ("contradicted = 0.97", "contradicted = 0.4", "contradicted is 0.4, and must be above 0.5"),
        ("[teacher]", "[pupil]", "unknown keys: pupil"),
        ("[[student]]", "[[sudent]]", "unknown keys: sudent"),
        ("epochs = 22\n", "", r"\[teacher\] lacks epochs"),
        ("epochs = 80", 'epochs = "80"', r"\[\[student\]\] 1 epochs is '80', and must be a number"),
        ("side = 112", "side = 112.5", r"\[\[student\]\] 1 side is 112.5, and must be a whole number"),
        (
            "side = 112",
            'border = "mirror"\nside = 112',
            "lite2: 'mirror' is no border. Known are: replicate, reflect, grey",
        ),
        ("side = 112", "box_scale = 3\nside = 112", "lite2: box_scale is 3, and must be 0.5 to 2"),
        ("side = 112", "side = 4", "lite2: side is 4, and must be 32 to 512"),
        ("seconds = 95", "seconds = -95", "lite0: seconds is -95, and must be"),
        ("negatives = 96", "negatives = 1024", "1024 pictures of no face do not fit a batch of 1024"),
        ('network = "efficientnet_lite0"', 'network = "resnet"', "lite0: 'resnet' is no network. Known are: .*lite0"),
        ("mixup = [0.0, 0.3, 0.3, 0.0]", "mixup = [0.0, 0.3]", "needs 4 numbers of mixup"),
        ('name = "lite0"', 'name = "lite2"', "names of their own, not lite2, lite2"),
        ('name = "lite0"', 'name = "teacher0"', "names of their own, not lite2, teacher0"),
        ('name = "lite0"', 'name = "../lite0"', "names of their own"),
        ('start = "0"', "start = 0", "start is 0, and must be text"),
        ("[weights]", "[weights", "is not valid TOML"),
    ],
)
def test_a_schedule_that_cannot_be_run_is_refused_in_a_sentence(
    old: str, new: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = TEACHERS.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        schedule.read(path)
    # The command says so first, whatever else is wrong.
    assert gpu_train.main([str(tmp_path), "--out", str(tmp_path / "out"), "--schedule", str(path)]) == 5
    assert re.search(said, capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_a_schedule_without_students_is_refused(tmp_path: Path) -> None:
    text = TEACHERS.read_text(encoding="utf-8")
    (tmp_path / "a.toml").write_text(text[: text.index("[[student]]")], encoding="utf-8")
    with pytest.raises(SettingsError, match=r"needs at least one \[\[student\]\]"):
        schedule.read(tmp_path / "a.toml")
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        schedule.read(tmp_path / "c.toml")


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="PyTorch is installed")
def test_without_pytorch_the_command_says_what_to_install(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu_train.main([str(tmp_path), "--out", str(tmp_path / "out")]) == 5
    assert "PyTorch is not installed. Install it: pip install torch" in capsys.readouterr().err


def test_a_rehearsal_has_smaller_batches_and_fewer_epochs() -> None:
    plan = schedule.read(TEACHERS).students[0]
    small = plan.shortened(0.02, 0.05)
    assert (small.batch_size, small.negatives, small.epochs) == (38, 4, pytest.approx(1.6))
    assert plan.shortened(1, 1) == plan


# --- packing ----------------------------------------------------------------------------------------------------------


def test_packed_faces_come_back_with_their_labels_and_pixels(store: FaceStore, tmp_path: Path) -> None:
    store.records[3] = dataclasses.replace(store.records[3], age=None, age_min=None, age_max=None)
    found = packed_faces(store, tmp_path)
    records = [store.records[int(i)] for i in found.rows]
    assert sorted(found.rows) == list(range(100))  # all of train and val, none of test
    assert found.female.tolist() == [r.gender == "female" for r in records]
    truth = truth_of(records, "bands")
    assert found.band.tolist() == truth.age_class.tolist()
    assert found.years == pytest.approx(truth.years, nan_ok=True)
    assert (found.band == -1).sum() == np.isnan(found.years).sum() == 1
    assert [found.races[i] for i in found.race] == [r.race for r in records]
    assert ((found.fold == -1) == np.array([r.role == "val" for r in records])).all()
    assert set(found.fold) == {-1, 0, 1, 2, 3}
    assert found.boxes == pytest.approx(store.boxes[found.rows])
    assert np.isnan(found.landmarks[1::2]).all()
    assert found.landmarks[0, 2] == pytest.approx([32, 36])
    assert found.pictures.dtype == np.uint8
    originals = store.pictures[found.rows][..., ::-1].transpose(0, 3, 1, 2).astype(float)
    assert np.abs(found.pictures - originals).mean(axis=(1, 2, 3)).max() < 8
    assert found.pictures[:, 0, 32, 32].mean() > 195  # red first: the drawn skin is (210, 170, 150)
    assert found.pictures[:, 2, 32, 32].mean() < 165
    assert found.negatives.shape == (0, 3, 64, 64)


def test_the_parts_of_an_earlier_packing_are_not_read_with_those_of_a_later_one(
    store: FaceStore, tmp_path: Path
) -> None:
    assert len(packed_faces(store, tmp_path, (1.0, 1.0, 1.0))) == 100
    assert len(list(tmp_path.glob("faces-*.npz"))) == 3
    assert len(packed_faces(store, tmp_path, (1.0,))) == 100


def test_parts_of_several_folders_keep_their_races(store: FaceStore, tmp_path: Path) -> None:
    """Each folder numbers the races that it has itself."""
    packed_faces(store, tmp_path / "a")
    others = [dataclasses.replace(r, race="Indian") for r in store.records]
    packed_faces(dataclasses.replace(store, records=others), tmp_path / "b")
    found = packed.read([tmp_path / "a", tmp_path / "b"])
    assert [found.races[i] for i in found.race[100:]] == ["Indian"] * 100
    assert sorted({found.races[i] for i in found.race[:100]}) == ["Black", "White"]


def test_people_of_one_group_are_in_one_fold(store: FaceStore, tmp_path: Path) -> None:
    records = [dataclasses.replace(r, group=str(i % 10)) for i, r in enumerate(store.records)]
    found = packed_faces(dataclasses.replace(store, records=records), tmp_path)
    for group in range(10):
        assert len({int(f) for f, row in zip(found.fold, found.rows, strict=True) if row % 10 == group and f >= 0}) == 1


def test_what_a_network_will_have_seen_is_packed_with_the_faces(store: FaceStore, tmp_path: Path) -> None:
    records = [dataclasses.replace(r, group=str(i) if i % 3 else "") for i, r in enumerate(store.records)]
    store = dataclasses.replace(store, records=records)
    assert SeenFaces.from_arrays(packed_faces(store, tmp_path).seen()) == SeenFaces.of_run(store)


def test_what_cannot_teach_is_refused(store: FaceStore, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no packed faces in"):
        packed.read([tmp_path])
    undivided = dataclasses.replace(store, records=[dataclasses.replace(r, role="train") for r in store.records])
    with pytest.raises(SourceError, match="no faces with a gender of the roles “val” and “train”"):
        pack.chosen_rows(undivided)
    packed_faces(store, tmp_path)
    part = tmp_path / "faces-1.npz"
    whole = part.read_bytes()
    part.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match=r"faces-1\.npz is damaged"):
        packed.read([tmp_path])
    with np.load(tmp_path / "faces-0.npz") as file:
        arrays = {name: file[name] for name in file.files}
    arrays["pictures"][: arrays["offsets"][1]] = 0
    np.savez(part, **arrays)
    with pytest.raises(SourceError, match=r"Picture 0 of faces-1\.npz is damaged"):
        packed.read([tmp_path])


def test_faces_of_unknown_gender_are_not_packed_as_men(store: FaceStore) -> None:
    store.records[4] = dataclasses.replace(store.records[4], gender="")
    assert 4 not in pack.chosen_rows(store)
    assert len(pack.chosen_rows(store)) == 99
    assert len(pack.chosen_rows(store, limit=20)) == pytest.approx(20, abs=5)


def test_a_head_whose_nose_is_off_the_middle_counts_as_turned() -> None:
    straight = np.array([[20, 25], [44, 25], [32, 36], [24, 48], [40, 48]], np.float32)
    aside = straight.copy()
    aside[2, 0] += 8
    tilted = straight @ np.array([[0, 1], [-1, 0]], np.float32)  # laid on the shoulder, but not turned away
    points = np.stack([straight, aside, tilted, np.full((5, 2), np.nan)])
    assert balance.turned_heads(points).tolist() == [False, True, False, True]


def test_rare_faces_count_more_and_validation_faces_are_not_counted(store: FaceStore, tmp_path: Path) -> None:
    records = [
        dataclasses.replace(r, gender="female" if i % 5 == 0 else "male", age=30, age_min=30, age_max=30, race="White")
        for i, r in enumerate(store.records)
    ]
    found = packed_faces(dataclasses.replace(store, records=records), tmp_path)
    gender, age = found.weights({"balance": 0.5})
    women = found.female & (found.fold >= 0)
    assert gender[women].min() > 1 > gender[~found.female].max()
    assert gender[found.fold >= 0].mean() == pytest.approx(1)
    assert (age == 1).all()
    turned, _ = found.weights({"turned": 2.0})
    assert turned[1] == pytest.approx(2 * turned[0])  # a face without landmarks, beside one that looks straight ahead


def test_what_a_model_says_is_packed_beside_the_faces_that_it_was_asked_about(
    store: FaceStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model of this test says how red the middle of a crop is."""

    class Says:
        spec = InputSpec(32, 32, "rgb")
        card: ClassVar[dict[str, object]] = {"outputs": {"gender": "gender", "age": "age"}}

        def predict(self, crops: np.ndarray) -> list[Attributes]:
            return [Attributes(float(c[16, 16, 0]) / 255, age_bands=(0.5, 0.5, *[0.0] * 7)) for c in crops]

    monkeypatch.setattr(soft, "load_classifier", lambda model: Says())
    packed_faces(store, tmp_path)
    assert np.isnan(packed.read([tmp_path]).soft_female).all()
    (tmp_path / "model.tflite").write_bytes(b"weights")
    rows = pack.chosen_rows(store)[:40]
    mark = soft.write(tmp_path / "soft.npz", tmp_path, store, rows)
    assert mark == hashlib.sha256(b"weights").hexdigest()
    found = packed.read([tmp_path])
    known = np.isin(found.rows, rows)
    assert known.sum() == 40
    assert np.isnan(found.soft_female[~known]).all()
    assert (found.soft_female[known] > 0.7).all()  # drawn skin is (210, 170, 150)
    assert found.soft_age[known][:, :2] == pytest.approx(0.5)
    packed_faces(store, tmp_path)  # packed anew, what was said of the faces before is gone
    assert np.isnan(packed.read([tmp_path]).soft_female).all()


def test_a_model_without_ages_cannot_teach(store: FaceStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = SimpleNamespace(card={"outputs": {"gender": "gender"}})
    monkeypatch.setattr(soft, "load_classifier", lambda model: asked)
    with pytest.raises(SourceError, match="says nothing about age"):
        soft.answers(tmp_path, store, pack.chosen_rows(store))


# --- pictures of no face ----------------------------------------------------------------------------------------------


class FindsWhite:
    """Takes whatever is white for a face."""

    def detect(self, image_bgr: np.ndarray) -> list[Detection]:
        ys, xs = np.nonzero((image_bgr > 240).all(axis=2))
        if len(xs) < 30:
            return []
        box = Box(float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
        return [Detection(box, 0.9)]


def test_a_false_alarm_is_cut_out_once_and_where_it_is() -> None:
    picture = np.full((400, 640, 3), 60, np.uint8)
    picture[40:100, 420:500] = 255  # in one quarter of the picture, found whole, in parts and at half size
    (box,) = negatives.false_alarms(picture, FindsWhite())  # type: ignore[arg-type]
    assert [box.x1, box.y1, box.x2, box.y2] == pytest.approx([420, 40, 500, 100], abs=3)
    picture[:] = 60
    picture[5:14, 5:14] = 255
    assert negatives.false_alarms(picture, FindsWhite()) == []  # type: ignore[arg-type]


def test_pictures_of_nothing_are_read_alike_by_seed_and_damaged_ones_are_passed_over(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    for k in range(6):
        assert cv2.imwrite(str(tmp_path / f"{k}.png"), rng.integers(0, 255, (90, 120, 4), np.uint8))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    assert cv2.imwrite(str(tmp_path / "tiny.png"), np.zeros((8, 8, 3), np.uint8))
    assert cv2.imwrite(str(tmp_path / "large.png"), np.zeros((700, 1300), np.uint8))
    (tmp_path / "notes.txt").write_text("no picture either")
    first, again = (list(negatives.pictures([tmp_path], 99, np.random.default_rng(3))) for _ in range(2))
    assert len(first) == 7
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert all(p.dtype == np.uint8 and p.ndim == 3 and p.shape[2] == 3 for p in first)
    assert max(max(p.shape) for p in first) == negatives.LONGEST_SIDE


def test_a_square_at_random_lies_inside_the_picture() -> None:
    rng = np.random.default_rng(0)
    picture = np.zeros((50, 200, 3), np.uint8)
    for _ in range(100):
        box = negatives.random_square(picture, rng)
        assert 0 <= box.x1 < box.x2 <= 200
        assert 0 <= box.y1 < box.y2 <= 50
        assert box.width == pytest.approx(box.height)


def test_the_command_writes_crops_of_one_size_and_refuses_a_folder_without_pictures(tmp_path: Path) -> None:
    out = tmp_path / "negatives.npy"
    (tmp_path / "media").mkdir()
    with pytest.raises(SystemExit, match="no picture to cut from"):
        negatives.main([str(tmp_path / "media"), "--out", str(out)])
    rng = np.random.default_rng(1)
    for k in range(3):
        assert cv2.imwrite(str(tmp_path / "media" / f"{k}.png"), rng.integers(0, 255, (80, 80, 3), np.uint8))
    assert negatives.main([str(tmp_path / "media"), "--out", str(out), "--random", "3"]) == 0
    crops = np.load(out)
    assert crops.dtype == np.uint8
    assert crops.shape[1:] == (negatives.SIDE, negatives.SIDE, 3)


def test_negatives_are_packed_at_the_size_of_the_faces(store: FaceStore, tmp_path: Path) -> None:
    packed_faces(store, tmp_path)
    colours = np.zeros((4, 96, 96, 3), np.uint8)
    colours[..., 0] = 200  # blue
    content, offsets = pack.encoded(list(colours))
    np.savez(tmp_path / "negatives.npz", pictures=content, offsets=offsets)
    found = packed.read([tmp_path]).negatives
    assert found.shape == (4, 3, 64, 64)
    assert found[:, 2].mean() > 180
    assert found[:, 0].mean() < 30


def test_a_part_of_the_negatives_is_like_the_whole_and_the_same_each_time() -> None:
    numbered = np.repeat(np.arange(200, dtype=np.uint8), 3).reshape(200, 1, 1, 3)
    kept = numbered.copy()
    found = pack.some_of(numbered, 50)[:, 0, 0, 0]
    assert np.array_equal(numbered, kept)
    assert len(set(found.tolist())) == 50
    assert found.tolist() != sorted(found.tolist())
    assert 60 < found[-10:].mean() < 140
    assert pack.some_of(numbered, 50)[:, 0, 0, 0].tolist() == found.tolist()
    assert len(pack.some_of(numbered, 999)) == 200


# --- figures ----------------------------------------------------------------------------------------------------------


def test_the_figures_of_a_run_are_those_of_evaluate(store: FaceStore, tmp_path: Path) -> None:
    store.records[81] = dataclasses.replace(store.records[81], age=None, age_min=None, age_max=None)
    faces = packed_faces(store, tmp_path)
    rng = np.random.default_rng(9)
    rows = np.flatnonzero(faces.fold < 0)
    female = rng.random(len(rows))
    age = rng.dirichlet(np.ones(9) * 0.3, len(rows))
    stored = faces.rows[rows]

    class Says(evaluate.Network):
        def predict(self, store: FaceStore, rows: np.ndarray) -> Predictions:
            assert rows.tolist() == stored.tolist()
            return predictions_of({"gender": np.stack([female, 1 - female], 1), "age": age}, "bands")

    wanted = evaluate.evaluate(Says("made up", InputSpec(32, 32), "bands"), store, stored, sizes=())
    found = account(female, age, faces, rows)
    assert wanted.age_exact is not None
    assert wanted.age_one_off is not None
    assert found["gender"] == pytest.approx(wanted.gender.value)
    assert found["women"] == pytest.approx(wanted.recall["female"].value)
    assert found["men"] == pytest.approx(wanted.recall["male"].value)
    assert found["age exact"] == pytest.approx(wanted.age_exact.value)
    assert found["one off"] == pytest.approx(wanted.age_one_off.value)
    assert found["mae"] == pytest.approx(wanted.age_mae)
    name, share = found["weakest"]
    assert name in {f"{race} {who}" for race in ("White", "Black") for who in ("women", "men")}
    assert share <= found["gender"]


def test_a_group_without_a_face_has_no_figure(store: FaceStore, tmp_path: Path) -> None:
    faces = packed_faces(store, tmp_path)
    rows = np.flatnonzero((faces.band >= 3) & ~faces.female)
    found = account(np.zeros(len(rows)), np.eye(9)[faces.band[rows]], faces, rows)
    assert found["gender"] == found["men"] == found["20 up"] == found["age exact"] == 1
    assert np.isnan([found["women"], found["under 10"], found["10-19"], found["women 60 up"]]).all()
