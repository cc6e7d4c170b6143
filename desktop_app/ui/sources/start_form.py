"""The third step of a start: what it is called, which number matters, and when it ends."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from PySide6.QtCore import QSize, Qt, QTime, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QTimeEdit,
    QVBoxLayout,
    QWidget,
)

from desktop_app.ui.widgets.icons import action_icon
from desktop_app.ui.widgets.name_edit import NameEdit
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme

LONGEST_NAME = 80


def next_moment(hour: int, minute: int, now: float) -> float:
    """Return when a clock shows this time next, in seconds since 1970: today, or tomorrow where it is over."""
    today = datetime.fromtimestamp(now)
    then = today.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (then if then > today else then + timedelta(days=1)).timestamp()


class StartForm(QWidget):
    """Signals: `start_asked()`, `named(occasion, place)`, `main_number_chosen("people" or "entering")`."""

    start_asked = Signal()
    named = Signal(str, str)
    main_number_chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.occasion = self._edit(tr("Occasion"), tr("Spring fair"))
        self.place = self._edit(tr("Place"), tr("Main door"))
        form = QFormLayout()
        form.setHorizontalSpacing(10)
        form.setVerticalSpacing(6)
        for text, edit in ((tr("Occasion"), self.occasion), (tr("Place"), self.place)):
            label = QLabel(text)
            label.setMinimumHeight(28)
            label.setBuddy(edit)
            form.addRow(label, edit)
        question = QLabel(tr("Which number matters?"))
        question.setProperty("role", "title")
        self._everyone = QRadioButton(tr("Everyone seen"))
        self._everyone.setToolTip(tr("The large number is everybody whose face is seen"))
        self._entering = QRadioButton(tr("Who enters at a line"))
        self._entering.setToolTip(
            tr("The large number is who crosses a line on the picture inwards; you draw the line after the start")
        )
        self._everyone.setChecked(True)
        group = QButtonGroup(self)
        group.addButton(self._everyone)
        group.addButton(self._entering)
        group.buttonClicked.connect(lambda _button: self.main_number_chosen.emit(self.main_number))
        self._stops = QCheckBox(tr("Stop by itself at"))
        self._stops.setToolTip(tr("The count ends at this time, today or tomorrow"))
        self._time = QTimeEdit(_next_hour())
        self._time.setDisplayFormat("HH:mm")
        self._time.setAccessibleName(tr("Time at which the count ends"))
        self._time.setEnabled(False)
        self._time.setMinimumWidth(92)
        self._time.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stops.toggled.connect(self._time.setEnabled)
        stop_row = QHBoxLayout()
        stop_row.addWidget(self._stops)
        stop_row.addWidget(self._time)
        stop_row.addStretch(1)
        self._start = QPushButton(tr("Start counting"))
        self._start.setProperty("primary", "true")
        self._start.setMinimumHeight(30)
        self._start.setIconSize(QSize(18, 18))
        self._start.clicked.connect(self.start_asked)
        self._hint = QLabel()
        self._hint.setProperty("role", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(form)
        layout.addSpacing(4)
        layout.addWidget(question)
        layout.addWidget(self._everyone)
        layout.addWidget(self._entering)
        layout.addSpacing(4)
        layout.addLayout(stop_row)
        layout.addStretch(1)
        layout.addWidget(self._hint, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._start)
        self.allow_start(False)
        self.apply_theme(theme)

    def _edit(self, name: str, example: str) -> QLineEdit:
        edit = NameEdit()
        edit.setMaxLength(LONGEST_NAME)
        edit.setPlaceholderText(example)
        edit.setAccessibleName(name)
        edit.editingFinished.connect(lambda: self.named.emit(self.occasion.text().strip(), self.place.text().strip()))
        return edit

    @property
    def main_number(self) -> str:
        return "entering" if self._entering.isChecked() else "people"

    def stop_utc(self) -> float:
        """Return when the count is to end, in seconds since 1970, 0 for never."""
        if not self._stops.isChecked():
            return 0.0
        wanted = self._time.time()
        return next_moment(wanted.hour(), wanted.minute(), time.time())

    def plan_stop(self, hour: int, minute: int) -> None:
        """Have the count end at this time of day."""
        self._stops.setChecked(True)
        self._time.setTime(QTime(hour, minute))

    def forget_stop(self) -> None:
        """The planned end is used up."""
        self._stops.setChecked(False)

    def show_main_number(self, wanted: str) -> None:
        (self._entering if wanted == "entering" else self._everyone).setChecked(True)

    def show_names(self, occasion: str, place: str) -> None:
        """Show what the next count is called, but for what the operator is just entering."""
        for edit, text in ((self.occasion, occasion), (self.place, place)):
            if not edit.hasFocus() and edit.text() != text:
                edit.setText(text)

    def begin_here(self) -> None:
        """Put the keyboard on the button that starts."""
        self._start.setFocus(Qt.FocusReason.OtherFocusReason)

    def allow_start(self, allowed: bool, hint: str = "") -> None:
        """Enable the button once there is something to count from; `hint` says what is still to be done."""
        self._start.setEnabled(allowed)
        self._hint.setText(hint)
        self._hint.setVisible(not allowed)

    def apply_theme(self, theme: Theme) -> None:
        self._start.setIcon(action_icon("play", theme, theme.on_accent))


def _next_hour() -> QTime:
    return QTime((datetime.now().hour + 1) % 24, 0)
