"""The widgets of the window and how they are laid out."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QMenuBar, QTabWidget, QVBoxLayout, QWidget

from desktop_app.session.services import Services
from desktop_app.settings import Settings
from desktop_app.ui.count.count_tab import CountTab
from desktop_app.ui.figures.side_panel import SidePanel
from desktop_app.ui.picture.transport import Transport
from desktop_app.ui.picture.video_view import VideoView
from desktop_app.ui.results.tab import ResultsTab
from desktop_app.ui.sessions.bridge import RunBridge
from desktop_app.ui.sessions.kept_counts import CountStore
from desktop_app.ui.setup.tab import SetupTab
from desktop_app.ui.sources.source_choice import SourceChoice
from desktop_app.ui.sources.start_page import StartPage
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.day_watch import DayWatch
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme
from desktop_app.ui.window.actions import MENUS, Actions, plain_text
from desktop_app.ui.window.status_line import StatusLine
from desktop_app.ui.window.strip import Strip

TABS = ("count", "results", "setup")


class Parts:
    """Made once by the window; `central` holds all of them."""

    def __init__(
        self,
        actions: Actions,
        theme: Theme,
        services: Services,
        settings: Settings,
        bridge: RunBridge,
        store: CountStore | None,
    ) -> None:
        self.actions = actions
        self.strip = Strip(actions, theme)
        self.banner = Banner(theme)
        self.view = VideoView()
        self.transport = Transport(theme)
        self.transport.setVisible(False)
        self.side = SidePanel(self.view.editor, theme)
        self.status = StatusLine()
        self.start_page = StartPage(actions, theme, services, settings, bridge)
        self.count = CountTab(actions, self.start_page, self.view, self.transport, self.side, self.status, theme)
        self.results = ResultsTab(theme, store)
        self.choice = SourceChoice(theme)
        self.setup = SetupTab(actions, theme, settings, self.choice, self.view.editor)
        self.tabs = QTabWidget()
        self.central = self._lay_out()
        self.day = DayWatch(self.central)
        self.day.changed.connect(self.start_page.say_last)
        self.day.changed.connect(self.results.new_day)
        # The top of Results has the name and figures of the count, and messages of its own.
        self.banner.float_over(self.central, self._banner_area, lambda: self.tabs.currentWidget() is self.results)

    def _lay_out(self) -> QWidget:
        self.tabs.setObjectName("main_tabs")
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName(tr("Count, Results and Set up"))
        self.tabs.tabBar().setObjectName("main_tab_bar")
        self.tabs.tabBar().setDrawBase(False)
        for page, name in zip((self.count, self.results, self.setup), TABS, strict=True):
            action = self.actions[f"show_{name}"]
            index = self.tabs.addTab(page, plain_text(action))
            self.tabs.setTabToolTip(index, action.toolTip())
        self.tabs.currentChanged.connect(lambda _index: self.banner.place())
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.strip)
        column.addWidget(self.tabs, 1)
        return whole

    def _banner_area(self) -> QRect:
        """Return where messages lie: over the picture where there is one, else over the tab."""
        page = self.tabs.currentWidget()
        if page is self.count and not self.count.shows_start:
            page = self.view
        return QRect(page.mapTo(self.central, QPoint(0, 0)), page.size())

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

    def show_tab(self, name: str) -> None:
        """Show a tab: "count", "results" or "setup"."""
        self.tabs.setCurrentIndex(TABS.index(name))

    def show_page(self, start: bool) -> None:
        """Show the page to choose a source on, or the picture."""
        self.count.show_page(start)
        self.banner.place()

    def bring_page(self, start: bool) -> None:
        """Come to the Count tab with one of its pages, see `show_page`."""
        self.show_page(start)
        self.show_tab("count")

    def show_welcome(self) -> None:
        """Show the page to choose a source on."""
        self.bring_page(True)

    def apply_theme(self, theme: Theme) -> None:
        """Draw every part in another theme."""
        self.actions.apply_theme(theme)
        for part in (
            self.strip,
            self.banner,
            self.view,
            self.transport,
            self.side,
            self.start_page,
            self.count,
            self.results,
            self.choice,
            self.setup,
        ):
            part.apply_theme(theme)
