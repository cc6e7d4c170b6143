"""How the benchmark of counting reads its truth and works out its figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.clips import HALVES, Clip, half_of, read_clips
from benchmarks.log import RunLog
from benchmarks.scores import HEADER, Figure, Row, line, outside, table
from desktop_app.domain.events import Counted, Revised
from desktop_app.domain.types import Counts, Gender

CLIP = Clip(Path("door.mp4"), males=2, females=1, appearances=3, low=3, high=4, kind="unedited")
AGAIN = Clip(Path("again.mp4"), males=1, females=1, appearances=5, low=5, high=5, kind="old")


def row(clip: Clip, female: int, male: int, undecided: int = 0, **changes: object) -> Row:
    return Row("way", clip, False, Counts(female, male, undecided), **changes)  # type: ignore[arg-type]


def test_truth_gives_the_range_that_the_columns_or_the_note_allow(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text(
        "file,males,females,appearances,low,high,kind,notes\n"
        "a.mp4,1,1,2,2,4,unedited,two\nb.mp4,1,0,1,1,1,old,0 or 1 is right\n",
        "utf-8",
    )
    a, b = read_clips(tmp_path)
    assert (a.accepted(False), a.kind) == ((2, 4), "unedited")
    assert b.accepted(False) == (0, 1)


def test_truth_without_the_new_columns_is_a_variant_with_one_answer(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text("file,males,females,appearances,notes\na.mp4,1,1,3,\n", "utf-8")
    (clip,) = read_clips(tmp_path)
    assert (clip.accepted(False), clip.accepted(True), clip.kind) == ((3, 3), (2, 2), "variant")


def test_every_clip_is_in_one_half_and_stays_there(tmp_path: Path) -> None:
    names = [f"clip{i}.mp4" for i in range(20)]
    lines = "\n".join(f"{name},1,0,1,," for name in names)
    (tmp_path / "truth.csv").write_text(f"file,males,females,appearances,low,high\n{lines}\n", "utf-8")
    halves = [[c.name for c in read_clips(tmp_path, half=half)] for half in HALVES]
    assert sorted(halves[0] + halves[1]) == sorted(names)
    assert all(halves)
    assert half_of("room_walk_1m.mp4") == "tune"
    assert half_of("subway_walk_2m1f.mp4") == "confirm"


@pytest.mark.parametrize(("value", "expected"), [(2, -1), (3, 0), (4, 0), (6, 2)])
def test_only_what_lies_outside_the_range_is_wrong(value: int, expected: int) -> None:
    assert outside(value, 3, 4) == expected


def test_errors_of_opposite_signs_do_not_cancel_in_the_absolute_error() -> None:
    text = line("way", "all", [row(CLIP, 2, 4), row(CLIP, 0, 1)])
    assert len(text) == len(HEADER)
    absolute, signed = Figure.of([(2, 3), (2, 3)]), Figure.of([(2, 3), (-2, 3)])
    assert absolute is not None
    assert signed is not None
    assert str(absolute) in text
    assert str(signed) in text
    assert (absolute.value, signed.value) == (pytest.approx(2 / 3), 0)
    assert signed.low < 0 < signed.high


def test_somebody_undecided_is_a_miss_for_their_gender_and_not_for_the_people() -> None:
    undecided = row(CLIP, 1, 1, 1)
    assert undecided.signed == 0
    assert undecided.gender_error(undecided.counts.male, CLIP.males) == 1
    assert not row(AGAIN, 1, 4).comparable_genders


def test_people_where_nobody_is_are_told_apart() -> None:
    nobody = Clip(Path("cat.mp4"), 0, 0, 0, 0, 0, "trap")
    lines = table([row(CLIP, 1, 2), row(nobody, 1, 1), row(AGAIN, 1, 4)]).splitlines()
    assert [text.split()[1] for text in lines[1:-1]] == ["unedited", "trap", "old"]
    assert [text.split()[-1] for text in lines[1:]] == ["0", "2", "0", "2"]


def test_a_name_that_is_lost_or_changed_is_noticed_once_a_person() -> None:
    log = RunLog()
    log.add([Counted(0.5, "a", 1, 0.1), Counted(0.5, "b", 2, 0.1, Gender.FEMALE, 0.9)])
    log.add([Revised(1.0 + i, "a", gender, 0.9) for i, gender in enumerate([Gender.MALE, Gender.FEMALE, Gender.MALE])])
    log.add([Revised(9.0, "b", Gender.FEMALE, 0.95, final=True)])
    assert (set(log.named), log.renamed) == ({"a", "b"}, {"a"})
    assert (log.totals.counts().male, log.totals.counts().female) == (1, 1)
