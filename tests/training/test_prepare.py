"""Cutting faces out of folders, labelled sets and addresses."""

from __future__ import annotations

import csv
import http.server
import importlib.util
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.types import AGE_BANDS, Attributes, Box, Detection
from desktop_app.errors import OutputError, SourceError
from desktop_app.training.cli import main
from desktop_app.training.distribution import distribution, draw_distribution
from desktop_app.training.prepare import download, prepare
from desktop_app.training.readers import FaceRecord, open_dataset
from desktop_app.vision.attributes.preprocess import InputSpec


class BrightSquares:
    """A detector that takes every bright square for a face."""

    name = "bright squares"

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        mask = (image_bgr[..., 0] > 200).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
        boxes = [Box(float(x), float(y), float(x + w), float(y + h)) for x, y, w, h, _ in stats[1:count]]
        return [Detection(box, 0.9) for box in boxes]


def scene(*squares: tuple[int, int, int]) -> NDArray[np.uint8]:
    picture = np.full((200, 300, 3), 30, np.uint8)
    for x, y, side in squares:
        picture[y : y + side, x : x + side] = 240
    return picture


@pytest.mark.train
def test_unlabelled_pictures_give_every_face(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    cv2.imwrite(str(folder / "two.png"), scene((20, 20, 60), (180, 80, 70)))
    cv2.imwrite(str(folder / "none.png"), scene())
    cv2.imwrite(str(folder / "far.png"), scene((50, 50, 10)))
    (folder / "broken.jpg").write_bytes(b"no picture")
    result = prepare(str(folder), tmp_path / "out", detectors=[BrightSquares()])
    assert (result.pictures, len(result.records), result.without_face, result.too_small) == (3, 2, 1, 1)
    assert [p.row for p in result.problems] == ["broken.jpg"]
    with (tmp_path / "out" / "faces.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["source"] for row in rows] == ["two.png", "two.png"]
    crop = cv2.imread(str(tmp_path / "out" / rows[1]["file"]))
    x1, y1, x2, y2 = (float(rows[1][key]) for key in ("x1", "y1", "x2", "y2"))
    assert (x2 - x1, y2 - y1) == (70, 70)
    assert crop[round((y1 + y2) / 2), round((x1 + x2) / 2)].min() > 200
    assert cv2.imread(str(tmp_path / "out" / "distribution.png")) is not None


class SaysFemale:
    """A model that takes every face for a woman in her thirties."""

    name = "says female"
    spec = InputSpec(32, 32)

    def predict(self, crops: NDArray[np.uint8]) -> list[Attributes]:
        assert np.median(crops) > 200  # it is shown the face
        bands = tuple(float(band == "30-39") for band in AGE_BANDS)
        return [Attributes(female=0.9, age_bands=bands) for _ in crops]


@pytest.mark.train
def test_a_model_may_suggest_labels(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), scene((100, 60, 80)))
    result = prepare(str(tmp_path / "a.png"), tmp_path / "out", detectors=[BrightSquares()], suggest=SaysFemale())
    with (tmp_path / "out" / "faces.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["gender"], row["suggested_gender"], row["suggested_age"]) == ("", "female", "30-39")
    assert not result.records[0].gender  # a suggestion is no label


@pytest.mark.train
def test_a_labelled_set_keeps_its_labels_and_reads_back(tmp_path: Path) -> None:
    for name, square in (("female/20-29/a.png", (100, 60, 80)), ("male/b.png", (90, 50, 90))):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), scene(square, (2, 2, 30)))  # the small one at the rim is somebody else
    prepare(str(tmp_path / "in"), tmp_path / "out", detectors=[BrightSquares()])
    dataset = open_dataset(tmp_path / "out")
    assert [(r.gender, r.age_min, r.age_max) for r in dataset.records] == [("female", 20, 29), ("male", None, None)]
    assert dataset.records[0].box is not None
    assert dataset.records[0].box.width == 80
    assert len({r.group for r in dataset.records}) == 2


