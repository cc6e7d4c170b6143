"""The counts that are kept: a list, the totals of the chosen one, and its people. For looking only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.events import DoorStarted
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.errors import HeadcountError
from desktop_app.session.session import Session
from desktop_app.ui.figures.totals import totals_words
from desktop_app.ui.sessions.kept_counts import KeptCount, KeptCounts, local_time
from desktop_app.ui.widgets.background_task import BackgroundTask
from desktop_app.ui.widgets.texts import people_words, tr
from desktop_app.ui.widgets.theme import GENDER_WORDS

_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class PeopleModel(QAbstractTableModel):
    """One row a person. Only the rows on the screen are worked out, so that a long day opens at once."""

    def __init__(self, people: Sequence[PersonRecord], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._people = people
        self._columns: tuple[tuple[str, Callable[[PersonRecord], str]], ...] = (
            (tr("Person"), lambda r: str(r.number) if r.number else tr("by hand")),
            (tr("Counted"), lambda r: local_time(r.counted_utc)),
            (tr("Gender"), lambda r: tr("still looking") if r.is_looking else GENDER_WORDS[r.gender]),
            (tr("Age"), lambda r: (r.age_band or "").replace("-", "–")),
            (tr("In view"), lambda r: tr("{seconds} s", seconds=f"{r.dwell_s:.0f}") if r.dwell_s else ""),
            (tr("Remarks"), _remarks),
        )

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._people)

    def columnCount(self, parent: _Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        if role != Qt.ItemDataRole.DisplayRole or not index.isValid():
            return None
        return self._columns[index.column()][1](self._people[index.row()])

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | None:
        if role != Qt.ItemDataRole.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        return self._columns[section][0]


def _remarks(record: PersonRecord) -> str:
    words = []
    if record.is_removed:
        words.append(tr("not a person, not counted"))
    elif record.is_staff:
        words.append(tr("staff, not counted"))
    if record.is_added:
        words.append(tr("added by hand"))
    elif set(record.corrected) & {"gender", "age_band"}:
        words.append(tr("set by hand"))
    return ", ".join(words)


class KeptDialog(QDialog):
    """Reads on threads of its own; a piece of work under way is handed to `keep`, which sees to its end."""

    def __init__(
        self, kept: KeptCounts, keep: Callable[[BackgroundTask], None], chosen: str = "", parent: QWidget | None = None
    ) -> None:
        """`chosen` is the session to show first, "" for the newest."""
        super().__init__(parent)
        self.setWindowTitle(tr("Kept counts"))
        self.setMinimumSize(560, 380)
        self.resize(860, 560)
        self._kept = kept
        self._keep = keep
        self._chosen = chosen
        self._listing: BackgroundTask | None = None
        self._loading: BackgroundTask | None = None
        self._wanted = ""
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Kept counts"))
        self.list.currentItemChanged.connect(self._picked)
        self.totals = QLabel(tr("Reading the counts…"))
        self.totals.setWordWrap(True)
        self.totals.setProperty("role", "title")
        self.totals.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.table = QTableView()
        self.table.setAccessibleName(tr("People of this count"))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().setVisible(False)
        self.table.setShowGrid(False)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        column.addWidget(self.totals)
        column.addWidget(self.table, 1)
        splitter = QSplitter()
        splitter.addWidget(self.list)
        splitter.addWidget(right)
        splitter.setSizes([280, 580])
        splitter.setChildrenCollapsible(False)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(splitter, 1)
        layout.addWidget(buttons)
        self._listing = self._begin("kept-counts", kept.all, self._listed)

    @property
    def busy(self) -> bool:
        """Whether something is still being read."""
        return self._listing is not None or self._loading is not None

    def _begin(self, name: str, work: Callable[[], object], done: Callable[[Any], None]) -> BackgroundTask:
        task = BackgroundTask(name, work)
        task.done.connect(done)
        task.failed.connect(self._failed)
        self._keep(task)
        task.start()
        return task

    # --- the list ------------------------------------------------------------------------------------------------

    @Slot(object)
    def _listed(self, counts: list[KeptCount]) -> None:
        self._listing = None
        if not counts:
            self.totals.setText(tr("No count is kept yet. Every count with somebody in it is, from its start on."))
            return
        for count in counts:
            words = f"{local_time(count.opened_utc)}   {people_words(count.people)}"
            item = QListWidgetItem(f"{words}\n{count.name}" if count.name else words)
            item.setData(Qt.ItemDataRole.UserRole, count.id)
            self.list.addItem(item)
        rows = [row for row, count in enumerate(counts) if count.id == self._chosen]
        self.list.setCurrentRow(rows[0] if rows else 0)
        self.list.setFocus()

    @Slot()
    def _picked(self) -> None:
        session_id = self._wanted = str(self.list.currentItem().data(Qt.ItemDataRole.UserRole))
        if self._loading is not None:
            self._loading.abandon()
        self._loading = self._begin("kept-count", lambda: self._read(session_id), self._read_done)

    def _read(self, session_id: str) -> tuple[str, str, list[PersonRecord]]:
        try:
            session: Session = self._kept.load(session_id)
        except KeyError:
            raise HeadcountError(tr("This count is not there any more."), "") from None
        started = (e.event for e in session.log.entries() if isinstance(e.event, DoorStarted))
        sources = ", ".join(dict.fromkeys(event.name or event.source for event in started))
        words = totals_words(session.counts())
        return session_id, f"{sources}\n{words}" if sources else words, session.people()

    @Slot(object)
    def _read_done(self, found: tuple[str, str, list[PersonRecord]]) -> None:
        session_id, words, people = found
        if session_id != self._wanted:
            return
        self._loading = None
        self.totals.setText(words)
        old = self.table.model()
        self.table.setModel(PeopleModel(people, self))
        if old is not None:
            old.deleteLater()
        header = self.table.horizontalHeader()
        for column in range(5):
            self.table.setColumnWidth(column, (70, 120, 130, 70, 70)[column])
        header.setSectionResizeMode(5, QHeaderView.ResizeMode.Stretch)

    @Slot(object)
    def _failed(self, error: HeadcountError) -> None:
        self._listing = self._loading = None
        self.totals.setText(f"{error.message} {error.remedy}".strip())

    def done(self, result: int) -> None:
        for task in (self._listing, self._loading):
            if task is not None:
                task.abandon()
        super().done(result)
