"""Asks for the name of a line or zone just drawn, on the picture beside it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop_app.ui.places.place_editor import PlaceEditor
from desktop_app.ui.widgets.texts import tr


class PlaceNamer(QFrame):
    """A small card over the picture. Enter takes the name, Esc leaves the one the place was given.

    `refused(sentence)` tells why a name could not be taken.
    """

    refused = Signal(str)

    def __init__(self, editor: PlaceEditor, parent: QWidget) -> None:
        super().__init__(parent)
        self._picture = parent
        self.setObjectName("card")
        self._editor = editor
        self._index = -1
        self._name = QLineEdit()
        self._name.setMaxLength(60)
        self._name.setAccessibleName(tr("Name of this line or zone"))
        self._name.installEventFilter(self)
        self._says = QLabel()
        self._says.setWordWrap(True)
        self._says.setProperty("role", "muted")
        self._flip = QPushButton(tr("Exchange in and out"))
        self._flip.clicked.connect(self._turn_round)
        done = QPushButton(tr("Done"))
        done.setProperty("primary", "true")
        done.clicked.connect(self.take)
        ask = QLabel(tr("What is it called?"))
        ask.setProperty("role", "title")
        ask.setBuddy(self._name)
        buttons = QHBoxLayout()
        buttons.addWidget(self._flip)
        buttons.addStretch(1)
        buttons.addWidget(done)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.setSpacing(8)
        for widget in (ask, self._name, self._says):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        self.setFixedWidth(310)
        self.setVisible(False)
        editor.places_changed.connect(self._places_changed)
        editor.mode_changed.connect(lambda _mode: self.setVisible(False))

    def ask(self, index: int, near: QPointF) -> None:
        """Ask for the name of a place; the card stands near a point of the picture."""
        place = self._editor.places[index]
        self._index = index
        is_line = place.kind == "line"
        self._flip.setVisible(is_line)
        self._says.setText(
            tr("It counts the heads that cross it; the arrow shows which way is in.")
            if is_line
            else tr("It counts the heads inside it, and how long they stay.")
        )
        self._name.setText(place.name)
        self._name.selectAll()
        self.adjustSize()
        room = self._picture.rect().adjusted(8, 8, -8, -8)
        left = min(max(round(near.x()) + 24, room.left()), max(room.left(), room.right() - self.width()))
        top = min(max(round(near.y()) + 24, room.top()), max(room.top(), room.bottom() - self.height()))
        self.move(left, top)
        self.setVisible(True)
        self.raise_()
        self._name.setFocus()

    def take(self) -> None:
        """Give the place the name that was entered."""
        name = self._name.text().strip()
        if name and 0 <= self._index < len(self._editor.places) and name != self._editor.places[self._index].name:
            try:
                self._editor.rename(self._index, name)
            except ValueError as error:
                self.refused.emit(tr("The name stays {old}: {reason}.", old=self._old_name(), reason=error))
        self.leave()

    def _old_name(self) -> str:
        return self._editor.places[self._index].name

    def leave(self) -> None:
        """Go away, with the keyboard back on the picture."""
        self._index = -1
        self.setVisible(False)
        self._picture.setFocus()

    def _turn_round(self) -> None:
        if 0 <= self._index < len(self._editor.places):
            self._editor.flip(self._index)
            self._name.setFocus()

    def _places_changed(self) -> None:
        if not 0 <= self._index < len(self._editor.places):
            self.setVisible(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.take()
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.leave()
                return True
        return super().eventFilter(watched, event)
