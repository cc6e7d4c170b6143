"""What stands above the report of a count: its name, its figures, and what can be done with it."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from desktop_app.domain.shares import whole_shares
from desktop_app.domain.types import Counts, Gender
from desktop_app.ui.results.count_list import day_title, time_words
from desktop_app.ui.sessions.kept_counts import KeptCount
from desktop_app.ui.widgets.cut_label import CutLabel
from desktop_app.ui.widgets.marks import MarkWidget
from desktop_app.ui.widgets.texts import people_words, shares_words, tr
from desktop_app.ui.widgets.theme import GENDER_WORDS, Theme

_CAPTIONS = {Gender.FEMALE: "appear female", Gender.MALE: "appear male", Gender.UNDECIDED: "undecided"}
_ORDER = (Gender.FEMALE, Gender.MALE, Gender.UNDECIDED)


class Header(QWidget):
    """The buttons are the tab's to connect: `save_pdf`, `table`, `copy`, `print_`, and `more` with its menu."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = CutLabel("heading")
        self.about = CutLabel("muted")
        self.people = QLabel()
        self.people.setProperty("role", "title")
        self.marks: dict[Gender, MarkWidget] = {}
        self.figures: dict[Gender, QLabel] = {}
        self._texts: dict[Gender, tuple[str, str]] = {}
        """What is said of each gender, in full and in few words."""
        figures = QHBoxLayout()
        figures.setSpacing(6)
        figures.addWidget(self.people)
        for gender in _ORDER:
            figures.addSpacing(10)
            self.marks[gender] = MarkWidget(gender, theme.gender(gender), 12)
            self.figures[gender] = QLabel()
            self.figures[gender].setAccessibleName(GENDER_WORDS[gender])
            figures.addWidget(self.marks[gender])
            figures.addWidget(self.figures[gender])
        figures.addStretch(1)
        self.save_pdf = QPushButton(tr("Save PDF"))
        self.save_pdf.setProperty("primary", "true")
        self.save_pdf.setToolTip(tr("Save the report as PDF in your documents (Ctrl+S)"))
        self.table = _menu_button(tr("Table"), tr("Save the figures as a table"))
        self.copy = QPushButton(tr("Copy"))
        self.copy.setToolTip(tr("Copy the totals and the table, for a mail or a spreadsheet"))
        self.print_ = QPushButton(tr("Print"))
        self.print_.setToolTip(tr("Print the report (Ctrl+P)"))
        self.more = _menu_button(tr("More"), tr("Name, agenda, join, compare, count again, check, delete"))
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self.save_pdf, self.table, self.copy, self.print_):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.more)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.name)
        column.addWidget(self.about)
        column.addLayout(figures)
        column.addSpacing(4)
        column.addLayout(buttons)
        self.show_count(None)

    def show_count(self, count: KeptCount | None) -> None:
        """Show what the list knows of a count, at once."""
        self.setEnabled(count is not None)
        if count is None:
            self.name.show_text("")
            self.about.show_text("")
            self.show_figures(None)
            return
        began = datetime.fromtimestamp(count.opened_utc)
        when = f"{day_title(began.date(), datetime.now().date())}, {time_words(count)}"
        name = count.name or when
        recorded = ""
        if count.recorded_utc is not None:
            recorded = tr("recorded {time}", time=f"{datetime.fromtimestamp(count.recorded_utc):%Y-%m-%d %H:%M}")
        self.name.show_text(name)
        parts = (when if count.name else "", recorded, count.place, count.note)
        about = " · ".join(part for part in parts if part)
        self.about.show_text(about or tr("No name and no place yet: More, Name"))
        self.show_figures(Counts(count.female, count.male, count.undecided))

    def show_figures(self, counts: Counts | None) -> None:
        """Show totals with their shares; None shows nothing."""
        for gender in _ORDER:
            self.marks[gender].setVisible(counts is not None)
            self.figures[gender].setVisible(counts is not None)
        self.people.setText(people_words(counts.people) if counts is not None else "")
        if counts is None:
            return
        numbers = [counts.female, counts.male, counts.undecided]
        for gender, number, share in zip(_ORDER, numbers, whole_shares(numbers), strict=True):
            percent = f" ({share}%)" if counts.people else ""
            self._texts[gender] = (
                f"{number:,} {tr(_CAPTIONS[gender])}{percent}",
                f"{number:,} {tr(gender.value)}{percent}",
            )
            self.figures[gender].setToolTip(shares_words(numbers))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Say it in fewer words where there is little room: a share that is cut off reads as another one."""
        if not self._texts:
            return
        metrics = self.figures[Gender.FEMALE].fontMetrics()
        words = sum(metrics.horizontalAdvance(full) for full, _ in self._texts.values())
        needed = self.people.sizeHint().width() + words + len(_ORDER) * (12 + 10 + 3 * 6)
        for gender, (full, short) in self._texts.items():
            self.figures[gender].setText(full if needed <= self.width() else short)

    def apply_theme(self, theme: Theme) -> None:
        for gender, mark in self.marks.items():
            mark.set_colour(theme.gender(gender))


def _menu_button(words: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(words)
    button.setProperty("menu", "true")
    button.setToolTip(tip)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    button.setMenu(QMenu(button))
    return button
