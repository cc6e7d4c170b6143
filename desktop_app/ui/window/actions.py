"""Every command of the window in one table: its words, icon, shortcut and explanation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QToolButton, QWidget

from desktop_app.ui.widgets.icons import action_icon
from desktop_app.ui.widgets.theme import Theme


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `keys` are in Qt's portable notation, the first one is shown."""

    text: str
    tip: str
    icon: str = ""
    keys: tuple[str, ...] = ()
    checkable: bool = False


COMMANDS: dict[str, Command] = {
    "open_file": Command("Open &file…", "Count the people in a video or a picture", "film", ("Ctrl+O",)),
    "open_folder": Command("Open f&older of pictures…", "Count people in a folder of pictures", "folder", ("Ctrl+D",)),
    "open_url": Command("Open &address…", "Count from a network camera, a stream or a web page", "link", ("Ctrl+U",)),
    "open_demo": Command("Play the &demo clip", "See how it works with a short clip of ours", "demo", ("Ctrl+1",)),
    "refresh": Command("&Look for cameras again", "Look for cameras that were plugged in", "refresh", ("F5",)),
    "snapshot": Command("&Save a snapshot", "Save this picture with its boxes", "snapshot", ("S",)),
    "record": Command("&Record", "Record the picture with its boxes until pressed again", "record", ("R",), True),
    "open_saved": Command("Show saved &pictures and videos", "Open the folder of snapshots and recordings", "picture"),
    "settings": Command("Se&ttings…", "Choose how faces are found and people counted", "settings", ("Ctrl+,",)),
    "quit": Command("&Quit", "End the count and close the program", "", ("Ctrl+Q",)),
    "start": Command("&Start", "Begin to count from the chosen source", "play", ("Ctrl+Return",)),
    "pause": Command("&Pause", "Pause the picture and the count", "pause", ("Space",), True),
    "step": Command("&Next frame", "While paused, go on by one frame", "", (".",)),
    "loop": Command("Re&peat", "Start again at the end of a file, with a new count", "loop", ("L",), True),
    "stop": Command("St&op", "End this count; the totals stay", "stop", ("Ctrl+.",)),
    "reset": Command("&New count", "Count from zero; the count so far is kept and can be undone", "reset", ("Ctrl+R",)),
    "undo": Command("&Undo", "Take back what was done last", "undo", ("Ctrl+Z",)),
    "redo": Command("Re&do", "Do again what was taken back last", "redo", ("Ctrl+Shift+Z", "Ctrl+Y")),
    "began": Command("When the recording &began…", "Say when a video file begins, if its own clock is wrong"),
    "kept": Command("&Kept counts…", "Look at the counts that were made before", "totals", ("Ctrl+H",)),
    "copy_totals": Command("&Copy the totals", "Copy the totals as text", "", ("Ctrl+Shift+C",)),
    "add_line": Command("Draw a &line", "Count who crosses a line, in and out", "line", ("Ctrl+L",)),
    "add_zone": Command("Draw a &zone", "Count who is inside an area, and for how long", "zone", ("Ctrl+E",)),
    "models": Command(
        "&Models…", "Choose the gender and age model, read its card, add your own", "", ("Ctrl+Shift+M",)
    ),
    "compare": Command("Compare &two models…", "See two models side by side on the same people", "", ("Ctrl+T",)),
    "labels": Command("Show &boxes and labels", "Show the box and label of each person", "", ("B",), True),
    "places": Command("Show lines and &zones", "Show the lines and zones on the picture", "", ("Z",), True),
    "panel": Command("Show the &side panel", "Show the totals and charts beside the picture", "", ("F9",), True),
    "kiosk": Command("&Large totals", "Show only the totals, as large as the screen", "totals", ("F10",)),
    "full_screen": Command("&Full screen", "Use the whole screen", "fullscreen", ("F11",), True),
    "shortcuts": Command("&Keyboard shortcuts", "List every shortcut", "help", ("F1",)),
    "diagnostics": Command("Copy &diagnostics", "Copy what a helper needs to know; no picture and no address is in it"),
    "show_log": Command("Show the &log folder", "Open the folder with the program's log"),
    "first_start": Command("&Welcome page", "Show the page of the first start again"),
    "delete_data": Command("Delete all my data…", "Delete settings, logs and kept counts of this program", "trash"),
    "about": Command("&About Headcount", "Version, licences and thanks", "info"),
}

MENUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "&File",
        (
            "open_file",
            "open_folder",
            "open_url",
            "open_demo",
            "refresh",
            "-",
            "snapshot",
            "record",
            "open_saved",
            "-",
            "settings",
            "-",
            "quit",
        ),
    ),
    (
        "&Count",
        (
            "start",
            "pause",
            "step",
            "loop",
            "stop",
            "-",
            "reset",
            "undo",
            "redo",
            "began",
            "kept",
            "copy_totals",
            "-",
            "add_line",
            "add_zone",
            "-",
            "models",
            "compare",
        ),
    ),
    ("&View", ("labels", "places", "panel", "-", "kiosk", "full_screen")),
    (
        "&Help",
        ("shortcuts", "first_start", "-", "diagnostics", "show_log", "delete_data", "-", "about"),
    ),
)


class Actions:
    """The commands as `QAction`s of a window: `actions["start"].triggered.connect(...)`."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        self._actions: dict[str, QAction] = {}
        for key, command in COMMANDS.items():
            action = QAction(command.text, parent)
            action.setObjectName(key)
            action.setCheckable(command.checkable)
            action.setShortcuts([QKeySequence.fromString(k) for k in command.keys])
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            shown = shortcut_text(action)
            action.setToolTip(f"{command.tip} ({shown})" if shown else command.tip)
            action.setStatusTip(command.tip)
            parent.addAction(action)
            self._actions[key] = action
        self._actions["quit"].setMenuRole(QAction.MenuRole.QuitRole)
        self._actions["about"].setMenuRole(QAction.MenuRole.AboutRole)
        self._actions["settings"].setMenuRole(QAction.MenuRole.PreferencesRole)
        self.apply_theme(theme)

    def __getitem__(self, key: str) -> QAction:
        return self._actions[key]

    def items(self) -> list[tuple[str, QAction]]:
        return list(self._actions.items())

    def apply_theme(self, theme: Theme) -> None:
        for key, command in COMMANDS.items():
            if command.icon:
                self._actions[key].setIcon(action_icon(command.icon, theme))

    def button(self, key: str, text: bool = False) -> QToolButton:
        """Return a flat tool button for a command."""
        button = QToolButton()
        button.setDefaultAction(self._actions[key])
        button.setProperty("flat", "true")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(plain_text(self._actions[key]))
        if text:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        return button


def plain_text(action: QAction) -> str:
    """Return a command's words without the mark of its access key."""
    return action.text().replace("&", "").rstrip("…")


def shortcut_text(action: QAction) -> str:
    """Return the first shortcut as this platform writes it, "" for none."""
    return action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)


def connect_actions(actions: Actions, handlers: Mapping[str, Callable[..., object]]) -> None:
    """Have every command call its handler, those that can be checked with their new state.

    Raises KeyError for a command without a handler: it would be a menu entry that does nothing.
    """
    for key, action in actions.items():
        handler = handlers[key]
        if action.isCheckable():
            action.triggered.connect(handler)
        else:
            action.triggered.connect(_without_arguments(handler))


def _without_arguments(handler: Callable[..., object]) -> Callable[..., object]:
    def call(_checked: bool = False) -> None:
        handler()

    return call
