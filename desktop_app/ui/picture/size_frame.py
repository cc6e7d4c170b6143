"""Draws a square of so many pixels of the picture into its corner, to compare with the faces in it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath

from desktop_app.settings import Settings
from desktop_app.ui.widgets.texts import tr

MARGIN = 14.0
"""Between the square and the edges of the picture, in logical pixels."""

_PLATE, _WORDS = QColor(12, 16, 20, 205), QColor("#ffffff")
_RIMS = ((4.0, QColor(12, 16, 20)), (2.8, QColor("#ffffff")), (1.6, QColor("#d55e00")))
"""How far each reaches out from the square, and its colour. The innermost is vermilion: its edge is seen on black and
on white. The others make the frame stand out from pictures as light as it."""
_GAP = 8.0


@dataclass(frozen=True, slots=True)
class SizeFrame:
    """A square with sides of `side_px` pixels of the picture, and the `words` beside it."""

    side_px: float
    words: str

    def rect(self, scale: float, area: QRectF) -> QRectF:
        """Return the square in widget coordinates, at the bottom right of `area`, where the picture lies.

        `scale` is widget pixels a pixel of the picture. A square larger than the picture reaches beyond it.
        """
        side = self.side_px * scale
        return QRectF(area.right() - MARGIN - side, area.bottom() - MARGIN - side, side, side)

    def paint(self, painter: QPainter, scale: float, area: QRectF) -> None:
        """Draw the square and its words; `scale` and `area` as in `rect`.

        The line lies outside the square: what is inside is exactly so large.
        """
        square = self.rect(scale, area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for width, colour in _RIMS:
            _paint_rim(painter, square, width, colour)
        font = QFont(painter.font())
        font.setPixelSize(13)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        words = metrics.elidedText(self.words, Qt.TextElideMode.ElideRight, int(max(40.0, area.width() - 3 * MARGIN)))
        plate = place_words(square, QSizeF(metrics.horizontalAdvance(words) + 16, metrics.height() + 6), area)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_PLATE)
        painter.drawRoundedRect(plate, 4, 4)
        painter.setPen(_WORDS)
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)


def smallest_face(settings: Settings, in_use: Settings | None = None) -> SizeFrame | None:
    """Return the frame of the smallest face that is counted, None where the operator does not want to see it.

    `in_use` are the settings of the count under way: where another size holds in it, the words say from when on.
    """
    if not settings.ui.show_smallest_face:
        return None
    side_px = settings.count.min_face_px
    if in_use is not None and in_use.count.min_face_px != side_px:
        words = tr("smallest face counted from the next start: {size} px", size=f"{side_px:g}")
    else:
        words = tr("smallest face counted: {size} px", size=f"{side_px:g}")
    return SizeFrame(side_px, words)


def _paint_rim(painter: QPainter, square: QRectF, width: float, colour: QColor) -> None:
    rim = QPainterPath()
    rim.addRect(square.adjusted(-width, -width, width, width))
    rim.addRect(square)  # the fill rule leaves out what lies in both
    painter.fillPath(rim, colour)


def place_words(square: QRectF, size: QSizeF, area: QRectF) -> QRectF:
    """Return where the words go: to the left of the square, else above it, else into it."""
    left = QRectF(QPointF(square.left() - _GAP - size.width(), square.bottom() - size.height()), size)
    if left.left() >= area.left():
        return left
    right_aligned = max(area.left() + 4, square.right() - size.width())
    above = QRectF(QPointF(right_aligned, square.top() - _GAP - size.height()), size)
    if above.top() >= area.top():
        return above
    return QRectF(QPointF(right_aligned, square.bottom() - size.height() - 2), size)
