"""The bars of a count under way: by the clock, with the gaps in which nobody was watching."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import count
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from desktop_app.domain.curve import Curve
from desktop_app.domain.events import Counted, DoorEnded, DoorStarted, Entry, Event, SourceBack, SourceLost
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender
from desktop_app.reports.charts import arrivals_chart, gaps_between, time_axis
from desktop_app.reports.drawing import GRID, Rect, Text
from desktop_app.reports.pdf_file import facts
from desktop_app.reports.report import ReportOptions, build_report
from desktop_app.reports.watched import Span
from desktop_app.ui.figures.charts import ChartPanel, bars_summary
from desktop_app.ui.figures.curve_reader import LiveBars, live_bars, minutes_a_bar
from desktop_app.ui.widgets.theme import DARK, LIGHT

ZONE = ZoneInfo("Europe/Berlin")
NINE = datetime(2026, 5, 12, 9, 0, tzinfo=ZONE).timestamp()
HOUR = 3600.0

_numbers = count(1)
_PANELS: list[ChartPanel] = []


def entry(minutes: float, event: Event) -> Entry:
    number = next(_numbers)
    return Entry(f"e{number}", "s", "main", number, NINE + minutes * 60, event)


def came(minutes: float, gender: Gender = Gender.FEMALE) -> Entry:
    number = next(_numbers)
    return entry(minutes, Counted(minutes * 60, f"p{number}", number, minutes * 60, gender))


def bars_of(entries: list[Entry], now: float | None = None) -> LiveBars:
    bars = live_bars(entries, Totals(entries).people(), now, ZONE)
    assert bars is not None
    return bars


def morning() -> list[Entry]:
    """From 9:02 to 13:00, with the camera lost from 10:30 to 11:40."""
    return [
        entry(2, DoorStarted(0.0, "camera:Door", NINE)),
        *(came(m) for m in (5, 6, 50)),
        came(70, Gender.MALE),
        entry(90, SourceLost(0.0)),
        entry(160, SourceBack(0.0)),
        came(200),
        entry(240, DoorEnded(0.0, "stopped")),
    ]


@pytest.mark.parametrize(("hours", "minutes"), [(0.1, 1), (1, 5), (2.5, 15), (8, 60), (24 * 8, 1440)])
def test_the_length_of_a_bar_suits_that_of_the_count(hours: float, minutes: int) -> None:
    assert minutes_a_bar(hours * HOUR) == minutes


def test_bars_stand_on_whole_hours_of_the_clock() -> None:
    bars = bars_of(morning())
    assert bars.options.minutes == 60
    assert [i.start_utc - NINE for i in bars.intervals] == [0.0, HOUR, 2 * HOUR, 3 * HOUR]
    assert [i.people for i in bars.intervals] == [3, 1, 0, 1]


def test_a_gap_is_hatched_for_as_long_as_it_was() -> None:
    bars = bars_of(morning())
    (gap,) = gaps_between(bars.watched)
    assert gap == (NINE + 90 * 60, NINE + 160 * 60)
    drawing = arrivals_chart(bars, 400, 150, head=False)
    (hatched,) = [s for s in drawing.shapes if isinstance(s, Rect) and s.hatched]
    assert hatched.fill == GRID
    inner = 400 - 44
    assert hatched.x == pytest.approx(30 + inner * 1.5 / 4)
    assert hatched.width == pytest.approx(inner * (70 / 60) / 4)


def test_numbers_stand_on_the_bars_and_the_axis_has_its_title() -> None:
    texts = [s.text for s in arrivals_chart(bars_of(morning()), 400, 150).shapes if isinstance(s, Text)]
    assert {"3", "1", "Time of day", "People, every 60 min", "not watched", "female"} <= set(texts)


def test_the_axis_of_a_short_count_has_its_minutes() -> None:
    entries = [entry(0, DoorStarted(0.0, "camera:Door", NINE)), entry(1, DoorEnded(0.0, "stopped"))]
    texts = [s.text for s in arrivals_chart(bars_of(entries), 400, 150).shapes if isinstance(s, Text)]
    assert sum(":" in text for text in texts) >= 2


def axis_of(length_s: float, zone: str) -> list[str]:
    start = datetime(2026, 5, 12, 9, tzinfo=ZoneInfo(zone)).timestamp()
    return [words for _, words in time_axis(start, start + length_s, 12, ZoneInfo(zone))]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland"])
def test_the_axis_over_days_names_them_and_stands_on_the_wall_clock_of_the_place(zone: str) -> None:
    assert axis_of(4 * HOUR, zone)[:3] == ["09:00", "09:30", "10:00"]
    assert axis_of(16 * HOUR, zone)[-2:] == ["22:00", "00:00"]
    assert axis_of(3 * 24 * HOUR, zone) == [
        *("12:00", "18:00", "13 May", "06:00", "12:00", "18:00", "14 May", "06:00", "12:00", "18:00", "15 May"),
        "06:00",
    ]
    assert axis_of(10 * 24 * HOUR, zone) == [f"{n} May" for n in range(13, 23)]
    years = axis_of(5 * 365 * 24 * HOUR, zone)
    assert years[0].endswith(" 2026")
    assert years[-1].endswith(" 2030")
    assert 2 <= len(set(years)) == len(years) <= 12


def test_the_axis_stands_on_whole_hours_where_the_clocks_are_changed() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for day, hours in ((datetime(2026, 3, 29, tzinfo=berlin), 23), (datetime(2026, 10, 25, tzinfo=berlin), 25)):
        axis = time_axis(day.timestamp(), day.timestamp() + hours * HOUR, 12, berlin)
        assert all(words.endswith(":00") or words.endswith("Oct") for _, words in axis)
        assert [utc for utc, _ in axis] == sorted({utc for utc, _ in axis})


def test_a_count_over_days_says_on_which_day_most_came() -> None:
    entries = [
        entry(0, DoorStarted(0.0, "camera:Door", NINE)),
        *(came(m) for m in (5, 6, 2 * 1440, 2 * 1440 + 1, 2 * 1440 + 2)),
        entry(3 * 1440, DoorEnded(0.0, "stopped")),
    ]
    assert "from 14 May, 23:00 0, from 15 May 0, from 15 May, 01:00 0" in bars_summary(bars_of(entries))
    for minutes, words in ((60, "on 14 May at 09:00: 3 in 60 min"), (1440, "on 14 May: 3 in a day")):
        report = build_report("s", entries, ReportOptions(minutes, ZONE))
        assert f"Most came {words}" in facts(report)
        assert "Time of day" not in {s.text for s in arrivals_chart(report).shapes if isinstance(s, Text)}
    assert "People, every day" in {s.text for s in arrivals_chart(report).shapes if isinstance(s, Text)}


def test_a_count_under_way_is_watched_up_to_now() -> None:
    bars = bars_of(morning()[:5], NINE + 4 * HOUR)
    assert bars.watched == [Span("main", NINE + 120, NINE + 4 * HOUR)]


def test_a_run_that_was_cut_off_was_watched_up_to_the_last_that_was_seen() -> None:
    entries = [*morning()[:4], entry(300, DoorStarted(0.0, "camera:Door", NINE)), entry(310, DoorEnded(0.0, "stopped"))]
    assert gaps_between(bars_of(entries).watched) == [(NINE + 50 * 60, NINE + 300 * 60)]


def test_a_count_that_has_not_begun_has_no_bars() -> None:
    assert live_bars([], [], None, ZONE) is None


def test_the_bars_are_said_to_a_screen_reader() -> None:
    assert bars_summary(bars_of(morning())) == "from 09:00 3, from 10:00 1, from 11:00 0, from 12:00 1"
    assert bars_summary(None) == ""


@pytest.fixture(autouse=True)
def held_panels() -> Iterator[None]:
    """Holds the panels until they are closed: to collect one while it is painted ends the process."""
    yield
    _PANELS.clear()


def panel_with(qtbot: QtBot, female: list[int], male: list[int], seconds: float = 20.0) -> ChartPanel:
    panel = ChartPanel(LIGHT)
    _PANELS.append(panel)
    qtbot.addWidget(panel)
    panel.resize(420, 320)
    panel.show()
    times = np.linspace(1.0, seconds - 1, len(female))
    none = np.zeros(len(female), np.int64)
    curve = Curve(times, np.array(female, np.int64), np.array(male, np.int64), none)
    panel.show_curve(curve, seconds, bars_of(morning()))
    qtbot.wait(50)
    return panel


def test_of_two_equal_curves_both_can_be_seen(qtbot: QtBot) -> None:
    panel = panel_with(qtbot, [1, 2, 3], [1, 2, 3])
    image = panel.curve.grab().toImage()
    seen = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert LIGHT.female in seen
    assert LIGHT.male in seen


def test_a_short_count_shows_how_it_grows_and_a_long_one_the_clock_until_somebody_chooses(qtbot: QtBot) -> None:
    assert panel_with(qtbot, [1], [0])._title.text() == "People so far"
    panel = panel_with(qtbot, [1, 2], [0, 1], 7200.0)
    assert panel._title.text() == "Every hour"
    panel._so_far.click()
    panel.show_curve(panel.curve._drawn, 7300.0, panel._bars)  # type: ignore[arg-type]
    assert panel._title.text() == "People so far"
    assert panel.curve.accessibleDescription() == "appears female 2, appears male 1, undecided 0"


def test_the_bars_are_drawn_in_both_themes(qtbot: QtBot) -> None:
    panel = panel_with(qtbot, [1, 2], [0, 1], 7200.0)
    for theme in (LIGHT, DARK):
        panel.apply_theme(theme)
        qtbot.wait(20)
        image = panel.bars.grab().toImage()
        seen = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
        assert theme.female in seen
