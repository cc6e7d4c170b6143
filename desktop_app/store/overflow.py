"""What the database did not take and waits for it in the temporary folder: files found there, and one of our own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from desktop_app.domain.events import Entry
from desktop_app.store.spill import SpillFile

log = logging.getLogger(__name__)


class Overflow:
    """The waiting files of one store. Not thread-safe."""

    def __init__(self, store_folder: Path) -> None:
        self._folder = store_folder
        self._found: list[SpillFile] = []
        self._own: SpillFile | None = None

    @property
    def is_empty(self) -> bool:
        return self._own is None and not self._found

    def _files(self) -> tuple[SpillFile, ...]:
        return (*self._found, *((self._own,) if self._own is not None else ()))

    def look(self) -> None:
        """Take over what other processes have left in the folder."""
        self._found += SpillFile.find(self._folder)

    def last_seq(self) -> int:
        """Return the highest sequence number in what was found, 0 if there is none."""
        highest = 0
        for spill in self._found:
            try:
                highest = max(highest, spill.last_seq())
            except OSError as error:
                log.warning("%s cannot be read: %s", spill.path, error)
        return highest

    def put(self, entries: Sequence[Entry]) -> None:
        """Write entries into the file of our own. Raises OSError."""
        if self._own is None:
            self._own = SpillFile.create(self._folder)
        self._own.write(entries)

    def take_back(self, commit: Callable[[Sequence[Entry]], None]) -> Iterator[tuple[int, bool]]:
        """Have everything written by `commit`, file by file; raises what it raises, and that file stays.

        For each file that is done with, give how many entries were `put` into it, and whether all of it could be read.
        """
        for spill in self._files():
            is_whole = True
            try:
                for chunk in spill.chunks():
                    commit(chunk)
                spill.remove()
            except OSError as error:
                log.warning("%s cannot be read: %s", spill.path, error)
                spill.let_go()
                is_whole = False
            if spill is self._own:
                self._own = None
            else:
                self._found.remove(spill)
            yield spill.written, is_whole

    def let_go(self) -> None:
        """Leave all files for whoever opens the store next."""
        for spill in self._files():
            spill.let_go()
