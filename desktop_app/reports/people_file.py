"""The people of a long count on the disk: sorted by when they were counted, and read as often as a table needs them."""

from __future__ import annotations

import pickle
import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import fields
from operator import attrgetter
from types import TracebackType
from typing import Self

import numpy as np

from desktop_app.domain.person_facts import PersonRecord

_BYTES_AT_ONCE = 1_000_000
_VALUES = attrgetter(*(field.name for field in fields(PersonRecord)))


class PeopleFile:
    """Records in a temporary file that nobody else can open and that is gone when it is closed.

    In memory are 24 bytes a person. Iterating gives them in the order in which they were counted.
    """

    def __init__(self, people: Iterable[PersonRecord]) -> None:
        """Write the records down. Raises OSError."""
        self._file = tempfile.TemporaryFile(prefix="headcount-", buffering=0)  # noqa: SIM115 - closed by `close`
        # Whoever shows a count holds on to its people as long as anything can be saved of it.
        weakref.finalize(self, self._file.close)
        counted, numbers, places = array("d"), array("q"), array("q", [0])
        waiting, written = bytearray(), 0
        try:
            for person in people:
                counted.append(person.counted_utc)
                numbers.append(person.number)
                waiting += pickle.dumps(_VALUES(person), protocol=5)
                places.append(written + len(waiting))
                if len(waiting) >= _BYTES_AT_ONCE:
                    written += self._write(waiting)
            self._write(waiting)
        except BaseException:
            self._file.close()
            raise
        self._places = places
        self._order = np.lexsort((np.array(numbers, np.int64), np.array(counted, np.float64)))

    def _write(self, waiting: bytearray) -> int:
        size = len(waiting)
        while waiting:
            del waiting[: self._file.write(waiting)]
        return size

    def __len__(self) -> int:
        return len(self._places) - 1

    def __iter__(self) -> Iterator[PersonRecord]:
        # Not mapped into memory: the pages of a long count would fill it. Unbuffered, because the order is another one.
        for index in self._order.tolist():
            start, end = self._places[index], self._places[index + 1]
            self._file.seek(start)
            yield PersonRecord(*pickle.loads(self._file.read(end - start)))

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
