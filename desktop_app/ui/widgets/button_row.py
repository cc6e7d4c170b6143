"""A row of tool buttons with words, which become smaller where there is no room for them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

_STYLES = (
    Qt.ToolButtonStyle.ToolButtonTextBesideIcon,
    Qt.ToolButtonStyle.ToolButtonTextUnderIcon,
    Qt.ToolButtonStyle.ToolButtonIconOnly,
)


class ButtonRow(QWidget):
    """Buttons from the left, and `last` ones from the right. Words stand beside the icons, else below, else in tips."""

    def __init__(
        self, buttons: Sequence[QToolButton], last: Sequence[QToolButton] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._buttons = (*buttons, *last)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(5)
        for button in buttons:
            self._row.addWidget(button)
        self._row.addStretch(1)
        for button in last:
            self._row.addWidget(button)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Choose the largest form of the buttons that there is room for."""
        room = self.width() - self._row.spacing() * len(self._buttons)
        for style in _STYLES:
            for button in self._buttons:
                button.setToolButtonStyle(style)
            if sum(b.sizeHint().width() for b in self._buttons if not b.isHidden()) <= room:
                return
