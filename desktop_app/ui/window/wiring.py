"""Connects commands and signals to the methods they call: every connection of the window in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from desktop_app.ui.sources.source_bar import DEMO

if TYPE_CHECKING:
    from desktop_app.ui.window.main_window import MainWindow


def wire(window: MainWindow) -> None:
    """Connect commands and signals of a window whose parts are all there."""
    w = window
    handlers: dict[str, Callable[..., object]] = {
        "open_file": w.sources.open_file,
        "open_folder": w.sources.open_folder,
        "open_url": w.sources.open_url,
        "open_demo": lambda: w.sources.open_source(DEMO),
        "refresh": w.watcher.look_now,
        "snapshot": w.saver.snapshot,
        "record": w.record,
        "open_saved": w.saver.open_folder,
        "settings": w.show_settings,
        "quit": w.close,
        "start": w.sources.start,
        "pause": w.count.pause,
        "step": w.controller.step,
        "stop": w.controller.stop,
        "reset": w.count.reset,
        "undo": w.count.undo,
        "copy_totals": w.count.copy_totals,
        "add_line": lambda: w.place_commands.draw("line"),
        "add_zone": lambda: w.place_commands.draw("zone"),
        "loop": w.count.loop,
        "models": w.models.choose,
        "compare": w.models.compare,
        "labels": w.show_labels,
        "places": w.place_commands.show_places,
        "panel": w.side_scroll.setVisible,
        "kiosk": w.toggle_kiosk,
        "full_screen": w.full_screen,
        "shortcuts": w.help.show_shortcuts,
        "diagnostics": w.help.copy_diagnostics,
        "show_log": w.help.show_log,
        "first_start": lambda: w.show_start_page(True),
        "delete_data": w.help.delete_data,
        "about": w.help.show_about,
    }
    for key, action in w.actions_.items():
        handler = handlers[key]
        if action.isCheckable():
            action.triggered.connect(handler)
        else:
            action.triggered.connect(lambda _checked=False, call=handler: call())
    w.bar.source_chosen.connect(w.sources.open_source)
    w.bar.camera_mode_chosen.connect(w.sources.camera_mode)
    w.start_page.chosen.connect(w.sources.open_source)
    w.transport.seek_requested.connect(w.sources.seek)
    w.transport.speed_chosen.connect(w.sources.speed)
    w.transport.loop_chosen.connect(w.sources.loop)
    if (application := QApplication.instance()) is not None:
        application.installEventFilter(w)
    w.view.full_screen_requested.connect(w.actions_["full_screen"].trigger)
    w.view.person_clicked.connect(w.place_commands.person_menu)
    w.view.editor.places_changed.connect(w.place_commands.places_changed)
    w.view.editor.mode_changed.connect(w.place_commands.drawing)
    w.side.places.problem.connect(lambda text: w.banner.show_message("warning", text, seconds=6))
    w.saver.told.connect(w.tell)
    w.saver.repaired.connect(
        lambda text: w.banner.show_message("info", text, "", (("Show", w.saver.open_folder),), 10.0, waits=True)
    )
    w.saver.recording_changed.connect(w.recording_changed)
    w.controller.state_changed.connect(lambda state, _message: w.show_state(state))
    w.controller.failed.connect(w.models.count_failed)
    w.controller.opened.connect(lambda _info: w.sources.opened())
    w.watcher.found.connect(w.sources.cameras_found)
    w.controller.places_wait.connect(w.place_commands.places_wait)
    w.themes.changed.connect(w.apply_theme)
