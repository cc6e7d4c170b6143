"""The two pages of the chosen count: the report as it prints, and its people."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from desktop_app.ui.results.people_page import PeoplePage
from desktop_app.ui.results.report_choices import ReportChoices
from desktop_app.ui.results.report_view import ReportView
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme


class ResultPages(QTabWidget):
    """What is chosen of the report stands beside the tabs while the report is shown."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Report and people of the chosen count"))
        self.report = ReportView(theme)
        self.people = PeoplePage(theme)
        self.choices = ReportChoices()
        report = QWidget()
        rows = QVBoxLayout(report)
        rows.setContentsMargins(8, 8, 8, 8)
        rows.addWidget(self.report, 1)
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

    @Slot(int)
    def _shown(self, page: int) -> None:
        self.choices.setVisible(self.widget(page) is not self.people)
        if self.widget(page) is self.people:
            self.people.table.setFocus()
