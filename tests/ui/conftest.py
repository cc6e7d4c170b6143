"""The real window, with fakes behind it or with everything real."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from desktop_app.settings import Settings
from desktop_app.ui.widgets.theme import ThemeManager
from desktop_app.ui.window.main_window import MainWindow
from tests.patience import PATIENCE_MS
from tests.ui.fakes import FakeServices, FakeStore

WindowMaker = Callable[..., MainWindow]


@pytest.fixture(scope="session", autouse=True)
def nothing_stays_on_the_clipboard() -> Iterator[None]:
    """Without a screen, Qt lets go of its clipboard after Python has ended, and what Python put there crashes then."""
    yield
    if QGuiApplication.instance() is not None:
        QGuiApplication.clipboard().clear()


@pytest.fixture(autouse=True)
def garbage_is_collected_in_the_main_thread() -> Iterator[None]:
    """What another thread's collection finds of Qt is deleted as a "pending call" of the main thread. Where Python code
    runs within one while another one waits, the tracing of coverage on Python 3.11 never ends."""
    gc.disable()
    yield
    gc.collect(0)  # everything that the test made
    gc.enable()


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def saved() -> list[Settings]:
    return []


@pytest.fixture
def make_window(qtbot: QtBot, saved: list[Settings], store: FakeStore, tmp_path: Path) -> Iterator[WindowMaker]:
    """Return a maker of shown windows; every one is closed after the test and must leave nothing running.

    Closing does not ask, but where a test has it ask: `window.confirm_close = window.sessions.confirm_close`.
    """
    windows: list[MainWindow] = []

    def make(services: object, settings: Settings | None = None, store: object = store) -> MainWindow:
        settings = settings or Settings()
        settings = replace(settings, recording=replace(settings.recording, folder=str(tmp_path / "media")))
        from PySide6.QtWidgets import QApplication

        app = QApplication.instance()
        assert isinstance(app, QApplication)
        window = MainWindow(services, settings, ThemeManager(app, settings.ui.theme), saved.append, store)
        window.confirm_close = lambda: True
        windows.append(window)
        window.show()
        qtbot.waitExposed(window)
        qtbot.waitUntil(lambda: window.side.chart is not None, timeout=PATIENCE_MS)
        return window

    yield make
    for window in windows:
        window.confirm_close = lambda: True
        window.close()
        assert window.clean_exit, "a thread of the window would not end"
        window.deleteLater()


@pytest.fixture
def window(make_window: WindowMaker, services: FakeServices) -> MainWindow:
    return make_window(services)


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of a moving square: a film with nobody in it."""
    path = tmp_path_factory.mktemp("clip") / "tiny film ü.mp4"
    plain = path.with_name("tiny.mp4")
    writer = cv2.VideoWriter(str(plain), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (160, 120))
    for i in range(25):
        frame = np.full((120, 160, 3), 60, np.uint8)
        frame[40:80, 4 * i : 4 * i + 40] = (30, 180, 220)
        writer.write(frame)
    writer.release()
    plain.rename(path)
    return path
