"""Asks what is known of somebody whom the program missed."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from desktop_app.domain.types import AGE_BANDS, Gender
from desktop_app.ui.picture.people import age_words
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import GENDER_WORDS

LONGEST_NOTE = 200


class MissedDialog(QDialog):
    """`gender`, `age_band` ("" for unknown) and `note` are the answers; `door` is named where there are several."""

    def __init__(self, parent: QWidget | None = None, door: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Missed one"))
        self.setMinimumWidth(420)
        missed = tr("Count somebody whom the program missed")
        title = QLabel(tr("{missed} at {door}", missed=missed, door=door) if door else missed)
        title.setProperty("role", "title")
        self._gender = QComboBox()
        for gender in (Gender.UNDECIDED, Gender.FEMALE, Gender.MALE):
            self._gender.addItem(GENDER_WORDS[gender].capitalize(), gender)
        self._gender.setAccessibleName(tr("Gender"))
        self._age = QComboBox()
        self._age.addItem(tr("Unknown"), "")
        for band in AGE_BANDS:
            self._age.addItem(age_words(band).capitalize(), band)
        self._age.setAccessibleName(tr("Age"))
        self._note = QLineEdit()
        self._note.setMaxLength(LONGEST_NOTE)
        self._note.setPlaceholderText(tr("Came in behind a trolley"))
        self._note.setAccessibleName(tr("Note"))
        form = QFormLayout()
        form.addRow(tr("Gender"), self._gender)
        form.addRow(tr("Age"), self._age)
        form.addRow(tr("Note"), self._note)
        buttons = QDialogButtonBox()
        add = buttons.addButton(tr("Add one"), QDialogButtonBox.ButtonRole.AcceptRole)
        add.setProperty("primary", "true")
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(title)
        layout.addLayout(form)
        layout.addWidget(buttons)

    @property
    def gender(self) -> Gender:
        return Gender(self._gender.currentData())

    @property
    def age_band(self) -> str:
        return str(self._age.currentData())

    @property
    def note(self) -> str:
        return self._note.text().strip()
