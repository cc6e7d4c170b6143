"""The Count tab: three steps while nothing runs; then the picture, the figures and what can be done about them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app.ui.count.recent_people import RecentPeople
from desktop_app.ui.figures.side_panel import SidePanel
from desktop_app.ui.picture.transport import Transport
from desktop_app.ui.picture.video_view import VideoView
from desktop_app.ui.sources.start_page import StartPage
from desktop_app.ui.widgets.button_row import ButtonRow
from desktop_app.ui.widgets.theme import Theme
from desktop_app.ui.window.actions import Actions
from desktop_app.ui.window.status_line import StatusLine

SIDE_SHARE = 0.27
SIDE_WIDTHS = (292, 720)
"""The panel of figures takes this share of the window's width, between these two widths in pixels."""

SCROLL_BAR = 12
"""The room of the bar that scrolls the figures, in pixels."""

ROOM_FOR_RECENT = 860
"""In a window at least this high the recent people are shown until the operator chooses otherwise. Pixels."""

TOOLS = ("pause", "reset", "snapshot", "record", "add_line")


class CountTab(QWidget):
    """Made once by the window from its parts."""

    def __init__(
        self,
        actions: Actions,
        start_page: StartPage,
        view: VideoView,
        transport: Transport,
        side: SidePanel,
        status: StatusLine,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._actions = actions
        self._recent_chosen = False
        self._alone = False
        self.view = view
        self.recent = RecentPeople(theme)
        self.recent.setVisible(False)
        self.status = status
        self.status.show_technical(False)
        self._side = side
        self.side_scroll = QScrollArea()
        self.side_scroll.setWidgetResizable(True)
        self.side_scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.side_scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.side_scroll.setWidget(side)
        self.tools = ButtonRow([actions.button(key, text=True) for key in TOOLS])
        self.commands = self._commands()
        self.pages = QStackedWidget()
        self.pages.addWidget(start_page)
        self.pages.addWidget(self._running(transport))
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.pages)

    def _running(self, transport: Transport) -> QWidget:
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self.tools)
        left.addWidget(self.view, 1)
        left.addWidget(transport)
        left.addWidget(self.recent)
        left.addWidget(self.commands)
        body = QHBoxLayout()
        body.setSpacing(10)
        body.addLayout(left, 1)
        body.addWidget(self.side_scroll)
        page = QWidget()
        rows = QVBoxLayout(page)
        rows.setContentsMargins(10, 6, 10, 4)
        rows.setSpacing(6)
        rows.addLayout(body, 1)
        rows.addWidget(self.status)
        return page

    def _commands(self) -> ButtonRow:
        missed = self._actions.button("missed", text=True, flat=False)
        menu = QMenu(missed)
        menu.setToolTipsVisible(True)
        for key in ("missed", "missed_female", "missed_male", "missed_note"):
            menu.addAction(self._actions[key])
        missed.setMenu(menu)
        missed.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        missed.setObjectName("missed_button")
        others = [self._actions.button(key, text=True, flat=False) for key in ("wrong", "kiosk", "recent")]
        return ButtonRow([missed, *others], [self._actions.button("technical", text=True)])

    # --- what is shown -------------------------------------------------------------------------------------------

    def show_page(self, start: bool) -> None:
        """Show the page to choose a source on, or the picture."""
        # The window's own: where another program has the keyboard, as after a drop from it, the application has none.
        focused, first = self.window().focusWidget(), self.pages.widget(0)
        leaves = not start and (focused is None or (first is not None and first.isAncestorOf(focused)))
        self.pages.setCurrentIndex(0 if start else 1)
        if leaves:  # else the keyboard would end up on whichever button comes next
            self.view.setFocus()

    @property
    def shows_start(self) -> bool:
        """Whether the page to choose a source on is shown."""
        return self.pages.currentIndex() == 0

    def show_recent(self, shown: bool) -> None:
        """Show or hide the recent people, as the operator chose."""
        self._recent_chosen = True
        self.recent.setVisible(shown)

    def correct_recent(self) -> None:
        """Show the recent people with the keyboard on the newest."""
        self._actions["recent"].setChecked(True)
        self.show_recent(True)
        self.recent.start_correcting()

    def show_technical(self, shown: bool) -> None:
        """Show or hide speed, delay, detector and model."""
        self.status.show_technical(shown)

    def show_side(self, shown: bool) -> None:
        """Show or hide the totals and charts beside the picture."""
        self.side_scroll.setVisible(shown)

    def show_alone(self, alone: bool) -> None:
        """Leave picture and figures alone, as the full screen does, or bring everything back."""
        self._alone = alone
        self.tools.setVisible(not alone)
        self.commands.setVisible(not alone)
        if alone:
            self.status.setVisible(False)
        else:
            self.status.show_technical(self._actions["technical"].isChecked())
        self.recent.setVisible(not alone and self._actions["recent"].isChecked())

    def fit(self, width: int, height: int) -> None:
        """Share out the size of the window, in pixels."""
        least, most = SIDE_WIDTHS
        side = max(least, min(most, round(width * SIDE_SHARE)))
        self.side_scroll.setFixedWidth(side)
        # The bar's room is left free even without it: figures as wide as the panel would else change their height when
        # the bar comes, and the bar with their height, for ever.
        self._side.setFixedWidth(side - SCROLL_BAR)
        if not self._recent_chosen:
            wanted = height >= ROOM_FOR_RECENT
            self._actions["recent"].setChecked(wanted)
            self.recent.setVisible(wanted and not self._alone)

    def apply_theme(self, theme: Theme) -> None:
        self.recent.apply_theme(theme)
