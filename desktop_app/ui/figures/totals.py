"""The running totals beside the picture, in figures as large as there is room for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from desktop_app.domain.record_sums import PlaceFigures
from desktop_app.domain.shares import whole_shares
from desktop_app.domain.types import Counts, Gender
from desktop_app.ui.widgets.marks import MarkWidget
from desktop_app.ui.widgets.texts import people_words, shares_words, tr
from desktop_app.ui.widgets.theme import GENDER_WORDS, Theme, text_px

_ORDER = (Gender.FEMALE, Gender.MALE, Gender.UNDECIDED)


def gender_figures(counts: Counts) -> dict[Gender, int]:
    """Return the three totals that add up to the number of people."""
    return {Gender.FEMALE: counts.female, Gender.MALE: counts.male, Gender.UNDECIDED: counts.undecided}


def gender_caption(gender: Gender, counts: Counts) -> str:
    """Return what stands beside a total; of the undecided it says how many are still being looked at."""
    if gender is Gender.UNDECIDED and counts.looking:
        return tr("undecided · {number} still looking", number=f"{counts.looking:,}")
    return GENDER_WORDS[gender]


def totals_words(counts: Counts) -> str:
    """Return the totals of a count that is over as one plain sentence."""
    looking = tr(" ({number} still looking)", number=f"{counts.looking:,}") if counts.looking else ""
    return tr(
        "{people}: {female} appear female, {male} appear male, {undecided} undecided{looking}",
        people=people_words(counts.people),
        female=f"{counts.female:,}",
        male=f"{counts.male:,}",
        undecided=f"{counts.undecided:,}",
        looking=looking,
    )


def summary(counts: Counts) -> str:
    """Return the totals as one plain sentence, for the clipboard and for a screen reader."""
    return tr("{totals}; {in_view} in view now", totals=totals_words(counts), in_view=f"{counts.in_view:,}")


@dataclass(frozen=True, slots=True)
class MainFigure:
    """The number that is shown largest, what it counts, and what stands beside it ("" for nothing)."""

    number: int
    words: str
    beside: str = ""


def main_figure(wanted: str, counts: Counts, places: Mapping[Any, PlaceFigures]) -> MainFigure:
    """Return the largest figure. `wanted` is "people" or "entering"; `places` are the figures of lines and zones.

    Without a line nobody can be seen to enter, and everyone seen is what is shown.
    """
    lines = [figures for figures in places.values() if figures.kind == "line"]
    if wanted == "entering" and lines:
        seen = tr("of {people} seen", people=people_words(counts.people))
        return MainFigure(sum(f.into for f in lines), tr("came in"), seen)
    return MainFigure(counts.people, tr("people counted") if counts.people != 1 else tr("person counted"))


class Figure(QLabel):
    """A large number whose accessible name holds it: a screen reader reads names, not what is painted."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.show_number(0)

    def show_number(self, number: int) -> None:
        text = f"{number:,}"
        if text != self.text():
            self.setText(text)
        self.setAccessibleName(f"{self._name}: {text}")

    def name(self, name: str) -> None:
        """Call the number something else."""
        self._name = name
        self.setAccessibleName(f"{name}: {self.text()}")

    def set_pixel_size(self, pixels: int) -> None:
        self.setStyleSheet(f"font-size: {pixels}px; font-weight: 700;")


class BigFigure(Figure):
    """A number as wide as its place, at most `most` pixels high; it keeps its size while it gains no digit."""

    MOST = 300
    LEAST = 44

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        self._pixels = 0
        super().__init__(name, parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, super().minimumSizeHint().height())

    def show_number(self, number: int) -> None:
        super().show_number(number)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        # As if it had three digits at least: a count must not shrink at 10 and at 100.
        text = self.text() if len(self.text()) > 3 else "888"
        font = QFont(self.font())
        font.setWeight(QFont.Weight.Bold)
        font.setPixelSize(100)
        advance = QFontMetricsF(font).horizontalAdvance(text)
        pixels = max(self.LEAST, min(self.MOST, int(100 * 0.94 * self.width() / advance)))
        if pixels != self._pixels:
            self._pixels = pixels
            self.set_pixel_size(pixels)
            self.setFixedHeight(round(pixels * 1.02))


