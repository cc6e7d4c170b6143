"""One slow piece of work on a thread of its own, with its result reported on the GUI thread."""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import QThread, Signal

from desktop_app.errors import HeadcountError

_LOG = logging.getLogger(__name__)

OUR_BUG = "The program made a mistake of its own."


class BackgroundTask(QThread):
    """Runs `work` once. Signals: `done(result)`, or `failed(HeadcountError)`; neither after `abandon`."""

    done = Signal(object)
    failed = Signal(object)

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName(name)
        self._work = work
        self.abandoned = False
        self.result: object = None
        self.error: HeadcountError | None = None

    def abandon(self) -> None:
        """Let the work end by itself and ignore its result."""
        self.abandoned = True

    def run(self) -> None:
        try:
            self.result = self._work()
        except HeadcountError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - a bug must end as a message, not as a silent thread
            _LOG.error("an unexpected exception in %s", self.objectName(), exc_info=error)
            self._fail(HeadcountError(OUR_BUG, "Help, Copy diagnostics copies what a helper needs to know."))
        else:
            if not self.abandoned:
                self.done.emit(self.result)

    def _fail(self, error: HeadcountError) -> None:
        self.error = error
        if not self.abandoned:
            self.failed.emit(error)
