"""The commands that change or compare kept counts: agenda, delete, retention, sign, and the comparison of two."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from desktop_app.cli.main import main
from desktop_app.domain.events import Entry
from desktop_app.settings import load_settings
from desktop_app.store import Store, default_folder
from desktop_app.store.backups import make_if_due
from desktop_app.store.database import reading
from desktop_app.store.files import StoreFiles
from desktop_app.store.session_list import SessionInfo
from desktop_app.store.store import DamagedStoreError
from tests.patience import PATIENCE_S
from tests.reports.logs import fair

SESSION, OTHER = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
BERLIN = ["--time-zone", "Europe/Berlin"]


@pytest.fixture
def kept(own_user_folders: None) -> str:
    """Two kept counts, the second a week later; returns the id of the first."""
    store = Store.open(default_folder())
    for session, later in ((SESSION, 0.0), (OTHER, 7 * 86_400.0)):
        store.append(
            [Entry(f"{session[:4]}{e.id}", session, e.door, e.seq, e.utc + later, e.event) for e in fair()]
            if later == 0
            else [
                Entry(f"{session[:4]}{e.id}", session, e.door, e.seq + 1000, e.utc + later, e.event)
                for e in fair()[:-12]
            ]
        )
    assert store.close(PATIENCE_S)
    # The end of a count wakes the store's keeper, which may have made today's copy by now, or not.
    shutil.rmtree(StoreFiles(default_folder()).copies, ignore_errors=True)
    return SESSION


def test_an_agenda_is_kept_told_about_and_in_every_report(
    kept: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "agenda.csv"
    table.write_text("name,start,end\nlunch,12:00,13:00\n")
    assert main(["agenda", "0123", *BERLIN]) == 0
    assert "has no agenda" in capsys.readouterr().out
    assert main(["agenda", "0123", "keynote 09:00-10:00", str(table), *BERLIN]) == 0
    assert main(["agenda", "0123", "party 16:00-23:00", *BERLIN]) == 0
    captured = capsys.readouterr()
    assert "“party”" in captured.err
    assert "outside" in captured.err
    assert [line.split()[0] for line in captured.out.splitlines()[-3:]] == ["keynote", "lunch", "party"]
    assert main(["show", "0123", *BERLIN]) == 0
    assert "keynote" in capsys.readouterr().out
    assert main(["export", "0123", "--format", "json,pdf,csv", "--out", str(tmp_path), "--name", "r", *BERLIN]) == 0
    assert [i["name"] for i in json.loads((tmp_path / "r.json").read_text("utf-8"))["agenda"]] == [
        "keynote", "lunch", "party",
    ]  # fmt: skip
    assert (tmp_path / "r.agenda.csv").exists()
    assert main(["agenda", "0123", "--clear", *BERLIN]) == 0
    assert "has no agenda" in capsys.readouterr().out
    assert main(["agenda", "0123", "nonsense", *BERLIN]) == 5


def test_two_counts_are_shown_and_exported_beside_each_other(
    kept: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "0123", "--against", "fedc", *BERLIN]) == 0
    out = capsys.readouterr().out
    assert "Compared with “Fair”" in out
    assert "Difference" in out
    command = ["export", "0123", "--against", "fedc", "--receipt", "--format", "pdf,json", "--out", str(tmp_path)]
    assert main([*command, "--name", "r", *BERLIN]) == 0
    document = pdfium.PdfDocument(tmp_path / "r.pdf")
    try:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()
    assert "Compared with" in pages[1]
    assert "Privacy receipt" in pages[2]
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["comparison"]["session"] == OTHER
    assert main(["verify", str(tmp_path / "r.pdf")]) == 0


def test_hidden_figures_are_of_the_sizes_that_reports_offer(kept: str, tmp_path: Path) -> None:
    assert main(["export", "0123", "--suppress", "4", "--out", str(tmp_path)]) == 2
    assert main(["export", "0123", "--suppress", "5", "--format", "csv", "--out", str(tmp_path), "--name", "r"]) == 0
    assert not (tmp_path / "r.people.csv").exists()


def test_one_count_is_deleted_and_comes_back(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["delete", "0123"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert main(["delete", "0123", "--yes"]) == 0
    assert main(["show", "0123"]) == 2
    capsys.readouterr()
    assert main(["delete", "--undo"]) == 0
    assert capsys.readouterr().out.split()[:2] == ["01234567", "Fair"]
    assert main(["delete", "0123", "--undo"]) == 0
    assert main(["show", "0123"]) == 0
    assert main(["delete", "abcd", "--undo"]) == 2
    assert main(["delete", "--yes"]) == 2
    assert main(["delete", "0123", "--everything"]) == 2


def test_a_question_is_asked_on_a_terminal(
    kept: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    answers = iter(["n", "y"])
    monkeypatch.setattr("builtins.input", lambda question: (print(question), next(answers))[1])
    assert main(["delete", "0123"]) == 1
    assert main(["show", "0123"]) == 0
    assert main(["delete", "0123"]) == 0
    assert "“Fair” with 6 people" in capsys.readouterr().out


def test_everything_is_deleted_with_its_copies(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["delete", "--everything", "--yes"]) == 0
    capsys.readouterr()
    assert main(["sessions"]) == 0
    assert "No count was kept yet" in capsys.readouterr().out
    assert b"Main door" not in (default_folder() / "counts.sqlite3").read_bytes()


def test_a_damaged_file_is_brought_back(
    kept: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["restore"]) != 0
    assert "no copy of the counts" in capsys.readouterr().err
    assert main(["restore", "--list"]) == 0
    assert "no copy" in capsys.readouterr().out
    files = StoreFiles(default_folder())
    with reading(files.database) as connection:
        connection.execute("PRAGMA query_only=OFF")
        assert make_if_due(files, connection, datetime.now().date()) is not None
    assert main(["restore", "--yes"]) == 0
    assert "Nothing is missing here" in capsys.readouterr().out

    files.database.write_bytes(b"x" * 10_000)
    assert main(["restore", "--list"]) == 0
    captured = capsys.readouterr()
    assert "headcount restore" in captured.err, "the file was set aside just now, and that is said with the remedy"
    listed = captured.out.splitlines()[-2:]
    assert [what for line, what in zip(listed, ("daily copy", "damaged file"), strict=True) if what in line] == [
        *("daily copy", "damaged file"),
    ]
    assert main(["show", "0123"]) == 2
    assert main(["restore"]) == 2, "there is nobody to ask"
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    answers = iter(["n", "y"])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    assert main(["restore"]) == 1
    assert main(["restore"]) == 0
    out = capsys.readouterr().out
    assert "entries are back" in out
    assert "Fair" in out
    assert main(["show", "0123"]) == 0
    assert "People:               6" in capsys.readouterr().out


def test_old_rows_of_people_become_numbers(kept: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["retention"]) == 0
    assert "until they are deleted" in capsys.readouterr().out
    days = (datetime.now().timestamp() - fair()[0].utc) / 86_400 - 3
    assert main(["retention", str(int(days))]) == 2, "there is nobody to ask"
    assert main(["retention", str(int(days)), "--yes"]) == 0
    assert "7 people became numbers now" in capsys.readouterr().out
    assert load_settings().settings.keep.people_days == int(days)
    assert main(["show", "0123", "--people", *BERLIN]) == 0
    out = capsys.readouterr().out
    assert "People:               6" in out
    assert "numbers of each interval are left" in out
    assert main(["retention", "keep"]) == 0
    assert load_settings().settings.keep.people_days == 0
    for wrong in ("0", "-3", "soon"):
        assert main(["retention", "--", wrong]) == 2


def test_a_sign_for_the_door(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "sign.pdf"
    command = ["sign", "--by", "Fair plc", "--contact", "privacy@example.org", "--out", str(out)]
    assert main([*command, "--days", "30", "--purpose", "To plan the next fair"]) == 0
    document = pdfium.PdfDocument(out)
    try:
        text = document[0].get_textpage().get_text_bounded()
        picture = document[0].render(scale=3).to_numpy()
        assert len(document) == 1
    finally:
        document.close()
    assert all(part in text for part in ("Fair plc", "privacy@example.org", "after 30 days", "To plan the next fair"))
    cv2 = pytest.importorskip("cv2")
    read, *_ = cv2.QRCodeDetectorAruco().detectAndDecode(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
    assert "Fair plc" in read
    assert main(command) == 6
    assert "is there already" in capsys.readouterr().err
    assert main([*command, "--overwrite", "--url", "https://example.org/counting"]) == 0
    assert main(["sign", "--by", " ", "--contact", "x", "--out", str(tmp_path / "o.pdf")]) == 2


def test_of_a_damaged_file_what_can_be_read_is_exported(
    own_user_folders: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store.open(default_folder())
    entries = [replace(e, session=SESSION) for e in fair()]
    padding = [replace(e, id=f"{e.id}-{i}", seq=e.seq + 100 * i) for i in range(1, 200) for e in fair()]
    store.append([*entries, *(replace(e, session=OTHER) for e in padding)])
    assert store.close(PATIENCE_S)
    path = default_folder() / "counts.sqlite3"
    connection = sqlite3.connect(path)
    (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    # Some leaf of the table of entries.
    pages = connection.execute("SELECT pageno FROM dbstat WHERE name = 'entry' AND pagetype = 'leaf'").fetchall()
    connection.close()
    with path.open("r+b") as file:
        file.seek((pages[len(pages) // 2][0] - 1) * page_size)
        file.write(b"\xff" * page_size)
    assert main(["export", "fedc", "--format", "json", "--out", str(tmp_path), "--name", "r", *BERLIN]) == 0
    assert "What can be read of this count was taken" in capsys.readouterr().err
    values = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert values["totals"]["people"] > 0


def test_a_file_whose_damage_is_met_only_in_reading_is_restored_in_one_go(
    kept: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = StoreFiles(default_folder())
    with reading(files.database) as connection:
        connection.execute("PRAGMA query_only=OFF")
        assert make_if_due(files, connection, datetime.now().date()) is not None
    plain, met = Store.sessions, []

    def sessions(store: Store) -> list[SessionInfo]:
        if not met:
            met.append(store)
            files.database.write_bytes(b"x" * 10_000)
            raise DamagedStoreError("The stored counts cannot be read.", "Start Headcount again.")
        return plain(store)

    monkeypatch.setattr(Store, "sessions", sessions)
    assert main(["restore", "--yes"]) == 0
    assert "are back" in capsys.readouterr().out
    assert main(["show", "0123"]) == 0
