"""Our own line icons, tinted with the theme's colours and drawn sharply at every scale."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from desktop_app.resources import resource_path
from desktop_app.ui.widgets.theme import Theme


@lru_cache(maxsize=128)
def _svg_text(name: str) -> str:
    return resource_path("icons", "actions", f"{name}.svg").read_text(encoding="utf-8")


def _draw(svg: bytes, size: int, ratio: float) -> QPixmap:
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(svg)).render(painter, QRectF(0, 0, pixmap.width(), pixmap.height()))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def tinted_pixmap(name: str, colour: str, size: int, ratio: float = 1.0) -> QPixmap:
    """Return the action icon `name` in one colour, `size` logical pixels square."""
    return _draw(_svg_text(name).replace("currentColor", colour).encode(), size, ratio)


@lru_cache(maxsize=256)
def _icon(name: str, colour: str, disabled: str) -> QIcon:
    icon = QIcon()
    for ratio in (1.0, 2.0, 3.0):
        icon.addPixmap(tinted_pixmap(name, colour, 20, ratio), QIcon.Mode.Normal)
        icon.addPixmap(tinted_pixmap(name, disabled, 20, ratio), QIcon.Mode.Disabled)
    return icon


def action_icon(name: str, theme: Theme, colour: str | None = None) -> QIcon:
    """Return the icon of an action in the theme's text colour, or in `colour` where one is given."""
    return _icon(name, colour or theme.text, theme.border)


@lru_cache(maxsize=1)
def app_icon() -> QIcon:
    """Return the program's icon, drawn from its SVG at the sizes that desktops ask for."""
    svg = resource_path("icons", "headcount.svg").read_bytes()
    icon = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        icon.addPixmap(_draw(svg, size, 1.0))
    return icon
