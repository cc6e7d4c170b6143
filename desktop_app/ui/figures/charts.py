"""The card with the chart of a count: by the clock, or how it has grown so far. Imported after the window is shown."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.curve import Curve
from desktop_app.domain.types import Gender
from desktop_app.reports.charts import arrivals_chart, gaps_between
from desktop_app.reports.drawing import Drawing
from desktop_app.reports.times import moment_within
from desktop_app.ui.figures.curve_reader import LiveBars
from desktop_app.ui.figures.drawing_view import DrawingView
from desktop_app.ui.figures.plots import CurveView
from desktop_app.ui.widgets.cut_label import CutLabel
from desktop_app.ui.widgets.marks import MarkWidget
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import GENDER_WORDS, Theme, text_px

SHORT_S = 600.0
"""Until the operator chooses, a count shorter than this shows how it grows: by the clock it is a bar or two."""

_LEGEND = (Gender.FEMALE, Gender.MALE, Gender.UNDECIDED)


def bar_words(minutes: int) -> str:
    """Return how long one bar takes, in words short enough for the head of the card."""
    words = {1: tr("Every minute"), 60: tr("Every hour"), 1440: tr("Every day")}
    return words.get(minutes) or tr("Every {minutes} min", minutes=minutes)


class ChartPanel(QFrame):
    """Both charts with one legend; two buttons choose between them."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._bars: LiveBars | None = None
        self._chosen = False
        self.curve = CurveView(theme)
        self.bars = DrawingView(theme, self._draw)
        self.bars.setAccessibleName(tr("People by the clock"))
        self._title = CutLabel("title")
        self._by_clock = self._button(tr("By the clock"), tr("How many came in each hour or part of one"))
        self._so_far = self._button(tr("So far"), tr("How the count has grown since its start"))
        group = QButtonGroup(self)
        for index, button in enumerate((self._by_clock, self._so_far)):
            group.addButton(button, index)
        group.idClicked.connect(self._choose)
        self._head, self._below = QHBoxLayout(), QHBoxLayout()
        self._head.setSpacing(2)
        self._below.setSpacing(2)
        self._below.addStretch(1)
        self._head.addWidget(self._title, 1)
        self._is_narrow: bool | None = None
        self._place_buttons(is_narrow=False)
        self._marks = {g: MarkWidget(g, theme.gender(g), 9) for g in _LEGEND}
        legend = QHBoxLayout()
        legend.setSpacing(4)
        for gender in _LEGEND:
            legend.addWidget(self._marks[gender])
            legend.addWidget(_small(GENDER_WORDS[gender].removeprefix("appears ")))
            legend.addSpacing(2)
        self._gaps = _small(tr("▨ not watched"))
        legend.addWidget(self._gaps)
        legend.addStretch(1)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.bars)
        self._pages.addWidget(self.curve)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.setSpacing(3)
        layout.addLayout(self._head)
        layout.addLayout(self._below)
        layout.addLayout(legend)
        layout.addWidget(self._pages, 1)
        self._show(1)

    def _button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        button.setProperty("flat", "true")
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _place_buttons(self, *, is_narrow: bool) -> None:
        """Put the buttons beside the title, or below it where it would be cut off, as with large letters."""
        if is_narrow != self._is_narrow:
            self._is_narrow = is_narrow
            row, first = (self._below, 0) if is_narrow else (self._head, 1)
            for place, button in enumerate((self._by_clock, self._so_far), first):
                row.insertWidget(place, button)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        words = (tr("People so far"), *(bar_words(minutes) for minutes in (1, 15, 60, 1440)))
        title = max(self._title.fontMetrics().horizontalAdvance(text) for text in words)
        beside = sum(button.sizeHint().width() + 2 for button in (self._by_clock, self._so_far))
        self._place_buttons(is_narrow=event.size().width() < title + beside + 20)

    def _choose(self, index: int) -> None:
        self._chosen = True
        self._show(index)

    def _show(self, index: int) -> None:
        self._pages.setCurrentIndex(index)
        (self._by_clock, self._so_far)[index].setChecked(True)
        minutes = self._bars.options.minutes if self._bars is not None else 60
        self._title.show_text(bar_words(minutes) if index == 0 else tr("People so far"))
        self.setAccessibleName(self._title.whole)
        self._gaps.setVisible(index == 0 and self._bars is not None and bool(gaps_between(self._bars.watched)))

    def show_curve(self, curve: Curve, until_s: float, bars: LiveBars | None) -> None:
        """Show the totals up to now, in seconds since the count began, and the people by the clock."""
        self.curve.show_curve(curve, until_s)
        if bars is not self._bars:
            self._bars = bars
            self.bars.redraw()
            self.bars.setAccessibleDescription(bars_summary(bars))
            self._show(self._pages.currentIndex())
        if not self._chosen:
            wanted = 0 if until_s >= SHORT_S and bars is not None else 1
            if wanted != self._pages.currentIndex():
                self._show(wanted)

    def clear(self) -> None:
        """Show no count."""
        self.curve.clear()
        self._bars = None
        self.bars.redraw()
        self.bars.setAccessibleDescription("")

    def _draw(self, width: float, height: float) -> Drawing | None:
        if self._bars is None or not self._bars.intervals:
            return None
        return arrivals_chart(self._bars, width, height, head=False)

    def apply_theme(self, theme: Theme) -> None:
        self.curve.apply_theme(theme)
        self.bars.apply_theme(theme)
        for gender, mark in self._marks.items():
            mark.set_colour(theme.gender(gender))


def bars_summary(bars: LiveBars | None) -> str:
    """Return the bars as one sentence for a screen reader, the newest twelve at most."""
    if bars is None:
        return ""
    zone, intervals = bars.options.zone, bars.intervals
    shown = [i for i in intervals if not i.is_missing][-12:]

    def time(utc: float) -> str:
        return moment_within(utc, intervals[0].start_utc, intervals[-1].end_utc, zone)

    return ", ".join(tr("from {time} {number}", time=time(i.start_utc), number=f"{i.people:,}") for i in shown)


def _small(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "muted")
    label.setStyleSheet(f"font-size: {text_px(11)}px;")
    return label
