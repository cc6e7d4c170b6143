"""The doors that are kept, each with a tick that says whether the next count includes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QToolButton, QVBoxLayout, QWidget

from desktop_app.settings import MAX_DOORS, DoorSettings
from desktop_app.ui.sources.names import DEMO
from desktop_app.ui.widgets.icons import action_icon
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme

ROW_PX = 50
MOST_ROWS = 4
_SOURCE = Qt.ItemDataRole.UserRole
_OWN_KEYS = (Qt.Key.Key_Delete, Qt.Key.Key_F2, Qt.Key.Key_Space)


class _List(QListWidget):
    """Takes its own keys before they reach the window's shortcuts: Space ticks, Delete removes, F2 changes."""

    pressed_key = Signal(int)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in _OWN_KEYS:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_F2):
            self.pressed_key.emit(event.key())
            event.accept()
            return
        super().keyPressEvent(event)


class DoorList(QWidget):
    """Signals: `chosen(source)` when a door of the list is looked at, "" for none; `ticked(source, bool)`;
    `add_asked()`; `change_asked(source)` and `remove_asked(source)` of one door."""

    chosen = Signal(str)
    ticked = Signal(str, bool)
    add_asked = Signal()
    change_asked = Signal(str)
    remove_asked = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._doors: tuple[DoorSettings, ...] = ()
        self._rows: list[tuple[str, str]] = []
        self._filling = False
        self.list = _List()
        self.list.setObjectName("camera_cards")
        self.list.setAccessibleName(tr("Doors"))
        self.list.setToolTip(tr("The next count is at every door that is ticked"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setIconSize(QSize(22, 22))
        self.list.setSpacing(2)
        self.list.currentItemChanged.connect(lambda _item, _old: self._chosen())
        self.list.itemChanged.connect(self._item_changed)
        self.list.itemDoubleClicked.connect(lambda _item: self._ask(self.change_asked))
        self.list.pressed_key.connect(self._key)
        self.add = QPushButton()
        self.add.setProperty("link", "true")
        self.add.setIconSize(QSize(18, 18))
        self.add.setToolTip(tr("Count at a further door with a camera, file or address of its own, in the same count"))
        self.add.clicked.connect(self.add_asked)
        self.change = self._tool(tr("Change name and source (F2)"), tr("Change this door"), self.change_asked)
        self.remove = self._tool(
            tr("Remove this door (Del); it can be undone"), tr("Remove this door"), self.remove_asked
        )
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addWidget(self.add)
        row.addStretch(1)
        for button in (self.change, self.remove):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.list)
        column.addLayout(row)
        self.apply_theme(theme)
        self.show_doors(())

    def _tool(self, tip: str, name: str, signal: object) -> QToolButton:
        button = QToolButton()
        button.setProperty("flat", "true")
        button.setToolTip(tip)
        button.setAccessibleName(name)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self._ask(signal))
        return button

    # --- showing -------------------------------------------------------------------------------------------------

    def show_doors(
        self, doors: Sequence[DoorSettings], name_of: Callable[[str], str] = str, chosen: str | None = None
    ) -> None:
        """Show these doors; `name_of(source)` says how a source is called, `chosen` is the source to look at."""
        wanted = self.current if chosen is None else chosen
        rows = [(door.source, f"{door.name}\n{name_of(door.source)}") for door in doors]
        self._doors = tuple(doors)
        self._filling = True
        if rows != self._rows:  # a tick alone must not take away the item that was just pressed
            self._rows = rows
            self.list.clear()
            for source, words in rows:
                item = QListWidgetItem(words, self.list)
                item.setData(_SOURCE, source)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setSizeHint(QSize(100, ROW_PX))
                if source == wanted:
                    self.list.setCurrentItem(item)
        for row, door in enumerate(doors):
            self.list.item(row).setCheckState(Qt.CheckState.Checked if door.counts else Qt.CheckState.Unchecked)
        self.list.setFixedHeight(min(MOST_ROWS, max(1, len(doors))) * (ROW_PX + 4) + 4)
        self._filling = False
        self.list.setVisible(bool(doors))
        self.add.setText(tr("Add another door…") if doors else tr("Count at several doors…"))
        self.add.setAccessibleName(self.add.text().rstrip("…"))
        self.add.setEnabled(len(doors) < MAX_DOORS)
        self.apply_theme(self._theme)
        self._enable()

    @property
    def current(self) -> str:
        """The source of the door that is looked at, "" for none."""
        item = self.list.currentItem()
        return str(item.data(_SOURCE)) if item is not None else ""

    def choose(self, source: str) -> None:
        """Look at the door with this source; "" for none."""
        rows = [row for row, door in enumerate(self._doors) if door.source == source]
        self.list.setCurrentRow(rows[0] if rows else -1)

    def _enable(self) -> None:
        for button in (self.change, self.remove):
            button.setVisible(bool(self._doors))
            button.setEnabled(bool(self.current))

    # --- what the operator does ----------------------------------------------------------------------------------

    def _chosen(self) -> None:
        if not self._filling:
            self._enable()
            self.chosen.emit(self.current)

    def _item_changed(self, item: QListWidgetItem) -> None:
        if not self._filling:
            self.ticked.emit(str(item.data(_SOURCE)), item.checkState() is Qt.CheckState.Checked)

    def _key(self, key: int) -> None:
        self._ask(self.remove_asked if key == Qt.Key.Key_Delete else self.change_asked)

    def _ask(self, signal: object) -> None:
        if self.current:
            signal.emit(self.current)  # type: ignore[attr-defined]

    def apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.add.setIcon(action_icon("add", theme))
        self.change.setIcon(action_icon("rename", theme))
        self.remove.setIcon(action_icon("trash", theme))
        self._filling = True
        for row, door in enumerate(self._doors):
            if (item := self.list.item(row)) is not None:
                item.setIcon(action_icon(icon_of(door.source), theme))
        self._filling = False


def icon_of(source: str) -> str:
    """Return the name of the icon for a kind of source."""
    if source == DEMO:
        return "demo"
    if source.startswith("camera:"):
        return "webcam"
    return "link" if "://" in source else "film"
