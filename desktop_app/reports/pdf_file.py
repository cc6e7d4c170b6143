"""The report as one page that can be handed to a boss: A4, with the figures, two charts and where they come from."""

from __future__ import annotations

from pathlib import Path

from desktop_app.domain.shares import need_not_sum, whole_shares
from desktop_app.reports import texts
from desktop_app.reports.charts import age_chart, arrivals_chart
from desktop_app.reports.comparison import Comparison
from desktop_app.reports.comparison_page import draw_comparison
from desktop_app.reports.door_checks import sentences
from desktop_app.reports.drawing import FAINT, FEMALE, INK, MALE, UNDECIDED
from desktop_app.reports.intervals import FIGURES, Interval
from desktop_app.reports.page import MARGIN, Page
from desktop_app.reports.receipt import Receipt
from desktop_app.reports.receipt_page import draw_receipt
from desktop_app.reports.report import MOST_PAGE_AGENDA_ROWS, Report
from desktop_app.reports.texts import plain
from desktop_app.reports.times import DAY_S, clock, day, duration, interval, local, span

_MOST_DOORS = 10
"""Doors, lines and zones together that the page names; of the lines and zones there are always four."""
_SMALLEST_TYPE = 5.5

DIGEST_KEYWORD = "headcount-log-sha256="
MADE_KEYWORD = "headcount-made="
"""How the report was made, so that it can be made again and compared: see `how_made`."""


def write_pdf(
    path: Path, report: Report, *, receipt: Receipt | None = None, comparison: Comparison | None = None
) -> None:
    """Write a report as PDF; see `pdf_bytes`. Raises OSError."""
    path.write_bytes(pdf_bytes(report, receipt=receipt, comparison=comparison))


def pdf_bytes(report: Report, *, receipt: Receipt | None = None, comparison: Comparison | None = None) -> bytes:
    """Return a report as PDF. The privacy receipt and the comparison with another count are pages of their own."""
    page = Page()
    page.canvas.setTitle(plain(report.name) or texts.NO_NAME)
    page.canvas.setCreator(report.program)
    page.canvas.setSubject(f"session {report.session_id}")
    page.canvas.setKeywords(f"{DIGEST_KEYWORD}{report.digest} {MADE_KEYWORD}{how_made(report, receipt, comparison)}")
    _draw_report(page, report)
    if comparison is not None:
        page.next_page()
        draw_comparison(page, comparison)
    if receipt is not None:
        page.next_page()
        draw_receipt(page, receipt)
    return page.save()


def how_made(report: Report, receipt: Receipt | None = None, comparison: Comparison | None = None) -> str:
    """Return how a PDF was made: minutes of an interval, time zone, hidden below, days of the receipt, compared with.

    A page that is not there has "-". "" for a report over intervals that its log does not have.
    """
    options = report.options
    if options.agenda:
        return ""
    days = "-" if receipt is None else str(receipt.keep_days)
    other = "-" if comparison is None else f"{comparison.second.session_id}:{comparison.second.digest}"
    return ";".join((str(options.minutes), str(options.zone), str(options.suppress_below), days, other))


def _draw_report(page: Page, report: Report) -> None:
    page.heading(plain(report.name) or texts.NO_NAME)
    where = " · ".join(dict.fromkeys(t for t in (plain(report.place), *(plain(d.name) for d in report.doors)) if t))
    page.line(where, 10, colour=FAINT, advance=14)
    page.line(span(report.start_utc, report.end_utc, report.options.zone), 10, colour=FAINT, advance=22)
    _figures(page, report)
    page.picture(arrivals_chart(report))
    page.y += 12
    top = page.y
    page.picture(age_chart(report))
    below = page.y
    page.y = top
    _facts(page, report, MARGIN + 275)
    page.y = max(below, page.y) + 10
    foot = _foot_lines(page, report)
    _table(page, report, page.height - 40 - 9 * len(foot))
    page.y = page.height - 32 - 9 * len(foot)
    page.rule()
    for line in foot:
        page.put(MARGIN, page.y + 9, line, 6.6, FAINT)
        page.y += 9


def _figures(page: Page, report: Report) -> None:
    cells = (
        (texts.PEOPLE, "people", INK),
        (texts.APPEAR_FEMALE, "female", FEMALE),
        (texts.APPEAR_MALE, "male", MALE),
        (texts.UNDECIDED, "undecided", UNDECIDED),
    )
    values = [report.totals.shown(figure) or 0 for _, figure, _ in cells]
    parts = _parts(report)
    shares = whole_shares(parts) if any(parts) else []
    x, step = MARGIN, page.room / 4
    for number, ((name, _, colour), value) in enumerate(zip(cells, values, strict=True)):
        name = texts.PERSON if (name, value) == (texts.PEOPLE, 1) else name
        share = f"  {shares[number - 1]}%" if number and shares else ""
        page.put(x, page.y + 22, f"{value:,}" if isinstance(value, int) else value, 26, colour, bold=True)
        page.put(x, page.y + 36, f"{name}{share}", 9.5, FAINT)
        x += step
    page.y += 54


