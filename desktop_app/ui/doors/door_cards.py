"""A card for each door of a count, below it its lines and zones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from desktop_app.domain.record_sums import PlaceFigures
from desktop_app.domain.types import Counts
from desktop_app.system.redaction import without_secrets
from desktop_app.ui.figures.totals import Figure, gender_figures, totals_words
from desktop_app.ui.places.place_cards import PlaceCards
from desktop_app.ui.places.place_editor import PlaceEditor
from desktop_app.ui.sessions.told_door import FIRST_DOOR, ToldDoor
from desktop_app.ui.widgets.cut_label import CutLabel
from desktop_app.ui.widgets.marks import MarkWidget
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import GENDER_WORDS, Theme, repolish
from desktop_app.ui.window.actions import MOST_DOOR_KEYS
from desktop_app.ui.window.state_words import Pill


class DoorCard(QPushButton):
    """Name, total, split and state of one door of several; pressing it shows its picture."""

    def __init__(self, told: ToldDoor, number: int, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("door_card")
        self.setCheckable(True)
        self.setAutoExclusive(False)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._told = told
        self._shown: tuple[Counts, str, bool] | None = None
        keys = tr(" (Alt+{number})", number=number) if number <= MOST_DOOR_KEYS else ""
        self.setToolTip(tr("Show the picture of {door}{keys}; all doors go on counting", door=told.name, keys=keys))
        self._name = CutLabel("title")
        self._name.show_text(told.name)
        self._state = QLabel()
        self._state.setObjectName("door_state")
        self._state.setTextFormat(Qt.TextFormat.PlainText)
        self._total = Figure(tr("Counted at {door}", door=told.name))
        self._total.set_pixel_size(26)
        self._marks: dict[object, MarkWidget] = {}
        self._figures: dict[object, QLabel] = {}
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._name, 1)
        head.addWidget(self._state)
        figures = QHBoxLayout()
        figures.setSpacing(5)
        figures.addWidget(self._total)
        figures.addStretch(1)
        for gender in gender_figures(Counts()):
            mark, label = MarkWidget(gender, theme.gender(gender), 12), QLabel("0")
            label.setToolTip(GENDER_WORDS[gender])
            mark.setToolTip(GENDER_WORDS[gender])
            figures.addSpacing(6)
            figures.addWidget(mark)
            figures.addWidget(label)
            self._marks[gender], self._figures[gender] = mark, label
        rows = QVBoxLayout(self)
        rows.setContentsMargins(12, 8, 12, 8)
        rows.setSpacing(2)
        rows.addLayout(head)
        rows.addLayout(figures)
        for label in (self._name, self._state, self._total):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def sizeHint(self) -> QSize:
        # A button asks for the room of its text and not of what is laid out in it.
        layout = self.layout()
        return layout.sizeHint() if layout is not None else super().sizeHint()

    def minimumSizeHint(self) -> QSize:
        layout = self.layout()
        return layout.minimumSize() if layout is not None else super().minimumSizeHint()

    def show_figures(self, counts: Counts, pill: Pill, shown: bool) -> None:
        """Show the totals and the state of the door, and whether its picture is the one shown."""
        self.setChecked(shown)
        now = (counts, pill.text, shown)
        if now == self._shown:
            return
        self._shown = now
        self._total.show_number(counts.people)
        for gender, number in gender_figures(counts).items():
            self._figures[gender].setText(f"{number:,}")
        self._state.setText(pill.text)
        if self._state.property("kind") != pill.kind:
            self._state.setProperty("kind", pill.kind)
            repolish(self._state)
        here = tr(", its picture is shown") if shown else ""
        totals = totals_words(counts)
        self.setAccessibleName(
            tr("{door}, {state}{here}: {totals}", door=self._told.name, state=pill.text, here=here, totals=totals)
        )

    def nextCheckState(self) -> None:
        """Only `show_figures` says which card is the chosen one."""

    def apply_theme(self, theme: Theme) -> None:
        for gender, mark in self._marks.items():
            mark.set_colour(theme.gender(gender))  # type: ignore[arg-type]


class DoorSection(QWidget):
    """A door: its card where there are several, and the cards of its lines and zones."""

    def __init__(self, told: ToldDoor | None, number: int, several: bool, editor: PlaceEditor, theme: Theme) -> None:
        super().__init__()
        self.told = told
        self.door_id = told.run.door.id if told is not None else FIRST_DOOR
        self.card = DoorCard(told, number, theme) if told is not None and several else None
        source = without_secrets(told.run.door.source) if told is not None and several else None
        self.places = PlaceCards(editor, theme, source)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(6)
        if self.card is not None:
            rows.addWidget(self.card)
            self.places.set_indent(14)
        rows.addWidget(self.places)

    def show_figures(self, counts: Counts, pill: Pill, shown: bool, places: Mapping[str, PlaceFigures]) -> None:
        """Show what was counted at the door, and at its places by their names."""
        if self.card is not None:
            self.card.show_figures(counts, pill, shown)
        self.places.show_figures(places)

    def apply_theme(self, theme: Theme) -> None:
        if self.card is not None:
            self.card.apply_theme(theme)
        self.places.apply_theme(theme)


class DoorCards(QWidget):
    """One section a door. Signals: `chosen(ToldDoor)` to show its picture, `problem(sentence)` why a change of a line
    or zone was refused."""

    chosen = Signal(object)
    problem = Signal(str)

    def __init__(self, editor: PlaceEditor, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        self._theme = theme
        self._told: tuple[ToldDoor, ...] | None = None
        self.sections: list[DoorSection] = []
        self._column = QGridLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setVerticalSpacing(8)
        self.setAccessibleName(tr("Doors, lines and zones"))
        editor.places_changed.connect(self._hide_empty)
        editor.reloaded.connect(self._hide_empty)
        self.show_doors(())

    @property
    def cards(self) -> list[DoorCard]:
        """The cards of the doors, none where there is only one."""
        return [section.card for section in self.sections if section.card is not None]

    def show_doors(self, doors: Sequence[ToldDoor]) -> None:
        """Have a section for each of these doors; without any, one for the lines and zones of the next count."""
        if tuple(doors) == self._told:
            return
        self._told = tuple(doors)
        for section in self.sections:
            section.hide()
            section.deleteLater()
        several = len(doors) > 1
        self.sections = []
        for row, told in enumerate(doors or (None,)):
            section = DoorSection(told, row + 1, several, self._editor, self._theme)
            section.places.problem.connect(self.problem)
            if told is not None:
                if section.card is not None:
                    section.card.clicked.connect(lambda _on=False, told=told: self.chosen.emit(told))
                section.places.wanted.connect(lambda told=told: self.chosen.emit(told))
            self._column.addWidget(section, row, 0)
            self.sections.append(section)
        self._hide_empty()

    def _hide_empty(self) -> None:
        """Take no room where there is neither a card nor a place."""
        for section in self.sections:
            section.setVisible(section.card is not None or bool(section.places.cards))
        self.setVisible(any(not section.isHidden() for section in self.sections))

    def apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        for section in self.sections:
            section.apply_theme(theme)
