"""`headcount compare`: several models asked about the same faces, from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from desktop_app.cli import main as cli
from desktop_app.settings import data_dir

TINY = Path(__file__).parents[1] / "vision" / "tiny_models"


@pytest.fixture
def own_models() -> Path:
    folder = data_dir() / "models"
    for name in ("explained", "rival"):
        shutil.copytree(TINY / name, folder / name)
    return folder


@pytest.mark.slow
def test_compare_on_the_command_line(own_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, rows = tmp_path / "c.json", tmp_path / "c.csv"
    args = ["compare", "demo", "--models", "explained,rival", "--limit", "6", "--json", str(out), "--csv", str(rows)]
    assert cli.main(args) == 0
    table = capsys.readouterr().out
    record = json.loads(out.read_text("utf-8"))
    assert [m["model"] for m in record["models"]] == ["explained", "rival"]
    assert record["people"]
    people = len(record["people"])
    for model in record["models"]:
        assert sum(model["totals"].values()) == people
        assert model["ms_a_face"] > 0
        assert set(model["ms_a_face_in_batch_of"]) == {"1", "8"}
    # The two were made so that they see everything differently.
    assert record["disagreements"] == [
        p["id"] for p in record["people"] if len({a["gender"] for a in p["decisions"].values()} - {"undecided"}) == 2
    ]
    assert record["disagreements"]
    assert "They disagree on:" in table
    assert f"#{record['disagreements'][0]}" in table
    lines = rows.read_text("utf-8").splitlines()
    assert len(lines) == 1 + people
    assert lines[0].startswith("id,first_seen_s,last_seen_s,disagree,explained_gender")


@pytest.mark.slow
def test_the_same_comparison_twice_gives_the_same(own_models: Path, tmp_path: Path) -> None:
    texts = []
    for i in range(2):
        out = tmp_path / f"{i}.csv"
        assert (
            cli.main(["compare", "demo", "--models", "rival,explained", "--limit", "3", "--csv", str(out), "--quiet"])
            == 0
        )
        texts.append(out.read_text("utf-8"))
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("models", "words", "code"),
    [
        ("headcount", "fewer than two", 5),
        ("headcount,headcount", "twice", 5),
        ("headcount,nobody", "no model called “nobody”", 4),
        ("headcount,../x", "not the name of a model", 4),
    ],
)
def test_what_cannot_be_compared_is_said(
    models: str, words: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["compare", "demo", "--models", models]) == code
    assert words in capsys.readouterr().err


def test_a_broken_model_of_the_users_own_does_not_hide_the_others(
    own_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_models / "rival" / "model.json").write_text("{", encoding="utf-8")
    assert cli.main(["models"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("headcount ")
    assert "rival" in out
    assert "cannot be used" in out
