"""The page of a report that holds the privacy receipt."""

from __future__ import annotations

from desktop_app.reports import texts
from desktop_app.reports.drawing import FAINT
from desktop_app.reports.page import MARGIN, Page
from desktop_app.reports.receipt import Receipt
from desktop_app.reports.texts import plain
from desktop_app.reports.times import span


def draw_receipt(page: Page, receipt: Receipt) -> None:
    """Draw the receipt from `y` down."""
    report = receipt.report
    page.heading(texts.RECEIPT)
    name = plain(report.name) or texts.NO_NAME
    page.line(name, 10, colour=FAINT, advance=14)
    page.line(span(report.start_utc, report.end_utc, report.options.zone), 10, colour=FAINT, advance=20)
    page.paragraph(texts.RECEIPT_INTRO, 10.5, gap=10)
    for heading, sentences in receipt.parts:
        page.paragraph(heading, 12, bold=True, gap=3)
        left = 0
        for number, sentence in enumerate(sentences):
            if page.y > page.height - 110:
                left = len(sentences) - number
                break
            page.put(MARGIN, page.y + 10, "•", 10)
            page.paragraph(sentence, 10, x=MARGIN + 12, room=page.room - 12, gap=3)
        if left:
            page.paragraph(texts.and_more(left), 10, x=MARGIN + 12)
        page.y += 8
    page.y = page.height - 50
    page.rule()
    page.y += 3
    page.paragraph(texts.receipt_identity(report.session_id, report.digest, report.program), 6.6, colour=FAINT)
