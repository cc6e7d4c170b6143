"""The list of kept counts by day: name, place, total and a small curve of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop_app.domain.curve import Curve
from desktop_app.domain.types import Counts
from desktop_app.ui.sessions.kept_counts import KeptCount, with_counts
from desktop_app.ui.widgets.texts import day_words, people_words, sentence_case, tr
from desktop_app.ui.widgets.theme import Theme

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()

DAY_HEIGHT, COUNT_HEIGHT = 32, 62
UPPER_LINE, LOWER_LINE = 24, 22
"""Of a count's two lines, in pixels; where the system's letters are larger, they and the rows are, too."""
CURVE_WIDTH = 74


def day_title(day: date, today: date) -> str:
    """Return "Today", "Yesterday" or "Tuesday, 12 May"."""
    return sentence_case(day_words(day, today, with_weekday=True))


def time_words(count: KeptCount) -> str:
    """Return when a count began, "09:02": its end may be that of a correction."""
    return f"{datetime.fromtimestamp(count.opened_utc):%H:%M}"


class CountListModel(QAbstractListModel):
    """A row a day and a row a count, the newest first. Holds the curves that were read so far."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: Sequence[KeptCount] = ()
        self._rows: list[KeptCount | str] = []
        self._curves: dict[str, Curve] = {}
        self._search = ""

    @property
    def counts(self) -> Sequence[KeptCount]:
        """Every count, the ones that do not match the search included."""
        return self._counts

    @property
    def found(self) -> list[KeptCount]:
        """The counts that match the search, in the order of the list."""
        return [row for row in self._rows if isinstance(row, KeptCount)]

    def show(self, counts: Sequence[KeptCount], today: date | None = None) -> None:
        """Show other counts. Curves of counts that have not changed stay."""
        before = {c.id: c for c in self._counts}
        self._curves = {c.id: self._curves[c.id] for c in counts if before.get(c.id) == c and c.id in self._curves}
        self._counts = counts
        self._fill(today)

    def show_figures(self, session_id: str, counts: Counts) -> None:
        """Show other totals of one count, which is corrected or goes on; its curve follows when the list is read."""

        def newer(count: KeptCount) -> KeptCount:
            return with_counts(count, counts) if count.id == session_id else count

        self._counts = [newer(count) for count in self._counts]
        self._rows = [newer(row) if isinstance(row, KeptCount) else row for row in self._rows]
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def search(self, text: str) -> None:
        """Show only the counts that have every word of a text."""
        self._search = text
        self._fill()

    def _fill(self, today: date | None = None) -> None:
        today = today or datetime.now().date()
        self.beginResetModel()
        self._rows, last = [], None
        for count in self._counts:
            if not count.matches(self._search):
                continue
            day = datetime.fromtimestamp(count.opened_utc).date()
            if day != last:
                self._rows.append(day_title(day, today))
                last = day
            self._rows.append(count)
        self.endResetModel()

    def count_at(self, index: Index) -> KeptCount | None:
        """Return the count of a row, None for a day."""
        row = self._rows[index.row()] if index.isValid() and index.row() < len(self._rows) else None
        return row if isinstance(row, KeptCount) else None

    def day_at(self, index: Index) -> str:
        row = self._rows[index.row()]
        return row if isinstance(row, str) else ""

    def index_of(self, session_id: str) -> QModelIndex:
        """Return the row of a count; for "" or a count that is not shown that of the newest."""
        rows = [n for n, row in enumerate(self._rows) if isinstance(row, KeptCount)]
        wanted = [n for n in rows if self._id(n) == session_id] or rows
        return self.index(wanted[0]) if wanted else QModelIndex()

    def _id(self, row: int) -> str:
        count = self._rows[row]
        return count.id if isinstance(count, KeptCount) else ""

    def shows(self, session_id: str) -> bool:
        return any(isinstance(row, KeptCount) and row.id == session_id for row in self._rows)

    # ---- curves

    def curve_of(self, session_id: str) -> Curve | None:
        return self._curves.get(session_id)

    def without_curve(self, first: int, last: int) -> list[KeptCount]:
        """Return the counts of these rows whose curve was not read yet."""
        rows = (self._rows[n] for n in range(max(0, first), min(last + 1, len(self._rows))))
        return [row for row in rows if isinstance(row, KeptCount) and row.id not in self._curves]

    def add_curves(self, curves: Mapping[KeptCount, Curve]) -> None:
        """Show the curves of counts; one that was joined, parted or corrected since it was read is read again."""
        self._curves.update({count.id: curve for count, curve in curves.items() if count in self._counts})
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    # ---- as Qt asks

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.count_at(index) is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        count = self.count_at(index)
        if role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
            Qt.ItemDataRole.ToolTipRole,
        ):
            return None
        if count is None:
            return self.day_at(index) if role != Qt.ItemDataRole.ToolTipRole else None
        parts = [count.name, count.place, time_words(count), people_words(count.people), count.note]
        return ", ".join(part for part in parts if part)


def _large(font: QFont) -> QFont:
    large = QFont(font)
    large.setPixelSize(round(QFontMetrics(font).height() * 1.15))
    return large


def _line_heights(font: QFont) -> tuple[int, int]:
    return max(UPPER_LINE, QFontMetrics(_large(font)).height()), max(LOWER_LINE, QFontMetrics(font).height())


