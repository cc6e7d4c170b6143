"""The picture of the check: who is counted has a mark, and nobody's label is shown, so that it sways no one."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.ui.picture.display import DisplayFrame
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme


class CheckPicture(QWidget):
    """Draws what a `DisplayFeeder` has made ready. `asked` is the person asked about."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._frame: DisplayFrame | None = None
        self.asked = ""
        self.note = ""
        self.setAccessibleName(tr("Picture of the door"))
        self.setMinimumSize(320, 220)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(640, 420)

    def show_frame(self, frame: DisplayFrame) -> None:
        self._frame = frame
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor("#0d1014"))
        if self._frame is not None:
            image, frame = self._frame.image, self._frame.result.frame
            size = image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
            painter.drawImage(QRectF(left, top, size.width(), size.height()), image)
            scale = size.width() / max(frame.width, 1)
            for track in self._frame.result.tracks:
                if not track.person:
                    continue
                is_asked = track.person == self.asked
                pen = QPen(QColor(self._theme.accent if is_asked else "#ffffff"), 3.5 if is_asked else 1.5)
                if not is_asked:
                    pen.setStyle(Qt.PenStyle.DashLine)
                painter.setPen(pen)
                painter.setBrush(Qt.BrushStyle.NoBrush)
                box = track.box
                rect = QRectF(left + box.x1 * scale, top + box.y1 * scale, box.width * scale, box.height * scale)
                painter.drawRoundedRect(rect, 6, 6)
        if self.note:
            painter.setPen(QColor("#e9eef3"))
            painter.drawText(self.rect().adjusted(24, 24, -24, -24), Qt.AlignmentFlag.AlignCenter, self.note)
        painter.end()

    def apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()
