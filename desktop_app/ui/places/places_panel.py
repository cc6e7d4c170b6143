"""The list of lines and zones beside the picture: their names, their figures, and what can be changed about them."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop_app.settings import PlaceSettings
from desktop_app.ui.places.place_editor import PlaceEditor
from desktop_app.ui.places.place_menu import place_menu, rename_place
from desktop_app.ui.places.place_painting import PLACE_COLOURS
from desktop_app.ui.widgets.icons import action_icon
from desktop_app.ui.widgets.theme import Theme
from desktop_app.ui.window.actions import Actions


class PlacesPanel(QFrame):
    """Shows the places of a `PlaceEditor` and edits them through it. Hidden while there are none.

    Signal `problem(sentence)` when a change was refused.
    """

    problem = Signal(str)

    def __init__(self, editor: PlaceEditor, actions: Actions, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName("Lines and zones")
        self._editor = editor
        self._theme = theme
        title = QLabel("Lines and zones")
        title.setProperty("role", "title")
        self._rename = self._tool("Rename (F2)", "Rename")
        self._flip = self._tool("Exchange in and out", "Exchange in and out")
        self._staff = self._tool("People in this zone are staff: do not count them", "Staff zone")
        self._staff.setCheckable(True)
        self._delete = self._tool("Delete (Del)", "Delete")
        self._undo = actions.button("undo")
        self._rename.clicked.connect(self.rename)
        self._flip.clicked.connect(self.flip)
        self._staff.clicked.connect(self.set_staff)
        self._delete.clicked.connect(self.delete)
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(title)
        head.addStretch(1)
        for button in (self._rename, self._flip, self._staff, self._delete, self._undo):
            head.addWidget(button)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("Lines and zones")
        self.tree.setRootIsDecorated(False)
        self.tree.setHeaderHidden(True)
        self.tree.setColumnCount(2)
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.tree.customContextMenuRequested.connect(self._menu)
        self.tree.currentItemChanged.connect(lambda *_: self._chosen())
        self.tree.itemDoubleClicked.connect(lambda *_: self.rename())
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 8)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.tree)
        editor.places_changed.connect(self.refresh)
        editor.reloaded.connect(self.refresh)
        editor.changed.connect(self._follow_selection)
        self.apply_theme(theme)
        self.refresh()

    def _tool(self, tip: str, name: str) -> QToolButton:
        button = QToolButton()
        button.setProperty("flat", "true")
        button.setToolTip(tip)
        button.setAccessibleName(name)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    # --- showing -------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the editor's places as they are now."""
        places = self._editor.places
        selected = self._editor.selected
        self.tree.blockSignals(True)
        self.tree.clear()
        for place in places:
            item = QTreeWidgetItem([place.name, ""])
            item.setIcon(0, self._icon(place))
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.tree.addTopLevelItem(item)
        self._select(selected)
        self.tree.blockSignals(False)
        rows = min(4, max(1, len(places)))
        self.tree.setFixedHeight(rows * max(26, self.tree.sizeHintForRow(0)) + 12)
        self.setVisible(bool(places))
        self.show_figures(self._editor.figures)
        self._enable()

    def show_figures(self, figures: dict[str, str]) -> None:
        """Show what was counted at each place, by its name."""
        for row, place in enumerate(self._editor.places[: self.tree.topLevelItemCount()]):
            text = "not counted" if place.kind == "staff" else figures.get(place.name, "")
            item = self.tree.topLevelItem(row)
            if item is not None and item.text(1) != text:
                item.setText(1, text)

    def _icon(self, place: PlaceSettings) -> QIcon:
        name = {"line": "line", "zone": "zone", "staff": "staff"}[place.kind]
        return action_icon(name, self._theme, PLACE_COLOURS[place.kind].name() if self._theme.name == "dark" else None)

    def _follow_selection(self) -> None:
        selected = self._editor.selected
        if selected != self._row():
            self._select(selected)
        self._enable()

    def _select(self, row: int | None) -> None:
        item = self.tree.topLevelItem(row) if row is not None else None
        if item is not None:
            self.tree.setCurrentItem(item)

    def _enable(self) -> None:
        row = self._row()
        place = self._editor.places[row] if 0 <= row < len(self._editor.places) else None
        self._rename.setEnabled(place is not None)
        self._delete.setEnabled(place is not None)
        self._flip.setVisible(place is not None and place.kind == "line")
        self._staff.setVisible(place is not None and place.kind != "line")
        self._staff.setChecked(place is not None and place.kind == "staff")

    def _row(self) -> int:
        item = self.tree.currentItem()
        return self.tree.indexOfTopLevelItem(item) if item is not None else -1

    def _chosen(self) -> None:
        row = self._row()
        if row >= 0 and row != self._editor.selected:
            self._editor.selected = row
            self._editor.changed.emit()
        self._enable()

    # --- changing ------------------------------------------------------------------------------------------------

    def rename(self) -> None:
        """Ask for another name of the chosen place."""
        row = self._row()
        if row >= 0 and (sentence := rename_place(self, self._editor, row)):
            self.problem.emit(sentence)

    def flip(self) -> None:
        if self._row() >= 0:
            self._editor.flip(self._row())

    def set_staff(self, is_staff: bool) -> None:
        if self._row() >= 0:
            self._editor.set_staff(self._row(), is_staff)

    def delete(self) -> None:
        if self._row() >= 0:
            self._editor.remove(self._row())

    def _menu(self, at: QPoint) -> None:
        row = self._row()
        if row < 0:
            return
        menu = place_menu(self, self._editor, row, self.problem.emit)
        menu.exec(self.tree.viewport().mapToGlobal(at))
        menu.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F2:
            self.rename()
        elif event.key() == Qt.Key.Key_Delete:
            self.delete()
        else:
            super().keyPressEvent(event)

    def apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._rename.setIcon(action_icon("rename", theme))
        self._flip.setIcon(action_icon("flip", theme))
        self._staff.setIcon(action_icon("staff", theme))
        self._delete.setIcon(action_icon("trash", theme))
        for row, place in enumerate(self._editor.places[: self.tree.topLevelItemCount()]):
            if (item := self.tree.topLevelItem(row)) is not None:
                item.setIcon(0, self._icon(place))