class CountDelegate(QStyledItemDelegate):
    """Draws a day as a heading and a count as a card."""

    def __init__(self, theme: Theme, model: CountListModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        upper, lower = _line_heights(option.font)
        if self._model.count_at(index) is None:
            return QSize(120, max(DAY_HEIGHT, lower + 8))
        return QSize(120, COUNT_HEIGHT - UPPER_LINE - LOWER_LINE + upper + lower)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect: QRect = option.rect
        count = self._model.count_at(index)
        font = QFont(option.font)
        if count is None:
            font.setWeight(QFont.Weight.DemiBold)
            painter.setFont(font)
            painter.setPen(QColor(self.theme.muted))
            words = rect.adjusted(8, 4, -6, 0)
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self._model.day_at(index))
        else:
            state: QStyle.StateFlag = option.state
            self._card(painter, rect.adjusted(2, 2, -4, -2), count, font, state)
        painter.restore()

    def _card(self, painter: QPainter, rect: QRect, count: KeptCount, font: QFont, state: QStyle.StateFlag) -> None:
        is_chosen = bool(state & QStyle.StateFlag.State_Selected)
        if is_chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(QColor(self.theme.accent), 1) if is_chosen else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.hover))
            painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        right = rect.right() - 10
        bold = QFont(font)
        bold.setWeight(QFont.Weight.DemiBold)
        large = _large(bold)
        above, below = _line_heights(font)
        number = f"{count.people:,}"
        width = max(CURVE_WIDTH, QFontMetrics(large).horizontalAdvance(number))
        painter.setFont(large)
        painter.setPen(QColor(self.theme.text))
        upper = QRect(right - width, rect.top() + 6, width, above)
        painter.drawText(upper, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number)
        self._curve(painter, QRectF(right - CURVE_WIDTH, rect.top() + above + 9, CURVE_WIDTH, below - 5), count.id)
        room = right - width - 10 - rect.left() - 8
        painter.setFont(bold)
        painter.setPen(QColor(self.theme.text))
        title = QFontMetrics(bold).elidedText(count.name or time_words(count), Qt.TextElideMode.ElideRight, room)
        painter.drawText(
            QRect(rect.left() + 8, rect.top() + 6, room, above),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            title,
        )
        painter.setFont(font)
        painter.setPen(QColor(self.theme.muted))
        second = [*([time_words(count)] if count.name else []), count.place]
        words = " · ".join(part for part in second if part) or people_words(count.people)
        painter.drawText(
            QRect(rect.left() + 8, rect.top() + 6 + above, room, below),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, room),
        )

    def _curve(self, painter: QPainter, rect: QRectF, session_id: str) -> None:
        """Draw the running total over the time of the count, as a filled curve."""
        curve = self._model.curve_of(session_id)
        if curve is None or len(curve) < 2:
            return
        total = (curve.female + curve.male + curve.undecided).astype(np.float64)
        span = float(curve.time_s[-1] - curve.time_s[0]) or 1.0
        keep = np.unique(np.linspace(0, len(curve) - 1, 60).astype(np.int64))
        x = rect.left() + (curve.time_s[keep] - curve.time_s[0]) / span * rect.width()
        y = rect.bottom() - total[keep] / max(total[-1], 1.0) * (rect.height() - 1)
        points = [QPointF(float(a), float(b)) for a, b in zip(x, y, strict=True)]
        points.append(QPointF(rect.right(), points[-1].y()))  # where all were counted at one moment, too
        colour = QColor(self.theme.accent)
        painter.setPen(Qt.PenStyle.NoPen)
        fill = QColor(colour)
        fill.setAlpha(50)
        painter.setBrush(fill)
        painter.drawPolygon(QPolygonF([*points, rect.bottomRight(), rect.bottomLeft()]))
        painter.setPen(QPen(colour, 1.4))
        painter.drawPolyline(QPolygonF(points))


class CountList(QListView):
    """The list itself; one count is chosen at a time, by mouse or by the arrow keys."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.counts = CountListModel(self)
        self.setModel(self.counts)
        self.delegate = CountDelegate(theme, self.counts, self)
        self.setItemDelegate(self.delegate)
        self.setAccessibleName(tr("Kept counts"))
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QListView.Shape.NoFrame)

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        # Qt marks nothing where the first row becomes the present one because the keyboard comes here.
        if current.isValid():
            self.selectionModel().select(current, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def choose(self, session_id: str) -> None:
        """Choose a count, or the newest."""
        index = self.counts.index_of(session_id)
        if index.isValid():
            self.setCurrentIndex(index)
            self.scrollTo(index)

    @property
    def chosen(self) -> KeptCount | None:
        return self.counts.count_at(self.currentIndex())

    def shown_rows(self) -> tuple[int, int]:
        """Return the first and the last row on the screen."""
        first = self.indexAt(self.viewport().rect().topLeft())
        last = self.indexAt(self.viewport().rect().bottomLeft())
        rows = self.counts.rowCount()
        return (first.row() if first.isValid() else 0), (last.row() if last.isValid() else rows - 1)

    def apply_theme(self, theme: Theme) -> None:
        self.delegate.theme = theme
        self.viewport().update()
