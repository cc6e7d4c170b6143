"""A batch on a thread of its own, and how far it has come, to be asked for by the window."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from desktop_app.batch.batch import Batch, BatchFile, BatchObserver, BatchOptions, still_kept
from desktop_app.batch.job_table import JobTable, default_path
from desktop_app.batch.work import Progress
from desktop_app.errors import StoreError
from desktop_app.ui.sessions.kept_counts import CountStore
from desktop_app.ui.widgets.texts import tr

KEPT_WITHIN_S = 30.0
"""So long the last counts of a batch may take to reach the disk."""


@dataclass(frozen=True, slots=True)
class FileState:
    """How one file stands. `share` is how much of it is counted, 0 to 1, None while its length is unknown."""

    path: Path
    is_counting: bool = False
    share: float | None = 0.0
    people: int = 0
    file: BatchFile | None = None
    """Its result or error, None until it has one."""

    @property
    def part(self) -> float:
        """How much of the work on it is done, 0 to 1."""
        return 1.0 if self.file is not None else (self.share or 0.0) if self.is_counting else 0.0


class BatchWork(BatchObserver):
    """Counts files by `run`, on whichever thread calls it. `states` and `looking_at` may be read on any thread."""

    def __init__(self, paths: Sequence[Path], options: BatchOptions, store: CountStore | None) -> None:
        self._paths = list(paths)
        self._options = options
        self._store = store
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._states = {path: FileState(path) for path in paths}
        self.looking_at = ""
        """The name of the file that is being read to see whether it was counted before, "" for none."""
        self.began = time.monotonic()

    def run(self) -> list[BatchFile]:
        """Count every file. Raises HeadcountError where none can be counted."""
        store = self._store
        try:
            with JobTable(default_path()) as table:
                keep = None if store is None else store.append
                batch = Batch(table, self._options, keep, still_kept(store))
                files = batch.run(self._paths, self, self._stop.is_set)
                if store is not None and store.flush(KEPT_WITHIN_S):
                    table.mark_kept()
        except sqlite3.Error as error:
            raise StoreError(
                tr("The table of jobs cannot be written ({reason}).", reason=error), tr("Check the disk.")
            ) from error
        return files

    def stop(self) -> None:
        """End soon; what is done is kept, and the next time goes on from there."""
        self._stop.set()

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set()

    def states(self) -> list[FileState]:
        """Return how every file stands, in their order."""
        with self._lock:
            return list(self._states.values())

    def _change(self, path: Path, **values: Any) -> None:
        with self._lock:
            self._states[path] = replace(self._states[path], **values)

    # ---- as the batch tells

    def on_look(self, file: BatchFile) -> None:
        self.looking_at = file.path.name

    def on_start(self, file: BatchFile, worker: int) -> None:
        self.looking_at = ""
        self._change(file.path, is_counting=True, share=None)

    def on_progress(self, file: BatchFile, worker: int, progress: Progress) -> None:
        share = min(1.0, progress.seconds / progress.length_s) if progress.length_s else None
        self._change(file.path, share=share, people=progress.people)

    def on_done(self, file: BatchFile, worker: int) -> None:
        self.looking_at = ""
        people = file.result.people if file.result is not None else 0
        self._change(file.path, is_counting=False, people=people, file=file)


def seconds_left(states: Sequence[FileState], seconds: float) -> float | None:
    """Return how long the rest takes, if it goes on as in the `seconds` since the start; None while too little is done.

    What was known before took no time and says nothing about the rest.
    """
    new = [s for s in states if s.file is None or not s.file.was_known]
    done = sum(s.part for s in new)
    return None if done <= 0 or seconds < 3.0 else seconds / done * (len(new) - done)
