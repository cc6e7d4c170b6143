"""The left side of the tab: the search, the list of counts, and the small curves, read for the rows on the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from desktop_app.domain.curve import Curve
from desktop_app.ui.results.count_list import CountList
from desktop_app.ui.sessions.kept_counts import KeptCount, KeptCounts
from desktop_app.ui.widgets.search_field import SearchField
from desktop_app.ui.widgets.tasks import Tasks
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme

CURVES_AT_ONCE = 40
CURVES_AFTER_MS = 120
SMALLEST_WIDTH = 210


class CountSide(QWidget):
    """What is searched for and chosen is the tab's to hear of: `search.textChanged`, and the list's selection."""

    def __init__(
        self,
        theme: Theme,
        tasks: Tasks,
        kept: Callable[[], KeptCounts],
        keeps: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        """`keeps` tells whether counts are kept at all."""
        super().__init__(parent)
        self._keeps = keeps
        self._tasks = tasks
        self._kept = kept
        self.setMinimumWidth(SMALLEST_WIDTH)
        self.search = SearchField(tr("Search: name, place, date"), tr("Search the counts"))
        self.empty = QLabel(tr("Reading the kept counts…"))
        self.empty.setWordWrap(True)
        self.empty.setProperty("role", "muted")
        self.list = CountList(theme)
        self._curves = QTimer(self)
        self._curves.setSingleShot(True)
        self._curves.setInterval(CURVES_AFTER_MS)
        self._curves.timeout.connect(self._read_curves)
        self.list.verticalScrollBar().valueChanged.connect(self._curves.start)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.search)
        column.addWidget(self.empty)
        column.addWidget(self.list, 1)
        column.addStretch(0)

    @property
    def busy(self) -> bool:
        return self._curves.isActive()

    def stop(self) -> None:
        self._curves.stop()

    def show_counts(self, counts: Sequence[KeptCount]) -> None:
        """Show other counts; whoever calls chooses one again."""
        self.list.counts.show(counts)
        if self._keeps:
            self._say_empty(tr("No count is kept yet. Every count with somebody in it is, from its start on."))
        else:
            self._say_empty(
                tr(
                    "What is counted now is shown here until Headcount is closed, and not kept: the stored counts "
                    "cannot be used. They have not been changed."
                )
            )

    def narrow(self, text: str) -> None:
        """Show only the counts that have every word of a text."""
        self.list.counts.search(text)
        self._say_empty(tr("No count has these words."))

    def _say_empty(self, text: str) -> None:
        is_empty = not self.list.counts.rowCount()
        self.empty.setText(text)
        self.empty.setVisible(is_empty)
        self.list.setVisible(not is_empty)
        self._curves.start()

    @Slot()
    def _read_curves(self) -> None:
        wanted = self.list.counts.without_curve(*self.list.shown_rows())[:CURVES_AT_ONCE]
        if wanted and not self._tasks.is_busy("curves"):
            kept = self._kept()

            def read() -> dict[KeptCount, Curve]:
                return {count: kept.curve(count.id) for count in wanted}

            self._tasks.begin("curves", read, self._curves_read)

    def _curves_read(self, curves: dict[KeptCount, Curve]) -> None:
        self.list.counts.add_curves(curves)
        self._curves.start()

    def apply_theme(self, theme: Theme) -> None:
        self.list.apply_theme(theme)
