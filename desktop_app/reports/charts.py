"""The charts of a report: people by the clock, the ages by gender, how a clip's count grew; for every output."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from math import ceil, floor, log10
from typing import Protocol
from zoneinfo import ZoneInfo

from desktop_app.domain.types import Gender
from desktop_app.reports import texts
from desktop_app.reports.drawing import (
    BAND,
    FAINT,
    FEMALE,
    GRID,
    INK,
    MALE,
    UNDECIDED,
    Colour,
    Drawing,
    Line,
    Rect,
    Text,
)
from desktop_app.reports.intervals import Interval
from desktop_app.reports.report import UNKNOWN_AGE, Report, ReportOptions
from desktop_app.reports.times import DAY_S, clock, day, local, month
from desktop_app.reports.watched import Span

_FONT = 7.5
_TIME_WIDTH = 30.0
"""The room of a time on the axis, in points."""
_GENDERS = ((texts.FEMALE, FEMALE, False), (texts.MALE, MALE, False), (texts.UNDECIDED, UNDECIDED, False))
"""What the legends say of the genders: name, colour, hatched."""


class Arrivals(Protocol):
    """What the chart of arrivals is drawn from: a report, or the figures of a count under way."""

    @property
    def intervals(self) -> Sequence[Interval]: ...
    @property
    def agenda(self) -> Sequence[Interval]: ...
    @property
    def options(self) -> ReportOptions: ...
    @property
    def watched(self) -> Sequence[Span]: ...


def gaps_between(watched: Iterable[Span]) -> list[tuple[float, float]]:
    """Return the times between the spans in which no door was watched, in seconds since 1970."""
    gaps: list[tuple[float, float]] = []
    reached: float | None = None
    for span in sorted(watched, key=lambda s: s.start_utc):
        if reached is not None and span.start_utc > reached:
            gaps.append((reached, span.start_utc))
        reached = span.end_utc if reached is None else max(reached, span.end_utc)
    return gaps


def arrivals_chart(report: Arrivals, width: float = 515.0, height: float = 170.0, *, head: bool = True) -> Drawing:
    """Return bars of the people who came in each interval, split by gender.

    Items of the agenda are shaded bands; times in which nobody watched are hatched, which is not the same as 0.
    Without the `head`, title and legend are left to whoever shows the chart.
    """
    gaps = gaps_between(report.watched)
    peak = max((_height(i, report) for i in report.intervals), default=0)
    drawing = Drawing(width, height, texts.PEOPLE_BY_THE_CLOCK, texts.arrivals_description(peak))
    left, right, bottom = 30.0, 14.0, 24.0
    top = 46.0 if report.agenda else 24.0 if head else 10.0
    inner_w, inner_h = width - left - right, height - top - bottom
    start, end = report.intervals[0].start_utc, report.intervals[-1].end_utc

    def x(utc: float) -> float:
        return left + inner_w * (min(max(utc, start), end) - start) / max(end - start, 1e-9)

    steps = _steps(peak)
    highest = steps[-1]

    def y(people: float) -> float:
        return top + inner_h * (1 - people / highest)

    for number, item in enumerate(report.agenda):
        room = max(0.0, x(item.end_utc) - x(item.start_utc))
        line = top - 21 + 8 * (number % 2)
        drawing.add(Rect(x(item.start_utc), line - 6.5, room, top + inner_h - line + 6.5, BAND))
        name = _fit(texts.plain(item.name), room - 2, _FONT - 1)
        drawing.add(Text(x(item.start_utc) + 1, line, name, _FONT - 1, FAINT))
    for gap_start, gap_end in gaps:
        drawing.add(Rect(x(gap_start), top, x(gap_end) - x(gap_start), inner_h, GRID, hatched=True))
    for value in steps:
        drawing.add(Line(left, y(value), width - right, y(value), GRID))
        drawing.add(Text(left - 4, y(value) + 2.5, f"{value:,}", _FONT, FAINT, "end"))
    for interval in report.intervals:
        _bar(drawing, interval, (x(interval.start_utc), x(interval.end_utc)), y, _height(interval, report))
    zone = report.options.zone
    for utc, words in time_axis(start, end, int(inner_w / _TIME_WIDTH), zone):
        drawing.add(Line(x(utc), top + inner_h, x(utc), top + inner_h + 3, FAINT))
        drawing.add(Text(x(utc), top + inner_h + 11, words, _FONT, FAINT, "middle"))
    axis = texts.DAY_AND_TIME if end - start > DAY_S else texts.TIME_OF_DAY
    drawing.add(Text(left + inner_w / 2, height - 3, axis, _FONT - 0.5, FAINT, "middle"))
    if not head:
        return drawing
    drawing.add(Text(left - 24, 9, texts.arrivals_axis(report.options.minutes), _FONT, INK, bold=True))
    legend = list(_GENDERS)
    if gaps:
        legend.append((texts.NOT_WATCHED, GRID, True))
    if any(i.hidden.keys() - {"inside"} for i in report.intervals):
        legend.append((texts.NOT_SHOWN, GRID, False))
    _legend(drawing, width - right, 9, legend)
    return drawing


def _height(interval: Interval, report: Arrivals) -> int:
    """Return the height of a bar: that of the largest number that is not shown where the real one must not be."""
    return max(1, report.options.suppress_below - 1) if "people" in interval.hidden else interval.people


def _bar(
    drawing: Drawing, interval: Interval, between: tuple[float, float], y: Callable[[float], float], height: int
) -> None:
    x1, x2 = between
    gap = min(1.0, 0.12 * (x2 - x1))
    width = max(0.4, x2 - x1 - 2 * gap)
    if interval.hidden.keys() & {"people", "female", "male", "undecided"}:
        parts = [(height, GRID)]
    else:
        parts = [(interval.female, FEMALE), (interval.male, MALE), (interval.undecided, UNDECIDED)]
    below = 0
    for number, colour in parts:
        if number:
            drawing.add(Rect(x1 + gap, y(below + number), width, y(below) - y(below + number), colour))
            below += number
    label = str(interval.shown("people"))
    if interval.people and x2 - x1 > 2.5 + 4.2 * len(label):
        drawing.add(Text((x1 + x2) / 2, y(height) - 2, label, _FONT - 1, INK, "middle"))


def age_chart(report: Report, width: float = 250.0, height: float = 150.0) -> Drawing:
    """Return the age pyramid: women to the left, men to the right, the youngest below."""
    drawing = Drawing(width, height, texts.AGE_BY_GENDER, texts.AGES_DESCRIPTION)
    rows = [row for row in report.pyramid if row.band != UNKNOWN_AGE or row.people]
    top, bottom, middle = 24.0, 4.0, 40.0
    half = (width - middle) / 2 - 16
    shown = [v for row in rows for v in (row.shown("female"), row.shown("male")) if isinstance(v, int)]
    most = max(shown, default=0) or 1
    step = (height - top - bottom) / max(len(rows), 1)
    for number, row in enumerate(reversed(rows)):
        y = top + number * step
        bar = max(1.0, step - 2.5)
        base = y + bar / 2 + 2.5
        drawing.add(Text(width / 2, base, "?" if row.band == UNKNOWN_AGE else row.band, _FONT, FAINT, "middle"))
        for count, colour, sign in ((row.shown("female"), FEMALE, -1), (row.shown("male"), MALE, 1)):
            length = half * count / most if isinstance(count, int) else 0.0
            x = width / 2 + sign * middle / 2
            if length:
                drawing.add(Rect(min(x, x + sign * length), y, abs(length), bar, colour))
            if count:
                label = f"{count:,}" if isinstance(count, int) else count
                anchor = "end" if sign < 0 else "start"
                drawing.add(Text(x + sign * (length + 3), base, label, _FONT - 0.5, INK, anchor))
    drawing.add(Text(0, 9, texts.AGE_AXIS, _FONT, INK, bold=True))
    drawing.add(Text(width / 2 - middle / 2, 19, texts.FEMALE, _FONT, FEMALE, "end"))
    drawing.add(Text(width / 2 + middle / 2, 19, texts.MALE, _FONT, MALE))
    return drawing


def growth_chart(
    counted: Sequence[tuple[float, Gender]], length_s: float, width: float = 515.0, height: float = 170.0
) -> Drawing:
    """Return how the count of a clip grew: people so far against the clip's own time, in all and by gender.

    `counted` says for each person when they were counted, in seconds from the clip's beginning, and how they appear.
    """
    people = len(counted)
    drawing = Drawing(width, height, texts.GROWTH, texts.growth_description(people, length_s))
    # A narrow drawing has its title and its legend on two lines.
    legend_y = 9.0 if width >= 400 else 21.0
    left, right, top, bottom = 30.0, 12.0, legend_y + 15, 24.0
    steps = _steps(people)
    length_s = max(length_s, *(s for s, _ in counted), 1.0) if counted else max(length_s, 1.0)
    scale_x = (width - left - right) / length_s
    scale_y = (height - top - bottom) / steps[-1]
    floor_y = height - bottom
    for value in steps:
        y = floor_y - value * scale_y
        drawing.add(Line(left, y, width - right, y, GRID), Text(left - 4, y + 2.5, f"{value:,}", _FONT, FAINT, "end"))
    spacing = next(s for s in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 1e9) if length_s / s <= 10)
    for tick in range(int(length_s // spacing) + 1):
        seconds = int(tick * spacing)
        x = left + seconds * scale_x
        drawing.add(Line(x, floor_y, x, floor_y + 3, FAINT))
        drawing.add(Text(x, floor_y + 11, f"{seconds // 60}:{seconds % 60:02d}", _FONT, FAINT, "middle"))
    # The total last and thinner: where all are of one gender, both lines show.
    for genders, colour, thickness in (
        ((Gender.UNDECIDED,), UNDECIDED, 1.6),
        ((Gender.MALE,), MALE, 1.6),
        ((Gender.FEMALE,), FEMALE, 3.0),
        (tuple(Gender), INK, 1.2),
    ):
        x, y = left, floor_y
        for number, second in enumerate(sorted(s for s, gender in counted if gender in genders), 1):
            to_x, to_y = left + second * scale_x, floor_y - number * scale_y
            drawing.add(Line(x, y, to_x, y, colour, thickness), Line(to_x, y, to_x, to_y, colour, thickness))
            x, y = to_x, to_y
        if y < floor_y:
            drawing.add(Line(x, y, width - right, y, colour, thickness))
    drawing.add(Text(left - 24, 9, texts.GROWTH_AXIS, _FONT, INK, bold=True))
    _legend(drawing, width - right, legend_y, [(texts.IN_ALL, INK, False), *_GENDERS])
    return drawing


def _legend(drawing: Drawing, right: float, y: float, items: Sequence[tuple[str, Colour, bool]]) -> None:
    x = right
    for name, colour, hatched in reversed(items):
        x -= 4.0 * len(name) + 2
        drawing.add(Text(x, y, name, _FONT, INK))
        x -= 9
        drawing.add(Rect(x, y - 5.5, 6, 6, colour, hatched))
        x -= 8


def _steps(most: int) -> list[int]:
    """Return whole numbers for the axis, from 0 to at least `most`: 1, 2 or 5 times a power of ten apart."""
    if most <= 4:
        return list(range(max(most, 1) + 1))
    raw = most / 4
    power = 10 ** floor(log10(raw))
    step = max(1, next(int(m * power) for m in (1, 2, 5, 10) if m * power >= raw))
    return [step * i for i in range(ceil(most / step) + 1)]


def time_axis(start: float, end: float, room: int, zone: ZoneInfo) -> list[tuple[float, str]]:
    """Return moments for the time axis, in seconds since 1970, with what is written there.

    They are at most 12 or as many as there is `room` for, whole hours or parts of one on the wall's clock apart, or
    whole days. Over more than a day a midnight has its date, for "00:00" would be every one of them; over more than a
    year its month.
    """
    is_over_years = end - start > 366 * DAY_S
    if is_over_years:
        room = room * 3 // 4  # "May 2026" is longer than "12 May"
    for step in (60, 120, 300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800):
        if (end - start) / step <= min(12, max(1, room)):
            break
    else:
        step *= ceil((end - start) / step / min(12, max(1, room)))
    began = local(start, zone).replace(tzinfo=None)
    midnight = began.replace(hour=0, minute=0, second=0, microsecond=0)
    since = int((began - midnight).total_seconds())
    changed = 7200  # more than the clocks are ever changed by
    seconds = range(max(0, (since - changed) // step * step), since + int(end - start) + changed, step)
    moments = ((midnight + timedelta(seconds=s)).replace(tzinfo=zone).timestamp() for s in seconds)
    # Of an hour that the clocks leave out two moments are one.
    shown = sorted({utc for utc in moments if start <= utc <= end})
    if end - start <= DAY_S:
        return [(utc, clock(utc, zone)) for utc in shown]
    if is_over_years:
        return [(utc, month(utc, zone)) for utc in shown]
    return [(utc, day(utc, zone) if clock(utc, zone) == "00:00" else clock(utc, zone)) for utc in shown]


def _fit(text: str, room: float, size: float) -> str:
    """Return a text cut off with "…" where it is longer than `room` points."""
    letters = int(room / (0.52 * size))
    return text if len(text) <= letters else text[: max(0, letters - 1)] + "…" if letters > 1 else ""
