"""The people of a kept count and what the operator decides about them, by mouse or by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QItemSelectionModel, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.events import Joined
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import AGE_BANDS, Counts, Gender
from desktop_app.errors import HeadcountError
from desktop_app.session.session import Session
from desktop_app.ui.picture.missed_dialog import MissedDialog
from desktop_app.ui.results.people_model import FILTERS, PeopleModel, correction_words, filter_words
from desktop_app.ui.results.people_table import PeopleTable
from desktop_app.ui.widgets.search_field import SearchField
from desktop_app.ui.widgets.texts import people_words, tr
from desktop_app.ui.widgets.theme import Theme

MOST_LISTED = 500
DIRECTLY_UP_TO = 5000
"""More people than this are read again on a thread after a decision."""


class PeoplePage(QWidget):
    """Every decision is an entry of the log. `decided(name)` tells of one, `refused(HeadcountError)` why one was not.

    `reload_wanted()` asks for the people of a long count to be read again on a thread; `show_people` brings them.
    """

    decided = Signal(str)
    refused = Signal(object)
    reload_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session: Session | None = None
        self._automatic = Counts()
        self._note = ""
        self.model = PeopleModel(self)
        self.figures = QLabel()
        self.figures.setWordWrap(True)
        self.figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.search = SearchField(tr("Search: number, time, words"), tr("Search people"))
        self.search.textChanged.connect(self._narrow)
        self.choice = QComboBox()
        self.choice.setAccessibleName(tr("Which people are shown"))
        for key in FILTERS:
            self.choice.addItem(filter_words(key), key)
        self.choice.currentIndexChanged.connect(self._narrow)
        self.operator = QLineEdit()
        self.operator.setPlaceholderText(tr("Your name (optional)"))
        self.operator.setAccessibleName(tr("Your name, kept with each correction"))
        self.operator.setToolTip(tr("Kept with each correction, so that others see who said so"))
        words_px = self.operator.fontMetrics().horizontalAdvance(self.operator.placeholderText())
        self.operator.setMinimumWidth(words_px + 32)  # and a frame, a margin and the cursor
        self.operator.setMaximumWidth(max(190, words_px + 32))
        self.offer = QPushButton(tr("Read the people of this count"))
        """Asks for the people of a long count, which are not read unasked."""
        self.offer.setToolTip(tr("It is a long count: this takes a while, and much memory"))
        self.offer.setVisible(False)
        self.table = PeopleTable(self.model)
        self.table.setMinimumHeight(120)  # on a small screen the corrections give way to the people
        self.table.key_pressed.connect(self.press)
        self.table.customContextMenuRequested.connect(self._show_menu)
        self.table.selectionModel().selectionChanged.connect(self._enable)
        self.corrections = QListWidget()
        self.corrections.setAccessibleName(tr("Corrections"))
        self.corrections.setMaximumHeight(96)
        self.corrections.setMinimumHeight(34)
        self.corrections.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.corrections.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.corrections_title = QLabel()
        self.corrections_title.setProperty("role", "title")
        self.buttons: dict[str, QPushButton] = {}
        self._lay_out()
        self._show_words()
        self._enable()

    def _button(self, key: str, words: str, tip: str, call: Callable[[], object]) -> QPushButton:
        button = QPushButton(words)
        button.setToolTip(tip)
        button.clicked.connect(lambda _on=False: call())
        button.setObjectName(f"people {key}")
        self.buttons[key] = button
        return button

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.search, 1)
        top.addWidget(self.choice)
        top.addWidget(self.operator)
        decisions = QHBoxLayout()
        decisions.setSpacing(6)
        decisions.addWidget(
            self._button("F", tr("Female"), tr("The chosen people appear female (F)"), lambda: self.press("F"))
        )
        decisions.addWidget(
            self._button("M", tr("Male"), tr("The chosen people appear male (M)"), lambda: self.press("M"))
        )
        decisions.addWidget(
            self._button("U", tr("Undecided"), tr("Nobody can tell of the chosen people (U)"), lambda: self.press("U"))
        )
        decisions.addWidget(
            self._button("Delete", tr("Not a person"), tr("Do not count what was counted here (Delete)"),
                         lambda: self.press("Delete"))
        )  # fmt: skip
        decisions.addWidget(self._button("menu", tr("More"), tr("Age, staff, same person (Enter)"), self._menu_below))
        decisions.addStretch(1)
        decisions.addWidget(
            self._button("+", tr("Missed one (+1)"), tr("Count somebody whom the program missed (+)"), self.add)
        )
        below = QGridLayout()
        below.setColumnStretch(0, 1)
        below.addWidget(self.corrections_title, 0, 0)
        below.addWidget(self._button("undo", tr("Undo"), "", self.undo), 0, 1)
        below.addWidget(self._button("redo", tr("Redo"), "", self.redo), 0, 2)
        below.addWidget(self.corrections, 1, 0, 1, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self.figures)
        column.addWidget(self.offer, 0, Qt.AlignmentFlag.AlignLeft)
        column.addLayout(top)
        column.addLayout(decisions)
        column.addWidget(self.table, 1)
        column.addLayout(below)

    # --- what is shown -------------------------------------------------------------------------------------------

    @property
    def session(self) -> Session | None:
        return self._session

    def show_session(self, session: Session | None, people: Sequence[PersonRecord] = ()) -> None:
        """Show another count; None shows nothing."""
        is_other = session is not self._session
        self._session = session
        self.offer.setVisible(False)
        if is_other and session is not None and not self.operator.text():
            self.operator.setText(_last_operator(session))
        self.show_people(people)
        if is_other and people:
            self.table.selectRow(0)

    def show_people(self, people: Sequence[PersonRecord]) -> None:
        """Show the people as they are now; the same ones stay chosen, and the list stays where it was scrolled to."""
        chosen, bar = [r.ref for r in self.chosen()], self.table.verticalScrollBar()
        scrolled_to = bar.value()
        self._automatic = automatic_counts(people)
        # Of those known only as numbers of an interval there is nothing to choose.
        doors = self._session.log.all_doors if self._session is not None else {}
        self.model.show([person for person in people if not person.is_condensed], doors)
        self.table.fit()
        self._choose(chosen)
        bar.setValue(scrolled_to)
        self._show_words()
        self._enable()

    def show_note(self, text: str) -> None:
        """Say in a sentence why nobody is listed, while no count is shown."""
        self._note = text
        if self._session is None:
            self._show_words()

    def _show_words(self) -> None:
        session = self._session
        if session is None:
            self.figures.setText(self._note)
            self.figures.setVisible(bool(self._note))
            self.corrections_title.clear()
            self.corrections.clear()
            self.corrections.setVisible(False)
            return
        decisions = [e for e in session.log.read(Totals.corrections) if not isinstance(e.event, Joined)]
        self.figures.setText(tr("The program alone: {words}", words=_counts_words(self._automatic)))
        self.figures.setVisible(bool(decisions))
        self.corrections_title.setText(
            tr("Corrections: {number}", number=len(decisions)) if decisions else tr("Nothing was corrected by hand")
        )
        self.corrections.clear()

        at_door = {door: session.at_door(door) for door in session.log.all_doors}

        def lines(totals: Totals) -> list[str]:
            def where(ref: str) -> str:
                return at_door.get(totals.door(ref), "")

            return [correction_words(entry, totals.number, where) for entry in reversed(decisions[-MOST_LISTED:])]

        self.corrections.addItems(session.log.read(lines))
        self.corrections.setVisible(bool(decisions))

    @Slot()
    def _narrow(self) -> None:
        chosen = [r.ref for r in self.chosen()]
        self.model.narrow(str(self.choice.currentData()), self.search.text())
        self._choose(chosen)
        self._enable()

    def chosen(self) -> list[PersonRecord]:
        """Return the people who are chosen, from the top."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [person for row in rows if (person := self.model.person_at(row)) is not None]

    def _choose(self, refs: Sequence[str]) -> None:
        rows = sorted({row for ref in refs if (row := self.model.row_of(ref)) >= 0})
        selection = self.table.selectionModel()
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for number, row in enumerate(rows):
            index = self.model.index(row, 0)
            if not number:
                selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            selection.select(index, flags)

    @Slot()
    def _enable(self) -> None:
        some = bool(self.chosen())
        for key in ("F", "M", "U", "Delete", "menu"):
            self.buttons[key].setEnabled(some)
        self.buttons["+"].setEnabled(self._session is not None)
        stack = self._session.undo_stack if self._session is not None else None
        for key, name in (("undo", stack.undo_name if stack else ""), ("redo", stack.redo_name if stack else "")):
            self.buttons[key].setEnabled(bool(name))
            words = tr("Undo: {name}", name=name) if key == "undo" else tr("Redo: {name}", name=name)
            self.buttons[key].setToolTip(words if name else tr("There is nothing to take back or do again"))

    # --- decisions -----------------------------------------------------------------------------------------------

    @Slot(str)
    def press(self, key: str) -> None:
        """Do what a key stands for with the people who are chosen."""
        match key:
            case "F" | "M" | "U":
                gender = {"F": Gender.FEMALE, "M": Gender.MALE, "U": Gender.UNDECIDED}[key]
                self._each(lambda session, r: session.correct(r.ref, "gender", gender.value))
            case "Delete":
                self._each(lambda session, r: session.correct(r.ref, "removed", "no" if r.is_removed else "yes"))
            case "S":
                self._each(lambda session, r: session.correct(r.ref, "staff", "no" if r.is_staff else "yes"))
            case "J":
                self.join_chosen()
            case "X":
                self._each(lambda session, r: session.split(r.ref))
            case "+":
                self.add()
            case "menu":
                self._menu_below()

    def set_age_band(self, band: str) -> None:
        """Set the age of the people who are chosen."""
        self._each(lambda session, r: session.correct(r.ref, "age_band", band))

    def join_chosen(self) -> None:
        """Say that the people who are chosen are one, the one counted first."""
        people = sorted(self.chosen(), key=lambda r: r.counted_utc)
        if len(people) < 2:
            self.refused.emit(HeadcountError(tr("Choose two people who are one."), tr("Hold Ctrl to choose another.")))
            return

        def merge(session: Session) -> None:
            for other in people[1:]:
                session.merge(other.ref, people[0].ref)

        self._decide(merge)

    def add(self) -> None:
        """Count somebody whom the program missed."""
        if self._session is None:
            return
        dialog = MissedDialog(self)
        if dialog.exec():
            gender, band, note = dialog.gender, dialog.age_band, dialog.note
            self._decide(lambda session: session.add(gender, band, note))
        dialog.deleteLater()

    def _each(self, decision: Callable[[Session, PersonRecord], object]) -> None:
        people = self.chosen()
        if people:
            self._decide(lambda session: [decision(session, record) for record in people])

    def _decide(self, decision: Callable[[Session], object]) -> None:
        session = self._session
        if session is None:
            return
        before = session.log.version
        session.operator = self.operator.text().strip()
        try:
            decision(session)
        except HeadcountError as error:
            self.refused.emit(error)
        if session.log.version != before:
            self._changed(session.undo_stack.undo_name)

    def undo(self) -> str:
        """Take back the last correction of this count; return its name, "" for none."""
        name = self._session.undo_stack.undo() if self._session is not None else ""
        if name:
            self._changed(tr("taken back: {name}", name=name))
        return name

    def redo(self) -> str:
        """Do the correction again that was taken back last; return its name, "" for none."""
        name = self._session.undo_stack.redo() if self._session is not None else ""
        if name:
            self._changed(tr("done again: {name}", name=name))
        return name

    def _changed(self, name: str) -> None:
        if self._session is not None:
            if len(self.model.people) <= DIRECTLY_UP_TO:
                self.show_people(self._session.people())
            else:
                self.reload_wanted.emit()
        self.decided.emit(name)

    # --- the menu ------------------------------------------------------------------------------------------------

    @Slot(QPoint)
    def _show_menu(self, at: QPoint) -> None:
        if self.chosen():
            self._popup(self.table.viewport().mapToGlobal(at))

    def _menu_below(self) -> None:
        if self.chosen():
            button = self.buttons["menu"]
            self._popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _popup(self, at: QPoint) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def menu(self) -> QMenu:
        """Return what can be said of the people who are chosen."""
        people = self.chosen()
        menu = QMenu(self)

        def entry(words: str, key: str, *, enabled: bool = True) -> QAction:
            action = menu.addAction(words)
            action.setObjectName(key)
            action.setEnabled(enabled)
            action.triggered.connect(lambda _on=False: self.press(key))
            return action

        entry(tr("Appears female\tF"), "F")
        entry(tr("Appears male\tM"), "M")
        entry(tr("Undecided\tU"), "U")
        ages = menu.addMenu(tr("Age"))
        for band in AGE_BANDS:
            action = ages.addAction(tr("{band} years", band=band.replace("-", "–")))
            action.setObjectName(f"age {band}")
            action.triggered.connect(lambda _on=False, band=band: self.set_age_band(band))
        menu.addSeparator()
        is_staff, is_removed = all(r.is_staff for r in people), all(r.is_removed for r in people)
        entry(tr("Not staff: count\tS") if is_staff else tr("Staff: do not count\tS"), "S")
        entry(tr("A person after all\tDel") if is_removed else tr("Not a person\tDel"), "Delete")
        entry(tr("These are the same person\tJ"), "J", enabled=len(people) > 1)
        entry(tr("These are different people\tX"), "X", enabled=any(len(r.members) > 1 for r in people))
        return menu


def automatic_counts(people: Sequence[PersonRecord]) -> Counts:
    """Return what the program alone counted, whatever was corrected."""
    own = [gender for r in people for _, gender in r.labels]
    return Counts(own.count(Gender.FEMALE), own.count(Gender.MALE), own.count(Gender.UNDECIDED))


def _counts_words(counts: Counts) -> str:
    return tr(
        "{people}: {female} appear female, {male} appear male, {undecided} undecided",
        people=people_words(counts.people),
        female=f"{counts.female:,}",
        male=f"{counts.male:,}",
        undecided=f"{counts.undecided:,}",
    )


def _last_operator(session: Session) -> str:
    """Return who corrected this count last, "" where nobody said."""
    names = (getattr(e.event, "operator", "") for e in reversed(session.log.read(Totals.corrections)))
    return next((name for name in names if name), "")
