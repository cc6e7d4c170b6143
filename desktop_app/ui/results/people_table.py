"""The table of the people of a count, with a key for each decision."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from desktop_app.ui.results.people_model import PeopleModel
from desktop_app.ui.widgets.row_table import RowTable
from desktop_app.ui.widgets.texts import tr

_WIDTHS = (62, 76, 74, 116, 58, 156, 58)
_DOOR, _TIME = 1, 2
_WIDTH_WITH_DATE = 148
_WIDEST_DOOR, _CELL_PADDING = 220, 22


class PeopleTable(RowTable):
    """`key_pressed(key)` is emitted for the keys that decide something, as text."""

    key_pressed = Signal(str)
    KEYS: ClassVar[dict[Qt.Key, str]] = {
        Qt.Key.Key_F: "F",
        Qt.Key.Key_M: "M",
        Qt.Key.Key_U: "U",
        Qt.Key.Key_S: "S",
        Qt.Key.Key_J: "J",
        Qt.Key.Key_X: "X",
        Qt.Key.Key_Delete: "Delete",
        Qt.Key.Key_Backspace: "Delete",
        Qt.Key.Key_Plus: "+",
        Qt.Key.Key_Insert: "+",
        Qt.Key.Key_Menu: "menu",
        Qt.Key.Key_Return: "menu",
        Qt.Key.Key_Enter: "menu",
    }

    def __init__(self, model: PeopleModel, parent: QWidget | None = None) -> None:
        super().__init__(model, tr("People of this count"), tr("Choose everybody"), _WIDTHS, parent)
        self._people = model
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def fit(self) -> None:
        """Give the times room for a date where the people are of several days; name the door only of several.

        Doors often begin alike ("Side entrance, north"), so that their names need room.
        """
        self.set_width(_TIME, _WIDTH_WITH_DATE if self._people.has_several_days else _WIDTHS[_TIME])
        doors = self._people.door_names
        longest = max(map(self.fontMetrics().horizontalAdvance, doors), default=0)
        self.set_width(_DOOR, min(max(_WIDTHS[_DOOR], longest + _CELL_PADDING), _WIDEST_DOOR))
        self.setColumnHidden(_DOOR, not doors)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier)
        key = self.KEYS.get(Qt.Key(event.key()))
        if key is None or plain != Qt.KeyboardModifier.NoModifier:
            super().keyPressEvent(event)
        else:
            self.key_pressed.emit(key)
