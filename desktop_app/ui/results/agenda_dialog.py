"""Asks for the agenda of an occasion: one item a line, or read from a table or a calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.agenda import AgendaItem
from desktop_app.errors import HeadcountError
from desktop_app.reports.agenda_file import read_agenda, read_file, typed
from desktop_app.ui.widgets.sizes import resize_to_fit
from desktop_app.ui.widgets.texts import tr


class AgendaDialog(QDialog):
    """`items` is the agenda once the dialog was accepted. `day` is that of times without a date."""

    def __init__(self, items: Sequence[AgendaItem], day: date, zone: ZoneInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Agenda"))
        resize_to_fit(self, 460, 380)
        self.items = tuple(items)
        self._day, self._zone = day, zone
        words = tr("One item a line, with its time on {day}. The report then counts each of them, too.", day=day)
        text = QLabel(words)
        text.setWordWrap(True)
        self.edit = QPlainTextEdit("\n".join(typed(item, day, zone) for item in items))
        self.edit.setAccessibleName(tr("Items of the agenda"))
        self.edit.setPlaceholderText(tr("Keynote 09:00-10:00\nLunch 12:30-13:30\nParty 21:00-01:00"))
        self.edit.setTabChangesFocus(True)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setVisible(False)
        read = QPushButton(tr("Add from a file…"))
        read.setToolTip(tr("A table (CSV) with the columns name, start and end, or a calendar (.ics)"))
        read.clicked.connect(self.choose_file)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Save).setProperty("primary", "true")
        buttons.addButton(read, QDialogButtonBox.ButtonRole.ResetRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        for widget in (text, self.edit, self.message, buttons):
            column.addWidget(widget)

    @Slot()
    def choose_file(self) -> None:
        """Ask for a file and add what is in it."""
        words = tr("Agendas (*.csv *.tsv *.ics);;All files (*)")
        name, _ = QFileDialog.getOpenFileName(self, tr("Add an agenda"), "", words)
        if name:
            self.add_file(Path(name))

    def add_file(self, path: Path) -> None:
        """Add the items of a file as lines; what is wrong with it is said."""
        try:
            agenda = read_file(path, self._day, self._zone)
        except HeadcountError as error:
            self._say(str(error))
            return
        lines = [line for line in self.edit.toPlainText().splitlines() if line.strip()]
        new = [typed(item, self._day, self._zone) for item in agenda.items]
        self.edit.setPlainText("\n".join(dict.fromkeys((*lines, *new))))
        self._say(" ".join(agenda.notes))

    def accept(self) -> None:
        lines = [line for line in self.edit.toPlainText().splitlines() if line.strip()]
        try:
            self.items = read_agenda(lines, self._day, self._zone).items
        except HeadcountError as error:
            self._say(str(error))
            return
        super().accept()

    def _say(self, text: str) -> None:
        self.message.setText(text)
        self.message.setVisible(bool(text))
