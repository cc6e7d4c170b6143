"""The report as one page that can be handed to a boss: A4, with the figures, two charts and where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from desktop_app.reports.charts import FAINT, FEMALE, GRID, INK, MALE, UNDECIDED, age_chart, arrivals_chart
from desktop_app.reports.drawing import Drawing, Line, Rect, Text
from desktop_app.reports.intervals import Interval
from desktop_app.reports.report import Report
from desktop_app.reports.texts import plain
from desktop_app.reports.times import clock, duration, interval, local, span
from desktop_app.reports.xlsx_file import PRIVACY

_MARGIN = 40.0
_WIDTH, _HEIGHT = A4
_MOST_ROWS = 24
"""More intervals than this are put together to whole numbers of them, so that the table stays on its page."""

DIGEST_KEYWORD = "headcount-log-sha256="


def write_pdf(path: Path, report: Report, check: str = "") -> None:
    """Write a report as PDF. `check` is the sentence on the counting check, "" if there was none. Raises OSError."""
    _Page(path, report, check).draw()


class _Page:
    """Draws from the top down; y is measured from the upper edge, as in `Drawing`."""

    def __init__(self, path: Path, report: Report, check: str) -> None:
        self.report = report
        self.check = check
        self.canvas = Canvas(str(path), pagesize=A4, invariant=1)
        self.font, self.bold = _fonts()
        self.y = _MARGIN
        self.canvas.setTitle(plain(report.name) or "Headcount")
        self.canvas.setCreator(report.program)
        self.canvas.setSubject(f"session {report.session_id}")
        self.canvas.setKeywords(f"{DIGEST_KEYWORD}{report.digest}")

    def draw(self) -> None:
        report = self.report
        name = plain(report.name) or "Count of people"
        size = 18
        while size > 10 and pdfmetrics.stringWidth(name, self.bold, size) > _WIDTH - 2 * _MARGIN:
            size -= 1
        self.text(_MARGIN, size, name, bold=True, advance=22)
        where = " · ".join(t for t in (plain(report.place), *(plain(d.name) for d in report.doors)) if t)
        self.text(_MARGIN, 10, where, colour=FAINT, advance=14)
        self.text(_MARGIN, 10, span(report.start_utc, report.end_utc, report.options.zone), colour=FAINT, advance=22)
        self._figures()
        self.picture(arrivals_chart(report), _MARGIN)
        self.y += 12
        top = self.y
        self.picture(age_chart(report), _MARGIN)
        below = self.y
        self.y = top
        self._facts(_MARGIN + 275)
        self.y = max(below, self.y) + 10
        self._table()
        self._foot()
        self.canvas.save()

    def _figures(self) -> None:
        counts = self.report.counts
        people = max(counts.people, 1)
        cells = [
            ("people", counts.people, INK, None),
            ("appear female", counts.female, FEMALE, counts.female / people),
            ("appear male", counts.male, MALE, counts.male / people),
            ("undecided", counts.undecided, UNDECIDED, counts.undecided / people),
        ]
        shares = _whole_shares([c[1] for c in cells[1:]])
        x, step = _MARGIN, (_WIDTH - 2 * _MARGIN) / 4
        for number, (name, value, colour, _) in enumerate(cells):
            share = f"  {shares[number - 1]}%" if number and counts.people else ""
            self.put(x, self.y + 22, f"{value:,}", 26, colour, bold=True)
            self.put(x, self.y + 36, f"{name}{share}", 9.5, FAINT)
            x += step
        self.y += 54

    def _facts(self, x: float) -> None:
        report = self.report
        peak = report.peak
        facts = [
            f"Watched {duration(report.watched_s)} of {duration(report.planned_s)}",
            f"Most came at {clock(peak.start_utc, report.options.zone)}: {peak.people} in {report.options.minutes} min"
            if peak
            else "Nobody came",
        ]
        for door, name, figures in report.places[:4]:
            if figures.kind == "line":
                facts.append(f"{plain(name)} ({plain(door)}): {figures.into} in, {figures.out} out")
            else:
                facts.append(f"{plain(name)}: {figures.visits} visits, {figures.mean_dwell_s:.0f} s on average")
        auto = report.automatic
        if report.corrections:
            number = len(report.corrections)
            facts.append(
                f"{number} correction{'s' * (number > 1)} by hand; before: {auto.people} people, "
                f"{auto.female} female, {auto.male} male"
            )
        else:
            facts.append("Nothing was corrected by hand")
        facts.append(self.check or "The count at this door was not checked against people's eyes")
        self.y += 9
        for fact in facts:
            for line in self.wrapped(fact, 9, _WIDTH - _MARGIN - x):
                self.put(x, self.y, line, 9, INK)
                self.y += 12
            self.y += 3

    def _table(self) -> None:
        rows = [*self.report.agenda, *_together(self.report.intervals, _MOST_ROWS - len(self.report.agenda))]
        columns = [("", 0.0), ("people", 205.0), ("female", 255.0), ("male", 305.0), ("undecided", 365.0)]
        columns += [("in", 405.0), ("out", 445.0), ("watched", _WIDTH - 2 * _MARGIN)]
        step = min(12.0, (_HEIGHT - 84 - self.y) / max(len(rows) + 1, 1))
        size = min(8.5, step * 0.74)
        for name, x in columns:
            self.put(_MARGIN + x, self.y + size, name, size, FAINT, anchor="end" if x else "start")
        self.y += step
        self.rule()
        zone = self.report.options.zone
        several_days = local(self.report.start_utc, zone).date() != local(self.report.end_utc, zone).date()
        for row in rows:
            name = row.name or interval(row.start_utc, row.end_utc, zone, with_date=several_days)
            values = ["–"] * 6 if row.is_missing else [f"{v:,}" for v in _values(row)]
            shown = [self.cut(name, size, 170.0), *values, duration(row.watched_s)]
            for (_, x), value in zip(columns, shown, strict=True):
                self.put(_MARGIN + x, self.y + size, value, size, INK, anchor="end" if x else "start")
            self.y += step

    def _foot(self) -> None:
        report = self.report
        models = ", ".join(sorted({f"{d.detector} and {d.model}" for d in report.doors if d.model}))
        lines = [
            f"{PRIVACY} “Undecided” means that the picture did not allow an answer. “–” means that nobody watched.",
            f"{report.program}{', ' + models if models else ''}. Clock: {', '.join(d.clock for d in report.doors)}.",
            f"Session {report.session_id}. SHA-256 of its log: {report.digest}",
        ]
        wrapped = [part for line in lines for part in self.wrapped(line, 6.6, _WIDTH - 2 * _MARGIN)]
        self.y = _HEIGHT - 32 - 9 * len(wrapped)
        self.rule()
        for line in wrapped:
            self.put(_MARGIN, self.y + 9, line, 6.6, FAINT)
            self.y += 9

    # ---- putting things down

    def text(self, x: float, size: float, text: str, *, bold: bool = False, colour: str = INK, advance: float) -> None:
        line = next(iter(self.wrapped(text, size, _WIDTH - 2 * _MARGIN, bold)), "")
        self.put(x, self.y + size * 0.8, line, size, colour, bold=bold)
        self.y += advance

    def wrapped(self, text: str, size: float, room: float, bold: bool = False) -> Iterator[str]:
        """Return a text as lines that fit; a word that is too long is cut."""
        font = self.bold if bold else self.font
        line = ""
        for word in text.split():
            word = self.cut(word, size, room, bold)
            longer = f"{line} {word}".strip()
            if pdfmetrics.stringWidth(longer, font, size) > room:
                yield line
                line = word
            else:
                line = longer
        if line:
            yield line

    def cut(self, text: str, size: float, room: float, bold: bool = False) -> str:
        """Return a text that fits, cut off with "…" where it must be."""
        font = self.bold if bold else self.font
        if pdfmetrics.stringWidth(text, font, size) <= room:
            return text
        while len(text) > 1 and pdfmetrics.stringWidth(text + "…", font, size) > room:
            text = text[:-1]
        return text.rstrip() + "…"

    def put(
        self, x: float, y: float, text: str, size: float, colour: str, *, bold: bool = False, anchor: str = "start"
    ) -> None:
        self.canvas.setFont(self.bold if bold else self.font, size)
        self.canvas.setFillColor(HexColor(colour))
        draw = {
            "start": self.canvas.drawString,
            "middle": self.canvas.drawCentredString,
            "end": self.canvas.drawRightString,
        }[anchor]
        draw(x, _HEIGHT - y, text)

    def rule(self) -> None:
        self.canvas.setStrokeColor(HexColor(GRID))
        self.canvas.setLineWidth(0.6)
        self.canvas.line(_MARGIN, _HEIGHT - self.y, _WIDTH - _MARGIN, _HEIGHT - self.y)

    def picture(self, drawing: Drawing, x: float) -> None:
        top = self.y
        for shape in drawing.shapes:
            match shape:
                case Rect():
                    self._rect(shape, x, top)
                case Line():
                    self.canvas.setStrokeColor(HexColor(shape.colour))
                    self.canvas.setLineWidth(shape.width)
                    self.canvas.line(x + shape.x1, _HEIGHT - top - shape.y1, x + shape.x2, _HEIGHT - top - shape.y2)
                case Text():
                    self.put(
                        x + shape.x, top + shape.y, shape.text, shape.size, shape.colour,
                        bold=shape.bold, anchor=shape.anchor,
                    )  # fmt: skip
        self.y += drawing.height

    def _rect(self, shape: Rect, x: float, top: float) -> None:
        left, bottom = x + shape.x, _HEIGHT - top - shape.y - shape.height
        self.canvas.setFillColor(white if shape.hatched else HexColor(shape.fill))
        self.canvas.rect(left, bottom, shape.width, shape.height, stroke=0, fill=1)
        if not shape.hatched:
            return
        self.canvas.saveState()
        clip = self.canvas.beginPath()
        clip.rect(left, bottom, shape.width, shape.height)
        self.canvas.clipPath(clip, stroke=0)
        self.canvas.setStrokeColor(HexColor("#b8bec6"))
        self.canvas.setLineWidth(0.5)
        at = -shape.height
        while at < shape.width:
            self.canvas.line(left + at, bottom, left + at + shape.height, bottom + shape.height)
            at += 4
        self.canvas.restoreState()


def _values(row: Interval) -> tuple[int, ...]:
    return (row.people, row.female, row.male, row.undecided, row.into, row.out)


def _together(intervals: tuple[Interval, ...], most: int) -> list[Interval]:
    """Return at most `most` intervals, each put together from the same number of neighbours."""
    size = -(-len(intervals) // max(most, 1))
    groups = [intervals[i : i + size] for i in range(0, len(intervals), size)]
    return [
        Interval(
            g[0].start_utc, g[-1].end_utc, "",
            sum(i.people for i in g), sum(i.female for i in g), sum(i.male for i in g), sum(i.undecided for i in g),
            sum(i.into for i in g), sum(i.out for i in g), g[-1].inside, sum(i.watched_s for i in g),
        )
        for g in groups
    ]  # fmt: skip


def _whole_shares(numbers: list[int]) -> list[int]:
    """Return shares in whole per cent that sum to 100: the largest remainders are rounded up (Hamilton's method)."""
    total = sum(numbers)
    if not total:
        return [0] * len(numbers)
    exact = [100 * n / total for n in numbers]
    shares = [int(e) for e in exact]
    for i in sorted(range(len(numbers)), key=lambda i: exact[i] - shares[i], reverse=True)[: 100 - sum(shares)]:
        shares[i] += 1
    return shares


def _fonts() -> tuple[str, str]:
    """Return the names of a font with the letters of most languages, where the system has one, and its bold."""
    for regular, bold in (
        ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
        ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"),
        ("C:/Windows/Fonts/arial.ttf", "C:/Windows/Fonts/arialbd.ttf"),
        ("/Library/Fonts/Arial Unicode.ttf", "/Library/Fonts/Arial Unicode.ttf"),
    ):
        try:
            pdfmetrics.registerFont(TTFont("Headcount", regular))
            pdfmetrics.registerFont(TTFont("HeadcountBold", bold))
        except Exception:  # noqa: BLE001 - reportlab raises its own kinds for a missing and for a strange font
            continue
        return "Headcount", "HeadcountBold"
    return "Helvetica", "Helvetica-Bold"
