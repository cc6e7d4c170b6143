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


MOST_DOOR_KEYS = 9
"""Alt+1 to Alt+9 show a door's picture; Ctrl+1 to Ctrl+3 are the tabs."""

COMMANDS: dict[str, Command] = {
    "open_file": Command("Open &file…", "Count the people in a video or a picture", "film", ("Ctrl+O",)),
    "open_folder": Command("Open f&older of pictures…", "Count people in a folder of pictures", "folder", ("Ctrl+D",)),
    "open_url": Command("Open &address…", "Count from a network camera, a stream or a web page", "link", ("Ctrl+U",)),
    "open_demo": Command(
        "Play the &demo clip", "See how it works with a short clip of ours", "demo", ("Ctrl+Shift+D",)
    ),
    "add_door": Command("Add another d&oor…", "Count at a further door in the same count", "add", ("Ctrl+Shift+O",)),
    "batch": Command("Count &many files…", "Count every video in a folder, several at a time", "films", ("Ctrl+B",)),
    "refresh": Command("&Look for cameras again", "Look for cameras that were plugged in", "refresh", ("F5",)),
    "snapshot": Command("&Save a snapshot", "Save this picture with its boxes", "snapshot", ("S",)),
    "record": Command("&Record", "Record the picture with its boxes until pressed again", "record", ("R",), True),
    "open_saved": Command("Show saved &pictures and videos", "Open the folder of snapshots and recordings", "picture"),
    "settings": Command("Se&ttings", "Choose how faces are found and people counted", "settings", ("Ctrl+,",)),
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
    "kept": Command("&Kept counts", "Look at the counts that were made before", "totals", ("Ctrl+H",)),
    "check": Command(
        "C&heck by eye…", "Look at some people yourself, and see how sure this count is", "search", ("Ctrl+K",)
    ),
    "copy_totals": Command("&Copy the totals", "Copy the totals as text", "", ("Ctrl+Shift+C",)),
    "missed": Command("&Missed one (+1)", "Count somebody who was missed", "add", ("+", "Ctrl++")),
    "missed_female": Command("Missed one who appears &female", "Count one who appears female", "", ("Shift+F",)),
    "missed_male": Command("Missed one who appears m&ale", "Count one who appears male", "", ("Shift+M",)),
    "missed_note": Command("Missed one, with a &note…", "Say what is known of them", "", ("Shift+N",)),
    "wrong": Command("&Wrong label", "Put a recent person right with the keyboard", "rename", ("W",)),
    "recent": Command("&Recent people", "List the last 20 people, to put them right", "people", ("Ctrl+J",), True),
    "technical": Command("Mo&re", "Show speed, delay, detector and model", "info", ("Ctrl+M",), True),
    "add_line": Command("Draw a &line", "Count who crosses a line, in and out", "line", ("Ctrl+L",)),
    "add_zone": Command("Draw a &zone", "Count who is inside an area, and for how long", "zone", ("Ctrl+E",)),
    "models": Command(
        "&Models…", "Choose the gender and age model, read its card, add your own", "", ("Ctrl+Shift+M",)
    ),
    "compare": Command("Compare &two models…", "See two models side by side on the same people", "", ("Ctrl+T",)),
    "show_count": Command("&Count", "Count the people who pass, and see how many there are", "people", ("Ctrl+1",)),
    "show_results": Command("&Results", "See, correct and hand on the counts that are kept", "totals", ("Ctrl+2",)),
    "show_setup": Command("Set &up", "Choose what is counted and how", "settings", ("Ctrl+3",)),
    "labels": Command("Show &boxes and labels", "Show the box and label of each person", "", ("B",), True),
    "smallest_face": Command(
        "Show the &smallest face counted",
        "Draw a frame as large as the smallest face that is counted into the corner of the picture",
        "",
        (),
        True,
    ),
    "next_door": Command("Next &door", "Show the picture of the next door; all of them go on counting", "", ("D",)),
    **{
        f"door_{n}": Command(
            f"Door {n}", "Show the picture of this door; all of them go on counting", "", (f"Alt+{n}",)
        )
        for n in range(1, MOST_DOOR_KEYS + 1)
    },
    "places": Command("Show lines and &zones", "Show the lines and zones on the picture", "", ("Z",), True),
    "panel": Command("Show the &side panel", "Show the totals and charts beside the picture", "", ("F9",), True),
    "kiosk": Command("&Large totals", "Show only the totals, as large as the screen", "totals", ("F10",)),
    "phones": Command(
        "Show on &phones…", "Let phones in the same network watch the totals as they change", "phone", ("Ctrl+Shift+P",)
    ),
    "full_screen": Command("&Full screen", "Use the whole screen", "fullscreen", ("F11",), True),
    "sign": Command("Make a &door sign…", "Say at the door that people are counted, by whom, and whom to ask", "sign"),
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
            "add_door",
            "batch",
            "refresh",
            "-",
            "snapshot",
            "record",
            "open_saved",
            "sign",
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
            "check",
            "copy_totals",
            "-",
            "missed",
            "missed_female",
            "missed_male",
            "missed_note",
            "wrong",
            "-",
            "add_line",
            "add_zone",
            "-",
            "models",
            "compare",
        ),
    ),
    (
        "&View",
        (
            "show_count",
            "show_results",
            "show_setup",
            "-",
            "next_door",
            "labels",
            "places",
            "smallest_face",
            "panel",
            "-",
            "kiosk",
            "phones",
            "full_screen",
        ),
    ),
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

    def button(self, key: str, text: bool = False, flat: bool = True) -> QToolButton:
        """Return a tool button for a command, with its words beside the icon or without."""
        button = QToolButton()
        button.setDefaultAction(self._actions[key])
        button.setProperty("flat", "true" if flat else "false")
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
