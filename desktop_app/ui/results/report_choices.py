"""How the report of a count is made: the length of its intervals, and whether small numbers are hidden."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from desktop_app.settings import HIDE_BELOW
from desktop_app.ui.widgets.texts import tr


class ReportChoices(QWidget):
    """Signals: `minutes_chosen(int)`, 0 for intervals that suit the count, and `hide_below_chosen(int)`, 0 for off."""

    minutes_chosen = Signal(int)
    hide_below_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.minutes = QComboBox()
        self.minutes.setAccessibleName(tr("Length of an interval"))
        self.minutes.setToolTip(tr("Over how many minutes the table and the bars of the report count"))
        self.minutes.addItem(tr("Intervals: automatic"), 0)
        for minutes in (1, 5, 15, 60):
            self.minutes.addItem(tr("Intervals of {minutes} min", minutes=minutes), minutes)
        self.hide_below = QComboBox()
        self.hide_below.setAccessibleName(tr("Hide small numbers"))
        self.hide_below.setToolTip(
            tr(
                "Whoever knows who was there could tell single people from small numbers. Reports, tables and charts "
                "then show “<5” in place of 1 to 4, and no rows of single people. Your own lists stay complete."
            )
        )
        for below in HIDE_BELOW:
            words = tr("Hide numbers below {number}", number=below) if below else tr("Small numbers: shown")
            self.hide_below.addItem(words, below)
        for box in (self.hide_below, self.minutes):
            box.setProperty("compact", "true")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 5)
        row.setSpacing(6)
        row.addWidget(self.hide_below)
        row.addWidget(self.minutes)
        self.minutes.currentIndexChanged.connect(self._minutes)
        self.hide_below.currentIndexChanged.connect(self._below)

    def show_hide_below(self, below: int) -> None:
        """Show which small numbers are hidden; this is no choice."""
        self.hide_below.blockSignals(True)
        self.hide_below.setCurrentIndex(self.hide_below.findData(below))
        self.hide_below.blockSignals(False)

    @Slot()
    def _minutes(self) -> None:
        self.minutes_chosen.emit(int(self.minutes.currentData()))

    @Slot()
    def _below(self) -> None:
        self.hide_below_chosen.emit(int(self.hide_below.currentData()))
