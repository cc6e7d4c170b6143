"""What the training tool's commands refuse, leave out, keep and say."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.types import Box, Detection
from desktop_app.errors import ModelError, OutputError, SettingsError, SourceError
from desktop_app.resources import models_dir
from desktop_app.training import checkpoint, config, evaluate, facestore
from desktop_app.training.cli import faces as cli_faces
from desktop_app.training.cli import main
from desktop_app.training.cli.console import Stopped, check_output, if_stopped, named, put_out
from desktop_app.training.explaining import explain_folder
from desktop_app.training.facestore import FaceStore
from desktop_app.training.starts import read_arrays

REPOSITORY = Path(__file__).resolve().parents[2]
NOISE = re.compile(r"onednn|cuda|xnnpack|absl|tensorflow|warning|\bI0000|\bE0000|\bW0000", re.IGNORECASE)


@pytest.fixture
def pictures(tmp_path: Path, store: FaceStore) -> Path:
    """The drawn faces in a folder per class: nothing divides them."""
    for i, record in enumerate(store.records):
        path = tmp_path / "faces" / record.gender / str(int(record.age or 0)) / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), store.pictures[i])
    return tmp_path / "faces"


def options(pictures: Path, **more: object) -> argparse.Namespace:
    return argparse.Namespace(**{"kind": "auto", "limit": None, "haar": None, "work": pictures.parent / "work", **more})


class StopsAt:
    name = "stops"

    def __init__(self, at: int) -> None:
        self.seen, self._at = 0, at

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        self.seen += 1
        if self.seen > self._at:
            raise KeyboardInterrupt
        return []


def test_ctrl_c_while_faces_are_found_says_what_is_kept_and_that_is_true(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = StopsAt(70), StopsAt(1000)
    monkeypatch.setattr(facestore, "detectors_of", lambda haar: [first])
    with pytest.raises(Stopped, match="kept; the same command goes on after them"):
        cli_faces.stored_faces(options(pictures), pictures)
    monkeypatch.setattr(facestore, "detectors_of", lambda haar: [second])
    assert len(cli_faces.stored_faces(options(pictures), pictures)) == 120
    assert second.seen == 50


def test_changed_labels_and_another_detector_are_not_answered_from_what_was_kept(pictures: Path) -> None:
    (pictures / "faces.csv").write_text("file,gender,race\nfemale.png,female,White\n")
    assert cv2.imwrite(str(pictures / "female.png"), np.full((40, 40, 3), 90, np.uint8))
    assert cli_faces.stored_faces(options(pictures), pictures).records[0].race == "White"
    (pictures / "faces.csv").write_text("file,gender,race\nfemale.png,female,Black\n")
    assert cli_faces.stored_faces(options(pictures), pictures).records[0].race == "Black"
    assert cli_faces.stored_faces(options(pictures, haar="1.3,5,alt2"), pictures).finder == "1.3,5,alt2"


@pytest.mark.parametrize("packed", ["", "zip", "tar"])
def test_a_picture_that_was_replaced_is_looked_at_again(
    pictures: Path, capsys: pytest.CaptureFixture[str], packed: str
) -> None:
    def place() -> Path:
        if not packed:
            return pictures
        return Path(shutil.make_archive(str(pictures.parent / "packed"), packed, pictures))

    (pictures / "female" / "20").mkdir(exist_ok=True)
    broken = pictures / "female" / "20" / "broken.png"
    broken.write_bytes(b"not a picture")

    def faces() -> FaceStore:
        given = options(pictures)
        dataset = cli_faces.read_labels(given, place())
        return cli_faces.find_faces(given, place(), dataset)

    assert len(faces()) == 120
    assert len(faces()) == 120
    assert "have changed" not in capsys.readouterr().out
    shutil.copy(next(pictures.glob("male/*/*.png")), broken)  # as the message asks for
    assert len(faces()) == 121
    assert "have changed; its faces are found anew" in capsys.readouterr().out
    store = faces()
    assert store.folder is not None
    notes = json.loads((store.folder / "store.json").read_text())
    del notes["made_of"]  # a store of before, which does not know what it was made of
    (store.folder / "store.json").write_text(json.dumps(notes))
    broken.write_bytes(b"not a picture")
    assert len(faces()) == 121


def test_a_picture_that_cannot_be_decoded_is_listed(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pictures / "female" / "20" / "broken.png").parent.mkdir(exist_ok=True)
    (pictures / "female" / "20" / "broken.png").write_bytes(b"no picture")
    for _ in range(2):  # found anew, and from what was kept
        assert len(cli_faces.stored_faces(options(pictures), pictures)) == 120
        said = capsys.readouterr().out
        assert "pictures of faces that cannot be read: 1" in said
        assert "female/20/broken.png: The picture female/20/broken.png is empty or damaged" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "cnn32", "--limit", "0"], "0 is no whole number from 1 on"),
        (["train", "cnn32", "--epochs", "-3"], "-3 is no whole number from 1 on"),
        (["evaluate", "x", "--limit", "few"], "few is no whole number from 1 on"),
        (["train", "cnn32", "--haar", "1.3,5,back"], "frontal, alt2, profile"),
        (["train", "cnn32", "--data", "elsewhere"], "--data may be given once only"),
        (["sweep", "cnn32", "--threads", "0"], "0 is no whole number"),
        (["train", "cnn32", "--weight", "blak=1.3"], "blak=1.3 is no GROUP=FACTOR like black=1.3 (groups: balance"),
        (["train", "cnn32", "--weight", "black=much"], "black=much is no GROUP=FACTOR"),
        (["train", "cnn32", "--weight", "black=-1"], "black=-1 is no GROUP=FACTOR"),
    ],
)
def test_impossible_numbers_are_refused_before_anything_is_done(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as wrong:
        main([*arguments, "--data", "nowhere"])
    assert wrong.value.code == 2
    assert said in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_refused_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path, tmp_path / "file" / "t.md"):
        with pytest.raises(OutputError):
            check_output(out)
        assert main(["compare", "x", "--data", "x", "--out", str(out)]) == 6
        assert "cannot be written" in capsys.readouterr().err
    assert main(["train", "cnn32", "--data", "x", "--out", str(tmp_path / "file" / "run")]) == 6
    assert "cannot be written" in capsys.readouterr().err
    check_output(tmp_path / "new" / "t.md")
    check_output(None)
    put_out("| a |", tmp_path / "new" / "t.md")
    assert (tmp_path / "new" / "t.md").read_text() == "| a |\n"


@pytest.mark.train
@pytest.mark.allow_threads
def test_the_figures_are_said_also_where_the_report_cannot_be_written(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from desktop_app.training import report

    def full(*_: object, **__: object) -> None:
        raise OutputError("The report cannot be written.")

    monkeypatch.setattr(report, "write_report", full)
    data = ["--data", str(pictures), "--work", str(tmp_path / "work"), "--out", str(tmp_path / "r.html")]
    assert main(["evaluate", str(models_dir() / "hog"), *data]) == 6
    assert "gender accuracy 0." in capsys.readouterr().out


class Middle:
    """Finds one face in the middle of every picture."""

    name = "middle"

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        height, width = image_bgr.shape[:2]
        return [Detection(Box(width * 0.2, height * 0.2, width * 0.8, height * 0.8), 0.9)]


def test_one_picture_is_explained_as_a_folder_is(pictures: Path, tmp_path: Path) -> None:
    one = next(pictures.glob("female/*/*.png"))
    model = models_dir() / "mini_xception"
    assert explain_folder(model, one, tmp_path / "one", [Middle()]) == 1
    assert (tmp_path / "one" / f"00000_{one.stem}.png").is_file()
    assert explain_folder(model, one.parent, tmp_path / "all", [Middle()]) == len(list(one.parent.iterdir()))
    with pytest.raises(SourceError, match="There is no file or folder"):
        explain_folder(model, tmp_path / "nowhere", tmp_path / "all", [Middle()])


@pytest.mark.parametrize("content", ["table", "array", "empty", "gone"])
def test_weights_of_another_kind_are_refused_in_plain_words(tmp_path: Path, content: str) -> None:
    path = tmp_path / "weights.npz"
    if content == "table":
        path.write_text("file,gender\n")
    elif content == "array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    elif content == "empty":
        path.write_bytes(b"")
    with pytest.raises(ModelError, match=r"The weights in weights\.npz cannot be read: ") as caught:
        read_arrays(path)
    assert "pickle" not in str(caught.value)
    assert ("No such file" in str(caught.value)) == (content == "gone")


def test_nobody_calibrates_on_one_gender_alone(store: FaceStore) -> None:
    network = evaluate.open_network(models_dir() / "hog")
    women = np.array([i for i, record in enumerate(store.records) if record.gender == "female"])
    with pytest.raises(SettingsError, match="All faces of drawn to calibrate on are female"):
        evaluate.temperature(network, store, women)
    assert evaluate.temperature(network, store, np.arange(len(store))) > 0


def test_half_a_checkpoint_does_not_stay_on_a_full_disk(tmp_path: Path) -> None:
    class Large:
        def save(self, path: Path) -> None:
            path.write_bytes(b"half")
            raise OSError(28, "No space left on device")

    (tmp_path / checkpoint.LAST).write_bytes(b"the old one")
    with pytest.raises(OutputError, match="No space left"):
        checkpoint.save(Large(), checkpoint.Notes(config.load("cnn32")), tmp_path / checkpoint.LAST)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"the old one"]


def test_figures_are_named() -> None:
    assert named({"loss": 0.5, "val_loss": 0.41234, "val_gender": 0.9}) == ["val loss 0.412", "val gender 0.900"]


def test_a_stop_inside_another_keeps_the_inner_words() -> None:
    with pytest.raises(Stopped, match="inner"), if_stopped("outer"), if_stopped(lambda: "inner"):
        raise KeyboardInterrupt


@pytest.mark.train
@pytest.mark.allow_threads  # TensorFlow's own pool
class TestWithTensorFlow:
    def test_a_run_says_where_it_is_and_nothing_of_tensorflow(
        self, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        command = ["train", "classical", "--data", str(pictures), "--work", str(tmp_path / "work"), "--epochs"]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_")} | {"PYTHONPATH": str(REPOSITORY)}
        done = subprocess.run(
            [sys.executable, "-m", "desktop_app.training.cli", *command, "1"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        for line in [*done.stdout.splitlines(), *done.stderr.replace("\r", "\n").splitlines()]:
            assert "tensorboard" in line or not NOISE.search(line), line
        assert "loss" in done.stderr.replace("\r", "\n").splitlines()[-1]
        assert "val gender:" in done.stdout
        assert "in use: epoch 1, the best in val gender" in done.stdout
        assert main([*command, "2"]) == 0
        assert "resuming from epoch 2 of 2" in capsys.readouterr().out
        assert main([*command, "2"]) == 0
        assert "already finished: 2 epochs are done; --epochs 4 goes on" in capsys.readouterr().out
        assert main([*command, "4"]) == 0
        assert "resuming from epoch 3 of 4" in capsys.readouterr().out

    def test_what_a_run_has_learned_is_in_no_figure_of_it_or_its_export(
        self, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Trained on a part with one seed; measured on all with the division of another one, beside HOG."""
        work = ["--data", str(pictures), "--work", str(tmp_path / "work")]
        run, model = tmp_path / "work" / "runs" / "cnn32", tmp_path / "model"
        assert main(["train", "cnn32", *work, "--epochs", "1", "--limit", "60", "--seed", "7"]) == 0
        assert main(["export", str(run), "--out", str(model), "--keras", "--work", str(tmp_path / "work")]) == 0
        raw = json.loads((model / "saved_model" / "model.json").read_text())
        assert raw["outputs"] == {"gender": "gender"}
        assert raw["labels"] == {"gender": ["female", "male"]}
        assert raw["input"]["width"] == 32
        card = json.loads((model / "model.json").read_text())
        assert "age" not in card["limits"].replace("says nothing of age", "")
        assert card["training_faces"]["trained"] + card["training_faces"]["chosen"] == 49
        capsys.readouterr()
        for what in (run, model):
            assert main(["evaluate", str(what), *work, "--out", str(tmp_path / "r.html")]) == 0
            left_out = re.search(r"Left out of (\d+) faces: (\d+) that", capsys.readouterr().out)
            assert left_out is not None
            assert 0 < int(left_out[2]) < int(left_out[1])
        models = [str(run), str(model), str(models_dir() / "hog")]
        assert main(["compare", *models, *work, "--out", str(tmp_path / "t.md")]) == 0
        head, _, *rows = (tmp_path / "t.md").read_text().split("\n\n")[0].splitlines()
        table = [dict(zip(head.split(" | "), row.split(" | "), strict=True)) for row in rows]
        assert len(table) == 3
        trained, exported, hog = table
        said = config.load("cnn32").about["authors_figure"]
        assert trained["authors' figure |"] == exported["authors' figure |"] == f"{said} |"
        assert exported["ms Keras predict"] != "-"
        assert hog["ms Keras predict"] == "-"
        assert float(hog["ms, 1 face"]) > 0
        assert "Left out of" in (tmp_path / "t.md").read_text()
        capsys.readouterr()
        assert main(["compare", str(run), str(tmp_path / "gone"), *work]) == 4
        said = capsys.readouterr()
        assert "measuring" not in said.out
        assert "gone" in said.err

    def test_labels_that_teach_nothing_end_with_an_error(
        self, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        rows = [f"{path.relative_to(pictures)},{path.parts[-3]}" for path in pictures.rglob("*.png")]
        (pictures / "faces.csv").write_text("\n".join(["file,sex", *rows]))
        command = ["--data", str(pictures), "--work", str(tmp_path / "work")]
        assert main(["train", "cnn32", *command]) == 3
        assert "no column “gender”; the columns are file, sex" in capsys.readouterr().err
        (pictures / "faces.csv").write_text("\n".join(["file,gender", *rows]))
        assert main(["train", "levi_hassner", *command]) == 3
        assert "levi_hassner learns ages" in capsys.readouterr().err
        assert main(["sweep", "levi_hassner", *command]) == 3
        assert not (tmp_path / "work" / "faces").exists()  # said before the minutes that finding them takes
        assert main(["sweep", "fully_conv9", *command, "--outputs", "sigmoid"]) == 5
        assert not (tmp_path / "work" / "runs").exists()
        assert not (tmp_path / "work" / "sweeps").exists()

    def test_a_run_that_cannot_be_kept_ends_with_its_reason(self, store: FaceStore, tmp_path: Path) -> None:
        from desktop_app.training.train import train

        (tmp_path / "file").write_text("")
        with pytest.raises(OutputError, match="cannot be kept in"):
            train(config.load("classical"), store, tmp_path / "file" / "run")

    def test_more_epochs_go_on_as_if_they_had_been_planned(self, store: FaceStore, tmp_path: Path) -> None:
        import dataclasses

        from desktop_app.training import train

        told: list[str] = []
        chosen = dataclasses.replace(config.load("classical"), schedule="constant", epochs=4, batch_size=16)
        whole = train.train(chosen, store, tmp_path / "whole")
        train.train(dataclasses.replace(chosen, epochs=2), store, tmp_path / "part")
        more = train.train(chosen, store, tmp_path / "part", told=told.append)
        assert told == ["resuming from epoch 3 of 4"]
        assert more.config.epochs == 4
        assert more.history["loss"] == pytest.approx(whole.history["loss"], rel=1e-3)
