"""Pictures of no face: what is refused, and that a network learns from them what is no face."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.errors import HeadcountError, ModelError, SettingsError
from desktop_app.training import checkpoint, config, resume
from desktop_app.training.checkpoint import Notes
from desktop_app.training.cli import main
from desktop_app.training.facestore import FaceStore
from desktop_app.training.no_faces import mark_of, read_no_faces


def no_faces(count: int, seed: int = 0, side: int = 64) -> NDArray[np.uint8]:
    """Level stripes of many widths, no head: uint8 (count, side, side, 3)."""
    rng = np.random.default_rng(seed)
    stripes = np.arange(side) // rng.integers(3, 9, (count, 1)) % 2 * 150
    return np.asarray(rng.integers(0, 90, (count, side, side, 3)) + stripes[:, :, None, None], np.uint8)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((0, 64, 64, 3), np.uint8), "holds 0x64x64x3 of uint8"),
        (np.zeros((5, 64, 64, 3), np.float32), "holds 5x64x64x3 of float32"),
        (np.zeros((5, 64, 64), np.uint8), "holds 5x64x64 of uint8"),
        (np.zeros((5, 64, 48, 3), np.uint8), "holds 5x64x48x3 of uint8"),
        (np.array([{"a": 1}], object), "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_an_array_of_another_kind_is_refused_by_its_shape(
    tmp_path: Path, array: NDArray[np.uint8] | None, words: str
) -> None:
    path = tmp_path / "none.npy"
    if array is None:
        path.write_bytes(b"\x93NUMPY")
    else:
        np.save(path, array)
    with pytest.raises(SettingsError, match=words):
        read_no_faces(path)


def test_a_folder_and_an_array_are_read(tmp_path: Path) -> None:
    pictures = no_faces(3)
    np.save(tmp_path / "none.npy", pictures)
    assert np.array_equal(read_no_faces(tmp_path / "none.npy"), pictures)
    folder = tmp_path / "walls"
    folder.mkdir()
    with pytest.raises(HeadcountError, match="no readable picture"):
        read_no_faces(folder)
    assert cv2.imwrite(str(folder / "a.png"), pictures[0])
    (folder / "b.png").write_bytes(b"half a picture")
    found = read_no_faces(folder)
    assert (len(found), found.dtype, found.shape[3]) == (1, np.uint8, 3)
    assert mark_of(pictures) == mark_of(np.load(tmp_path / "none.npy", mmap_mode="r"))
    assert mark_of(pictures) != mark_of(pictures[::-1])


def test_pictures_of_no_face_are_refused_before_any_face_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "none.npy", no_faces(3))
    data = ["--data", str(tmp_path / "nowhere"), "--work", str(tmp_path / "work")]
    assert main(["train", "mini_xception", "--negatives", str(tmp_path / "none.npy"), *data]) != 0
    assert "mini_xception does not learn what is no face" in capsys.readouterr().err
    assert main(["train", "headcount", "--negatives", str(tmp_path / "gone.npy"), *data]) != 0
    assert "gone.npy cannot be read" in capsys.readouterr().err


def test_a_run_goes_on_with_the_same_pictures_of_no_face_only(
    store: FaceStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Notes(config.load("headcount"), 1, data={"name": "drawn", resume.NO_FACES: mark_of(no_faces(4))})
    monkeypatch.setattr(checkpoint, "read_notes", lambda _: kept)
    assert resume.notes_to_go_on_from(tmp_path, kept) is kept
    for data in ({"name": "drawn", resume.NO_FACES: mark_of(no_faces(5))}, {"name": "drawn"}):
        with pytest.raises(ModelError, match="a run with other pictures of no face"):
            resume.notes_to_go_on_from(tmp_path, dataclasses.replace(kept, data=data))
    # A run of before does not say which it had, and goes on.
    before = dataclasses.replace(kept, data={"name": "drawn"})
    monkeypatch.setattr(checkpoint, "read_notes", lambda _: before)
    assert resume.notes_to_go_on_from(tmp_path, kept) is before
    with pytest.raises(ModelError, match="a run with other faces"):
        resume.notes_to_go_on_from(tmp_path, dataclasses.replace(kept, data={"name": "others"}))


@pytest.mark.slow
@pytest.mark.train
@pytest.mark.allow_threads
def test_a_network_learns_what_is_no_face(store: FaceStore, tmp_path: Path) -> None:
    from desktop_app.training import train
    from desktop_app.training.predict import outputs_of

    chosen = dataclasses.replace(
        config.load("headcount"), epochs=8, sizes=(), batch_size=10, warmup_epochs=0.5, ema=0.0, face_weight=1.0,
        augment=config.AugmentConfig(),
    ).at_size(32)  # fmt: skip
    pictures = no_faces(40)
    notes = train.train(chosen, store, tmp_path, negatives=pictures)
    assert notes.data[resume.NO_FACES] == mark_of(pictures)
    model, _ = checkpoint.load(tmp_path / checkpoint.LAST)
    test = store.rows("test")
    boxes = np.tile(np.float32([2, 2, 62, 62]), (len(test), 1))
    nothing = dataclasses.replace(store, pictures=no_faces(len(test), seed=1), boxes=boxes)
    faces = outputs_of(model, store, test, chosen)["face"][:, 0]
    none = outputs_of(model, nothing, np.arange(len(test)), chosen)["face"][:, 0]
    assert np.mean(faces >= 0.5) > 0.9
    assert np.mean(none < 0.5) > 0.9
