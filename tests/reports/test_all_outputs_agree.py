"""Every output of one count says the same numbers: window, list, command line, CSV, workbook, JSON and PDF."""

from __future__ import annotations

import csv
import json
import random
import re
import uuid
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from openpyxl import load_workbook

from desktop_app.cli.main import main
from desktop_app.domain.agenda import AgendaItem
from desktop_app.domain.events import AgendaSet, DoorEnded, DoorStarted, Entry, Joined, PlacesSet
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender
from desktop_app.reports.pdf_file import pdf_bytes
from desktop_app.reports.people_file import PeopleFile
from desktop_app.reports.report import ReportMaker, ReportOptions, build_report
from desktop_app.reports.times import interval
from desktop_app.session.manager import SessionManager
from desktop_app.store.files import default_folder
from desktop_app.store.store import Store
from desktop_app.ui.figures.totals import totals_words
from desktop_app.ui.sessions.kept_counts import KeptCounts
from tests.patience import PATIENCE_S
from tests.reports.logs import ZONE
from tests.store.logs import LogMaker
from tests.store.test_people import wild

BERLIN = ["--time-zone", "Europe/Berlin"]
PARTS = ("female", "male", "undecided")
NIGHT = datetime(2026, 10, 25, 0, 40, tzinfo=ZONE).timestamp()
"""In this night the hour from two to three comes twice."""


def count_of(seed: int) -> tuple[LogMaker, LogMaker]:
    """Return a count with all that can happen to it over the night, and one that was joined to it."""
    choose = random.Random(seed)
    logs = LogMaker(uuid.uuid4().hex, utc=NIGHT), LogMaker(uuid.uuid4().hex, utc=NIGHT, seq=100_000)
    for number, log in enumerate(logs):
        wild(log, seed + 10 * number, choose.randrange(0, 60), ("North", "=cmd|' /C calc'!A0")[number])
        log.add(DoorStarted(0.0, "camera 1", NIGHT, name="\u202eSouth, \n“😀”;+1"), "south")
        log.add(PlacesSet(0.0, ("door",), ("stand",)), "south")
        for door in ("north", "south"):
            log.add(DoorEnded(60.0, "finished"), door)
        # What took a minute takes five hours.
        log.entries = [replace(e, utc=NIGHT + 300 * (e.utc - NIGHT)) for e in log.entries]
    first, second = logs
    items = [AgendaItem("=keynote", NIGHT + 1200, NIGHT + 6000), AgendaItem("night", NIGHT, NIGHT + 18_000)]
    first.add(AgendaSet(0.0, tuple(item.to_text() for item in items)), "")
    if choose.random() < 0.7:
        first.add(Joined(0.0, second.session), "")
    return first, second


def table(rows: list[PersonRecord]) -> list[int]:
    """Return how many people these are, and how many appear female, male and undecided."""
    genders = Counter(r.gender for r in rows)
    return [len(rows), genders[Gender.FEMALE], genders[Gender.MALE], genders[Gender.UNDECIDED]]


def numbers(row: dict[str, Any]) -> list[int]:
    return [int(row[name] or 0) for name in ("people", *PARTS)]


def within(people: list[PersonRecord], row: dict[str, Any]) -> list[PersonRecord]:
    start, end = (datetime.fromisoformat(str(row[name])).timestamp() for name in ("start", "end"))
    return [p for p in people if start <= p.counted_utc < end]


