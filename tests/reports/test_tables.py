"""What a report says, and that its tables open where they are meant to."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from datetime import datetime
from pathlib import Path
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from desktop_app.domain.events import (
    Added,
    Corrected,
    Counted,
    DoorEnded,
    DoorStarted,
    Entry,
    Joined,
    Merged,
    Opened,
    Undone,
)
from desktop_app.domain.log_digest import SealedEntry, digest_of, sealed_fields
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender
from desktop_app.errors import OutputError
from desktop_app.reports.charts import arrivals_chart
from desktop_app.reports.comparison import compare
from desktop_app.reports.csv_file import FOR_MACHINES, INTERVAL_FIELDS, CsvFlavour, for_excel, tables, write_csv
from desktop_app.reports.drawing import Text
from desktop_app.reports.export import save_table
from desktop_app.reports.intervals import Edges, count_in, regular_edges
from desktop_app.reports.json_file import report_values
from desktop_app.reports.report import Report, ReportOptions, build_report
from desktop_app.reports.texts import FORMULA_STARTS, cell
from desktop_app.reports.times import duration, interval, span
from desktop_app.reports.watched import of_sources, watched_spans
from desktop_app.reports.xlsx_file import write_xlsx
from desktop_app.store.rows import event_to_json
from tests.reports.logs import ZONE, Day, at, fair
from tests.store.logs import LogMaker

OPTIONS = ReportOptions(
    15, ZONE, (Edges(at("09:00"), at("10:00"), "keynote"), Edges(at("12:00"), at("13:00"), "lunch"))
)


def test_what_a_report_says() -> None:
    report = build_report("s", fair(), OPTIONS)
    assert (report.name, report.place) == ("Fair", "Hall 3")
    assert (report.counts.people, report.counts.female, report.counts.male) == (6, 4, 2)
    assert (report.automatic.people, report.automatic.female, report.automatic.undecided) == (6, 2, 1)
    assert len(report.corrections) == 3
    assert report.watched_s == 7 * 3600
    assert report.planned_s == 8 * 3600
    assert [(i.name, i.people) for i in report.agenda] == [("keynote", 3), ("lunch", 2)]
    assert report.peak is not None
    assert (report.peak.start_utc, report.peak.people) == (at("09:00"), 2)
    assert [(r.band, r.female, r.male, r.undecided) for r in report.pyramid if r.people] == [
        ("3-9", 0, 1, 0), ("20-29", 1, 0, 0), ("30-39", 3, 0, 0), ("40-49", 0, 1, 0),
    ]  # fmt: skip
    assert report.places[0].name == "door"
    assert report.places[0].figures.into == 1


def test_intervals_are_half_open_and_sum_to_the_whole() -> None:
    report = build_report("s", fair(), OPTIONS)
    rows = {i.start_utc: i for i in report.intervals}
    assert (rows[at("09:00")].people, rows[at("09:15")].people) == (2, 1)
    assert sum(i.people for i in report.intervals) == report.counts.people
    assert rows[at("09:30")].people == 0
    assert not rows[at("09:30")].is_missing, "nobody came: a zero"
    assert rows[at("10:15")].is_missing, "nobody watched: not a zero"


@given(st.integers(0, 10**6), st.integers(60, 10**5), st.sampled_from([1, 5, 15, 60]))
def test_regular_intervals_cover_everything_once(start: int, length: int, minutes: int) -> None:
    edges = regular_edges(start, start + length, minutes, ZONE)
    assert edges[0].start_utc <= start < edges[0].end_utc
    assert edges[-1].start_utc < start + length <= edges[-1].end_utc
    assert all(a.end_utc == b.start_utc for a, b in itertools.pairwise(edges))


def test_the_interval_of_a_change_of_the_clocks_is_neither_lost_nor_doubled() -> None:
    start = datetime(2026, 10, 25, 0, tzinfo=ZONE).timestamp()
    edges = regular_edges(start, start + 25 * 3600, 60, ZONE)
    assert len(edges) == 25
    assert count_in(edges, [], []) != []


def test_the_hour_that_comes_twice_has_two_names_and_both_offsets() -> None:
    start = datetime(2026, 10, 25, 1, tzinfo=ZONE).timestamp()
    names = [interval(start + 900 * i, start + 900 * (i + 1), ZONE) for i in range(16)]
    assert len(set(names)) == 16
    assert names[4] == "02:00 to 02:15"
    assert names[7] == "02:45 (UTC+2) to 02:00 (UTC+1)"
    assert names[8] == "02:00 to 02:15 (UTC+1)"
    assert names[12] == "03:00 to 03:15"
    assert interval(start, start + 7 * 86_400, ZONE) == "2026-10-25 01:00 to 2026-11-01 00:00"
    spring = datetime(2026, 3, 29, 1, tzinfo=ZONE).timestamp()
    assert interval(spring, spring + 3600, ZONE) == "01:00 (UTC+1) to 03:00 (UTC+2)"
    assert span(start, start + 4 * 3600, ZONE) == "2026-10-25, 01:00 to 04:00 (UTC+02:00, at the end UTC+01:00)"
    half = ZoneInfo("Asia/Kolkata")
    assert span(start, start + 3600, half).endswith("(UTC+05:30)")


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-10-24"])
def test_two_days_are_compared_by_the_clock_when_the_clocks_change(day: str) -> None:
    def at_noon(date: str) -> Report:
        log = LogMaker(utc=datetime.fromisoformat(f"{date}T12:00").replace(tzinfo=ZONE).timestamp())
        log.open(recorded_utc=log.utc)
        log.people(3)
        log.close()
        return build_report(log.session, log.entries, ReportOptions(60, ZONE))

    found = compare(at_noon(day), at_noon("2026-05-12"))
    assert found.by_clock
    assert [(row.name, row.difference("people")) for row in found.rows] == [("12:00", 0)]


def test_no_hour_is_lost_in_a_comparison_with_the_night_that_is_an_hour_longer() -> None:
    def night(date: str, hours: int) -> Report:
        log = LogMaker(utc=datetime.fromisoformat(f"{date}T00:30").replace(tzinfo=ZONE).timestamp())
        log.open(recorded_utc=log.utc)
        for hour in range(hours):
            log.person(3600.0 * hour)
        log.add(DoorEnded(3600.0 * hours - 60, "finished"))
        return build_report(log.session, log.entries, ReportOptions(60, ZONE))

    found = compare(night("2026-10-25", 5), night("2026-10-18", 4))
    assert [row.name for row in found.rows if row.first is not None and row.first.people] == [
        "00:00", "01:00", "02:00", "02:00 again", "03:00",
    ]  # fmt: skip
    assert [row.difference("people") for row in found.rows if row.second is not None and row.second.people] == [0] * 4


def test_a_run_that_was_cut_off_was_watched_until_the_last_thing_it_saw() -> None:
    entries = fair()[:-2]
    spans = watched_spans(entries)
    assert spans[-1].end_utc == at("12:01")
    assert watched_spans(entries, now_utc=at("18:00"))[-1].end_utc == at("18:00")


def test_a_clock_that_was_set_back_does_not_make_a_watched_hour_an_unwatched_one() -> None:
    day = Day()
    for minute in range(0, 60, 5):
        day.person(f"11:{minute:02d}")
    for minute in range(0, 40, 5):
        day.person(f"10:{minute:02d}")
    entries = [e for e in day.end("10:45") if e.utc != at("09:00") or not isinstance(e.event, DoorStarted)]
    started = DoorStarted(0.0, "camera", at("11:00"), "live", "Main door")
    entries = [Entry("start", "s", "main", 0, at("11:00"), started), *entries[3:]]
    report = build_report("s", entries, OPTIONS)
    assert report.watched_s == (55 + 45) * 60
    assert not any(i.people and not i.watched_s for i in report.intervals)
    sealed = [SealedEntry(*_parts(e)) if isinstance(e.event, Counted) else e for e in entries]
    assert build_report("s", sealed, OPTIONS, people=Totals(entries).people()).watched == report.watched
    assert watched_spans(of_sources(entries)) == list(report.watched)


def _parts(entry: Entry) -> tuple[str, str, str, int, float, str, str]:
    fields = sealed_fields("counted", event_to_json(entry.event))
    assert fields is not None
    return (entry.id, entry.session, entry.door, entry.seq, entry.utc, "counted", fields)


def test_a_cut_off_run_in_which_somebody_was_corrected_last_was_watched_until_it_saw_the_last() -> None:
    day = Day()
    day.person("09:30")
    day.add("09:31", Corrected(0.0, "p1", "gender", "male", "female"))
    assert watched_spans(of_sources(day.entries)) == watched_spans(day.entries) != []


def test_a_count_that_began_before_the_clock_was_right_has_a_report() -> None:
    log = LogMaker(utc=0.0)
    log.open(recorded_utc=1.0)
    log.person(5.0)
    log.utc = 1_790_000_000.0
    log.people(3)
    log.close()
    for minutes in (0, 15, 60):
        report = build_report(log.session, log.entries, ReportOptions(minutes, ZONE))
        assert report.counts.people == sum(i.people for i in report.intervals) == 4
        assert report.options.minutes == 7 * 1440
        times = [s for s in arrivals_chart(report).shapes if isinstance(s, Text) and re.search(r" \d{4}$", s.text)]
        assert 2 <= len(times) <= 13
    weeks = build_report("s", fair(), ReportOptions(7 * 1440, ZONE))
    assert [i.people for i in weeks.intervals] == [6]


def test_what_the_operator_decides_later_is_no_sign_of_watching() -> None:
    day = Day()
    first, second = day.person("09:05"), day.person("09:10")
    cut_off = list(day.entries)
    day.add("12:00", Corrected(0.0, first, "gender", "male", "female"))
    day.add("12:01", Merged(0.0, second, first, by_operator=True))
    day.add("12:02", Added(0.0, "hand.1", Gender.MALE))
    day.add("12:03", Undone(0.0, day.entries[-1].id))
    assert watched_spans(day.entries) == watched_spans(cut_off)


def test_counts_that_were_joined_again_are_not_called_corrected() -> None:
    day = Day()
    day.person("09:05")
    day.add("09:10", Joined(0.0, "other"))
    assert build_report("s", day.end(), OPTIONS).corrections == ()


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (42.4, "42 s"), (59.6, "1 min"), (720, "12 min"), (11100, "3 h 05 min")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def _csv(what: str, flavour: CsvFlavour = FOR_MACHINES) -> str:
    entries, out = fair(), io.StringIO(newline="")
    header, rows = tables(build_report("s", entries, OPTIONS), Totals(entries).people())[what]
    write_csv(out, header, rows, flavour)
    return out.getvalue()


def test_csv_for_machines_is_rfc_4180() -> None:
    text = _csv("intervals")
    assert text.split("\r\n")[0] == ",".join(INTERVAL_FIELDS)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["start"] == "2026-05-12T09:00:00+02:00"
    assert (rows[0]["people"], rows[2]["people"], rows[5]["people"]) == ("2", "0", "")
    people = list(csv.DictReader(io.StringIO(_csv("people"))))
    assert len(people) == 6
    assert [p["gender"] for p in people if p["corrected"]] == ["female"]
    corrections = list(csv.DictReader(io.StringIO(_csv("corrections"))))
    assert [(c["what"], c["person"], c["new"], c["operator"]) for c in corrections] == [
        ("gender", "5", "female", "Ada"), ("removed", "6", "yes", "Ada"), ("added", "", "female", "Ada"),
    ]  # fmt: skip


def test_csv_for_a_german_excel() -> None:
    text = _csv("people", for_excel(","))
    assert text.startswith("\ufeffnumber;door;")
    assert ";0,93;" in text


@pytest.mark.parametrize("flavour", [FOR_MACHINES, for_excel(","), for_excel(".")])
def test_no_text_is_a_formula_where_the_table_is_read_with_the_other_separator(flavour: CsvFlavour) -> None:
    day = Day()
    for note in ("so;=cmd|' /C calc'!A0", "so,=1+1", 'so; "=1+1', "so,  @SUM(1)", "5-6; 3+4, ok"):
        day.person("09:05")
        day.add("09:06", Corrected(0.0, f"p{day.people}", "gender", "male", "female", "", note))
    out = io.StringIO(newline="")
    report = build_report("s", day.end(), OPTIONS)
    header, rows = tables(report, [])["corrections"]
    write_csv(out, header, rows, flavour)
    for separator in ",;\t":
        for row in csv.reader(io.StringIO(out.getvalue()), delimiter=separator):
            assert not [c for c in row if c.strip(' "').startswith(("=", "@", "+"))], (separator, row)
    assert "5-6; 3+4, ok" in out.getvalue()


@given(st.sampled_from(FORMULA_STARTS), st.text(max_size=20))
def test_no_text_is_ever_a_formula(start: str, rest: str) -> None:
    assert not cell(start + rest).startswith(("=", "+", "-", "@"))


def test_half_letters_of_a_file_name_are_no_reason_to_write_nothing(tmp_path: Path) -> None:
    day = Day("\udce9cole", "Hall \ud83d")
    day.add("09:00", DoorStarted(0.0, "bad\udcff.mp4", at("09:00"), "live", "Do\udcffr", "YuNet", "headcount"))
    day.person("09:05")
    report = build_report("s", day.end(), OPTIONS)
    write_xlsx(tmp_path / "it.xlsx", report, Totals(day.entries).people())
    sheet = load_workbook(tmp_path / "it.xlsx")["Summary"]
    assert any("bad\ufffd.mp4" in str(cell.value) for row in sheet for cell in row)
    json.dumps(report_values(report), ensure_ascii=False).encode()


def test_small_cells_are_hidden_where_that_is_asked_for() -> None:
    report = build_report("s", fair(), ReportOptions(60, ZONE, suppress_below=3))
    rows = report_values(report)["intervals"]
    assert [row["people"] for row in rows[:4]] == ["x", None, "<3", "<3"], "two men of two ages, both then: not of 3"
    assert report_values(report)["ages"]["3-9"]["male"] == "x"


def test_the_json_is_plain_and_complete() -> None:
    values = json.loads(json.dumps(report_values(build_report("s", fair(), OPTIONS))))
    assert values["totals"] == {"people": 6, "female": 4, "male": 2, "undecided": 0}
    assert values["start"] == "2026-05-12T09:00:00+02:00"
    assert len(values["corrections"]) == 3
    assert len(values["digest"]) == 64


def test_the_digest_is_that_of_the_entries_in_any_order_and_of_no_others() -> None:
    entries = fair()
    assert digest_of(entries) == digest_of(reversed(entries))
    assert digest_of(entries) != digest_of(entries[:-1])


def test_the_workbook_has_every_sheet_and_no_formula(tmp_path: Path) -> None:
    day = Day(name='=HYPERLINK("http://x")')
    day.person("09:05")
    entries = day.end()
    path = tmp_path / "o.xlsx"
    write_xlsx(path, build_report("s", entries, OPTIONS), Totals(entries).people())
    with ZipFile(path) as book:
        sheets = [book.read(n).decode() for n in book.namelist() if n.startswith("xl/worksheets/sheet")]
        names = book.read("xl/workbook.xml").decode()
    assert all(f'name="{n}"' in names for n in ("Summary", "Intervals", "Agenda", "People", "Corrections"))
    assert not any("<f>" in sheet for sheet in sheets)


def test_one_table_is_saved_as_its_name_says_and_no_text_becomes_a_formula(tmp_path: Path) -> None:
    rows = [("=1+1", 3, 0.5), ("Töpfe", None, 2.0)]
    save_table(tmp_path / "t.xlsx", "Files", ("file", "people", "share"), rows)
    sheet = load_workbook(tmp_path / "t.xlsx")["Files"]
    found = [[cell.value for cell in row] for row in sheet.rows]
    assert found == [["file", "people", "share"], ["=1+1", 3, 0.5], ["Töpfe", None, 2]]
    assert sheet["A2"].data_type == "s"
    save_table(tmp_path / "t.csv", "Files", ("file", "people", "share"), rows)
    written = (tmp_path / "t.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbffile")
    assert b"'=1+1" in written
    with pytest.raises(OutputError):
        save_table(tmp_path / "t.csv" / "in the way.csv", "Files", ("file",), [])


def test_a_session_without_a_person_still_gives_a_report() -> None:
    report = build_report("s", Day().end())
    assert (report.counts.people, report.peak) == (0, None)
    assert report.intervals[0].people == 0
    with pytest.raises(ValueError, match="at least one entry"):
        build_report("s", [])


def test_the_newest_name_holds() -> None:
    day = Day()
    day.add("10:00", Opened(0.0, "Congress", "Hall 4", "rain"))
    report = build_report("s", day.end())
    assert (report.name, report.place, report.note) == ("Congress", "Hall 4", "rain")


def test_the_only_doors_of_joined_counts_are_one_where_they_are_called_the_same() -> None:
    log = LogMaker(session="one")
    for session, name in (("one", "North"), ("two", "South"), ("three", "North")):
        log.session = session
        log.add(DoorStarted(0.0, f"camera {session}", log.utc, name=name), "main")
    doors = build_report("one", log.entries).doors
    assert [(door.id, door.name) for door in doors] == [("main", "North"), ("main.2", "South")]
