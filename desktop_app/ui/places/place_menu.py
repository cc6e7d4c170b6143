"""What can be changed about one line or zone, as a menu; used wherever a place is shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from desktop_app.ui.places.place_editor import PlaceEditor
from desktop_app.ui.widgets.texts import tr


def rename_place(parent: QWidget, editor: PlaceEditor, index: int) -> str:
    """Ask for another name of a place; return why it was refused as a sentence, "" if it was not."""
    old = editor.places[index].name
    name, accepted = QInputDialog.getText(parent, tr("Rename"), tr("Name of this line or zone:"), text=old)
    if accepted and name.strip() != old:
        try:
            editor.rename(index, name)
        except ValueError as error:
            return tr("The name stays {old}: {reason}.", old=old, reason=error)
    return ""


def place_menu(parent: QWidget, editor: PlaceEditor, index: int, refused: Callable[[str], object]) -> QMenu:
    """Return the menu of a place. `refused` is told in a sentence why a change could not be made."""
    place = editor.places[index]
    menu = QMenu(parent)

    def rename() -> None:
        if sentence := rename_place(parent, editor, index):
            refused(sentence)

    menu.addAction(tr("Rename…"), rename)
    if place.kind == "line":
        menu.addAction(tr("Exchange in and out"), partial(editor.flip, index))
    else:
        staff = menu.addAction(tr("Staff zone: do not count"))
        staff.setCheckable(True)
        staff.setChecked(place.kind == "staff")
        staff.toggled.connect(partial(editor.set_staff, index))
    menu.addSeparator()
    menu.addAction(tr("Delete"), partial(editor.remove, index))
    return menu
