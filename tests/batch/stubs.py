"""What stands in for counting a file in a child process; each is told by the file's name."""

from __future__ import annotations

import os
import signal
import time

from desktop_app.batch.work import FileCount, FileJob, Progress
from desktop_app.domain.events import Counted, Entry
from desktop_app.domain.types import Counts
from desktop_app.errors import SourceError
from desktop_app.system.child_worker import Tell


def count_file(tell: Tell, job: FileJob) -> FileCount:
    """Count a woman in every file but those whose names say otherwise."""
    name = job.name
    tell(Progress(0.5, 1.0, 0))
    if "crash" in name:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "hang" in name:
        time.sleep(60)
    if "bad" in name:
        raise SourceError("The file is no video.", "Convert it.")
    if "bug" in name:
        raise ZeroDivisionError
    omissions = ("Its end is missing.",) if "cut" in name else ()
    entry = Entry(f"e-{name}", f"s-{name}", "main", 1, 1000.0, Counted(1.0, f"{name}.1", 1, 0.5))
    return FileCount(f"s-{name}", Counts(female=1), 2.0, 50, omissions, (entry,))
