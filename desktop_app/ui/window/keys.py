"""Who is meant by a key: the commands of the window, or what has the keyboard."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QPushButton, QToolButton, QWidget

_WITH_COMMANDS = (
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
)


def belongs_to_focus(event: QKeyEvent, focus: QWidget | None, *, shows_picture: bool) -> bool:
    """Whether a key is for what has the keyboard, although a command of the window has the same one.

    Keys that write something, alone or with Shift, are commands about the picture and the count on it: they hold where
    these are seen. On the other tabs the same letter means something else, as S does among the people of a kept count,
    and must not save a picture or count somebody in another count. Space pauses, but whoever has gone to a button with
    the Tab key presses the button with it.
    """
    if event.modifiers() & _WITH_COMMANDS:
        return False
    if event.key() == Qt.Key.Key_Space and isinstance(focus, QAbstractButton):
        return True
    return not shows_picture and event.text().isprintable() and bool(event.text())


def press_by_enter(event: QKeyEvent, focus: QWidget | None) -> bool:
    """Press the button that has the keyboard; return whether the key was meant for one.

    Qt presses a button by Space only, outside dialogs; people press Enter, too.
    """
    if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter) or not isinstance(focus, QPushButton | QToolButton):
        return False
    if not event.isAutoRepeat():
        focus.click()
    return True
