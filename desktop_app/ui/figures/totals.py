"""The running totals in large figures: beside the picture, and alone on a screen that visitors can read."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from desktop_app.domain.types import Counts, Gender
from desktop_app.ui.widgets.marks import MarkWidget, paint_mark
from desktop_app.ui.widgets.texts import people_words, tr
from desktop_app.ui.widgets.theme import GENDER_WORDS, Theme

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


class Figure(QLabel):
    """A large number, aligned so that it does not move when it gains a digit."""

    def __init__(self, pixel_size: int, parent: QWidget | None = None) -> None:
        super().__init__("0", parent)
        self.setStyleSheet(f"font-size: {pixel_size}px; font-weight: 700;")


class TotalsPanel(QFrame):
    """People, appears female, appears male, undecided and in view now; below them the count before, which is kept.

    `before_asked()` is emitted when the operator wants to see kept counts.
    """

    before_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName("Totals")
        self._counts: Counts | None = None
        self._people = Figure(50)
        self._people.setAccessibleName("People counted")
        self._in_view = Figure(26)
        self._in_view.setAccessibleName("In view now")
        self._final = QLabel("final")
        self._final.setProperty("role", "muted")
        self._final.setVisible(False)
        self._marks: dict[Gender, MarkWidget] = {}
        self._figures: dict[Gender, Figure] = {}
        self._shares: dict[Gender, QLabel] = {}
        self._captions: dict[Gender, QLabel] = {}

        people = QVBoxLayout()
        people.setSpacing(0)
        caption = QHBoxLayout()
        caption.addWidget(_muted("people counted"))
        caption.addWidget(self._final)
        caption.addStretch()
        people.addWidget(self._people)
        people.addLayout(caption)
        in_view = QVBoxLayout()
        in_view.setSpacing(0)
        in_view.addStretch()
        in_view.addWidget(self._in_view, alignment=Qt.AlignmentFlag.AlignRight)
        in_view.addWidget(_muted("in view now"), alignment=Qt.AlignmentFlag.AlignRight)
        top = QHBoxLayout()
        top.addLayout(people)
        top.addStretch()
        top.addLayout(in_view)

        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        for row, gender in enumerate(_ORDER):
            mark = MarkWidget(gender, theme.gender(gender))
            figure = Figure(24)
            figure.setAccessibleName(GENDER_WORDS[gender])
            figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            share = _muted("–")
            share.setMinimumWidth(44)
            share.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(mark, row, 0)
            caption_label = QLabel(GENDER_WORDS[gender])
            grid.addWidget(caption_label, row, 1)
            self._captions[gender] = caption_label
            grid.addWidget(figure, row, 2)
            grid.addWidget(share, row, 3)
            self._marks[gender], self._figures[gender], self._shares[gender] = mark, figure, share

        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 12)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addLayout(grid)
        self._before = _muted("")
        self._show_before = QPushButton(tr("Show"))
        self._show_before.setProperty("flat", "true")
        self._show_before.setToolTip(tr("Show the counts that are kept"))
        self._show_before.setAccessibleName(tr("Show the counts that are kept"))
        self._show_before.clicked.connect(self.before_asked)
        self._before_row = QWidget()
        row_layout = QHBoxLayout(self._before_row)
        row_layout.setContentsMargins(0, 0, 0, 0)
        row_layout.addWidget(self._before, 1)
        row_layout.addWidget(self._show_before)
        self._before_row.setVisible(False)
        layout.addWidget(self._before_row)
        self.apply_theme(theme)
        self.show_counts(Counts())

    @property
    def counts(self) -> Counts:
        return self._counts or Counts()

    def show_counts(self, counts: Counts, final: bool = False) -> None:
        """Show new totals; `final` says that the source has ended and they will not change."""
        self._final.setText(" · final")
        self._final.setVisible(final)
        if counts == self._counts:
            return
        self._counts = counts
        self._people.setText(f"{counts.people:,}")
        self._in_view.setText(f"{counts.in_view:,}")
        for gender, number in gender_figures(counts).items():
            self._figures[gender].setText(f"{number:,}")
            self._captions[gender].setText(gender_caption(gender, counts))
            self._shares[gender].setText(f"{round(100 * number / counts.people)}%" if counts.people else "–")
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

    def apply_theme(self, theme: Theme) -> None:
        for gender, mark in self._marks.items():
            mark.set_colour(theme.gender(gender))


def _muted(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "muted")
    return label


class KioskView(QWidget):
    """The totals alone, as large as the screen allows. Escape, F10 or a double click leaves it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.setWindowTitle("Headcount: totals")
        self.setAccessibleName("Totals in large figures")
        self.setMinimumSize(480, 300)
        self._theme = theme
        self._counts = Counts()
        self._final = False

    def sizeHint(self) -> QSize:
        return QSize(960, 600)

    def apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_counts(self, counts: Counts, final: bool = False) -> None:
        if counts != self._counts or final != self._final:
            self._counts, self._final = counts, final
            self.setAccessibleDescription(summary(counts))
            if self.isVisible():
                self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_F10):
            self.close()
        elif event.key() == Qt.Key.Key_F11:
            self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.close()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = self._theme
        painter.fillRect(self.rect(), QColor(theme.window))
        width, height = float(self.width()), float(self.height())
        pad = min(width, height) * 0.05
        top = QRectF(pad, pad * 0.4, width - 2 * pad, height * 0.58)
        caption = tr("people counted  ·  final") if self._final else tr("people counted")
        self._figure(painter, top, f"{self._counts.people:,}", caption)
        cell_width = (width - 2 * pad) / 4
        row = height * 0.34
        y = height - pad - row
        for index, (gender, number) in enumerate(gender_figures(self._counts).items()):
            cell = QRectF(pad + index * cell_width, y, cell_width, row)
            self._figure(painter, cell, f"{number:,}", gender_caption(gender, self._counts), gender)
        cell = QRectF(pad + 3 * cell_width, y, cell_width, row)
        self._figure(painter, cell, f"{self._counts.in_view:,}", "in view now")
        painter.end()

    def _figure(self, painter: QPainter, cell: QRectF, number: str, caption: str, gender: Gender | None = None) -> None:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.Bold)
        font.setPixelSize(max(12, int(cell.height() * 0.68)))
        too_wide = QFontMetricsF(font).horizontalAdvance(number) / max(1.0, cell.width() * 0.96)
        if too_wide > 1:
            font.setPixelSize(max(12, int(font.pixelSize() / too_wide)))
        painter.setFont(font)
        painter.setPen(QColor(self._theme.text if gender is None else self._theme.gender(gender)))
        upper = QRectF(cell.left(), cell.top(), cell.width(), cell.height() * 0.76)
        painter.drawText(upper, Qt.AlignmentFlag.AlignCenter, number)
        small = QFont(self.font())
        small.setPixelSize(max(12, int(min(cell.height() * 0.13, cell.width() * 0.085))))
        wide = QFontMetricsF(small).horizontalAdvance(caption) / max(1.0, cell.width() * 0.9)
        if wide > 1:
            small.setPixelSize(max(9, int(small.pixelSize() / wide)))
        painter.setFont(small)
        metrics = QFontMetricsF(small)
        painter.setPen(QColor(self._theme.muted))
        lower = QRectF(cell.left(), cell.top() + cell.height() * 0.78, cell.width(), cell.height() * 0.2)
        mark = metrics.capHeight() * 1.1
        if gender is not None:
            lower.translate(mark * 0.85, 0)
        painter.drawText(lower, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, caption)
        if gender is not None:
            left = lower.center().x() - metrics.horizontalAdvance(caption) / 2 - mark * 1.7
            spot = QRectF(left, lower.top() + (metrics.height() - mark) / 2, mark, mark)
            paint_mark(painter, gender, spot, self._theme.gender(gender))
