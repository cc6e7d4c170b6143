"""Stores in a folder of their own, with a temporary folder of their own for what cannot be written."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop_app.store import Store, writer
from desktop_app.store.files import StoreFiles

OpenStore = Callable[..., Store]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "counts"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder that the store uses."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture
def problems() -> list[str]:
    """What the stores of `open_store` told as problems, in order."""
    return []


@pytest.fixture
def open_store(
    folder: Path, temporary: Path, problems: list[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenStore]:
    """Opens a store that is closed after the test, and that tries again soon when the disk refuses."""
    monkeypatch.setattr(writer, "RETRY_S", 0.05)
    monkeypatch.setattr(writer, "SPILL_AFTER_S", 0.0)
    monkeypatch.setattr(writer, "TELL_LOCKED_AFTER_S", 0.0)
    opened: list[Store] = []

    def open_it(*, read_only: bool = False) -> Store:
        opened.append(Store.open(folder, problems.append, read_only=read_only))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close(10.0)


@pytest.fixture
def store(open_store: OpenStore) -> Store:
    return open_store()


@pytest.fixture
def sql(folder: Path) -> Callable[[str], list[tuple[object, ...]]]:
    """Runs one statement on the database from outside, as another program would."""

    def run(statement: str) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(folder / "counts.sqlite3", timeout=10)
        try:
            with connection:
                return connection.execute(statement).fetchall()
        finally:
            connection.close()

    return run


def copy_as_of(day: str, seq: int, files: StoreFiles) -> None:
    """Put the database aside as the program's copy of `day`, with entries up to `seq`."""
    files.copies.mkdir(exist_ok=True)
    shutil.copy(files.database, files.copies / f"counts-{day}-{seq:012d}.sqlite3")
