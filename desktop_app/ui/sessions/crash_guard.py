"""Turns an uncaught exception into a sentence and a report, and sees to it that the log is on the disk."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType

from desktop_app import __version__
from desktop_app.settings import data_dir, write_atomically
from desktop_app.ui.widgets.texts import tr

_LOG = logging.getLogger(__name__)

REPORT_NAME = "crash-report.txt"


def report_path() -> Path:
    return data_dir() / REPORT_NAME


class CrashGuard:
    """Takes uncaught exceptions of every thread.

    `keep()` has what was counted written to the disk and returns whether it is there. `tell(sentence, detail)` is
    called on the thread of the exception, once every few seconds at most.
    """

    def __init__(self, keep: Callable[[], bool], tell: Callable[[str, str], None]) -> None:
        self._keep = keep
        self._tell = tell
        self._last_told = -1e9
        self._old_hook = sys.excepthook
        self._old_thread_hook = threading.excepthook

    def install(self) -> None:
        sys.excepthook = self.caught
        threading.excepthook = lambda args: self.caught(args.exc_type, args.exc_value, args.exc_traceback)

    def remove(self) -> None:
        sys.excepthook = self._old_hook
        threading.excepthook = self._old_thread_hook

    def caught(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        """Take an uncaught exception."""
        if issubclass(kind, KeyboardInterrupt):
            self._old_hook(kind, error or kind(), trace)
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        _LOG.critical("uncaught exception\n%s", text)
        kept = self._keep()
        report = self._write_report(text)
        now = time.monotonic()
        if now - self._last_told < 5.0:
            return
        self._last_told = now
        kept_words = tr("The count so far is kept in the log.")
        words = kept_words if kept else tr("The count in the window goes on.")
        where = " " + tr("A report is in {path}.", path=report) if report else ""
        help_words = tr("Help, Copy diagnostics, helps us find it.")
        self._tell(tr("The program made a mistake of its own."), f"{words}{where} {help_words}")

    def _write_report(self, text: str) -> Path | None:
        lines = [
            "Headcount met an error it did not expect. This is what it knows; there is no picture and no name in it.",
            "",
            f"Time: {datetime.now().isoformat(timespec='seconds')}",
            f"Version: {__version__}",
            f"System: {sys.platform}",
            "",
            text,
        ]
        try:
            write_atomically(report_path(), "\n".join(lines).encode(), make_folder=True)
        except OSError as error:
            _LOG.warning("the crash report could not be written: %s", error)
            return None
        return report_path()