@pytest.mark.parametrize("seed", range(5))
def test_every_output_says_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], own_user_folders: None, seed: int
) -> None:
    first, second = count_of(seed)
    store = Store.open(default_folder())
    store.append([*first.entries, *second.entries])
    assert store.flush(PATIENCE_S)
    is_joined = any(isinstance(e.event, Joined) for e in first.entries)
    entries: list[Entry] = sorted([*first.entries, *(second.entries if is_joined else [])], key=lambda e: e.seq)
    # The truth is added up here from the people of the fold, person by person.
    everybody = Totals(entries).people()
    people = [p for p in everybody if p.counts]
    total = table(people)

    # What the window shows: the list, the count as it is loaded, the summary, the report.
    manager = SessionManager.for_kept(store)
    session = manager.load(first.session)
    counts = session.counts()
    assert [counts.people, counts.female, counts.male, counts.undecided] == total
    assert f"{total[1]} appear female, {total[2]} appear male, {total[3]} undecided" in totals_words(counts)
    listed = {c.id: c for c in KeptCounts(manager, store).all()}
    if people:
        kept = listed[first.session]
        assert [kept.people, kept.female, kept.male, kept.undecided] == total
    summary = store.totals(first.session)
    assert summary.counts == counts
    assert sum(int(a.female.sum()) for a in summary.arrivals.values()) == total[1]
    options = ReportOptions(60, ZONE)
    in_memory = build_report(first.session, session.log.all_entries(), options)
    ids = (first.session, *summary.parts)
    with PeopleFile(store.people_of(ids)) as streamed:
        report = ReportMaker(first.session, store.log_of(ids), streamed).report(options)
    assert replace(report, door_intervals=()) == replace(in_memory, door_intervals=())
    assert report.door_intervals == in_memory.door_intervals
    assert store.close(PATIENCE_S)

    # What the command line says and writes.
    command = ["export", first.session, "--out", str(tmp_path), "--name", "it", "--minutes", "60", *BERLIN]
    assert main([*command, "--format", "csv,json,xlsx,pdf"]) == 0
    values = json.loads((tmp_path / "it.json").read_text("utf-8"))
    book = load_workbook(tmp_path / "it.xlsx")

    def csv_of(what: str) -> list[dict[str, Any]]:
        path = tmp_path / f"it.{what}.csv"
        if not path.exists():
            return []
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def sheet(what: str) -> list[dict[str, Any]]:
        if what not in book.sheetnames:
            return []
        head, *rows = book[what].iter_rows(values_only=True)
        return [dict(zip(map(str, head), row, strict=True)) for row in rows]

    figures = {name: values["totals"][name] for name in ("people", *PARTS)}
    assert list(figures.values()) == total
    short = {str(a): b for a, b in book["Summary"].iter_rows(max_col=2, values_only=True)}
    assert [short[n] for n in ("People", "Appear female", "Appear male", "Undecided")] == total
    labels = Counter(gender for p in everybody for _, gender in p.labels)
    assert [values["automatic"][p] for p in PARTS] == [
        labels[g] for g in (Gender.FEMALE, Gender.MALE, Gender.UNDECIDED)
    ]
    assert values["automatic"]["people"] == sum(labels.values())

    for what, rows in (("intervals", values["intervals"]), ("agenda", values["agenda"])):
        for row in rows:
            assert numbers(row) == table(within(people, row)), row
        # "=keynote" stays no formula: CSV has it behind an apostrophe.
        plain = [{k: str(v).lstrip("'") if k == "name" else v for k, v in row.items()} for row in csv_of(what)]
        assert [numbers(row) for row in plain] == [numbers(row) for row in rows]
        assert [(r["start"], r["name"]) for r in plain] == [(r["start"], r["name"]) for r in rows]
        assert [numbers(row) for row in sheet(what.capitalize())] == [numbers(row) for row in rows]
    assert [sum(column) for column in zip(*map(numbers, values["intervals"]), strict=True)] == total
    crossings = [
        c for p in people for (door, _), c in p.crossings.items() if door in {d["id"] for d in values["doors"]}
    ]
    for name, sign in (("in", 1), ("out", -1)):
        wanted = sum(c[0] == sign for c in crossings)
        assert sum(row[name] or 0 for row in values["intervals"]) == wanted
        assert sum(row[name] for row in values["places"]) == wanted
        assert [row[name] for row in sheet("Places")] == [row[name] for row in values["places"]]
        assert [int(row[name]) for row in csv_of("places")] == [row[name] for row in values["places"]]

    for door in values["doors"]:
        here = [p for p in people if p.door == door["id"]]
        assert list(door["totals"].values()) == table(here)
        rows = [row for row in values["door_intervals"] if row["door_id"] == door["id"]]
        for row in rows:
            assert numbers(row) == table(within(here, row))
        assert [numbers(r) for r in csv_of("doors") if r["door_id"] == door["id"]] == [numbers(r) for r in rows]
        assert [numbers(r) for r in sheet("Doors") if r["door_id"] == door["id"]] == [numbers(r) for r in rows]
    assert sum(door["totals"]["people"] for door in values["doors"]) == total[0]

    for band, row in values["ages"].items():
        assert [row[p] for p in PARTS] == table([p for p in people if (p.age_band or "unknown") == band])[1:]
    ages = [[row[p] for p in PARTS] for row in values["ages"].values()]
    assert [[int(row[p]) for p in PARTS] for row in csv_of("ages")] == ages
    assert [[row[p] for p in PARTS] for row in sheet("Ages")] == ages
    assert Counter(row["gender"] for row in csv_of("people")) == Counter(p.gender.value for p in people)
    assert len(sheet("People")) == total[0]
    assert len(sheet("Corrections")) == len(csv_of("corrections")) == len(values["corrections"])

    document = pdfium.PdfDocument(tmp_path / "it.pdf")
    text = document[0].get_textpage().get_text_range()
    document.close()
    words = " ".join(text.replace(",", "").split())
    # The figures above their names, and the rows of the table behind theirs.
    share = r"(?: \d+%)?"
    names = ("people", rf"appear female{share}", rf"appear male{share}", f"undecided{share}")
    together = " ".join(f"{number} {name}" for number, name in zip(total, names, strict=True))
    apart = f"{' '.join(map(str, total))} {' '.join(names)}"
    assert re.search(together, words) or re.search(apart, words), words
    for row in report.page_intervals:
        shown = ["–" if row.is_missing else str(getattr(row, f)) for f in ("people", *PARTS, "into", "out")]
        name = interval(row.start_utc, row.end_utc, ZONE)
        assert f"{name} {' '.join(shown)} " in words, (name, shown)
    assert (tmp_path / "it.pdf").read_bytes() == pdf_bytes(in_memory), "the window saves the same page"

    capsys.readouterr()
    assert main(["show", first.session, "--minutes", "60", *BERLIN]) == 0
    said = capsys.readouterr().out
    for title, number in zip(("People", "Appear female", "Appear male", "Undecided"), total, strict=True):
        assert re.search(rf"^{title}: +{number}$", said, re.MULTILINE)
    figure = r" +(\d+|–)"
    found = re.findall(rf"^(?:2026-10-2\d )?\d\d:\d\d .*?{6 * figure}$", said, re.MULTILINE)
    rows = [[0 if v == "–" else int(v) for v in row[:4]] for row in found]
    assert rows[: len(values["intervals"])] == [numbers(row) for row in values["intervals"]]
    assert main(["sessions", "--json"]) == 0
    (info,) = [s for s in json.loads(capsys.readouterr().out) if s["id"] == first.session]
    assert [info["people"], *(info[p] for p in PARTS)] == total
    assert main(["verify", str(tmp_path / "it.pdf")]) == 0
