"""Two counts of one file, person by person."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.cli.main import main
from desktop_app.domain.events import DoorStarted
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import Gender
from desktop_app.reports.recount import CannotRecountError, compare_counts, what_was_counted
from tests.store.logs import LogMaker


def person(number: int, start: float, end: float, gender: Gender = Gender.FEMALE, band: str = "30-39") -> PersonRecord:
    return PersonRecord(
        f"p{number}", (f"p{number}",), number, "s", "main", start, start, True, gender, gender, 0.9, False,
        35.0, 4.0, band, band, False, False, False, start, end, end - start, 1.0,
    )  # fmt: skip


def test_people_are_paired_by_the_time_they_were_in_view() -> None:
    before = [person(1, 0, 5), person(2, 4, 9, Gender.MALE), person(3, 20, 25), person(4, 30, 31)]
    now = [person(1, 0.2, 5.1), person(2, 4, 9), person(3, 20, 24, band="40-49"), person(4, 40, 44)]
    recount = compare_counts(before, now)
    assert [(p.before and p.before.number, p.now and p.now.number, p.change) for p in recount.pairs] == [
        (1, 1, ""), (2, 2, "gender"), (3, 3, "age"), (4, None, "only before"), (None, 4, "only now"),
    ]  # fmt: skip
    assert recount.number("gender") == 1


def test_of_two_at_one_time_the_labels_decide() -> None:
    before = [person(1, 0, 5, Gender.MALE), person(2, 0, 5)]
    pairs = compare_counts(before, [person(1, 0, 5), person(2, 0, 5, Gender.MALE)]).pairs
    assert [p.change for p in pairs] == ["", ""]


def test_added_people_and_crowds_that_only_one_count_has() -> None:
    many = [person(i, i * 10.0, i * 10.0 + 3) for i in range(2000)]
    assert compare_counts(many, many).number("") == 2000
    assert compare_counts(many, []).number("only before") == 2000
    assert compare_counts([replace(many[0], is_added=True)], []).pairs == ()
    staff = replace(many[0], counts=False, is_staff=True, auto_staff=True)
    assert compare_counts([staff], [many[0]]).number("only now") == 1, "then the program left them out"
    assert compare_counts([], []).pairs == ()


@pytest.mark.parametrize(("doors", "said"), [(("north", "south"), "has 2 doors"), (("north", "north"), "from 2 runs")])
def test_a_count_of_several_doors_or_runs_is_not_made_again(doors: tuple[str, str], said: str) -> None:
    log = LogMaker()
    for door in doors:
        log.add(DoorStarted(0.0, "film.mp4", 0.0), door)
    with pytest.raises(CannotRecountError, match=said):
        what_was_counted(log.entries)


@pytest.mark.slow
def test_a_kept_count_is_counted_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["count", "demo", "--limit", "8", "--quiet"]) == 0
    out = tmp_path / "o.csv"
    assert main(["recount", "last", "--limit", "8", "--csv", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "Another gender: 0. Another age: 0. Only before: 0. Only now: 0." in printed
    assert len(out.read_text("utf-8").splitlines()) > 1
    assert main(["recount", "last", "--limit", "3", "--min-face", "0.5", "--keep"]) == 0
    assert "only before" in capsys.readouterr().out
    assert main(["sessions"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert main(["recount", "last", "--file", str(tmp_path / "gone.mp4")]) == 2
    assert "--file" in capsys.readouterr().err
