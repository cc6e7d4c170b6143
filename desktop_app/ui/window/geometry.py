"""Where the window stands and how large it is, from one start to the next."""

from __future__ import annotations

import base64

from PySide6.QtCore import QByteArray, QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow

SMALLEST = QSize(680, 420)
"""In logical pixels: fits a screen of 1366x768 at 150 %, with its task bar."""

_USUAL = QSize(1440, 900)


def geometry_text(window: QMainWindow) -> str:
    """Return place and size of a window as the text that is kept in the settings."""
    return base64.b64encode(window.saveGeometry().data()).decode("ascii")


def place_window(window: QMainWindow, kept: str) -> None:
    """Put a window where it was; without a kept place, or with a damaged one, at a size that suits the screen."""
    if kept and _restore(window, kept):
        return
    screen = QGuiApplication.primaryScreen().availableGeometry()
    window.resize(min(_USUAL.width(), round(screen.width() * 0.92)), min(_USUAL.height(), round(screen.height() * 0.9)))


def _restore(window: QMainWindow, text: str) -> bool:
    try:
        return window.restoreGeometry(QByteArray(base64.b64decode(text, validate=True)))
    except ValueError:
        return False
