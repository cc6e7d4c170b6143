"""Shows a report's drawing in the window, in the colours of the theme."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.reports.drawing import (
    BAND,
    FAINT,
    FEMALE,
    GRID,
    INK,
    MALE,
    UNDECIDED,
    Drawing,
    Line,
    Rect,
    Shape,
    Text,
)
from desktop_app.ui.widgets.theme import Theme

PIXELS_A_POINT = 1.5
"""A drawing's texts of 7.5 points are as large as the window's smallest."""


def colours_of(theme: Theme) -> dict[str, str]:
    """Return the window's colour for each of a chart's."""
    return {
        FEMALE: theme.female,
        MALE: theme.male,
        UNDECIDED: theme.undecided,
        INK: theme.text,
        FAINT: theme.muted,
        GRID: theme.border,
        BAND: theme.hover,
    }


class DrawingView(QWidget):
    """Calls `draw(width, height)`, in points, whenever it is painted in another size, and after `redraw`."""

    def __init__(self, theme: Theme, draw: Callable[[float, float], Drawing | None], parent: QWidget | None = None):
        super().__init__(parent)
        self._theme = theme
        self._draw = draw
        self._drawing: Drawing | None = None
        self._size = QSize()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(110)

    @property
    def drawing(self) -> Drawing | None:
        """What is shown, None for nothing."""
        if self._drawing is None or self._size != self.size():
            self._size = self.size()
            self._drawing = self._draw(self.width() / PIXELS_A_POINT, self.height() / PIXELS_A_POINT)
        return self._drawing

    def redraw(self) -> None:
        """What is drawn has changed."""
        self._drawing = None
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        drawing = self.drawing
        if drawing is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = colours_of(self._theme)
        for shape in drawing.shapes:
            _paint(painter, shape, colours, self.font())
        painter.end()


def _paint(painter: QPainter, shape: Shape, colours: dict[str, str], font: QFont) -> None:
    k = PIXELS_A_POINT
    match shape:
        case Rect():
            colour = QColor(colours.get(shape.fill, shape.fill))
            brush = QBrush(colour, Qt.BrushStyle.BDiagPattern if shape.hatched else Qt.BrushStyle.SolidPattern)
            painter.fillRect(QRectF(shape.x * k, shape.y * k, shape.width * k, shape.height * k), brush)
        case Line():
            painter.setPen(QPen(QColor(colours.get(shape.colour, shape.colour)), shape.width))
            painter.drawLine(QLineF(shape.x1 * k, shape.y1 * k, shape.x2 * k, shape.y2 * k))
        case Text():
            font = QFont(font)
            font.setPixelSize(max(9, round(shape.size * k)))
            font.setBold(shape.bold)
            width = QFontMetricsF(font).horizontalAdvance(shape.text)
            left = shape.x * k - width * {"start": 0.0, "middle": 0.5}.get(shape.anchor, 1.0)
            painter.setFont(font)
            painter.setPen(QColor(colours.get(shape.colour, shape.colour)))
            painter.drawText(QPointF(left, shape.y * k), shape.text)
