"""Hidden figures cannot be worked out from those that are shown beside them."""

from __future__ import annotations

import csv
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.totals import Totals
from desktop_app.reports.charts import age_chart, arrivals_chart
from desktop_app.reports.csv_file import tables, write_csv
from desktop_app.reports.drawing import Text
from desktop_app.reports.intervals import Interval
from desktop_app.reports.json_file import report_values
from desktop_app.reports.receipt import build_receipt
from desktop_app.reports.report import ReportOptions, build_report
from desktop_app.reports.suppression import hidden_cells, suppressed_at_doors
from desktop_app.reports.xlsx_file import summary_rows
from tests.reports.logs import ZONE, fair

CELL = st.tuples(*[st.integers(0, 12)] * 3)
CELLS = st.lists(CELL, min_size=1, max_size=6)


@given(CELLS, st.sampled_from([3, 5, 10]))
def test_no_small_cell_is_shown_and_none_follows_from_its_row_or_column(
    rows: list[tuple[int, int, int]], below: int
) -> None:
    parts = np.array(rows, np.int64)
    hidden = hidden_cells(parts, below)
    table = np.column_stack([parts, parts.sum(1)])
    table = np.vstack([table, table.sum(0)])
    assert not np.any(~hidden & (table > 0) & (table < below))
    for marks, cells in ((hidden, table), (hidden.T, table.T)):
        for mark, line in zip(marks, cells, strict=True):
            # One hidden cell alone could be worked out, unless all others in its line are 0 and so was nothing to hide
            # it behind; then its sum is as small, and hidden as well.
            assert mark.sum() != 1 or np.count_nonzero(line) == 1


def _interval(number: int, parts: tuple[int, int, int]) -> Interval:
    return Interval(number * 60.0, number * 60.0 + 60.0, "", sum(parts), *parts, 0, 0, 0, 60.0)


@given(
    st.integers(1, 3).flatmap(
        lambda n: st.lists(
            st.lists(st.tuples(*[st.integers(0, 12)] * 3), min_size=n, max_size=n), min_size=2, max_size=4
        )
    ),
    st.sampled_from([3, 5, 10]),
)
def test_a_figure_of_a_door_does_not_follow_from_the_other_doors(
    doors: list[list[tuple[int, int, int]]], below: int
) -> None:
    found = suppressed_at_doors([[_interval(n, cell) for n, cell in enumerate(cells)] for cells in doors], below)
    for row in range(len(doors[0])):
        for figure in ("female", "male", "undecided", "people"):
            here = [intervals[row] for intervals in found]
            assert not any(0 < getattr(i, figure) < below and figure not in i.hidden for i in here)
            hidden = [i for i in here if figure in i.hidden]
            others = [i for i in here if figure not in i.hidden and getattr(i, figure)]
            assert len(hidden) != 1 or not others
        for intervals in found:
            parts = [f for f in ("female", "male", "undecided", "people") if getattr(intervals[row], f)]
            assert sum(f in intervals[row].hidden for f in parts) != 1 or len(parts) == 1


def test_three_doors_of_which_one_is_small_hide_a_second_one() -> None:
    doors = [[_interval(0, parts)] for parts in ((6, 13, 0), (6, 13, 0), (5, 2, 0))]
    shown = [[door[0].shown(f) for f in ("people", "female", "male")] for door in suppressed_at_doors(doors, 5)]
    assert shown == [[19, "x", "x"], [19, 6, 13], [7, "x", "<5"]]
    assert suppressed_at_doors(doors, 0) == [tuple(door) for door in doors]


@given(CELLS)
def test_without_a_limit_nothing_is_hidden(rows: list[tuple[int, int, int]]) -> None:
    assert not hidden_cells(np.array(rows, np.int64), 0).any()


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
