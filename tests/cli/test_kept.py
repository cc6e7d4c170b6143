"""The commands about kept counts: list, show, correct, export, verify."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import zlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.cli.counting import open_store
from desktop_app.cli.main import main
from desktop_app.domain.events import Corrected, Counted, DoorEnded, DoorStarted, Entry
from desktop_app.domain.types import Gender
from desktop_app.store.files import StoreFiles, default_folder
from desktop_app.store.store import Store
from tests.patience import PATIENCE_S
from tests.reports.logs import Day, at, fair
from tests.store.logs import LogMaker

SESSION = "0123456789abcdef0123456789abcdef"
BERLIN = ["--time-zone", "Europe/Berlin"]


@pytest.fixture
def kept(own_user_folders: None) -> str:
    """A kept count of a fair; returns its id."""
    store = Store.open(default_folder())
    entries = [type(e)(e.id, SESSION, e.door, e.seq, e.utc, e.event) for e in fair()]
    store.append(entries)
    assert store.close(PATIENCE_S)
    return SESSION


def test_sessions_are_listed(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sessions", *BERLIN]) == 0
    line = capsys.readouterr().out.splitlines()[-1].split()
    assert line == ["01234567", "2026-05-12", "09:00", "2026-05-12", "09:00", "Fair", "Hall", "3", "6", "4", "2", "0"]
    assert main(["sessions", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == kept


def test_a_long_count_that_nobody_has_looked_at_is_not_listed_with_0(
    kept: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop_app.store.session_list.MOST_ENTRIES_FOR_A_LIST", 2)
    with sqlite3.connect(StoreFiles(default_folder()).database) as connection:
        connection.execute("DELETE FROM summary")
    assert main(["sessions", *BERLIN]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[-4:] == ["6", "4", "2", "0"]


@pytest.mark.parametrize("again", [[], ["last", "2", "--gender", "undecided"]])
def test_a_long_count_that_was_corrected_is_listed_as_it_is_now(
    kept: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, again: list[str]
) -> None:
    monkeypatch.setattr("desktop_app.store.session_list.MOST_ENTRIES_FOR_A_LIST", 2)
    store = Store.open(default_folder())
    store.totals(kept)
    entry = store.entries(kept)
    last = max(e.seq for e in entry)
    store.append([Entry("by another", kept, "main", last + 1, 0.0, Corrected(0.0, "p1", "gender", "male", "female"))])
    assert store.close(PATIENCE_S)
    assert not again or main(["correct", *again]) == 0
    capsys.readouterr()
    assert main(["sessions", *BERLIN]) == 0
    wanted = ["6", "3", "2", "1"] if again else ["6", "3", "3", "0"]
    assert capsys.readouterr().out.splitlines()[-1].split()[-4:] == wanted


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
    assert store.close(PATIENCE_S)
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


def test_a_number_that_two_doors_have_asks_for_the_door(
    own_user_folders: None, capsys: pytest.CaptureFixture[str]
) -> None:
    log = LogMaker()
    for door, name in (("main", "North"), ("door-2", "South")):
        log.add(DoorStarted(0.0, "camera", log.utc, name=name), door)
        log.add(Counted(5.0, f"person {door}", 1, 4.0, Gender.FEMALE), door)
    store = Store.open(default_folder())
    store.append([*log.entries, *log.close()])
    assert store.close(PATIENCE_S)
    assert main(["correct", "last", "1", "--staff"]) == 2
    assert "2 people of this count have the number 1. Add --door with one of: North, South." in capsys.readouterr().err
    assert main(["correct", "last", "1", "--gender", "male", "--door", "south"]) == 0
    assert "1 female, 1 male" in capsys.readouterr().out
    assert main(["correct", "last", "1", "--staff", "--door", "main"]) == 0
    assert "1 people: 0 female, 1 male" in capsys.readouterr().out
    assert main(["correct", "last", "1", "--staff", "--door", "West"]) == 1
    assert "no person 1" in capsys.readouterr().err


def test_who_is_added_by_hand_is_added_at_the_door_that_is_named(
    kept: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    store = Store.open(default_folder())
    side = DoorStarted(0.0, "camera 2", at("09:00"), "live", "Side door")
    store.append([Entry("side", kept, "side", 1000, at("09:00"), side)])
    assert store.close(PATIENCE_S)
    assert main(["correct", kept, "--add", "male", "--door", "main DOOR"]) == 0
    assert main(["correct", kept, "--add", "male", "--door", "nowhere"]) == 2
    assert "Its doors: Main door, Side door." in capsys.readouterr().err
    assert main(["export", kept, "--out", str(tmp_path), "--name", "it", "--format", "json", *BERLIN]) == 0
    doors = json.loads((tmp_path / "it.json").read_text("utf-8"))["doors"]
    assert [(door["name"], door["totals"]["people"]) for door in doors] == [("Main door", 7), ("Side door", 0)]


def test_a_correction_is_taken_back_and_done_again(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["correct", "last", "--redo"]) != 0
    assert "no correction to do again" in capsys.readouterr().err
    for arguments in (["1", "--gender", "male"], ["2", "--not-a-person"], ["--undo"], ["--undo"]):
        assert main(["correct", "last", *arguments]) == 0
    before = capsys.readouterr().out.splitlines()
    assert main(["correct", "last", "--redo"]) == 0
    assert main(["correct", "last", "--redo"]) == 0
    assert capsys.readouterr().out.splitlines() == [before[0], before[1]]
    assert main(["correct", "last", "--redo"]) != 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["99", "--staff"], "There is no person 99"),
        (["--staff"], "Which person is meant?"),
        (["1", "--age-band", "18-25"], "is no age band"),
        (["6", "--gender", "male"], "not a person"),
        (["1", "--split"], "was not put together"),
        (["1", "--add", "male"], "take no number"),
        (["1", "--redo"], "take no number"),
    ],
)
def test_what_cannot_be_corrected_is_refused(
    kept: str, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main(["correct", "last", *arguments]) != 0
    captured = capsys.readouterr()
    assert says.lower() in captured.err.lower()
    assert "Traceback" not in captured.err


def test_of_somebody_merged_away_it_is_said_into_whom(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["correct", "last", "2", "--same-as", "3"]) == 0
    assert main(["correct", "last", "2", "--staff"]) != 0
    assert "Person 2 is counted as the same person as 3." in capsys.readouterr().err


def test_that_the_counts_were_set_aside_is_said_with_the_way_back(
    kept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    database = StoreFiles(default_folder()).database
    damaged = bytearray(database.read_bytes())
    damaged[4096:] = b"\x55" * (len(damaged) - 4096)
    database.write_bytes(damaged)
    main(["correct", "last", "--add", "male"])
    told = capsys.readouterr().err
    assert "The file of counts was damaged" in told
    assert "“headcount restore” brings the earlier counts back" in told


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
    command = ["export", "last", "--format", "pdf,xlsx,csv,json,svg,png", "--out", str(tmp_path), *BERLIN]
    assert main(command) == 0
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == [
        f"2026-05-12-Fair.{end}"
        for end in (
            *("ages.csv", "ages.png", "ages.svg", "arrivals.png", "arrivals.svg", "corrections.csv", "intervals.csv"),
            *("json", "pdf", "people.csv", "places.csv", "xlsx"),
        )
    ]
    assert json.loads((tmp_path / "2026-05-12-Fair.json").read_text("utf-8"))["totals"]["people"] == 6
    before = (tmp_path / "2026-05-12-Fair.json").read_bytes()
    assert main(command) == 6
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "2026-05-12-Fair.json").read_bytes() == before
    assert main([*command, "--overwrite"]) == 0
    assert main(["export", "last", "--format", "docx"]) == 2
    for wrong in (["--minutes", "100000000000"], ["--minutes", "0"], ["--name", "."], ["--name", "a/.."]):
        assert main(["export", "last", "--out", str(tmp_path / "out"), *wrong]) == 2
    assert not (tmp_path / "out.pdf").exists()


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


@pytest.mark.parametrize("more", [[], ["--receipt"], ["--against", "fedc"], ["--suppress", "3", "--minutes", "60"]])
def test_a_report_whose_figures_were_changed_is_not_verified(
    kept: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    store = Store.open(default_folder())
    other = Day("Other")
    other.person("09:01")
    store.append([replace(e, session="fedc" * 8) for e in other.end()])
    assert store.close(PATIENCE_S)
    path = tmp_path / "r.pdf"
    assert main(["export", kept, "--out", str(tmp_path), "--name", "r", *more, *BERLIN]) == 0
    assert main(["verify", str(path)]) == 0
    assert "agrees with the kept count" in capsys.readouterr().out

    written = path.read_bytes()
    found = next(m for m in re.finditer(rb"stream\r?\n(.*?)\r?\n?endstream", written, re.DOTALL) if _drawn(m[1]))
    changed = base64.a85encode(zlib.compress(_drawn(found[1]).replace(b" Tf", b"  Tf", 1))) + b"~>"
    path.write_bytes(written.replace(found[1], changed))
    assert main(["verify", str(path)]) == 1, "something else is drawn; the digest in the file is the right one"
    assert "figures in it may have been changed" in capsys.readouterr().out

    path.write_bytes(re.sub(rb" headcount-made=[^)]*", b"", written))
    assert main(["verify", str(path)]) == 1
    assert "cannot be told" in capsys.readouterr().out
    if "--against" in more:
        path.write_bytes(written)
        assert main(["correct", "fedc", "1", "--gender", "male"]) == 0
        assert main(["verify", str(path)]) == 1
        assert "the count beside it has changed" in capsys.readouterr().out


def _drawn(stream: bytes) -> bytes:
    """Return what a stream draws, b"" for one that draws no page."""
    try:
        drawn = zlib.decompress(base64.a85decode(stream.strip().removesuffix(b"~>")))
    except (ValueError, zlib.error):
        return b""
    return drawn if b" Tf" in drawn else b""


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


def test_a_count_beside_an_open_headcount_says_that_it_is_listed_later(
    own_user_folders: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(Store.open(default_folder())):
        kept = open_store()
        said = capsys.readouterr().err
        assert kept.close(PATIENCE_S)
    assert said.startswith("headcount: Another Headcount is open.")
    with closing(open_store()):
        assert not capsys.readouterr().err
