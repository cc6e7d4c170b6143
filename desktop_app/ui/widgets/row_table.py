"""A table that is read row by row and never edited in place; what every table of the window is made of."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import QAbstractItemModel, QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QHeaderView, QTableView, QWidget

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_TEN_DIGITS_PX = 77
"""How wide ten digits are in the font that widths are given for."""


class RowTable(QTableView):
    """Whole rows are chosen. The columns have `widths`, in pixels for a usual font: wider for a larger one, and as wide
    as their titles need. One more column takes the room that is left."""

    def __init__(
        self,
        model: QAbstractItemModel,
        name: str,
        choose_all: str,
        widths: Sequence[int],
        parent: QWidget | None = None,
    ) -> None:
        """`name` is what a screen reader calls the table, `choose_all` its corner, which chooses every row."""
        super().__init__(parent)
        self.setModel(model)
        self.setAccessibleName(name)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().setVisible(False)
        corner = self.findChild(QAbstractButton)
        if corner is not None:
            corner.setAccessibleName(choose_all)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        self._widths = list(widths)
        self._is_fitted = False
        header.setSectionResizeMode(len(widths), QHeaderView.ResizeMode.Stretch)
        self._fit_columns()

    def set_width(self, column: int, width: int) -> None:
        """Give a column another width, in pixels for a usual font."""
        if self._widths[column] != width:
            self._widths[column] = width
            self._fit_columns()

    def _fit_columns(self) -> None:
        scale = max(1.0, self.fontMetrics().horizontalAdvance("0123456789") / _TEN_DIGITS_PX)
        for column, width in enumerate(self._widths):
            title = self.horizontalHeader().sectionSizeHint(column)
            self.setColumnWidth(column, max(round(width * scale), title))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_fitted:  # from then on the columns are the operator's, and the style sheet's font is known
            self._is_fitted = True
            self._fit_columns()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._is_fitted = False


class TextModel(QAbstractTableModel):
    """Rows of texts. The columns of `figures` are aligned to the right, as numbers are."""

    def __init__(self, titles: Sequence[str], figures: Collection[int] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.titles = tuple(titles)
        self._figures = frozenset(figures)
        self.rows: Sequence[Sequence[str]] = ()

    def show(self, rows: Sequence[Sequence[str]]) -> None:
        """Show other rows, each with a text a column."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.titles)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | int | None:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(section)
        return self.titles[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | int | None:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(index.column())
        texts = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole)
        return self.rows[index.row()][index.column()] if role in texts else None

    def alignment(self, column: int) -> int:
        """Return how the texts of a column are aligned, as Qt's flags."""
        side = Qt.AlignmentFlag.AlignRight if column in self._figures else Qt.AlignmentFlag.AlignLeft
        return int(side | Qt.AlignmentFlag.AlignVCenter)