def _parts(report: Report) -> list[int]:
    """Return how many appear female, appear male and are undecided; nothing where one of these is hidden."""
    values = [report.totals.shown(figure) or 0 for figure in ("female", "male", "undecided")]
    found = [v for v in values if isinstance(v, int)]
    return found if len(found) == len(values) else []


def facts(report: Report) -> list[str]:
    """Return the sentences beside the age pyramid."""
    peak = report.peak
    found = [texts.watched(duration(report.watched_s), duration(report.planned_s))]
    if peak is None:
        found.append(texts.NOBODY_CAME)
    else:
        people = peak.shown("people") or 0
        minutes, zone = report.options.minutes, report.options.zone
        when = f"at {clock(peak.start_utc, zone)}"
        if report.end_utc - report.start_utc > DAY_S:
            date = day(peak.start_utc, zone)
            when = f"on {date}" if minutes * 60 >= DAY_S else f"on {date} {when}"
        found.append(texts.most_came(when, people, minutes))
    if len(report.doors) > 1:
        totals = zip(report.doors[:_MOST_DOORS], report.door_totals, strict=False)
        found += [texts.door_people(plain(door.name), total.shown("people") or 0) for door, total in totals]
    most = max(4, _MOST_DOORS - len(report.doors))
    for row in report.places[:most]:
        if row.figures.kind == "line":
            door = plain(report.door_name(row.door))
            found.append(texts.line_figures(plain(row.name), door, row.shown("into"), row.shown("out")))
        else:
            found.append(texts.zone_figures(plain(row.name), row.shown("visits"), row.mean_stay_s))
    if len(report.places) > most:
        found.append(texts.more_places(len(report.places) - most))
    inside = report.totals.shown("inside")
    if isinstance(inside, int) and any(row.figures.kind == "line" for row in report.places):
        found.append(texts.inside(inside))
    auto = report.automatic
    if report.is_condensed:
        found.append(texts.CONDENSED)
    if report.corrections and not report.options.hides_people:
        found.append(texts.corrections(len(report.corrections), auto.people, auto.female, auto.male))
    elif not report.corrections:
        found.append(texts.NOTHING_CORRECTED)
    return [*found, *(sentences(report.checks)[:3] if not report.options.hides_people else [])]


def _facts(page: Page, report: Report, x: float) -> None:
    for fact in facts(report):
        page.paragraph(fact, 9, x=x, room=page.width - MARGIN - x, gap=3)


def _table(page: Page, report: Report, bottom: float) -> None:
    """Put down the agenda and the intervals, as many rows as fit between `y` and `bottom`."""
    rows = [*report.agenda[:MOST_PAGE_AGENDA_ROWS], *report.page_intervals]
    columns = [("", 0.0), (texts.PEOPLE, 205.0), (texts.FEMALE, 255.0), (texts.MALE, 305.0)]
    columns += [(texts.UNDECIDED, 365.0), (texts.IN, 405.0), (texts.OUT, 445.0), (texts.WATCHED, page.room)]
    # Without a line nobody knows who came in and went out: that is not 0.
    without = () if any(row.figures.kind == "line" for row in report.places) else (texts.IN, texts.OUT)
    step = min(12.0, (bottom - page.y) / (len(rows) + 1))
    size = max(_SMALLEST_TYPE, min(8.5, step * 0.74))
    for name, x in columns:
        if name not in without:
            page.put(MARGIN + x, page.y + size, name, size, FAINT, anchor="end" if x else "start")
    page.y += step
    page.rule()
    zone = report.options.zone
    several_days = local(report.start_utc, zone).date() != local(report.end_utc, zone).date()
    for row in rows:
        name = plain(row.name) or interval(row.start_utc, row.end_utc, zone, with_date=several_days)
        shown = [page.cut(name, size, 170.0), *_values(row), duration(row.watched_s)]
        for (column, x), value in zip(columns, shown, strict=True):
            if column in without:
                continue
            page.put(MARGIN + x, page.y + size, value, size, anchor="end" if x else "start")
        page.y += step


def _foot_lines(page: Page, report: Report) -> list[str]:
    models = ", ".join(sorted({f"{d.detector} and {d.model}" for d in report.doors if d.model}))
    meanings = [texts.privacy(report.holds_pictures), texts.UNDECIDED_MEANS, texts.MISSING_MEANS]
    if need_not_sum(_parts(report)):
        meanings.append(texts.SHARES_ARE_ROUNDED)
    if report.options.hides_people:
        meanings.append(texts.suppressed(report.options.suppress_below))
    lines = [
        " ".join(meanings),
        texts.made_by(
            report.program, models, "; ".join(dict.fromkeys(texts.clock_words(d.clock) for d in report.doors))
        ),
        texts.identity(report.session_id, report.digest),
    ]
    return [part for line in lines for part in page.wrapped(line, 6.6, page.room)]


def _values(row: Interval) -> list[str]:
    values = (row.shown(figure) for figure in FIGURES)
    return [texts.MISSING if v is None else f"{v:,}" if isinstance(v, int) else v for v in values]
