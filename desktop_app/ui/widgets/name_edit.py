"""A field for a name."""

from __future__ import annotations

from PySide6.QtGui import QFocusEvent, QResizeEvent
from PySide6.QtWidgets import QLineEdit


class NameEdit(QLineEdit):
    """Shows a name that is longer than the field from its beginning while nobody edits it."""

    def setText(self, text: str | None, /) -> None:
        super().setText(text)
        self._show_beginning()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_beginning()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.home(False)

    def _show_beginning(self) -> None:
        if not self.hasFocus():
            self.home(False)
