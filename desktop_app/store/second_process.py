"""Keeps the counts of a second process while another one holds the store."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from desktop_app.domain.events import Entry
from desktop_app.store.spill import SpillFile

log = logging.getLogger(__name__)

_PAUSE_S = 0.25


class SecondProcessStore:
    """Writes entries into a file that whoever opens the store next takes in. `append` never waits for the disk.

    `on_problem` is called once with a plain sentence, on a thread of the store's, where the file cannot be written.
    """

    def __init__(self, folder: Path, on_problem: Callable[[str], None] | None = None) -> None:
        self._folder = folder
        self._on_problem = on_problem
        self._waiting: list[Entry] = []
        self._changed = threading.Condition()
        self._appended = self._written = 0
        self._closed = False
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="headcount-second-process", daemon=True)
        self._thread.start()

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries; they are in the file within a fraction of a second."""
        with self._changed:
            self._waiting += entries
            self._appended += len(entries)
            self._changed.notify_all()

    def flush(self, timeout_s: float = 1.0) -> bool:
        """Wait until all entries appended so far are in the file. Return False where they are not in time."""
        with self._changed:
            wanted = self._appended
            self._changed.wait_for(lambda: self._written >= wanted or self._failed, timeout_s)
            return self._written >= wanted

    def last_seq(self) -> int:
        """Return 0: the numbers of this process are those of its clock."""
        return 0

    def entries(self, session_id: str) -> Iterator[Entry]:
        """Return nothing: what is stored belongs to the other process."""
        return iter(())

    def close(self, timeout_s: float = 2.0) -> bool:
        """Write what waits; return whether all of it is in the file."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and not self._failed

    def _run(self) -> None:
        spill: SpillFile | None = None
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._waiting)
                if not self._closed:
                    self._changed.wait(_PAUSE_S)
                entries, self._waiting = self._waiting, []
                last = self._closed
            if entries and not self._failed:
                try:
                    spill = spill or SpillFile.create(self._folder)
                    spill.write(entries)
                    with self._changed:
                        self._written += len(entries)
                        self._changed.notify_all()
                except OSError as error:
                    with self._changed:
                        self._failed = True
                        self._changed.notify_all()
                    log.warning("the count of a second process cannot be kept: %s", error)
                    if self._on_problem is not None:
                        self._on_problem(f"This count cannot be kept: {error.strerror or error}. Its results go on.")
            if last:
                if spill is not None:
                    spill.let_go()
                return
