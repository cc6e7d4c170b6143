"""One step of a start: a framed card with its number and title."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop_app.ui.widgets.theme import text_px

HIGHEST_PX = 640


def step_card(number: int, title: str, content: QWidget) -> QFrame:
    """Return a framed card with a number, a title and what is done in this step."""
    card = QFrame()
    card.setObjectName("card")
    card.setMaximumHeight(HIGHEST_PX)
    badge = QLabel(str(number))
    badge.setObjectName("badge")
    badge.setFixedSize(26, 26)
    badge.setAlignment(Qt.AlignmentFlag.AlignCenter)
    words = QLabel(title)
    words.setStyleSheet(f"font-size: {text_px(16)}px; font-weight: 600;")
    head = QHBoxLayout()
    head.setSpacing(8)
    head.addWidget(badge)
    head.addWidget(words, 1)
    layout = QVBoxLayout(card)
    layout.setContentsMargins(14, 10, 14, 12)
    layout.setSpacing(8)
    layout.addLayout(head)
    layout.addWidget(content, 1)
    return card
