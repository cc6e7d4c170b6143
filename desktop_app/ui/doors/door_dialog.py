"""Asks for the name and the source of a door."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app.errors import SettingsError
from desktop_app.ui.sources.opening import AddressDialog, ask_file
from desktop_app.ui.sources.source_choice import SourceChoice
from desktop_app.ui.sources.start_form import LONGEST_NAME
from desktop_app.ui.widgets.texts import tr


class DoorDialog(QDialog):
    """`name` and `source` are the answers; `check(name, source)` raises SettingsError for what cannot be kept.

    `test(name, source)` shows whether that source sees well.
    """

    def __init__(
        self,
        title: str,
        choice: SourceChoice,
        check: Callable[[str, str], object],
        test: Callable[[str, str], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(520)
        self._choice, self._check, self._test = choice, check, test
        heading = QLabel(title)
        heading.setProperty("role", "title")
        self._name = QLineEdit()
        self._name.setMaxLength(LONGEST_NAME)
        self._name.setPlaceholderText(tr("Side door"))
        self._name.setAccessibleName(tr("Name of the door"))
        choice.sources.setMaximumWidth(10_000)
        file = QPushButton(tr("File…"))
        file.setToolTip(tr("Count from a video file at this door"))
        file.clicked.connect(self._ask_file)
        address = QPushButton(tr("Address…"))
        address.setToolTip(tr("Count from a network camera or a stream at this door"))
        address.clicked.connect(self._ask_address)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(choice, 1)
        row.addWidget(file)
        row.addWidget(address)
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(10)
        for words, editor in ((tr("Name"), self._name), (tr("Source"), choice.sources)):
            label = QLabel(words)
            label.setMinimumHeight(30)
            label.setBuddy(editor)
            if editor is self._name:
                form.addRow(label, editor)
            else:
                form.addRow(label, row)
        self._problem = QLabel()
        self._problem.setObjectName("problem")
        self._problem.setWordWrap(True)
        self._problem.setVisible(False)
        buttons = QDialogButtonBox()
        self._keep = buttons.addButton(tr("Keep this door"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._keep.setProperty("primary", "true")
        try_it = buttons.addButton(tr("Test…"), QDialogButtonBox.ButtonRole.ActionRole)
        try_it.setToolTip(tr("Show the picture of this source, and whether it sees well"))
        try_it.clicked.connect(lambda: self._test(self.name or tr("this door"), self.source))
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(heading)
        layout.addLayout(form)
        layout.addWidget(self._problem)
        layout.addWidget(buttons)
        self._try = try_it
        self._name.textChanged.connect(self._changed)
        choice.source_chosen.connect(self._changed)
        self._changed()

    def fill(self, name: str, source: str) -> None:
        """Show a door as it is, with its name to be written over."""
        self._name.setText(name)
        self._name.selectAll()
        self._choice.set_current(source)
        self._changed()
        self._name.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def name(self) -> str:
        return self._name.text().strip()

    @property
    def source(self) -> str:
        return self._choice.current

    def _ask_file(self) -> None:
        self.take(ask_file(self, ""))

    def _ask_address(self) -> None:
        dialog = AddressDialog(self)
        address = dialog.address if dialog.exec() == QDialog.DialogCode.Accepted else ""
        dialog.deleteLater()
        self.take(address)

    def take(self, source: str) -> None:
        """Choose a source that may not be in the list; "" leaves it as it is."""
        if source:
            self._choice.set_current(source)
            self._changed()

    def _changed(self, *_: object) -> None:
        self._problem.setVisible(False)
        self._keep.setEnabled(bool(self.name and self.source))
        self._try.setEnabled(bool(self.source))

    def _accept(self) -> None:
        try:
            self._check(self.name, self.source)
        except SettingsError as error:
            self._problem.setText(f"{error.message} {error.remedy}".strip())
            self._problem.setVisible(True)
            return
        self.accept()
