"""Qt's Python classes, made before a second thread asks for one.

PySide6 (6.11) makes a class the first time it is asked for, and two threads asking at once can end the process:
importing pyqtgraph in a thread, which asks for every class there is, while the window painted, did so in one start of
twelve on a busy machine. Making them all beforehand in the GUI thread, a few at a time, keeps that import off the GUI
thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import ModuleType

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QObject, QTimer

_MODULES: tuple[ModuleType, ...] = (QtCore, QtGui, QtWidgets)
_SLICE_S = 0.004
"""Longest time in seconds that the GUI thread spends on it at once: well below one frame of the display."""


class QtClasses(QObject):
    """Makes every class of the Qt modules in use, a few milliseconds at a time, then calls `then` once."""

    def __init__(self, then: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._then = then
        self._names: Iterator[tuple[ModuleType, str]] = ((m, name) for m in _MODULES for name in dir(m))
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._make_some)

    def start(self) -> None:
        self._timer.start(0)

    def stop(self) -> None:
        """Leave the rest; `then` is not called any more."""
        self._timer.stop()

    def _make_some(self) -> None:
        until = time.perf_counter() + _SLICE_S
        for module, name in self._names:
            getattr(module, name)
            if time.perf_counter() > until:
                return
        self._timer.stop()
        self._then()
