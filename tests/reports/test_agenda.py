"""The programme of an occasion: typed in, or read from a table or a calendar."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from desktop_app.domain.agenda import AgendaItem, outside, overlaps
from desktop_app.domain.events import AgendaSet
from desktop_app.errors import SettingsError
from desktop_app.reports.agenda_file import parse_item, read_agenda, typed, what_to_tell
from desktop_app.reports.report import ReportOptions, build_report
from tests.reports.logs import ZONE, Day, at

DAY = date(2026, 5, 12)


@pytest.mark.parametrize(
    ("text", "name", "hours"),
    [
        ("keynote 09:00-10:00", "keynote", (9, 10)),
        ("Panel, 2 voices 9:00 – 10:00", "Panel, 2 voices", (9, 10)),
        ("keynote 2026-05-13 09:00-10:00", "keynote", (33, 34)),
        ("party 23:00-01:00", "party", (23, 25)),
        ("night 2026-05-12T22:00-2026-05-13T06:00", "night", (22, 30)),
    ],
)
def test_what_is_typed_in(text: str, name: str, hours: tuple[int, int]) -> None:
    midnight = at("00:00")
    item = parse_item(text, DAY, ZONE)
    assert item == AgendaItem(name, midnight + 3600 * hours[0], midnight + 3600 * hours[1])
    assert AgendaItem.from_text(item.to_text()) == item
    assert parse_item(typed(item, DAY, ZONE), DAY, ZONE) == item


@pytest.mark.parametrize("text", ["keynote", "09:00-10:00", "keynote 25:00-26:00", "keynote 09:00-09:00", ""])
def test_what_cannot_be_understood_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SettingsError, match="keynote 09:00-10:00"):
        parse_item(text, DAY, ZONE)


def test_a_table_with_its_own_titles_and_separator(tmp_path: Path) -> None:
    path = tmp_path / "agenda.csv"
    path.write_text('\ufeffTitel;Von;Bis\n"Auftakt; groß";09:00;10:00\n\n=Lunch;12:00;13:00\n', "utf-8")
    items = read_agenda([str(path)], DAY, ZONE).items
    assert [(i.name, i.start_utc) for i in items] == [("Auftakt; groß", at("09:00")), ("=Lunch", at("12:00"))]
    path.write_text("name,date,start,end\nA,2026-05-12,09:00,10:00\nB,,2026-05-12T11:00+02:00,2026-05-12T12:00\n")
    assert [i.start_utc for i in read_agenda([str(path)], DAY, ZONE).items] == [at("09:00"), at("11:00")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a,b\n1,2\n", "has no columns"),
        ("name,start,end\nA,early,late\n", "Line 2"),
        ("name,start,end\n", "holds no item"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "cannot be read"),
        ("", "has no columns"),
    ],
)
def test_a_file_that_holds_no_agenda_is_refused(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "agenda.csv"
    path.write_text(content)
    with pytest.raises(SettingsError, match=says):
        read_agenda([str(path)], DAY, ZONE)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_agenda([str(tmp_path / "gone.csv")], DAY, ZONE)
    path.write_bytes(b"name,start,end\n\xff\xfe,09:00,10:00\n")
    with pytest.raises(SettingsError, match="UTF-8"):
        read_agenda([str(path)], DAY, ZONE)


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:test
BEGIN:VEVENT
UID:1
SUMMARY:Keynote\\, big
DTSTART;TZID=Europe/Berlin:20260512T090000
DTEND:20260512T080000Z
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Stand-up
DTSTART:20260512T110000
DURATION:PT30M
RRULE:FREQ=DAILY
END:VEVENT
BEGIN:VEVENT
UID:3
SUMMARY:Whole day
DTSTART;VALUE=DATE:20260512
END:VEVENT
BEGIN:VEVENT
UID:4
SUMMARY:Without a time
END:VEVENT
END:VCALENDAR
"""


def test_a_calendar(tmp_path: Path) -> None:
    path = tmp_path / "fair.ics"
    path.write_text(CALENDAR)
    agenda = read_agenda([str(path), "coffee 15:00-15:30"], DAY, ZONE)
    assert [(i.name, i.start_utc, i.end_utc) for i in agenda.items] == [
        ("Whole day", at("00:00"), at("00:00") + 86_400),
        ("Keynote, big", at("09:00"), at("10:00")),
        ("Stand-up", at("11:00"), at("11:30")),
        ("coffee", at("15:00"), at("15:30")),
    ]
    assert ["repeat" in note or "left out" in note for note in agenda.notes] == [True, True]


def test_overlaps_and_what_lies_outside_are_told_and_kept() -> None:
    items = [parse_item(t, DAY, ZONE) for t in ("day 09:00-17:00", "a 10:00-11:00", "b 12:00-13:00", "c 18:00-19:00")]
    assert [(a.name, b.name) for a, b in overlaps(items)] == [("day", "a"), ("day", "b")]
    assert [i.name for i in outside(items, at("09:00"), at("17:00"))] == ["c"]
    told = what_to_tell(items, at("09:00"), at("17:00"), ZONE)
    assert len(told) == 3
    assert "counted in both" in told[0]
    assert "outside" in told[2]


def test_the_newest_agenda_of_the_log_is_counted_by() -> None:
    day = Day()
    day.person("09:05")
    day.person("12:30")
    for text in ("keynote 09:00-10:00", "lunch 12:00-13:00"):
        day.add("16:00", AgendaSet(0.0, (parse_item(text, DAY, ZONE).to_text(),)))
    report = build_report("s", day.end(), ReportOptions(60, ZONE))
    assert [(i.name, i.people) for i in report.agenda] == [("lunch", 1)]
    with pytest.raises(ValueError, match="no agenda item"):
        AgendaSet(0.0, ("lunch",))
