"""A sign for the door in A4: what is counted here, by whom, what is not kept, and whom to ask."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import segno
from reportlab.lib.colors import HexColor

from desktop_app.reports import texts
from desktop_app.reports.drawing import FAINT, INK, Drawing, Rect
from desktop_app.reports.page import MARGIN, Page
from desktop_app.reports.texts import plain

LONGEST = 300
LONGEST_URL = 1000
_QR_SIDE = 180.0
_BORDER = 4
"""Modules of white around the code, as its standard asks for (ISO/IEC 18004)."""


@dataclass(frozen=True, slots=True)
class DoorSign:
    """What the sign says. `url` is a page with more; without one the code holds the sign's own text.

    Raises ValueError for a text that is empty or too long for a sign.
    """

    by: str
    contact: str
    purpose: str = ""
    url: str = ""
    keep_days: int = 0

    def __post_init__(self) -> None:
        said = (("who counts", self.by), ("whom to ask", self.contact), ("what for", self.purpose))
        for what, text in said[:2]:
            if not plain(text):
                raise ValueError(f"it does not say {what}")
        for what, text in said:
            if len(text) > LONGEST:
                raise ValueError(f"{what} has {len(text)} letters, more than {LONGEST}")
        if len(self.url) > LONGEST_URL:
            raise ValueError(f"the address of the page has more than {LONGEST_URL} letters")

    def parts(self) -> list[tuple[str, str]]:
        """Return (heading, text) of each part."""
        found = [
            (texts.SIGN_MEASURED, texts.SIGN_MEASURED_TEXT),
            (texts.SIGN_NOT_KEPT, texts.SIGN_NOT_KEPT_TEXT),
            (texts.SIGN_HOW_LONG, texts.sign_kept_for(self.keep_days)),
        ]
        if self.purpose:
            found.append((texts.SIGN_PURPOSE, plain(self.purpose)))
        return [*found, (texts.SIGN_BY, plain(self.by)), (texts.SIGN_CONTACT, plain(self.contact))]

    def code_text(self) -> str:
        """Return what a phone reads from the code."""
        if self.url:
            return self.url
        return "\n".join((texts.SIGN_TITLE, *(f"{heading}: {text}" for heading, text in self.parts())))


def write_sign(path: Path, sign: DoorSign) -> None:
    """Write the sign as PDF. Raises OSError."""
    path.write_bytes(sign_pdf(sign))


def sign_pdf(sign: DoorSign) -> bytes:
    """Return the sign as PDF of one page."""
    page = Page()
    page.canvas.setTitle(texts.SIGN_TITLE)
    page.canvas.setFillColor(HexColor(INK))
    page.canvas.rect(0, page.height - 120, page.width, 120, stroke=0, fill=1)
    page.put(MARGIN, 74, texts.SIGN_TITLE, 36, "#ffffff", bold=True)
    page.y = 150
    bottom = page.height - MARGIN - _QR_SIDE - 20
    size = 15.0
    while size > 9 and _height(page, sign, size) > bottom - page.y:
        size -= 0.5
    for heading, text in sign.parts():
        page.paragraph(heading, size, bold=True, gap=2)
        page.paragraph(text, size, gap=size * 0.75)
    page.y = page.height - MARGIN - _QR_SIDE
    code = _code(sign.code_text())
    page.picture(code, MARGIN, _QR_SIDE / code.width)
    page.y = page.height - MARGIN - _QR_SIDE / 2 - 20
    note = texts.SIGN_CODE_PAGE if sign.url else texts.SIGN_CODE_TEXT
    page.paragraph(note, 12, x=MARGIN + _QR_SIDE + 20, room=page.room - _QR_SIDE - 20, colour=FAINT)
    if sign.url:
        page.paragraph(plain(sign.url), 12, x=MARGIN + _QR_SIDE + 20, room=page.room - _QR_SIDE - 20)
    return page.save()


def _height(page: Page, sign: DoorSign, size: float) -> float:
    lines = sum(
        len(list(page.wrapped(heading, size, page.room, bold=True))) + len(list(page.wrapped(text, size, page.room)))
        for heading, text in sign.parts()
    )
    return lines * size * 1.33 + len(sign.parts()) * (size * 0.75 + 2)


def _code(text: str) -> Drawing:
    """Return a QR code as a drawing of one point a module."""
    rows = [list(row) for row in segno.make(text, error="l" if len(text) > 200 else "m", micro=False).matrix]
    drawing = Drawing(len(rows) + 2 * _BORDER, len(rows) + 2 * _BORDER, texts.SIGN_CODE_TEXT)
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            end = x
            while end < len(row) and row[end]:
                end += 1
            if end > x:
                drawing.add(Rect(x + _BORDER, y + _BORDER, end - x, 1.02, "#000000"))
            x = max(end, x + 1)
    return drawing
