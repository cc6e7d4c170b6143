"""How large a dialog opens."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

FRAME_WIDTH, FRAME_HEIGHT = 16, 56
"""What a window's frame and title need of the screen, in logical pixels, with some air."""


def resize_to_fit(widget: QWidget, width: int, height: int) -> None:
    """Make a window as large as it likes to be, or as its screen allows."""
    room = widget.screen().availableGeometry()
    widget.resize(min(width, room.width() - FRAME_WIDTH), min(height, room.height() - FRAME_HEIGHT))
