"""The figures of each line and zone on a card of its own."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from desktop_app.domain.record_sums import PlaceFigures
from desktop_app.settings import PlaceSettings
from desktop_app.ui.places.place_editor import PlaceEditor
from desktop_app.ui.places.place_menu import place_menu
from desktop_app.ui.places.place_painting import PLACE_COLOURS
from desktop_app.ui.widgets.icons import action_icon, tinted_pixmap
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme, text_px

NOT_SEEN = "–"
ICONS = {"line": "line", "zone": "zone", "staff": "staff"}


def place_parts(kind: str, figures: PlaceFigures | None) -> list[tuple[str, str]]:
    """Return (number, words) of what is shown of a place, the most important first.

    Without `figures` the count knows nothing of the place, as of one that was drawn after its end: that is not 0.
    """
    if kind == "staff":
        return [("", tr("not counted"))]
    f = figures
    if kind == "line":
        numbers = (f"{f.into:,}", f"{f.out:,}") if f is not None else (NOT_SEEN,) * 2
        return list(zip(numbers, (tr("in"), tr("out")), strict=True))
    visits = tr("visit") if f is not None and f.visits == 1 else tr("visits")
    of_zone = (f"{f.inside:,}", f"{f.visits:,}", _stay(f)) if f is not None else (NOT_SEEN,) * 3
    return list(zip(of_zone, (tr("inside"), visits, tr("stay")), strict=True))


def _stay(figures: PlaceFigures) -> str:
    return NOT_SEEN if figures.mean_dwell_s is None else tr("{number} s", number=f"{figures.mean_dwell_s:.0f}")


class PlaceCard(QFrame):
    """One place. `menu_asked(position)` wants its menu."""

    menu_asked = Signal(QPoint)

    def __init__(self, place: PlaceSettings, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._place = place
        self._icon = QLabel()
        self._name = QLabel(place.name)
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        self._name.setProperty("role", "title")
        self._name.setToolTip(place.name)
        self._menu = QToolButton()
        self._menu.setProperty("flat", "true")
        self._menu.setIconSize(QSize(16, 16))
        self._menu.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._menu.setToolTip(tr("Rename, change or delete {name}", name=place.name))
        self._menu.setAccessibleName(tr("Change {name}", name=place.name))
        self._menu.clicked.connect(lambda: self.menu_asked.emit(self._menu.mapToGlobal(self._menu.rect().bottomLeft())))
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._icon)
        head.addWidget(self._name, 1)
        head.addWidget(self._menu)
        self._row = QHBoxLayout()
        self._row.setSpacing(6)
        self._labels: list[tuple[QLabel, QLabel]] = []
        for number, words in place_parts(place.kind, None):
            pair = QLabel(number), QLabel(words)
            pair[0].setStyleSheet(f"font-size: {text_px(22)}px; font-weight: 700;")
            pair[0].setVisible(bool(number))
            pair[1].setProperty("role", "muted")
            for label in pair:
                self._row.addWidget(label, 0, Qt.AlignmentFlag.AlignBaseline)
            self._row.addSpacing(8)
            self._labels.append(pair)
        self._row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 6, 8)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addLayout(self._row)
        self.apply_theme(theme)
        self.show_figures(None)

    @property
    def text(self) -> str:
        """The figures in words, "in 12, out 3"."""
        parts = ((n.text(), w.text()) for n, w in self._labels)
        return ", ".join(f"{words} {number}".strip() for number, words in parts)

    def show_figures(self, figures: PlaceFigures | None) -> None:
        for labels, texts in zip(self._labels, place_parts(self._place.kind, figures), strict=True):
            for label, text in zip(labels, texts, strict=True):
                label.setText(text)
        self.setToolTip(
            "" if figures is not None or self._place.kind == "staff" else tr("Counted from the next start on")
        )
        kind = {"line": tr("Line"), "zone": tr("Zone"), "staff": tr("Staff zone")}[self._place.kind]
        self.setAccessibleName(f"{kind} {self._place.name}: {self.text}")

    def apply_theme(self, theme: Theme) -> None:
        colour = PLACE_COLOURS[self._place.kind].name() if theme.name == "dark" else theme.text
        self._icon.setPixmap(tinted_pixmap(ICONS[self._place.kind], colour, 18, self.devicePixelRatioF()))
        self._menu.setIcon(action_icon("menu", theme))


class PlaceCards(QWidget):
    """A card for each of a `PlaceEditor`'s places at one source: the one that it shows, unless another is named.

    Signals: `problem(sentence)` says why a change was refused; `wanted()` asks for the picture of a source that is not
    shown, because one of its places is to be changed.
    """

    problem = Signal(str)
    wanted = Signal()

    def __init__(
        self, editor: PlaceEditor, theme: Theme, source: str | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._editor = editor
        self._theme = theme
        self._source = source
        self._figures: Mapping[str, PlaceFigures] = {}
        self._places: tuple[PlaceSettings, ...] = ()
        self.cards: list[PlaceCard] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        editor.places_changed.connect(self.refresh)
        editor.reloaded.connect(self.refresh)
        self.setVisible(False)
        self.refresh()

    def set_indent(self, pixels: int) -> None:
        """Stand a little to the right, below what the places belong to."""
        self._column.setContentsMargins(pixels, 0, 0, 0)

    def refresh(self) -> None:
        """Show the editor's places as they are now."""
        source = self._editor.source if self._source is None else self._source
        places = tuple(p for p in self._editor.all_places if p.source == source)
        if places == self._places:
            return
        self._places = places
        for card in self.cards:
            card.hide()
            card.deleteLater()
        self.cards = []
        for index, place in enumerate(places):
            card = PlaceCard(place, self._theme)
            card.menu_asked.connect(lambda at, index=index: self._menu(index, at))
            self._column.addWidget(card)
            self.cards.append(card)
        self.setVisible(bool(self.cards))
        self.show_figures(self._figures)

    def show_figures(self, figures: Mapping[str, PlaceFigures]) -> None:
        """Show what was counted at each place, by its name."""
        self._figures = figures
        for place, card in zip(self._places, self.cards, strict=True):
            card.show_figures(figures.get(place.name))

    def _menu(self, index: int, at: QPoint) -> None:
        if self._source not in (None, self._editor.source):
            self.wanted.emit()
        if index >= len(self._places) or self._editor.places != self._places:
            return
        menu = place_menu(self, self._editor, index, self.problem.emit)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        for card in self.cards:
            card.apply_theme(theme)
