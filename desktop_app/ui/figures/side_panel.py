"""The column beside the picture: totals, lines and zones, the chart and the ages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from desktop_app.domain.curve import Curve
from desktop_app.domain.types import Counts
from desktop_app.ui.doors.door_cards import DoorCards
from desktop_app.ui.figures.curve_reader import LiveBars
from desktop_app.ui.figures.totals import MainFigure, TotalsPanel
from desktop_app.ui.places.place_editor import PlaceEditor
from desktop_app.ui.widgets.theme import Theme

if TYPE_CHECKING:
    from desktop_app.ui.figures.charts import ChartPanel
    from desktop_app.ui.figures.plots import AgePanel


class SidePanel(QWidget):
    """`add_plots` brings in the charts, which is left until the window is on the screen: their library loads slowly."""

    def __init__(self, editor: PlaceEditor, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.totals = TotalsPanel(theme)
        self.doors = DoorCards(editor, theme)
        self.chart: ChartPanel | None = None
        self.ages: AgePanel | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addWidget(self.totals)
        self._column.addWidget(self.doors)
        self._column.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(270)

    def add_plots(self) -> None:
        """Load and show the charts; a second call does nothing."""
        if self.chart is not None:
            return
        from desktop_app.ui.figures.charts import ChartPanel
        from desktop_app.ui.figures.plots import AgePanel

        self.chart = ChartPanel(self._theme)
        self.ages = AgePanel(self._theme)
        stretch = self._column.takeAt(2)
        del stretch
        self._column.insertWidget(2, self.chart, 5)
        self._column.insertWidget(3, self.ages, 4)
        self.ages.show_counts(self.totals.counts)

    def show_counts(self, counts: Counts, final: bool, main: MainFigure | None = None) -> None:
        self.totals.show_counts(counts, final, main)
        if self.ages is not None:
            self.ages.show_counts(counts)

    def show_curve(self, curve: Curve | None, until_s: float, bars: LiveBars | None = None) -> None:
        """Draw the running totals; None for no count. `until_s` is now, in seconds since the count began."""
        if self.chart is None:
            return
        if curve is None:
            self.chart.clear()
        else:
            self.chart.show_curve(curve, until_s, bars)

    def apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        for part in (self.totals, self.doors, self.chart, self.ages):
            if part is not None:
                part.apply_theme(theme)
