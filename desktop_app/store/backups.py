"""A copy of the database a day, of which the last seven are kept.

The name of a copy says its day and the sequence number that it reaches. Copies are put in order by that number: a clock
that was set wrong for an hour must not make us delete the good ones.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from desktop_app.store.database import DamagedFileError, find_damage, reading
from desktop_app.store.files import StoreFiles, create_private, make_private_folder, remove_database
from desktop_app.store.rows import last_seq

log = logging.getLogger(__name__)

KEPT = 7
SPARE_BYTES = 200_000_000
"""How much of the disk a copy leaves free: the count needs it more."""
_NAME = re.compile(r"counts-(\d{4}-\d{2}-\d{2})-(\d{12,})\.sqlite3")


@dataclass(frozen=True, slots=True)
class StoreCopy:
    """A file from which counts can be brought back.

    `made_utc` is in seconds since 1970. `is_damaged_original` tells a damaged file that was set aside, of which only a
    part may be readable, from a copy that was checked when it was made.
    """

    path: Path
    made_utc: float
    size_bytes: int
    last_seq: int = 0
    is_damaged_original: bool = False


def list_copies(files: StoreFiles) -> list[StoreCopy]:
    """Return the daily copies, the one with the newest entries first."""
    found = []
    try:
        for path in files.copies.iterdir():
            if match := _NAME.fullmatch(path.name):
                info = path.stat()
                found.append(StoreCopy(path, info.st_mtime, info.st_size, int(match[2])))
    except OSError as error:
        log.debug("the copies of the counts cannot be listed: %s", error)
    return sorted(found, key=lambda copy: (copy.last_seq, copy.path.name), reverse=True)


def list_damaged(files: StoreFiles) -> list[StoreCopy]:
    """Return the damaged files that were set aside, newest first."""
    found = []
    for path in files.damaged():
        try:
            info = path.stat()
        except OSError:
            continue
        found.append(StoreCopy(path, info.st_mtime, info.st_size, is_damaged_original=True))
    return found


def write_copy(connection: sqlite3.Connection, path: Path) -> None:
    """Write what the connection sees to a new private file and flush it to the disk. Raises sqlite3.Error or OSError.

    Reads in one transaction, during which others can go on writing.
    """
    create_private(path)
    connection.execute("VACUUM INTO ?", (str(path),))
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def make_if_due(
    files: StoreFiles, connection: sqlite3.Connection, today: date, should_stop: Callable[[], bool] = lambda: False
) -> StoreCopy | None:
    """Make today's copy if there is none and something was written since the last; remove those beyond the last seven.

    A disk that the copy would nearly fill gets none. `connection` reads the database. Returns the copy made. Raises
    sqlite3.Error, OSError or DamagedFileError, and then leaves the earlier copies as they were.
    """
    copies = list_copies(files)
    reaches = last_seq(connection)
    if not reaches or (copies and (copies[0].last_seq == reaches or f"-{today}-" in copies[0].path.name)):
        return None
    needed = files.database.stat().st_size + SPARE_BYTES
    if shutil.disk_usage(files.folder).free < needed:
        log.warning("no copy of the counts is made: the disk has less than %d MB free", needed // 1_000_000)
        return None
    make_private_folder(files.copies)
    path = files.copies / f"counts-{today}-{reaches:012d}.sqlite3"
    unfinished = path.with_suffix(".unfinished")
    remove_database(unfinished)
    try:
        write_copy(connection, unfinished)
        with reading(unfinished, unchanging=True) as copy:
            damage = find_damage(copy, should_stop)
        if damage is None:
            return None
        if damage:
            raise DamagedFileError(damage)
        unfinished.replace(path)
    finally:
        remove_database(unfinished)
    for old in list_copies(files)[KEPT:]:
        remove_database(old.path)
    info = path.stat()
    return StoreCopy(path, info.st_mtime, info.st_size, reaches)


def remove_all(files: StoreFiles) -> None:
    """Remove every copy, also a half-made one, and every damaged file that was set aside. Raises OSError."""
    for copy in (*list_copies(files), *list_damaged(files)):
        remove_database(copy.path)
    remove_unfinished(files)


def remove_unfinished(files: StoreFiles) -> None:
    """Remove what a crash left of a copy that was being made: nobody would ever read or remove it. Raises OSError.

    The lock of the store is held.
    """
    for path in (*files.copies.glob("*.unfinished*"), *files.folder.glob(f"{files.rescued.name}*")):
        path.unlink(missing_ok=True)
