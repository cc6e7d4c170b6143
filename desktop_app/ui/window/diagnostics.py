"""The log, the diagnostics for whoever helps, and deleting all data of this program."""

from __future__ import annotations

import faulthandler
import importlib.metadata
import logging
import logging.handlers
import os
import platform
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication

from desktop_app import __version__
from desktop_app.settings import Settings, data_dir
from desktop_app.settings.own_data import delete_own_data
from desktop_app.store.files import default_folder
from desktop_app.store.spill import remove_waiting
from desktop_app.system.redaction import RedactingFilter

if TYPE_CHECKING:
    from desktop_app.ui.sessions.controller import Controller

_LOG = logging.getLogger(__name__)

LOG_NAME = "headcount.log"
NATIVE_CRASH_NAME = "native-crash.log"
PACKAGES = (
    "PySide6-Essentials",
    "pyqtgraph",
    "numpy",
    "opencv-python-headless",
    "ai-edge-litert",
    "cv2-enumerate-cameras",
    "reportlab",
    "python-bidi",
    "arabic-reshaper",
    "pypdfium2",
    "xlsxwriter",
    "segno",
    "icalendar",
    "fastapi",
    "uvicorn",
    "jinja2",
    "python-multipart",
    "prometheus-client",
    "yt-dlp",
    "yt-dlp-ejs",
    "keyring",
    "platformdirs",
    "tzlocal",
    "tqdm",
)
"""The distributions whose versions a helper may need to know; packaging/headcount.spec ships what names them."""


def log_dir() -> Path:
    """Return the folder of the log."""
    return data_dir() / "logs"


class _LogFile(logging.handlers.RotatingFileHandler):
    """Leaves out what a full or read-only disk does not take, where Python would print a page for every line."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def start_log() -> Path | None:
    """Write the program's log to a file that never grows beyond 4 MB in all; return it, None where it cannot be."""
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    try:
        log_dir().mkdir(parents=True, exist_ok=True)
        handler = _LogFile(log_dir() / LOG_NAME, maxBytes=1_000_000, backupCount=3, encoding="utf-8", delay=True)
    except OSError as error:
        root.warning("no log is written: %s", error)
        return None
    handler.addFilter(RedactingFilter())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(threadName)s %(name)s: %(message)s"))
    root.addHandler(handler)
    root.info("Headcount %s starts on %s", __version__, platform.platform())
    return log_dir() / LOG_NAME


class NativeCrashWatch:
    """Writes where every thread was if a native library ends the process, which Python code cannot report."""

    def __init__(self) -> None:
        self._file: TextIO | None = None

    def start(self) -> None:
        """Log what the previous start left, then watch this one."""
        path = log_dir() / NATIVE_CRASH_NAME
        try:
            left = path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            _LOG.warning("a crash in a native library would leave no trace: %s", error)
            return
        if left:
            _LOG.warning("a native library ended the program the last time: %s", _where(left))
        faulthandler.enable(self._file)

    def stop(self) -> None:
        if self._file is not None:
            faulthandler.disable()
            self._file.close()
            self._file = None


native_crashes = NativeCrashWatch()


def _where(dump: str, limit: int = 6) -> str:
    """Return the first line of a dump of all threads and the innermost calls of the thread that crashed."""
    lines = [line.strip() for line in dump.splitlines()]
    start = next((i for i, line in enumerate(lines) if line.startswith("Current thread")), len(lines))
    return " < ".join([lines[0], *lines[start + 1 : start + 1 + limit]])


def versions() -> list[tuple[str, str]]:
    """Return the names and versions of what the program runs on."""
    found = [("Headcount", __version__), ("Python", platform.python_version()), ("Qt", qVersion())]
    for package in PACKAGES:
        try:
            found.append((package, importlib.metadata.version(package)))
        except importlib.metadata.PackageNotFoundError:
            found.append((package, "not installed"))  # the extra `web` may be left out
    return found


def diagnostics_text(settings: Settings, controller: Controller | None = None) -> str:
    """Return what a helper needs: versions, system, settings, state, the last warnings; no source and no address."""
    lines = ["Headcount diagnostics", ""]
    lines += [f"{name}: {version}" for name, version in versions()]
    lines += [
        f"System: {platform.platform()}, {platform.machine()}, {os.cpu_count()} cores",
        f"Frozen: {'yes' if getattr(sys, 'frozen', False) else 'no'}",
        f"Qt platform: {QGuiApplication.platformName()}",
    ]
    for screen in QGuiApplication.screens():
        size = screen.size()
        lines.append(f"Screen: {size.width()}x{size.height()} at {screen.devicePixelRatio():g}")
    lines += [
        "",
        f"Detector: {settings.detector}",
        f"Count: {settings.count}",
        f"Lines and zones: {len(settings.places)}",
    ]
    if controller is not None:
        stats = controller.stats
        kind = controller.info.kind.value if controller.info else "none"
        lines += [
            "",
            f"State: {controller.state.value}",
            f"Source: {kind}",
            f"Frames: {stats.frames}, dropped {stats.dropped_frames}, {stats.processed_fps:.1f} a second",
        ]
        if controller.info:
            lines.append(f"Picture: {controller.info.width}x{controller.info.height}, {controller.info.fps:g} fps")
        if controller.error:
            lines.append(f"Problem: {type(controller.error).__name__}")
    lines += ["", "Last warnings:"]
    lines += list(_last_warnings()) or ["none"]
    return "\n".join(lines) + "\n"


def _last_warnings(limit: int = 25) -> Iterable[str]:
    try:
        text = (log_dir() / LOG_NAME).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    wanted = (" WARNING ", " ERROR ", " CRITICAL ")
    lines = [_without_addresses(line) for line in text.splitlines() if any(w in line for w in wanted)]
    return lines[-limit:]


def _without_addresses(line: str) -> str:
    """Return a line of the log with addresses and paths of the home folder taken out."""
    home = str(Path.home())
    words = ["<address>" if "://" in word else word for word in line.replace(home, "~").split(" ")]
    return " ".join(words)


def delete_all_data() -> list[Path]:
    """Delete settings, passwords, counts, logs and the user's own models; return what could not be deleted.

    Snapshots and recordings are the operator's own files and stay.
    """
    native_crashes.stop()
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, logging.handlers.RotatingFileHandler):
            handler.close()
            root.removeHandler(handler)
    # What the disk did not take waits in the temporary folder, and would be back at the next start.
    return [*remove_waiting(default_folder()), *delete_own_data()]
