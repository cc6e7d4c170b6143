"""The page of a report that puts another count beside it."""

from __future__ import annotations

from desktop_app.reports import texts
from desktop_app.reports.comparison import ComparedRow, Comparison, in_words
from desktop_app.reports.drawing import FAINT
from desktop_app.reports.intervals import Interval
from desktop_app.reports.page import MARGIN, Page
from desktop_app.reports.texts import plain
from desktop_app.reports.times import span

_FIGURES = ("people", "female", "male")
_NAME_WIDTH = 130.0


def comparison_pdf(comparison: Comparison) -> bytes:
    """Return the comparison as a PDF of one page."""
    page = Page()
    page.canvas.setTitle(texts.compared_with(plain(comparison.second.name) or texts.NO_NAME))
    page.canvas.setCreator(comparison.first.program)
    draw_comparison(page, comparison)
    return page.save()


def draw_comparison(page: Page, comparison: Comparison) -> None:
    """Draw the comparison from `y` down, as many rows as fit."""
    first, second = comparison.first, comparison.second
    page.heading(texts.compared_with(plain(second.name) or texts.NO_NAME), 15)
    for report in (first, second):
        when = span(report.start_utc, report.end_utc, report.options.zone)
        page.line(f"{plain(report.name) or texts.NO_NAME} · {when}", 10, colour=FAINT, advance=14)
    page.y += 8
    for sentence in in_words(comparison):
        page.paragraph(sentence, 10)
    page.y += 6
    rows = [*comparison.agenda, *comparison.rows]
    step = max(6.5, min(13.0, (page.height - MARGIN - page.y) / (len(rows) + 3)))
    size = min(8.5, step * 0.74)
    last = page.width - MARGIN
    width = (page.room - _NAME_WIDTH) / 7
    columns = [(MARGIN + _NAME_WIDTH + width * i, figure) for i, figure in enumerate((*_FIGURES, *_FIGURES), 1)]
    for x, report in ((columns[2][0], first), (columns[5][0], second)):
        page.put(
            x,
            page.y + size,
            page.cut(plain(report.name) or texts.NO_NAME, size, 2.8 * width),
            size,
            FAINT,
            anchor="end",
        )
    page.y += step
    for x, figure in columns:
        page.put(x, page.y + size, figure, size, FAINT, anchor="end")
    page.put(last, page.y + size, texts.DIFFERENCE, size, FAINT, anchor="end")
    page.y += step
    page.rule()
    for row in rows:
        if page.y + step > page.height - MARGIN:
            break
        page.put(MARGIN, page.y + size, page.cut(row.name, size, _NAME_WIDTH), size)
        for x, text in zip((x for x, _ in columns), _texts(row), strict=True):
            page.put(x, page.y + size, text, size, anchor="end")
        difference = row.difference("people")
        text = "" if difference is None else f"{difference:+,}" if difference else "0"
        page.put(last, page.y + size, text, size, anchor="end")
        page.y += step


def _texts(row: ComparedRow) -> list[str]:
    return [_text(interval, figure) for interval in (row.first, row.second) for figure in _FIGURES]


def _text(interval: Interval | None, figure: str) -> str:
    value = None if interval is None else interval.shown(figure)
    return texts.MISSING if value is None else f"{value:,}" if isinstance(value, int) else value
