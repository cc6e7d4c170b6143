"""Takes the pictures of the manual from the real window: python tools/screenshots.py docs/pictures

The demo clip is counted by the real network; each picture is taken at a moment of the clip, not of the clock, so that
it shows the same on every machine.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from desktop_app.app import make_application
from desktop_app.engine.state import EngineState
from desktop_app.settings import Settings
from desktop_app.ui.sessions.services import LazyServices
from desktop_app.ui.sessions.window_store import open_window_store
from desktop_app.ui.widgets.theme import ThemeManager
from desktop_app.ui.window.main_window import MainWindow

SIZE = (1280, 800)
PATIENCE_S = 240.0


def wait(until: Callable[[], bool], what: str) -> None:
    """Run the event loop until a condition holds. Raises SystemExit naming the condition if it never does."""
    end = time.monotonic() + PATIENCE_S
    while not until():
        if time.monotonic() > end:
            raise SystemExit(f"waited {PATIENCE_S:.0f} s in vain for {what}")
        QApplication.processEvents()
        time.sleep(0.005)


def settle(seconds: float = 0.6) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def save(widget: QWidget, folder: Path, name: str) -> None:
    settle()
    if not widget.grab().save(str(folder / f"{name}.png")):
        raise SystemExit(f"{name}.png could not be written")
    print(name, flush=True)


def save_dialog(open_dialog: Callable[[], object], folder: Path, name: str) -> None:
    """Open a modal dialog, take its picture, and close it."""

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, QDialog):
            save(dialog, folder, name)
            dialog.reject()

    QTimer.singleShot(900, look)
    open_dialog()


def clip_time(window: MainWindow) -> float:
    result = window.view.result
    return result.frame.time_s if result is not None else -1.0


def take(window: MainWindow, themes: ThemeManager, folder: Path) -> None:
    ready: list[bool] = []
    window.ready.connect(lambda: ready.append(True))
    window.resize(*SIZE)
    window.show()
    wait(lambda: bool(ready), "the charts")
    settle(2.0)
    save(window, folder, "welcome")
    window.sources.open_source("demo")
    wait(lambda: clip_time(window) >= 16.0, "16 s of the demo clip")
    window.actions_["pause"].trigger()
    wait(lambda: window.controller.state is EngineState.PAUSED, "the pause")
    save(window, folder, "counting")
    themes.choose("dark")
    save(window, folder, "counting-dark")
    themes.choose("light")
    window.show_settings()
    save(window, folder, "settings")
    window.parts.show_tab("count")
    save_dialog(window.help.show_shortcuts, folder, "shortcuts")
    window.actions_["pause"].trigger()
    wait(lambda: window.controller.state is EngineState.FINISHED, "the end of the demo clip")
    save(window, folder, "finished")
    window.parts.show_tab("results")
    settle(6.0)  # the report is drawn in the background
    save(window, folder, "results")
    take_recount(window, folder)
    take_sign(window, folder)
    window.parts.show_tab("count")
    window.sources.open_source("rtsp://camera.invalid/stream")
    wait(lambda: window.banner.kind == "error" and not window.banner.isHidden(), "the message about a dead stream")
    save(window, folder, "error")


def take_recount(window: MainWindow, folder: Path) -> None:
    """Show what counting the demo clip again would change."""
    window.parts.results.recount()
    commands = window.commands.recount
    wait(lambda: commands.dialog is not None and not commands.busy, "the question how to count again")
    dialog = commands.dialog
    assert dialog is not None
    settings = Settings()
    dialog.form.fill(replace(settings, count=replace(settings.count, decide_threshold=0.8, lost_s=2.0)))
    dialog.form.edited.emit()
    save(dialog, folder, "recount")
    dialog.reject()


def take_sign(window: MainWindow, folder: Path) -> None:
    window.commands.settings.make_sign()
    sign = window.commands.settings.sign
    assert sign is not None
    sign.by.setText("Town library")
    sign.contact.setText("desk@library.example")
    sign.purpose.setText("to plan opening hours")
    wait(lambda: not sign.busy, "the sign")
    save(sign, folder, "sign")
    sign.reject()


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    app = make_application(sys.argv[:1])
    settings = Settings()
    settings = replace(settings, ui=replace(settings.ui, theme="light"))
    themes = ThemeManager(app, "light")
    store, problem = open_window_store(print)  # in the folder of settings that tools/screenshots.sh made
    if problem:
        raise SystemExit(problem)
    window = MainWindow(LazyServices(), settings, themes, save=lambda _: None, store=store)
    window.confirm_close = lambda: True
    try:
        take(window, themes, folder)
    finally:
        window.close()


if __name__ == "__main__":
    main()
