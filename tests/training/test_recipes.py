"""Every command of the recipes (docs/recipes/), run on a few made-up faces in the layout of the real data set."""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from desktop_app.training import config
from tests.training.conftest import face

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "recipes").glob("*.md"))
FACES = 48


def commands(page: Path) -> list[list[str]]:
    """The commands of a page, without the name of the program."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    return [shlex.split(line)[1:] for line in re.findall(r"^ {4,}(headcount-train .*)$", text, flags=re.MULTILINE)]


def drawn(path: Path, i: int, age: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), face(i % 2 == 0, age, np.random.default_rng(i)))


def ages() -> list[int]:
    return [int(age) for age in np.random.default_rng(1).integers(1, 80, FACES)]


def utkface(folder: Path) -> None:
    for i, age in enumerate(ages()):
        drawn(folder / "UTKFace" / f"{age}_{(i + 1) % 2}_0_{20170116174500000 + i}.jpg", i, age)


def classes(folder: Path) -> None:
    for i, age in enumerate(ages()):
        drawn(folder / "faces" / ("woman", "man")[i % 2] / f"{i}.jpg", i, age)


def adience(folder: Path) -> None:
    middles = (1, 5, 10, 17, 28, 40, 50, 70)
    ranges = ("(0, 2)", "(4, 6)", "(8, 13)", "(15, 20)", "(25, 32)", "(38, 43)", "(48, 53)", "(60, 100)")
    head = "user_id\toriginal_image\tface_id\tage\tgender\n"
    folds: dict[int, list[str]] = {k: [] for k in range(5)}
    for i in range(FACES):
        user, group = f"{i}@N00", i // 2 % 8
        drawn(folder / "adience" / "aligned" / user / f"landmark_aligned_face.{i}.a.jpg", i, middles[group])
        folds[i // 2 % 5].append(f"{user}\ta.jpg\t{i}\t{ranges[group]}\t{'fm'[i % 2]}")
    for k, rows in folds.items():
        (folder / "adience" / f"fold_{k}_data.txt").write_text(head + "\n".join(rows))


def imdb(folder: Path) -> None:
    from scipy.io import savemat

    def cells(values: list[object]) -> np.ndarray:
        array = np.empty((1, FACES), object)
        array[0, :] = values
        return array

    names = [f"01/{i}.jpg" for i in range(FACES)]
    for i, age in enumerate(ages()):
        drawn(folder / "imdb" / names[i], i, age)
    meta = {
        "dob": np.array([[dt.date(2010 - age, 1, 1).toordinal() + 366.0 for age in ages()]]),
        "photo_taken": np.full((1, FACES), 2010, np.uint16),
        "full_path": cells(list(names)),
        "gender": np.array([[float(i % 2) for i in range(FACES)]]),
        "name": cells([f"Person {i}" for i in range(FACES)]),
        "face_location": cells([np.array([[9.0, 7.0, 57.0, 59.0]])] * FACES),
        "face_score": np.ones((1, FACES)),
        "second_face_score": np.full((1, FACES), np.nan),
    }
    savemat(folder / "imdb" / "imdb.mat", {"imdb": meta})


MADE_UP: dict[str, Callable[[Path], None]] = {
    "first-cnn": utkface, "real-time": imdb, "gender-and-age": utkface, "small-vgg": classes, "levi-hassner": adience,
}  # fmt: skip


def test_every_article_has_its_page_and_every_textbook_network_its_article() -> None:
    assert {page.stem for page in PAGES} == {*MADE_UP, "index"}
    trained = {words[1] for page in PAGES for words in commands(page) if words[0] == "train"}
    assert trained == set(config.names()) - {
        "classical", "headcount", "joint64_small", "efficientnet_lite0", "efficientnet_lite2",
    }  # fmt: skip


@pytest.mark.train
@pytest.mark.slow
@pytest.mark.allow_threads
@pytest.mark.parametrize("name", sorted(MADE_UP))
def test_the_commands_of_a_recipe_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from desktop_app.training.cli import main

    monkeypatch.chdir(tmp_path)
    Path("models").symlink_to(ROOT / "models")
    MADE_UP[name](tmp_path)
    found = commands(ROOT / "docs" / "recipes" / f"{name}.md")
    assert found
    for words in found:
        if words[0] in ("train", "sweep"):
            words = [*words, "--epochs", "1"]
        if words[0] == "sweep":  # one of each list, the last
            words = [word.rpartition(",")[2] if not word.startswith("-") else word for word in words]
        assert main(words) == 0, words
        if "--out" in words:
            out = Path(words[words.index("--out") + 1])
            assert out.is_dir() or out.stat().st_size > 100, words
