"""Looks for cameras every few seconds, away from the GUI thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from PySide6.QtCore import QThread, Signal

from desktop_app.ui.sources.source_choice import CameraChoice

_LOG = logging.getLogger(__name__)


class CameraWatcher(QThread):
    """Emits `found` with a list of `CameraChoice` at the first look and whenever the list changes.

    `list_cameras` returns (name, source text) pairs and may be slow.
    """

    found = Signal(object)

    def __init__(self, list_cameras: Callable[[], list[tuple[str, str]]], interval_s: float = 3.0) -> None:
        super().__init__()
        self.setObjectName("cameras")
        self._list_cameras = list_cameras
        self._interval_s = interval_s
        self._wake = threading.Event()
        self._stopping = False
        self._fresh = False

    def look_now(self) -> None:
        """Look again at once and tell, even where nothing changed."""
        self._fresh = True
        self._wake.set()

    def stop(self, seconds: float = 1.0) -> bool:
        """End the thread; return False where a driver holds it up for longer than `seconds`."""
        self._stopping = True
        self._wake.set()
        return self.wait(round(seconds * 1000))

    def run(self) -> None:
        last: list[CameraChoice] | None = None
        while not self._stopping:
            try:
                now = [CameraChoice(name, source) for name, source in self._list_cameras()]
            except OSError as error:
                _LOG.warning("cameras could not be listed: %s", error)
                now = []
            if now != last or self._fresh:
                self._fresh = False
                last = now
                self.found.emit(now)
            self._wake.wait(self._interval_s)
            self._wake.clear()
