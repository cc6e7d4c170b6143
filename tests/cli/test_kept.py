"""The commands about kept counts: list, show, correct, export, verify."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.cli.main import main
from desktop_app.domain.events import DoorEnded, Entry
from desktop_app.store.files import default_folder
from desktop_app.store.store import Store
from tests.reports.logs import Day, fair

SESSION = "0123456789abcdef0123456789abcdef"
BERLIN = ["--time-zone", "Europe/Berlin"]


@pytest.fixture
def kept(own_user_folders: None) -> str:
    """A kept count of a fair; returns its id."""
    store = Store.open(default_folder())
    entries = [type(e)(e.id, SESSION, e.door, e.seq, e.utc, e.event) for e in fair()]
    store.append(entries)
    assert store.close()
    return SESSION


def test_sessions_are_listed(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sessions", *BERLIN]) == 0
    line = capsys.readouterr().out.splitlines()[-1].split()
    assert line == ["01234567", "2026-05-12", "09:00", "Fair", "Hall", "3", "6", "4", "2", "0"]
    assert main(["sessions", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == kept


def test_without_a_kept_count_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sessions"]) == 0
    assert "No count was kept yet" in capsys.readouterr().out
    assert main(["show", "last"]) == 2
    assert "“headcount sessions” lists them" in capsys.readouterr().err


def test_one_is_shown_with_its_hours_and_people(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "0123", "--people", *BERLIN]) == 0
    out = capsys.readouterr().out
    assert "Before corrections:   6 people, 2 female, 3 male" in out
    hours = {line.split()[0]: line.split()[3:5] for line in out.splitlines() if " to " in line and ":00" in line[:6]}
    assert hours["09:00"] == ["3", "1"]
    assert hours["10:00"] == ["–", "–"], "nobody watched"
    assert "corrected" in out


def test_a_count_over_midnight_is_shown_with_its_dates(
    own_user_folders: None, capsys: pytest.CaptureFixture[str]
) -> None:
    day = Day()
    day.person("09:05")
    entries = [Entry(e.id, SESSION, e.door, e.seq, e.utc, e.event) for e in day.end()]
    night = [replace(e, utc=e.utc + 86_400) if isinstance(e.event, DoorEnded) else e for e in entries]
    store = Store.open(default_folder())
    store.append(night)
    assert store.close()
    assert main(["show", "last", *BERLIN]) == 0
    out = capsys.readouterr().out
    assert "2026-05-12 09:00 to 10:00" in out
    assert "2026-05-13 09:00 to 10:00" in out
    assert "Note:" not in out, "nothing was noted"


@pytest.mark.parametrize(
    ("arguments", "totals"),
    [
        (["1", "--gender", "male"], "6 people: 3 female, 3 male, 0 undecided"),
        (["1", "--staff"], "5 people: 3 female, 2 male, 0 undecided"),
        (["2", "--not-a-person"], "5 people: 4 female, 1 male, 0 undecided"),
        (["2", "--same-as", "3"], "5 people: 4 female, 1 male, 0 undecided"),
        (["--add", "undecided", "--note", "left by the back door"], "7 people: 4 female, 2 male, 1 undecided"),
        (["--undo"], "5 people: 3 female, 2 male, 0 undecided"),
    ],
)
def test_a_count_is_put_right(kept: str, capsys: pytest.CaptureFixture[str], arguments: list[str], totals: str) -> None:
    assert main(["correct", "last", *arguments, "--operator", "Ada"]) == 0
    assert capsys.readouterr().out.strip() == totals
    assert main(["show", "last"]) == 0
    assert f"People:               {totals.split()[0]}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["99", "--staff"], "There is no person 99"),
        (["--staff"], "Which person is meant?"),
        (["1", "--age-band", "18-25"], "is no age band"),
        (["6", "--gender", "male"], "not a person"),
        (["1", "--split"], "was not put together"),
        (["1", "--add", "male"], "take no number"),
    ],
)
def test_what_cannot_be_corrected_is_refused(
    kept: str, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main(["correct", "last", *arguments]) != 0
    captured = capsys.readouterr()
    assert says.lower() in captured.err.lower()
    assert "Traceback" not in captured.err


def test_what_the_disk_did_not_take_is_said(
    kept: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    close = Store.close

    def close_in_vain(store: Store, timeout_s: float = 10.0) -> bool:
        close(store, timeout_s)
        return False

    monkeypatch.setattr(Store, "close", close_in_vain)
    assert main(["correct", "last", "1", "--staff"]) == 0
    assert "Not everything could be written" in capsys.readouterr().err


def test_a_count_is_exported_whole_and_nothing_is_replaced_unasked(
    kept: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["export", "last", "--format", "pdf,xlsx,csv,json,svg", "--out", str(tmp_path), *BERLIN]
    assert main(command) == 0
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == [
        f"2026-05-12-Fair.{end}"
        for end in (
            *("ages.svg", "arrivals.svg", "corrections.csv", "intervals.csv"),
            *("json", "pdf", "people.csv", "xlsx"),
        )
    ]
    assert json.loads((tmp_path / "2026-05-12-Fair.json").read_text("utf-8"))["totals"]["people"] == 6
    before = (tmp_path / "2026-05-12-Fair.json").read_bytes()
    assert main(command) == 6
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "2026-05-12-Fair.json").read_bytes() == before
    assert main([*command, "--overwrite"]) == 0
    assert main(["export", "last", "--format", "docx"]) == 2


def test_a_report_is_verified_until_the_count_changes(
    kept: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "last", "--out", str(tmp_path), "--name", "r", *BERLIN]) == 0
    assert main(["verify", str(tmp_path / "r.pdf")]) == 0
    assert main(["correct", "last", "1", "--gender", "male"]) == 0
    assert main(["verify", str(tmp_path / "r.pdf")]) == 1
    assert "has changed" in capsys.readouterr().out
    (tmp_path / "other.pdf").write_bytes(b"%PDF-1.4 nothing")
    assert main(["verify", str(tmp_path / "other.pdf")]) == 6
    capsys.readouterr()
    assert main(["verify", str(tmp_path / "gone.pdf")]) == 6
    assert "There is no file" in capsys.readouterr().err


def test_while_another_process_works_with_the_store_a_correction_says_so(
    kept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    window = Store.open(default_folder())
    try:
        assert main(["sessions"]) == 0
        capsys.readouterr()
        assert main(["correct", "last", "1", "--staff"]) != 0
        assert "Headcount" in capsys.readouterr().err
    finally:
        window.close()


def test_an_unknown_time_zone_is_refused(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sessions", "--time-zone", "Mars/Olympus"]) == 5
    assert "Europe/Berlin" in capsys.readouterr().err


def test_counts_are_added_up_by_business_day(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sessions", "--by-day", *BERLIN]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["2026-05-12", "6", "4", "2", "0"]
    # A business day that begins in the afternoon: the morning belongs to the day before.
    assert main(["sessions", "--by-day", "--day-starts", "12", *BERLIN]) == 0
    rows = [line.split()[:2] for line in capsys.readouterr().out.splitlines()[1:]]
    assert rows == [["2026-05-12", "2"], ["2026-05-11", "4"]]
    assert main(["sessions", "--by-day", "--day-starts", "24"]) == 2
    assert "from 0 to 23" in capsys.readouterr().err
