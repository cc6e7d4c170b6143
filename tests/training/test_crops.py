"""Training and app see the same crop; batches are a function of seed and number."""

from __future__ import annotations

import dataclasses
import errno
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.types import Box, Detection
from desktop_app.errors import OutputError, SettingsError, SourceError
from desktop_app.system.file_lock import FileLock
from desktop_app.training import config, facestore
from desktop_app.training.augment import augmented
from desktop_app.training.config import AugmentConfig
from desktop_app.training.facestore import FaceStore
from desktop_app.training.feed import Feed, plain_crops
from desktop_app.training.readers.base import FaceDataset, FaceRecord
from desktop_app.training.readers.storage import MemoryStorage
from desktop_app.vision.attributes.preprocess import crop_faces, normalise
from desktop_app.vision.faces.detectors import HaarFaceDetector


@pytest.mark.parametrize("name", ["cnn32", "mini_xception", "small_vgg96", "levi_hassner", "headcount"])
def test_training_and_app_preprocess_one_picture_to_the_same_array(store: FaceStore, name: str) -> None:
    chosen = dataclasses.replace(config.load(name), augment=AugmentConfig.off(), batch_size=4, sizes=(), face=False)
    # A box of odd corners that reaches over the edge, as detectors give it.
    store.boxes[:] = np.array([-4.3, 7.7, 51.2, 66.9], np.float32)
    rows = store.rows("train")
    app = normalise(crop_faces(store.pictures[int(rows[0])], [store.box(int(rows[0]))], chosen.input), chosen.input)
    seen = normalise(plain_crops(store, rows[:1], chosen), chosen.input)
    assert np.array_equal(app, seen)
    crops, _, _ = Feed(store, rows[:1], chosen).batch(0)
    assert crops.shape == (4, *chosen.input.shape)
    assert crops.dtype == np.float32
    assert np.array_equal(crops[0], app[0])


@pytest.mark.parametrize("border", ["replicate", "reflect", "constant"])
def test_a_stored_face_at_the_edge_of_its_picture_is_cropped_as_the_app_crops_the_picture(
    store: FaceStore, tmp_path: Path, border: str
) -> None:
    wide = np.random.default_rng(2).integers(0, 256, (144, 90, 3), np.uint8)
    wide[20:84, :64] = store.pictures[0]
    box = Box(27, 24, 87, 80)  # its crop reaches over the right edge, where the store fills the picture up
    dataset = FaceDataset("edge", MemoryStorage({"a": lambda: wide}), [FaceRecord("a", "male", box=box)])
    made = facestore.build(dataset, tmp_path / "edge", detectors=[])
    assert made.picture(0).shape == (144, 90, 3)
    chosen = config.load("headcount")
    chosen = dataclasses.replace(
        chosen, input=dataclasses.replace(chosen.input, border=border, box_scale=1.4), augment=AugmentConfig.off()
    )
    app = crop_faces(wide, [box], chosen.input)
    assert np.array_equal(plain_crops(made, np.arange(1), chosen), app)
    off = dataclasses.replace(chosen, batch_size=1, face=False)
    assert np.array_equal(Feed(made, np.arange(1), off).batch(0)[0], normalise(app, chosen.input))
    (tmp_path / "edge" / "sizes.npy").unlink()  # a store of before
    before = facestore.load(tmp_path / "edge")
    assert before.picture(0).shape == (144, 144, 3)
    assert np.array_equal(plain_crops(before, np.arange(1), chosen), app) == (border == "replicate")


def test_a_turned_picture_is_filled_like_the_crop(store: FaceStore) -> None:
    grey = np.full((64, 64, 3), 40, np.uint8)
    chosen = config.load("headcount")
    spec = dataclasses.replace(chosen.input, border="constant", mean=(200.0, 150.0, 100.0))
    always = dataclasses.replace(AugmentConfig.off(), tilt=1.0)
    rng = np.random.default_rng(1)
    found = np.concatenate([augmented(grey, Box(2, 2, 62, 62), spec, rng, always).reshape(-1, 3) for _ in range(9)])
    assert {(40, 40, 40), (200, 150, 100)} <= set(map(tuple, found.tolist()))


