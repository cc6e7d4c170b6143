"""The charts of a report: people by the clock, and the ages by gender. One drawing each, for every output."""

from __future__ import annotations

from math import ceil, floor, log10

from desktop_app.reports.drawing import Drawing, Line, Rect, Text
from desktop_app.reports.intervals import Interval
from desktop_app.reports.report import Report
from desktop_app.reports.times import clock

FEMALE, MALE, UNDECIDED = "#b5479d", "#2f6fde", "#8a939e"
INK, FAINT, GRID = "#1f2430", "#5b6472", "#d9dde3"
AGENDA = "#eef1f5"

_FONT = 7.5


def arrivals_chart(report: Report, width: float = 515.0, height: float = 170.0) -> Drawing:
    """Return bars of the people who came in each interval, split by gender.

    Items of the agenda are shaded bands; intervals in which nobody watched are hatched, which is not the same as 0.
    """
    peak = max((i.people for i in report.intervals), default=0)
    drawing = Drawing(width, height, "People by the clock", f"The most in one interval: {peak}.")
    left, right, top, bottom = 30.0, 8.0, 24.0, 24.0
    inner_w, inner_h = width - left - right, height - top - bottom
    start, end = report.intervals[0].start_utc, report.intervals[-1].end_utc

    def x(utc: float) -> float:
        return left + inner_w * (min(max(utc, start), end) - start) / max(end - start, 1e-9)

    steps = _steps(peak)
    highest = steps[-1]

    def y(people: float) -> float:
        return top + inner_h * (1 - people / highest)

    for number, item in enumerate(report.agenda):
        drawing.add(Rect(x(item.start_utc), top, max(0.0, x(item.end_utc) - x(item.start_utc)), inner_h, AGENDA))
        room = x(item.end_utc) - x(item.start_utc) - 2
        name = _fit(item.name, room, _FONT - 1)
        drawing.add(Text(x(item.start_utc) + 1, top + 7 + 7 * (number % 2), name, _FONT - 1, FAINT))
    for value in steps:
        drawing.add(Line(left, y(value), width - right, y(value), GRID))
        drawing.add(Text(left - 4, y(value) + 2.5, f"{value:,}", _FONT, FAINT, "end"))
    for interval in report.intervals:
        _bar(drawing, interval, x(interval.start_utc), x(interval.end_utc), y, top, inner_h)
    for utc in _ticks(start, end):
        drawing.add(Line(x(utc), top + inner_h, x(utc), top + inner_h + 3, FAINT))
        drawing.add(Text(x(utc), top + inner_h + 11, clock(utc, report.options.zone), _FONT, FAINT, "middle"))
    drawing.add(Text(left - 24, 9, f"People, every {report.options.minutes} min", _FONT, INK, bold=True))
    _legend(drawing, width - right, 9, has_gaps=any(i.is_missing for i in report.intervals))
    return drawing


def _bar(drawing: Drawing, interval: Interval, x1: float, x2: float, y: object, top: float, inner_h: float) -> None:
    assert callable(y)
    gap = min(1.0, 0.12 * (x2 - x1))
    if interval.is_missing:
        drawing.add(Rect(x1, top, x2 - x1, inner_h, GRID, hatched=True))
        return
    below = 0
    for number, colour in ((interval.female, FEMALE), (interval.male, MALE), (interval.undecided, UNDECIDED)):
        if number:
            upper, lower = y(below + number), y(below)
            drawing.add(Rect(x1 + gap, upper, max(0.4, x2 - x1 - 2 * gap), lower - upper, colour))
            below += number
    if interval.people and x2 - x1 > 2.5 + 4.2 * len(str(interval.people)):
        drawing.add(Text((x1 + x2) / 2, y(interval.people) - 2, str(interval.people), _FONT - 1, INK, "middle"))


def age_chart(report: Report, width: float = 250.0, height: float = 150.0) -> Drawing:
    """Return the age pyramid: women to the left, men to the right, the youngest below."""
    drawing = Drawing(width, height, "Age by gender", "Women to the left, men to the right.")
    rows = [row for row in report.pyramid if row[0] != "unknown" or any(row[1:])]
    top, bottom, middle = 24.0, 4.0, 40.0
    half = (width - middle) / 2 - 16
    most = max((max(female, male) for _, female, male, _ in rows), default=0) or 1
    step = (height - top - bottom) / max(len(rows), 1)
    for number, (band, female, male, _) in enumerate(reversed(rows)):
        y = top + number * step
        bar = max(1.0, step - 2.5)
        base = y + bar / 2 + 2.5
        drawing.add(Text(width / 2, base, "?" if band == "unknown" else band, _FONT, FAINT, "middle"))
        for count, colour, sign in ((female, FEMALE, -1), (male, MALE, 1)):
            length = half * count / most
            x = width / 2 + sign * middle / 2
            if count:
                drawing.add(Rect(min(x, x + sign * length), y, length, bar, colour))
                anchor = "end" if sign < 0 else "start"
                drawing.add(Text(x + sign * (length + 3), base, f"{count:,}", _FONT - 0.5, INK, anchor))
    drawing.add(Text(0, 9, "Age (years), appears", _FONT, INK, bold=True))
    drawing.add(Text(width / 2 - middle / 2, 19, "female", _FONT, FEMALE, "end"))
    drawing.add(Text(width / 2 + middle / 2, 19, "male", _FONT, MALE))
    return drawing


def _legend(drawing: Drawing, right: float, y: float, *, has_gaps: bool) -> None:
    items = [("female", FEMALE, False), ("male", MALE, False), ("undecided", UNDECIDED, False)]
    if has_gaps:
        items.append(("not watched", GRID, True))
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


def _ticks(start: float, end: float) -> list[float]:
    """Return moments for the time axis, at most 12, whole hours or parts of one apart."""
    for step in (300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800):
        if (end - start) / step <= 12:
            break
    first = ceil(start / step) * step
    return [float(first + i * step) for i in range(int((end - first) // step) + 1)] if first <= end else []


def _fit(text: str, room: float, size: float) -> str:
    """Return a text cut off with "…" where it is longer than `room` points."""
    letters = int(room / (0.52 * size))
    return text if len(text) <= letters else text[: max(0, letters - 1)] + "…" if letters > 1 else ""
