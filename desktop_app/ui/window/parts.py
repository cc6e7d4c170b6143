"""The widgets of the window and how they are laid out."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QMenuBar, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from desktop_app.session.services import Services
from desktop_app.settings import Settings
from desktop_app.ui.figures.side_panel import SidePanel
from desktop_app.ui.picture.transport import Transport
from desktop_app.ui.picture.video_view import VideoView
from desktop_app.ui.sessions.bridge import RunBridge
from desktop_app.ui.sources.first_start import StartPage
from desktop_app.ui.sources.source_bar import SourceBar
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.theme import Theme
from desktop_app.ui.window.actions import MENUS, Actions
from desktop_app.ui.window.status_line import StatusLine

SIDE_WIDTH = 330
NARROW_SIDE_WIDTH = 292
NARROW_BELOW = 1000
"""In a narrower window the side panel gives some of its width to the picture. Pixels."""


class Parts:
    """Made once by the window; `central` holds all of them."""

    def __init__(self, actions: Actions, theme: Theme, services: Services, settings: Settings, bridge: RunBridge):
        self.actions = actions
        self.bar = SourceBar(actions, theme)
        self.banner = Banner(theme)
        self.view = VideoView()
        self.transport = Transport(theme)
        self.transport.setVisible(False)
        self.side = SidePanel(self.view.editor, actions, theme)
        self.status = StatusLine()
        self.start_page = StartPage(actions, theme, services, settings, bridge)
        self.pages = QStackedWidget()
        self.side_scroll = QScrollArea()
        self.central = self._lay_out()

    def _lay_out(self) -> QWidget:
        picture = QWidget()
        column = QVBoxLayout(picture)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.view, 1)
        column.addWidget(self.transport)
        self.pages.addWidget(self.start_page)
        self.pages.addWidget(picture)
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self.banner)
        left.addWidget(self.pages, 1)
        body = QHBoxLayout()
        body.setContentsMargins(10, 8, 10, 2)
        body.setSpacing(10)
        body.addLayout(left, 1)
        self.side_scroll.setWidgetResizable(True)
        self.side_scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.side_scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.side_scroll.setWidget(self.side)
        self.side_scroll.setFixedWidth(SIDE_WIDTH)
        body.addWidget(self.side_scroll)
        whole = QWidget()
        rows = QVBoxLayout(whole)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.bar)
        rows.addLayout(body, 1)
        rows.addWidget(self.status)
        return whole

    def fill_menus(self, bar: QMenuBar) -> None:
        """Add every menu with its commands."""
        for title, keys in MENUS:
            menu = bar.addMenu(title)
            menu.setToolTipsVisible(True)
            for key in keys:
                if key == "-":
                    menu.addSeparator()
                else:
                    menu.addAction(self.actions[key])

    def show_page(self, start: bool) -> None:
        """Show the page to choose a source on, or the picture."""
        self.pages.setCurrentIndex(0 if start else 1)

    def show_welcome(self) -> None:
        """Show the page to choose a source on."""
        self.show_page(True)

    def show_side(self, shown: bool) -> None:
        """Show or hide the totals and charts beside the picture."""
        self.side_scroll.setVisible(shown)

    def fit(self, window_width: int) -> None:
        """Share the width of the window out between the picture and the figures."""
        self.side_scroll.setFixedWidth(SIDE_WIDTH if window_width >= NARROW_BELOW else NARROW_SIDE_WIDTH)

    def apply_theme(self, theme: Theme) -> None:
        """Draw every part in another theme."""
        self.actions.apply_theme(theme)
        for part in (self.bar, self.banner, self.view, self.transport, self.side, self.start_page):
            part.apply_theme(theme)