def test_an_unknown_setting_of_the_input_is_refused(tmp_path: Path) -> None:
    text = (config.CONFIG_FOLDER / "cnn32.toml").read_text(encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text(text.replace("[training]", 'border = "reflect"\nbox_scale = 1.2\n[training]'), encoding="utf-8")
    assert (config.load(str(own)).input.border, config.load(str(own)).input.box_scale) == ("reflect", 1.2)
    own.write_text(text.replace("[training]", "box_scal = 1.2\n[training]"), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"own\.toml has unknown settings of its input: box_scal"):
        config.load(str(own))


def test_batches_follow_from_seed_and_number(store: FaceStore) -> None:
    chosen = dataclasses.replace(config.load("headcount"), batch_size=16)
    first, again = (Feed(store, store.rows("train"), chosen) for _ in range(2))
    again.batch(0, 48)  # what was asked before must not matter
    a, b = first.batch(7, 48), again.batch(7, 48)
    assert np.array_equal(a[0], b[0])
    assert all(np.array_equal(a[1][name], b[1][name]) for name in a[1])
    other = Feed(store, store.rows("train"), dataclasses.replace(chosen, seed=8)).batch(7, 48)
    assert not np.array_equal(a[0], other[0])


def test_an_epoch_shows_every_face_once(store: FaceStore) -> None:
    chosen = dataclasses.replace(config.load("cnn32"), batch_size=16, augment=AugmentConfig.off())
    feed = Feed(store, store.rows("train"), chosen)
    assert feed.steps_per_epoch == 5
    seen = np.concatenate([feed.batch(k)[0] for k in range(5, 10)])
    assert len({crop.tobytes() for crop in seen}) == 80


def test_targets_and_missing_labels(store: FaceStore) -> None:
    store.records[0] = dataclasses.replace(store.records[0], gender="")
    store.records[1] = FaceRecord("x", "female", role="train")
    rows = np.arange(3)
    chosen = dataclasses.replace(config.load("joint64"), batch_size=3)
    feed = Feed(store, rows, chosen)
    _, values, weights = feed.batch(0)
    order = feed._order_of(0)
    place = {int(row): k for k, row in enumerate(rows[order])}
    assert weights["gender"][place[0]] == 0
    assert weights["gender"][place[1]] == 1
    assert values["gender"][place[1]].tolist() == [1.0]
    assert weights["age"][place[1]] == 0
    assert 0 <= values["age"][place[2], 0] <= 0.75


def test_pictures_of_no_face_teach_the_face_output_only(store: FaceStore) -> None:
    chosen = dataclasses.replace(config.load("headcount"), batch_size=32)
    nothing = np.zeros((3, 64, 64, 3), np.uint8)
    _, values, weights = Feed(store, store.rows("train"), chosen, nothing).batch(0, 48)
    negative = values["face"][:, 0] == 0
    assert negative.sum() == 2
    assert weights["face"].all()
    assert not weights["gender"][negative].any()
    assert weights["gender"][~negative].all()


def test_every_distortion_keeps_shape_and_kind(store: FaceStore) -> None:
    chosen = config.load("headcount")
    every = dataclasses.replace(chosen.augment, dim=1, grey=1, blur=1, small=1, noise=1, jpeg=1, erase=1, tilt=1)
    rng = np.random.default_rng(0)
    for _ in range(40):
        crop = augmented(store.pictures[0], Box(2, 2, 60, 60), chosen.input, rng, every)
        assert crop.shape == chosen.input.shape
        assert crop.dtype == np.uint8


def test_store_of_pictures_of_many_sizes(tmp_path, store: FaceStore) -> None:  # type: ignore[no-untyped-def]
    large = np.full((300, 400, 3), 70, np.uint8)
    large[100:164, 150:214] = store.pictures[0]
    makers = {"large": lambda: large, "small": lambda: store.pictures[1], "wide": lambda: large[:, :, ::-1][:120]}
    labels = [
        FaceRecord("large", "female", box=Box(158, 106, 206, 158)),
        FaceRecord("small", "male", 30.0, 30.0, 30.0, group="g", role="val"),
        FaceRecord("gone", "male"),
        FaceRecord("wide", "male"),
    ]
    dataset = FaceDataset("mixed", MemoryStorage(makers), labels)
    made = facestore.build(dataset, tmp_path / "mixed", detectors=[])
    assert len(made) == 3
    assert [p.row for p in made.problems] == ["gone"]
    assert made.pictures.shape == (3, facestore.SIDE, facestore.SIDE, 3)
    assert made.records[1] == labels[1]
    assert not made.found.any()
    box = made.box(0)
    middle = made.pictures[0][round(box.centre[1]), round(box.centre[0])]
    assert middle.tolist() == pytest.approx([150, 170, 210], abs=30)  # the face, wherever it was cut out
    assert box.width == pytest.approx(48 * facestore.SIDE / (52 * facestore.CONTEXT), rel=0.05)
    assert facestore.load(tmp_path / "mixed").records == made.records


class Interrupted:
    """A detector that is stopped by Ctrl-C, or killed, at its `at`th picture."""

    name = "interrupted"

    def __init__(self, at: int, how: type[BaseException] = KeyboardInterrupt) -> None:
        self.seen, self._at, self._how = 0, at, how

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        if self.seen == self._at:
            raise self._how
        self.seen += 1
        return []


def a_dataset(store: FaceStore) -> FaceDataset:
    makers: dict[str, Callable[[], NDArray[np.uint8]]] = {
        str(i): partial(np.asarray, store.pictures[i]) for i in range(30)
    }
    labels = [FaceRecord(str(i), ("female", "male")[i % 2]) for i in range(30)]
    labels[4] = labels[17] = FaceRecord("gone", "male")
    return FaceDataset("drawn", MemoryStorage(makers), labels)


def test_finding_faces_goes_on_where_it_was_stopped(tmp_path: Path, store: FaceStore) -> None:
    whole = facestore.build(a_dataset(store), tmp_path / "whole", detectors=[])
    for at in (11, 9):
        with pytest.raises(KeyboardInterrupt):
            facestore.build(a_dataset(store), tmp_path / "part", detectors=[Interrupted(at)])
    assert not (tmp_path / "part").exists()
    told: list[tuple[int, int]] = []
    last = Interrupted(99)
    made = facestore.build(a_dataset(store), tmp_path / "part", [last], lambda *n: told.append(n))
    assert told[0] == (22, 30)  # 20 were looked at, and two pictures were not there
    assert last.seen == 8
    assert made.records == whole.records
    assert made.hashes == whole.hashes
    assert np.array_equal(made.pictures, whole.pictures)
    assert np.array_equal(made.boxes, whole.boxes)
    assert [p.row for p in made.problems] == ["gone", "gone"]
    assert not (tmp_path / "part.part").exists()


def test_what_a_kill_left_of_other_data_is_thrown_away(tmp_path: Path, store: FaceStore) -> None:
    with pytest.raises(KeyboardInterrupt):
        facestore.build(a_dataset(store), tmp_path / "part", detectors=[Interrupted(11)])
    fewer = a_dataset(store)
    fewer.records = fewer.records[:20]
    assert len(facestore.build(fewer, tmp_path / "part", detectors=[])) == 18
    with pytest.raises(KeyboardInterrupt):
        facestore.build(a_dataset(store), tmp_path / "other", detectors=[Interrupted(11)])
    (tmp_path / "other.part" / "state.json").write_text("{half")
    assert len(facestore.build(a_dataset(store), tmp_path / "other", detectors=[])) == 28


def test_faces_of_pictures_that_changed_meanwhile_are_not_gone_on_with(tmp_path: Path, store: FaceStore) -> None:
    with pytest.raises(KeyboardInterrupt):
        facestore.build(a_dataset(store), tmp_path / "faces", detectors=[Interrupted(11)])
    changed = dataclasses.replace(store, pictures=store.pictures.copy())
    changed.pictures[0] = 0
    last = Interrupted(99)
    made = facestore.build(a_dataset(changed), tmp_path / "faces", [last])
    assert last.seen == 28
    assert not made.pictures[0].any()


@pytest.mark.parametrize("name", ["boxes.npy", "pictures.npy", "records.csv", "store.json"])
def test_a_damaged_store_is_said_wherever_it_is_cut(tmp_path: Path, store: FaceStore, name: str) -> None:
    facestore.build(a_dataset(store), tmp_path / "faces", detectors=[])
    whole = (tmp_path / "faces" / name).read_bytes()
    ends = range(0, min(len(whole), 260), 7)
    for content in [whole[:end] for end in ends] + [whole[:10] + b"(" + whole[11:100]]:
        (tmp_path / "faces" / name).write_bytes(content)
        with pytest.raises(SourceError, match=r"damaged|not complete"):
            facestore.load(tmp_path / "faces")


def test_a_full_disk_is_said_and_costs_no_face_that_was_found(
    tmp_path: Path, store: FaceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as change:
        change.setattr(os, "posix_fallocate", full, raising=False)
        with pytest.raises(OutputError, match="No space left"):
            facestore.build(a_dataset(store), tmp_path / "faces", detectors=[])
        assert not (tmp_path / "faces.part").exists()
    with monkeypatch.context() as change:
        change.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 0))  # type: ignore[attr-defined]
        with pytest.raises(OutputError, match="No space left"):
            facestore.build(a_dataset(store), tmp_path / "faces", detectors=[])
    with pytest.raises(KeyboardInterrupt):
        facestore.build(a_dataset(store), tmp_path / "faces", detectors=[Interrupted(11)])
    with monkeypatch.context() as change:
        change.setattr(os, "posix_fallocate", full, raising=False)
        if hasattr(os, "posix_fallocate"):
            with pytest.raises(OutputError, match="No space left"):
                facestore.build(a_dataset(store), tmp_path / "faces", detectors=[])
    last = Interrupted(99)
    assert len(facestore.build(a_dataset(store), tmp_path / "faces", [last])) == 28
    assert last.seen == 17


