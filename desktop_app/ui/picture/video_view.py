"""The live picture: paints the newest frame made ready for it, the people in it, and the operator's lines and zones."""

from __future__ import annotations

import math
import time

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import FrameResult, Track
from desktop_app.ui.picture.display import DisplayFrame
from desktop_app.ui.picture.overlay import PeoplePainter, box_rect
from desktop_app.ui.picture.people import as_decided
from desktop_app.ui.picture.size_frame import SizeFrame
from desktop_app.ui.places.place_editor import PlaceEditor
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme

_BACK = QColor("#0b0e11")


class VideoView(QWidget):
    """Shows one `DisplayFrame` at a time, letterboxed.

    Signals: `box_changed(width, height)` the space for the picture in device pixels; `person_clicked(Track,
    global_position)`; `full_screen_requested()` on a double click on the picture; `first_painted()` once the first
    picture after `clear` has been painted.
    """

    box_changed = Signal(int, int)
    person_clicked = Signal(object, QPointF)
    full_screen_requested = Signal()
    first_painted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Live picture"))
        self.setAccessibleDescription(tr("The picture of the source with a labelled box on every person found."))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 150)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._frame: DisplayFrame | None = None
        self._waits_for_first = True
        self._people = PeoplePainter()
        self._records: dict[str, PersonRecord] = {}
        self._tracks: tuple[Track, ...] = ()
        self._hovered: int | None = None
        self._note = ""
        self._caption = ""
        self._size_frame: SizeFrame | None = None
        self._busy = False
        self._spinner = QTimer(self)
        self._spinner.setInterval(60)
        self._spinner.timeout.connect(self.update)
        self.editor = PlaceEditor(self)
        self.editor.changed.connect(self.update)
        self.show_boxes = True
        self._recording = False
        self.delays_s: list[float] | None = None

    def sizeHint(self) -> QSize:
        return QSize(960, 540)

    # --- what is shown -------------------------------------------------------------------------------------------

    @property
    def frame(self) -> DisplayFrame | None:
        return self._frame

    @property
    def result(self) -> FrameResult | None:
        return self._frame.result if self._frame else None

    def show_frame(self, frame: DisplayFrame, records: dict[str, PersonRecord] | None = None) -> None:
        """Show a picture with its people; cheap, the painting itself follows. `records` as in `show_people`."""
        self._frame = frame
        self.show_people(records or {})

    def show_people(self, records: dict[str, PersonRecord]) -> None:
        """Show what the operator decided about the people in the picture; `records` are by their references."""
        self._records = records
        tracks = self._frame.result.tracks if self._frame is not None else ()
        self._tracks = as_decided(tracks, records) if records else tracks
        if self._frame is not None and (heads := [t.box.height for t in tracks if t.seen]):
            self.editor.head_share = sorted(heads)[len(heads) // 2] / self._frame.result.frame.height
        self.update()

    def people_in_view(self) -> int:
        """Return how many people in the picture count."""
        return sum(1 for t in self._tracks if t.confirmed and not t.is_staff)

    def record_of(self, track: Track) -> PersonRecord | None:
        """Return what the count says of somebody in the picture, None where it has not counted them."""
        return self._records.get(track.person)

    def clear(self) -> None:
        """Show no picture."""
        self._frame = None
        self._records, self._tracks = {}, ()
        self._waits_for_first = True
        self._hovered = None
        self.update()

    def set_note(self, text: str, busy: bool = False) -> None:
        """Write a short state over the picture ("Paused"), with a spinner while something is in progress."""
        self._note = text
        self._busy = busy
        if busy:
            self._spinner.start()
        else:
            self._spinner.stop()
        self.update()

    def set_caption(self, text: str) -> None:
        """Write below the picture, in a corner, what it shows; "" where that goes without saying."""
        if text != self._caption:
            self._caption = text
            self.update()

    def show_size_frame(self, frame: SizeFrame | None) -> None:
        """Draw a square of a given size into the corner of the picture, None for none."""
        if frame != self._size_frame:
            self._size_frame = frame
            self.update()

    def set_recording(self, recording: bool) -> None:
        """Show the red light while the picture is being recorded."""
        self._recording = recording
        self.update()

    def apply_theme(self, _theme: Theme) -> None:
        self.update()

    def picture_rect(self) -> QRectF:
        """Return where the picture lies in the widget, empty without one."""
        if self._frame is None:
            return QRectF()
        frame = self._frame.result.frame
        factor = min(self.width() / frame.width, self.height() / frame.height)
        width, height = frame.width * factor, frame.height * factor
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)

    # --- painting ------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), _BACK)
        area = self.picture_rect()
        if self._frame is not None:
            image = self._frame.image
            ratio = self.devicePixelRatioF()
            exact = abs(image.width() - area.width() * ratio) < 1.5
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            if exact:
                # One image pixel a device pixel: without this the raster engine resamples for half a pixel.
                image.setDevicePixelRatio(ratio)
                painter.drawImage(QPointF(round(area.left()), round(area.top())), image)
            else:
                painter.drawImage(area, image)
            self.editor.paint(painter, area)
            painter.setClipRect(area)
            self._people.set_height(area.height())
            scale = area.width() / self._frame.result.frame.width
            if self.show_boxes:
                by_hand = [ref for ref, record in self._records.items() if "gender" in record.corrected]
                self._people.paint(painter, self._tracks, scale, area, self._hovered, by_hand)
            if self._size_frame is not None:
                above_caption = QRectF(area)
                if self._caption:
                    above_caption.setBottom(min(area.bottom(), self.height() - 36))
                self._size_frame.paint(painter, scale, above_caption)
            painter.setClipping(False)
        if self._note:
            self._paint_note(painter)
        if self._caption:
            self._paint_caption(painter)
        if self._recording:
            self._paint_light(painter)
        painter.end()
        if self._frame is not None and self.delays_s is not None and self._frame.result.frame.captured_at:
            self.delays_s.append(time.perf_counter() - self._frame.result.frame.captured_at)
        if self._frame is not None and self._waits_for_first:
            self._waits_for_first = False
            self.first_painted.emit()

    def _use_font(self, painter: QPainter, pixels: int, weight: QFont.Weight) -> None:
        font = QFont(self.font())
        font.setPixelSize(pixels)
        font.setWeight(weight)
        painter.setFont(font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _paint_note(self, painter: QPainter) -> None:
        self._use_font(painter, 15, QFont.Weight.DemiBold)
        metrics = painter.fontMetrics()
        gap = 26 if self._busy else 0
        width, height = metrics.horizontalAdvance(self._note) + 32 + gap, metrics.height() + 16
        plate = QRectF((self.width() - width) / 2, 14, width, height)
        _paint_plate(painter, plate, height / 2)
        if self._busy:
            spot = QRectF(plate.left() + 15, plate.center().y() - 7, 14, 14)
            painter.setPen(QPen(QColor("#35b3a4"), 2.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            turn = (time.perf_counter() * 1.1) % 1.0
            painter.drawArc(spot, round(-turn * 5760), round(260 * 16 + 40 * 16 * math.sin(turn * 6.28)))
        painter.setPen(QColor("#ffffff"))
        painter.drawText(plate.adjusted(gap, 0, 0, 0), Qt.AlignmentFlag.AlignCenter, self._note)

    def _paint_caption(self, painter: QPainter) -> None:
        self._use_font(painter, 13, QFont.Weight.DemiBold)
        metrics = painter.fontMetrics()
        text = metrics.elidedText(self._caption, Qt.TextElideMode.ElideRight, max(40, self.width() - 60))
        height = metrics.height() + 10
        plate = QRectF(10, self.height() - height - 10, metrics.horizontalAdvance(text) + 22, height)
        _paint_plate(painter, plate, 7)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_light(self, painter: QPainter) -> None:
        self._use_font(painter, 13, QFont.Weight.Bold)
        plate = QRectF(self.width() - 92, 14, 78, 28)
        _paint_plate(painter, plate, 14)
        painter.setBrush(QColor("#ff3b30"))
        painter.drawEllipse(QPointF(plate.left() + 18, plate.center().y()), 6, 6)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(plate.adjusted(32, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, "REC")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        ratio = self.devicePixelRatioF()
        self.box_changed.emit(round(self.width() * ratio), round(self.height() * ratio))

    # --- mouse and keyboard --------------------------------------------------------------------------------------

    def person_at(self, position: QPointF) -> Track | None:
        """Return the confirmed person whose box is under a point of the widget; the smallest box wins."""
        if self._frame is None:
            return None
        area = self.picture_rect()
        scale = area.width() / self._frame.result.frame.width
        hits = [
            t
            for t in self._shown_people()
            if box_rect(t, scale, area.topLeft()).adjusted(-4, -4, 4, 4).contains(position)
        ]
        return min(hits, key=lambda t: t.box.area, default=None)

    def _shown_people(self) -> list[Track]:
        """Return those who can be clicked, as the pipeline has them: one marked as no person, too."""
        tracks = self._frame.result.tracks if self._frame is not None else ()
        return [t for t in tracks if t.confirmed or t.held_back]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.editor.press(event, self.picture_rect()):
            return
        if event.button() == Qt.MouseButton.LeftButton:
            track = self.person_at(event.position())
            if track is not None:
                self.person_clicked.emit(track, event.globalPosition())
                return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.editor.move(event, self.picture_rect()):
            return
        track = self.person_at(event.position())
        record = self.record_of(track) if track else None
        hovered = (record.number if record is not None and record.number else track.track_id) if track else None
        if hovered != self._hovered:
            self._hovered = hovered
            self.setCursor(Qt.CursorShape.PointingHandCursor if track else Qt.CursorShape.ArrowCursor)
            self.setToolTip(tr("Click for what can be done with this person") if track else "")
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not self.editor.release(event, self.picture_rect()):
            super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.editor.double_click(event, self.picture_rect()):
            return
        if self._frame is not None and self.person_at(event.position()) is None:
            self.full_screen_requested.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at, where = QPointF(event.pos()), QPointF(event.globalPos())
        track = self.person_at(at)
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            # Without a mouse it is the person nearest to the camera.
            track = max(self._shown_people(), key=lambda t: t.box.area, default=None)
        if track is not None and not self.editor.drawing:
            self.person_clicked.emit(track, where)
            event.accept()
            return
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.editor.key(event):
            super().keyPressEvent(event)


def _paint_plate(painter: QPainter, plate: QRectF, radius: float) -> None:
    """Paint the dark plate on which words over the picture stand."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(12, 16, 20, 215))
    painter.drawRoundedRect(plate, radius, radius)
