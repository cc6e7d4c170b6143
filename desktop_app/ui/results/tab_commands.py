"""The menu "More" of the tab of results, and its shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QWidget

from desktop_app.ui.results.changes import Changes
from desktop_app.ui.results.comparing import Comparing
from desktop_app.ui.results.count_side import CountSide
from desktop_app.ui.results.hand_on import HandOn
from desktop_app.ui.widgets.texts import tr

Call = Callable[[], object]


def fill_more(
    menu: QMenu, changes: Changes, hand_on: HandOn, comparing: Comparing, recount: Call, check: Call
) -> dict[str, QAction]:
    """Add every command to the menu, in groups; return the actions by key."""
    groups: tuple[dict[str, tuple[str, Call]], ...] = (
        {
            "name": (tr("Name, place and note…"), changes.rename),
            "agenda": (tr("Agenda…"), changes.agenda),
        },
        {
            "join": (tr("Join with another count…"), changes.join),
            "compare": (tr("Compare with another count…"), comparing.choose),
            "recount": (tr("Count again with other settings…"), recount),
            "check": (tr("Check by eye…"), check),
        },
        {
            "receipt": (tr("Save PDF with privacy receipt"), hand_on.save_with_receipt),
            "save_as": (tr("Save PDF elsewhere…"), hand_on.save_elsewhere),
        },
        {"delete": (tr("Delete this count\tDel"), changes.delete)},
    )
    actions = {}
    for number, group in enumerate(groups):
        if number:
            menu.addSeparator()
        for key, (words, call) in group.items():
            actions[key] = menu.addAction(words, call)
    return actions


def add_shortcuts(tab: QWidget, changes: Changes, hand_on: HandOn, side: CountSide) -> None:
    """Let keys do what is done most, while the tab is shown: also from the name of the occasion above it."""
    calls: dict[str, Call] = {
        "Ctrl+S": hand_on.save_pdf,
        "Ctrl+P": hand_on.print_report,
        "F2": changes.rename,
        "Ctrl+F": partial(side.search.setFocus, Qt.FocusReason.ShortcutFocusReason),
    }
    for keys, call in calls.items():
        shortcut = QShortcut(QKeySequence(keys), tab)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.activated.connect(call)
    # Elsewhere on the tab the key means a person, or a letter of the search.
    delete = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), side.list)
    delete.setContext(Qt.ShortcutContext.WidgetShortcut)
    delete.setAutoRepeat(False)  # a key that is held must not delete one count after the other
    delete.activated.connect(changes.delete)
