"""A PDF page that is drawn from the top down, with texts that fit; what all our PDF files are drawn on."""

from __future__ import annotations

import io
from collections.abc import Iterator

from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from desktop_app.reports.drawing import GRID, HATCH, INK, Drawing, Line, Rect, Text
from desktop_app.reports.right_to_left import in_visual_order

MARGIN = 40.0


class Page:
    """Draws on a PDF of one or more pages of one size. `y` is measured from the upper edge, as in `Drawing`."""

    def __init__(self, size: tuple[float, float] = A4) -> None:
        self._file = io.BytesIO()  # ReportLab leaves a file open where the disk is full
        self.canvas = Canvas(self._file, pagesize=size, invariant=1)
        self.font, self.bold = _fonts()
        self.width, self.height = size
        self.y = MARGIN

    @property
    def room(self) -> float:
        """The width between the margins."""
        return self.width - 2 * MARGIN

    def next_page(self) -> None:
        self.canvas.showPage()
        self.y = MARGIN

    def save(self) -> bytes:
        """Finish the pages and return the file."""
        self.canvas.save()
        return self._file.getvalue()

    def heading(self, text: str, size: float = 18, smallest: float = 10) -> None:
        """Put down one line as large as it fits."""
        while size > smallest and pdfmetrics.stringWidth(text, self.bold, size) > self.room:
            size -= 1
        self.line(text, size, bold=True, advance=22)

    def line(self, text: str, size: float, *, bold: bool = False, colour: str = INK, advance: float) -> None:
        """Put down one line, cut off where it is too long."""
        self.put(MARGIN, self.y + size * 0.8, self.cut(text, size, self.room, bold), size, colour, bold=bold)
        self.y += advance

    def paragraph(
        self, text: str, size: float = 9.5, *, x: float = MARGIN, room: float | None = None, colour: str = INK,
        bold: bool = False, gap: float = 4.0,
    ) -> None:  # fmt: skip
        """Put down a text in as many lines as it needs."""
        for line in self.wrapped(text, size, self.room if room is None else room, bold):
            self.put(x, self.y + size, line, size, colour, bold=bold)
            self.y += size * 1.33
        self.y += gap

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
        self, x: float, y: float, text: str, size: float, colour: str = INK, *, bold: bool = False,
        anchor: str = "start",
    ) -> None:  # fmt: skip
        """Put a text down at its baseline."""
        self.canvas.setFont(self.bold if bold else self.font, size)
        self.canvas.setFillColor(HexColor(colour))
        draw = {
            "start": self.canvas.drawString,
            "middle": self.canvas.drawCentredString,
            "end": self.canvas.drawRightString,
        }[anchor]
        draw(x, self.height - y, in_visual_order(text))

    def rule(self) -> None:
        """Draw a fine line across the page."""
        self.canvas.setStrokeColor(HexColor(GRID))
        self.canvas.setLineWidth(0.6)
        self.canvas.line(MARGIN, self.height - self.y, self.width - MARGIN, self.height - self.y)

    def picture(self, drawing: Drawing, x: float = MARGIN, scale: float = 1.0) -> None:
        """Put a drawing down at `y`."""
        top = self.y
        self.canvas.saveState()
        self.canvas.translate(x, self.height - top)
        self.canvas.scale(scale, scale)
        for shape in drawing.shapes:
            match shape:
                case Rect():
                    self._rect(shape)
                case Line():
                    self.canvas.setStrokeColor(HexColor(shape.colour))
                    self.canvas.setLineWidth(shape.width)
                    self.canvas.line(shape.x1, -shape.y1, shape.x2, -shape.y2)
                case Text():
                    self.put(
                        shape.x, self.height + shape.y, shape.text, shape.size, shape.colour,
                        bold=shape.bold, anchor=shape.anchor,
                    )  # fmt: skip
        self.canvas.restoreState()
        self.y = top + drawing.height * scale

    def _rect(self, shape: Rect) -> None:
        left, bottom = shape.x, -shape.y - shape.height
        self.canvas.setFillColor(white if shape.hatched else HexColor(shape.fill))
        self.canvas.rect(left, bottom, shape.width, shape.height, stroke=0, fill=1)
        if not shape.hatched:
            return
        self.canvas.saveState()
        clip = self.canvas.beginPath()
        clip.rect(left, bottom, shape.width, shape.height)
        self.canvas.clipPath(clip, stroke=0)
        self.canvas.setStrokeColor(HexColor(HATCH))
        self.canvas.setLineWidth(0.5)
        at = -shape.height
        while at < shape.width:
            self.canvas.line(left + at, bottom, left + at + shape.height, bottom + shape.height)
            at += 4
        self.canvas.restoreState()


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
