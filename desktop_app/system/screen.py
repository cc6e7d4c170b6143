"""Whether there is a screen to open a window on. Imports no Qt, which ends the process where there is none."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from pathlib import Path


def missing_screen(source: str = "SOURCE") -> str:
    """Return in a sentence why no window can be opened, with the remedy; "" where one can be, or nobody can tell.

    `source` is what the remedy tells to count instead.
    """
    platform = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if not sys.platform.startswith("linux") or platform not in ("", "xcb", "wayland"):
        return ""
    remedy = f"Start Headcount from a desktop session. To count without a window: headcount count {source}"
    display, wayland = os.environ.get("DISPLAY", ""), os.environ.get("WAYLAND_DISPLAY", "")
    if not display and not wayland:
        return f"There is no display here, so the window cannot open. {remedy}"
    if (display and _x_answers(display)) or (wayland and _wayland_answers(wayland)):
        return ""
    return f"The display {display or wayland} does not answer, so the window cannot open. {remedy}"


def _x_answers(display: str) -> bool:
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # Qt says itself that its library is missing
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = (ctypes.c_char_p, ctypes.c_void_p)
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = (ctypes.c_void_p,)
    connection = xcb.xcb_connect(os.fsencode(display), None)
    failed = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return not failed


def _wayland_answers(name: str) -> bool:
    path = Path(os.environ.get("XDG_RUNTIME_DIR", "/")) / name
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(2.0)
        try:
            wire.connect(str(path))
        except OSError:
            return False
    return True
