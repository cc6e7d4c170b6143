"""A line of text that never makes its window wider."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy


class CutLabel(QLabel):
    """A line of text that is cut off with "…" where there is no room; the tool tip has all of it."""

    def __init__(self, role: str, padding_px: int = 0) -> None:
        """`padding_px` is the room that the style sheet keeps free on both sides together."""
        super().__init__()
        self.setProperty("role", role)
        self._padding_px = padding_px
        self.setTextFormat(Qt.TextFormat.PlainText)
        # It never makes the window wider.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._whole = ""

    def show_text(self, text: str) -> None:
        self._whole = " ".join(text.split())
        self.setToolTip(self._whole)
        self.setAccessibleName(self._whole)
        self._cut()

    @property
    def whole(self) -> str:
        return self._whole

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        room = self.width() - self._padding_px
        cut = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, room)
        if cut != self.text():
            self.setText(cut)
