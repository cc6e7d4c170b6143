"""One mark of its own shape for each gender: a circle, a square and a diamond."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QWidget

from desktop_app.domain.types import Gender


def paint_mark(painter: QPainter, gender: Gender, rect: QRectF, colour: QColor | str) -> None:
    """Fill `rect` with the mark of a gender: female a circle, male a square, undecided a diamond."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    if gender is Gender.FEMALE:
        painter.drawEllipse(rect)
    elif gender is Gender.MALE:
        inset = rect.width() * 0.06
        painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), rect.width() * 0.12, rect.width() * 0.12)
    else:
        c = rect.center()
        painter.drawPolygon(
            QPolygonF(
                [
                    QPointF(c.x(), rect.top()),
                    QPointF(rect.right(), c.y()),
                    QPointF(c.x(), rect.bottom()),
                    QPointF(rect.left(), c.y()),
                ]
            )
        )
    painter.restore()


class MarkWidget(QWidget):
    """A small widget that shows one gender's mark beside a figure."""

    def __init__(self, gender: Gender, colour: str, size: int = 14, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._gender = gender
        self._colour = colour
        self._size = size
        self.setFixedSize(size, size)

    def sizeHint(self) -> QSize:
        return QSize(self._size, self._size)

    def set_colour(self, colour: str) -> None:
        self._colour = colour
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_mark(painter, self._gender, QRectF(0.5, 0.5, self._size - 1, self._size - 1), self._colour)
        painter.end()
