"""The files that leave the program: whole or not at all, and readable where they are meant to be."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest

from desktop_app.domain.agenda import AgendaItem
from desktop_app.domain.events import (
    AgendaSet,
    Corrected,
    Counted,
    Crossed,
    DoorEnded,
    DoorStarted,
    Entry,
    FileWritten,
    Joined,
    Opened,
    PlacesSet,
    Revised,
)
from desktop_app.domain.log_digest import digest_of
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Counts, Gender
from desktop_app.errors import OutputError
from desktop_app.reports import export as export_module
from desktop_app.reports import texts
from desktop_app.reports.charts import arrivals_chart
from desktop_app.reports.comparison import compare, in_words, share_difference
from desktop_app.reports.csv_file import tables
from desktop_app.reports.export import FORMATS, Extras, export
from desktop_app.reports.intervals import together
from desktop_app.reports.json_file import report_values
from desktop_app.reports.pdf_file import facts, pdf_bytes
from desktop_app.reports.people_file import PeopleFile
from desktop_app.reports.png_file import to_png
from desktop_app.reports.receipt import build_receipt, host_of
from desktop_app.reports.report import Report, ReportOptions, build_report
from desktop_app.resources import resource_path
from desktop_app.system.locale_signs import decimal_sign
from tests.reports.logs import ZONE, Day, at, fair
from tests.store.logs import LogMaker

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " * 3


def busy(people: int = 60, name: str = "Fair") -> list[Entry]:
    """A day with two doors, an agenda and a snapshot."""
    day = Day(name)
    day.entries.append(
        Entry(
            "side", "s", "side", 4, at("09:00"), DoorStarted(0.0, "rtsp://cam.local:8554/1", at("09:00"), name="Side")
        )
    )
    day.add("09:00", AgendaSet(0.0, (AgendaItem(f"=Keynote {LONG}"[:200], at("09:00"), at("10:00")).to_text(),)))
    for i in range(people):
        when = f"{9 + i % 8:02d}:{i % 60:02d}"
        ref = day.person(when, (Gender.FEMALE, Gender.MALE, Gender.UNDECIDED)[i % 3], 5.0 + i % 70)
        if i % 2:
            day.add(when, Crossed(0.0, ref, "door", "in" if i % 3 else "out"))
        if i % 4 == 0:
            day.entries[-3:] = [
                replace(e, door="side") if isinstance(e.event, Counted | Revised) else e for e in day.entries[-3:]
            ]
    day.add("12:00", FileWritten(0.0, "snapshot", "/videos/shot.png"))
    return day.end()


def made(entries: list[Entry], **options: Any) -> Report:
    return build_report("s", entries, ReportOptions(zone=ZONE, **options))


def everything(entries: list[Entry], **options: Any) -> tuple[Report, Extras]:
    report = made(entries, **options)
    other = made(fair(), **options)
    return report, Extras(build_receipt(report, "counts.sqlite3", 30), compare(report, other))


# ---- what is in them


@pytest.mark.parametrize("suppress", [0, 5])
def test_the_json_follows_the_published_schema(suppress: int) -> None:
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    schema = json.loads(resource_path("schemas", "report.schema.json").read_text("utf-8"))
    validator = jsonschema_rs.validator_for(schema)
    for entries in (busy(), fair(), Day().end()):
        report, extras = everything(entries, suppress_below=suppress)
        values = json.loads(json.dumps(report_values(report, extras.comparison)))
        assert [e.message for e in validator.iter_errors(values)] == []
        assert values.keys() <= schema["properties"].keys(), "every key is described"
    assert not validator.is_valid({**values, "totals": {"people": -1}})


def test_several_doors_are_counted_together_and_apart() -> None:
    report = made(busy(), minutes=60)
    assert [report.door_name(door) for door, _ in report.door_intervals] == ["Main door", "Side"]
    for number, whole in enumerate(report.intervals):
        assert whole.people == sum(intervals[number].people for _, intervals in report.door_intervals)
    rows = list(tables(report, [])["doors"][1])
    assert len(rows) == 2 * len(report.intervals)


def test_every_table_calls_a_door_by_the_same_name_and_id() -> None:
    entries = busy()
    count = len(entries)
    people = Totals(entries).people()
    one_each = [next(p for p in people if p.door == door) for door in ("main", "side")]
    for person in one_each:
        event = Corrected(0.0, person.ref, "gender", "female", "male", "Ada")
        entries.append(Entry(f"c{person.ref}", "s", "main", count + len(entries), at("17:00"), event))
    report = made(entries)
    pairs = {("Main door", "main"), ("Side", "side")}
    found = tables(report, Totals(entries).people())
    for name in ("doors", "places", "people", "corrections"):
        header, rows = found[name]
        door = header.index("door")
        assert header[door + 1] == "door_id"
        assert {(row[door], row[door + 1]) for row in rows} <= pairs, name
    values = report_values(report)
    assert [(d["name"], d["id"]) for d in values["doors"]] == sorted(pairs)
    corrected = [(c["person"], c["door"], c["door_id"]) for c in values["corrections"]]
    assert corrected == [(one_each[0].number, "Main door", "main"), (one_each[1].number, "Side", "side")]


def test_two_joined_counts_at_an_only_door_each_have_a_column_a_door() -> None:
    entries: list[Entry] = []
    for session, gate, number in (("s", "North gate", 2), ("t", "South gate", 3)):
        log = LogMaker(session=session, seq=len(entries), utc=at("09:00"))
        log.add(Opened(0.0, "Fair", gate), "")
        log.add(DoorStarted(0.0, "camera:0", at("09:00"), name="Camera 0"), "main")
        log.add(PlacesSet(0.0, ("door",), ()), "main")
        for i in range(number):
            log.person(60.0 * i, door="main")
        log.add(DoorEnded(600.0, "stopped"), "main")
        entries += log.entries
    joined = Entry("j", "s", "", len(entries) + 1, at("12:00"), Joined(0.0, "t"))
    report = made([*entries, joined], minutes=60)
    names = {"main": "Camera 0 (North gate)", "main.2": "Camera 0 (South gate)"}
    assert {door.id: door.name for door in report.doors} == names
    assert [(names[d], i[0].people, i[0].watched_s) for d, i in report.door_intervals] == [
        ("Camera 0 (North gate)", 2, 600.0),
        ("Camera 0 (South gate)", 3, 600.0),
    ]
    assert [(row.door, row.name, row.figures.into) for row in report.places] == [
        ("main", "door", 2),
        ("main.2", "door", 3),
    ]
    assert report.counts.people == 5
    assert report.digest == digest_of([*entries, joined]), "what the entries say stays as it was written"
    lines = facts(report)
    assert "Camera 0 (North gate): 2 people" in lines
    assert "door (Camera 0 (South gate)): 3 in, 0 out" in lines


def test_both_ways_to_read_a_log_give_the_same_report() -> None:
    entries = busy(300)
    with PeopleFile(Totals(entries).people()) as people:
        assert build_report("s", entries, people=people) == build_report("s", entries)
        assert list(people) == Totals(entries).people()
    with pytest.raises(ValueError, match="in the order"):
        build_report("s", reversed(entries), people=[])


def test_rows_that_are_put_together_lie_on_whole_times() -> None:
    report = made(busy(), minutes=1)
    rows = together(report.intervals, 24, ZONE)
    assert {(row.end_utc - row.start_utc) for row in rows} == {1800.0}
    assert rows[0].start_utc == at("09:00")
    assert sum(row.people for row in rows) == report.counts.people
    assert together(report.intervals[:3], 24, ZONE) == list(report.intervals[:3])


def test_two_counts_beside_each_other() -> None:
    comparison = compare(made(busy(), minutes=60), made(fair(), minutes=60))
    assert comparison.by_clock
    assert [row.name for row in comparison.rows][:2] == ["09:00", "10:00"]
    assert comparison.rows[0].difference("people") == 8 - 3
    assert comparison.rows[1].difference("people") is None, "in one of them nobody watched"
    assert "60 people here, 6 there" in in_words(comparison)[0]
    with pytest.raises(ValueError, match="equally long"):
        compare(made(fair(), minutes=60), made(fair(), minutes=15))


def test_the_hours_of_a_second_day_are_named_by_the_clock_and_their_day() -> None:
    *day, ended, closed = Day().end("17:00")
    two_days = [*day, *(replace(e, utc=e.utc + 86_400) for e in (ended, closed))]
    names = [row.name for row in compare(made(two_days, minutes=60), made(fair(), minutes=60)).rows]
    assert (names[0], names[14:16], names[-1]) == ("09:00", ["23:00", "00:00 (day 2)"], "16:00 (day 2)")


def test_the_difference_of_two_shares_is_said_in_words_that_agree_with_it() -> None:
    assert "58% here, 57% there: 1 point more (" in texts.share_difference(0.58, 0.57, -0.1, 0.1)
    assert "50% here, 50% there: the same (" in texts.share_difference(0.501, 0.5, -0.1, 0.1)
    assert "40% here, 50% there: 10 points fewer (" in texts.share_difference(0.4, 0.5, -0.2, -0.1)
    assert texts.people_difference(1, 1) == "1 person here, 1 there."


def test_counts_at_other_times_of_the_day_are_compared_from_their_beginning() -> None:
    evening = [replace(e, utc=e.utc + 10 * 3600) for e in Day().end("10:00")]
    comparison = compare(made(Day().end("10:00"), minutes=60), made(evening, minutes=60))
    assert not comparison.by_clock
    assert [row.name for row in comparison.rows] == ["+00:00"]


def test_the_difference_of_two_shares_is_newcombes() -> None:
    confint = pytest.importorskip("statsmodels.stats.proportion").confint_proportions_2indep
    found = share_difference(Counts(56, 14), Counts(48, 32))
    assert found is not None
    low, high = confint(56, 70, 48, 80, method="newcomb")
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))
    assert share_difference(Counts(), Counts(3, 2)) is None


def test_the_receipt_tells_of_files_and_connections() -> None:
    report = made(busy())
    text = str(build_receipt(report, "counts.sqlite3", 30).parts)
    assert all(part in text for part in ("snapshot: /videos/shot.png", "cam.local:8554", "After 30 days", "60 rows"))
    assert "No picture of anyone" not in text
    quiet = str(build_receipt(made(fair()), "counts.sqlite3").parts)
    assert "No picture of anyone" in quiet
    assert "came from this computer" in quiet
    assert report.holds_pictures


@pytest.mark.parametrize(
    ("source", "host"),
    [
        ("camera:0", ""), ("demo", ""), ("/videos/a.mp4", ""), ("C:\\videos\\a.mp4", ""), ("file:///videos/a.mp4", ""),
        ("rtsp://cam.local/1", "cam.local"), ("https://video.example:8443/a?b", "video.example:8443"),
        ("http://[fe80::1]:80/", "[fe80::1]:80"), ("rtsp://[", ""),
    ],
)  # fmt: skip
def test_where_a_source_is_fetched_from(source: str, host: str) -> None:
    assert host_of(source) == host


# ---- how they look


def test_a_door_that_is_called_like_the_place_is_named_once() -> None:
    report = replace(made(fair()), place="Main door")
    text = pdfium.PdfDocument(pdf_bytes(report))[0].get_textpage().get_text_range()
    assert "Main door" in text
    assert "Main door · Main door" not in text


def test_the_pdf_of_one_person_and_no_line_says_so() -> None:
    day = Day()
    day.entries[-1] = replace(day.entries[-1], event=PlacesSet(0.0))
    day.person("09:05")
    alone, several = _page_words(made(day.end())), _page_words(made(fair()))
    assert ("1 person 1 appear female" in alone, "undecided watched" in alone) == (True, True)
    assert ("6 people 4 appear female" in several, "undecided in out watched" in several) == (True, True)


def _page_words(report: Report) -> str:
    document = pdfium.PdfDocument(pdf_bytes(report))
    try:
        return " ".join(document[0].get_textpage().get_text_range().split())
    finally:
        document.close()


@pytest.mark.parametrize(("people", "minutes"), [(0, 60), (30, 60), (300, 1)])
def test_the_pdf_has_one_page_for_the_report_and_its_texts_stay_on_it(
    tmp_path: Path, people: int, minutes: int
) -> None:
    report, extras = everything(busy(people, LONG), minutes=minutes)
    (plain,) = export(report, [], tmp_path / "plain", ["pdf"])
    (full,) = export(report, [], tmp_path / "full", ["pdf"], extras=extras)
    for path, pages in ((plain, 1), (full, 3)):
        document = pdfium.PdfDocument(path)
        try:
            assert len(document) == pages
            for page in document:
                width, height = page.get_size()
                left, bottom, right, top = page.get_bbox()
                assert (width, height) == pytest.approx((595, 842), abs=1)
                for thing in page.get_objects():
                    left, bottom, right, top = thing.get_bounds()
                    assert left >= 0
                    assert right <= width
                    assert bottom >= 0
                    assert top <= height
            text = document[0].get_textpage().get_text_bounded()
            assert report.digest in text
            assert "pictures were stored" in text, "a snapshot was saved"
        finally:
            document.close()


def test_a_chart_becomes_a_picture() -> None:
    data = to_png(arrivals_chart(made(busy())), 2.0)
    assert data.startswith(b"\x89PNG")

    with pytest.importorskip("PIL.Image").open(io.BytesIO(data)) as image:
        assert image.size == (1030, 340)
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20) or []}
    assert {(194, 84, 0), (0, 114, 178)} <= colours, "both genders are drawn"


@pytest.mark.slow
def test_libreoffice_opens_the_workbook_and_the_tables(tmp_path: Path) -> None:
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    entries = busy()
    report, extras = everything(entries)
    export(report, Totals(entries).people(), tmp_path / "fair", ["xlsx", "csv"], extras=extras)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    out = tmp_path / "out"
    wanted = [tmp_path / "fair.xlsx", tmp_path / "fair.people.csv"]
    subprocess.run(
        [
            office,
            profile,
            "--headless",
            "--convert-to",
            "csv:Text - txt - csv (StarCalc):44,34,76,1",
            "--outdir",
            str(out),
            *map(str, wanted),
        ],
        check=True,
        capture_output=True,
        timeout=180,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    summary = (out / "fair.csv").read_text("utf-8")
    assert '"Appear female",20' in summary
    people = (out / "fair.people.csv").read_text("utf-8").splitlines()
    assert len(people) == 61
    assert people[0].startswith('"number","door","counted","gender"')


def test_every_line_is_in_the_tables_and_the_page_says_how_many_it_leaves_out() -> None:
    log = LogMaker()
    log.open()
    names = tuple(f"line {n}" for n in range(30))
    log.add(PlacesSet(0.0, names, ()))
    log.person()
    log.add(Crossed(6.0, log.entries[-1].event.person, names[29], "in"))
    report = build_report("s", [*log.entries, *log.close()], ReportOptions())
    said = facts(report)
    assert sum(" in, " in fact for fact in said) == 9
    assert f"And {len(report.places) - 9} more lines and zones: see the tables" in said
    header, rows = tables(report, [])["places"]
    found = {row[header.index("name")]: row[header.index("in")] for row in rows}
    assert set(names) <= set(found)
    assert found["line 29"] == 1


def test_the_workbook_has_real_dates_and_one_sheet_a_table(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    entries = busy()
    report, extras = everything(entries)
    (path,) = export(report, Totals(entries).people(), tmp_path / "fair", ["xlsx"], extras=extras)
    book = openpyxl.load_workbook(path, read_only=True)
    assert book.sheetnames == [
        *("Summary", "Intervals", "Agenda", "Doors", "Places", "Ages", "Comparison", "People", "Corrections"),
    ]
    first = next(book["Agenda"].iter_rows(min_row=2, max_row=2, values_only=True))
    assert str(first[0]) == "2026-05-12 09:00:00"
    assert first[2].startswith("=Keynote"), "a text, not a formula"
    book.close()


def test_a_german_system_gets_its_own_signs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, sign in (("de_DE.UTF-8", ","), ("de_CH.UTF-8", "."), ("en_GB", "."), ("C", "."), ("fr_FR", ",")):
        monkeypatch.setenv("LC_ALL", name)
        assert decimal_sign() == sign, name
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    entries = fair()
    export(made(entries), Totals(entries).people(), tmp_path / "a", ["csv"], for_excel=True)
    text = (tmp_path / "a.people.csv").read_text("utf-8")
    assert text.startswith("\ufeffnumber;door;")
    assert ";0,93;" in text


# ---- trouble


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("wanted", FORMATS)
def test_a_full_disk_is_said_and_leaves_no_half_file(small_disk: Path, wanted: str) -> None:
    (small_disk / "filler").write_bytes(b"x" * 60_000)
    entries = busy(600)
    report = made(entries, minutes=1)
    with pytest.raises(OutputError, match=r"could not be written.*Check the disk"):
        export(report, Totals(entries).people(), small_disk / "fair", [wanted])
    left = [p.name for p in small_disk.iterdir() if p.name != "filler"]
    assert all(not name.startswith(".headcount") for name in left)
    assert all((small_disk / name).stat().st_size for name in left), "what is there is whole"


def test_a_read_only_disk_is_said(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(OutputError, match=r"could not be written \(Read-only file system\)"):
        export(made(fair()), [], small_disk / "fair", ["pdf"])


def test_a_folder_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="could not be written"):
        export(made(fair()), [], tmp_path / "file" / "fair", ["pdf"])


def test_an_error_half_way_leaves_the_file_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.pdf").write_bytes(b"old")

    def fail(path: Path, **_: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export_module, "write_pdf", fail)
    with pytest.raises(OutputError, match="is there already"):
        export(made(fair()), [], tmp_path / "a", ["pdf"])
    with pytest.raises(OutputError, match="No space left"):
        export(made(fair()), [], tmp_path / "a", ["pdf"], overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["a.pdf"]
    assert (tmp_path / "a.pdf").read_bytes() == b"old"
