"""Every sentence with which the store tells that something is wrong, each with its remedy."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from desktop_app.errors import StoreError
from desktop_app.store.database import error_code
from desktop_app.system.plain_text import printable

_WAITING = "Counting goes on, and what is counted waits until it can be written."
_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_READ_ONLY = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)
_READ_ONLY_ERRNO = (errno.EACCES, errno.EPERM, errno.EROFS)
_FULL_ERRNO = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)


def is_locked(error: BaseException) -> bool:
    """Whether another program holds the file, which most often lasts a moment only."""
    return error_code(error) in _LOCKED


def cannot_write(error: BaseException, folder: Path) -> str:
    """Return what keeps the counts from being written, with the remedy."""
    what, remedy = _what_and_remedy(error, folder)
    return f"{what} {_WAITING} {remedy}"


def reason(error: BaseException, folder: Path) -> str:
    """Return why a change could not be written, with the remedy."""
    return " ".join(_what_and_remedy(error, folder))


def _what_and_remedy(error: BaseException, folder: Path) -> tuple[str, str]:
    number = error.errno if isinstance(error, OSError) else None
    if is_locked(error):
        return f"Another program holds the file of counts in {folder}.", "Close the other program."
    if error_code(error) == sqlite3.SQLITE_FULL or number in _FULL_ERRNO:
        return f"The disk with the counts is full ({folder}).", "Free some space on it."
    if error_code(error) in _READ_ONLY or number in _READ_ONLY_ERRNO:
        return f"The counts cannot be written to {folder}.", "Allow writing to this folder."
    detail = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return f"The counts cannot be written to {folder} ({detail}).", "Check the disk and this folder."


def trouble(error: BaseException, folder: Path, *, is_held: bool) -> str:
    """Return the sentence for what keeps the writer from writing; `is_held` where another process has the store."""
    if is_held:
        return waits_for_the_other(folder)
    return str(error) if isinstance(error, StoreError) else cannot_write(error, folder)


def does_not_answer(folder: Path) -> str:
    """Return the sentence for a disk on which a call hangs."""
    return f"The disk with the counts does not answer ({folder}). {_WAITING} Check the disk or the network."


def held_by_another(folder: Path) -> tuple[str, str]:
    """Return sentence and remedy for a store that another process works with."""
    return (
        f"Another Headcount is already counting into {folder}.",
        "Use the one that is open, or close it first. Counts can be looked at meanwhile.",
    )


def waits_for_the_other(folder: Path) -> str:
    """Return the sentence for a store that another process took while we could not write."""
    return f"{' '.join(held_by_another(folder)[:1])} {_WAITING} Close the other one."


def set_aside(name: str, has_copy: bool) -> str:
    """Return the sentence for a damaged file that was given the name `name`."""
    remedy = (
        "Restore the newest copy to have the earlier counts back."
        if has_copy
        else "There is no copy of it yet; restore from the damaged file what can still be read."
    )
    return f"The file of counts was damaged. It was set aside as {name}, and counting goes on in a new one. {remedy}"


def not_kept(entries: int) -> str:
    """Return the sentence for entries that found no room anywhere."""
    return f"{entries} entries of the count could not be kept: neither the disk nor the temporary folder takes more."


def refused(entries: int) -> str:
    """Return the sentence for entries that no database can hold."""
    return f"{entries} entries of the count could not be stored. This is a fault of Headcount: please report it."


def unreadable(entries: int) -> str:
    """Return the sentence for stored entries that were passed over."""
    which = "1 stored entry" if entries == 1 else f"{entries} stored entries"
    return f"{which} could not be read and was left out. The counts may be too low; a copy can be restored."


def cannot_read(error: BaseException) -> tuple[str, str]:
    """Return sentence and remedy for a stored count that cannot be read."""
    return (
        f"The stored counts cannot be read ({error}).",
        "Start Headcount again: where the file is damaged it offers a copy. So does “headcount restore”.",
    )


def is_part_of(name: str) -> tuple[str, str]:
    """Return sentence and remedy for a count that is to be deleted and was joined to another one."""
    return (
        f"This count was joined to {f'“{printable(name)}”' if name else 'another one'}, which counts its people.",
        "Delete that one, or take back the joining first: open it under Results and undo.",
    )


def cannot_change(reason: str) -> tuple[str, str]:
    """Return sentence and remedy for a change, such as deleting, that could not be written."""
    return ("The stored counts could not be changed.", reason or "The disk did not answer in time: try again.")
