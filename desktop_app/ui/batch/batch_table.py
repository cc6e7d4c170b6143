"""The files of a batch as a table, with a bar in the row of each that is being counted."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Slot
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop_app.batch.table import reason_of, state_of
from desktop_app.reports.times import duration
from desktop_app.ui.batch.batch_work import FileState
from desktop_app.ui.widgets.row_table import Index, RowTable, TextModel
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme

STATE = 1
"""The column with the bar."""
_WIDTHS = (240, 160, 72, 72, 60, 92, 84)
REASON = 2
"""Where the reason of a failure begins: it lies over the figures, of which there are none."""


class BatchModel(TextModel):
    """A row a file: its name, how it stands, its figures and what went wrong."""

    def __init__(self, parent: QWidget | None = None) -> None:
        titles = (tr("File"), tr("State"), tr("People"), tr("Female"), tr("Male"), tr("Undecided"), tr("Length"))
        super().__init__((*titles, tr("What to know")), range(2, 7), parent)
        self.states: list[FileState] = []

    def show_states(self, states: Sequence[FileState]) -> None:
        """Show how the files stand; only the rows that changed are drawn again."""
        before, rows = self.states, [_texts(state) for state in states]
        if [s.path for s in before] != [s.path for s in states]:
            self.beginResetModel()
            self.states, self.rows = list(states), rows
            self.endResetModel()
            return
        self.states, self.rows = list(states), rows
        for row, (old, new) in enumerate(zip(before, self.states, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(self.titles) - 1))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | int | None:
        if index.isValid():
            state = self.states[index.row()]
            if role == Qt.ItemDataRole.TextAlignmentRole and has_failed(state):
                return self.alignment(0)
            if role == Qt.ItemDataRole.ToolTipRole:
                if index.column() == 0 or state.file is None:
                    return str(state.path)
                return reason_of(state.file) or None
        return super().data(index, role)


def has_failed(state: FileState) -> bool:
    return state.file is not None and state.file.result is None


def _texts(state: FileState) -> list[str]:
    """Return the cells of a row."""
    file = state.file
    if file is None:
        words = tr("waiting")
        if state.is_counting:
            words = tr("counting") if state.share is None else tr("counting, {share}%", share=round(100 * state.share))
        return [state.path.name, words, f"{state.people:,}" if state.is_counting else "", "", "", "", "", ""]
    if file.result is None:
        return [state.path.name, tr(state_of(file)), reason_of(file), "", "", "", "", ""]
    r = file.result
    figures = [f"{n:,}" for n in (r.people, r.female, r.male, r.undecided)]
    return [state.path.name, tr(state_of(file)), *figures, duration(r.seconds), reason_of(file)]


class StateDelegate(QStyledItemDelegate):
    """Draws a bar behind the words of a file that is being counted, and failures in the colour of danger."""

    def __init__(self, theme: Theme, model: BatchModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._model = model

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        state = self._model.states[index.row()]
        if has_failed(state):
            option.palette.setColor(option.palette.ColorRole.Text, QColor(self.theme.danger))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        state = self._model.states[index.row()]
        if state.is_counting:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            bar = QRectF(option.rect).adjusted(3, 4, -9, -4)
            painter.setBrush(QColor(self.theme.hover))
            painter.drawRoundedRect(bar, 5, 5)
            colour = QColor(self.theme.accent)
            colour.setAlpha(110)
            painter.setBrush(colour)
            bar.setWidth(max(10.0, bar.width() * (state.share or 0.0)))
            painter.drawRoundedRect(bar, 5, 5)
            painter.restore()
        super().paint(painter, option, index)


class BatchTable(RowTable):
    """The table itself."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        self.files = BatchModel()
        super().__init__(self.files, tr("Files to count"), tr("Choose every file"), _WIDTHS, parent)
        self.files.setParent(self)
        self.delegate = StateDelegate(theme, self.files, self)
        self.setItemDelegateForColumn(STATE, self.delegate)
        self.verticalHeader().setDefaultSectionSize(30)
        self.files.modelReset.connect(self._span_reasons)
        self.files.dataChanged.connect(self._span_reasons)

    @Slot()
    def _span_reasons(self) -> None:
        self.clearSpans()
        for row, state in enumerate(self.files.states):
            if has_failed(state):
                self.setSpan(row, REASON, 1, self.files.columnCount() - REASON)

    @property
    def chosen(self) -> list[FileState]:
        """The files of the chosen rows."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.files.states[row] for row in rows]

    def apply_theme(self, theme: Theme) -> None:
        self.delegate.theme = theme
        self.viewport().update()
