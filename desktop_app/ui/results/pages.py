"""The two pages of the chosen count: the report as it prints, and its people."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from desktop_app.ui.results.people_page import PeoplePage
from desktop_app.ui.results.report_choices import ReportChoices
from desktop_app.ui.results.report_view import ReportView
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme


class ResultPages(QTabWidget):
    """What is chosen of the report stands beside the tabs while that is shown, above it where there is no room."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Report and people of the chosen count"))
        self.report = ReportView(theme)
        self.people = PeoplePage(theme)
        self.choices = ReportChoices()
        report = QWidget()
        self._rows = QVBoxLayout(report)
        self._rows.setContentsMargins(8, 8, 8, 8)
        self._rows.addWidget(self.report, 1)
        self._is_beside = True
        self._nothing = QWidget(self)
        self._nothing.setVisible(False)
        self.addTab(report, tr("Report"))
        self.addTab(self.people, tr("People and corrections"))
        self.setCornerWidget(self.choices, Qt.Corner.TopRightCorner)
        self.setTabToolTip(0, tr("The report exactly as it prints"))
        self.setTabToolTip(1, tr("Who was counted, and what to put right"))
        self.currentChanged.connect(self._shown)

    def show_note(self, text: str, offer: str = "") -> None:
        """Say why neither page shows anything; `offer` are the words of a button that prepares the report."""
        self.report.show_note(text, offer)
        self.people.show_note(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_choices()

    def _place_choices(self) -> None:
        """Put the choices above the report where they would cover the tabs."""
        needed = self.tabBar().sizeHint().width() + self.choices.sizeHint().width()
        is_beside = needed <= self.width()
        if is_beside == self._is_beside:
            return
        self._is_beside = is_beside
        if is_beside:
            self._rows.removeWidget(self.choices)
            self.setCornerWidget(self.choices, Qt.Corner.TopRightCorner)
        else:
            self.setCornerWidget(self._nothing, Qt.Corner.TopRightCorner)
            self._rows.insertWidget(0, self.choices, 0, Qt.AlignmentFlag.AlignRight)
        self.choices.setVisible(self.currentWidget() is not self.people or not is_beside)

    @Slot(int)
    def _shown(self, page: int) -> None:
        if self._is_beside:
            self.choices.setVisible(self.widget(page) is not self.people)
        if self.widget(page) is self.people:
            self.people.table.setFocus()