def test_two_commands_do_not_find_the_same_faces_at_once(tmp_path: Path, store: FaceStore) -> None:
    lock = FileLock(tmp_path / "faces.lock", make=True)
    assert lock.acquire()
    with pytest.raises(OutputError, match="by another command"):
        facestore.build(a_dataset(store), tmp_path / "faces", detectors=[])
    lock.release()
    assert len(facestore.build(a_dataset(store), tmp_path / "faces", detectors=[])) == 28


def test_a_name_that_is_not_unicode_is_stored(tmp_path: Path, store: FaceStore) -> None:
    name = "m\udcfcller.png"  # as Python keeps the Latin-1 bytes of a file name or a tar's entry
    dataset = FaceDataset("old", MemoryStorage({name: lambda: store.pictures[0]}), [FaceRecord(name, "male")])
    assert facestore.build(dataset, tmp_path / "old", detectors=[]).records[0].file == name


def test_haar_is_set_as_the_articles_set_it(store: FaceStore) -> None:
    (detector,) = facestore.detectors_of("1.3,7,alt2")
    assert isinstance(detector, HaarFaceDetector)
    assert detector.name == "Haar alt2"
    assert (detector._scale_factor, detector._min_neighbors) == (1.3, 7)
    assert [d.name for d in facestore.detectors_of(None)] == ["YuNet", "Haar frontal"]
    with pytest.raises(SettingsError, match=r"like 1\.3,5,frontal"):
        facestore.detectors_of("fast")
