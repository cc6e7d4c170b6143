"""The small questions of the tab of results: what a count is called, which other one it is joined with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from desktop_app.ui.results.count_list import CountList
from desktop_app.ui.sessions.kept_counts import KeptCount
from desktop_app.ui.widgets.search_field import SearchField
from desktop_app.ui.widgets.sizes import resize_to_fit
from desktop_app.ui.widgets.texts import people_words, tr
from desktop_app.ui.widgets.theme import Theme


class AboutCountDialog(QDialog):
    """Name, place and note of a count."""

    def __init__(self, name: str, place: str, note: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Name, place and note"))
        self.setMinimumWidth(380)
        self.name = QLineEdit(name)
        self.name.setPlaceholderText(tr("for instance: Spring fair"))
        self.place = QLineEdit(place)
        self.place.setPlaceholderText(tr("for instance: Hall 3, main door"))
        self.note = QPlainTextEdit(note)
        self.note.setTabChangesFocus(True)
        self.note.setMaximumHeight(90)
        form = QFormLayout()
        form.addRow(tr("&Occasion"), self.name)
        form.addRow(tr("&Place"), self.place)
        form.addRow(tr("&Note"), self.note)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Save).setProperty("primary", "true")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(12)
        column.addLayout(form)
        column.addWidget(buttons)


class OtherCountDialog(QDialog):
    """Asks for another count. `question` says what for, `words` are those of the button."""

    def __init__(
        self,
        title: str,
        question: str,
        words: str,
        others: Sequence[KeptCount],
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        resize_to_fit(self, 420, 460)
        text = QLabel(question)
        text.setWordWrap(True)
        self.list = CountList(theme)
        self.list.counts.show(others)
        self.search = SearchField(tr("Search"), tr("Search the counts"))
        self.search.textChanged.connect(self._searched)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.use = buttons.addButton(words, QDialogButtonBox.ButtonRole.AcceptRole)
        self.use.setProperty("primary", "true")
        self.use.setEnabled(False)
        self.list.selectionModel().currentChanged.connect(self._picked)
        self.list.doubleClicked.connect(self._double)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        for widget in (text, self.search, self.list, buttons):
            column.addWidget(widget)

    @Slot(str)
    def _searched(self, text: str) -> None:
        """Show what is searched for, and choose it where it is the only one: Enter is then enough."""
        self.list.counts.search(text)
        if text and len(self.list.counts.found) == 1:
            self.list.choose("")
        self._picked()

    @Slot()
    def _picked(self) -> None:
        self.use.setEnabled(self.list.chosen is not None)

    @Slot()
    def _double(self) -> None:
        if self.list.chosen is not None:
            self.accept()


def join_dialog(
    count: KeptCount, others: Sequence[KeptCount], theme: Theme, parent: QWidget | None = None
) -> OtherCountDialog:
    """Return what asks which count is added to this one: another door of the same occasion, or another day of it."""
    words = tr(
        "Which count belongs to “{name}”, too? Both are then one count: two doors of an occasion, or two days "
        "of it. Doors of the same name and place become one door, all others keep figures of their own. Undo takes the "
        "counts apart again.",
        name=title_of(count),
    )
    return OtherCountDialog(tr("Join with another count"), words, tr("Join"), others, theme, parent)


def compare_dialog(
    count: KeptCount, others: Sequence[KeptCount], theme: Theme, parent: QWidget | None = None
) -> OtherCountDialog:
    """Return what asks with which count this one is compared."""
    words = tr(
        "Which count shall stand beside “{name}”? Another day, another door, before and after.", name=title_of(count)
    )
    return OtherCountDialog(tr("Compare with another count"), words, tr("Compare"), others, theme, parent)


def ask_other(dialog: OtherCountDialog) -> KeptCount | None:
    """Return the count that the operator chose, None if they think better of it."""
    chosen = dialog.list.chosen if dialog.exec() else None
    dialog.deleteLater()
    return chosen


def title_of(count: KeptCount) -> str:
    """Return the name of a count, or when it began where it has none."""
    return count.name or f"{datetime.fromtimestamp(count.opened_utc):%Y-%m-%d %H:%M}"


def ask_about_existing(path: str, parent: QWidget | None) -> str:
    """Ask what to do with a file that is there already: return "replace", "beside" or ""."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(tr("The file is there already"))
    box.setText(tr("{path} is there already.", path=path))
    box.setInformativeText(tr("Keep both, or replace it with the report as it is now?"))
    both = box.addButton(tr("Keep both"), QMessageBox.ButtonRole.AcceptRole)
    replace = box.addButton(tr("Replace"), QMessageBox.ButtonRole.DestructiveRole)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(both)
    box.setEscapeButton(cancel)
    box.exec()
    clicked = box.clickedButton()
    box.deleteLater()
    return "beside" if clicked is both else "replace" if clicked is replace else ""


def deleted_words(count: KeptCount) -> str:
    """Return what is said after a count was deleted."""
    return tr("“{name}” ({people}) is deleted.", name=title_of(count), people=people_words(count.people))
