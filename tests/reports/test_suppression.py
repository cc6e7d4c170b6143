"""Hidden figures cannot be worked out from those that are shown beside them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.domain.events import (
    Checked,
    Corrected,
    Counted,
    Crossed,
    DoorEnded,
    DoorStarted,
    Entry,
    Opened,
    PlacesSet,
    Revised,
    ZoneEntered,
    ZoneLeft,
)
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender
from desktop_app.reports.charts import age_chart, arrivals_chart
from desktop_app.reports.csv_file import tables, write_csv
from desktop_app.reports.drawing import Text
from desktop_app.reports.intervals import Edges
from desktop_app.reports.json_file import report_values
from desktop_app.reports.pdf_file import facts
from desktop_app.reports.receipt import build_receipt
from desktop_app.reports.report import Report, ReportOptions, build_report
from desktop_app.reports.suppression import HIDDEN, Figures
from desktop_app.reports.xlsx_file import summary_rows
from tests.reports.logs import ZONE, Day, at, fair

Person = tuple[int, int, str, int]
"""In which quarter of an hour after 09:00, at which door, how they appear, and how old."""
QUARTER_S = 900


def log_of(people: list[Person], doors: int) -> list[Entry]:
    """Return a count of these people, each of whom walks in at their door."""
    entries: list[Entry] = []

    def add(utc: float, door: str, event: object) -> None:
        number = len(entries) + 1
        entries.append(Entry(f"e{number}", "s", door, number, utc, event))  # type: ignore[arg-type]

    start = at("09:00")
    add(start, "", Opened(0.0, "Fair"))
    for door in range(doors):
        add(start, f"d{door}", DoorStarted(0.0, f"camera {door}", start, "live", f"Door {door}"))
        add(start, f"d{door}", PlacesSet(0.0, ("line",)))
    for number, (quarter, door, gender, age) in enumerate(people, 1):
        time_s = quarter * QUARTER_S + 60.0 + number / 10
        add(start + time_s, f"d{door}", Counted(time_s, f"p{number}", number, time_s))
        add(start + time_s, f"d{door}", Revised(time_s, f"p{number}", Gender(gender), 0.9, float(age), 3.0, True))
        add(start + time_s, f"d{door}", Crossed(time_s, f"p{number}", "line", "in"))
    for door in range(doors):
        add(start + 6 * QUARTER_S, f"d{door}", DoorEnded(0.0, "finished"))
    return entries


AGES = (25, 65)
BANDS = {25: "20-29", 65: "60-69"}
AGENDA = (Edges(at("09:15"), at("10:00"), "keynote"), Edges(at("09:20"), at("12:00"), "fair"))
"""One item on the edges of intervals and one that begins within one: nobody comes between the edges."""


def attack(report: Report, people: list[Person], doors: int) -> list[str]:
    """Return the hidden small figures that follow from the shown ones, by what the figures are made of.

    Knows nothing of how they were hidden: each figure is the sum of the numbers of people in the finest cells (time,
    door, gender, age), or of crossings (time, door), and one follows from others if it is a sum of multiples of them.
    A time is one of the two parts of a quarter of an hour in which an item of the agenda may begin.
    """
    cells: list[tuple[int, int, str, int]] = list(product(range(12), range(doors), Gender, AGES))
    crossings = list(product(range(12), range(doors), ["into"], [0]))
    came = Counter((2 * q, d, g, a) for q, d, g, a in people)
    crossed = Counter((2 * q, d, "into", 0) for q, d, _, _ in people)
    cells += crossings
    numbers = np.array([(came + crossed)[cell] for cell in cells], float)
    open_cells = np.ones(len(cells), bool)
    shown: list[np.ndarray] = []
    hidden: list[tuple[str, np.ndarray]] = []

    def look(name: str, value: object, mask: list[bool]) -> None:
        vector = np.array(mask, float)
        number = round(float(vector @ numbers))
        if isinstance(value, int):
            assert value == number, name
            assert not 0 < number < report.options.suppress_below, f"{name} is shown"
            shown.append(vector)
            if not number:  # nobody in all of it is nobody in any part
                open_cells[vector > 0] = False
        elif value is not None:
            assert number > 0, f"{name} is 0 and hidden"
            hidden.append((name, vector))

    def figures(name: str, shown_figure: object, first: int, last: int, door: int | None) -> None:
        for figure in ("people", "female", "male", "undecided", "into"):
            look(
                f"{name} {figure}",
                shown_figure(figure),  # type: ignore[operator]
                [
                    first <= q <= last and door in (None, d) and (figure == g or (figure == "people" and g != "into"))
                    for q, d, g, _ in cells
                ],
            )

    def times(i: object) -> tuple[int, int]:
        quarters = ((t - at("09:00")) / QUARTER_S for t in (i.start_utc, i.end_utc))  # type: ignore[attr-defined]
        first, last = (int(2 * (q // 1) + (q % 1 > 0)) for q in quarters)
        return first, last - 1

    every = [("all", None, report.intervals), ("page", None, report.page_intervals), ("agenda", None, report.agenda)]
    every += [(door, int(door[1:]), intervals) for door, intervals in report.door_intervals]
    for name, door, intervals in every:
        for i in intervals:
            figures(f"{name} {i.start_utc - at('09:00'):.0f}", i.shown, *times(i), door)
    for name in ("people", "female", "male", "undecided"):
        of_gender = [g == name or (name == "people" and g != "into") for _, _, g, _ in cells]
        look(f"total {name}", report.totals.shown(name), of_gender)
        for fact, total in zip(report.doors, report.door_totals, strict=True):
            here = [f"d{d}" == fact.id for _, d, _, _ in cells]
            look(f"{fact.id} {name}", total.shown(name), [a and b for a, b in zip(of_gender, here, strict=True)])
    for row in report.pyramid:
        for name in ("female", "male", "undecided"):
            look(f"{row.band} {name}", row.shown(name), [g == name and BANDS[a] == row.band for _, _, g, a in cells])
    for place in report.places:
        look(f"line {place.door}", place.shown("into"), [g == "into" and f"d{d}" == place.door for _, d, g, _ in cells])
    known = np.unique(np.array(shown).reshape(-1, len(cells))[:, open_cells], axis=0)
    _, sizes, rows = np.linalg.svd(known, full_matrices=False)
    rows = rows[sizes > 1e-9]
    found = []
    for name, vector in hidden:
        number, here = float(vector @ numbers), vector[open_cells]
        if number < report.options.suppress_below and np.abs(here - here @ rows.T @ rows).max() < 1e-6:
            found.append(f"{name} is {number:.0f}")
    return found


GROUP = st.tuples(
    st.tuples(st.integers(0, 5), st.integers(0, 2), st.sampled_from(["female", "male", "undecided"]),
              st.sampled_from(AGES)),
    st.sampled_from([1, 2, 3, 4, 5, 7, 11]),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(GROUP, max_size=14), st.integers(1, 3), st.sampled_from([3, 5, 10]), st.sampled_from([15, 30, 60]))
def test_no_small_figure_of_a_report_follows_from_all_that_are_shown(
    groups: list[tuple[Person, int]], doors: int, below: int, minutes: int
) -> None:
    people = [(q, d % doors, g, a) for (q, d, g, a), number in groups for _ in range(number)]
    options = ReportOptions(minutes, ZONE, AGENDA, suppress_below=below)
    report = build_report("s", log_of(people, doors), options)
    assert attack(report, people, doors) == []


def test_the_attack_finds_what_is_not_protected() -> None:
    people = [(0, 0, "female", 25)] * 3 + [(0, 0, "male", 25)] * 20 + [(1, 0, "female", 25)] * 10
    report = build_report("s", log_of(people, 1), ReportOptions(15, ZONE, suppress_below=5))
    first = report.intervals[0]
    assert (first.shown("people"), first.shown("female"), first.shown("male")) == (23, "<5", HIDDEN)
    assert attack(report, people, 1) == []
    shown = {**first.hidden}
    del shown["male"]
    broken = [type(first)(*[getattr(first, n) for n in first.__dataclass_fields__ if n != "hidden"], shown)]
    naive = type(report)(**{n: getattr(report, n) for n in report.__dataclass_fields__} | {"intervals": broken})
    assert "all 0 female is 3" in attack(naive, people, 1)


def test_the_totals_of_the_only_door_hide_what_the_totals_do() -> None:
    people = [(0, 0, "female", 25)] * 3 + [(0, 0, "male", 25)] * 20 + [(1, 0, "female", 25)] * 10
    values = report_values(build_report("s", log_of(people, 1), ReportOptions(15, ZONE, suppress_below=5)))
    assert values["doors"][0]["totals"] == values["totals"]
    assert values["totals"]["male"] == HIDDEN
    assert values["ages"]["20-29"]["male"] == HIDDEN


@pytest.mark.parametrize(
    ("below", "parts", "whole", "texts"),
    [
        (5, (4, 4, 0), 8, [HIDDEN, HIDDEN, None, None]),
        (5, (1, 4, 3), 8, ["<5", "<5", "<5", None]),
        (3, (1, 1, 0), 2, [HIDDEN, HIDDEN, None, HIDDEN]),
        (3, (1, 1, 1), 3, [HIDDEN, HIDDEN, HIDDEN, HIDDEN]),
        (3, (1, 2, 0), 3, ["<3", "<3", None, None]),
        (5, (0, 3, 0), 3, [None, "<5", None, "<5"]),
    ],
)
def test_the_bounds_of_hidden_figures_do_not_give_them_away(
    below: int, parts: tuple[int, ...], whole: int, texts: list[str | None]
) -> None:
    figures = Figures(below)
    cells = [figures.add(value) for value in (*parts, whole)]
    figures.add_sum(cells[-1], cells[:-1])
    found = figures.protect()
    assert [found.get(cell) for cell in cells] == texts


def test_a_figure_that_follows_from_two_sums_together_is_hidden() -> None:
    """Two squares of hidden figures that only one figure joins: each line hides two, and that one follows."""
    figures = Figures(5)
    table = [[2, 9, 0, 0], [9, 9, 3, 0], [0, 0, 9, 9], [0, 0, 9, 2]]
    cells = [[figures.add(value) for value in line] for line in table]
    rows = [figures.add(sum(line)) for line in table]
    columns = [figures.add(sum(column)) for column in zip(*table, strict=True)]
    for whole, line in zip(rows, cells, strict=True):
        figures.add_sum(whole, line)
    for whole, column in zip(columns, zip(*cells, strict=True), strict=True):
        figures.add_sum(whole, column)
    hidden = figures.protect()
    assert cells[1][2] in hidden
    assert {rows[1], columns[2]} & hidden.keys() or {rows[0], rows[2], columns[0], columns[3]} & hidden.keys()


@given(st.lists(st.tuples(*[st.integers(0, 12)] * 3), min_size=1, max_size=6))
def test_without_a_limit_nothing_is_hidden(rows: list[tuple[int, int, int]]) -> None:
    figures = Figures(0)
    for row in rows:
        figures.add_sum(figures.add(sum(row)), [figures.add(value) for value in row])
    assert not figures.protect()


def test_nothing_beside_the_tables_tells_what_they_hide() -> None:
    day = Day()
    day.add("09:00", PlacesSet(0.0, ("door",), ("stand",)))
    for minute in range(20):
        day.person(f"09:{minute:02d}", Gender.FEMALE)
    seen = [day.person(f"09:{minute:02d}", Gender.MALE) for minute in range(30, 32)]
    day.add("09:40", Corrected(0.0, seen[0], "gender", "female", "male"))
    day.add("09:41", ZoneEntered(0.0, seen[1], "stand", 10.0))
    day.add("09:45", ZoneLeft(0.0, seen[1], "stand", 10.0, 234.0))
    day.add("09:50", Checked(0.0, "c", male=(0, 2, 0, 0), passed=22))
    report = build_report("s", day.end(), ReportOptions(60, ZONE, suppress_below=5))
    values = report_values(report)
    assert set(values["automatic"].values()) == {HIDDEN}
    assert [(row["visits"], row["mean_stay_s"]) for row in values["places"] if row["kind"] == "zone"] == [("<5", None)]
    said = [*facts(report), *(str(value) for _, value in summary_rows(report))]
    assert not [text for text in said if "234" in text or "Checked by eye" in text]
    assert "stand: <5 visits" in said


def test_all_outputs_hide_the_same_and_say_nothing_of_single_people() -> None:
    entries = fair()
    report = build_report("s", entries, ReportOptions(60, ZONE, suppress_below=5))
    people = Totals(entries).people()
    found = tables(report, people)
    assert not {"people", "corrections"} & found.keys()
    out = io.StringIO(newline="")
    write_csv(out, *found["intervals"])
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert {row["people"] for row in rows} <= {"<5", "0", "", "x"}
    values = report_values(report)
    assert values["corrections"] == []
    assert [row["people"] or "" for row in values["intervals"]] == [row["people"].replace("0", "") for row in rows]
    assert dict(summary_rows(report))["Appear male"] in ("<5", "x")
    labels = [s.text for c in (arrivals_chart(report), age_chart(report)) for s in c.shapes if isinstance(s, Text)]
    assert "<5" in labels
    assert "too few to show" in labels
    small = build_report("s", entries, ReportOptions(60, ZONE, suppress_below=10))
    assert build_receipt(small, "counts").parts[0][1][0].startswith("<10 rows of numbers")
