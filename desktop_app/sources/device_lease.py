"""Who uses which camera: a device is opened again only once this program has let go of it.

A camera belongs to one reader at a time. Closing a source returns at once, yet the driver frees the device a little
later, so whoever opens it next (Start after the preview, another resolution, Start after Stop) waits for that here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

RELEASE_LIMIT_S = 8.0
"""Longer than a healthy driver takes to free a camera, shorter than anybody waits for a window."""

_changed = threading.Condition()
_in_use: set[str] = set()


class DeviceLease:
    """The right to use one device of this computer. Thread-safe."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._held = False

    def acquire(self, given_up: Callable[[], bool], limit_s: float = RELEASE_LIMIT_S) -> bool:
        """Wait until nobody in this program uses the device; False after `limit_s` or once `given_up()` is true."""
        deadline = time.monotonic() + limit_s
        with _changed:
            while self._device in _in_use:
                left = deadline - time.monotonic()
                if left <= 0 or given_up():
                    return False
                _changed.wait(min(left, 0.1))
            _in_use.add(self._device)
            self._held = True
            return True

    def release(self) -> None:
        """Let the next one have the device. Idempotent."""
        with _changed:
            if self._held:
                self._held = False
                _in_use.discard(self._device)
                _changed.notify_all()
