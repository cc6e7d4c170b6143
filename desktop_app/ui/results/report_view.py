"""The report of a count on the screen, exactly as it prints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme

A4_WIDTH_POINTS = 595.28
WIDEST_PX = 1000
"""A page is not shown wider than this, in logical pixels: lines of text would become too long to read."""

RENDER_AGAIN_MS = 200


def to_image(picture: NDArray[np.uint8]) -> QImage:
    """Return a picture of shape (height, width, 3) in BGR order as an image of its own."""
    height, width, _ = picture.shape
    return QImage(np.ascontiguousarray(picture).data, width, height, 3 * width, QImage.Format.Format_BGR888).copy()


class Page(QWidget):
    """One page. It is as wide as it may be and as high as its picture."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def image(self) -> QImage:
        return self._image

    def show_image(self, image: QImage) -> None:
        self._image = image
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(600, self.heightForWidth(600))

    def heightForWidth(self, width: int) -> int:
        if self._image.isNull():
            return round(width * 1.414)
        return round(width * self._image.height() / self._image.width())

    def hasHeightForWidth(self) -> bool:
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image.isNull():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self.rect(), self._image)
        painter.setPen(QColor("#b9c2cb"))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()


class ReportView(QScrollArea):
    """The pages of a report, as wide as there is room for.

    `size_wanted(pixels_a_point)` asks for pictures of another size: the tab makes them on a thread.
    """

    size_wanted = Signal(float)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(tr("Report"))
        self._note = QLabel()
        self._note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._note.setWordWrap(True)
        self._note.setProperty("role", "muted")
        self.offer = QPushButton(tr("Prepare the report"))
        """Does what the sentence above it speaks of."""
        self.offer.setVisible(False)
        self._pages: list[Page] = []
        self._made_for = 0.0
        body = QWidget()
        body.setMaximumWidth(WIDEST_PX + 8)
        inside = QWidget()
        row = QHBoxLayout(inside)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(body, 1000)
        row.addStretch(1)
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(4, 4, 4, 8)
        self._column.setSpacing(12)
        self._column.addWidget(self._note)
        self._column.addWidget(self.offer, 0, Qt.AlignmentFlag.AlignHCenter)
        self._column.addStretch(1)
        self.setWidget(inside)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(RENDER_AGAIN_MS)
        self._timer.timeout.connect(self._ask_again)
        self.show_note("")

    @property
    def pages(self) -> list[Page]:
        return list(self._pages)

    @property
    def note(self) -> str:
        return self._note.text() if not self._note.isHidden() else ""

    def pixels_a_point(self) -> float:
        """Return how large a page must be made so that it is sharp here."""
        width = min(WIDEST_PX, max(300, self.viewport().width() - 8))
        return width * self.devicePixelRatioF() / A4_WIDTH_POINTS

    def show_note(self, text: str, offer: str = "") -> None:
        """Show a sentence in place of the pages, "" for nothing, and a button with the words `offer` below it."""
        self._note.setText(text)
        if offer:
            self.offer.setText(offer)
        self.offer.setVisible(bool(offer))
        self._note.setVisible(bool(text))
        if text:
            for page in self._pages:
                self._column.removeWidget(page)
                page.deleteLater()
            self._pages = []

    def show_pages(self, pictures: list[NDArray[np.uint8]], pixels_a_point: float, description: str) -> None:
        """Show the pages; `description` is what a screen reader says of them."""
        self._made_for = pixels_a_point
        self._note.setVisible(False)
        self.offer.setVisible(False)
        while len(self._pages) > len(pictures):
            page = self._pages.pop()
            self._column.removeWidget(page)
            page.deleteLater()
        while len(self._pages) < len(pictures):
            page = Page()
            page.setMaximumWidth(WIDEST_PX)
            self._pages.append(page)
            self._column.insertWidget(len(self._pages) + 1, page, 0, Qt.AlignmentFlag.AlignTop)
        for number, (page, picture) in enumerate(zip(self._pages, pictures, strict=True), 1):
            page.setAccessibleName(tr("Page {number} of the report", number=number))
            page.show_image(to_image(picture))
        self.setAccessibleDescription(description)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._timer.start()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._timer.start()
        return super().event(event)

    def _ask_again(self) -> None:
        wanted = self.pixels_a_point()
        if self._pages and abs(wanted - self._made_for) > 0.02 * self._made_for:
            self.size_wanted.emit(wanted)

    def apply_theme(self, theme: Theme) -> None:
        """Paper is white in every theme."""
