"""Draws the people of a result over the picture, at the resolution of the screen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from desktop_app.domain.types import Gender, Track
from desktop_app.ui.widgets.marks import paint_mark
from desktop_app.ui.widgets.texts import tr

# On top of a picture the light variants of Okabe and Ito's palette are read best, whatever the theme.
BOX_COLOURS = {
    Gender.FEMALE: QColor("#e69f00"),
    Gender.MALE: QColor("#56b4e9"),
    Gender.UNDECIDED: QColor("#dfe5ea"),
}
_GENDERS: dict[Gender, Callable[[], str]] = {
    Gender.FEMALE: lambda: tr("female"),
    Gender.MALE: lambda: tr("male"),
    Gender.UNDECIDED: lambda: tr("undecided"),
}
_PLATE = QColor(12, 16, 20, 205)
_STAFF = QColor("#b48ee0")


def label_text(track: Track, by_hand: bool = False) -> str:
    """Return what stands over a person: gender, age band and short id.

    A person not yet confirmed has no label, a face that is held back says why. What the operator set `by_hand` is said
    even of a child. How sure the program is stands under "Why does it say so?" only.
    """
    if track.held_back == "screen":
        return tr("not counted: on a screen")
    if track.held_back:
        return tr("not counted: still as a picture")
    if not track.confirmed:
        return ""
    parts: list[str] = []
    if track.is_staff:
        parts.append(tr("staff"))
    elif track.is_looking:
        parts.append(tr("looking…"))
    elif by_hand or track.decision.gender is not Gender.UNDECIDED or not track.decision.is_child:
        parts.append(_GENDERS[track.decision.gender]())
    if track.decision.age_band is not None and not track.is_staff:
        band = track.decision.age_band.replace("-", "–")
        parts.append(tr("child {band}", band=band) if track.decision.is_child else band)
    parts.append(f"#{track.track_id}")
    return "  ".join(parts)


def box_rect(track: Track, scale: float, origin: QPointF) -> QRectF:
    """Return a person's box in widget coordinates."""
    box = track.box
    return QRectF(origin.x() + box.x1 * scale, origin.y() + box.y1 * scale, box.width * scale, box.height * scale)


def place_label(
    box: QRectF, width: float, height: float, area: QRectF, taken: Sequence[QRectF], faces: Sequence[QRectF] = ()
) -> QRectF:
    """Return where a label of the given size goes: above the box, else below, else inside; within `area`, off `taken`.

    If possible it keeps off the `faces` of others, too. Where no free place is left the first one that lies within the
    picture is used.
    """
    left = min(max(box.left(), area.left()), max(area.left(), area.right() - width))
    candidates = [
        QRectF(left, box.top() - height - 3, width, height),
        QRectF(left, box.bottom() + 3, width, height),
        QRectF(left, box.top() + 3, width, height),
        QRectF(left, box.top() - 2 * height - 6, width, height),
        QRectF(left, box.bottom() + height + 6, width, height),
    ]
    inside = [c for c in candidates if c.top() >= area.top() and c.bottom() <= area.bottom()]
    for others in ((*taken, *faces), taken):
        for candidate in inside:
            if not any(candidate.intersects(other) for other in others):
                return candidate
    return inside[0] if inside else candidates[2]


class PeoplePainter:
    """Paints boxes and labels; keeps the font and its measures between frames."""

    def __init__(self) -> None:
        self._font = QFont()
        self._font.setPixelSize(13)
        self._font.setWeight(QFont.Weight.DemiBold)
        self._metrics = QFontMetricsF(self._font)

    def set_height(self, view_height: float) -> None:
        """Choose a text size that can be read from where a picture of this height is watched."""
        size = int(min(22, max(11, view_height / 46)))
        if size != self._font.pixelSize():
            self._font.setPixelSize(size)
            self._metrics = QFontMetricsF(self._font)

    def paint(
        self,
        painter: QPainter,
        tracks: Sequence[Track],
        scale: float,
        area: QRectF,
        hovered_id: int | None = None,
        by_hand: Collection[str] = (),
    ) -> None:
        """Draw the people of one frame; `scale` is widget pixels a frame pixel, `area` the picture in the widget.

        `by_hand` are the references of those whose gender the operator set.
        """
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._font)
        height = self._metrics.height() + 4
        mark = self._metrics.capHeight()
        taken: list[QRectF] = []
        boxes = [(track, box_rect(track, scale, area.topLeft())) for track in sorted(tracks, key=lambda t: -t.box.area)]
        for track, rect in boxes:
            gender = track.decision.gender
            colour = _STAFF if track.is_staff else BOX_COLOURS[gender]
            self._paint_box(painter, rect, colour, track, track.confirmed and track.track_id == hovered_id)
            text = label_text(track, track.person in by_hand)
            if not text:
                continue
            width = self._metrics.horizontalAdvance(text) + mark + 20
            faces = [other for owner, other in boxes if owner is not track]
            plate = place_label(rect, width, height, area, taken, faces)
            taken.append(plate)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_PLATE)
            painter.drawRoundedRect(plate, 4, 4)
            mark_rect = QRectF(plate.left() + 7, plate.center().y() - mark / 2, mark, mark)
            paint_mark(painter, gender, mark_rect, colour)
            painter.setPen(colour)
            painter.drawText(plate.adjusted(mark + 13, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_box(self, painter: QPainter, rect: QRectF, colour: QColor, track: Track, hovered: bool) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        radius = min(10.0, rect.width() * 0.12)
        if track.confirmed:
            painter.setPen(QPen(QColor(0, 0, 0, 130), 4.6 if hovered else 3.6))
            painter.drawRoundedRect(rect, radius, radius)
            pen = QPen(colour, 3.4 if hovered else 2.2)
        else:
            pen = QPen(QColor(255, 255, 255, 150), 1.3)
        if not track.seen:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawRoundedRect(rect, radius, radius)
