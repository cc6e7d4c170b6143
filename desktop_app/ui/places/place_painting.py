"""How lines and zones look on the picture, and where their points lie in it."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

LINE_COLOUR = QColor("#f2b233")
ZONE_COLOUR = QColor("#35b3a4")
STAFF_COLOUR = QColor("#b48ee0")
PLACE_COLOURS = {"line": LINE_COLOUR, "zone": ZONE_COLOUR, "staff": STAFF_COLOUR}
USUAL_HEAD = 0.12
"""The height of a head that is assumed before one was seen, as a share of the picture's."""

Point = tuple[float, float]
"""In shares of the picture's width and height."""


def paint_ghost(painter: QPainter, head: QPointF, height: float, area: QRectF) -> None:
    """Draw the outline of somebody whose head is on the line: heads are what is counted there, not feet."""
    painter.save()
    painter.setClipRect(area)
    width = height * 0.76
    body = QPainterPath()
    body.addEllipse(head, width / 2, height / 2)
    shoulders = head.y() + height * 0.66
    body.moveTo(head.x() - width * 1.25, area.bottom())
    body.lineTo(head.x() - width * 1.25, shoulders + height * 0.45)
    body.quadTo(head.x() - width * 1.2, shoulders, head.x() - width * 0.45, shoulders)
    body.lineTo(head.x() + width * 0.45, shoulders)
    body.quadTo(head.x() + width * 1.2, shoulders, head.x() + width * 1.25, shoulders + height * 0.45)
    body.lineTo(head.x() + width * 1.25, area.bottom())
    painter.setBrush(QColor(255, 255, 255, 40))
    painter.setPen(QPen(QColor(255, 255, 255, 190), 1.8, Qt.PenStyle.DotLine))
    painter.drawPath(body)
    painter.restore()


def share_at(position: QPointF, area: QRectF) -> Point:
    x = (position.x() - area.left()) / area.width()
    y = (position.y() - area.top()) / area.height()
    return min(1.0, max(0.0, x)), min(1.0, max(0.0, y))


def spot_of(point: Point, area: QRectF) -> QPointF:
    return QPointF(area.left() + point[0] * area.width(), area.top() + point[1] * area.height())


def paint_arrow(painter: QPainter, start: QPointF, end: QPointF, colour: QColor) -> None:
    """Draw the arrow across a line that shows which way is in."""
    dx, dy = end.x() - start.x(), end.y() - start.y()
    length = math.hypot(dx, dy)
    if length < 20:
        return
    # To the right of the way from start to end, in a picture whose y runs down.
    nx, ny = -dy / length, dx / length
    middle = QPointF((start.x() + end.x()) / 2, (start.y() + end.y()) / 2)
    tip = QPointF(middle.x() + nx * 26, middle.y() + ny * 26)
    painter.setPen(QPen(colour, 2.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawLine(middle, tip)
    for turn in (2.6, -2.6):
        c, s = math.cos(turn), math.sin(turn)
        painter.drawLine(tip, QPointF(tip.x() + (nx * c - ny * s) * 9, tip.y() + (nx * s + ny * c) * 9))
    painter.setPen(QColor("#ffffff"))
    painter.drawText(QPointF(tip.x() + nx * 14 - 6, tip.y() + ny * 14 + 5), "in")


def paint_plate(painter: QPainter, text: str, anchor: QPointF, colour: QColor, area: QRectF) -> None:
    metrics = painter.fontMetrics()
    width, height = metrics.horizontalAdvance(text) + 14, metrics.height() + 4
    left = min(max(anchor.x() + 8, area.left()), max(area.left(), area.right() - width))
    top = min(max(anchor.y() - height - 8, area.top()), area.bottom() - height)
    plate = QRectF(left, top, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(12, 16, 20, 205))
    painter.drawRoundedRect(plate, 4, 4)
    painter.setPen(colour)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
