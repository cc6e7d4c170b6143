"""The doors that are counted at: their names and sources, what the cameras look at, lines and zones, and a test."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app.settings import DoorSettings, Settings
from desktop_app.settings.presets import PRESETS, preset_of
from desktop_app.ui.doors.door_list import DoorList
from desktop_app.ui.places.place_editor import PlaceEditor
from desktop_app.ui.places.places_panel import PlacesPanel
from desktop_app.ui.setup.form import Choice, Row, SettingsForm, Tick, heading, note, setting_row, settings_page
from desktop_app.ui.sources.source_choice import SourceChoice
from desktop_app.ui.sources.start_form import LONGEST_NAME
from desktop_app.ui.widgets.name_edit import NameEdit
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme
from desktop_app.ui.window.actions import Actions

TURN_WORDS = {0: "Not turned", 90: "A quarter to the right", 180: "Upside down", 270: "A quarter to the left"}


def _preset_words() -> dict[str, tuple[str, str]]:
    return {
        "entrance": (tr("Entrance"), tr("People walk towards the camera in good light, up to about ten metres away.")),
        "far": (tr("Far away"), tr("People are small in the picture, as in a hall or across a street. Takes longer.")),
        "dark": (tr("Dark"), tr("Dim light, as in the evening. Looks for fainter faces. A lamp helps more than this.")),
    }


def _picture_rows() -> tuple[Row, ...]:
    return (
        Row(
            "source",
            "turn",
            tr("Turn the picture"),
            tr(
                "For a camera or stream that hangs upside down or on its side; each door has its own. Files are shown "
                "as they are."
            ),
            Choice(TURN_WORDS),
        ),
        Row(
            "source",
            "mirror",
            "",
            tr("For a camera that looks into a mirror, or gives a mirrored picture; each door has its own."),
            Tick(tr("Exchange left and right")),
        ),
    )


class DoorsPage(QWidget):
    """Signals: `preset_chosen(name)`, `named(name of the door)`; `test_asked()` and `count_asked()` of the door chosen.

    `list` has the doors that are kept; without any, name and source are those of the next count.
    """

    preset_chosen = Signal(str)
    named = Signal(str)
    test_asked = Signal()
    count_asked = Signal()

    def __init__(
        self,
        actions: Actions,
        theme: Theme,
        form: SettingsForm,
        choice: SourceChoice,
        editor: PlaceEditor,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._editor = editor
        self._choice = choice
        choice.cameras_changed.connect(self._name_doors)
        page, column, rows = settings_page("")
        rows.insertRow(0, heading(tr("What does the camera look at?")))
        self._presets: dict[str, QRadioButton] = {}
        rows.addRow(self._preset_cards())
        self._own = note(tr("Set by hand, under Advanced."))
        rows.addRow(self._own)
        self._title = heading(tr("Door"))
        rows.addRow(self._title)
        self._kept: tuple[DoorSettings, ...] = ()
        self.list = DoorList(theme)
        self.list.setMaximumWidth(560)
        rows.addRow(self.list)
        self.name = NameEdit()
        self.name.setMaxLength(LONGEST_NAME)
        self.name.setMaximumWidth(340)
        self.name.setPlaceholderText(tr("Main door"))
        self.name.editingFinished.connect(lambda: self.named.emit(self.name.text().strip()))
        self._tips = {
            False: tr("How this door is called on reports; the place of the next count"),
            True: tr("How the chosen door is called on its card and on reports"),
        }
        setting_row(rows, tr("Name"), self.name, self._tips[False])
        self._add_source(rows, choice)
        form.add_rows(rows, _picture_rows())
        test = QPushButton(tr("Test this door"))
        test.setToolTip(tr("Show the picture of the camera, and whether faces are large, light and sharp enough"))
        test.clicked.connect(self.test_asked)
        self.count = QPushButton()
        self.count.clicked.connect(self.count_asked)
        self.show_counting(counted=None, goes_on_without=False)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(test)
        buttons.addWidget(self.count)
        buttons.addStretch(1)
        rows.addRow("", buttons)
        column.addWidget(heading(tr("Lines and zones")))
        self._none = note(tr("There is none yet. They are drawn on the picture, which needs a count under way."))
        column.addWidget(self._none)
        self.places = PlacesPanel(editor, actions, theme)
        column.addWidget(self.places)
        draw = QHBoxLayout()
        for key in ("add_line", "add_zone"):
            draw.addWidget(actions.button(key, text=True, flat=False))
        draw.addStretch(1)
        column.addLayout(draw)
        column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(page)
        editor.places_changed.connect(self._show_none)
        editor.reloaded.connect(self._show_none)
        self._show_none()

    def _preset_cards(self) -> QWidget:
        cards = QWidget()
        row = QHBoxLayout(cards)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        group = QButtonGroup(self)
        for name in PRESETS:
            title, says = _preset_words()[name]
            button = QRadioButton(title)
            button.setStyleSheet("font-weight: 600;")
            button.setToolTip(f"{says} {tr('Holds for every door.')}")
            button.setAccessibleDescription(says)
            button.clicked.connect(lambda _on=False, name=name: self.preset_chosen.emit(name))
            group.addButton(button)
            self._presets[name] = button
            card = QFrame()
            card.setObjectName("preset")
            words = QVBoxLayout(card)
            words.setContentsMargins(12, 10, 12, 10)
            words.setSpacing(4)
            words.addWidget(button)
            label = QLabel(says)
            label.setWordWrap(True)
            label.setProperty("role", "muted")
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            words.addWidget(label, 1)
            row.addWidget(card, 1)
        return cards

    def _add_source(self, rows: QFormLayout, choice: SourceChoice) -> None:
        label = QLabel(tr("Source"))
        label.setBuddy(choice.sources)
        label.setMinimumHeight(28)
        rows.addRow(label, choice)

    def _show_none(self) -> None:
        self._none.setVisible(not self._editor.places)

    def show_doors(self, doors: Sequence[DoorSettings]) -> None:
        """Show the doors that are kept; the first one is looked at until another is chosen."""
        self._kept = tuple(doors)
        self._name_doors()
        if doors and not self.list.current:
            self.list.choose(doors[0].source)
        self._title.setText(tr("Doors") if doors else tr("Door"))
        self.name.setToolTip(self._tips[bool(doors)])
        self._show_chosen()

    def _name_doors(self) -> None:
        self.list.show_doors(self._kept, self._choice.name_of)

    def _show_chosen(self) -> None:
        chosen = next((d for d in self._kept if d.source == self.list.current), None)
        if chosen is not None and not self.name.hasFocus():
            self.name.setText(chosen.name)

    def show_name(self, name: str) -> None:
        """Show how the only door is called, but for what is just being entered."""
        if self._kept:
            self._show_chosen()
        elif not self.name.hasFocus() and self.name.text() != name:
            self.name.setText(name)

    def show_settings(self, settings: Settings) -> None:
        """Show which preset these settings are."""
        chosen = preset_of(settings)
        self._own.setVisible(not chosen)
        for name, button in self._presets.items():
            button.setAutoExclusive(False)
            group = button.group()
            group.setExclusive(False)
            button.setChecked(name == chosen)
            group.setExclusive(True)

    def show_counting(self, counted: bool | None, goes_on_without: bool) -> None:
        """Offer to count at the chosen door or to leave it: `counted` whether it is in the count under way, None for
        no offer; `goes_on_without` whether other doors are counted at."""
        self.count.setVisible(counted is not None)
        self.count.setEnabled(not counted or goes_on_without)
        self.count.setText(tr("Stop counting here") if counted else tr("Count here now"))
        if not counted:
            tip = tr("Count at this door, too, in the count under way; whoever passed before is not counted")
        elif goes_on_without:
            tip = tr("End the count at this door only; whom it counted stays, and the other doors go on")
        else:
            tip = tr("This is the only door: Stop ends the count")
        self.count.setToolTip(tip)

    def apply_theme(self, theme: Theme) -> None:
        self.list.apply_theme(theme)
        self.places.apply_theme(theme)