def test_distribution() -> None:
    records = [
        FaceRecord("a", "female", 25, 25, 25),
        FaceRecord("b", "male", age_min=70),
        FaceRecord("c"),
        FaceRecord("d", "male", age_min=18, age_max=24),  # in two bands: it counts in that of its middle
    ]
    genders, bands = distribution(records)
    assert dict(genders) == {"female": 1, "male": 2, "": 1}
    assert bands == {"female": {"20-29": 1}, "male": {"70+": 1, "20-29": 1}}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    cv2.imwrite(str(tmp_path / "face.png"), scene((50, 50, 60)))
    (tmp_path / "page.html").write_text("<p>no picture</p>")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(tmp_path))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_picture_from_an_address(served: str) -> None:
    assert download(f"{served}/face.png").shape == (200, 300, 3)
    with pytest.raises(SourceError, match="404"):
        download(f"{served}/gone.png")
    with pytest.raises(SourceError, match="damaged"):
        download(f"{served}/page.html")
    with pytest.raises(SourceError, match="cannot be reached"):
        download("http://127.0.0.1:9/face.png")


@pytest.mark.train
def test_prepare_from_an_address(served: str, tmp_path: Path) -> None:
    result = prepare(f"{served}/face.png", tmp_path / "out", detectors=[BrightSquares()])
    assert len(result.records) == 1


def test_the_command_line_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "resnet9000", "--data", str(tmp_path)]) == 5
    assert "no network called 'resnet9000'" in capsys.readouterr().err
    with pytest.raises(SystemExit) as wrong:
        main(["train"])
    assert wrong.value.code == 2


@pytest.mark.train
@pytest.mark.allow_threads  # TensorFlow's own pool
def test_the_command_line_names_a_missing_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "cnn32", "--data", str(tmp_path / "nowhere"), "--work", str(tmp_path)]) == 3
    assert "no file or folder" in capsys.readouterr().err
    assert main(["evaluate", str(tmp_path / "nothing.keras"), "--data", str(tmp_path), "--work", str(tmp_path)]) == 4
    assert "no checkpoint" in capsys.readouterr().err


def test_labels_that_were_filled_in_are_not_overwritten(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), scene((100, 60, 80)))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "faces.csv").write_text("mine")
    with pytest.raises(OutputError, match=r"holds faces\.csv already"):
        prepare(str(tmp_path / "a.png"), tmp_path / "out", detectors=[BrightSquares()])
    assert (tmp_path / "out" / "faces.csv").read_text() == "mine"


@pytest.mark.train
def test_the_chart_shows_suggestions_only_for_what_nobody_labelled(tmp_path: Path) -> None:
    ages = [FaceRecord(str(i), "female", 25, 25, 25) for i in range(9)]
    genders = [FaceRecord(str(i), ("female", "male")[i % 2]) for i in range(9)]
    hints = [FaceRecord(str(i), "male", age_min=60, age_max=69) for i in range(9)]

    def chart(name: str, *arguments: object) -> bytes:
        draw_distribution(arguments[0], tmp_path / name, *arguments[1:])  # type: ignore[arg-type]
        return (tmp_path / name).read_bytes()

    assert chart("a.png", ages, hints, "Some model") == chart("b.png", ages)
    assert chart("c.png", genders, hints, "Some model") != chart("d.png", genders)


@pytest.mark.train
def test_prepare_by_the_command_line_finds_faces_with_haar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), scene((100, 60, 80)))
    out = ["--out", str(tmp_path / "out"), "--haar", "1.3,5,frontal"]
    assert main(["prepare", str(tmp_path / "a.png"), *out]) == 0
    assert "1 pictures, 0 faces" in capsys.readouterr().out  # a square is no face to a cascade


@pytest.mark.train
@pytest.mark.slow
def test_prepare_says_nothing_of_the_runtime(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), scene((100, 60, 80)))
    command = [sys.executable, "-m", "desktop_app.training.cli", "prepare", str(tmp_path / "a.png")]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out")], capture_output=True, text=True, check=True,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert "TensorFlow" not in done.stderr + done.stdout


def test_a_stopped_prepare_begins_again(tmp_path: Path) -> None:
    class Stopping(BrightSquares):
        def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
            raise KeyboardInterrupt

    cv2.imwrite(str(tmp_path / "a.png"), scene((100, 60, 80)))
    with pytest.raises(KeyboardInterrupt):
        prepare(str(tmp_path / "a.png"), tmp_path / "out", detectors=[Stopping()])
    assert not (tmp_path / "out" / "faces.csv").exists()
    if importlib.util.find_spec("matplotlib") is not None:
        assert len(prepare(str(tmp_path / "a.png"), tmp_path / "out", detectors=[BrightSquares()]).records) == 1
        assert (tmp_path / "out" / "faces.csv").read_text().count("\n") == 2
