"""Starts the window. The only module beside `ui/` that imports Qt."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal, qInstallMessageHandler
from PySide6.QtGui import QFileOpenEvent, QGuiApplication
from PySide6.QtWidgets import QApplication

from desktop_app import __version__
from desktop_app.errors import HeadcountError
from desktop_app.settings import data_dir, load_settings
from desktop_app.ui.widgets.theme import ThemeManager

if TYPE_CHECKING:
    from desktop_app.ui.sessions.crash_guard import CrashGuard
    from desktop_app.ui.window.main_window import MainWindow
    from desktop_app.ui.window.single_instance import InstanceServer

_LOG = logging.getLogger(__name__)

HANGING_SOURCE_S = 2.0
"""How long, in seconds, the program waits at its end for sources that do not stop at once."""


class _Relay(QObject):
    """Brings what other threads tell to the GUI thread: an uncaught exception, a problem of the store."""

    crashed = Signal(str, str)
    store_problem = Signal(str)


def _qt_message(kind: object, _context: object, text: str) -> None:
    # Qt's messages go into our log, not to a terminal that nobody reads.
    logging.getLogger("qt").log(logging.WARNING if "Critical" in str(kind) else logging.INFO, text)


class Application(QApplication):
    """Qt's application, which also tells which files are to be opened where the system says so with events.

    macOS does, for files that are opened from its file manager or dropped onto the icon; others give arguments.
    """

    files_asked = Signal(list)

    def __init__(self, argv: Sequence[str]) -> None:
        super().__init__(list(argv))
        self._files: list[str] = []

    def event(self, event: QEvent) -> bool:
        """Take a request to open a file; all else is Qt's. Several files come one by one, and are told of together."""
        if isinstance(event, QFileOpenEvent) and event.file():
            if not self._files:
                QTimer.singleShot(0, self._tell)
            self._files.append(event.file())
            return True
        return super().event(event)

    def _tell(self) -> None:
        files, self._files = self._files, []
        self.files_asked.emit(files)


def make_application(argv: Sequence[str]) -> QApplication:
    """Return the application object, the existing one if there is one."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = Application(argv)
    QCoreApplication.setApplicationName("Headcount")
    QCoreApplication.setApplicationVersion(__version__)
    QGuiApplication.setApplicationDisplayName("Headcount")
    QGuiApplication.setDesktopFileName("headcount")
    return app


def sources_of(arguments: Sequence[str]) -> list[str]:
    """Return the sources among the program's arguments; paths made absolute, since another program may open them."""
    sources = []
    for text in arguments:
        if text.startswith("-") or not text.strip():
            continue
        path = _existing(text)
        sources.append(text if path is None else str(path.absolute()))
    return sources


def _existing(text: str) -> Path | None:
    # As `opening.understand` has it, which is not imported for this: it would bring OpenCV before the window.
    try:
        path = Path(text).expanduser()
        return path if path.exists() else None
    except (OSError, ValueError, RuntimeError):
        return None


def main(argv: Sequence[str] | None = None) -> int:
    """Run the window until it is closed; return the exit code. `argv` are the arguments after the program's name."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    app = make_application([sys.argv[0], *arguments])
    from desktop_app.ui.window.first_instance import become_first
    from desktop_app.ui.window.single_instance import InstanceServer

    sources = sources_of(arguments)
    first = become_first(sources, data_dir())
    if first is None:
        return 0
    from desktop_app.ui.window.diagnostics import native_crashes, start_log

    start_log()
    native_crashes.start()
    qInstallMessageHandler(_qt_message)
    loaded = load_settings()
    themes = ThemeManager(app, loaded.settings.ui.theme)
    server = InstanceServer()
    relay = _Relay()
    try:
        from desktop_app.ui.sessions.services import LazyServices
        from desktop_app.ui.sessions.window_store import open_window_store
        from desktop_app.ui.window.main_window import MainWindow

        store, problem = open_window_store(relay.store_problem.emit)
        window = MainWindow(LazyServices(), loaded.settings, themes, store=store)
    except HeadcountError as error:
        return _cannot_start(error)
    guard = _protect(window, relay)
    hear_later_starts(server, window)
    if isinstance(app, Application):
        app.files_asked.connect(lambda files: come_forward(window, files))
    relay.store_problem.connect(window.sessions.problem)
    window.show()
    if loaded.notice:
        window.banner.show_message("warning", loaded.notice, waits=True)
    window.sessions.problem(problem)
    if sources:
        # After the window is on the screen, so that it appears at once however slow the source is.
        QTimer.singleShot(0, lambda: open_sources(window, sources))
    end_on_signals(app, window)
    code = app.exec()
    server.close()
    guard.remove()
    first.release()
    from desktop_app.sources.detached import wait_for_detached

    wait_for_detached(HANGING_SOURCE_S)
    if not window.clean_exit:
        # A thread is stuck in a driver and will not end. Everything is saved, so the process ends without it.
        logging.shutdown()
        os._exit(code)
    return code


def end_on_signals(app: QApplication, window: MainWindow) -> None:
    """Let Ctrl-C and a request to end close the window without asking; a second one ends the program.

    Whoever ends a program from a terminal does not look at its window for a question. The count is kept all the same.
    """
    asked: list[int] = []

    def end(number: int, _frame: object) -> None:
        if asked:
            app.exit(128 + number)
        asked.append(number)
        QTimer.singleShot(0, window.close_unasked)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
    # Python looks at signals only when it runs, and Qt's loop runs none of it while nothing happens.
    awake = QTimer(window)
    awake.timeout.connect(int)
    awake.start(250)


def hear_later_starts(server: InstanceServer, window: MainWindow) -> None:
    """Do what a later start asks for, until the window closes: a start just after that opens a window of its own."""
    server.asked.connect(lambda asked: come_forward(window, asked))
    window.closing.connect(server.close)


def come_forward(window: MainWindow, sources: Sequence[str]) -> None:
    """Bring the window to the front and open what a later start was asked to open."""
    if window.isMinimized():
        window.showNormal()
    window.show()
    window.raise_()
    window.activateWindow()
    open_sources(window, sources)


def open_sources(window: MainWindow, sources: Sequence[str]) -> None:
    """Open one source; several files go to the list of files to count, as when they are dropped onto the window."""
    files = [path for source in sources if (path := _existing(source)) is not None]
    if len(files) > 1:
        window.commands.batch.show(files)
    elif sources:
        window.sources.open_source(sources[0])


def _protect(window: MainWindow, relay: _Relay) -> CrashGuard:
    from desktop_app.ui.sessions.crash_guard import CrashGuard

    store = window.store
    relay.crashed.connect(window.help.show_crash)
    guard = CrashGuard(lambda: store is not None and store.flush(1.0), relay.crashed.emit)
    guard.install()
    return guard


def _cannot_start(error: HeadcountError) -> int:
    from PySide6.QtWidgets import QMessageBox

    _LOG.critical("the window cannot start: %s", error)
    QMessageBox.critical(None, "Headcount cannot start", f"{error.message}\n\n{error.remedy}")
    return error.exit_code
