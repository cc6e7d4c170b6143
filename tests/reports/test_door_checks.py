"""The check in the log: sittings add up, and every report says what was found or that nobody looked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from desktop_app.domain.event_codec import from_plain, to_plain
from desktop_app.domain.events import Added, Checked, Counted, Entry, Revised
from desktop_app.domain.types import Gender
from desktop_app.reports.check import CheckedByEye, Stratum
from desktop_app.reports.door_checks import (
    CardErrors,
    advice,
    card_errors,
    sentence,
    sentences,
    sum_up,
)
from desktop_app.reports.json_file import report_values
from desktop_app.reports.pdf_file import write_pdf
from desktop_app.reports.report import build_report
from desktop_app.reports.texts import NOT_CHECKED
from desktop_app.reports.xlsx_file import summary_rows
from desktop_app.resources import models_dir
from desktop_app.vision.attributes.model_card import read_card
from tests.reports.logs import Day, fair


def both(women: tuple[int, ...], men: tuple[int, ...], missed: int = 0) -> CheckedByEye:
    strata = {Gender.FEMALE: Stratum(*women), Gender.MALE: Stratum(*men)}
    return CheckedByEye(strata, missed, sum(s.checked for s in strata.values()))


def day() -> Day:
    made = Day()
    for minute in range(10, 50):
        made.person(f"09:{minute}", Gender.FEMALE if minute % 2 else Gender.MALE)
    return made


def with_check(*events: Checked) -> list[Entry]:
    made = day()
    for event in events:
        made.add("11:00", event)
    return made.end()


def test_of_one_sitting_the_newest_entry_holds_and_sittings_add_up() -> None:
    entries = with_check(
        Checked(0.0, "a", (3, 0, 0, 0), passed=3),
        Checked(0.0, "a", (4, 1, 0, 0), (0, 5, 0, 1), missed=1, passed=12),
        Checked(0.0, "b", (1, 0, 1, 0), passed=4),
        Checked(0.0, "given up"),
    )
    (found,) = build_report("s", entries).checks
    assert (found.door, found.name) == ("main", "Main door")
    assert found.check.strata[Gender.FEMALE] == Stratum(20, 5, 1, 1)
    assert found.check.strata[Gender.MALE] == Stratum(20, 0, 5, 0, 1)
    assert (found.check.missed, found.check.passed) == (1, 16)


def test_labels_are_the_programs_and_whoever_was_added_is_no_count_of_its() -> None:
    made = day()
    made.add("10:00", Added(0.0, "hand.1", Gender.FEMALE))
    made.add("11:00", Checked(0.0, "a", (1, 0, 0, 0), passed=1))
    (found,) = build_report("s", made.end()).checks
    assert found.check.counted == 40


def test_a_label_that_changed_after_the_check_is_no_contradiction() -> None:
    event = Checked(0.0, "a", (0, 0, 0, 0), (0, 3, 0, 0), passed=3)
    found = sum_up([event], {Gender.FEMALE: 2, Gender.MALE: 1, Gender.UNDECIDED: 0})
    assert found.strata[Gender.MALE].counted == 3


def test_every_report_says_what_was_found_or_that_there_was_no_check(tmp_path: Path) -> None:
    unchecked = build_report("s", fair())
    assert unchecked.checks == ()
    assert sentences(unchecked.checks) == [NOT_CHECKED]
    assert ("Check by eye", NOT_CHECKED) in summary_rows(unchecked)
    assert report_values(unchecked)["checks"] == []
    checked = build_report("s", with_check(Checked(0.0, "a", (9, 1, 0, 0), (0, 10, 0, 0), passed=20)))
    (text,) = sentences(checked.checks)
    assert text.startswith("Checked by eye: 20 of 40 people. Women ")
    assert ("Check by eye", text) in summary_rows(checked)
    (values,) = json.loads(json.dumps(report_values(checked)))["checks"]
    assert values["labels"]["female"] == {"counted": 20, "female": 9, "male": 1, "unclear": 0, "nobody": 0}
    assert values["women_share"]["low"] < 0.5 < values["women_share"]["high"]
    for report, words in ((unchecked, "was not checked"), (checked, "Checked by eye: 20 of 40")):
        path = tmp_path / "report.pdf"
        write_pdf(path, report)
        assert words in pdf_text(path)


def pdf_text(path: Path) -> str:
    pdfium = pytest.importorskip("pypdfium2")
    with pdfium.PdfDocument(path) as document:
        return " ".join(document[0].get_textpage().get_text_range().split())


def test_two_doors_are_named_apart() -> None:
    made = day()
    first = made.entries[1].event
    made.add("10:00", Checked(0.0, "a", (1, 0, 0, 0), passed=1))
    made.entries.append(Entry("x", "s", "back", 900, made.entries[-1].utc, first))
    made.entries += [
        Entry("y", "s", "back", 901, made.entries[-1].utc, Counted(0.0, "q", 90, 0.0)),
        Entry("z", "s", "back", 902, made.entries[-1].utc, Revised(0.0, "q", Gender.MALE, 0.9, final=True)),
        Entry("w", "s", "back", 903, made.entries[-1].utc, Checked(0.0, "b", male=(0, 1, 0, 0), passed=1)),
    ]
    report = build_report("s", made.entries)
    assert [c.door for c in report.checks] == ["main", "back"]
    assert [text.partition(":")[0] for text in sentences(report.checks)] == ["Main door (main)", "Main door (back)"]


def test_the_sentence_is_plain() -> None:
    text = sentence(both((300, 190, 10), (300, 10, 190)))
    assert text.startswith("Checked by eye: 400 of 600 people. Women ")
    assert "right within 5%" in text
    assert "agrees with the split counted" in text
    text = sentence(both((300, 30, 0), (300, 0, 30), missed=10))
    assert "The true number of people is " in text
    assert sentence(CheckedByEye({Gender.FEMALE: Stratum(10)})) == NOT_CHECKED


def test_it_says_whether_checking_more_is_worth_it() -> None:
    assert "at least 30" in advice(both((500, 8, 2), (500, 2, 8)))
    assert "narrows" in advice(both((500, 38, 2), (500, 2, 38)))
    assert "not help" in advice(both((50_000, 960, 40), (50_000, 40, 960)))
    assert advice(both((2, 2, 0), (1, 0, 1))) == "Everybody was checked."


def test_the_error_rate_of_a_model_is_that_of_its_card() -> None:
    first = read_card(models_dir() / "headcount")["figures"][0]
    assert first["what"] == "gender accuracy, FairFace test"
    right = float(first["value"].split()[0])
    assert card_errors("Headcount").women_called_male == pytest.approx(1 - right)
    assert card_errors("somebody's own") == CardErrors()


def test_a_check_is_kept_as_numbers_only() -> None:
    event = Checked(0.0, "a", (1, 2, 3, 4), missed=2, passed=10)
    assert from_plain("checked", json.loads(json.dumps(to_plain(event)))) == event
    for wrong in ({"female": [1, 2, 3]}, {"male": [-1, 0, 0, 0]}, {"missed": -1}, {"female": [1, 0, 0, 0]}):
        with pytest.raises(ValueError, match=r"four numbers|cannot be"):
            from_plain("checked", {"time_s": 0.0, "sitting": "a", **wrong})
    with pytest.raises(ValueError, match="cannot be"):
        from_plain("checked", {"time_s": 0.0, "sitting": "a", "female": ["1", "0", "0", "0"], "passed": 1})
