"""A drawing as PNG: the PDF of the same drawing, rendered by PDFium."""

from __future__ import annotations

import cv2

from desktop_app.reports.drawing import Drawing
from desktop_app.reports.page import Page
from desktop_app.reports.pdf_image import page_images

PIXELS_A_POINT = 3.0
"""A chart as wide as a page becomes about 1,500 pixels wide."""


def to_png(drawing: Drawing, pixels_a_point: float = PIXELS_A_POINT) -> bytes:
    """Return a drawing as a PNG file on white."""
    page = Page((drawing.width, drawing.height))
    page.y = 0.0
    page.picture(drawing, x=0.0)
    (picture,) = page_images(page.save(), pixels_a_point)
    is_encoded, data = cv2.imencode(".png", picture)
    if not is_encoded:
        raise ValueError("the chart cannot be written as PNG")
    return data.tobytes()