class TotalsPanel(QFrame):
    """The main number, appears female, appears male, undecided and in view now; below, the count before, which is kept.

    `before_asked()` is emitted when the operator wants to see kept counts. The figures grow with the panel.
    """

    before_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName(tr("Totals"))
        self._counts: Counts | None = None
        self._main: MainFigure | None = None
        self._people = BigFigure(tr("People counted"))
        self._in_view = Figure(tr("In view now"))
        self._what = QLabel()
        self._final = QLabel(tr("final"))
        self._final.setProperty("role", "muted")
        self._final.setVisible(False)
        self._beside = _muted("")
        self._marks: dict[Gender, MarkWidget] = {}
        self._figures: dict[Gender, Figure] = {}
        self._shares: dict[Gender, QLabel] = {}
        self._captions: dict[Gender, QLabel] = {}
        caption = QHBoxLayout()
        caption.setSpacing(5)
        caption.addStretch(1)
        for label in (self._what, self._final, self._beside):
            caption.addWidget(label)
        caption.addStretch(1)
        grid = QGridLayout()
        grid.setHorizontalSpacing(7)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        for row, gender in enumerate(_ORDER):
            self._add_row(grid, row, gender, theme)
        grid.addWidget(_muted(tr("in view now")), len(_ORDER), 1)
        grid.addWidget(self._in_view, len(_ORDER), 2)
        self._in_view.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 6, 14, 10)
        layout.setSpacing(4)
        layout.addWidget(self._people)
        layout.addLayout(caption)
        layout.addSpacing(4)
        layout.addLayout(grid)
        layout.addWidget(self._make_before())
        self.apply_theme(theme)
        self.show_counts(Counts())

    def _add_row(self, grid: QGridLayout, row: int, gender: Gender, theme: Theme) -> None:
        mark = MarkWidget(gender, theme.gender(gender))
        figure = Figure(GENDER_WORDS[gender])
        figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        caption = QLabel(GENDER_WORDS[gender])
        share = _muted("–")
        share.setMinimumWidth(36)
        share.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for column, widget in enumerate((mark, caption, figure, share)):
            grid.addWidget(widget, row, column)
        self._marks[gender], self._captions[gender] = mark, caption
        self._figures[gender], self._shares[gender] = figure, share

    def _make_before(self) -> QWidget:
        self._before = _muted("")
        self._show_before = QPushButton(tr("Show"))
        self._show_before.setProperty("flat", "true")
        self._show_before.setToolTip(tr("Show the counts that are kept"))
        self._show_before.setAccessibleName(tr("Show the counts that are kept"))
        self._show_before.clicked.connect(self.before_asked)
        self._before_row = QWidget()
        row = QHBoxLayout(self._before_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._before, 1)
        row.addWidget(self._show_before)
        self._before_row.setVisible(False)
        return self._before_row

    @property
    def counts(self) -> Counts:
        return self._counts or Counts()

    def show_counts(self, counts: Counts, final: bool = False, main: MainFigure | None = None) -> None:
        """Show new totals; `final` says that the source has ended and they will not change.

        `main` is the largest figure, everyone counted by default.
        """
        main = main or main_figure("people", counts, {})
        self._final.setText(tr("· final"))
        self._final.setVisible(final)
        if main != self._main:
            self._main = main
            self._people.show_number(main.number)
            self._people.name(main.words.capitalize())
            self._what.setText(main.words)
            self._beside.setText(main.beside)
            self._beside.setVisible(bool(main.beside))
        if counts == self._counts:
            return
        self._counts = counts
        self._in_view.show_number(counts.in_view)
        figures = gender_figures(counts)
        numbers = list(figures.values())
        shares, rounded = whole_shares(numbers), shares_words(numbers)
        for (gender, number), share in zip(figures.items(), shares, strict=True):
            self._figures[gender].show_number(number)
            self._captions[gender].setText(gender_caption(gender, counts))
            self._shares[gender].setText(f"{share}%" if counts.people else "–")
            self._shares[gender].setToolTip(rounded)
            self._shares[gender].setAccessibleName(f"{GENDER_WORDS[gender]}: {self._shares[gender].text()}")
        self.setAccessibleDescription(summary(counts))

    def show_before(self, people: int) -> None:
        """Say how many people the count before has; nothing where it has none."""
        text = tr("Before: {people}, kept.", people=people_words(people)) if people else ""
        if text != self._before.text():
            self._before.setText(text)
            self._before_row.setVisible(bool(text))

    @property
    def before(self) -> str:
        """What is said of the count before, "" for nothing."""
        return self._before.text()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width = event.size().width()
        if width == event.oldSize().width():
            return
        words = max(text_px(12), min(26, round(width * 0.042)))
        for figure in (*self._figures.values(), self._in_view):
            figure.set_pixel_size(max(20, min(60, round(width * 0.075))))
        for label in (self._what, self._final, self._beside, *self._captions.values(), *self._shares.values()):
            label.setStyleSheet(f"font-size: {words}px;")

    def apply_theme(self, theme: Theme) -> None:
        for gender, mark in self._marks.items():
            mark.set_colour(theme.gender(gender))


def _muted(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "muted")
    return label
