"""The newest people of the count by time and label, to put right with the keyboard. No pictures are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import Gender
from desktop_app.ui.picture.people import label_words
from desktop_app.ui.picture.transport import media_time
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme, text_px

GENDER_KEYS = {
    Qt.Key.Key_F: Gender.FEMALE,
    Qt.Key.Key_M: Gender.MALE,
    Qt.Key.Key_U: Gender.UNDECIDED,
}
_OWN_KEYS = (*GENDER_KEYS, Qt.Key.Key_Delete, Qt.Key.Key_S, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Menu)
_REF = Qt.ItemDataRole.UserRole


def _is_own(event: QKeyEvent) -> bool:
    plain = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
    return event.key() in _OWN_KEYS and event.modifiers() in plain


class _List(QTreeWidget):
    """Takes its own letters before they reach the window's shortcuts."""

    pressed_key = Signal(int)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_own(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_own(event):
            self.pressed_key.emit(event.key())
            event.accept()
            return
        super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(320, 118)


class RecentPeople(QFrame):
    """Signals: `gender_set(ref, Gender)`, `removed(ref)`, `staff_set(ref)` and `menu_asked(ref, global position)`."""

    gender_set = Signal(str, object)
    removed = Signal(str)
    staff_set = Signal(str)
    menu_asked = Signal(str, QPoint)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName(tr("Recent people"))
        self._shown: tuple[tuple[str, str, str, str], ...] = ()
        hint = QLabel(
            tr(
                "<b>Recent people.</b> Choose one: <b>F</b> appears female, <b>M</b> appears male, <b>U</b> undecided, "
                "<b>S</b> staff, <b>Del</b> not a person, <b>Enter</b> everything else."
            )
        )
        hint.setWordWrap(True)
        hint.setStyleSheet(f"font-size: {text_px(12)}px;")
        self.list = _List()
        self.list.setAccessibleName(tr("Recent people, the newest first"))
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setHeaderLabels([tr("Time"), tr("Label"), tr("Door")])
        self.list.setAllColumnsShowFocus(True)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        # The label is what is put right: a long name of a door is cut off before it.
        self._let_stretch(1)
        self.list.setColumnHidden(2, True)
        self.list.setHeaderHidden(True)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(lambda at: self._ask_menu(self.list.viewport().mapToGlobal(at)))
        self.list.itemDoubleClicked.connect(lambda _item: self._ask_menu())
        self.list.pressed_key.connect(self._key)
        self._nobody = QLabel(tr("Nobody has been counted yet."))
        self._nobody.setProperty("role", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 10, 8)
        layout.setSpacing(4)
        layout.addWidget(hint)
        layout.addWidget(self._nobody)
        layout.addWidget(self.list)
        self.list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_people((), by_clock=True)

    def show_people(
        self, people: Sequence[PersonRecord], *, by_clock: bool, doors: Mapping[str, str] | None = None
    ) -> None:
        """Show these people, the newest first; their times by the clock on the wall, or by that of the file.

        `doors` are the names of the doors by their ids, which are shown where there are several.
        """
        names = doors if doors is not None and len(doors) > 1 else {}
        rows = tuple((*_row(p, by_clock), names.get(p.door, "")) for p in people)
        self.list.setColumnHidden(2, not names)
        self._let_stretch(2 if names else 1)
        self._nobody.setVisible(not rows)
        self.list.setVisible(bool(rows))
        if rows == self._shown:
            return
        self._shown = rows
        chosen = self.chosen
        self.list.clear()
        for ref, time_text, words, door in rows:
            item = QTreeWidgetItem([time_text, words, door])
            item.setToolTip(2, door)
            item.setData(0, _REF, ref)
            self.list.addTopLevelItem(item)
            if ref == chosen:
                self.list.setCurrentItem(item)

    def _let_stretch(self, column: int) -> None:
        """Give a column the room that the others leave."""
        for other in (1, 2):
            mode = QHeaderView.ResizeMode.Stretch if other == column else QHeaderView.ResizeMode.ResizeToContents
            self.list.header().setSectionResizeMode(other, mode)

    @property
    def chosen(self) -> str:
        """The reference of the person that is chosen, "" for nobody."""
        item = self.list.currentItem()
        return str(item.data(0, _REF)) if item is not None else ""

    def start_correcting(self) -> None:
        """Put the keyboard on the newest person."""
        newest = self.list.topLevelItem(0)
        if self.list.currentItem() is None and newest is not None:
            self.list.setCurrentItem(newest)
        self.list.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _key(self, key: int) -> None:
        ref = self.chosen
        if not ref:
            return
        if key in GENDER_KEYS:
            self.gender_set.emit(ref, GENDER_KEYS[Qt.Key(key)])
        elif key == Qt.Key.Key_Delete:
            self.removed.emit(ref)
        elif key == Qt.Key.Key_S:
            self.staff_set.emit(ref)
        else:
            self._ask_menu()

    def _ask_menu(self, at: QPoint | None = None) -> None:
        item = self.list.currentItem()
        if item is not None:
            spot = self.list.visualItemRect(item).bottomLeft()
            self.menu_asked.emit(self.chosen, at or self.list.viewport().mapToGlobal(spot))

    def apply_theme(self, theme: Theme) -> None:
        """The style sheet draws it."""


def _row(person: PersonRecord, by_clock: bool) -> tuple[str, str, str]:
    """Return reference, time and label of one person."""
    if by_clock:
        moment = datetime.fromtimestamp(person.counted_utc).strftime("%H:%M:%S")
    else:
        moment = media_time(person.counted_s)
    return person.ref, moment, label_words(person)
